#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Whoever drops the page cache means the entries as well: what is read next
# comes from the disk. Files are open or not, in memory in part or not at all.

. "$(dirname "$0")/common.sh"

pages=$(scaled 256 128)
kinds='text half same zero'

make_files() {
	id=1000
	for kind in $kinds; do
		tool fill "$scratch_mount/$kind" "$pages" $id $kind || return
		id=$((id + 10000))
	done
}

check_files() {
	id=1000
	for kind in $kinds; do
		tool check "$scratch_mount/$kind" "$pages" $id $kind || return
		id=$((id + 10000))
	done
}

# shellcheck disable=SC2046 # words on purpose
evict_files() { tool evict $(for kind in $kinds; do echo "$scratch_mount/$kind"; done); }

make_entries() {
	check_files && evict_files && at_least "$(entries)" $((4 * pages))
}

no_entries() { equal "$(entries)" 0; }

drop() { sync; echo "$1" > /proc/sys/vm/drop_caches; }

# All of the files, but for what their holes and inodes take or spare.
reads_the_disk() {
	before=$(sectors_read "$ZCACHE_SCRATCH_A")
	gets=$(get cleancache/succ_gets)
	check_files || return
	after=$(sectors_read "$ZCACHE_SCRATCH_A")
	at_least $((after - before)) $((4 * pages * 8)) &&
		equal "$(get cleancache/succ_gets)" "$gets"
}

# None of the files, that is; a block of inodes may have gone.
reads_no_disk() {
	before=$(sectors_read "$ZCACHE_SCRATCH_A")
	check_files || return
	at_most $(($(sectors_read "$ZCACHE_SCRATCH_A") - before)) 16
}

try() {
	check "$2: there are entries" make_entries
	drop "$1"
	check "$2: and then none" no_entries
	check "$2: the disk is read" reads_the_disk
}

# What has no page frame has nothing that a shrinker could want. It is asked for
# one of sixteen each time, so for none of the last few.
frames_are_shrunk() {
	for i in $(seq 100); do
		drop 2
		[ "$(get zcache/eph_pageframes)" -gt 16 ] || return 0
	done
	say "$(get zcache/eph_pageframes) page frames after $i rounds"
	return 1
}

begin 12
scratch_fs
set_percent 50
make_files
check 'what is evicted' make_entries
check 'is read without the disk' reads_no_disk
try 1 'page cache'
try 3 'all caches'

# Half of a file in memory, the file open: its inode cannot go.
exec 9< "$scratch_mount/text"
evict_files
dd if="$scratch_mount/text" of=/dev/null bs=4096 count=$((pages / 2)) 2> /dev/null
drop 1
check 'files that are open: no entry' no_entries
exec 9<&-

check 'shrinkers: there are entries' make_entries
shrunk=$(get zcache/shrunk_pageframes)
check 'shrinkers: page frames go' frames_are_shrunk
check 'shrinkers: and are counted' at_least "$(get zcache/shrunk_pageframes)" $((shrunk + 1))
finish
