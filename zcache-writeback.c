// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap pages leave for the swap device.
 *
 * Without this the pages that came first would stay for good, and when the pool
 * is full, those that have just been used would go to the device. So a worker
 * takes the least recently used groups of page frames, and has what is in them
 * written, before the limit is reached: a put never waits for it, and what it
 * cannot do in time goes to the device as if there were no cache.
 *
 * It works where memory is short, and takes a page of it for each one that is
 * being written; these are not many, and each is free as soon as it is written. If
 * another machine takes pages, they go there first (ramster/).
 *
 * Pages are found by their frames, and then by their slots: whether a page is
 * still there is for frontswap_writeback() to say, which then owns the slot.
 */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/frontswap.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "zcache.h"

/* Pages that are being written. */
#define IN_FLIGHT	32

/* Zpages of a group that are looked at. */
#define NAMES		64

/* Groups in a row of which nothing could be written, until it is given up. */
#define FUTILE		32

/* How long a device that has failed is left alone. */
#define SICK		(5 * HZ)

/**
 * struct zcache_writeback - what it takes to write pages
 * @zc: whose
 * @wq: its own, so that reclaim can rely on it
 * @work: the worker
 * @sick: when a write failed last, in jiffies; READ_ONCE
 * @nr: pages that are being written; the worker's, others READ_ONCE
 * @next: where the next one goes in @folios; the worker's
 * @folios: these, oldest at @next; the worker's
 * @names: what is in a group; the worker's
 */
struct zcache_writeback {
	struct zcache *zc;
	struct workqueue_struct *wq;
	struct work_struct work;
	unsigned long sick;
	unsigned int nr;
	unsigned int next;
	struct folio *folios[IN_FLIGHT];
	struct zbud_name names[NAMES];
};

static void end_write(struct zcache_writeback *wb, struct folio *folio)
{
	if (frontswap_written(folio)) {
		zcache_count(wb->zc, ZCACHE_WRITTENBACK_PAGES);
	} else {
		zcache_count(wb->zc, ZCACHE_WRITEBACK_FAILED);
		WRITE_ONCE(wb->sick, jiffies);
	}
	WRITE_ONCE(wb->nr, wb->nr - 1);
}

/* The oldest one makes room for another. */
static void end_oldest(struct zcache_writeback *wb)
{
	struct folio **oldest = &wb->folios[wb->next];

	if (*oldest)
		end_write(wb, *oldest);
	*oldest = NULL;
}

static void end_all(struct zcache_writeback *wb)
{
	unsigned int i;

	for (i = 0; i < IN_FLIGHT; i++) {
		end_oldest(wb);
		wb->next = (wb->next + 1) % IN_FLIGHT;
	}
}

/* Not one that has left its frame meanwhile, perhaps for another machine. */
static bool is_here(struct zcache *zc, const struct zbud_name *name)
{
	bool here = zcache_pin(zc, &name->handle, name->pampd);

	if (here)
		zcache_unpin(zc, name->pampd);
	return here;
}

/* Is a page on its way to the device? */
static bool write_page(struct zcache_writeback *wb,
		       const struct zbud_name *name)
{
	unsigned long offset;
	struct folio *folio;
	unsigned int type;

	if (!zcache_swap_slot(&name->handle, &type, &offset) ||
	    !is_here(wb->zc, name))
		return false;
	end_oldest(wb);
	folio = frontswap_writeback(type, offset);
	if (IS_ERR(folio)) {
		zcache_count(wb->zc, ZCACHE_WRITEBACK_SKIPPED);
		return false;
	}
	WRITE_ONCE(wb->nr, wb->nr + 1);
	wb->folios[wb->next] = folio;
	wb->next = (wb->next + 1) % IN_FLIGHT;
	return true;
}

/* How many pages of the oldest group are on their way? */
static unsigned int write_group(struct zcache_writeback *wb)
{
	unsigned int i, nr, written = 0;
	struct blk_plug plug;

	nr = zbud_oldest_names(&wb->zc->zbud, ZBUD_PERS, wb->names, NAMES);
	blk_start_plug(&plug);
	for (i = 0; i < nr; i++)
		written += write_page(wb, &wb->names[i]);
	blk_finish_plug(&plug);
	return written;
}

static bool is_sick(const struct zcache_writeback *wb)
{
	return time_before(jiffies, READ_ONCE(wb->sick) + SICK);
}

static void writeback_work(struct work_struct *work)
{
	struct zcache_writeback *wb = container_of(work, struct zcache_writeback,
						   work);
	unsigned int noreclaim = memalloc_noreclaim_save();
	unsigned int futile = 0;

	while (READ_ONCE(wb->zc->writeback_enabled) && !is_sick(wb) &&
	       zcache_frames_above_goal(wb->zc) && futile < FUTILE) {
		futile = write_group(wb) ? 0 : futile + 1;
		cond_resched();
	}
	end_all(wb);
	memalloc_noreclaim_restore(noreclaim);
}

/**
 * zcache_writeback_wake() - the pool is near its limit, or above it
 * @zc: the cache
 *
 * It is written until the goal is reached.
 *
 * Context: any.
 */
void zcache_writeback_wake(struct zcache *zc)
{
	struct zcache_writeback *wb = zc->writeback;

	if (wb && READ_ONCE(zc->writeback_enabled) && !is_sick(wb))
		queue_work(wb->wq, &wb->work);
}

/**
 * zcache_writeback_outstanding() - how many pages are being written?
 * @zc: the cache
 *
 * Context: any.
 * Return: so many, as of now.
 */
unsigned int zcache_writeback_outstanding(const struct zcache *zc)
{
	return zc->writeback ? READ_ONCE(zc->writeback->nr) : 0;
}

/**
 * zcache_writeback_init() - prepare to write pages
 * @zc: the cache; nothing is put yet
 *
 * Return: 0 or -ENOMEM.
 */
int zcache_writeback_init(struct zcache *zc)
{
	struct zcache_writeback *wb = kvzalloc(sizeof(*wb), GFP_KERNEL);

	if (!wb)
		return -ENOMEM;
	wb->wq = alloc_ordered_workqueue("zcache-writeback", WQ_MEM_RECLAIM);
	if (!wb->wq) {
		kvfree(wb);
		return -ENOMEM;
	}
	INIT_WORK(&wb->work, writeback_work);
	wb->sick = jiffies - SICK;
	wb->zc = zc;
	zc->writeback = wb;
	return 0;
}

/**
 * zcache_writeback_exit() - undo zcache_writeback_init()
 * @zc: the cache; nothing is put any more
 */
void zcache_writeback_exit(struct zcache *zc)
{
	struct zcache_writeback *wb = zc->writeback;

	zc->writeback = NULL;
	destroy_workqueue(wb->wq);
	kvfree(wb);
}
