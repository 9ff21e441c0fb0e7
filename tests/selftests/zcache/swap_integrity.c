// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swapped-out memory comes back as it was last written, whichever stores
 * succeed and whichever fail.
 *
 * What this is after is an old entry that survives a failed store: the next
 * load would prefer it to what the device has. It needs a page that was stored
 * and stayed in the swap cache, so there is a thread that reads all the time
 * while pages are on their way out, and one test that waits until it happens.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zc.h"

#define CHUNK		64UL	/* pages swapped out at a time */
#define STRANDED	5	/* times that a page shall get stranded */

static char *memory;
static unsigned long nr_pages;
static struct zc_rng rng;

/* A page's generation: @begun is being written, @done has been. */
static uint32_t *begun, *done;

static uint64_t page_id(unsigned long page, uint32_t seq)
{
	return (uint64_t)page << 32 | seq;
}

static enum zc_kind page_kind(unsigned long page, uint32_t seq)
{
	return (page * 7 + seq * 3) % ZC_KINDS;
}

static char *page_at(unsigned long page)
{
	return memory + page * ZC_PAGE;
}

static void rewrite(unsigned long page)
{
	uint32_t seq = begun[page] + 1;

	zc_store(begun[page], seq);
	zc_fill(page_at(page), page_id(page, seq), page_kind(page, seq));
	zc_store(done[page], seq);
}

static unsigned long wrong_pages(void)
{
	unsigned long i, wrong = 0;

	for (i = 0; i < nr_pages; i++) {
		if (zc_holds(page_at(i), page_id(i, done[i]),
			     page_kind(i, done[i])))
			continue;
		if (!wrong++)
			zc_say("page %lu begins with %llx, should be %s %llx", i,
			       (unsigned long long)*(uint64_t *)page_at(i),
			       page_kind(i, done[i]) == ZC_ZERO ? "zero, not" : "",
			       (unsigned long long)page_id(i, done[i]));
	}
	return wrong;
}

/* The reader: the first word is enough to tell a page's generation. */

static bool reading;
static unsigned long nr_read, nr_stale;

static bool is_current(unsigned long page, uint64_t word, uint32_t from,
		       uint32_t to)
{
	for (; from <= to; from++)
		if (word == (page_kind(page, from) == ZC_ZERO ? 0 :
			     page_id(page, from)))
			return true;
	return false;
}

static void *reader(void *unused)
{
	struct zc_rng mine;
	unsigned long page;
	uint32_t from, to;
	uint64_t word;

	(void)unused;
	zc_pin_to_cpu(1);
	zc_srand(&mine, 2);
	while (zc_load(reading)) {
		page = zc_below(&mine, nr_pages);
		from = zc_load(done[page]);
		word = zc_load(*(uint64_t *)page_at(page));
		to = zc_load(begun[page]);
		nr_stale += !is_current(page, word, from, to);
		nr_read++;
	}
	return NULL;
}

/* Stores that fail: none, all, or some, as well as this kernel can do it. */
static void choose_stores(unsigned long round, unsigned long chunk)
{
	bool injecting = zc_fail_puts(round % 4 == 2 ? 30 : 0);
	bool refuse = round % 4 == 1;

	if (!injecting && round % 4 == 2)
		refuse = chunk % 3 == 0;
	zc_percent(refuse ? 0 : 50);
}

static void one_round(unsigned long round)
{
	unsigned long i, c;

	for (i = 0; i < nr_pages; i++)
		if (zc_below(&rng, 2))
			rewrite(i);
	for (c = 0; c < nr_pages / CHUNK; c++) {
		choose_stores(round, c);
		madvise(page_at(c * CHUNK), CHUNK * ZC_PAGE, MADV_PAGEOUT);
	}
}

static void test_rewriting(void)
{
	unsigned long rounds = zc_scaled(8, 4), round, wrong = 0;
	unsigned long stores = zc_get("frontswap/succ_stores");
	unsigned long failures = zc_get("frontswap/failed_stores");
	unsigned long loads = zc_get("frontswap/loads");
	pthread_t thread;

	zc_store(reading, true);
	pthread_create(&thread, NULL, reader, NULL);
	for (round = 0; round < rounds; round++) {
		one_round(round);
		wrong += wrong_pages();
	}
	zc_store(reading, false);
	pthread_join(thread, NULL);
	zc_fail_puts(0);
	zc_percent(50);

	stores = zc_get("frontswap/succ_stores") - stores;
	failures = zc_get("frontswap/failed_stores") - failures;
	loads = zc_get("frontswap/loads") - loads;
	zc_say("%lu stores, %lu refused, %lu loads, %lu reads meanwhile",
	       stores, failures, loads, nr_read);
	zc_result(stores > nr_pages && failures > nr_pages && loads > nr_pages,
		  "pages were stored, refused and loaded");
	zc_result(!wrong, "memory is as written, %lu pages are not", wrong);
	zc_result(!nr_stale, "no read was stale, %lu were", nr_stale);
}

/* Stored first, then refused. */
static bool is_stale_after_refusal(char *page, unsigned int i,
				   unsigned long stored)
{
	bool good;

	zc_fill(page, 200 + i, ZC_NOISE);
	good = zc_pageout(page, ZC_PAGE) &&
	       zc_get("frontswap/stored") == stored &&
	       zc_holds(page, 200 + i, ZC_NOISE);
	if (!good)
		zc_say("%lu entries, were %lu; first word %llu",
		       zc_get("frontswap/stored"), stored,
		       *(unsigned long long *)page);
	return !good;
}

static void test_stranded(void)
{
	unsigned long base = zc_get("frontswap/stored");
	unsigned int i, tried = 0, stale = 0;
	char *page;

	if (!zc_can_strand()) {
		zc_skip_one("refused after it was stored: needs two CPUs");
		return;
	}
	for (i = 0; i < 10 * STRANDED && tried < STRANDED; i++) {
		page = zc_anon(ZC_PAGE, ZC_PAGE);
		zc_fill(page, 100 + i, ZC_TEXT);
		if (zc_strand(page, ZC_PAGE)) {
			tried++;
			stale += is_stale_after_refusal(page, i, base);
		}
		munmap(page, ZC_PAGE);
	}
	if (!tried)
		zc_skip_one("refused after it was stored: the race was not won");
	else
		zc_result(!stale, "refused after it was stored: %u of %u stale",
			  stale, tried);
}

/* Real reclaim, not asked for: a child with half the memory that it uses. */
static int use_too_much(const char *cgroup)
{
	unsigned long i, round;

	zc_cgroup_enter(cgroup);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < nr_pages; i++)
			if (!round || zc_below(&rng, 2))
				rewrite(i);
		if (wrong_pages())
			return 1;
	}
	return 0;
}

static void test_reclaim(void)
{
	unsigned long loads = zc_get("frontswap/loads");
	const char *cgroup = zc_cgroup("swap");
	unsigned int killed = 0;
	char file[128];
	int status;

	if (!cgroup) {
		zc_skip_one("twice the memory that fits: no cgroup2 memory controller");
		return;
	}
	snprintf(file, sizeof(file), "%s/memory.max", cgroup);
	zc_write(file, "%lu", nr_pages * ZC_PAGE / 2 + (1 << 20));
	munmap(memory, nr_pages * ZC_PAGE);
	memory = zc_anon(nr_pages * ZC_PAGE, ZC_PAGE);
	/*
	 * On a busy machine all pages of so small a cgroup may be in use, or on
	 * their way to the disk, and it is killed: that says nothing of them.
	 */
	do {
		if (!fork())
			_exit(use_too_much(cgroup));
		wait(&status);
	} while (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
		 ++killed < 4);
	zc_result(!status, "twice the memory that fits is as written");
	zc_result(zc_get("frontswap/loads") - loads > nr_pages / 8,
		  "it came from the store");
}

int main(void)
{
	zc_start(6);
	zc_swap_on(NULL, 64 << 8);
	nr_pages = zc_scaled(2048, 1024);
	memory = zc_anon(nr_pages * ZC_PAGE, ZC_PAGE);
	/* Order-0 folios: whole large ones are another test. */
	madvise(memory, nr_pages * ZC_PAGE, MADV_NOHUGEPAGE);
	begun = zc_shared(nr_pages * sizeof(*begun));
	done = zc_shared(nr_pages * sizeof(*done));
	zc_srand(&rng, 1);
	zc_percent(50);
	for (unsigned long i = 0; i < nr_pages; i++)
		rewrite(i);

	test_rewriting();
	test_stranded();
	test_reclaim();
	munmap(memory, nr_pages * ZC_PAGE);
	zc_finish();
}
