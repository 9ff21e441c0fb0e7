/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A zcache of a suite's own, with one pool, and without hooks.
 *
 * The bytes of a page follow from its index and from how many of them do not
 * compress.
 */
#ifndef _ZCACHE_RIG_H
#define _ZCACHE_RIG_H

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "../../zcache.h"
#include "test_util.h"

#define RIG_POOL_ID	5
#define RIG_NOISE	3000	/* of a page that takes most of a frame */

/**
 * struct rig - what a test works on
 * @zc: the cache under test
 * @pool: its only pool; ephemeral
 * @errors: pages that came back wrong
 */
struct rig {
	struct zcache zc;
	struct zcache_pool pool;
	atomic_t errors;
};

static const struct tmem_oid rig_oid = { .w = { 0xffff888000001000 } };

static inline struct tmem_obj *rig_obj_alloc(struct tmem_pool *pool, gfp_t gfp)
{
	return kmalloc(sizeof(struct tmem_obj), gfp);
}

static inline void rig_obj_free(struct tmem_obj *obj)
{
	kfree_rcu(obj, rcu);
}

static const struct tmem_hostops rig_hostops = {
	.obj_alloc = rig_obj_alloc,
	.obj_free = rig_obj_free,
};

static inline struct tmem_handle rig_handle(unsigned long index)
{
	return (struct tmem_handle) {
		.oid = rig_oid,
		.index = index,
		.pool_id = RIG_POOL_ID,
	};
}

/* @noise: how many bytes do not compress. The others are never all alike. */
static inline void rig_fill(struct page *page, unsigned long index,
			    unsigned int noise)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, index + 1);
	memset(page_address(page), 0, PAGE_SIZE);
	prandom_bytes_state(&rnd, page_address(page), noise);
	*(unsigned long *)page_address(page) = index + 1;
}

/* Offer a page to the cache, as one that is read so: is it in now? */
static inline bool rig_put_read(struct rig *rig, unsigned long index,
				unsigned int noise, struct cleancache_read read)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	void *pampd;

	rig_fill(page, index, noise);
	pampd = zcache_file_create(&rig->pool, &rig_oid, index, page, read, NULL);
	__free_page(page);
	return pampd && !tmem_put(&rig->pool.tmem, &rig_oid, index, pampd,
				  GFP_KERNEL);
}

/* The same for one whose read takes so long, in which who reads may go on. */
static inline bool rig_put(struct rig *rig, unsigned long index,
			   unsigned int noise, u32 read_ns)
{
	return rig_put_read(rig, index, noise,
			    (struct cleancache_read) { read_ns, read_ns });
}

/* Get a page: is it there? */
static inline bool rig_get(struct rig *rig, unsigned long index,
			   unsigned int noise)
{
	struct page *got = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	bool there;

	there = !tmem_get(&rig->pool.tmem, &rig_oid, index, got);
	if (there) {
		rig_fill(page, index, noise);
		if (memcmp(page_address(got), page_address(page), PAGE_SIZE))
			atomic_inc(&rig->errors);
	}
	__free_page(page);
	__free_page(got);
	return there;
}

static inline bool rig_flush(struct rig *rig, unsigned long index)
{
	return tmem_flush_page(&rig->pool.tmem, &rig_oid, index);
}

static inline unsigned long rig_events(struct rig *rig, enum zcache_event event)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(rig->zc.events, cpu)->count[event];
	return sum;
}

static inline long rig_frames(struct rig *rig)
{
	return atomic_long_read(&rig->zc.nr_frames);
}

/* A page as it is, that tmem does not know yet. */
static inline void *rig_make_ranked(struct kunit *test, unsigned long index,
				    enum zbud_rank rank)
{
	struct rig *rig = test->priv;
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL), *frame;
	struct tmem_handle handle = rig_handle(index);
	void *pampd;

	frame = zcache_frame_get(&rig->zc, ZBUD_EPH, rig->pool.cg,
				 ZCACHE_FROM_MEMORY);
	KUNIT_ASSERT_NOT_NULL(test, frame);
	rig_fill(page, index, PAGE_SIZE);
	pampd = zcache_raw_create(&rig->pool, &handle, page_address(page),
				  frame, rank);
	__free_page(page);
	KUNIT_ASSERT_NOT_NULL(test, pampd);
	return pampd;
}

static inline void *rig_make_raw(struct kunit *test, unsigned long index)
{
	return rig_make_ranked(test, index, ZBUD_PROVED);
}

static inline void rig_publish(struct kunit *test, unsigned long index, void *pampd)
{
	struct rig *rig = test->priv;

	KUNIT_ASSERT_EQ(test, tmem_put(&rig->pool.tmem, &rig_oid, index, pampd,
				       GFP_KERNEL), 0);
}

static inline struct page *rig_swap_frame(struct rig *rig)
{
	return zcache_frame_get(&rig->zc, ZBUD_PERS, NULL,
				ZCACHE_FROM_MEMORY | ZCACHE_FROM_FILES);
}

/* The pool is for swap pages, of one of those that have some, or for file pages. */
static inline void rig_swap_pool(struct rig *rig, struct zcache_cgroup *cg)
{
	rig->pool.class = ZBUD_PERS;
	rig->pool.cg = cg;
}

static inline void rig_file_pool(struct rig *rig)
{
	rig->pool.class = ZBUD_EPH;
	rig->pool.cg = &rig->zc.cgroups[ZBUD_EPH].nobody;
}

/* Two slab caches of one name are one too many: there is a zcache already. */
static inline void rig_skip_if_on(struct kunit *test)
{
	struct dentry *dir = debugfs_lookup("zcache", NULL);

	if (!dir)
		return;
	dput(dir);
	kunit_skip(test, "zcache is on");
}

static inline int rig_init(struct kunit *test)
{
	struct rig *rig = kunit_kzalloc(test, sizeof(*rig), GFP_KERNEL);
	struct zcache *zc = &rig->zc;

	rig_skip_if_on(test);
	KUNIT_ASSERT_NOT_NULL(test, rig);
	zc->max_pool_percent = 50;
	zc->policy = ZCACHE_PUT_REFAULT;
	zcache_cgroups_init(zc);
	xa_init_flags(&zc->pools, XA_FLAGS_ALLOC);
	zc->events = alloc_percpu(struct zcache_events);
	KUNIT_ASSERT_TRUE(test, !!zc->events);
	KUNIT_ASSERT_EQ(test, zcache_comps_init(&zc->comps), 0);
	KUNIT_ASSERT_EQ(test, zcache_comp_choose(&zc->comps,
						 zcache_comp_default()), 0);
	KUNIT_ASSERT_EQ(test, zcache_desc_init(zc), 0);
	KUNIT_ASSERT_EQ(test, zcache_reuse_init(&zc->reuse, totalram_pages()),
			0);
	KUNIT_ASSERT_EQ(test, zcache_cost_init(&zc->cost), 0);
	KUNIT_ASSERT_EQ(test, zcache_frames_init(zc), 0);
	rig->pool.zc = zc;
	rig->pool.cg = &zc->cgroups[ZBUD_EPH].nobody;
	rig->pool.class = ZBUD_EPH;
	KUNIT_ASSERT_EQ(test, tmem_new_pool(&rig->pool.tmem, RIG_POOL_ID, 0,
					    NULL, &rig_hostops, &zcache_pamops),
			0);
	KUNIT_ASSERT_EQ(test, xa_insert(&zc->pools, RIG_POOL_ID, &rig->pool,
					GFP_KERNEL), 0);
	test->priv = rig;
	return 0;
}

/* Whatever a test does, nothing is left of it. */
static inline void rig_exit(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct zcache *zc;
	unsigned int kind;

	if (!rig)
		return;
	zc = &rig->zc;
	zcache_frames_exit(zc);
	xa_erase(&zc->pools, RIG_POOL_ID);
	synchronize_rcu();
	tmem_destroy_pool(&rig->pool.tmem);
	KUNIT_EXPECT_EQ(test, atomic_read(&rig->errors), 0);
	KUNIT_EXPECT_EQ(test, rig_frames(rig), 0);
	for (kind = 0; kind < ZCACHE_DESC_KINDS; kind++)
		KUNIT_EXPECT_EQ(test, atomic_long_read(&zc->descs.nr[kind][ZBUD_EPH]),
				0);
	zcache_cgroups_exit(zc);
	xa_destroy(&zc->pools);
	zcache_cost_exit(&zc->cost);
	zcache_reuse_exit(&zc->reuse);
	zcache_desc_exit(zc);
	zcache_comps_exit(&zc->comps);
	free_percpu(zc->events);
}

#endif /* _ZCACHE_RIG_H */
