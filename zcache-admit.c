// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which file pages are let in, and how they are kept.
 *
 * A page that has not come back yet is let in only where a share of what reading
 * has cost pays for it (zcache-cost.c), and only if there is room. It is on trial then,
 * until somebody wants it, and pages on trial are the first to go when memory is given
 * back: a single pass over a large file costs little, and sweeps out little but itself.
 *
 * Or, where the user wants that, such a page is let in only if it has been used more
 * than once while it was in memory.
 *
 * A page that has come back is let in if there is room, or else if the oldest
 * pages here have not been used for longer than it was away. So in a loop over
 * more files than fit, those that are here stay, because each of the others
 * would take the place of one that is wanted sooner; and when a program goes
 * over to other files, those of before make room.
 *
 * What reading ahead brings in one go is a run of pages. If one of them is missing,
 * a file system that reads whole blocks reads the others with it; and a disk that is
 * slow enough for pages to be compressed takes hardly less time for the one, if
 * files are read one page after the other. So a run of which one page finds no room
 * is given up: the others would be of little use, and take the room of what would
 * make another run whole.
 *
 * While swap pages take frames, file pages take none but from each other: a page
 * that a program has to wait for is compressed and decompressed each time, and
 * costs more than most reads of a file.
 */
#include <linux/hash.h>
#include <linux/mm.h>

#include "zcache.h"

/* Was the oldest page that would go used last so many ticks ago, and a bit? */
static bool oldest_older(struct zcache *zc, struct zcache_cgroup *cg,
			 unsigned int ticks)
{
	return zcache_frames_age(zc, cg) > ticks + ticks / 4 + 1;
}

/* Pages that are read ahead together are put together, or none of them. */
#define RUN_SHIFT	5

static u64 run_of(const struct tmem_handle *handle)
{
	return (handle->oid.w[0] ^ hash_64(handle->index >> RUN_SHIFT, 32)) << 1;
}

/* What reading takes, for all that is known, or as the user knows better. */
static struct cleancache_read known_of(struct zcache *zc,
				       struct cleancache_read read)
{
	u32 ns = READ_ONCE(zc->read_us) * NSEC_PER_USEC;

	if (ns) {
		read.ns = ns;
		read.async_ns = ns;
	}
	return read;
}

/**
 * zcache_worth() - may it be worth to put a file page?
 * @zc: the cache
 * @read: what reading it again takes
 *
 * Context: any.
 * Return: false if it does not pay to keep any page that is read at this cost. If
 * that depends on how files are read, it is true at some times, to see that.
 */
bool zcache_worth(struct zcache *zc, struct cleancache_read read)
{
	bool in_rows = zcache_reuse_in_rows(&zc->reuse);

	if (READ_ONCE(zc->policy) == ZCACHE_PUT_ALL)
		return true;
	read = known_of(zc, read);
	if (zcache_cost_way(&zc->cost, read.ns, in_rows) != ZCACHE_NOT_AT_ALL)
		return true;
	return !in_rows && zcache_reuse_sample(jiffies) &&
	       zcache_cost_way(&zc->cost, read.ns, true) != ZCACHE_NOT_AT_ALL;
}

/* How likely does it fit into what is left in frames? As a share of all pages. */
static u32 share_that_fits(struct zcache *zc, const struct zcache_plan *plan)
{
	if (plan->way != ZCACHE_COMPRESSED)
		return 0;
	return zcache_cost_smaller(&zc->cost, zbud_room(&plan->cg->queue));
}

/*
 * Room first: it would be a pity to compress a page for nothing. A frame is
 * fetched for it, unless it may well do with what is left in others. If there is
 * none to be had, it is for the price to say whether to try what is left.
 */
static bool find_room(struct zcache *zc, struct zcache_plan *plan, u32 read_ns,
		      unsigned int ticks)
{
	u32 share = share_that_fits(zc, plan);

	if (zcache_frames_may_grow(zc))
		plan->from |= ZCACHE_FROM_MEMORY;
	if (share >= ZCACHE_ALL_PAGES / 2)
		return true;
	plan->frame = zcache_frame_get(zc, ZBUD_EPH, plan->cg, plan->from);
	if (plan->frame)
		return true;
	if (ticks && oldest_older(zc, plan->cg, ticks)) {
		plan->from |= ZCACHE_FROM_FILES;
		return true;
	}
	return zcache_cost_try(&zc->cost, read_ns, share);
}

/* Is it to be put, if there is room? */
static bool wanted(struct zcache *zc, const struct tmem_handle *handle,
		   struct cleancache_read read, struct zcache_plan *plan,
		   unsigned int ticks)
{
	u64 run = run_of(handle);

	if (plan->way == ZCACHE_NOT_AT_ALL)
		return false;
	if (!ticks && READ_ONCE(zc->policy) == ZCACHE_PUT_ACTIVE)
		return read.active;
	plan->on_trial = !ticks;
	if (!ticks)
		return zcache_cost_venture(&zc->cost, plan->way, read, run);
	plan->whole_run = (read.whole || plan->way == ZCACHE_COMPRESSED) &&
			  zcache_reuse_in_rows(&zc->reuse);
	return !plan->whole_run || !zcache_cost_refused(&zc->cost, run);
}

/**
 * zcache_admit() - shall a file page be put?
 * @zc: the cache
 * @handle: its name
 * @read: what reading it again takes
 * @plan: whose it is; set to how to do it, if so
 *
 * Context: reclaim; does not sleep.
 * Return: true if so.
 */
bool zcache_admit(struct zcache *zc, const struct tmem_handle *handle,
		  struct cleancache_read read, struct zcache_plan *plan)
{
	struct zcache_cgroup *cg = plan->cg;
	unsigned int ticks;

	ticks = zcache_seen(zc, &handle->oid, handle->index);
	*plan = (struct zcache_plan) {
		.way = ZCACHE_COMPRESSED,
		.from = ZCACHE_FROM_MEMORY | ZCACHE_FROM_FILES,
		.cg = cg,
	};
	if (READ_ONCE(zc->policy) == ZCACHE_PUT_ALL)
		return true;

	read = known_of(zc, read);
	*plan = (struct zcache_plan) {
		.way = zcache_cost_way(&zc->cost, read.ns,
				       zcache_reuse_in_rows(&zc->reuse)),
		.poor_as_is = true,
		.cg = cg,
	};
	if (wanted(zc, handle, read, plan, ticks) &&
	    find_room(zc, plan, read.ns, ticks))
		return true;
	zcache_count(zc, ZCACHE_EPH_NONACTIVE_PUTS_IGNORED);
	return false;
}

/**
 * zcache_admit_give_up() - a page of a run finds no room: keep none of it
 * @pool: whose
 * @handle: its name; its plan says whole_run
 *
 * Context: any but hard interrupt.
 */
void zcache_admit_give_up(struct zcache_pool *pool,
			  const struct tmem_handle *handle)
{
	unsigned long first = round_down(handle->index, BIT(RUN_SHIFT));
	struct zcache *zc = pool->zc;
	u64 run = run_of(handle);

	if (zcache_cost_refused(&zc->cost, run))
		return;
	zcache_cost_refuse(&zc->cost, run);
	zcache_count_many(zc, ZCACHE_EPH_ZPAGES_GIVEN_UP,
			  tmem_flush_range(&pool->tmem, &handle->oid, first,
					   first + BIT(RUN_SHIFT) - 1));
}

/**
 * zcache_seen() - a file page is offered
 * @zc: the cache
 * @oid: its object
 * @index: its page index
 *
 * Context: any.
 * Return: ticks since it was offered last; 0 if it was not.
 */
unsigned int zcache_seen(struct zcache *zc, const struct tmem_oid *oid,
			 unsigned long index)
{
	unsigned int ticks = zcache_reuse_offer(&zc->reuse, oid, index);
	u16 now = zcache_reuse_now(&zc->reuse);

	if (READ_ONCE(zc->now) != now)
		WRITE_ONCE(zc->now, now);
	return ticks;
}
