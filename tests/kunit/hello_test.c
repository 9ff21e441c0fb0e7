// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of RAMster's transport: how a connection begins, with somebody at the other
 * end who is no node, and says hello in every wrong way.
 */
#include "rogue.h"

static void version_differs(struct ramster_hello *hello)
{
	hello->version++;
}

static void cluster_differs(struct ramster_hello *hello)
{
	hello->cluster.b[3] ^= 1;
}

static void another_is_meant(struct ramster_hello *hello)
{
	hello->to = 2;
}

static void page_size_differs(struct ramster_hello *hello)
{
	hello->page_size = 4 * PAGE_SIZE;
}

static void node_is_unknown(struct ramster_hello *hello)
{
	hello->from = 9;
}

static void hello_refused(struct kunit *test)
{
	static const struct {
		void (*change)(struct ramster_hello *hello);
		enum ramster_reason reason;
	} cases[] = {
		{ version_differs, RAMSTER_OTHER_VERSION },
		{ cluster_differs, RAMSTER_OTHER_CLUSTER },
		{ another_is_meant, RAMSTER_OTHER_NODE },
		{ page_size_differs, RAMSTER_OTHER_PAGE_SIZE },
		{ node_is_unknown, RAMSTER_UNKNOWN_NODE },
	};
	struct rig *rig = test->priv;
	struct ramster_msg msg;
	struct socket *sock;
	unsigned int i;

	rig_start(test, 0);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		sock = rogue_call(test, 0);
		rogue_hello(rig, &msg, 1);
		cases[i].change(&msg.hello);
		KUNIT_EXPECT_EQ(test, rogue_say(sock, &msg, NULL), 0);
		rogue_expect_goodbye(test, sock, cases[i].reason);
	}
	KUNIT_EXPECT_STREQ(test, rogue_last_error(test),
			   "its call was refused: another page size");
	KUNIT_EXPECT_EQ(test, rig->nodes[0].ups, 0);
}

/* The higher number calls; who is called by a lower one does not answer. */
static void lower_number_refused(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ramster_msg msg;
	struct socket *sock;

	rig_start(test, 1);
	sock = rogue_call(test, 1);
	rogue_hello(rig, &msg, 1);
	msg.hello.from = 0;
	msg.hello.to = 1;
	KUNIT_EXPECT_EQ(test, rogue_say(sock, &msg, NULL), 0);
	rogue_expect_goodbye(test, sock, RAMSTER_OTHER_NODE);
	KUNIT_EXPECT_EQ(test, rig->nodes[1].ups, 0);
}

static void no_hello_no_answer(struct kunit *test)
{
	static const char garbage[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct ramster_msg msg = { .type = RAMSTER_KEEPALIVE };
	struct rig *rig = test->priv;
	struct socket *sock;

	rig_start(test, 0);
	sock = rogue_call(test, 0);
	KUNIT_EXPECT_EQ(test, rogue_send(sock, garbage, sizeof(garbage)), 0);
	rogue_expect_goodbye(test, sock, RAMSTER_BAD_MESSAGE);
	sock = rogue_call(test, 0);
	KUNIT_EXPECT_EQ(test, rogue_say(sock, &msg, NULL), 0);
	rogue_expect_goodbye(test, sock, RAMSTER_BAD_MESSAGE);
	sock = rogue_call(test, 0);
	msg = (struct ramster_msg) {
		.type = RAMSTER_GOODBYE,
		.reason = RAMSTER_LEAVING,
	};
	KUNIT_EXPECT_EQ(test, rogue_say(sock, &msg, NULL), 0);
	KUNIT_EXPECT_NE(test, rogue_hear(sock, &msg, rig->page), 0);
	rogue_hang_up(sock);
	/* Who says goodbye at once is to be understood. */
	KUNIT_EXPECT_EQ(test, ramster_cluster_bad_callers(rig->nodes[0].cluster), 2);
}

static void half_a_hello(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ramster_msg msg;
	struct socket *sock, *other;

	rig->config.times.connect_ms = 100;
	rig_start(test, 0);
	rogue_hello(rig, &msg, 1);
	KUNIT_ASSERT_NE(test, traffic_write(&msg, rig, rig->page), 0);
	sock = rogue_call(test, 0);
	KUNIT_EXPECT_EQ(test, rogue_send(sock, rig->page, 11), 0);
	other = rogue_call(test, 0);
	KUNIT_EXPECT_EQ(test, rogue_send(other, rig->page, 50), 0);
	rogue_expect_goodbye(test, sock, RAMSTER_SILENCE);
	rogue_expect_goodbye(test, other, RAMSTER_SILENCE);
}

/* Who says nothing does not keep others from being heard. */
static void many_callers(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct socket *socks[2 * RAMSTER_CALLERS];
	unsigned int i;

	rig->config.times.connect_ms = 600000;
	rig_start(test, 0);
	for (i = 0; i < ARRAY_SIZE(socks); i++)
		socks[i] = rogue_call(test, 0);
	rig_start(test, 1);
	rig_await_up(test, 0, 1);
	for (i = 0; i < RAMSTER_CALLERS / 2; i++)
		rogue_expect_goodbye(test, socks[i], RAMSTER_SILENCE);
	for (; i < ARRAY_SIZE(socks); i++)
		rogue_hang_up(socks[i]);
	KUNIT_EXPECT_TRUE(test, rig_is_up(rig, 0, 1));
}

static void byte_by_byte(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ramster_msg *msgs, msg = { };
	struct socket *sock;
	size_t len, at;
	unsigned int i;
	u8 *bytes;

	rig_start(test, 0);
	bytes = kunit_kmalloc(test, TRAFFIC_MAX, GFP_KERNEL);
	msgs = kunit_kcalloc(test, 3, sizeof(*msgs), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, bytes && msgs);
	rogue_hello(rig, &msgs[0], 1);
	msgs[1] = (struct ramster_msg) {
		.type = RAMSTER_GET,
		.slot = 3,
		.generation = 77,
		.handle.index = 4,
	};
	msgs[2] = (struct ramster_msg) {
		.type = RAMSTER_PUT,
		.slot = 2,
		.generation = 78,
		.handle.index = 31,
		.kind = rig_kind(31),
		.payload_len = rig_len(31),
	};
	rig_fill(rig->page, 31);
	sock = rogue_call(test, 0);
	for (i = 0; i < 3; i++) {
		len = traffic_write(&msgs[i], rig->page, bytes);
		for (at = 0; at < len; at++)
			KUNIT_ASSERT_EQ(test, rogue_send(sock, bytes + at, 1), 0);
	}
	KUNIT_EXPECT_EQ(test, rogue_await(sock, RAMSTER_DATA, &msg, rig->page), 0);
	KUNIT_EXPECT_EQ(test, msg.slot, 3);
	KUNIT_EXPECT_EQ(test, msg.generation, 77);
	KUNIT_EXPECT_TRUE(test, rig_filled(rig->page, 4));
	KUNIT_EXPECT_EQ(test, rogue_await(sock, RAMSTER_ACK, &msg, rig->page), 0);
	KUNIT_EXPECT_EQ(test, msg.slot, 2);
	KUNIT_EXPECT_EQ(test, msg.status, RAMSTER_OK);
	rogue_hang_up(sock);
}

static void second_call(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct socket *first, *second;
	struct ramster_msg msg;

	rig->config.times.keepalive_ms = 30000;
	rig_start(test, 0);
	first = rogue_up(test, 1);
	second = rogue_greet(test, 1);
	rogue_expect_goodbye(test, second, RAMSTER_CONNECTED_ALREADY);
	KUNIT_EXPECT_TRUE(test, rig_is_up(rig, 0, 1));

	/* It has started anew, and we have not noticed. */
	second = rogue_greet(test, 2);
	rogue_expect_goodbye(test, first, RAMSTER_CONNECTED_ALREADY);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[0].ups == 2));
	KUNIT_EXPECT_TRUE(test, rig->nodes[0].forgot);
	KUNIT_EXPECT_EQ(test, rig->nodes[0].downs, 1);
	/* The last that it has to say: else it may fail to say that. */
	KUNIT_EXPECT_EQ(test, rogue_await(second, RAMSTER_ROOM, &msg, rig->page), 0);
	rogue_hang_up(second);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[0].downs == 2));
	KUNIT_EXPECT_STREQ(test, rogue_last_error(test), "it has hung up");
}

/* The first connection has been silent, so it is the second one that counts. */
static void second_call_after_silence(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct socket *first, *second;

	rig->config.times.keepalive_ms = 10;
	rig_start(test, 0);
	first = rogue_up(test, 1);
	msleep(50);	/* not a word */
	second = rogue_greet(test, 1);
	rogue_expect_goodbye(test, first, RAMSTER_CONNECTED_ALREADY);
	KUNIT_EXPECT_TRUE(test, eventually(rig->nodes[0].ups == 2));
	KUNIT_EXPECT_FALSE(test, rig->nodes[0].forgot);
	rogue_hang_up(second);
}

/* A rogue that is called */

static void expect_not_reached(struct kunit *test, const char *why)
{
	struct rig *rig = test->priv;

	KUNIT_EXPECT_TRUE_MSG(test, eventually(!strcmp(rig_info(rig, 1, 0).last_error,
						       why)), "%s",
			      rig_info(rig, 1, 0).last_error);
	KUNIT_EXPECT_EQ(test, rig->nodes[1].ups, 0);
}

static void called_one_is_odd(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct socket *listener = rogue_listen(test, 0, 4), *sock;
	struct ramster_msg msg = { }, goodbye = { };

	rig->config.times.connect_ms = 2000;
	rig_start(test, 1);
	goodbye.type = RAMSTER_GOODBYE;
	goodbye.reason = RAMSTER_UNKNOWN_NODE;
	sock = rogue_accept(test, listener);
	KUNIT_EXPECT_EQ(test, rogue_hear(sock, &msg, rig->page), 0);
	KUNIT_EXPECT_EQ(test, msg.type, RAMSTER_HELLO);
	KUNIT_EXPECT_EQ(test, msg.hello.from, 1);
	KUNIT_EXPECT_EQ(test, rogue_say(sock, &goodbye, NULL), 0);
	expect_not_reached(test, "it has said goodbye: unknown node");
	rogue_hang_up(sock);

	sock = rogue_accept(test, listener);
	rogue_hello(rig, &msg, 1);
	msg.type = RAMSTER_HELLO_ACK;
	msg.hello.from = 2;
	msg.hello.to = 1;
	KUNIT_EXPECT_EQ(test, rogue_say(sock, &msg, NULL), 0);
	rogue_expect_goodbye(test, sock, RAMSTER_OTHER_NODE);
	expect_not_reached(test, "refused: another node was meant");

	sock = rogue_accept(test, listener);
	msg.type = RAMSTER_HELLO;
	msg.hello.from = 0;
	KUNIT_EXPECT_EQ(test, rogue_say(sock, &msg, NULL), 0);
	rogue_expect_goodbye(test, sock, RAMSTER_BAD_MESSAGE);
	expect_not_reached(test, "bad message: not now");

	sock = rogue_accept(test, listener);
	KUNIT_EXPECT_EQ(test, rogue_send(sock, rig->page, 3), 0);
	rogue_expect_goodbye(test, sock, RAMSTER_SILENCE);
	expect_not_reached(test, "silence for too long");
	rogue_hang_up(listener);
}

static void backs_off(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct ramster_peer *peer;

	rig_start(test, 1);
	peer = rig_peer(rig, 1, 0);
	KUNIT_EXPECT_TRUE(test, eventually(READ_ONCE(peer->backoff) >= 1600));
	KUNIT_EXPECT_LE(test, READ_ONCE(peer->backoff), 10000);
	KUNIT_EXPECT_TRUE(test, eventually(({
		ramster_peer_reset(peer, "try now");
		READ_ONCE(peer->backoff) <= 200;
	})));
	rig_start(test, 0);
	rig_await_up(test, 0, 1);
	KUNIT_EXPECT_EQ(test, READ_ONCE(peer->backoff), 100);
}

static struct kunit_case hello_cases[] = {
	KUNIT_CASE(hello_refused),
	KUNIT_CASE(lower_number_refused),
	KUNIT_CASE(no_hello_no_answer),
	KUNIT_CASE(half_a_hello),
	KUNIT_CASE(many_callers),
	KUNIT_CASE(byte_by_byte),
	KUNIT_CASE(second_call),
	KUNIT_CASE(second_call_after_silence),
	KUNIT_CASE(called_one_is_odd),
	KUNIT_CASE(backs_off),
	{}
};

static struct kunit_suite hello_suite = {
	.name = "ramster_hello",
	.suite_init = loopback_up,
	.suite_exit = loopback_down,
	.init = rig_init,
	.exit = rig_exit,
	.test_cases = hello_cases,
};

kunit_test_suite(hello_suite);
