#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The driver as a module: it loads into a kernel with swap and mounted file
# systems in use, works, is not unloaded while it holds pages that exist
# nowhere else, and leaves nothing behind when it goes.

. "$(dirname "$0")/../kselftest/ktap_helpers.sh"

module=/zcache.ko
counters=/sys/kernel/debug/zcache
rounds=2

ktap_print_header
if [ ! -e $module ]; then
	ktap_skip_all "the driver is built into this kernel"
	exit "$KSFT_SKIP"
fi
ktap_set_plan $((rounds * 4))

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
ktap_finished
