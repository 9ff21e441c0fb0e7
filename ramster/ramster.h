/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAMster: which pages go to other machines, and what is done for theirs, as
 * whoever configures it sees it.
 */
#ifndef _RAMSTER_H
#define _RAMSTER_H

#include <linux/types.h>

struct ramster_config;

#define RAMSTER_TARGET_AUTO	(-1)

/**
 * struct ramster_knobs - what can be changed at any time
 * @target: number of the node that pages go to, or RAMSTER_TARGET_AUTO; the node
 *	is a peer of the running cluster when it is set, and may be down
 * @pers_remotify: may swap pages go to other machines?
 * @eph_remotify: may file pages?
 *
 * To be read with READ_ONCE().
 */
struct ramster_knobs {
	int target;
	bool pers_remotify;
	bool eph_remotify;
};

extern struct ramster_knobs ramster_knobs;

int ramster_start(const struct ramster_config *config);
void ramster_stop(void);

#endif /* _RAMSTER_H */
