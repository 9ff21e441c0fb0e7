# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the tests of this folder share: results as TAP, and a folder to work in.
# Sourced; the test ends with finish.

number=0
bad=0
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

result() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		bad=1
	fi
}

skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# check NAME COMMAND...
check() {
	name=$1
	shift
	"$@"
	result $? "$name"
}

# equal FOUND WANTED
equal() {
	[ "$1" = "$2" ] && return
	printf 'found:\n%s\nshould be:\n%s\n' "$1" "$2" | sed 's/^/# /'
	return 1
}

contains() {
	case $1 in
	*"$2"*) return 0 ;;
	esac
	printf 'found:\n%s\nshould contain:\n%s\n' "$1" "$2" | sed 's/^/# /'
	return 1
}

# silent PROGRAM COMMAND...: what it says is bad.
silent() {
	if command -v "$1" > /dev/null; then
		shift
		check "$1 is silent" equal "$("$@" 2>&1)" ''
	else
		skip "$1 is silent" "no $1"
	fi
}

finish() {
	echo "1..$number"
	exit $bad
}
