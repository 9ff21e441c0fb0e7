// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct writes, seen in slow motion.
 *
 * A direct write invalidates what is cached of its range before it begins, and
 * again when it has ended, since readers may have cached old contents while it
 * was under way. The I/O of each party here is held up by blk-throttle in a
 * control group of its own, so that what is a matter of luck otherwise happens
 * every time:
 *
 *   1. While the write is held, old contents are read and evicted, so there
 *      are entries but no pages when it ends. It must look for entries too.
 *   2. The walk after the write is held up at two pages whose reads are slow.
 *      In between a page is reclaimed, or read, that the walk has passed or has
 *      yet to reach. Nothing may be put or got then.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zc.h"

#define NR		64UL
#define OLD		1000
#define NEW		2000

/* The walk takes 31 pages at a time; the victim is never in a batch. */
#define FIRST_SLOW	4UL
#define FILLER_END	46UL
#define VICTIM		52UL
#define SECOND_SLOW	60UL

static int fd;
static dev_t disk;
static pid_t children[4];
static unsigned int nr_children;
static const char *writers, *slow_one, *slow_two;

static bool throttle(const char *cgroup, const char *limit)
{
	char file[128], text[64];

	snprintf(file, sizeof(file), "%s/io.max", cgroup);
	snprintf(text, sizeof(text), "%u:%u %s", major(disk), minor(disk),
		 limit);
	return zc_can_write(file, text);
}

/* Two bytes a second is the least that is taken for a limit. */
static void hold(const char *cgroup, const char *limit)
{
	if (!throttle(cgroup, limit))
		zc_die("cannot throttle %s", cgroup);
}

static void release(const char *cgroup)
{
	throttle(cgroup, "rbps=max wbps=max");
}

static void release_all(void)
{
	release(writers);
	release(slow_one);
	release(slow_two);
	while (nr_children)
		waitpid(children[--nr_children], NULL, 0);
}

static pid_t start(const char *cgroup, int (*act)(unsigned long), unsigned long arg)
{
	pid_t child = fork();

	if (!child) {
		zc_cgroup_enter(cgroup);
		_exit(act(arg));
	}
	children[nr_children++] = child;
	return child;
}

static bool all_end_well(void)
{
	bool good = true;
	int status;

	while (nr_children) {
		waitpid(children[--nr_children], &status, 0);
		good = good && !status;
	}
	return good;
}

/* What the children do */

static void *new_contents(void)
{
	char *data = aligned_alloc(ZC_PAGE, NR * ZC_PAGE);
	unsigned long i;

	for (i = 0; i < NR; i++)
		zc_fill(data + i * ZC_PAGE, NEW + i, ZC_TEXT);
	return data;
}

static int direct_fd(void)
{
	return zc_open("file", O_RDWR | O_DIRECT);
}

static int write_sync(unsigned long unused)
{
	(void)unused;
	zc_pwrite(direct_fd(), new_contents(), NR * ZC_PAGE, 0);
	return 0;
}

static int write_async(unsigned long unused)
{
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_fildes = direct_fd(),
		.aio_buf = (uintptr_t)new_contents(),
		.aio_nbytes = NR * ZC_PAGE,
	}, *list = &cb;
	aio_context_t context = 0;
	struct io_event event;

	(void)unused;
	if (syscall(__NR_io_setup, 1, &context) ||
	    syscall(__NR_io_submit, context, 1, &list) != 1 ||
	    syscall(__NR_io_getevents, context, 1, 1, &event, NULL) != 1)
		return 1;
	return event.res != NR * ZC_PAGE;
}

static int read_page(unsigned long page)
{
	char data[ZC_PAGE];

	return pread(fd, data, ZC_PAGE, page * ZC_PAGE) != (ssize_t)ZC_PAGE;
}

/* What the parent waits for */

static bool wait_for(bool (*done)(unsigned long), unsigned long arg,
		     const char *what)
{
	unsigned int i;

	for (i = 0; i < 500; i++) {
		if (done(arg))
			return true;
		zc_msleep(10);
	}
	zc_say("waited in vain until %s", what);
	return false;
}

static bool entries_are(unsigned long nr)
{
	return zc_entries() == nr;
}

/* In uninterruptible sleep: waiting for a page or for its I/O. */
static bool is_blocked(unsigned long pid)
{
	char path[64], stat[256];
	unsigned int i;

	snprintf(path, sizeof(path), "/proc/%lu/stat", pid);
	for (i = 0; i < 3; i++) {
		if (!zc_read(path, stat, sizeof(stat)) || !strrchr(stat, ')') ||
		    strrchr(stat, ')')[2] != 'D')
			return false;
		zc_msleep(5);
	}
	return true;
}

static bool first_are_gone(unsigned long nr)
{
	return !zc_resident(fd, 0, nr);
}

static bool fillers_are_gone(unsigned long from)
{
	return !zc_resident(fd, from, FILLER_END - from);
}

/* If memory is short just then, the oldest of them may go. */
static bool put_old(unsigned long *base)
{
	unsigned int tries;

	for (tries = 0; tries < 5; tries++) {
		zc_write_pages(fd, 0, NR, OLD, ZC_TEXT);
		*base = zc_entries();
		if (zc_evict(fd, 0, NR) && zc_entries() == *base + NR)
			return true;
		zc_say("%lu entries of %lu pages", zc_entries() - *base, NR);
	}
	return false;
}

/* Old contents on the disk, a write of new ones on its way, nothing cached. */
static bool hold_write(int (*act)(unsigned long), unsigned long *base)
{
	if (!put_old(base))
		return false;
	hold(writers, "wbps=2");
	start(writers, act, 0);
	return wait_for(entries_are, *base, "the write had dropped all entries");
}

static bool all_is_new(void)
{
	unsigned long wrong = zc_wrong_pages(fd, 0, NR, NEW, ZC_TEXT);

	if (wrong)
		zc_say("%lu of %lu pages are old after the write", wrong, NR);
	return !wrong;
}

/* 1. Entries, but no page, when the write ends. */
static bool try_entries(int (*act)(unsigned long))
{
	unsigned long base;
	bool good;

	good = hold_write(act, &base) &&
	       !zc_wrong_pages(fd, 0, NR, OLD, ZC_TEXT) &&
	       zc_evict(fd, 0, NR) && zc_entries() == base + NR;
	if (!good)
		zc_say("old contents could not be cached");
	release(writers);
	return all_end_well() && good && entries_are(base) && all_is_new();
}

/* 2. The walk is held up. */

static bool make_slow(const char *cgroup, unsigned long page)
{
	hold(cgroup, "rbps=2");
	return wait_for(is_blocked, start(cgroup, read_page, page),
			"a reader waited for its page");
}

static bool evict_victim(void)
{
	unsigned int i;

	for (i = 0; i < 50 && zc_resident(fd, VICTIM, 1); i++)
		zc_pageout_file(fd, VICTIM, 1);
	return !zc_resident(fd, VICTIM, 1);
}

static bool cache_old(void)
{
	return !zc_wrong_pages(fd, 0, FIRST_SLOW, OLD, ZC_TEXT) &&
	       !zc_wrong_pages(fd, FIRST_SLOW + 1, FILLER_END - FIRST_SLOW - 1,
			       OLD, ZC_TEXT) &&
	       !zc_wrong_pages(fd, VICTIM, 1, OLD, ZC_TEXT);
}

/* The walk stands before the first slow page; the victim is still there. */
static bool reclaim_in_window(unsigned long base)
{
	unsigned long inhibited = zc_get("cleancache/inhibited");

	if (!evict_victim()) {
		zc_say("the page could not be reclaimed");
		return false;
	}
	if (zc_get("cleancache/inhibited") > inhibited && entries_are(base))
		return true;
	zc_say("a page was put while the walk was under way");
	return false;
}

/* The walk stands before the second slow page and has passed the victim. */
static bool read_in_window(void)
{
	unsigned long wrong = zc_wrong_pages(fd, VICTIM, 1, NEW, ZC_TEXT);

	if (wrong)
		zc_say("an old page was got while the walk was under way");
	return !wrong;
}

static bool step_through(bool in_window, unsigned long base)
{
	bool good = true;

	if (!cache_old() || !make_slow(slow_one, FIRST_SLOW) ||
	    !make_slow(slow_two, SECOND_SLOW))
		return false;
	if (!in_window && (!evict_victim() || zc_entries() != base + 1)) {
		zc_say("there is no entry to get");
		return false;
	}
	release(writers);
	if (!wait_for(first_are_gone, FIRST_SLOW, "the walk began"))
		return false;
	if (in_window)
		good = reclaim_in_window(base);
	release(slow_one);
	if (!wait_for(fillers_are_gone, FIRST_SLOW + 1, "the walk went on"))
		return false;
	return read_in_window() && good;
}

static bool try_window(bool in_window)
{
	unsigned long base;
	bool good;

	good = hold_write(write_sync, &base) && step_through(in_window, base);
	release(writers);
	release(slow_one);
	release(slow_two);
	return all_end_well() && good && entries_are(base) && all_is_new();
}

static void test_block_size(unsigned int size)
{
	zc_fs_make(size);
	fd = zc_open("file", O_RDWR | O_CREAT);
	/* No readahead: each page by itself. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);

	zc_result(try_entries(write_sync),
		  "entries of old contents, sync, blocks of %u", size);
	zc_result(try_entries(write_async),
		  "entries of old contents, async, blocks of %u", size);
	zc_result(try_window(false),
		  "an entry is not got during the walk, blocks of %u", size);
	zc_result(try_window(true),
		  "a page is not put during the walk, blocks of %u", size);
	close(fd);
	zc_fs_unmount();
}

int main(void)
{
	struct stat st;

	zc_start(8);
	if (stat(zc_fs_device(), &st))
		zc_die("no %s", zc_fs_device());
	disk = st.st_rdev;
	writers = zc_cgroup("writers");
	slow_one = zc_cgroup("slow-one");
	slow_two = zc_cgroup("slow-two");
	if (!writers || !slow_one || !slow_two ||
	    !throttle(writers, "wbps=max"))
		zc_skip_all("no cgroup2 with io.max for %s", zc_fs_device());
	zc_at_end(release_all);
	zc_percent(50);
	test_block_size(4096);
	test_block_size(1024);
	zc_finish();
}
