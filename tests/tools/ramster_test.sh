#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Usage: tests/tools/ramster_test.sh
#
# The program ramster, against plain files and directories in place of configfs
# and sysfs, as TAP. mkdir makes the attributes that the kernel would make, rmdir
# removes them, and what else would touch the machine is written down in place of
# being done.

# shellcheck disable=SC2317 # checks are called by name
cd "$(dirname "$0")/../.." || exit
root=$PWD
ramster=$root/tools/ramster
tab='	'
. tests/tools/tap.sh

# A machine to play with

# fake NAME: a program, from the standard input.
fake() {
	{ echo '#!/bin/sh'; cat; } > "$work/bin/$1"
	chmod +x "$work/bin/$1"
}

make_fakes() {
	mkdir -p "$work/bin"
	fake mkdir << 'END'
[ ! -e "$WORK/no-mkdir" ] || { echo 'mkdir: no' >&2; exit 1; }
/bin/mkdir "$@" || exit
case $1 in
*/node/*) names='num address port local' ;;
*) names='uuid connect_ms request_ms keepalive_ms dead_ms enable'; /bin/mkdir "$1/node" ;;
esac
for name in $names; do
	echo > "$1/$name"
done
[ ! -e "$WORK/no-$(basename "$1")" ] || { rm "$1/port"; /bin/mkdir "$1/port"; }
[ ! -e "$WORK/no-enable" ] || { rm -f "$1/enable"; /bin/mkdir "$1/enable"; }
[ ! -e "$1/local" ] || echo 0 > "$1/local"
END
	fake rmdir << 'END'
[ ! -e "$WORK/no-rmdir" ] || exit 1
[ -z "$(ls "$1/node" 2> /dev/null)" ] || exit 1
rm -r "$1"
echo "rmdir ${1#$WORK/}" >> "$WORK/did"
END
	fake ip << 'END'
for last; do :; done
grep -qx -- "$last" "$WORK/addresses" && echo "2: eth0 inet $last"
[ "$4" != dev ] || echo "ip dev $5" >> "$WORK/did"
END
	fake mountpoint << 'END'
[ -e "$WORK/mounted" ]
END
	fake mount << 'END'
echo "mount $*" >> "$WORK/did"
[ ! -e "$WORK/no-mount" ] && : > "$WORK/mounted"
END
	fake modprobe << 'END'
echo "modprobe $1" >> "$WORK/did"
[ -e "$WORK/no-module" ] || [ "$1" != zcache ] || /bin/mkdir "$WORK/config/ramster"
END
	fake dmesg << 'END'
cat "$WORK/log"
[ ! -d "$WORK/config/ramster/meadow" ] ||
	echo '[ 2.0] ramster: cluster meadow cannot be enabled: the moon is full'
END
	fake swapoff << 'END'
echo "swapoff $1" >> "$WORK/did"
[ ! -e "$WORK/no-swapoff" ] || exit 1
sed -i "\,^$1 ,d" "$WORK/proc/swaps"
END
	fake swapon << 'END'
echo "swapon $*" >> "$WORK/did"
END
	fake systemctl << 'END'
cat "$WORK/state"
END
	fake sleep << 'END'
rm -f "$WORK/no-swapoff"
END
}

# A machine on which nothing runs.
reset() {
	rm -rf "$work/config" "$work/mm" "$work/proc" "$work"/no-* "$work/mounted"
	mkdir -p "$work/config/ramster" "$work/mm" "$work/proc"
	echo running > "$work/state"
	echo 10.0.0.2 > "$work/addresses"
	echo '[ 1.0] ramster: something old' > "$work/log"
	echo auto > "$work/mm/remote_target_nodenum"
	echo 1 > "$work/mm/pers_remotify_enable"
	echo 0 > "$work/mm/eph_remotify_enable"
	printf '%s\n' 'Filename Type Size Used Priority' '/dev/sda1 partition 99 7 5' \
		'/swap file 99 7 -2' > "$work/proc/swaps"
	: > "$work/did"
	meadow > "$work/conf"
}

# ram ARGUMENT...: sets out, err and status.
ram() {
	out=$(WORK=$work PATH=$work/bin:$PATH RAMSTER_CONFIGFS=$work/config \
		RAMSTER_SYSFS=$work/mm RAMSTER_PROC=$work/proc \
		"$ramster" -c "$work/conf" "$@" 2> "$work/err")
	status=$?
	err=$(cat "$work/err")
}

ends_with() { equal "$status" "$1"; }

# works ARGUMENT...
works() {
	ram "$@"
	ends_with 0 && equal "$err" ''
}

# fails STATUS TEXT ARGUMENT...: and says that.
fails() {
	fails_with=$1
	why=$2
	shift 2
	ram "$@"
	ends_with "$fails_with" && contains "$err" "$why"
}

meadow() {
	cat << END
# A cluster for tests.
cluster:
${tab}name = meadow
${tab}node_count = 3

node:
${tab}cluster = meadow
${tab}number = 0
${tab}name = ant
${tab}ip_address = 10.0.0.1
${tab}ip_port = 7777

node:
${tab}cluster = meadow
${tab}number = 7${tab}# lucky
${tab}name = bee
${tab}ip_address = 10.0.0.2
${tab}ip_port = 7777

node:
${tab}cluster = meadow
${tab}number = 63
${tab}name = cow
${tab}ip_address = fd00::3
${tab}ip_port = 7778
END
}

# The configuration

# refuses LINE TEXT SED-COMMAND: the meadow, spoiled so, and no words but these.
refuses() {
	meadow | sed "$3" > "$work/conf"
	ram configure
	ends_with 1 && equal "$err" "ramster: $work/conf:$1: $2" && equal "$out" ''
}

test_layout() {
	check 'no stanza' refuses 1 'expected cluster: or node: at the beginning of the line, or a tab before key = value, found "name = x"' '1s/.*/name = x/'
	check 'unknown stanza' refuses 6 'expected cluster: or node: at the beginning of the line, or a tab before key = value, found "nodes:"' '6s/.*/nodes:/'
	check 'key before any stanza' refuses 1 'expected cluster: or node: before any key' "1s/.*/${tab}name = x/"
	check 'blanks in place of a tab' refuses 3 'expected a tab at the beginning of the line, found blanks' "3s/$tab/    /"
	check 'no equals sign' refuses 3 'expected key = value, found "name meadow"' '3s/= //'
	check 'unknown key' refuses 8 'expected one of cluster number name ip_address ip_port, found "numer"' '8s/number/numer/'
	check 'key of the other stanza' refuses 7 'expected one of cluster number name ip_address ip_port, found "uuid"' '7s/cluster/uuid/'
	check 'key twice' refuses 9 'expected number once, found it in line 8 too' '9s/name/number/'
	check 'missing key' refuses 6 'expected ip_port = in this node, found none' '11d'
	check 'missing key of the cluster' refuses 2 'expected node_count = in this cluster, found none' '4d'
	check 'missing key at the end' refuses 20 'expected ip_port = in this node, found none' '25d'
	check 'two clusters' refuses 6 'expected one cluster, found another one after that in line 2' '6s/node/cluster/'
	check 'no cluster' refuses 22 'expected cluster: somewhere, found none' '2,4d'
	check 'empty value' refuses 3 'expected name = up to 63 letters, digits, dots, hyphens and underscores, found nothing' '3s/meadow//'
}

# refuses_values LINE TEXT KEY VALUE...
refuses_values() {
	at=$1
	text=$2
	key=$3
	shift 3
	for text_value; do
		refuses "$at" "expected $key = $text, found \"$text_value\"" \
			"$at,\$s!$key = .*!$key = $text_value!" || return
	done
}

# A time goes where the comment is not.
test_values() {
	check 'node_count' refuses_values 4 'a number from 1 to 64' node_count 0 65 x 3x -1 99999999999
	check 'number' refuses_values 8 'a number from 0 to 63' number 64 -1 x 0x3
	check 'ip_port' refuses_values 11 'a number from 1 to 65535' ip_port 0 65536 x
	check 'ip_address' refuses_values 10 'an IPv4 or IPv6 address' ip_address \
		10.0.0 10.0.0.256 10.0.0.1.2 host 10.0.0.1:7 010.0.0.1 fd00 fd00:::1 '10.0.0.1 x'
	check 'name' refuses_values 9 'up to 63 letters, digits, dots, hyphens and underscores' \
		name 'a b' 'a"b' a/b naïve
	for key in connect_ms:100:60000 request_ms:100:60000 keepalive_ms:50:60000 dead_ms:200:600000; do
		test_time "${key%%:*}" "$(echo $key | cut -d: -f2)" "${key##*:}"
	done
	check 'uuid' refuses 5 'expected uuid = a uuid like 01234567-89ab-cdef-0123-456789abcdef, found "01234567-89ab"' \
		"5s/^/${tab}uuid = 01234567-89ab/"
}

test_time() {
	below=$(($2 - 1))
	above=$(($3 + 1))
	check "$1, too small" refuses 5 "expected $1 = a number from $2 to $3, found \"$below\"" \
		"5s/^/$tab$1 = $below/"
	check "$1, too large" refuses 5 "expected $1 = a number from $2 to $3, found \"$above\"" \
		"5s/^/$tab$1 = $above/"
}

test_contradictions() {
	check 'node_count is not right' refuses 4 'expected node_count = 3, as there are so many nodes, found 2' '4s/3/2/'
	check 'node of another cluster' refuses 14 'expected cluster = meadow, found "brook"' '14s/meadow/brook/'
	check 'a name twice' refuses 16 'expected a name of its own, found ant in line 9 too' '16s/bee/ant/'
	check 'a number twice' refuses 15 'expected a number of its own, found 0 in line 8 too' '15s/7/0/'
	check 'an address twice' refuses 17 'expected an address and port of its own, found 10.0.0.1 port 7777 in line 10 too' '17s/10.0.0.2/10.0.0.1/'
	check 'keepalive_ms is not less' refuses 5 'expected keepalive_ms to be less than dead_ms, found 10000 and 10000' \
		"5s/^/${tab}keepalive_ms = 10000/"
	check 'dead_ms is not more' refuses 5 'expected keepalive_ms to be less than dead_ms, found 2000 and 2000' \
		"5s/^/${tab}dead_ms = 2000/"
	reset
	rm "$work/conf"
	check 'no file' fails 1 "$work/conf cannot be read" configure
}

table_is_right() {
	works configure && equal "$out" "cluster meadow
uuid accc5896-2e27-5748-bec1-c09af55c387b, made from the name
connect_ms 5000, request_ms 5000, keepalive_ms 2000, dead_ms 10000

number  name  address   port
0       ant   10.0.0.1  7777
7       bee   10.0.0.2  7777  this machine
63      cow   fd00::3   7778"
}

all_keys_count() {
	meadow | sed "5s/^/${tab}uuid = 01234567-89AB-CDEF-0123-456789abcdef\n${tab}connect_ms = 101\n${tab}request_ms = 102\n${tab}keepalive_ms = 103\n${tab}dead_ms = 204\n/" > "$work/conf"
	works configure && contains "$out" 'uuid 01234567-89ab-cdef-0123-456789abcdef
connect_ms 101, request_ms 102, keepalive_ms 103, dead_ms 204'
}

# Python and uuidgen make the same of it.
uuids_are_version_5() {
	for pair in a:c36e6a6f-27e0-538d-8dfe-abe9e9b4bd48 Cluster-7_x.y:c0950e89-fd0e-5213-a6a9-9d93effbd91b; do
		meadow | sed "s/meadow/${pair%:*}/" > "$work/conf"
		works configure && contains "$out" "uuid ${pair#*:}," || return
	done
}

with_carriage_returns() {
	meadow | sed 's/$/\r/' > "$work/conf"
	works configure && contains "$out" 'cluster meadow
'
}

test_configure() {
	reset
	check 'the table' table_is_right
	check 'all keys' all_keys_count
	check 'uuids from names' uuids_are_version_5
	check 'lines that end as in DOS' with_carriage_returns
	check 'the example' works -c "$root/tools/ramster.conf.example" configure
	check 'it says that no node is local' contains "$out" 'No node is this machine'
}

# start

tree() { (cd "$work/config/ramster" && grep -r . . | sort); }

meadow_is_told() {
	equal "$(tree)" './meadow/connect_ms:5000
./meadow/dead_ms:10000
./meadow/enable:1
./meadow/keepalive_ms:2000
./meadow/node/ant/address:10.0.0.1
./meadow/node/ant/local:0
./meadow/node/ant/num:0
./meadow/node/ant/port:7777
./meadow/node/bee/address:10.0.0.2
./meadow/node/bee/local:1
./meadow/node/bee/num:7
./meadow/node/bee/port:7777
./meadow/node/cow/address:fd00::3
./meadow/node/cow/local:0
./meadow/node/cow/num:63
./meadow/node/cow/port:7778
./meadow/request_ms:5000
./meadow/uuid:accc5896-2e27-5748-bec1-c09af55c387b'
}

nothing_is_left() { equal "$(ls "$work/config/ramster")" ''; }

test_start() {
	reset
	check 'start' works start
	check 'it says who this is' equal "$out" 'cluster meadow runs, this machine is bee'
	check 'the kernel knows all' meadow_is_told
	check 'start again' works start
	check 'nothing new' equal "$out" 'cluster meadow runs already, this machine is bee'
	check 'still as it was' meadow_is_told
	sed -i 's/7778/7779/' "$work/conf"
	check 'with another configuration' fails 1 'with another configuration than' start
	check 'as another node' fails 1 'with another configuration than' --local ant start
	meadow | sed 's/meadow/brook/' > "$work/conf"
	check 'beside another cluster' fails 1 'cluster meadow runs: ramster stop ends it' start
	echo 0 > "$work/config/ramster/meadow/enable"
	echo 9 > "$work/config/ramster/meadow/dead_ms"
	meadow > "$work/conf"
	check 'over what was left' works start
	check 'is as from scratch' meadow_is_told
}

test_local() {
	reset
	printf '%s\n' 10.0.0.1 10.0.0.2 > "$work/addresses"
	check 'two nodes have our addresses' fails 1 'say --local with one of ant bee' start
	check '--local tells them apart' works --local ant start
	check 'and is heeded' equal "$(cat "$work/config/ramster/meadow/node/ant/local")" 1
	reset
	: > "$work/addresses"
	check 'no node has our address' fails 1 'correct ip_address, or say --local NAME' start
	check '--local with nobody' fails 1 'has no node dog' --local dog start
	check 'nothing has been done' nothing_is_left
	sed -i 's/10.0.0.2/fe80::2%eth7/' "$work/conf"
	echo fe80::2 > "$work/addresses"
	check 'link-local' works start
	check 'on its interface' contains "$(cat "$work/did")" 'ip dev eth7'
}

test_loading() {
	reset
	rm -r "$work/config/ramster"
	check 'mounts and loads' works start
	check 'in this order' equal "$(cat "$work/did")" "mount -t configfs configfs $work/config
modprobe zcache"
	reset
	rm -r "$work/config/ramster"
	: > "$work/mounted"
	: > "$work/no-module"
	check 'no RAMster there' fails 1 'this kernel has no RAMster' start
	check 'not mounted twice' equal "$(cat "$work/did")" 'modprobe zcache'
	reset
	rm -r "$work/config/ramster"
	: > "$work/no-mount"
	check 'cannot be mounted' fails 1 'configfs cannot be mounted' start
}

test_refusals() {
	reset
	: > "$work/no-enable"
	check 'enable is refused' fails 1 "cannot write 1 to $work/config/ramster/meadow/enable" start
	check 'the kernel has its say' contains "$err" ': the moon is full'
	check 'nothing is left' nothing_is_left
	reset
	: > "$work/no-cow"
	check 'a value is refused' fails 1 "cannot write 7778 to $work/config/ramster/meadow/node/cow/port" start
	check 'nothing is left of that' nothing_is_left
	reset
	: > "$work/no-mkdir"
	check 'a directory is refused' fails 1 'cannot make' start
}

# stop

test_stop() {
	reset
	check 'nothing to stop' works stop
	check 'it says so' equal "$out" 'no cluster runs'
	ram start
	check 'stop' works stop
	check 'it says that too' equal "$out" 'cluster meadow does not run any more'
	check 'all is gone' nothing_is_left
	check 'nodes first, no swapoff' equal "$(cat "$work/did")" 'rmdir config/ramster/meadow/node/ant
rmdir config/ramster/meadow/node/bee
rmdir config/ramster/meadow/node/cow
rmdir config/ramster/meadow'
	check 'stop again' works stop
	ram start
	: > "$work/no-rmdir"
	check 'a directory that stays' fails 1 'cannot be removed: does a program use it?' stop
}

# swaps DID: in this order, the directories left out.
swaps() { equal "$(grep -v rmdir "$work/did")" "$1"; }

test_swapoff() {
	reset
	check 'without a cluster swap stays on' works stop --swapoff
	check 'indeed' swaps ''
	ram start
	check 'stop --swapoff' works stop --swapoff
	check 'off, and on with its priority' swaps 'swapoff /dev/sda1
swapoff /swap
swapon -p 5 /dev/sda1
swapon /swap'
	check 'off before the cluster stops' equal "$(sed -n 3p "$work/did")" 'rmdir config/ramster/meadow/node/ant'
	reset
	ram start
	echo stopping > "$work/state"
	: > "$work/no-swapoff"
	check 'while the system goes down' works stop --swapoff
	check 'again until there is memory, and off for good' swaps 'swapoff /dev/sda1
swapoff /dev/sda1
swapoff /swap'
	reset
	ram start
	: > "$work/no-swapoff"
	check 'no memory for that' fails 1 'swap on /dev/sda1 cannot be switched off' stop --swapoff
	check 'the cluster runs' meadow_is_told
	check 'swap is left alone' swaps 'swapoff /dev/sda1'
}

# status and target

# peer NUMBER NAME STATE LAST-ERROR
peer() {
	mkdir -p "$work/mm/peers/$1"
	echo "$2" > "$work/mm/peers/$1/name"
	echo "$3" > "$work/mm/peers/$1/state"
	echo 3 > "$work/mm/peers/$1/in_flight"
	echo 0 > "$work/mm/peers/$1/waiting"
	echo 1000 > "$work/mm/peers/$1/room"
	echo 2 > "$work/mm/peers/$1/ups"
	echo 0 > "$work/mm/peers/$1/bad_messages"
	printf '%s\n' "$4" > "$work/mm/peers/$1/last_error"
}

running() {
	reset
	ram start
	peer 63 cow connecting 'it says "no\yes"'
	peer 0 ant up ''
}

status_is_right() {
	works status && equal "$out" 'cluster meadow runs, this machine is bee (number 7)
pages go to: auto; swap pages: yes, file pages: no

number  name  state       in flight  waiting  room  ups  bad  last error
0       ant   up          3          0        1000  2    0
63      cow   connecting  3          0        1000  2    0    it says "no\yes"'
}

json_is_right() {
	works --json status && equal "$out" '{"running": true, "cluster": "meadow", "uuid": "accc5896-2e27-5748-bec1-c09af55c387b",
 "node": {"number": 7, "name": "bee"},
 "target": null, "pers_remotify": true, "eph_remotify": false,
 "peers": [
  {"number": 0, "name": "ant", "state": "up", "in_flight": 3, "waiting": 0, "room": 1000, "ups": 2, "bad_messages": 0, "last_error": ""},
  {"number": 63, "name": "cow", "state": "connecting", "in_flight": 3, "waiting": 0, "room": 1000, "ups": 2, "bad_messages": 0, "last_error": "it says \"no\\yes\""}]}'
}

# Perl is where the kernel is built, and knows JSON.
json_is_valid() {
	printf '%s' "$out" | perl -MJSON::PP -0777 -e '
		my $all = decode_json(<STDIN>);
		exit 1 if !$all->{running};
		exit($all->{peers}[1]{last_error} ne q(it says "no\yes"));'
}

test_status() {
	reset
	check 'nothing runs' fails 3 '' status
	check 'and that is said' equal "$out" 'no cluster runs'
	check 'for programs too' fails 3 '' status --json
	check 'in JSON' equal "$out" '{"running": false}'
	running
	check 'status' status_is_right
	check 'status --json' json_is_right
	if perl -MJSON::PP -e 1 2> /dev/null; then
		check 'is JSON' json_is_valid
	else
		skip 'is JSON' 'no JSON::PP'
	fi
	rm -r "$work/mm/peers"
	check 'without peers' works --json status
	check 'is an empty list' contains "$out" '"peers": []}'
}

test_target() {
	running
	check 'target' works target 63
	check 'is written' equal "$(cat "$work/mm/remote_target_nodenum")" 63
	check 'and shown' works --json status
	check 'as a number' contains "$out" '"target": 63,'
	check 'target auto' works target auto
	check 'is written too' equal "$(cat "$work/mm/remote_target_nodenum")" auto
	check 'a target that is nobody' fails 1 'there is no peer 5: ramster status lists them' target 5
	check 'another word' fails 2 'target is auto or the number of a node' target cow
	rm "$work/mm/remote_target_nodenum"
	check 'no RAMster' fails 1 'this kernel has no RAMster' target auto
}

test_usage() {
	reset
	check '--help' works --help
	for word in configure start stop status target --local --swapoff --json -c; do
		check "tells of $word" contains "$out" "$word"
	done
	check 'no command' fails 2 'a command is missing'
	check 'another command' fails 2 'there is no command restart' restart
	check 'another option' fails 2 'there is no option --force' --force stop
	check 'a word too many' fails 2 'what is now for' stop now
	check 'an option without value' fails 2 '--local needs a value' start --local
	check '--json elsewhere' fails 2 '--json is for status' start --json
	check '--swapoff elsewhere' fails 2 '--swapoff is for stop' start --swapoff
	check '--local elsewhere' fails 2 '--local is for start and configure' stop --local ant
}

# What is installed

installs() {
	make -s install-tools DESTDIR="$work/root" > /dev/null &&
		equal "$(cd "$work/root" && find . -type f -exec stat -c '%a %n' {} + | sort)" \
'644 ./usr/lib/systemd/system/ramster.service
644 ./usr/share/doc/ramster/ramster.conf.example
644 ./usr/share/man/man8/ramster.8
644 ./usr/share/man/man8/zcache-stat.8
755 ./usr/sbin/ramster
755 ./usr/sbin/zcache-stat'
}

man_warnings() { groff -man -Tascii -ww -z tools/ramster.8; }
unit_warnings() {
	sed 's,/usr/sbin/ramster,/bin/true,; /^Documentation/d' tools/ramster.service > "$work/ramster.service"
	systemd-analyze verify "$work/ramster.service"
}

# unit KEY: all that the service says of that
unit() { sed -n "s/^$1=//p" tools/ramster.service; }

test_package() {
	check 'make install-tools' installs
	check 'the service starts after the network, and so stops before it' \
		equal "$(unit After) $(unit Before)" 'network-online.target '
	check 'it brings pages home, and has swap off first' \
		equal "$(unit ExecStop)" '/usr/sbin/ramster stop --swapoff'
	check 'it is stopped once it was started, and has time for it' \
		equal "$(unit Type) $(unit RemainAfterExit) $(unit TimeoutStopSec)" 'oneshot yes 10min'
	silent shellcheck shellcheck tools/ramster tests/tools/ramster_test.sh tests/tools/tap.sh
	silent groff man_warnings
	silent systemd-analyze unit_warnings
}

make_fakes
test_layout
test_values
test_contradictions
test_configure
test_start
test_local
test_loading
test_refusals
test_stop
test_swapoff
test_status
test_target
test_usage
test_package
finish
