// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transcendent memory core: see tmem.h for what it is.
 *
 * Locking
 *
 *   rcu_read_lock()	finds an object in its pool's hash table
 *     xa_lock of the object's pages, irq-safe
 *       bucket lock of the hash table, inside rhashtable
 *       pamops->pin(), whatever lock the host needs
 *
 * An object is hashed as long as it is alive, and it dies under its own lock:
 * marked dead and unhashed in one section, when it is empty. An empty array
 * answers every lookup with "not here", so only a put, which would add to it,
 * has to test for death; all others may find a dead object and take its
 * emptiness for the truth, for that is what it was when it died.
 *
 * A put has three steps, because a clean page-cache page must become visible
 * here in the very critical section that removes it from the page cache, and
 * that one cannot allocate. Begin makes sure of the object and of the slot;
 * commit only stores; end gives back whatever lost its place.
 *
 * Pampds and objects are freed without any lock of the core held.
 */
#include <linux/lockdep.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>

#include "tmem.h"

/* Pampds unlinked under one hold of an object's lock by a flush. */
#define TMEM_FLUSH_BATCH	32

static const struct rhashtable_params objs_params = {
	.key_len = sizeof(struct tmem_oid),
	.key_offset = offsetof(struct tmem_obj, oid),
	.head_offset = offsetof(struct tmem_obj, node),
	.automatic_shrinking = true,
};

static struct tmem_obj *obj_find(struct tmem_pool *pool,
				 const struct tmem_oid *oid)
{
	return rhashtable_lookup(&pool->objs, oid, objs_params);
}

/*
 * Unlock where there may be less in the object than before: an empty one that nobody
 * is about to fill leaves the table for good.
 *
 * Its array may yet have nodes. A slot that cannot be reserved for want of memory
 * leaves those of its nodes behind that could be had, with nothing in them, and no
 * later store takes them out. xa_destroy() does; it takes the lock itself, and the
 * object is still there, since only who has marked it dead frees it.
 */
static void obj_unlock(struct tmem_pool *pool, struct tmem_obj *obj,
		       unsigned long flags)
	__releases(&obj->pages.xa_lock)
{
	bool dies = !obj->nr_pages && !obj->nr_reserved && !obj->dead;
	unsigned long first = 0;

	lockdep_assert_held(&obj->pages.xa_lock);
	if (dies) {
		obj->dead = true;
		rhashtable_remove_fast(&pool->objs, &obj->node, objs_params);
		atomic_long_dec(&pool->nr_objs);
	}
	xa_unlock_irqrestore(&obj->pages, flags);
	if (!dies)
		return;
	if (!xa_empty(&obj->pages)) {
		WARN_ON_ONCE(xa_find(&obj->pages, &first, ULONG_MAX, XA_PRESENT));
		xa_destroy(&obj->pages);
	}
	pool->hostops->obj_free(obj);
}

static void obj_count_page(struct tmem_pool *pool, struct tmem_obj *obj, int n)
{
	lockdep_assert_held(&obj->pages.xa_lock);

	obj->nr_pages += n;
	atomic_long_add(n, &pool->nr_pages);
}

/* Take @pampd out if it is what stands at @index. */
static bool obj_unlink(struct tmem_pool *pool, struct tmem_obj *obj,
		       unsigned long index, void *pampd)
{
	lockdep_assert_held(&obj->pages.xa_lock);

	if (__xa_cmpxchg(&obj->pages, index, pampd, NULL, 0) != pampd)
		return false;
	obj_count_page(pool, obj, -1);
	return true;
}

static struct tmem_obj *obj_create(struct tmem_pool *pool,
				   const struct tmem_oid *oid, gfp_t gfp)
{
	struct tmem_obj *obj = pool->hostops->obj_alloc(pool, gfp);

	if (!obj)
		return NULL;
	obj->oid = *oid;
	xa_init_flags(&obj->pages, XA_FLAGS_LOCK_IRQ);
	obj->nr_pages = 0;
	obj->nr_reserved = 1;
	obj->dead = false;
	return obj;
}

static bool obj_reserve(struct tmem_obj *obj)
{
	unsigned long flags;
	bool alive;

	xa_lock_irqsave(&obj->pages, flags);
	alive = !obj->dead;
	if (alive)
		obj->nr_reserved++;
	xa_unlock_irqrestore(&obj->pages, flags);
	return alive;
}

/* Find or make the object, and keep it alive for a put. */
static struct tmem_obj *obj_get_reserved(struct tmem_pool *pool,
					 const struct tmem_oid *oid, gfp_t gfp)
{
	struct tmem_obj *obj;
	int err;

	for (;;) {
		rcu_read_lock();
		obj = obj_find(pool, oid);
		if (obj && obj_reserve(obj)) {
			rcu_read_unlock();
			return obj;
		}
		rcu_read_unlock();

		obj = obj_create(pool, oid, gfp);
		if (!obj)
			return NULL;
		err = rhashtable_lookup_insert_fast(&pool->objs, &obj->node,
						    objs_params);
		if (!err) {
			atomic_long_inc(&pool->nr_objs);
			return obj;
		}
		pool->hostops->obj_free(obj);
		if (err != -EEXIST)
			return NULL;
	}
}

/**
 * tmem_new_pool() - make an empty pool
 * @pool: storage for it, the caller's
 * @id: the host's number, stored with each page
 * @flags: enum tmem_pool_flags
 * @uuid: names a shared pool and may not be zero then; NULL for a private one
 * @hostops: memory for objects
 * @pamops: meaning of the pampds
 *
 * Context: may sleep.
 * Return: 0, -EINVAL for flags and uuid that do not go together, -ENOMEM.
 */
int tmem_new_pool(struct tmem_pool *pool, u32 id, u32 flags, const u64 uuid[2],
		  const struct tmem_hostops *hostops,
		  const struct tmem_pamops *pamops)
{
	bool shared = flags & TMEM_POOL_SHARED;
	bool named = uuid && (uuid[0] || uuid[1]);

	if (flags & ~(TMEM_POOL_PERSISTENT | TMEM_POOL_SHARED))
		return -EINVAL;
	if (shared != named)
		return -EINVAL;

	*pool = (struct tmem_pool) {
		.id = id,
		.flags = flags,
		.hostops = hostops,
		.pamops = pamops,
	};
	if (shared) {
		pool->uuid[0] = uuid[0];
		pool->uuid[1] = uuid[1];
	}
	return rhashtable_init(&pool->objs, &objs_params);
}

static void obj_destroy(void *ptr, void *arg)
{
	struct tmem_obj *obj = ptr;
	struct tmem_pool *pool = arg;
	unsigned long index;
	void *pampd;

	WARN_ON_ONCE(obj->nr_reserved);
	xa_for_each(&obj->pages, index, pampd) {
		pool->pamops->free(pool, pampd);
		cond_resched();
	}
	atomic_long_sub(obj->nr_pages, &pool->nr_pages);
	atomic_long_dec(&pool->nr_objs);
	xa_destroy(&obj->pages);
	pool->hostops->obj_free(obj);
}

/**
 * tmem_destroy_pool() - free a pool's pages and objects
 * @pool: must be out of reach already: no operation runs on it or begins
 *
 * Context: may sleep.
 */
void tmem_destroy_pool(struct tmem_pool *pool)
{
	rhashtable_free_and_destroy(&pool->objs, obj_destroy, pool);
	WARN_ON_ONCE(atomic_long_read(&pool->nr_objs) ||
		     atomic_long_read(&pool->nr_pages));
}

/**
 * tmem_put_begin() - make sure that a page can be published
 * @put: storage for the put, the caller's until tmem_put_end()
 * @pool: the pool
 * @oid: the object, created when there is none
 * @index: page index in the object
 * @pampd: the page; the put owns it from here on, even if this fails
 * @gfp: for the object and for the array's nodes
 *
 * Nothing is visible yet. Two puts of one index may overlap: the later commit
 * wins, but may then find its slot gone and fail.
 *
 * Context: interrupts on; sleeps if @gfp does.
 * Return: 0, or -ENOMEM: @pampd is freed then, and there is no put to end.
 */
int tmem_put_begin(struct tmem_put *put, struct tmem_pool *pool,
		   const struct tmem_oid *oid, unsigned long index,
		   void *pampd, gfp_t gfp)
{
	struct tmem_obj *obj = obj_get_reserved(pool, oid, gfp);
	unsigned long flags;

	if (!obj)
		goto err_free;
	if (xa_reserve_irq(&obj->pages, index, gfp))
		goto err_unreserve;

	*put = (struct tmem_put) {
		.pool = pool,
		.obj = obj,
		.index = index,
		.pampd = pampd,
	};
	return 0;

err_unreserve:
	rcu_read_lock();
	xa_lock_irqsave(&obj->pages, flags);
	obj->nr_reserved--;
	obj_unlock(pool, obj, flags);
	rcu_read_unlock();
err_free:
	pool->pamops->free(pool, pampd);
	return -ENOMEM;
}

/**
 * tmem_put_commit() - publish the page
 * @put: begun, and not committed yet
 *
 * From here on gets, flushes and evictions find it.
 *
 * Context: any but hard interrupt; allocates nothing, takes the object's lock.
 * Return: 0, or -ENOMEM if an overlapping put of this index took the slot.
 */
int tmem_put_commit(struct tmem_put *put)
{
	struct tmem_obj *obj = put->obj;
	unsigned long flags;
	void *old;
	int err;

	xa_lock_irqsave(&obj->pages, flags);
	old = __xa_store(&obj->pages, put->index, put->pampd, 0);
	err = xa_err(old);
	if (!err) {
		if (!old)
			obj_count_page(put->pool, obj, 1);
		put->displaced = old;
		put->committed = true;
	}
	xa_unlock_irqrestore(&obj->pages, flags);
	return err;
}

/**
 * tmem_put_end() - finish a put
 * @put: begun, committed or not
 *
 * Frees the page if it was not published, or else the one it displaced.
 *
 * Context: interrupts on or off, no lock that pamops->free() takes.
 */
void tmem_put_end(struct tmem_put *put)
{
	struct tmem_pool *pool = put->pool;
	struct tmem_obj *obj = put->obj;
	void *loser = put->committed ? put->displaced : put->pampd;
	unsigned long flags;

	rcu_read_lock();
	xa_lock_irqsave(&obj->pages, flags);
	if (!put->committed)
		__xa_cmpxchg(&obj->pages, put->index, XA_ZERO_ENTRY, NULL, 0);
	obj->nr_reserved--;
	obj_unlock(pool, obj, flags);
	rcu_read_unlock();

	if (loser)
		pool->pamops->free(pool, loser);
}

/**
 * tmem_put() - store a page, in place of any that is there
 * @pool: the pool
 * @oid: the object, created when there is none
 * @index: page index in the object
 * @pampd: the page; owned by the pool from here on, even if this fails
 * @gfp: for the object and for the array's nodes
 *
 * Context: interrupts on; sleeps if @gfp does.
 * Return: 0 or -ENOMEM; then @pampd is freed, and what was stored at @index
 * before is still there.
 */
int tmem_put(struct tmem_pool *pool, const struct tmem_oid *oid,
	     unsigned long index, void *pampd, gfp_t gfp)
{
	struct tmem_put put;
	int err;

	err = tmem_put_begin(&put, pool, oid, index, pampd, gfp);
	if (err)
		return err;
	err = tmem_put_commit(&put);
	tmem_put_end(&put);
	return err;
}

/**
 * tmem_get() - read a page and leave it stored
 * @pool: the pool
 * @oid: the object
 * @index: page index in the object
 * @arg: for pamops->get_data()
 *
 * Context: as pamops->get_data().
 * Return: 0, -ENOENT if there is no such page, or get_data()'s errno.
 */
int tmem_get(struct tmem_pool *pool, const struct tmem_oid *oid,
	     unsigned long index, void *arg)
{
	struct tmem_obj *obj;
	void *pampd = NULL;
	unsigned long flags;
	int err;

	rcu_read_lock();
	obj = obj_find(pool, oid);
	/* A page changes its pampd in one step, so one that is there is seen. */
	if (obj && xa_load(&obj->pages, index)) {
		xa_lock_irqsave(&obj->pages, flags);
		pampd = xa_load(&obj->pages, index);
		if (pampd)
			pool->pamops->pin(pool, pampd);
		xa_unlock_irqrestore(&obj->pages, flags);
	}
	rcu_read_unlock();

	if (!pampd)
		return -ENOENT;
	err = pool->pamops->get_data(pool, pampd, arg);
	pool->pamops->free(pool, pampd);
	return err;
}

/**
 * tmem_get_and_free() - read a page and forget it
 * @pool: the pool
 * @oid: the object
 * @index: page index in the object
 * @arg: for pamops->get_data()
 *
 * The page is gone even if its data cannot be had, so this is for ephemeral
 * pages; for a persistent one use tmem_get(), and flush it when that worked.
 * In a shared pool the page stays, because another client may want it.
 *
 * Context: as pamops->get_data().
 * Return: 0, -ENOENT if there is no such page, or get_data()'s errno.
 */
int tmem_get_and_free(struct tmem_pool *pool, const struct tmem_oid *oid,
		      unsigned long index, void *arg)
{
	struct tmem_obj *obj;
	void *pampd = NULL;
	unsigned long flags;
	int err;

	if (pool->flags & TMEM_POOL_SHARED)
		return tmem_get(pool, oid, index, arg);

	rcu_read_lock();
	obj = obj_find(pool, oid);
	if (obj) {
		xa_lock_irqsave(&obj->pages, flags);
		pampd = xa_load(&obj->pages, index);
		if (pampd)
			obj_unlink(pool, obj, index, pampd);
		obj_unlock(pool, obj, flags);
	}
	rcu_read_unlock();

	if (!pampd)
		return -ENOENT;
	err = pool->pamops->get_data(pool, pampd, arg);
	pool->pamops->free(pool, pampd);
	return err;
}

/**
 * tmem_present() - is any page of a range stored?
 * @pool: the pool
 * @oid: the object
 * @first: first page index
 * @last: last page index, inclusive
 *
 * A hint: it may be outdated before it is returned.
 *
 * Context: any.
 * Return: true if there was one.
 */
bool tmem_present(struct tmem_pool *pool, const struct tmem_oid *oid,
		  unsigned long first, unsigned long last)
{
	struct tmem_obj *obj;
	bool found;

	rcu_read_lock();
	obj = obj_find(pool, oid);
	found = obj && xa_find(&obj->pages, &first, last, XA_PRESENT);
	rcu_read_unlock();
	return found;
}

/**
 * tmem_pin() - keep a page readable that is known by its pampd
 * @pool: the pool
 * @oid: the object
 * @index: page index in the object
 * @pampd: what must stand there
 *
 * @pampd may be stale: it is compared, and not looked into unless it stands
 * there. For who works on pages that he has come across in their frames: what
 * stands here is complete, and the name is right.
 *
 * Context: any but hard interrupt.
 * Return: true if it stood there: the caller has a reference, to be dropped with
 * pamops->free(), and the page stays where it is unless somebody else takes it.
 */
bool tmem_pin(struct tmem_pool *pool, const struct tmem_oid *oid,
	      unsigned long index, void *pampd)
{
	struct tmem_obj *obj;
	unsigned long flags;
	bool there = false;

	rcu_read_lock();
	obj = obj_find(pool, oid);
	if (obj) {
		xa_lock_irqsave(&obj->pages, flags);
		there = pampd && xa_load(&obj->pages, index) == pampd;
		if (there)
			pool->pamops->pin(pool, pampd);
		xa_unlock_irqrestore(&obj->pages, flags);
	}
	rcu_read_unlock();
	return there;
}

/**
 * tmem_replace() - exchange the pampd of a page whose contents stay the same
 * @pool: the pool
 * @oid: the object
 * @index: page index in the object
 * @old: what must stand there
 * @pampd: what shall
 *
 * For a page that has moved: recompressed, remotified, repatriated.
 *
 * Context: no lock that pamops->free() takes; allocates nothing.
 * Return: true if done: @old is freed and @pampd the pool's. False if the page
 * is gone or was stored anew meanwhile: @pampd is still the caller's.
 */
bool tmem_replace(struct tmem_pool *pool, const struct tmem_oid *oid,
		  unsigned long index, void *old, void *pampd)
{
	struct tmem_obj *obj;
	unsigned long flags;
	bool done = false;

	rcu_read_lock();
	obj = obj_find(pool, oid);
	if (obj) {
		xa_lock_irqsave(&obj->pages, flags);
		done = __xa_cmpxchg(&obj->pages, index, old, pampd, 0) == old;
		xa_unlock_irqrestore(&obj->pages, flags);
	}
	rcu_read_unlock();

	if (done)
		pool->pamops->free(pool, old);
	return done;
}

/**
 * tmem_evict() - take a page out for its memory's sake
 * @pool: the pool
 * @oid: the object
 * @index: page index in the object
 * @pampd: what must stand there
 *
 * @pampd may be stale: it is compared, and never looked into.
 *
 * Context: any but hard interrupt.
 * Return: true if it stood there: it is the caller's now, to free. False if
 * somebody else has taken it or is about to.
 */
bool tmem_evict(struct tmem_pool *pool, const struct tmem_oid *oid,
		unsigned long index, void *pampd)
{
	struct tmem_obj *obj;
	unsigned long flags;
	bool done = false;

	rcu_read_lock();
	obj = obj_find(pool, oid);
	if (obj) {
		xa_lock_irqsave(&obj->pages, flags);
		done = obj_unlink(pool, obj, index, pampd);
		obj_unlock(pool, obj, flags);
	}
	rcu_read_unlock();
	return done;
}

/* Unlink up to a batch of pampds from @first on; says where it stopped. */
static unsigned int obj_unlink_batch(struct tmem_pool *pool,
				     struct tmem_obj *obj,
				     unsigned long *first, unsigned long last,
				     void **batch)
{
	XA_STATE(xas, &obj->pages, *first);
	unsigned int n = 0;
	void *pampd;

	lockdep_assert_held(&obj->pages.xa_lock);

	xas_for_each(&xas, pampd, last) {
		if (xa_is_zero(pampd))
			continue;	/* a put has reserved it */
		xas_store(&xas, NULL);
		batch[n++] = pampd;
		*first = xas.xa_index;
		if (n == TMEM_FLUSH_BATCH)
			break;
	}
	if (n)
		obj_count_page(pool, obj, -(int)n);
	return n;
}

/**
 * tmem_flush_range() - forget the pages of a range
 * @pool: the pool
 * @oid: the object
 * @first: first page index
 * @last: last page index, inclusive
 *
 * Pages committed while this runs may survive it; who needs more must keep
 * commits out.
 *
 * Context: any but hard interrupt, no lock that pamops->free() takes. Works in
 * batches, but does not sleep between them.
 * Return: how many pages it found.
 */
unsigned long tmem_flush_range(struct tmem_pool *pool,
			       const struct tmem_oid *oid,
			       unsigned long first, unsigned long last)
{
	void *batch[TMEM_FLUSH_BATCH];
	unsigned long found = 0, flags;
	struct tmem_obj *obj;
	unsigned int i, n;

	do {
		n = 0;
		rcu_read_lock();
		obj = obj_find(pool, oid);
		if (obj) {
			xa_lock_irqsave(&obj->pages, flags);
			n = obj_unlink_batch(pool, obj, &first, last, batch);
			obj_unlock(pool, obj, flags);
		}
		rcu_read_unlock();

		for (i = 0; i < n; i++)
			pool->pamops->free(pool, batch[i]);
		found += n;
	} while (n == TMEM_FLUSH_BATCH);
	return found;
}

/**
 * tmem_flush_page() - forget a page
 * @pool: the pool
 * @oid: the object
 * @index: page index in the object
 *
 * Context: any but hard interrupt, no lock that pamops->free() takes.
 * Return: true if it was there.
 */
bool tmem_flush_page(struct tmem_pool *pool, const struct tmem_oid *oid,
		     unsigned long index)
{
	return tmem_flush_range(pool, oid, index, index);
}

/**
 * tmem_flush_object() - forget all pages of an object, and the object
 * @pool: the pool
 * @oid: the object
 *
 * Context: as tmem_flush_range().
 * Return: how many pages it found.
 */
unsigned long tmem_flush_object(struct tmem_pool *pool,
				const struct tmem_oid *oid)
{
	return tmem_flush_range(pool, oid, 0, ULONG_MAX);
}
