// SPDX-License-Identifier: GPL-2.0-only
/* Tests of RAMster's transport: nodes that mean well, and speak over loopback. */
#include <linux/ipv6.h>
#include <linux/random.h>
#include <net/sock.h>

#include "ramster_rig.h"

/* Up and down */

static void up_whoever_comes_first(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned int first;

	for (first = 0; first < 2; first++) {
		rig_start(test, first);
		rig_start(test, !first);
		rig_await_up(test, 0, 1);
		KUNIT_EXPECT_TRUE(test, rig->nodes[0].forgot);
		KUNIT_EXPECT_TRUE(test, rig->nodes[1].forgot);
		KUNIT_EXPECT_EQ(test, rig_info(rig, 0, 1).ups, 1);
		rig_stop(rig, first);
		KUNIT_EXPECT_TRUE(test, eventually(!rig_is_up(rig, !first, first)));
		KUNIT_EXPECT_STREQ(test, rig_info(rig, !first, first).last_error,
				   "it has said goodbye: leaving");
		rig_stop(rig, !first);
	}
}

static void all_with_all(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ask *ask = asks_create(test, 1, NULL);
	unsigned int a, b;

	rig_start(test, 1);
	rig_start(test, 2);
	rig_start(test, 0);
	for (a = 0; a < RIG_NODES; a++)
		for (b = 0; b < a; b++)
			rig_await_up(test, a, b);
	for (a = 0; a < RIG_NODES; a++)
		for (b = 0; b < RIG_NODES; b++)
			if (a != b)
				KUNIT_EXPECT_EQ(test, rig_get(test, rig_peer(rig, a, b),
							      ask, 5 * a + b, 30000), 0);
	KUNIT_EXPECT_PTR_EQ(test, rig_peer(rig, 1, 1), NULL);
	KUNIT_EXPECT_PTR_EQ(test, rig_peer(rig, 1, RAMSTER_MAX_NODES), NULL);
	KUNIT_EXPECT_EQ(test, ramster_peer_num(rig_peer(rig, 1, 2)), 2);
}

static void over_ipv6(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ask *ask = asks_create(test, 1, NULL);

	if (!IS_ENABLED(CONFIG_IPV6) || !ipv6_mod_enabled())
		kunit_skip(test, "no IPv6");
	rig_family(rig, AF_INET6);
	rig_start_pair(test);
	KUNIT_EXPECT_EQ(test, rig_get(test, rig_peer(rig, 0, 1), ask, 5, 30000), 0);
	KUNIT_EXPECT_EQ(test, rig_get(test, rig_peer(rig, 1, 0), ask, 6, 30000), 0);
}

static void up_again_after_reset(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned int who;

	rig_start_pair(test);
	for (who = 0; who < 2; who++) {
		ramster_peer_reset(rig_peer(rig, who, !who), "a whim");
		KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[0].ups == who + 2));
		KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[1].ups == who + 2));
		rig_await_up(test, 0, 1);
		KUNIT_EXPECT_EQ(test, rig->nodes[0].downs, who + 1);
		KUNIT_EXPECT_EQ(test, rig->nodes[1].downs, who + 1);
		KUNIT_EXPECT_FALSE(test, rig->nodes[0].forgot);
		KUNIT_EXPECT_FALSE(test, rig->nodes[1].forgot);
		KUNIT_EXPECT_EQ(test, rig->nodes[0].lefts, 0);
		KUNIT_EXPECT_EQ(test, rig->nodes[1].lefts, 0);
		KUNIT_EXPECT_STREQ(test, rig_info(rig, who, !who).last_error,
				   "a whim");
	}
}

/*
 * Who was destroyed says that it leaves; when it was made anew, it keeps nothing
 * of ours, and we nothing of it.
 */
static void forgot_after_a_new_start(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned int who;

	rig_start_pair(test);
	for (who = 0; who < 2; who++) {
		rig->nodes[!who].forgot = false;
		rig_stop(rig, who);
		KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[!who].lefts == 1));
		rig_start(test, who);
		rig_await_up(test, 0, 1);
		KUNIT_EXPECT_TRUE(test, rig->nodes[!who].forgot);
		KUNIT_EXPECT_TRUE(test, rig->nodes[who].forgot);
	}
}

static void not_with_other_clusters(struct kunit *test)
{
	struct rig *rig = test->priv;

	rig_start(test, 0);
	rig->config.uuid.b[0] ^= 1;
	rig_start(test, 1);
	KUNIT_EXPECT_TRUE(test, eventually(!strcmp(rig_info(rig, 1, 0).last_error,
						   "it has said goodbye: another cluster")));
	KUNIT_EXPECT_STREQ(test, rig_info(rig, 0, 1).last_error,
			   "its call was refused: another cluster");
	KUNIT_EXPECT_EQ(test, rig->nodes[0].ups + rig->nodes[1].ups, 0);
}

static void expect_no_cluster(struct kunit *test, int err)
{
	struct rig *rig = test->priv;
	struct ramster_cluster *cluster;

	cluster = ramster_cluster_create(&rig->config, &rig_ops, rig);
	KUNIT_EXPECT_TRUE(test, IS_ERR(cluster));
	KUNIT_EXPECT_EQ(test, PTR_ERR(cluster), err);
	if (!IS_ERR(cluster))
		ramster_cluster_destroy(cluster);
}

static void not_with_nonsense(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ramster_config good;

	rig->config.self = 0;
	good = rig->config;
	rig->config.slots = 0;
	expect_no_cluster(test, -EINVAL);
	rig->config.slots = RAMSTER_MAX_SLOTS + 1;
	expect_no_cluster(test, -EINVAL);
	rig->config = good;
	rig->config.self = 7;
	expect_no_cluster(test, -EINVAL);
	rig->config = good;
	rig->config.compressor[0] = '\0';
	expect_no_cluster(test, -EINVAL);
	rig->config = good;
	rig->config.times.dead_ms = 0;
	expect_no_cluster(test, -EINVAL);
	rig->config = good;
	rig->all[1].num = 0;
	expect_no_cluster(test, -EINVAL);
	rig->all[1].num = RAMSTER_MAX_NODES;
	expect_no_cluster(test, -EINVAL);
	rig->all[1].num = 1;
	rig->all[0].addr.ss_family = AF_UNIX;
	expect_no_cluster(test, -EAFNOSUPPORT);
	rig_family(rig, AF_INET);
	rig_start(test, 0);
	expect_no_cluster(test, -EADDRINUSE);
}

/* Requests */

/* Every third is a flush: an order there is, whatever the type. */
static enum ramster_type put_or_flush(unsigned int i)
{
	return i % 3 ? RAMSTER_PUT : RAMSTER_FLUSH_PAGE;
}

static void send_all(struct kunit *test, struct ask *asks, unsigned int nr)
{
	struct rig *rig = test->priv;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		ask_prepare(&asks[i], put_or_flush(i), i);
		KUNIT_ASSERT_EQ(test, ramster_send(rig_peer(rig, 1, 0),
						   &asks[i].req), 0);
	}
}

#define MANY	200

/* Many more than slots: no more under way than there are, and all in order. */
static void order_and_credit(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rig_node *server = &rig->nodes[0];
	atomic_t turns = ATOMIC_INIT(0);
	struct ask *asks = asks_create(test, MANY, &turns);
	struct ramster_peer_info info;
	unsigned int i;

	rig->config.slots = 5;
	rig_start_pair(test);
	rig_shut(server);
	send_all(test, asks, MANY);
	KUNIT_EXPECT_TRUE(test, eventually(rig_info(rig, 1, 0).in_flight == 5));
	KUNIT_EXPECT_EQ(test, rig_info(rig, 1, 0).waiting, MANY - 5);
	rig_open(server);
	while (!asks_done(asks, MANY)) {
		info = rig_info(rig, 1, 0);
		KUNIT_ASSERT_LE(test, info.in_flight, 5);
		KUNIT_ASSERT_EQ(test, rig_info(rig, 0, 1).bad_messages, 0);
		cond_resched();
	}
	expect_done(test, asks, MANY, 0);
	KUNIT_EXPECT_EQ(test, server->nr_log, MANY);
	for (i = 0; i < MANY; i++) {
		KUNIT_EXPECT_EQ(test, server->log[i].index, i);
		KUNIT_EXPECT_EQ(test, server->log[i].type, put_or_flush(i));
		KUNIT_EXPECT_EQ(test, asks[i].req.reply.status, RAMSTER_OK);
	}
	KUNIT_EXPECT_EQ(test, rig_info(rig, 1, 0).in_flight, 0);
	KUNIT_EXPECT_EQ(test, rig_info(rig, 1, 0).ups, 1);
}

static void gets_go_first(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rig_node *server = &rig->nodes[0];
	atomic_t turns = ATOMIC_INIT(0);
	struct ask *asks = asks_create(test, MANY, &turns);
	struct ask *get = asks_create(test, 1, &turns);

	rig->config.slots = 4;
	rig_start_pair(test);
	rig_shut(server);
	send_all(test, asks, MANY);
	KUNIT_EXPECT_TRUE(test, eventually(rig_info(rig, 1, 0).in_flight == 4));
	ask_prepare(get, RAMSTER_GET_AND_FREE, 7);
	KUNIT_EXPECT_EQ(test, ramster_send(rig_peer(rig, 1, 0), &get->req), 0);
	rig_open(server);
	expect_done(test, asks, MANY, 0);
	expect_done(test, get, 1, 0);
	KUNIT_EXPECT_EQ(test, server->log[4].type, RAMSTER_GET_AND_FREE);
	KUNIT_EXPECT_TRUE(test, rig_filled(get->page, 7));
}

static void get_what_is_not_there(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ask *ask = asks_create(test, 1, NULL);

	rig_start_pair(test);
	memset(ask->page, 0x5a, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig_get(test, rig_peer(rig, 1, 0), ask, RIG_ABSENT,
				      30000), 0);
	KUNIT_EXPECT_EQ(test, ask->req.reply.status, RAMSTER_NOT_THERE);
	KUNIT_EXPECT_EQ(test, ask->req.reply.kind, RAMSTER_NO_PAGE);
	KUNIT_EXPECT_NULL(test, memchr_inv(ask->page, 0x5a, PAGE_SIZE));
}

/* A reply that comes when nobody waits any more writes nowhere. */
static void late_reply_is_ignored(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ask *ask = asks_create(test, 1, NULL);
	struct ramster_peer *peer;
	unsigned int i;

	rig->config.slots = 1;
	rig_start_pair(test);
	peer = rig_peer(rig, 1, 0);
	rig_shut(&rig->nodes[0]);
	KUNIT_EXPECT_EQ(test, rig_get(test, peer, ask, 10, 50), -ETIMEDOUT);
	memset(ask->page, 0x5a, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[0].inside));
	KUNIT_EXPECT_EQ(test, rig_info(rig, 1, 0).in_flight, 1);
	/* The slot is not free yet. */
	KUNIT_EXPECT_EQ(test, rig_get(test, peer, ask, 15, 50), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, rig_info(rig, 1, 0).waiting, 0);
	rig_open(&rig->nodes[0]);
	KUNIT_EXPECT_TRUE(test, eventually(!rig_info(rig, 1, 0).in_flight));
	KUNIT_EXPECT_NULL(test, memchr_inv(ask->page, 0x5a, PAGE_SIZE));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, rig_get(test, peer, ask, 20 + i, 30000), 0);
	KUNIT_EXPECT_EQ(test, rig->nodes[0].nr_log, 4);
	KUNIT_EXPECT_EQ(test, rig_info(rig, 1, 0).ups, 1);
}

/**
 * struct waiter - a thread that gets a page
 * @peer: from whom
 * @ask: with what
 * @err: what came of it
 * @done: it is through
 */
struct waiter {
	struct ramster_peer *peer;
	struct ask *ask;
	int err;
	struct completion done;
};

static int waiter_main(void *arg)
{
	struct waiter *waiter = arg;

	ask_prepare(waiter->ask, RAMSTER_GET, 3);
	waiter->err = ramster_call(waiter->peer, &waiter->ask->req, 60000,
				   true);
	kthread_complete_and_exit(&waiter->done, 0);
}

static void waiter_start(struct kunit *test, struct waiter *waiter,
			 struct ramster_peer *peer)
{
	struct task_struct *task;

	waiter->peer = peer;
	waiter->ask = asks_create(test, 1, NULL);
	init_completion(&waiter->done);
	task = kthread_run(waiter_main, waiter, "ramster_test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
}

static bool waiter_through(struct waiter *waiter)
{
	return wait_for_completion_timeout(&waiter->done, LOOPBACK_PATIENCE);
}

/* Whatever was sent, or waits to be: done once, in order, before down(). */
static void reset_completes_all(struct kunit *test)
{
	struct rig *rig = test->priv;
	atomic_t turns = ATOMIC_INIT(0);
	struct ask *asks = asks_create(test, 50, &turns);
	struct ask *more = asks_create(test, 1, &turns);
	struct waiter waiter;

	rig->config.slots = 4;
	rig_start_pair(test);
	rig_shut(&rig->nodes[0]);
	waiter_start(test, &waiter, rig_peer(rig, 1, 0));
	KUNIT_EXPECT_TRUE(test, eventually(rig_info(rig, 1, 0).in_flight == 1));
	send_all(test, asks, 50);
	KUNIT_EXPECT_TRUE(test, eventually(rig_info(rig, 1, 0).in_flight == 4));
	ramster_peer_reset(rig_peer(rig, 1, 0), "enough");
	expect_done(test, asks, 50, -ENOTCONN);
	KUNIT_ASSERT_TRUE(test, waiter_through(&waiter));
	KUNIT_EXPECT_EQ(test, waiter.err, -ENOTCONN);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[1].downs == 1));

	rig_open(&rig->nodes[0]);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[1].ups == 2));
	rig_await_up(test, 0, 1);
	ask_prepare(more, RAMSTER_PUT, 77);
	KUNIT_EXPECT_EQ(test, ramster_send(rig_peer(rig, 1, 0), &more->req), 0);
	expect_done(test, more, 1, 0);
	expect_done(test, asks, 50, -ENOTCONN);
}

static void not_to_who_is_down(struct kunit *test)
{
	struct rig *rig = test->priv;
	atomic_t turns = ATOMIC_INIT(0);
	struct ask *ask = asks_create(test, 1, &turns);

	rig_start(test, 0);
	ask_prepare(ask, RAMSTER_PUT, 1);
	KUNIT_EXPECT_EQ(test, ramster_send(rig_peer(rig, 0, 1), &ask->req),
			-ENOTCONN);
	KUNIT_EXPECT_EQ(test, rig_get(test, rig_peer(rig, 0, 1), ask, 1, 30000),
			-ENOTCONN);
	ramster_peer_recall(rig_peer(rig, 0, 1), 5);
	rig_start(test, 1);
	rig_await_up(test, 0, 1);
	KUNIT_EXPECT_EQ(test, rig_get(test, rig_peer(rig, 0, 1), ask, 1, 30000), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ask->nr_done), 0);
	KUNIT_EXPECT_EQ(test, rig->nodes[1].recalled, 0);
}

/* From where the hooks call: with interrupts off. */
static void send_with_interrupts_off(struct kunit *test)
{
	atomic_t turns = ATOMIC_INIT(0);
	struct ask *asks = asks_create(test, 20, &turns);

	rig_start_pair(test);
	local_irq_disable();
	send_all(test, asks, 20);
	local_irq_enable();
	expect_done(test, asks, 20, 0);
}

/* Two nodes that have nothing more to say. */
static void start_quiet_pair(struct kunit *test)
{
	struct rig *rig = test->priv;

	rig->config.times.keepalive_ms = 30000;
	rig_start_pair(test);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[1].offered == RIG_ROOM));
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[0].offered == RIG_ROOM + 1));
	msleep(50);
}

static void send_later(struct kunit *test, struct ask *asks, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		asks[i].req.later = true;
	send_all(test, asks, nr);
}

/* What is to be sent later waits until it is told, or until something else is sent. */
static void later_and_now(struct kunit *test)
{
	atomic_t turns = ATOMIC_INIT(0);
	struct ask *asks = asks_create(test, 20, &turns);
	struct rig *rig = test->priv;

	start_quiet_pair(test);
	send_later(test, asks, 20);
	msleep(50);
	KUNIT_EXPECT_EQ(test, atomic_read(&turns), 0);
	KUNIT_EXPECT_EQ(test, rig_info(rig, 1, 0).waiting, 20);
	ramster_send_now(rig_peer(rig, 1, 0));
	expect_done(test, asks, 20, 0);
}

/* What nobody speeds up goes all the same, when it has waited for others. */
static void soon_goes_by_itself(struct kunit *test)
{
	atomic_t turns = ATOMIC_INIT(0);
	struct ask *asks = asks_create(test, 3, &turns);
	struct rig *rig = test->priv;

	start_quiet_pair(test);
	send_later(test, asks, 3);
	ramster_send_soon(rig_peer(rig, 1, 0));
	msleep(500);
	KUNIT_EXPECT_EQ(test, rig_info(rig, 1, 0).waiting, 0);
	expect_done(test, asks, 3, 0);
}

static unsigned long sender_slept(struct rig *rig, unsigned int num)
{
	return READ_ONCE(rig_peer(rig, num, !num)->sender->nvcsw);
}

/*
 * Nobody who waits for a page waits for a thread to send it, on either side; and no
 * thread is woken for an answer either, when more come at once, and when none does.
 */
static void gets_go_directly(struct kunit *test)
{
	atomic_t turns = ATOMIC_INIT(0);
	struct ask *ask = asks_create(test, 1, &turns);
	struct rig *rig = test->priv;
	unsigned long asker, keeper, i;

	start_quiet_pair(test);
	asker = sender_slept(rig, 1);
	keeper = sender_slept(rig, 0);
	for (i = 0; i < 100; i++) {
		KUNIT_EXPECT_EQ(test, rig_get(test, rig_peer(rig, 1, 0), ask, i, 5000), 0);
		if (i >= 50)
			msleep(20);
	}
	KUNIT_EXPECT_LT(test, sender_slept(rig, 1) - asker, 5);
	KUNIT_EXPECT_LT(test, sender_slept(rig, 0) - keeper, 5);
	KUNIT_EXPECT_FALSE(test, rig_peer(rig, 1, 0)->sock->sk->sk_use_task_frag);
	KUNIT_EXPECT_FALSE(test, rig_peer(rig, 0, 1)->sock->sk->sk_use_task_frag);
}

static void room_and_recall(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned int before;

	rig_start_pair(test);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[1].offered == RIG_ROOM));
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[0].offered == RIG_ROOM + 1));
	KUNIT_EXPECT_EQ(test, rig_info(rig, 1, 0).room, RIG_ROOM);

	before = rig->nodes[1].nr_offered;
	WRITE_ONCE(rig->nodes[0].room, ~0ULL);
	ramster_cluster_room_changed(rig->nodes[0].cluster);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[1].offered ==
					   RAMSTER_MAX_FRAMES - 1));
	KUNIT_EXPECT_GT(test, rig->nodes[1].nr_offered, before);

	ramster_peer_recall(rig_peer(rig, 0, 1), 30);
	ramster_peer_recall(rig_peer(rig, 0, 1), 12);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[1].recalled == 42));
	KUNIT_EXPECT_EQ(test, rig->nodes[0].recalled, 0);
}

/* What can be lent is told without being asked, if something else is said. */
static void room_with_keepalive(struct kunit *test)
{
	struct rig *rig = test->priv;

	rig->config.times.keepalive_ms = 20;
	rig_start_pair(test);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[1].offered == RIG_ROOM));
	WRITE_ONCE(rig->nodes[0].room, 3);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[1].offered == 3));
}

/* A slot's generation is never 0, not after 65535 either. */
static void generations_wrap(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ask *ask = asks_create(test, 1, NULL);
	struct ramster_peer *peer;
	unsigned int i;

	rig_start_pair(test);
	peer = rig_peer(rig, 1, 0);
	peer->slots[0].generation = U16_MAX - 1;
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, rig_get(test, peer, ask, 5, 30000), 0);
	KUNIT_EXPECT_EQ(test, peer->slots[0].generation, 3);
}

/* Memory reserves */

static void memalloc_follows(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ask *ask = asks_create(test, 1, NULL);
	struct ramster_peer *peer;

	rig_start_pair(test);
	peer = rig_peer(rig, 1, 0);
	KUNIT_EXPECT_FALSE(test, may_use_reserves(peer));
	ramster_cluster_memalloc(rig->nodes[1].cluster, true);
	ramster_cluster_memalloc(rig->nodes[1].cluster, true);
	KUNIT_EXPECT_TRUE(test, may_use_reserves(peer));
	KUNIT_EXPECT_EQ(test, rig_get(test, peer, ask, 5, 30000), 0);
	ramster_peer_reset(peer, "a whim");
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[1].ups == 2));
	rig_await_up(test, 0, 1);
	KUNIT_EXPECT_TRUE(test, may_use_reserves(peer));
	ramster_cluster_memalloc(rig->nodes[1].cluster, false);
	KUNIT_EXPECT_FALSE(test, may_use_reserves(peer));
	KUNIT_EXPECT_FALSE(test, sk_memalloc_socks());
	ramster_cluster_memalloc(rig->nodes[1].cluster, true);
}

/* The end at any moment */

/**
 * struct chatter - a request that is sent again whenever it is done
 * @ask: the request
 * @peer: to whom
 * @rounds: how often it was done
 * @through: it will not be sent again
 */
struct chatter {
	struct ask ask;
	struct ramster_peer *peer;
	unsigned int rounds;
	bool through;
};

static void chatter_on(struct chatter *chatter)
{
	static const enum ramster_type types[] = {
		RAMSTER_PUT, RAMSTER_GET, RAMSTER_FLUSH_PAGE, RAMSTER_PUT,
	};
	struct ramster_request *req = &chatter->ask.req;
	void (*done)(struct ramster_request *req) = req->done;

	ask_prepare(&chatter->ask, types[chatter->rounds % ARRAY_SIZE(types)],
		    chatter->rounds);
	req->done = done;
	chatter->rounds++;
	if (ramster_send(chatter->peer, req))
		WRITE_ONCE(chatter->through, true);
}

static void chatter_done(struct ramster_request *req)
{
	struct chatter *chatter = container_of(req, struct chatter, ask.req);

	chatter_on(chatter);
}

#define CHATTERS	24

static void chatter_start(struct kunit *test, struct chatter *chatters,
			  struct ramster_peer *peer, void *page)
{
	unsigned int i;

	for (i = 0; i < CHATTERS; i++) {
		chatters[i].ask.page = page + i * PAGE_SIZE;
		chatters[i].ask.req.done = chatter_done;
		chatters[i].peer = peer;
		chatters[i].rounds = i;
		chatters[i].through = false;
		chatter_on(&chatters[i]);
	}
}

static bool chatters_through(struct chatter *chatters)
{
	unsigned int i;

	for (i = 0; i < CHATTERS; i++)
		if (!READ_ONCE(chatters[i].through))
			return false;
	return true;
}

static void end_with_traffic(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct chatter *chatters = kunit_kcalloc(test, 2 * CHATTERS,
						 sizeof(*chatters), GFP_KERNEL);
	u8 *pages = kunit_kmalloc(test, 2 * CHATTERS * PAGE_SIZE, GFP_KERNEL);
	struct rnd_state rnd;
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, chatters && pages);
	prandom_seed_state(&rnd, 7);
	for (i = 0; i < 12; i++) {
		rig_start_pair(test);
		chatter_start(test, chatters, rig_peer(rig, 0, 1), pages);
		chatter_start(test, chatters + CHATTERS, rig_peer(rig, 1, 0),
			      pages + CHATTERS * PAGE_SIZE);
		usleep_range(1, 1 + test_below(&rnd, 20000));
		if (i % 4 == 0)
			ramster_peer_reset(rig_peer(rig, 0, 1), "a whim");
		rig_stop(rig, i & 1);
		KUNIT_ASSERT_TRUE(test, chatters_through(chatters + (i & 1) * CHATTERS));
		rig_stop(rig, !(i & 1));
		KUNIT_ASSERT_TRUE(test, chatters_through(chatters) &&
				  chatters_through(chatters + CHATTERS));
	}
}

/* While somebody calls, says hello, or has just come up. */
static void end_while_it_begins(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 8);
	for (i = 0; i < 20; i++) {
		rig_start(test, i & 1);
		rig_start(test, !(i & 1));
		usleep_range(1, 1 + test_below(&rnd, 4000));
		rig_stop(rig, test_below(&rnd, 2));
		rig_stop(rig, 0);
		rig_stop(rig, 1);
	}
}

/* Two threads reset, one switches reserves, all the time; pages stay right. */
static void whim_work(struct test_worker *worker)
{
	struct rig *rig = worker->ctx;
	unsigned int i, who;

	for (i = 0; i < 30; i++) {
		who = test_below(&worker->rnd, 2);
		if (test_below(&worker->rnd, 3))
			ramster_peer_reset(rig_peer(rig, who, !who), "a whim");
		else
			ramster_cluster_memalloc(rig->nodes[who].cluster,
						 test_below(&worker->rnd, 2));
		ramster_cluster_room_changed(rig->nodes[who].cluster);
		usleep_range(1, 1 + test_below(&worker->rnd, 5000));
	}
}

static void whims(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ask *ask = asks_create(test, 1, NULL);
	struct ramster_peer_info info;

	rig_start_pair(test);
	test_run_workers(test, whim_work, rig);
	ramster_peer_reset(rig_peer(rig, 1, 0), "go on");
	KUNIT_EXPECT_TRUE(test, eventually(!rig_get(test, rig_peer(rig, 1, 0), ask,
						    9, 30000)));
	info = rig_info(rig, 1, 0);
	KUNIT_EXPECT_EQ(test, info.bad_messages, 0);
}

static struct kunit_case cluster_cases[] = {
	KUNIT_CASE(up_whoever_comes_first),
	KUNIT_CASE(all_with_all),
	KUNIT_CASE(over_ipv6),
	KUNIT_CASE(up_again_after_reset),
	KUNIT_CASE(forgot_after_a_new_start),
	KUNIT_CASE(not_with_other_clusters),
	KUNIT_CASE(not_with_nonsense),
	KUNIT_CASE(order_and_credit),
	KUNIT_CASE(gets_go_first),
	KUNIT_CASE(get_what_is_not_there),
	KUNIT_CASE(late_reply_is_ignored),
	KUNIT_CASE(reset_completes_all),
	KUNIT_CASE(not_to_who_is_down),
	KUNIT_CASE(send_with_interrupts_off),
	KUNIT_CASE(later_and_now),
	KUNIT_CASE(soon_goes_by_itself),
	KUNIT_CASE(gets_go_directly),
	KUNIT_CASE(room_and_recall),
	KUNIT_CASE(room_with_keepalive),
	KUNIT_CASE(generations_wrap),
	KUNIT_CASE(memalloc_follows),
	KUNIT_CASE(end_with_traffic),
	KUNIT_CASE(end_while_it_begins),
	KUNIT_CASE(whims),
	{}
};

static struct kunit_suite cluster_suite = {
	.name = "ramster_cluster",
	.suite_init = loopback_up,
	.suite_exit = loopback_down,
	.init = rig_init,
	.exit = rig_exit,
	.test_cases = cluster_cases,
};

kunit_test_suite(cluster_suite);
