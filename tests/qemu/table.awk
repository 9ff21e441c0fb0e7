# SPDX-License-Identifier: GPL-2.0-only
#
# Compare two reports of guest/demo: the first file is of the plain kernel, the
# second of the one with zcache. Variable: json. Exit status 1 if a page was
# not what it had to be.

FNR == 1 { machine++ }
NF == 2 { value[machine, $1] = $2 }

function get(who, key) { return value[who, key] + 0 }

function held(who, act) { return get(who, act ".eph_zpages") + get(who, act ".pers_zpages") }
function frames(who, act) { return get(who, act ".eph_pageframes") + get(who, act ".pers_pageframes") }
function ratio(who, act) {
	return frames(who, act) ? sprintf("%.2f", held(who, act) / frames(who, act)) : "-"
}
function intact(who, act) {
	return ((who, act ".bad") in value) && get(who, act ".bad") == 0 &&
		get(who, act ".died") == 0 && get(who, act ".status") == 0
}

function row(name, left, right) { printf "  %-46s %12s %12s\n", name, left, right }
function counts(name, act, key) { row(name, get(1, act "." key), get(2, act "." key)) }
function or_dash(number) { return number ? number : "-" }

function common_rows(act) {
	row("compressed pages held, at most", or_dash(held(1, act)), or_dash(held(2, act)))
	row("page frames these took", or_dash(frames(1, act)), or_dash(frames(2, act)))
	row("pages in a frame", ratio(1, act), ratio(2, act))
	row("every page as it has to be", intact(1, act) ? "yes" : "NO", intact(2, act) ? "yes" : "NO")
}

function table() {
	printf "%-48s %12s %12s\n", get(2, "memory") " MiB of memory", "plain", "zcache"
	print "Act 1: programs use " get(2, "amount") " MiB, touched at random"
	row("seconds", get(1, "act1.seconds"), get(2, "act1.seconds"))
	counts("pages written to the swap disk", "act1", "swap_written")
	counts("pages read from the swap disk", "act1", "swap_read")
	common_rows("act1")
	print "Act 2: " get(2, "amount") " MiB of files read again and again"
	row("seconds", get(1, "act2.seconds"), get(2, "act2.seconds"))
	counts("pages read from the files' disk", "act2", "data_read")
	common_rows("act2")
	print ""
	moral("swap", get(1, "act1.swap_written") + get(1, "act1.swap_read"),
		get(2, "act1.swap_written") + get(2, "act1.swap_read"),
		"pages went to the swap disk and back")
	moral("file", get(1, "act2.data_read"), get(2, "act2.data_read"),
		"file pages had to be read from disk")
}

function moral(what, before, after, text) {
	if (after == 0 && before > 0)
		printf "With zcache no %s where %d did without.\n", text, before
	else if (after > 0 && before >= after)
		printf "With zcache %.1f times fewer %s: %d instead of %d.\n", before / after, text, after, before
	else
		printf "With zcache not fewer %s: %d instead of %d.\n", text, after, before
}

# The counters of one act, those that it has.
function act_object(who, act,    names, n, i, text) {
	n = split("seconds status bad died pages touched written swap_written swap_read " \
		"pswpout pswpin data_read files eph_zpages pers_zpages eph_pageframes " \
		"pers_pageframes", names)
	for (i = 1; i <= n; i++)
		if ((who, act "." names[i]) in value)
			text = text (text ? ", " : "") "\"" names[i] "\": " get(who, act "." names[i])
	return "{" text "}"
}

function object(who) {
	return "{\"memory_mib\": " get(who, "memory") ", \"amount_mib\": " get(who, "amount") \
		", \"act1\": " act_object(who, "act1") ", \"act2\": " act_object(who, "act2") "}"
}

END {
	good = intact(1, "act1") && intact(1, "act2") && intact(2, "act1") && intact(2, "act2")
	if (json) {
		printf "{\"plain\": %s, \"zcache\": %s, \"intact\": %s}\n",
			object(1), object(2), good ? "true" : "false"
	} else {
		table()
		print good ? "Every checksum was right." : "SOME PAGES WERE WRONG."
	}
	exit !good
}
