// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs: what can be changed while a cluster runs, and what can be seen of it.
 *
 *   /sys/kernel/mm/ramster/
 *	interface_revision	of this directory and of the one in configfs
 *	remote_target_nodenum	where pages go: a number, or auto
 *	pers_remotify_enable, eph_remotify_enable
 *	peers/<num>/		while a cluster runs: see struct ramster_peer_info
 */
#define pr_fmt(fmt) "ramster: " fmt

#include <linux/cleanup.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "node.h"
#include "ramster.h"

/* The driver of 2012 had 1. */
#define INTERFACE_REVISION	2

struct ramster_knobs ramster_knobs = {
	.target = RAMSTER_TARGET_AUTO,
	.pers_remotify = true,
	.eph_remotify = true,
};

/**
 * struct peer_dir - a directory of a peer
 * @kobj: the directory
 * @peer: whose; it outlives the directory, but perhaps not @kobj
 */
struct peer_dir {
	struct kobject kobj;
	struct ramster_peer *peer;
};

static struct kobject *ramster_dir;
static struct kobject *peers_dir;			/* NULL: no cluster runs */
static struct peer_dir *peer_dirs[RAMSTER_MAX_NODES];	/* NULL: no such peer */
static DEFINE_MUTEX(peers_lock);	/* of both, and for writing the target */

/* Peers */

static const char * const state_names[RAMSTER_PEER_STATES] = {
	[RAMSTER_PEER_DOWN]		= "down",
	[RAMSTER_PEER_CONNECTING]	= "connecting",
	[RAMSTER_PEER_UP]		= "up",
};

static struct ramster_peer_info peer_info(struct kobject *kobj)
{
	struct ramster_peer_info info = {};

	ramster_peer_info(container_of(kobj, struct peer_dir, kobj)->peer,
			  &info);
	return info;
}

static ssize_t name_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	struct peer_dir *dir = container_of(kobj, struct peer_dir, kobj);

	return sysfs_emit(buf, "%s\n",
			  ramster_node_name(ramster_peer_num(dir->peer)));
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", state_names[peer_info(kobj).state]);
}

#define PEER_INFO(_name, _format)					\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	struct ramster_peer_info info = peer_info(kobj);		\
									\
	return sysfs_emit(buf, _format "\n", info._name);		\
}									\
static struct kobj_attribute _name##_attr = __ATTR_RO(_name)

static struct kobj_attribute name_attr = __ATTR_RO(name);
static struct kobj_attribute state_attr = __ATTR_RO(state);
PEER_INFO(in_flight, "%u");
PEER_INFO(waiting, "%u");
PEER_INFO(room, "%llu");
PEER_INFO(ups, "%lu");
PEER_INFO(bad_messages, "%lu");
PEER_INFO(last_error, "%s");

static struct attribute *peer_attrs[] = {
	&name_attr.attr,
	&state_attr.attr,
	&in_flight_attr.attr,
	&waiting_attr.attr,
	&room_attr.attr,
	&ups_attr.attr,
	&bad_messages_attr.attr,
	&last_error_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(peer);

static void peer_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct peer_dir, kobj));
}

static const struct kobj_type peer_type = {
	.release = peer_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = peer_groups,
};

static int peer_add(struct ramster_peer *peer, unsigned int num)
{
	struct peer_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	int err;

	if (!dir)
		return -ENOMEM;
	dir->peer = peer;
	err = kobject_init_and_add(&dir->kobj, &peer_type, peers_dir, "%u",
				   num);
	if (err)
		kobject_put(&dir->kobj);
	else
		peer_dirs[num] = dir;
	return err;
}

/* Nobody reads from a directory any more when it has been deleted. */
static void peers_remove(void)
{
	unsigned int num;

	for (num = 0; num < RAMSTER_MAX_NODES; num++) {
		if (!peer_dirs[num])
			continue;
		kobject_del(&peer_dirs[num]->kobj);
		kobject_put(&peer_dirs[num]->kobj);
		peer_dirs[num] = NULL;
	}
	kobject_put(peers_dir);
	peers_dir = NULL;
}

/**
 * ramster_sysfs_start() - show the peers of a cluster
 * @cluster: the cluster
 * @config: what it was made from
 *
 * Return: 0 or an error; nothing is shown then.
 */
int ramster_sysfs_start(struct ramster_cluster *cluster,
			const struct ramster_config *config)
{
	unsigned int i, num;
	int err = 0;

	guard(mutex)(&peers_lock);
	peers_dir = kobject_create_and_add("peers", ramster_dir);
	if (!peers_dir)
		return -ENOMEM;
	for (i = 0; !err && i < config->nr_nodes; i++) {
		num = config->nodes[i].num;
		if (num != config->self)
			err = peer_add(ramster_cluster_peer(cluster, num), num);
	}
	if (err)
		peers_remove();
	return err;
}

/**
 * ramster_sysfs_stop() - undo ramster_sysfs_start()
 *
 * The target is auto again: the same number is another machine elsewhere. When
 * this returns nobody asks for anything of the peers any more.
 */
void ramster_sysfs_stop(void)
{
	guard(mutex)(&peers_lock);
	peers_remove();
	WRITE_ONCE(ramster_knobs.target, RAMSTER_TARGET_AUTO);
}

/* Knobs */

static ssize_t interface_revision_show(struct kobject *kobj,
				       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", INTERFACE_REVISION);
}

static ssize_t remote_target_nodenum_show(struct kobject *kobj,
					  struct kobj_attribute *attr,
					  char *buf)
{
	int target = READ_ONCE(ramster_knobs.target);

	if (target == RAMSTER_TARGET_AUTO)
		return sysfs_emit(buf, "auto\n");
	return sysfs_emit(buf, "%d\n", target);
}

/* The peer is there as long as the lock is held. */
static int target_set(unsigned int num)
{
	guard(mutex)(&peers_lock);
	if (!peer_dirs[num])
		return -ENOENT;
	WRITE_ONCE(ramster_knobs.target, num);
	return 0;
}

static ssize_t remote_target_nodenum_store(struct kobject *kobj,
					   struct kobj_attribute *attr,
					   const char *buf, size_t count)
{
	unsigned int num;
	int err;

	if (sysfs_streq(buf, "auto")) {
		guard(mutex)(&peers_lock);
		WRITE_ONCE(ramster_knobs.target, RAMSTER_TARGET_AUTO);
		return count;
	}
	if (ramster_parse_number(buf, RAMSTER_NUM_RANGE, &num)) {
		pr_err("remote_target_nodenum is auto, or 0 to %d, not \"%.*s\"\n",
		       RAMSTER_MAX_NODES - 1, ramster_shown(buf), buf);
		return -EINVAL;
	}
	err = target_set(num);
	if (err)
		pr_err("remote_target_nodenum: there is no peer %u\n", num);
	return err ?: count;
}

static ssize_t knob_store(const char *name, bool *knob, const char *buf,
			  size_t count)
{
	unsigned int value;

	if (ramster_parse_number(buf, RAMSTER_SWITCH_RANGE, &value)) {
		pr_err("%s is 0 or 1, not \"%.*s\"\n", name,
		       ramster_shown(buf), buf);
		return -EINVAL;
	}
	WRITE_ONCE(*knob, value);
	return count;
}

#define KNOB(_name, _knob)						\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%d\n", READ_ONCE(ramster_knobs._knob));	\
}									\
									\
static ssize_t _name##_store(struct kobject *kobj,			\
			     struct kobj_attribute *attr,		\
			     const char *buf, size_t count)		\
{									\
	return knob_store(#_name, &ramster_knobs._knob, buf, count);	\
}									\
static struct kobj_attribute _name##_attr = __ATTR_RW(_name)

static struct kobj_attribute interface_revision_attr =
	__ATTR_RO(interface_revision);
static struct kobj_attribute remote_target_nodenum_attr =
	__ATTR_RW(remote_target_nodenum);
KNOB(pers_remotify_enable, pers_remotify);
KNOB(eph_remotify_enable, eph_remotify);

static struct attribute *ramster_attrs[] = {
	&interface_revision_attr.attr,
	&remote_target_nodenum_attr.attr,
	&pers_remotify_enable_attr.attr,
	&eph_remotify_enable_attr.attr,
	NULL
};

static const struct attribute_group ramster_group = {
	.attrs = ramster_attrs,
};

/**
 * ramster_sysfs_init() - show the directory
 *
 * Return: 0 or an error.
 */
int ramster_sysfs_init(void)
{
	int err;

	ramster_dir = kobject_create_and_add("ramster", mm_kobj);
	if (!ramster_dir)
		return -ENOMEM;
	err = sysfs_create_group(ramster_dir, &ramster_group);
	if (err)
		kobject_put(ramster_dir);
	return err;
}

/**
 * ramster_sysfs_exit() - undo ramster_sysfs_init()
 */
void ramster_sysfs_exit(void)
{
	sysfs_remove_group(ramster_dir, &ramster_group);
	kobject_put(ramster_dir);
}
