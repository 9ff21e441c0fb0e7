#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A RAMster cluster is described in configfs, started, stopped and removed. What
# cannot be is refused with the right error and one line in the kernel log; what
# runs can be neither changed nor removed. The other nodes do not exist, which a
# cluster has to live with.

. "$(dirname "$0")/common.sh"

configfs=/sys/kernel/config
root=$configfs/ramster
sys=/sys/kernel/mm/ramster
meadow=$root/meadow
uuid=01234567-89ab-cdef-0123-456789abcdef
steps=0
newline='
'

# write FILE TEXT
write() { echo "$2" > "$1"; }

# look FILE: its line in $value, without a process, as this is done often.
look() {
	value=
	read -r value < "$1"
}

is() {
	look "$1"
	[ "$value" = "$2" ] && return
	say "$1: $value, should be $2"
	return 1
}

takes() { write "$1" "$2" && is "$1" "$2"; }

# mark: from here on, count what the driver says.
mark() {
	steps=$((steps + 1))
	step="$marker step $steps."
	echo "$step" > /dev/kmsg
}

lines_said() { dmesg | sed -n "1,/$step/d; /ramster: /p"; }

# said_once TEXT: one line, with that in it.
said_once() {
	lines=$(lines_said)
	case $lines in
	*"$newline"*) ;;
	*"$1"*) return 0 ;;
	esac
	say "one line with \"$1\" expected: $lines"
	return 1
}

# failed_with ERROR TEXT: the shell has said what error it was.
failed_with() {
	case $2 in
	*"$1"*) return 0 ;;
	esac
	say "\"$1\" expected: $2"
	return 1
}

# refuses ERROR REASON FILE TEXT: it fails so, is explained so, changes nothing.
refuses() {
	look "$3"
	before=$value
	mark
	said=$( (write "$3" "$4") 2>&1) && { say "$3 takes \"$4\""; return 1; }
	failed_with "$1" "$said" && said_once "$2" && is "$3" "$before"
}

# refuses_each ERROR REASON FILE TEXT...
refuses_each() {
	error=$1
	reason=$2
	file=$3
	shift 3
	for text; do
		refuses "$error" "$reason" "$file" "$text" ||
			{ say "at \"$text\""; return 1; }
	done
}

invalid='Invalid argument'
busy='resource busy'
range='out of range'

# node NAME NUM ADDRESS PORT LOCAL [CLUSTER]
node() {
	dir=${6:-$meadow}/node/$1
	{ [ -d "$dir" ] || mkdir "$dir"; } && write "$dir/num" "$2" &&
		write "$dir/address" "$3" && write "$dir/port" "$4" && write "$dir/local" "$5"
}

good_meadow() {
	write $meadow/uuid $uuid &&
		node ant 0 127.0.0.1 7770 1 && node bee 1 127.0.0.1 7771 0 &&
		node cow 63 127.0.0.1 7772 0
}

remove_cluster() {
	[ -d "$1" ] || return 0
	echo 0 > "$1/enable"
	for dir in "$1"/node/*/; do
		[ ! -d "$dir" ] || rmdir "$dir"
	done
	rmdir "$1"
}

remove_all() {
	remove_cluster $meadow
	remove_cluster $root/brook
	[ -z "$mounted" ] || umount $configfs
}

mount_configfs() {
	mounted=
	[ -d $root ] && return
	mount -t configfs configfs $configfs 2> /dev/null && mounted=1
	[ -d $root ] && return
	[ -z "$mounted" ] || umount $configfs
	skip_all 'there is no RAMster in this kernel'
}

# Directories and attributes

# refuses_name DIRECTORY NAME
refuses_name() {
	mark
	said=$(mkdir "$1/$2" 2>&1) && { rmdir "$1/$2"; return 1; }
	failed_with "$invalid" "$said" && said_once 'is no name'
}

longest=123456789.123456789.123456789.123456789.123456789.123456789.123

test_names() {
	check 'an odd name of a cluster' refuses_name $root 'mea dow'
	check 'a name that is too long' refuses_name $root ${longest}4
	mkdir $meadow
	check 'an odd name of a node' refuses_name $meadow/node 'a"t'
	check 'the longest name' mkdir $meadow/node/$longest
	rmdir $meadow/node/$longest
	mkdir $meadow/node/ant
}

defaults_are_known() {
	is $meadow/uuid '' && is $meadow/connect_ms 5000 && is $meadow/request_ms 5000 &&
		is $meadow/keepalive_ms 2000 && is $meadow/dead_ms 10000 &&
		is $meadow/enable 0 && is $meadow/node/ant/num '' &&
		is $meadow/node/ant/address '' && is $meadow/node/ant/port '' &&
		is $meadow/node/ant/local 0
}

# test_time NAME MIN MAX
test_time() {
	was=$(cat "$meadow/$1")
	check "$1 takes $2 and $3" both_ends "$meadow/$1" "$2" "$3"
	check "$1 refuses less and more" refuses_each "$range" "meadow: $1 is $2 to $3" \
		"$meadow/$1" $(($2 - 1)) $(($3 + 1)) 4294967396
	check "$1 refuses other words" refuses_each "$invalid" "meadow: $1 is $2 to $3" \
		"$meadow/$1" '' x 0x200 1000ms -1000 '1000 1000'
	write "$meadow/$1" "$was"
}

both_ends() { takes "$1" "$2" && takes "$1" "$3"; }

test_cluster_values() {
	check 'defaults' defaults_are_known
	test_time connect_ms 100 60000
	test_time request_ms 100 60000
	test_time keepalive_ms 50 60000
	test_time dead_ms 200 600000
	check 'uuid is taken' takes $meadow/uuid $uuid
	check 'uuid refuses the rest' refuses_each "$invalid" 'meadow: "' $meadow/uuid \
		'' x 00000000-0000-0000-0000-000000000000 ${uuid}0 "${uuid%f}"
	check 'enable refuses other words' refuses_each "$invalid" 'meadow: enable is 0 or 1' \
		$meadow/enable '' yes 1x
	check 'enable refuses 2' refuses "$range" 'meadow: enable is 0 or 1' $meadow/enable 2
}

addresses_are_taken() {
	for address in 10.1.2.3 fd00::1 2001:db8::7 fe80::1%5; do
		takes "$1" $address || return
	done
}

test_node_values() {
	ant=$meadow/node/ant
	check 'num refuses words, and names the node' refuses_each "$invalid" \
		'meadow: node ant: num is 0 to 63' $ant/num '' x 1x -1
	check 'num takes 0 and 63' both_ends $ant/num 0 63
	check 'num refuses 64, and names node and number' refuses "$range" \
		'meadow: node ant (number 63): num is 0 to 63' $ant/num 64
	check 'port takes 1 and 65535' both_ends $ant/port 1 65535
	check 'port refuses less and more' refuses_each "$range" \
		'node ant (number 63): port is 1 to 65535' $ant/port 0 65536 70000
	check 'port refuses words' refuses_each "$invalid" 'port is 1 to 65535' $ant/port x ''
	check 'local refuses the rest' refuses_each "$range" 'local is 0 or 1' $ant/local 2 7
	check 'addresses are taken' addresses_are_taken $ant/address
	check 'what is no address of one machine is not' refuses_each "$invalid" \
		'node ant (number 63): "' $ant/address '' host 10.0.0 10.0.0.1.1 10.0.0.256 \
		0.0.0.0 224.0.0.1 255.255.255.255 :: ff02::1 fe80::1 fe80::1%nosuch \
		fd00::1%1 ::ffff:10.0.0.1 '10.0.0.1 10.0.0.2' 10.0.0.1:7777
}

# The whole of it

# cannot_enable ERROR REASON
cannot_enable() {
	refuses "$1" "cluster meadow cannot be enabled: $2" $meadow/enable 1 &&
		[ ! -d $sys/peers ]
}

# without FILE NODE REASON: a node that has been made anew, and lacks one thing.
without() {
	rmdir "$meadow/node/$2"
	mkdir "$meadow/node/$2"
	case $1 in
	num) ;;
	address) write "$meadow/node/$2/num" 1 && write "$meadow/node/$2/port" 7771 ;;
	port) write "$meadow/node/$2/num" 1 && write "$meadow/node/$2/address" 127.0.0.1 ;;
	esac
	cannot_enable "$invalid" "$3"
}

test_incomplete() {
	remove_cluster $meadow
	mkdir $meadow
	check 'without uuid' cannot_enable "$invalid" 'it has no uuid'
	write $meadow/uuid $uuid
	check 'without nodes' cannot_enable "$invalid" 'no node is local'
	good_meadow
	check 'without num' without num bee 'node bee has no num'
	check 'without address' without address bee 'node bee (number 1) has no address'
	check 'without port' without port bee 'node bee (number 1) has no port'
	good_meadow
}

test_contradictions() {
	write $meadow/keepalive_ms 10000
	check 'keepalive_ms as long as dead_ms' cannot_enable "$invalid" 'keepalive_ms, 10000'
	write $meadow/keepalive_ms 2000
	write $meadow/node/ant/local 0
	check 'no local node' cannot_enable "$invalid" 'no node is local'
	write $meadow/node/ant/local 1
	write $meadow/node/cow/local 1
	check 'two local nodes' cannot_enable "$invalid" 'nodes ant (number 0) and cow (number 63) are both local'
	write $meadow/node/cow/local 0
	write $meadow/node/cow/num 1
	check 'the same number twice' cannot_enable 'not unique' 'nodes cow and bee have the same number 1'
	write $meadow/node/cow/num 63
	write $meadow/node/cow/port 7771
	check 'the same address twice' cannot_enable 'Address already in use' \
		'nodes cow (number 63) and bee (number 1) have the same address'
	write $meadow/node/cow/port 7772
	write $meadow/node/ant/address 192.0.2.1
	check 'an address of another machine' cannot_enable 'requested address' \
		'this machine has not got the address of its node'
	write $meadow/node/ant/address 127.0.0.1
}

# Port 7770, in hex.
listens() { grep -qi ' 0100007F:1E5A 00000000:0000 0A' /proc/net/tcp; }

# Somebody else does.
port_is_taken() {
	"$here/zctool" listen 7770 &
	other=$!
	for i in $(seq 50); do
		! listens || break
		sleep 0.1
	done
	listens && cannot_enable 'Address already in use' \
		'something else listens at the port of its node'
	status=$?
	kill $other
	wait $other 2> /dev/null
	return $status
}

has_threads() { ps | grep -q '[r]amster_[rt]x'; }

# peers_are NR: so many are shown
peers_are() {
	set -- "$1" $sys/peers/*/
	[ $# = $(($1 + 1)) ]
}

# Each has two threads, and none can be reached.
all_nodes_at_once() {
	for i in $(seq 4 64); do
		node "more$i" $((i - 2)) 127.0.0.2 $((7770 + i)) 0 || return
	done
	mark
	takes $meadow/enable 1 && peers_are 63 && [ "$(cat $sys/peers/62/name)" = more64 ] &&
		lines_said | grep -q 'meadow is enabled: 64 nodes, this one is ant (number 0)' &&
		takes $meadow/enable 0 && ! has_threads
}

rest_of_nodes() {
	for i in $(seq 4 64); do
		mkdir "$meadow/node/more$i" || return
	done
	mark
	said=$(mkdir $meadow/node/more65 2>&1) && return 1
	failed_with 'No space left' "$said" && said_once 'no room for node more65'
}

test_number_of_nodes() {
	check '64 nodes, and not one more' rest_of_nodes
	check 'a cluster of all of them' all_nodes_at_once
	rmdir $meadow/node/more*
}

# refuses_now FILE TEXT
refuses_now() { refuses "$busy" "cluster meadow is enabled: " "$meadow/$1" "$2"; }

nothing_can_change() {
	refuses_now uuid $uuid && refuses_now connect_ms 1000 && refuses_now request_ms 1000 &&
		refuses_now keepalive_ms 1000 && refuses_now dead_ms 5000 &&
		refuses_now node/bee/num 5 && refuses_now node/bee/address 127.0.0.2 &&
		refuses_now node/bee/port 5 && refuses_now node/bee/local 1
}

# stays DIRECTORY
stays() {
	said=$(rmdir "$1" 2>&1) && return 1
	failed_with "$busy" "$said" && [ -d "$1" ]
}

no_new_node() {
	mark
	said=$(mkdir $meadow/node/dog 2>&1) && return 1
	failed_with "$busy" "$said" && said_once 'cluster meadow is enabled'
}

one_at_a_time() {
	mkdir $root/brook && write $root/brook/uuid $uuid &&
		node eel 5 127.0.0.1 7780 1 $root/brook || return
	refuses "$busy" 'brook cannot be enabled: meadow is' $root/brook/enable 1 &&
		is $meadow/enable 1 && remove_cluster $root/brook
}

peers_are_shown() {
	[ "$(cd $sys/peers && echo *)" = '1 63' ] || return
	for num in 1 63; do
		for file in in_flight waiting room ups bad_messages; do
			case $(cat "$sys/peers/$num/$file") in
			'' | *[!0-9]*) say "$num/$file is no number"; return 1 ;;
			esac
		done
		case $(cat "$sys/peers/$num/state") in
		down | connecting) ;;
		*) say "$num is $(cat "$sys/peers/$num/state")"; return 1 ;;
		esac
		cat "$sys/peers/$num/last_error" > /dev/null || return
	done
	is $sys/peers/1/name bee && is $sys/peers/63/name cow
}

target_is_a_peer() {
	target=$sys/remote_target_nodenum
	is $target auto && takes $target 63 && takes $target 1 &&
		refuses_each 'No such file' 'there is no peer' $target 0 2 62 &&
		refuses_each "$invalid" 'remote_target_nodenum is auto' $target 64 -1 x '' 1x &&
		takes $target auto && takes $target 63
}

# The others have been told which it is.
compressor_stays() {
	before=$(cat $parameters/compressor)
	! (echo lzo > $parameters/compressor) 2> /dev/null &&
		[ "$(cat $parameters/compressor)" = "$before" ]
}

compressor_changes() {
	echo lzo > $parameters/compressor && [ "$(cat $parameters/compressor)" = lzo ] &&
		echo lzo-rle > $parameters/compressor
}

test_enabled() {
	check 'somebody else has the port' port_is_taken
	mark
	check 'nobody listens before it is enabled' eval '! listens && ! has_threads'
	check 'it can be enabled' takes $meadow/enable 1
	check 'somebody does then' eval 'listens && has_threads'
	check 'the log names this node' said_once 'meadow is enabled: 3 nodes, this one is ant (number 0)'
	mark
	check 'again is no news' takes $meadow/enable 1
	check 'and not worth a line' [ -z "$(lines_said)" ]
	check 'nothing can be changed' nothing_can_change
	check 'a node stays' stays $meadow/node/bee
	check 'this node stays' stays $meadow/node/ant
	check 'the cluster stays' stays $meadow
	check 'no node comes' no_new_node
	check 'no other cluster' one_at_a_time
	check 'no other compressor' compressor_stays
	check 'peers are shown' peers_are_shown
	check 'the target is a peer' target_is_a_peer
}

test_disabled() {
	mark
	check 'it can be disabled' takes $meadow/enable 0
	check 'the log says so' said_once 'meadow is not enabled any more'
	check 'no peers are shown' [ ! -e $sys/peers ]
	check 'nobody listens any more' eval '! listens && ! has_threads'
	check 'the target is auto again' is $sys/remote_target_nodenum auto
	check 'nor is there one to choose' refuses 'No such file' 'there is no peer 1' \
		$sys/remote_target_nodenum 1
	check 'it can be changed' takes $meadow/node/bee/port 7777
	check 'the compressor, too' compressor_changes
	check 'a node goes' rmdir $meadow/node/bee
	good_meadow
}

again_and_again() {
	for i in $(seq 20); do
		{ takes $meadow/enable 1 && [ -d $sys/peers/63 ] &&
			takes $meadow/enable 0 && [ ! -e $sys/peers ]; } ||
			{ say "round $i"; return 1; }
	done
}

# Readers, while that of which they read comes and goes.
read_peers() {
	while [ -e "$reading" ]; do
		cat $sys/peers/*/* $meadow/* $meadow/node/*/* > /dev/null 2>&1
	done
}

with_readers() {
	reading=$(mktemp)
	read_peers &
	reader=$!
	"$@"
	status=$?
	rm -f "$reading"
	wait $reader
	return $status
}

test_knobs() {
	check 'interface_revision' is $sys/interface_revision 2
	for knob in pers_remotify_enable eph_remotify_enable; do
		check "$knob is on" is $sys/$knob 1
		check "$knob takes 0 and 1" both_ends $sys/$knob 0 1
		check "$knob refuses the rest" refuses_each "$invalid" "$knob is 0 or 1" \
			$sys/$knob 2 -1 x ''
	done
}

begin 74
mount_configfs
at_end remove_all
# The node listens there.
ip link set lo up 2> /dev/null || ifconfig lo up
test_knobs
test_names
test_cluster_values
test_node_values
test_incomplete
test_contradictions
test_number_of_nodes
test_enabled
test_disabled
check 'on and off 20 times' again_and_again
check 'on and off 20 times, being read' with_readers again_and_again
check 'all can be removed' remove_cluster $meadow
finish
