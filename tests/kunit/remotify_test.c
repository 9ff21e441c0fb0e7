// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of pages that go out: which, when, and how many.
 */
#include <linux/completion.h>
#include <linux/kthread.h>

#include "two_rig.h"

/* However often memory is short, a page that is on its way is not sent again. */
static void each_page_goes_once(struct kunit *test)
{
	struct two *two = test->priv;
	struct ramster_guest *guest = &two->node[1]->guests[0];
	unsigned long few = 40, i;

	for (i = 0; i < few; i++)
		KUNIT_ASSERT_TRUE(test, put_page_in(two, ZBUD_PERS, i));
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(keeper(two)->room) > 0));
	mutex_lock(&guest->lock);	/* which the first page wants that arrives */
	for (i = 0; i < 10; i++) {
		ramster_remotify(two->node[0]);
		msleep(20);
	}
	mutex_unlock(&guest->lock);
	KUNIT_EXPECT_TRUE(test, eventually(ramster_remotify_idle(two->node[0])));
	KUNIT_EXPECT_GT(test, events(two, 1, RAMSTER_FOREIGN_PUTS), 0);
	KUNIT_EXPECT_LE(test, events(two, 1, RAMSTER_FOREIGN_PUTS), few);
	flush_all_pages(two, ZBUD_PERS);
}

/* The keeper says what it can lend, and the worker does what it does then. */
static void offer(struct kunit *test)
{
	struct two *two = test->priv;
	int idx = srcu_read_lock(&two->node[1]->srcu);

	set_room(two, 1, 0);
	ramster_peer_room_changed(ramster_peer_of(two->node[1], 0));
	srcu_read_unlock(&two->node[1]->srcu, idx);
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(keeper(two)->room) > 0));
	msleep(20);
	KUNIT_EXPECT_TRUE(test, eventually(ramster_remotify_idle(two->node[0])));
}

/* What is wanted goes. Another offer of room is no reason to send all the rest. */
static void offer_sends_no_more(struct kunit *test)
{
	struct two *two = test->priv;

	fill(test, ZBUD_PERS);
	offer(test);
	ramster_remotify(two->node[0]);
	KUNIT_EXPECT_TRUE(test, eventually(away(two, ZBUD_PERS) > 0 &&
					   ramster_remotify_idle(two->node[0])));
	offer(test);
	KUNIT_EXPECT_LT(test, away(two, ZBUD_PERS), NR - 20);
	flush_all_pages(two, ZBUD_PERS);
}

/* But who could not send, because nobody had room, goes on when somebody has. */
static void offer_is_taken_up(struct kunit *test)
{
	struct two *two = test->priv;

	fill(test, ZBUD_PERS);
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(keeper(two)->room) > 0));
	set_room(two, 1, 0);
	ramster_remotify(two->node[0]);
	flush_work(&two->node[0]->remotify);
	offer(test);
	KUNIT_EXPECT_TRUE(test, eventually(away(two, ZBUD_PERS) > 0));
	KUNIT_EXPECT_TRUE(test, eventually(ramster_remotify_idle(two->node[0])));
	flush_all_pages(two, ZBUD_PERS);
}

static void make_room(struct two *two)
{
	ramster_make_room_in(two->node[0]);
}

static unsigned long waited(struct two *two)
{
	return events(two, 0, RAMSTER_PERS_PUTS_WAITED);
}

static unsigned long waited_in_vain(struct two *two)
{
	return events(two, 0, RAMSTER_PERS_PUTS_WAITED_IN_VAIN);
}

/*
 * Somebody seems to take pages, but none goes. Both nodes have the same frames:
 * the other one may say just then that it takes none, which ends the wait.
 */
static bool waits_in_vain(struct two *two)
{
	unsigned int tries = 20;

	while (!waited_in_vain(two) && tries--) {
		set_room(two, 1, SZ_16M);
		make_room(two);
	}
	return waited_in_vain(two) == 1;
}

/* Who has a page for a full pool waits for who takes pages, but once only. */
static void full_pool_waits(struct kunit *test)
{
	struct two *two = test->priv;
	struct zcache *zc = &two->rig->zc;
	long limit = totalram_pages() / 2;
	unsigned long before;

	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(keeper(two)->room) > 0));
	make_room(two);		/* It is not full. */
	KUNIT_EXPECT_EQ(test, waited(two), 0);
	atomic_long_add(limit, &zc->nr_frames);
	set_room(two, 1, 0);
	make_room(two);		/* Nobody takes any. */
	KUNIT_EXPECT_EQ(test, waited(two), 0);
	KUNIT_EXPECT_TRUE(test, waits_in_vain(two));
	before = waited(two);
	KUNIT_EXPECT_GT(test, before, 0);
	set_room(two, 1, SZ_16M);
	make_room(two);
	KUNIT_EXPECT_EQ(test, waited(two), before);
	atomic_long_sub(limit, &zc->nr_frames);
}

/* Swap pages have room for so many frames more, and another one is about to come. */
static void come_near_limit(struct two *two, unsigned long room)
{
	struct zcache *zc = &two->rig->zc;
	long nr = (long)zcache_frames_room(zc) - (long)room;

	atomic_long_add(nr, &zc->nr_frames);
	set_room(two, 1, SZ_16M);
	make_room(two);
	atomic_long_sub(nr, &zc->nr_frames);
	flush_work(&two->node[0]->remotify);
}

static unsigned long sent(struct two *two)
{
	return events(two, 0, RAMSTER_PERS_PAGES_REMOTED) +
	       events(two, 0, RAMSTER_PERS_PAGES_REMOTE_FAILED);
}

/* Pages begin to go before anybody has to wait for it. */
static void nearly_full_pool_sends(struct kunit *test)
{
	struct two *two = test->priv;
	unsigned int tries = 20;

	fill(test, ZBUD_PERS);
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(keeper(two)->room) > 0));
	come_near_limit(two, 100);
	KUNIT_EXPECT_TRUE(test, eventually(ramster_remotify_idle(two->node[0])));
	KUNIT_EXPECT_EQ(test, sent(two), 0);
	while (!sent(two) && tries--) {	/* It may say just then that it takes none. */
		come_near_limit(two, 40);
		KUNIT_EXPECT_TRUE(test, eventually(ramster_remotify_idle(two->node[0])));
	}
	KUNIT_EXPECT_GT(test, sent(two), 0);
	KUNIT_EXPECT_EQ(test, waited(two), 0);
	flush_all_pages(two, ZBUD_PERS);
}

static void stays_home(struct kunit *test, enum zbud_class class, bool *may_go)
{
	struct two *two = test->priv;

	fill(test, class);
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(keeper(two)->room) > 0));
	WRITE_ONCE(*may_go, false);
	ramster_remotify(two->node[0]);
	flush_work(&two->node[0]->remotify);
	KUNIT_EXPECT_TRUE(test, eventually(ramster_remotify_idle(two->node[0])));
	KUNIT_EXPECT_EQ(test, away(two, class), 0);
	WRITE_ONCE(*may_go, true);
	KUNIT_EXPECT_TRUE(test, eventually((set_room(two, 1, SZ_16M),
					    ramster_remotify(two->node[0]),
					    away(two, class) > 0)));
	KUNIT_EXPECT_TRUE(test, eventually(ramster_remotify_idle(two->node[0])));
	flush_all_pages(two, class);
}

/* A switch is for what goes from then on. */
static void swap_pages_may_not_go(struct kunit *test)
{
	stays_home(test, ZBUD_PERS, &ramster_knobs.pers_remotify);
}

static void file_pages_may_not_go(struct kunit *test)
{
	stays_home(test, ZBUD_EPH, &ramster_knobs.eph_remotify);
}

/* Who is refused by one tries another. */
static void refused_goes_elsewhere(struct kunit *test)
{
	struct two *two = test->priv;
	struct ramster_keeper *other;
	unsigned long few = 40, i;

	two->config.times.keepalive_ms = 30000;	/* which would tell the truth */
	make_three(test);
	other = &two->node[0]->keepers[2];
	for (i = 0; i < few; i++)
		KUNIT_ASSERT_TRUE(test, put_page_in(two, ZBUD_PERS, i));
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(keeper(two)->room) > 0 &&
					   READ_ONCE(other->room) > 0));
	two->node[1]->leaving = true;
	set_room(two, 1, SZ_64M);	/* as it was told before */
	set_room(two, 2, SZ_16M);
	ramster_remotify(two->node[0]);
	KUNIT_EXPECT_TRUE(test, eventually(events(two, 0, RAMSTER_PERS_PAGES_REMOTE_FAILED)));
	KUNIT_EXPECT_TRUE(test, eventually((ramster_remotify(two->node[0]),
					    READ_ONCE(other->nr[ZBUD_PERS]) >= few - 20)));
	KUNIT_EXPECT_TRUE(test, eventually(ramster_remotify_idle(two->node[0])));
	KUNIT_EXPECT_EQ(test, away(two, ZBUD_PERS), 0);
	/* Nor does he ask the first one again. */
	KUNIT_EXPECT_LE(test, events(two, 0, RAMSTER_PERS_PAGES_REMOTE_FAILED), few);
	two->node[1]->leaving = false;
	flush_all_pages(two, ZBUD_PERS);
}

/* Others' file pages are dropped before their swap pages are asked to go home. */
static void files_go_before_swap(struct kunit *test)
{
	struct two *two = test->priv;
	struct zbud_stats *files = &two->node[1]->lent.queues[ZBUD_EPH].stats;
	unsigned long before, i;

	two->node[0]->selfshrink_ms = 0;
	for (i = 0; i < 2 * NR; i++)
		KUNIT_ASSERT_TRUE(test, put_page_in(two, ZBUD_EPH, i));
	KUNIT_ASSERT_TRUE(test, eventually((set_room(two, 1, SZ_16M),
					    ramster_remotify(two->node[0]),
					    READ_ONCE(files->pageframes) >= 128)));
	fill(test, ZBUD_PERS);
	KUNIT_ASSERT_TRUE(test, eventually((set_room(two, 1, SZ_16M),
					    ramster_remotify(two->node[0]),
					    away(two, ZBUD_PERS) >= NR - 20)));
	KUNIT_ASSERT_TRUE(test, eventually(ramster_remotify_idle(two->node[0])));
	KUNIT_EXPECT_GE(test, READ_ONCE(files->pageframes), 128);
	before = events(two, 1, RAMSTER_FOREIGN_GETS);
	ramster_remotify(two->node[1]);
	flush_work(&two->node[1]->remotify);
	msleep(100);
	KUNIT_EXPECT_EQ(test, events(two, 1, RAMSTER_FOREIGN_GETS), before);
	flush_all_pages(two, ZBUD_EPH);
	KUNIT_ASSERT_TRUE(test, eventually(!READ_ONCE(files->pageframes)));
	ramster_remotify(two->node[1]);
	KUNIT_EXPECT_TRUE(test, eventually(events(two, 1, RAMSTER_FOREIGN_GETS) > before));
	flush_all_pages(two, ZBUD_PERS);
}

/* Somebody who holds up whoever makes a pool, and so all messages behind that. */
struct holder {
	struct ramster_guest *guest;
	struct completion holds;
	struct completion let_go;
	struct completion gone;
};

static int hold_guest(void *arg)
{
	struct holder *holder = arg;

	mutex_lock(&holder->guest->lock);
	complete(&holder->holds);
	wait_for_completion(&holder->let_go);
	msleep(100);	/* in which it is seen who does not wait */
	mutex_unlock(&holder->guest->lock);
	kthread_complete_and_exit(&holder->gone, 0);
}

/* Who leaves waits for what is on its way out, or it would arrive when he has gone. */
static void leaves_with_none_on_its_way(struct kunit *test)
{
	struct two *two = test->priv;
	struct ramster *r = two->node[0];
	struct holder holder = { .guest = &two->node[1]->guests[0] };
	struct ramster_stuck stuck = { };
	unsigned long i;

	init_completion(&holder.holds);
	init_completion(&holder.let_go);
	init_completion(&holder.gone);
	for (i = 0; i < 40; i++)
		KUNIT_ASSERT_TRUE(test, put_page_in(two, ZBUD_PERS, i));
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(keeper(two)->room) > 0));
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(hold_guest, &holder, "hold_guest")));
	wait_for_completion(&holder.holds);
	ramster_remotify(r);
	flush_work(&r->remotify);
	KUNIT_EXPECT_FALSE(test, ramster_remotify_idle(r));
	complete(&holder.let_go);
	mutex_lock(&r->lock);
	KUNIT_EXPECT_EQ(test, ramster_unburden(r, false, &stuck), 0);
	KUNIT_EXPECT_TRUE(test, ramster_remotify_idle(r));
	KUNIT_EXPECT_EQ(test, away(two, ZBUD_PERS), 0);
	ramster_leave(r);
	mutex_unlock(&r->lock);
	wait_for_completion(&holder.gone);
	KUNIT_EXPECT_EQ(test, events(two, 0, RAMSTER_PERS_PAGES_LOST), 0);
	KUNIT_EXPECT_GT(test, events(two, 0, RAMSTER_PERS_PAGES_REMOTED), 0);
	flush_all_pages(two, ZBUD_PERS);
}

static bool has_reserves(struct ramster *r)
{
	int idx = srcu_read_lock(&r->srcu);
	bool has = may_use_reserves(ramster_peer_of(r, 1));

	srcu_read_unlock(&r->srcu, idx);
	return has;
}

/* What is done about once a second. */
static void look_around(struct ramster *r)
{
	mod_delayed_work(r->wq, &r->shrink, 0);
	flush_delayed_work(&r->shrink);
}

/* The last of memory is for a network that swap pages go over, as long as they do. */
static void reserves_are_for_swap(struct kunit *test)
{
	struct two *two = test->priv;
	struct ramster *r = two->node[0];

	r->selfshrink_ms = 0;
	WRITE_ONCE(ramster_knobs.pers_remotify, false);
	fill(test, ZBUD_EPH);
	KUNIT_ASSERT_TRUE(test, eventually((set_room(two, 1, SZ_16M), ramster_remotify(r),
					    away(two, ZBUD_EPH) > 0)));
	KUNIT_EXPECT_FALSE(test, has_reserves(r));
	WRITE_ONCE(ramster_knobs.pers_remotify, true);
	fill(test, ZBUD_PERS);
	KUNIT_ASSERT_TRUE(test, eventually((set_room(two, 1, SZ_16M), ramster_remotify(r),
					    away(two, ZBUD_PERS) > 0)));
	KUNIT_EXPECT_TRUE(test, has_reserves(r));
	KUNIT_ASSERT_TRUE(test, eventually(ramster_remotify_idle(r)));
	r->pressed = jiffies - 600 * HZ;
	look_around(r);
	KUNIT_EXPECT_TRUE(test, has_reserves(r));
	flush_all_pages(two, ZBUD_PERS);
	KUNIT_EXPECT_EQ(test, away(two, ZBUD_PERS), 0);
	r->pressed = jiffies;	/* The next ones may go at once. */
	look_around(r);
	KUNIT_EXPECT_TRUE(test, has_reserves(r));
	/* An offer of room may have pages sent once more, of which there are none. */
	r->pressed = jiffies - 600 * HZ;
	KUNIT_EXPECT_TRUE(test, eventually((look_around(r), !has_reserves(r))));
	flush_all_pages(two, ZBUD_EPH);
}

static struct kunit_case remotify_cases[] = {
	KUNIT_CASE(each_page_goes_once),
	KUNIT_CASE(offer_sends_no_more),
	KUNIT_CASE(offer_is_taken_up),
	KUNIT_CASE(full_pool_waits),
	KUNIT_CASE(nearly_full_pool_sends),
	KUNIT_CASE(swap_pages_may_not_go),
	KUNIT_CASE(file_pages_may_not_go),
	KUNIT_CASE(refused_goes_elsewhere),
	KUNIT_CASE(files_go_before_swap),
	KUNIT_CASE(leaves_with_none_on_its_way),
	KUNIT_CASE(reserves_are_for_swap),
	{}
};

static struct kunit_suite remotify_suite = {
	.name = "ramster_remotify",
	.suite_init = loopback_up,
	.suite_exit = loopback_down,
	.init = two_init,
	.exit = two_exit,
	.test_cases = remotify_cases,
};

kunit_test_suite(remotify_suite);
