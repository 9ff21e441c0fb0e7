# SPDX-License-Identifier: GPL-2.0-only
#
# Usage: awk -f docs/ABI/make.awk README.md > docs/ABI/testing-zcache
#
# Make of the README's tables of files what the kernel has in Documentation/ABI: one
# entry for each row, with the path of each of its files.

BEGIN {
	FS = "|"
	print "# SPDX-License-Identifier: GPL-2.0-only"
	print "# Made of README.md by docs/ABI/make.awk; see there for what goes together."
}

function place(dir, how) {
	prefix = dir
	access = how
}

# Where the files of the table that follows are.
/^#/ { prefix = "" }
/^### Parameters, / { place("/sys/module/zcache/parameters/", "") }
/^### (zcache|zbud|cleancache|frontswap)\// { place("/sys/kernel/debug/" substr($0, 5), "r") }
/^### On and off/ { place("/sys/kernel/mm/zcache/", "") }
/^\| in \/sys\/kernel\/config\/ramster\// { place("/sys/kernel/config/ramster/", "rw") }
/^\| in \/sys\/kernel\/mm\/ramster\// { place("/sys/kernel/mm/ramster/", "") }
/^In \/sys\/kernel\/debug\/ramster\/:/ { place("/sys/kernel/debug/ramster/", "r") }

function trim(s) {
	gsub(/^ +| +$/, "", s)
	return s
}

# What is between the row's backquotes, as names[1..nr_names].
function read_names(cell,    i, n, part) {
	n = split(cell, part, "`")
	nr_names = 0
	for (i = 2; i <= n; i += 2)
		names[++nr_names] = part[i]
}

# "eph_, pers_ zpages, zbytes": beginnings, and what each of them goes with.
function join_beginnings(    i, j, n, nr_first, first, rest, nr_rest) {
	nr_first = nr_rest = n = 0
	for (i = 1; i <= nr_names; i++)
		if (names[i] ~ /_$/)
			first[++nr_first] = names[i]
		else
			rest[++nr_rest] = names[i]
	if (!nr_first)
		return
	for (i = 1; i <= nr_first; i++)
		for (j = 1; j <= nr_rest; j++)
			names[++n] = first[i] rest[j]
	nr_names = n
}

# ".../name" is in the directory that was named last.
function whole_path(name) {
	if (name ~ /\/$/)
		dir = name
	sub(/^\.\.\.\//, dir, name)
	return prefix name
}

function wrap(text,    i, n, word, line) {
	n = split(text, word, / +/)
	line = word[1]
	for (i = 2; i <= n; i++) {
		if (length(line) + 1 + length(word[i]) > 64) {
			print "\t\t" line
			line = word[i]
		} else {
			line = line " " word[i]
		}
	}
	print "\t\t" line
}

function entry(how, text,    i) {
	print ""
	for (i = 1; i <= nr_names; i++)
		print "What:\t\t" whole_path(names[i])
	print "KernelVersion:\t6.12"
	print "Description:"
	gsub(/\[above\]\([^)]*\)/, "\"On and off\" in the README", text)
	gsub(/\\\|/, "|", text)
	sub(/^rw: /, "", text)
	wrap((how == "rw" ? "(RW) " : how == "r" ? "(RO) " : how == "w" ? "(WO) " : "") text)
}

prefix != "" && /^\| *`/ {
	gsub(/\\\|/, "\001")
	how = access
	text = trim($3)
	if (NF > 4) {
		how = trim($3)
		text = trim($4)
	}
	if (text ~ /^rw: /)
		how = "rw"
	gsub("\001", "|", text)
	read_names($2)
	join_beginnings()
	entry(names[1] ~ /\/$/ ? "" : how, text)
}
