// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of others' pages that are here: what peers ask for is done, and no more than
 * that; whoever they are, there are limits.
 *
 * The node is in no cluster. What a peer's receiver would call is called here.
 */
#include <linux/err.h>

#include "../../ramster/core.h"
#include "zcache_rig.h"

#define THEIR_POOL	7
#define SIZE		1000	/* of a page that is compressed, of whatever */
#define MAX_POOLS	64	/* of a peer */

/* Peers by their node numbers. */
enum { ANT = 5, BEE = 6 };

/**
 * struct host - what a test works on
 * @rig: the zcache in which the pages are
 * @r: the node
 * @payload: of a put
 * @got: of a get
 * @reply: to what was asked last
 */
struct host {
	struct rig *rig;
	struct ramster *r;
	u8 payload[PAGE_SIZE];
	u8 got[PAGE_SIZE];
	struct ramster_msg reply;
};

static unsigned long events(struct host *host, enum ramster_event event)
{
	return ramster_counted(host->r, event);
}

static unsigned long zpages(struct host *host, enum zbud_class class)
{
	return READ_ONCE(host->r->lent.queues[class].stats.zpages);
}

static unsigned long frames(struct host *host, enum zbud_class class)
{
	return READ_ONCE(host->r->lent.queues[class].stats.pageframes);
}

static int pools(struct host *host)
{
	return atomic_read(&host->r->lent.nr_pools);
}

/* Several objects, so that one can be flushed without the others. */
static struct ramster_msg message(enum ramster_type type, u32 pool, u64 index,
				  enum zbud_class class)
{
	return (struct ramster_msg) {
		.type = type,
		.handle = {
			.pool_id = pool,
			.oid.w[0] = index / 10,
			.index = index % 10,
		},
		.persistent = class == ZBUD_PERS,
	};
}

static enum ramster_status serve(struct host *host, unsigned int peer,
				 const struct ramster_msg *msg)
{
	host->reply = (struct ramster_msg) { };
	ramster_foreign_serve(host->r, peer, msg, host->payload, &host->reply, host->got);
	return host->reply.status;
}

static enum ramster_status ask(struct host *host, unsigned int peer,
			       enum ramster_type type, u32 pool, u64 index,
			       enum zbud_class class)
{
	struct ramster_msg msg = message(type, pool, index, class);

	return serve(host, peer, &msg);
}

/* A page with that in each of its bytes. */
static enum ramster_status put_of(struct host *host, unsigned int peer, u32 pool,
				  u64 index, enum zbud_class class, u8 byte)
{
	struct ramster_msg msg = message(RAMSTER_PUT, pool, index, class);

	msg.kind = RAMSTER_COMPRESSED;
	msg.payload_len = SIZE;
	memset(host->payload, byte, SIZE);
	return serve(host, peer, &msg);
}

static enum ramster_status put(struct host *host, u64 index, enum zbud_class class)
{
	return put_of(host, ANT, THEIR_POOL, index, class, index + 1);
}

/* Which byte a page has; an errno: none. */
static int get_of(struct host *host, unsigned int peer, enum ramster_type type,
		  u32 pool, u64 index, enum zbud_class class)
{
	enum ramster_status status = ask(host, peer, type, pool, index, class);

	if (host->reply.type != RAMSTER_DATA)
		return -EPROTO;
	if (status == RAMSTER_NOT_THERE)
		return host->reply.payload_len ? -EPROTO : -ENOENT;
	if (status != RAMSTER_OK || host->reply.kind != RAMSTER_COMPRESSED ||
	    host->reply.payload_len != SIZE ||
	    memchr_inv(host->got, host->got[0], SIZE))
		return -EIO;
	return host->got[0];
}

static int get(struct host *host, u64 index, enum zbud_class class)
{
	return get_of(host, ANT, RAMSTER_GET, THEIR_POOL, index, class);
}

static void expect_nothing(struct kunit *test)
{
	struct host *host = test->priv;
	enum zbud_class class;

	KUNIT_EXPECT_EQ(test, pools(host), 0);
	for (class = 0; class < ZBUD_CLASSES; class++) {
		KUNIT_EXPECT_EQ(test, zpages(host, class), 0);
		KUNIT_EXPECT_EQ(test, frames(host, class), 0);
	}
}

/* Tests */

static void gets_are_served(struct kunit *test)
{
	struct host *host = test->priv;
	enum zbud_class class;

	for (class = 0; class < ZBUD_CLASSES; class++) {
		KUNIT_EXPECT_EQ(test, get(host, 3, class), -ENOENT);
		KUNIT_EXPECT_EQ(test, put(host, 3, class), RAMSTER_OK);
		KUNIT_EXPECT_EQ(test, host->reply.type, RAMSTER_ACK);
		KUNIT_EXPECT_EQ(test, get(host, 3, class), 4);
		KUNIT_EXPECT_EQ(test, get(host, 3, class), 4);
		KUNIT_EXPECT_EQ(test, get(host, 4, class), -ENOENT);
		KUNIT_EXPECT_EQ(test, get(host, 13, class), -ENOENT);
	}
	KUNIT_EXPECT_EQ(test, events(host, RAMSTER_FOREIGN_PUTS), 2);
	KUNIT_EXPECT_EQ(test, events(host, RAMSTER_FOREIGN_GETS), 10);
}

static void page_is_freed_when_got(struct kunit *test)
{
	struct host *host = test->priv;
	enum zbud_class class;
	u64 i;

	for (class = 0; class < ZBUD_CLASSES; class++) {
		for (i = 0; i < 3; i++)
			KUNIT_EXPECT_EQ(test, put(host, i, class), RAMSTER_OK);
		for (i = 0; i < 3; i++) {
			KUNIT_EXPECT_EQ(test, get_of(host, ANT, RAMSTER_GET_AND_FREE,
						     THEIR_POOL, i, class), i + 1);
			KUNIT_EXPECT_EQ(test, get_of(host, ANT, RAMSTER_GET_AND_FREE,
						     THEIR_POOL, i, class), -ENOENT);
		}
		KUNIT_EXPECT_EQ(test, zpages(host, class), 0);
		KUNIT_EXPECT_EQ(test, frames(host, class), 0);
	}
}

static void flushes_are_served(struct kunit *test)
{
	struct host *host = test->priv;
	const enum zbud_class class = ZBUD_PERS;
	u64 i;

	KUNIT_EXPECT_EQ(test, ask(host, ANT, RAMSTER_FLUSH_PAGE, THEIR_POOL, 0, class),
			RAMSTER_NOT_THERE);
	for (i = 0; i < 30; i++)
		KUNIT_EXPECT_EQ(test, put(host, i, class), RAMSTER_OK);
	KUNIT_EXPECT_EQ(test, ask(host, ANT, RAMSTER_FLUSH_PAGE, THEIR_POOL, 0, class),
			RAMSTER_OK);
	KUNIT_EXPECT_EQ(test, host->reply.type, RAMSTER_ACK);
	KUNIT_EXPECT_EQ(test, ask(host, ANT, RAMSTER_FLUSH_PAGE, THEIR_POOL, 0, class),
			RAMSTER_NOT_THERE);
	KUNIT_EXPECT_EQ(test, zpages(host, class), 29);
	KUNIT_EXPECT_EQ(test, ask(host, ANT, RAMSTER_FLUSH_OBJECT, THEIR_POOL, 10, class),
			RAMSTER_OK);
	KUNIT_EXPECT_EQ(test, ask(host, ANT, RAMSTER_FLUSH_OBJECT, THEIR_POOL, 10, class),
			RAMSTER_NOT_THERE);
	KUNIT_EXPECT_EQ(test, zpages(host, class), 19);
	KUNIT_EXPECT_EQ(test, get(host, 9, class), 10);
	KUNIT_EXPECT_EQ(test, get(host, 20, class), 21);
	KUNIT_EXPECT_EQ(test, ask(host, ANT, RAMSTER_FLUSH_POOL, THEIR_POOL, 0, class),
			RAMSTER_OK);
	KUNIT_EXPECT_EQ(test, ask(host, ANT, RAMSTER_FLUSH_POOL, THEIR_POOL, 0, class),
			RAMSTER_NOT_THERE);
	KUNIT_EXPECT_EQ(test, events(host, RAMSTER_FOREIGN_FLUSHES), 7);
	expect_nothing(test);
}

/* One is not the other's, and a swap page is no file page, whatever they are called. */
static void names_are_apart(struct kunit *test)
{
	struct host *host = test->priv;
	unsigned int peer;
	u32 pool;
	u8 byte = 0;

	for (peer = ANT; peer <= BEE; peer++)
		for (pool = 1; pool <= 2; pool++) {
			KUNIT_EXPECT_EQ(test, put_of(host, peer, pool, 0, ZBUD_EPH, ++byte),
					RAMSTER_OK);
			KUNIT_EXPECT_EQ(test, put_of(host, peer, pool, 0, ZBUD_PERS, ++byte),
					RAMSTER_OK);
		}
	KUNIT_EXPECT_EQ(test, pools(host), 8);
	byte = 0;
	for (peer = ANT; peer <= BEE; peer++)
		for (pool = 1; pool <= 2; pool++) {
			KUNIT_EXPECT_EQ(test, get_of(host, peer, RAMSTER_GET, pool, 0, ZBUD_EPH),
					++byte);
			KUNIT_EXPECT_EQ(test, get_of(host, peer, RAMSTER_GET, pool, 0, ZBUD_PERS),
					++byte);
		}
	KUNIT_EXPECT_EQ(test, ramster_foreign_swap_pages(host->r, ANT), 2);
	ramster_foreign_forget(host->r, ANT);
	KUNIT_EXPECT_EQ(test, pools(host), 4);
	KUNIT_EXPECT_EQ(test, ramster_foreign_swap_pages(host->r, ANT), 0);
	KUNIT_EXPECT_EQ(test, get_of(host, ANT, RAMSTER_GET, 1, 0, ZBUD_PERS), -ENOENT);
	KUNIT_EXPECT_EQ(test, get_of(host, BEE, RAMSTER_GET, 1, 0, ZBUD_PERS), 6);
}

static void last_put_counts(struct kunit *test)
{
	struct host *host = test->priv;

	KUNIT_EXPECT_EQ(test, put_of(host, ANT, THEIR_POOL, 0, ZBUD_PERS, 1), RAMSTER_OK);
	KUNIT_EXPECT_EQ(test, put_of(host, ANT, THEIR_POOL, 0, ZBUD_PERS, 2), RAMSTER_OK);
	KUNIT_EXPECT_EQ(test, get(host, 0, ZBUD_PERS), 2);
	KUNIT_EXPECT_EQ(test, zpages(host, ZBUD_PERS), 1);
}

static void expect_refused(struct kunit *test, struct ramster_msg *msg,
			   enum ramster_status status)
{
	struct host *host = test->priv;
	unsigned long before = events(host, RAMSTER_FOREIGN_PUTS_REFUSED);

	KUNIT_EXPECT_EQ(test, serve(host, ANT, msg), status);
	KUNIT_EXPECT_EQ(test, events(host, RAMSTER_FOREIGN_PUTS_REFUSED), before + 1);
	expect_nothing(test);
}

static void some_puts_are_refused(struct kunit *test)
{
	struct host *host = test->priv;
	struct ramster_msg msg = message(RAMSTER_PUT, THEIR_POOL, 0, ZBUD_PERS);

	msg.kind = RAMSTER_RAW;
	msg.payload_len = PAGE_SIZE;
	expect_refused(test, &msg, RAMSTER_REFUSED);
	msg.kind = RAMSTER_COMPRESSED;
	msg.payload_len = zbud_max_size() + 1;
	expect_refused(test, &msg, RAMSTER_REFUSED);
	msg.payload_len = SIZE;
	host->r->leaving = true;
	expect_refused(test, &msg, RAMSTER_NO_ROOM);
	host->r->leaving = false;
	host->r->pressed = jiffies;
	expect_refused(test, &msg, RAMSTER_NO_ROOM);
	host->r->pressed = jiffies - 60 * HZ;
	host->rig->zc.max_pool_percent = 0;
	expect_refused(test, &msg, RAMSTER_NO_ROOM);
	host->rig->zc.max_pool_percent = 50;
	KUNIT_EXPECT_EQ(test, serve(host, ANT, &msg), RAMSTER_OK);
	msg.payload_len = zbud_max_size();
	KUNIT_EXPECT_EQ(test, serve(host, ANT, &msg), RAMSTER_OK);
}

/* Who invents pools gets so many and no more; others get theirs. */
static void pools_are_limited(struct kunit *test)
{
	struct host *host = test->priv;
	u32 i;

	for (i = 0; i < MAX_POOLS; i++)
		KUNIT_EXPECT_EQ(test, put_of(host, ANT, i, 0, i % 2, 1), RAMSTER_OK);
	KUNIT_EXPECT_EQ(test, put_of(host, ANT, MAX_POOLS, 0, 0, 1), RAMSTER_NO_ROOM);
	KUNIT_EXPECT_EQ(test, put_of(host, ANT, 0, 0, 1, 1), RAMSTER_NO_ROOM);
	KUNIT_EXPECT_EQ(test, put_of(host, ANT, 0, 1, 0, 2), RAMSTER_OK);
	KUNIT_EXPECT_EQ(test, pools(host), MAX_POOLS);
	KUNIT_EXPECT_EQ(test, put_of(host, BEE, MAX_POOLS, 0, 0, 1), RAMSTER_OK);
	KUNIT_EXPECT_EQ(test, ask(host, ANT, RAMSTER_FLUSH_POOL, 9, 0, 1), RAMSTER_OK);
	KUNIT_EXPECT_EQ(test, put_of(host, ANT, MAX_POOLS, 0, 0, 3), RAMSTER_OK);
	KUNIT_EXPECT_EQ(test, get_of(host, ANT, RAMSTER_GET, MAX_POOLS, 0, 0), 3);
	KUNIT_EXPECT_EQ(test, pools(host), MAX_POOLS + 1);
	ramster_foreign_forget(host->r, ANT);
	ramster_foreign_forget(host->r, BEE);
	expect_nothing(test);
}

/* File pages give way, the oldest first; swap pages do not. */
static void files_give_way(struct kunit *test)
{
	struct host *host = test->priv;
	unsigned long before, nr;
	LIST_HEAD(gone);
	u64 i;

	KUNIT_EXPECT_EQ(test, ramster_foreign_evict(host->r, &gone), 0);
	for (i = 0; i < 30; i++) {
		KUNIT_EXPECT_EQ(test, put(host, i, ZBUD_PERS), RAMSTER_OK);
		KUNIT_EXPECT_EQ(test, put(host, i, ZBUD_EPH), RAMSTER_OK);
	}
	before = ramster_foreign_eph_frames(host->r);
	KUNIT_EXPECT_GT(test, before, 1);
	nr = ramster_foreign_evict(host->r, &gone);	/* a group */
	KUNIT_EXPECT_GT(test, nr, 0);
	KUNIT_EXPECT_EQ(test, ramster_foreign_eph_frames(host->r), before - nr);
	KUNIT_EXPECT_EQ(test, events(host, RAMSTER_FOREIGN_EVICTED_FRAMES), nr);
	KUNIT_EXPECT_EQ(test, get(host, 0, ZBUD_EPH), -ENOENT);
	KUNIT_EXPECT_EQ(test, get(host, 29, ZBUD_EPH), 30);
	while (ramster_foreign_evict(host->r, &gone))
		;
	KUNIT_EXPECT_EQ(test, zpages(host, ZBUD_EPH), 0);
	KUNIT_EXPECT_EQ(test, events(host, RAMSTER_FOREIGN_EVICTED_FRAMES), before);
	zcache_frames_free(&host->rig->zc, &gone);
	for (i = 0; i < 30; i++)
		KUNIT_EXPECT_EQ(test, get(host, i, ZBUD_PERS), i + 1);
}

/* Whichever allocation fails, the peer is told, and nothing is there. */
static void puts_want_memory(struct kunit *test)
{
	struct host *host = test->priv;
	enum ramster_status status;
	unsigned int nth = 0;

	if (!IS_ENABLED(CONFIG_FAILSLAB))
		kunit_skip(test, "no CONFIG_FAILSLAB");
	/* The pool is there already. */
	KUNIT_ASSERT_EQ(test, put(host, 0, ZBUD_PERS), RAMSTER_OK);
	do {
		test_fail_alloc(++nth);
		status = put(host, 10, ZBUD_PERS);
		if (status == RAMSTER_OK)
			break;
		KUNIT_EXPECT_EQ(test, status, RAMSTER_NO_ROOM);
		KUNIT_EXPECT_EQ(test, zpages(host, ZBUD_PERS), 1);
		KUNIT_EXPECT_EQ(test, get(host, 10, ZBUD_PERS), -ENOENT);
	} while (nth < 20);
	test_fail_alloc(0);
	KUNIT_EXPECT_GT(test, nth, 1);
	KUNIT_EXPECT_EQ(test, status, RAMSTER_OK);
	KUNIT_EXPECT_EQ(test, get(host, 10, ZBUD_PERS), 11);
}

/* Setup */

static int host_init(struct kunit *test)
{
	struct host *host = kunit_kzalloc(test, sizeof(*host), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, host);
	host->r = kunit_kzalloc(test, sizeof(*host->r), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, host->r);
	rig_init(test);
	host->rig = test->priv;
	test->priv = NULL;
	KUNIT_ASSERT_EQ(test, ramster_setup(host->r, &host->rig->zc), 0);
	test->priv = host;
	return 0;
}

static void host_exit(struct kunit *test)
{
	struct host *host = test->priv;

	if (!host)
		return;
	ramster_foreign_forget(host->r, ANT);
	ramster_foreign_forget(host->r, BEE);
	expect_nothing(test);
	ramster_teardown(host->r);
	test->priv = host->rig;
	rig_exit(test);
}

static struct kunit_case foreign_cases[] = {
	KUNIT_CASE(gets_are_served),
	KUNIT_CASE(page_is_freed_when_got),
	KUNIT_CASE(flushes_are_served),
	KUNIT_CASE(names_are_apart),
	KUNIT_CASE(last_put_counts),
	KUNIT_CASE(some_puts_are_refused),
	KUNIT_CASE(pools_are_limited),
	KUNIT_CASE(files_give_way),
	KUNIT_CASE(puts_want_memory),
	{}
};

static struct kunit_suite foreign_suite = {
	.name = "ramster_foreign",
	.init = host_init,
	.exit = host_exit,
	.test_cases = foreign_cases,
};

kunit_test_suite(foreign_suite);
