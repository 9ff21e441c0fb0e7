/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two nodes in one kernel, or three, which all have the same zcache. What one sends the
 * others keep apart.
 */
#ifndef _TWO_RIG_H
#define _TWO_RIG_H

#include <linux/in.h>
#include <linux/sizes.h>

#include "loopback.h"
#include "zcache_rig.h"
#include "../../ramster/core.h"
#include "../../ramster/peer.h"

#define PORT		17800
#define SWAP_ID		6
#define NR		300	/* pages */
#define NOISE		1500	/* of each page */
#define NODES		3	/* at the most */

/**
 * struct two - what a test works on
 * @rig: the zcache of both, with a pool of file pages
 * @swap: a pool of swap pages
 * @node: the nodes: 0 has the pages; 2 is NULL in most tests
 * @config: what they know of each other
 * @all: where they are
 */
struct two {
	struct rig *rig;
	struct zcache_pool swap;
	struct ramster *node[NODES];
	struct ramster_config config;
	struct ramster_node all[NODES];
};

static inline struct ramster_keeper *keeper(struct two *two)
{
	return &two->node[0]->keepers[1];
}

/* What node 0 believes of another one's memory. */
static inline void set_room(struct two *two, unsigned int num, s64 room)
{
	WRITE_ONCE(two->node[0]->keepers[num].room, room);
}

static inline unsigned long away(struct two *two, enum zbud_class class)
{
	return READ_ONCE(keeper(two)->nr[class]);
}

static inline unsigned long events(struct two *two, unsigned int node,
				   enum ramster_event event)
{
	return ramster_counted(two->node[node], event);
}

/* Pages */

static inline struct zcache_pool *pool_of(struct two *two, enum zbud_class class)
{
	return class == ZBUD_PERS ? &two->swap : &two->rig->pool;
}

static inline bool put_page_in(struct two *two, enum zbud_class class,
			       unsigned long index)
{
	struct zcache_pool *pool = pool_of(two, class);
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	void *pampd;

	rig_fill(page, index, NOISE);
	pampd = class == ZBUD_PERS ?
		zcache_swap_create(pool, &rig_oid, index, page, NULL) :
		zcache_file_create(pool, &rig_oid, index, page,
				   (struct cleancache_read) { }, NULL);
	__free_page(page);
	return pampd && !tmem_put(&pool->tmem, &rig_oid, index, pampd,
				  GFP_KERNEL);
}

static inline bool flush(struct two *two, enum zbud_class class, unsigned long index)
{
	return tmem_flush_page(&pool_of(two, class)->tmem, &rig_oid, index);
}

static inline void fill(struct kunit *test, enum zbud_class class)
{
	unsigned long i;

	for (i = 0; i < NR; i++)
		KUNIT_ASSERT_TRUE(test, put_page_in(test->priv, class, i));
}

static inline void flush_all_pages(struct two *two, enum zbud_class class)
{
	tmem_flush_object(&pool_of(two, class)->tmem, &rig_oid);
}

/* Nodes */

static inline void join(struct kunit *test, unsigned int num)
{
	struct two *two = test->priv;

	two->config.self = num;
	mutex_lock(&two->node[num]->lock);
	KUNIT_EXPECT_EQ(test, ramster_join(two->node[num], &two->config), 0);
	mutex_unlock(&two->node[num]->lock);
}

static inline int leave(struct two *two, unsigned int num, bool force)
{
	struct ramster *r = two->node[num];
	struct ramster_stuck stuck = { };
	int err = 0;

	mutex_lock(&r->lock);
	if (rcu_access_pointer(r->cluster)) {
		err = ramster_unburden(r, force, &stuck);
		if (!err)
			ramster_leave(r);
	}
	mutex_unlock(&r->lock);
	return err;
}

static inline bool sees_node(struct two *two, unsigned int num, unsigned int other)
{
	struct ramster *r = two->node[num];
	struct ramster_peer *peer;
	bool up;
	int idx;

	idx = srcu_read_lock(&r->srcu);
	peer = ramster_peer_of(r, other);
	up = peer && ramster_peer_up(peer);
	srcu_read_unlock(&r->srcu, idx);
	return up;
}

static inline bool sees(struct two *two, unsigned int num)
{
	return sees_node(two, num, !num);
}

static inline void await_up(struct kunit *test)
{
	struct two *two = test->priv;

	KUNIT_ASSERT_TRUE(test, eventually(sees(two, 0) && sees(two, 1)));
}

/* Setup */

static inline void make_swap_pool(struct kunit *test, struct two *two)
{
	struct zcache *zc = &two->rig->zc;

	two->swap.zc = zc;
	two->swap.cg = &zc->cgroups[ZBUD_PERS].nobody;
	two->swap.class = ZBUD_PERS;
	KUNIT_ASSERT_EQ(test, tmem_new_pool(&two->swap.tmem, SWAP_ID,
					    TMEM_POOL_PERSISTENT, NULL,
					    &rig_hostops, &zcache_pamops), 0);
	KUNIT_ASSERT_EQ(test, xa_insert(&zc->pools, SWAP_ID, &two->swap,
					GFP_KERNEL), 0);
}

static inline void make_node(struct kunit *test, struct two *two, unsigned int num)
{
	struct sockaddr_in *addr = (void *)&two->all[num].addr;

	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr->sin_port = htons(PORT + num);
	two->all[num].num = num;
	two->node[num] = kunit_kzalloc(test, sizeof(struct ramster),
				       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, two->node[num]);
	KUNIT_ASSERT_EQ(test, ramster_setup(two->node[num], &two->rig->zc), 0);
}

/* Both leave, and come back with another one. */
static inline void make_three(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned int num;

	leave(two, 0, true);
	leave(two, 1, true);
	make_node(test, two, 2);
	two->config.nr_nodes = 3;
	for (num = 0; num < 3; num++)
		join(test, num);
	KUNIT_ASSERT_TRUE(test, eventually(sees_node(two, 0, 1) && sees_node(two, 1, 0) &&
					   sees_node(two, 0, 2) && sees_node(two, 2, 0) &&
					   sees_node(two, 1, 2) && sees_node(two, 2, 1)));
}

static inline int two_init(struct kunit *test)
{
	static const uuid_t uuid = UUID_INIT(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12);
	struct two *two = kunit_kzalloc(test, sizeof(*two), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, two);
	rig_init(test);
	two->rig = test->priv;
	two->rig->zc.policy = ZCACHE_PUT_ALL;
	test->priv = two;
	make_swap_pool(test, two);
	two->config = (struct ramster_config) {
		.cluster = "test",
		.uuid = uuid,
		.compressor = "lzo-rle",
		.slots = 16,
		.times = {
			.connect_ms = 30000,
			.request_ms = 30000,
			.keepalive_ms = 100,
			.dead_ms = 60000,
		},
		.nr_nodes = 2,
		.nodes = two->all,
	};
	make_node(test, two, 0);
	make_node(test, two, 1);
	join(test, 0);
	join(test, 1);
	await_up(test);
	return 0;
}

static inline void two_exit(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned int num;

	if (!two)
		return;
	for (num = 0; num < NODES && two->node[num]; num++) {
		leave(two, num, true);
		ramster_teardown(two->node[num]);
	}
	ramster_knobs.target = RAMSTER_TARGET_AUTO;
	ramster_knobs.pers_remotify = true;
	ramster_knobs.eph_remotify = true;
	xa_erase(&two->rig->zc.pools, SWAP_ID);
	synchronize_rcu();
	tmem_destroy_pool(&two->swap.tmem);
	test->priv = two->rig;
	rig_exit(test);
}

#endif /* _TWO_RIG_H */
