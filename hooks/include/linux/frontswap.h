/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frontswap: a backend that may keep swapped-out pages in front of the swap
 * device. See mm/frontswap.c for the rules.
 */
#ifndef _LINUX_FRONTSWAP_H
#define _LINUX_FRONTSWAP_H

#include <linux/err.h>
#include <linux/jump_label.h>
#include <linux/mm_types.h>
#include <linux/types.h>

struct folio;
struct module;
struct obj_cgroup;
struct page;

/**
 * struct frontswap_ops - what a backend does
 * @owner: pinned for as long as a swap area is attached
 * @init: a swap area of @nr_slots pages appears; may sleep. An errno leaves the
 *	area without backend
 * @exit: it goes; nothing is stored in it any more; may sleep
 * @store: keep a copy of @page, in place of any older one; runs in reclaim.
 *	What it takes is charged to @owner by frontswap_charge(), for as long as
 *	it is there; NULL: to nobody. On an errno an older copy may still be
 *	there: the caller invalidates it
 * @load: fill @page and keep the copy; may sleep
 * @invalidate: forget the copy; called in atomic context
 *
 * Calls for one slot never overlap: the owner of the slot's swap-cache folio,
 * or whoever frees the slot, is alone with it.
 */
struct frontswap_ops {
	struct module *owner;
	int (*init)(unsigned int type, unsigned long nr_slots);
	void (*exit)(unsigned int type);
	int (*store)(unsigned int type, unsigned long offset,
		     struct page *page, struct obj_cgroup *owner);
	int (*load)(unsigned int type, unsigned long offset,
		    struct page *page);
	void (*invalidate)(unsigned int type, unsigned long offset);
};

#ifdef CONFIG_FRONTSWAP_MEMCG
void frontswap_charge(struct obj_cgroup *owner, size_t bytes);
void frontswap_uncharge(struct obj_cgroup *owner, size_t bytes);
#else
static inline void frontswap_charge(struct obj_cgroup *owner, size_t bytes)
{
}

static inline void frontswap_uncharge(struct obj_cgroup *owner, size_t bytes)
{
}
#endif

#ifdef CONFIG_FRONTSWAP

DECLARE_STATIC_KEY_FALSE(frontswap_key);
DECLARE_STATIC_KEY_FALSE(frontswap_ever_key);

int frontswap_register(const struct frontswap_ops *ops);
int frontswap_unregister(const struct frontswap_ops *ops);
void frontswap_pause(const struct frontswap_ops *ops, bool pause);
unsigned long frontswap_nr_stored(void);
unsigned int frontswap_slots_left(void);
bool frontswap_next(unsigned int *type, unsigned long *offset);
void frontswap_hand_over(unsigned int type, unsigned long offset);
struct folio *frontswap_writeback(unsigned int type, unsigned long offset);
bool frontswap_written(struct folio *folio);

int frontswap_swapon(unsigned int type, unsigned long nr_slots);
void frontswap_swapoff(unsigned int type);
bool __frontswap_is_enabled(void);
bool __frontswap_in_memory(swp_entry_t entry);
bool __frontswap_is_zero(swp_entry_t entry);
bool __frontswap_spare(struct folio *folio);
bool __frontswap_store(struct folio *folio);
bool __frontswap_load(struct folio *folio);
void __frontswap_invalidate(unsigned int type, unsigned long offset,
			    unsigned int nr);
void __frontswap_invalidate_folio(struct folio *folio);

/* Large folios cannot be swapped in once slots may be in two places. */
static inline bool frontswap_never_enabled(void)
{
	return !static_branch_unlikely(&frontswap_ever_key);
}

/**
 * frontswap_is_enabled() - are swapped-out pages offered to a backend?
 *
 * Context: any.
 * Return: true if there is one, and it is not paused.
 */
static inline bool frontswap_is_enabled(void)
{
	return static_branch_unlikely(&frontswap_key) &&
	       __frontswap_is_enabled();
}

/**
 * frontswap_in_memory() - can a slot's page be had without the device?
 * @entry: the slot; its swap area must not go
 *
 * A hint, unless the caller owns the slot. Always false without a backend, as
 * nothing shall change then.
 *
 * Context: any.
 * Return: true if it can: because the backend has it, or as it is all zeros.
 */
static inline bool frontswap_in_memory(swp_entry_t entry)
{
	return static_branch_unlikely(&frontswap_key) &&
	       __frontswap_in_memory(entry);
}

/**
 * frontswap_is_zero() - is a slot's page known to be all zeros?
 * @entry: the slot; its swap area must not go
 *
 * It may have been changed since, if it is in the swap cache. Always false
 * without a backend.
 *
 * Context: any.
 * Return: true if it is.
 */
static inline bool frontswap_is_zero(swp_entry_t entry)
{
	return static_branch_unlikely(&frontswap_key) &&
	       __frontswap_is_zero(entry);
}

static inline bool frontswap_spare(struct folio *folio)
{
	return static_branch_unlikely(&frontswap_key) &&
	       __frontswap_spare(folio);
}

static inline bool frontswap_store(struct folio *folio)
{
	return static_branch_unlikely(&frontswap_key) &&
	       __frontswap_store(folio);
}

static inline bool frontswap_load(struct folio *folio)
{
	return static_branch_unlikely(&frontswap_key) &&
	       __frontswap_load(folio);
}

static inline void frontswap_invalidate(unsigned int type,
					unsigned long offset, unsigned int nr)
{
	if (static_branch_unlikely(&frontswap_key))
		__frontswap_invalidate(type, offset, nr);
}

static inline void frontswap_invalidate_folio(struct folio *folio)
{
	if (static_branch_unlikely(&frontswap_key))
		__frontswap_invalidate_folio(folio);
}

#else

static inline int frontswap_register(const struct frontswap_ops *ops)
{
	return -EOPNOTSUPP;
}

static inline int frontswap_unregister(const struct frontswap_ops *ops)
{
	return -EOPNOTSUPP;
}

static inline void frontswap_pause(const struct frontswap_ops *ops, bool pause)
{
}

static inline unsigned long frontswap_nr_stored(void)
{
	return 0;
}

static inline unsigned int frontswap_slots_left(void)
{
	return 100;
}

static inline bool frontswap_next(unsigned int *type, unsigned long *offset)
{
	return false;
}

static inline void frontswap_hand_over(unsigned int type, unsigned long offset)
{
}

static inline struct folio *frontswap_writeback(unsigned int type,
						unsigned long offset)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline bool frontswap_written(struct folio *folio)
{
	return true;
}

static inline bool frontswap_never_enabled(void)
{
	return true;
}

static inline int frontswap_swapon(unsigned int type, unsigned long nr_slots)
{
	return 0;
}

static inline void frontswap_swapoff(unsigned int type)
{
}

static inline bool frontswap_is_enabled(void)
{
	return false;
}

static inline bool frontswap_in_memory(swp_entry_t entry)
{
	return false;
}

static inline bool frontswap_is_zero(swp_entry_t entry)
{
	return false;
}

static inline bool frontswap_spare(struct folio *folio)
{
	return false;
}

static inline bool frontswap_store(struct folio *folio)
{
	return false;
}

static inline bool frontswap_load(struct folio *folio)
{
	return false;
}

static inline void frontswap_invalidate(unsigned int type,
					unsigned long offset, unsigned int nr)
{
}

static inline void frontswap_invalidate_folio(struct folio *folio)
{
}

#endif /* CONFIG_FRONTSWAP */
#endif /* _LINUX_FRONTSWAP_H */
