// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of pages that are elsewhere: how they come back, or do not.
 */
#include "two_rig.h"

static unsigned long kept(struct two *two, enum zbud_class class)
{
	return READ_ONCE(two->node[1]->lent.queues[class].stats.zpages);
}

typedef int get_fn(struct tmem_pool *pool, const struct tmem_oid *oid,
		   unsigned long index, void *arg);

/* 0 if the page came and is right. */
static int get_page_by(get_fn *get, struct two *two, enum zbud_class class,
		       unsigned long index)
{
	struct page *got = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	int err;

	err = get(&pool_of(two, class)->tmem, &rig_oid, index, got);
	rig_fill(page, index, NOISE);
	if (!err && memcmp(page_address(got), page_address(page), PAGE_SIZE))
		err = -EBADMSG;
	__free_page(page);
	__free_page(got);
	return err;
}

static int get_page_out(struct two *two, enum zbud_class class,
			unsigned long index)
{
	return get_page_by(tmem_get, two, class, index);
}

/* No more than this many are still at home; one group is left at times. */
static void send(struct kunit *test, enum zbud_class class, unsigned long nr)
{
	struct two *two = test->priv;

	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(keeper(two)->room) > 0));
	KUNIT_ASSERT_TRUE(test, eventually((ramster_remotify(two->node[0]),
					    away(two, class) >= nr)));
	KUNIT_ASSERT_TRUE(test, eventually(ramster_remotify_idle(two->node[0])));
}

/* Memory has not been short for a long time. */
static void relax(struct two *two)
{
	WRITE_ONCE(two->node[0]->pressed, jiffies - 60 * HZ);
}

/* The connection is not made again, and no goodbye was said. */
static void hang_up(struct ramster_peer *peer)
{
	mutex_lock(&peer->sock_lock);
	peer->stopping = true;
	ramster_peer_end_locked(peer, RAMSTER_NO_REASON, "crash");
	mutex_unlock(&peer->sock_lock);
}

/* Without a word to anybody. */
static void crash(struct two *two, unsigned int num)
{
	struct ramster *r = two->node[num];
	int idx = srcu_read_lock(&r->srcu);

	hang_up(ramster_peer_of(r, !num));
	srcu_read_unlock(&r->srcu, idx);
	mutex_lock(&r->lock);
	ramster_leave(r);
	mutex_unlock(&r->lock);
}

static void reset(struct two *two)
{
	struct ramster *r = two->node[0];
	int idx = srcu_read_lock(&r->srcu);

	ramster_peer_reset(ramster_peer_of(r, 1), "test");
	srcu_read_unlock(&r->srcu, idx);
}

/* Tests */

static void there_and_back(struct kunit *test, enum zbud_class class)
{
	struct two *two = test->priv;
	unsigned long i;

	fill(test, class);
	send(test, class, NR - 20);
	KUNIT_EXPECT_TRUE(test, eventually(kept(two, class) == away(two, class)));
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, class, i), 0);
	flush_all_pages(two, class);
	KUNIT_EXPECT_TRUE(test, eventually(!away(two, class)));
	KUNIT_EXPECT_TRUE(test, eventually(!kept(two, class)));
}

static void swap_there_and_back(struct kunit *test)
{
	there_and_back(test, ZBUD_PERS);
}

/* While a page is away its owner may have come to use another compressor. */
static void compressor_changes(struct kunit *test)
{
	struct two *two = test->priv;
	struct zcache_comps *comps = &two->rig->zc.comps;
	unsigned long i;

	if (!zcache_comp_known("lz4"))
		kunit_skip(test, "no lz4");
	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	KUNIT_ASSERT_EQ(test, zcache_comp_choose(comps, "lz4"), 0);
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	/* Once more: what came home has kept what it bore. */
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	flush_all_pages(two, ZBUD_PERS);
}

static void files_there_and_back(struct kunit *test)
{
	there_and_back(test, ZBUD_EPH);
}

/* Who wants file pages to leave when they are got has them nowhere then. */
static void files_leave_when_got(struct kunit *test)
{
	struct two *two = test->priv;
	struct zbud_stats *stats = &two->rig->zc.cgroups[ZBUD_EPH].nobody.queue.stats;
	unsigned long i, stored;

	two->rig->zc.exclusive_gets = true;
	fill(test, ZBUD_EPH);
	send(test, ZBUD_EPH, NR - 20);
	KUNIT_EXPECT_TRUE(test, eventually(kept(two, ZBUD_EPH) ==
					   away(two, ZBUD_EPH)));
	stored = stats->cumul_zpages;
	relax(two);
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_by(tmem_get_and_free, two,
						  ZBUD_EPH, i), 0);
	KUNIT_EXPECT_GT(test, events(two, 0, RAMSTER_REMOTE_EPH_PAGES_SUCC_GET),
			0);
	KUNIT_EXPECT_EQ(test, stats->cumul_zpages, stored);
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_EPH, i), -ENOENT);
	KUNIT_EXPECT_TRUE(test, eventually(!away(two, ZBUD_EPH)));
	KUNIT_EXPECT_TRUE(test, eventually(!kept(two, ZBUD_EPH)));
}

/* A page that goes out gives its memory back here. */
static void frames_come_free(struct kunit *test)
{
	struct two *two = test->priv;
	struct zbud_stats *stats = &two->rig->zc.cgroups[ZBUD_PERS].nobody.queue.stats;
	unsigned long before;

	fill(test, ZBUD_PERS);
	before = READ_ONCE(stats->pageframes);
	send(test, ZBUD_PERS, NR - 20);
	KUNIT_EXPECT_TRUE(test, eventually(READ_ONCE(stats->pageframes) <
					   before / 8));
	flush_all_pages(two, ZBUD_PERS);
}

/* A page that was read is at home again, while memory allows. */
static void read_comes_home(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned long i;

	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	two->node[0]->selfshrink_ms = 0;
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	KUNIT_EXPECT_GE(test, away(two, ZBUD_PERS), NR - 20);
	relax(two);
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	KUNIT_EXPECT_EQ(test, away(two, ZBUD_PERS), 0);
	KUNIT_EXPECT_TRUE(test, eventually(!kept(two, ZBUD_PERS)));
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	flush_all_pages(two, ZBUD_PERS);
}

/* Nobody reads them: they come by themselves. */
static void selfshrink(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned long i;

	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	two->node[0]->selfshrink_ms = 10;
	two->node[0]->selfshrink_pages = 50;
	relax(two);
	mod_delayed_work(two->node[0]->wq, &two->node[0]->shrink, 0);
	KUNIT_EXPECT_TRUE(test, eventually(!away(two, ZBUD_PERS)));
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	flush_all_pages(two, ZBUD_PERS);
}

static unsigned long on_node_2(struct two *two)
{
	return READ_ONCE(two->node[0]->keepers[2].nr[ZBUD_PERS]);
}

/* Of all pages, whoever has them, those come first that went last; no more than are wanted. */
static void newest_comes_first(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned long before, i;

	make_three(test);
	two->node[0]->selfshrink_ms = 0;
	WRITE_ONCE(ramster_knobs.target, 1);
	for (i = 0; i < NR / 2; i++)
		KUNIT_ASSERT_TRUE(test, put_page_in(two, ZBUD_PERS, i));
	KUNIT_ASSERT_TRUE(test, eventually((set_room(two, 1, SZ_64M),
					    ramster_remotify(two->node[0]),
					    away(two, ZBUD_PERS) >= NR / 2 - 20)));
	KUNIT_ASSERT_TRUE(test, eventually(ramster_remotify_idle(two->node[0])));
	WRITE_ONCE(ramster_knobs.target, 2);
	for (i = NR / 2; i < NR; i++)
		KUNIT_ASSERT_TRUE(test, put_page_in(two, ZBUD_PERS, i));
	KUNIT_ASSERT_TRUE(test, eventually((set_room(two, 2, SZ_64M),
					    ramster_remotify(two->node[0]),
					    on_node_2(two) >= NR / 2 - 20)));
	KUNIT_ASSERT_TRUE(test, eventually(ramster_remotify_idle(two->node[0])));
	before = away(two, ZBUD_PERS);
	two->node[0]->selfshrink_ms = 60000;
	two->node[0]->selfshrink_pages = 50;
	i = on_node_2(two);
	relax(two);
	mod_delayed_work(two->node[0]->wq, &two->node[0]->shrink, 0);
	KUNIT_EXPECT_TRUE(test, eventually(on_node_2(two) == i - 50));
	msleep(50);
	KUNIT_EXPECT_EQ(test, on_node_2(two), i - 50);
	KUNIT_EXPECT_EQ(test, away(two, ZBUD_PERS), before);
	flush_all_pages(two, ZBUD_PERS);
}

/* A pool that its owner has no more is gone with the keeper, too. */
static void pool_goes(struct kunit *test)
{
	struct two *two = test->priv;
	struct ramster_lent *lent = &two->node[1]->lent;

	fill(test, ZBUD_PERS);
	fill(test, ZBUD_EPH);
	send(test, ZBUD_PERS, NR - 20);
	send(test, ZBUD_EPH, NR - 20);
	KUNIT_EXPECT_EQ(test, atomic_read(&lent->nr_pools), 2);
	flush_all_pages(two, ZBUD_PERS);
	KUNIT_EXPECT_TRUE(test, eventually(!kept(two, ZBUD_PERS)));
	KUNIT_EXPECT_EQ(test, atomic_read(&lent->nr_pools), 2);
	ramster_pool_gone_in(two->node[0], SWAP_ID, true);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&lent->nr_pools) == 1));
	KUNIT_EXPECT_GE(test, kept(two, ZBUD_EPH), NR - 20);
	flush_all_pages(two, ZBUD_EPH);
}

/* So that the others do not wait for as long as the first one. */
static void patience_wears_off(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned long start, i, late = 0;

	leave(two, 0, true);
	leave(two, 1, true);
	two->config.times.request_ms = 1000;
	join(test, 0);
	join(test, 1);
	await_up(test);
	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	crash(two, 1);
	KUNIT_ASSERT_TRUE(test, eventually(!sees(two, 0)));
	start = jiffies;
	for (i = 0; i < 40; i++)
		late += get_page_out(two, ZBUD_PERS, i) == -ETIMEDOUT;
	KUNIT_EXPECT_GT(test, late, 10);
	KUNIT_EXPECT_GE(test, jiffies - start, HZ);
	KUNIT_EXPECT_LT(test, jiffies - start, 6 * HZ);
	join(test, 1);
	await_up(test);
	KUNIT_EXPECT_EQ(test, READ_ONCE(keeper(two)->in_vain), 0);
	flush_all_pages(two, ZBUD_PERS);
}

static void connection_breaks(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned long i;

	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	for (i = 0; i < NR; i++) {
		if (i % 100 == 50)
			reset(two);
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	}
	reset(two);
	flush_all_pages(two, ZBUD_PERS);
	await_up(test);
	KUNIT_EXPECT_TRUE(test, eventually(!kept(two, ZBUD_PERS)));
}

/* The keeper starts anew: swap pages are lost at once, file pages are missed. */
static void keeper_forgets(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned long sent, lost, i, nr = 0;

	fill(test, ZBUD_PERS);
	fill(test, ZBUD_EPH);
	send(test, ZBUD_PERS, NR - 20);
	send(test, ZBUD_EPH, NR - 20);
	sent = away(two, ZBUD_PERS);
	crash(two, 1);
	KUNIT_EXPECT_EQ(test, kept(two, ZBUD_PERS), 0);
	join(test, 1);
	await_up(test);
	KUNIT_EXPECT_TRUE(test, eventually(!away(two, ZBUD_EPH) &&
					   !away(two, ZBUD_PERS)));
	/* Some may have been on their way when they were counted. */
	lost = events(two, 0, RAMSTER_PERS_PAGES_LOST);
	KUNIT_EXPECT_GE(test, lost, sent);
	KUNIT_EXPECT_TRUE(test, list_empty(&keeper(two)->pages[ZBUD_PERS]));
	for (i = 0; i < NR; i++) {
		nr += get_page_out(two, ZBUD_PERS, i) == -ENOENT;
		KUNIT_EXPECT_NE(test, get_page_out(two, ZBUD_EPH, i),
				-EBADMSG);
	}
	KUNIT_EXPECT_EQ(test, nr, lost);
	flush_all_pages(two, ZBUD_PERS);
	flush_all_pages(two, ZBUD_EPH);
}

/* What the keeper sends is not what it was given. */
static void keeper_lies(struct kunit *test)
{
	struct two *two = test->priv;
	struct ramster_rpage *rpage;

	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	rpage = ramster_rpage_newest(keeper(two), ZBUD_PERS);
	KUNIT_ASSERT_NOT_NULL(test, rpage);
	rpage->crc++;
	KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, rpage->handle.index),
			-EIO);
	KUNIT_EXPECT_EQ(test, events(two, 0, RAMSTER_BAD_PAGES), 1);
	rpage->crc--;
	ramster_free(ramster_to_pampd(rpage));
	flush_all_pages(two, ZBUD_PERS);
}

/* Who has no room is asked in vain, and nothing is lost by that. */
static void keeper_refuses(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned long i;

	fill(test, ZBUD_PERS);
	two->node[1]->leaving = true;
	set_room(two, 1, SZ_16M);	/* as it was told before */
	ramster_remotify(two->node[0]);
	flush_work(&two->node[0]->remotify);
	KUNIT_EXPECT_TRUE(test, eventually(events(two, 0, RAMSTER_PERS_PAGES_REMOTE_FAILED)));
	KUNIT_EXPECT_EQ(test, away(two, ZBUD_PERS), 0);
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	two->node[1]->leaving = false;
	flush_all_pages(two, ZBUD_PERS);
}

/* Who has no room at home does not fetch all of it in vain. */
static void keeper_recalls_in_vain(struct kunit *test)
{
	struct two *two = test->priv;
	struct ramster *keeps = two->node[1];
	unsigned long before, i;
	int idx;

	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	two->rig->zc.max_pool_percent = 0;
	before = events(two, 1, RAMSTER_FOREIGN_GETS);
	idx = srcu_read_lock(&keeps->srcu);
	ramster_foreign_recall(keeps, NR);
	srcu_read_unlock(&keeps->srcu, idx);
	KUNIT_EXPECT_TRUE(test, eventually(events(two, 1, RAMSTER_FOREIGN_GETS) >
					   before));
	flush_delayed_work(&two->node[0]->shrink);
	KUNIT_EXPECT_LT(test, events(two, 1, RAMSTER_FOREIGN_GETS),
			before + NR / 4);
	two->rig->zc.max_pool_percent = 50;
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	flush_all_pages(two, ZBUD_PERS);
}

static void owner_leaves(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned long i;

	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	KUNIT_EXPECT_EQ(test, leave(two, 0, false), 0);
	KUNIT_EXPECT_EQ(test, away(two, ZBUD_PERS), 0);
	KUNIT_EXPECT_TRUE(test, eventually(!kept(two, ZBUD_PERS)));
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	flush_all_pages(two, ZBUD_PERS);
}

static void keeper_leaves(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned long i;

	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	relax(two);
	KUNIT_EXPECT_EQ(test, leave(two, 1, false), 0);
	KUNIT_EXPECT_EQ(test, away(two, ZBUD_PERS), 0);
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	flush_all_pages(two, ZBUD_PERS);
}

/* There is no memory at home: who would lose pages by leaving stays. */
static void owner_cannot_leave(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned long i;

	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	two->rig->zc.max_pool_percent = 0;
	KUNIT_EXPECT_EQ(test, leave(two, 0, false), -EBUSY);
	two->rig->zc.max_pool_percent = 50;
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	flush_all_pages(two, ZBUD_PERS);
}

/* Nor does who is gone for good keep anybody from leaving. */
static void keeper_of_the_dead_leaves(struct kunit *test)
{
	struct two *two = test->priv;

	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	crash(two, 0);
	KUNIT_ASSERT_TRUE(test, eventually(!sees(two, 1)));
	KUNIT_EXPECT_GT(test, kept(two, ZBUD_PERS), 0);
	KUNIT_EXPECT_EQ(test, leave(two, 1, false), 0);
	KUNIT_EXPECT_EQ(test, kept(two, ZBUD_PERS), 0);
	flush_all_pages(two, ZBUD_PERS);
}

/*
 * Who has to leave without his pages says so: they are of no use to him any more,
 * and nobody waits for him to come back.
 */
static void owner_says_goodbye(struct kunit *test)
{
	struct two *two = test->priv;

	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	two->rig->zc.max_pool_percent = 0;
	KUNIT_EXPECT_EQ(test, leave(two, 0, true), 0);
	two->rig->zc.max_pool_percent = 50;
	KUNIT_EXPECT_TRUE(test, eventually(!kept(two, ZBUD_PERS)));
	flush_all_pages(two, ZBUD_PERS);
}

static void keeper_says_goodbye(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned long before, nr = 0, i;

	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	before = away(two, ZBUD_PERS);
	two->rig->zc.max_pool_percent = 0;
	KUNIT_EXPECT_EQ(test, leave(two, 1, true), 0);
	two->rig->zc.max_pool_percent = 50;
	KUNIT_EXPECT_TRUE(test, eventually(!away(two, ZBUD_PERS)));
	KUNIT_EXPECT_EQ(test, events(two, 0, RAMSTER_PERS_PAGES_LOST), before);
	for (i = 0; i < NR; i++)
		nr += get_page_out(two, ZBUD_PERS, i) == -ENOENT;
	KUNIT_EXPECT_EQ(test, nr, before);
	flush_all_pages(two, ZBUD_PERS);
}

/* One page does not come home: those of others do, all the same, before he goes. */
static void owner_leaves_anyway(struct kunit *test)
{
	struct two *two = test->priv;
	struct ramster_keeper *theirs = &two->node[1]->keepers[0];
	struct ramster_rpage *rpage;
	unsigned long i;

	two->node[0]->selfshrink_ms = 0;
	two->node[1]->selfshrink_ms = 0;
	fill(test, ZBUD_PERS);
	send(test, ZBUD_PERS, NR - 20);
	for (i = NR; i < 2 * NR; i++)
		KUNIT_ASSERT_TRUE(test, put_page_in(two, ZBUD_PERS, i));
	relax(two);
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(theirs->room) > 0));
	KUNIT_ASSERT_TRUE(test, eventually((ramster_remotify(two->node[1]),
					    READ_ONCE(theirs->nr[ZBUD_PERS]) > NR / 2)));
	KUNIT_ASSERT_TRUE(test, eventually(ramster_remotify_idle(two->node[1])));
	rpage = ramster_rpage_newest(keeper(two), ZBUD_PERS);
	KUNIT_ASSERT_NOT_NULL(test, rpage);
	rpage->crc++;
	i = rpage->handle.index;
	ramster_free(ramster_to_pampd(rpage));
	KUNIT_EXPECT_EQ(test, leave(two, 0, false), -EBUSY);
	KUNIT_EXPECT_EQ(test, leave(two, 0, true), 0);
	KUNIT_EXPECT_EQ(test, events(two, 0, RAMSTER_PERS_PAGES_LOST), 1);
	KUNIT_EXPECT_EQ(test, events(two, 1, RAMSTER_PERS_PAGES_LOST), 0);
	KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), -ENOENT);
	while (i++ < 2 * NR - 1)
		KUNIT_EXPECT_EQ(test, get_page_out(two, ZBUD_PERS, i), 0);
	flush_all_pages(two, ZBUD_PERS);
}

#define RACE_PAGES	64
#define RACE_STEPS	400
#define RACE_ROUNDS	20

/* Each worker has pages of its own, since a slot has one owner at a time. */
static void race_work(struct test_worker *worker)
{
	struct two *two = worker->ctx;
	unsigned long first = (worker->rnd.s1 % 1000) * RACE_PAGES, index;
	DECLARE_BITMAP(there, RACE_PAGES) = {};
	unsigned int i, n;

	for (i = 0; i < RACE_STEPS; i++) {
		n = test_below(&worker->rnd, RACE_PAGES);
		index = first + n;
		switch (test_below(&worker->rnd, 4)) {
		case 0:
		case 1:
			if (put_page_in(two, ZBUD_PERS, index))
				__set_bit(n, there);
			break;
		case 2:
			if (get_page_out(two, ZBUD_PERS, index) !=
			    (test_bit(n, there) ? 0 : -ENOENT))
				atomic_inc(&two->rig->errors);
			break;
		case 3:
			flush(two, ZBUD_PERS, index);
			__clear_bit(n, there);
			break;
		}
		if (!test_below(&worker->rnd, 8))
			ramster_remotify(two->node[0]);
		if (!test_below(&worker->rnd, 64)) {
			relax(two);
			mod_delayed_work(two->node[0]->wq,
					 &two->node[0]->shrink, 0);
		}
	}
}

/* Whether a page is elsewhere when it is wanted is for the scheduler to say. */
static void race(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned int round = 0;

	two->node[0]->selfshrink_ms = 10;
	do {
		flush_all_pages(two, ZBUD_PERS);
		test_run_workers(test, race_work, two);
	} while (!events(two, 0, RAMSTER_REMOTE_PERS_PAGES_SUCC_GET) &&
		 ++round < RACE_ROUNDS);
	KUNIT_EXPECT_GT(test, events(two, 0, RAMSTER_PERS_PAGES_REMOTED), 0);
	KUNIT_EXPECT_GT(test, events(two, 0,
				     RAMSTER_REMOTE_PERS_PAGES_SUCC_GET), 0);
	flush_all_pages(two, ZBUD_PERS);
	flush_work(&two->node[0]->remotify);
	KUNIT_EXPECT_TRUE(test, eventually(!away(two, ZBUD_PERS)));
	KUNIT_EXPECT_TRUE(test, eventually(!kept(two, ZBUD_PERS)));
}

static struct kunit_case remote_cases[] = {
	KUNIT_CASE(swap_there_and_back),
	KUNIT_CASE(compressor_changes),
	KUNIT_CASE(files_there_and_back),
	KUNIT_CASE(files_leave_when_got),
	KUNIT_CASE(frames_come_free),
	KUNIT_CASE(read_comes_home),
	KUNIT_CASE(selfshrink),
	KUNIT_CASE(newest_comes_first),
	KUNIT_CASE(pool_goes),
	KUNIT_CASE(patience_wears_off),
	KUNIT_CASE(connection_breaks),
	KUNIT_CASE(keeper_forgets),
	KUNIT_CASE(keeper_lies),
	KUNIT_CASE(keeper_refuses),
	KUNIT_CASE(keeper_recalls_in_vain),
	KUNIT_CASE(owner_leaves),
	KUNIT_CASE(keeper_leaves),
	KUNIT_CASE(owner_cannot_leave),
	KUNIT_CASE(keeper_of_the_dead_leaves),
	KUNIT_CASE(owner_says_goodbye),
	KUNIT_CASE(keeper_says_goodbye),
	KUNIT_CASE(owner_leaves_anyway),
	KUNIT_CASE_SLOW(race),
	{}
};

static struct kunit_suite remote_suite = {
	.name = "ramster_pages",
	.suite_init = loopback_up,
	.suite_exit = loopback_down,
	.init = two_init,
	.exit = two_exit,
	.test_cases = remote_cases,
};

kunit_test_suite(remote_suite);
