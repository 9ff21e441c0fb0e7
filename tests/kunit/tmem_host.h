/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A host for tmem whose pages are numbers.
 *
 * No pampd's memory is freed before the end of a test. Until then its count of
 * references tells who dropped one too many, or came when it was gone.
 */
#ifndef _ZCACHE_TMEM_HOST_H
#define _ZCACHE_TMEM_HOST_H

#include <linux/delay.h>
#include <linux/llist.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "../../tmem.h"
#include "test_util.h"

#define POOL_ID		7
#define NR_REMOTE	8	/* pampds that are value entries */

/* A page. */
struct item {
	struct llist_node node;
	atomic_t refs;
	u64 value;
};

/**
 * struct host - a pool and what its host has to know
 * @pool: the pool under test
 * @items: all that were ever made
 * @remote_refs: references to the pampds without item
 * @nr_objs: objects alive
 * @errors: references dropped or used that nobody had
 * @last_obj: the object allocated last
 * @fail_obj: the n-th allocation of an object fails; 0: none
 * @get_err: what get_data returns
 * @during_get: called in the middle of a get
 * @slow: take time where tmem holds a lock, so that others wait for it
 */
struct host {
	struct tmem_pool pool;
	struct llist_head items;
	atomic_t remote_refs[NR_REMOTE];
	atomic_t nr_objs;
	atomic_t errors;
	struct tmem_obj *last_obj;
	unsigned int fail_obj;
	int get_err;
	void (*during_get)(struct host *host);
	bool slow;
};

/* An object that knows its host. */
struct host_obj {
	struct tmem_obj obj;
	struct host *host;
};

static inline struct host *to_host(struct tmem_pool *pool)
{
	return container_of(pool, struct host, pool);
}

static inline atomic_t *refs_of(struct host *host, void *pampd)
{
	if (xa_is_value(pampd))
		return &host->remote_refs[xa_to_value(pampd)];
	return &((struct item *)pampd)->refs;
}

static inline void dawdle(struct host *host)
{
	if (host->slow)
		udelay(1);
}

static inline struct tmem_obj *host_obj_alloc(struct tmem_pool *pool, gfp_t gfp)
{
	struct host *host = to_host(pool);
	struct host_obj *obj;

	if (host->fail_obj && !--host->fail_obj)
		return NULL;
	obj = kmalloc(sizeof(*obj), gfp);
	if (!obj)
		return NULL;
	memset(obj, 0x5a, sizeof(*obj));
	obj->host = host;
	host->last_obj = &obj->obj;
	atomic_inc(&host->nr_objs);
	return &obj->obj;
}

static inline void host_obj_free(struct tmem_obj *tmem)
{
	struct host_obj *obj = container_of(tmem, struct host_obj, obj);

	if (atomic_dec_if_positive(&obj->host->nr_objs) < 0)
		atomic_inc(&obj->host->errors);
	if (!xa_empty(&tmem->pages))
		atomic_inc(&obj->host->errors);
	dawdle(obj->host);
	kfree_rcu(obj, obj.rcu);
}

static inline void host_pin(struct tmem_pool *pool, void *pampd)
{
	struct host *host = to_host(pool);

	dawdle(host);
	if (!atomic_inc_not_zero(refs_of(host, pampd)))
		atomic_inc(&host->errors);
}

static inline int host_get_data(struct tmem_pool *pool, void *pampd, void *arg)
{
	struct host *host = to_host(pool);
	u64 *value = arg;

	if (host->during_get)
		host->during_get(host);
	if (!atomic_read(refs_of(host, pampd)))
		atomic_inc(&host->errors);
	*value = xa_is_value(pampd) ? xa_to_value(pampd) :
				      ((struct item *)pampd)->value;
	return host->get_err;
}

static inline void host_free(struct tmem_pool *pool, void *pampd)
{
	struct host *host = to_host(pool);

	if (atomic_dec_if_positive(refs_of(host, pampd)) < 0)
		atomic_inc(&host->errors);
}

static const struct tmem_hostops hostops = {
	.obj_alloc = host_obj_alloc,
	.obj_free = host_obj_free,
};

static const struct tmem_pamops pamops = {
	.pin = host_pin,
	.get_data = host_get_data,
	.free = host_free,
};

static inline void *make_item(struct host *host, u64 value)
{
	struct item *item = kmalloc(sizeof(*item), GFP_KERNEL | __GFP_NOFAIL);

	atomic_set(&item->refs, 1);
	item->value = value;
	llist_add(&item->node, &host->items);
	return item;
}

static inline void *make_remote(struct host *host, unsigned int nr)
{
	atomic_set(&host->remote_refs[nr], 1);
	return xa_mk_value(nr);
}

static inline int refs(struct host *host, void *pampd)
{
	return atomic_read(refs_of(host, pampd));
}

static inline int all_refs(struct host *host)
{
	struct item *item;
	unsigned int i;
	int sum = 0;

	llist_for_each_entry(item, host->items.first, node)
		sum += atomic_read(&item->refs);
	for (i = 0; i < NR_REMOTE; i++)
		sum += atomic_read(&host->remote_refs[i]);
	return sum;
}

static inline int tmem_test_init(struct kunit *test)
{
	struct host *host = kunit_kzalloc(test, sizeof(*host), GFP_KERNEL);

	if (!host)
		return -ENOMEM;
	init_llist_head(&host->items);
	test->priv = host;
	return tmem_new_pool(&host->pool, POOL_ID, 0, NULL, &hostops, &pamops);
}

static inline void free_items(struct host *host)
{
	struct item *item, *next;

	llist_for_each_entry_safe(item, next, llist_del_all(&host->items), node)
		kfree(item);
}

/* Whatever a test does, nothing is left of it and nothing went twice. */
static inline void tmem_test_exit(struct kunit *test)
{
	struct host *host = test->priv;

	tmem_destroy_pool(&host->pool);
	KUNIT_EXPECT_EQ(test, all_refs(host), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&host->nr_objs), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&host->errors), 0);
	free_items(host);
}

#endif /* _ZCACHE_TMEM_HOST_H */
