/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frontswap: what its files share.
 *
 *   frontswap.c		stores, loads, swap areas and the backend
 *   frontswap-writeback.c	pages leave for their device
 *   frontswap-memcg.c		what a cgroup has in the backend
 */
#ifndef _MM_FRONTSWAP_INTERNAL_H
#define _MM_FRONTSWAP_INTERNAL_H

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

/* frontswap.c APIs: */
bool frontswap_is_stored(swp_entry_t entry);
int frontswap_move_to(struct folio *folio);

/* frontswap-memcg.c APIs: */
#ifdef CONFIG_FRONTSWAP_MEMCG
struct obj_cgroup *frontswap_owner_get(struct folio *folio);
bool frontswap_may_store(struct obj_cgroup *owner);
bool frontswap_may_write(swp_entry_t entry);
void frontswap_account(struct folio *folio, enum frontswap_way way);
#else
static inline struct obj_cgroup *frontswap_owner_get(struct folio *folio)
{
	return NULL;
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

#endif /* _MM_FRONTSWAP_INTERNAL_H */
