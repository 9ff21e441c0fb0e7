#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two machines: pages go out, come back, and are what they were; whatever happens
# to the other machine, what comes back is right, or an error, and in time.

. "$(dirname "$0")/lib.sh"

# Node 0 has little room for compressed pages, so that they go to node 1.
prepare() {
	on 0 'percent 10'
	on 1 'percent 50'
}

all_up() {
	on 0 "wait_for $((30 * slow)) up 1" && on 1 "wait_for $((30 * slow)) up 0"
}

went_out() { on 0 "wait_for $((30 * slow)) at_least remote_pers_pages $1"; }

# What each says of the other's pages agrees when nothing is under way.
agree() {
	local ours theirs try
	for try in 1 2 3 4 5 6 7 8 9 10; do
		ours=$(on 0 get remote_pers_pages)
		theirs=$(on 1 get foreign_pers_pages)
		[ "$ours" != "$theirs" ] || return 0
		sleep 0.5
	done
	echo "node 0 has $ours pages there, node 1 has $theirs"
	return 1
}

nothing_left() {
	on 1 "wait_for $((30 * slow)) at_most foreign_pers_pages 0" &&
		on 1 "wait_for $((10 * slow)) at_most foreign_pers_pageframes 0"
}

test_there_and_back() {
	must 'memory of node 0 is swapped out' hold 0 120 1
	must 'its pages go to node 1' went_out 2000
	must 'both count the same' agree
	must 'all pages come back right' all_right 0 1
	must 'all come back right after an eighth has changed' changed_right
	must 'nobody lost a page' on 0 'at_most pers_pages_lost 0 && at_most bad_pages 0'
}

changed_right() { tell 0 USR2 1 && all_right 0 1; }

# A reader waits for a machine that is away for less than the limit.
test_short_cut() {
	must 'pages go out again' tell 0 USR2 1
	must 'there are some' went_out 1000
	cut 1
	(sleep 1; mend 1) &
	must 'pages are right although the cable was out for a second' all_right 0 1
	must 'the machines find each other again' all_up
	must 'both count the same after that' agree
}

# A peer that stands still for longer than the limit: errors, in time, no hang.
test_freeze() {
	tell 0 USR2 1 > /dev/null
	must 'pages go out before the freeze' went_out 1000
	freeze 1
	must 'node 0 sees that node 1 does not answer' on 0 "wait_for $((30 * slow)) down 1"
	must 'a program that wants a page gets an error, and does not hang' some_lost
	thaw 1
	must 'the machines find each other after the freeze' all_up
	must 'what was not lost by that is still right' none_wrong
}

# The whole would take request_ms a page: kill who waits after the first ones.
some_lost() {
	on 0 "signal USR1 1; wait_for $((60 * slow)) at_least remote_pers_pages_unsucc_get 1"
}

none_wrong() {
	local line
	on 0 "wait_for $((100 * slow)) sh -c 'tail -n 1 /tmp/hold.1 | grep -q checked'" || return
	line=$(said 0 1)
	echo "$line"
	[[ $line == *' wrong 0 '* ]]
}

# A peer that starts anew has forgotten all, and it is known at once.
test_restart() {
	on 0 'let_go 1'
	must 'node 0 is given memory again' hold 0 80 2
	must 'its pages go out' went_out 1000
	crash 1
	must 'node 1 starts again' start 1
	on 1 'percent 50; join 0 1'
	must 'the machines find each other after the restart' all_up
	must 'the loss is known and counted' on 0 "wait_for $((20 * slow)) at_least pers_pages_lost 1"
	must 'no page is wrong' not_wrong 2
	must 'node 0 has nothing there any more' agree
}

not_wrong() {
	local line
	tell 0 USR1 "$1" || return
	line=$(said 0 "$1")
	echo "$line"
	[[ $line == *' wrong 0 '* ]]
}

test_leave() {
	on 0 'let_go 2'
	must 'memory that is freed is forgotten by node 1' nothing_left
	must 'node 0 is given memory' hold 0 60 3
	must 'its pages go out before it leaves' went_out 500
	on 0 'percent 60'
	must 'node 0 leaves, and brings its pages home' on 0 leave
	must 'it has nothing outside' on 0 'at_most remote_pers_pages 0'
	must 'node 1 has nothing of it' nothing_left
	must 'all pages are right at home' all_right 0 3
}

test_guest_leaves() {
	on 0 'percent 10; echo 1 > /sys/kernel/config/ramster/test/enable'
	must 'they find each other again' all_up
	must 'pages go out to who will leave' tell 0 USR2 3
	must 'there are some there' went_out 300
	on 0 'percent 60'
	must 'node 1 leaves, and has them fetched' on 1 leave
	must 'node 0 has all at home' on 0 'at_most remote_pers_pages 0'
	must 'and right' all_right 0 3
}

start 0 && start 1 || { result 1 'two machines start'; finish_all; exit 1; }
prepare
on 1 'join 0 1'
sleep 1	# one is alone for a while
on 0 'join 0 1'
must 'the machines find each other' all_up
test_there_and_back
test_short_cut
test_freeze
test_restart
test_leave
test_guest_leaves
must 'swap is switched off' on 0 'let_go 3; swapoff /dev/vda'
finish_all
echo "1..$cases"
