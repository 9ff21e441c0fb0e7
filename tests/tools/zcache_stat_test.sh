#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Usage: tests/tools/zcache_stat_test.sh
#
# The program zcache-stat, against plain files in place of debugfs, as TAP.

# shellcheck disable=SC2317 # checks are called by name
cd "$(dirname "$0")/../.." || exit
stat=$PWD/tools/zcache-stat
. tests/tools/tap.sh
export ZCACHE_DEBUGFS="$work/debug" ZCACHE_PARAMETERS="$work/parameters" ZCACHE_PROC="$work/proc"

# fails STATUS TEXT ARGUMENT...
fails() {
	wanted=$1 text=$2
	shift 2
	said=$("$stat" "$@" 2>&1)
	equal $? "$wanted" && contains "$said" "$text"
}

# set_to NAME VALUE: a counter
set_to() { echo "$2" > "$work/debug/$1"; }

# A machine of 1000 MiB, of which zcache may have half.
reset() {
	rm -rf "${work:?}"/*
	mkdir -p "$work/debug/zcache" "$work/debug/zbud" "$work/debug/frontswap" \
		"$work/debug/cleancache" "$work/parameters" "$work/proc"
	printf 'MemTotal:        1024000 kB\nMemFree:           10240 kB\n' > "$work/proc/meminfo"
	cd "$work/parameters" || exit
	echo Y > enabled
	echo 50 > max_pool_percent
	echo lzo-rle > compressor
	echo refault > cleancache_policy
	echo Y > swap_writeback
	cd "$OLDPWD" || exit
	set_to zcache/pageframes 1536
	set_to zcache/pers_pageframes 1024
	set_to zcache/eph_pageframes 512
	set_to zcache/pers_zpages 2048
	set_to zcache/pers_zbytes 4096000
	set_to zcache/eph_zpages 500
	set_to zcache/eph_zbytes 900000
	set_to zcache/pers_filled 64
	set_to zcache/eph_raw 12
	set_to zcache/limit_hit 7
	set_to zcache/failed_alloc 0
	set_to frontswap/over_limit 9
	set_to frontswap/succ_stores 5000
	set_to frontswap/loads 3000
	set_to cleancache/succ_gets 300
	set_to cleancache/failed_gets 100
	printf '# bytes  ephemeral persistent\n 64 0 0\n' > "$work/debug/zbud/histogram"
}

shows() { contains "$("$stat" | tr -s ' ')" "$1"; }

test_summary() {
	reset
	check 'what it may have' shows 'lzo-rle, at most 50 % of memory (500 MiB)'
	check 'pages' shows ' pages 2112 512'
	check 'pages in a frame' shows ' compressed pages in a frame 2.00 1.00'
	check 'bytes of a page' shows ' bytes of a compressed page 2000 1800'
	check 'what is gained' shows '10.2 MiB of pages in 6.0 MiB of memory, 1 % of what it may have: 4.2 MiB gained'
	check 'hits' shows ' hits, in percent 75.0'
	check 'why pages were not taken' shows ' the pool is at its limit 7'
	check 'what cgroups may not have' shows ' their cgroup has as much here as it may 9'
	check 'nothing of what did not happen' [ -z "$("$stat" | grep descriptor)" ]
	check 'nothing of a cluster that is not there' [ -z "$("$stat" | grep machines)" ]
	mkdir "$work/debug/ramster"
	set_to ramster/remote_pers_pages 77
	check 'a cluster' shows ' swap pages of ours that they keep 77'
}

test_empty() {
	reset
	for file in "$work"/debug/*/*; do
		echo 0 > "$file"
	done
	check 'nothing is divided by nothing' shows ' compressed pages in a frame 0.00 0.00'
}

is_json() {
	if command -v node > /dev/null; then
		"$stat" --json | node -e 'JSON.parse(require("fs").readFileSync(0))'
	elif command -v python3 > /dev/null; then
		"$stat" --json | python3 -m json.tool > /dev/null
	else
		[ "$("$stat" --json | tr -cd '{}"' | sed 's/"//g')" = '{}' ]
	fi
}

json_has() { contains "$("$stat" --json)" "$1"; }

test_json() {
	reset
	check 'json is json' is_json
	check 'json has counters' json_has '"zcache/pers_zpages": 2048,'
	check 'json has words' json_has '"parameters/compressor": "lzo-rle",'
	check 'json has what follows' json_has '"pers_zpages_in_frame": 2.000,'
	check 'json has the limit in frames' json_has '"limit_pageframes": 128000,'
	check 'json has no tables' [ -z "$("$stat" --json | grep histogram)" ]
}

# A second is enough for the counter to move.
watched() {
	(sleep 0.5; set_to frontswap/succ_stores 5050) &
	contains "$("$stat" -w 1 -n 1 | tail -n 1 | tr -s ' ')" ' 6.0 4.2 1.67 50 0 0 0 0 0'
}

test_watch() {
	reset
	check 'a line tells what happened meanwhile' watched
	check 'as many lines as are wanted' equal "$("$stat" -w 1 -n 2 | grep -c '[0-9]')" 2
}

test_refusals() {
	reset
	check 'a word' fails 2 'what is now' now
	check 'no seconds' fails 2 '-w needs seconds' -w
	check 'no number' fails 2 '-w needs seconds' -w soon
	check 'zero seconds' fails 2 '-w needs seconds' -w 0
	check '-n alone' fails 2 '-n is for -w' -n 3
	check '--json with -w' fails 2 '--json is for one look' --json -w 1
	echo N > "$work/parameters/enabled"
	check 'zcache is off, and has pages' contains "$("$stat")" 'zcache is OFF'
	rm -r "$work/debug/zcache"
	check 'zcache is off' fails 1 'boot with zcache=1'
	rm -r "$work/parameters"
	check 'no zcache' fails 1 'there is no zcache in this kernel'
	reset
	rm -r "$work/debug/zcache"
	check 'no debugfs' fails 1 'debugfs has to be mounted'
}

man_warnings() { groff -man -Tascii -ww -z tools/zcache-stat.8; }

test_summary
test_empty
test_json
test_watch
test_refusals
silent shellcheck shellcheck tools/zcache-stat tests/tools/zcache_stat_test.sh tests/tools/tap.sh
silent groff man_warnings
finish
