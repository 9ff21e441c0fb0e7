# SPDX-License-Identifier: GPL-2.0-only
#
# Read what a guest reports (see guest/selftests and guest/kunit), print one
# line per test as it comes, and add the totals to the file "counts".
# Variables: label, a word or two before each line; counts.

function show(verdict, text) {
	printf "%-4s  %s: %s\n", verdict, label, text
	fflush()
}

function pass(text) { passed++; show("ok", text) }
function skip(text, why) { skipped++; show("skip", text " (" (why ? why : "no reason given") ")") }
function fail(text) {
	failed++
	show("FAIL", text)
	# What the test has said since its last result should explain it.
	for (i = said > 20 ? said - 20 : 0; i < said; i++)
		print "      " remark[i]
	fflush()
}

# One "ok 1 - text # SKIP why" or "not ok ...".
function result(line,    good, text, why) {
	good = line !~ /^not ok/
	text = line
	sub(/^(not )?ok *[0-9]* *(- )?/, "", text)
	if (name != "")
		text = name " " text
	why = ""
	if (match(text, / *# *SKIP */)) {
		why = substr(text, RSTART + RLENGTH)
		text = substr(text, 1, RSTART - 1)
		skip(text, why)
	} else if (good) {
		pass(text)
	} else {
		fail(text)
		bad++
	}
	results++
	said = 0
}

function begin(what) {
	name = what
	bad = results = said = plan = ended = 0
	whole = ""
	running = 1
}

# A program that failed without saying so in TAP.
function end(status, seconds, limit) {
	running = 0
	if (results == 0 && (whole != "" || status == 4))
		skip(name, whole)
	else if (status >= 128 && limit > 0 && seconds >= limit)
		fail(name " did not end within " limit " s")
	else if (status > 128)
		fail(name " was ended by signal " (status - 128))
	else if (status != 0 && bad == 0)
		fail(name " ended with status " status)
	else if (results == 0 && bad == 0)
		fail(name " reported nothing")
	else if (plan > results)
		fail(name " planned " plan " tests and reported " results)
}

# key=N of the "# ended:" line
function value(key) {
	return match($0, key "=[0-9]+") ? substr($0, RSTART + length(key) + 1, RLENGTH - length(key) - 1) + 0 : 0
}

/^# selftests: zcache: / { begin($4); kunit = 0; next }
/^# kunit: /             { begin($3); kunit = 1; next }
/^# ended: /             { end(value("status"), value("seconds"), value("limit")); next }
/^# boot failed: /       { if (running) fail(name " was running when the guest failed")
			   said = 0; sub(/^# boot failed: /, ""); fail($0); next }
/^verdict: /             { next }
/^# console: /           { sub(/^# console: /, "      "); print; next }
/^# progress: /          { sub(/^# progress: /, "      "); print; fflush(); next }

# KUnit's cases are one level deep, its line for the suite adds nothing.
kunit && sub(/^    /, "") { if (/^(not )?ok /) result($0)
			    else if (/^ *#/) remark[said++] = $0
			    next }
kunit                    { next }

/^(not )?ok( |$)/        { result($0); next }
/^Bail out!/             { fail(name ": " $0); bad++; next }
/^1\.\.0/                { whole = $0; sub(/^1\.\.0 *(# *)?(SKIP *)?/, "", whole)
			   if (whole == "") whole = "no tests"; next }
/^1\.\.[0-9]+/           { plan = substr($1, 4) + 0; next }
/^TAP version|^# Totals:/ { next }
NF                       { remark[said++] = $0 }

END { print passed + 0, failed + 0, skipped + 0 >> counts }
