/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transcendent memory: pools of objects of pages, with opaque values.
 *
 * A pool holds objects, an object holds at most one value at each 64-bit page
 * index. The value is a *pampd*, a "page-accessible-memory page descriptor":
 * the core never looks inside. The host says what a pampd means through
 * struct tmem_pamops and where objects live through struct tmem_hostops.
 *
 * A pampd is anything an XArray can hold: a pointer aligned to four bytes, or
 * an XArray value entry. The core makes no difference between them; by
 * convention of the hosts, a value entry describes a page that is elsewhere.
 *
 * Ownership: a pampd belongs to its pool from the moment it is published until
 * it is unlinked, and whoever unlinks it (flush, get-and-free, evict, replace,
 * or an overwriting put) owns it alone. Two unlinkers of one entry cannot both
 * win, so a pampd is freed exactly once.
 */
#ifndef _TMEM_H
#define _TMEM_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <linux/xarray.h>

#define TMEM_OID_WORDS	3

/* Name of an object within its pool: 192 bits, any value is valid. */
struct tmem_oid {
	u64 w[TMEM_OID_WORDS];
};

/* Full name of a page; kept with each page so that eviction can find it. */
struct tmem_handle {
	struct tmem_oid oid;
	u64 index;
	u32 pool_id;
};

enum tmem_pool_flags {
	TMEM_POOL_PERSISTENT	= BIT(0), /* a page lives until it is flushed */
	TMEM_POOL_SHARED	= BIT(1), /* named by a uuid, several clients */
};

struct tmem_pool;

/**
 * struct tmem_obj - the pages of one object
 * @node: in the pool's hash table; the table is RCU
 * @oid: its name; immutable
 * @pages: page index to pampd
 * @nr_pages: values in @pages, reserved slots not counted
 * @nr_reserved: puts begun and not ended; each keeps the object alive
 * @dead: unhashed for good; whoever finds it by RCU must look again
 * @rcu: for the deferred free
 *
 * All but @node, @oid and @rcu are protected by the lock of @pages, which is
 * taken with interrupts off because a put is committed under the page cache's
 * own irq-safe lock. The object dies when @nr_pages and @nr_reserved are both
 * zero: who makes one of them less unlocks by obj_unlock(). No value is in @pages
 * then, but there may be nodes.
 */
struct tmem_obj {
	struct rhash_head node;
	struct tmem_oid oid;
	struct xarray pages;
	unsigned long nr_pages;
	unsigned int nr_reserved;
	bool dead;
	struct rcu_head rcu;
};

/**
 * struct tmem_hostops - memory for objects
 * @obj_alloc: returns an uninitialised object or NULL; gfp as the put's caller
 *	gave it; called without locks
 * @obj_free: gives an object back, after an RCU grace period: lockless lookups
 *	may still hold it; called without locks of the core, interrupts on or off
 */
struct tmem_hostops {
	struct tmem_obj *(*obj_alloc)(struct tmem_pool *pool, gfp_t gfp);
	void (*obj_free)(struct tmem_obj *obj);
};

/**
 * struct tmem_pamops - what the host can do with a pampd
 * @pin: keep the pampd readable although it may be unlinked meanwhile; called
 *	with the object's lock held and interrupts off; never fails
 * @get_data: bring the page's contents to @arg, whatever that is between host
 *	and caller; may sleep if the caller of the get may; 0 or an errno
 * @free: drop a reference, that of the pool or one made by @pin; the last one
 *	frees. Called without the core's locks, possibly with interrupts off
 */
struct tmem_pamops {
	void (*pin)(struct tmem_pool *pool, void *pampd);
	int (*get_data)(struct tmem_pool *pool, void *pampd, void *arg);
	void (*free)(struct tmem_pool *pool, void *pampd);
};

/**
 * struct tmem_pool - a set of objects with one fate
 * @id: the host's number for it; immutable
 * @flags: enum tmem_pool_flags; immutable
 * @uuid: name of a shared pool, zero for a private one; immutable
 * @objs: oid to object; rhashtable's own rules
 * @nr_objs: objects in @objs; atomic
 * @nr_pages: published pampds; atomic
 * @hostops: immutable
 * @pamops: immutable
 */
struct tmem_pool {
	u32 id;
	u32 flags;
	u64 uuid[2];
	struct rhashtable objs;
	atomic_long_t nr_objs;
	atomic_long_t nr_pages;
	const struct tmem_hostops *hostops;
	const struct tmem_pamops *pamops;
};

static inline bool tmem_pool_persistent(const struct tmem_pool *pool)
{
	return pool->flags & TMEM_POOL_PERSISTENT;
}

/**
 * struct tmem_put - a put between begin and end
 *
 * Lives on the stack or in the host's own token; private to tmem.c.
 */
struct tmem_put {
	struct tmem_pool *pool;
	struct tmem_obj *obj;
	unsigned long index;
	void *pampd;		/* what will be, or has been, published */
	void *displaced;	/* what stood there before; freed at the end */
	bool committed;
};

int tmem_new_pool(struct tmem_pool *pool, u32 id, u32 flags, const u64 uuid[2],
		  const struct tmem_hostops *hostops,
		  const struct tmem_pamops *pamops);
void tmem_destroy_pool(struct tmem_pool *pool);

int tmem_put_begin(struct tmem_put *put, struct tmem_pool *pool,
		   const struct tmem_oid *oid, unsigned long index,
		   void *pampd, gfp_t gfp);
int tmem_put_commit(struct tmem_put *put);
void tmem_put_end(struct tmem_put *put);
int tmem_put(struct tmem_pool *pool, const struct tmem_oid *oid,
	     unsigned long index, void *pampd, gfp_t gfp);

int tmem_get(struct tmem_pool *pool, const struct tmem_oid *oid,
	     unsigned long index, void *arg);
int tmem_get_and_free(struct tmem_pool *pool, const struct tmem_oid *oid,
		      unsigned long index, void *arg);
bool tmem_present(struct tmem_pool *pool, const struct tmem_oid *oid,
		  unsigned long first, unsigned long last);

bool tmem_pin(struct tmem_pool *pool, const struct tmem_oid *oid,
	      unsigned long index, void *pampd);
bool tmem_replace(struct tmem_pool *pool, const struct tmem_oid *oid,
		  unsigned long index, void *old, void *pampd);
bool tmem_evict(struct tmem_pool *pool, const struct tmem_oid *oid,
		unsigned long index, void *pampd);

bool tmem_flush_page(struct tmem_pool *pool, const struct tmem_oid *oid,
		     unsigned long index);
unsigned long tmem_flush_range(struct tmem_pool *pool,
			       const struct tmem_oid *oid,
			       unsigned long first, unsigned long last);
unsigned long tmem_flush_object(struct tmem_pool *pool,
				const struct tmem_oid *oid);

#endif /* _TMEM_H */
