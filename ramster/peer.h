/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAMster: what cluster.c, peer.c, connection.c, request.c, sender.c, slot.c and
 * sock.c share.
 *
 * Each peer has two threads. The receiver makes the connection, or is handed
 * one, says hello, takes messages, and takes the connection down. The sender
 * only sends, and only while the peer is open. So whatever a peer does or does
 * not do, the receiver never waits for it to read, and two nodes cannot wait for
 * each other.
 *
 * Somebody waits for a get, and would wait for each thread that has to be woken. So
 * who asks for a page sends that himself, if nobody else is sending, and so does
 * the receiver with the page: each is the sender for a moment. They do not wait for
 * the peer to read either: what it does not take at once is left to the thread.
 *
 * All that a message needs on its way is there beforehand: for each slot that
 * was granted a reply with a page, and for each thread memory of its own. The
 * receiver takes as many messages at a time as have come, and as fit into that.
 * The sender copies a payload into a page of its own before it says a word,
 * because the peer, which may be up to no good, may answer what it has not read
 * yet; from then on nobody reads memory of whoever made the request. A reply is
 * sent from the page it was written to: it changes places with one of the
 * sender's. So a reply is free again before its first byte is out, and a peer
 * that uses its slot anew at once finds it so.
 *
 * Lock order
 *
 *   cluster->memalloc_lock	mutex
 *     peer->sock_lock		mutex; a socket is not released meanwhile
 *       lock_sock()		inside of the network
 *       peer->lock		spinlock, interrupts off, innermost
 *
 * ops and done() are called without any of them.
 *
 * How a connection ends. Whoever wants it to calls ramster_peer_end(), which
 * notes why, the first word counting, and wakes the receiver by shutting down
 * that half of the socket. The receiver closes the peer, so the sender finds
 * nothing more to take; waits for it for a moment, to say goodbye behind a whole
 * message; shuts down the rest, for which the sender cannot but stop; and then
 * has the connection for itself.
 */
#ifndef _RAMSTER_PEER_H
#define _RAMSTER_PEER_H

#include <linux/bitmap.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/uio.h>
#include <linux/wait.h>

#include "cluster.h"

/**
 * struct ramster_slot - a request on its way to a peer
 * @req: the request; NULL if it was given up. The peer will still reply, and
 *	the slot is not free before
 * @reply: the type that answers it
 * @generation: counted up for each use, never 0
 * @said: the sender has begun; what comes before is no reply
 */
struct ramster_slot {
	struct ramster_request *req;
	enum ramster_type reply;
	u16 generation;
	bool said;
};

/**
 * struct ramster_reply - the reply to a request of a peer
 * @list: in the peer's replies, when it has been served
 * @msg: the reply
 * @page: its payload
 * @busy: from the request's arrival until the sender takes it
 */
struct ramster_reply {
	struct list_head list;
	struct ramster_msg msg;
	void *page;
	bool busy;
};

/**
 * struct ramster_incoming - messages that have come, and are yet to be looked at
 * @buf: RAMSTER_INCOMING bytes
 * @at: where the next message begins
 * @have: bytes of it that are there, and of those after it
 */
struct ramster_incoming {
	u8 *buf;
	size_t at;
	size_t have;
};

/* Some messages with a payload. */
#define RAMSTER_INCOMING	(8 * PAGE_SIZE)

/**
 * struct ramster_outgoing - a message that the sender is about to send
 * @msg: the message
 * @head: the same for the wire
 * @page: a page of the sender's, which has the payload
 * @payload: a payload that has to be copied there; NULL: none
 * @slot: of a request; else NULL
 */
struct ramster_outgoing {
	struct ramster_msg msg;
	u8 head[RAMSTER_WIRE_MAX_HEAD];
	void *page;
	const void *payload;
	struct ramster_slot *slot;
};

/* Messages that are sent at a time, and that are heard before the sender is told of them. */
#define RAMSTER_TOGETHER	8

/**
 * struct ramster_call - somebody who has called and said hello
 * @sock: its socket; NULL: nobody has
 * @hello: what it said
 */
struct ramster_call {
	struct socket *sock;
	struct ramster_hello hello;
};

/**
 * struct ramster_peer - another node
 *
 *   I	never changes
 *   L	@lock
 *   S	@sock_lock
 *   A	any time, READ_ONCE and WRITE_ONCE
 *   R	the receiver's own
 *   T	the sender's own, that is, of whoever has set @sending
 *   R:L, R:S	changed by the receiver only, with that lock; read by others with
 *		it
 *
 * @cluster: I
 * @num: I; its number
 * @addr: I; where it listens
 * @receiver, @sender: I; the threads
 * @lock: see above
 * @sock_lock: see above
 * @wait: the receiver waits here: to call again, for a call, for the sender
 * @send_wait: the sender waits here for something to send
 * @soon: tells it that something has waited for others for long enough
 *
 * @sock: R:S; the connection, or what may become one
 * @stopping: S; there shall be no other
 * @call: L; takes the place of @sock
 * @ending: L, A; @sock is to be taken down
 * @goodbye: L; what to say then; RAMSTER_NO_REASON: nothing
 * @why: L; the same for people
 * @last_error: L; why the last connection went, or was not made
 * @kicked: A; call again at once
 * @backoff: R; until it is called again, in ms
 * @until: R; when hello must have been said, in jiffies
 *
 * @state: R:L, A
 * @open: R:L; requests are taken, and the sender sends
 * @known: R:L; @boot is set
 * @boot: R:L; of its last hello
 * @heard: A; when something came last, in jiffies
 * @rules: R
 * @left: R; it has said that it leaves the cluster
 * @incoming: R
 * @payload: R; that of the last message, in @incoming, until the next is received
 * @unsaid: R; messages that were heard since the sender was last told to go on; 0
 *	whenever the receiver waits for more than a tick
 * @bad_messages: L
 * @ups: L
 *
 * @sending: L; somebody is the sender, the thread or another: nobody else is then
 * @unfinished: L; that was another, and there is something left to be sent, for the
 *	thread to go on with
 * @mute: L; why it cannot send any more on this connection; else 0
 * @said: L; when something was said last, in jiffies
 * @room_due: L; say what can be lent, even if it is what was said last
 * @room_said: T; that
 * @recall: L; page frames to be asked back
 * @outgoing: T; while nothing is sent, what the sender takes is put here with
 *	@lock held
 * @nr_outgoing: T; how many of these are to be sent
 * @more: T; others follow them, so TCP may wait for these
 * @vec: T; where their bytes are
 * @rest: T; those of them that are yet to be sent
 *
 * @own: R:L; slots that the peer grants us
 * @slots: L; RAMSTER_MAX_SLOTS of them
 * @slots_busy: L; which of them are in use
 * @nr_busy: L; how many
 * @answered: L; when the last answer came, or was first waited for, in jiffies
 * @flying: L; requests in @slots, as they were sent
 * @urgent: L; gets that wait for a slot
 * @queue: L; others that do
 * @nr_waiting: L; length of both
 *
 * @room: L; page frames that it lends
 * @replies: L; replies to be sent
 * @reply: one for each slot that we grant; @busy and @list are L, the rest is
 *	the receiver's until the reply is in @replies
 */
struct ramster_peer {
	struct ramster_cluster *cluster;
	u8 num;
	struct sockaddr_storage addr;
	struct task_struct *receiver;
	struct task_struct *sender;
	spinlock_t lock;		/* see the fields with L */
	struct mutex sock_lock;		/* see the fields with S */
	wait_queue_head_t wait;
	wait_queue_head_t send_wait;
	struct timer_list soon;

	/* The connection */
	struct socket *sock;
	bool stopping;
	struct ramster_call call;
	bool ending;
	enum ramster_reason goodbye;
	char why[RAMSTER_ERROR_SIZE];
	char last_error[RAMSTER_ERROR_SIZE];
	bool kicked;
	unsigned int backoff;
	unsigned long until;

	/* The other side */
	enum ramster_peer_state state;
	bool open;
	bool known;
	uuid_t boot;
	unsigned long heard;
	struct ramster_rules rules;
	bool left;
	struct ramster_incoming incoming;
	const void *payload;
	unsigned int unsaid;
	unsigned long bad_messages;
	unsigned long ups;

	/* The sender */
	bool sending;
	bool unfinished;
	int mute;
	unsigned long said;
	bool room_due;
	u64 room_said;
	u64 recall;
	struct ramster_outgoing outgoing[RAMSTER_TOGETHER];
	unsigned int nr_outgoing;
	bool more;
	struct kvec vec[2 * RAMSTER_TOGETHER];
	struct iov_iter rest;

	/* What is asked of it */
	u16 own;
	struct ramster_slot *slots;
	DECLARE_BITMAP(slots_busy, RAMSTER_MAX_SLOTS);
	unsigned int nr_busy;
	unsigned long answered;
	struct list_head flying;
	struct list_head urgent;
	struct list_head queue;
	unsigned int nr_waiting;

	/* What it asks, and lends */
	u64 room;
	struct list_head replies;
	struct ramster_reply *reply;
};

/* How long to wait before calling again, in ms: doubled each time. */
#define RAMSTER_BACKOFF_MIN	100
#define RAMSTER_BACKOFF_MAX	10000

/* Callers that have not said hello yet, at a time. */
#define RAMSTER_CALLERS		16

/**
 * struct ramster_caller - somebody who has called, and is yet to say who it is
 * @sock: its socket; NULL: nobody
 * @wait: wakes the door
 * @nr: counts them
 * @until: when it is to have said hello, in jiffies
 * @have: bytes it has said
 * @need: bytes it has to say, as far as is known
 * @head: these
 * @msg: what they mean
 */
struct ramster_caller {
	struct socket *sock;
	wait_queue_entry_t wait;
	u64 nr;
	unsigned long until;
	unsigned int have;
	unsigned int need;
	u8 head[RAMSTER_WIRE_MAX_HEAD];
	struct ramster_msg msg;
};

/**
 * struct ramster_door - where others call
 * @sock: listens
 * @keeper: the thread that all the rest belongs to, but @bell and @rung
 * @wait: of @sock
 * @bell: the keeper sleeps here
 * @rung: somebody has called, or said something
 * @nr_calls: how often somebody has
 * @nr_bad: how many of them were not understood; the keeper's, READ_ONCE
 * @callers: who has called, and is not through yet
 */
struct ramster_door {
	struct socket *sock;
	struct task_struct *keeper;
	wait_queue_entry_t wait;
	wait_queue_head_t bell;
	bool rung;
	u64 nr_calls;
	unsigned long nr_bad;
	struct ramster_caller callers[RAMSTER_CALLERS];
};

/**
 * struct ramster_cluster - a node's view of its cluster; does not change, but
 * for @memalloc
 * @name: for people
 * @hello: what the node says of itself; @to is for each peer to fill in
 * @times: limits of patience
 * @ops: the owner's
 * @priv: the owner's
 * @memalloc_lock: for who changes @memalloc
 * @memalloc: sockets may use memory reserves. Written before any socket is
 *	changed; who makes one reads it with the peer's sock_lock, so that either
 *	sees the other
 * @door: see there
 * @peers: by number; NULL for none, and for the node itself
 */
struct ramster_cluster {
	char *name;
	struct ramster_hello hello;
	struct ramster_times times;
	const struct ramster_ops *ops;
	void *priv;
	struct mutex memalloc_lock;	/* see above */
	bool memalloc;
	struct ramster_door door;
	struct ramster_peer *peers[RAMSTER_MAX_NODES];
};

/* peer.c APIs: */
struct ramster_peer *ramster_peer_create(struct ramster_cluster *cluster,
					 const struct ramster_node *node);
void ramster_peer_start(struct ramster_peer *peer);
void ramster_peer_stop(struct ramster_peer *peer);
void ramster_peer_destroy(struct ramster_peer *peer);
enum ramster_reason ramster_peer_answer(struct ramster_peer *peer,
					struct socket *sock,
					const struct ramster_hello *hello);
void ramster_peer_set_error(struct ramster_peer *peer, const char *text);
void ramster_peer_memalloc(struct ramster_peer *peer);

/* connection.c APIs: */
void ramster_peer_end_locked(struct ramster_peer *peer,
			     enum ramster_reason goodbye, const char *why);
__printf(3, 4)
void ramster_peer_end(struct ramster_peer *peer, enum ramster_reason goodbye,
		      const char *why, ...);
int ramster_receiver(void *arg);

/* request.c APIs: */
int ramster_requests_init(struct ramster_peer *peer);
void ramster_requests_exit(struct ramster_peer *peer);
enum ramster_wire_error ramster_serve(struct ramster_peer *peer,
				      const struct ramster_msg *msg);
enum ramster_wire_error ramster_answered(struct ramster_peer *peer,
					 const struct ramster_msg *msg);
bool ramster_nothing_waits(struct ramster_peer *peer);
void ramster_let_sender_go(struct ramster_peer *peer);
void ramster_requests_fail(struct ramster_peer *peer);

/* sender.c APIs: */
int ramster_sender_init(struct ramster_peer *peer);
void ramster_sender_exit(struct ramster_peer *peer);
void ramster_send_directly(struct ramster_peer *peer);
void ramster_send_due(struct ramster_peer *peer);

/* slot.c APIs: */
void ramster_slot_wait(struct ramster_peer *peer, struct ramster_request *req,
		       bool urgent);
struct ramster_request *ramster_slot_next(struct ramster_peer *peer);
struct ramster_slot *ramster_slot_fill(struct ramster_peer *peer,
				       struct ramster_request *req);
void ramster_slot_leave(struct ramster_peer *peer, struct ramster_request *req);
struct ramster_request *ramster_slot_empty(struct ramster_peer *peer, unsigned int i);
enum ramster_wire_error ramster_slot_check(const struct ramster_peer *peer,
					   const struct ramster_msg *msg);
struct ramster_request *ramster_slot_first(struct ramster_peer *peer);
void ramster_slots_forget(struct ramster_peer *peer);

/* sock.c APIs: */
int ramster_sock_create(const struct sockaddr_storage *addr,
			unsigned int dead_ms, struct socket **sock);
int ramster_sock_listen(const struct sockaddr_storage *addr,
			struct socket **sock);
int ramster_sock_accept(struct socket *listener, unsigned int dead_ms,
			struct socket **sock);
int ramster_sock_connect(struct socket *sock,
			 const struct sockaddr_storage *addr);
void ramster_sock_wait_connected(struct socket *sock, unsigned long until);
bool ramster_sock_alive(struct socket *sock);
void ramster_sock_memalloc(struct socket *sock, bool on);
int ramster_sock_send(struct socket *sock, struct iov_iter *left, int flags);
int ramster_sock_say(struct socket *sock, const struct ramster_msg *msg, int flags);
int ramster_sock_hear(struct socket *sock, void *buf, size_t len, long timeout);
void ramster_sock_goodbye(struct socket *sock, enum ramster_reason reason);
void ramster_sock_close(struct socket *sock);

#endif /* _RAMSTER_PEER_H */
