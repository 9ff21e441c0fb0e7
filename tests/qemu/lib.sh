# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# What the scripts of this folder share: where things are, how to say
# something, and how to run something long. Sourced, never run.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build
jobs=${JOBS:-$(nproc)}
verbose=${V:-0}

# mke2fs and friends live where an ordinary user's PATH does not look.
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C

say() { printf '%s\n' "$*"; }
note() { printf '  %s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# Two runs in one build folder would pull the files from under each other's
# feet: the second one waits. What a run starts itself goes on.
lock_build() {
	[ -z "${BUILD_LOCKED:-}" ] || return 0
	mkdir -p "$build"
	exec 9> "$build/lock"
	if ! flock -n 9; then
		note 'another run uses the build folder: waiting for it' >&2
		flock 9
	fi
	export BUILD_LOCKED=1
}

# A short name for whatever a list of files contains.
digest() { cat "$@" | sha256sum | cut -c1-12; }

# install_if_changed FROM TO: an unchanged file keeps its age, so that nothing
# is built again because of it.
install_if_changed() {
	cmp -s "$1" "$2" || { mkdir -p "${2%/*}"; cp "$1" "$2"; }
}

# add_program NAME TREE: for a guest's root, with the libraries it is linked to.
# PATH in the guest has /sbin before busybox's /bin.
add_program() {
	local file library
	file=$(command -v "$1") || die "no $1 on this machine"
	mkdir -p "$2/sbin"
	cp -L "$file" "$2/sbin/$1"
	for library in $(ldd "$file" | grep -o '/[^ ]*'); do
		install_if_changed "$library" "$2$library"
	done
}

# pack TREE ARCHIVE: as the kernel unpacks it; the same files always make the same
# archive
pack() {
	find "$1" -exec touch -hd @0 {} +
	(cd "$1" && find . | sort | cpio -o -H newc -R 0:0 --reproducible --quiet) | gzip -1n > "$2"
}

# into_log NAME MESSAGE: from here on everything the script and its commands say
# goes to a log, of which a person sees the end if the script fails.
into_log() {
	log=$build/log/$1
	complaint=$2
	mkdir -p "$build/log"
	exec 3>&2 > "$log" 2>&1
	trap 'status=$?
		[ "$status" = 0 ] || {
			tail -n 20 "$log"
			echo "${0##*/}: $complaint, see $log"
		} >&3' EXIT
}

# with_progress LABEL LOG TOTAL COMMAND...: run a command that prints one line
# per step, keep its output in LOG, and tell how far it is; TOTAL is a guess.
with_progress() {
	local label=$1 log=$2 total=$3 pid status=0
	shift 3
	mkdir -p "${log%/*}"
	if [ "$verbose" != 0 ]; then
		"$@" 2>&1 | tee "$log"
		return
	fi
	: > "$log"
	"$@" > "$log" 2>&1 < /dev/null &
	pid=$!
	show_progress "$label" "$log" "$total" "$pid"
	wait "$pid" || status=$?
	return "$status"
}

show_progress() {
	local label=$1 log=$2 total=$3 pid=$4 start=$SECONDS next=15 steps
	while kill -0 "$pid" 2> /dev/null; do
		steps=$(wc -l < "$log")
		[ "$steps" -le "$total" ] || total=$steps
		if [ -t 1 ]; then
			printf '\r  %s: %d of about %d, %d s ' "$label" \
				"$steps" "$total" $((SECONDS - start))
		elif [ $((SECONDS - start)) -ge "$next" ]; then
			note "$label: $steps of about $total, $((SECONDS - start)) s"
			next=$((next + 15))
		fi
		sleep 0.5
	done
	[ ! -t 1 ] || printf '\r\033[K'
}

# show_errors LOG: the part of a failed build's log that a person wants.
show_errors() {
	grep -E -A3 'error|Error|warning:|No such file|undefined' "$1" | tail -n 25 >&2 ||
		tail -n 15 "$1" >&2
	say "whole log: $1" >&2
}
