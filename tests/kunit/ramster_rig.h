/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A few nodes in one kernel, that speak with each other over loopback, and what
 * they have heard.
 *
 * What is in a page follows from its index, so whoever receives one knows
 * whether it is right.
 */
#ifndef _RAMSTER_RIG_H
#define _RAMSTER_RIG_H

#include <linux/err.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "../../ramster/peer.h"
#include "loopback.h"
#include "test_util.h"

#define RIG_NODES	3
#define RIG_PORT	17700	/* of node 0; the next ones follow */
#define RIG_LOG		2048
#define RIG_ROOM	1000	/* of node 0; the next ones have one more each */

/* What a node has been asked. */
struct served {
	enum ramster_type type;
	u64 index;
};

/**
 * struct rig_node - one of the nodes
 * @cluster: its view; NULL while it is not there
 * @rig: whose it is
 * @lock: of the rest
 * @log: requests that it has served, in order
 * @nr_log: how many of them
 * @ups, @downs: calls of these ops
 * @lefts: how often the latter said that the peer has left
 * @forgot: what the last up() said
 * @offered: what the last offered() said
 * @nr_offered: how many there were
 * @recalled: sum of what recall() said
 * @room: what it lends
 * @shut: requests are not served now; they wait for @gate
 * @gate: see there
 * @inside: a request is being served
 * @any: pages may be anything
 * @hasty: who is up is told at once what there is, before the sender's thread gets to it
 * @errors: what must not be
 */
struct rig_node {
	struct ramster_cluster *cluster;
	struct rig *rig;
	spinlock_t lock;	/* of the rest */
	struct served log[RIG_LOG];
	unsigned int nr_log;
	unsigned int ups;
	unsigned int downs;
	unsigned int lefts;
	bool forgot;
	u64 offered;
	unsigned int nr_offered;
	u64 recalled;
	u64 room;
	bool shut;
	wait_queue_head_t gate;
	bool inside;
	bool any;
	bool hasty;
	atomic_t errors;
};

/**
 * struct rig - what a test works on
 * @config: what a node is made of, but for its number
 * @all: the nodes' addresses
 * @nodes: the nodes
 * @page: for contents to compare with
 */
struct rig {
	struct ramster_config config;
	struct ramster_node all[RIG_NODES];
	struct rig_node nodes[RIG_NODES];
	u8 page[PAGE_SIZE];
};

/* Pages: some are raw, some compressed to whatever length. */

static inline u32 rig_len(u64 index)
{
	return index % 5 ? 1 + index * 397 % (PAGE_SIZE - 1) : PAGE_SIZE;
}

static inline enum ramster_kind rig_kind(u64 index)
{
	return index % 5 ? RAMSTER_COMPRESSED : RAMSTER_RAW;
}

static inline void rig_fill(void *page, u64 index)
{
	u32 len = rig_len(index);

	memset(page, index * 7 + 1, len);
	if (len >= sizeof(index))
		memcpy(page, &index, sizeof(index));
}

static inline bool rig_filled(const u8 *page, u64 index)
{
	u32 len = rig_len(index), skip = len < 8 ? 0 : 8;

	return (!skip || !memcmp(page, &index, 8)) &&
	       !memchr_inv(page + skip, (u8)(index * 7 + 1), len - skip);
}

/* What a node does */

/* Indices from here on are of pages that are not there. */
#define RIG_ABSENT	1000000

static inline void rig_serve_get(const struct ramster_msg *msg,
				 struct ramster_msg *reply, void *out)
{
	u64 index = msg->handle.index;

	if (index >= RIG_ABSENT) {
		reply->status = RAMSTER_NOT_THERE;
		return;
	}
	reply->status = RAMSTER_OK;
	reply->kind = rig_kind(index);
	reply->payload_len = rig_len(index);
	rig_fill(out, index);
}

static inline struct rig_node *rig_owner(struct ramster_peer *peer)
{
	return ramster_cluster_priv(ramster_peer_cluster(peer));
}

static inline void rig_log(struct rig_node *node, const struct ramster_msg *msg)
{
	spin_lock_irq(&node->lock);
	if (node->nr_log < RIG_LOG)
		node->log[node->nr_log] = (struct served) {
			.type = msg->type,
			.index = msg->handle.index,
		};
	node->nr_log++;
	spin_unlock_irq(&node->lock);
}

static inline void rig_serve(struct ramster_peer *peer,
			     const struct ramster_msg *msg, const void *payload,
			     struct ramster_msg *reply, void *payload_out)
{
	struct rig_node *node = rig_owner(peer);

	WRITE_ONCE(node->inside, true);
	wait_event(node->gate, !READ_ONCE(node->shut));
	WRITE_ONCE(node->inside, false);
	rig_log(node, msg);
	if (msg->type == RAMSTER_GET || msg->type == RAMSTER_GET_AND_FREE) {
		rig_serve_get(msg, reply, payload_out);
		return;
	}
	if (msg->type == RAMSTER_PUT && !node->any &&
	    (msg->payload_len != rig_len(msg->handle.index) ||
	     !rig_filled(payload, msg->handle.index)))
		atomic_inc(&node->errors);
	reply->status = RAMSTER_OK;
}

static inline void rig_up(struct ramster_peer *peer, bool forgot)
{
	struct rig_node *node = rig_owner(peer);

	spin_lock_irq(&node->lock);
	node->ups++;
	node->forgot = forgot;
	spin_unlock_irq(&node->lock);
	if (ramster_peer_up(peer))
		atomic_inc(&node->errors);
	if (node->hasty)
		ramster_send_directly(peer);
}

static inline void rig_down(struct ramster_peer *peer, bool left)
{
	struct rig_node *node = rig_owner(peer);
	struct ramster_peer_info info;

	ramster_peer_info(peer, &info);
	if (ramster_peer_up(peer) || info.in_flight || info.waiting || info.room)
		atomic_inc(&node->errors);
	spin_lock_irq(&node->lock);
	node->downs++;
	node->lefts += left;
	spin_unlock_irq(&node->lock);
}

static inline u64 rig_room(struct ramster_cluster *cluster)
{
	struct rig_node *node = ramster_cluster_priv(cluster);

	return READ_ONCE(node->room);
}

static inline void rig_offered(struct ramster_peer *peer, u64 frames)
{
	struct rig_node *node = rig_owner(peer);

	spin_lock_irq(&node->lock);
	node->offered = frames;
	node->nr_offered++;
	spin_unlock_irq(&node->lock);
}

static inline void rig_recall(struct ramster_peer *peer, u64 frames)
{
	struct rig_node *node = rig_owner(peer);

	spin_lock_irq(&node->lock);
	node->recalled += frames;
	spin_unlock_irq(&node->lock);
}

static const struct ramster_ops rig_ops = {
	.serve = rig_serve,
	.up = rig_up,
	.down = rig_down,
	.room = rig_room,
	.offered = rig_offered,
	.recall = rig_recall,
};

static inline void rig_shut(struct rig_node *node)
{
	WRITE_ONCE(node->shut, true);
}

static inline void rig_open(struct rig_node *node)
{
	WRITE_ONCE(node->shut, false);
	wake_up(&node->gate);
}

/* Nodes come and go */

static inline void rig_address(struct sockaddr_storage *addr, sa_family_t family,
			       unsigned int num)
{
	struct sockaddr_in *in = (void *)addr;
	struct sockaddr_in6 *in6 = (void *)addr;

	memset(addr, 0, sizeof(*addr));
	addr->ss_family = family;
	if (family == AF_INET6) {
		in6->sin6_addr = in6addr_loopback;
		in6->sin6_port = htons(RIG_PORT + num);
	} else {
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		in->sin_port = htons(RIG_PORT + num);
	}
}

static inline void rig_family(struct rig *rig, sa_family_t family)
{
	unsigned int i;

	for (i = 0; i < RIG_NODES; i++) {
		rig->all[i].num = i;
		rig_address(&rig->all[i].addr, family, i);
	}
}

static inline void rig_start(struct kunit *test, unsigned int num)
{
	struct rig *rig = test->priv;
	struct rig_node *node = &rig->nodes[num];
	struct ramster_cluster *cluster;

	node->ups = 0;
	node->downs = 0;
	node->lefts = 0;
	node->nr_log = 0;
	node->nr_offered = 0;
	node->recalled = 0;
	rig->config.self = num;
	cluster = ramster_cluster_create(&rig->config, &rig_ops, node);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(cluster), "%pe", cluster);
	node->cluster = cluster;
}

static inline void rig_stop(struct rig *rig, unsigned int num)
{
	struct rig_node *node = &rig->nodes[num];

	rig_open(node);
	if (node->cluster)
		ramster_cluster_destroy(node->cluster);
	node->cluster = NULL;
	if (node->ups != node->downs)
		atomic_inc(&node->errors);
}

/* What @num knows of @other. */
static inline struct ramster_peer *rig_peer(struct rig *rig, unsigned int num,
					    unsigned int other)
{
	return ramster_cluster_peer(rig->nodes[num].cluster, other);
}

static inline struct ramster_peer_info rig_info(struct rig *rig,
						unsigned int num,
						unsigned int other)
{
	struct ramster_peer_info info;

	ramster_peer_info(rig_peer(rig, num, other), &info);
	return info;
}

static inline bool rig_is_up(struct rig *rig, unsigned int num,
			     unsigned int other)
{
	return ramster_peer_up(rig_peer(rig, num, other));
}

static inline void rig_await_up(struct kunit *test, unsigned int a,
				unsigned int b)
{
	struct rig *rig = test->priv;

	KUNIT_ASSERT_TRUE_MSG(test, eventually(rig_is_up(rig, a, b)), "%s",
			      rig_info(rig, a, b).last_error);
	KUNIT_ASSERT_TRUE_MSG(test, eventually(rig_is_up(rig, b, a)), "%s",
			      rig_info(rig, b, a).last_error);
}

/* Nodes 0 and 1, connected. */
static inline void rig_start_pair(struct kunit *test)
{
	rig_start(test, 0);
	rig_start(test, 1);
	rig_await_up(test, 0, 1);
}

static inline int rig_init(struct kunit *test)
{
	static const uuid_t uuid = UUID_INIT(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
	struct rig *rig = kvzalloc(sizeof(*rig), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, rig);
	rig->config = (struct ramster_config) {
		.cluster = "test",
		.uuid = uuid,
		.compressor = "lzo-rle",
		.slots = 8,
		.times = {
			.connect_ms = 30000,
			.request_ms = 30000,
			.keepalive_ms = 500,
			.dead_ms = 60000,
		},
		.nr_nodes = RIG_NODES,
		.nodes = rig->all,
	};
	rig_family(rig, AF_INET);
	for (i = 0; i < RIG_NODES; i++) {
		spin_lock_init(&rig->nodes[i].lock);
		init_waitqueue_head(&rig->nodes[i].gate);
		rig->nodes[i].rig = rig;
		rig->nodes[i].room = RIG_ROOM + i;
	}
	test->priv = rig;
	return 0;
}

static inline void rig_exit(struct kunit *test)
{
	struct rig *rig = test->priv;
	unsigned int i;

	if (!rig)
		return;
	for (i = 0; i < RIG_NODES; i++) {
		rig_stop(rig, i);
		KUNIT_EXPECT_EQ(test, atomic_read(&rig->nodes[i].errors), 0);
	}
	KUNIT_EXPECT_FALSE(test, sk_memalloc_socks());
	kvfree(rig);
}

/* Requests */

/**
 * struct ask - a request
 * @req: the request
 * @page: what it puts, or gets
 * @rig: where it is counted
 * @nr_done: how often done() was called
 * @turn: it was the so-manyth to be done
 */
struct ask {
	struct ramster_request req;
	void *page;
	atomic_t *turns;
	atomic_t nr_done;
	int turn;
};

static inline void ask_done(struct ramster_request *req)
{
	struct ask *ask = container_of(req, struct ask, req);

	ask->turn = atomic_inc_return(ask->turns);
	atomic_inc(&ask->nr_done);
}

/* Ready to be sent, once or again. */
static inline void ask_prepare(struct ask *ask, enum ramster_type type,
			       u64 index)
{
	struct ramster_request *req = &ask->req;

	req->msg = (struct ramster_msg) {
		.type = type,
		.handle.index = type < RAMSTER_FLUSH_OBJECT ? index : 0,
	};
	req->payload = NULL;
	req->buf = NULL;
	req->done = ask_done;
	if (type == RAMSTER_PUT) {
		rig_fill(ask->page, index);
		req->payload = ask->page;
		req->msg.kind = rig_kind(index);
		req->msg.payload_len = rig_len(index);
	} else if (type == RAMSTER_GET || type == RAMSTER_GET_AND_FREE) {
		req->buf = ask->page;
	}
}

static inline struct ask *asks_create(struct kunit *test, unsigned int nr,
				      atomic_t *turns)
{
	struct ask *asks = kunit_kcalloc(test, nr, sizeof(*asks), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, asks);
	for (i = 0; i < nr; i++) {
		asks[i].page = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, asks[i].page);
		asks[i].turns = turns;
	}
	return asks;
}

static inline bool asks_done(struct ask *asks, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!atomic_read(&asks[i].nr_done))
			return false;
	return true;
}

/* All are done, once, in this order, and with this error. */
static inline void expect_done(struct kunit *test, struct ask *asks,
			       unsigned int nr, int err)
{
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, eventually(asks_done(asks, nr)));
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&asks[i].nr_done), 1);
		KUNIT_EXPECT_EQ(test, asks[i].req.err, err);
		if (i)
			KUNIT_EXPECT_GT(test, asks[i].turn, asks[i - 1].turn);
	}
}

/* Get a page and see whether it is the right one. */
static inline int rig_get(struct kunit *test, struct ramster_peer *peer,
			  struct ask *ask, u64 index, unsigned int timeout_ms)
{
	int err;

	ask_prepare(ask, RAMSTER_GET, index);
	err = ramster_call(peer, &ask->req, timeout_ms, true);
	if (!err && index < RIG_ABSENT) {
		KUNIT_EXPECT_EQ(test, ask->req.reply.status, RAMSTER_OK);
		KUNIT_EXPECT_EQ(test, ask->req.reply.payload_len,
				rig_len(index));
		KUNIT_EXPECT_TRUE(test, rig_filled(ask->page, index));
	}
	return err;
}

#endif /* _RAMSTER_RIG_H */
