// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: requests to a peer, from the caller and back to it, and the peer's
 * requests to us. Where they are meanwhile is slot.c's, how they get on the wire
 * sender.c's.
 */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
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
	if (open)
		ramster_slot_wait(peer, req, is_get(req->msg.type));
	spin_unlock_irqrestore(&peer->lock, flags);
	if (!open)
		return -ENOTCONN;
	if (!later)
		ramster_send_now(peer);
	return 0;
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
		ramster_slot_leave(peer, req);
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
 * ramster_let_sender_go() - tell the sender's thread of what was heard
 * @peer: the peer
 *
 * Context: the receiver.
 */
void ramster_let_sender_go(struct ramster_peer *peer)
{
	peer->unsaid = 0;
	ramster_send_due(peer);
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
	error = ramster_slot_check(peer, msg);
	if (!error) {
		req = ramster_slot_empty(peer, msg->slot);
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
	ramster_slots_forget(peer);
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
		req = ramster_slot_first(peer);
		if (req)
			ramster_slot_leave(peer, req);
		else
			forget(peer);
		spin_unlock_irq(&peer->lock);
		if (!req)
			return;
		req->err = -ENOTCONN;
		req->done(req);
	}
}
