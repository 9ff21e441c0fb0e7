/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frontswap: what a cgroup has in the backend. See frontswap-memcg.c.
 */
#ifndef _MM_FRONTSWAP_MEMCG_H
#define _MM_FRONTSWAP_MEMCG_H

#include <linux/mm_types.h>
#include <linux/types.h>

struct folio;
struct obj_cgroup;

/* Which way a folio goes. */
enum frontswap_way {
	FRONTSWAP_OUT,		/* to the backend */
	FRONTSWAP_IN,		/* back */
	FRONTSWAP_WRITTEN,	/* from there to the device */
};

#ifdef CONFIG_FRONTSWAP_MEMCG
struct obj_cgroup *frontswap_owner_get(struct folio *folio);
void frontswap_owner_put(struct obj_cgroup *owner);
bool frontswap_may_store(struct obj_cgroup *owner);
bool frontswap_may_write(swp_entry_t entry);
void frontswap_account(struct folio *folio, enum frontswap_way way);
#else
static inline struct obj_cgroup *frontswap_owner_get(struct folio *folio)
{
	return NULL;
}

static inline void frontswap_owner_put(struct obj_cgroup *owner)
{
}

static inline bool frontswap_may_store(struct obj_cgroup *owner)
{
	return true;
}

static inline bool frontswap_may_write(swp_entry_t entry)
{
	return true;
}

static inline void frontswap_account(struct folio *folio,
				     enum frontswap_way way)
{
}
#endif

#endif /* _MM_FRONTSWAP_MEMCG_H */
