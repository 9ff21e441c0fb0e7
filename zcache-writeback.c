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
 *
 * A page here has a slot of its swap area, too. When few slots are left, nothing more
 * can be swapped out, and the memory of the cache may be what is missing. So pages are
 * written then as well, whenever memory is short; and before a program is killed for
 * want of memory, that is waited for.
 *
 * When the cache is drained, all of them leave, also those without a frame, by
 * their slots alone.
 */
#include <linux/blkdev.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/frontswap.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "zcache.h"

/* Pages that are being written. */
#define IN_FLIGHT	32

/* Zpages of a group that are looked at. */
#define NAMES		64

/* When nothing is left that could be written, how long none is tried. */
#define REST		HZ

/* How long a device that has failed is left alone. */
#define SICK		(5 * HZ)

/* How long the OOM killer waits for frames. */
#define OOM_WAIT	(2 * HZ)
#define OOM_TRIES	3

/* Looks at all pages while a drain gets nowhere, and the time between them. */
#define LOOKS		10
#define LOOK_MS		50

/**
 * struct flight - pages that are being written
 * @wb: by whom
 * @nr: how many; the owner's, others READ_ONCE
 * @next: where the next one goes in @folios; the owner's
 * @folios: these, oldest at @next; the owner's
 */
struct flight {
	struct zcache_writeback *wb;
	unsigned int nr;
	unsigned int next;
	struct folio *folios[IN_FLIGHT];
};

/**
 * struct zcache_writeback - what it takes to write pages
 * @zc: whose
 * @wq: its own, so that reclaim can rely on it
 * @work: the worker
 * @oom: asks before a program is killed
 * @sick: when a write failed last, in jiffies; READ_ONCE
 * @vain: when there was nothing that could be written, in jiffies; READ_ONCE
 * @run: how often it has run; the worker's
 * @old: the worker's
 * @drained: of zcache_writeback_drain(), which runs once at a time
 * @names: what is in a group; the worker's
 */
struct zcache_writeback {
	struct zcache *zc;
	struct workqueue_struct *wq;
	struct delayed_work work;
	struct notifier_block oom;
	unsigned long sick;
	unsigned long vain;
	unsigned long run;
	struct flight old;
	struct flight drained;
	struct zbud_name names[NAMES];
};

static void end_write(struct flight *flight, struct folio *folio)
{
	struct zcache_writeback *wb = flight->wb;

	if (frontswap_written(folio)) {
		zcache_count(wb->zc, ZCACHE_WRITTENBACK_PAGES);
	} else {
		zcache_count(wb->zc, ZCACHE_WRITEBACK_FAILED);
		WRITE_ONCE(wb->sick, jiffies);
	}
	WRITE_ONCE(flight->nr, flight->nr - 1);
}

/* The oldest one makes room for another. */
static void end_oldest(struct flight *flight)
{
	struct folio **oldest = &flight->folios[flight->next];

	if (*oldest)
		end_write(flight, *oldest);
	*oldest = NULL;
}

static void end_all(struct flight *flight)
{
	unsigned int i;

	for (i = 0; i < IN_FLIGHT; i++) {
		end_oldest(flight);
		flight->next = (flight->next + 1) % IN_FLIGHT;
	}
}

/* Have the page of a slot written: 0 if it is on its way, or an errno. */
static int write_slot(struct flight *flight, unsigned int type,
		      unsigned long offset)
{
	struct folio *folio;

	end_oldest(flight);
	folio = frontswap_writeback(type, offset);
	if (IS_ERR(folio)) {
		zcache_count(flight->wb->zc, ZCACHE_WRITEBACK_SKIPPED);
		return PTR_ERR(folio);
	}
	WRITE_ONCE(flight->nr, flight->nr + 1);
	flight->folios[flight->next] = folio;
	flight->next = (flight->next + 1) % IN_FLIGHT;
	return 0;
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
	unsigned int type;

	return zcache_swap_slot(&name->handle, &type, &offset) &&
	       is_here(wb->zc, name) && !write_slot(&wb->old, type, offset);
}

/* How many pages of the oldest group of a cgroup are on their way? */
static unsigned int write_group(struct zcache_writeback *wb, struct zcache_cgroup *cg)
{
	unsigned int i, nr, written = 0;
	struct blk_plug plug;

	nr = zbud_oldest_names(&cg->queue, wb->names, NAMES);
	blk_start_plug(&plug);
	for (i = 0; i < nr; i++)
		written += write_page(wb, &wb->names[i]);
	blk_finish_plug(&plug);
	return written;
}

/*
 * Write what one has that is to lose some. If nothing could be written of as many
 * groups in a row as it has, it is passed for the rest of the run: its pages may not be
 * written, or not now. False if all have been passed.
 */
static bool write_some(struct zcache_writeback *wb)
{
	struct zcache_cgroup *cg = zcache_cgroup_swap_victim(wb->zc, wb->run);

	if (!cg)
		return false;
	if (write_group(wb, cg)) {
		cg->vain = 0;
	} else if (++cg->vain > READ_ONCE(cg->queue.stats.groups)) {
		cg->vain = 0;
		cg->passed = wb->run;
	}
	zcache_cgroup_put(cg);
	return true;
}

static bool is_sick(const struct zcache_writeback *wb)
{
	return time_before(jiffies, READ_ONCE(wb->sick) + SICK);
}

/* In jiffies. */
static unsigned long rest_left(const struct zcache_writeback *wb)
{
	long left = READ_ONCE(wb->vain) + REST - jiffies;

	return clamp(left, 0L, (long)REST);
}

static long nr_frames(const struct zcache_writeback *wb)
{
	return atomic_long_read(&wb->zc->nr_frames);
}

static bool is_wanted(const struct zcache_writeback *wb)
{
	return READ_ONCE(wb->zc->writeback_enabled) && !is_sick(wb) &&
	       zcache_frames_above_goal(wb->zc);
}

static void writeback_work(struct work_struct *work)
{
	struct zcache_writeback *wb = container_of(to_delayed_work(work),
						   struct zcache_writeback, work);
	unsigned int noreclaim = memalloc_noreclaim_save();

	wb->run++;
	while (is_wanted(wb)) {
		if (!write_some(wb)) {
			WRITE_ONCE(wb->vain, jiffies);
			break;
		}
		cond_resched();
	}
	end_all(&wb->old);
	zcache_frames_relieved(wb->zc);
	memalloc_noreclaim_restore(noreclaim);
}

/**
 * zcache_writeback_wake() - the pool is near its limit, or above it
 * @zc: the cache
 *
 * It is written until the goal is reached.
 *
 * Context: any.
 * Return: false if it is not, since it may not be, or the device has failed; or only
 * in a moment, since there was nothing that could be written.
 */
bool zcache_writeback_wake(struct zcache *zc)
{
	struct zcache_writeback *wb = zc->writeback;
	unsigned long rest;

	if (!wb || !READ_ONCE(zc->writeback_enabled) || is_sick(wb))
		return false;
	rest = rest_left(wb);
	queue_delayed_work(wb->wq, &wb->work, rest);
	return !rest;
}

/*
 * Somebody is about to be killed. The worker can free memory without having any, so
 * have it done, and wait; not for all of it, since each frame helps, and not for
 * long, since the device may be slow, or be gone.
 */
static int on_oom(struct notifier_block *nb, unsigned long unused, void *arg)
{
	struct zcache_writeback *wb = container_of(nb, struct zcache_writeback,
						   oom);
	unsigned long *nr_freed = arg, end = jiffies + OOM_WAIT;
	long before = nr_frames(wb), freed = 0;
	unsigned int tries;

	/* The worker may just have been about to end. */
	for (tries = 0; freed <= 0 && tries < OOM_TRIES; tries++) {
		WRITE_ONCE(wb->vain, jiffies - REST);
		zcache_frames_relieve(wb->zc);
		mod_delayed_work(wb->wq, &wb->work, 0);
		while (work_busy(&wb->work.work) && time_before(jiffies, end) &&
		       before - nr_frames(wb) < IN_FLIGHT)
			schedule_timeout_uninterruptible(1);
		freed = before - nr_frames(wb);
	}
	if (freed > 0) {
		*nr_freed += freed;
		zcache_count(wb->zc, ZCACHE_OOM_AVERTED);
	}
	return NOTIFY_OK;
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
	const struct zcache_writeback *wb = zc->writeback;

	return wb ? READ_ONCE(wb->old.nr) + READ_ONCE(wb->drained.nr) : 0;
}

/* Look at each page once. */
static int drain_once(struct zcache_writeback *wb)
{
	unsigned long offset = 0;
	unsigned int type = 0;
	struct blk_plug plug;
	int err = 0;

	blk_start_plug(&plug);
	while (!err && frontswap_next(&type, &offset)) {
		if (write_slot(&wb->drained, type, offset) == -EEXIST)
			frontswap_hand_over(type, offset);
		offset++;
		if (is_sick(wb))
			err = -EIO;
		else if (signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	blk_finish_plug(&plug);
	end_all(&wb->drained);
	return err;
}

/**
 * zcache_writeback_drain() - have all swap pages leave
 * @zc: the cache; frontswap is paused, so none come
 *
 * Pages that are used just then are looked at again, a few times.
 *
 * Context: may sleep, for as long as the device takes; a signal ends it. One at a
 * time.
 * Return: 0: there are none; -EINTR; -EIO: the device has failed, a few seconds
 * ago or just now; -EBUSY: some cannot be restored, or are always in use, or there
 * is no memory for them. Those that are left stay as they are.
 */
int zcache_writeback_drain(struct zcache *zc)
{
	unsigned long left, before = ULONG_MAX;
	unsigned int looks = LOOKS;
	int err = 0;

	while (!err && (left = frontswap_nr_stored())) {
		if (left >= before && !--looks)
			return -EBUSY;
		if (left >= before)
			msleep_interruptible(LOOK_MS);
		before = left;
		err = drain_once(zc->writeback);
	}
	return err;
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
	INIT_DELAYED_WORK(&wb->work, writeback_work);
	wb->oom.notifier_call = on_oom;
	wb->sick = jiffies - SICK;
	wb->vain = jiffies - REST;
	wb->old.wb = wb;
	wb->drained.wb = wb;
	wb->zc = zc;
	zc->writeback = wb;
	register_oom_notifier(&wb->oom);
	return 0;
}

/**
 * zcache_writeback_exit() - undo zcache_writeback_init()
 * @zc: the cache; nothing is put any more
 */
void zcache_writeback_exit(struct zcache *zc)
{
	struct zcache_writeback *wb = zc->writeback;

	unregister_oom_notifier(&wb->oom);
	zc->writeback = NULL;
	cancel_delayed_work_sync(&wb->work);
	destroy_workqueue(wb->wq);
	kvfree(wb);
}
