// SPDX-License-Identifier: GPL-2.0-only
/*
 * frontswap: a page leaves the backend for its device, or for the swap cache.
 *
 * Whoever wants that owns the slot by a new folio in the swap cache, so nobody else
 * comes near it; moves the page to that folio, by which the entry goes; and has the
 * folio written. What comes between finds the folio, as after any swap-in, and it is
 * the only copy: it is dirty again if the write fails.
 */
#include <linux/frontswap.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/writeback.h>

#include "frontswap-internal.h"
#include "internal.h"
#include "swap.h"

/*
 * With a locked folio in the swap cache, nobody else comes near the slot. NULL and
 * an errno if somebody has it, or there is no memory.
 */
static struct folio *own_slot(swp_entry_t entry, int *err)
{
	/*
	 * It is to free memory, and a few pages at a time: so it may have what others
	 * may not, and all of the reserves if the caller may.
	 */
	gfp_t gfp = GFP_KERNEL | __GFP_HIGH | __GFP_NOWARN;
	struct folio *folio;
	bool new;

	folio = __read_swap_cache_async(entry, gfp, get_task_policy(current),
					NO_INTERLEAVE_INDEX, &new, true);
	if (folio && new)
		return folio;
	*err = folio ? -EEXIST : -ENOMEM;
	if (folio)
		folio_put(folio);
	return NULL;
}

/*
 * Who has met the folio waits for its lock. If the slot has got another owner in
 * the last moment, the page is elsewhere, and is read as he would have done it. If
 * the backend could not restore it, it may the next time.
 */
static void disown_slot(struct folio *folio, int err)
{
	if (err == -ENOENT) {
		swap_read_folio(folio, NULL);
	} else {
		delete_from_swap_cache(folio);
		folio_unlock(folio);
	}
	folio_put(folio);
}

static void write_to_slot(struct folio *folio)
{
	struct writeback_control wbc = { .sync_mode = WB_SYNC_NONE };

	frontswap_account(folio, FRONTSWAP_WRITTEN);
	flush_dcache_folio(folio);
	folio_mark_uptodate(folio);
	folio_set_reclaim(folio);
	__swap_writepage(folio, &wbc);
}

/**
 * frontswap_writeback() - have a page written to its slot
 * @type: swap area
 * @offset: slot; whether there is anything in it, and in memory, may change
 *
 * The page moves to a new folio in the swap cache, which keeps all others away
 * from the slot, and that is written. So a fault finds it there meanwhile, and
 * when it cannot be written it is dirty and will be swapped out again as any
 * other page.
 *
 * Context: the backend's own; may sleep, allocates a page and waits for the
 * device to take it; not in a filesystem or in the block layer. The backend is
 * registered.
 * Return: the folio with a reference, under writeback or beyond it;
 * ERR_PTR(-ENOENT): there is no such page here any more; ERR_PTR(-EPERM): its
 * cgroup does not want it written; ERR_PTR(-EEXIST): it is in the swap cache, that
 * is, in use; ERR_PTR(-ENOMEM), also if it is just being swapped in; or what the
 * backend said when it could not restore it: it still has it. The folio is for
 * frontswap_written().
 */
struct folio *frontswap_writeback(unsigned int type, unsigned long offset)
{
	swp_entry_t entry = swp_entry(type, offset);
	struct swap_info_struct *si = get_swap_device(entry);
	struct folio *folio = NULL;
	int err = -ENOENT;

	if (!si)
		return ERR_PTR(err);
	if (frontswap_is_stored(entry)) {
		if (frontswap_may_write(entry))
			folio = own_slot(entry, &err);
		else
			err = -EPERM;
	}
	if (folio) {
		err = frontswap_move_to(folio);
		if (!err)
			write_to_slot(folio);
		else
			disown_slot(folio, err);
	}
	put_swap_device(si);
	return err ? ERR_PTR(err) : folio;
}
EXPORT_SYMBOL_GPL(frontswap_writeback);

/**
 * frontswap_written() - wait until a page has been written, and drop it
 * @folio: as frontswap_writeback() returned it; the reference is gone then
 *
 * If it is used meanwhile, it stays.
 *
 * Context: the backend's own; may sleep.
 * Return: false if the device did not take it, and it is dirty again. Who has used
 * it since would have made it an anonymous folio, or one of a file.
 */
bool frontswap_written(struct folio *folio)
{
	bool unused, dirty;
	LIST_HEAD(drop);

	folio_wait_writeback(folio);
	unused = folio_test_swapcache(folio) && !folio_test_anon(folio);
	dirty = folio_test_dirty(folio);
	if (!folio_test_lru(folio))
		lru_add_drain();
	if (unused && !dirty && folio_isolate_lru(folio))
		list_add(&folio->lru, &drop);
	folio_put(folio);
	reclaim_pages(&drop);
	return !unused || !dirty;
}
EXPORT_SYMBOL_GPL(frontswap_written);

/* Is this the locked folio that the swap cache has for a slot, with its data? */
static bool is_of_slot(struct folio *folio, swp_entry_t entry)
{
	return folio_test_swapcache(folio) && folio_test_uptodate(folio) &&
	       swp_type(folio->swap) == swp_type(entry) &&
	       swp_offset(entry) - swp_offset(folio->swap) <
	       folio_nr_pages(folio);
}

/**
 * frontswap_hand_over() - leave a page to the swap cache
 * @type: swap area
 * @offset: slot
 *
 * For a page that frontswap_writeback() has found there: the folio becomes dirty,
 * so it will go to the device, and the entry goes, with those of all pages of a
 * large folio. If it is not there any more, nothing happens.
 *
 * Context: the backend's own; may sleep. The backend is registered.
 */
void frontswap_hand_over(unsigned int type, unsigned long offset)
{
	swp_entry_t entry = swp_entry(type, offset);
	struct swap_info_struct *si = get_swap_device(entry);
	struct folio *folio;

	if (!si)
		return;
	folio = filemap_get_folio(swap_address_space(entry),
				  swap_cache_index(entry));
	if (!IS_ERR(folio)) {
		folio_lock(folio);
		folio_wait_writeback(folio);
		if (is_of_slot(folio, entry)) {
			folio_mark_dirty(folio);
			__frontswap_invalidate_folio(folio);
		}
		folio_unlock(folio);
		folio_put(folio);
	}
	put_swap_device(si);
}
EXPORT_SYMBOL_GPL(frontswap_hand_over);
