// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs: what a user can have done.
 *
 *   /sys/kernel/mm/zcache/
 *	drain	1 has all swap pages leave, after which zcache is off; says how
 *		many there are
 *
 * Not a parameter, because a write to one keeps all others of the module waiting.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/frontswap.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "zcache.h"

static struct kobject *zcache_dir;

static ssize_t drain_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%lu\n", frontswap_nr_stored());
}

static ssize_t drain_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	if (!sysfs_streq(buf, "1")) {
		pr_err("drain takes 1 and nothing else\n");
		return -EINVAL;
	}
	return zcache_drain() ?: count;
}

static struct kobj_attribute drain_attr = __ATTR_RW(drain);

/**
 * zcache_sysfs_init() - show the directory
 *
 * Return: 0 or an errno.
 */
int zcache_sysfs_init(void)
{
	int err;

	zcache_dir = kobject_create_and_add("zcache", mm_kobj);
	if (!zcache_dir)
		return -ENOMEM;
	err = sysfs_create_file(zcache_dir, &drain_attr.attr);
	if (err)
		kobject_put(zcache_dir);
	return err;
}

/**
 * zcache_sysfs_exit() - undo zcache_sysfs_init()
 *
 * Context: may sleep, until nobody drains any more.
 */
void zcache_sysfs_exit(void)
{
	sysfs_remove_file(zcache_dir, &drain_attr.attr);
	kobject_put(zcache_dir);
}
