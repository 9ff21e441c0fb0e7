#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Everything at once, for as long as ZCACHE_SOAK says, in seconds: random operations on
# files of ext4 and xfs while they are reclaimed; control groups that use twice what
# they may have, are killed and removed; swap areas that go and come; a pool that
# becomes smaller and larger; somebody who wants the module gone. And where the kernel
# has fault injection, each allocation of the driver fails once in ten.
#
# All that comes back is compared, and in the end nothing is left.

. "$(dirname "$0")/common.sh"

seconds=${ZCACHE_SOAK:-30}
groups='1 2 3'
group_limit=6M
group_pages=3072
kept_pages=256
patience=1800
faults='failslab fail_page_alloc'

file_systems() {
	echo ext4
	if grep -q '	xfs$' /proc/filesystems && command -v mkfs.xfs > /dev/null; then
		echo xfs
	fi
}

over() { [ -e "$work/over" ]; }

# Each of those who work here counts what he has done, a byte each time; those whose
# names begin alike are counted together.
did() { printf . >> "$work/did.$1"; }
done_by() { cat "$work/did.$1"* 2> /dev/null | wc -c; }

# What is wrong is kept for the end.
wrong() {
	{ echo "# $1:"; sed 's/^/# /' "$2"; } >> "$work/wrong"
}

work_on_files() {
	seed=0
	until over; do
		for fs in $(file_systems); do
			seed=$((seed + 1))
			if ZCACHE_BUSY=1 ZCACHE_FS=$fs ZCACHE_SEED=$seed "$here/fsx" > "$work/fsx" 2>&1; then
				did "fsx-$fs"
			else
				wrong "fsx on $fs, seed $seed" "$work/fsx"
			fi
		done
	done
}

# In a group of its own: press GROUP NUMBER. Takes the place of the shell.
press() {
	# shellcheck disable=SC2016 # for the shell that is to be moved
	exec sh -c 'echo $$ > "$1/cgroup.procs"; exec "$2" press "$3" "$4"' \
		sh "$1" "$here/zctool" $group_pages "$2" > "$work/press.$2" 2> /dev/null
}

kill_groups() {
	group=/sys/fs/cgroup/zcache-soak-$1
	until over; do
		mkdir "$group" && echo $group_limit > "$group/memory.max"
		press "$group" "$1" &
		sleep $(($1 + 1))
		echo 1 > "$group/cgroup.kill"
		kill -9 $!	# if it has yet to enter
		wait $!
		[ ! -s "$work/press.$1" ] || wrong "memory of a group" "$work/press.$1"
		wait_until rmdir "$group" && did "groups-$1"
	done 2> /dev/null
}

switch_areas() {
	until over; do
		for area in "$ZCACHE_SCRATCH_B" "$ZCACHE_SWAP"; do
			sleep 1
			! swapoff "$area" || did areas
			swapon "$area"
		done
	done 2> /dev/null
}

change_limit() {
	until over; do
		for percent in 1 50 3; do
			set_percent $percent
			did limit
			sleep 2
		done
	done
}

want_module_gone() {
	until over; do
		sleep 1
		rmmod zcache 2> /dev/null && echo 'it went' > "$work/gone" && wrong rmmod "$work/gone"
		did rmmod
	done
}

# Where the driver's code begins and ends, as the kernel's symbols have it.
code_of_driver() {
	awk '$3 == "_stext" { from = $1 } $3 == "_etext" { to = $1 }
		$4 == "[zcache]" { module = 1 }
		$2 ~ /[tT]/ && $3 ~ /^(zcache|tmem)_/ && $3 !~ /\.cold/ { at[$1] = $4 }
		END {
			for (a in at)
				if (module ? at[a] == "[zcache]" : (a "" > from "" && a "" < to ""))
					print a
		}' /proc/kallsyms | sort | sed -n '1p;$p' | tr '\n' ' '
}

fail_allocations() {
	# shellcheck disable=SC2046 # two words
	set -- $(code_of_driver)
	for fault in $faults; do
		dir=$debugfs/$fault
		[ -d "$dir" ] && [ $# = 2 ] || return
		echo N > "$dir/ignore-gfp-wait"
		[ ! -e "$dir/min-order" ] || echo 0 > "$dir/min-order"
		echo "0x$1" > "$dir/require-start"
		echo "0x$2" > "$dir/require-end"
		echo 0 > "$dir/verbose"
		echo -1 > "$dir/times"
		echo 10 > "$dir/probability"
	done
}

fail_no_more() {
	for fault in $faults; do
		[ ! -d "$debugfs/$fault" ] || echo 0 > "$debugfs/$fault/probability"
	done
}

# To read a counter takes an allocation, too. If the module has gone there is none.
count_of() {
	for try in 1 2 3 4 5 6 7 8 9 10; do
		get "$1" 2> /dev/null && return
	done
	echo 0
}

failed() { echo $(($(count_of zcache/failed_alloc) + $(count_of zcache/failed_getfreepages))); }

# Swap pages that are there all the time: nothing may get lost, and no module go.
keep_pages() {
	mkfifo "$work/end"
	"$here/zctool" anon $kept_pages 7000000 half < "$work/end" > "$work/kept" &
	kept=$!
	exec 3> "$work/end"
	wait_until grep -q out "$work/kept"
}

kept_are_right() {
	exec 3>&-
	wait $kept
}

has_done() {
	say "$2 $1"
	at_least "$2" 1
}

nothing_wrong() {
	[ ! -e "$work/wrong" ] && return
	head -n 100 "$work/wrong"
	return 1
}

all_areas_off() {
	for area in $(swaps); do
		swapoff "$area" || return
	done
	at_end swap_others_on
}

nothing_left() {
	equal "$(($(get frontswap/stored) + $(get zcache/pageframes) + $(entries)))" 0
}

now() { cut -d. -f1 /proc/uptime; }

# stands_still PART: it has done nothing for longer than any of them ever takes. Told
# by a file for each count, which was new when the count was.
stands_still() {
	seen=$work/seen.$1.$(done_by "$1")
	[ -e "$seen" ] || now > "$seen"
	[ $(($(now) - $(cat "$seen"))) -gt $patience ]
}

all_move() {
	for part in $parts; do
		! stands_still "$part" || {
			echo "nothing for $patience s, after $(done_by "$part") times" > "$work/still"
			wrong "$part stands still" "$work/still"
			return 1
		}
	done
}

work_goes_on() {
	end=$(($(now) + seconds))
	while [ "$(now)" -lt $end ] && all_move; do
		sleep $((seconds < 60 ? seconds : 60))
		echo "# progress: $((end - $(now))) s to go, $(done_by fsx) runs of fsx," \
			"$(done_by groups) groups killed, $(done_by areas) areas switched off, $(($(failed) - failed_before)) allocations failed"
	done
}

remove_groups() {
	for group in $groups; do
		! [ -d /sys/fs/cgroup/zcache-soak-"$group" ] || rmdir /sys/fs/cgroup/zcache-soak-"$group"
	done
}

pids=
start() {
	"$@" &
	pids="$pids $!"
}

# A module is loaded late, when swap is on already.
[ ! -e /zcache.ko ] || [ -d $debugfs/zcache ] || insmod /zcache.ko
begin 8
for file in "$ZCACHE_SCRATCH_A" "$ZCACHE_SCRATCH_B"; do
	[ -b "$file" ] || skip_all 'no scratch devices'
done
{ mkswap "$ZCACHE_SCRATCH_B" > /dev/null && swapon "$ZCACHE_SCRATCH_B"; } ||
	skip_all 'no second swap area'
swaps_were=$ZCACHE_SWAP
work=$(mktemp -d)
at_end "rm -rf $work"
at_end fail_no_more
at_end remove_groups
set_percent 50
keep_pages
failed_before=$(failed)
fail_allocations
start work_on_files
parts=fsx
for group in $groups; do
	start kill_groups "$group"
	parts="$parts groups-$group"
done
start switch_areas
start change_limit
parts="$parts areas limit"
if [ -e /zcache.ko ]; then
	start want_module_gone
	parts="$parts rmmod"
fi
work_goes_on
: > "$work/over"
# shellcheck disable=SC2086 # numbers
wait $pids
fail_no_more

check 'nothing that came back was wrong' nothing_wrong
check 'random operations on files' has_done "runs of fsx on ext4, $(done_by fsx-xfs) on xfs" "$(done_by fsx-ext4)"
check 'groups were killed and removed' has_done 'times' "$(done_by groups)"
check 'swap areas went and came' has_done 'times' "$(done_by areas)"
if [ -d $debugfs/failslab ]; then
	check 'allocations failed' has_done 'of the driver' $(($(failed) - failed_before))
else
	skip 'allocations failed' 'no fault injection in this kernel'
fi
if [ -e /zcache.ko ]; then
	check 'the module did not go' has_done 'times asked for' "$(done_by rmmod)"
else
	skip 'the module did not go' 'the driver is built in'
fi
check 'what was swapped out all the time is right' kept_are_right
all_areas_off
check 'nothing is left' wait_until nothing_left
finish
