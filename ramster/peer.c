// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: another node, as it is seen from outside; its life. See peer.h for how
 * its threads divide the work and what protects what.
 */
#define pr_fmt(fmt) "ramster: " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "peer.h"

/* What others see */

/**
 * ramster_peer_num() - which node is it?
 * @peer: the peer
 *
 * Return: its number.
 */
unsigned int ramster_peer_num(const struct ramster_peer *peer)
{
	return peer->num;
}

/**
 * ramster_peer_cluster() - whose peer is it?
 * @peer: the peer
 *
 * Return: the cluster.
 */
struct ramster_cluster *ramster_peer_cluster(const struct ramster_peer *peer)
{
	return peer->cluster;
}

/**
 * ramster_peer_up() - is the peer there?
 * @peer: the peer
 *
 * Context: any.
 * Return: true from when ops->up() has returned until the connection ends.
 */
bool ramster_peer_up(const struct ramster_peer *peer)
{
	return READ_ONCE(peer->state) == RAMSTER_PEER_UP;
}

/**
 * ramster_peer_info() - tell all that can be told of a peer
 * @peer: the peer
 * @info: where to
 *
 * Context: any.
 */
void ramster_peer_info(struct ramster_peer *peer,
		       struct ramster_peer_info *info)
{
	unsigned long flags;

	spin_lock_irqsave(&peer->lock, flags);
	*info = (struct ramster_peer_info) {
		.state = peer->state,
		.in_flight = peer->nr_busy,
		.waiting = peer->nr_waiting,
		.room = peer->room,
		.ups = peer->ups,
		.bad_messages = peer->bad_messages,
	};
	strscpy(info->last_error, peer->last_error);
	spin_unlock_irqrestore(&peer->lock, flags);
}

/**
 * ramster_peer_reset() - end the connection, and make it anew
 * @peer: the peer
 * @why: for people
 *
 * Does not wait for either. If there is no connection, try again at once.
 *
 * Context: may sleep; ops and done() may call it.
 */
void ramster_peer_reset(struct ramster_peer *peer, const char *why)
{
	mutex_lock(&peer->sock_lock);
	if (peer->sock)
		ramster_peer_end_locked(peer, RAMSTER_NO_REASON, why);
	else
		WRITE_ONCE(peer->kicked, true);
	mutex_unlock(&peer->sock_lock);
	wake_up(&peer->wait);
}

/**
 * ramster_peer_recall() - ask a peer to take pages home
 * @peer: the peer
 * @frames: so many page frames' worth; adds to what it was asked before. If it
 *	is not up, nothing is asked
 *
 * Context: any.
 */
void ramster_peer_recall(struct ramster_peer *peer, u64 frames)
{
	unsigned long flags;

	spin_lock_irqsave(&peer->lock, flags);
	if (peer->open)
		peer->recall = min(peer->recall + min(frames, RAMSTER_MAX_FRAMES),
				   RAMSTER_MAX_FRAMES - 1);
	spin_unlock_irqrestore(&peer->lock, flags);
	wake_up(&peer->send_wait);
}

/**
 * ramster_peer_room_changed() - tell the peer how much can be lent
 * @peer: the peer
 *
 * Context: any.
 */
void ramster_peer_room_changed(struct ramster_peer *peer)
{
	unsigned long flags;

	spin_lock_irqsave(&peer->lock, flags);
	peer->room_due = true;
	spin_unlock_irqrestore(&peer->lock, flags);
	wake_up(&peer->send_wait);
}

/**
 * ramster_peer_memalloc() - the cluster's @memalloc has changed
 * @peer: the peer
 *
 * Context: may sleep; with the cluster's memalloc_lock.
 */
void ramster_peer_memalloc(struct ramster_peer *peer)
{
	lockdep_assert_held(&peer->cluster->memalloc_lock);

	mutex_lock(&peer->sock_lock);
	if (peer->sock)
		ramster_sock_memalloc(peer->sock, peer->cluster->memalloc);
	mutex_unlock(&peer->sock_lock);
}

/* It calls */

/* Whether we have anything better to do than to speak with a peer that calls. */
static bool must_answer(struct ramster_peer *peer,
			const struct ramster_hello *hello)
{
	unsigned int ms = peer->cluster->times.keepalive_ms;
	unsigned long heard = READ_ONCE(peer->heard);

	lockdep_assert_held(&peer->sock_lock);
	if (!peer->sock || !ramster_sock_alive(peer->sock))
		return true;
	return !uuid_equal(&peer->boot, &hello->boot) ||
	       time_after(jiffies, heard + msecs_to_jiffies(2 * ms));
}

/**
 * ramster_peer_answer() - the peer has called
 * @peer: the peer
 * @sock: the socket on which it has; ours if it is answered
 * @hello: what it has said; is known to be right
 *
 * If there is a connection, it is taken for dead if the peer has started anew
 * or has been silent: it would not call otherwise. If it has not, two machines
 * may have the same number, and the first one stays.
 *
 * Context: may sleep.
 * Return: RAMSTER_NO_REASON, or why it is not answered.
 */
enum ramster_reason ramster_peer_answer(struct ramster_peer *peer,
					struct socket *sock,
					const struct ramster_hello *hello)
{
	struct socket *previous = NULL;
	bool answered;

	mutex_lock(&peer->sock_lock);
	spin_lock_irq(&peer->lock);
	answered = must_answer(peer, hello);
	if (answered) {
		previous = peer->call.sock;
		peer->call.hello = *hello;
		WRITE_ONCE(peer->call.sock, sock);
	}
	spin_unlock_irq(&peer->lock);
	if (answered)
		ramster_peer_end_locked(peer, RAMSTER_CONNECTED_ALREADY,
					"it has called again");
	mutex_unlock(&peer->sock_lock);
	if (!answered)
		return RAMSTER_CONNECTED_ALREADY;
	if (previous)
		ramster_sock_close(previous);
	wake_up(&peer->wait);
	return RAMSTER_NO_REASON;
}

/**
 * ramster_peer_set_error() - note why there is no connection
 * @peer: the peer
 * @text: for people, who are told if it is something new
 *
 * Context: any.
 */
void ramster_peer_set_error(struct ramster_peer *peer, const char *text)
{
	unsigned long flags;
	bool new;

	spin_lock_irqsave(&peer->lock, flags);
	new = strcmp(peer->last_error, text);
	strscpy(peer->last_error, text);
	spin_unlock_irqrestore(&peer->lock, flags);
	if (new && net_ratelimit())
		pr_info("cluster %s: no connection to node %u: %s\n",
			peer->cluster->name, peer->num, text);
}

/* Life */

static int create_receiver(struct ramster_peer *peer)
{
	struct task_struct *task;

	task = kthread_create(ramster_receiver, peer, "ramster_rx/%u", peer->num);
	if (IS_ERR(task))
		return PTR_ERR(task);
	peer->receiver = task;
	return 0;
}

/**
 * ramster_peer_create() - make a peer, which does nothing yet
 * @cluster: whose peer it is
 * @node: who it is
 *
 * Context: may sleep.
 * Return: the peer or an error.
 */
struct ramster_peer *ramster_peer_create(struct ramster_cluster *cluster,
					 const struct ramster_node *node)
{
	struct ramster_peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL);
	int err;

	if (!peer)
		return ERR_PTR(-ENOMEM);
	peer->cluster = cluster;
	peer->num = node->num;
	peer->addr = node->addr;
	peer->backoff = RAMSTER_BACKOFF_MIN;
	spin_lock_init(&peer->lock);
	mutex_init(&peer->sock_lock);
	init_waitqueue_head(&peer->wait);
	err = ramster_sender_init(peer);
	err = err ?: ramster_requests_init(peer);
	err = err ?: create_receiver(peer);
	if (!err)
		return peer;
	ramster_peer_destroy(peer);
	return ERR_PTR(err);
}

/**
 * ramster_peer_start() - let it call and be called
 * @peer: as made by ramster_peer_create()
 */
void ramster_peer_start(struct ramster_peer *peer)
{
	wake_up_process(peer->sender);
	wake_up_process(peer->receiver);
}

/**
 * ramster_peer_stop() - end the connection, and make no other
 * @peer: the peer; nobody calls ramster_peer_answer() for it any more
 *
 * Does not wait. So all peers can be told before any is waited for.
 *
 * Context: may sleep.
 */
void ramster_peer_stop(struct ramster_peer *peer)
{
	mutex_lock(&peer->sock_lock);
	peer->stopping = true;
	ramster_peer_end_locked(peer, RAMSTER_LEAVING, "this node leaves");
	mutex_unlock(&peer->sock_lock);
}

/**
 * ramster_peer_destroy() - undo ramster_peer_create()
 * @peer: was stopped, or never started; nobody knows it any more
 *
 * Context: may sleep, but does not wait for the other side.
 */
void ramster_peer_destroy(struct ramster_peer *peer)
{
	if (peer->receiver)
		kthread_stop(peer->receiver);
	ramster_sender_exit(peer);
	if (peer->call.sock)
		ramster_sock_close(peer->call.sock);
	ramster_requests_exit(peer);
	kfree(peer);
}
