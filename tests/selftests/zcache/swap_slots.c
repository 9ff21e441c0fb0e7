// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots that are used again and again: a tiny swap area, several processes that
 * map, fill, fork, verify and unmap; swapoff and swapon in the middle of that;
 * processes that are killed. No page may come back as another, and when all is
 * over no entry may be left.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zc.h"

#define WORKERS		4
#define MAX_PAGES	160UL
#define SLOTS		512UL	/* less than what the workers use together */

struct shared {
	bool stop;
	unsigned long rounds;
};

static struct shared *shared;

static enum zc_kind kind_of(uint64_t id)
{
	return id % 5 == 4 ? ZC_NOISE : id % 5;
}

static void fill(char *p, unsigned long nr, uint64_t id)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		zc_fill(p + i * ZC_PAGE, id + i, kind_of(id + i));
}

/* From the end, so that it is not the order of the slots. */
static bool holds(char *p, unsigned long nr, uint64_t id)
{
	unsigned long i;

	for (i = nr; i-- > 0;) {
		if (zc_holds(p + i * ZC_PAGE, id + i, kind_of(id + i)))
			continue;
		fprintf(stderr, "# page %lu of %llx begins with %llx\n", i,
			(unsigned long long)id,
			*(unsigned long long *)(p + i * ZC_PAGE));
		return false;
	}
	return true;
}

static void pageout(char *p, unsigned long nr)
{
	madvise(p, nr * ZC_PAGE, MADV_PAGEOUT);
}

/* The child writes to half of what it shares, both see what is theirs. */
static bool fork_and_verify(char *p, unsigned long nr, uint64_t id)
{
	pid_t child = fork();
	int status;
	bool good;

	if (!child) {
		good = holds(p, nr, id);
		fill(p, nr / 2, ~id);
		pageout(p, nr);
		_exit(!(good && holds(p, nr / 2, ~id) &&
			holds(p + nr / 2 * ZC_PAGE, nr - nr / 2, id + nr / 2)));
	}
	pageout(p, nr);
	good = holds(p, nr, id);
	waitpid(child, &status, 0);
	return good && !status;
}

static bool work_once(struct zc_rng *rng)
{
	unsigned long nr = 16 + zc_below(rng, MAX_PAGES - 16);
	uint64_t id = zc_rand(rng);
	char *p = zc_anon(nr * ZC_PAGE, ZC_PAGE);
	bool good;

	fill(p, nr, id);
	pageout(p, nr);
	good = holds(p, nr / 2, id);	/* half of it stays where it is */
	if (zc_below(rng, 2))
		pageout(p, nr);
	if (zc_below(rng, 3) == 0)
		good = good && fork_and_verify(p, nr, id);
	good = good && holds(p, nr, id);
	munmap(p, nr * ZC_PAGE);
	return good;
}

static int worker(unsigned int number)
{
	struct zc_rng rng;

	zc_pin_to_cpu(number);
	zc_srand(&rng, number);
	while (!zc_load(shared->stop)) {
		if (!work_once(&rng))
			return 1;
		zc_add(shared->rounds, 1);
	}
	return 0;
}

static void start_workers(void)
{
	unsigned int i;

	shared->stop = false;
	shared->rounds = 0;
	for (i = 0; i < WORKERS; i++)
		if (!fork())
			_exit(worker(i));
}

static unsigned int stop_workers(void)
{
	unsigned int i, bad = 0;
	int status;

	zc_store(shared->stop, true);
	for (i = 0; i < WORKERS; i++) {
		wait(&status);
		bad += status != 0;
	}
	return bad;
}

/* A worker that fails ends: its rounds would be missed for ever. */
static void let_them_work(unsigned long rounds)
{
	unsigned long end = shared->rounds + rounds;
	unsigned int i;

	for (i = 0; i < 5000 && zc_load(shared->rounds) < end; i++)
		zc_msleep(10);
}

static bool nothing_left(void)
{
	return zc_wait_get("frontswap/stored", 0) &&
	       zc_wait_get("zcache/pers_zpages", 0) &&
	       zc_wait_get("zcache/pers_zbytes", 0) &&
	       zc_wait_get("zcache/pers_filled", 0) &&
	       zc_wait_get("zcache/pers_pageframes", 0);
}

/* A fault brings in its own page and no other, and the entry goes at once. */
static void test_fault(void)
{
	unsigned long nr = 64, stored, loads, i, wrong = 0;
	char *p = zc_anon(nr * ZC_PAGE, ZC_PAGE);

	for (i = 0; i < nr; i++)
		zc_fill(p + i * ZC_PAGE, i, ZC_TEXT);
	pageout(p, nr);
	stored = zc_get("frontswap/stored");
	loads = zc_get("frontswap/loads");
	wrong += stored != nr || zc_nr_swapped(p, nr * ZC_PAGE) != nr;
	for (i = 0; i < nr; i++) {
		wrong += !zc_holds(p + (i ^ 5) * ZC_PAGE, i ^ 5, ZC_TEXT);
		wrong += zc_get("frontswap/stored") != --stored;
		wrong += zc_get("frontswap/loads") != ++loads;
		wrong += zc_nr_swapped(p, nr * ZC_PAGE) != stored;
	}
	zc_result(!wrong, "pages are swapped in one by one");
	munmap(p, nr * ZC_PAGE);
}

static void test_reuse(void)
{
	unsigned long stores = zc_get("frontswap/succ_stores");
	unsigned long i, bad;

	start_workers();
	for (i = 0; i < zc_scaled(20, 6); i++) {
		zc_percent(i % 3 == 2 ? 0 : 50);
		let_them_work(10);
	}
	bad = stop_workers();
	zc_percent(50);
	stores = zc_get("frontswap/succ_stores") - stores;
	zc_result(!bad, "slots used again: %lu of %u workers found a wrong page",
		  bad, WORKERS);
	zc_result(stores > 4 * SLOTS, "%lu slots were used %lu times", SLOTS,
		  stores);
	zc_result(nothing_left(), "nothing is left when all is unmapped");
}

/* Between swapoff and swapon there is no swap, and may be no entry. */
static void test_swapoff(void)
{
	unsigned long i, bad, left = 0, failed = 0, times = zc_scaled(10, 4);

	start_workers();
	for (i = 0; i < times; i++) {
		let_them_work(6);
		if (zc_swap_off()) {
			zc_say("swapoff: error %d", errno);
			failed++;
			continue;
		}
		left += !nothing_left();
		if (zc_swap_again())
			zc_die("cannot swapon again");
	}
	bad = stop_workers();
	zc_result(!failed, "swapoff under load: %lu of %lu failed", failed,
		  times);
	zc_result(!left, "entries left after swapoff: %lu times", left);
	zc_result(!bad, "swapoff: %lu of %u workers found a wrong page", bad,
		  WORKERS);
}

/* Filling memory with the first contents may take long on a busy machine. */
static bool wait_for_entries(void)
{
	unsigned int i;

	for (i = 0; i < 6000; i++) {
		if (zc_get("frontswap/stored"))
			return true;
		zc_msleep(5);
	}
	return false;
}

static void test_kill(void)
{
	unsigned long i, times = zc_scaled(20, 6), left = 0, seen = 0;
	struct zc_rng rng;
	pid_t child;
	char *p;

	zc_srand(&rng, 99);
	for (i = 0; i < times; i++) {
		child = fork();
		if (!child) {
			p = zc_anon(SLOTS * ZC_PAGE, ZC_PAGE);
			for (;;) {
				fill(p, SLOTS, i << 32);
				pageout(p, SLOTS);
			}
		}
		seen += wait_for_entries();
		zc_msleep(zc_below(&rng, 100));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		left += !nothing_left();
	}
	zc_result(seen == times && !left,
		  "killed while swapping: %lu of %lu had entries, %lu left some",
		  seen, times, left);
}

int main(void)
{
	zc_start(8);
	zc_swap_on(NULL, SLOTS);
	zc_percent(50);
	shared = zc_shared(sizeof(*shared));

	test_fault();
	test_reuse();
	test_swapoff();
	test_kill();
	zc_finish();
}
