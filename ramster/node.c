// SPDX-License-Identifier: GPL-2.0-only
/*
 * configfs: how a cluster is described, and made to run.
 *
 *   /sys/kernel/config/ramster/<cluster>/
 *	uuid		the same on all its nodes, and nowhere else
 *	connect_ms, request_ms, keepalive_ms, dead_ms
 *			see struct ramster_times
 *	enable		1: take part, 0: do not
 *	node/<name>/
 *		num	0 to 63
 *		address	IPv4 or IPv6
 *		port
 *		local	1: this machine
 *
 * Nothing happens before enable is 1, and nothing can be changed while it is. All
 * that is written is checked, all together once more when the cluster is enabled,
 * and for each refusal there is one message that says why.
 *
 * The lock is the subsystem's: configfs holds it when directories come and go, so
 * that what is looked at under it stays. It is also held while a cluster is
 * started or stopped; so these do not overlap, and who reads an attribute
 * meanwhile waits.
 *
 * While a cluster is enabled its directories are pinned: rmdir gives -EBUSY. It
 * could stop the cluster instead, but a word that takes away the memory in which
 * others keep their pages should be said, not implied.
 */
#define pr_fmt(fmt) "ramster: " fmt

#include <linux/cleanup.h>
#include <linux/configfs.h>
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "node.h"
#include "ramster.h"

/**
 * struct cluster - a directory of a cluster
 * @group: the directory
 * @nodes: its directory "node"
 * @uuid: null if there is none yet
 * @times: see there
 * @config: what the running cluster was started with, else NULL
 */
struct cluster {
	struct config_group group;
	struct config_group nodes;
	uuid_t uuid;
	struct ramster_times times;
	struct ramster_config *config;
};

/**
 * struct node - a directory of a node
 * @item: the directory
 * @cluster: whose
 * @draft: what has been said so far
 * @address: its address, as it was written
 */
struct node {
	struct config_item item;
	struct cluster *cluster;
	struct ramster_node_draft draft;
	char address[INET6_ADDRSTRLEN + 1];
};

static struct configfs_subsystem subsys;	/* its su_mutex: see above */
static struct cluster *enabled;			/* under it */
static const char *node_names[RAMSTER_MAX_NODES]; /* of the enabled cluster */

static struct cluster *to_cluster(struct config_item *item)
{
	return container_of(to_config_group(item), struct cluster, group);
}

static struct node *to_node(struct config_item *item)
{
	return container_of(item, struct node, item);
}

static const char *cluster_name(struct cluster *cl)
{
	return config_item_name(&cl->group.cg_item);
}

/* Refusals */

static int refuse_busy(struct cluster *cl, const char *what)
{
	lockdep_assert_held(&subsys.su_mutex);
	if (cl != enabled)
		return 0;
	pr_err("cluster %s is enabled: %s cannot be changed now\n",
	       cluster_name(cl), what);
	return -EBUSY;
}

/* What stands before the name of an attribute, in a message. */
static const char *node_label(struct node *node, char *buf, size_t size)
{
	if (node->draft.num < 0)
		scnprintf(buf, size, "node %s", node->draft.name);
	else
		scnprintf(buf, size, "node %s (number %d)", node->draft.name,
			  node->draft.num);
	return buf;
}

static int refuse_number(struct cluster *cl, const char *whose,
			 const char *what, struct ramster_range range,
			 const char *text, int err)
{
	pr_err("cluster %s: %s%s%s is %u %s %u, not \"%.*s\"\n",
	       cluster_name(cl), whose, *whose ? ": " : "", what, range.min,
	       range.max - range.min > 1 ? "to" : "or", range.max,
	       ramster_shown(text), text);
	return err;
}

/* Attributes of a cluster */

static ssize_t cluster_number_store(struct cluster *cl, const char *what,
				    struct ramster_range range,
				    unsigned int *number, const char *page,
				    size_t count)
{
	int err;

	guard(mutex)(&subsys.su_mutex);
	err = refuse_busy(cl, what);
	if (err)
		return err;
	err = ramster_parse_number(page, range, number);
	if (err)
		return refuse_number(cl, "", what, range, page, err);
	return count;
}

#define CLUSTER_TIME(_name, _range)					\
static ssize_t cluster_##_name##_show(struct config_item *item,		\
				      char *page)			\
{									\
	guard(mutex)(&subsys.su_mutex);					\
	return sysfs_emit(page, "%u\n", to_cluster(item)->times._name);	\
}									\
									\
static ssize_t cluster_##_name##_store(struct config_item *item,	\
				       const char *page, size_t count)	\
{									\
	struct cluster *cl = to_cluster(item);				\
									\
	return cluster_number_store(cl, #_name, _range,			\
				    &cl->times._name, page, count);	\
}									\
CONFIGFS_ATTR(cluster_, _name)

CLUSTER_TIME(connect_ms, RAMSTER_CONNECT_RANGE);
CLUSTER_TIME(request_ms, RAMSTER_REQUEST_RANGE);
CLUSTER_TIME(keepalive_ms, RAMSTER_KEEPALIVE_RANGE);
CLUSTER_TIME(dead_ms, RAMSTER_DEAD_RANGE);

static ssize_t cluster_uuid_show(struct config_item *item, char *page)
{
	struct cluster *cl = to_cluster(item);

	guard(mutex)(&subsys.su_mutex);
	if (uuid_is_null(&cl->uuid))
		return sysfs_emit(page, "\n");
	return sysfs_emit(page, "%pUb\n", &cl->uuid);
}

static ssize_t cluster_uuid_store(struct config_item *item, const char *page,
				  size_t count)
{
	struct cluster *cl = to_cluster(item);
	int err;

	guard(mutex)(&subsys.su_mutex);
	err = refuse_busy(cl, "uuid");
	if (err)
		return err;
	err = ramster_parse_uuid(page, &cl->uuid);
	if (err) {
		pr_err("cluster %s: \"%.*s\" is no uuid, or the null uuid\n",
		       cluster_name(cl), ramster_shown(page), page);
		return err;
	}
	return count;
}
CONFIGFS_ATTR(cluster_, uuid);

/* Start and stop */

/* What has been said of all nodes; the caller frees it. */
static struct ramster_node_draft *nodes_drafts(struct cluster *cl,
					       unsigned int *nr)
{
	struct list_head *nodes = &cl->nodes.cg_children;
	struct ramster_node_draft *drafts;
	struct config_item *item;
	unsigned int i = 0;

	*nr = list_count_nodes(nodes);
	drafts = kcalloc(*nr, sizeof(*drafts), GFP_KERNEL);
	if (!drafts)
		return NULL;
	list_for_each_entry(item, nodes, ci_entry)
		drafts[i++] = to_node(item)->draft;
	return drafts;
}

/* The configuration as it is now, or a message, and an error. */
static struct ramster_config *cluster_config(struct cluster *cl)
{
	struct ramster_draft draft = {
		.name = cluster_name(cl),
		.uuid = cl->uuid,
		.times = cl->times,
	};
	struct ramster_node_draft *nodes __free(kfree) =
		nodes_drafts(cl, &draft.nr_nodes);
	struct ramster_config *config = NULL;
	char why[RAMSTER_WHY_SIZE];
	int err;

	draft.nodes = nodes;
	err = nodes ? ramster_draft_check(&draft, why, sizeof(why)) : -ENOMEM;
	if (err && err != -ENOMEM) {
		pr_err("cluster %s cannot be enabled: %s\n", draft.name, why);
		return ERR_PTR(err);
	}
	if (!err)
		config = ramster_config_create(&draft);
	if (config)
		return config;
	pr_err("cluster %s cannot be enabled: no memory\n", draft.name);
	return ERR_PTR(-ENOMEM);
}

/* Let go of the nodes before @end, or of all. */
static void unpin_nodes(struct cluster *cl, struct config_item *end)
{
	struct config_item *item;

	memset(node_names, 0, sizeof(node_names));
	list_for_each_entry(item, &cl->nodes.cg_children, ci_entry) {
		if (item == end)
			break;
		configfs_undepend_item_unlocked(item);
	}
}

static void unpin(struct cluster *cl)
{
	unpin_nodes(cl, NULL);
	configfs_undepend_item_unlocked(&cl->group.cg_item);
}

/* What is being made or removed just now is not to be had. */
static int pin(struct cluster *cl)
{
	struct config_item *item;
	int err;

	list_for_each_entry(item, &cl->nodes.cg_children, ci_entry) {
		err = configfs_depend_item_unlocked(&subsys, item);
		if (err) {
			pr_err("cluster %s cannot be enabled: node %s comes or goes just now\n",
			       cluster_name(cl), config_item_name(item));
			unpin_nodes(cl, item);
			return err;
		}
		node_names[to_node(item)->draft.num] = config_item_name(item);
	}
	err = configfs_depend_item_unlocked(&subsys, &cl->group.cg_item);
	if (err) {
		pr_err("cluster %s cannot be enabled: it is being removed\n",
		       cluster_name(cl));
		unpin_nodes(cl, NULL);
	}
	return err;
}

/* What a user can do something about. */
static const char *start_error(int err)
{
	switch (err) {
	case -ENODEV:
		return "zcache is off";
	case -ENOMEM:
		return "there is no memory for it";
	case -EADDRNOTAVAIL:
		return "this machine has not got the address of its node";
	case -EADDRINUSE:
		return "something else listens at the port of its node";
	case -EAFNOSUPPORT:
		return "the kernel knows no such addresses";
	default:
		return "it does not start";
	}
}

static int cluster_start(struct cluster *cl)
{
	struct ramster_config *config;
	int err;

	if (enabled) {
		pr_err("cluster %s cannot be enabled: %s is, and there can be one\n",
		       cluster_name(cl), cluster_name(enabled));
		return -EBUSY;
	}
	config = cluster_config(cl);
	if (IS_ERR(config))
		return PTR_ERR(config);
	err = pin(cl);
	if (err)
		goto err_config;
	err = ramster_start(config);
	if (err) {
		pr_err("cluster %s cannot be enabled: %s (%pe)\n",
		       cluster_name(cl), start_error(err), ERR_PTR(err));
		goto err_pin;
	}
	cl->config = config;
	enabled = cl;
	pr_info("cluster %s is enabled: %u nodes, this one is %s (number %u)\n",
		cluster_name(cl), config->nr_nodes,
		ramster_node_name(config->self), config->self);
	return 0;

err_pin:
	unpin(cl);
err_config:
	ramster_config_free(config);
	return err;
}

static int cluster_stop(struct cluster *cl)
{
	struct ramster_stuck stuck = { };
	int err = ramster_stop(&stuck);

	if (err) {
		pr_err("cluster %s stays enabled: %lu swap pages are with others and do not come home, %lu of others are here and are not fetched\n",
		       cluster_name(cl), stuck.own, stuck.foreign);
		return err;
	}
	enabled = NULL;
	unpin(cl);
	ramster_config_free(cl->config);
	cl->config = NULL;
	pr_info("cluster %s is not enabled any more\n", cluster_name(cl));
	return 0;
}

static ssize_t cluster_enable_show(struct config_item *item, char *page)
{
	guard(mutex)(&subsys.su_mutex);
	return sysfs_emit(page, "%d\n", to_cluster(item) == enabled);
}

static ssize_t cluster_enable_store(struct config_item *item, const char *page,
				    size_t count)
{
	struct cluster *cl = to_cluster(item);
	unsigned int enable;
	int err;

	guard(mutex)(&subsys.su_mutex);
	err = ramster_parse_number(page, RAMSTER_SWITCH_RANGE, &enable);
	if (err)
		return refuse_number(cl, "", "enable", RAMSTER_SWITCH_RANGE,
				     page, err);
	if (enable && cl != enabled)
		err = cluster_start(cl);
	else if (!enable && cl == enabled)
		err = cluster_stop(cl);
	return err ?: count;
}
CONFIGFS_ATTR(cluster_, enable);

static struct configfs_attribute *cluster_attrs[] = {
	&cluster_attr_uuid,
	&cluster_attr_connect_ms,
	&cluster_attr_request_ms,
	&cluster_attr_keepalive_ms,
	&cluster_attr_dead_ms,
	&cluster_attr_enable,
	NULL
};

/* Attributes of a node */

static ssize_t node_number_store(struct node *node, const char *what,
				 struct ramster_range range,
				 unsigned int *number, const char *page,
				 size_t count)
{
	char label[RAMSTER_NAME_SIZE + 32];
	int err;

	lockdep_assert_held(&subsys.su_mutex);
	node_label(node, label, sizeof(label));
	err = refuse_busy(node->cluster, label);
	if (err)
		return err;
	err = ramster_parse_number(page, range, number);
	if (err)
		return refuse_number(node->cluster, label, what, range, page,
				     err);
	return count;
}

#define NODE_NUMBER(_name, _range, _format, _known)			\
static ssize_t node_##_name##_show(struct config_item *item, char *page) \
{									\
	struct node *node = to_node(item);				\
									\
	guard(mutex)(&subsys.su_mutex);					\
	if (!(_known))							\
		return sysfs_emit(page, "\n");				\
	return sysfs_emit(page, _format "\n", node->draft._name);	\
}									\
									\
static ssize_t node_##_name##_store(struct config_item *item,		\
				    const char *page, size_t count)	\
{									\
	struct node *node = to_node(item);				\
	unsigned int value;						\
	ssize_t ret;							\
									\
	guard(mutex)(&subsys.su_mutex);					\
	ret = node_number_store(node, #_name, _range, &value, page,	\
				count);					\
	if (ret > 0)							\
		node->draft._name = value;				\
	return ret;							\
}									\
CONFIGFS_ATTR(node_, _name)

NODE_NUMBER(num, RAMSTER_NUM_RANGE, "%d", node->draft.num >= 0);
NODE_NUMBER(port, RAMSTER_PORT_RANGE, "%u", node->draft.port);
NODE_NUMBER(local, RAMSTER_SWITCH_RANGE, "%d", true);

static ssize_t node_address_show(struct config_item *item, char *page)
{
	guard(mutex)(&subsys.su_mutex);
	return sysfs_emit(page, "%s\n", to_node(item)->address);
}

static ssize_t node_address_store(struct config_item *item, const char *page,
				  size_t count)
{
	struct node *node = to_node(item);
	char label[RAMSTER_NAME_SIZE + 32];
	int err;

	guard(mutex)(&subsys.su_mutex);
	node_label(node, label, sizeof(label));
	err = refuse_busy(node->cluster, label);
	if (err)
		return err;
	err = ramster_parse_address(page, &node->draft.addr);
	if (err) {
		pr_err("cluster %s: %s: \"%.*s\" is not the address of one machine\n",
		       cluster_name(node->cluster), label, ramster_shown(page), page);
		return err;
	}
	strscpy(node->address, page);
	strim(node->address);
	return count;
}
CONFIGFS_ATTR(node_, address);

static struct configfs_attribute *node_attrs[] = {
	&node_attr_num,
	&node_attr_address,
	&node_attr_port,
	&node_attr_local,
	NULL
};

/* Directories */

static int refuse_name(const char *name)
{
	if (ramster_name_ok(name))
		return 0;
	pr_err("\"%.*s\" is no name: it takes up to %d letters, digits, '.', '-' and '_'\n",
	       ramster_shown(name), name, RAMSTER_NAME_SIZE - 1);
	return -EINVAL;
}

static void node_release(struct config_item *item)
{
	kfree(to_node(item));
}

static struct configfs_item_operations node_item_ops = {
	.release = node_release,
};

static const struct config_item_type node_type = {
	.ct_item_ops = &node_item_ops,
	.ct_attrs = node_attrs,
	.ct_owner = THIS_MODULE,
};

static int refuse_node(struct cluster *cl, const char *name)
{
	int err = refuse_busy(cl, "its list of nodes");

	if (err)
		return err;
	if (list_count_nodes(&cl->nodes.cg_children) >= RAMSTER_MAX_NODES) {
		pr_err("cluster %s: no room for node %s, there can be %d\n",
		       cluster_name(cl), name, RAMSTER_MAX_NODES);
		return -ENOSPC;
	}
	return 0;
}

static struct config_item *node_make(struct config_group *group,
				     const char *name)
{
	struct cluster *cl = container_of(group, struct cluster, nodes);
	struct node *node;
	int err;

	err = refuse_name(name) ?: refuse_node(cl, name);
	if (err)
		return ERR_PTR(err);
	node = kzalloc(sizeof(*node), GFP_KERNEL);
	if (!node)
		return ERR_PTR(-ENOMEM);
	config_item_init_type_name(&node->item, name, &node_type);
	node->cluster = cl;
	node->draft.name = config_item_name(&node->item);
	node->draft.num = -1;
	return &node->item;
}

static struct configfs_group_operations nodes_group_ops = {
	.make_item = node_make,
};

static const struct config_item_type nodes_type = {
	.ct_group_ops = &nodes_group_ops,
	.ct_owner = THIS_MODULE,
};

static void cluster_release(struct config_item *item)
{
	kfree(to_cluster(item));
}

static struct configfs_item_operations cluster_item_ops = {
	.release = cluster_release,
};

static const struct config_item_type cluster_type = {
	.ct_item_ops = &cluster_item_ops,
	.ct_attrs = cluster_attrs,
	.ct_owner = THIS_MODULE,
};

static struct config_group *cluster_make(struct config_group *group,
					 const char *name)
{
	struct cluster *cl;
	int err;

	err = refuse_name(name);
	if (err)
		return ERR_PTR(err);
	cl = kzalloc(sizeof(*cl), GFP_KERNEL);
	if (!cl)
		return ERR_PTR(-ENOMEM);
	cl->times = (struct ramster_times) {
		.connect_ms = RAMSTER_CONNECT_MS,
		.request_ms = RAMSTER_REQUEST_MS,
		.keepalive_ms = RAMSTER_KEEPALIVE_MS,
		.dead_ms = RAMSTER_DEAD_MS,
	};
	config_group_init_type_name(&cl->group, name, &cluster_type);
	config_group_init_type_name(&cl->nodes, "node", &nodes_type);
	configfs_add_default_group(&cl->nodes, &cl->group);
	return &cl->group;
}

static struct configfs_group_operations root_group_ops = {
	.make_group = cluster_make,
};

static const struct config_item_type root_type = {
	.ct_group_ops = &root_group_ops,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem subsys = {
	.su_group.cg_item = {
		.ci_namebuf = "ramster",
		.ci_type = &root_type,
	},
	.su_mutex = __MUTEX_INITIALIZER(subsys.su_mutex),
};

/**
 * ramster_node_name() - what people call a node
 * @num: its number
 *
 * For messages.
 *
 * Context: between the begin of ramster_start() and the end of ramster_stop().
 * Return: its name in the running cluster.
 */
const char *ramster_node_name(unsigned int num)
{
	const char *name = num < RAMSTER_MAX_NODES ? node_names[num] : NULL;

	return name ?: "?";
}

/**
 * ramster_node_init() - show the configfs tree
 *
 * Return: 0 or an error.
 */
int ramster_node_init(void)
{
	config_group_init(&subsys.su_group);
	return configfs_register_subsystem(&subsys);
}

/**
 * ramster_node_exit() - undo ramster_node_init()
 */
void ramster_node_exit(void)
{
	configfs_unregister_subsystem(&subsys);
}
