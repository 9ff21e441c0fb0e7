#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Which file pages are let in, and how. Sets of eight files are read in a loop,
# each reclaimed before the next one is read, when the pool takes half of them.
# Who lets every page in evicts just what comes next; who knows what has come
# back keeps half, and keeps it from what is read once.

. "$(dirname "$0")/common.sh"

memory=$(awk '/^MemTotal/ { print int($2 / 4) }' /proc/meminfo)
limit=$((memory / 100))
pages=$((limit / 4))
# Two of this kind take a bit more than a page frame.
kind=half
names='1 2 3 4 5 6 7 8'
others='a b c d e f 1a 1b'
once='11 12 13 14 15 16 17 18'
# Nothing is known of pages so far back in a file, of whatever file had its inode before.
far=4194304
first=0
stream='21 22 23 24 25 26 27 28 2a 2b 2c 2d 2e 2f 31 32'

# make_files NAME...
make_files() {
	for file; do
		tool fill "$scratch_mount/$file" $pages "0x${file}000000" $kind $first || return
	done
}

# read_in_turn NAME...
read_in_turn() {
	for file; do
		tool check "$scratch_mount/$file" $pages "0x${file}000000" $kind $first &&
			tool evict "$scratch_mount/$file" || return
	done
}

# got_of NAME...: how many of a thousand pages are got when they are read again
got_of() {
	gets=$(get cleancache/succ_gets)
	read_in_turn "$@" || return
	got=$((($(get cleancache/succ_gets) - gets) * 1000 / ($# * pages)))
	say "$got of 1000 pages are got"
}

# loop POLICY WANTED: as often as it takes, if swapping has kept files small
loop() {
	set_policy "$1"
	echo 3 > /proc/sys/vm/drop_caches
	set_percent 1
	# shellcheck disable=SC2086 # words
	read_in_turn $names || return
	for turn in 1 2 3 4 5 6 7 8 9 10 11 12; do
		# shellcheck disable=SC2086
		got_of $names || return
		[ "$got" -lt "$2" ] || break
	done
}

# The clock ticks once for so many pages that are offered as a sixteenth of memory
# has: that much of anything has to be read before what is here is old.
other_files() {
	for turn in $(seq "$(scaled 16 8)"); do
		# shellcheck disable=SC2086
		read_in_turn $others || return
	done
	# shellcheck disable=SC2086
	got_of $others
}

# There is room for all; then two fifths of it have to go.
stream_goes_first() {
	echo 3 > /proc/sys/vm/drop_caches
	set_percent 50
	# shellcheck disable=SC2086
	read_in_turn $names && got_of $names && at_least "$got" 700 || return
	kept=$got
	first=$far
	# shellcheck disable=SC2086
	read_in_turn $stream || return
	first=0
	set_percent 2
	say "$(get zcache/pageframes) page frames are left"
	# shellcheck disable=SC2086
	got_of $names
}

put_file() {
	kind=$2
	echo 3 > /proc/sys/vm/drop_caches
	tool fill "$scratch_mount/$1" 64 7000000 "$kind" &&
		tool evict "$scratch_mount/$1" &&
		tool check "$scratch_mount/$1" 64 7000000 "$kind" &&
		tool evict "$scratch_mount/$1"
}

kept_as_is() {
	put_file noise noise && at_least "$(get zcache/eph_raw)" 48 &&
		gets=$(get cleancache/succ_gets) &&
		tool check "$scratch_mount/noise" 64 7000000 noise &&
		at_least "$(get cleancache/succ_gets)" $((gets + 48))
}

set_exclusive() { echo "$1" > $parameters/cleancache_exclusive_gets; }

# gets_leave HOW: 64 pages are got, and then go again
gets_leave() {
	set_exclusive "$1"
	put_file gets text || return
	had=$(get zcache/eph_zpages)
	tool check "$scratch_mount/gets" 64 7000000 text || return
	left=$(get zcache/eph_zpages)
	puts=$(get cleancache/puts)
	stayed=$(get cleancache/kept)
	tool evict "$scratch_mount/gets" || return
	puts=$(($(get cleancache/puts) - puts))
	stayed=$(($(get cleancache/kept) - stayed))
	say "of $had pages $left are left; then $puts are put, $stayed need not be"
}

all_stay() {
	gets_leave N && at_least "$left" 48 && equal "$left" "$had" && at_least "$stayed" 48
}

all_leave() {
	gets_leave Y && at_least "$had" 48 && at_most "$left" 8 && equal "$stayed" 0 &&
		at_least "$puts" 48
}

# No disk is that fast.
not_worth_it() {
	set_read_us 1
	puts=$(get cleancache/puts)
	put_file fast text && equal "$(get zcache/eph_zpages)" 0 &&
		equal "$(get zcache/eph_raw)" 0 && equal "$(get cleancache/puts)" "$puts"
}

set_read_us() { echo "$1" > $parameters/cleancache_read_us; }

# refuses PARAMETER VALUE...
refuses() {
	parameter=$parameters/$1
	was=$(cat "$parameter")
	shift
	for value; do
		(echo "$value" > "$parameter") 2> /dev/null && return 1
		[ "$(cat "$parameter")" = "$was" ] || return 1
	done
}

begin 20
scratch_fs
at_end "set_exclusive $(cat $parameters/cleancache_exclusive_gets)"
at_end "set_read_us $(cat $parameters/cleancache_read_us)"
set_read_us 10000
# shellcheck disable=SC2086
check 'files' make_files $names $others $once
first=$far
# shellcheck disable=SC2086
check 'files for a stream' make_files $stream
first=0
check 'all: contents' loop all 0
check 'all: next to nothing is got' at_most "$got" 100
check 'refault: contents' loop refault 400
check 'refault: what fits is got' at_least "$got" 400
kept=$got
# shellcheck disable=SC2086
check 'files that are read once' read_in_turn $once
# shellcheck disable=SC2086
check 'sweep nothing out' got_of $names
check 'as much is got as before' at_least "$got" $((kept * 9 / 10))
check 'other files take over' other_files
check 'and what fits of them is got' at_least "$got" 200
check 'a stream, and then memory is wanted' stream_goes_first
check 'what nobody has wanted again has gone first' at_least "$got" $((kept * 9 / 10))
first=$far
# shellcheck disable=SC2086
got_of $stream
check 'it was kept as long as there was room' at_least "$got" 200
set_percent 50
check 'what does not compress is kept as it is' kept_as_is
check 'what is got stays' all_stay
check 'or leaves' all_leave
set_exclusive N
check 'what is read faster is not kept' not_worth_it
check 'another policy is refused' refuses cleancache_policy some reused ''
check 'another cost is refused' refuses cleancache_read_us -1 x 1000001
finish
