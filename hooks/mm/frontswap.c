// SPDX-License-Identifier: GPL-2.0-only
/*
 * frontswap: keep swapped-out pages in a backend, in front of the swap device
 *
 * A slot of a swap area has its data in exactly one place: in the zeromap, in
 * the backend, in zswap, or on the device. This layer keeps one bit a slot
 * that says "in the backend", and holds to one rule:
 *
 *   After any swap-out other than a successful store, no entry is left for any
 *   slot of the folio.
 *
 * A large folio is stored whole or not at all.
 *
 * Who may touch a slot: the holder of its locked swap-cache folio; a
 * synchronous swap-in that owns SWAP_HAS_CACHE without a swap-cache folio; or
 * whoever frees the slot when neither exists. They exclude each other, so the
 * bit and the backend's entry of one slot need no lock here. Neighbouring bits
 * belong to others, hence the atomic bit operations.
 *
 * A fault swaps a page in from here without the swap cache, and without any
 * readahead: there is no seek to save. Such a synchronous swap-in may still lose
 * the race for its page table entry and be thrown away, so it copies; its entry
 * goes when the slot is freed. A load into the swap cache, of a page that
 * several processes share, moves the page: the entry goes and the folio is
 * dirty, since no other copy exists.
 *
 * What is in memory anyhow is never read ahead. A page that the zeromap has is
 * mapped as the page of zeros that all share, until it is written; so it is the
 * cheapest to get back, and frontswap_spare() lets a few others stay for each of
 * its kind that goes. Reclaim counts neither its going nor its coming, by which it
 * would weigh anonymous pages against those of files.
 *
 * A page may leave for the device: see frontswap-writeback.c. What a cgroup has in
 * the backend is charged to it: see frontswap-memcg.c.
 *
 * The backend may go when nothing is stored. To get there it takes no more pages,
 * which this layer sees to, and has those that are left written: while none come,
 * what is empty stays so.
 *
 * Lock order: swapon_mutex, inode lock of a swap file > frontswap_mutex.
 */
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/frontswap.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/percpu.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/zswap.h>

#include "frontswap-internal.h"
#include "internal.h"
#include "swap.h"

/* Pages that may stay for each page of zeros that goes. */
#define SPARES_PER_ZERO		16

/* No more file pages than this share of anonymous ones: there are hardly any. */
#define FILE_SHARE		8

/**
 * struct frontswap_area - a swap area as seen from here
 * @map: one bit a slot, set if the backend has its page; NULL if the area is
 *	off. Set before the first swap-out to the area, freed after the last use
 * @nr_slots: bits in @map
 * @nr_stored: bits set
 * @attached: the backend has accepted it. Set before the ops are published or
 *	before the area is in use; cleared after the last use, or when nothing is
 *	stored and no operation runs any more: then whoever still sees it set
 *	finds no bit set
 *
 * @map, @nr_slots and @attached change under frontswap_mutex.
 */
struct frontswap_area {
	unsigned long *map;
	unsigned long nr_slots;
	atomic_long_t nr_stored;
	bool attached;
};

enum frontswap_event {
	FRONTSWAP_LOADS,
	FRONTSWAP_FAILED_LOADS,
	FRONTSWAP_SUCC_STORES,
	FRONTSWAP_FAILED_STORES,
	FRONTSWAP_INVALIDATES,
	FRONTSWAP_SPARED,
	FRONTSWAP_OVER_LIMIT,
	FRONTSWAP_WRITEBACKS,
	FRONTSWAP_NR_EVENTS
};

static const char * const frontswap_event_names[FRONTSWAP_NR_EVENTS] = {
	[FRONTSWAP_LOADS]		= "loads",
	[FRONTSWAP_FAILED_LOADS]	= "failed_loads",
	[FRONTSWAP_SUCC_STORES]		= "succ_stores",
	[FRONTSWAP_FAILED_STORES]	= "failed_stores",
	[FRONTSWAP_INVALIDATES]		= "invalidates",
	[FRONTSWAP_SPARED]		= "spared",
	[FRONTSWAP_OVER_LIMIT]		= "over_limit",
	[FRONTSWAP_WRITEBACKS]		= "writebacks",
};

struct frontswap_events {
	unsigned long count[FRONTSWAP_NR_EVENTS];
};

DEFINE_STATIC_KEY_FALSE(frontswap_key);
DEFINE_STATIC_KEY_FALSE(frontswap_ever_key);
DEFINE_STATIC_SRCU(frontswap_srcu);	/* readers: users of frontswap_ops */
static DEFINE_MUTEX(frontswap_mutex);	/* writers, and the areas */
static const struct frontswap_ops __rcu *frontswap_ops;
static struct frontswap_area frontswap_areas[MAX_SWAPFILES];
static DEFINE_PER_CPU(struct frontswap_events, frontswap_events);
static atomic_t frontswap_spares = ATOMIC_INIT(0);	/* pages that may stay */
static bool frontswap_paused;	/* no stores; READ_ONCE, changed by the writers */
static bool frontswap_off __ro_after_init;

static void count(enum frontswap_event event, unsigned long nr)
{
	this_cpu_add(frontswap_events.count[event], nr);
}

/**
 * __frontswap_is_enabled() - does the backend take pages?
 *
 * Context: any.
 * Return: false while it is paused.
 */
bool __frontswap_is_enabled(void)
{
	return !READ_ONCE(frontswap_paused);
}

/**
 * __frontswap_in_memory() - can a slot's page be had without the device?
 * @entry: the slot, in a swap area that is kept from being switched off
 *
 * Context: any.
 * Return: true if it can; while the caller owns the slot, that stays so.
 */
bool __frontswap_in_memory(swp_entry_t entry)
{
	return frontswap_is_stored(entry) || __frontswap_is_zero(entry);
}

/**
 * __frontswap_is_zero() - is a slot's page known to be all zeros?
 * @entry: the slot, in a swap area that is kept from being switched off
 *
 * Context: any.
 * Return: true if it was when it was swapped out last.
 */
bool __frontswap_is_zero(swp_entry_t entry)
{
	return frontswap_areas[swp_type(entry)].attached &&
	       test_bit(swp_offset(entry), swp_swap_info(entry)->zeromap);
}

static bool folio_is_zero(struct folio *folio)
{
	void *data = kmap_local_folio(folio, 0);
	bool ret = !memchr_inv(data, 0, PAGE_SIZE);

	kunmap_local(data);
	return ret;
}

/*
 * Reclaim learns from what comes back whether to take anonymous pages or those of
 * files. What is spared is not seen to come back, so it would take more and more
 * of them: where it has a choice, it is left alone.
 */
static bool reclaim_has_a_choice(void)
{
	unsigned long anon = global_node_page_state(NR_ACTIVE_ANON) +
			     global_node_page_state(NR_INACTIVE_ANON);
	unsigned long file = global_node_page_state(NR_ACTIVE_FILE) +
			     global_node_page_state(NR_INACTIVE_FILE);

	return file > anon / FILE_SHARE;
}

/**
 * __frontswap_spare() - shall an anonymous folio stay for now?
 * @folio: locked, and on its way out
 *
 * Of pages that were not used for as long, a page of zeros shall go first: it
 * costs nothing to bring out and back. Each that goes lets a few others stay, so
 * where there are none nothing changes, and one in a few always goes.
 *
 * It is asked only while reclaim finds enough: a small cgroup that has to look
 * at everything it has would be out of memory before its time.
 *
 * The page may change meanwhile; a wrong guess does no harm.
 *
 * Context: reclaim; does not sleep.
 * Return: true if it shall stay, as if it had just been used.
 */
bool __frontswap_spare(struct folio *folio)
{
	if (folio_test_large(folio) || READ_ONCE(frontswap_paused))
		return false;
	if (folio_is_zero(folio)) {
		atomic_set(&frontswap_spares, SPARES_PER_ZERO);
		return false;
	}
	if (reclaim_has_a_choice() ||
	    atomic_dec_if_positive(&frontswap_spares) < 0)
		return false;
	count(FRONTSWAP_SPARED, 1);
	return true;
}

static void mark_stored(struct frontswap_area *area, unsigned long offset)
{
	if (!test_and_set_bit(offset, area->map))
		atomic_long_inc(&area->nr_stored);
}

/* Erase all entries of a range; the caller owns every slot of it. */
static void erase(const struct frontswap_ops *ops, unsigned int type,
		  unsigned long offset, unsigned int nr)
{
	struct frontswap_area *area = &frontswap_areas[type];
	unsigned long end = offset + nr;

	for_each_set_bit_from(offset, area->map, end) {
		ops->invalidate(type, offset);
		clear_bit(offset, area->map);
		atomic_long_dec(&area->nr_stored);
		count(FRONTSWAP_INVALIDATES, 1);
	}
}

/* A copy of an earlier life of the slot must not come back from zswap. */
static void forget_zswap(swp_entry_t entry, unsigned int nr)
{
	if (zswap_never_enabled())
		return;
	for (; nr; nr--, entry.val++)
		zswap_invalidate(entry);
}

/* Has its cgroup as much here as it may have? */
static bool over_limit(struct obj_cgroup *owner)
{
	if (frontswap_may_store(owner))
		return false;
	count(FRONTSWAP_OVER_LIMIT, 1);
	return true;
}

static bool store_folio(const struct frontswap_ops *ops, struct folio *folio)
{
	unsigned int i, nr = folio_nr_pages(folio);
	unsigned int type = swp_type(folio->swap);
	unsigned long offset = swp_offset(folio->swap);
	struct frontswap_area *area = &frontswap_areas[type];
	struct obj_cgroup *owner;

	if (!area->attached)
		return false;

	owner = frontswap_owner_get(folio);
	for (i = 0; i < nr; i++) {
		if (READ_ONCE(frontswap_paused) || over_limit(owner) ||
		    ops->store(type, offset + i, folio_page(folio, i), owner))
			break;
		mark_stored(area, offset + i);
	}
	obj_cgroup_put(owner);
	if (i < nr) {
		/* Also the pages not tried: an older copy may be there. */
		erase(ops, type, offset, nr);
		count(FRONTSWAP_FAILED_STORES, nr);
		return false;
	}
	forget_zswap(folio->swap, nr);
	count(FRONTSWAP_SUCC_STORES, nr);
	frontswap_account(folio, FRONTSWAP_OUT);
	count_mthp_stat(folio_order(folio), MTHP_STAT_ZSWPOUT);
	return true;
}

/**
 * __frontswap_store() - offer a folio to the backend
 * @folio: a locked swap-cache folio on its way out, not all zero
 *
 * Context: reclaim; may sleep.
 * Return: true if the backend has all of it. If false, it has none of it, nor
 * anything older, and the folio must be written to the device.
 */
bool __frontswap_store(struct folio *folio)
{
	const struct frontswap_ops *ops;
	bool stored = false;
	int idx;

	VM_WARN_ON_ONCE_FOLIO(!folio_test_locked(folio), folio);
	VM_WARN_ON_ONCE_FOLIO(!folio_test_swapcache(folio), folio);

	idx = srcu_read_lock(&frontswap_srcu);
	ops = srcu_dereference(frontswap_ops, &frontswap_srcu);
	if (ops)
		stored = store_folio(ops, folio);
	srcu_read_unlock(&frontswap_srcu, idx);
	return stored;
}

/* How many of a range's slots are in the backend. */
static unsigned int nr_in_backend(unsigned int type, unsigned long offset,
				  unsigned int nr)
{
	struct frontswap_area *area = &frontswap_areas[type];
	unsigned long end = offset + nr;
	unsigned int n = 0;

	if (area->attached)
		for_each_set_bit_from(offset, area->map, end)
			n++;
	return n;
}

/**
 * frontswap_is_stored() - has the backend the page of a slot?
 * @entry: the slot, in a swap area that is kept from being switched off
 *
 * Context: any.
 * Return: true if it has; while the caller owns the slot, that stays so.
 */
bool frontswap_is_stored(swp_entry_t entry)
{
	const struct frontswap_area *area = &frontswap_areas[swp_type(entry)];

	return area->attached && test_bit(swp_offset(entry), area->map);
}

static bool load_folio(const struct frontswap_ops *ops, struct folio *folio)
{
	unsigned int i, nr = folio_nr_pages(folio);
	unsigned int type = swp_type(folio->swap);
	unsigned long offset = swp_offset(folio->swap);
	unsigned int there = nr_in_backend(type, offset, nr);

	if (!there)
		return false;
	/*
	 * Large folios are not swapped in once a backend has been seen, so
	 * all or nothing is here. Half of it cannot be had from the device
	 * either: the fault must fail.
	 */
	if (WARN_ON_ONCE(there != nr))
		goto fail;

	for (i = 0; i < nr; i++)
		if (ops->load(type, offset + i, folio_page(folio, i)))
			goto fail;

	flush_dcache_folio(folio);
	folio_mark_uptodate(folio);
	if (folio_test_swapcache(folio)) {
		folio_mark_dirty(folio);
		erase(ops, type, offset, nr);
	}
	count(FRONTSWAP_LOADS, nr);
	frontswap_account(folio, FRONTSWAP_IN);
	return true;
fail:
	count(FRONTSWAP_FAILED_LOADS, nr);
	return true;
}

/**
 * __frontswap_load() - fill a folio from the backend
 * @folio: locked, not up to date, in the swap cache or being swapped in
 *	synchronously
 *
 * Context: may sleep.
 * Return: true if the backend is where the data is. The folio is up to date
 * then, or, when the backend could not restore it, is not, which the fault
 * reports as for a failed read. False if the device has to be read.
 */
bool __frontswap_load(struct folio *folio)
{
	const struct frontswap_ops *ops;
	bool loaded = false;
	int idx;

	VM_WARN_ON_ONCE_FOLIO(!folio_test_locked(folio), folio);

	idx = srcu_read_lock(&frontswap_srcu);
	ops = srcu_dereference(frontswap_ops, &frontswap_srcu);
	if (ops)
		loaded = load_folio(ops, folio);
	srcu_read_unlock(&frontswap_srcu, idx);
	return loaded;
}

/**
 * frontswap_move_to() - the only copy of a page moves to a folio
 * @folio: locked and in the swap cache, not up to date
 *
 * It is about to be written, and is counted as that.
 *
 * Context: may sleep. The backend is registered.
 * Return: 0; -ENOENT: there is none; or what the backend said when it could not
 * restore it: it still has it.
 */
int frontswap_move_to(struct folio *folio)
{
	unsigned int type = swp_type(folio->swap);
	unsigned long offset = swp_offset(folio->swap);
	const struct frontswap_ops *ops;
	int idx, err = -ENOENT;

	VM_WARN_ON_ONCE_FOLIO(!folio_test_locked(folio), folio);
	VM_WARN_ON_ONCE_FOLIO(!folio_test_swapcache(folio), folio);

	idx = srcu_read_lock(&frontswap_srcu);
	ops = srcu_dereference(frontswap_ops, &frontswap_srcu);
	if (ops && frontswap_is_stored(folio->swap)) {
		err = ops->load(type, offset, folio_page(folio, 0));
		if (!err)
			erase(ops, type, offset, 1);
		count(err ? FRONTSWAP_FAILED_LOADS : FRONTSWAP_WRITEBACKS, 1);
	}
	srcu_read_unlock(&frontswap_srcu, idx);
	return err;
}

/**
 * __frontswap_invalidate() - forget a range of slots
 * @type: swap area
 * @offset: first slot
 * @nr: how many, all owned by the caller
 *
 * Context: atomic, interrupts on or off.
 */
void __frontswap_invalidate(unsigned int type, unsigned long offset,
			    unsigned int nr)
{
	const struct frontswap_ops *ops;
	int idx;

	if (!frontswap_areas[type].attached)
		return;

	idx = srcu_read_lock(&frontswap_srcu);
	ops = srcu_dereference(frontswap_ops, &frontswap_srcu);
	if (ops)
		erase(ops, type, offset, nr);
	srcu_read_unlock(&frontswap_srcu, idx);
}

/**
 * __frontswap_invalidate_folio() - forget all slots of a folio
 * @folio: locked and in the swap cache
 *
 * Context: atomic.
 */
void __frontswap_invalidate_folio(struct folio *folio)
{
	__frontswap_invalidate(swp_type(folio->swap), swp_offset(folio->swap),
			       folio_nr_pages(folio));
}

static void attach(const struct frontswap_ops *ops, unsigned int type)
{
	struct frontswap_area *area = &frontswap_areas[type];
	int err;

	lockdep_assert_held(&frontswap_mutex);

	err = ops->init(type, area->nr_slots);
	if (err) {
		pr_warn("frontswap: no backend for swap area %u: error %d\n",
			type, err);
		return;
	}
	__module_get(ops->owner);
	area->attached = true;
}

static void detach(const struct frontswap_ops *ops, unsigned int type)
{
	struct frontswap_area *area = &frontswap_areas[type];

	lockdep_assert_held(&frontswap_mutex);
	WARN_ON_ONCE(atomic_long_read(&area->nr_stored));

	area->attached = false;
	ops->exit(type);
	module_put(ops->owner);
}

static const struct frontswap_ops *current_ops(void)
{
	return rcu_dereference_protected(frontswap_ops,
					 lockdep_is_held(&frontswap_mutex));
}

/**
 * frontswap_swapon() - a swap area is about to be used
 * @type: swap area
 * @nr_slots: its size in pages
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int frontswap_swapon(unsigned int type, unsigned long nr_slots)
{
	struct frontswap_area *area = &frontswap_areas[type];
	unsigned long *map;

	if (frontswap_off)
		return 0;

	map = kvcalloc(BITS_TO_LONGS(nr_slots), sizeof(*map), GFP_KERNEL);
	if (!map)
		return -ENOMEM;

	mutex_lock(&frontswap_mutex);
	area->map = map;
	area->nr_slots = nr_slots;
	atomic_long_set(&area->nr_stored, 0);
	if (current_ops())
		attach(current_ops(), type);
	mutex_unlock(&frontswap_mutex);
	return 0;
}

/**
 * frontswap_swapoff() - a swap area is not used any more
 * @type: swap area; every slot of it has been freed
 *
 * Context: may sleep.
 */
void frontswap_swapoff(unsigned int type)
{
	struct frontswap_area *area = &frontswap_areas[type];
	unsigned long *map;

	mutex_lock(&frontswap_mutex);
	if (area->attached)
		detach(current_ops(), type);
	map = area->map;
	area->map = NULL;
	area->nr_slots = 0;
	mutex_unlock(&frontswap_mutex);
	kvfree(map);
}

/* When this returns, and no page is to be stored, no store runs or begins. */
static void set_paused(bool paused)
{
	lockdep_assert_held(&frontswap_mutex);

	WRITE_ONCE(frontswap_paused, paused);
	if (paused)
		synchronize_srcu(&frontswap_srcu);
}

/**
 * frontswap_register() - become the backend
 * @ops: must stay valid until unregistered
 *
 * Swap areas that are on already are attached: their next swap-outs are
 * offered, what is on the device stays there.
 *
 * Context: may sleep.
 * Return: 0, -EBUSY if there is a backend, -EPERM after "nofrontswap".
 */
int frontswap_register(const struct frontswap_ops *ops)
{
	unsigned int type;

	if (frontswap_off)
		return -EPERM;

	guard(mutex)(&frontswap_mutex);
	if (current_ops())
		return -EBUSY;
	set_paused(false);
	for (type = 0; type < MAX_SWAPFILES; type++)
		if (frontswap_areas[type].map)
			attach(ops, type);
	rcu_assign_pointer(frontswap_ops, ops);

	/* First the loads must look, then the stores may come: one key. */
	static_branch_enable(&frontswap_ever_key);
	static_branch_enable(&frontswap_key);
	return 0;
}
EXPORT_SYMBOL_GPL(frontswap_register);

/**
 * frontswap_pause() - store nothing more, or go on
 * @ops: as registered
 * @pause: which of both
 *
 * What is stored is loaded and invalidated as before.
 *
 * Context: may sleep, with @pause until no store is under way, nor a load.
 */
void frontswap_pause(const struct frontswap_ops *ops, bool pause)
{
	guard(mutex)(&frontswap_mutex);
	if (!WARN_ON_ONCE(current_ops() != ops))
		set_paused(pause);
}
EXPORT_SYMBOL_GPL(frontswap_pause);

/**
 * frontswap_nr_stored() - how many pages does the backend have?
 *
 * Context: any.
 * Return: so many, as of now.
 */
unsigned long frontswap_nr_stored(void)
{
	unsigned long nr = 0;
	unsigned int type;

	for (type = 0; type < MAX_SWAPFILES; type++)
		nr += atomic_long_read(&frontswap_areas[type].nr_stored);
	return nr;
}
EXPORT_SYMBOL_GPL(frontswap_nr_stored);

/**
 * frontswap_slots_left() - how much more can be swapped out?
 *
 * A page that the backend has takes a slot all the same: where there are none, its
 * memory is all that there is to be had for anonymous pages.
 *
 * Context: any.
 * Return: the share of all slots that is free, in percent; 100 if there is none.
 */
unsigned int frontswap_slots_left(void)
{
	long total = READ_ONCE(total_swap_pages), left = get_nr_swap_pages();

	return total > 0 ? clamp(left, 0L, total) * 100 / total : 100;
}
EXPORT_SYMBOL_GPL(frontswap_slots_left);

/**
 * frontswap_next() - find a page that the backend has
 * @type: swap area to begin with; then that of the page
 * @offset: slot to begin with; then that of the page
 *
 * Context: may sleep.
 * Return: false if there is none from there on, in this area or a later one.
 */
bool frontswap_next(unsigned int *type, unsigned long *offset)
{
	const struct frontswap_area *area;

	guard(mutex)(&frontswap_mutex);
	for (; *type < MAX_SWAPFILES; ++*type, *offset = 0) {
		area = &frontswap_areas[*type];
		if (!area->attached)
			continue;
		*offset = find_next_bit(area->map, area->nr_slots, *offset);
		if (*offset < area->nr_slots)
			return true;
	}
	return false;
}
EXPORT_SYMBOL_GPL(frontswap_next);

/* Nothing is stored, nor will be: so nobody misses the backend. */
static void detach_all(const struct frontswap_ops *ops)
{
	unsigned int type;

	lockdep_assert_held(&frontswap_mutex);

	RCU_INIT_POINTER(frontswap_ops, NULL);
	static_branch_disable(&frontswap_key);
	synchronize_srcu(&frontswap_srcu);
	for (type = 0; type < MAX_SWAPFILES; type++)
		if (frontswap_areas[type].attached)
			detach(ops, type);
}

/**
 * frontswap_unregister() - stop being the backend
 * @ops: as registered
 *
 * Context: may sleep.
 * Return: 0, after which no operation runs or begins; -EBUSY while something is
 * stored, because it exists nowhere else; -EINVAL for other ops.
 */
int frontswap_unregister(const struct frontswap_ops *ops)
{
	bool paused;

	guard(mutex)(&frontswap_mutex);
	if (WARN_ON_ONCE(current_ops() != ops))
		return -EINVAL;
	paused = frontswap_paused;
	set_paused(true);
	if (frontswap_nr_stored()) {
		set_paused(paused);
		return -EBUSY;
	}
	detach_all(ops);
	return 0;
}
EXPORT_SYMBOL_GPL(frontswap_unregister);

static int __init frontswap_setup(char *str)
{
	frontswap_off = true;
	return 1;
}
__setup("nofrontswap", frontswap_setup);

#ifdef CONFIG_DEBUG_FS
static int event_get(void *data, u64 *val)
{
	enum frontswap_event event = (unsigned long)data;
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(frontswap_events, cpu).count[event];
	*val = sum;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(event_fops, event_get, NULL, "%llu\n");

static int stored_get(void *data, u64 *val)
{
	*val = frontswap_nr_stored();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(stored_fops, stored_get, NULL, "%llu\n");

static int __init frontswap_debugfs_init(void)
{
	struct dentry *root = debugfs_create_dir("frontswap", NULL);
	unsigned long i;

	for (i = 0; i < FRONTSWAP_NR_EVENTS; i++)
		debugfs_create_file_unsafe(frontswap_event_names[i], 0444, root,
					   (void *)i, &event_fops);
	debugfs_create_file_unsafe("stored", 0444, root, NULL, &stored_fops);
	return 0;
}
late_initcall(frontswap_debugfs_init);
#endif /* CONFIG_DEBUG_FS */
