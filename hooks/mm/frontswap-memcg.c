// SPDX-License-Identifier: GPL-2.0-only
/*
 * frontswap: what a cgroup has in the backend.
 *
 * What a backend keeps for a cgroup is that cgroup's memory, however little it is
 * when compressed: it is charged, so that memory.max and memory.current are true,
 * and it stands in memory.zswap.current, where administrators look for it, since
 * zswap does nothing else. memory.zswap.max and memory.zswap.writeback apply as
 * documented there, and memory.stat and vmstat count what goes in and out.
 *
 * A charge belongs to an object cgroup, which outlives the cgroup: when that is
 * removed, its parent takes over. The backend holds a reference for each charge. A
 * charge may be of no bytes: the page is counted, but elsewhere.
 *
 * Nothing of the root cgroup is charged, and of cgroup v1 nobody has asked it.
 */
#include <linux/cgroup.h>
#include <linux/frontswap.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/swap_cgroup.h>
#include <linux/vmstat.h>

#include "frontswap-internal.h"

/**
 * frontswap_owner_get() - whom is a folio in the backend charged to?
 * @folio: locked, in the swap cache
 *
 * Context: any.
 * Return: an object cgroup with a reference, or NULL: nobody.
 */
struct obj_cgroup *frontswap_owner_get(struct folio *folio)
{
	if (!cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return NULL;
	return get_obj_cgroup_from_folio(folio);
}

/**
 * frontswap_may_store() - may a page more be charged?
 * @owner: to whom; may be NULL
 *
 * Context: may sleep.
 * Return: false if memory.zswap.max has been reached by the cgroup, or by one above.
 */
bool frontswap_may_store(struct obj_cgroup *owner)
{
	return !owner || obj_cgroup_may_zswap(owner);
}

/**
 * frontswap_charge() - charge what a page takes in the backend
 * @owner: to whom; may be NULL. A reference is taken
 * @bytes: how many, a page's worth at the most; 0: it is kept elsewhere
 *
 * It cannot fail: memory is to be freed, so a limit may be exceeded by it, as by
 * any charge of who reclaims.
 *
 * Context: any but interrupts; does not sleep.
 */
void frontswap_charge(struct obj_cgroup *owner, size_t bytes)
{
	unsigned int noreclaim;

	if (!owner)
		return;
	noreclaim = memalloc_noreclaim_save();
	obj_cgroup_get(owner);
	obj_cgroup_charge_zswap(owner, bytes);
	memalloc_noreclaim_restore(noreclaim);
}
EXPORT_SYMBOL_GPL(frontswap_charge);

/**
 * frontswap_uncharge() - undo frontswap_charge()
 * @owner: as there; the reference goes
 * @bytes: as there
 *
 * Context: any but hard interrupt.
 */
void frontswap_uncharge(struct obj_cgroup *owner, size_t bytes)
{
	if (!owner)
		return;
	obj_cgroup_uncharge_zswap(owner, bytes);
	obj_cgroup_put(owner);
}
EXPORT_SYMBOL_GPL(frontswap_uncharge);

/**
 * frontswap_may_write() - may a page leave the backend for its device?
 * @entry: its slot, in a swap area that is kept from being switched off; whose it
 *	is may change meanwhile
 *
 * Context: any.
 * Return: false if memory.zswap.writeback is 0 for its cgroup, or for one above.
 */
bool frontswap_may_write(swp_entry_t entry)
{
	struct mem_cgroup *memcg;
	bool may;

	rcu_read_lock();
	memcg = mem_cgroup_from_id(lookup_swap_cgroup_id(entry));
	may = mem_cgroup_zswap_writeback_enabled(memcg ?: root_mem_cgroup);
	rcu_read_unlock();
	return may;
}

/**
 * frontswap_account() - count a folio for its cgroup and for the machine
 * @folio: locked
 * @way: which way it goes
 *
 * Context: any.
 */
void frontswap_account(struct folio *folio, enum frontswap_way way)
{
	static const enum vm_event_item events[] = {
		[FRONTSWAP_OUT]		= ZSWPOUT,
		[FRONTSWAP_IN]		= ZSWPIN,
		[FRONTSWAP_WRITTEN]	= ZSWPWB,
	};

	count_vm_events(events[way], folio_nr_pages(folio));
	count_memcg_folio_events(folio, events[way], folio_nr_pages(folio));
}
