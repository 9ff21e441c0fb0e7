/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * zcache: what its files share.
 *
 *   zcache-main.c	pools, the hooks' ops, parameters, init and exit
 *   zcache-zpage.c	a page to a pampd and back
 *   zcache-frame.c	page frames: limit, eviction, shrinker
 *   zcache-reuse.c	which file pages are let in when it is full
 *   zcache-filled.c	pages filled with one word
 *   zcache-comp.c	compressors
 *   zcache-debugfs.c	what a user can see of it
 */
#ifndef _ZCACHE_H
#define _ZCACHE_H

#include <linux/atomic.h>
#include <linux/mempool.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "tmem.h"
#include "zbud.h"

struct dentry;
struct kmem_cache;
struct page;
struct shrinker;
struct zcache_comp;
struct zcache_comp_ctx;

/* Which file pages are put when others must be evicted for them. */
enum zcache_policy {
	ZCACHE_PUT_ALL,
	ZCACHE_PUT_REUSED,
};

/* Things that happen, each counted. The names are those in debugfs. */
enum zcache_event {
	ZCACHE_PAGEFRAMES_ALLOCED,
	ZCACHE_PAGEFRAMES_FREED,
	ZCACHE_FAILED_GETFREEPAGES,
	ZCACHE_FAILED_ALLOC,
	ZCACHE_LIMIT_HIT,
	ZCACHE_FLUSH_TOTAL,
	ZCACHE_FLUSH_FOUND,
	ZCACHE_FLOBJ_TOTAL,
	ZCACHE_FLOBJ_FOUND,
	ZCACHE_FAILED_EPH_PUTS,
	ZCACHE_FAILED_PERS_PUTS,
	ZCACHE_EPH_NONACTIVE_PUTS_IGNORED,
	ZCACHE_COMPRESS_POOR,
	ZCACHE_DECOMPRESS_FAILED,
	ZCACHE_EPH_ATE_TAIL,
	ZCACHE_EPH_ATE_TAIL_FAILED,
	ZCACHE_PERS_ATE_EPH,
	ZCACHE_PERS_ATE_EPH_FAILED,
	ZCACHE_EVICTED_EPH_FILLED,
	ZCACHE_SHRUNK_PAGEFRAMES,
	ZCACHE_NR_EVENTS
};

struct zcache_events {
	unsigned long count[ZCACHE_NR_EVENTS];
};

/**
 * struct zcache_filled_pages - the pages that are filled with one word
 * @cache: where the descriptors come from; immutable
 * @lock: protects @lru; irq-safe, taken inside tmem's lock
 * @lru: ephemeral ones, oldest first
 * @nr: descriptors by class; atomic
 * @max_eph: no more ephemeral ones than this; immutable
 */
struct zcache_filled_pages {
	struct kmem_cache *cache;
	spinlock_t lock;	/* lru */
	struct list_head lru;
	atomic_long_t nr[ZBUD_CLASSES];
	unsigned long max_eph;
};

/**
 * struct zcache_spare - page frames at hand for when memory is short
 * @lock: protects @pages and @nr
 * @pages: the frames, by their lru
 * @nr: how many
 * @refill: fetches more
 */
struct zcache_spare {
	spinlock_t lock;	/* pages, nr */
	struct list_head pages;
	unsigned int nr;
	struct work_struct refill;
};

/**
 * struct zcache_reuse - file pages that have come back, by hash
 * @map: bitmaps, the one being filled and the one before; atomic
 * @order: bits in each, as a power of two; immutable
 * @current_map: which is being filled
 * @nr_set: bits set in it; atomic
 * @turn_away: unproven pages that will be turned away; atomic
 *
 * All of it is a hint, so what races is harmless.
 */
struct zcache_reuse {
	unsigned long *map[2];
	unsigned int order;
	unsigned int current_map;
	atomic_t nr_set;
	atomic_t turn_away;
};

/**
 * struct zcache - all there is
 * @zbud: page frames with compressed pages
 * @pools: tmem pools by id; changes under its own lock, looked up under RCU
 * @nr_frames: page frames held, and their high-water mark
 * @max_frames: high-water mark of @nr_frames
 * @max_pool_percent: of the machine's memory; any time, READ_ONCE
 * @policy: which file pages are put; any time, READ_ONCE
 * @filled: pages without a frame
 * @spare: frames that are not in use yet, and not counted
 * @reuse: what is known of file pages
 * @comp: the compressor; immutable
 * @obj_cache: for tmem objects; immutable
 * @nr_objs: objects of all pools; atomic
 * @tokens: for puts under way; its own rules
 * @shrinker: gives ephemeral frames back; immutable
 * @events: counters
 * @debugfs: the directory
 */
struct zcache {
	struct zbud zbud;
	struct xarray pools;
	atomic_long_t nr_frames;
	atomic_long_t max_frames;
	unsigned int max_pool_percent;
	enum zcache_policy policy;
	struct zcache_filled_pages filled;
	struct zcache_spare spare;
	struct zcache_reuse reuse;
	struct zcache_comp *comp;
	struct kmem_cache *obj_cache;
	atomic_long_t nr_objs;
	mempool_t *tokens;
	struct shrinker *shrinker;
	struct zcache_events __percpu *events;
	struct dentry *debugfs;
};

/* All that a pampd's methods get to know is the pool. */
struct zcache_pool {
	struct tmem_pool tmem;
	struct zcache *zc;
	enum zbud_class class;
};

static inline struct zcache_pool *to_zcache_pool(struct tmem_pool *pool)
{
	return container_of(pool, struct zcache_pool, tmem);
}

static inline void zcache_count(struct zcache *zc, enum zcache_event event)
{
	this_cpu_inc(zc->events->count[event]);
}

/* zcache-main.c APIs: */
bool zcache_unlink(void *zc, const struct tmem_handle *handle, void *pampd);

/* zcache-zpage.c APIs: */
extern const struct tmem_pamops zcache_pamops;
void *zcache_zpage_create(struct zcache_pool *pool,
			  const struct tmem_oid *oid, unsigned long index,
			  struct page *page);

/* zcache-frame.c APIs: */
gfp_t zcache_gfp(enum zbud_class class);
bool zcache_frames_exceeded(struct zcache *zc);
struct page *zcache_frame_get(struct zcache *zc, enum zbud_class class);
void zcache_frames_free(struct zcache *zc, struct list_head *frames);
void zcache_frames_trim(struct zcache *zc);
int zcache_frames_init(struct zcache *zc);
void zcache_frames_exit(struct zcache *zc);

/* zcache-reuse.c APIs: */
int zcache_reuse_init(struct zcache *zc);
void zcache_reuse_exit(struct zcache *zc);
void zcache_reuse_note(struct zcache *zc, const struct tmem_oid *oid,
		       unsigned long index);
void zcache_reuse_evicted(struct zcache *zc);
bool zcache_reuse_admit(struct zcache *zc, const struct tmem_oid *oid,
			unsigned long index);

/* zcache-filled.c APIs: */
int zcache_filled_init(struct zcache *zc);
void zcache_filled_exit(struct zcache *zc);
void *zcache_filled_create(struct zcache_pool *pool,
			   const struct tmem_handle *handle,
			   unsigned long word);
void zcache_filled_pin(void *pampd);
void zcache_filled_free(struct zcache *zc, void *pampd);
unsigned long zcache_filled_word(const void *pampd);

/* zcache-comp.c APIs: */
struct zcache_comp *zcache_comp_create(const char *name);
void zcache_comp_destroy(struct zcache_comp *comp);
const char *zcache_comp_name(const struct zcache_comp *comp);
const char *zcache_comp_default(void);
struct zcache_comp_ctx *zcache_comp_begin(struct zcache_comp *comp);
void zcache_comp_end(struct zcache_comp_ctx *ctx);
void *zcache_comp_buf(struct zcache_comp_ctx *ctx);
int zcache_compress(struct zcache_comp *comp, struct zcache_comp_ctx *ctx,
		    const void *page, unsigned int *size);
int zcache_decompress(struct zcache_comp *comp, struct zcache_comp_ctx *ctx,
		      const void *data, unsigned int size, void *page);

/* zcache-debugfs.c APIs: */
#ifdef CONFIG_DEBUG_FS
void zcache_debugfs_init(struct zcache *zc);
void zcache_debugfs_exit(struct zcache *zc);
#else
static inline void zcache_debugfs_init(struct zcache *zc)
{
}

static inline void zcache_debugfs_exit(struct zcache *zc)
{
}
#endif

#if defined(CONFIG_ZCACHE2_DEBUG) && defined(CONFIG_FAULT_INJECTION_DEBUG_FS)
bool zcache_should_fail_put(void);
#else
static inline bool zcache_should_fail_put(void)
{
	return false;
}
#endif

#endif /* _ZCACHE_H */
