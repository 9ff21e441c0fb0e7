// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages filled with one word need no frame: a descriptor holds the word.
 *
 * Ephemeral descriptors must not pile up, a sparse file can have any number of
 * zero pages. They have an LRU of their own, and the oldest go when there are
 * too many. Persistent ones are bounded by the swap area.
 *
 * A descriptor is a pampd as it is: the slab aligns it to eight bytes, while a
 * zpage has bit 2 set.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/slab.h>

#include "zcache.h"

/* One descriptor for each so many pages of memory: some 0.2 % of it. */
#define EPH_RATIO	16

/**
 * struct zcache_filled - a page filled with one word
 * @lru: in the LRU if ephemeral; under its lock
 * @handle: its name; immutable
 * @word: the word; immutable
 * @class: whose; immutable
 * @refs: that of tmem's entry and one for each pin
 */
struct zcache_filled {
	struct list_head lru;
	struct tmem_handle handle;
	unsigned long word;
	enum zbud_class class;
	refcount_t refs;
};

/**
 * zcache_filled_init() - prepare for pages filled with one word
 * @zc: the cache
 *
 * Return: 0 or -ENOMEM.
 */
int zcache_filled_init(struct zcache *zc)
{
	struct zcache_filled_pages *fp = &zc->filled;

	fp->cache = KMEM_CACHE(zcache_filled, 0);
	if (!fp->cache)
		return -ENOMEM;
	spin_lock_init(&fp->lock);
	INIT_LIST_HEAD(&fp->lru);
	fp->max_eph = totalram_pages() / EPH_RATIO;
	return 0;
}

/**
 * zcache_filled_exit() - undo zcache_filled_init()
 * @zc: the cache; all descriptors are gone
 */
void zcache_filled_exit(struct zcache *zc)
{
	kmem_cache_destroy(zc->filled.cache);
}

/* Forget the oldest. It may be freed as soon as the lock is dropped. */
static void evict_oldest(struct zcache *zc)
{
	struct zcache_filled_pages *fp = &zc->filled;
	struct zcache_filled *filled;
	struct tmem_handle handle;
	unsigned long flags;

	spin_lock_irqsave(&fp->lock, flags);
	filled = list_first_entry_or_null(&fp->lru, struct zcache_filled, lru);
	if (filled) {
		list_del_init(&filled->lru);
		handle = filled->handle;
	}
	spin_unlock_irqrestore(&fp->lock, flags);

	if (filled && zcache_unlink(zc, &handle, filled)) {
		zcache_count(zc, ZCACHE_EVICTED_EPH_FILLED);
		zcache_filled_free(zc, filled);
	}
}

/**
 * zcache_filled_create() - describe a page filled with one word
 * @pool: where it will be stored
 * @handle: under what name
 * @word: the word
 *
 * Context: reclaim; does not sleep.
 * Return: a pampd, or NULL without memory.
 */
void *zcache_filled_create(struct zcache_pool *pool,
			   const struct tmem_handle *handle,
			   unsigned long word)
{
	struct zcache_filled_pages *fp = &pool->zc->filled;
	struct zcache_filled *filled;
	unsigned long flags;

	filled = kmem_cache_alloc(fp->cache, zcache_gfp(pool->class));
	if (!filled) {
		zcache_count(pool->zc, ZCACHE_FAILED_ALLOC);
		return NULL;
	}
	filled->handle = *handle;
	filled->word = word;
	filled->class = pool->class;
	refcount_set(&filled->refs, 1);
	INIT_LIST_HEAD(&filled->lru);

	atomic_long_inc(&fp->nr[pool->class]);
	if (pool->class == ZBUD_EPH) {
		spin_lock_irqsave(&fp->lock, flags);
		list_add_tail(&filled->lru, &fp->lru);
		spin_unlock_irqrestore(&fp->lock, flags);
		if (atomic_long_read(&fp->nr[ZBUD_EPH]) > fp->max_eph)
			evict_oldest(pool->zc);
	}
	return filled;
}

/**
 * zcache_filled_pin() - take a reference
 * @pampd: a descriptor that tmem still names
 */
void zcache_filled_pin(void *pampd)
{
	struct zcache_filled *filled = pampd;

	refcount_inc(&filled->refs);
}

/**
 * zcache_filled_free() - drop a reference; the last one frees
 * @zc: the cache
 * @pampd: a descriptor
 *
 * Context: any but hard interrupt.
 */
void zcache_filled_free(struct zcache *zc, void *pampd)
{
	struct zcache_filled_pages *fp = &zc->filled;
	struct zcache_filled *filled = pampd;
	unsigned long flags;

	if (!refcount_dec_and_test(&filled->refs))
		return;
	if (filled->class == ZBUD_EPH) {
		spin_lock_irqsave(&fp->lock, flags);
		list_del(&filled->lru);
		spin_unlock_irqrestore(&fp->lock, flags);
	}
	atomic_long_dec(&fp->nr[filled->class]);
	kmem_cache_free(fp->cache, filled);
}

/**
 * zcache_filled_word() - what the page is filled with
 * @pampd: a descriptor that the caller holds a reference to
 *
 * Return: the word.
 */
unsigned long zcache_filled_word(const void *pampd)
{
	const struct zcache_filled *filled = pampd;

	return filled->word;
}
