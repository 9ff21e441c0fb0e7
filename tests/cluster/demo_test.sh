#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Usage: tests/cluster/demo_test.sh
#
# The demo of two machines, as TAP: it runs, and shows what it is to show.
set -u
. "$(dirname "$0")/../qemu/lib.sh"
said=$build/run/demo.json
steps=$build/run/demo.steps
cases=0

# value NAME: of those that the demo has printed; -1: there is none
value() {
	local value
	value=$(sed -n "s/.*\"$1\": \([a-z0-9]*\).*/\1/p" "$said")
	echo "${value:--1}"
}

# moved WHICH: pages that went to the swap disk, and that came back
moved() { echo $(($(value "$1.written") + $(value "$1.read"))); }

# must DESCRIPTION COMMAND...
must() {
	local what=$1
	shift
	cases=$((cases + 1))
	if "$@"; then
		echo "ok $cases $what"
	else
		echo "not ok $cases $what"
		tail -n 20 "$steps" "$said" | sed 's/^/# /'
	fi
}

runs() { "$(dirname "$0")/demo" --json > "$said" 2> "$steps"; }

must 'the demo runs to its end' runs
must 'no kernel complains' eval '! grep "^not ok" "$steps"'
must 'alone every page is right' [ "$(value alone.right)" = true ]
must 'together every page is right' [ "$(value together.right)" = true ]
must 'alone the disk is needed' [ "$(moved alone)" -gt 10000 ]
must 'together it is hardly needed' [ $((4 * $(moved together))) -lt "$(moved alone)" ]
must 'the other machine has pages of the first' [ "$(value together.away.0)" -gt 1000 ]
must 'nothing is away when it is alone' [ "$(value alone.away.0)" = 0 ]
echo "1..$cases"
