// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: own pages come back.
 *
 * Whoever reads a page that is elsewhere asks its keeper, and waits. What comes
 * is checked, decompressed into the page that he has, and, while memory allows,
 * put into zcache again, where it takes the place of the descriptor; by that the
 * keeper is told to forget it.
 *
 * A file page that does not come, for any reason, is read from the disk. A swap
 * page is nowhere else: if its keeper is not there, the reader waits for it, but
 * not for longer than request_ms, less if others have waited in vain, and if it does
 * not come, fails as after an error of the disk.
 *
 * Pages also come back by themselves, newest first, with nobody waiting: when
 * memory has not been short for a while, when their keeper wants its memory back,
 * and when this node leaves. If memory is short here, they go on to another peer
 * that has some, unless this node leaves.
 */
#define pr_fmt(fmt) "ramster: " fmt

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/mempool.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "core.h"

/* Fetches that are possible however short memory is. */
#define MIN_FETCHES	16

/* Those that may be under way with nobody waiting; fewer than are possible. */
#define BACKGROUND	8

/* When a page has found no room, with any peer, how long none are fetched if they need not be. */
#define FULL		(HZ / 4)

/* Memory must not have been short for so long, for pages to come back. */
#define CALM		(3 * HZ)

/*
 * How long the network may go on using the last of memory when no swap page is
 * outside any more: to forbid it, and to allow it again, patches the kernel.
 */
#define LINGER		(60 * HZ)

/* How long who has not answered is not asked for file pages. */
#define DEAF		(10 * HZ)

/* How often it is looked whether they may, and how many may, at first. */
#define SHRINK_MS	1000
#define SHRINK_PAGES	256

/* After so many of these it is looked again whether memory allows more. */
#define SHRINK_LOOK	64

/**
 * struct fetch - a page on its way home
 * @req: the message
 * @ramster: whose
 * @rpage: its descriptor, pinned
 * @next: the one it gets if it goes on to another peer
 * @buf: for its bytes, a page
 */
struct fetch {
	struct ramster_request req;
	struct ramster *ramster;
	struct ramster_rpage *rpage;
	struct ramster_rpage *next;
	void *buf;
};

static void *fetch_alloc(gfp_t gfp, void *pool_data)
{
	struct fetch *fetch = kzalloc(sizeof(*fetch), gfp);

	if (!fetch)
		return NULL;
	fetch->ramster = pool_data;
	fetch->buf = (void *)__get_free_page(gfp);
	if (!fetch->buf) {
		kfree(fetch);
		return NULL;
	}
	return fetch;
}

static void fetch_free(void *element, void *pool_data)
{
	struct fetch *fetch = element;

	free_page((unsigned long)fetch->buf);
	kfree(fetch);
}

static void fetch_prepare(struct fetch *fetch, struct ramster_rpage *rpage)
{
	fetch->rpage = rpage;
	fetch->req = (struct ramster_request) {
		.msg = {
			.type = RAMSTER_GET,
			.handle = ramster_wire_name(rpage),
			.persistent = rpage->class == ZBUD_PERS,
		},
		.buf = fetch->buf,
	};
}

/* What has come: is it the page? */
static int fetch_check(struct fetch *fetch)
{
	const struct ramster_rpage *rpage = fetch->rpage;
	const struct ramster_msg *reply = &fetch->req.reply;

	if (reply->status == RAMSTER_NOT_THERE)
		return -ENOENT;
	if (reply->status != RAMSTER_OK)
		return -EIO;
	if (reply->kind == RAMSTER_COMPRESSED &&
	    reply->payload_len == rpage->size &&
	    reply->payload_crc == rpage->crc)
		return 0;
	ramster_count(fetch->ramster, RAMSTER_BAD_PAGES);
	pr_err_ratelimited("node %u sent something else than the page that it was given\n",
			   rpage->keeper->num);
	return -EIO;
}

/* What has arrived, and been checked. */
static struct zbud_content content_of(const struct fetch *fetch)
{
	return (struct zbud_content) {
		.data = fetch->buf,
		.size = fetch->rpage->size,
		.tag = fetch->rpage->tag,
		.owner = fetch->rpage->owner,
	};
}

/* It takes the place of its descriptor, if there is memory. */
static bool localify(struct fetch *fetch)
{
	struct ramster_rpage *rpage = fetch->rpage;
	const struct tmem_handle *handle = &rpage->handle;
	struct zbud_content content = content_of(fetch);
	struct zcache *zc = fetch->ramster->zc;
	struct zcache_pool *pool;
	bool done = false;
	void *pampd;

	rcu_read_lock();
	pool = xa_load(&zc->pools, handle->pool_id);
	if (pool) {
		pampd = zcache_page_import(pool, handle, &content,
					   ZCACHE_FROM_MEMORY);
		done = pampd && tmem_replace(&pool->tmem, &handle->oid,
					     handle->index,
					     ramster_to_pampd(rpage), pampd);
		if (pampd && !done)
			zcache_pamops.free(&pool->tmem, pampd);
	}
	rcu_read_unlock();
	return done;
}

/* A file page that leaves when it is got has left already. */
static bool may_stay(struct ramster *r, const struct ramster_rpage *rpage)
{
	return rpage->class == ZBUD_PERS || !READ_ONCE(r->zc->exclusive_gets);
}

static bool memory_is_short(struct ramster *r)
{
	return time_before(jiffies, READ_ONCE(r->pressed) + CALM);
}

/* Somebody waits for it */

static bool gone_or_up(struct ramster *r, const struct ramster_rpage *rpage)
{
	bool ret;
	int idx;

	idx = srcu_read_lock(&r->srcu);
	ret = !ramster_peer_of(r, rpage->keeper->num) ||
	      READ_ONCE(rpage->keeper->there) || READ_ONCE(rpage->lost);
	srcu_read_unlock(&r->srcu, idx);
	return ret;
}

/*
 * Wait for a keeper that is down: 0 if it may be worth to ask again, or an errno. Who
 * waits in vain halves that for those who come after him, until the keeper is up again.
 * So all pages of one that is dead cost no more together than twice what the first does.
 */
static int wait_for_keeper(struct ramster *r, struct ramster_rpage *rpage,
			   long left, bool killable)
{
	unsigned int *in_vain = &rpage->keeper->in_vain;
	unsigned int before = READ_ONCE(*in_vain);

	left = max(left, 0L) >> min(before, BITS_PER_LONG - 1);
	if (!left)
		return -ETIMEDOUT;
	/* Not quite at once: it may be up, and go down as soon as it is asked. */
	schedule_timeout_uninterruptible(1);
	left--;
	if (killable)
		left = wait_event_killable_timeout(r->wait, gone_or_up(r, rpage),
						   left);
	else
		left = wait_event_timeout(r->wait, gone_or_up(r, rpage), left);
	if (left)
		return left < 0 ? -EINTR : 0;
	/* Of those who waited together one counts. */
	cmpxchg(in_vain, before, before + 1);
	return -ETIMEDOUT;
}

static int ask_once(struct ramster *r, struct fetch *fetch, long left,
		    bool killable)
{
	struct ramster_peer *peer;
	int idx, err = -ENOTCONN;

	idx = srcu_read_lock(&r->srcu);
	peer = ramster_peer_of(r, fetch->rpage->keeper->num);
	if (peer)
		err = ramster_call(peer, &fetch->req, jiffies_to_msecs(left),
				   killable);
	else
		err = -ESHUTDOWN;
	srcu_read_unlock(&r->srcu, idx);
	return err ?: fetch_check(fetch);
}

static long patience(struct ramster *r)
{
	struct ramster_cluster *cluster;
	unsigned int ms = 0;
	int idx;

	idx = srcu_read_lock(&r->srcu);
	cluster = srcu_dereference(r->cluster, &r->srcu);
	if (cluster)
		ms = ramster_cluster_times(cluster)->request_ms;
	srcu_read_unlock(&r->srcu, idx);
	return msecs_to_jiffies(ms);
}

/* A file page is not worth to wait for someone who does not answer. */
static bool is_deaf(const struct ramster_rpage *rpage)
{
	return rpage->class == ZBUD_EPH &&
	       time_before(jiffies, READ_ONCE(rpage->keeper->deaf_until));
}

static int ask(struct ramster *r, struct fetch *fetch, bool killable)
{
	struct ramster_rpage *rpage = fetch->rpage;
	unsigned long end = jiffies + patience(r);
	long left;
	int err;

	while ((left = end - jiffies) > 0) {
		if (READ_ONCE(rpage->lost) || is_deaf(rpage))
			return -ENOENT;
		fetch_prepare(fetch, rpage);
		err = ask_once(r, fetch, left, killable);
		if (err == -ETIMEDOUT)
			WRITE_ONCE(rpage->keeper->deaf_until, jiffies + DEAF);
		if (err != -ENOTCONN || rpage->class == ZBUD_EPH)
			return err;
		err = wait_for_keeper(r, rpage, end - jiffies, killable);
		if (err)
			return err;
	}
	return -ETIMEDOUT;
}

/**
 * ramster_get() - bring a page that is elsewhere
 * @pool: whose it is
 * @pampd: its descriptor, pinned
 * @page: where to
 *
 * A fatal signal ends the wait, unless the page is shared: then a failure would
 * be one for others as well.
 *
 * Context: may sleep.
 * Return: 0; -ENOENT if the page is lost or, for a file page, cannot be had now;
 * -EIO, -ETIMEDOUT, -EINTR, -ENOMEM.
 */
int ramster_get(struct zcache_pool *pool, void *pampd, struct page *page)
{
	struct ramster_rpage *rpage = ramster_rpage(pampd);
	struct ramster *r = rpage->keeper->ramster;
	bool killable = !folio_test_swapcache(page_folio(page));
	struct zbud_content content;
	struct fetch *fetch;
	int err;

	/* Reclaim must not wait for the network, which may wait for reclaim. */
	if (rpage->class == ZBUD_EPH && (current->flags & PF_MEMALLOC))
		return -ENOENT;
	fetch = mempool_alloc(r->fetches, GFP_NOIO);
	err = READ_ONCE(rpage->lost) ? -ENOENT : 0;
	if (!err) {
		fetch->rpage = rpage;
		err = ask(r, fetch, killable);
	}
	if (!err) {
		content = content_of(fetch);
		err = zcache_page_expand(pool->zc, &content, page);
	}
	if (!err && may_stay(r, rpage) && !memory_is_short(r) && localify(fetch))
		ramster_count(r, RAMSTER_PAGES_REPATRIATED);
	mempool_free(fetch, r->fetches);
	ramster_count_class(r, err ? RAMSTER_REMOTE_EPH_PAGES_UNSUCC_GET :
				     RAMSTER_REMOTE_EPH_PAGES_SUCC_GET,
			    rpage->class);
	return err;
}

/* Nobody waits for it */

static void fetch_end(struct fetch *fetch)
{
	struct ramster *r = fetch->ramster;

	ramster_free(ramster_to_pampd(fetch->rpage));
	mempool_free(fetch, r->fetches);
	atomic_dec(&r->fetching);
	wake_up(&r->wait);
}

static void sent_on(struct ramster_request *req)
{
	struct fetch *fetch = container_of(req, struct fetch, req);
	void *old = ramster_to_pampd(fetch->rpage);

	if (!req->err && req->reply.status == RAMSTER_OK)
		ramster_count(fetch->ramster, RAMSTER_PAGES_SENT_ON);
	ramster_put_end(fetch->ramster, req, fetch->next, old);
	fetch_end(fetch);
}

/* Has it not been freed, nor got another place, while it was under way? */
static bool still_wanted(struct fetch *fetch)
{
	void *pampd = ramster_to_pampd(fetch->rpage);
	bool wanted = zcache_pin(fetch->ramster->zc, &fetch->rpage->handle,
				 pampd);

	if (wanted)
		ramster_free(pampd);
	return wanted;
}

/* There is little room for it at home: is it on its way to another peer? */
static bool send_on(struct fetch *fetch)
{
	struct ramster_rpage *rpage = fetch->rpage;
	struct ramster *r = fetch->ramster;
	struct zbud_content content = content_of(fetch);
	struct ramster_keeper *keeper = NULL;
	int idx = srcu_read_lock(&r->srcu);
	bool sent = false;

	if (READ_ONCE(ramster_knobs.pers_remotify) && !READ_ONCE(r->leaving) &&
	    still_wanted(fetch))
		keeper = ramster_find_keeper(r, rpage->keeper);
	fetch->next = keeper ?
		ramster_rpage_create(keeper, &rpage->handle, rpage->class,
				     &content, GFP_NOWAIT | __GFP_NOWARN) : NULL;
	if (fetch->next) {
		fetch->req.done = sent_on;
		sent = !ramster_put_begin(r, &fetch->req, fetch->next,
					  fetch->buf);
	}
	srcu_read_unlock(&r->srcu, idx);
	return sent;
}

static void fetch_done(struct ramster_request *req)
{
	struct fetch *fetch = container_of(req, struct fetch, req);
	struct ramster *r = fetch->ramster;
	bool good = !req->err && !fetch_check(fetch);
	bool full = good && !zcache_frames_left(r->zc);
	bool home;

	/* At home it would push out pages that were used after it. */
	if (full && send_on(fetch))
		return;
	home = good && localify(fetch);
	if (good && !full && !home && send_on(fetch))
		return;
	ramster_count(r, home ? RAMSTER_PAGES_REPATRIATED :
				RAMSTER_PAGES_REPATRIATE_FAILED);
	if (good && !home)
		WRITE_ONCE(r->full, jiffies);
	fetch_end(fetch);
}

static int fetch_start(struct ramster *r, struct ramster_rpage *rpage)
{
	struct ramster_peer *peer;
	struct fetch *fetch;
	int err = -ENOTCONN;

	wait_event(r->wait, atomic_read(&r->fetching) < BACKGROUND);
	fetch = mempool_alloc(r->fetches, GFP_NOIO);
	fetch_prepare(fetch, rpage);
	fetch->req.done = fetch_done;
	atomic_inc(&r->fetching);
	peer = ramster_peer_of(r, rpage->keeper->num);
	if (peer)
		err = ramster_send(peer, &fetch->req);
	if (err)
		fetch_end(fetch);
	return err;
}

/* Pages that found no room went over the network in vain. */
static bool is_full(struct ramster *r)
{
	return time_before(jiffies, READ_ONCE(r->full) + FULL);
}

/*
 * Begin to bring up to so many pages home: how many are on their way? @all: even
 * if there was no room for one, because there might be for the next.
 */
static unsigned long bring_home(struct ramster *r,
				struct ramster_keeper *keeper,
				unsigned long max, bool all)
{
	struct ramster_rpage *rpage;
	unsigned long nr = 0;

	while (nr < max && (all || !is_full(r))) {
		rpage = ramster_rpage_newest(keeper, ZBUD_PERS);
		if (!rpage || fetch_start(r, rpage))
			break;
		nr++;
	}
	return nr;
}

static void wait_for_fetches(struct ramster *r)
{
	wait_event(r->wait, !atomic_read(&r->fetching));
}

static unsigned long nr_swap_pages_away(struct ramster *r)
{
	unsigned long nr = 0;
	unsigned int i;

	for (i = 0; i < RAMSTER_MAX_NODES; i++)
		nr += READ_ONCE(r->keepers[i].nr[ZBUD_PERS]);
	return nr;
}

/**
 * ramster_home_all() - bring all swap pages home
 * @r: whose; none go out any more
 *
 * Context: may sleep, for as long as pages come.
 * Return: how many cannot be brought.
 */
unsigned long ramster_home_all(struct ramster *r)
{
	int idx = srcu_read_lock(&r->srcu);
	unsigned long nr, before = ULONG_MAX;
	unsigned int i;

	wait_for_fetches(r);	/* of pages that are just going on */
	while ((nr = nr_swap_pages_away(r)) && nr < before) {
		before = nr;
		for (i = 0; i < RAMSTER_MAX_NODES; i++)
			bring_home(r, &r->keepers[i],
				   READ_ONCE(r->keepers[i].nr[ZBUD_PERS]), true);
		wait_for_fetches(r);
	}
	srcu_read_unlock(&r->srcu, idx);
	return nr;
}

/* What keepers want back, whether memory is short here or not. */
static void bring_recalled(struct ramster *r)
{
	struct ramster_keeper *keeper;
	unsigned long nr;
	unsigned int i;
	s64 bytes;

	for (i = 0; i < RAMSTER_MAX_NODES; i++) {
		keeper = &r->keepers[i];
		spin_lock_irq(&keeper->lock);
		bytes = keeper->recalled;
		keeper->recalled = 0;
		spin_unlock_irq(&keeper->lock);
		if (!bytes)
			continue;
		nr = div_s64(bytes, zcache_cost_mean_size(&r->zc->cost)) + 1;
		bring_home(r, keeper, nr, false);
	}
}

/* Who of those that are there has the page that went out last; NULL: nobody has any. */
static struct ramster_keeper *find_newest(struct ramster *r)
{
	struct ramster_keeper *keeper, *newest = NULL;
	u64 serial, most = 0;
	unsigned int i;

	for (i = 0; i < RAMSTER_MAX_NODES; i++) {
		keeper = &r->keepers[i];
		if (!READ_ONCE(keeper->nr[ZBUD_PERS]) || !READ_ONCE(keeper->there))
			continue;
		serial = ramster_rpage_newest_serial(keeper, ZBUD_PERS);
		if (serial <= most)
			continue;
		newest = keeper;
		most = serial;
	}
	return newest;
}

static bool may_shrink(struct ramster *r)
{
	return !memory_is_short(r) &&
	       zcache_frames_left(r->zc) > totalram_pages() / 16 &&
	       si_mem_available() > totalram_pages() / 8;
}

/* As much as memory allows, but no more than @max. */
static void bring_newest(struct ramster *r, unsigned long max)
{
	struct ramster_keeper *keeper;
	unsigned long nr;

	for (nr = 0; nr < max; nr++) {
		if (nr % SHRINK_LOOK == 0 && !may_shrink(r))
			return;
		keeper = find_newest(r);
		if (!keeper || !bring_home(r, keeper, 1, false))
			return;
	}
}

/* Or has, until a moment ago? */
static bool swap_needs_network(struct ramster *r)
{
	return nr_swap_pages_away(r) || !ramster_remotify_idle(r) ||
	       time_before(jiffies, READ_ONCE(r->pressed) + LINGER);
}

/* The last of memory is not for the network any more, unless pages begin to go just now. */
static void end_memalloc(struct ramster *r)
{
	if (swap_needs_network(r))
		return;
	ramster_memalloc(r, false);
	if (swap_needs_network(r))
		ramster_memalloc(r, true);
}

static void shrink_work(struct work_struct *work)
{
	struct ramster *r = container_of(to_delayed_work(work), struct ramster,
					 shrink);
	unsigned int ms = READ_ONCE(r->selfshrink_ms);
	int idx = srcu_read_lock(&r->srcu);

	if (rcu_access_pointer(r->cluster)) {
		bring_recalled(r);
		end_memalloc(r);
		if (ms)
			bring_newest(r, READ_ONCE(r->selfshrink_pages));
		wait_for_fetches(r);
		queue_delayed_work(r->wq, &r->shrink,
				   msecs_to_jiffies(ms ?: SHRINK_MS));
	}
	srcu_read_unlock(&r->srcu, idx);
}

/**
 * ramster_home_init() - prepare to bring pages home
 * @r: whose
 *
 * Return: 0 or -ENOMEM.
 */
int ramster_home_init(struct ramster *r)
{
	r->full = jiffies - FULL;
	r->selfshrink_ms = SHRINK_MS;
	r->selfshrink_pages = SHRINK_PAGES;
	INIT_DELAYED_WORK(&r->shrink, shrink_work);
	r->fetches = mempool_create(MIN_FETCHES, fetch_alloc, fetch_free, r);
	return r->fetches ? 0 : -ENOMEM;
}

/**
 * ramster_home_exit() - undo ramster_home_init()
 * @r: whose; nothing is on its way any more
 */
void ramster_home_exit(struct ramster *r)
{
	mempool_destroy(r->fetches);
}
