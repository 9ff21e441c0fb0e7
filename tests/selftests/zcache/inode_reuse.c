// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries end with their inode: when the file is deleted, when the inode is
 * pruned, when the file system goes. Whoever gets the inode's memory next, or
 * the blocks, must not find them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zc.h"

#define NR	16UL
#define FILES	8U

static const char *root;
static unsigned long nr_pages = NR;

static void path_of(char *path, size_t size, unsigned int i)
{
	snprintf(path, size, "%s/file-%u", root, i);
}

static int open_file(unsigned int i, int flags)
{
	char name[32];

	snprintf(name, sizeof(name), "file-%u", i);
	return zc_open(name, flags);
}

static void unlink_file(unsigned int i)
{
	char path[96];

	path_of(path, sizeof(path), i);
	if (unlink(path))
		zc_die("cannot unlink %s", path);
}

/* A file with an entry for each page, and no page in memory. */
static bool make_cached(unsigned int i, uint64_t id, enum zc_kind kind)
{
	unsigned long entries = zc_entries();
	int fd = open_file(i, O_RDWR | O_CREAT);
	bool good;

	zc_write_pages(fd, 0, nr_pages, id, kind);
	good = zc_evict(fd, 0, nr_pages) && zc_entries() == entries + nr_pages;
	if (!good)
		zc_say("file %u: %lu entries of %lu pages", i,
		       zc_entries() - entries, nr_pages);
	close(fd);
	return good;
}

/*
 * The successor has one page that is stored, so that its mapping is one that
 * entries are looked up for, and others that are refused.
 */
static bool successor_is_right(unsigned int i, uint64_t id)
{
	int fd = open_file(i, O_RDWR | O_CREAT);
	unsigned long wrong;

	zc_write_pages(fd, 0, 1, id, ZC_TEXT);
	zc_write_pages(fd, 1, NR - 1, id, ZC_NOISE);
	if (!zc_evict(fd, 0, NR))
		zc_say("the new file cannot be evicted");
	wrong = zc_wrong_pages(fd, 0, 1, id, ZC_TEXT) +
		zc_wrong_pages(fd, 1, NR - 1, id, ZC_NOISE);
	if (wrong)
		zc_say("file %u: %lu pages are another file's", i, wrong);
	close(fd);
	return !wrong;
}

static void test_unlink(void)
{
	unsigned long i, times = zc_scaled(60, 12), base = zc_entries();
	unsigned long left = 0, bad = 0;

	for (i = 0; i < times; i++) {
		unsigned int file = i % FILES;

		bad += !make_cached(file, (i + 1) << 20,
				    i & 1 ? ZC_TEXT : ZC_SAME);
		unlink_file(file);
		left += zc_entries() != base;
		bad += !successor_is_right(file, (i + 1) << 30);
		unlink_file(file);
		left += zc_entries() != base;
	}
	zc_result(!left, "entries end when the file is unlinked: %lu of %lu left some",
		  left, 2 * times);
	zc_result(!bad, "the next file has its own contents: %lu of %lu wrong",
		  bad, times);
}

static bool make_all(uint64_t id, enum zc_kind kind)
{
	unsigned int i;

	for (i = 0; i < FILES; i++)
		if (!make_cached(i, id + i * 1000, kind))
			return false;
	return true;
}

static unsigned long wrong_in_all(uint64_t id, enum zc_kind kind)
{
	unsigned long wrong = 0;
	unsigned int i;
	int fd;

	for (i = 0; i < FILES; i++) {
		fd = open_file(i, O_RDWR);
		wrong += zc_wrong_pages(fd, 0, nr_pages, id + i * 1000, kind);
		close(fd);
	}
	return wrong;
}

/*
 * Nobody has the files open, and after some rounds the shrinkers take the
 * inodes; those of one page, since what reclaim remembers of several pages
 * keeps an inode. They do not take entries that have no page frame.
 */
static void test_prune(void)
{
	unsigned long base = zc_entries(), left, wrong;
	unsigned int i;
	bool cached;

	nr_pages = 1;
	cached = make_all(1 << 20, ZC_SAME);
	left = zc_entries();
	for (i = 0; i < 20; i++) {
		zc_drop_caches(2);
		left = zc_entries();
		if (left <= base)
			break;
	}
	wrong = wrong_in_all(1 << 20, ZC_SAME);
	nr_pages = NR;
	zc_result(cached && left <= base && !wrong,
		  "inodes are pruned: %lu entries left, %lu pages wrong", left,
		  wrong);
}

static void test_umount(void)
{
	unsigned long left, gets, wrong;
	bool cached;

	zc_drop_caches(3);
	cached = make_all(2 << 20, ZC_TEXT);
	zc_fs_unmount();
	left = zc_entries();
	zc_result(cached && !left, "umount: %lu entries left", left);

	zc_fs_mount();
	gets = zc_get("cleancache/succ_gets");
	wrong = wrong_in_all(2 << 20, ZC_TEXT);
	zc_result(!wrong && zc_get("cleancache/succ_gets") == gets,
		  "mounted again: %lu pages wrong, %lu of another life", wrong,
		  zc_get("cleancache/succ_gets") - gets);
}

/* The same device, the same inode numbers, the same blocks, other contents. */
static void test_mkfs(void)
{
	unsigned long bad = 0;
	unsigned int i;
	int fd;

	bad += !make_all(3 << 20, ZC_TEXT);
	zc_fs_make(4096);
	for (i = 0; i < FILES; i++)
		bad += !successor_is_right(i, (4 << 20) + i * 1000);
	for (i = 0; i < FILES; i++) {
		fd = open_file(i, O_RDWR | O_TRUNC);
		zc_write_pages(fd, 0, NR, 5 << 20, ZC_SAME);
		bad += !zc_evict(fd, 0, NR) ||
		       zc_wrong_pages(fd, 0, NR, 5 << 20, ZC_SAME);
		close(fd);
	}
	zc_result(!bad, "a new file system on the same disk: %lu files wrong",
		  bad);
}

int main(void)
{
	zc_start(7);
	root = zc_fs_make(4096);
	zc_percent(50);
	test_unlink();
	test_prune();
	test_umount();
	test_mkfs();
	zc_fs_unmount();
	zc_result(zc_wait_get("zcache/eph_zpages", 0) &&
		  zc_wait_get("zcache/eph_filled", 0), "no entry is left");
	zc_finish();
}
