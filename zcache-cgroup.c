// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a cgroup has here, in an order of its own. File pages: their page frames are
 * charged to it, so that they can give way together with the cgroup's page cache. And
 * swap pages, apart: these are charged by their bytes, zpage by zpage.
 *
 * Who finds one by its cgroup gets a reference, and so has each of its frames, in
 * which it is noted. What it has when its cgroup has been removed is charged to the
 * cgroup above, and gives way with that. Nobody says when it is removed: it is seen by
 * who comes by, be it for memory. When it has no frame any more it goes.
 *
 * One whose owner is NULL is never removed, and not counted: what is nobody's, that
 * is, the root cgroup's.
 *
 * What is taken from a cgroup's page cache comes here in part, but not all of it may
 * stay, or its memory would not get less: each page that comes brings a part of a page
 * frame that may be charged, and no more is.
 *
 * Whose frames are taken, where one is wanted? Its own, if it may not have more. Else
 * those of one that has its share of all, or more, of some that are looked at the one
 * whose oldest pages are the oldest; so nobody loses, to others, what is within his own
 * share. A removed cgroup has none. Who wants one may be among them; he has only himself
 * if no other has so much. It is the same when swap pages are to leave for their device,
 * or for another machine.
 */
#include <linux/cleancache.h>
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "zcache.h"

/*
 * A page brings so many of these, a frame takes so many, and no more are kept. What is
 * there from the start is what the first page lacks.
 */
#define CREDIT_PAGE	3
#define CREDIT_FRAME	4
#define CREDIT_FIRST	(CREDIT_FRAME - CREDIT_PAGE)
#define CREDIT_MAX	(64 * CREDIT_FRAME)

/* How many that have their share are looked at for the oldest. */
#define LOOK_AT		8U

/* How many are passed by, where one has been found that may lose frames. */
#define PASS_BY		64U

/* How many go at a time, since interrupts are off. */
#define SWEEP		64U

static void cgroup_init(struct zcache *zc, struct zcache_cgroup *cg,
			enum zbud_class class, struct obj_cgroup *owner)
{
	enum zbud_rank rank;

	cg->class = class;
	zbud_queue_init(&cg->queue, &zc->now);
	for (rank = 0; rank < ZBUD_RANKS; rank++)
		INIT_LIST_HEAD(&cg->raw[rank]);
	INIT_LIST_HEAD(&cg->orphan);
	atomic_long_set(&cg->nr_frames, 0);
	atomic_set(&cg->credit, CREDIT_FIRST);
	refcount_set(&cg->refs, 1);
	cg->owner = owner;
}

/**
 * zcache_cgroups_init() - there is only what is nobody's
 * @zc: the cache
 */
void zcache_cgroups_init(struct zcache *zc)
{
	struct zcache_cgroups *cgs;
	enum zbud_class class;

	for (class = 0; class < ZBUD_CLASSES; class++) {
		cgs = &zc->cgroups[class];
		spin_lock_init(&cgs->lock);
		INIT_LIST_HEAD(&cgs->all);
		INIT_LIST_HEAD(&cgs->orphans);
		hash_init(cgs->table);
		cgroup_init(zc, &cgs->nobody, class, NULL);
		list_add(&cgs->nobody.list, &cgs->all);
		cgs->nr = 1;
		cgs->last = NULL;
		cgs->swept = jiffies;
	}
}

static struct zcache_cgroup *find(struct zcache_cgroups *cgs,
				  const struct obj_cgroup *owner)
{
	struct zcache_cgroup *cg;

	hash_for_each_possible_rcu(cgs->table, cg, node, (unsigned long)owner)
		if (cg->owner == owner)
			return cg;
	return NULL;
}

/* What a cgroup has itself; under RCU. */
static struct zcache_cgroup *find_of(struct zcache_cgroups *cgs,
				     struct mem_cgroup *memcg)
{
	const struct obj_cgroup *owner;

	if (cleancache_is_nobody(memcg))
		return &cgs->nobody;
	owner = cleancache_owner_of(memcg);
	return owner ? find(cgs, owner) : NULL;
}

/* What it has counted is not to be forgotten. */
static void add_stats(struct zbud_stats *sum, const struct zbud_stats *stats)
{
	const unsigned long *from = (const unsigned long *)stats;
	unsigned long *to = (unsigned long *)sum;
	unsigned int i;

	static_assert(sizeof(*sum) % sizeof(*to) == 0);
	for (i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

/*
 * Remove it, if nobody uses it. Who finds it at the same time does not get it, and
 * makes another one; but its cgroup has none to offer any more.
 */
static bool remove_unused(struct zcache_cgroups *cgs, struct zcache_cgroup *cg)
{
	lockdep_assert_held(&cgs->lock);

	if (!cg->owner || !refcount_dec_if_one(&cg->refs))
		return false;
	WARN_ON_ONCE(atomic_long_read(&cg->nr_frames));
	add_stats(&cgs->gone, &cg->queue.stats);
	if (cgs->last == cg)
		cgs->last = NULL;
	hash_del_rcu(&cg->node);
	list_del(&cg->list);
	list_del(&cg->orphan);
	cgs->nr--;
	cleancache_owner_put(cg->owner);
	kfree_rcu(cg, rcu);
	return true;
}

/* Look for those whose cgroup has been removed, once a jiffy at the most. */
static void sweep(struct zcache_cgroups *cgs)
{
	struct zcache_cgroup *cg, *next;
	unsigned int removed = 0;

	lockdep_assert_held(&cgs->lock);

	if (!time_after(jiffies, cgs->swept))
		return;
	WRITE_ONCE(cgs->swept, jiffies);
	list_for_each_entry_safe(cg, next, &cgs->all, list) {
		if (!cg->owner || !cleancache_owner_gone(cg->owner))
			continue;
		if (remove_unused(cgs, cg)) {
			if (++removed == SWEEP)
				break;
		} else if (list_empty(&cg->orphan)) {
			list_add_tail(&cg->orphan, &cgs->orphans);
		}
	}
}

static struct zcache_cgroup *create(struct zcache *zc, enum zbud_class class,
				    struct obj_cgroup *owner)
{
	struct zcache_cgroups *cgs = &zc->cgroups[class];
	struct zcache_cgroup *cg, *other;
	unsigned long flags;

	cg = kzalloc(sizeof(*cg), zcache_gfp(class));
	if (!cg) {
		zcache_count(zc, ZCACHE_FAILED_ALLOC);
		return NULL;
	}
	cgroup_init(zc, cg, class, owner);
	spin_lock_irqsave(&cgs->lock, flags);
	sweep(cgs);
	other = find(cgs, owner);
	if (other) {
		kfree(cg);
		cg = other;
	} else {
		cleancache_owner_hold(owner);
		hash_add_rcu(cgs->table, &cg->node, (unsigned long)owner);
		list_add(&cg->list, &cgs->all);
		cgs->nr++;
		if (cgs->shrinker)
			cleancache_owner_shrinks(owner, cgs->shrinker);
	}
	refcount_inc(&cg->refs);
	spin_unlock_irqrestore(&cgs->lock, flags);
	return cg;
}

/* What is there, with a reference. */
static struct zcache_cgroup *look_up(struct zcache_cgroups *cgs,
				     const struct obj_cgroup *owner)
{
	struct zcache_cgroup *cg;

	if (!owner || !IS_ENABLED(CONFIG_CLEANCACHE_MEMCG))
		return &cgs->nobody;
	rcu_read_lock();
	cg = find(cgs, owner);
	if (cg && !refcount_inc_not_zero(&cg->refs))
		cg = NULL;
	rcu_read_unlock();
	return cg;
}

static void hold(struct zcache_cgroup *cg)
{
	if (cg->owner)
		refcount_inc(&cg->refs);
}

/**
 * zcache_cgroup_get() - a page comes: what its cgroup has
 * @zc: the cache
 * @class: of the page
 * @owner: whom it is charged to, with a reference of the caller; NULL: nobody
 *
 * Context: reclaim; does not sleep.
 * Return: with a reference, or NULL without memory.
 */
struct zcache_cgroup *zcache_cgroup_get(struct zcache *zc, enum zbud_class class,
					struct obj_cgroup *owner)
{
	struct zcache_cgroup *cg = look_up(&zc->cgroups[class], owner) ?:
				   create(zc, class, owner);

	/* Who comes at the same time may bring a bit more. */
	if (cg && owner && atomic_read(&cg->credit) < CREDIT_MAX)
		atomic_add(CREDIT_PAGE, &cg->credit);
	return cg;
}

/**
 * zcache_cgroup_find() - what has a cgroup of file pages?
 * @zc: the cache
 * @owner: whom these are charged to
 *
 * Context: any.
 * Return: with a reference; NULL if it has had none.
 */
struct zcache_cgroup *zcache_cgroup_find(struct zcache *zc,
					 struct obj_cgroup *owner)
{
	return look_up(&zc->cgroups[ZBUD_EPH], owner);
}

/**
 * zcache_cgroup_put() - drop a reference
 * @cg: whose; never the last one
 *
 * Context: any.
 */
void zcache_cgroup_put(struct zcache_cgroup *cg)
{
	if (cg->owner)
		refcount_dec(&cg->refs);
}

/* Would it be too much for itself? */
static bool exceeds(struct zcache *zc, struct zcache_cgroup *cg)
{
	unsigned long limit = min(cleancache_owner_limit(cg->owner), totalram_pages());

	return atomic_long_read(&cg->nr_frames) >=
	       limit * READ_ONCE(zc->max_pool_percent) / 100;
}

/**
 * zcache_cgroup_may_grow() - may it have one frame of file pages more?
 * @zc: the cache
 * @cg: whose; the caller has a reference
 *
 * Context: any.
 * Return: true if so, as a hint.
 */
bool zcache_cgroup_may_grow(struct zcache *zc, struct zcache_cgroup *cg)
{
	return !cg->owner || (atomic_read(&cg->credit) >= CREDIT_FRAME &&
			      !exceeds(zc, cg));
}

/* Who comes at the same time may be granted one too many. */
static bool charge(struct zcache *zc, struct zcache_cgroup *cg,
		   struct page *frame)
{
	if (!cg->owner || cg->class != ZBUD_EPH)
		return true;
	if (!zcache_cgroup_may_grow(zc, cg) || cleancache_charge(cg->owner, frame))
		return false;
	atomic_sub(CREDIT_FRAME, &cg->credit);
	return true;
}

/**
 * zcache_cgroup_add() - a frame becomes a cgroup's
 * @zc: the cache
 * @cg: whose; the caller has a reference
 * @frame: the frame, nobody's so far
 *
 * Context: reclaim; does not sleep.
 * Return: false if it must not have one more; never, for swap pages.
 */
bool zcache_cgroup_add(struct zcache *zc, struct zcache_cgroup *cg,
		       struct page *frame)
{
	struct zcache_cgroups *cgs = &zc->cgroups[cg->class];

	if (!charge(zc, cg, frame)) {
		zcache_count(zc, ZCACHE_CGROUP_LIMIT_HIT);
		return false;
	}
	hold(cg);
	frame->index = (unsigned long)cg;
	if (atomic_long_inc_return(&cg->nr_frames) == 1)
		atomic_inc(&cgs->nr_used);
	atomic_long_inc(&cgs->nr_frames);
	return true;
}

/**
 * zcache_cgroup_del() - a frame is a cgroup's no more
 * @zc: the cache
 * @frame: the frame; may be of none
 *
 * Context: any but hard interrupt.
 */
void zcache_cgroup_del(struct zcache *zc, struct page *frame)
{
	struct zcache_cgroup *cg = zcache_frame_cgroup(frame);
	struct zcache_cgroups *cgs;

	if (!cg)
		return;
	frame->index = 0;
	if (cg->owner && cg->class == ZBUD_EPH)
		cleancache_uncharge(frame);
	cgs = &zc->cgroups[cg->class];
	atomic_long_dec(&cgs->nr_frames);
	if (!atomic_long_dec_return(&cg->nr_frames))
		atomic_dec(&cgs->nr_used);
	zcache_cgroup_put(cg);
}

static unsigned int age_of(struct zcache *zc, u16 stamp)
{
	return (u16)(READ_ONCE(zc->now) - stamp);
}

/* Of one rank; is it that of pages as they are, rather than of zpages? */
static unsigned int rank_age(struct zcache *zc, struct zcache_cgroup *cg,
			     enum zbud_rank rank, bool *raw)
{
	unsigned int zpages, pages;
	u16 stamp;

	zpages = zbud_oldest(&cg->queue, rank, &stamp) ? age_of(zc, stamp) : 0;
	pages = zcache_raw_oldest(zc, cg, rank, &stamp) ? age_of(zc, stamp) : 0;
	*raw = pages > zpages;
	return max(zpages, pages);
}

/**
 * zcache_cgroup_age() - how old are the oldest pages of a cgroup?
 * @zc: the cache
 * @cg: whose; the caller has a reference
 *
 * Context: any but hard interrupt.
 * Return: ticks since they were used last; 0 if there are none.
 */
unsigned int zcache_cgroup_age(struct zcache *zc, struct zcache_cgroup *cg)
{
	bool raw;

	return max(rank_age(zc, cg, ZBUD_ON_TRIAL, &raw),
		   rank_age(zc, cg, ZBUD_PROVED, &raw));
}

static unsigned int evict_rank(struct zcache *zc, struct zcache_cgroup *cg,
			       enum zbud_rank rank, struct list_head *frames)
{
	unsigned int nr = 0;
	bool raw;

	rank_age(zc, cg, rank, &raw);
	if (raw)
		nr = zcache_raw_evict(zc, cg, rank, frames);
	return nr ?: zbud_evict(&cg->queue, rank, zcache_unlink, zc, frames) ?:
	       zcache_raw_evict(zc, cg, rank, frames);
}

/**
 * zcache_cgroup_evict() - empty frames of a cgroup's file pages
 * @zc: the cache
 * @cg: whose; the caller has a reference
 * @first: which of them come first
 * @frames: they are added to this list, by their lru; they are the caller's
 *
 * Context: any but hard interrupt.
 * Return: how many, 0 if there are none to be had.
 */
unsigned int zcache_cgroup_evict(struct zcache *zc, struct zcache_cgroup *cg,
				 enum zcache_first first,
				 struct list_head *frames)
{
	enum zbud_rank one = ZBUD_ON_TRIAL, other = ZBUD_PROVED;
	bool raw;

	if (first == ZCACHE_OLDEST_FIRST && rank_age(zc, cg, other, &raw) >
					    rank_age(zc, cg, one, &raw))
		swap(one, other);
	return evict_rank(zc, cg, one, frames) ?:
	       evict_rank(zc, cg, other, frames);
}

static long nr_frames(const struct zcache_cgroup *cg)
{
	return atomic_long_read(&cg->nr_frames);
}

/* May its frames be taken for others, where each may have so many? */
static bool may_lose(const struct zcache_cgroup *cg, long share)
{
	long nr = nr_frames(cg);

	return nr && (nr >= share || !list_empty(&cg->orphan));
}

/* What each may have of all: an equal share. */
static long share_of(const struct zcache_cgroups *cgs)
{
	return DIV_ROUND_UP(zcache_cgroups_frames(cgs), max(atomic_read(&cgs->nr_used), 1));
}

/* One of those that may lose frames, and how old its pages are. */
struct candidate {
	struct zcache_cgroup *cg;
	unsigned int age;
};

/* Is it a better one: are its pages older, or has it more of them? */
static void consider(struct zcache *zc, struct candidate *best,
		     struct zcache_cgroup *cg)
{
	unsigned int age = zcache_cgroup_age(zc, cg);

	if (best->cg && (age < best->age || (age == best->age &&
					     nr_frames(cg) <= nr_frames(best->cg))))
		return;
	best->cg = cg;
	best->age = age;
}

/*
 * Of one, of who was found last, and of some others that may lose frames, who has the
 * oldest pages, or most? Not who has been passed in a run, if there is one.
 *
 * Interrupts are off. Where there are thousands and one has nearly all frames, all others
 * are passed by until that is found; from then on it is found at once.
 */
static struct zcache_cgroup *oldest(struct zcache *zc, struct zcache_cgroups *cgs,
				    struct zcache_cgroup *one, long share,
				    unsigned long run)
{
	struct zcache_cgroup *cg, *last = cgs->last;
	unsigned int i, looks = LOOK_AT;
	struct candidate best = {};

	lockdep_assert_held(&cgs->lock);

	if (one && may_lose(one, share))
		consider(zc, &best, one);
	if (last && last != one && may_lose(last, share) &&
	    !(run && last->passed == run))
		consider(zc, &best, last);
	for (i = 0; i < cgs->nr && looks; i++) {
		if (best.cg && i >= PASS_BY)
			break;
		cg = list_first_entry(&cgs->all, struct zcache_cgroup, list);
		list_move_tail(&cg->list, &cgs->all);
		if (cg == one || cg == last || !may_lose(cg, share) ||
		    (run && cg->passed == run))
			continue;
		consider(zc, &best, cg);
		looks--;
	}
	cgs->last = best.cg;
	return best.cg;
}

/**
 * zcache_cgroup_victim() - whose frames of file pages are to be taken?
 * @zc: the cache
 * @cg: by whom, with a reference of the caller; NULL: by somebody else
 *
 * Context: any but hard interrupt.
 * Return: with a reference; NULL if nobody has any.
 */
struct zcache_cgroup *zcache_cgroup_victim(struct zcache *zc,
					   struct zcache_cgroup *cg)
{
	struct zcache_cgroups *cgs = &zc->cgroups[ZBUD_EPH];
	struct zcache_cgroup *victim = cg;
	unsigned long flags;

	if (READ_ONCE(cgs->nr) == 1)
		return &cgs->nobody;
	if (!cg || zcache_cgroup_may_grow(zc, cg)) {
		spin_lock_irqsave(&cgs->lock, flags);
		victim = oldest(zc, cgs, cg, share_of(cgs), 0);
		if (victim)
			hold(victim);
		spin_unlock_irqrestore(&cgs->lock, flags);
	} else {
		hold(cg);
	}
	return victim;
}

/**
 * zcache_cgroup_swap_victim() - whose swap pages are to leave?
 * @zc: the cache
 * @run: of the writeback worker, which has nothing to look for any more where it has
 *	noted that; 0: somebody else asks
 *
 * Context: any but hard interrupt.
 * Return: one that has its share, or more; or else, for the worker, any. With a
 * reference; NULL if nobody has any.
 */
struct zcache_cgroup *zcache_cgroup_swap_victim(struct zcache *zc, unsigned long run)
{
	struct zcache_cgroups *cgs = &zc->cgroups[ZBUD_PERS];
	struct zcache_cgroup *victim;
	unsigned long flags;

	spin_lock_irqsave(&cgs->lock, flags);
	sweep(cgs);
	victim = oldest(zc, cgs, NULL, share_of(cgs), run);
	if (!victim && run)
		victim = oldest(zc, cgs, NULL, 1, run);
	if (victim)
		hold(victim);
	spin_unlock_irqrestore(&cgs->lock, flags);
	return victim;
}

/**
 * zcache_cgroups_sweep() - forget removed cgroups that have no swap pages any more
 * @zc: the cache
 *
 * Those of file pages are found by who asks what they have.
 *
 * Context: any but hard interrupt.
 */
void zcache_cgroups_sweep(struct zcache *zc)
{
	struct zcache_cgroups *cgs = &zc->cgroups[ZBUD_PERS];
	unsigned long flags;

	if (READ_ONCE(cgs->nr) == 1 || !time_after(jiffies, READ_ONCE(cgs->swept)))
		return;
	spin_lock_irqsave(&cgs->lock, flags);
	sweep(cgs);
	spin_unlock_irqrestore(&cgs->lock, flags);
}

/**
 * zcache_cgroup_with_zpages() - one that has zpages of files, another one each time
 * @zc: the cache
 *
 * Context: any but hard interrupt.
 * Return: with a reference; NULL if nobody has any.
 */
struct zcache_cgroup *zcache_cgroup_with_zpages(struct zcache *zc)
{
	struct zcache_cgroups *cgs = &zc->cgroups[ZBUD_EPH];
	struct zcache_cgroup *cg, *found = NULL;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&cgs->lock, flags);
	for (i = 0; i < cgs->nr && !found; i++) {
		cg = list_first_entry(&cgs->all, struct zcache_cgroup, list);
		list_move_tail(&cg->list, &cgs->all);
		if (READ_ONCE(cg->queue.stats.zpages))
			found = cg;
	}
	if (found)
		hold(found);
	spin_unlock_irqrestore(&cgs->lock, flags);
	return found;
}

/**
 * zcache_cgroup_frames() - what can a cgroup give back?
 * @zc: the cache
 * @memcg: the cgroup; NULL: the root
 *
 * Context: any but hard interrupt.
 * Return: frames that are charged to it, but not to those beneath.
 */
unsigned long zcache_cgroup_frames(struct zcache *zc, struct mem_cgroup *memcg)
{
	struct zcache_cgroups *cgs = &zc->cgroups[ZBUD_EPH];
	struct zcache_cgroup *cg;
	unsigned long nr = 0, flags;

	rcu_read_lock();
	cg = find_of(cgs, memcg);
	if (cg)
		nr = atomic_long_read(&cg->nr_frames);
	rcu_read_unlock();
	if (list_empty_careful(&cgs->orphans) &&
	    !time_after(jiffies, READ_ONCE(cgs->swept)))
		return nr;
	spin_lock_irqsave(&cgs->lock, flags);
	sweep(cgs);
	list_for_each_entry(cg, &cgs->orphans, orphan)
		if (cleancache_owner_is(cg->owner, memcg))
			nr += atomic_long_read(&cg->nr_frames);
	spin_unlock_irqrestore(&cgs->lock, flags);
	return nr;
}

/**
 * zcache_cgroup_of() - what has a cgroup itself?
 * @zc: the cache
 * @memcg: the cgroup; NULL: the root
 *
 * Context: any.
 * Return: with a reference; NULL if it has had nothing.
 */
struct zcache_cgroup *zcache_cgroup_of(struct zcache *zc,
				       struct mem_cgroup *memcg)
{
	struct zcache_cgroup *cg;

	rcu_read_lock();
	cg = find_of(&zc->cgroups[ZBUD_EPH], memcg);
	if (cg && cg->owner && !refcount_inc_not_zero(&cg->refs))
		cg = NULL;
	rcu_read_unlock();
	return cg;
}

/**
 * zcache_cgroup_orphan() - what has a removed cgroup left to one above?
 * @zc: the cache
 * @memcg: the one above; NULL: the root
 *
 * Context: any but hard interrupt.
 * Return: one that has frames, with a reference, another one each time; or NULL.
 */
struct zcache_cgroup *zcache_cgroup_orphan(struct zcache *zc,
					   struct mem_cgroup *memcg)
{
	struct zcache_cgroups *cgs = &zc->cgroups[ZBUD_EPH];
	struct zcache_cgroup *cg, *found = NULL;
	unsigned long flags;

	if (list_empty_careful(&cgs->orphans))
		return NULL;
	spin_lock_irqsave(&cgs->lock, flags);
	list_for_each_entry(cg, &cgs->orphans, orphan) {
		if (!atomic_long_read(&cg->nr_frames) ||
		    !cleancache_owner_is(cg->owner, memcg))
			continue;
		list_move_tail(&cg->orphan, &cgs->orphans);
		hold(cg);
		found = cg;
		break;
	}
	spin_unlock_irqrestore(&cgs->lock, flags);
	return found;
}

/**
 * zcache_cgroups_stats() - what all together have
 * @zc: the cache
 * @class: of pages of this class
 * @stats: set to the sum
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int zcache_cgroups_stats(struct zcache *zc, enum zbud_class class,
			 struct zbud_stats *stats)
{
	struct zbud_stats *one = kmalloc(sizeof(*one), GFP_KERNEL);
	struct zcache_cgroups *cgs = &zc->cgroups[class];
	struct zcache_cgroup *cg;
	unsigned long flags;

	if (!one)
		return -ENOMEM;
	spin_lock_irqsave(&cgs->lock, flags);
	*stats = cgs->gone;
	list_for_each_entry(cg, &cgs->all, list) {
		zbud_stats(&cg->queue, one);
		add_stats(stats, one);
	}
	spin_unlock_irqrestore(&cgs->lock, flags);
	kfree(one);
	return 0;
}

/**
 * zcache_cgroups_rest() - forget all that have no frames
 * @zc: the cache
 *
 * Context: any but hard interrupt.
 */
void zcache_cgroups_rest(struct zcache *zc)
{
	struct zcache_cgroup *cg, *next;
	struct zcache_cgroups *cgs;
	enum zbud_class class;
	unsigned long flags;

	for (class = 0; class < ZBUD_CLASSES; class++) {
		cgs = &zc->cgroups[class];
		spin_lock_irqsave(&cgs->lock, flags);
		list_for_each_entry_safe(cg, next, &cgs->all, list)
			remove_unused(cgs, cg);
		spin_unlock_irqrestore(&cgs->lock, flags);
	}
}

/**
 * zcache_cgroups_exit() - undo zcache_cgroups_init()
 * @zc: the cache; all pages are gone
 *
 * Context: may sleep.
 */
void zcache_cgroups_exit(struct zcache *zc)
{
	enum zbud_class class;

	zcache_cgroups_rest(zc);
	for (class = 0; class < ZBUD_CLASSES; class++)
		WARN_ON_ONCE(zc->cgroups[class].nr != 1 ||
			     zcache_cgroups_frames(&zc->cgroups[class]));
}
