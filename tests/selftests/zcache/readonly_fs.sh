#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Read-only file systems: what was evicted is read again without the disk, and
# is what their MANIFEST says. C source compresses, so each page of it has an
# entry; of programs some pages do not, and hits and misses take turns.

. "$(dirname "$0")/common.sh"

count=$(scaled 8 3)

sums_are_right() { (cd "$folder" && sha256sum -c "$list" > /dev/null); }

evict_all() {
	(cd "$folder" && awk '{ print $2 }' "$list" | xargs "$here/zctool" evict)
}

pages_of_files() {
	(cd "$folder" && awk '{ print $2 }' "$list" | xargs stat -c %s |
		awk '{ n += int(($1 + 4095) / 4096) } END { print n }')
}

# first_read TYPE DEVICE SUFFIX: from the disk, and then evicted
first_read() {
	base=$(entries)
	grep "\.$3\$" "$folder/MANIFEST" | head -n "$count" > "$list"
	before=$(sectors_read "$2")
	check "$1, $3: what the disk has" sums_are_right
	cold=$(($(sectors_read "$2") - before))
	pages=$(pages_of_files)
	check "$1, $3: it can be evicted" evict_all
	made=$(($(entries) - base))
	say "$pages pages, $made entries, $cold sectors read"
}

second_read() {
	before=$(sectors_read "$2")
	gets=$(get cleancache/succ_gets)
	check "$1, $3: contents come back" sums_are_right
	warm=$(($(sectors_read "$2") - before))
	gets=$(($(get cleancache/succ_gets) - gets))
	say "$gets got, $warm sectors read"
}

# each_page_hits: but for what a file system reads of its own
each_page_hits() {
	equal $made "$pages" && equal $gets "$pages" && at_most $warm $((cold / 20))
}

# A page is read with its whole compressed block; the entries of its neighbours stay,
# since these files never change. squashfs reads the block again for each page that
# misses alone, so of what is read ahead together all is got there or nothing; where
# such a window ends within a block, the block is read twice. erofs does not.
some_pages_hit() {
	few=2 most=$((cold - 1))
	[ "$1" != squashfs ] || few=8 most=$((cold * 3 / 2))
	at_least $made $((pages / 2)) && at_least $gets $((made / few)) &&
		at_most $warm $most
}

test_fs() {
	if ! [ -b "$2" ]; then
		for name in c elf dropped entries; do
			skip "$1: $name" "no disk with it"
		done
		return
	fi
	echo 3 > /proc/sys/vm/drop_caches
	mount -t "$1" -o ro "$2" "$folder" || skip_all "$1 cannot be mounted"
	start=$(entries)
	drops=$(get cleancache/drops)
	first_read "$1" "$2" c
	second_read "$1" "$2" c
	check "$1, c: each page from its entry" each_page_hits
	first_read "$1" "$2" elf
	second_read "$1" "$2" elf
	check "$1, elf: some pages from their entries" some_pages_hit "$1"
	evict_all
	check "$1: no entry was dropped" equal "$(get cleancache/drops)" "$drops"
	umount "$folder"
	check "$1: umount leaves no entry" wait_until equal "$(entries)" "$start"
}

tests_of() {
	if [ -b "$1" ]; then
		echo 10
	else
		echo 4
	fi
}

begin $(($(tests_of "$ZCACHE_SQUASHFS") + $(tests_of "$ZCACHE_EROFS")))
[ -b "$ZCACHE_SQUASHFS" ] || [ -b "$ZCACHE_EROFS" ] ||
	skip_all 'neither ZCACHE_SQUASHFS nor ZCACHE_EROFS names a disk'
set_percent 50
folder=$(mktemp -d)
list=$(mktemp)
at_end "umount $folder 2> /dev/null; rmdir $folder; rm $list"
test_fs squashfs "$ZCACHE_SQUASHFS"
test_fs erofs "$ZCACHE_EROFS"
finish
