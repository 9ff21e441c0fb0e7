// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: own pages that a peer keeps: their descriptors.
 *
 * A descriptor is made before its page is sent. It is published, that is, stands
 * in tmem instead of the page, when the peer has said that it has it. If the
 * peer has said that it has not, the descriptor is just freed. If nothing is
 * known, and whenever the last reference is dropped, the peer is told to forget
 * the page: the descriptor is the note of that, so it takes no memory then, when
 * there may be none, and it stays until the peer has answered. While the peer is
 * not there these notes wait for it.
 *
 * A peer that has started anew has forgotten all. File pages that it kept are
 * dropped then. Swap pages are lost: their descriptors stay, and tell it to
 * whoever asks, at once.
 */
#define pr_fmt(fmt) "ramster: " fmt

#include <linux/err.h>
#include <linux/frontswap.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "core.h"

/**
 * ramster_keeper_init() - a peer that keeps nothing yet
 * @r: whose
 * @num: its node number
 */
void ramster_keeper_init(struct ramster *r, unsigned int num)
{
	struct ramster_keeper *keeper = &r->keepers[num];
	unsigned int class;

	keeper->ramster = r;
	keeper->num = num;
	spin_lock_init(&keeper->lock);
	for (class = 0; class < ZBUD_CLASSES; class++)
		INIT_LIST_HEAD(&keeper->pages[class]);
	INIT_LIST_HEAD(&keeper->flushes);
}

/**
 * ramster_rpage_create() - a page is about to be sent
 * @keeper: to whom
 * @handle: its name at home
 * @class: whose it is
 * @content: what is in it
 * @gfp: for the descriptor
 *
 * Return: a descriptor with one reference, or NULL without memory.
 */
struct ramster_rpage *ramster_rpage_create(struct ramster_keeper *keeper,
					   const struct tmem_handle *handle,
					   enum zbud_class class,
					   const struct zbud_content *content,
					   gfp_t gfp)
{
	struct ramster_rpage *rpage;

	rpage = kmalloc(sizeof(*rpage), gfp);
	if (!rpage)
		return NULL;
	*rpage = (struct ramster_rpage) {
		.keeper = keeper,
		.handle = *handle,
		.serial = atomic64_inc_return(&keeper->ramster->serial),
		.size = content->size,
		.tag = content->tag,
		.owner = content->owner,
		.class = class,
	};
	frontswap_charge(rpage->owner, 0);
	INIT_LIST_HEAD(&rpage->list);
	refcount_set(&rpage->refs, 1);
	return rpage;
}

/**
 * ramster_rpage_publish() - the keeper has the page
 * @rpage: its descriptor, which tmem does not know yet
 *
 * Context: any but hard interrupt.
 */
void ramster_rpage_publish(struct ramster_rpage *rpage)
{
	struct ramster_keeper *keeper = rpage->keeper;
	unsigned long flags;

	spin_lock_irqsave(&keeper->lock, flags);
	list_add(&rpage->list, &keeper->pages[rpage->class]);
	keeper->nr[rpage->class]++;
	spin_unlock_irqrestore(&keeper->lock, flags);
}

/**
 * ramster_rpage_discard() - the keeper has refused the page
 * @rpage: its descriptor, which nobody else knows
 */
void ramster_rpage_discard(struct ramster_rpage *rpage)
{
	frontswap_uncharge(rpage->owner, 0);
	kfree(rpage);
}

/* Flushes */

static void flush_done(struct ramster_request *req);

/* The next one to be sent, with a message for it. */
static struct ramster_flush *flush_next(struct ramster_keeper *keeper)
{
	struct ramster_flush *flush = NULL;
	struct ramster_rpage *rpage;
	unsigned long flags;
	unsigned int i = 0;

	spin_lock_irqsave(&keeper->lock, flags);
	rpage = list_first_entry_or_null(&keeper->flushes, struct ramster_rpage,
					 list);
	while (i < RAMSTER_FLUSHES && keeper->flush[i].rpage)
		i++;
	if (rpage && i < RAMSTER_FLUSHES) {
		list_del_init(&rpage->list);
		flush = &keeper->flush[i];
		flush->rpage = rpage;
	}
	spin_unlock_irqrestore(&keeper->lock, flags);
	return flush;
}

/* The message is free again: its note is, too, or goes back to the others. */
static void flush_end(struct ramster_keeper *keeper,
		      struct ramster_flush *flush, bool sent)
{
	struct ramster_rpage *rpage = flush->rpage;
	unsigned long flags;

	spin_lock_irqsave(&keeper->lock, flags);
	flush->rpage = NULL;
	if (!sent)
		list_add(&rpage->list, &keeper->flushes);
	spin_unlock_irqrestore(&keeper->lock, flags);
	if (sent)
		kfree(rpage);
	if (READ_ONCE(keeper->ramster->leaving))
		wake_up(&keeper->ramster->wait);
}

static int flush_send(struct ramster_keeper *keeper,
		      struct ramster_flush *flush)
{
	struct ramster *r = keeper->ramster;
	struct ramster_peer *peer;
	int idx, err = -ENOTCONN;

	flush->req = (struct ramster_request) {
		.msg = {
			.type = RAMSTER_FLUSH_PAGE,
			.handle = ramster_wire_name(flush->rpage),
			.persistent = flush->rpage->class == ZBUD_PERS,
		},
		.later = true,
		.done = flush_done,
	};
	idx = srcu_read_lock(&r->srcu);
	peer = ramster_peer_of(r, keeper->num);
	if (peer)
		err = ramster_send(peer, &flush->req);
	/* Nobody waits for it, but for what is read next, perhaps: it goes with that. */
	if (!err)
		ramster_send_soon(peer);
	srcu_read_unlock(&r->srcu, idx);
	return err;
}

/*
 * As many as there are messages for; each that is answered sends another. Who cannot send
 * one leaves it to ramster_keeper_up(); but that may have looked for some just before it
 * was put back.
 */
static void flush_all(struct ramster_keeper *keeper)
{
	struct ramster_flush *flush;
	unsigned int ups;

	do {
		ups = READ_ONCE(keeper->ups);
		flush = flush_next(keeper);
		if (!flush)
			return;
		if (!flush_send(keeper, flush))
			continue;
		flush_end(keeper, flush, false);
		if (READ_ONCE(keeper->ups) == ups)
			return;
	} while (true);
}

static void flush_done(struct ramster_request *req)
{
	struct ramster_flush *flush = container_of(req, struct ramster_flush,
						   req);
	struct ramster_keeper *keeper = flush->rpage->keeper;
	bool sent = !req->err;

	ramster_count(keeper->ramster, sent && req->reply.status == RAMSTER_OK ?
		      RAMSTER_REMOTE_PAGES_FLUSHED :
		      RAMSTER_REMOTE_PAGE_FLUSHES_FAILED);
	flush_end(keeper, flush, sent);
	if (sent)
		flush_all(keeper);
}

/**
 * ramster_keeper_told() - does a peer know of all that it may forget?
 * @keeper: the peer
 *
 * Context: any but hard interrupt.
 * Return: true if it has answered all flushes.
 */
bool ramster_keeper_told(struct ramster_keeper *keeper)
{
	unsigned long flags;
	unsigned int i = 0;
	bool told;

	spin_lock_irqsave(&keeper->lock, flags);
	while (i < RAMSTER_FLUSHES && !keeper->flush[i].rpage)
		i++;
	told = i == RAMSTER_FLUSHES && list_empty(&keeper->flushes);
	spin_unlock_irqrestore(&keeper->lock, flags);
	return told;
}

/* References */

/**
 * ramster_pin() - take a reference, to read the page
 * @pampd: a descriptor that tmem names
 *
 * Context: any but hard interrupt.
 */
void ramster_pin(void *pampd)
{
	refcount_inc(&ramster_rpage(pampd)->refs);
}

/**
 * ramster_free() - drop a reference; the last one has the page forgotten
 * @pampd: a descriptor
 *
 * Context: any but hard interrupt; interrupts may be off.
 */
void ramster_free(void *pampd)
{
	struct ramster_rpage *rpage = ramster_rpage(pampd);
	struct ramster_keeper *keeper = rpage->keeper;
	unsigned long flags;
	bool lost;

	if (!refcount_dec_and_test(&rpage->refs))
		return;
	/* What is left of it is but a note. */
	frontswap_uncharge(rpage->owner, 0);
	spin_lock_irqsave(&keeper->lock, flags);
	if (!list_empty(&rpage->list)) {
		list_del_init(&rpage->list);
		keeper->nr[rpage->class] -= !rpage->lost;
	}
	lost = rpage->lost;
	if (!lost)
		list_add_tail(&rpage->list, &keeper->flushes);
	spin_unlock_irqrestore(&keeper->lock, flags);
	if (lost)
		kfree(rpage);
	else
		flush_all(keeper);
}

/* The first that is not just being read, nor comes already; nor is being freed. */
static struct ramster_rpage *newest(const struct ramster_keeper *keeper,
				    enum zbud_class class)
{
	struct ramster_rpage *rpage;

	lockdep_assert_held(&keeper->lock);
	list_for_each_entry(rpage, &keeper->pages[class], list)
		if (!rpage->lost && refcount_read(&rpage->refs) == 1)
			return rpage;
	return NULL;
}

/**
 * ramster_rpage_newest() - the page that went to a peer last
 * @keeper: the peer
 * @class: which of them
 *
 * Context: any but hard interrupt.
 * Return: a descriptor with a reference for the caller; it is the oldest one from
 * now on. NULL if there is none.
 */
struct ramster_rpage *ramster_rpage_newest(struct ramster_keeper *keeper,
					   enum zbud_class class)
{
	struct ramster_rpage *rpage;
	unsigned long flags;

	spin_lock_irqsave(&keeper->lock, flags);
	do {
		rpage = newest(keeper, class);
	} while (rpage && !refcount_inc_not_zero(&rpage->refs));
	if (rpage)
		list_move_tail(&rpage->list, &keeper->pages[class]);
	spin_unlock_irqrestore(&keeper->lock, flags);
	return rpage;
}

/**
 * ramster_rpage_newest_serial() - how new is it?
 * @keeper: the peer
 * @class: which of its pages
 *
 * Context: any but hard interrupt.
 * Return: the serial number of what ramster_rpage_newest() would return, as of now; 0
 * if there is none.
 */
u64 ramster_rpage_newest_serial(struct ramster_keeper *keeper, enum zbud_class class)
{
	struct ramster_rpage *rpage;
	unsigned long flags;
	u64 serial;

	spin_lock_irqsave(&keeper->lock, flags);
	rpage = newest(keeper, class);
	serial = rpage ? rpage->serial : 0;
	spin_unlock_irqrestore(&keeper->lock, flags);
	return serial;
}

/* A peer comes up */

/**
 * ramster_keeper_up() - the peer is there, with all that it kept
 * @keeper: the peer
 *
 * Context: the peer's receiver.
 */
void ramster_keeper_up(struct ramster_keeper *keeper)
{
	WRITE_ONCE(keeper->in_vain, 0);
	WRITE_ONCE(keeper->there, true);
	/* Before it is looked for flushes: see flush_all(). */
	WRITE_ONCE(keeper->ups, keeper->ups + 1);
	flush_all(keeper);
	wake_up_all(&keeper->ramster->wait);
}

/**
 * ramster_keeper_down() - the peer is not there any more, and may come back
 * @keeper: the peer
 *
 * Context: the peer's receiver.
 */
void ramster_keeper_down(struct ramster_keeper *keeper)
{
	WRITE_ONCE(keeper->there, false);
	WRITE_ONCE(keeper->room, 0);
	wake_up_all(&keeper->ramster->wait);
}

/*
 * All that is still there is lost: how many swap pages? @drop: notes that nobody
 * needs any more, to be freed.
 */
static unsigned long mark_lost(struct ramster_keeper *keeper,
			       struct list_head *drop)
{
	struct ramster_rpage *rpage, *next;
	unsigned long flags, nr;
	unsigned int class;

	spin_lock_irqsave(&keeper->lock, flags);
	list_splice_init(&keeper->flushes, drop);
	nr = keeper->nr[ZBUD_PERS];
	for (class = 0; class < ZBUD_CLASSES; class++) {
		list_for_each_entry(rpage, &keeper->pages[class], list)
			WRITE_ONCE(rpage->lost, true);
		keeper->nr[class] = 0;
	}
	/* They are in the way of who looks for those that are there. */
	list_for_each_entry_safe(rpage, next, &keeper->pages[ZBUD_PERS], list)
		list_del_init(&rpage->list);
	keeper->room = 0;
	keeper->recalled = 0;
	spin_unlock_irqrestore(&keeper->lock, flags);
	return nr;
}

/* One file page that is not there any more. */
static struct ramster_rpage *next_lost_file(struct ramster_keeper *keeper)
{
	struct list_head *pages = &keeper->pages[ZBUD_EPH];
	struct ramster_rpage *rpage;
	unsigned long flags;

	spin_lock_irqsave(&keeper->lock, flags);
	rpage = list_first_entry_or_null(pages, struct ramster_rpage, list);
	if (rpage) {
		list_del_init(&rpage->list);
		/* If it is just being freed, that one will do it all. */
		if (!refcount_inc_not_zero(&rpage->refs))
			rpage = ERR_PTR(-EAGAIN);
	}
	spin_unlock_irqrestore(&keeper->lock, flags);
	return rpage;
}

static void drop_lost_files(struct ramster_keeper *keeper)
{
	struct ramster *r = keeper->ramster;
	struct ramster_rpage *rpage;
	void *pampd;

	while ((rpage = next_lost_file(keeper))) {
		if (IS_ERR(rpage))
			continue;
		pampd = ramster_to_pampd(rpage);
		if (zcache_unlink(r->zc, &rpage->handle, pampd)) {
			ramster_count(r, RAMSTER_EPH_PAGES_LOST);
			ramster_free(pampd);
		}
		ramster_free(pampd);
	}
}

/**
 * ramster_keeper_forgot() - the peer has nothing of ours any more
 * @keeper: the peer; nothing is under way to it
 *
 * Context: may sleep.
 */
void ramster_keeper_forgot(struct ramster_keeper *keeper)
{
	struct ramster *r = keeper->ramster;
	struct ramster_rpage *rpage, *next;
	unsigned long lost;
	LIST_HEAD(drop);

	lost = mark_lost(keeper, &drop);
	list_for_each_entry_safe(rpage, next, &drop, list)
		kfree(rpage);
	drop_lost_files(keeper);
	if (lost) {
		this_cpu_add(r->events->count[RAMSTER_PERS_PAGES_LOST], lost);
		pr_err("node %u has lost %lu swap pages of ours\n", keeper->num,
		       lost);
	}
	wake_up_all(&r->wait);
}

/* A pool is gone */

static void pool_flush_done(struct ramster_request *req)
{
	kfree(req);
}

/* If there is no memory, or the connection breaks, an empty pool is left there. */
static void flush_pool(struct ramster_peer *peer, u32 id, bool persistent)
{
	struct ramster_request *req;

	req = kzalloc(sizeof(*req), GFP_NOIO | __GFP_NOWARN);
	if (!req)
		return;
	req->msg = (struct ramster_msg) {
		.type = RAMSTER_FLUSH_POOL,
		.handle.pool_id = id,
		.persistent = persistent,
	};
	req->done = pool_flush_done;
	if (ramster_send(peer, req))
		kfree(req);
}

/**
 * ramster_pool_gone_in() - tell all who may have pages of a pool that there is none
 * @r: whose pool it was
 * @id: its number, which no other has before this returns
 * @persistent: of swap pages; its pages are all gone
 *
 * Context: may sleep.
 */
void ramster_pool_gone_in(struct ramster *r, u32 id, bool persistent)
{
	struct ramster_peer *peer;
	int idx = srcu_read_lock(&r->srcu);
	unsigned int i;

	for (i = 0; i < RAMSTER_MAX_NODES; i++) {
		peer = ramster_peer_of(r, i);
		if (peer && ramster_peer_up(peer))
			flush_pool(peer, id, persistent);
	}
	srcu_read_unlock(&r->srcu, idx);
}
