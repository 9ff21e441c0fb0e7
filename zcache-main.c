// SPDX-License-Identifier: GPL-2.0-only
/*
 * zcache: compressed clean file pages and swap pages in memory
 *
 * Locks, outermost first:
 *
 *   a compressor context (mutex), in zcache-zpage.c
 *   i_pages, si->lock and others of the hooks' callers
 *     the lock of a tmem object, or that of the table of cgroups
 *       the lock of a zbud queue, or that of the LRUs of descriptors
 *
 * A pool is found by its id under RCU, by an eviction that comes from nowhere,
 * so it is destroyed a grace period after it left the table.
 *
 * On and off: the first "on" makes all there is (start()), and registers
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
#include <linux/vmstat.h>

#include "zcache.h"
#include "ramster/ramster.h"

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
 * @started: start() has done its work; both locks
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

/**
 * zcache_pool_create() - make a pool of tmem
 * @zc: the cache
 * @id: its id, which no other has
 * @class: of its pages
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM or another errno.
 */
int zcache_pool_create(struct zcache *zc, u32 id, enum zbud_class class)
{
	struct zcache_pool *pool;
	u32 flags = class == ZBUD_PERS ? TMEM_POOL_PERSISTENT : 0;
	int err;

	pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	if (!pool)
		return -ENOMEM;
	pool->zc = zc;
	pool->cg = &zc->cgroups[class].nobody;
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

/**
 * zcache_pool_destroy() - undo zcache_pool_create()
 * @zc: the cache
 * @id: that of a pool, in which nobody stores or looks for pages any more
 *
 * Context: may sleep.
 */
void zcache_pool_destroy(struct zcache *zc, u32 id)
{
	struct zcache_pool *pool = xa_erase(&zc->pools, id);

	if (WARN_ON_ONCE(!pool))
		return;
	synchronize_rcu();	/* zcache_unlink() */
	tmem_destroy_pool(&pool->tmem);
	ramster_pool_gone(id, pool->class == ZBUD_PERS);
	kfree(pool);
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
	[ZCACHE_PUT_ACTIVE]	= "active",
	[ZCACHE_PUT_REFAULT]	= "refault",
};

static int policy_set(const char *val, const struct kernel_param *kp)
{
	int policy = sysfs_match_string(policy_names, val);

	if (policy < 0) {
		pr_err("cleancache_policy is all, active or refault, not \"%s\"\n", val);
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
		 "file pages that are put: all, active, refault (default)");

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

module_param_named(cleancache_exclusive_gets, zcache.exclusive_gets, bool, 0644);
MODULE_PARM_DESC(cleancache_exclusive_gets,
		 "does a file page leave when it is got? (default N)");

/* In a cluster the others have been told which it is. */
static int choose_compressor(struct zcache *zc, const char *name)
{
	int err;

	/* May have a module loaded, which takes its time: before any lock of others. */
	if (!zcache_comp_known(name))
		return -ENOENT;
	if (!zcache_switch.started)
		return 0;
	err = ramster_stay_out();
	if (err)
		return err;
	err = zcache_comp_choose(&zc->comps, name);
	ramster_stay_out_end();
	return err;
}

/* The parameters' lock keeps out others who choose, or start or stop the cache. */
static int compressor_set(const char *val, const struct kernel_param *kp)
{
	char buf[CRYPTO_MAX_ALG_NAME], *name;
	int err = strscpy(buf, val);

	name = strim(buf);
	if (err >= 0 && zcache_switch.loaded)
		err = *name ? choose_compressor(&zcache, name) : -ENOENT;
	if (err < 0) {
		pr_err("compressor \"%s\" cannot be had (error %d)\n", name, err);
		return err;
	}
	strscpy(zcache_compressor, name);
	return 0;
}

static int compressor_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", zcache_compressor);
}

static const struct kernel_param_ops compressor_ops = {
	.set = compressor_set,
	.get = compressor_get,
};
module_param_cb(compressor, &compressor_ops, NULL, 0644);
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
	int err;

	err = zcache_comps_init(&zc->comps);
	if (err)
		return err;
	if (!*name)
		name = zcache_comp_default();
	err = zcache_comp_choose(&zc->comps, name);
	if (err && strcmp(name, zcache_comp_default())) {
		pr_err("compressor \"%s\" cannot be had (error %d), using %s\n",
		       name, err, zcache_comp_default());
		name = zcache_comp_default();
		err = zcache_comp_choose(&zc->comps, name);
	}
	if (err)
		zcache_comps_exit(&zc->comps);
	else if (name != zcache_compressor)
		strscpy(zcache_compressor, name);
	return err;
}

/*
 * Pages that may come to hold what files do: those that are free, or are programs'
 * and files' now. Not what is set aside for good, as huge pages are, or locked.
 */
static unsigned long evictable_pages(void)
{
	unsigned long nr = global_zone_page_state(NR_FREE_PAGES);
	enum lru_list lru;

	for (lru = LRU_BASE; lru < LRU_UNEVICTABLE; lru++)
		nr += global_node_page_state(NR_LRU_BASE + lru);
	return min(nr, totalram_pages());
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
	err = zcache_hooks_init(zc);
	if (err)
		goto err_obj;
	err = zcache_desc_init(zc);
	if (err)
		goto err_hooks;
	err = zcache_reuse_init(&zc->reuse, evictable_pages());
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
err_hooks:
	zcache_hooks_exit(zc);
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
	zcache_hooks_exit(zc);
	kmem_cache_destroy(zc->obj_cache);
	free_percpu(zc->events);
}

static int start(struct zcache *zc)
{
	int err;

	zcache_cgroups_init(zc);
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
	zcache_comps_exit(&zc->comps);
	return err;
}

static void stop(struct zcache *zc)
{
	ramster_exit();
	zcache_debugfs_exit(zc);
	zcache_writeback_exit(zc);
	zcache_frames_exit(zc);
	zcache_cgroups_exit(zc);
	xa_destroy(&zc->pools);
	caches_exit(zc);
	zcache_comps_exit(&zc->comps);
}

/* On and off */

static int file_on(struct zcache *zc)
{
	int err;

	if (zcache_switch.file)
		return 0;
	err = zcache_pool_create(zc, ZCACHE_FILE_POOL, ZBUD_EPH);
	if (err)
		return err;
	err = cleancache_register(&zcache_cleancache_ops);
	if (err)
		zcache_pool_destroy(zc, ZCACHE_FILE_POOL);
	zcache_switch.file = !err;
	return err;
}

static void file_off(struct zcache *zc)
{
	if (!zcache_switch.file)
		return;
	zcache_switch.file = false;
	cleancache_unregister(&zcache_cleancache_ops);
	zcache_pool_destroy(zc, ZCACHE_FILE_POOL);
	zcache_cgroups_rest(zc);
	zcache_spare_rest(&zc->spare);
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
static void swap_off(struct zcache *zc)
{
	if (!zcache_switch.swap)
		return;
	frontswap_pause(&zcache_frontswap_ops, true);
	zcache_switch.swap = frontswap_unregister(&zcache_frontswap_ops);
	zcache_cgroups_rest(zc);
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
		zcache_comp_name(zcache_comp_in_use(&zc->comps)),
		zc->max_pool_percent);
	return 0;
}

static void switch_off(struct zcache *zc)
{
	lockdep_assert_held(&zcache_switch.lock);

	WRITE_ONCE(zc->off, true);
	file_off(zc);
	swap_off(zc);
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
		swap_off(zc);
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
	swap_off(zc);
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
