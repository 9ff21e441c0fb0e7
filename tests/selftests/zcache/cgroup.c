// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a control group has in the pool is its own memory: it is charged with it,
 * is kept within memory.zswap.max, and decides by memory.zswap.writeback whether it
 * may be written to the device. Whatever becomes of the group, nothing is charged
 * when nothing is left.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zc.h"

#define NR		256UL	/* pages of a member */
#define LIMIT		(NR / 4 * ZC_PAGE)	/* bytes: less than these take */
#define FIRST_ID	8000000

static const char *group;
static const char *inner, *beside;	/* groups in it, with the pages */

static bool comes_to(const char *path, const char *name, unsigned long value)
{
	return zc_cgroup_comes_to(path, name, value, 0);
}

/* Pages that are charged to a group, though it is this process that has them. */
static char *pages_of(const char *path, enum zc_kind kind)
{
	char *p = zc_anon(NR * ZC_PAGE, ZC_PAGE);
	unsigned long i;

	madvise(p, NR * ZC_PAGE, MADV_NOHUGEPAGE);
	zc_cgroup_enter(path);
	for (i = 0; i < NR; i++)
		zc_fill(p + i * ZC_PAGE, FIRST_ID + i, kind);
	zc_cgroup_leave();
	return p;
}

static unsigned long wrong(char *p, enum zc_kind kind)
{
	unsigned long bad = 0, i;

	for (i = 0; i < NR; i++)
		bad += !zc_holds(p + i * ZC_PAGE, FIRST_ID + i, kind);
	return bad;
}

static void forget(char *p)
{
	munmap(p, NR * ZC_PAGE);
}

static unsigned long written(void)
{
	return zc_sectors_written(zc_swap_device());
}

static void test_charge(void)
{
	unsigned long bytes = zc_get("zbud/pers_zbytes"), out, in, before;
	char *p = pages_of(inner, ZC_HALF);

	before = zc_cgroup_number(inner, "memory.current");
	out = zc_line_of("/proc/vmstat", "zswpout");
	in = zc_line_of("/proc/vmstat", "zswpin");
	zc_result(zc_pageout(p, NR * ZC_PAGE), "%lu pages go to the pool", NR);
	bytes = zc_get("zbud/pers_zbytes") - bytes;
	zc_result(bytes && comes_to(inner, "memory.zswap.current", bytes),
		  "their %lu bytes are charged to their group", bytes);
	zc_result(comes_to(inner, "zswapped", NR * ZC_PAGE) &&
		  comes_to(inner, "zswpout", NR) &&
		  zc_line_of("/proc/vmstat", "zswpout") - out == NR,
		  "they are counted on their way out");
	zc_result(zc_cgroup_number(inner, "memory.current") < before - NR * ZC_PAGE / 4 &&
		  zc_cgroup_number(inner, "memory.current") >= bytes,
		  "memory.current has fallen from %lu to %lu", before,
		  zc_cgroup_number(inner, "memory.current"));
	zc_result(!wrong(p, ZC_HALF), "they come back as they were");
	zc_result(comes_to(inner, "zswpin", NR) &&
		  zc_line_of("/proc/vmstat", "zswpin") - in == NR,
		  "they are counted on their way in");
	forget(p);
	zc_result(comes_to(inner, "memory.zswap.current", 0) &&
		  comes_to(inner, "zswapped", 0), "nothing is charged then");
}

/* Pages of one word have no frame, and are a page each all the same. */
static void test_one_word(void)
{
	char *p = pages_of(inner, ZC_SAME);
	unsigned long bytes;

	zc_pageout(p, NR * ZC_PAGE);
	comes_to(inner, "zswapped", NR * ZC_PAGE);
	bytes = zc_cgroup_number(inner, "memory.zswap.current");
	zc_result(bytes >= NR * 8 && bytes <= NR * 128,
		  "%lu pages of one word are charged with %lu bytes", NR, bytes);
	zc_result(!wrong(p, ZC_SAME), "they come back as they were");
	forget(p);
	zc_result(comes_to(inner, "memory.zswap.current", 0),
		  "nothing is charged then");
}

/* @at: whose limit it is; the pages are the inner group's. */
static void test_limit(const char *at)
{
	unsigned long over = zc_get("frontswap/over_limit"), bytes, stored;
	char *p;

	zc_cgroup_set_bytes(at, "memory.zswap.max", LIMIT);
	p = pages_of(inner, ZC_HALF);
	zc_result(zc_pageout(p, NR * ZC_PAGE), "all leave when there is a limit");
	bytes = zc_cgroup_number(inner, "memory.zswap.current");
	stored = zc_get("frontswap/stored");
	zc_result(bytes > LIMIT / 2 && bytes < LIMIT + ZC_PAGE && stored < NR &&
		  zc_get("frontswap/over_limit") - over == NR - stored,
		  "%lu of them to the pool, %lu bytes of %lu", stored, bytes,
		  LIMIT);
	zc_result(!wrong(p, ZC_HALF), "they come back as they were");
	forget(p);
	comes_to(inner, "memory.zswap.current", 0);
	zc_cgroup_set(at, "memory.zswap.max", "0");
	p = pages_of(inner, ZC_HALF);
	zc_pageout(p, NR * ZC_PAGE);
	zc_result(!zc_get("frontswap/stored"), "none do when it is 0");
	zc_cgroup_set(at, "memory.zswap.max", "max");
	zc_result(!wrong(p, ZC_HALF), "they come back as they were");
	forget(p);
}

/* Neither from memory nor from the pool. */
static void test_no_writeback(void)
{
	char *p = pages_of(inner, ZC_HALF), *other;
	unsigned long sectors, stored, bad;

	zc_cgroup_set(group, "memory.zswap.writeback", "0");
	zc_cgroup_set(inner, "memory.zswap.max", "0");
	sectors = written();
	madvise(p, NR * ZC_PAGE, MADV_PAGEOUT);
	stored = zc_get("frontswap/stored");
	zc_msleep(200);		/* for what would be under way */
	bad = wrong(p, ZC_HALF);
	zc_result(!stored && written() == sectors && !bad,
		  "who may neither store nor write keeps its pages");
	zc_cgroup_set(inner, "memory.zswap.max", "max");
	zc_pageout(p, NR * ZC_PAGE);
	stored = zc_get("frontswap/stored");
	other = pages_of(beside, ZC_HALF);
	zc_cgroup_set(group, "memory.zswap.writeback", "1");
	zc_cgroup_set(inner, "memory.zswap.writeback", "0");
	zc_pageout(other, NR * ZC_PAGE);
	zc_percent(0);
	zc_result(stored == NR && zc_wait_get("frontswap/stored", NR),
		  "only the pages of others leave the pool for the device");
	zc_result(comes_to(beside, "zswpwb", NR) &&
		  !zc_cgroup_number(inner, "zswpwb"), "that is counted");
	zc_percent(50);
	zc_cgroup_set(inner, "memory.zswap.writeback", "1");
	zc_percent(0);
	zc_result(zc_wait_get("frontswap/stored", 0),
		  "the others follow when they may");
	zc_percent(50);
	zc_result(!wrong(p, ZC_HALF) && !wrong(other, ZC_HALF),
		  "all come back as they were");
	forget(other);
	forget(p);
}

/*
 * Its pages are the outer group's from then on. In that, what was uncharged once too
 * often before would be missing now; a sum below zero reads as zero.
 */
static void test_removed(void)
{
	char *p = pages_of(inner, ZC_HALF);
	unsigned long bytes;

	zc_pageout(p, NR * ZC_PAGE);
	bytes = zc_get("zbud/pers_zbytes");
	zc_result(bytes && comes_to(inner, "memory.zswap.current", bytes) &&
		  !rmdir(inner) &&
		  comes_to(group, "memory.zswap.current", bytes),
		  "what a removed group has left is charged to the one above");
	zc_result(!wrong(p, ZC_HALF), "its pages come back as they were");
	forget(p);
	zc_result(comes_to(group, "memory.zswap.current", 0),
		  "nothing is charged then");
	if (mkdir(inner, 0700))
		zc_die("cannot make %s", inner);
}

static __noreturn void press(void)
{
	char *p = zc_anon(NR * ZC_PAGE, ZC_PAGE);
	struct zc_rng rng;
	unsigned long i;

	zc_srand(&rng, getpid());
	for (;;) {
		i = zc_below(&rng, NR);
		zc_fill(p + i * ZC_PAGE, i, ZC_HALF);
		if (!zc_below(&rng, 64))
			madvise(p, NR * ZC_PAGE, MADV_PAGEOUT);
	}
}

static void test_killed(void)
{
	unsigned long rounds = zc_scaled(20, 5), i, n, stored = 0;

	for (i = 0; i < rounds; i++) {
		for (n = 0; n < 3; n++) {
			if (fork())
				continue;
			zc_cgroup_enter(inner);
			press();
		}
		zc_msleep(100);
		stored += zc_get("frontswap/stored");
		zc_cgroup_kill(inner);
		if (i % 2)
			continue;
		for (n = 0; n < 100 && rmdir(inner); n++)
			zc_msleep(20);
		if (mkdir(inner, 0700))
			zc_die("cannot make %s", inner);
	}
	zc_result(stored && zc_wait_get("frontswap/stored", 0),
		  "groups are killed while they swap, %lu times", rounds);
	zc_result(comes_to(group, "memory.zswap.current", 0) &&
		  comes_to(group, "zswapped", 0),
		  "nothing is charged when they are gone");
}

static void make_groups(void)
{
	group = zc_cgroup("charged");
	if (!group)
		zc_skip_all("no cgroup2 with a memory controller");
	inner = zc_cgroup_in(group, "inner");
	beside = zc_cgroup_in(group, "beside");
}

int main(void)
{
	zc_start(30);
	zc_swap_on(NULL, 16384);
	zc_percent(50);
	make_groups();
	test_charge();
	test_one_word();
	test_limit(inner);
	test_limit(group);
	test_no_writeback();
	test_killed();
	test_removed();
	zc_finish();
}
