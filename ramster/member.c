// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: to be a member of a cluster, and what the others tell.
 *
 * Whoever leaves a cluster first brings his own swap pages home, and has those of
 * others fetched; if that cannot be done, he stays, so that no page is lost
 * because of an order in which things are switched off.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "core.h"

/* Memory that was short so recently is not lent. */
#define PRESSED		HZ

/* Pages after which who sends them is told how many more may come. */
#define PUTS_A_ROOM	64

/* How long to wait for others to fetch something of what is theirs. */
#define FETCH_MS	5000

/**
 * ramster_peer_of() - a peer by its number
 * @r: whose
 * @num: the node number
 *
 * Context: r->srcu is read-locked; the peer stays until it is not.
 * Return: the peer, or NULL if there is none or no cluster.
 */
struct ramster_peer *ramster_peer_of(struct ramster *r, unsigned int num)
{
	struct ramster_cluster *cluster;

	cluster = srcu_dereference(r->cluster, &r->srcu);
	return cluster ? ramster_cluster_peer(cluster, num) : NULL;
}

/**
 * ramster_memalloc() - does swap depend on the network?
 * @r: whose
 * @on: it does, so the network may use the last of memory
 *
 * Context: may sleep; r->srcu is read-locked.
 */
void ramster_memalloc(struct ramster *r, bool on)
{
	struct ramster_cluster *cluster;

	cluster = srcu_dereference(r->cluster, &r->srcu);
	if (cluster)
		ramster_cluster_memalloc(cluster, on);
}

/**
 * ramster_room() - how much may be lent?
 * @r: by whom
 *
 * Context: any.
 * Return: page frames, as of now.
 */
u64 ramster_room(struct ramster *r)
{
	if (READ_ONCE(r->leaving) ||
	    time_before(jiffies, READ_ONCE(r->pressed) + PRESSED))
		return 0;
	return min_t(u64, zcache_frames_left(r->zc),
		     max(si_mem_available(), 0L) / 2);
}

/* What peers tell */

static struct ramster *ramster_of(struct ramster_peer *peer)
{
	return ramster_cluster_priv(ramster_peer_cluster(peer));
}

static struct ramster_keeper *keeper_of(struct ramster_peer *peer)
{
	return &ramster_of(peer)->keepers[ramster_peer_num(peer)];
}

/* Who sends one page after the other is not silent, but has to know, too. */
static void tell_room_at_times(struct ramster_peer *peer,
			       struct ramster_guest *guest)
{
	if (++guest->puts % PUTS_A_ROOM == 0)
		ramster_peer_room_changed(peer);
}

static void peer_serve(struct ramster_peer *peer, const struct ramster_msg *msg,
		       const void *payload, struct ramster_msg *reply,
		       void *payload_out)
{
	struct ramster *r = ramster_of(peer);
	unsigned int num = ramster_peer_num(peer);

	ramster_foreign_serve(r, num, msg, payload, reply, payload_out);
	if (msg->type == RAMSTER_PUT)
		tell_room_at_times(peer, &r->guests[num]);
}

/* It keeps nothing of ours any more, and wants nothing of what is its own. */
static void forget_peer(struct ramster_peer *peer)
{
	ramster_keeper_forgot(keeper_of(peer));
	ramster_foreign_forget(ramster_of(peer), ramster_peer_num(peer));
}

static void peer_up(struct ramster_peer *peer, bool forgot)
{
	if (forgot)
		forget_peer(peer);
	ramster_keeper_up(keeper_of(peer));
}

static void peer_down(struct ramster_peer *peer, bool left)
{
	ramster_keeper_down(keeper_of(peer));
	if (left)
		forget_peer(peer);
}

static u64 cluster_room(struct ramster_cluster *cluster)
{
	return ramster_room(ramster_cluster_priv(cluster));
}

static void peer_offered(struct ramster_peer *peer, u64 frames)
{
	struct ramster *r = ramster_of(peer);

	/* Half of it: others have been told the same. */
	WRITE_ONCE(keeper_of(peer)->room, frames * PAGE_SIZE / 2);
	if (READ_ONCE(r->starved) &&
	    time_before(jiffies, READ_ONCE(r->pressed) + PRESSED)) {
		WRITE_ONCE(r->starved, false);
		ramster_remotify_more(r);
	}
}

static void peer_recall(struct ramster_peer *peer, u64 frames)
{
	struct ramster_keeper *keeper = keeper_of(peer);
	struct ramster *r = keeper->ramster;

	spin_lock_irq(&keeper->lock);
	keeper->recalled = frames * PAGE_SIZE;
	keeper->room = 0;
	spin_unlock_irq(&keeper->lock);
	mod_delayed_work(r->wq, &r->shrink, 0);
}

static const struct ramster_ops ramster_ops = {
	.serve = peer_serve,
	.up = peer_up,
	.down = peer_down,
	.room = cluster_room,
	.offered = peer_offered,
	.recall = peer_recall,
};

/* Join and leave */

/* What it takes to move pages, and stays until the end. */
static int get_ready(struct ramster *r)
{
	int err;

	if (r->puts)
		return 0;
	err = ramster_home_init(r);
	if (err)
		return err;
	err = ramster_remotify_init(r);
	if (err) {
		ramster_home_exit(r);
		r->fetches = NULL;
	}
	return err;
}

/**
 * ramster_join() - take part in a cluster
 * @r: who; in none
 * @config: which; copied
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM, or an errno of the network.
 */
int ramster_join(struct ramster *r, const struct ramster_config *config)
{
	struct ramster_cluster *cluster;
	int err;

	err = get_ready(r);
	if (err)
		return err;
	WRITE_ONCE(r->leaving, false);
	/* What another cluster had no room for is none of this one's business. */
	WRITE_ONCE(r->starved, false);
	cluster = ramster_cluster_create(config, &ramster_ops, r);
	if (IS_ERR(cluster))
		return PTR_ERR(cluster);
	rcu_assign_pointer(r->cluster, cluster);
	queue_delayed_work(r->wq, &r->shrink, 0);
	return 0;
}

/*
 * Swap pages of others that they can fetch. Who is not there may never come
 * back, and shall not keep us here for ever.
 */
static unsigned long foreign_swap_pages(struct ramster *r)
{
	struct ramster_peer *peer;
	unsigned long nr = 0;
	unsigned int i;
	int idx;

	idx = srcu_read_lock(&r->srcu);
	for (i = 0; i < RAMSTER_MAX_NODES; i++) {
		peer = ramster_peer_of(r, i);
		if (peer && ramster_peer_up(peer))
			nr += ramster_foreign_swap_pages(r, i);
	}
	srcu_read_unlock(&r->srcu, idx);
	return nr;
}

static unsigned long lent_swap_frames(struct ramster *r)
{
	return READ_ONCE(r->lent.queues[ZBUD_PERS].stats.pageframes);
}

/* Let others fetch what is theirs, as long as any of it goes: what is left? */
static unsigned long wait_for_guests(struct ramster *r)
{
	unsigned long nr, before = ULONG_MAX;
	int idx;

	while ((nr = foreign_swap_pages(r)) && nr < before) {
		before = nr;
		idx = srcu_read_lock(&r->srcu);
		ramster_foreign_recall(r, lent_swap_frames(r));
		srcu_read_unlock(&r->srcu, idx);
		wait_event_timeout(r->wait, !lent_swap_frames(r),
				   msecs_to_jiffies(FETCH_MS));
	}
	return nr;
}

static bool all_told(struct ramster *r)
{
	struct ramster_peer *peer;
	bool told = true;
	unsigned int i;
	int idx;

	idx = srcu_read_lock(&r->srcu);
	for (i = 0; told && i < RAMSTER_MAX_NODES; i++) {
		peer = ramster_peer_of(r, i);
		told = !peer || !ramster_peer_up(peer) ||
		       ramster_keeper_told(&r->keepers[i]);
	}
	srcu_read_unlock(&r->srcu, idx);
	return told;
}

/* @force: to stay is no way out, so guests are cared for whatever is stuck. */
static void send_all_home(struct ramster *r, bool force, struct ramster_stuck *stuck)
{
	stuck->own = ramster_home_all(r);
	/* They would keep for ever what they do not know to be at home. */
	wait_event_timeout(r->wait, all_told(r), msecs_to_jiffies(FETCH_MS));
	stuck->foreign = !stuck->own || force ? wait_for_guests(r) : 0;
}

/**
 * ramster_unburden() - bring home what is ours, and have fetched what is not
 * @r: who is about to leave a cluster
 * @force: it is left in any case
 * @stuck: set to what cannot go where it belongs
 *
 * Nothing goes out or comes in any more then.
 *
 * Context: may sleep, for as long as pages move; r->lock is held.
 * Return: 0; -EBUSY if swap pages, our own or others', cannot go home, and it
 * need not be: then nothing has changed.
 */
int ramster_unburden(struct ramster *r, bool force, struct ramster_stuck *stuck)
{
	struct ramster_cluster *cluster;

	lockdep_assert_held(&r->lock);
	cluster = rcu_dereference_protected(r->cluster,
					    lockdep_is_held(&r->lock));
	WRITE_ONCE(r->leaving, true);
	ramster_cluster_room_changed(cluster);
	ramster_remotify_end(r);
	send_all_home(r, force, stuck);
	if (force || !(stuck->own || stuck->foreign))
		return 0;
	WRITE_ONCE(r->leaving, false);
	return -EBUSY;
}

static void forget_all(struct ramster *r)
{
	unsigned int i;

	for (i = 0; i < RAMSTER_MAX_NODES; i++) {
		ramster_keeper_forgot(&r->keepers[i]);
		ramster_foreign_forget(r, i);
	}
}

/**
 * ramster_leave() - do not take part any more
 * @r: who; unburdened
 *
 * What is still elsewhere, or here and not ours, is lost.
 *
 * Context: may sleep; r->lock is held.
 */
void ramster_leave(struct ramster *r)
{
	struct ramster_cluster *cluster;

	lockdep_assert_held(&r->lock);
	cluster = rcu_replace_pointer(r->cluster, NULL,
				      lockdep_is_held(&r->lock));
	wake_up_all(&r->wait);
	synchronize_srcu(&r->srcu);
	ramster_cluster_destroy(cluster);
	/* Not before that: until then peers may have wanted something. */
	cancel_work_sync(&r->remotify);
	cancel_delayed_work_sync(&r->shrink);
	forget_all(r);
	WRITE_ONCE(r->leaving, false);
}

/* Setup */

static int memory_init(struct ramster *r)
{
	r->events = alloc_percpu(struct ramster_events);
	if (!r->events)
		return -ENOMEM;
	r->wq = alloc_workqueue("ramster", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!r->wq)
		goto err_events;
	if (init_srcu_struct(&r->srcu))
		goto err_wq;
	return 0;

err_wq:
	destroy_workqueue(r->wq);
err_events:
	free_percpu(r->events);
	return -ENOMEM;
}

/**
 * ramster_setup() - make one who is in no cluster
 * @r: storage for it, zeroed
 * @zc: whose pages it is about
 *
 * Return: 0 or -ENOMEM.
 */
int ramster_setup(struct ramster *r, struct zcache *zc)
{
	unsigned int i;
	int err;

	mutex_init(&r->lock);
	init_waitqueue_head(&r->wait);
	r->pressed = jiffies - PRESSED;
	for (i = 0; i < RAMSTER_MAX_NODES; i++)
		ramster_keeper_init(r, i);
	ramster_foreign_init(r, &zc->now);
	err = memory_init(r);
	if (!err)
		r->zc = zc;
	return err;
}

/**
 * ramster_teardown() - undo ramster_setup()
 * @r: in no cluster any more
 */
void ramster_teardown(struct ramster *r)
{
	if (r->puts) {
		ramster_remotify_exit(r);
		ramster_home_exit(r);
	}
	cleanup_srcu_struct(&r->srcu);
	destroy_workqueue(r->wq);
	free_percpu(r->events);
	r->zc = NULL;
}
