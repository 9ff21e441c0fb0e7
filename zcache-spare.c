// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page frames at hand for file pages.
 *
 * These are put at the worst of times, when there is no free page, and may not wait
 * for one. So some are fetched beforehand, the way any other user of memory does,
 * that is, at the expense of what reclaim thinks the least of: without them the cache
 * could not grow just where it is needed.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "zcache.h"

/*
 * A quarter of what is in use, within limits: 512 KiB are enough for any burst, and
 * where hardly anything is kept they would be more than the pages themselves.
 */
#define SPARE_SHIFT	2
#define LEAST_SPARE	16UL
#define MOST_SPARE	128UL

static void add(struct zcache_spare *spare, struct page *page)
{
	spin_lock(&spare->lock);
	list_add(&page->lru, &spare->pages);
	spare->nr++;
	spin_unlock(&spare->lock);
}

static void refill(struct work_struct *work)
{
	struct zcache_spare *spare = container_of(work, struct zcache_spare,
						  refill);
	gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN |
		    __GFP_NOMEMALLOC;
	struct page *page;

	WRITE_ONCE(spare->refiller, current);
	while (READ_ONCE(spare->nr) < READ_ONCE(spare->goal)) {
		page = alloc_page(gfp);
		if (!page)
			break;
		add(spare, page);
	}
	WRITE_ONCE(spare->refiller, NULL);
}

/**
 * zcache_spare_take() - take one of those at hand
 * @spare: whose
 *
 * Context: any but hard interrupt.
 * Return: a page, or NULL if there is none.
 */
struct page *zcache_spare_take(struct zcache_spare *spare)
{
	struct page *page;

	spin_lock(&spare->lock);
	page = list_first_entry_or_null(&spare->pages, struct page, lru);
	if (page) {
		list_del(&page->lru);
		spare->nr--;
	}
	spin_unlock(&spare->lock);
	return page;
}

/**
 * zcache_spare_page() - get a page for a frame
 * @spare: who has some at hand, and will fetch more
 * @in_use: how many of file pages' frames there are
 * @gfp: how to ask the page allocator, which comes first
 *
 * Context: as @gfp says, but not hard interrupt.
 * Return: a page or NULL.
 */
struct page *zcache_spare_page(struct zcache_spare *spare, unsigned long in_use,
			       gfp_t gfp)
{
	unsigned int goal = clamp(in_use >> SPARE_SHIFT, LEAST_SPARE, MOST_SPARE);
	struct page *page = NULL;

	WRITE_ONCE(spare->goal, goal);
	/* What was not needed is at hand; the allocator may have to zero. */
	if (READ_ONCE(spare->nr) > goal / 2)
		page = zcache_spare_take(spare);
	page = page ?: alloc_page(gfp) ?: zcache_spare_take(spare);
	if (READ_ONCE(spare->nr) < goal / 2)
		queue_work(system_unbound_wq, &spare->refill);
	return page;
}

/**
 * zcache_spare_give() - keep a page at hand, or free it
 * @spare: for whom
 * @page: as zcache_spare_page() returned it
 *
 * Context: any but hard interrupt.
 */
void zcache_spare_give(struct zcache_spare *spare, struct page *page)
{
	if (READ_ONCE(spare->nr) < READ_ONCE(spare->goal))
		add(spare, page);
	else
		__free_page(page);
}

/**
 * zcache_spare_refills() - is it this task that fetches pages?
 * @spare: for whom
 *
 * Context: any.
 * Return: true if so.
 */
bool zcache_spare_refills(const struct zcache_spare *spare)
{
	return READ_ONCE(spare->refiller) == current;
}

/**
 * zcache_spare_rest() - have none at hand for now
 * @spare: whose; no file pages are put
 *
 * Context: may sleep.
 */
void zcache_spare_rest(struct zcache_spare *spare)
{
	struct page *page;

	cancel_work_sync(&spare->refill);
	while ((page = zcache_spare_take(spare)))
		__free_page(page);
}

/**
 * zcache_spare_init() - begin to have pages at hand
 * @spare: storage for it
 *
 * Undone by zcache_spare_rest().
 */
void zcache_spare_init(struct zcache_spare *spare)
{
	spin_lock_init(&spare->lock);
	INIT_LIST_HEAD(&spare->pages);
	INIT_WORK(&spare->refill, refill);
	spare->goal = LEAST_SPARE;
	queue_work(system_unbound_wq, &spare->refill);
}
