#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel is up with zcache: its counters and parameters are where users
# look for them, and are what README.md says.

. "$(dirname "$0")/common.sh"

# has FOLDER FILE...: a number in each.
has() {
	folder=$1
	missing=
	shift
	for file; do
		case $(get "$folder/$file" 2> /dev/null) in
		'' | *[!0-9]*) missing="$missing $file" ;;
		esac
	done
	[ -z "$missing" ] && return
	say "not there, or not a number:$missing"
	return 1
}

# no_others FOLDER FILE...: nothing that is not documented.
no_others() {
	folder=$1
	shift
	for file in "$debugfs/$folder"/*; do
		file=${file##*/}
		case " $* " in
		*" $file "*) ;;
		*) say "$folder/$file is not documented"; return 1 ;;
		esac
	done
}

# files_of FOLDER
files_of() {
	case $1 in
	zcache) echo 'pageframes_alloced pageframes_freed failed_getfreepages failed_alloc
		limit_hit cgroup_limit_hit flush_total flush_found flobj_total flobj_found failed_eph_puts
		failed_pers_puts compress_poor decompress_failed eph_ate_tail
		eph_ate_tail_failed pers_ate_eph pers_ate_eph_failed evicted_eph_filled
		shrunk_pageframes eph_zpages pers_zpages eph_zbytes pers_zbytes
		eph_pageframes pers_pageframes evicted_eph_zpages evicted_eph_pageframes
		obj_count pageframes pageframes_max eph_filled pers_filled
		spare_pageframes eph_nonactive_puts_ignored eph_raw evicted_eph_raw
		eph_compressed_in_vain eph_zpages_given_up eph_pageframes_cap writtenback_pages
		outstanding_writeback_pages writeback_failed_pages
		writeback_skipped_pages oom_averted' ;;
	zbud) echo 'eph_zpages pers_zpages eph_zbytes pers_zbytes eph_pageframes
		pers_pageframes eph_groups pers_groups eph_split_zpages
		pers_split_zpages eph_cumul_zpages pers_cumul_zpages eph_cumul_zbytes
		pers_cumul_zbytes eph_evicted_pageframes pers_evicted_pageframes' ;;
	cleancache) echo 'succ_gets failed_gets puts failed_puts kept inhibited drops invalidates' ;;
	frontswap) echo 'loads failed_loads succ_stores failed_stores invalidates stored spared over_limit
		writebacks' ;;
	esac
}

check_folders() {
	for folder in zcache zbud cleancache frontswap; do
		# shellcheck disable=SC2046 # words on purpose
		check "counters of $folder" has $folder $(files_of $folder)
		# shellcheck disable=SC2046
		check "no others in $folder" no_others $folder $(files_of $folder) histogram costs
	done
}

# Chunks of 64 bytes, up to a page.
histogram_is_complete() {
	get zbud/histogram | grep -v '^#' |
		awk 'NF != 3 || $1 != NR * 64 { bad = 1 } END { exit bad || NR != 64 }'
}

takes() { set_percent "$1" && equal "$(cat "$parameters/max_pool_percent")" "$1"; }

# The errno is in what the shell says of it.
refuses() {
	said=$( (echo "$1" > "$parameters/max_pool_percent") 2>&1) && return 1
	case $said in
	*'Invalid argument'*) ;;
	*) say "$said"; return 1 ;;
	esac
	equal "$(cat "$parameters/max_pool_percent")" 37
}

refuses_all() {
	set_percent 37
	for value in 101 1000 -1 x 5x '' 4294967297; do
		refuses "$value" || { say "$value is taken"; return 1; }
	done
}

log_tells_of_it() {
	log_since | grep -q 'zcache: max_pool_percent is 0 to 100'
}

# not_taken NAME VALUE...: by this parameter, which stays as it is
not_taken() {
	file=$parameters/$1
	before=$(cat "$file")
	shift
	for value; do
		! (echo "$value" > "$file") 2> /dev/null || { say "$value is taken"; return 1; }
	done
	[ "$(cat "$file")" = "$before" ]
}

begin 18
check_folders
check 'histogram' histogram_is_complete
check 'enabled refuses' not_taken enabled maybe 2 ''
check 'enabled says Y' [ "$(cat "$parameters/enabled")" = Y ]
check 'compressor is readable' [ -n "$(cat "$parameters/compressor")" ]
check 'max_pool_percent takes 0' takes 0
check 'max_pool_percent takes 100' takes 100
check 'max_pool_percent refuses the rest' refuses_all
check 'the kernel log says why' log_tells_of_it
check 'accept_threshold_percent refuses' not_taken accept_threshold_percent 101 -1 x ''
check 'swap_writeback refuses' not_taken swap_writeback maybe 2
finish
