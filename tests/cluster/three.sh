#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Three machines: pages are spread over several, or go where the user wants; all
# press on each other; the network is bad; and one leaves while the others work.

nodes='0 1 2'
. "$(dirname "$0")/lib.sh"

target=/sys/kernel/mm/ramster/remote_target_nodenum

# The first one has little room for compressed pages.
prepare() {
	on 0 "percent $few"
	on 1 'percent 50'
	on 2 'percent 50'
}

# Hours apart would be the same: nobody waits for anybody.
join_all() {
	local node
	for node in 2 0 1; do
		on "$node" 'join 0 1 2' || return
		sleep 1
	done
}

test_spread() {
	must 'memory of node 0 is swapped out' hold 0 120 1
	must 'its pages go out' went_out 0 2000
	must 'node 1 has some of them' here 1 100
	must 'node 2 has some of them' here 2 100
	must 'all three count the same' agree 0 1 2
	must 'all pages come back right' all_right 0 1
}

count_on_node_1() { on 1 get foreign_pers_pages; }

test_target() {
	local before
	must 'there is no node 9 to send pages to' on 0 "! echo 9 > $target"
	on 0 "echo 2 > $target"
	before=$(count_on_node_1)
	must 'pages go out to the node that is wanted' changed 0 1
	must 'it has some' here 2 300
	must 'and the other one has got none' [ "$(count_on_node_1)" -le "$before" ]
	on 0 "echo auto > $target"
	must 'what is on both comes back right' all_right 0 1
}

test_all_press() {
	local node press=()
	on 1 "percent $few"
	on 2 "percent $few"
	must 'memory of node 1 is swapped out' hold 1 100 1
	must 'memory of node 2 is swapped out' hold 2 100 1
	for node in $nodes; do
		changed_right "$node" 1 > /dev/null 2>&1 &
		press[node]=$!
	done
	for node in $nodes; do
		must "pages of node $node are right while all press" wait "${press[node]}"
	done
}

# Not busybox's tc, which knows no netem.
bad_network() { each_cable /sbin/tc qdisc add dev CABLE root netem delay 20ms loss 5%; }
good_network() { each_cable /sbin/tc qdisc del dev CABLE root; }

# All of it is read: who hangs up before leaves an answer for the next question.
has_lost_packets() {
	on 0 '/sbin/tc -s qdisc show' | grep 'dropped [1-9]'
}

each_cable() {
	local node
	for node in $nodes; do
		on "$node" "on_all_cables $*" || return
	done
}

# Few pages: each that comes back takes 40 ms.
test_bad_network() {
	local node
	for node in $nodes; do
		on "$node" 'let_go 1'
	done
	must 'memory that is freed is forgotten by all' none_left 0 1 2
	on 0 "percent $(tenths 4)"
	on 1 'percent 50'
	on 2 'percent 50'
	must 'the network delays and loses packets' bad_network
	must 'memory is swapped out over it' hold 0 40 2
	must 'pages go out over it' went_out 0 500
	must 'they come back right over it' all_right 0 2
	must 'packets were lost' has_lost_packets
	must 'the network is good again' good_network
	must 'all are there' all_up 0 1 2
	must 'all three count the same after that' agree 0 1 2
}

# Who wants his memory back gets it, although there is hardly any at home.
test_moves_on() {
	on 0 'let_go 2'
	must 'memory is swapped out again' hold 0 40 3
	must 'pages go out to both' changed 0 3
	must 'there are some on node 1' here 1 200
	must 'node 1 leaves, while node 0 has no room' on 1 leave
	must 'node 1 has nothing of others then' on 1 'at_most foreign_pers_pages 0'
	must 'pages went on from it' on 0 'get pages_sent_on; at_least pages_sent_on 100'
	must 'all that is outside is with node 2' agree 0 2
	must 'all pages that went on are right' all_right 0 3
	on 1 'echo 1 > /sys/kernel/config/ramster/test/enable'
	must 'node 1 is back' all_up 0 1 2
}

test_leave() {
	must 'pages go out to who stays and who will leave' changed 0 3
	on 0 'percent 60'
	must 'node 1 leaves, and has pages fetched' on 1 leave
	must 'node 1 has nothing of others' on 1 'at_most foreign_pers_pages 0'
	must 'all pages are right without it' all_right 0 3
	must 'node 2 leaves, too' on 2 leave
	must 'nothing is elsewhere' on 0 'at_most remote_pers_pages 0'
	must 'all pages are right at home' all_right 0 3
	must 'nobody has lost a page, or got a wrong one' \
		on 0 'at_most pers_pages_lost 0 && at_most bad_pages 0'
}

for node in $nodes; do
	start "$node" || { result 1 'three machines start'; finish_all; exit 1; }
done
prepare
must 'each joins when it likes' join_all
must 'the machines find each other' all_up 0 1 2
test_spread
test_target
test_all_press
test_bad_network
test_moves_on
test_leave
must 'swap is switched off' on 0 'let_go 3; swapoff /dev/vda'
finish_all
echo "1..$cases"
