// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page frames: the only place where zcache allocates and frees them, but for those
 * that zcache-spare.c has at hand.
 *
 * When no frame can be had, because the pool is at its limit or memory is
 * short, the least recently used ephemeral frame is emptied and used again:
 * ouroboros. Where memory is to be given back, those with pages on trial go first. A
 * persistent page never makes room by itself, because nothing else has its data.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/frontswap.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

#include "zcache.h"
#include "ramster/ramster.h"

/*
 * What losing an ephemeral frame costs, next to losing an object of the other
 * caches: two pages are read from the disk again, while a page-cache folio
 * that goes in its stead is still here, compressed.
 */
#define EPH_SEEKS	(32 * DEFAULT_SEEKS)

/*
 * In a cgroup, where somebody waits for its own limit, they cost less: what makes it
 * run out of memory must be found in the end, however little it is.
 */
#define CGROUP_SEEKS	(8 * DEFAULT_SEEKS)
#define CGROUP_BATCH	4
#define CGROUP_LEAST	(CGROUP_SEEKS * CGROUP_BATCH / 4UL)

/* Victims that have just lost all they had before trimming gives up. */
#define TRIM_TRIES	16

/*
 * While no swap page wants a frame, how often file pages may have more of them,
 * and how many the first time.
 */
#define CALM_WHILE	HZ
#define FIRST_STEP	64

/* Below this share of free swap slots, in percent, swap pages give way, too. */
#define SLOTS_SHORT	12

/* How many of their frames at a time: an eighth, or if these are few, so many. */
#define RELIEF_SHIFT	3
#define MIN_RELIEF	256L

/* kswapd is shown one frame of so many. */
#define KSWAPD_SHARE	32

/**
 * zcache_gfp() - how to allocate for a put
 * @class: of the page
 *
 * Puts run in reclaim: they may not wait for memory. A swap page may dip into
 * the reserves, since storing it frees more than it takes and there may be no
 * other way out. A file page may not: dropping it is always possible.
 */
gfp_t zcache_gfp(enum zbud_class class)
{
	gfp_t gfp = GFP_NOWAIT | __GFP_NORETRY | __GFP_NOWARN;

	return class == ZBUD_EPH ? gfp | __GFP_NOMEMALLOC : gfp;
}

static unsigned long frames_limit(struct zcache *zc)
{
	return totalram_pages() * READ_ONCE(zc->max_pool_percent) / 100;
}

static unsigned long nr_file_frames(struct zcache *zc)
{
	return zcache_cgroups_frames(&zc->cgroups[ZBUD_EPH]);
}

/**
 * zcache_frames_exceeded() - has the limit been cut below what is held?
 * @zc: the cache
 *
 * Return: true if nothing more must be stored, not even in frames that have
 * room or in none; always so if the limit is 0.
 */
bool zcache_frames_exceeded(struct zcache *zc)
{
	unsigned long limit = frames_limit(zc);

	if (atomic_long_read(&zc->nr_frames) <= limit)
		return !limit;
	zcache_writeback_wake(zc);
	return true;
}

/**
 * zcache_frames_wanted() - are swap pages leaving because memory is short?
 * @zc: the cache
 *
 * Context: any.
 * Return: true if so: then none should come in, or the pool would not get smaller.
 */
bool zcache_frames_wanted(struct zcache *zc)
{
	return READ_ONCE(zc->relief) != LONG_MAX;
}

/**
 * zcache_frames_left() - how many frames more may there be?
 * @zc: the cache
 *
 * Context: any.
 * Return: frames that are left to an eighth below the limit; none while it is off, or
 * where swap pages leave because memory is short.
 */
unsigned long zcache_frames_left(struct zcache *zc)
{
	unsigned long limit = frames_limit(zc);
	unsigned long nr = atomic_long_read(&zc->nr_frames) + limit / 8;

	if (READ_ONCE(zc->off) || zcache_frames_wanted(zc))
		return 0;
	return limit > nr ? limit - nr : 0;
}

/* File pages give way by themselves: what is left of frames then. */
static long nr_swap_frames(struct zcache *zc)
{
	return atomic_long_read(&zc->nr_frames) - (long)nr_file_frames(zc) -
	       (long)ramster_eph_frames();
}

/**
 * zcache_frames_room() - how many frames more may swap pages have?
 * @zc: the cache
 *
 * Context: any.
 * Return: frames that are left to the limit, with those of file pages.
 */
unsigned long zcache_frames_room(struct zcache *zc)
{
	return max((long)frames_limit(zc) - nr_swap_frames(zc), 0L);
}

/* Down to how many of these swap pages are written to their device. */
static long frames_goal(struct zcache *zc)
{
	long goal = frames_limit(zc) *
		    READ_ONCE(zc->accept_threshold_percent) / 100;

	return min(goal, READ_ONCE(zc->relief));
}

/**
 * zcache_frames_above_goal() - shall swap pages go on leaving for their device?
 * @zc: the cache
 *
 * Context: any.
 * Return: true if so.
 */
bool zcache_frames_above_goal(struct zcache *zc)
{
	return nr_swap_frames(zc) > frames_goal(zc);
}

/**
 * zcache_frames_relieve() - have some of the swap pages leave for their device
 * @zc: the cache
 *
 * For when memory is short, and swapping out does not help any more. They are
 * written by and by, if they may be; who asks again before these are gone gets no
 * more.
 *
 * Context: any.
 */
void zcache_frames_relieve(struct zcache *zc)
{
	long nr = nr_swap_frames(zc);

	if (nr <= 0)
		return;
	if (READ_ONCE(zc->relief) == LONG_MAX)
		WRITE_ONCE(zc->relief,
			   max(nr - max(nr >> RELIEF_SHIFT, MIN_RELIEF), 0L));
	if (!zcache_writeback_wake(zc))
		zcache_frames_relieved(zc);
}

/**
 * zcache_frames_relieved() - so many have left, or cannot
 * @zc: the cache
 *
 * Context: any.
 */
void zcache_frames_relieved(struct zcache *zc)
{
	WRITE_ONCE(zc->relief, LONG_MAX);
}

/*
 * As long as there are slots to swap out to, that is what makes room where memory is
 * short, and the pages here stay. What is written instead takes a while, and nobody
 * waits for it: so it has to begin before the last slot is taken. kswapd only keeps
 * a stock, for which it is not worth it.
 */
static void look_at_slots(struct zcache *zc)
{
	if (!current_is_kswapd() && frontswap_slots_left() < SLOTS_SHORT)
		zcache_frames_relieve(zc);
}

/* Others shall take swap pages before the limit is reached, or the device. */
static void near_limit(struct zcache *zc, long nr, long limit)
{
	long goal = frames_goal(zc);

	if (nr >= limit - limit / 8)
		ramster_pressure();
	if (nr >= goal + (limit - goal) / 2 &&
	    nr_swap_frames(zc) > goal + (limit - goal) / 2 &&
	    !ramster_takes_pages())
		zcache_writeback_wake(zc);
}

/* A place below the limit; also the only one who raises the count. */
static bool reserve(struct zcache *zc)
{
	long nr = atomic_long_read(&zc->nr_frames);
	long max = atomic_long_read(&zc->max_frames);

	near_limit(zc, nr, frames_limit(zc));
	do {
		if (nr >= frames_limit(zc))
			return false;
	} while (!atomic_long_try_cmpxchg(&zc->nr_frames, &nr, nr + 1));

	while (nr >= max &&
	       !atomic_long_try_cmpxchg(&zc->max_frames, &max, nr + 1))
		;
	return true;
}

static struct page *page_get(struct zcache *zc, enum zbud_class class,
			     gfp_t gfp)
{
	if (class != ZBUD_EPH)
		return alloc_page(gfp);
	return zcache_spare_page(&zc->spare,
				 nr_file_frames(zc) + ramster_eph_frames(), gfp);
}

/* Who may not take the place of file pages is not in such need of a frame. */
static struct page *frame_alloc(struct zcache *zc, enum zbud_class class,
				struct zcache_cgroup *cg, enum zcache_from from)
{
	bool needed = from & ZCACHE_FROM_FILES;
	struct page *page;

	if (cg && !zcache_cgroup_may_grow(zc, cg)) {
		zcache_count(zc, ZCACHE_CGROUP_LIMIT_HIT);
		return NULL;
	}
	if (!reserve(zc)) {
		zcache_count(zc, ZCACHE_LIMIT_HIT);
		return NULL;
	}
	page = page_get(zc, class, zcache_gfp(needed ? class : ZBUD_EPH));
	if (!page) {
		ramster_pressure();
		zcache_count(zc, ZCACHE_FAILED_GETFREEPAGES);
		atomic_long_dec(&zc->nr_frames);
		return NULL;
	}
	zcache_count(zc, ZCACHE_PAGEFRAMES_ALLOCED);
	page->index = 0;
	if (!cg || zcache_cgroup_add(zc, cg, page))
		return page;
	zcache_frame_unget(zc, page);
	return NULL;
}

/**
 * zcache_frames_age() - how old are the file pages that would be evicted?
 * @zc: the cache
 * @cg: for whom, with a reference of the caller
 *
 * Context: any but hard interrupt.
 * Return: ticks since they were used last; 0 if there are none.
 */
unsigned int zcache_frames_age(struct zcache *zc, struct zcache_cgroup *cg)
{
	struct zcache_cgroup *victim = zcache_cgroup_victim(zc, cg);
	unsigned int age;

	if (!victim)
		return 0;
	age = zcache_cgroup_age(zc, victim);
	zcache_cgroup_put(victim);
	return age;
}

/* Empty ephemeral frames of whoever is to lose some; others' first. */
static unsigned int evict_files(struct zcache *zc, struct zcache_cgroup *cg,
				enum zcache_first first,
				struct list_head *frames)
{
	struct zcache_cgroup *victim;
	unsigned int nr = 0;

	if (!cg || zcache_cgroup_may_grow(zc, cg))
		nr = ramster_evict(frames);
	if (nr)
		return nr;
	victim = zcache_cgroup_victim(zc, cg);
	if (!victim)
		return 0;
	nr = zcache_cgroup_evict(zc, victim, first, frames);
	zcache_cgroup_put(victim);
	return nr;
}

/* It changes hands, or else goes. */
static struct page *hand_over(struct zcache *zc, struct page *frame,
			      struct zcache_cgroup *cg)
{
	LIST_HEAD(frames);

	if (zcache_frame_cgroup(frame) == cg)
		return frame;
	zcache_cgroup_del(zc, frame);
	if (!cg || zcache_cgroup_add(zc, cg, frame))
		return frame;
	list_add(&frame->lru, &frames);
	zcache_frames_free(zc, &frames);
	return NULL;
}

/* Of frames that have been emptied, if any, one is used again, and the others go. */
static struct page *reuse_one(struct zcache *zc, enum zbud_class class,
			      struct zcache_cgroup *cg,
			      struct list_head *frames)
{
	bool eph = class == ZBUD_EPH;
	struct page *page;

	page = list_first_entry_or_null(frames, struct page, lru);
	if (page) {
		list_del(&page->lru);
		zcache_frames_free(zc, frames);
		page = hand_over(zc, page, cg);
	}
	if (page)
		zcache_count(zc, eph ? ZCACHE_EPH_ATE_TAIL :
				       ZCACHE_PERS_ATE_EPH);
	else
		zcache_count(zc, eph ? ZCACHE_EPH_ATE_TAIL_FAILED :
				       ZCACHE_PERS_ATE_EPH_FAILED);
	return page;
}

/*
 * Empty the oldest ephemeral frames and reuse one. A file page is known to have been
 * away for less. A swap page could take what nobody has wanted yet; but where programs
 * and files share a machine, what is read now and then would never stay for long enough
 * to be wanted, and the kernel would go for memory instead.
 */
static struct page *frame_eat(struct zcache *zc, enum zbud_class class,
			      struct zcache_cgroup *cg)
{
	LIST_HEAD(frames);

	evict_files(zc, cg, ZCACHE_OLDEST_FIRST, &frames);
	return reuse_one(zc, class, cg, &frames);
}

/* The same for a swap page, of what its own cgroup has; NULL if that has nothing. */
static struct page *frame_eat_own(struct zcache *zc, struct obj_cgroup *owner)
{
	struct zcache_cgroup *cg = zcache_cgroup_find(zc, owner);
	LIST_HEAD(frames);
	bool any;

	if (!cg)
		return NULL;
	any = zcache_cgroup_evict(zc, cg, ZCACHE_OLDEST_FIRST, &frames);
	zcache_cgroup_put(cg);
	return any ? reuse_one(zc, ZBUD_PERS, NULL, &frames) : NULL;
}

/**
 * zcache_frames_calm() - file pages may take what they can get
 * @zc: the cache; a swap area has been switched off
 */
void zcache_frames_calm(struct zcache *zc)
{
	WRITE_ONCE(zc->calm.cap, ULONG_MAX);
}

/*
 * A swap page wants a frame, so programs are short of memory: file pages shall
 * not have more frames than now.
 */
static void calm_disturbed(struct zcache *zc)
{
	unsigned long nr = nr_file_frames(zc);

	WRITE_ONCE(zc->calm.since, jiffies);
	WRITE_ONCE(zc->calm.step, FIRST_STEP);
	if (READ_ONCE(zc->calm.cap) > nr)
		WRITE_ONCE(zc->calm.cap, nr);
}

/**
 * zcache_frames_may_grow() - may file pages take one frame more?
 * @zc: the cache
 *
 * Not if they would take it from programs. That is seen by swap pages that come
 * in then; so, for each while in which none came, they may have some more, twice
 * as many each time.
 *
 * Context: any.
 * Return: true if so.
 */
bool zcache_frames_may_grow(struct zcache *zc)
{
	unsigned long cap = READ_ONCE(zc->calm.cap);
	unsigned long step = READ_ONCE(zc->calm.step);

	if (cap != ULONG_MAX &&
	    time_after(jiffies, READ_ONCE(zc->calm.since) + CALM_WHILE)) {
		WRITE_ONCE(zc->calm.since, jiffies);
		WRITE_ONCE(zc->calm.step, step * 2);
		cap = cap + step < totalram_pages() ? cap + step : ULONG_MAX;
		WRITE_ONCE(zc->calm.cap, cap);
	}
	return nr_file_frames(zc) < cap;
}

/**
 * zcache_oldest_names() - what is in the least recently used frames?
 * @zc: the cache
 * @class: of the pages
 * @names: set to these
 * @max: how many there is room for
 *
 * As zbud_oldest_names().
 *
 * Context: any but hard interrupt.
 * Return: how many there are in @names.
 */
unsigned int zcache_oldest_names(struct zcache *zc, enum zbud_class class,
				 struct zbud_name *names, unsigned int max)
{
	struct zcache_cgroup *cg;
	unsigned int nr;

	if (class == ZBUD_PERS)
		cg = zcache_cgroup_swap_victim(zc, 0);
	else
		cg = zcache_cgroup_with_zpages(zc);
	if (!cg)
		return 0;
	nr = zbud_oldest_names(&cg->queue, names, max);
	zcache_cgroup_put(cg);
	return nr;
}

/**
 * zcache_frame_get() - get a page frame for a put
 * @zc: the cache
 * @class: of the page to be put
 * @cg: whose the frame will be, with a reference of the caller; NULL: nobody of this
 *	machine's file pages
 * @from: where the frame may come from
 *
 * Context: reclaim; does not sleep.
 * Return: a frame from the page allocator or from the tail of the ephemeral
 * queue, or NULL. Swap pages take those of file pages first, as long as there
 * are any.
 */
struct page *zcache_frame_get(struct zcache *zc, enum zbud_class class,
			      struct zcache_cgroup *cg, enum zcache_from from)
{
	struct page *page = NULL;

	if (class == ZBUD_PERS && (from & ZCACHE_FROM_FILES)) {
		calm_disturbed(zc);
		if (nr_file_frames(zc) || ramster_eph_frames())
			page = frame_eat(zc, class, cg);
	}
	if (!page && (from & ZCACHE_FROM_MEMORY))
		page = frame_alloc(zc, class, cg, from);
	if (!page && (from & ZCACHE_FROM_FILES))
		page = frame_eat(zc, class, cg);
	return page;
}

/**
 * zcache_swap_frame_get() - get a page frame for a swap page of a cgroup
 * @zc: the cache
 * @owner: whom the page is charged to
 * @from: where the frame may come from
 *
 * As zcache_frame_get(), but it takes what file pages of its own cgroup have, if there
 * is something. If the page leaves for the sake of a cgroup, which is at a limit or told to
 * give memory back, others' file pages are left alone, as long as there is another frame.
 *
 * Context: reclaim; does not sleep.
 * Return: a frame or NULL.
 */
struct page *zcache_swap_frame_get(struct zcache *zc, struct obj_cgroup *owner,
				   enum zcache_from from)
{
	bool confined = reclaim_of_cgroup();
	struct page *page = NULL;

	if (from & ZCACHE_FROM_FILES)
		page = frame_eat_own(zc, owner);
	if (page && !confined)
		calm_disturbed(zc);
	if (!page && confined && (from & ZCACHE_FROM_MEMORY))
		page = frame_alloc(zc, ZBUD_PERS, NULL, ZCACHE_FROM_MEMORY);
	return page ?: zcache_frame_get(zc, ZBUD_PERS, NULL, from);
}

/**
 * zcache_frames_free() - give page frames back
 * @zc: the cache
 * @frames: a list of them, by their lru; empty afterwards
 *
 * Context: any but hard interrupt.
 */
void zcache_frames_free(struct zcache *zc, struct list_head *frames)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, frames, lru) {
		list_del(&page->lru);
		zcache_cgroup_del(zc, page);
		__free_page(page);
		zcache_count(zc, ZCACHE_PAGEFRAMES_FREED);
		atomic_long_dec(&zc->nr_frames);
	}
}

/**
 * zcache_frame_unget() - a page frame is not needed after all
 * @zc: the cache
 * @frame: as zcache_frame_get() returned it
 *
 * Context: as there.
 */
void zcache_frame_unget(struct zcache *zc, struct page *frame)
{
	zcache_cgroup_del(zc, frame);
	zcache_spare_give(&zc->spare, frame);
	zcache_count(zc, ZCACHE_PAGEFRAMES_FREED);
	atomic_long_dec(&zc->nr_frames);
}

/* Empty ephemeral frames, and give them back: how many? */
static unsigned int frames_shrink(struct zcache *zc)
{
	LIST_HEAD(frames);
	unsigned int nr;

	nr = evict_files(zc, NULL, ZCACHE_ON_TRIAL_FIRST, &frames);
	zcache_frames_free(zc, &frames);
	return nr;
}

/**
 * zcache_frames_trim() - bring the pool below a limit that was lowered
 * @zc: the cache
 *
 * Ephemeral pages are gone when this returns; persistent ones follow, if they may
 * leave for their device, and it takes them.
 *
 * Context: may sleep.
 */
void zcache_frames_trim(struct zcache *zc)
{
	unsigned int tries = 0;

	while (atomic_long_read(&zc->nr_frames) > frames_limit(zc) &&
	       tries < TRIM_TRIES) {
		tries = frames_shrink(zc) ? 0 : tries + 1;
		cond_resched();
	}
	zcache_writeback_wake(zc);
}

/*
 * kswapd keeps a stock of free pages, and does best to take them from the page
 * cache: what goes there is still here, or was not worth keeping. Whoever is
 * short of memory himself gets all he asks for, but not who fetches frames for
 * this very cache.
 */
static unsigned long shown(struct zcache *zc, unsigned long nr)
{
	if (zcache_spare_refills(&zc->spare))
		return 0;
	return current_is_kswapd() ? nr / KSWAPD_SHARE : nr;
}

static unsigned long shrinker_count(struct shrinker *shrinker,
				    struct shrink_control *sc)
{
	struct zcache *zc = shrinker->private_data;
	unsigned long nr;

	look_at_slots(zc);
	zcache_cgroups_sweep(zc);
	nr = zcache_cgroup_frames(zc, NULL) + READ_ONCE(zc->spare.nr) +
	     ramster_eph_frames();
	return nr ? shown(zc, nr) : SHRINK_EMPTY;
}

/* Empty frames of a cgroup, and give them back: how many? */
static unsigned int shrink_cgroup(struct zcache *zc, struct zcache_cgroup *cg)
{
	LIST_HEAD(frames);
	unsigned int nr;

	if (!cg)
		return 0;
	nr = zcache_cgroup_evict(zc, cg, ZCACHE_ON_TRIAL_FIRST, &frames);
	zcache_frames_free(zc, &frames);
	zcache_cgroup_put(cg);
	zcache_count_many(zc, ZCACHE_SHRUNK_PAGEFRAMES, nr);
	return nr;
}

/* What belongs to removed cgroups whose frames are this one's now comes first. */
static unsigned int shrink_of(struct zcache *zc, struct mem_cgroup *memcg)
{
	return shrink_cgroup(zc, zcache_cgroup_orphan(zc, memcg)) ?:
	       shrink_cgroup(zc, zcache_cgroup_of(zc, memcg));
}

/* What is at hand, then what others have here. */
static unsigned int shrink_root(struct zcache *zc)
{
	struct page *page = zcache_spare_take(&zc->spare);
	LIST_HEAD(frames);
	unsigned int nr;

	if (page) {
		__free_page(page);
		return 1;
	}
	nr = ramster_evict(&frames);
	zcache_frames_free(zc, &frames);
	zcache_count_many(zc, ZCACHE_SHRUNK_PAGEFRAMES, nr);
	return nr ?: shrink_of(zc, NULL);
}

static unsigned long shrinker_scan(struct shrinker *shrinker,
				   struct shrink_control *sc)
{
	struct zcache *zc = shrinker->private_data;
	unsigned long freed = 0;
	unsigned int nr;

	ramster_pressure();
	while (freed < sc->nr_to_scan) {
		nr = shrink_root(zc);
		if (!nr)
			break;
		freed += nr;
	}
	return freed ?: SHRINK_STOP;
}

/*
 * A cgroup is never said to be empty: it would not be asked again when it has frames.
 * Nor is it said to have so few that none of them would be asked for.
 */
static unsigned long cgroup_count(struct shrinker *shrinker,
				  struct shrink_control *sc)
{
	struct zcache *zc = shrinker->private_data;
	unsigned long nr;

	if (cleancache_is_nobody(sc->memcg))
		return 0;
	nr = shown(zc, zcache_cgroup_frames(zc, sc->memcg));
	return nr ? max(nr, CGROUP_LEAST) : 0;
}

static unsigned long cgroup_scan(struct shrinker *shrinker,
				 struct shrink_control *sc)
{
	struct zcache *zc = shrinker->private_data;
	unsigned long freed = 0;
	unsigned int nr;

	while (freed < sc->nr_to_scan) {
		nr = shrink_of(zc, sc->memcg);
		if (!nr)
			break;
		freed += nr;
	}
	return freed ?: SHRINK_STOP;
}

static struct shrinker *shrinker_of(struct zcache *zc, unsigned int flags,
				    const char *name)
{
	struct shrinker *shrinker = shrinker_alloc(flags, "%s", name);

	if (shrinker)
		shrinker->private_data = zc;
	return shrinker;
}

/**
 * zcache_frames_init() - prepare for frames, and let the kernel ask for some
 * @zc: the cache
 *
 * Return: 0 or -ENOMEM.
 */
int zcache_frames_init(struct zcache *zc)
{
	struct shrinker *all = shrinker_of(zc, 0, "zcache-eph");
	struct shrinker *cgroup = shrinker_of(zc, SHRINKER_MEMCG_AWARE, "zcache-eph-cgroup");

	if (!all || !cgroup) {
		shrinker_free(all);
		shrinker_free(cgroup);
		return -ENOMEM;
	}
	zcache_spare_init(&zc->spare);
	all->count_objects = shrinker_count;
	all->scan_objects = shrinker_scan;
	all->seeks = EPH_SEEKS;
	cgroup->count_objects = cgroup_count;
	cgroup->scan_objects = cgroup_scan;
	cgroup->seeks = CGROUP_SEEKS;
	cgroup->batch = CGROUP_BATCH;
	zcache_frames_calm(zc);
	zcache_frames_relieved(zc);
	zc->shrinker = all;
	zc->cgroups[ZBUD_EPH].shrinker = cgroup;
	shrinker_register(all);
	shrinker_register(cgroup);
	return 0;
}

/**
 * zcache_frames_exit() - undo zcache_frames_init()
 * @zc: the cache; nothing is put any more
 */
void zcache_frames_exit(struct zcache *zc)
{
	shrinker_free(zc->cgroups[ZBUD_EPH].shrinker);
	shrinker_free(zc->shrinker);
	zcache_spare_rest(&zc->spare);
}
