// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of RAMster's transport: a node, and somebody at the other end of the
 * wire who is no node, and breaks every rule there is. How it says hello is in
 * hello_test.c.
 */
#include <linux/cpumask.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/tcp.h>
#include <net/sock.h>

#include "rogue.h"

/* What the peer does must not keep a node from leaving. */
static void expect_quick_end(struct kunit *test, unsigned int num)
{
	unsigned long start = jiffies;

	rig_stop(test->priv, num);
	KUNIT_EXPECT_LT(test, jiffies - start, 15 * HZ);
}

static bool calling(struct rig *rig)
{
	return rig_info(rig, 1, 0).state == RAMSTER_PEER_CONNECTING;
}

/* Nobody accepts, so the last one waits for an answer to its SYN. */
static void end_while_calling(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct socket *listener = rogue_listen(test, 0, 0);
	struct socket *filler = rogue_call(test, 0);
	unsigned long start;

	rig_start(test, 1);
	KUNIT_EXPECT_TRUE(test, eventually(calling(rig)));
	start = jiffies;
	ramster_peer_reset(rig_peer(rig, 1, 0), "a whim");
	KUNIT_EXPECT_TRUE(test, eventually(!strcmp(rig_info(rig, 1, 0).last_error,
						   "a whim")));
	KUNIT_EXPECT_LT(test, jiffies - start, 15 * HZ);
	KUNIT_EXPECT_TRUE(test, eventually(calling(rig)));
	usleep_range(20000, 30000);
	expect_quick_end(test, 1);
	rogue_hang_up(filler);
	rogue_hang_up(listener);
}

static void end_while_hello_is_due(struct kunit *test)
{
	struct socket *listener = rogue_listen(test, 0, 4), *sock;

	rig_start(test, 1);
	sock = rogue_accept(test, listener);
	expect_quick_end(test, 1);
	rogue_hang_up(sock);
	rogue_hang_up(listener);
}

static void end_amid_a_message(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ramster_msg msg = {
		.type = RAMSTER_PUT,
		.generation = 1,
		.kind = RAMSTER_RAW,
		.payload_len = PAGE_SIZE,
	};
	struct socket *sock, *caller;
	u8 *bytes;

	rig_start(test, 0);
	bytes = kunit_kmalloc(test, TRAFFIC_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	sock = rogue_up(test, 1);
	caller = rogue_call(test, 0);
	traffic_write(&msg, rig->page, bytes);
	KUNIT_EXPECT_EQ(test, rogue_send(sock, bytes, 500), 0);
	KUNIT_EXPECT_EQ(test, rogue_send(caller, bytes, 20), 0);
	expect_quick_end(test, 0);
	rogue_expect_goodbye(test, sock, RAMSTER_LEAVING);
	rogue_hang_up(caller);
}

/* Somebody who does not read */

/* So a few pages fill the socket, and the sender has to wait. */
static void narrow(struct ramster_peer *peer)
{
	mutex_lock(&peer->sock_lock);
	peer->sock->sk->sk_userlocks |= SOCK_SNDBUF_LOCK;
	WRITE_ONCE(peer->sock->sk->sk_sndbuf, SZ_32K);
	mutex_unlock(&peer->sock_lock);
}

#define UNREAD	100

/* Pages of which the sender is in the middle of one. */
static struct ask *puts_unread(struct kunit *test, atomic_t *turns)
{
	struct rig *rig = test->priv;
	struct ramster_peer *peer = rig_peer(rig, 0, 1);
	struct ask *asks = asks_create(test, UNREAD, turns);
	unsigned int i;

	narrow(peer);
	for (i = 0; i < UNREAD; i++) {
		ask_prepare(&asks[i], RAMSTER_PUT, 5 * i);
		KUNIT_ASSERT_EQ(test, ramster_send(peer, &asks[i].req), 0);
	}
	return asks;
}

/*
 * When it does not get on for longer than TCP delays any acknowledgment, the
 * sender waits, with a page of which it has sent a part. How many has it begun?
 */
static unsigned int await_stuck(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ramster_peer *peer = rig_peer(rig, 0, 1);
	unsigned int last, nr = 0;

	do {
		last = nr;
		msleep(400);
		nr = rig_info(rig, 0, 1).in_flight;
	} while (nr != last || !nr);
	KUNIT_ASSERT_LT(test, nr, UNREAD);
	KUNIT_ASSERT_TRUE(test, READ_ONCE(peer->sending));
	return nr;
}

static struct socket *rogue_up_with_slots(struct kunit *test, u16 slots)
{
	struct rig *rig = test->priv;
	struct socket *sock = rogue_call(test, 0);
	struct ramster_msg msg;

	rogue_hello(rig, &msg, 1);
	msg.hello.slots = slots;
	KUNIT_ASSERT_EQ(test, rogue_say(sock, &msg, NULL), 0);
	KUNIT_ASSERT_TRUE(test, eventually(rig_is_up(rig, 0, 1)));
	return sock;
}

static void end_though_nobody_reads(struct kunit *test)
{
	atomic_t turns = ATOMIC_INIT(0);
	struct socket *sock;
	struct ask *asks;

	rig_start(test, 0);
	sock = rogue_up_with_slots(test, UNREAD);
	asks = puts_unread(test, &turns);
	await_stuck(test);
	expect_quick_end(test, 0);
	expect_done(test, asks, UNREAD, -ENOTCONN);
	rogue_hang_up(sock);
}

static void reset_though_nobody_reads(struct kunit *test)
{
	struct rig *rig = test->priv;
	atomic_t turns = ATOMIC_INIT(0);
	struct socket *sock;
	struct ask *asks;

	rig_start(test, 0);
	sock = rogue_up_with_slots(test, UNREAD);
	asks = puts_unread(test, &turns);
	await_stuck(test);
	ramster_peer_reset(rig_peer(rig, 0, 1), "a whim");
	expect_done(test, asks, UNREAD, -ENOTCONN);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[0].downs == 1));
	rogue_hang_up(sock);
}

/*
 * An answer to what was not read yet: the pages are the caller's again, who
 * does with them what he likes, and still what was promised is sent.
 */
static void answer_before_reading(struct kunit *test)
{
	struct rig *rig = test->priv;
	atomic_t turns = ATOMIC_INIT(0);
	struct ramster_msg msg = {
		.type = RAMSTER_ACK,
		.status = RAMSTER_OK,
		.generation = 1,
	};
	struct socket *sock;
	struct ask *asks;
	unsigned int i, nr;

	rig_start(test, 0);
	sock = rogue_up_with_slots(test, UNREAD);
	asks = puts_unread(test, &turns);
	nr = await_stuck(test);
	for (i = 0; i < nr; i++) {
		msg.slot = i;
		KUNIT_ASSERT_EQ(test, rogue_say(sock, &msg, NULL), 0);
	}
	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&asks[i].nr_done)));
		memset(asks[i].page, 0xee, PAGE_SIZE);
	}
	for (i = 0; i < UNREAD; i++) {
		KUNIT_ASSERT_EQ(test, rogue_await(sock, RAMSTER_PUT, &msg,
						  rig->page), 0);
		KUNIT_EXPECT_EQ(test, msg.handle.index, 5 * i);
		KUNIT_EXPECT_TRUE(test, rig_filled(rig->page, 5 * i));
		msg = (struct ramster_msg) {
			.type = RAMSTER_ACK,
			.status = RAMSTER_OK,
			.slot = msg.slot,
			.generation = msg.generation,
		};
		if (i >= nr)
			KUNIT_EXPECT_EQ(test, rogue_say(sock, &msg, NULL), 0);
	}
	expect_done(test, asks, UNREAD, 0);
	rogue_hang_up(sock);
}

/* Silence */

static void silence_ends_it(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ramster_msg msg;
	struct socket *sock;

	rig->config.times.keepalive_ms = 20;
	rig->config.times.dead_ms = 1000;
	rig_start(test, 0);
	sock = rogue_greet(test, 1);
	KUNIT_EXPECT_EQ(test, rogue_await(sock, RAMSTER_ROOM, &msg, rig->page), 0);
	KUNIT_EXPECT_EQ(test, msg.frames, RIG_ROOM);
	KUNIT_EXPECT_EQ(test, rogue_hear(sock, &msg, rig->page), 0);
	KUNIT_EXPECT_EQ(test, msg.type, RAMSTER_KEEPALIVE);
	rogue_expect_goodbye(test, sock, RAMSTER_SILENCE);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[0].downs == 1));
	KUNIT_EXPECT_STREQ(test, rogue_last_error(test), "silence for too long");
}

/* It says that it is there, but does not do what it is asked for. */
static void no_answer_ends_it(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ramster_msg msg = { .type = RAMSTER_KEEPALIVE };
	atomic_t turns = ATOMIC_INIT(0);
	struct ask *ask = asks_create(test, 1, &turns);
	struct socket *sock;

	rig->config.times.keepalive_ms = 20;
	rig->config.times.dead_ms = 1000;
	rig_start(test, 0);
	sock = rogue_up(test, 1);
	ask_prepare(ask, RAMSTER_FLUSH_PAGE, 1);
	KUNIT_ASSERT_EQ(test, ramster_send(rig_peer(rig, 0, 1), &ask->req), 0);
	KUNIT_EXPECT_TRUE(test, eventually(rogue_say(sock, &msg, NULL) ||
					   atomic_read(&ask->nr_done)));
	expect_done(test, ask, 1, -ENOTCONN);
	rogue_expect_goodbye(test, sock, RAMSTER_SILENCE);
	KUNIT_EXPECT_STREQ(test, rogue_last_error(test), "no answer for too long");
}

/* Messages that break the rules */

static void expect_bad(struct kunit *test, struct socket *sock,
		       const struct ramster_msg *msg, const char *error)
{
	struct rig *rig = test->priv;
	unsigned long bad = rig_info(rig, 0, 1).bad_messages;
	unsigned int downs = rig->nodes[0].downs;

	KUNIT_EXPECT_EQ(test, rogue_say(sock, msg, rig->page), 0);
	rogue_expect_goodbye(test, sock, RAMSTER_BAD_MESSAGE);
	KUNIT_EXPECT_TRUE(test, eventually(READ_ONCE(rig->nodes[0].downs) ==
					   downs + 1));
	KUNIT_EXPECT_EQ(test, rig_info(rig, 0, 1).bad_messages, bad + 1);
	KUNIT_EXPECT_STREQ(test, rogue_last_error(test), error);
}

static void replies_nobody_asked_for(struct kunit *test)
{
	struct rig *rig = test->priv;
	atomic_t turns = ATOMIC_INIT(0);
	struct ask *asks = asks_create(test, 4, &turns);
	struct ramster_msg ack = { .type = RAMSTER_ACK, .status = RAMSTER_OK };
	struct ramster_msg msg = { };
	struct socket *sock;

	rig_start(test, 0);
	sock = rogue_up(test, 1);
	ack.slot = 2;
	ack.generation = 1;
	expect_bad(test, sock, &ack, "bad message: not asked");

	sock = rogue_up(test, 2);
	ack.slot = 4;		/* was not granted */
	expect_bad(test, sock, &ack, "bad message: not asked");

	sock = rogue_up(test, 3);
	rogue_ask(test, &asks[0], RAMSTER_FLUSH_PAGE, sock, &msg);
	ack.slot = msg.slot;
	ack.generation = msg.generation + 1;
	expect_bad(test, sock, &ack, "bad message: not asked");
	expect_done(test, &asks[0], 1, -ENOTCONN);

	sock = rogue_up(test, 4);
	rogue_ask(test, &asks[1], RAMSTER_GET, sock, &msg);
	ack.slot = msg.slot;
	ack.generation = msg.generation;
	expect_bad(test, sock, &ack, "bad message: bad type");
	expect_done(test, &asks[1], 1, -ENOTCONN);

	/* Once is right, twice is not. */
	sock = rogue_up(test, 5);
	rogue_ask(test, &asks[2], RAMSTER_FLUSH_PAGE, sock, &msg);
	ack.slot = msg.slot;
	ack.generation = msg.generation;
	KUNIT_EXPECT_EQ(test, rogue_say(sock, &ack, NULL), 0);
	expect_done(test, &asks[2], 1, 0);
	expect_bad(test, sock, &ack, "bad message: not asked");
	expect_done(test, &asks[2], 1, 0);
	KUNIT_EXPECT_EQ(test, rig_info(rig, 0, 1).ups, 5);
}

static void messages_out_of_place(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ramster_msg get = { .type = RAMSTER_GET, .generation = 1 };
	struct ramster_msg msg;
	struct socket *sock;

	rig_start(test, 0);
	sock = rogue_up(test, 1);
	get.slot = rig->config.slots;
	expect_bad(test, sock, &get, "bad message: no credit");
	sock = rogue_up(test, 2);
	rogue_hello(rig, &msg, 2);
	expect_bad(test, sock, &msg, "bad message: not now");
}

/* Who shares a processor with the receiver is not woken for each message. */
static void share_processor(struct ramster_peer *peer)
{
	set_cpus_allowed_ptr(peer->receiver, cpumask_of(0));
	set_cpus_allowed_ptr(peer->sender, cpumask_of(0));
}

/* Its thread has nothing to do when it wakes up for the first time, but to go on with it. */
static void alive_from_the_first(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ramster_msg msg;
	struct socket *sock;
	unsigned int i;

	rig->config.times.keepalive_ms = 50;
	rig->nodes[0].hasty = true;
	rig_start(test, 0);
	share_processor(rig_peer(rig, 0, 1));
	sock = rogue_up(test, 1);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, rogue_await(sock, RAMSTER_KEEPALIVE, &msg, rig->page),
				0);
	rogue_hang_up(sock);
}

/* How many packets do the replies to @nr requests come in, which came in one, or each alone? */
static unsigned int packets_of(struct kunit *test, struct socket *sock, u8 *bytes,
			       unsigned int nr, bool together)
{
	struct ramster_msg flush = { .type = RAMSTER_FLUSH_PAGE, .generation = 1 };
	u32 before = READ_ONCE(tcp_sk(sock->sk)->data_segs_in);
	struct rig *rig = test->priv;
	struct ramster_msg msg;
	size_t len = 0;

	for (flush.slot = 0; flush.slot < nr; flush.slot++) {
		len += traffic_write(&flush, rig->page, bytes + len);
		if (together)
			continue;
		KUNIT_ASSERT_EQ(test, rogue_send(sock, bytes, len), 0);
		len = 0;
		usleep_range(100, 200);
	}
	KUNIT_ASSERT_LT(test, len, PAGE_SIZE);
	if (together)
		KUNIT_ASSERT_EQ(test, rogue_send(sock, bytes, len), 0);
	for (; flush.slot; flush.slot--)
		KUNIT_ASSERT_EQ(test, rogue_await(sock, RAMSTER_ACK, &msg,
						  rig->page), 0);
	return READ_ONCE(tcp_sk(sock->sk)->data_segs_in) - before;
}

/* Of so many rounds: how many packets in all, and at the least. */
static void count_packets(struct kunit *test, bool together, unsigned int times,
			  unsigned int *all, unsigned int *least)
{
	u8 *bytes = kunit_kzalloc(test, TRAFFIC_MAX + PAGE_SIZE, GFP_KERNEL);
	struct rig *rig = test->priv;
	struct socket *sock;
	unsigned int packets;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	rig_start(test, 0);
	sock = rogue_up(test, 1);
	share_processor(rig_peer(rig, 0, 1));
	for (*all = 0, *least = UINT_MAX; times; times--) {
		packets = packets_of(test, sock, bytes, rig->config.slots, together);
		*all += packets;
		*least = min(*least, packets);
	}
	kunit_info(test, "%u packets, at the least %u for %u replies", *all, *least,
		   rig->config.slots);
	rogue_hang_up(sock);
}

/* What is asked for in one packet is answered in as few. */
static void replies_go_together(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned int all, least;

	count_packets(test, true, 20, &all, &least);
	KUNIT_EXPECT_LE(test, all, 20 * rig->config.slots / 4);
}

/* A reply that no program waits for does so for others, if they come soon. */
static void replies_wait_for_others(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned int all, least;

	count_packets(test, false, 50, &all, &least);
	KUNIT_EXPECT_LE(test, least, rig->config.slots / 4);
}

/* Puts for all slots, one behind the other. */
static size_t write_puts(struct rig *rig, u16 generation, u8 *bytes)
{
	struct ramster_msg put = { .type = RAMSTER_PUT, .generation = generation };
	size_t len = 0;
	u64 index;

	for (put.slot = 0; put.slot < rig->config.slots; put.slot++) {
		index = generation * rig->config.slots + put.slot;
		put.handle.index = index;
		put.kind = rig_kind(index);
		put.payload_len = rig_len(index);
		rig_fill(rig->page, index);
		len += traffic_write(&put, rig->page, bytes + len);
	}
	return len;
}

/* Wherever they are cut, and however many come at a time, messages are what they were. */
static void in_pieces_of_any_size(struct kunit *test)
{
	struct rig *rig = test->priv;
	size_t len, at, piece;
	struct rnd_state rnd;
	struct ramster_msg msg;
	struct socket *sock;
	unsigned int i, nr;
	u8 *bytes;

	rig->config.slots = 4 * RAMSTER_INCOMING / PAGE_SIZE;
	bytes = kunit_kmalloc(test, (rig->config.slots + 1) * TRAFFIC_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	prandom_seed_state(&rnd, 0x91ece5);
	rig_start(test, 0);
	sock = rogue_up(test, 1);
	for (i = 1; i <= 30; i++) {
		len = write_puts(rig, i, bytes);
		for (at = 0; at < len; at += piece) {
			piece = 1 + prandom_u32_state(&rnd) % (i % 3 ? RAMSTER_INCOMING : 3000);
			piece = min(piece, len - at);
			KUNIT_ASSERT_EQ(test, rogue_send(sock, bytes + at, piece), 0);
		}
		for (nr = 0; nr < rig->config.slots; nr++) {
			KUNIT_ASSERT_EQ(test, rogue_await(sock, RAMSTER_ACK, &msg, rig->page), 0);
			KUNIT_EXPECT_EQ(test, msg.status, RAMSTER_OK);
		}
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&rig->nodes[0].errors), 0);
	rogue_hang_up(sock);
}

/* Who asks for pages and does not read them keeps nobody waiting, and gets all of them later. */
static void pages_read_late(struct kunit *test)
{
	struct ramster_msg get = { .type = RAMSTER_GET, .generation = 1 };
	struct ramster_msg alive = { .type = RAMSTER_KEEPALIVE };
	struct rig *rig = test->priv;
	struct ramster_peer *peer;
	struct ramster_msg msg;
	unsigned long before;
	struct socket *sock;
	unsigned int i;

	rig->config.slots = UNREAD;
	rig_start(test, 0);
	sock = rogue_up(test, 1);
	peer = rig_peer(rig, 0, 1);
	narrow(peer);
	for (get.slot = 0; get.slot < UNREAD; get.slot++) {
		get.handle.index = 5 * get.slot;
		KUNIT_ASSERT_EQ(test, rogue_say(sock, &get, NULL), 0);
	}
	msleep(400);	/* Nobody is stuck for so long who gets on. */
	KUNIT_EXPECT_TRUE(test, READ_ONCE(peer->sending));
	before = READ_ONCE(peer->heard);
	KUNIT_ASSERT_EQ(test, rogue_say(sock, &alive, NULL), 0);
	KUNIT_EXPECT_TRUE(test, eventually(READ_ONCE(peer->heard) != before));
	for (i = 0; i < UNREAD; i++) {
		KUNIT_ASSERT_EQ(test, rogue_await(sock, RAMSTER_DATA, &msg, rig->page), 0);
		KUNIT_EXPECT_EQ(test, msg.payload_len, rig_len(5 * msg.slot));
		KUNIT_EXPECT_TRUE(test, rig_filled(rig->page, 5 * msg.slot));
	}
	rogue_hang_up(sock);
}

/* The same slot again and again, without reading what comes. */
static void credit_overrun(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ramster_msg get = { .type = RAMSTER_GET, .generation = 1 };
	struct socket *sock;
	unsigned int i;

	rig_start(test, 0);
	sock = rogue_up(test, 1);
	narrow(rig_peer(rig, 0, 1));
	for (i = 0; i < 20000 && !rogue_say(sock, &get, NULL); i++)
		if (READ_ONCE(rig->nodes[0].downs))
			break;
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[0].downs == 1));
	KUNIT_EXPECT_STREQ(test, rogue_last_error(test), "bad message: no credit");
	rogue_hang_up(sock);
}

static struct kunit_case rogue_cases[] = {
	KUNIT_CASE(end_while_calling),
	KUNIT_CASE(end_while_hello_is_due),
	KUNIT_CASE(end_amid_a_message),
	KUNIT_CASE(end_though_nobody_reads),
	KUNIT_CASE(reset_though_nobody_reads),
	KUNIT_CASE(answer_before_reading),
	KUNIT_CASE(silence_ends_it),
	KUNIT_CASE(no_answer_ends_it),
	KUNIT_CASE(replies_nobody_asked_for),
	KUNIT_CASE(messages_out_of_place),
	KUNIT_CASE(credit_overrun),
	KUNIT_CASE(pages_read_late),
	KUNIT_CASE(alive_from_the_first),
	KUNIT_CASE(replies_go_together),
	KUNIT_CASE(replies_wait_for_others),
	KUNIT_CASE(in_pieces_of_any_size),
	{}
};

static struct kunit_suite rogue_suite = {
	.name = "ramster_rogue",
	.suite_init = loopback_up,
	.suite_exit = loopback_down,
	.init = rig_init,
	.exit = rig_exit,
	.test_cases = rogue_cases,
};

kunit_test_suite(rogue_suite);
