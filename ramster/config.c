// SPDX-License-Identifier: GPL-2.0-only
/*
 * What may be said of a cluster and its nodes.
 *
 * Nothing here has a state, nor a word for the kernel log: that is for whoever
 * knows what was asked, and by whom.
 */
#include <linux/ctype.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "node.h"

/**
 * ramster_name_ok() - can that be the name of a cluster or a node?
 * @name: the name
 *
 * It goes into messages, files and the output of programs, where blanks and
 * quotes would be a nuisance.
 *
 * Return: true if it consists of letters, digits, '.', '-' and '_', and is not
 * too long.
 */
bool ramster_name_ok(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (!isascii(*c) || (!isalnum(*c) && !strchr(".-_", *c)))
			return false;
	return c != name && c - name < RAMSTER_NAME_SIZE;
}

/**
 * ramster_shown() - how much of what was written can be shown in a message
 * @text: what was written
 *
 * Return: a number of characters.
 */
int ramster_shown(const char *text)
{
	return min(strcspn(text, "\n"), 64);
}

/**
 * ramster_parse_number() - a number in a range
 * @text: decimal digits, perhaps a newline
 * @range: what it may be
 * @number: the result
 *
 * Return: 0, -EINVAL if it is no number, -ERANGE if it is too small or too large.
 */
int ramster_parse_number(const char *text, struct ramster_range range,
			 unsigned int *number)
{
	unsigned int value;
	int err;

	/* Not base 0: for most people 010 is ten. */
	err = kstrtouint(text, 10, &value);
	if (err)
		return err;
	if (value < range.min || value > range.max)
		return -ERANGE;
	*number = value;
	return 0;
}

/* @text without the newline that echo adds: does it fit? */
static bool one_line(const char *text, char *line, size_t size)
{
	ssize_t len = strscpy(line, text, size);

	if (len > 0 && line[len - 1] == '\n')
		line[--len] = '\0';
	return len > 0 && !strchr(line, '\n');
}

/**
 * ramster_parse_uuid() - what tells a cluster from all others
 * @text: a uuid in its usual form, perhaps a newline
 * @uuid: the result, never the null uuid
 *
 * Return: 0 or -EINVAL.
 */
int ramster_parse_uuid(const char *text, uuid_t *uuid)
{
	char line[UUID_STRING_LEN + 2];
	uuid_t value;

	if (!one_line(text, line, sizeof(line)) ||
	    strlen(line) != UUID_STRING_LEN || uuid_parse(line, &value) ||
	    uuid_is_null(&value))
		return -EINVAL;
	*uuid = value;
	return 0;
}

/*
 * Can a machine have this address, and be the only one? The kernel's parser takes
 * a colon for the end of it.
 */
static bool usable4(const struct sockaddr_in *sin, const char *line)
{
	__be32 addr = sin->sin_addr.s_addr;

	return !strchr(line, ':') && !ipv4_is_zeronet(addr) && !ipv4_is_multicast(addr) &&
	       !ipv4_is_lbcast(addr);
}

/*
 * The mapped ones would be second names for IPv4 addresses. A link-local address
 * says nothing without an interface, and no other one has use for it.
 */
static bool usable6(const struct sockaddr_in6 *sin6, bool scope)
{
	const struct in6_addr *addr = &sin6->sin6_addr;
	bool linklocal = ipv6_addr_type(addr) & IPV6_ADDR_LINKLOCAL;

	if (ipv6_addr_any(addr) || ipv6_addr_is_multicast(addr) ||
	    ipv6_addr_v4mapped(addr))
		return false;
	return linklocal == scope && !!sin6->sin6_scope_id == scope;
}

/**
 * ramster_parse_address() - where a node can be reached
 * @text: an IPv4 or IPv6 address, the latter with "%interface" if it is
 *	link-local; perhaps a newline
 * @addr: the result, without a port
 *
 * Return: 0 or -EINVAL.
 */
int ramster_parse_address(const char *text, struct sockaddr_storage *addr)
{
	struct sockaddr_storage value = {};
	char line[INET6_ADDRSTRLEN + 2];
	bool usable;

	if (!one_line(text, line, sizeof(line)) ||
	    inet_pton_with_scope(&init_net, AF_UNSPEC, line, NULL, &value))
		return -EINVAL;
	if (value.ss_family == AF_INET)
		usable = usable4((struct sockaddr_in *)&value, line);
	else
		usable = usable6((struct sockaddr_in6 *)&value,
				 strchr(line, '%'));
	if (!usable)
		return -EINVAL;
	*addr = value;
	return 0;
}

static bool same_address(const struct ramster_node_draft *a,
			 const struct ramster_node_draft *b)
{
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)&a->addr;
	const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)&b->addr;
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)&a->addr;
	const struct sockaddr_in *b4 = (const struct sockaddr_in *)&b->addr;

	if (a->addr.ss_family != b->addr.ss_family || a->port != b->port)
		return false;
	if (a->addr.ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return ipv6_addr_equal(&a6->sin6_addr, &b6->sin6_addr) &&
	       a6->sin6_scope_id == b6->sin6_scope_id;
}

static int check_cluster(const struct ramster_draft *draft, char *why,
			 size_t size)
{
	const struct ramster_times *times = &draft->times;

	if (uuid_is_null(&draft->uuid)) {
		scnprintf(why, size, "it has no uuid");
		return -EINVAL;
	}
	if (times->keepalive_ms >= times->dead_ms) {
		scnprintf(why, size,
			  "keepalive_ms, %u, must be less than dead_ms, %u",
			  times->keepalive_ms, times->dead_ms);
		return -EINVAL;
	}
	if (draft->nr_nodes > RAMSTER_MAX_NODES) {
		scnprintf(why, size, "it has more than %u nodes",
			  RAMSTER_MAX_NODES);
		return -E2BIG;
	}
	return 0;
}

static int check_node(const struct ramster_node_draft *node, char *why,
		      size_t size)
{
	if (node->num < 0)
		scnprintf(why, size, "node %s has no num", node->name);
	else if (node->addr.ss_family == AF_UNSPEC)
		scnprintf(why, size, "node %s (number %d) has no address",
			  node->name, node->num);
	else if (!node->port)
		scnprintf(why, size, "node %s (number %d) has no port",
			  node->name, node->num);
	else
		return 0;
	return -EINVAL;
}

static int check_pair(const struct ramster_node_draft *a,
		      const struct ramster_node_draft *b, char *why,
		      size_t size)
{
	if (a->num == b->num) {
		scnprintf(why, size, "nodes %s and %s have the same number %d",
			  a->name, b->name, a->num);
		return -ENOTUNIQ;
	}
	if (same_address(a, b)) {
		scnprintf(why, size,
			  "nodes %s (number %d) and %s (number %d) have the same address and port",
			  a->name, a->num, b->name, b->num);
		return -EADDRINUSE;
	}
	if (a->local && b->local) {
		scnprintf(why, size,
			  "nodes %s (number %d) and %s (number %d) are both local",
			  a->name, a->num, b->name, b->num);
		return -EINVAL;
	}
	return 0;
}

/**
 * ramster_draft_check() - can a cluster run as it is described?
 * @draft: the description; its numbers are in their ranges
 * @why: if not, the first thing that is wrong, in words
 * @size: of @why
 *
 * Return: 0; -EINVAL if something is missing or contradicts something else;
 * -ENOTUNIQ, -EADDRINUSE if two nodes have the same number or address; -E2BIG if
 * there are too many.
 */
int ramster_draft_check(const struct ramster_draft *draft, char *why,
			size_t size)
{
	const struct ramster_node_draft *nodes = draft->nodes;
	bool local = false;
	unsigned int i, j;
	int err;

	err = check_cluster(draft, why, size);
	for (i = 0; !err && i < draft->nr_nodes; i++) {
		err = check_node(&nodes[i], why, size);
		for (j = 0; !err && j < i; j++)
			err = check_pair(&nodes[j], &nodes[i], why, size);
		local |= nodes[i].local;
	}
	if (!err && !local) {
		scnprintf(why, size, "no node is local");
		err = -EINVAL;
	}
	return err;
}

static void node_fill(struct ramster_node *node,
		      const struct ramster_node_draft *draft)
{
	node->num = draft->num;
	node->addr = draft->addr;
	if (node->addr.ss_family == AF_INET)
		((struct sockaddr_in *)&node->addr)->sin_port =
			htons(draft->port);
	else
		((struct sockaddr_in6 *)&node->addr)->sin6_port =
			htons(draft->port);
}

/**
 * ramster_config_create() - a configuration from a description
 * @draft: as ramster_draft_check() has found it good; its name has to stay
 *
 * Return: the configuration, but for the compressor, or NULL.
 */
struct ramster_config *ramster_config_create(const struct ramster_draft *draft)
{
	struct ramster_config *config;
	struct ramster_node *nodes;
	unsigned int i;

	config = kzalloc(sizeof(*config), GFP_KERNEL);
	nodes = kcalloc(draft->nr_nodes, sizeof(*nodes), GFP_KERNEL);
	if (!config || !nodes) {
		kfree(config);
		kfree(nodes);
		return NULL;
	}
	config->cluster = draft->name;
	config->uuid = draft->uuid;
	config->slots = RAMSTER_SLOTS;
	config->times = draft->times;
	config->nr_nodes = draft->nr_nodes;
	config->nodes = nodes;
	for (i = 0; i < draft->nr_nodes; i++) {
		node_fill(&nodes[i], &draft->nodes[i]);
		if (draft->nodes[i].local)
			config->self = draft->nodes[i].num;
	}
	return config;
}

/**
 * ramster_config_free() - undo ramster_config_create()
 * @config: what it returned
 */
void ramster_config_free(struct ramster_config *config)
{
	if (!config)
		return;
	kfree(config->nodes);
	kfree(config);
}
