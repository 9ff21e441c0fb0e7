/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * zcache: what its files share.
 *
 *   zcache-main.c	pools, parameters, on and off
 *   zcache-hooks.c	what the hooks call
 *   zcache-zpage.c	a page to a pampd and back
 *   zcache-desc.c	pages that are not compressed
 *   zcache-frame.c	page frames: limit, eviction, shrinker
 *   zcache-spare.c	those that are at hand
 *   zcache-cgroup.c	whose they are
 *   zcache-writeback.c	swap pages leave for the swap device
 *   zcache-admit.c	which file pages are let in, and how they are kept
 *   zcache-reuse.c	how long ago a file page was here last
 *   zcache-cost.c	what it costs to keep one, next to reading it again
 *   zcache-comp.c	compressors
 *   zcache-debugfs.c	what a user can see of it
 *   zcache-sysfs.c	what a user can have done
 */
#ifndef _ZCACHE_H
#define _ZCACHE_H

#include <linux/atomic.h>
#include <linux/cleancache.h>
#include <linux/hashtable.h>
#include <linux/mempool.h>
#include <linux/mm_types.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "tmem.h"
#include "zbud.h"

struct cleancache_ops;
struct dentry;
struct frontswap_ops;
struct kmem_cache;
struct mem_cgroup;
struct obj_cgroup;
struct page;
struct shrinker;
struct task_struct;
struct zcache_bucket;
struct zcache_comp;
struct zcache_comp_ctx;
struct zcache_writeback;

/* Which file pages are put. */
enum zcache_policy {
	ZCACHE_PUT_ALL,
	ZCACHE_PUT_ACTIVE,
	ZCACHE_PUT_REFAULT,
};

/* How a file page is kept. */
enum zcache_way {
	ZCACHE_NOT_AT_ALL,
	ZCACHE_COMPRESSED,
	ZCACHE_AS_IS,
	ZCACHE_WAYS
};

/* Where a page frame for a put may come from. */
enum zcache_from {
	ZCACHE_FROM_MEMORY = BIT(0),
	ZCACHE_FROM_FILES = BIT(1),	/* the oldest file pages make room */
};

/* What is done with a page. */
enum zcache_what {
	ZCACHE_PUT,
	ZCACHE_GET,
	ZCACHE_WHATS
};

/* What a descriptor describes. */
enum zcache_desc_kind {
	ZCACHE_FILLED,
	ZCACHE_RAW,
	ZCACHE_DESC_KINDS
};

/* Things that happen, each counted. The names are those in debugfs. */
enum zcache_event {
	ZCACHE_PAGEFRAMES_ALLOCED,
	ZCACHE_PAGEFRAMES_FREED,
	ZCACHE_FAILED_GETFREEPAGES,
	ZCACHE_FAILED_ALLOC,
	ZCACHE_LIMIT_HIT,
	ZCACHE_CGROUP_LIMIT_HIT,
	ZCACHE_FLUSH_TOTAL,
	ZCACHE_FLUSH_FOUND,
	ZCACHE_FLOBJ_TOTAL,
	ZCACHE_FLOBJ_FOUND,
	ZCACHE_FAILED_EPH_PUTS,
	ZCACHE_FAILED_PERS_PUTS,
	ZCACHE_EPH_NONACTIVE_PUTS_IGNORED,
	ZCACHE_EPH_COMPRESSED_IN_VAIN,
	ZCACHE_EPH_ZPAGES_GIVEN_UP,
	ZCACHE_COMPRESS_POOR,
	ZCACHE_DECOMPRESS_FAILED,
	ZCACHE_EPH_ATE_TAIL,
	ZCACHE_EPH_ATE_TAIL_FAILED,
	ZCACHE_PERS_ATE_EPH,
	ZCACHE_PERS_ATE_EPH_FAILED,
	ZCACHE_EVICTED_EPH_FILLED,
	ZCACHE_EVICTED_EPH_RAW,
	ZCACHE_SHRUNK_PAGEFRAMES,
	ZCACHE_WRITTENBACK_PAGES,
	ZCACHE_WRITEBACK_FAILED,
	ZCACHE_WRITEBACK_SKIPPED,
	ZCACHE_OOM_AVERTED,
	ZCACHE_NR_EVENTS
};

struct zcache_events {
	unsigned long count[ZCACHE_NR_EVENTS];
};

/**
 * struct zcache_descs - the pages that are not compressed
 * @cache: where the descriptors come from; immutable
 * @lock: protects @filled, and the @raw of each cgroup; irq-safe, taken inside tmem's
 *	lock
 * @filled: ephemeral ones of one word, least recently used first
 * @nr: descriptors by kind and class; atomic
 * @max_filled: no more ephemeral filled ones than this; immutable
 */
struct zcache_descs {
	struct kmem_cache *cache;
	spinlock_t lock;	/* see above */
	struct list_head filled;
	atomic_long_t nr[ZCACHE_DESC_KINDS][ZBUD_CLASSES];
	unsigned long max_filled;
};

/**
 * struct zcache_cgroup - what a cgroup has of pages of a class
 * @class: which; immutable
 * @queue: its zpages
 * @raw: its file pages as they are by rank, least recently used first; under the lock
 *	of descriptors
 * @nr_frames: frames of both; atomic
 * @credit: how much more may be charged for what has come; a hint, atomic
 * @vain: groups in a row of which no page could be written; the writeback worker's own
 * @passed: the number of its run in which it has done with this one; its own, too
 * @owner: to whom, with a reference; NULL: to nobody. Immutable
 * @refs: that of the table, one for each frame, and those of users; not if it is
 *	nobody's
 * @node: in the table; changes under the table's lock, looked up under RCU
 * @list: in the table's @all, under its lock
 * @orphan: in its @orphans if the cgroup has been removed, and that was seen; under its
 *	lock
 * @rcu: for who looks it up when it goes
 *
 * A frame's index says which of these it belongs to; NULL: to none.
 */
struct zcache_cgroup {
	enum zbud_class class;
	struct zbud_queue queue;
	struct list_head raw[ZBUD_RANKS];
	atomic_long_t nr_frames;
	atomic_t credit;
	unsigned long vain;
	unsigned long passed;
	struct obj_cgroup *owner;
	refcount_t refs;
	struct hlist_node node;
	struct list_head list;
	struct list_head orphan;
	struct rcu_head rcu;
};

/**
 * struct zcache_cgroups - all of them that have pages of a class
 * @lock: protects what follows, unless said otherwise; irq-safe, outside the locks of
 *	queues and descriptors
 * @all: every one; who is looked at goes to the end
 * @last: of whom frames were to be taken last, or NULL; one of @all, without a reference
 *	of its own: it is forgotten when that one is removed
 * @orphans: those whose cgroup has been removed, as far as it has been seen
 * @swept: when that was looked for, in jiffies; READ_ONCE
 * @nr: how many there are; READ_ONCE
 * @table: those that are somebody's; looked up under RCU
 * @gone: what those have counted that are no more
 * @nr_frames: frames of all; atomic
 * @nr_used: how many have some; atomic
 * @shrinker: gives back file pages' frames of cgroups other than the root; NULL for
 *	swap pages; immutable
 * @nobody: what is nobody's
 */
struct zcache_cgroups {
	spinlock_t lock;	/* see above */
	struct list_head all;
	struct zcache_cgroup *last;
	struct list_head orphans;
	unsigned long swept;
	unsigned int nr;
	DECLARE_HASHTABLE(table, 7);
	struct zbud_stats gone;
	atomic_long_t nr_frames;
	atomic_t nr_used;
	struct shrinker *shrinker;
	struct zcache_cgroup nobody;
};

/**
 * struct zcache_spare - page frames at hand for when memory is short
 * @lock: protects @pages and @nr
 * @pages: the frames, by their lru
 * @nr: how many
 * @goal: how many there should be; READ_ONCE and WRITE_ONCE
 * @refill: fetches more
 * @refiller: the task that does, or NULL; READ_ONCE
 */
struct zcache_spare {
	spinlock_t lock;	/* pages, nr */
	struct list_head pages;
	unsigned int nr;
	unsigned int goal;
	struct work_struct refill;
	struct task_struct *refiller;
};

/**
 * struct zcache_calm - whether programs have enough memory
 * @since: when a swap page wanted a frame last, or when @cap rose, in jiffies
 * @step: page frames by which @cap rises next
 * @cap: page frames that file pages may have; ULONG_MAX: any number
 *
 * Hints: READ_ONCE and WRITE_ONCE.
 */
struct zcache_calm {
	unsigned long since;
	unsigned long step;
	unsigned long cap;
};

#define ZCACHE_ALL_IN_ROWS	BIT(16)	/* a share: all of them */

/**
 * struct zcache_reuse - file pages that were offered, and when
 * @buckets: notes by hash; hints, so what races is harmless
 * @order: how many, as a power of two; immutable
 * @tick_shift: offers in a tick, as a power of two; immutable
 * @offers: pages offered so far; atomic
 * @in_rows: share of offers that were neighbours; a hint, READ_ONCE and WRITE_ONCE
 * @offered: a CPU's own, in which those that are not in @offers are counted
 */
struct zcache_reuse {
	struct zcache_bucket *buckets;
	unsigned int order;
	unsigned int tick_shift;
	atomic_long_t offers;
	u32 in_rows;
	struct zcache_offers __percpu *offered;
};

#define ZCACHE_SIZE_UNITS	1024U	/* of a byte */
#define ZCACHE_SIZE_STEPS	16U	/* of a page's size, for shares of pages */
#define ZCACHE_ALL_PAGES	BIT(20)	/* a share: all of them */
#define ZCACHE_RUNS		64U	/* decisions that are remembered */

/**
 * struct zcache_cost - what it costs to keep a file page
 * @ns: nanoseconds to put and to get one, by the way it is kept; 0: no guess
 * @nr: how many times that is the mean of, until they are enough for it to forget
 * @size: bytes of one when it is compressed, in ZCACHE_SIZE_UNITS
 * @smaller: the share of them that take so many steps or less
 * @read_ns: nanoseconds to read the one that was offered last
 * @saved: nanoseconds that may be ventured; atomic, though two who change it at
 *	once may lose a page's worth
 * @runs: runs of pages that were decided on, with bit 0 for yes; hints
 * @turn: a CPU's own, to tell what is to be timed
 *
 * @ns, @size and @smaller are averages, and with @nr and @read_ns hints: READ_ONCE and
 * WRITE_ONCE.
 */
struct zcache_cost {
	u32 ns[ZCACHE_WAYS][ZCACHE_WHATS];
	u8 nr[ZCACHE_WAYS][ZCACHE_WHATS];
	u32 size;
	u32 smaller[ZCACHE_SIZE_STEPS];
	u32 read_ns;
	atomic64_t saved;
	u64 runs[ZCACHE_RUNS];
	unsigned int __percpu *turn;
};

#define ZCACHE_COMPRESSORS	(ZBUD_MAX_TAG + 1)

/**
 * struct zcache_comps - compressors
 * @table: those that have been chosen, by tag. One is entered before a page of it
 *	comes, and stays until the cache is stopped, as its pages may
 * @nr: how many; by who chooses, one at a time
 * @in_use: what compresses pages that come; release and acquire
 * @cpuhp_state: of CPU hotplug; immutable
 */
struct zcache_comps {
	struct zcache_comp *table[ZCACHE_COMPRESSORS];
	unsigned int nr;
	struct zcache_comp *in_use;
	int cpuhp_state;
};

/**
 * enum zcache_first - which file pages of a cgroup make room first
 * @ZCACHE_OLDEST_FIRST: that have been used the longest ago, whatever is known of them
 * @ZCACHE_ON_TRIAL_FIRST: that nobody has wanted yet, if there are any
 */
enum zcache_first {
	ZCACHE_OLDEST_FIRST,
	ZCACHE_ON_TRIAL_FIRST,
};

/**
 * struct zcache_plan - how a page is to be put
 * @way: how to keep it
 * @poor_as_is: keep it as it is if it does not compress
 * @from: where a page frame for it may come from, if it needs one
 * @whole_run: if there is no room for it, those around it are of little use
 * @on_trial: nothing is known of it: it is the first to go when memory is given back
 * @cg: whose it is
 * @frame: a page frame for it, or NULL; not used, it has to be given back
 */
struct zcache_plan {
	enum zcache_way way;
	bool poor_as_is;
	bool whole_run;
	bool on_trial;
	enum zcache_from from;
	struct zcache_cgroup *cg;
	struct page *frame;
};

/**
 * struct zcache - all there is
 * @cgroups: pages by class, and whose they are
 * @now: the clock of all queues; READ_ONCE and WRITE_ONCE
 * @pools: tmem pools by id; changes under its own lock, looked up under RCU
 * @nr_frames: page frames held, and their high-water mark
 * @max_frames: high-water mark of @nr_frames
 * @calm: how much of it file pages may have
 * @relief: frames that swap pages may keep where memory and swap slots are short;
 *	LONG_MAX: any number. READ_ONCE and WRITE_ONCE. Whoever sets it wakes the
 *	writeback worker or sets it back, and the worker sets it back when it ends: so
 *	it never stays, and with it the refusal of swap pages
 * @off: takes no pages, of this machine or of others; any time, READ_ONCE
 * @max_pool_percent: of the machine's memory; any time, READ_ONCE
 * @accept_threshold_percent: of that, down to which swap pages are written to
 *	their device; any time, READ_ONCE
 * @writeback_enabled: are they? Any time, READ_ONCE
 * @policy: which file pages are put; any time, READ_ONCE
 * @read_us: what reading a file page costs, in microseconds, 0 for what was
 *	measured; any time, READ_ONCE
 * @exclusive_gets: a file page that is got does not stay; any time, READ_ONCE
 * @descs: pages that are not compressed
 * @spare: frames that are not in use yet, and not counted
 * @reuse: when file pages were here
 * @cost: what it costs to keep them
 * @comps: compressors
 * @obj_cache: for tmem objects; immutable
 * @nr_objs: objects of all pools; atomic
 * @tokens: for puts under way; its own rules
 * @shrinker: gives back ephemeral frames that are charged to nobody; immutable
 * @writeback: writes swap pages to their device; NULL until it is there
 * @events: counters
 * @debugfs: the directory
 */
struct zcache {
	struct zcache_cgroups cgroups[ZBUD_CLASSES];
	u16 now;
	struct xarray pools;
	atomic_long_t nr_frames;
	atomic_long_t max_frames;
	struct zcache_calm calm;
	long relief;
	bool off;
	unsigned int max_pool_percent;
	unsigned int accept_threshold_percent;
	bool writeback_enabled;
	enum zcache_policy policy;
	unsigned int read_us;
	bool exclusive_gets;
	struct zcache_descs descs;
	struct zcache_spare spare;
	struct zcache_reuse reuse;
	struct zcache_cost cost;
	struct zcache_comps comps;
	struct kmem_cache *obj_cache;
	atomic_long_t nr_objs;
	mempool_t *tokens;
	struct shrinker *shrinker;
	struct zcache_writeback *writeback;
	struct zcache_events __percpu *events;
	struct dentry *debugfs;
};

/* All that a pampd's methods get to know is the pool. */
struct zcache_pool {
	struct tmem_pool tmem;
	struct zcache *zc;
	struct zcache_cgroup *cg;	/* whose its pages are, if none is named, or NULL */
	struct zbud_queue *queue;	/* where its zpages are, if they are of no cgroup */
	enum zbud_class class;
};

static inline struct zcache_pool *to_zcache_pool(struct tmem_pool *pool)
{
	return container_of(pool, struct zcache_pool, tmem);
}

static inline void zcache_count_many(struct zcache *zc, enum zcache_event event,
				     unsigned long nr)
{
	this_cpu_add(zc->events->count[event], nr);
}

static inline void zcache_count(struct zcache *zc, enum zcache_event event)
{
	zcache_count_many(zc, event, 1);
}

static inline unsigned int zcache_cost_mean_size(const struct zcache_cost *cost)
{
	return READ_ONCE(cost->size) / ZCACHE_SIZE_UNITS ?: 1;
}

static inline struct zcache_cgroup *zcache_frame_cgroup(const struct page *frame)
{
	return (struct zcache_cgroup *)frame->index;
}

static inline unsigned long zcache_cgroups_frames(const struct zcache_cgroups *cgs)
{
	return atomic_long_read(&cgs->nr_frames);
}

/* The pool of file pages; swap areas have those that follow. */
#define ZCACHE_FILE_POOL	0

/* zcache-main.c APIs: */
int zcache_pool_create(struct zcache *zc, u32 id, enum zbud_class class);
void zcache_pool_destroy(struct zcache *zc, u32 id);
bool zcache_unlink(void *zc, const struct tmem_handle *handle, void *pampd);
bool zcache_pin(struct zcache *zc, const struct tmem_handle *handle,
		void *pampd);
int zcache_drain(void);

/* zcache-hooks.c APIs: */
extern const struct cleancache_ops zcache_cleancache_ops;
extern const struct frontswap_ops zcache_frontswap_ops;
int zcache_hooks_init(struct zcache *zc);
void zcache_hooks_exit(struct zcache *zc);
bool zcache_swap_slot(const struct tmem_handle *handle, unsigned int *type,
		      unsigned long *offset);

/* zcache-zpage.c APIs: */
extern const struct tmem_pamops zcache_pamops;
void *zcache_file_create(struct zcache_pool *pool, const struct tmem_oid *oid,
			 unsigned long index, struct page *page,
			 struct cleancache_read read, struct obj_cgroup *owner);
void *zcache_swap_create(struct zcache_pool *pool, const struct tmem_oid *oid,
			 unsigned long index, struct page *page,
			 struct obj_cgroup *owner);
void *zcache_page_import(struct zcache_pool *pool,
			 const struct tmem_handle *handle,
			 const struct zbud_content *content,
			 enum zcache_from from);
void zcache_unpin(struct zcache *zc, void *pampd);
int zcache_page_expand(struct zcache *zc, const struct zbud_content *content,
		       struct page *page);

/* zcache-desc.c APIs: */
int zcache_desc_init(struct zcache *zc);
void zcache_desc_exit(struct zcache *zc);
void *zcache_filled_create(struct zcache_pool *pool,
			   const struct tmem_handle *handle,
			   unsigned long word, struct obj_cgroup *owner);
void *zcache_raw_create(struct zcache_pool *pool,
			const struct tmem_handle *handle, const void *src,
			struct page *frame, enum zbud_rank rank);
void zcache_desc_pin(struct zcache *zc, void *pampd);
void zcache_desc_free(struct zcache *zc, void *pampd, struct list_head *frames);
void zcache_desc_load(const void *pampd, void *dst);
bool zcache_raw_oldest(struct zcache *zc, struct zcache_cgroup *cg,
		       enum zbud_rank rank, u16 *stamp);
unsigned int zcache_raw_evict(struct zcache *zc, struct zcache_cgroup *cg,
			      enum zbud_rank rank, struct list_head *frames);

/* zcache-cgroup.c APIs: */
struct zcache_cgroup *zcache_cgroup_get(struct zcache *zc, enum zbud_class class,
					struct obj_cgroup *owner);
struct zcache_cgroup *zcache_cgroup_find(struct zcache *zc,
					 struct obj_cgroup *owner);
void zcache_cgroup_put(struct zcache_cgroup *cg);
bool zcache_cgroup_may_grow(struct zcache *zc, struct zcache_cgroup *cg);
bool zcache_cgroup_add(struct zcache *zc, struct zcache_cgroup *cg,
		       struct page *frame);
void zcache_cgroup_del(struct zcache *zc, struct page *frame);
unsigned int zcache_cgroup_age(struct zcache *zc, struct zcache_cgroup *cg);
unsigned int zcache_cgroup_evict(struct zcache *zc, struct zcache_cgroup *cg,
				 enum zcache_first first,
				 struct list_head *frames);
struct zcache_cgroup *zcache_cgroup_victim(struct zcache *zc,
					   struct zcache_cgroup *cg);
struct zcache_cgroup *zcache_cgroup_swap_victim(struct zcache *zc, unsigned long run);
void zcache_cgroups_sweep(struct zcache *zc);
unsigned long zcache_cgroup_frames(struct zcache *zc, struct mem_cgroup *memcg);
struct zcache_cgroup *zcache_cgroup_with_zpages(struct zcache *zc);
struct zcache_cgroup *zcache_cgroup_of(struct zcache *zc,
				       struct mem_cgroup *memcg);
struct zcache_cgroup *zcache_cgroup_orphan(struct zcache *zc,
					   struct mem_cgroup *memcg);
int zcache_cgroups_stats(struct zcache *zc, enum zbud_class class,
			 struct zbud_stats *stats);
void zcache_cgroups_rest(struct zcache *zc);
void zcache_cgroups_init(struct zcache *zc);
void zcache_cgroups_exit(struct zcache *zc);

/* zcache-spare.c APIs: */
struct page *zcache_spare_page(struct zcache_spare *spare, unsigned long in_use,
			       gfp_t gfp);
struct page *zcache_spare_take(struct zcache_spare *spare);
void zcache_spare_give(struct zcache_spare *spare, struct page *page);
bool zcache_spare_refills(const struct zcache_spare *spare);
void zcache_spare_rest(struct zcache_spare *spare);
void zcache_spare_init(struct zcache_spare *spare);

/* zcache-frame.c APIs: */
gfp_t zcache_gfp(enum zbud_class class);
bool zcache_frames_exceeded(struct zcache *zc);
bool zcache_frames_wanted(struct zcache *zc);
unsigned long zcache_frames_left(struct zcache *zc);
unsigned long zcache_frames_room(struct zcache *zc);
bool zcache_frames_above_goal(struct zcache *zc);
void zcache_frames_relieve(struct zcache *zc);
void zcache_frames_relieved(struct zcache *zc);
void zcache_frames_calm(struct zcache *zc);
bool zcache_frames_may_grow(struct zcache *zc);
unsigned int zcache_frames_age(struct zcache *zc, struct zcache_cgroup *cg);
unsigned int zcache_oldest_names(struct zcache *zc, enum zbud_class class,
				 struct zbud_name *names, unsigned int max);
struct page *zcache_frame_get(struct zcache *zc, enum zbud_class class,
			      struct zcache_cgroup *cg, enum zcache_from from);
struct page *zcache_swap_frame_get(struct zcache *zc, struct obj_cgroup *owner,
				   enum zcache_from from);
void zcache_frame_unget(struct zcache *zc, struct page *frame);
void zcache_frames_free(struct zcache *zc, struct list_head *frames);
void zcache_frames_trim(struct zcache *zc);
int zcache_frames_init(struct zcache *zc);
void zcache_frames_exit(struct zcache *zc);

/* zcache-writeback.c APIs: */
bool zcache_writeback_wake(struct zcache *zc);
unsigned int zcache_writeback_outstanding(const struct zcache *zc);
int zcache_writeback_drain(struct zcache *zc);
int zcache_writeback_init(struct zcache *zc);
void zcache_writeback_exit(struct zcache *zc);

/* zcache-admit.c APIs: */
bool zcache_worth(struct zcache *zc, struct cleancache_read read);
bool zcache_admit(struct zcache *zc, const struct tmem_handle *handle,
		  struct cleancache_read read, struct zcache_plan *plan);
void zcache_admit_give_up(struct zcache_pool *pool,
			  const struct tmem_handle *handle);
unsigned int zcache_seen(struct zcache *zc, const struct tmem_oid *oid,
			 unsigned long index);

/* zcache-reuse.c APIs: */
int zcache_reuse_init(struct zcache_reuse *reuse, unsigned long pages);
void zcache_reuse_exit(struct zcache_reuse *reuse);
u16 zcache_reuse_now(const struct zcache_reuse *reuse);
bool zcache_reuse_in_rows(const struct zcache_reuse *reuse);
bool zcache_reuse_sample(unsigned long time);
unsigned int zcache_reuse_offer(struct zcache_reuse *reuse,
				const struct tmem_oid *oid,
				unsigned long index);

/* zcache-cost.c APIs: */
int zcache_cost_init(struct zcache_cost *cost);
void zcache_cost_exit(struct zcache_cost *cost);
u64 zcache_cost_begin(struct zcache_cost *cost);
void zcache_cost_timed(struct zcache_cost *cost, enum zcache_way way,
		       enum zcache_what what, u64 begin);

/**
 * zcache_cost_end() - what may be timed has ended
 * @cost: who wants to know
 * @way: how the page is kept
 * @what: put or got
 * @begin: as zcache_cost_begin() returned it
 *
 * Context: any.
 */
static inline void zcache_cost_end(struct zcache_cost *cost, enum zcache_way way,
				   enum zcache_what what, u64 begin)
{
	if (begin)
		zcache_cost_timed(cost, way, what, begin);
}

u32 zcache_cost_ns(const struct zcache_cost *cost, enum zcache_way way,
		   enum zcache_what what);
void zcache_cost_size(struct zcache_cost *cost, unsigned int size);
u32 zcache_cost_smaller(const struct zcache_cost *cost, unsigned int size);
bool zcache_cost_try(const struct zcache_cost *cost, u32 read_ns, u32 share);
enum zcache_way zcache_cost_way(struct zcache_cost *cost, u32 read_ns,
				bool in_rows);
bool zcache_cost_venture(struct zcache_cost *cost, enum zcache_way way,
			 struct cleancache_read read, u64 run);
void zcache_cost_refuse(struct zcache_cost *cost, u64 run);
bool zcache_cost_refused(struct zcache_cost *cost, u64 run);

/* zcache-comp.c APIs: */
int zcache_comps_init(struct zcache_comps *comps);
void zcache_comps_exit(struct zcache_comps *comps);
bool zcache_comp_known(const char *name);
int zcache_comp_choose(struct zcache_comps *comps, const char *name);
struct zcache_comp *zcache_comp_in_use(struct zcache_comps *comps);
struct zcache_comp *zcache_comp_of(struct zcache_comps *comps, unsigned int tag);
unsigned int zcache_comp_tag(const struct zcache_comp *comp);
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

/* zcache-sysfs.c APIs: */
#ifdef CONFIG_SYSFS
int zcache_sysfs_init(void);
void zcache_sysfs_exit(void);
#else
static inline int zcache_sysfs_init(void)
{
	return 0;
}

static inline void zcache_sysfs_exit(void)
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
