// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: the one that this machine's zcache has.
 */
#define pr_fmt(fmt) "ramster: " fmt

#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/string.h>

#include "core.h"
#include "node.h"

/* On while there is a cluster. */
DEFINE_STATIC_KEY_FALSE(ramster_key);

struct ramster ramster;

/**
 * __ramster_pressure() - memory is short here
 *
 * Context: any.
 */
void __ramster_pressure(void)
{
	ramster_remotify(&ramster);
}

/**
 * __ramster_make_room() - a swap page is about to want a frame
 *
 * Context: may sleep, but not for long.
 */
void __ramster_make_room(void)
{
	ramster_make_room_in(&ramster);
}

/**
 * __ramster_pool_gone() - a pool of this machine is gone
 * @id: its number
 * @persistent: of swap pages
 *
 * Context: may sleep.
 */
void __ramster_pool_gone(u32 id, bool persistent)
{
	ramster_pool_gone_in(&ramster, id, persistent);
}

/**
 * __ramster_takes_pages() - do others take swap pages now?
 *
 * Context: any.
 * Return: true if one has said that it has room, and pages may go.
 */
bool __ramster_takes_pages(void)
{
	return ramster_takes_pages_of(&ramster);
}

/**
 * __ramster_eph_frames() - page frames with file pages of others
 *
 * Context: any.
 * Return: how many, as of now.
 */
unsigned long __ramster_eph_frames(void)
{
	return ramster_foreign_eph_frames(&ramster);
}

/**
 * __ramster_evict() - empty the oldest of them
 * @frames: they are added to this list, by their lru
 *
 * Context: any but hard interrupt.
 * Return: how many.
 */
unsigned int __ramster_evict(struct list_head *frames)
{
	return ramster_foreign_evict(&ramster, frames);
}

static struct ramster_cluster *cluster_of(struct ramster *r)
{
	return rcu_dereference_protected(r->cluster, lockdep_is_held(&r->lock));
}

static int start(struct ramster *r, const struct ramster_config *config)
{
	int err;

	if (cluster_of(r))
		return -EBUSY;
	err = ramster_join(r, config);
	if (err)
		return err;
	err = ramster_sysfs_start(cluster_of(r), config);
	if (err) {
		ramster_leave(r);
		return err;
	}
	static_branch_enable(&ramster_key);
	return 0;
}

/**
 * ramster_start() - take part in a cluster
 * @config: which; copied
 *
 * Context: may sleep.
 * Return: 0; -EBUSY if there is one already; -ENODEV if zcache is off; -ENOMEM,
 * or an errno of the network.
 */
int ramster_start(const struct ramster_config *config)
{
	struct ramster_config own = *config;
	struct ramster *r = &ramster;
	int err;

	if (!r->zc)
		return -ENODEV;
	mutex_lock(&r->lock);
	strscpy_pad(own.compressor,
		    zcache_comp_name(zcache_comp_in_use(&r->zc->comps)));
	err = start(r, &own);
	mutex_unlock(&r->lock);
	return err;
}

/**
 * ramster_stay_out() - let nobody join a cluster for a moment
 *
 * To change what the others in a cluster have been told.
 *
 * Context: does not sleep, but ramster_stay_out_end() is to come soon, if the
 * return value was 0.
 * Return: 0, or -EBUSY in a cluster, and while one is joined or left.
 */
int ramster_stay_out(void)
{
	struct ramster *r = &ramster;

	if (!mutex_trylock(&r->lock))
		return -EBUSY;
	if (!cluster_of(r))
		return 0;
	mutex_unlock(&r->lock);
	return -EBUSY;
}

/**
 * ramster_stay_out_end() - whoever wants may join
 */
void ramster_stay_out_end(void)
{
	mutex_unlock(&ramster.lock);
}

/* @force: whatever is lost by that. */
static int stop(struct ramster *r, bool force, struct ramster_stuck *stuck)
{
	int err = 0;

	mutex_lock(&r->lock);
	if (cluster_of(r)) {
		err = ramster_unburden(r, force, stuck);
		if (!err) {
			static_branch_disable(&ramster_key);
			ramster_sysfs_stop();
			ramster_leave(r);
		}
	}
	mutex_unlock(&r->lock);
	return err;
}

/**
 * ramster_stop() - leave the cluster
 * @stuck: if that cannot be, set to why
 *
 * Context: may sleep, for as long as pages go home.
 * Return: 0, also if there is none; -EBUSY if swap pages, our own or others',
 * cannot go home: then nothing has changed.
 */
int ramster_stop(struct ramster_stuck *stuck)
{
	return stop(&ramster, false, stuck);
}

static void stop_anyway(struct ramster *r)
{
	struct ramster_stuck stuck = { };

	stop(r, true, &stuck);
	if (stuck.own)
		pr_err("%lu swap pages were with others, and did not come home\n",
		       stuck.own);
	if (stuck.foreign)
		pr_err("%lu swap pages of others were here, and were not fetched\n",
		       stuck.foreign);
}

/* The machine goes down: others shall have what is theirs. */
static int ramster_reboot(struct notifier_block *nb, unsigned long event,
			  void *unused)
{
	stop_anyway(&ramster);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_nb = {
	.notifier_call = ramster_reboot,
};

/**
 * ramster_init() - let a user describe a cluster
 * @zc: whose pages it is about
 *
 * Return: 0 or an errno.
 */
int ramster_init(struct zcache *zc)
{
	struct ramster *r = &ramster;
	int err;

	err = ramster_setup(r, zc);
	if (err)
		return err;
	ramster_debugfs_init(r);
	err = ramster_sysfs_init();
	if (err)
		goto err_debugfs;
	err = ramster_node_init();
	if (err)
		goto err_sysfs;
	register_reboot_notifier(&reboot_nb);
	return 0;

err_sysfs:
	ramster_sysfs_exit();
err_debugfs:
	ramster_debugfs_exit(r);
	ramster_teardown(r);
	return err;
}

/**
 * ramster_exit() - undo ramster_init()
 *
 * Context: may sleep; the hooks use zcache no more, but its pools are there.
 */
void ramster_exit(void)
{
	struct ramster *r = &ramster;

	unregister_reboot_notifier(&reboot_nb);
	ramster_node_exit();
	stop_anyway(r);
	ramster_sysfs_exit();
	ramster_debugfs_exit(r);
	ramster_teardown(r);
}
