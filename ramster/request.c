// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: requests to a peer, from the caller to the wire and back, and the
 * peer's requests to us.
 *
 * A request waits in one of two queues until the peer has a slot free: gets in
 * one that goes first, all others in order. Then it flies, until the reply is
 * there or the connection is gone. Whoever takes it off its list, with the
 * peer's lock, owns it, and nobody else touches it again: so done() is called
 * once, and a caller who gives up while that happens waits a moment for it.
 */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "peer.h"

static bool is_get(enum ramster_type type)
{
	return type == RAMSTER_GET || type == RAMSTER_GET_AND_FREE;
}

/* Memory */

static int create_replies(struct ramster_peer *peer, unsigned int nr)
{
	unsigned int i;

	peer->reply = kvcalloc(nr, sizeof(*peer->reply), GFP_KERNEL);
	if (!peer->reply)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		peer->reply[i].page = (void *)__get_free_page(GFP_KERNEL);
		if (!peer->reply[i].page)
			return -ENOMEM;
	}
	return 0;
}

/**
 * ramster_requests_init() - get all the memory that messages will need
 * @peer: a new peer
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM; what there is then goes with ramster_requests_exit().
 */
int ramster_requests_init(struct ramster_peer *peer)
{
	unsigned int i;

	INIT_LIST_HEAD(&peer->flying);
	INIT_LIST_HEAD(&peer->urgent);
	INIT_LIST_HEAD(&peer->queue);
	INIT_LIST_HEAD(&peer->replies);
	peer->incoming.buf = kvmalloc(RAMSTER_INCOMING, GFP_KERNEL);
	peer->slots = kvcalloc(RAMSTER_MAX_SLOTS, sizeof(*peer->slots),
			       GFP_KERNEL);
	if (!peer->incoming.buf || !peer->slots)
		return -ENOMEM;
	for (i = 0; i < RAMSTER_TOGETHER; i++) {
		peer->outgoing[i].page = (void *)__get_free_page(GFP_KERNEL);
		if (!peer->outgoing[i].page)
			return -ENOMEM;
	}
	return create_replies(peer, peer->cluster->hello.slots);
}

/**
 * ramster_requests_exit() - undo ramster_requests_init()
 * @peer: no thread of it runs
 */
void ramster_requests_exit(struct ramster_peer *peer)
{
	unsigned int i;

	for (i = 0; peer->reply && i < peer->cluster->hello.slots; i++)
		free_page((unsigned long)peer->reply[i].page);
	kvfree(peer->reply);
	kvfree(peer->slots);
	for (i = 0; i < RAMSTER_TOGETHER; i++)
		free_page((unsigned long)peer->outgoing[i].page);
	kvfree(peer->incoming.buf);
}

/* To be sent */

static bool request_valid(const struct ramster_request *req)
{
	const struct ramster_msg *msg = &req->msg;

	return ramster_wire_reply_to(msg->type) && req->done &&
	       msg->payload_len <= PAGE_SIZE &&
	       !msg->payload_len == !req->payload &&
	       is_get(msg->type) == !!req->buf;
}

/**
 * ramster_send() - ask a peer for something, and do not wait for the answer
 * @peer: the peer
 * @req: the request, which is the peer's now, until done() is called
 *
 * It is possible from the time that ops->up() is called until the connection
 * ends.
 *
 * Context: any, interrupts off or not. The caller's locks must not be wanted by
 * done(), which may run before this returns.
 * Return: 0; or -ENOTCONN: the peer is not up, and done() will not be called.
 */
int ramster_send(struct ramster_peer *peer, struct ramster_request *req)
{
	bool open, later = req->later;	/* which may be gone once sent */
	unsigned long flags;

	if (WARN_ON_ONCE(!request_valid(req)))
		return -ENOTCONN;
	req->err = 0;
	req->msg.slot = 0;
	req->msg.generation = 0;

	spin_lock_irqsave(&peer->lock, flags);
	open = peer->open;
	if (open) {
		list_add_tail(&req->list, is_get(req->msg.type) ?
			      &peer->urgent : &peer->queue);
		peer->nr_waiting++;
	}
	spin_unlock_irqrestore(&peer->lock, flags);
	if (!open)
		return -ENOTCONN;
	if (!later)
		ramster_send_now(peer);
	return 0;
}

/**
 * ramster_send_now() - send what was to be sent later
 * @peer: the peer
 *
 * Context: any, interrupts off or not.
 */
void ramster_send_now(struct ramster_peer *peer)
{
	wake_up(&peer->send_wait);
}

/**
 * ramster_send_soon() - send what was to be sent later, but not yet
 * @peer: the peer
 *
 * It may go with something else that is sent meanwhile. If nothing is, it goes after a
 * tick, or when enough have come together.
 *
 * Context: any but hard interrupt, interrupts off or not.
 */
void ramster_send_soon(struct ramster_peer *peer)
{
	if (READ_ONCE(peer->nr_waiting) >= RAMSTER_TOGETHER)
		ramster_send_now(peer);
	else if (!timer_pending(&peer->soon))
		mod_timer(&peer->soon, jiffies + 1);
}

/* Only a request in a slot has a generation. */
static void take_off(struct ramster_peer *peer, struct ramster_request *req)
{
	lockdep_assert_held(&peer->lock);

	list_del_init(&req->list);
	if (req->msg.generation)
		peer->slots[req->msg.slot].req = NULL;
	else
		peer->nr_waiting--;
}

static void call_done(struct ramster_request *req)
{
	complete(req->waiter);
}

/* Is the request the caller's again? No if its done() is under way. */
static bool give_up(struct ramster_peer *peer, struct ramster_request *req)
{
	bool mine;

	spin_lock_irq(&peer->lock);
	mine = !list_empty(&req->list);
	if (mine)
		take_off(peer, req);
	spin_unlock_irq(&peer->lock);
	return mine;
}

static long wait_for(struct completion *done, unsigned int timeout_ms,
		     bool killable)
{
	unsigned long timeout = msecs_to_jiffies(timeout_ms);

	return killable ? wait_for_completion_killable_timeout(done, timeout) :
			  wait_for_completion_timeout(done, timeout);
}

/**
 * ramster_call() - get something from a peer, and wait for it
 * @peer: the peer
 * @req: a GET or GET_AND_FREE; @done is set here
 * @timeout_ms: how long to wait
 * @killable: may a fatal signal end the wait?
 *
 * Context: may sleep. Not in ops, nor in done(): these are called by whoever would have
 * to receive the answer, or to send the question.
 * Return: 0, and req->reply is the answer; -ETIMEDOUT; -ENOTCONN; -EINTR if the
 * caller was killed. Whatever it is, nobody touches @req any more.
 */
int ramster_call(struct ramster_peer *peer, struct ramster_request *req,
		 unsigned int timeout_ms, bool killable)
{
	DECLARE_COMPLETION_ONSTACK(done);
	long left;
	int err;

	if (WARN_ON_ONCE(!is_get(req->msg.type)))
		return -ENOTCONN;
	req->waiter = &done;
	req->done = call_done;
	req->later = true;
	err = ramster_send(peer, req);
	if (err)
		return err;
	ramster_send_directly(peer);
	left = wait_for(&done, timeout_ms, killable);
	if (left <= 0) {
		if (give_up(peer, req))
			return left ? -EINTR : -ETIMEDOUT;
		wait_for_completion(&done);
	}
	return req->err;
}

/* The sender */

static bool keepalive_due(const struct ramster_peer *peer)
{
	unsigned int ms = peer->cluster->times.keepalive_ms;

	return time_after_eq(jiffies, peer->said + msecs_to_jiffies(ms));
}

static bool may_send(const struct ramster_peer *peer)
{
	lockdep_assert_held(&peer->lock);
	return peer->open && !peer->ending && !peer->mute;
}

/* The request that is sent next, if there is a slot for it. */
static struct ramster_request *next_request(struct ramster_peer *peer)
{
	struct list_head *list = list_empty(&peer->urgent) ? &peer->queue :
							     &peer->urgent;

	lockdep_assert_held(&peer->lock);
	if (peer->nr_busy >= peer->own)
		return NULL;
	return list_first_entry_or_null(list, struct ramster_request, list);
}

/**
 * ramster_answer_overdue() - has it been asked for something, and not answered?
 * @peer: the peer
 *
 * It may be there, as far as its sender goes, and yet not do anything any more.
 *
 * Context: the sender.
 * Return: true if it has not answered anything for as long as silence may be.
 */
bool ramster_answer_overdue(struct ramster_peer *peer)
{
	unsigned int ms = peer->cluster->times.dead_ms;
	bool overdue;

	spin_lock_irq(&peer->lock);
	overdue = peer->open && peer->nr_busy &&
		  time_after(jiffies, peer->answered + msecs_to_jiffies(ms));
	spin_unlock_irq(&peer->lock);
	return overdue;
}

/**
 * ramster_send_due() - has the sender's thread something to do?
 * @peer: the peer
 *
 * Context: may sleep.
 * Return: true if there is something to be sent, and nobody is at it.
 */
bool ramster_send_due(struct ramster_peer *peer)
{
	bool due;

	spin_lock_irq(&peer->lock);
	due = peer->unfinished ||
	      (!peer->sending && may_send(peer) &&
	       (peer->recall || peer->room_due || keepalive_due(peer) ||
		!list_empty(&peer->replies) || next_request(peer)));
	spin_unlock_irq(&peer->lock);
	return due;
}

/* A KEEPALIVE may become ROOM yet: what can be lent is asked without locks. */
static bool take_notice(struct ramster_peer *peer, struct ramster_msg *msg)
{
	lockdep_assert_held(&peer->lock);

	if (peer->recall) {
		*msg = (struct ramster_msg) {
			.type = RAMSTER_RECALL,
			.frames = peer->recall,
		};
		peer->recall = 0;
		return true;
	}
	if (!peer->room_due && !keepalive_due(peer))
		return false;
	*msg = (struct ramster_msg) {
		.type = peer->room_due ? RAMSTER_ROOM : RAMSTER_KEEPALIVE,
	};
	peer->room_due = false;
	return true;
}

static bool take_reply(struct ramster_peer *peer, struct ramster_outgoing *out)
{
	struct ramster_reply *reply;

	lockdep_assert_held(&peer->lock);
	reply = list_first_entry_or_null(&peer->replies, struct ramster_reply,
					 list);
	if (!reply)
		return false;
	list_del_init(&reply->list);
	out->msg = reply->msg;
	swap(out->page, reply->page);
	reply->busy = false;
	return true;
}

static void fill_slot(struct ramster_peer *peer, struct ramster_request *req)
{
	unsigned int i = find_first_zero_bit(peer->slots_busy, peer->own);
	struct ramster_slot *slot = &peer->slots[i];

	lockdep_assert_held(&peer->lock);
	__set_bit(i, peer->slots_busy);
	if (!peer->nr_busy++)
		peer->answered = jiffies;
	slot->req = req;
	slot->reply = ramster_wire_reply_to(req->msg.type);
	if (!++slot->generation)	/* 0 is none */
		slot->generation = 1;
	slot->said = false;
	req->msg.slot = i;
	req->msg.generation = slot->generation;
}

static void empty_slot(struct ramster_peer *peer, unsigned int i)
{
	lockdep_assert_held(&peer->lock);
	__clear_bit(i, peer->slots_busy);
	peer->nr_busy--;
}

static bool take_request(struct ramster_peer *peer,
			 struct ramster_outgoing *out)
{
	struct ramster_request *req = next_request(peer);

	if (!req)
		return false;
	fill_slot(peer, req);
	list_move_tail(&req->list, &peer->flying);
	peer->nr_waiting--;
	out->msg = req->msg;
	out->payload = req->payload;
	out->slot = &peer->slots[req->msg.slot];
	return true;
}

/* Is it certain that another message follows? A get may be given up. */
static bool more_follows(struct ramster_peer *peer)
{
	lockdep_assert_held(&peer->lock);
	return !list_empty(&peer->replies) ||
	       (peer->nr_busy < peer->own && !list_empty(&peer->queue));
}

static bool take_one(struct ramster_peer *peer, struct ramster_outgoing *out)
{
	lockdep_assert_held(&peer->lock);

	out->payload = NULL;
	out->slot = NULL;
	if (!take_notice(peer, &out->msg) && !take_reply(peer, out) &&
	    !take_request(peer, out))
		return false;
	peer->said = jiffies;
	return true;
}

static unsigned int take_some(struct ramster_peer *peer)
{
	unsigned int nr = 0;

	lockdep_assert_held(&peer->lock);
	while (may_send(peer) && nr < RAMSTER_TOGETHER &&
	       take_one(peer, &peer->outgoing[nr]))
		nr++;
	peer->nr_outgoing = nr;
	peer->more = more_follows(peer);
	return nr;
}

/**
 * ramster_take_outgoing() - become the sender, and find what is to be sent next
 * @peer: the peer
 * @go_on: the caller is the sender already, and has sent all that it took
 *
 * Replies go before requests: they are what programs on the other side wait for.
 *
 * Context: may sleep.
 * Return: true if there is something, and the caller is the sender, for which the
 * receiver waits before it gives up the socket; false if there is nothing, or nothing
 * is to be sent any more, or somebody else is the sender, who will find it.
 */
bool ramster_take_outgoing(struct ramster_peer *peer, bool go_on)
{
	bool took = false;

	spin_lock_irq(&peer->lock);
	WARN_ON_ONCE(go_on && !peer->sending);
	if (go_on || !peer->sending) {
		took = take_some(peer);
		peer->sending = took;
	}
	spin_unlock_irq(&peer->lock);
	if (go_on && !took)
		wake_up(&peer->wait);
	return took;
}

/**
 * ramster_take_unfinished() - become the sender in another one's place
 * @peer: the peer
 *
 * Context: the sender's thread.
 * Return: true if there is something left that it has prepared.
 */
bool ramster_take_unfinished(struct ramster_peer *peer)
{
	bool unfinished;

	spin_lock_irq(&peer->lock);
	unfinished = peer->unfinished;
	peer->unfinished = false;
	spin_unlock_irq(&peer->lock);
	return unfinished;
}

/**
 * ramster_leave_unfinished() - leave the rest to the sender's thread
 * @peer: the peer; the caller is the sender, and has something left
 *
 * Context: may sleep.
 */
void ramster_leave_unfinished(struct ramster_peer *peer)
{
	spin_lock_irq(&peer->lock);
	WARN_ON_ONCE(!peer->sending || peer->unfinished);
	peer->unfinished = true;
	spin_unlock_irq(&peer->lock);
	wake_up(&peer->send_wait);
}

/**
 * ramster_rest() - be the sender no more
 * @peer: the peer; the caller is, and has sent all that it took
 *
 * Context: may sleep.
 */
void ramster_rest(struct ramster_peer *peer)
{
	spin_lock_irq(&peer->lock);
	WARN_ON_ONCE(!peer->sending || peer->unfinished);
	peer->sending = false;
	spin_unlock_irq(&peer->lock);
	wake_up(&peer->wait);
	if (ramster_send_due(peer))
		wake_up(&peer->send_wait);
}

static void tell_room(struct ramster_peer *peer, struct ramster_msg *msg)
{
	struct ramster_cluster *cluster = peer->cluster;
	u64 room = min(cluster->ops->room(cluster), RAMSTER_MAX_FRAMES - 1);

	if (msg->type == RAMSTER_ROOM || room != peer->room_said) {
		msg->type = RAMSTER_ROOM;
		msg->frames = room;
		peer->room_said = room;
	}
}

/* All that it takes is here from now on. How long a payload is has not been checked. */
static void prepare(struct ramster_peer *peer, struct ramster_outgoing *out)
{
	struct ramster_msg *msg = &out->msg;

	if (msg->type == RAMSTER_ROOM || msg->type == RAMSTER_KEEPALIVE)
		tell_room(peer, msg);
	if (out->payload)
		memcpy(out->page, out->payload, msg->payload_len);
	msg->payload_crc = ramster_wire_crc(out->page,
					    min(msg->payload_len, PAGE_SIZE));
}

/* From now on a reply is one, to what is known to have been sent. */
static void requests_said(struct ramster_peer *peer)
{
	struct ramster_outgoing *out = peer->outgoing;
	unsigned int i;

	spin_lock_irq(&peer->lock);
	for (i = 0; i < peer->nr_outgoing; i++, out++) {
		if (!out->slot)
			continue;
		out->slot->said = true;
		if (out->slot->req)
			out->slot->req->msg.payload_crc = out->msg.payload_crc;
	}
	spin_unlock_irq(&peer->lock);
}

/* The request cannot be sent, so nobody can have answered it: it is not said yet. */
static void request_fails(struct ramster_peer *peer, struct ramster_outgoing *out)
{
	struct ramster_request *req;

	spin_lock_irq(&peer->lock);
	req = out->slot->req;
	if (req)
		take_off(peer, req);
	empty_slot(peer, out->msg.slot);
	out->slot = NULL;
	spin_unlock_irq(&peer->lock);
	if (req) {
		req->err = -ENOTCONN;
		req->done(req);
	}
}

/* For the wire. What whoever asked, or ops->serve(), has made may be no message. */
static bool encode(struct ramster_peer *peer, struct ramster_outgoing *out)
{
	struct ramster_msg *msg = &out->msg;

	if (!ramster_wire_encode(msg, out->head, sizeof(out->head)))
		return true;
	WARN_ON_ONCE(1);
	if (out->slot) {
		request_fails(peer, out);
		return false;
	}
	*msg = (struct ramster_msg) {
		.type = msg->type,
		.slot = msg->slot,
		.generation = msg->generation,
		.status = RAMSTER_FAILED,
	};
	return !ramster_wire_encode(msg, out->head, sizeof(out->head));
}

/**
 * ramster_prepare_outgoing() - make bytes of what ramster_take_outgoing() has found
 * @peer: the peer
 *
 * They are in @peer->rest then, and what is yet to be said is said by that: a reply to
 * it is one from now on.
 *
 * Context: the sender.
 */
void ramster_prepare_outgoing(struct ramster_peer *peer)
{
	struct kvec *vec = peer->vec;
	struct ramster_outgoing *out;
	unsigned int i, nr = 0;
	size_t bytes = 0;

	WARN_ON_ONCE(!READ_ONCE(peer->sending));
	for (i = 0; i < peer->nr_outgoing; i++) {
		out = &peer->outgoing[i];
		prepare(peer, out);
		if (!encode(peer, out))
			continue;
		vec[nr].iov_base = out->head;
		vec[nr++].iov_len = ramster_wire_head_size(out->msg.type);
		vec[nr].iov_base = out->page;
		vec[nr++].iov_len = out->msg.payload_len;
	}
	requests_said(peer);
	for (i = 0; i < nr; i++)
		bytes += vec[i].iov_len;
	iov_iter_kvec(&peer->rest, ITER_SOURCE, vec, nr, bytes);
}

/* The receiver */

/**
 * ramster_nothing_waits() - can what was heard do without the sender for a moment?
 * @peer: the peer
 *
 * Context: the receiver.
 * Return: false if a request of ours waits for a slot, which may be free by now.
 */
bool ramster_nothing_waits(struct ramster_peer *peer)
{
	bool nothing;

	spin_lock_irq(&peer->lock);
	nothing = !peer->nr_waiting;
	spin_unlock_irq(&peer->lock);
	return nothing;
}

/**
 * ramster_let_sender_go() - the sender may have something to do by now
 * @peer: the peer
 *
 * Most often it has not: after an answer that nothing else waited for. Who gives it
 * something later than this looks tells it so.
 *
 * Context: the receiver.
 */
void ramster_let_sender_go(struct ramster_peer *peer)
{
	peer->unsaid = 0;
	if (ramster_send_due(peer))
		wake_up(&peer->send_wait);
}

/* To wake it for each would make it send each in a packet of its own. */
static void sender_has_work(struct ramster_peer *peer, bool urgent)
{
	if (urgent) {
		peer->unsaid = 0;
		ramster_send_directly(peer);
	} else if (++peer->unsaid >= RAMSTER_TOGETHER) {
		ramster_let_sender_go(peer);
	}
}

/**
 * ramster_serve() - do what a peer asks for
 * @peer: the peer
 * @msg: its request; @peer->payload is its payload
 *
 * Context: the receiver.
 * Return: RAMSTER_WIRE_OK, or what is wrong with the request.
 */
enum ramster_wire_error ramster_serve(struct ramster_peer *peer,
				      const struct ramster_msg *msg)
{
	struct ramster_reply *reply = &peer->reply[msg->slot];
	enum ramster_type type = ramster_wire_reply_to(msg->type);
	bool busy;

	spin_lock_irq(&peer->lock);
	busy = reply->busy;
	reply->busy = true;
	spin_unlock_irq(&peer->lock);
	if (busy)
		return RAMSTER_WIRE_NO_CREDIT;

	reply->msg = (struct ramster_msg) {
		.type = type,
		.status = RAMSTER_FAILED,
	};
	peer->cluster->ops->serve(peer, msg, peer->payload, &reply->msg,
				  reply->page);
	WARN_ON_ONCE(reply->msg.type != type);
	reply->msg.type = type;
	reply->msg.slot = msg->slot;
	reply->msg.generation = msg->generation;

	spin_lock_irq(&peer->lock);
	list_add_tail(&reply->list, &peer->replies);
	spin_unlock_irq(&peer->lock);
	sender_has_work(peer, is_get(msg->type));
	return RAMSTER_WIRE_OK;
}

/* Which request is that, and is it one? *@found is NULL if it was given up. */
static enum ramster_wire_error find_request(struct ramster_peer *peer,
					    const struct ramster_msg *msg,
					    struct ramster_request **found)
{
	struct ramster_slot *slot = &peer->slots[msg->slot];

	lockdep_assert_held(&peer->lock);
	if (!test_bit(msg->slot, peer->slots_busy) || !slot->said ||
	    slot->generation != msg->generation)
		return RAMSTER_WIRE_NOT_ASKED;
	if (slot->reply != msg->type)
		return RAMSTER_WIRE_BAD_TYPE;
	*found = slot->req;
	return RAMSTER_WIRE_OK;
}

/**
 * ramster_answered() - take a reply of a peer
 * @peer: the peer
 * @msg: the reply; @peer->payload is its payload
 *
 * Context: the receiver.
 * Return: RAMSTER_WIRE_OK, or what is wrong with the reply.
 */
enum ramster_wire_error ramster_answered(struct ramster_peer *peer,
					 const struct ramster_msg *msg)
{
	struct ramster_request *req = NULL;
	enum ramster_wire_error error;

	spin_lock_irq(&peer->lock);
	error = find_request(peer, msg, &req);
	if (!error) {
		if (req)
			take_off(peer, req);
		empty_slot(peer, msg->slot);
		peer->answered = jiffies;
	}
	spin_unlock_irq(&peer->lock);
	if (error)
		return error;

	sender_has_work(peer, false);
	if (req) {
		/* It may have been given up, but waits for done() then. */
		if (msg->payload_len)
			memcpy(req->buf, peer->payload, msg->payload_len);
		req->reply = *msg;
		req->done(req);
	}
	return RAMSTER_WIRE_OK;
}

static struct ramster_request *first_request(struct ramster_peer *peer)
{
	lockdep_assert_held(&peer->lock);
	return list_first_entry_or_null(&peer->flying, struct ramster_request, list) ?:
	       list_first_entry_or_null(&peer->urgent, struct ramster_request, list) ?:
	       list_first_entry_or_null(&peer->queue, struct ramster_request, list);
}

/* Nobody knows any more what either side was asked. */
static void forget(struct ramster_peer *peer)
{
	struct ramster_reply *reply, *next;
	unsigned int i;

	lockdep_assert_held(&peer->lock);
	list_for_each_entry_safe(reply, next, &peer->replies, list)
		list_del_init(&reply->list);
	for (i = 0; i < peer->cluster->hello.slots; i++)
		peer->reply[i].busy = false;
	bitmap_zero(peer->slots_busy, RAMSTER_MAX_SLOTS);
	peer->nr_busy = 0;
	peer->recall = 0;
}

/**
 * ramster_requests_fail() - the connection is gone: complete all requests
 * @peer: the peer; is not open, and the sender does nothing
 *
 * Those that were sent come first, each kind in its order.
 *
 * Context: the receiver.
 */
void ramster_requests_fail(struct ramster_peer *peer)
{
	struct ramster_request *req;

	for (;;) {
		spin_lock_irq(&peer->lock);
		req = first_request(peer);
		if (req)
			take_off(peer, req);
		else
			forget(peer);
		spin_unlock_irq(&peer->lock);
		if (!req)
			return;
		req->err = -ENOTCONN;
		req->done(req);
	}
}
