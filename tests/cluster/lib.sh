# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Drive machines that pool their memory: boot them, talk to them, do them harm.
# Sourced by the tests of this folder. A machine is known by its node number.

. "$(dirname "${BASH_SOURCE[0]}")/../qemu/lib.sh"
set +e	# a test that fails says so, and the others follow

here=$root/tests/qemu
kernel=${CLUSTER_KERNEL:-production}
memory=${CLUSTER_MEMORY:-256}
slow=${CLUSTER_SLOW:-1}		# how many times the patience
less=${CLUSTER_LESS:-1}		# what part of the memory programs use: one so-manyth
# Percent for compressed pages where these have to go elsewhere; 1 at the least.
few=$((2560 / (memory * less)))
few=$((few ? few : 1))
tenths() { echo $(((few * $1 + 9) / 10)); }	# of that
label=${label:-$(basename "$0" .sh)}
port=$((20000 + $$ % 150 * 64))	# and the 63 above
zcache=1			# whether it is on
words=				# more for the kernel's command line
last_words='unknown_nmi_panic panic_print=1'	# see last_words()
more=()				# options of boot
: "${nodes:?whoever sources this says which nodes there are}"
declare -A machine
cases=0

folder() { echo "$build/run/$label-$1"; }

# start NODE: boot it, and wait until it can be talked to. One processor each:
# when sockets are to use the last of memory, or not any more, the kernel patches
# its code, and the emulator stumbles if another processor runs it just then.
start() {
	local out peers
	out=$(folder "$1")
	peers=$(peers_of "$1")
	rm -rf "$out"
	"$here/boot" node --kernel "$kernel" --name "${out##*/}" --memory "$memory" --swap 512 --cpus 1 \
		--node "$1,$port,$peers" --timeout 3000 --append "zcache=$zcache zargs=$1,$peers $last_words $words" \
		"${more[@]}" \
		> "$build/log/${out##*/}" 2>&1 &
	machine[$1]=$!
	until [ -e "$out/booted" ]; do
		kill -0 "${machine[$1]}" 2> /dev/null || return
		sleep 0.1
	done
	# Held open, so that nothing that is said is lost.
	eval "exec {in_$1}<> '$out/control.in' {out_$1}<> '$out/control.out'"
	eval "exec {mon_$1}<> '$out/monitor.in' {hum_$1}<> '$out/monitor.out'"
	on "$1" true
}

peers_of() { for_each_peer "$1" echo | paste -sd,; }

# for_each_peer NODE COMMAND...: with each peer's number
for_each_peer() {
	local node=$1 other
	shift
	for other in $nodes; do
		[ "$other" = "$node" ] || "$@" "$other"
	done
}

# hear NODE SECONDS NUMBER LINE: say the line, and print what is answered to the command
# of that number. Lines have been lost on the way, in or out, for whatever reason: so what
# is not answered is said again. A machine that has been silent for so long, or has gone, is
# not waited for a second time.
hear() {
	local fd=out_$1 line part='' output=() end=$((SECONDS + $2)) next=$SECONDS
	while [ "$SECONDS" -lt "$end" ] && [ ! -e "$(folder "$1")/silent" ]; do
		if [ "$SECONDS" -ge "$next" ]; then
			tell_line "$1" "$4"
			next=$((SECONDS + 10))
		fi
		if ! read -r -t 5 -u "${!fd}" line; then
			part+=$line
			kill -0 "${machine[$1]}" 2> /dev/null || break
			continue
		fi
		line=$part${line%$'\r'}
		part=
		case $line in
		"[ $3") output=() ;;
		'| '*) output+=("${line#| }") ;;
		"= $3 "*)
			[ "${#output[@]}" = 0 ] || printf '%s\n' "${output[@]}"
			return "${line##* }"
			;;
		esac
	done
	echo "# node $1 does not answer"
	[ -e "$(folder "$1")/silent" ] || last_words "$1"
	return 99
}

# tell_line NODE LINE
tell_line() {
	local fd=in_$1
	printf '%s\n' "$2" >&"${!fd}"
}

# last_words NODE: let its kernel tell what its tasks do, which ends it; those of the
# kernel itself only if they are not at rest
last_words() {
	local out
	out=$(folder "$1")
	: > "$out/silent"
	ask_monitor "$1" 'info registers' | grep -E '^# (CPU|[RE]IP)'
	ask_monitor "$1" 'info lapic' | grep -E 'LVT|Timer|ISR|IRR'
	ask_monitor "$1" 'info pic' | grep -E 'irr|isr'
	monitor "$1" nmi
	sleep $((5 * slow))
	awk '/task:/ { shown = / state:[DR]/ || / task:kworker.* state:S/ || !/ ppid:2 / }
		shown && /task:|[+]0x/ { print "# " substr($0, 1, 110) }' \
		"$out/console" | tail -n 200
}

# ask_monitor NODE COMMAND: what the emulator says to that
ask_monitor() {
	local fd line
	fd=hum_$1
	monitor "$1" "$2"
	while read -r -t 2 -u "${!fd}" line; do
		echo "# ${line%$'\r'}"
	done
}

# on NODE COMMAND...: have it done there; its output and its status
on() {
	local node=$1 line
	shift
	read -r line <<< "$*"
	command=$((command + 1))
	hear "$node" $((120 * slow)) "$BASHPID.$command" "$BASHPID.$command ${#line} $line"
}
command=0

# monitor NODE COMMAND: tell the emulator
monitor() {
	local fd=mon_$1
	printf '%s\n' "$2" >&"${!fd}"
}

freeze() { monitor "$1" stop; }
thaw() { monitor "$1" cont; }
cut() { for_each_peer "$1" set_cable "$1" off; }
mend() { for_each_peer "$1" set_cable "$1" on; }
set_cable() { monitor "$1" "set_link net$3 $2"; }

# crash NODE: as if its plug had been pulled
crash() {
	monitor "$1" quit
	wait "${machine[$1]}"
	clean_end "$1"
	unset "machine[$1]"
}

# off NODE: switch it off, as its user would; does it go off in time?
off() {
	local left=$((60 * slow))
	[ ! -e "$(folder "$1")/silent" ] || left=0
	while kill -0 "${machine[$1]}" 2> /dev/null && [ "$left" -gt 0 ]; do
		[ $((left % 10)) != 0 ] || tell_line "$1" quit
		sleep 1
		left=$((left - 1))
	done
	[ "$left" -gt 0 ] || monitor "$1" quit
	wait "${machine[$1]}"
	clean_end "$1"
	unset "machine[$1]"
	[ "$left" -gt 0 ]
}

finish() { off "$1" || result 1 "node $1 goes off"; }

# Its kernel did not complain, while it lived.
clean_end() {
	local log
	log=$build/log/$(basename "$(folder "$1")")
	if grep '^# boot failed' "$log" | grep -qv 'did not come to its end'; then
		sed 's/^/# /' "$log" | tail -n 60
		result 1 "the kernel of node $1 does not complain"
	fi
}

finish_all() {
	local node
	for node in "${!machine[@]}"; do
		finish "$node"
	done
}

# result STATUS DESCRIPTION
result() {
	cases=$((cases + 1))
	if [ "$1" = 0 ]; then
		echo "ok $cases $2"
	else
		echo "not ok $cases $2"
		for_the_record
	fi
}

for_the_record() {
	local node
	for node in "${!machine[@]}"; do
		on "$node" "cd $ramster_dir; grep . * | grep -v ':0\$'; dmesg | tail -n 6" | sed "s/^/#   node $node: /"
	done
}
ramster_dir=/sys/kernel/debug/ramster

# must DESCRIPTION COMMAND...
must() {
	local what=$1
	shift
	"$@" > "$build/run/$label.said" 2>&1
	local status=$?
	[ "$status" = 0 ] || sed 's/^/# /' "$build/run/$label.said"
	result "$status" "$what"
	return "$status"
}

# all_up NODE...: each of them sees all the others
all_up() {
	local node other
	for node; do
		for other; do
			[ "$node" = "$other" ] ||
				on "$node" "wait_for $((30 * slow)) up $other" || return
		done
	done
}

# went_out NODE NR: so many of its swap pages are elsewhere
went_out() { on "$1" "wait_for $((30 * slow)) at_least remote_pers_pages $2"; }

# here NODE NR: so many swap pages of others are there
here() { on "$1" "wait_for $((30 * slow)) at_least foreign_pers_pages $2"; }

# agree OWNER KEEPER...: they say the same when nothing is under way
agree() {
	local owner=$1 ours theirs node try
	shift
	for try in 1 2 3 4 5 6 7 8 9 10; do
		ours=$(on "$owner" get remote_pers_pages)
		theirs=0
		for node; do
			theirs=$((theirs + $(on "$node" get foreign_pers_pages)))
		done
		[ "$ours" != "$theirs" ] || return 0
		sleep 0.5
	done
	echo "node $owner has $ours pages elsewhere, the others have $theirs of its"
	return 1
}

# said NODE SEED: the last line that hold wrote
said() { on "$1" "tail -n 1 /tmp/hold.$2"; }

# hold NODE MIB SEED [gently]: have so much memory, or less, filled and swapped out there
hold() {
	on "$1" "keep $(($2 / less)) $3 ${4:-}; wait_for $((100 * slow)) test -e /tmp/hold.$3"
}

# tell NODE SIGNAL SEED: and wait until it has been done
tell() {
	on "$1" "tell $2 $3 $((100 * slow))"
}

# changed NODE SEED: an eighth of the pages has been written to, and swapped out
changed() { tell "$1" USR2 "$2"; }

# all_right NODE SEED: every page is what it was
all_right() {
	local line
	tell "$1" USR1 "$2" || return
	line=$(said "$1" "$2")
	echo "$line"
	[[ $line == *" wrong 0 lost 0" ]]
}

changed_right() { changed "$1" "$2" && all_right "$1" "$2"; }

# none_left KEEPER...: nothing of others is there
none_left() {
	local node
	for node; do
		on "$node" "wait_for $((30 * slow)) at_most foreign_pers_pages 0" || return
		on "$node" "wait_for $((10 * slow)) at_most foreign_pers_pageframes 0" || return
	done
}

trap 'kill $(jobs -p) 2> /dev/null' EXIT
