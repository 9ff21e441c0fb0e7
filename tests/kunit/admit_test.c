// SPDX-License-Identifier: GPL-2.0-only
/* Tests of what file pages are let in by: reuse and cost. */
#include <linux/sched/clock.h>

#include "../../zcache.h"
#include "test_util.h"

/* Pages of the machine that the suites pretend to be: a tick is 1024 offers. */
#define MEMORY		16384
#define TICK		(MEMORY / 16)
/* Offers that a CPU may have counted by itself; and one tick, for rounding. */
#define LOOSE		1

static const struct tmem_oid file = { .w = { 0xffff888012345678 } };
static const struct tmem_oid other = { .w = { 0xffff888012345a80 } };

static int reuse_init(struct kunit *test)
{
	struct zcache_reuse *reuse = kunit_kzalloc(test, sizeof(*reuse),
						   GFP_KERNEL);
	int err;

	if (!reuse)
		return -ENOMEM;
	err = zcache_reuse_init(reuse, MEMORY);
	test->priv = err ? NULL : reuse;
	return err;
}

static void reuse_exit(struct kunit *test)
{
	if (test->priv)
		zcache_reuse_exit(test->priv);
}

/* Offer so many pages: how many of them were known? */
static unsigned long offer(struct kunit *test, const struct tmem_oid *oid,
			   unsigned long first, unsigned long nr)
{
	unsigned long known = 0;

	for (; nr; nr--, first++)
		known += !!zcache_reuse_offer(test->priv, oid, first);
	return known;
}

/* Time goes on, by pages that are never offered again. */
static void pass_time(struct kunit *test, unsigned int ticks)
{
	static const struct tmem_oid nobody = { .w = { 1 } };
	static unsigned long next;

	offer(test, &nobody, next, ticks * TICK);
	next += ticks * TICK;
}

static void first_is_unknown(struct kunit *test)
{
	KUNIT_EXPECT_LE(test, offer(test, &file, 0, 1000), 1);
}

static void second_is_known(struct kunit *test)
{
	offer(test, &file, 0, 1000);
	KUNIT_EXPECT_GE(test, offer(test, &file, 0, 1000), 990);
}

/* A loop that needs three notes of four, and that is all that there is. */
static void loop_is_known(struct kunit *test)
{
	unsigned long nr = MEMORY * 3;

	offer(test, &file, 0, nr);
	offer(test, &file, 0, nr);
	KUNIT_EXPECT_GE(test, offer(test, &file, 0, nr), nr * 99 / 100);
	KUNIT_EXPECT_GE(test, offer(test, &file, 0, nr), nr * 99 / 100);
}

static void objects_differ(struct kunit *test)
{
	offer(test, &file, 0, 1000);
	KUNIT_EXPECT_LE(test, offer(test, &other, 0, 1000), 1);
}

/* The table is full, and none of the pages has been here before. */
static void stream_is_unknown(struct kunit *test)
{
	unsigned long nr = MEMORY * 20;

	KUNIT_EXPECT_LE(test, offer(test, &file, 0, nr), nr / 1000);
}

/* What has passed between two offers, in ticks, is what is returned. */
static void tells_interval(struct kunit *test)
{
	unsigned int ticks, told, i, right;

	for (ticks = 0; ticks <= 16; ticks += 4) {
		offer(test, &file, ticks * 100, 100);
		pass_time(test, ticks);
		for (i = 0, right = 0; i < 100; i++) {
			told = zcache_reuse_offer(test->priv, &file,
						  ticks * 100 + i);
			right += told >= ticks && told <= ticks + 1 + LOOSE;
		}
		KUNIT_EXPECT_GE_MSG(test, right, 90, "%u ticks", ticks);
	}
}

static void clock_goes(struct kunit *test)
{
	u16 before = zcache_reuse_now(test->priv);

	pass_time(test, 3);
	KUNIT_EXPECT_GE(test, (u16)(zcache_reuse_now(test->priv) - before),
			3 - LOOSE);
	KUNIT_EXPECT_LE(test, (u16)(zcache_reuse_now(test->priv) - before),
			3 + LOOSE);
}

/* A loop over one and a half times memory is remembered from turn to turn. */
static void remembers_loop(struct kunit *test)
{
	unsigned long pages = MEMORY * 3 / 2;

	offer(test, &file, 0, pages);
	KUNIT_EXPECT_GE(test, offer(test, &file, 0, pages), pages * 9 / 10);
}

/* Of what was offered long ago, what is new takes the place. */
static void forgets_oldest(struct kunit *test)
{
	offer(test, &file, 0, 1000);
	pass_time(test, 200);
	offer(test, &other, 0, 1000);
	KUNIT_EXPECT_LE(test, offer(test, &file, 0, 1000), 100);
	KUNIT_EXPECT_GE(test, offer(test, &other, 0, 1000), 950);
}

/* Rows may go down, and pages of several files may take turns, if each has some. */
static void knows_rows(struct kunit *test)
{
	unsigned long i;

	KUNIT_EXPECT_FALSE(test, zcache_reuse_in_rows(test->priv));
	offer(test, &file, 0, 1000);
	KUNIT_EXPECT_TRUE(test, zcache_reuse_in_rows(test->priv));
	for (i = 0; i < 1000; i++)
		zcache_reuse_offer(test->priv, &file, i * 40503 % 65536);
	KUNIT_EXPECT_FALSE(test, zcache_reuse_in_rows(test->priv));
	for (i = 1000; i; i--)
		zcache_reuse_offer(test->priv, &file, i);
	KUNIT_EXPECT_TRUE(test, zcache_reuse_in_rows(test->priv));
	for (i = 0; i < 1000; i++)
		zcache_reuse_offer(test->priv, i % 2 ? &file : &other, i / 2);
	KUNIT_EXPECT_FALSE(test, zcache_reuse_in_rows(test->priv));
	for (i = 0; i < 1000; i += 8)
		offer(test, i % 16 ? &file : &other, i, 8);
	KUNIT_EXPECT_TRUE(test, zcache_reuse_in_rows(test->priv));
}

/* A sixteenth of the time, whatever the rhythm in which pages come. */
static void samples_rows(struct kunit *test)
{
	unsigned int time, nr = 0, beats = 0;

	for (time = 0; time < 16384; time++) {
		if (!zcache_reuse_sample(time))
			continue;
		nr++;
		beats |= BIT(time % 16);
	}
	KUNIT_EXPECT_GE(test, nr, 16384 / 17);
	KUNIT_EXPECT_LE(test, nr, 16384 / 15);
	KUNIT_EXPECT_EQ(test, beats, 0xffff);
}

static void tiny_machine(struct kunit *test)
{
	struct zcache_reuse reuse;

	KUNIT_ASSERT_EQ(test, zcache_reuse_init(&reuse, 1), 0);
	KUNIT_EXPECT_EQ(test, zcache_reuse_offer(&reuse, &file, 1), 0);
	KUNIT_EXPECT_EQ(test, zcache_reuse_offer(&reuse, &file, 1), 1);
	zcache_reuse_exit(&reuse);
}

static struct kunit_case reuse_cases[] = {
	KUNIT_CASE(first_is_unknown),
	KUNIT_CASE(second_is_known),
	KUNIT_CASE(loop_is_known),
	KUNIT_CASE(objects_differ),
	KUNIT_CASE(stream_is_unknown),
	KUNIT_CASE(tells_interval),
	KUNIT_CASE(clock_goes),
	KUNIT_CASE(remembers_loop),
	KUNIT_CASE(forgets_oldest),
	KUNIT_CASE(knows_rows),
	KUNIT_CASE(samples_rows),
	KUNIT_CASE(tiny_machine),
	{}
};

static struct kunit_suite reuse_suite = {
	.name = "zcache_reuse",
	.init = reuse_init,
	.exit = reuse_exit,
	.test_cases = reuse_cases,
};

static int cost_init(struct kunit *test)
{
	struct zcache_cost *cost = kunit_kzalloc(test, sizeof(*cost),
						 GFP_KERNEL);
	int err;

	if (!cost)
		return -ENOMEM;
	err = zcache_cost_init(cost);
	if (err)
		return err;
	cost->ns[ZCACHE_COMPRESSED][ZCACHE_PUT] = 60000;
	cost->ns[ZCACHE_COMPRESSED][ZCACHE_GET] = 20000;
	cost->ns[ZCACHE_AS_IS][ZCACHE_PUT] = 2000;
	cost->ns[ZCACHE_AS_IS][ZCACHE_GET] = 1000;
	cost->size = PAGE_SIZE / 2 * ZCACHE_SIZE_UNITS;
	test->priv = cost;
	return 0;
}

static void cost_exit(struct kunit *test)
{
	if (test->priv)
		zcache_cost_exit(test->priv);
}

static enum zcache_way way_of(struct kunit *test, u32 read_ns)
{
	return zcache_cost_way(test->priv, read_ns, true);
}

/* The slower the disk, the more it is worth to have many pages. */
static void way_follows_disk(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, way_of(test, 1), ZCACHE_NOT_AT_ALL);
	KUNIT_EXPECT_EQ(test, way_of(test, 1000), ZCACHE_NOT_AT_ALL);
	KUNIT_EXPECT_EQ(test, way_of(test, 30000), ZCACHE_AS_IS);
	KUNIT_EXPECT_EQ(test, way_of(test, 150000), ZCACHE_COMPRESSED);
	KUNIT_EXPECT_EQ(test, way_of(test, U32_MAX), ZCACHE_COMPRESSED);
	KUNIT_EXPECT_EQ(test, way_of(test, 0), ZCACHE_COMPRESSED);
}

/* Pages that hardly compress had better be kept as they are. */
static void way_follows_size(struct kunit *test)
{
	struct zcache_cost *cost = test->priv;

	cost->size = PAGE_SIZE * ZCACHE_SIZE_UNITS;
	KUNIT_EXPECT_EQ(test, way_of(test, 150000), ZCACHE_AS_IS);
	cost->size = 0;
	KUNIT_EXPECT_EQ(test, way_of(test, 150000), ZCACHE_COMPRESSED);
}

/* Where pages are read here and there, none is kept as it is. */
static void way_follows_reading(struct kunit *test)
{
	struct zcache_cost *cost = test->priv;

	KUNIT_EXPECT_EQ(test, zcache_cost_way(cost, 30000, false),
			ZCACHE_NOT_AT_ALL);
	KUNIT_EXPECT_EQ(test, zcache_cost_way(cost, 150000, false),
			ZCACHE_COMPRESSED);
	/* In a loop a page is got more often, and pays for being put. */
	KUNIT_EXPECT_EQ(test, zcache_cost_way(cost, 60000, false),
			ZCACHE_NOT_AT_ALL);
	KUNIT_EXPECT_EQ(test, zcache_cost_way(cost, 60000, true),
			ZCACHE_COMPRESSED);
}

/* With a fast compressor, compressing pays where it did not. */
static void way_follows_compressor(struct kunit *test)
{
	struct zcache_cost *cost = test->priv;

	cost->ns[ZCACHE_COMPRESSED][ZCACHE_PUT] = 6000;
	cost->ns[ZCACHE_COMPRESSED][ZCACHE_GET] = 2000;
	KUNIT_EXPECT_EQ(test, way_of(test, 30000), ZCACHE_COMPRESSED);
}

/* What putting them took, of those of 1000 pages that are ventured. */
static u64 ventured_ns(struct zcache_cost *cost, struct cleancache_read read)
{
	unsigned int i, nr = 0;

	for (i = 0; i < 1000; i++)
		nr += zcache_cost_venture(cost, ZCACHE_COMPRESSED, read, i * 2);
	return nr * 60000ULL;
}

/* Of the time that reads take, a quarter is ventured where nobody need wait. */
static void venture_is_a_share(struct kunit *test)
{
	u64 ns = ventured_ns(test->priv,
			     (struct cleancache_read) { 96000, 96000 });

	KUNIT_EXPECT_LE(test, ns, 1000 * 96000 / 4);
	KUNIT_EXPECT_GE(test, ns, 1000 * 96000 / 5);
}

/* Of what who reads has to do himself, or to wait for, it is an eighth. */
static void venture_less_on_work(struct kunit *test)
{
	u64 ns = ventured_ns(test->priv, (struct cleancache_read) { 240000, 0 });

	KUNIT_EXPECT_LE(test, ns, 1000 * 240000 / 8);
	KUNIT_EXPECT_GE(test, ns, 1000 * 240000 / 9);
}

/* And of a read that is so in part, the share of each part. */
static void venture_on_both(struct kunit *test)
{
	u64 ns = ventured_ns(test->priv,
			     (struct cleancache_read) { 128000, 48000 });

	KUNIT_EXPECT_LE(test, ns, 1000 * (80000 / 8 + 48000 / 4));
	KUNIT_EXPECT_GE(test, ns, 1000 * (80000 / 8 + 48000 / 4) * 9 / 10);
}

/* Of pages that are read together, all are ventured on or none is. */
static void venture_on_runs(struct kunit *test)
{
	struct zcache_cost *cost = test->priv;
	struct cleancache_read read = { 96000, 96000 };
	unsigned int i, nr, runs = 0, run;

	for (run = 0; run < 100; run++) {
		for (nr = 0, i = 0; i < 32; i++)
			nr += zcache_cost_venture(cost, ZCACHE_COMPRESSED,
						  read, (run + 5) * 2);
		KUNIT_EXPECT_TRUE(test, !nr || nr == 32);
		runs += !!nr;
	}
	/* A quarter of 96 us for each page, and 60 us for one that is put. */
	KUNIT_EXPECT_GE(test, runs, 38);
	KUNIT_EXPECT_LE(test, runs, 42);
}

/* Slow reads long ago do not pay for any number of pages now. */
static void venture_is_not_hoarded(struct kunit *test)
{
	struct cleancache_read slow = { U32_MAX, U32_MAX }, fast = { 1, 1 };
	struct zcache_cost *cost = test->priv;
	unsigned int i, nr = 0;

	for (i = 0; i < 1000; i++)
		zcache_cost_venture(cost, ZCACHE_COMPRESSED, slow, i * 2);
	for (i = 0; i < 100; i++)
		nr += zcache_cost_venture(cost, ZCACHE_COMPRESSED, fast,
					  (1000 + i) * 2);
	KUNIT_EXPECT_LE(test, nr, 64);
}

/* The mean size is that of many pages, exactly so when all are alike. */
static void mean_size(struct kunit *test)
{
	struct zcache_cost *cost = test->priv;
	unsigned int i;

	zcache_cost_size(cost, PAGE_SIZE);
	KUNIT_EXPECT_GT(test, zcache_cost_mean_size(cost), PAGE_SIZE / 2);
	KUNIT_EXPECT_LT(test, zcache_cost_mean_size(cost), PAGE_SIZE * 51 / 100);
	for (i = 0; i < 20000; i++)
		zcache_cost_size(cost, 1000);
	KUNIT_EXPECT_GE(test, zcache_cost_mean_size(cost), 1000);
	KUNIT_EXPECT_LE(test, zcache_cost_mean_size(cost), 1001);
	for (i = 0; i < 20000; i++)
		zcache_cost_size(cost, PAGE_SIZE);
	KUNIT_EXPECT_GE(test, zcache_cost_mean_size(cost), PAGE_SIZE - 1);
	KUNIT_EXPECT_LE(test, zcache_cost_mean_size(cost), PAGE_SIZE);
}

/* Shares of pages by size: never more than there are. */
static void smaller_is_a_share(struct kunit *test)
{
	struct zcache_cost *cost = test->priv;
	unsigned int i, all = ZCACHE_ALL_PAGES;

	KUNIT_EXPECT_EQ(test, zcache_cost_smaller(cost, PAGE_SIZE), all);
	KUNIT_EXPECT_EQ(test, zcache_cost_smaller(cost, PAGE_SIZE / 2), all / 2);
	for (i = 0; i < 20000; i++)
		zcache_cost_size(cost, i % 4 ? 2000 : 500);
	KUNIT_EXPECT_LE(test, zcache_cost_smaller(cost, 0), all / 1000);
	KUNIT_EXPECT_LE(test, zcache_cost_smaller(cost, 256), all / 1000);
	KUNIT_EXPECT_GE(test, zcache_cost_smaller(cost, 384), all * 12 / 100);
	KUNIT_EXPECT_LE(test, zcache_cost_smaller(cost, 384), all * 13 / 100);
	KUNIT_EXPECT_GE(test, zcache_cost_smaller(cost, 512), all * 24 / 100);
	KUNIT_EXPECT_LE(test, zcache_cost_smaller(cost, 1792), all * 26 / 100);
	KUNIT_EXPECT_GE(test, zcache_cost_smaller(cost, 2048), all * 99 / 100);
	KUNIT_EXPECT_LE(test, zcache_cost_smaller(cost, PAGE_SIZE), all);
}

/* The dearer a read, the smaller the chance that is worth a try. */
static void try_for_a_price(struct kunit *test)
{
	struct zcache_cost *cost = test->priv;
	u32 all = ZCACHE_ALL_PAGES;

	/* 60 us to put; a hit on a page that takes 142 us to read gains 120 us. */
	KUNIT_EXPECT_TRUE(test, zcache_cost_try(cost, 142000, all));
	KUNIT_EXPECT_TRUE(test, zcache_cost_try(cost, 142000, all * 13 / 100));
	KUNIT_EXPECT_FALSE(test, zcache_cost_try(cost, 142000, all * 12 / 100));
	KUNIT_EXPECT_FALSE(test, zcache_cost_try(cost, 142000, 0));
	KUNIT_EXPECT_FALSE(test, zcache_cost_try(cost, 20000, all));
	KUNIT_EXPECT_TRUE(test, zcache_cost_try(cost, 0, all / 32));
	KUNIT_EXPECT_TRUE(test, zcache_cost_try(cost, U32_MAX, all / 1000));
}

/* One call in so many is timed. */
static void timed_now_and_then(struct kunit *test)
{
	struct zcache_cost *cost = test->priv;
	unsigned int i, nr = 0;

	for (i = 0; i < 3200; i++)
		nr += !!zcache_cost_begin(cost);
	KUNIT_EXPECT_GE(test, nr, 150);
	KUNIT_EXPECT_LE(test, nr, 250);
	zcache_cost_end(cost, ZCACHE_AS_IS, ZCACHE_GET, 0);
	KUNIT_EXPECT_EQ(test, cost->ns[ZCACHE_AS_IS][ZCACHE_GET], 1000);
}

static u32 ended(struct zcache_cost *cost, enum zcache_what what, u32 ns)
{
	zcache_cost_end(cost, ZCACHE_COMPRESSED, what, local_clock() - ns);
	return zcache_cost_ns(cost, ZCACHE_COMPRESSED, what);
}

/*
 * The first call is timed, and what it took stands for the guess, unless it is out
 * of all proportion; with more of them, each counts for less, down to a share.
 */
static void learns_fast_at_first(struct kunit *test)
{
	struct zcache_cost cost;
	u32 ns;
	int i;

	KUNIT_ASSERT_EQ(test, zcache_cost_init(&cost), 0);
	/* Who gets has to guess by what putting takes. */
	ns = zcache_cost_ns(&cost, ZCACHE_COMPRESSED, ZCACHE_PUT);
	KUNIT_EXPECT_EQ(test, zcache_cost_ns(&cost, ZCACHE_COMPRESSED,
					     ZCACHE_GET), ns * 3 / 8);
	KUNIT_EXPECT_GE(test, ended(&cost, ZCACHE_PUT, 50000), 50000);
	KUNIT_EXPECT_GE(test, zcache_cost_ns(&cost, ZCACHE_COMPRESSED,
					     ZCACHE_GET), 50000 * 3 / 8);
	ns = zcache_cost_ns(&cost, ZCACHE_COMPRESSED, ZCACHE_GET);
	KUNIT_EXPECT_EQ(test, ended(&cost, ZCACHE_GET, NSEC_PER_SEC), ns * 16);
	for (i = 0; i < 100; i++)
		ended(&cost, ZCACHE_PUT, 1000000);
	KUNIT_EXPECT_GE(test, ended(&cost, ZCACHE_PUT, 1000000), 900000);
	ns = zcache_cost_ns(&cost, ZCACHE_COMPRESSED, ZCACHE_PUT);
	KUNIT_EXPECT_LE(test, ended(&cost, ZCACHE_PUT, NSEC_PER_SEC), ns * 5 / 4);
	/* A clock that stands still. */
	ns = zcache_cost_ns(&cost, ZCACHE_COMPRESSED, ZCACHE_PUT);
	KUNIT_EXPECT_GE(test, ended(&cost, ZCACHE_PUT, 0), ns * 15 / 16);
	zcache_cost_exit(&cost);
}

static void first_is_timed(struct kunit *test)
{
	struct zcache_cost *cost = test->priv;

	migrate_disable();
	KUNIT_EXPECT_NE(test, zcache_cost_begin(cost), 0);
	KUNIT_EXPECT_EQ(test, zcache_cost_begin(cost), 0);
	migrate_enable();
}

static struct kunit_case cost_cases[] = {
	KUNIT_CASE(way_follows_disk),
	KUNIT_CASE(way_follows_size),
	KUNIT_CASE(way_follows_reading),
	KUNIT_CASE(way_follows_compressor),
	KUNIT_CASE(venture_is_a_share),
	KUNIT_CASE(venture_less_on_work),
	KUNIT_CASE(venture_on_both),
	KUNIT_CASE(venture_on_runs),
	KUNIT_CASE(venture_is_not_hoarded),
	KUNIT_CASE(mean_size),
	KUNIT_CASE(smaller_is_a_share),
	KUNIT_CASE(try_for_a_price),
	KUNIT_CASE(first_is_timed),
	KUNIT_CASE(timed_now_and_then),
	KUNIT_CASE(learns_fast_at_first),
	{}
};

static struct kunit_suite cost_suite = {
	.name = "zcache_cost",
	.init = cost_init,
	.exit = cost_exit,
	.test_cases = cost_cases,
};

kunit_test_suites(&reuse_suite, &cost_suite);
