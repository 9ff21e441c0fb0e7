// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which file pages are let in, and how they are kept.
 *
 * A page that has not come back yet is let in only where a share of what reading
 * has cost pays for it (zcache-cost.c), and only if there is room: a single pass
 * over a large file costs little, and sweeps nothing out.
 *
 * A page that has come back is let in if there is room, or else if the oldest
 * pages here have not been used for longer than it was away. So in a loop over
 * more files than fit, those that are here stay, because each of the others
 * would take the place of one that is wanted sooner; and when a program goes
 * over to other files, those of before make room.
 *
 * While swap pages take frames, file pages take none but from each other: a page
 * that a program has to wait for is compressed and decompressed each time, and
 * costs more than most reads of a file.
 */
#include <linux/hash.h>
#include <linux/mm.h>

#include "zcache.h"

/* Was the oldest page here used last so many ticks ago, and a bit? */
static bool oldest_older(struct zcache *zc, unsigned int ticks)
{
	return zcache_frames_age(zc) > ticks + ticks / 4 + 1;
}

/* Pages that are read ahead together are put together, or none of them. */
#define RUN_SHIFT	5

static bool venture(struct zcache *zc, const struct tmem_handle *handle,
		    enum zcache_way way, u32 read_ns)
{
	u64 run = (handle->oid.w[0] ^ hash_64(handle->index >> RUN_SHIFT, 32)) << 1;

	return zcache_cost_venture(&zc->cost, way, read_ns, run);
}

/* What reading costs, for all that is known, or as the user knows better. */
static u32 cost_of_read(struct zcache *zc, u32 read_ns)
{
	return READ_ONCE(zc->read_us) * NSEC_PER_USEC ?: read_ns;
}

/**
 * zcache_worth() - may it be worth to put a file page?
 * @zc: the cache
 * @read_ns: what reading it costs, in nanoseconds; 0: unknown
 *
 * Context: any.
 * Return: false if it does not pay to keep any page that is read at this cost.
 */
bool zcache_worth(struct zcache *zc, u32 read_ns)
{
	return READ_ONCE(zc->policy) == ZCACHE_PUT_ALL ||
	       zcache_cost_way(&zc->cost, cost_of_read(zc, read_ns)) !=
	       ZCACHE_NOT_AT_ALL;
}

/*
 * Room first: it would be a pity to compress a page for nothing. A frame is
 * fetched for it, unless it may do with what is left in others.
 */
static bool find_room(struct zcache *zc, struct zcache_plan *plan,
		      unsigned int ticks)
{
	if (plan->way == ZCACHE_COMPRESSED &&
	    zbud_room(&zc->zbud, ZBUD_EPH, zcache_cost_mean_size(&zc->cost)))
		return true;
	if (zcache_frames_may_grow(zc))
		plan->frame = zcache_frame_get(zc, ZBUD_EPH, false);
	if (plan->frame)
		return true;
	plan->evict = ticks && oldest_older(zc, ticks);
	return plan->evict;
}

/**
 * zcache_admit() - shall a file page be put?
 * @zc: the cache
 * @handle: its name
 * @read_ns: what reading it costs, in nanoseconds; 0: unknown
 * @plan: how to do it, if so
 *
 * Context: reclaim; does not sleep.
 * Return: true if so.
 */
bool zcache_admit(struct zcache *zc, const struct tmem_handle *handle,
		  u32 read_ns, struct zcache_plan *plan)
{
	enum zcache_way way;
	unsigned int ticks;

	ticks = zcache_seen(zc, &handle->oid, handle->index);
	*plan = (struct zcache_plan) {
		.way = ZCACHE_COMPRESSED,
		.evict = true,
	};
	if (READ_ONCE(zc->policy) == ZCACHE_PUT_ALL)
		return true;

	read_ns = cost_of_read(zc, read_ns);
	way = zcache_cost_way(&zc->cost, read_ns);
	*plan = (struct zcache_plan) {
		.way = way,
		.poor_as_is = true,
	};
	if (way != ZCACHE_NOT_AT_ALL &&
	    (ticks || venture(zc, handle, way, read_ns)) &&
	    find_room(zc, plan, ticks))
		return true;
	zcache_count(zc, ZCACHE_EPH_NONACTIVE_PUTS_IGNORED);
	return false;
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

	if (READ_ONCE(zc->zbud.now) != now)
		WRITE_ONCE(zc->zbud.now, now);
	return ticks;
}
