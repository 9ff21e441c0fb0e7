// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: what goes out to a peer: who sends it, when, and in which order.
 *
 * Whoever has set @sending is the sender, with the peer's lock: he takes some messages,
 * prepares them without the lock, and sends them. Mostly that is the sender's thread,
 * which does all that nobody waits for. See peer.h for why it may be another.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/sched/mm.h>
#include <linux/string.h>

#include "peer.h"

/* What there is to be sent */

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

static bool take_request(struct ramster_peer *peer,
			 struct ramster_outgoing *out)
{
	struct ramster_request *req = ramster_slot_next(peer);

	if (!req)
		return false;
	out->slot = ramster_slot_fill(peer, req);
	out->msg = req->msg;
	out->payload = req->payload;
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
static void prepare_one(struct ramster_peer *peer, struct ramster_outgoing *out)
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
	req = ramster_slot_empty(peer, out->msg.slot);
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

/*
 * Make bytes of what was taken. They are in peer->rest then, and requests are said by
 * that: a reply to one of them is one from now on.
 */
static void prepare_outgoing(struct ramster_peer *peer)
{
	struct kvec *vec = peer->vec;
	struct ramster_outgoing *out;
	unsigned int i, nr = 0;
	size_t bytes = 0;

	WARN_ON_ONCE(!READ_ONCE(peer->sending));
	for (i = 0; i < peer->nr_outgoing; i++) {
		out = &peer->outgoing[i];
		prepare_one(peer, out);
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

/* Who sends */

/* Is there something to be sent, and nobody at it? */
static bool send_due(struct ramster_peer *peer)
{
	bool due;

	spin_lock_irq(&peer->lock);
	due = peer->unfinished ||
	      (!peer->sending && may_send(peer) &&
	       (peer->recall || peer->room_due || keepalive_due(peer) ||
		!list_empty(&peer->replies) || ramster_slot_next(peer)));
	spin_unlock_irq(&peer->lock);
	return due;
}

/*
 * Become the sender, or, to go on, stay it when all is sent that was taken; and take
 * what is to be sent next. No, if there is nothing, or nothing is to be sent any more, or
 * somebody else is the sender, who will find it. The receiver waits for whoever is the
 * sender before it gives up the socket.
 */
static bool take_outgoing(struct ramster_peer *peer, bool go_on)
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

/* Become the sender in another one's place, if that has left something prepared. */
static bool take_unfinished(struct ramster_peer *peer)
{
	bool unfinished;

	spin_lock_irq(&peer->lock);
	unfinished = peer->unfinished;
	peer->unfinished = false;
	spin_unlock_irq(&peer->lock);
	return unfinished;
}

/* Leave the rest to the sender's thread. */
static void leave_unfinished(struct ramster_peer *peer)
{
	spin_lock_irq(&peer->lock);
	WARN_ON_ONCE(!peer->sending || peer->unfinished);
	peer->unfinished = true;
	spin_unlock_irq(&peer->lock);
	wake_up(&peer->send_wait);
}

/* Be the sender no more, when all is sent that was taken. */
static void rest(struct ramster_peer *peer)
{
	spin_lock_irq(&peer->lock);
	WARN_ON_ONCE(!peer->sending || peer->unfinished);
	peer->sending = false;
	spin_unlock_irq(&peer->lock);
	wake_up(&peer->wait);
	ramster_send_due(peer);
}

/*
 * Nothing can be sent any more. The receiver finds out when it has heard all
 * that was said: it may be why.
 */
static void fall_silent(struct ramster_peer *peer, int err)
{
	spin_lock_irq(&peer->lock);
	peer->mute = err;
	spin_unlock_irq(&peer->lock);
	kernel_sock_shutdown(peer->sock, SHUT_RDWR);
}

/* While somebody is the sender, the receiver keeps the socket. */
static int send_prepared(struct ramster_peer *peer, int flags)
{
	int err;

	err = ramster_sock_send(peer->sock, &peer->rest,
				flags | (peer->more ? MSG_MORE : 0));
	if (err && !(err == -EAGAIN && flags & MSG_DONTWAIT))
		fall_silent(peer, err);
	return err;
}

/* The thread */

/* MAX_SCHEDULE_TIMEOUT: there is nobody to be told that we live. */
static long until_keepalive(struct ramster_peer *peer)
{
	unsigned int ms = peer->cluster->times.keepalive_ms;
	long left = MAX_SCHEDULE_TIMEOUT;

	spin_lock_irq(&peer->lock);
	if (peer->open && !peer->ending && !peer->mute) {
		left = peer->said + msecs_to_jiffies(ms) - jiffies;
		left = max(left, 1L);
	}
	spin_unlock_irq(&peer->lock);
	return left;
}

/* It may be there, as far as its sender goes, and yet not do anything any more. */
static bool answer_overdue(struct ramster_peer *peer)
{
	unsigned int ms = peer->cluster->times.dead_ms;
	bool overdue;

	spin_lock_irq(&peer->lock);
	overdue = peer->open && peer->nr_busy &&
		  time_after(jiffies, peer->answered + msecs_to_jiffies(ms));
	spin_unlock_irq(&peer->lock);
	return overdue;
}

static void send_what_there_is(struct ramster_peer *peer)
{
	bool unfinished = take_unfinished(peer);

	if (!unfinished && !take_outgoing(peer, false))
		return;
	do {
		if (!unfinished)
			prepare_outgoing(peer);
		unfinished = false;
		send_prepared(peer, 0);
	} while (take_outgoing(peer, true));
}

/*
 * @left: how long it would sleep. When the peer comes up somebody else may send what the
 * thread was woken for, and it must not go on to sleep for ever.
 */
static bool has_to_wake(struct ramster_peer *peer, long left)
{
	return send_due(peer) || kthread_should_stop() ||
	       (left == MAX_SCHEDULE_TIMEOUT && until_keepalive(peer) != left);
}

static int sender(void *arg)
{
	struct ramster_peer *peer = arg;
	unsigned int noio = memalloc_noio_save();
	long left;

	while (!kthread_should_stop()) {
		left = until_keepalive(peer);
		wait_event_interruptible_timeout(peer->send_wait,
						 has_to_wake(peer, left), left);
		if (answer_overdue(peer))
			ramster_peer_end(peer, RAMSTER_SILENCE,
					 "no answer for too long");
		send_what_there_is(peer);
	}
	memalloc_noio_restore(noio);
	return 0;
}

static void soon(struct timer_list *timer)
{
	struct ramster_peer *peer = from_timer(peer, timer, soon);
	unsigned long flags;
	bool waits;

	/*
	 * With the lock: whose request is not seen here must see that the timer is not
	 * pending any more, or nobody would send it.
	 */
	spin_lock_irqsave(&peer->lock, flags);
	waits = peer->nr_waiting;
	spin_unlock_irqrestore(&peer->lock, flags);
	if (waits)
		ramster_send_now(peer);
}

/* What others want of it */

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

/**
 * ramster_send_directly() - send what there is without waking the sender for it
 * @peer: the peer, which the caller keeps, as whoever calls ramster_call() does
 *
 * If somebody is sending already, that one does it, and else the caller sends some
 * messages. The sender's thread goes on if there are more, or if they cannot be sent
 * at once.
 *
 * Context: may sleep, but does not wait for the other side.
 */
void ramster_send_directly(struct ramster_peer *peer)
{
	unsigned int noio;

	if (!take_outgoing(peer, false))
		return;
	noio = memalloc_noio_save();
	prepare_outgoing(peer);
	if (send_prepared(peer, MSG_DONTWAIT) == -EAGAIN)
		leave_unfinished(peer);
	else
		rest(peer);
	memalloc_noio_restore(noio);
}

/**
 * ramster_send_due() - let the thread send what there is, if there is anything
 * @peer: the peer
 *
 * For who may have made something possible, but most often has not, as an answer that
 * nothing else waited for. Who gives it something later than this looks tells it so.
 *
 * Context: may sleep.
 */
void ramster_send_due(struct ramster_peer *peer)
{
	if (send_due(peer))
		wake_up(&peer->send_wait);
}

/* Life */

/**
 * ramster_sender_init() - make the thread that sends, which does not run yet
 * @peer: a new peer
 *
 * Context: may sleep.
 * Return: 0 or an error; ramster_sender_exit() is for either.
 */
int ramster_sender_init(struct ramster_peer *peer)
{
	struct task_struct *task;

	init_waitqueue_head(&peer->send_wait);
	timer_setup(&peer->soon, soon, 0);
	task = kthread_create(sender, peer, "ramster_tx/%u", peer->num);
	if (IS_ERR(task))
		return PTR_ERR(task);
	peer->sender = task;
	return 0;
}

/**
 * ramster_sender_exit() - undo ramster_sender_init()
 * @peer: its receiver does not run any more, so nobody is the sender but the thread
 *
 * Context: may sleep.
 */
void ramster_sender_exit(struct ramster_peer *peer)
{
	if (peer->sender)
		kthread_stop(peer->sender);
	timer_shutdown_sync(&peer->soon);
}
