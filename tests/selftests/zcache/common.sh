# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the shell tests share. Sourced; the test then calls
#
#   begin N			with the number of its results
#   ok NAME / not_ok NAME	or: result CONDITION-STATUS NAME
#   finish
#
# and gets two more results at the end: the page frames are accounted for, and
# the kernel has not complained. The environment is that of zc.h, and
#   ZCACHE_SQUASHFS ZCACHE_EROFS	disks with files listed in MANIFEST

here=$(cd "$(dirname "$0")" && pwd)
debugfs=/sys/kernel/debug
parameters=/sys/module/zcache/parameters
planned=0
number=0
failed=0
marker="zcache test $$ begins"
scratch_mount=
undo=

say() { echo "# $*"; }

get() { cat "$debugfs/$1"; }

entries() { echo $(($(get zcache/eph_zpages) + $(get zcache/eph_filled))); }

scaled() {
	if [ "$ZCACHE_TEST_SCALE" = small ]; then
		echo "$2"
	else
		echo "$1"
	fi
}

tool() { "$here/zctool" "$@"; }

# Results

plan_once() {
	[ "$planned" = 0 ] || echo "1..$planned"
	planned=0
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 4
}

ok() {
	plan_once
	number=$((number + 1))
	echo "ok $number $*"
}

not_ok() {
	plan_once
	number=$((number + 1))
	failed=$((failed + 1))
	echo "not ok $number $*"
}

skip() {
	plan_once
	number=$((number + 1))
	echo "ok $number $1 # SKIP $2"
}

# result STATUS NAME: as the shell has it, 0 is good.
result() {
	status=$1
	shift
	if [ "$status" = 0 ]; then
		ok "$@"
	else
		not_ok "$@"
	fi
}

# check NAME COMMAND...
check() {
	name=$1
	shift
	"$@"
	result $? "$name"
}

equal() {
	[ "$1" -eq "$2" ] || { say "$1, should be $2"; return 1; }
}

at_least() {
	[ "$1" -ge "$2" ] || { say "$1, should be $2 at least"; return 1; }
}

at_most() {
	[ "$1" -le "$2" ] || { say "$1, should be $2 at most"; return 1; }
}

# wait_until COMMAND...: for what ends a little later than it was asked to.
wait_until() {
	tries=0
	until "$@" > /dev/null; do
		tries=$((tries + 1))
		[ $tries -le 100 ] || { "$@"; return; }
		sleep 0.05
	done
}

# Begin and end

# at_end COMMAND: undone last to first, however the test ends.
at_end() { undo="$1; $undo"; }

undo_all() {
	eval "$undo"
	undo=
}

begin() {
	echo 'TAP version 13'
	planned=$(($1 + 2))
	[ "$(id -u)" = 0 ] || skip_all 'only root can do this'
	[ -r $debugfs/zcache/pageframes ] ||
		skip_all 'zcache is not on, or debugfs not mounted'
	echo "$marker" > /dev/kmsg
	trap undo_all EXIT
	trap 'exit 1' INT TERM
	at_end "set_percent $(cat $parameters/max_pool_percent)"
	at_end "set_policy $(cat $parameters/cleancache_policy)"
	# Tests count on each page being taken.
	set_policy all
}

frames_balance() {
	alloced=$(get zcache/pageframes_alloced)
	freed=$(get zcache/pageframes_freed)
	used=$(($(get zcache/eph_pageframes) + $(get zcache/pers_pageframes)))
	held=$(get zcache/pageframes)
	[ $((alloced - freed)) -eq $used ] && [ "$used" -eq "$held" ] && return
	say "$alloced alloced, $freed freed, $used in use, $held held"
	return 1
}

log_since() { dmesg | sed "1,/$marker/d"; }

log_is_clean() {
	complaints=$(log_since | grep -E 'WARNING:|BUG:|Oops|KASAN|UBSAN|refcount_t:|corruption|suspicious RCU|Bad page|general protection|cannot be decompressed|blocked for more than|soft lockup')
	[ -z "$complaints" ] && return
	say "kernel: $complaints"
	return 1
}

finish() {
	undo_all
	check 'page frames are accounted for' wait_until frames_balance
	check 'the kernel did not complain' log_is_clean
	[ $failed = 0 ]
	exit
}

# What tests work with

set_percent() { echo "$1" > $parameters/max_pool_percent; }

set_policy() { echo "$1" > $parameters/cleancache_policy; }

# An empty ext4 in $scratch_mount.
scratch_fs() {
	[ -b "$ZCACHE_SCRATCH_A" ] ||
		skip_all 'ZCACHE_SCRATCH_A names no block device'
	if [ -z "$scratch_mount" ]; then
		scratch_mount=$(mktemp -d)
		at_end "rmdir $scratch_mount"
	fi
	mkfs.ext4 -q -F "$ZCACHE_SCRATCH_A" 160M > /dev/null 2>&1 ||
		skip_all 'mkfs.ext4 does not work'
	mount -t ext4 -o noatime "$ZCACHE_SCRATCH_A" "$scratch_mount" ||
		skip_all 'ext4 cannot be mounted'
	at_end scratch_umount
}

scratch_umount() {
	! grep -q " $scratch_mount " /proc/mounts || umount "$scratch_mount"
}

swaps() { sed -n 's,^\(/[^ ]*\) .*,\1,p' /proc/swaps; }

swap_others_on() {
	for area in $swaps_were; do
		swapon "$area"
	done
}

# Swap on the scratch device alone.
scratch_swap() {
	[ -b "$ZCACHE_SCRATCH_B" ] ||
		skip_all 'ZCACHE_SCRATCH_B names no block device'
	swaps_were=$(swaps)
	at_end swap_others_on
	for area in $swaps_were; do
		swapoff "$area" || skip_all "cannot swapoff $area"
	done
	{ mkswap "$ZCACHE_SCRATCH_B" > /dev/null && swapon "$ZCACHE_SCRATCH_B"; } ||
		skip_all "cannot swap to $ZCACHE_SCRATCH_B"
	at_end "swapoff $ZCACHE_SCRATCH_B 2> /dev/null"
}

# sectors_read DEVICE
sectors_read() {
	awk '{ print $3 }' "/sys/class/block/$(basename "$(readlink -f "$1")")/stat"
}
