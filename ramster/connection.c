// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: the connection to another node, which is what a peer's receiver is
 * busy with. See peer.h for how the threads divide the work, what protects what,
 * and how a connection ends.
 *
 *		called		calls
 *   DOWN	waits for ...	waits a little
 *   CONNECTING	says HELLO_ACK	connects, says HELLO, hears HELLO_ACK
 *   UP		hears messages, until something goes wrong
 *
 * Whoever is called has heard HELLO before: cluster.c listens to callers until
 * they have said who they are.
 */
#define pr_fmt(fmt) "ramster: " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/string.h>

#include "peer.h"

/* How long the sender gets to finish a message, so that goodbye can be said. */
#define FINISH_MS	200

static void set_state(struct ramster_peer *peer, enum ramster_peer_state state)
{
	spin_lock_irq(&peer->lock);
	WRITE_ONCE(peer->state, state);
	spin_unlock_irq(&peer->lock);
}

/* How it ends */

/**
 * ramster_peer_end_locked() - end the connection, if there is one
 * @peer: the peer
 * @goodbye: what to tell it; RAMSTER_NO_REASON: nothing
 * @why: for people
 *
 * Does not wait until it has ended.
 *
 * Context: may sleep; with the peer's sock_lock.
 */
void ramster_peer_end_locked(struct ramster_peer *peer,
			     enum ramster_reason goodbye, const char *why)
{
	lockdep_assert_held(&peer->sock_lock);

	if (!peer->sock)
		return;
	spin_lock_irq(&peer->lock);
	if (!peer->ending) {
		WRITE_ONCE(peer->ending, true);
		peer->goodbye = goodbye;
		strscpy(peer->why, why);
	}
	spin_unlock_irq(&peer->lock);
	kernel_sock_shutdown(peer->sock, SHUT_RD);
}

/**
 * ramster_peer_end() - end the connection, if there is one
 * @peer: the peer
 * @goodbye: what to tell it; RAMSTER_NO_REASON: nothing
 * @why: for people
 *
 * Does not wait until it has ended.
 *
 * Context: may sleep. Not with a lock that done() or ops want.
 */
void ramster_peer_end(struct ramster_peer *peer, enum ramster_reason goodbye,
		      const char *why, ...)
{
	char text[RAMSTER_ERROR_SIZE];
	va_list args;

	va_start(args, why);
	vscnprintf(text, sizeof(text), why, args);
	va_end(args);
	mutex_lock(&peer->sock_lock);
	ramster_peer_end_locked(peer, goodbye, text);
	mutex_unlock(&peer->sock_lock);
}

/* How it begins */

/*
 * Make a socket the peer's, unless it shall have none any more. From here on
 * ramster_peer_end() finds it.
 */
static bool attach(struct ramster_peer *peer, struct socket *sock)
{
	bool attached;

	mutex_lock(&peer->sock_lock);
	attached = !peer->stopping;
	if (attached) {
		peer->sock = sock;
		if (READ_ONCE(peer->cluster->memalloc))
			ramster_sock_memalloc(sock, true);
		spin_lock_irq(&peer->lock);
		WRITE_ONCE(peer->ending, false);
		peer->goodbye = RAMSTER_NO_REASON;
		peer->mute = 0;
		spin_unlock_irq(&peer->lock);
	}
	mutex_unlock(&peer->sock_lock);
	WRITE_ONCE(peer->heard, jiffies);
	peer->until = jiffies + msecs_to_jiffies(peer->cluster->times.connect_ms);
	return attached;
}

/* A socket that is shut down already must not be connected. */
static int try_connect(struct ramster_peer *peer)
{
	int err = -ECANCELED;

	mutex_lock(&peer->sock_lock);
	if (!peer->ending)
		err = ramster_sock_connect(peer->sock, &peer->addr);
	mutex_unlock(&peer->sock_lock);
	return err;
}

static bool dial(struct ramster_peer *peer)
{
	struct socket *sock;
	int err;

	err = ramster_sock_create(&peer->addr, peer->cluster->times.dead_ms,
				  &sock);
	if (err) {
		ramster_peer_set_error(peer, "no socket");
		return false;
	}
	if (!attach(peer, sock)) {
		ramster_sock_close(sock);
		return false;
	}
	set_state(peer, RAMSTER_PEER_CONNECTING);
	err = try_connect(peer);
	if (err == -EINPROGRESS) {
		ramster_sock_wait_connected(sock, peer->until);
		err = try_connect(peer);
	}
	if (err == -EALREADY)
		err = -ETIMEDOUT;
	if (err)
		ramster_peer_end(peer, RAMSTER_NO_REASON,
				 "cannot be reached: %pe", ERR_PTR(err));
	return !err;
}

static void say_hello(struct ramster_peer *peer, enum ramster_type type)
{
	struct ramster_msg msg = {
		.type = type,
		.hello = peer->cluster->hello,
	};
	int err;

	msg.hello.to = peer->num;
	err = ramster_sock_say(peer->sock, &msg, 0);
	if (err)
		ramster_peer_end(peer, RAMSTER_NO_REASON,
				 "no hello could be said: %pe", ERR_PTR(err));
}

/* Messages come in */

/* How long to wait for more: to the end of all patience, or of silence. */
static long patience(struct ramster_peer *peer)
{
	long left = peer->until - jiffies;

	if (peer->rules.phase != RAMSTER_UP)
		return max(left, 1L);
	return msecs_to_jiffies(peer->cluster->times.dead_ms);
}

/*
 * What came together is answered together, and as packets come one by one, the replies
 * that no program waits for do so for a tick. But before it waits for longer, the receiver
 * lets the sender go.
 */
static int hear_some(struct ramster_peer *peer, void *buf, size_t len)
{
	int ret;

	if (peer->unsaid) {
		ret = ramster_sock_hear(peer->sock, buf, len,
					ramster_nothing_waits(peer) ? 1 : 0);
		if (ret != -EAGAIN)
			return ret;
		ramster_let_sender_go(peer);
	}
	return ramster_sock_hear(peer->sock, buf, len, patience(peer));
}

/* Have so many bytes of the next message there; the others may move. */
static int receive(struct ramster_peer *peer, size_t len)
{
	struct ramster_incoming *in = &peer->incoming;
	u8 *end;
	int ret;

	if (in->at + len > RAMSTER_INCOMING) {
		memmove(in->buf, in->buf + in->at, in->have);
		in->at = 0;
	}
	while (in->have < len) {
		end = in->buf + in->at + in->have;
		ret = hear_some(peer, end, in->buf + RAMSTER_INCOMING - end);
		if (READ_ONCE(peer->ending))
			return -ECANCELED;
		if (ret <= 0)
			return ret ?: -EPIPE;
		in->have += ret;
		WRITE_ONCE(peer->heard, jiffies);
		if (in->have < len && peer->rules.phase != RAMSTER_UP &&
		    time_after_eq(jiffies, peer->until))
			return -EAGAIN;
	}
	return 0;
}

/* So many bytes have been looked at, or will be before the next message is received. */
static void consume(struct ramster_incoming *in, size_t len)
{
	in->have -= len;
	in->at = in->have ? in->at + len : 0;
}

/*
 * The next message, as far as it can be judged without asking who is concerned.
 * Returns an error of the connection (< 0) or of the message (> 0).
 */
static int receive_msg(struct ramster_peer *peer, struct ramster_msg *msg)
{
	const size_t header = sizeof(struct ramster_wire_header);
	struct ramster_incoming *in = &peer->incoming;
	size_t size, all;
	int err;

	static_assert(RAMSTER_WIRE_MAX_HEAD + PAGE_SIZE <= RAMSTER_INCOMING);
	err = receive(peer, header);
	err = err ?: ramster_wire_decode_header(in->buf + in->at, header, msg);
	err = err ?: ramster_wire_check_rules(msg, &peer->rules);
	if (err)
		return err;
	size = ramster_wire_head_size(msg->type);
	err = receive(peer, size);
	err = err ?: ramster_wire_decode_body(in->buf + in->at, size, msg);
	if (err)
		return err;
	all = size + msg->payload_len;
	err = receive(peer, all);
	if (err)
		return err;
	peer->payload = in->buf + in->at + size;
	consume(in, all);
	return ramster_wire_check_payload(msg, peer->payload, msg->payload_len);
}

static void bad_message(struct ramster_peer *peer,
			enum ramster_wire_error error)
{
	const char *name = ramster_wire_error_name(error);

	spin_lock_irq(&peer->lock);
	peer->bad_messages++;
	spin_unlock_irq(&peer->lock);
	pr_warn_ratelimited("cluster %s: message of node %u not understood: %s\n",
			    peer->cluster->name, peer->num, name);
	ramster_peer_end(peer, RAMSTER_BAD_MESSAGE, "bad message: %s", name);
}

/* Receiving has failed: what does that mean? */
static void end_by(struct ramster_peer *peer, int err)
{
	if (err > 0)
		bad_message(peer, err);
	else if (err == -EAGAIN)
		ramster_peer_end(peer, RAMSTER_SILENCE, "silence for too long");
	else if (err == -EPIPE && READ_ONCE(peer->mute))
		ramster_peer_end(peer, RAMSTER_NO_REASON,
				 "nothing can be sent: %pe", ERR_PTR(peer->mute));
	else if (err == -EPIPE)
		ramster_peer_end(peer, RAMSTER_NO_REASON, "it has hung up");
	else
		ramster_peer_end(peer, RAMSTER_NO_REASON,
				 "the connection has failed: %pe", ERR_PTR(err));
}

static void hear_goodbye(struct ramster_peer *peer, const struct ramster_msg *msg)
{
	peer->left = msg->reason == RAMSTER_LEAVING;
	ramster_peer_end(peer, RAMSTER_NO_REASON, "it has said goodbye: %s",
			 ramster_wire_reason_name(msg->reason));
}

static void offered(struct ramster_peer *peer, u64 frames)
{
	spin_lock_irq(&peer->lock);
	peer->room = frames;
	spin_unlock_irq(&peer->lock);
	peer->cluster->ops->offered(peer, frames);
}

static enum ramster_wire_error handle(struct ramster_peer *peer,
				      const struct ramster_msg *msg)
{
	switch (msg->type) {
	case RAMSTER_GOODBYE:
		hear_goodbye(peer, msg);
		return RAMSTER_WIRE_OK;
	case RAMSTER_KEEPALIVE:
		return RAMSTER_WIRE_OK;
	case RAMSTER_ROOM:
		offered(peer, msg->frames);
		return RAMSTER_WIRE_OK;
	case RAMSTER_RECALL:
		peer->cluster->ops->recall(peer, msg->frames);
		return RAMSTER_WIRE_OK;
	case RAMSTER_ACK:
	case RAMSTER_DATA:
		return ramster_answered(peer, msg);
	default:
		return ramster_serve(peer, msg);
	}
}

static void hear(struct ramster_peer *peer)
{
	struct ramster_msg msg;
	int err;

	while (!READ_ONCE(peer->ending)) {
		err = receive_msg(peer, &msg);
		err = err ?: handle(peer, &msg);
		if (err)
			end_by(peer, err);
	}
}

/* Who is it that was called? */
static void hear_hello_ack(struct ramster_peer *peer,
			   struct ramster_hello *theirs)
{
	struct ramster_hello own = peer->cluster->hello;
	enum ramster_reason refusal;
	struct ramster_msg msg;
	int err;

	own.to = peer->num;
	err = receive_msg(peer, &msg);
	if (err) {
		end_by(peer, err);
	} else if (msg.type == RAMSTER_GOODBYE) {
		hear_goodbye(peer, &msg);
	} else {
		*theirs = msg.hello;
		refusal = ramster_wire_refusal(&own, theirs);
		if (refusal)
			ramster_peer_end(peer, refusal, "refused: %s",
					 ramster_wire_reason_name(refusal));
	}
}

/* A connection, from hello to the end */

/* Returns whether it has started anew since it was here last. */
static bool open_up(struct ramster_peer *peer,
		    const struct ramster_hello *theirs)
{
	bool forgot;

	peer->rules.phase = RAMSTER_UP;
	peer->rules.own = theirs->slots;
	peer->backoff = RAMSTER_BACKOFF_MIN;
	spin_lock_irq(&peer->lock);
	forgot = !peer->known || !uuid_equal(&peer->boot, &theirs->boot);
	peer->known = true;
	peer->boot = theirs->boot;
	peer->own = theirs->slots;
	peer->ups++;
	peer->said = jiffies;
	peer->room_due = true;
	peer->open = true;
	spin_unlock_irq(&peer->lock);
	wake_up(&peer->send_wait);
	return forgot;
}

static bool sender_rests(struct ramster_peer *peer)
{
	bool rests;

	spin_lock_irq(&peer->lock);
	rests = !peer->sending;
	spin_unlock_irq(&peer->lock);
	return rests;
}

/* The sender takes nothing more. Has it finished in time? */
static bool close_up(struct ramster_peer *peer)
{
	spin_lock_irq(&peer->lock);
	peer->open = false;
	WRITE_ONCE(peer->state, RAMSTER_PEER_DOWN);
	peer->room = 0;
	spin_unlock_irq(&peer->lock);
	return wait_event_timeout(peer->wait, sender_rests(peer),
				  msecs_to_jiffies(FINISH_MS));
}

/* After this there is no connection, and nothing is left of it. */
static void hang_up(struct ramster_peer *peer)
{
	struct socket *sock = peer->sock;
	char why[RAMSTER_ERROR_SIZE];
	enum ramster_reason goodbye;
	bool finished;

	finished = close_up(peer);
	spin_lock_irq(&peer->lock);
	goodbye = peer->goodbye;
	strscpy(why, peer->why);
	spin_unlock_irq(&peer->lock);
	if (finished)
		ramster_sock_goodbye(sock, goodbye);
	kernel_sock_shutdown(sock, SHUT_RDWR);
	wait_event(peer->wait, sender_rests(peer));

	mutex_lock(&peer->sock_lock);
	peer->sock = NULL;
	mutex_unlock(&peer->sock_lock);
	ramster_sock_close(sock);
	ramster_requests_fail(peer);
	if (peer->rules.phase != RAMSTER_UP && goodbye != RAMSTER_LEAVING)
		ramster_peer_set_error(peer, why);
}

static void stay_up(struct ramster_peer *peer,
		    const struct ramster_hello *theirs)
{
	struct ramster_cluster *cluster = peer->cluster;
	bool forgot = open_up(peer, theirs);
	char why[RAMSTER_ERROR_SIZE];

	pr_info("cluster %s: node %u is up%s\n", cluster->name, peer->num,
		forgot ? "" : " again");
	cluster->ops->up(peer, forgot);
	set_state(peer, RAMSTER_PEER_UP);
	hear(peer);

	spin_lock_irq(&peer->lock);
	strscpy(peer->last_error, peer->why);
	strscpy(why, peer->why);
	spin_unlock_irq(&peer->lock);
	pr_info("cluster %s: node %u is down: %s\n", cluster->name, peer->num,
		why);
	hang_up(peer);
	cluster->ops->down(peer, peer->left);
}

static void begin(struct ramster_peer *peer, enum ramster_phase phase)
{
	peer->left = false;
	peer->unsaid = 0;
	peer->incoming.at = 0;
	peer->incoming.have = 0;
	peer->rules = (struct ramster_rules) {
		.phase = phase,
		.granted = peer->cluster->hello.slots,
	};
}

static void call(struct ramster_peer *peer)
{
	struct ramster_hello theirs = { };

	begin(peer, RAMSTER_AWAITS_ACK);
	if (!dial(peer)) {
		if (peer->sock)
			hang_up(peer);
		return;
	}
	say_hello(peer, RAMSTER_HELLO);
	if (!READ_ONCE(peer->ending))
		hear_hello_ack(peer, &theirs);
	if (READ_ONCE(peer->ending))
		hang_up(peer);
	else
		stay_up(peer, &theirs);
}

static void call_back_later(struct ramster_peer *peer)
{
	unsigned int ms = peer->backoff;

	/* Not all at the same time, when a node comes back to a large cluster. */
	ms = ms * 3 / 4 + get_random_u32_below(ms / 2);
	peer->backoff = min(2 * peer->backoff, RAMSTER_BACKOFF_MAX);
	wait_event_interruptible_timeout(peer->wait,
					 READ_ONCE(peer->kicked) ||
					 kthread_should_stop(),
					 msecs_to_jiffies(ms));
	if (READ_ONCE(peer->kicked)) {
		WRITE_ONCE(peer->kicked, false);
		peer->backoff = RAMSTER_BACKOFF_MIN;
	}
}

static bool take_call(struct ramster_peer *peer, struct ramster_call *call)
{
	spin_lock_irq(&peer->lock);
	*call = peer->call;
	peer->call.sock = NULL;
	spin_unlock_irq(&peer->lock);
	return call->sock;
}

static void answer(struct ramster_peer *peer)
{
	struct ramster_call call;

	wait_event_interruptible(peer->wait, READ_ONCE(peer->call.sock) ||
				 kthread_should_stop());
	if (!take_call(peer, &call))
		return;
	begin(peer, RAMSTER_AWAITS_HELLO);
	if (!ramster_sock_alive(call.sock) || !attach(peer, call.sock)) {
		ramster_sock_close(call.sock);
		return;
	}
	set_state(peer, RAMSTER_PEER_CONNECTING);
	say_hello(peer, RAMSTER_HELLO_ACK);
	if (READ_ONCE(peer->ending))
		hang_up(peer);
	else
		stay_up(peer, &call.hello);
}

/**
 * ramster_receiver() - what a peer's receiver does
 * @arg: the peer
 *
 * Return: 0, when kthread_stop() is called.
 */
int ramster_receiver(void *arg)
{
	struct ramster_peer *peer = arg;
	bool calls = peer->num < peer->cluster->hello.from;
	unsigned int noio = memalloc_noio_save();

	while (!kthread_should_stop()) {
		if (calls) {
			call(peer);
			call_back_later(peer);
		} else {
			answer(peer);
		}
	}
	memalloc_noio_restore(noio);
	return 0;
}
