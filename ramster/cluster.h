/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAMster: a node's view of its cluster: the peers, and requests to them.
 *
 *   remote.c, foreign.c   own pages that are elsewhere; others' pages that are here
 *      |  requests          ^ ops
 *   cluster.c, peer.c     who is there
 *   connection.c          how it is reached, and what it says
 *   request.c             what is asked, and answered
 *   sender.c, slot.c      what goes out when; what is on its way
 *   sock.c, wire.c        bytes
 *
 * All state hangs off one struct ramster_cluster, so that two of them can live
 * in one kernel and talk to each other.
 *
 * There is one connection between two nodes; the one with the higher number
 * calls. A peer is up from the moment that both have said hello until anything
 * goes wrong, and then it is called again, or waited for. What was asked and not
 * answered by then fails with -ENOTCONN: what has become of it is not known.
 *
 * Requests to one peer are sent in the order in which they were made, but for
 * gets, which a program waits for: they go first. The peer serves them in the
 * order in which they come, one at a time.
 *
 * No more requests are under way than the peer grants slots; the others wait. So
 * both ends can have all the memory at hand that they need: requests are made
 * where memory is short.
 */
#ifndef _RAMSTER_CLUSTER_H
#define _RAMSTER_CLUSTER_H

#include <linux/list.h>
#include <linux/socket.h>
#include <linux/types.h>
#include <linux/uuid.h>

#include "wire.h"

struct completion;
struct ramster_cluster;
struct ramster_peer;

/**
 * struct ramster_times - limits of patience, in milliseconds
 * @connect_ms: for a connection to be made, and hello to be said
 * @request_ms: for a get to be answered
 * @keepalive_ms: of silence, until something is said
 * @dead_ms: of silence on the other side, until it is given up; or without any
 *	answer, if there is something to be answered
 */
struct ramster_times {
	unsigned int connect_ms;
	unsigned int request_ms;
	unsigned int keepalive_ms;
	unsigned int dead_ms;
};

#define RAMSTER_CONNECT_MS	5000
#define RAMSTER_REQUEST_MS	5000
#define RAMSTER_KEEPALIVE_MS	2000
#define RAMSTER_DEAD_MS		10000

#define RAMSTER_SLOTS		64	/* requests that a peer may have under way */

/**
 * struct ramster_node - a machine of the cluster
 * @num: its number, below RAMSTER_MAX_NODES
 * @addr: where it listens, IPv4 or IPv6, with the port
 */
struct ramster_node {
	u8 num;
	struct sockaddr_storage addr;
};

/**
 * struct ramster_config - what has to be known to take part
 * @cluster: its name, for messages to people
 * @uuid: its name, for the wire
 * @compressor: what the node's own pages are compressed with
 * @self: number of this node; it is one of @nodes
 * @slots: requests that each peer may have under way here
 * @times: see there
 * @nr_nodes: how many
 * @nodes: all of them, in any order
 */
struct ramster_config {
	const char *cluster;
	uuid_t uuid;
	char compressor[RAMSTER_COMPRESSOR_SIZE];
	u8 self;
	u16 slots;
	struct ramster_times times;
	unsigned int nr_nodes;
	const struct ramster_node *nodes;
};

/**
 * struct ramster_ops - what a node does with what it hears
 * @serve: do what @msg asks for, and fill @reply: type, status, and for a page
 *	kind and payload_len, with the payload in @payload_out, which has room for
 *	a page. A request without reply of its own is answered with ACK
 * @up: the peer is there. @forgot: it has started anew since it was here last,
 *	or is here for the first time: it keeps nothing of ours
 * @down: it is not there any more; all requests have been completed. @left: it
 *	has said that it leaves, so it keeps nothing of ours, nor wants its own back
 * @room: how many page frames can be lent, as of now?
 * @offered: the peer lends so many more page frames, as of now
 * @recall: the peer wants so many page frames' worth of our pages to go home
 *
 * All but @room are called by the peer's own receiver, one after the other; they
 * may allocate memory, without waiting for it, and may not wait for any message.
 * @room may be called at the same time as any.
 */
struct ramster_ops {
	void (*serve)(struct ramster_peer *peer, const struct ramster_msg *msg,
		      const void *payload, struct ramster_msg *reply,
		      void *payload_out);
	void (*up)(struct ramster_peer *peer, bool forgot);
	void (*down)(struct ramster_peer *peer, bool left);
	u64 (*room)(struct ramster_cluster *cluster);
	void (*offered)(struct ramster_peer *peer, u64 frames);
	void (*recall)(struct ramster_peer *peer, u64 frames);
};

/**
 * struct ramster_request - something that is asked of a peer
 * @list: the peer's, from ramster_send() until @done
 * @msg: the question: type, handle, persistent; for PUT kind and payload_len;
 *	the rest is the peer's. When it was answered, payload_crc is that of what was
 *	sent
 * @payload: of a PUT: msg.payload_len bytes, which stay until @done
 * @later: others follow, and then ramster_send_now() or ramster_send_soon(); until
 *	then the peer's sender need not be told
 * @buf: where the page of a DATA goes: PAGE_SIZE bytes; NULL for other requests
 * @reply: the answer, if @err is 0
 * @err: 0, or -ENOTCONN: the connection is gone, and what has become of the
 *	request is not known
 * @done: called once, by the peer's receiver, which also takes the connection down,
 *	or, if the request is no message, by whoever would have sent it; may sleep, but
 *	may not wait for a message; may send again. The request is the caller's again
 * @waiter: ramster_call()'s
 */
struct ramster_request {
	struct list_head list;
	struct ramster_msg msg;
	const void *payload;
	bool later;
	void *buf;
	struct ramster_msg reply;
	int err;
	void (*done)(struct ramster_request *req);
	struct completion *waiter;
};

enum ramster_peer_state {
	RAMSTER_PEER_DOWN,		/* waits to be called, or to call again */
	RAMSTER_PEER_CONNECTING,
	RAMSTER_PEER_UP,
	RAMSTER_PEER_STATES
};

#define RAMSTER_ERROR_SIZE	64

/**
 * struct ramster_peer_info - what can be seen of a peer
 * @state: what it is
 * @in_flight: requests that were sent and not answered
 * @waiting: requests that wait for a slot
 * @room: page frames it offered last; 0 while it is down
 * @ups: how often it has come up
 * @bad_messages: messages of it that were not to be understood
 * @last_error: why it went down, or did not come up; empty at first
 */
struct ramster_peer_info {
	enum ramster_peer_state state;
	unsigned int in_flight;
	unsigned int waiting;
	u64 room;
	unsigned long ups;
	unsigned long bad_messages;
	char last_error[RAMSTER_ERROR_SIZE];
};

/* cluster.c APIs: */
struct ramster_cluster *
ramster_cluster_create(const struct ramster_config *config,
		       const struct ramster_ops *ops, void *priv);
void ramster_cluster_destroy(struct ramster_cluster *cluster);
void *ramster_cluster_priv(const struct ramster_cluster *cluster);
const struct ramster_times *
ramster_cluster_times(const struct ramster_cluster *cluster);
struct ramster_peer *ramster_cluster_peer(struct ramster_cluster *cluster,
					  unsigned int num);
unsigned long ramster_cluster_bad_callers(const struct ramster_cluster *cluster);
void ramster_cluster_room_changed(struct ramster_cluster *cluster);
void ramster_cluster_memalloc(struct ramster_cluster *cluster, bool on);

/* peer.c APIs: */
unsigned int ramster_peer_num(const struct ramster_peer *peer);
struct ramster_cluster *ramster_peer_cluster(const struct ramster_peer *peer);
bool ramster_peer_up(const struct ramster_peer *peer);
void ramster_peer_info(struct ramster_peer *peer,
		       struct ramster_peer_info *info);
void ramster_peer_reset(struct ramster_peer *peer, const char *why);
void ramster_peer_room_changed(struct ramster_peer *peer);
void ramster_peer_recall(struct ramster_peer *peer, u64 frames);

/* request.c APIs: */
int ramster_send(struct ramster_peer *peer, struct ramster_request *req);
int ramster_call(struct ramster_peer *peer, struct ramster_request *req,
		 unsigned int timeout_ms, bool killable);

/* sender.c APIs: */
void ramster_send_now(struct ramster_peer *peer);
void ramster_send_soon(struct ramster_peer *peer);

#endif /* _RAMSTER_CLUSTER_H */
