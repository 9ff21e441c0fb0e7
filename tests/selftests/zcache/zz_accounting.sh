#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Last of all: with swap off, file systems unmounted and caches dropped,
# nothing is left, and every page frame that was allocated has been freed.

. "$(dirname "$0")/common.sh"

is_zero() { equal "$(get "$1")" 0; }

all_off() {
	for area in $swaps_were; do
		swapoff "$area" || return
	done
	sync
	echo 3 > /proc/sys/vm/drop_caches
}

frames_are_all_freed() {
	equal "$(get zcache/pageframes_alloced)" "$(get zcache/pageframes_freed)"
}

begin 17
swaps_were=$(swaps)
at_end swap_others_on
check 'swap is off and caches are dropped' all_off
for counter in zcache/eph_zpages zcache/pers_zpages zcache/eph_zbytes \
	zcache/pers_zbytes zcache/eph_pageframes zcache/pers_pageframes \
	zcache/eph_filled zcache/pers_filled zcache/obj_count zcache/pageframes \
	frontswap/stored zbud/eph_groups zbud/pers_groups \
	zbud/eph_split_zpages zbud/pers_split_zpages; do
	check "$counter is 0" wait_until is_zero $counter
done
check 'all page frames are freed' wait_until frames_are_all_freed
finish
