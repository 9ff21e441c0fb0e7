// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that are not compressed, each with a descriptor:
 *
 *   filled	with one word, which the descriptor holds
 *   raw	copied into a page frame of its own. File pages only: those that do
 *		not compress, and all where the disk is not slow enough to make
 *		up for compressing them
 *
 * Ephemeral descriptors are in an LRU: raw ones in their cgroup's, filled ones, which
 * are charged to nobody, in one for all. Filled ones must not pile
 * up, a sparse file can have any number of zero pages: the oldest go when there
 * are too many. Raw ones go, as zpages do, when their frames are wanted.
 * Persistent ones are all filled, and bounded by the swap area.
 *
 * A descriptor is a pampd as it is: the slab aligns it to eight bytes, while a
 * zpage has bit 2 set.
 *
 * Who takes the entry out of tmem owns its reference, and drops it. Eviction is
 * one of those who try: it has the oldest descriptor become the youngest, and from
 * then on knows no more than its name and address. If somebody else comes first, that
 * one frees it; if the entry is not in tmem yet, its turn comes again. A descriptor is
 * on the LRU from when it is made till it is freed.
 */
#include <linux/frontswap.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/slab.h>

#include "zcache.h"

/* One filled page for each so many pages of memory: some 0.2 % of it. */
#define FILLED_RATIO	16

/* Raw pages that are tried before eviction gives up. */
#define EVICT_TRIES	8

/**
 * struct zcache_desc - a page that is not compressed
 * @lru: if ephemeral, in that of filled ones, or of its cgroup's raw ones; under their
 *	lock
 * @handle: its name; immutable
 * @word: what it is filled with; immutable
 * @frame: or where it is, NULL if it is filled; immutable
 * @owner: whom it is charged to, or NULL; immutable
 * @refs: that of tmem's entry and one for each pin
 * @stamp: when it was stored or read last, by the clock of the queues; under the LRU's lock
 * @class: whose; immutable
 * @kind: enum zcache_desc_kind; immutable
 * @rank: enum zbud_rank, of a raw one; never goes down; under the LRU's lock
 */
struct zcache_desc {
	struct list_head lru;
	struct tmem_handle handle;
	union {
		unsigned long word;
		struct page *frame;
	};
	struct obj_cgroup *owner;
	refcount_t refs;
	u16 stamp;
	u8 class;
	u8 kind;
	u8 rank;
};

/**
 * zcache_desc_init() - prepare for pages that are not compressed
 * @zc: the cache
 *
 * Return: 0 or -ENOMEM.
 */
int zcache_desc_init(struct zcache *zc)
{
	struct zcache_descs *descs = &zc->descs;

	descs->cache = KMEM_CACHE(zcache_desc, 0);
	if (!descs->cache)
		return -ENOMEM;
	spin_lock_init(&descs->lock);
	INIT_LIST_HEAD(&descs->filled);
	descs->max_filled = totalram_pages() / FILLED_RATIO;
	return 0;
}

/**
 * zcache_desc_exit() - undo zcache_desc_init()
 * @zc: the cache; all descriptors are gone
 */
void zcache_desc_exit(struct zcache *zc)
{
	kmem_cache_destroy(zc->descs.cache);
}

static struct zcache_desc *desc_alloc(struct zcache_pool *pool,
				      const struct tmem_handle *handle,
				      enum zcache_desc_kind kind,
				      struct obj_cgroup *owner)
{
	struct zcache_descs *descs = &pool->zc->descs;
	struct zcache_desc *desc;

	desc = kmem_cache_alloc(descs->cache, zcache_gfp(pool->class));
	if (!desc) {
		zcache_count(pool->zc, ZCACHE_FAILED_ALLOC);
		return NULL;
	}
	desc->handle = *handle;
	desc->class = pool->class;
	desc->kind = kind;
	desc->rank = ZBUD_ON_TRIAL;
	desc->owner = owner;
	frontswap_charge(owner, sizeof(*desc));
	refcount_set(&desc->refs, 1);
	INIT_LIST_HEAD(&desc->lru);
	atomic_long_inc(&descs->nr[kind][pool->class]);
	return desc;
}

static struct list_head *lru_of(struct zcache *zc, struct zcache_desc *desc)
{
	if (desc->kind != ZCACHE_RAW)
		return &zc->descs.filled;
	return &zcache_frame_cgroup(desc->frame)->raw[desc->rank];
}

/* It is the most recently used one of its rank from now on. */
static void desc_use(struct zcache *zc, struct zcache_desc *desc,
		     enum zbud_rank rank)
{
	lockdep_assert_held(&zc->descs.lock);

	desc->rank = rank;
	desc->stamp = READ_ONCE(zc->now);
	list_move_tail(&desc->lru, lru_of(zc, desc));
}

/* To the LRU, or to its end. */
static void desc_add(struct zcache *zc, struct zcache_desc *desc,
		     enum zbud_rank rank)
{
	unsigned long flags;

	if (desc->class != ZBUD_EPH)
		return;
	spin_lock_irqsave(&zc->descs.lock, flags);
	desc_use(zc, desc, rank);
	spin_unlock_irqrestore(&zc->descs.lock, flags);
}

/*
 * Take the oldest of an LRU out of tmem. False if somebody else has just done
 * that, or if there is none; then *@desc is NULL. It may be freed as soon as
 * the lock is dropped.
 */
static bool unlink_oldest(struct zcache *zc, struct list_head *lru,
			  struct zcache_desc **desc)
{
	struct zcache_descs *descs = &zc->descs;
	struct tmem_handle handle;
	unsigned long flags;

	spin_lock_irqsave(&descs->lock, flags);
	*desc = list_first_entry_or_null(lru, struct zcache_desc, lru);
	if (*desc) {
		list_move_tail(&(*desc)->lru, lru);
		handle = (*desc)->handle;
	}
	spin_unlock_irqrestore(&descs->lock, flags);
	return *desc && zcache_unlink(zc, &handle, *desc);
}

static void evict_filled(struct zcache *zc)
{
	struct zcache_desc *desc;
	LIST_HEAD(none);

	if (unlink_oldest(zc, &zc->descs.filled, &desc)) {
		zcache_count(zc, ZCACHE_EVICTED_EPH_FILLED);
		zcache_desc_free(zc, desc, &none);
	}
}

/**
 * zcache_filled_create() - describe a page filled with one word
 * @pool: where it will be stored
 * @handle: under what name
 * @word: the word
 * @owner: whom it is charged to, or NULL
 *
 * Context: reclaim; does not sleep.
 * Return: a pampd, or NULL without memory.
 */
void *zcache_filled_create(struct zcache_pool *pool,
			   const struct tmem_handle *handle,
			   unsigned long word, struct obj_cgroup *owner)
{
	struct zcache_desc *desc = desc_alloc(pool, handle, ZCACHE_FILLED, owner);
	struct zcache_descs *descs = &pool->zc->descs;

	if (!desc)
		return NULL;
	desc->word = word;
	desc_add(pool->zc, desc, ZBUD_PROVED);
	if (atomic_long_read(&descs->nr[ZCACHE_FILLED][ZBUD_EPH]) >
	    descs->max_filled)
		evict_filled(pool->zc);
	return desc;
}

/**
 * zcache_raw_create() - keep a page as it is
 * @pool: where it will be stored; ephemeral
 * @handle: under what name
 * @src: its bytes
 * @frame: where to copy them, a cgroup's; the descriptor's from then on
 * @rank: what is known of it
 *
 * Context: reclaim; does not sleep.
 * Return: a pampd; NULL without memory, and the frame is still the caller's.
 */
void *zcache_raw_create(struct zcache_pool *pool,
			const struct tmem_handle *handle, const void *src,
			struct page *frame, enum zbud_rank rank)
{
	struct zcache_desc *desc;

	/* Its LRU is known by its frame. */
	if (WARN_ON_ONCE(!zcache_frame_cgroup(frame)))
		return NULL;
	desc = desc_alloc(pool, handle, ZCACHE_RAW, NULL);
	if (!desc)
		return NULL;
	copy_page(page_address(frame), (void *)src);
	desc->frame = frame;
	desc_add(pool->zc, desc, rank);
	return desc;
}

/**
 * zcache_desc_pin() - take a reference, to read the page; it has proved itself
 * @zc: the cache
 * @pampd: a descriptor that tmem still names
 *
 * Context: any but hard interrupt.
 */
void zcache_desc_pin(struct zcache *zc, void *pampd)
{
	struct zcache_desc *desc = pampd;

	refcount_inc(&desc->refs);
	desc_add(zc, desc, ZBUD_PROVED);
}

/**
 * zcache_desc_free() - drop a reference; the last one frees
 * @zc: the cache
 * @pampd: a descriptor
 * @frames: its page frame, if it has one, is added to this list, by its lru;
 *	it is the caller's
 *
 * Context: any but hard interrupt.
 */
void zcache_desc_free(struct zcache *zc, void *pampd, struct list_head *frames)
{
	struct zcache_descs *descs = &zc->descs;
	struct zcache_desc *desc = pampd;
	unsigned long flags;

	if (!refcount_dec_and_test(&desc->refs))
		return;
	if (desc->class == ZBUD_EPH) {
		spin_lock_irqsave(&descs->lock, flags);
		list_del(&desc->lru);
		spin_unlock_irqrestore(&descs->lock, flags);
	}
	if (desc->kind == ZCACHE_RAW)
		list_add_tail(&desc->frame->lru, frames);
	atomic_long_dec(&descs->nr[desc->kind][desc->class]);
	frontswap_uncharge(desc->owner, sizeof(*desc));
	kmem_cache_free(descs->cache, desc);
}

/**
 * zcache_desc_load() - bring the page back
 * @pampd: a descriptor that the caller holds a reference to
 * @dst: where to; a page's bytes
 */
void zcache_desc_load(const void *pampd, void *dst)
{
	const struct zcache_desc *desc = pampd;

	if (desc->kind == ZCACHE_RAW)
		copy_page(dst, page_address(desc->frame));
	else
		memset_l(dst, desc->word, PAGE_SIZE / sizeof(desc->word));
}

/**
 * zcache_raw_oldest() - when was the least recently used raw page used last?
 * @zc: the cache
 * @cg: whose
 * @rank: of those of this rank
 * @stamp: set to that, by the clock of the queues
 *
 * Context: any but hard interrupt.
 * Return: false if there is no raw page.
 */
bool zcache_raw_oldest(struct zcache *zc, struct zcache_cgroup *cg,
		       enum zbud_rank rank, u16 *stamp)
{
	struct zcache_descs *descs = &zc->descs;
	struct zcache_desc *desc;
	unsigned long flags;

	spin_lock_irqsave(&descs->lock, flags);
	desc = list_first_entry_or_null(&cg->raw[rank], struct zcache_desc, lru);
	if (desc)
		*stamp = desc->stamp;
	spin_unlock_irqrestore(&descs->lock, flags);
	return desc;
}

/**
 * zcache_raw_evict() - forget the least recently used raw page
 * @zc: the cache
 * @cg: whose; the caller has a reference
 * @rank: of those of this rank
 * @frames: its page frame is added to this list, by its lru; it is the caller's
 *
 * Context: any but hard interrupt.
 * Return: how many frames it gave: 1, or 0 if there is none to be had.
 */
unsigned int zcache_raw_evict(struct zcache *zc, struct zcache_cgroup *cg,
			      enum zbud_rank rank, struct list_head *frames)
{
	struct zcache_desc *desc = NULL;
	unsigned int tries;

	for (tries = 0; tries < EVICT_TRIES && list_empty(frames); tries++) {
		if (unlink_oldest(zc, &cg->raw[rank], &desc)) {
			zcache_count(zc, ZCACHE_EVICTED_EPH_RAW);
			zcache_desc_free(zc, desc, frames);
		} else if (!desc) {
			break;
		}
	}
	return !list_empty(frames);
}
