#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The driver as a module: it loads into a kernel with swap and mounted file
# systems in use, works, is not unloaded while it holds pages that exist
# nowhere else, goes when it has been drained, and leaves nothing behind, however
# often.

. "$(dirname "$0")/../kselftest/ktap_helpers.sh"

module=/zcache.ko
counters=/sys/kernel/debug/zcache
drain=/sys/kernel/mm/zcache/drain
ramster=/sys/kernel/mm/ramster
rounds=2
many=100
leak=256	# KiB that may be gone after as many
here=$(dirname "$0")

ktap_print_header
if [ ! -e $module ]; then
	ktap_skip_all "the driver is built into this kernel"
	exit "$KSFT_SKIP"
fi
ktap_set_plan $((rounds * 4 + 8))

# check NAME COMMAND...
check() {
	name=$1
	shift
	if "$@"; then
		ktap_test_pass "$name"
	else
		ktap_test_fail "$name"
	fi
}

loaded() { grep -q '^zcache ' /proc/modules; }

# More than memory holds, in a tmpfs, so that swap is used.
fill_swap() {
	megabytes=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
	mkdir -p /tmp/fill
	mount -t tmpfs -o size=200% tmpfs /tmp/fill
	for i in $(seq 4); do
		yes "round $1 file $i" | head -c $((megabytes * 1048576 * 3 / 10)) > "/tmp/fill/$i"
	done
	grep -q . /tmp/fill/1
}

empty_swap() {
	umount /tmp/fill
}

stored() { [ "$(cat $counters/pers_zpages)" -gt 0 ]; }
refuses_to_go() { ! rmmod zcache 2> /dev/null && loaded; }

goes_after_swapoff() {
	swapoff "$ZCACHE_SWAP" && rmmod zcache && ! loaded && [ ! -d $counters ]
}

for round in $(seq $rounds); do
	check "round $round: loads" insmod $module
	fill_swap "$round"
	check "round $round: stores swap pages" stored
	check "round $round: stays while swap is on" refuses_to_go
	empty_swap
	check "round $round: goes after swapoff" goes_after_swapoff
	swapon "$ZCACHE_SWAP"
done

# What the kernel uses for itself, in KiB.
kernel_memory() {
	echo 3 > /proc/sys/vm/drop_caches
	awk '/^(SUnreclaim|VmallocUsed|Percpu|KernelStack):/ { sum += $2 } END { print sum }' \
		/proc/meminfo
}

# In KiB; what the processors have put aside is free, too.
free_memory() {
	awk '/^ +nr_free_pages / { free += $2 } /^ +count: / { free += $2 } END { print free * 4 }' \
		/proc/zoneinfo
}

# A file of 64 pages, and as many of a process that waits for the end of input.
prepare() {
	work=$(mktemp -d)
	mkdir "$work/fs"
	mkfs.ext4 -q -F "$ZCACHE_SCRATCH_A" 64M > /dev/null 2>&1 &&
		mount -t ext4 "$ZCACHE_SCRATCH_A" "$work/fs" &&
		"$here/zctool" fill "$work/fs/a" 64 1000 text && mkfifo "$work/pipe"
}

swap_out() {
	: > "$work/says"	# or what the one before said is taken for this one's
	"$here/zctool" anon 64 "$1" text < "$work/pipe" > "$work/says" &
	process=$!
	exec 7> "$work/pipe"
	until grep -q out "$work/says"; do
		sleep 0.02
	done
}

swap_in() {
	exec 7>&-
	wait $process
}

step() { "$@" || { echo "# failed: $*"; return 1; }; }

holds() { [ "$(cat "$1")" -gt 0 ]; }

holds_none() { [ "$(cat "$1")" -eq 0 ]; }

drained() { echo 1 > $drain; }

gone() { rmmod zcache && ! loaded; }

# load_and_unload ROUND: with all it takes between
load_and_unload() {
	step insmod $module cleancache_policy=all || return
	swap_out "$1"		# first: swap pages take the frames of file pages
	step "$here/zctool" check "$work/fs/a" 64 1000 text && "$here/zctool" evict "$work/fs/a"
	step holds $counters/eph_zpages && step holds $counters/pers_zpages &&
		step holds $drain && step refuses_to_go && step drained &&
		step holds_none $drain && step gone
	unloaded=$?
	step "$here/zctool" check "$work/fs/a" 64 1000 text && step swap_in && return $unloaded
}

load_many_times() {
	for round in $(seq "$1"); do
		step load_and_unload "$round" || return
	done
}

# at_most_more NOW BEFORE MORE
at_most_more() {
	echo "# $1 KiB, before: $2 KiB"
	[ "$1" -le $(($2 + $3)) ]
}

check 'a file system and a file' prepare
check 'it is loaded and unloaded' load_many_times 10
used=$(kernel_memory) free=$(free_memory)
check "$many times" load_many_times $many
check 'the kernel has as much memory as before' at_most_more "$(kernel_memory)" "$used" $leak
check 'all have' at_most_more "$free" "$(free_memory)" $((4 * leak))
umount "$work/fs"
# Off from the beginning, on later, and gone again with nothing stored.
starts_later() {
	enabled=/sys/module/zcache/parameters/enabled
	step insmod $module enabled=0 && step [ ! -d $counters ] &&
		step eval "echo 1 > $enabled" && step [ -d $counters ] &&
		step [ "$(cat $enabled)" = Y ] && step drained && step gone
}

# A cluster that is described keeps the module, whether it runs or not.
takes_part() {
	cluster=/sys/kernel/config/ramster/meadow
	node=$cluster/node/alone
	ip link set lo up && step mount -t configfs configfs /sys/kernel/config &&
		step insmod $module && step [ -d $ramster ] && step mkdir $cluster $node &&
		step eval "echo 01234567-89ab-cdef-0123-456789abcdef > $cluster/uuid" &&
		step eval "echo 1 > $node/num && echo 127.0.0.1 > $node/address" &&
		step eval "echo 7070 > $node/port && echo 1 > $node/local" &&
		step eval "echo 1 > $cluster/enable" && step refuses_to_go && step drained &&
		step refuses_to_go && step eval "echo 0 > $cluster/enable" &&
		step refuses_to_go && step rmdir $node $cluster && step drained &&
		step gone && step [ ! -d $ramster ] && step umount /sys/kernel/config
}

check 'it is switched on later' starts_later
check 'it is part of a cluster' takes_part
check 'it cannot be switched on by a bad value' eval "! insmod $module enabled=maybe 2> /dev/null"
ktap_finished
