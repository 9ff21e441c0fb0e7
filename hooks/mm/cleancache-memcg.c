// SPDX-License-Identifier: GPL-2.0-only
/*
 * cleancache: what a cgroup has in the backend.
 *
 * What a backend keeps of a cgroup's file pages is that cgroup's memory, and gives
 * way with its page cache: page frames are charged, so that memory.max and
 * memory.current are true, and stand as "kernel" in memory.stat; and who shrinks the
 * cgroup is shown its frames.
 *
 * A frame is charged to an object cgroup, which outlives the cgroup: when that is
 * removed, its parent takes over.
 *
 * Nothing of the root cgroup is charged, and of cgroup v1 nobody has asked it.
 */
#include <linux/cgroup.h>
#include <linux/cleancache.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/page_counter.h>
#include <linux/percpu-refcount.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>

/**
 * cleancache_owner_get() - whom is what is kept of a folio charged to?
 * @folio: locked
 *
 * Context: any.
 * Return: an object cgroup with a reference, or NULL: nobody.
 */
struct obj_cgroup *cleancache_owner_get(struct folio *folio)
{
	if (!cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return NULL;
	return get_obj_cgroup_from_folio(folio);
}

/**
 * cleancache_owner_hold() - take a reference more
 * @owner: the caller has one
 */
void cleancache_owner_hold(struct obj_cgroup *owner)
{
	obj_cgroup_get(owner);
}
EXPORT_SYMBOL_GPL(cleancache_owner_hold);

/**
 * cleancache_owner_put() - drop a reference
 * @owner: whose; may be NULL
 *
 * Context: any but hard interrupt.
 */
void cleancache_owner_put(struct obj_cgroup *owner)
{
	if (owner)
		obj_cgroup_put(owner);
}
EXPORT_SYMBOL_GPL(cleancache_owner_put);

/**
 * cleancache_owner_gone() - has its cgroup been removed?
 * @owner: the caller has a reference
 *
 * Context: any.
 * Return: true if so: no page comes any more that is to be charged to it.
 */
bool cleancache_owner_gone(struct obj_cgroup *owner)
{
	return percpu_ref_is_dying(&owner->refcnt);
}
EXPORT_SYMBOL_GPL(cleancache_owner_gone);

/**
 * cleancache_is_nobody() - is what a cgroup has charged to nobody?
 * @memcg: the cgroup; NULL is the root
 *
 * Context: any.
 * Return: true if so: it is the root.
 */
bool cleancache_is_nobody(struct mem_cgroup *memcg)
{
	return !memcg || mem_cgroup_is_root(memcg);
}
EXPORT_SYMBOL_GPL(cleancache_is_nobody);

/**
 * cleancache_owner_of() - whom is what a cgroup has now charged to?
 * @memcg: the cgroup; not the root
 *
 * Context: in an RCU read-side critical section, which keeps the result.
 * Return: an object cgroup without a reference; NULL if the cgroup has been removed.
 */
struct obj_cgroup *cleancache_owner_of(struct mem_cgroup *memcg)
{
	return rcu_dereference(memcg->objcg);
}
EXPORT_SYMBOL_GPL(cleancache_owner_of);

/**
 * cleancache_owner_is() - is something charged to a cgroup itself?
 * @owner: whom it was charged to; the caller has a reference
 * @memcg: the cgroup; NULL is the root
 *
 * Context: any.
 * Return: true if so, be it because it has taken over.
 */
bool cleancache_owner_is(struct obj_cgroup *owner, struct mem_cgroup *memcg)
{
	bool is;

	rcu_read_lock();
	is = obj_cgroup_memcg(owner) == (memcg ?: root_mem_cgroup);
	rcu_read_unlock();
	return is;
}
EXPORT_SYMBOL_GPL(cleancache_owner_is);

/* Above this it is reclaimed. */
static unsigned long limit_of(struct mem_cgroup *memcg)
{
	return min(READ_ONCE(memcg->memory.max), READ_ONCE(memcg->memory.high));
}

/**
 * cleancache_owner_limit() - how much memory may there be of a cgroup?
 * @owner: whose; the caller has a reference
 *
 * Context: any.
 * Return: pages: the lowest of its limits and of those of the cgroups above.
 */
unsigned long cleancache_owner_limit(struct obj_cgroup *owner)
{
	unsigned long limit = PAGE_COUNTER_MAX;
	struct mem_cgroup *memcg;

	rcu_read_lock();
	for (memcg = obj_cgroup_memcg(owner); memcg; memcg = parent_mem_cgroup(memcg))
		limit = min(limit, limit_of(memcg));
	rcu_read_unlock();
	return limit;
}
EXPORT_SYMBOL_GPL(cleancache_owner_limit);

/**
 * cleancache_charge() - charge a page frame
 * @owner: to whom; the caller has a reference
 * @frame: the frame, charged to nobody so far; who frees it need not undo this
 *
 * Who reclaims may exceed a limit by it.
 *
 * Context: any but interrupts; does not sleep.
 * Return: 0 or -ENOMEM.
 */
int cleancache_charge(struct obj_cgroup *owner, struct page *frame)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_objcg(owner), *before;
	int err;

	before = set_active_memcg(memcg);
	err = memcg_kmem_charge_page(frame, GFP_NOWAIT | __GFP_NOWARN, 0);
	set_active_memcg(before);
	mem_cgroup_put(memcg);
	return err;
}
EXPORT_SYMBOL_GPL(cleancache_charge);

/**
 * cleancache_uncharge() - undo cleancache_charge()
 * @frame: charged, or not
 *
 * Context: any but hard interrupt.
 */
void cleancache_uncharge(struct page *frame)
{
	memcg_kmem_uncharge_page(frame, 0);
}
EXPORT_SYMBOL_GPL(cleancache_uncharge);

/**
 * cleancache_owner_shrinks() - show frames to who shrinks their cgroup, or one above
 * @owner: whom they are charged to; the caller has a reference
 * @shrinker: who gives them back; aware of cgroups. It goes on being asked for as long
 *	as it does not say SHRINK_EMPTY
 *
 * One above, since that is charged with them when the cgroup has been removed.
 *
 * Context: any.
 */
void cleancache_owner_shrinks(struct obj_cgroup *owner, struct shrinker *shrinker)
{
	struct mem_cgroup *memcg;
	int nid;

	rcu_read_lock();
	for (memcg = obj_cgroup_memcg(owner); memcg; memcg = parent_mem_cgroup(memcg))
		for_each_node(nid)
			set_shrinker_bit(memcg, nid, shrinker->id);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(cleancache_owner_shrinks);
