#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two machines: pages go out, come back, and are what they were; whatever happens
# to the other machine, what comes back is right, or an error, and in time.

nodes='0 1'
. "$(dirname "$0")/lib.sh"

# Node 0 has little room for compressed pages, so that they go to node 1.
prepare() {
	on 0 "percent $few"
	on 1 'percent 50'
}

test_there_and_back() {
	must 'memory of node 0 is swapped out' hold 0 120 1
	must 'its pages go to node 1' went_out 0 2000
	must 'hardly any go to the disk, since who stores them waits' few_on_disk 1500
	must 'both count the same' agree 0 1
	must 'what is here is charged, what is there only counted' on 0 'wait_for 20 charged'
	must 'all pages come back right' all_right 0 1
	must 'all come back right after an eighth has changed' changed_right 0 1
	must 'nobody lost a page' on 0 'at_most pers_pages_lost 0 && at_most bad_pages 0'
}

few_on_disk() { on 0 "echo \$(pages_moved 7); [ \$(pages_moved 7) -le $1 ]"; }

# A reader waits for a machine that is away for less than the limit.
test_short_cut() {
	must 'pages go out again' changed 0 1
	must 'there are some' went_out 0 1000
	cut 1
	(sleep 1; mend 1) &
	must 'pages are right although the cable was out for a second' all_right 0 1
	must 'the machines find each other again' all_up 0 1
	must 'both count the same after that' agree 0 1
}

# Nobody reads while they are apart, so nothing is lost, whatever the limit is.
test_long_cut() {
	local before
	must 'pages go out before the cable is out for long' changed 0 1
	must 'they are there' went_out 0 1000
	before=$(lines_said 0 'node 1 is down')
	cut 1
	must 'node 0 sees that node 1 is gone' on 0 "wait_for $((30 * slow)) down 1"
	must 'node 1 sees that node 0 is gone' on 1 "wait_for $((30 * slow)) down 0"
	must 'node 0 has said once that node 1 is gone' \
		[ "$(lines_said 0 'node 1 is down')" = $((before + 1)) ]
	mend 1
	must 'the machines find each other after that' all_up 0 1
	must 'what was there all the time is right' all_right 0 1
	must 'nothing was lost by it' on 0 'at_most pers_pages_lost 0 && at_most bad_pages 0'
	must 'both count the same when they are back' agree 0 1
}

# Of files, too, what is elsewhere is right, and read from the disk if it does not come.
# Towards the end: memory is short for the whole machine then, so pages of programs that
# no test looks after may go to the other one, too, and could be lost when it crashes.
test_files() {
	local policy=/sys/module/zcache/parameters/cleancache_policy
	on 0 "cat $policy > /tmp/policy; echo all > $policy; percent $(tenths 2)"
	must 'files are read, and leave the page cache' on 0 "files_right $((24 / less))"
	must 'pages of them go to node 1' on 0 "wait_for $((30 * slow)) at_least eph_pages_remoted 500"
	must 'files are right once more' on 0 "files_right $((24 / less))"
	must 'pages of them came from node 1' on 0 'at_least remote_eph_pages_succ_get 100'
	must 'both count the same file pages' agree_on_files
	freeze 1
	must 'files are right although node 1 does not answer' on 0 "files_right $((24 / less))"
	must 'it was asked in vain' on 0 'at_least remote_eph_pages_unsucc_get 1'
	thaw 1
	must 'they find each other after the files' all_up 0 1
	must 'the files are not there any more' on 0 'umount /tmp/data'
	must 'node 1 has nothing of them' on 1 "wait_for $((30 * slow)) at_most foreign_eph_pages 0"
	on 0 "cat /tmp/policy > $policy; percent $few"
}

# What node 1 has dropped node 0 finds out when it asks.
agree_on_files() {
	local ours theirs try
	for try in 1 2 3 4 5 6 7 8 9 10; do
		ours=$(on 0 get remote_eph_pages)
		theirs=$(on 1 get foreign_eph_pages)
		[ "$ours" != "$theirs" ] || return 0
		sleep 0.5
	done
	echo "node 0 has $ours file pages elsewhere, node 1 has $theirs"
	return 1
}

# A peer that stands still for longer than the limit: errors, in time, no hang.
test_freeze() {
	changed 0 1 > /dev/null
	must 'pages go out before the freeze' went_out 0 1000
	freeze 1
	must 'node 0 sees that node 1 does not answer' on 0 "wait_for $((30 * slow)) down 1"
	must 'a program that wants a page gets an error, and does not hang' some_lost
	thaw 1
	must 'the machines find each other after the freeze' all_up 0 1
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
	must 'its pages go out' went_out 0 1000
	crash 1
	must 'node 1 starts again' start 1
	on 1 'percent 50; join 0 1'
	must 'the machines find each other after the restart' all_up 0 1
	must 'the loss is known and counted' on 0 "wait_for $((20 * slow)) at_least pers_pages_lost 1"
	must 'and said once' [ "$(lines_said 0 'node 1 has lost [1-9].* swap pages of ours')" = 1 ]
	must 'no page is wrong' not_wrong 2
	must 'node 0 has nothing there any more' agree 0 1
}

# lines_said NODE PATTERN: how many such lines its kernel has said
lines_said() { on "$1" "dmesg | grep -c '$2'"; }

not_wrong() {
	local line
	tell 0 USR1 "$1" || return
	line=$(said 0 "$1")
	echo "$line"
	[[ $line == *' wrong 0 '* ]]
}

test_leave() {
	on 0 'let_go 2'
	must 'memory that is freed is forgotten by node 1' none_left 1
	must 'node 0 is given memory' hold 0 60 3
	must 'its pages go out before it leaves' went_out 0 500
	on 0 'percent 60'
	must 'node 0 leaves, and brings its pages home' on 0 leave
	must 'it has nothing outside' on 0 'at_most remote_pers_pages 0'
	must 'node 1 has nothing of it' none_left 1
	must 'what has come home is charged again' on 0 'wait_for 20 charged'
	must 'all pages are right at home' all_right 0 3
}

test_guest_leaves() {
	on 0 "percent $few; echo 1 > /sys/kernel/config/ramster/test/enable"
	must 'they find each other again' all_up 0 1
	must 'pages go out to who will leave' changed 0 3
	must 'there are some there' went_out 0 300
	on 0 'percent 60'
	must 'node 1 leaves, and has them fetched' on 1 leave
	must 'node 0 has all at home' on 0 'at_most remote_pers_pages 0'
	must 'and right' all_right 0 3
}

# patience REQUEST_MS DEAD_MS: of both, which are in no cluster for a moment
patience() {
	local node dir=/sys/kernel/config/ramster/test
	for node in 0 1; do
		on "$node" "leave; echo $1 > $dir/request_ms; echo $2 > $dir/dead_ms" || return
	done
	for node in 0 1; do
		on "$node" "echo 1 > $dir/enable" || return
	done
}

# Drained, a machine has no swap pages, neither at home nor elsewhere.
test_drain() {
	on 1 'echo 1 > /sys/kernel/config/ramster/test/enable'
	on 0 "let_go 3; percent $few"
	must 'they find each other before it is drained' all_up 0 1
	must 'memory is swapped out before it is drained' hold 0 60 6
	must 'pages go out before it is drained' went_out 0 500
	must 'node 0 is drained' on 0 'echo 1 > /sys/kernel/mm/zcache/drain'
	must 'it has nothing here or there' \
		on 0 'at_most remote_pers_pages 0 && at_most zcache/pers_zpages 0'
	must 'node 1 has nothing of it then' none_left 1
	must 'all pages are right on the disk' all_right 0 6
	on 0 'let_go 6'
	must 'its group is charged with nothing then' on 0 'wait_for 20 nothing_charged'
	must 'it is on again' on 0 'echo 1 > /sys/module/zcache/parameters/enabled'
	must 'memory is swapped out after that' hold 0 60 7
	must 'pages go out after that' went_out 0 500
	must 'all come back right' all_right 0 7
	on 0 'let_go 7'
}

# Pages that are elsewhere are fetched by who switches off the swap area.
test_swapoff() {
	must 'memory is swapped out before swap is switched off' hold 0 40 8
	must 'pages go out before swap is switched off' went_out 0 500
	must 'swap is switched off, with pages elsewhere' on 0 'swapoff /dev/vda'
	must 'nothing is elsewhere then' on 0 'at_most remote_pers_pages 0'
	must 'node 1 has nothing of it' none_left 1
	must 'nor has it the pool' on 1 "wait_for $((10 * slow)) at_most foreign_pools 1"
	must 'all pages are right in memory' all_right 0 8
	on 0 'let_go 8; swapon /dev/vda'
}

# Who kept them is gone: that takes a while for the first page, not for each.
test_swapoff_of_the_lost() {
	must 'memory is swapped out to who will crash' hold 0 60 9
	must 'pages go out to who will crash' went_out 0 1000
	crash 1
	must 'node 0 sees that node 1 has crashed' on 0 "wait_for $((30 * slow)) down 1"
	must 'swap is switched off in time' on 0 "timeout $((60 * slow)) swapoff /dev/vda"
	must 'what is left is right' not_wrong 9
	on 0 'let_go 9; swapon /dev/vda'
	must 'node 1 starts once more' start 1
	on 1 'percent 50; join 0 1'
	must 'they find each other after the crash' all_up 0 1
}

# Who waits for a page can be killed, long before he would be told that there is none.
test_kill() {
	on 0 "percent $few"
	on 1 'percent 50'
	must 'both become patient' patience 60000 120000
	must 'they find each other once more' all_up 0 1
	must 'memory is swapped out for who will be killed' hold 0 60 5
	must 'pages of it go out' went_out 0 500
	freeze 1
	on 0 'signal USR1 5; sleep 2'
	must 'he has not got all that he wants' on 0 '[ "$(said 5)" = 1 ]'
	must 'who waits for a page dies when he is killed' \
		on 0 "signal KILL 5; wait_for $((8 * slow)) gone \$(cat /tmp/pid.5)"
	thaw 1
	must 'both are as before' patience 3000 3000
	must 'what he had is forgotten' none_left 1
}

# Whatever is where, a machine can be switched off.
test_shutdown() {
	must 'they find each other for the last time' all_up 0 1
	on 0 "percent $few"
	must 'memory is swapped out for the last time' hold 0 60 4
	must 'pages go out for the last time' went_out 0 500
	cut 1
	must 'node 0 goes off, although node 1 does not answer' off 0
	mend 1
	must 'node 1 goes off, although it has pages of others' off 1
}

start 0 && start 1 || { result 1 'two machines start'; finish_all; exit 1; }
prepare
on 1 'join 0 1'
sleep 1	# one is alone for a while
on 0 'join 0 1'
must 'the machines find each other' all_up 0 1
test_there_and_back
test_short_cut
test_long_cut
test_freeze
test_restart
test_leave
test_guest_leaves
test_drain
test_swapoff
test_swapoff_of_the_lost
test_kill
test_files
test_shutdown
finish_all
echo "1..$cases"
