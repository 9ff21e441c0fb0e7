#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# cleancache_policy: read eight files in a loop, each reclaimed before the next
# one is read, when the pool takes half of them. Who lets every page in evicts
# just what comes next; who prefers what has come back keeps half.

. "$(dirname "$0")/common.sh"

memory=$(awk '/^MemTotal/ { print int($2 / 4) }' /proc/meminfo)
limit=$((memory / 100))
pages=$((limit / 4))
# Pages of this kind do not share a page frame.
kind=half

names() { seq 8; }

make_files() {
	for file in $(names); do
		tool fill "$scratch_mount/$file" $pages "$file"000000 $kind || return
	done
}

read_in_turn() {
	for file in $(names); do
		tool check "$scratch_mount/$file" $pages "$file"000000 $kind &&
			tool evict "$scratch_mount/$file" || return
	done
}

# loop POLICY: how many of a thousand pages are got, in the loop's later turns
loop() {
	set_policy "$1"
	echo 3 > /proc/sys/vm/drop_caches
	set_percent 1
	read_in_turn && read_in_turn || return
	gets=$(get cleancache/succ_gets)
	read_in_turn && read_in_turn || return
	got=$((($(get cleancache/succ_gets) - gets) * 1000 / (16 * pages)))
	say "$1: $got of 1000 pages are got"
}

refuses() {
	(echo "$1" > $parameters/cleancache_policy) 2> /dev/null && return 1
	[ "$(cat $parameters/cleancache_policy)" = reused ]
}

begin 6
scratch_fs
check 'files' make_files
check 'all: contents' loop all
check 'all: next to nothing is got' at_most "$got" 100
check 'reused: contents' loop reused
check 'reused: what fits is got' at_least "$got" 200
check 'another policy is refused' refuses some
finish
