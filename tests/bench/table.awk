# SPDX-License-Identifier: GPL-2.0-only
#
# Make of the results of races (files CONTENDER.RACE.DISK with "name value") what
# people and programs read. Variables: mode, md, json or plot; peers, in order;
# remote_peers, those that use the memory of another machine; about, lines of
# "name value" that are not of a race.

BEGIN {
	nr_peers = split(peers, peer, " ")
	for (i = 1; i <= nr_peers; i++)
		wanted[peer[i]] = 1
	nr_remote = split(remote_peers, remote_peer, " ")
	for (i = 1; i <= nr_remote; i++)
		wanted[remote_peer[i]] = 1
	while (about != "" && (getline line < about) > 0) {
		split(line, word, " ")
		fact[++nr_facts] = word[1]
		fact_is[word[1]] = substr(line, length(word[1]) + 2)
	}
	us = 1000
	# race, what of it, unit, decimals, more is better, against whom, target
	rows = "cost out|page out|us|2|0|packers|1.00\n" \
	       "cost in|page in|us|2|0|packers|1.00\n" \
	       "cost density|pages in a frame|pages|3|1|packers|1.00\n" \
	       "cost gained|memory gained by 64 MiB|MiB|1|1|packers|\n" \
	       "swap-small ms|swap race, small pages|ms|0|0|all|0.80\n" \
	       "swap-thp ms|swap race, THPs|ms|0|0|all|0.80\n" \
	       "mixed ms|mixed race|ms|0|0|all|0.75\n" \
	       "fits ms|fits in memory|ms|0|0|plain|1.005\n" \
	       "cpus speedup_2|page out and in on two CPUs|of one|2|1|packers|at least 1.80\n" \
	       "cpus speedup_4|page out and in on four CPUs|of one|2|1|packers|"
	nr_rows = split(rows, row, "\n")
	# what of it, unit, divided by, decimals, the quotient that is wanted
	remote = "fault_p50_ns|a page that is wanted, p50|us|1000|0|<= 0.80\n" \
		 "ping_p50_ns|TCP ping-pong of the same sizes, p50|us|1000|0|\n" \
		 "fault_p99_ns|a page that is wanted, p99|us|1000|0|\n" \
		 "pages_out_per_s|pages out a second|pages|1|0|>= 1.50\n" \
		 "wire_a_page|on the wire for a page out and in|bytes|1|0|<= 0.60\n" \
		 "wire_a_page_out|out|bytes|1|0|\n" \
		 "wire_a_page_in|in|bytes|1|0|\n" \
		 "frames_a_page_out|Ethernet frames for a page out|frames|1|1|\n" \
		 "frames_a_page_in|in|frames|1|1|\n" \
		 "out_pages|pages that went out|pages|1|0|\n" \
		 "faults_remote_percent|faults that the other machine served|%|1|1|"
	nr_remote_rows = split(remote, remote_row, "\n")
	nr_fs = split("ext4-seq ext4-skew squashfs-seq squashfs-skew", fs, " ")
	nr_disks = split("cloud ssd nvme", disks, " ")
	split("0.15 0.65 1.02", files_target, " ")
}

FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name)
	split(name, part, ".")
	run = part[1] SUBSEP part[2] SUBSEP part[3]
	if (!(part[1] in wanted))
		nextfile
	runs[++nr_runs] = run
	if (part[2] != "remote")
		others_ran = 1
	else if (!(part[3] in is_link)) {
		is_link[part[3]] = 1
		link[++nr_links] = part[3]
	}
}

# What a race says in its middle goes before what is counted after it.
NF == 2 && $1 ~ /^[a-z][a-z_0-9]*$/ && $2 ~ /^-?[0-9.]+$/ && !((run, $1) in value) {
	value[run, $1] = $2
	keys[run] = keys[run] " " $1
}

function has(who, race, disk, key) { return (who, race, disk, key) in value }
function get(who, race, disk, key) { return value[who, race, disk, key] }

function mean_ns(who, race, disk, key) {
	return (get(who, race, disk, key "_ns_1") + get(who, race, disk, key "_ns_2")) / 2
}

function gained(who, race, disk) {
	return get(who, race, disk, "memfree_pages_after") - get(who, race, disk, "memfree_pages_before")
}

function density(who, race, disk, frames) {
	frames = get(who, race, disk, "frames_after") + 0
	return frames ? get(who, race, disk, "stored_after") / frames : ""
}

# What a row shows, or "" if there is no such result. Both rounds of a page's way
# count: what one does not compress it may have to read from the disk.
function cell(who, race, key, disk) {
	if (race == "cost") {
		if (!has(who, race, disk, "in_ns_2"))
			return ""
		if (key == "out" || key == "in")
			return mean_ns(who, race, disk, key) / us
		if (key == "gained")
			return gained(who, race, disk) / 256
		return density(who, race, disk)
	}
	return has(who, race, disk, key) ? get(who, race, disk, key) : ""
}

# The best of those that zcache is measured against.
function best(race, key, disk, more, against, i, is, ret) {
	ret = ""
	for (i = 1; i <= nr_peers; i++) {
		if (peer[i] == "zcache" || (against == "plain" && peer[i] != "plain") ||
		    (against == "packers" && peer[i] == "plain"))
			continue
		is = cell(peer[i], race, key, disk)
		if (is != "" && (ret == "" || (more ? is > ret : is < ret)))
			ret = is
	}
	return ret
}

# A line of the table. A ratio below 1 is zcache's gain, whatever the unit.
function line_of(race, key, disk, title, unit, decimals, more, against, target, i, is, ours, theirs, ratio, text, verdict) {
	ours = cell("zcache", race, key, disk)
	theirs = best(race, key, disk, more, against)
	if (ours == "" && theirs == "")
		return
	if (ours != "" && theirs != "" && ours + 0)
		ratio = more ? theirs / ours : ours / theirs
	if (ratio == "" || target == "")
		verdict = ""
	else if (sub(/^at least /, ">= ", target))	# of itself, not of others
		verdict = ours >= substr(target, 4) - 0.005 ? "yes" : "no"
	else
		verdict = ratio <= target + 0.0005 ? "yes" : "no"
	text = "| " title " | " (ratio == "" ? "" : sprintf("**%.2f**", ratio))
	text = text " | " target " | " verdict " | " unit " |"
	for (i = 1; i <= nr_peers; i++) {
		is = cell(peer[i], race, key, disk)
		text = text (is == "" ? " - |" : sprintf(" %." decimals "f |", is))
	}
	if (mode == "md")
		print text
	else if (ratio != "" && title !~ /^(the first pass|other files|[.][.][.])/)
		plot_line(race, key, disk, title, more, theirs)	# one bar for a race
}

function plot_line(race, key, disk, title, more, theirs, i, is) {
	printf "\"%s\"", title
	for (i = 1; i <= nr_peers; i++) {
		is = cell(peer[i], race, key, disk)
		if (is == "" || !(is + 0))
			printf " ?"
		else
			printf " %.3f", more ? theirs / is : is / theirs
	}
	printf "\n"
}

function table(i, d, f, part) {
	for (i = 1; i <= nr_rows; i++) {
		split(row[i], part, "|")
		split(part[1], f, " ")
		line_of(f[1], f[2], "ssd", part[2], part[3], part[4], part[5], part[6], part[7])
	}
	for (i = 1; i <= nr_fs; i++)
		for (d = 1; d <= nr_disks; d++) {
			line_of("file-" fs[i], "ms", disks[d], fs[i] " files, " disks[d],
				"ms", 0, 0, "plain", files_target[d])
			line_of("file-" fs[i], "cold_ms", disks[d], "the first pass of it",
				"ms", 0, 0, "plain", "1.10")
		}
	for (d = 1; d <= nr_disks; d++) {
		line_of("file-stream", "stream_ms", disks[d], "a file of ten times memory, " disks[d],
			"ms", 0, 0, "plain", "1.02")
		line_of("file-stream", "before_ms", disks[d], "other files, before it", "ms", 0, 0, "plain", "")
		line_of("file-stream", "after_ms", disks[d], "... and after it", "ms", 0, 0, "plain", "")
	}
}

# A line of a table of two machines: the quotient is what it says, more or less.
function remote_line(on, key, title, unit, by, decimals, target, ours, theirs, i, is, text, verdict) {
	ours = cell("zcache", "remote", key, on)
	theirs = cell("nbd", "remote", key, on)
	text = verdict = ""
	if (ours != "" && theirs + 0) {
		text = sprintf("**%.2f**", ours / theirs)
		if (target ~ /^<=/)
			verdict = ours / theirs <= substr(target, 4) + 0.0005 ? "yes" : "no"
		else if (target ~ /^>=/)
			verdict = ours / theirs >= substr(target, 4) - 0.0005 ? "yes" : "no"
	}
	text = "| " title " | " text " | " target " | " verdict " | " unit " |"
	for (i = 1; i <= nr_remote; i++) {
		is = cell(remote_peer[i], "remote", key, on)
		text = text (is == "" ? " - |" : sprintf(" %." decimals "f |", is / by))
	}
	print text
}

function remote_table(on, i, part) {
	printf "\nAgainst swap over NBD to a RAM disk on another machine, %s, in the host's time:\n",
		on == "cable" ? "as fast as both can" : "over a link of " on
	heading("zcache / nbd", nr_remote, remote_peer)
	for (i = 1; i <= nr_remote_rows; i++) {
		split(remote_row[i], part, "|")
		remote_line(on, part[1], part[2], part[3], part[4], part[5], part[6])
	}
}

function heading(quotient, nr, names, i) {
	printf "\n| race | %s | wanted | reached | unit |", quotient
	for (i = 1; i <= nr; i++)
		printf " %s |", names[i]
	printf "\n| --- | ---: | ---: | --- | --- |"
	for (i = 1; i <= nr; i++)
		printf " ---: |"
	print ""
}

function markdown(i) {
	for (i = 1; i <= nr_facts; i++)
		printf "- %s: %s\n", fact[i], fact_is[fact[i]]
	if (others_ran) {
		heading("zcache / best other", nr_peers, peer)
		table()
	}
	for (i = 1; i <= nr_links; i++)
		remote_table(link[i])
}

function json(i, n, k, key, part) {
	print "{"
	for (i = 1; i <= nr_facts; i++)
		printf "  \"%s\": \"%s\",\n", fact[i], fact_is[fact[i]]
	print "  \"runs\": ["
	for (i = 1; i <= nr_runs; i++) {
		split(runs[i], part, SUBSEP)
		printf "    { \"contender\": \"%s\", \"race\": \"%s\", \"disk\": \"%s\"",
			part[1], part[2], part[3]
		n = split(keys[runs[i]], key, " ")
		for (k = 1; k <= n; k++)
			printf ", \"%s\": %s", key[k], value[runs[i], key[k]]
		print " }" (i < nr_runs ? "," : "")
	}
	print "  ]\n}"
}

END {
	if (mode == "md")
		markdown()
	else if (mode == "json")
		json()
	else
		table()
}
