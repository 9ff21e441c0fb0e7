/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAMster: how a cluster is configured, and what can be seen of it.
 *
 *   node.c	/sys/kernel/config/ramster/: who belongs to it, and whether it runs
 *   sysfs.c	/sys/kernel/mm/ramster/: how it goes, and where pages go
 *   config.c	what may be said there; knows neither
 *
 * Whoever implements ramster_start() fits them together:
 *
 *   init	ramster_sysfs_init(), then ramster_node_init(): from there on,
 *		ramster_start() may be called
 *   start	ramster_sysfs_start(), when there is a cluster
 *   stop	ramster_sysfs_stop(), as long as there is one
 *   exit	ramster_node_exit(), then ramster_sysfs_exit(). There is no
 *		cluster any more: directories keep the module from going
 */
#ifndef _RAMSTER_NODE_H
#define _RAMSTER_NODE_H

#include <linux/socket.h>
#include <linux/types.h>
#include <linux/uuid.h>

#include "cluster.h"

#define RAMSTER_NAME_SIZE	64	/* of clusters and nodes, with the NUL */
#define RAMSTER_WHY_SIZE	256	/* two names, and what is wrong with them */

/**
 * struct ramster_range - what a number may be
 * @min: at least
 * @max: at the most
 */
struct ramster_range {
	unsigned int min;
	unsigned int max;
};

#define RAMSTER_NUM_RANGE	((struct ramster_range){ 0, RAMSTER_MAX_NODES - 1 })
#define RAMSTER_PORT_RANGE	((struct ramster_range){ 1, U16_MAX })
#define RAMSTER_SWITCH_RANGE	((struct ramster_range){ 0, 1 })
#define RAMSTER_CONNECT_RANGE	((struct ramster_range){ 100, 60000 })
#define RAMSTER_REQUEST_RANGE	((struct ramster_range){ 100, 60000 })
#define RAMSTER_KEEPALIVE_RANGE	((struct ramster_range){ 50, 60000 })
#define RAMSTER_DEAD_RANGE	((struct ramster_range){ 200, 600000 })

/**
 * struct ramster_node_draft - what has been said of a node so far
 * @name: what people call it
 * @num: its number, -1 if there is none yet
 * @port: where it listens, 0 if that is not known yet
 * @local: is it this machine?
 * @addr: its address, without the port; of family AF_UNSPEC if there is none yet
 */
struct ramster_node_draft {
	const char *name;
	int num;
	u16 port;
	bool local;
	struct sockaddr_storage addr;
};

/**
 * struct ramster_draft - what has been said of a cluster so far
 * @name: what people call it
 * @uuid: null if there is none yet
 * @times: see there
 * @nr_nodes: how many
 * @nodes: what has been said of them
 */
struct ramster_draft {
	const char *name;
	uuid_t uuid;
	struct ramster_times times;
	unsigned int nr_nodes;
	const struct ramster_node_draft *nodes;
};

/* config.c APIs: */
bool ramster_name_ok(const char *name);
int ramster_shown(const char *text);
int ramster_parse_number(const char *text, struct ramster_range range,
			 unsigned int *number);
int ramster_parse_uuid(const char *text, uuid_t *uuid);
int ramster_parse_address(const char *text, struct sockaddr_storage *addr);
int ramster_draft_check(const struct ramster_draft *draft, char *why,
			size_t size);
struct ramster_config *ramster_config_create(const struct ramster_draft *draft);
void ramster_config_free(struct ramster_config *config);

/* node.c APIs: */
const char *ramster_node_name(unsigned int num);
int ramster_node_init(void);
void ramster_node_exit(void);

/* sysfs.c APIs: */
int ramster_sysfs_start(struct ramster_cluster *cluster,
			const struct ramster_config *config);
void ramster_sysfs_stop(void);
int ramster_sysfs_init(void);
void ramster_sysfs_exit(void);

#endif /* _RAMSTER_NODE_H */
