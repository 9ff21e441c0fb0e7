// SPDX-License-Identifier: GPL-2.0-only
/* Tests of zcache's own parts: pages that are not compressed, frames, admission. */
#include <linux/jiffies.h>

#include "zcache_rig.h"

#define SLOW_NS		2000000	/* a read that anything is better than */

/* Pages as they are */

static unsigned int evict_raw(struct rig *rig)
{
	LIST_HEAD(frames);
	unsigned int nr = zcache_raw_evict(&rig->zc, rig->pool.cg, ZBUD_PROVED,
					   &frames);

	zcache_frames_free(&rig->zc, &frames);
	return nr;
}

static void raw_oldest_goes(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned long i;

	for (i = 0; i < 3; i++)
		rig_publish(test, i, rig_make_raw(test, i));
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 3);
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 0, PAGE_SIZE));	/* used again */
	KUNIT_EXPECT_EQ(test, evict_raw(rig), 1);
	KUNIT_EXPECT_FALSE(test, rig_get(rig, 1, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, evict_raw(rig), 1);
	KUNIT_EXPECT_FALSE(test, rig_get(rig, 2, PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, evict_raw(rig), 1);
	KUNIT_EXPECT_EQ(test, evict_raw(rig), 0);
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 0);
	KUNIT_EXPECT_EQ(test, rig_events(rig, ZCACHE_EVICTED_EPH_RAW), 3);
}

static void raw_stamp(struct kunit *test)
{
	struct rig *rig = test->priv;
	u16 stamp = 0;

	KUNIT_EXPECT_FALSE(test, zcache_raw_oldest(&rig->zc, rig->pool.cg,
						   ZBUD_PROVED, &stamp));
	rig->zc.now = 7;
	rig_publish(test, 1, rig_make_raw(test, 1));
	rig->zc.now = 9;
	KUNIT_EXPECT_TRUE(test, zcache_raw_oldest(&rig->zc, rig->pool.cg,
						  ZBUD_PROVED, &stamp));
	KUNIT_EXPECT_EQ(test, stamp, 7);
	KUNIT_EXPECT_EQ(test, zcache_frames_age(&rig->zc, rig->pool.cg), 2);
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 1, PAGE_SIZE));
	zcache_raw_oldest(&rig->zc, rig->pool.cg, ZBUD_PROVED, &stamp);
	KUNIT_EXPECT_EQ(test, stamp, 9);
}

static unsigned int evict_any(struct rig *rig, enum zcache_first first)
{
	LIST_HEAD(frames);
	unsigned int nr = zcache_cgroup_evict(&rig->zc, rig->pool.cg, first,
					      &frames);

	zcache_frames_free(&rig->zc, &frames);
	return nr;
}

/* Memory is given back by what nobody has wanted yet, a page takes the oldest's place. */
static void trial_goes_first(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned long i;

	rig_publish(test, 0, rig_make_raw(test, 0));
	rig->zc.now = 5;
	for (i = 1; i < 4; i++)
		rig_publish(test, i, rig_make_ranked(test, i, ZBUD_ON_TRIAL));
	rig->zc.now = 7;
	KUNIT_EXPECT_EQ(test, zcache_frames_age(&rig->zc, rig->pool.cg), 7);
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 1, PAGE_SIZE));	/* wanted */
	KUNIT_EXPECT_EQ(test, evict_any(rig, ZCACHE_ON_TRIAL_FIRST), 1);
	KUNIT_EXPECT_FALSE(test, rig_get(rig, 2, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, evict_any(rig, ZCACHE_OLDEST_FIRST), 1);
	KUNIT_EXPECT_FALSE(test, rig_get(rig, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, evict_any(rig, ZCACHE_OLDEST_FIRST), 1);
	KUNIT_EXPECT_FALSE(test, rig_get(rig, 3, PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 1, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, evict_any(rig, ZCACHE_ON_TRIAL_FIRST), 1);
	KUNIT_EXPECT_EQ(test, evict_any(rig, ZCACHE_ON_TRIAL_FIRST), 0);
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 0);
}

/* Who reads a page keeps it whole while it is evicted; then it goes. */
static void raw_read_while_evicted(struct kunit *test)
{
	struct rig *rig = test->priv;
	void *got = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	void *pampd = rig_make_raw(test, 1);
	LIST_HEAD(frames);

	rig_publish(test, 1, pampd);
	zcache_desc_pin(&rig->zc, pampd);
	KUNIT_EXPECT_EQ(test, evict_raw(rig), 0);
	KUNIT_EXPECT_FALSE(test, rig_flush(rig, 1));
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 1);
	zcache_desc_load(pampd, got);
	rig_fill(page, 1, PAGE_SIZE);
	KUNIT_EXPECT_MEMEQ(test, got, page_address(page), PAGE_SIZE);
	__free_page(page);
	zcache_desc_free(&rig->zc, pampd, &frames);
	KUNIT_EXPECT_FALSE(test, list_empty(&frames));
	zcache_frames_free(&rig->zc, &frames);
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 0);
}

static void raw_flushed_is_off_lru(struct kunit *test)
{
	struct rig *rig = test->priv;

	rig_publish(test, 1, rig_make_raw(test, 1));
	KUNIT_EXPECT_TRUE(test, rig_flush(rig, 1));
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 0);
	KUNIT_EXPECT_EQ(test, evict_raw(rig), 0);
}

/* Eviction that comes between creation and publication does not hide a page. */
static void raw_evicted_before_published(struct kunit *test)
{
	struct rig *rig = test->priv;
	void *pampd = rig_make_raw(test, 1);

	KUNIT_EXPECT_EQ(test, evict_raw(rig), 0);
	rig_publish(test, 1, pampd);
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 1, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, evict_raw(rig), 1);
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 0);
}

#define RACE_PAGES	16
#define RACE_STEPS	3000

static void race_step(struct rig *rig, struct rnd_state *rnd)
{
	unsigned long index = test_below(rnd, RACE_PAGES);

	switch (test_below(rnd, 4)) {
	case 0:
		rig_put(rig, index, PAGE_SIZE, SLOW_NS);
		break;
	case 1:
		rig_get(rig, index, PAGE_SIZE);
		break;
	case 2:
		rig_flush(rig, index);
		break;
	case 3:
		evict_raw(rig);
		break;
	}
}

static void race_work(struct test_worker *worker)
{
	unsigned int i;

	for (i = 0; i < RACE_STEPS; i++)
		race_step(worker->ctx, &worker->rnd);
}

/* Noise is kept as it is: it comes, is read, flushed and evicted at once. */
static void raw_race(struct kunit *test)
{
	struct rig *rig = test->priv;

	test_run_workers(test, race_work, rig);
	KUNIT_EXPECT_GT(test, rig_events(rig, ZCACHE_EVICTED_EPH_RAW), 0);
	while (evict_raw(rig))
		;
}

/* A sparse file does not fill memory with descriptors. */
static void filled_are_bounded(struct kunit *test)
{
	struct rig *rig = test->priv;
	atomic_long_t *nr = &rig->zc.descs.nr[ZCACHE_FILLED][ZBUD_EPH];
	struct tmem_handle handle;
	unsigned long i;
	void *pampd;

	rig->zc.descs.max_filled = 10;
	for (i = 0; i < 100; i++) {
		handle = rig_handle(i);
		pampd = zcache_filled_create(&rig->pool, &handle, i, NULL);
		KUNIT_ASSERT_NOT_NULL(test, pampd);
		rig_publish(test, i, pampd);
	}
	KUNIT_EXPECT_LE(test, atomic_long_read(nr), 11);
	KUNIT_EXPECT_GE(test, rig_events(rig, ZCACHE_EVICTED_EPH_FILLED), 89);
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 0);
}

static struct kunit_case desc_cases[] = {
	KUNIT_CASE(raw_oldest_goes),
	KUNIT_CASE(trial_goes_first),
	KUNIT_CASE(raw_stamp),
	KUNIT_CASE(raw_read_while_evicted),
	KUNIT_CASE(raw_flushed_is_off_lru),
	KUNIT_CASE(raw_evicted_before_published),
	KUNIT_CASE(raw_race),
	KUNIT_CASE(filled_are_bounded),
	{}
};

static struct kunit_suite desc_suite = {
	.name = "zcache_desc",
	.init = rig_init,
	.exit = rig_exit,
	.test_cases = desc_cases,
};

/* Page frames */

static void swap_eats_files_first(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct page *frame;

	rig_publish(test, 1, rig_make_raw(test, 1));
	frame = rig_swap_frame(rig);
	KUNIT_ASSERT_NOT_NULL(test, frame);
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 1);
	KUNIT_EXPECT_FALSE(test, rig_get(rig, 1, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, rig_events(rig, ZCACHE_PERS_ATE_EPH), 1);
	zcache_frame_unget(&rig->zc, frame);
}

/* It takes the place of the oldest, though nobody has wanted another one yet. */
static void swap_takes_oldest(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct page *frame;

	rig_publish(test, 1, rig_make_raw(test, 1));
	rig->zc.now = 5;
	rig_publish(test, 2, rig_make_ranked(test, 2, ZBUD_ON_TRIAL));
	frame = rig_swap_frame(rig);
	KUNIT_ASSERT_NOT_NULL(test, frame);
	KUNIT_EXPECT_FALSE(test, rig_get(rig, 1, PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 2, PAGE_SIZE));
	zcache_frame_unget(&rig->zc, frame);
}

static void limit_holds(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct page *frame;

	rig->zc.max_pool_percent = 0;
	KUNIT_EXPECT_NULL(test, rig_swap_frame(rig));
	KUNIT_EXPECT_EQ(test, rig_events(rig, ZCACHE_LIMIT_HIT), 1);
	rig->zc.max_pool_percent = 50;
	frame = rig_swap_frame(rig);
	KUNIT_ASSERT_NOT_NULL(test, frame);
	zcache_frame_unget(&rig->zc, frame);
}

static void time_passes(struct rig *rig)
{
	rig->zc.calm.since = jiffies - HZ - 1;
}

/* A swap page stops file pages; each second without lets them have more. */
static void calm_comes_back(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct zcache_calm *calm = &rig->zc.calm;
	unsigned long cap, rise, last = 0;

	KUNIT_EXPECT_EQ(test, calm->cap, ULONG_MAX);
	rig_publish(test, 1, rig_make_raw(test, 1));
	rig_publish(test, 2, rig_make_raw(test, 2));
	zcache_frame_unget(&rig->zc, rig_swap_frame(rig));
	KUNIT_EXPECT_EQ(test, calm->cap, 2);
	KUNIT_EXPECT_TRUE(test, zcache_frames_may_grow(&rig->zc));
	rig_publish(test, 3, rig_make_raw(test, 3));
	KUNIT_EXPECT_FALSE(test, zcache_frames_may_grow(&rig->zc));

	for (cap = calm->cap; cap != ULONG_MAX; cap = calm->cap) {
		time_passes(rig);
		KUNIT_ASSERT_TRUE(test, zcache_frames_may_grow(&rig->zc));
		rise = calm->cap - cap;
		KUNIT_ASSERT_TRUE(test, calm->cap == ULONG_MAX ||
				  rise == (last ? 2 * last : 64));
		last = rise;
		KUNIT_EXPECT_TRUE(test, zcache_frames_may_grow(&rig->zc));
		KUNIT_EXPECT_EQ(test, calm->cap - cap, rise);	/* once a second */
	}
}

static void calm_at_swapoff(struct kunit *test)
{
	struct rig *rig = test->priv;

	zcache_frame_unget(&rig->zc, rig_swap_frame(rig));
	KUNIT_EXPECT_FALSE(test, zcache_frames_may_grow(&rig->zc));
	zcache_frames_calm(&rig->zc);
	KUNIT_EXPECT_TRUE(test, zcache_frames_may_grow(&rig->zc));
}

/* Who may not take what file pages have does not stop them either. */
static void guest_leaves_files_alone(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct page *frame;

	rig_publish(test, 1, rig_make_raw(test, 1));
	frame = zcache_frame_get(&rig->zc, ZBUD_PERS, NULL,
				 ZCACHE_FROM_MEMORY);
	KUNIT_ASSERT_NOT_NULL(test, frame);
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 2);
	KUNIT_EXPECT_EQ(test, rig->zc.calm.cap, ULONG_MAX);
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 1, PAGE_SIZE));
	zcache_frame_unget(&rig->zc, frame);
}

static void frames_left(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned long limit = totalram_pages() / 2;

	KUNIT_EXPECT_EQ(test, zcache_frames_left(&rig->zc), limit - limit / 8);
	rig_publish(test, 1, rig_make_raw(test, 1));
	KUNIT_EXPECT_EQ(test, zcache_frames_left(&rig->zc),
			limit - limit / 8 - 1);
	rig->zc.max_pool_percent = 0;
	KUNIT_EXPECT_EQ(test, zcache_frames_left(&rig->zc), 0);
}

/* Is a swap page taken? It is not published, and gone again. */
static bool takes_swap_page(struct rig *rig, unsigned int noise)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	void *pampd;

	if (noise)
		rig_fill(page, 1, noise);
	else
		memset(page_address(page), 0, PAGE_SIZE);
	rig_swap_pool(rig, &rig->zc.cgroups[ZBUD_PERS].nobody);
	pampd = zcache_swap_create(&rig->pool, &rig_oid, 1, page, NULL);
	if (pampd)
		zcache_pamops.free(&rig->pool.tmem, pampd);
	rig_file_pool(rig);
	__free_page(page);
	return pampd;
}

/* As long as swap pages leave, none come that take a frame, from anywhere. */
static void relief_keeps_out(struct kunit *test)
{
	struct rig *rig = test->priv;

	rig->zc.accept_threshold_percent = 90;
	atomic_long_add(1000, &rig->zc.nr_frames);
	KUNIT_EXPECT_TRUE(test, takes_swap_page(rig, 1000));
	KUNIT_EXPECT_FALSE(test, zcache_frames_above_goal(&rig->zc));
	rig->zc.relief = 900;
	KUNIT_EXPECT_TRUE(test, zcache_frames_above_goal(&rig->zc));
	KUNIT_EXPECT_FALSE(test, takes_swap_page(rig, 1000));
	KUNIT_EXPECT_TRUE(test, takes_swap_page(rig, 0));
	KUNIT_EXPECT_EQ(test, zcache_frames_left(&rig->zc), 0);
	zcache_frames_relieved(&rig->zc);
	KUNIT_EXPECT_TRUE(test, takes_swap_page(rig, 1000));
	KUNIT_EXPECT_FALSE(test, zcache_frames_above_goal(&rig->zc));
	atomic_long_sub(1000, &rig->zc.nr_frames);
}

/* Nothing leaves, so nothing is kept out. */
static void no_relief_without_writer(struct kunit *test)
{
	struct rig *rig = test->priv;

	atomic_long_add(1000, &rig->zc.nr_frames);
	zcache_frames_relieve(&rig->zc);
	KUNIT_EXPECT_FALSE(test, zcache_frames_wanted(&rig->zc));
	KUNIT_EXPECT_GT(test, zcache_frames_left(&rig->zc), 0);
	atomic_long_sub(1000, &rig->zc.nr_frames);
}

/* How many are at hand after one was taken, if so many are in use? */
static unsigned int at_hand(struct zcache_spare *spare, unsigned long in_use)
{
	struct page *page = zcache_spare_page(spare, in_use, GFP_KERNEL);

	flush_work(&spare->refill);
	if (page)
		zcache_spare_give(spare, page);
	return spare->nr;
}

static void spares_follow_use(struct kunit *test)
{
	struct zcache_spare *spare = kunit_kzalloc(test, sizeof(*spare), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, spare);
	zcache_spare_init(spare);
	flush_work(&spare->refill);
	KUNIT_EXPECT_EQ(test, spare->nr, 16);
	KUNIT_EXPECT_EQ(test, at_hand(spare, 0), 16);
	KUNIT_EXPECT_EQ(test, at_hand(spare, 100000), 128);
	/* If less is wanted, they are used up. */
	for (i = 0; i < 128; i++)
		at_hand(spare, 64);
	KUNIT_EXPECT_EQ(test, at_hand(spare, 64), 16);
	KUNIT_EXPECT_EQ(test, at_hand(spare, 256), 64);
	zcache_spare_rest(spare);
	KUNIT_EXPECT_EQ(test, spare->nr, 0);
}

static struct kunit_case frames_cases[] = {
	KUNIT_CASE(swap_eats_files_first),
	KUNIT_CASE(guest_leaves_files_alone),
	KUNIT_CASE(swap_takes_oldest),
	KUNIT_CASE(frames_left),
	KUNIT_CASE(limit_holds),
	KUNIT_CASE(calm_comes_back),
	KUNIT_CASE(calm_at_swapoff),
	KUNIT_CASE(relief_keeps_out),
	KUNIT_CASE(no_relief_without_writer),
	KUNIT_CASE(spares_follow_use),
	{}
};

static struct kunit_suite frames_suite = {
	.name = "zcache_frames",
	.init = rig_init,
	.exit = rig_exit,
	.test_cases = frames_cases,
};

/* Admission */

/* A page comes back: the first time it may be let in or not. */
static bool put_again(struct rig *rig, unsigned long index, unsigned int noise,
		      u32 read_ns)
{
	rig_put(rig, index, noise, read_ns);
	rig_flush(rig, index);
	return rig_put(rig, index, noise, read_ns);
}

/*
 * From now on there is no frame to be had, from nowhere, and pages are read here and
 * there. Whether it pays to try is not to depend on how fast this machine was just now.
 */
static void no_more_frames(struct rig *rig)
{
	rig->zc.reuse.in_rows = 0;
	rig->zc.cost.ns[ZCACHE_COMPRESSED][ZCACHE_PUT] = 60000;
	rig->zc.cost.ns[ZCACHE_COMPRESSED][ZCACHE_GET] = 20000;
	rig->zc.calm.cap = 0;
	rig->zc.calm.since = jiffies + 3600 * HZ;
}

/*
 * What is left in a frame is used up though no other frame can be had, even if
 * most pages are larger than that.
 */
static void room_is_enough(struct kunit *test)
{
	struct rig *rig = test->priv;
	u32 read_ns = 20 * SLOW_NS;	/* a tenth of it, too */
	unsigned long i, nr = 0;

	for (i = 0; i < 5000; i++)
		zcache_cost_size(&rig->zc.cost, i % 10 ? RIG_NOISE : 300);
	KUNIT_ASSERT_TRUE(test, put_again(rig, 0, RIG_NOISE, read_ns));
	KUNIT_ASSERT_EQ(test, rig_frames(rig), 1);
	no_more_frames(rig);
	KUNIT_EXPECT_FALSE(test, put_again(rig, 1, RIG_NOISE, read_ns));
	for (i = 2; i < 20; i++)
		nr += put_again(rig, i, 100, read_ns);
	KUNIT_EXPECT_GE(test, nr, 3);
	KUNIT_EXPECT_LE(test, zbud_room(&rig->zc.cgroups[ZBUD_EPH].nobody.queue), 100);
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 1);
}

/* A page that was used is not the oldest, although nobody has read it here. */
static void used_is_not_oldest(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned long i, nr = 0;
	struct page *frame;

	rig->zc.policy = ZCACHE_PUT_ALL;
	for (i = 0; i < 32; i++)
		KUNIT_ASSERT_TRUE(test, rig_put(rig, i, RIG_NOISE, 0));
	KUNIT_ASSERT_EQ(test, 0, tmem_get(&rig->pool.tmem, &rig_oid, 0, NULL));
	frame = zcache_frame_get(&rig->zc, ZBUD_EPH, rig->pool.cg,
				 ZCACHE_FROM_FILES);
	KUNIT_ASSERT_NOT_NULL(test, frame);
	zcache_frame_unget(&rig->zc, frame);
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 0, RIG_NOISE));
	for (i = 1; i < 32; i++)
		nr += rig_get(rig, i, RIG_NOISE);
	KUNIT_EXPECT_LT(test, nr, 31);
}

/* A page comes back that is read with those around it, or not. */
static bool come_back(struct rig *rig, unsigned long index, unsigned int noise,
		      bool whole)
{
	struct cleancache_read read = { .ns = SLOW_NS, .whole = whole };

	/* However long it has taken to compress others, this one is ventured. */
	atomic64_set(&rig->zc.cost.saved, S64_MAX / 2);
	rig_put_read(rig, index, noise, read);
	rig_flush(rig, index);
	return rig_put_read(rig, index, noise, read);
}

/* How many of a run of eight pages are there, after there was no room for a ninth? */
static unsigned int nr_after_ninth(struct kunit *test, bool whole, bool in_rows)
{
	struct rig *rig = test->priv;
	unsigned long i, nr = 0;

	rig->zc.reuse.in_rows = ZCACHE_ALL_IN_ROWS;
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_TRUE(test, come_back(rig, i, 100, whole));
	KUNIT_EXPECT_TRUE(test, come_back(rig, 32, 100, whole));
	no_more_frames(rig);
	if (in_rows)
		rig->zc.reuse.in_rows = ZCACHE_ALL_IN_ROWS;
	KUNIT_EXPECT_FALSE(test, come_back(rig, 8, RIG_NOISE, whole));
	for (i = 0; i < 8; i++)
		nr += rig_get(rig, i, 100);
	return nr;
}

/*
 * Where a page is of no use without those around it, a run that cannot be whole is
 * given up, and the room is for others.
 */
static void run_is_given_up(struct kunit *test)
{
	struct rig *rig = test->priv;

	KUNIT_EXPECT_EQ(test, nr_after_ninth(test, true, true), 0);
	KUNIT_EXPECT_EQ(test, rig_events(rig, ZCACHE_EPH_ZPAGES_GIVEN_UP), 8);
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 32, 100));
	KUNIT_EXPECT_FALSE(test, come_back(rig, 9, 100, true));
	KUNIT_EXPECT_TRUE(test, come_back(rig, 33, 100, true));
}

/* Reading one page takes as long as reading all of them. */
static void slow_run_is_given_up(struct kunit *test)
{
	struct rig *rig = test->priv;

	KUNIT_EXPECT_EQ(test, nr_after_ninth(test, false, true), 0);
	KUNIT_EXPECT_EQ(test, rig_events(rig, ZCACHE_EPH_ZPAGES_GIVEN_UP), 8);
}

static void run_is_kept(struct kunit *test)
{
	struct rig *rig = test->priv;

	KUNIT_EXPECT_EQ(test, nr_after_ninth(test, false, false), 8);
	KUNIT_EXPECT_EQ(test, rig_events(rig, ZCACHE_EPH_ZPAGES_GIVEN_UP), 0);
	KUNIT_EXPECT_TRUE(test, come_back(rig, 9, 100, false));
}

/* Of pages that have not come back yet, only those of use, but these for nothing. */
static void active_is_let_in(struct kunit *test)
{
	struct cleancache_read once = { .ns = SLOW_NS };
	struct cleancache_read often = { .ns = SLOW_NS, .active = true };
	struct cleancache_read fast = { .ns = 1, .active = true };
	struct rig *rig = test->priv;
	unsigned long i;

	rig->zc.policy = ZCACHE_PUT_ACTIVE;
	for (i = 0; i < 200; i += 2) {
		KUNIT_EXPECT_FALSE(test, rig_put_read(rig, i, 100, once));
		KUNIT_EXPECT_TRUE(test, rig_put_read(rig, i + 1, 100, often));
	}
	KUNIT_EXPECT_TRUE(test, rig_put_read(rig, 0, 100, once));
	KUNIT_EXPECT_FALSE(test, rig_put_read(rig, i, 100, fast));
	no_more_frames(rig);
	KUNIT_EXPECT_FALSE(test, rig_put_read(rig, i + 1, RIG_NOISE, often));
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 1, 100));
}

/* What is left in a frame is used up by who lets in everything, too. */
static void room_is_enough_for_all(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned long i, nr = 0;

	rig->zc.policy = ZCACHE_PUT_ALL;
	KUNIT_ASSERT_TRUE(test, rig_put(rig, 0, RIG_NOISE, 0));
	rig->zc.max_pool_percent = 100;
	atomic_long_add(totalram_pages(), &rig->zc.nr_frames);
	atomic_long_sub(1, &rig->zc.nr_frames);
	for (i = 1; i < 4; i++)
		nr += rig_put(rig, i, 100, 0);
	atomic_long_sub(totalram_pages() - 1, &rig->zc.nr_frames);
	KUNIT_EXPECT_EQ(test, nr, 3);
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 1);
}

/* Where hardly any page would fit, none is compressed for nothing. */
static void not_in_vain(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned long i;

	for (i = 0; i < 20000; i++)
		zcache_cost_size(&rig->zc.cost, RIG_NOISE);
	KUNIT_ASSERT_TRUE(test, put_again(rig, 0, RIG_NOISE, SLOW_NS));
	no_more_frames(rig);
	for (i = 1; i < 20; i++)
		KUNIT_EXPECT_FALSE(test, put_again(rig, i, RIG_NOISE, SLOW_NS));
	KUNIT_EXPECT_EQ(test, rig_events(rig, ZCACHE_EPH_COMPRESSED_IN_VAIN), 0);
}

static void put_swap(struct kunit *test, unsigned long index)
{
	struct rig *rig = test->priv;
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	void *pampd;

	rig_fill(page, index, 1000);
	pampd = zcache_swap_create(&rig->pool, &rig_oid, index, page, NULL);
	__free_page(page);
	KUNIT_ASSERT_NOT_NULL(test, pampd);
	rig_publish(test, index, pampd);
}

/* Pages of one compressor are read while another is in use. */
static void compressors_change(struct kunit *test)
{
	static const char * const names[] = { "lzo", "lz4", "deflate", "zstd" };
	struct rig *rig = test->priv;
	struct zcache_comps *comps = &rig->zc.comps;
	unsigned int i;

	put_swap(test, 0);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!zcache_comp_known(names[i]))
			kunit_skip(test, "no %s", names[i]);
		KUNIT_ASSERT_EQ(test, zcache_comp_choose(comps, names[i]), 0);
		KUNIT_EXPECT_STREQ(test, zcache_comp_name(zcache_comp_in_use(comps)),
				   names[i]);
		put_swap(test, 1 + i);
	}
	for (i = 0; i <= ARRAY_SIZE(names); i++)
		KUNIT_EXPECT_TRUE(test, rig_get(rig, i, 1000));
	KUNIT_EXPECT_EQ(test, rig_events(rig, ZCACHE_DECOMPRESS_FAILED), 0);
}

static void compressors_refused(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct zcache_comps *comps = &rig->zc.comps;
	struct zcache_comp *comp = zcache_comp_in_use(comps);
	unsigned int nr = comps->nr;

	KUNIT_EXPECT_EQ(test, zcache_comp_choose(comps, "nonesuch"), -ENOENT);
	KUNIT_EXPECT_PTR_EQ(test, zcache_comp_in_use(comps), comp);
	/* There is no room for a new one, but the old ones may be chosen. */
	comps->nr = ZCACHE_COMPRESSORS;
	while (nr < ZCACHE_COMPRESSORS)
		comps->table[nr++] = comp;
	KUNIT_EXPECT_EQ(test, zcache_comp_choose(comps, "lzo"), -ENOSPC);
	KUNIT_EXPECT_EQ(test, zcache_comp_choose(comps, zcache_comp_name(comp)), 0);
	KUNIT_EXPECT_PTR_EQ(test, zcache_comp_in_use(comps), comp);
	comps->nr = 1;
}

/* A page that has been elsewhere meanwhile. */
static void import_what_was_exported(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct tmem_handle handle = rig_handle(2);
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	struct page *again = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	void *buf = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct zbud_content content = { .data = buf };
	const void *data;
	void *pampd;

	rig_fill(page, 2, 1000);
	pampd = zcache_swap_create(&rig->pool, &rig_oid, 2, page, NULL);
	KUNIT_ASSERT_NOT_NULL(test, pampd);
	content.size = zbud_size(pampd);
	data = zbud_data(pampd, buf);
	if (data != buf)
		memcpy(buf, data, content.size);
	zcache_pamops.free(&rig->pool.tmem, pampd);
	KUNIT_EXPECT_EQ(test, zcache_page_expand(&rig->zc, &content, again), 0);
	KUNIT_EXPECT_MEMEQ(test, page_address(page), page_address(again),
			   PAGE_SIZE);

	pampd = zcache_page_import(&rig->pool, &handle, &content,
				   ZCACHE_FROM_MEMORY);
	KUNIT_ASSERT_NOT_NULL(test, pampd);
	rig_publish(test, 2, pampd);
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 2, 1000));
	rig->zc.max_pool_percent = 0;
	KUNIT_EXPECT_NULL(test, zcache_page_import(&rig->pool, &handle,
						   &content,
						   ZCACHE_FROM_MEMORY));
	rig->zc.max_pool_percent = 50;
	memset(buf, 0xff, content.size);
	KUNIT_EXPECT_NE(test, zcache_page_expand(&rig->zc, &content, again), 0);
	__free_page(again);
	__free_page(page);
}

/* Nor is the cap passed by a page that is larger than it looked. */
static void cap_is_kept(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned long i;

	for (i = 0; i < 20000; i++)
		zcache_cost_size(&rig->zc.cost, 300);
	KUNIT_ASSERT_TRUE(test, put_again(rig, 0, RIG_NOISE, SLOW_NS));
	no_more_frames(rig);
	for (i = 1; i < 10; i++)
		KUNIT_EXPECT_FALSE(test, put_again(rig, i, RIG_NOISE, SLOW_NS));
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 1);
	KUNIT_EXPECT_GT(test, rig_events(rig, ZCACHE_EPH_COMPRESSED_IN_VAIN), 0);
}

static struct kunit_case admit_cases[] = {
	KUNIT_CASE(room_is_enough),
	KUNIT_CASE(used_is_not_oldest),
	KUNIT_CASE(run_is_given_up),
	KUNIT_CASE(slow_run_is_given_up),
	KUNIT_CASE(run_is_kept),
	KUNIT_CASE(active_is_let_in),
	KUNIT_CASE(room_is_enough_for_all),
	KUNIT_CASE(not_in_vain),
	KUNIT_CASE(cap_is_kept),
	KUNIT_CASE(import_what_was_exported),
	KUNIT_CASE(compressors_change),
	KUNIT_CASE(compressors_refused),
	{}
};

static struct kunit_suite admit_suite = {
	.name = "zcache_admit",
	.init = rig_init,
	.exit = rig_exit,
	.test_cases = admit_cases,
};

kunit_test_suites(&desc_suite, &frames_suite, &admit_suite);
