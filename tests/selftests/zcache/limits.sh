#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The pool at its limit: file pages make room for file pages and for swap
# pages, swap pages for nobody, if they may not leave for their device.

. "$(dirname "$0")/common.sh"

memory=$(awk '/^MemTotal/ { print int($2 / 4) }' /proc/meminfo)
limit=$((memory / 100))
# Of this kind, a page frame takes between one and two.
kind=half

# The highest number of page frames held, seen often.
watch_frames() {
	most=0
	while [ -e "$watching" ]; do
		now=$(get zcache/pageframes)
		[ "$now" -le $most ] || most=$now
		echo $most > "$watching.most"
		sleep 0.02
	done
}

# watched COMMAND...: while the limit is being watched.
watched() {
	echo 0 > "$watching.most"
	: > "$watching"
	watch_frames &
	watcher=$!
	"$@"
	status=$?
	rm -f "$watching"
	wait $watcher
	# Attempts to allocate are counted for a moment, one on each CPU.
	at_most "$(cat "$watching.most")" $((limit + $(nproc))) && return $status
}

put_file() {
	tool fill "$scratch_mount/$1" "$2" "$3" $kind &&
		tool evict "$scratch_mount/$1"
}

# start_anon NAME PAGES ID FD: a process with swapped-out pages, until end_anon
start_anon() {
	mkfifo "$pipes/$1"
	"$here/zctool" anon "$2" "$3" $kind < "$pipes/$1" > "$pipes/$1.says" &
	eval "pid_$1=\$!"
	eval "exec $4> $pipes/$1"
	wait_until grep -q out "$pipes/$1.says" && ! grep -q 'not out' "$pipes/$1.says"
}

# end_anon NAME FD: 0 if its pages were right
end_anon() {
	# A line: the pipe itself may be open in later processes.
	eval "echo >&$2; exec $2>&-"
	eval "wait \$pid_$1"
}

more_than() { at_least "$1" $(($2 + 1)); }

test_file_at_limit() {
	eaten=$(get zcache/eph_ate_tail)
	evicted=$(get zbud/eph_evicted_pageframes)
	check 'more file pages than fit' watched put_file a $((3 * limit)) 1000
	check 'the oldest made room' at_least "$(get zbud/eph_evicted_pageframes)" \
		$((evicted + limit / 2))
	check 'and not for the shrinker' more_than "$(get zcache/eph_ate_tail)" "$eaten"
	check 'the pool is full' at_least "$(get zcache/eph_pageframes)" $((limit * 9 / 10))
	check 'contents of the file' tool check "$scratch_mount/a" $((3 * limit)) 1000 $kind
}

test_swap_eats_files() {
	put_file a $((3 * limit)) 1000
	eaten=$(get zcache/pers_ate_eph)
	evicted=$(get zbud/eph_evicted_pageframes)
	check 'swap pages' watched start_anon one "$limit" 1000000 7
	check 'file pages made room' at_least "$(get zbud/eph_evicted_pageframes)" \
		$((evicted + limit / 3))
	check 'for them' more_than "$(get zcache/pers_ate_eph)" "$eaten"
	check 'they are all there' equal "$(get zcache/pers_zpages)" "$limit"
}

test_swap_stays() {
	refused=$(get zcache/failed_pers_puts)
	check 'more swap pages than fit' watched start_anon two $((2 * limit)) 2000000 8
	check 'what does not fit is refused' more_than "$(get zcache/failed_pers_puts)" "$refused"
	check 'the pool is full of swap pages' at_least "$(get zcache/pers_pageframes)" \
		$((limit * 9 / 10))
	before=$(get zcache/pers_zpages)
	failed_puts=$(get zcache/failed_eph_puts)
	check 'file pages on top' watched put_file b "$limit" 3000
	check 'are refused' more_than "$(get zcache/failed_eph_puts)" "$failed_puts"
	echo 3 > /proc/sys/vm/drop_caches
	check 'no swap page made room' equal "$(get zcache/pers_zpages)" "$before"
	check 'nor was one ever evicted' equal "$(get zbud/pers_evicted_pageframes)" 0
}

# Swap pages stay above a limit that was lowered, and nothing comes in.
test_lowered() {
	set_percent 50
	put_file a "$limit" 1000
	files=$(get zcache/eph_pageframes)
	swapped=$(get zcache/pers_zpages)
	set_percent 0
	check 'file pages go when the limit is lowered' equal "$(get zcache/eph_pageframes)" 0
	check 'there were some' at_least "$files" $((limit / 3))
	check 'swap pages do not' equal "$(get zcache/pers_zpages)" "$swapped"
	stores=$(get frontswap/succ_stores)
	start_anon three 64 4000000 9
	check 'nothing is stored at 0 percent' equal "$(get frontswap/succ_stores)" "$stores"
}

test_ends() {
	check 'first process has its memory' end_anon one 7
	check 'second process has its memory' end_anon two 8
	check 'third process has its memory' end_anon three 9
	check 'no swap page is left' wait_until equal "$(get frontswap/stored)" 0
}

# Not even what would need no page frame, from an empty pool either.
test_zero_percent() {
	set_percent 0
	echo 3 > /proc/sys/vm/drop_caches
	for kind in text same zero; do
		tool fill "$scratch_mount/$kind" 16 5000 $kind
		tool evict "$scratch_mount/$kind"
		check "0 percent, file pages: $kind" equal "$(entries)" 0
	done
	stores=$(get frontswap/succ_stores)
	kind=same
	start_anon four 16 6000 7
	check '0 percent, swap pages: same' equal "$(get frontswap/succ_stores)" "$stores"
	end_anon four 7
}

begin 28
scratch_fs
scratch_swap
pipes=$(mktemp -d)
watching=$pipes/watching
at_end "rm -rf $pipes"
echo 3 > /proc/sys/vm/drop_caches
at_end "echo $(cat $parameters/swap_writeback) > $parameters/swap_writeback"
echo N > $parameters/swap_writeback
set_percent 1
test_file_at_limit
test_swap_eats_files
test_swap_stays
test_lowered
test_ends
test_zero_percent
finish
