// SPDX-License-Identifier: GPL-2.0-only
/* Tests of whose frames are taken. */
#include "zcache_rig.h"

#define MANY	24UL
#define FEW	4UL

/* One more cgroup, whose frames are charged to nobody. */
static struct zcache_cgroup *another(struct kunit *test, enum zbud_class class)
{
	struct rig *rig = test->priv;
	struct zcache_cgroups *cgs = &rig->zc.cgroups[class];
	struct zcache_cgroup *cg = kunit_kzalloc(test, sizeof(*cg), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cg);
	cg->class = class;
	zbud_queue_init(&cg->queue, &rig->zc.now);
	INIT_LIST_HEAD(&cg->raw[ZBUD_ON_TRIAL]);
	INIT_LIST_HEAD(&cg->raw[ZBUD_PROVED]);
	INIT_LIST_HEAD(&cg->orphan);
	list_add(&cg->list, &cgs->all);
	cgs->nr++;
	return cg;
}

static void forget(struct rig *rig, struct zcache_cgroup *cg)
{
	struct zcache_cgroups *cgs = &rig->zc.cgroups[cg->class];

	tmem_flush_range(&rig->pool.tmem, &rig_oid, 0, ULONG_MAX);
	list_del(&cg->list);
	cgs->nr--;
	if (cgs->last == cg)
		cgs->last = NULL;
}

/* Pages as they are: one frame each. */
static void fill_with(struct kunit *test, struct zcache_cgroup *cg,
		      unsigned long first, unsigned long nr)
{
	struct rig *rig = test->priv;
	struct zcache_cgroup *before = rig->pool.cg;

	rig->pool.cg = cg;
	for (; nr; nr--, first++)
		rig_publish(test, first, rig_make_raw(test, first));
	rig->pool.cg = before;
}

/* One more that has less than its share, of older pages; who has more is nobody. */
static struct zcache_cgroup *small_beside_large(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct zcache_cgroup *small = another(test, ZBUD_EPH);

	fill_with(test, small, 0, FEW);
	rig->zc.now += 100;
	fill_with(test, rig->pool.cg, FEW, MANY);
	return small;
}

static long frames_of(struct zcache_cgroup *cg)
{
	return atomic_long_read(&cg->nr_frames);
}

/* Take a frame of file pages for one; it goes at once. */
static void take_for(struct kunit *test, struct zcache_cgroup *cg)
{
	struct rig *rig = test->priv;
	struct page *frame = zcache_frame_get(&rig->zc, ZBUD_EPH, cg,
					      ZCACHE_FROM_FILES);

	KUNIT_ASSERT_NOT_NULL(test, frame);
	KUNIT_EXPECT_PTR_EQ(test, zcache_frame_cgroup(frame), cg);
	zcache_frame_unget(&rig->zc, frame);
}

/* Who has more than his share loses, however old are the pages of who has less. */
static void large_takes_own(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct zcache_cgroup *large = rig->pool.cg;
	struct zcache_cgroup *small = small_beside_large(test);
	unsigned long i;

	for (i = 0; i < MANY / 2; i++)
		take_for(test, large);
	KUNIT_EXPECT_EQ(test, frames_of(large), MANY / 2);
	KUNIT_EXPECT_EQ(test, frames_of(small), FEW);
	forget(rig, small);
}

/* Who has less takes from who has more, until they have the same. */
static void small_takes_from_large(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct zcache_cgroup *large = rig->pool.cg;
	struct zcache_cgroup *small = small_beside_large(test);
	unsigned long i;

	for (i = 0; i < MANY && frames_of(large) > frames_of(small); i++) {
		take_for(test, small);
		fill_with(test, small, FEW + MANY + frames_of(small), 1);
	}
	KUNIT_EXPECT_EQ(test, frames_of(small), frames_of(large));
	KUNIT_EXPECT_EQ(test, frames_of(small), (FEW + MANY) / 2);
	fill_with(test, small, 2 * (FEW + MANY), 1);
	take_for(test, small);
	KUNIT_EXPECT_EQ(test, frames_of(large), (FEW + MANY) / 2);
	forget(rig, small);
}

/* A swap page takes what is oldest, of those who have their share. */
static void swap_takes_oldest(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct zcache_cgroup *young = rig->pool.cg, *old = another(test, ZBUD_EPH);

	fill_with(test, old, 0, FEW);
	rig->zc.now += 100;
	fill_with(test, young, FEW, FEW);
	zcache_frame_unget(&rig->zc, rig_swap_frame(rig));
	KUNIT_EXPECT_EQ(test, frames_of(old), FEW - 1);
	/* It has not its share any more. */
	zcache_frame_unget(&rig->zc, rig_swap_frame(rig));
	KUNIT_EXPECT_EQ(test, frames_of(old), FEW - 1);
	KUNIT_EXPECT_EQ(test, frames_of(young), FEW - 1);
	forget(rig, old);
}

/* How many are looked at, or passed by, until it is known who loses? */
static unsigned int nr_walked(struct kunit *test, struct zcache_cgroup *expected)
{
	struct rig *rig = test->priv;
	struct zcache_cgroups *cgs = &rig->zc.cgroups[ZBUD_EPH];
	struct list_head *first = cgs->all.next, *pos;
	unsigned int nr = 0;

	KUNIT_EXPECT_PTR_EQ(test, zcache_cgroup_victim(&rig->zc, NULL), expected);
	/* They have gone to the end, the first one before all others. */
	for (pos = first; pos != &cgs->all; pos = pos->next)
		nr++;
	return nr;
}

/* Of many, only one has enough to lose some: it is looked for once. */
static void large_among_many(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct zcache_cgroup *large = rig->pool.cg, **small;
	unsigned int i, nr = 200;

	small = kunit_kcalloc(test, nr, sizeof(*small), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, small);
	for (i = 0; i < nr; i++) {
		small[i] = another(test, ZBUD_EPH);
		fill_with(test, small[i], i, 1);
	}
	fill_with(test, large, nr, 2 * nr);
	KUNIT_EXPECT_GT(test, nr_walked(test, large), 100);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_LE(test, nr_walked(test, large), 64);
	for (i = 0; i < nr; i++)
		forget(rig, small[i]);
}

/* Swap pages of one, which nobody else knows. */
static void put_swap_pages(struct kunit *test, struct zcache_cgroup *cg, void **pampds,
			   unsigned int nr)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	struct rig *rig = test->priv;
	unsigned int i;

	rig_swap_pool(rig, cg);
	for (i = 0; i < nr; i++) {
		rig_fill(page, i, RIG_NOISE);
		pampds[i] = zcache_swap_create(&rig->pool, &rig_oid, i, page, NULL);
		KUNIT_EXPECT_NOT_NULL(test, pampds[i]);
	}
	rig_file_pool(rig);
	__free_page(page);
}

static void free_pampds(struct rig *rig, void **pampds, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (pampds[i])
			zcache_pamops.free(&rig->pool.tmem, pampds[i]);
}

/*
 * Who has more than his share of swap pages loses some, and others only to the writeback
 * worker, if it has passed him.
 */
static void swap_leaves_share(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct zcache *zc = &rig->zc;
	struct zcache_cgroup *large = &zc->cgroups[ZBUD_PERS].nobody;
	struct zcache_cgroup *small = another(test, ZBUD_PERS);
	void *old[FEW] = {}, *young[MANY] = {};

	put_swap_pages(test, small, old, FEW);
	zc->now += 100;
	put_swap_pages(test, large, young, MANY);
	KUNIT_EXPECT_PTR_EQ(test, zcache_cgroup_swap_victim(zc, 0), large);
	KUNIT_EXPECT_PTR_EQ(test, zcache_cgroup_swap_victim(zc, 1), large);
	large->passed = 1;
	KUNIT_EXPECT_PTR_EQ(test, zcache_cgroup_swap_victim(zc, 0), large);
	KUNIT_EXPECT_PTR_EQ(test, zcache_cgroup_swap_victim(zc, 1), small);
	KUNIT_EXPECT_PTR_EQ(test, zcache_cgroup_swap_victim(zc, 2), large);
	small->passed = 1;
	KUNIT_EXPECT_NULL(test, zcache_cgroup_swap_victim(zc, 1));
	free_pampds(rig, young, MANY);
	KUNIT_EXPECT_PTR_EQ(test, zcache_cgroup_swap_victim(zc, 0), small);
	free_pampds(rig, old, FEW);
	KUNIT_EXPECT_NULL(test, zcache_cgroup_swap_victim(zc, 0));
	KUNIT_EXPECT_EQ(test, zcache_cgroups_frames(&zc->cgroups[ZBUD_PERS]), 0);
	forget(rig, small);
}

/* Counted in the cgroup's queue, and in all of them. */
static void sums(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct zcache_cgroup *one = rig->pool.cg, *two = another(test, ZBUD_EPH);
	struct zbud_stats *stats = kunit_kzalloc(test, sizeof(*stats), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, stats);
	rig->zc.policy = ZCACHE_PUT_ALL;
	KUNIT_ASSERT_TRUE(test, rig_put(rig, 1, RIG_NOISE, 0));
	rig->pool.cg = two;
	KUNIT_ASSERT_TRUE(test, rig_put(rig, 2, RIG_NOISE, 0));
	KUNIT_ASSERT_TRUE(test, rig_put(rig, 3, RIG_NOISE, 0));
	rig->pool.cg = one;
	KUNIT_EXPECT_EQ(test, zcache_cgroups_stats(&rig->zc, ZBUD_EPH, stats), 0);
	KUNIT_EXPECT_EQ(test, stats->zpages, 3);
	KUNIT_EXPECT_EQ(test, stats->pageframes, rig_frames(rig));
	KUNIT_EXPECT_EQ(test, one->queue.stats.zpages, 1);
	KUNIT_EXPECT_EQ(test, two->queue.stats.zpages, 2);
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 1, RIG_NOISE));
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 2, RIG_NOISE));
	KUNIT_EXPECT_TRUE(test, rig_get(rig, 3, RIG_NOISE));
	forget(rig, two);
}

static struct kunit_case cgroup_cases[] = {
	KUNIT_CASE(large_takes_own),
	KUNIT_CASE(small_takes_from_large),
	KUNIT_CASE(swap_takes_oldest),
	KUNIT_CASE(large_among_many),
	KUNIT_CASE(swap_leaves_share),
	KUNIT_CASE(sums),
	{}
};

static struct kunit_suite cgroup_suite = {
	.name = "zcache_cgroup",
	.init = rig_init,
	.exit = rig_exit,
	.test_cases = cgroup_cases,
};

kunit_test_suite(cgroup_suite);
