// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap pages leave the pool for their device: the least recently used ones, before
 * the limit is reached, or when it is lowered; and of control groups those of who has
 * more than its share. Whatever happens to a page meanwhile, and to the write, nothing
 * is lost.
 */
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zc.h"

#define PARAMETERS	"/sys/module/zcache/parameters/"
#define STEP		32UL	/* pages that are swapped out at a time */
#define FIRST_ID	7000000

static unsigned long limit;	/* page frames at one percent */

static void enable(bool on)
{
	zc_set_sysfs(PARAMETERS "swap_writeback", on ? "Y" : "N");
}

/* Of this kind, a page frame takes between one and two. */
static void fill(char *p, unsigned long first, unsigned long nr)
{
	unsigned long i;

	for (i = first; i < first + nr; i++)
		zc_fill(p + i * ZC_PAGE, FIRST_ID + i, ZC_HALF);
}

static unsigned long wrong(char *p, unsigned long first, unsigned long nr)
{
	unsigned long i, bad = 0;

	for (i = first; i < first + nr; i++)
		bad += !zc_holds(p + i * ZC_PAGE, FIRST_ID + i, ZC_HALF);
	return bad;
}

static bool at_rest(void)
{
	return zc_wait_get("zcache/outstanding_writeback_pages", 0);
}

/* New memory, all of it in the pool; how much is at the limit of one percent. */
static char *swapped_out(unsigned long *nr)
{
	char *p;

	*nr = limit / STEP * STEP;
	p = zc_anon(*nr * ZC_PAGE, ZC_PAGE);
	fill(p, 0, *nr);
	zc_pageout(p, *nr * ZC_PAGE);
	return p;
}

/* Not faster than the device: what finds no frame goes there at once. */
static void swap_out_slowly(char *p, unsigned long first, unsigned long nr)
{
	unsigned long i, tries;

	for (i = first; i < first + nr; i += STEP) {
		zc_pageout(p + i * ZC_PAGE, STEP * ZC_PAGE);
		for (tries = 0; tries < 100 &&
		     zc_get("zcache/pageframes") + STEP > limit; tries++)
			zc_msleep(5);
	}
}

/* How many of these are in the pool, by what is got from there? */
static unsigned long read_from_pool(char *p, unsigned long first,
				    unsigned long nr, unsigned long *bad)
{
	unsigned long loads = zc_get("frontswap/loads");

	*bad += wrong(p, first, nr);
	return zc_get("frontswap/loads") - loads;
}

static void test_oldest_leave(void)
{
	unsigned long nr = limit / STEP * STEP, bad = 0, old, young, written;
	char *p = zc_anon(4 * nr * ZC_PAGE, ZC_PAGE);

	written = zc_get("zcache/writtenback_pages");
	zc_percent(1);
	fill(p, 0, 4 * nr);
	swap_out_slowly(p, 0, 4 * nr);
	at_rest();
	written = zc_get("zcache/writtenback_pages") - written;
	zc_result(written >= nr, "%lu of %lu pages have left for the device",
		  written, 4 * nr);
	zc_result(zc_get("zcache/pageframes") <= limit,
		  "%lu page frames of %lu are in use",
		  zc_get("zcache/pageframes"), limit);
	zc_percent(50);
	young = read_from_pool(p, 3 * nr + nr / 2, nr / 2, &bad);
	old = read_from_pool(p, 0, nr, &bad);
	zc_result(young > nr / 2 * 3 / 4, "%lu of the %lu youngest are here",
		  young, nr / 2);
	zc_result(old < nr / 4, "%lu of the %lu oldest are", old, nr);
	bad += wrong(p, nr, 2 * nr + nr / 2);
	zc_result(!bad, "%lu pages are wrong", bad);
	munmap(p, 4 * nr * ZC_PAGE);
}

/* Memory that is charged to a group. */
static char *pages_in(const char *group, unsigned long nr)
{
	char *p = zc_anon(nr * ZC_PAGE, ZC_PAGE);

	madvise(p, nr * ZC_PAGE, MADV_NOHUGEPAGE);
	zc_cgroup_enter(group);
	fill(p, 0, nr);
	zc_cgroup_leave();
	return p;
}

/*
 * What a group has is older than all of the other one's, but no more than its share. One
 * that has more than that may not be written, and has to stay.
 */
static void test_share(void)
{
	unsigned long nr = limit / STEP * STEP, few = nr / 4, bad = 0, here;
	const char *group = zc_cgroup("shares"), *stays;
	char *p, *other, *kept;

	if (!group) {
		zc_skip_one("no cgroup2 with a memory controller");
		zc_skip_one("no cgroup2 with a memory controller");
		zc_skip_one("no cgroup2 with a memory controller");
		return;
	}
	stays = zc_cgroup_in(group, "stays");
	zc_cgroup_set(stays, "memory.zswap.writeback", "0");
	p = pages_in(zc_cgroup_in(group, "few"), few);
	kept = pages_in(stays, nr / 2);
	other = pages_in(zc_cgroup_in(group, "many"), 3 * nr);
	zc_pageout(p, few * ZC_PAGE);
	zc_pageout(kept, nr / 2 * ZC_PAGE);
	zc_percent(1);
	swap_out_slowly(other, 0, 3 * nr);
	at_rest();
	zc_percent(50);
	here = read_from_pool(p, 0, few, &bad);
	zc_result(here >= few - few / 8,
		  "%lu of %lu pages of a group are here after another one swapped out %lu",
		  here, few, 3 * nr);
	zc_result(read_from_pool(kept, 0, nr / 2, &bad) == nr / 2,
		  "so are all of one whose pages may not leave");
	bad += wrong(other, 0, 3 * nr);
	zc_result(!bad, "%lu pages are wrong", bad);
	munmap(other, 3 * nr * ZC_PAGE);
	munmap(kept, nr / 2 * ZC_PAGE);
	munmap(p, few * ZC_PAGE);
}

/* However slow the machine is: as long as some have left each second. */
static bool all_leave(void)
{
	unsigned long before = ULONG_MAX, left;

	while ((left = zc_get("zcache/pers_pageframes")) && left < before) {
		before = left;
		zc_msleep(1000);
	}
	if (left)
		zc_say("%lu page frames are left", left);
	return !left;
}

static void test_lowered(void)
{
	unsigned long nr, before;
	char *p;

	zc_percent(50);
	p = swapped_out(&nr);
	before = zc_get("zcache/pers_zpages");
	enable(false);
	zc_percent(0);
	zc_msleep(200);
	zc_result(before && zc_get("zcache/pers_zpages") == before,
		  "%lu pages stay if they may not leave", before);
	enable(true);
	zc_percent(50);
	zc_percent(0);
	zc_result(all_leave(), "all leave when the limit is 0");
	at_rest();
	zc_percent(50);
	zc_result(!wrong(p, 0, nr), "all of them are right");
	munmap(p, nr * ZC_PAGE);
}

/* Pages that are read, changed and swapped out again while they leave. */
static void test_race(void)
{
	unsigned long written = zc_get("zcache/writtenback_pages"), bad, i;

	zc_race_begin();
	for (i = 0; i < zc_scaled(300, 60); i++) {
		zc_percent(i % 2 ? 50 : 0);
		zc_msleep(20);
	}
	bad = zc_race_end();
	zc_percent(50);
	at_rest();
	written = zc_get("zcache/writtenback_pages") - written;
	zc_result(written > zc_scaled(ZC_RACE_PAGES / 4, 0),
		  "%lu pages left while they were used", written);
	zc_result(!bad, "%lu of them were wrong", bad);
}

/* A device that takes nothing. */

static void test_failure(void)
{
	unsigned long nr, failed, bad;
	char *p;

	if (!zc_can_fail_writes()) {
		zc_skip_one("no fault injection in this kernel");
		zc_skip_one("no fault injection in this kernel");
		return;
	}
	p = swapped_out(&nr);
	failed = zc_get("zcache/writeback_failed_pages");
	zc_fail_writes(true);
	zc_percent(0);
	zc_msleep(500);
	at_rest();
	zc_fail_writes(false);
	zc_percent(50);
	failed = zc_get("zcache/writeback_failed_pages") - failed;
	bad = wrong(p, 0, nr);
	zc_result(failed && failed < nr / 2,
		  "%lu of %lu writes failed before it was given up", failed, nr);
	zc_result(!bad, "%lu pages are wrong after that", bad);
	munmap(p, nr * ZC_PAGE);
}

int main(void)
{
	zc_start(16);
	zc_swap_on(NULL, 65536);
	limit = sysconf(_SC_PHYS_PAGES) / 100;
	enable(true);
	test_oldest_leave();
	test_share();
	test_lowered();
	test_race();
	test_failure();
	zc_percent(50);
	zc_result(zc_wait_get("frontswap/stored", 0), "nothing is left");
	zc_finish();
}
