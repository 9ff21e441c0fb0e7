// SPDX-License-Identifier: GPL-2.0-only
/* Damaged messages by the thousand, to a node that is up. */
#include "rogue.h"

#define MUTATIONS	10000	/* of requests and notices */
#define FATAL		80	/* of these, at the most, end a connection */
#define BATCH		64	/* as many as there are slots */
#define BATCH_SIZE	SZ_64K

/**
 * struct storm - damaged messages on their way to a node
 * @rnd: numbers
 * @bytes: a batch of them
 * @len: bytes of it
 * @nr: messages of it
 * @asked: of these, requests that will be answered
 * @fatal: the last one is not to be understood
 */
struct storm {
	struct rnd_state rnd;
	u8 bytes[BATCH_SIZE + TRAFFIC_MAX + TRAFFIC_MORE];
	size_t len;
	unsigned int nr;
	unsigned int asked;
	bool fatal;
};

static const struct ramster_rules storm_rules = {
	.phase = RAMSTER_UP,
	.granted = BATCH,
};

static void storm_message(struct storm *storm, struct ramster_msg *msg,
			  void *payload)
{
	do {
		traffic_msg(&storm->rnd, msg);
	} while (msg->type < RAMSTER_KEEPALIVE || msg->type > RAMSTER_FLUSH_POOL);
	if (msg->type >= RAMSTER_PUT)
		msg->slot %= BATCH;
	traffic_bytes(&storm->rnd, payload, min(msg->payload_len, 64U));
}

/* What the node will think of a message; traffic_receive() would be slower. */
static enum ramster_wire_error storm_judge(const u8 *bytes, size_t len,
					   struct ramster_msg *msg)
{
	enum ramster_wire_error error;
	size_t head;

	error = ramster_wire_decode_header(bytes, len, msg) ?:
		ramster_wire_check_rules(msg, &storm_rules);
	if (error)
		return error;
	head = ramster_wire_head_size(msg->type);
	error = ramster_wire_decode_body(bytes, len, msg);
	if (error)
		return error;
	error = ramster_wire_check_payload(msg, bytes + head, len - head);
	/* What follows would be taken for the next one. */
	return error ?: len == head + msg->payload_len ? RAMSTER_WIRE_OK :
							 RAMSTER_WIRE_TRUNCATED;
}

/*
 * Put one more damaged message into the batch. What a node would not understand
 * ends the batch, and is left out most of the time.
 */
static void storm_add(struct storm *storm, void *payload, bool may_be_fatal)
{
	u8 *bytes = storm->bytes + storm->len;
	struct ramster_wire_header *wire = (void *)bytes;
	enum ramster_wire_error error;
	struct ramster_msg msg;
	size_t len;

	storm_message(storm, &msg, payload);
	len = traffic_write(&msg, payload, bytes);
	len = traffic_damage(&storm->rnd, bytes, len);
	if (traffic_below(&storm->rnd, 16))
		traffic_repair(bytes, len);
	error = storm_judge(bytes, len, &msg);
	/* It would wait for the rest, or hang up in peace. */
	if (error == RAMSTER_WIRE_TRUNCATED || (error && !may_be_fatal) ||
	    msg.type == RAMSTER_GOODBYE)
		return;
	if (!error && ramster_wire_reply_to(msg.type)) {
		/* Each slot once in a batch. */
		wire->slot = cpu_to_le16(storm->asked++);
		traffic_repair(bytes, len);
	}
	storm->len += len;
	storm->nr++;
	storm->fatal = error;
}

static int storm_hear_replies(struct storm *storm, struct socket *sock,
			      void *page)
{
	struct ramster_msg msg;
	unsigned int nr = 0;
	int err = 0;

	while (!err && nr < storm->asked) {
		err = rogue_hear(sock, &msg, page);
		if (!err && msg.type == RAMSTER_GOODBYE)
			err = -EPIPE;
		nr += !err && msg.type >= RAMSTER_ACK;
	}
	return err;
}

/* What is well formed does no harm, what is not ends the connection: no more. */
static void storm_of_requests(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct storm *storm = kunit_kzalloc(test, sizeof(*storm), GFP_KERNEL);
	u8 *payload = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	unsigned int nr = 0, fatal = 0;
	struct socket *sock;

	KUNIT_ASSERT_TRUE(test, storm && payload);
	prandom_seed_state(&storm->rnd, 2013);
	rig->config.slots = BATCH;
	rig->nodes[0].any = true;
	rig_start(test, 0);
	sock = rogue_up(test, 1);
	while (nr < MUTATIONS) {
		storm->len = 0;
		storm->nr = 0;
		storm->asked = 0;
		storm->fatal = false;
		while (storm->nr < BATCH && storm->len < BATCH_SIZE &&
		       !storm->fatal)
			storm_add(storm, payload,
				  fatal < FATAL * (nr + 1) / MUTATIONS);
		KUNIT_ASSERT_EQ(test, rogue_send(sock, storm->bytes, storm->len), 0);
		nr += storm->nr;
		if (storm->fatal) {
			rogue_expect_goodbye(test, sock, RAMSTER_BAD_MESSAGE);
			fatal++;
			sock = rogue_up(test, 1 + fatal % 2);
		} else {
			KUNIT_ASSERT_EQ(test, storm_hear_replies(storm, sock,
								 payload), 0);
		}
	}
	kunit_info(test, "%u messages, %u connections", nr, fatal + 1);
	KUNIT_EXPECT_EQ(test, rig_info(rig, 0, 1).bad_messages, fatal);
	KUNIT_EXPECT_GT(test, fatal, FATAL / 2);
	rogue_hang_up(sock);
}

#define REPLIES		150

/* A reply to @msg, damaged. */
static size_t damaged_reply(struct rnd_state *rnd, const struct ramster_msg *msg,
			    void *payload, u8 *bytes)
{
	struct ramster_msg reply = {
		.type = ramster_wire_reply_to(msg->type),
		.slot = msg->slot,
		.generation = msg->generation,
		.status = RAMSTER_OK,
	};
	size_t len;

	if (reply.type == RAMSTER_DATA) {
		reply.kind = RAMSTER_COMPRESSED;
		reply.payload_len = 1 + traffic_below(rnd, 100);
	}
	len = traffic_write(&reply, payload, bytes);
	if (traffic_below(rnd, 2))
		len = traffic_damage(rnd, bytes, len);
	traffic_repair(bytes, len);
	return len;
}

static noinline bool still_served(struct kunit *test, struct socket *sock)
{
	struct rig *rig = test->priv;
	struct ramster_msg msg = { .type = RAMSTER_GET, .generation = 1 };

	return !rogue_say(sock, &msg, NULL) &&
	       !rogue_await(sock, RAMSTER_DATA, &msg, rig->page);
}

/* Whatever the reply: the request is done, and once; or the connection ends. */
static void storm_of_replies(struct kunit *test)
{
	static const enum ramster_type types[] = {
		RAMSTER_GET, RAMSTER_PUT, RAMSTER_FLUSH_PAGE,
	};
	struct rig *rig = test->priv;
	atomic_t turns = ATOMIC_INIT(0);
	struct ask *ask = asks_create(test, 1, &turns);
	u8 *bytes = kunit_kmalloc(test, TRAFFIC_MAX + TRAFFIC_MORE, GFP_KERNEL);
	unsigned int i, closed = 0;
	struct ramster_msg msg;
	struct rnd_state rnd;
	struct socket *sock;
	size_t len;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	prandom_seed_state(&rnd, 2014);
	rig_start(test, 0);
	sock = rogue_up(test, 1);
	for (i = 0; i < REPLIES; i++) {
		atomic_set(&ask->nr_done, 0);
		rogue_ask(test, ask, types[i % ARRAY_SIZE(types)], sock, &msg);
		len = damaged_reply(&rnd, &msg, rig->page, bytes);
		KUNIT_ASSERT_EQ(test, rogue_send(sock, bytes, len), 0);
		/* If that was not all of it, there is no more. */
		if (traffic_receive(bytes, len, &msg, &len))
			kernel_sock_shutdown(sock, SHUT_WR);
		KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&ask->nr_done)));
		KUNIT_EXPECT_EQ(test, atomic_read(&ask->nr_done), 1);
		if (!ask->req.err && still_served(test, sock))
			continue;
		rogue_hang_up(sock);
		closed++;
		sock = rogue_up(test, 1 + closed % 2);
	}
	kunit_info(test, "%u replies, %u connections", i, closed + 1);
	rogue_hang_up(sock);
}

static struct kunit_case storm_cases[] = {
	KUNIT_CASE(storm_of_requests),
	KUNIT_CASE(storm_of_replies),
	{}
};

static struct kunit_suite storm_suite = {
	.name = "ramster_storm",
	.suite_init = loopback_up,
	.suite_exit = loopback_down,
	.init = rig_init,
	.exit = rig_exit,
	.test_cases = storm_cases,
};

kunit_test_suite(storm_suite);
