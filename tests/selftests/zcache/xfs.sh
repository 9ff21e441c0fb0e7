#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What is tested on ext4 holds on xfs, which has large folios in the page cache and
# other ways to exchange what files hold.

. "$(dirname "$0")/common.sh"

# on_xfs PROGRAM: what it says is for people. That nothing is wrong means nothing where
# nothing is kept.
on_xfs() {
	puts=$(get cleancache/puts)
	gets=$(get cleancache/succ_gets)
	ZCACHE_FS=xfs "$here/$1" > "$said" 2>&1
	status=$?
	sed 's/^/# /' "$said"
	puts=$(($(get cleancache/puts) - puts))
	gets=$(($(get cleancache/succ_gets) - gets))
	say "$puts puts, $gets gets"
	[ $status = 0 ] && at_least $puts 1
}

set -- overwrite truncate dio_window dio dio_fails fsx partial_uptodate inode_reuse get_modes xfs_blocks
begin $#
grep -q '	xfs$' /proc/filesystems || skip_all 'no xfs in this kernel'
command -v mkfs.xfs > /dev/null || skip_all 'no mkfs.xfs'
said=$(mktemp)
at_end "rm $said"
for program; do
	check "$program" on_xfs "$program"
done
finish
