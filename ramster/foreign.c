// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: others' pages that are here.
 *
 * A peer's pools are made as it puts something into them, one for each number
 * and kind, and are gone when it says so, or has forgotten about them itself. A
 * page is kept as it came; what is in it is the owner's business. Page frames are
 * zcache's, and count against its limit, but they are in queues of their own: so
 * that our own pages never wait for room behind those of others. Their file pages
 * are evicted before any of ours; their swap pages are asked to go home.
 *
 * All that a peer asks for is done by its own receiver, one thing after the other.
 */
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

/* Pools of peers are numbered from here, far above our own. */
#define FIRST_ID	BIT(16)

/* Pools that a peer may have: a machine has no more swap areas than that. */
#define MAX_POOLS	64

/**
 * struct foreign_pool - a pool of a peer
 * @list: in the guest's
 * @id: what its owner calls it
 * @pool: what we call it
 */
struct foreign_pool {
	struct list_head list;
	u32 id;
	struct zcache_pool pool;
};

/* What a get wants. */
struct export {
	void *to;
	unsigned int size;
};

static struct tmem_obj *obj_alloc(struct tmem_pool *pool, gfp_t gfp)
{
	return kmalloc(sizeof(struct tmem_obj), gfp);
}

static void obj_free(struct tmem_obj *obj)
{
	kfree_rcu(obj, rcu);
}

static const struct tmem_hostops foreign_hostops = {
	.obj_alloc = obj_alloc,
	.obj_free = obj_free,
};

static void page_pin(struct tmem_pool *tmem, void *pampd)
{
	zbud_pin(to_zcache_pool(tmem)->queue, pampd);
}

static void page_free(struct tmem_pool *tmem, void *pampd)
{
	struct zcache_pool *pool = to_zcache_pool(tmem);
	LIST_HEAD(frames);

	zbud_free(pool->queue, pampd, &frames);
	zcache_frames_free(pool->zc, &frames);
}

static int page_export(struct tmem_pool *tmem, void *pampd, void *arg)
{
	struct export *export = arg;
	const void *data = zbud_data(pampd, export->to);

	export->size = zbud_size(pampd);
	if (data != export->to)
		memcpy(export->to, data, export->size);
	return 0;
}

static const struct tmem_pamops foreign_pamops = {
	.pin = page_pin,
	.get_data = page_export,
	.free = page_free,
};

/* Pools */

static struct foreign_pool *pool_find(struct ramster_guest *guest, u32 id,
				      bool persistent)
{
	struct foreign_pool *foreign;

	list_for_each_entry(foreign, &guest->pools, list)
		if (foreign->id == id &&
		    tmem_pool_persistent(&foreign->pool.tmem) == persistent)
			return foreign;
	return NULL;
}

static int pool_init(struct ramster *r, struct foreign_pool *foreign, u32 id,
		     bool persistent)
{
	struct zcache_pool *pool = &foreign->pool;
	u32 ours;
	int err;

	foreign->id = id;
	pool->zc = r->zc;
	pool->class = persistent ? ZBUD_PERS : ZBUD_EPH;
	pool->queue = &r->lent.queues[pool->class];
	/* An id is known before the pool can be found by it. */
	err = xa_alloc_cyclic(&r->zc->pools, &ours, NULL,
			      XA_LIMIT(FIRST_ID, S32_MAX), &r->lent.next_id,
			      GFP_NOIO);
	if (err < 0)
		return err;
	err = tmem_new_pool(&pool->tmem, ours,
			    persistent ? TMEM_POOL_PERSISTENT : 0, NULL,
			    &foreign_hostops, &foreign_pamops);
	if (err) {
		xa_erase(&r->zc->pools, ours);
		return err;
	}
	xa_store(&r->zc->pools, ours, pool, GFP_NOIO);
	return 0;
}

static struct foreign_pool *pool_create(struct ramster *r,
					struct ramster_guest *guest, u32 id,
					bool persistent)
{
	struct foreign_pool *foreign;

	if (list_count_nodes(&guest->pools) >= MAX_POOLS)
		return NULL;
	foreign = kzalloc(sizeof(*foreign), GFP_NOIO);
	if (!foreign)
		return NULL;
	if (pool_init(r, foreign, id, persistent)) {
		kfree(foreign);
		return NULL;
	}
	mutex_lock(&guest->lock);
	list_add(&foreign->list, &guest->pools);
	mutex_unlock(&guest->lock);
	atomic_inc(&r->lent.nr_pools);
	return foreign;
}

static void pool_destroy(struct ramster *r, struct ramster_guest *guest,
			 struct foreign_pool *foreign)
{
	mutex_lock(&guest->lock);
	list_del(&foreign->list);
	mutex_unlock(&guest->lock);
	atomic_dec(&r->lent.nr_pools);
	xa_erase(&r->zc->pools, foreign->pool.tmem.id);
	synchronize_rcu();	/* zcache_unlink() */
	tmem_destroy_pool(&foreign->pool.tmem);
	kfree(foreign);
}

/* What a peer asks for */

static enum ramster_status serve_put(struct ramster *r,
				     struct ramster_guest *guest,
				     const struct ramster_msg *msg,
				     const void *payload)
{
	const struct tmem_handle *theirs = &msg->handle;
	struct zbud_content content = {
		.data = payload,
		.size = msg->payload_len,
	};
	struct tmem_handle ours = *theirs;
	struct foreign_pool *foreign;
	void *pampd;

	ramster_count(r, RAMSTER_FOREIGN_PUTS);
	if (msg->kind != RAMSTER_COMPRESSED ||
	    msg->payload_len > zbud_max_size())
		return RAMSTER_REFUSED;
	if (!ramster_room(r))
		return RAMSTER_NO_ROOM;
	foreign = pool_find(guest, theirs->pool_id, msg->persistent) ?:
		  pool_create(r, guest, theirs->pool_id, msg->persistent);
	if (!foreign)
		return RAMSTER_NO_ROOM;
	ours.pool_id = foreign->pool.tmem.id;
	pampd = zcache_page_import(&foreign->pool, &ours, &content,
				   ZCACHE_FROM_MEMORY);
	if (!pampd)
		return RAMSTER_NO_ROOM;
	return tmem_put(&foreign->pool.tmem, &ours.oid, ours.index, pampd,
			zcache_gfp(ZBUD_EPH)) ?
	       RAMSTER_NO_ROOM : RAMSTER_OK;
}

static enum ramster_status serve_get(struct ramster *r,
				     struct ramster_guest *guest,
				     const struct ramster_msg *msg,
				     struct ramster_msg *reply, void *to)
{
	const struct tmem_handle *name = &msg->handle;
	struct export export = { .to = to };
	struct foreign_pool *foreign;
	int err;

	ramster_count(r, RAMSTER_FOREIGN_GETS);
	foreign = pool_find(guest, name->pool_id, msg->persistent);
	if (!foreign)
		return RAMSTER_NOT_THERE;
	if (msg->type == RAMSTER_GET)
		err = tmem_get(&foreign->pool.tmem, &name->oid, name->index,
			       &export);
	else
		err = tmem_get_and_free(&foreign->pool.tmem, &name->oid,
					name->index, &export);
	if (err)
		return RAMSTER_NOT_THERE;
	reply->kind = RAMSTER_COMPRESSED;
	reply->payload_len = export.size;
	return RAMSTER_OK;
}

static enum ramster_status serve_flush(struct ramster *r,
				       struct ramster_guest *guest,
				       const struct ramster_msg *msg)
{
	const struct tmem_handle *name = &msg->handle;
	struct foreign_pool *foreign;
	bool found = true;

	ramster_count(r, RAMSTER_FOREIGN_FLUSHES);
	foreign = pool_find(guest, name->pool_id, msg->persistent);
	if (!foreign)
		return RAMSTER_NOT_THERE;
	if (msg->type == RAMSTER_FLUSH_PAGE)
		found = tmem_flush_page(&foreign->pool.tmem, &name->oid,
					name->index);
	else if (msg->type == RAMSTER_FLUSH_OBJECT)
		found = tmem_flush_object(&foreign->pool.tmem, &name->oid);
	else
		pool_destroy(r, guest, foreign);
	return found ? RAMSTER_OK : RAMSTER_NOT_THERE;
}

/**
 * ramster_foreign_serve() - do what a peer asks for
 * @r: who does
 * @num: the peer's node number
 * @msg: what it asks for
 * @payload: of a put: the page's bytes
 * @reply: set to the answer
 * @payload_out: set to the page that it contains, if it does; a page's bytes
 *
 * Context: the peer's receiver.
 */
void ramster_foreign_serve(struct ramster *r, unsigned int num,
			   const struct ramster_msg *msg, const void *payload,
			   struct ramster_msg *reply, void *payload_out)
{
	struct ramster_guest *guest = &r->guests[num];

	reply->type = RAMSTER_ACK;
	switch (msg->type) {
	case RAMSTER_PUT:
		reply->status = serve_put(r, guest, msg, payload);
		if (reply->status != RAMSTER_OK)
			ramster_count(r, RAMSTER_FOREIGN_PUTS_REFUSED);
		break;
	case RAMSTER_GET:
	case RAMSTER_GET_AND_FREE:
		reply->type = RAMSTER_DATA;
		reply->status = serve_get(r, guest, msg, reply, payload_out);
		break;
	case RAMSTER_FLUSH_PAGE:
	case RAMSTER_FLUSH_OBJECT:
	case RAMSTER_FLUSH_POOL:
		reply->status = serve_flush(r, guest, msg);
		break;
	default:
		WARN_ON_ONCE(1);
		reply->status = RAMSTER_REFUSED;
		break;
	}
	if (READ_ONCE(r->leaving))
		wake_up(&r->wait);
}

/**
 * ramster_foreign_forget() - a peer has no use for its pages any more
 * @r: who keeps them
 * @num: the peer's node number
 *
 * Context: the peer's receiver, or there is none; may sleep.
 */
void ramster_foreign_forget(struct ramster *r, unsigned int num)
{
	struct ramster_guest *guest = &r->guests[num];
	struct foreign_pool *foreign, *next;

	list_for_each_entry_safe(foreign, next, &guest->pools, list)
		pool_destroy(r, guest, foreign);
}

/**
 * ramster_foreign_swap_pages() - how many swap pages of a peer are here?
 * @r: who keeps them
 * @num: the peer's node number
 *
 * Context: may sleep.
 * Return: how many, as of now.
 */
unsigned long ramster_foreign_swap_pages(struct ramster *r, unsigned int num)
{
	struct ramster_guest *guest = &r->guests[num];
	struct foreign_pool *foreign;
	unsigned long nr = 0;

	mutex_lock(&guest->lock);
	list_for_each_entry(foreign, &guest->pools, list)
		if (tmem_pool_persistent(&foreign->pool.tmem))
			nr += atomic_long_read(&foreign->pool.tmem.nr_pages);
	mutex_unlock(&guest->lock);
	return nr;
}

/* Memory is short */

/**
 * ramster_foreign_eph_frames() - page frames with file pages of others
 * @r: who keeps them
 *
 * Context: any.
 * Return: how many, as of now.
 */
unsigned long ramster_foreign_eph_frames(const struct ramster *r)
{
	return READ_ONCE(r->lent.queues[ZBUD_EPH].stats.pageframes);
}

/**
 * ramster_foreign_evict() - empty the oldest of them
 * @r: who keeps them
 * @frames: they are added to this list, by their lru
 *
 * Context: any but hard interrupt.
 * Return: how many.
 */
unsigned int ramster_foreign_evict(struct ramster *r, struct list_head *frames)
{
	unsigned int nr;

	nr = zbud_evict(&r->lent.queues[ZBUD_EPH], ZBUD_PROVED, zcache_unlink,
			r->zc, frames);
	this_cpu_add(r->events->count[RAMSTER_FOREIGN_EVICTED_FRAMES], nr);
	return nr;
}

/**
 * ramster_foreign_recall() - ask peers to take their swap pages home
 * @r: who keeps them
 * @frames: how many page frames' worth, of each
 *
 * Context: may sleep; the cluster stays.
 */
void ramster_foreign_recall(struct ramster *r, u64 frames)
{
	struct ramster_peer *peer;
	unsigned int i;

	if (!READ_ONCE(r->lent.queues[ZBUD_PERS].stats.pageframes))
		return;
	for (i = 0; i < RAMSTER_MAX_NODES; i++) {
		peer = ramster_peer_of(r, i);
		if (peer && ramster_peer_up(peer) &&
		    !list_empty(&r->guests[i].pools))
			ramster_peer_recall(peer, frames);
	}
}

/**
 * ramster_foreign_init() - nothing of others is here yet
 * @r: whose
 * @now: the clock of zcache's queues; stays
 */
void ramster_foreign_init(struct ramster *r, const u16 *now)
{
	unsigned int class, i;

	for (class = 0; class < ZBUD_CLASSES; class++)
		zbud_queue_init(&r->lent.queues[class], now);
	r->lent.next_id = FIRST_ID;
	for (i = 0; i < RAMSTER_MAX_NODES; i++) {
		mutex_init(&r->guests[i].lock);
		INIT_LIST_HEAD(&r->guests[i].pools);
	}
}
