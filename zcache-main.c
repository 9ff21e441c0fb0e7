// SPDX-License-Identifier: GPL-2.0-only
/*
 * zcache: compressed clean file pages and swap pages in memory
 *
 * The way of a page: reclaim offers it to a hook (mm/cleancache.c or
 * mm/frontswap.c), the hook calls one of the ops below. zcache-zpage.c makes a
 * pampd of it, tmem.c stores that under the page's name, and there it stays
 * until it is got, flushed or evicted.
 *
 * File pages live in one ephemeral pool. Its objects are the address_spaces,
 * by their address: unique as long as the inode lives, and cleancache forgets
 * an inode's pages before its address can be used again. Each swap area has a
 * persistent pool. Its objects are runs of slots: with an object each, tasks on
 * several CPUs get out of each other's way, and the arrays stay flat.
 *
 * Locks, outermost first:
 *
 *   a compressor context (mutex), in zcache-zpage.c
 *   i_pages, si->lock and others of the hooks' callers
 *     the lock of a tmem object
 *       the lock of a zbud queue, or that of the LRUs of descriptors
 *
 * A pool is found by its id under RCU, by an eviction that comes from nowhere,
 * so it is destroyed a grace period after it left the table.
 *
 * On and off: the first "on" makes all there is (zcache_start()), and registers
 * with the hooks. "Off" takes cleancache back, and drops the file pages. What swap
 * pages there are exist nowhere else, so frontswap is only paused; when all have
 * left, be it by zcache_drain(), it is taken back, too. The rest goes with the
 * module.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleancache.h>
#include <linux/crypto.h>
#include <linux/frontswap.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swap.h>

#include "zcache.h"
#include "ramster/ramster.h"

/* Slots of a swap area in one object: two levels of an XArray. */
#define SWAP_OBJ_SHIFT	12

#define EPH_POOL_ID	0

/* Puts that can be under way when memory is short. */
#define MIN_TOKENS	64

/**
 * struct zcache_token - a file page between prepare and finish
 * @token: cleancache's part
 * @put: tmem's part
 */
struct zcache_token {
	struct cleancache_token token;
	struct tmem_put put;
};

static struct zcache zcache = {
	.max_pool_percent = 65,
	.accept_threshold_percent = 90,
	.writeback_enabled = true,
	.policy = ZCACHE_PUT_REFAULT,
};

/**
 * struct zcache_switch - what is on
 * @lock: outermost but for kernel_param_lock(), whose holders only try it, since a
 *	drain may hold it for long; protects what follows, unless said otherwise
 * @loaded: parameters are not just to be kept for zcache_init(); kernel_param_lock()
 * @started: zcache_start() has done its work; both locks
 * @file: cleancache is ours, and there is a pool for file pages
 * @swap: frontswap is
 */
static struct zcache_switch {
	struct mutex lock;	/* see above */
	bool loaded;
	bool started;
	bool file;
	bool swap;
} zcache_switch = {
	.lock = __MUTEX_INITIALIZER(zcache_switch.lock),
};

static char zcache_compressor[CRYPTO_MAX_ALG_NAME];
static bool zcache_enabled = IS_MODULE(CONFIG_ZCACHE2);	/* as the user wants it */

/* Objects */

static struct tmem_obj *obj_alloc(struct tmem_pool *tmem, gfp_t gfp)
{
	struct zcache *zc = to_zcache_pool(tmem)->zc;
	struct tmem_obj *obj = kmem_cache_alloc(zc->obj_cache, gfp);

	if (obj)
		atomic_long_inc(&zc->nr_objs);
	else
		zcache_count(zc, ZCACHE_FAILED_ALLOC);
	return obj;
}

static void obj_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(zcache.obj_cache,
			container_of(rcu, struct tmem_obj, rcu));
}

static void obj_free(struct tmem_obj *obj)
{
	atomic_long_dec(&zcache.nr_objs);
	call_rcu(&obj->rcu, obj_free_rcu);
}

static const struct tmem_hostops zcache_hostops = {
	.obj_alloc = obj_alloc,
	.obj_free = obj_free,
};

/* Pools */

static int pool_create(struct zcache *zc, u32 id, enum zbud_class class)
{
	struct zcache_pool *pool;
	u32 flags = class == ZBUD_PERS ? TMEM_POOL_PERSISTENT : 0;
	int err;

	pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	if (!pool)
		return -ENOMEM;
	pool->zc = zc;
	pool->zbud = &zc->zbud;
	pool->class = class;
	err = tmem_new_pool(&pool->tmem, id, flags, NULL, &zcache_hostops,
			    &zcache_pamops);
	if (err)
		goto err_free;
	err = xa_insert(&zc->pools, id, pool, GFP_KERNEL);
	if (err)
		goto err_pool;
	return 0;

err_pool:
	tmem_destroy_pool(&pool->tmem);
err_free:
	kfree(pool);
	return err;
}

static void pool_destroy(struct zcache *zc, u32 id)
{
	struct zcache_pool *pool = xa_erase(&zc->pools, id);

	if (WARN_ON_ONCE(!pool))
		return;
	synchronize_rcu();	/* zcache_unlink() */
	tmem_destroy_pool(&pool->tmem);
	kfree(pool);
}

/* For the hooks' ops, while the hook guarantees that the pool stays. */
static struct zcache_pool *pool_of(u32 id)
{
	return xa_load(&zcache.pools, id);
}

/**
 * zcache_unlink() - take a page out of tmem because its frame is wanted
 * @arg: the struct zcache
 * @handle: the page's name, as it was when the page was stored
 * @pampd: the page, perhaps freed already: only compared
 *
 * Context: any but hard interrupt.
 * Return: true if it was there and is the caller's now.
 */
bool zcache_unlink(void *arg, const struct tmem_handle *handle, void *pampd)
{
	struct zcache *zc = arg;
	struct zcache_pool *pool;
	bool done;

	rcu_read_lock();
	pool = xa_load(&zc->pools, handle->pool_id);
	done = pool && tmem_evict(&pool->tmem, &handle->oid, handle->index,
				  pampd);
	rcu_read_unlock();
	return done;
}

/**
 * zcache_pin() - keep a page from being freed, if it is still there
 * @zc: the cache
 * @handle: the page's name, as it was when the page was stored
 * @pampd: the page, perhaps freed already: only compared
 *
 * Context: any but hard interrupt.
 * Return: true if it stands in tmem by this name, and is pinned.
 */
bool zcache_pin(struct zcache *zc, const struct tmem_handle *handle,
		void *pampd)
{
	struct zcache_pool *pool;
	bool there;

	rcu_read_lock();
	pool = xa_load(&zc->pools, handle->pool_id);
	there = pool && tmem_pin(&pool->tmem, &handle->oid, handle->index,
				 pampd);
	rcu_read_unlock();
	return there;
}

/**
 * zcache_unpin() - a zpage is not read any more; it may be freed by that
 * @zc: the cache
 * @pampd: the zpage, pinned
 *
 * Context: any but hard interrupt.
 */
void zcache_unpin(struct zcache *zc, void *pampd)
{
	LIST_HEAD(frames);

	zbud_free(&zc->zbud, pampd, &frames);
	zcache_frames_free(zc, &frames);
}

/* File pages */

static struct tmem_oid file_oid(const struct address_space *mapping)
{
	return (struct tmem_oid) { .w = { (unsigned long)mapping } };
}

static bool file_worth(unsigned int read_ns)
{
	return zcache_worth(&zcache, read_ns);
}

static struct cleancache_token *
file_prepare(const struct address_space *mapping, unsigned long index,
	     struct page *page, unsigned int read_ns)
{
	struct zcache_pool *pool = pool_of(EPH_POOL_ID);
	struct tmem_oid oid = file_oid(mapping);
	gfp_t gfp = zcache_gfp(ZBUD_EPH);
	struct zcache_token *token;
	void *pampd;

	pampd = zcache_file_create(pool, &oid, index, page, read_ns);
	if (!pampd)
		return NULL;
	token = mempool_alloc(zcache.tokens, gfp);
	if (!token) {
		zcache_count(&zcache, ZCACHE_FAILED_ALLOC);
		zcache_pamops.free(&pool->tmem, pampd);
		return NULL;
	}
	if (tmem_put_begin(&token->put, &pool->tmem, &oid, index, pampd, gfp)) {
		mempool_free(token, zcache.tokens);
		return NULL;
	}
	return &token->token;
}

static struct zcache_token *to_zcache_token(struct cleancache_token *token)
{
	return container_of(token, struct zcache_token, token);
}

static void file_commit(struct cleancache_token *token)
{
	tmem_put_commit(&to_zcache_token(token)->put);
}

static void file_finish(struct cleancache_token *token)
{
	tmem_put_end(&to_zcache_token(token)->put);
	mempool_free(to_zcache_token(token), zcache.tokens);
}

/*
 * The entry stays: as long as the page is only read it can go again for
 * nothing, while compressing it costs three times what decompressing it does.
 * If it is used so much that it stays in the page cache, its entry grows old
 * and is evicted.
 */
static int file_get(const struct address_space *mapping, unsigned long index,
		    struct page *page)
{
	struct tmem_oid oid = file_oid(mapping);

	return tmem_get(&pool_of(EPH_POOL_ID)->tmem, &oid, index, page);
}

/* The rules of mm/cleancache.c, seen from here: no entry is ever stale. */
static void check_kept(struct tmem_pool *tmem, const struct tmem_oid *oid,
		       unsigned long index, struct page *page)
{
	struct page *copy = alloc_page(GFP_NOWAIT | __GFP_NOWARN);

	if (!copy)
		return;
	if (!tmem_get(tmem, oid, index, copy))
		WARN_ON_ONCE(memcmp(page_address(copy), page_address(page),
				    PAGE_SIZE));
	__free_page(copy);
}

static bool file_kept(const struct address_space *mapping, unsigned long index,
		      struct page *page)
{
	struct tmem_pool *tmem = &pool_of(EPH_POOL_ID)->tmem;
	struct tmem_oid oid = file_oid(mapping);

	if (!tmem_present(tmem, &oid, index, index))
		return false;
	if (IS_ENABLED(CONFIG_ZCACHE2_DEBUG))
		check_kept(tmem, &oid, index, page);
	zcache_seen(&zcache, &oid, index);
	return true;
}

static bool file_present(const struct address_space *mapping,
			 unsigned long first, unsigned long last)
{
	struct tmem_oid oid = file_oid(mapping);

	return tmem_present(&pool_of(EPH_POOL_ID)->tmem, &oid, first, last);
}

static void file_invalidate(const struct address_space *mapping,
			    unsigned long first, unsigned long last)
{
	struct tmem_pool *tmem = &pool_of(EPH_POOL_ID)->tmem;
	struct tmem_oid oid = file_oid(mapping);
	bool all = !first && last == ULONG_MAX;

	zcache_count(&zcache, all ? ZCACHE_FLOBJ_TOTAL : ZCACHE_FLUSH_TOTAL);
	if (tmem_flush_range(tmem, &oid, first, last))
		zcache_count(&zcache, all ? ZCACHE_FLOBJ_FOUND :
					    ZCACHE_FLUSH_FOUND);
}

static const struct cleancache_ops zcache_cleancache_ops = {
	.owner = THIS_MODULE,
	.worth = file_worth,
	.prepare = file_prepare,
	.commit = file_commit,
	.finish = file_finish,
	.get = file_get,
	.kept = file_kept,
	.present = file_present,
	.invalidate = file_invalidate,
};

/* Swap pages */

static u32 swap_pool_id(unsigned int type)
{
	return EPH_POOL_ID + 1 + type;
}

static struct tmem_oid swap_oid(unsigned long offset)
{
	return (struct tmem_oid) { .w = { offset >> SWAP_OBJ_SHIFT } };
}

static unsigned long swap_index(unsigned long offset)
{
	return offset & (BIT(SWAP_OBJ_SHIFT) - 1);
}

/**
 * zcache_swap_slot() - of which slot is a page?
 * @handle: its name
 * @type: set to the swap area
 * @offset: set to the slot
 *
 * Context: any.
 * Return: false if it is not a swap page of this machine.
 */
bool zcache_swap_slot(const struct tmem_handle *handle, unsigned int *type,
		      unsigned long *offset)
{
	*type = handle->pool_id - swap_pool_id(0);
	*offset = handle->oid.w[0] << SWAP_OBJ_SHIFT | handle->index;
	return *type < MAX_SWAPFILES;
}

static int swap_init(unsigned int type, unsigned long nr_slots)
{
	return pool_create(&zcache, swap_pool_id(type), ZBUD_PERS);
}

static void swap_exit(unsigned int type)
{
	pool_destroy(&zcache, swap_pool_id(type));
	zcache_frames_calm(&zcache);
}

static int swap_store(unsigned int type, unsigned long offset,
		      struct page *page)
{
	struct zcache_pool *pool = pool_of(swap_pool_id(type));
	struct tmem_oid oid = swap_oid(offset);
	void *pampd;

	pampd = zcache_swap_create(pool, &oid, swap_index(offset), page);
	if (!pampd)
		return -ENOMEM;
	return tmem_put(&pool->tmem, &oid, swap_index(offset), pampd,
			zcache_gfp(ZBUD_PERS));
}

static int swap_load(unsigned int type, unsigned long offset,
		     struct page *page)
{
	struct tmem_oid oid = swap_oid(offset);

	return tmem_get(&pool_of(swap_pool_id(type))->tmem, &oid,
			swap_index(offset), page);
}

static void swap_invalidate(unsigned int type, unsigned long offset)
{
	struct tmem_oid oid = swap_oid(offset);

	zcache_count(&zcache, ZCACHE_FLUSH_TOTAL);
	if (tmem_flush_page(&pool_of(swap_pool_id(type))->tmem, &oid,
			    swap_index(offset)))
		zcache_count(&zcache, ZCACHE_FLUSH_FOUND);
}

static const struct frontswap_ops zcache_frontswap_ops = {
	.owner = THIS_MODULE,
	.init = swap_init,
	.exit = swap_exit,
	.store = swap_store,
	.load = swap_load,
	.invalidate = swap_invalidate,
};

/* Parameters */

/* A number from 0 to @max, or one clear message and no change. */
static int set_number(const char *val, const struct kernel_param *kp,
		      unsigned int max)
{
	const char *prefix = strchr(kp->name, '.');	/* if built in */
	unsigned int number;
	int err = kstrtouint(val, 0, &number);

	if (err || number > max) {
		pr_err("%s is 0 to %u, not \"%s\"\n",
		       prefix ? prefix + 1 : kp->name, max, val);
		return -EINVAL;
	}
	WRITE_ONCE(*(unsigned int *)kp->arg, number);
	return 0;
}

static int percent_set(const char *val, const struct kernel_param *kp)
{
	return set_number(val, kp, 100);
}

static const struct kernel_param_ops percent_ops = {
	.set = percent_set,
	.get = param_get_uint,
};

static int max_pool_percent_set(const char *val, const struct kernel_param *kp)
{
	int err = set_number(val, kp, 100);

	/* Before it was on, and when the module goes, there is nothing. */
	if (!err && zcache_switch.started)
		zcache_frames_trim(&zcache);
	return err;
}

static const struct kernel_param_ops max_pool_percent_ops = {
	.set = max_pool_percent_set,
	.get = param_get_uint,
};
module_param_cb(max_pool_percent, &max_pool_percent_ops,
		&zcache.max_pool_percent, 0644);
MODULE_PARM_DESC(max_pool_percent,
		 "page frames, in percent of memory, at the most (default 65)");

module_param_cb(accept_threshold_percent, &percent_ops,
		&zcache.accept_threshold_percent, 0644);
MODULE_PARM_DESC(accept_threshold_percent,
		 "of max_pool_percent, down to which swap pages leave for their device (default 90)");

module_param_named(swap_writeback, zcache.writeback_enabled, bool, 0644);
MODULE_PARM_DESC(swap_writeback,
		 "may swap pages leave for their device when the pool is nearly full? (default Y)");

static const char * const policy_names[] = {
	[ZCACHE_PUT_ALL]	= "all",
	[ZCACHE_PUT_REFAULT]	= "refault",
};

static int policy_set(const char *val, const struct kernel_param *kp)
{
	int policy = sysfs_match_string(policy_names, val);

	if (policy < 0) {
		pr_err("cleancache_policy is all or refault, not \"%s\"\n", val);
		return policy;
	}
	WRITE_ONCE(zcache.policy, policy);
	return 0;
}

static int policy_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", policy_names[zcache.policy]);
}

static const struct kernel_param_ops policy_ops = {
	.set = policy_set,
	.get = policy_get,
};
module_param_cb(cleancache_policy, &policy_ops, NULL, 0644);
MODULE_PARM_DESC(cleancache_policy,
		 "file pages that are put: all, refault (default)");

static int read_us_set(const char *val, const struct kernel_param *kp)
{
	return set_number(val, kp, USEC_PER_SEC);
}

static const struct kernel_param_ops read_us_ops = {
	.set = read_us_set,
	.get = param_get_uint,
};
module_param_cb(cleancache_read_us, &read_us_ops, &zcache.read_us, 0644);
MODULE_PARM_DESC(cleancache_read_us,
		 "what reading a file page costs, in us; 0: as measured (default)");

module_param_string(compressor, zcache_compressor, sizeof(zcache_compressor),
		    0444);
MODULE_PARM_DESC(compressor,
		 "lzo-rle (default), lzo, or a name of the crypto API");

static int switch_to(struct zcache *zc, bool on);

static int enabled_set(const char *val, const struct kernel_param *kp)
{
	bool on = true;
	int err = 0;

	if (val && kstrtobool(val, &on)) {
		pr_err("enabled is 0 or 1, not \"%s\"\n", val);
		return -EINVAL;
	}
	if (!zcache_switch.loaded) {
		zcache_enabled = on;
		return 0;
	}
	if (!mutex_trylock(&zcache_switch.lock)) {
		pr_err("enabled cannot be changed while it is being drained\n");
		return -EBUSY;
	}
	err = switch_to(&zcache, on);
	mutex_unlock(&zcache_switch.lock);
	return err;
}

static const struct kernel_param_ops enabled_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = enabled_set,
	.get = param_get_bool,
};
module_param_cb(enabled, &enabled_ops, &zcache_enabled, 0644);
MODULE_PARM_DESC(enabled, "serve cleancache and frontswap");

#ifndef MODULE
/* zcache, zcache=1, zcache=0, zcache=<compressor> */
static int __init zcache_setup(char *val)
{
	if (*val && *val++ != '=')
		return 0;	/* another word that begins like ours */
	if (!*val || !strcmp(val, "1")) {
		zcache_enabled = true;
	} else if (!strcmp(val, "0")) {
		zcache_enabled = false;
	} else {
		zcache_enabled = true;
		strscpy(zcache_compressor, val);
	}
	return 1;
}
__setup("zcache", zcache_setup);
#endif

/* Start and stop */

static int comp_init(struct zcache *zc)
{
	const char *name = zcache_compressor;

	if (!*name)
		name = zcache_comp_default();
	zc->comp = zcache_comp_create(name);
	if (IS_ERR(zc->comp) && strcmp(name, zcache_comp_default())) {
		pr_err("compressor \"%s\" cannot be had (error %ld), using %s\n",
		       name, PTR_ERR(zc->comp), zcache_comp_default());
		zc->comp = zcache_comp_create(zcache_comp_default());
	}
	if (IS_ERR(zc->comp))
		return PTR_ERR(zc->comp);
	strscpy(zcache_compressor, zcache_comp_name(zc->comp));
	return 0;
}

static int caches_init(struct zcache *zc)
{
	int err = -ENOMEM;

	zc->events = alloc_percpu(struct zcache_events);
	if (!zc->events)
		return -ENOMEM;
	zc->obj_cache = KMEM_CACHE(tmem_obj, SLAB_HWCACHE_ALIGN);
	if (!zc->obj_cache)
		goto err_events;
	zc->tokens = mempool_create_kmalloc_pool(MIN_TOKENS,
						 sizeof(struct zcache_token));
	if (!zc->tokens)
		goto err_obj;
	err = zcache_desc_init(zc);
	if (err)
		goto err_token;
	err = zcache_reuse_init(&zc->reuse, totalram_pages());
	if (err)
		goto err_desc;
	err = zcache_cost_init(&zc->cost);
	if (err)
		goto err_reuse;
	return 0;

err_reuse:
	zcache_reuse_exit(&zc->reuse);
err_desc:
	zcache_desc_exit(zc);
err_token:
	mempool_destroy(zc->tokens);
err_obj:
	kmem_cache_destroy(zc->obj_cache);
err_events:
	free_percpu(zc->events);
	return err;
}

static void caches_exit(struct zcache *zc)
{
	rcu_barrier();		/* obj_free_rcu() */
	zcache_cost_exit(&zc->cost);
	zcache_reuse_exit(&zc->reuse);
	zcache_desc_exit(zc);
	mempool_destroy(zc->tokens);
	kmem_cache_destroy(zc->obj_cache);
	free_percpu(zc->events);
}

static int start(struct zcache *zc)
{
	int err;

	zbud_init(&zc->zbud);
	xa_init_flags(&zc->pools, XA_FLAGS_ALLOC);
	err = comp_init(zc);
	if (err)
		return err;
	err = caches_init(zc);
	if (err)
		goto err_comp;
	err = zcache_frames_init(zc);
	if (err)
		goto err_caches;
	err = zcache_writeback_init(zc);
	if (err)
		goto err_frames;
	zcache_debugfs_init(zc);
	err = ramster_init(zc);
	if (err)
		goto err_debugfs;
	err = zcache_sysfs_init();
	if (err)
		goto err_ramster;
	zcache_switch.started = true;
	return 0;

err_ramster:
	ramster_exit();
err_debugfs:
	zcache_debugfs_exit(zc);
	zcache_writeback_exit(zc);
err_frames:
	zcache_frames_exit(zc);
err_caches:
	caches_exit(zc);
err_comp:
	zcache_comp_destroy(zc->comp);
	return err;
}

static void stop(struct zcache *zc)
{
	ramster_exit();
	zcache_debugfs_exit(zc);
	zcache_writeback_exit(zc);
	zcache_frames_exit(zc);
	xa_destroy(&zc->pools);
	caches_exit(zc);
	zcache_comp_destroy(zc->comp);
}

/* On and off */

static int file_on(struct zcache *zc)
{
	int err;

	if (zcache_switch.file)
		return 0;
	err = pool_create(zc, EPH_POOL_ID, ZBUD_EPH);
	if (err)
		return err;
	err = cleancache_register(&zcache_cleancache_ops);
	if (err)
		pool_destroy(zc, EPH_POOL_ID);
	zcache_switch.file = !err;
	return err;
}

static void file_off(struct zcache *zc)
{
	if (!zcache_switch.file)
		return;
	zcache_switch.file = false;
	cleancache_unregister(&zcache_cleancache_ops);
	pool_destroy(zc, EPH_POOL_ID);
	zcache_frames_rest(zc);
}

static int swap_on(void)
{
	int err = 0;

	if (zcache_switch.swap)
		frontswap_pause(&zcache_frontswap_ops, false);
	else
		err = frontswap_register(&zcache_frontswap_ops);
	zcache_switch.swap = !err;
	return err;
}

/* As far as it can go: pages that are left there are served. */
static void swap_off(void)
{
	if (!zcache_switch.swap)
		return;
	frontswap_pause(&zcache_frontswap_ops, true);
	zcache_switch.swap = frontswap_unregister(&zcache_frontswap_ops);
}

/* One hook is enough to be of use; which, goes to the log. */
static int switch_on(struct zcache *zc)
{
	int ferr, serr;

	lockdep_assert_held(&zcache_switch.lock);

	ferr = file_on(zc);
	serr = swap_on();
	if (ferr && serr) {
		pr_err("neither cleancache (%d) nor frontswap (%d) can be had\n",
		       ferr, serr);
		return ferr;
	}
	WRITE_ONCE(zc->off, false);
	pr_info("cleancache %s, frontswap %s, compressor %s, at most %u%% of memory\n",
		ferr ? "off" : "on", serr ? "off" : "on",
		zcache_comp_name(zc->comp), zc->max_pool_percent);
	return 0;
}

static void switch_off(struct zcache *zc)
{
	lockdep_assert_held(&zcache_switch.lock);

	WRITE_ONCE(zc->off, true);
	file_off(zc);
	swap_off();
	zcache_enabled = false;
	pr_info("off, with %lu swap pages\n", frontswap_nr_stored());
}

static int switch_to(struct zcache *zc, bool on)
{
	int err = 0;

	lockdep_assert_held(&zcache_switch.lock);

	if (!on) {
		if (zcache_switch.started && zcache_enabled)
			switch_off(zc);
		zcache_enabled = false;
		return 0;
	}
	if (!zcache_switch.started)
		err = start(zc);
	else if (zcache_enabled)
		return 0;
	err = err ?: switch_on(zc);
	if (err)
		pr_err("cannot be switched on: error %d\n", err);
	else
		zcache_enabled = true;
	return err;
}

/**
 * zcache_drain() - switch off, and have all swap pages leave for their device
 *
 * Context: may sleep, for as long as that takes; a signal ends it.
 * Return: 0: nothing is left, and the module could go. Or an errno, after which it
 * is off, and pages that are left can be read as before: -EINTR; -EBUSY: some are
 * always in use, or cannot be restored; -EIO: the device has failed.
 */
int zcache_drain(void)
{
	struct zcache *zc = &zcache;
	int err;

	err = mutex_lock_interruptible(&zcache_switch.lock);
	if (err)
		return err;
	if (zcache_enabled)
		switch_off(zc);
	if (zcache_switch.swap)
		err = zcache_writeback_drain(zc);
	if (!err)
		swap_off();
	if (err)
		pr_warn("not drained (error %d): %lu swap pages are left\n",
			err, frontswap_nr_stored());
	mutex_unlock(&zcache_switch.lock);
	return err;
}

/* Init and exit */

/* No more of it for the files of the parameters: was there anything? */
static bool unload(void)
{
	bool started;

	kernel_param_lock(THIS_MODULE);
	started = zcache_switch.started;
	zcache_switch.loaded = false;
	zcache_switch.started = false;
	kernel_param_unlock(THIS_MODULE);
	return started;
}

/* While frontswap is ours, and a swap area is on, the module has a reference. */
static void leave(struct zcache *zc)
{
	if (!unload())
		return;
	zcache_sysfs_exit();
	mutex_lock(&zcache_switch.lock);
	file_off(zc);
	swap_off();
	WARN_ON_ONCE(zcache_switch.swap);
	mutex_unlock(&zcache_switch.lock);
	stop(zc);
}

static int __init zcache_init(void)
{
	bool wanted;
	int err = 0;

	kernel_param_lock(THIS_MODULE);
	mutex_lock(&zcache_switch.lock);
	zcache_switch.loaded = true;
	wanted = zcache_enabled;
	zcache_enabled = false;
	if (wanted)
		err = switch_to(&zcache, true);
	mutex_unlock(&zcache_switch.lock);
	kernel_param_unlock(THIS_MODULE);
	/* What is built in stays, and may be switched on yet. */
	if (err && IS_MODULE(CONFIG_ZCACHE2))
		leave(&zcache);
	return err;
}

static void __exit zcache_exit(void)
{
	leave(&zcache);
}

late_initcall(zcache_init);
module_exit(zcache_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Compressed cache for clean file pages and swap pages");
