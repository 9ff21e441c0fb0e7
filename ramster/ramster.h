/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAMster: pages of zcache that are kept by other machines.
 *
 * What zcache sees of it. A page that is elsewhere has a pampd of its own, an
 * XArray value entry; whoever reads it waits for the network.
 */
#ifndef _RAMSTER_H
#define _RAMSTER_H

#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct page;
struct ramster_config;
struct zcache;
struct zcache_pool;

#define RAMSTER_TARGET_AUTO	-1

/**
 * struct ramster_knobs - what a user may turn at any time
 * @target: number of the node that pages go to, or RAMSTER_TARGET_AUTO
 * @pers_remotify: may swap pages go?
 * @eph_remotify: may file pages?
 *
 * READ_ONCE and WRITE_ONCE.
 */
struct ramster_knobs {
	int target;
	bool pers_remotify;
	bool eph_remotify;
};

/**
 * struct ramster_stuck - swap pages that cannot go where they belong
 * @own: our own, which are with others
 * @foreign: others', which are here
 */
struct ramster_stuck {
	unsigned long own;
	unsigned long foreign;
};

#ifdef CONFIG_RAMSTER

DECLARE_STATIC_KEY_FALSE(ramster_key);

extern struct ramster_knobs ramster_knobs;

int ramster_init(struct zcache *zc);
void ramster_exit(void);
int ramster_stay_out(void);
void ramster_stay_out_end(void);
int ramster_start(const struct ramster_config *config);
int ramster_stop(struct ramster_stuck *stuck);

void ramster_pin(void *pampd);
void ramster_free(void *pampd);
int ramster_get(struct zcache_pool *pool, void *pampd, struct page *page);

void __ramster_pressure(void);
void __ramster_make_room(void);
void __ramster_pool_gone(u32 id, bool persistent);
bool __ramster_takes_pages(void);
unsigned long __ramster_eph_frames(void);
unsigned int __ramster_evict(struct list_head *frames);

static inline bool ramster_is_remote(const void *pampd)
{
	return xa_is_value(pampd);
}

/* Memory is short here: others may have some. Context: any. */
static inline void ramster_pressure(void)
{
	if (static_branch_unlikely(&ramster_key))
		__ramster_pressure();
}

/*
 * A swap page is about to want a frame. If there is none, others may go out for
 * it; that takes a moment. Context: may sleep.
 */
static inline void ramster_make_room(void)
{
	if (static_branch_unlikely(&ramster_key))
		__ramster_make_room();
}

/*
 * A pool of this machine is gone, and no other has its number yet. Context: may
 * sleep.
 */
static inline void ramster_pool_gone(u32 id, bool persistent)
{
	if (static_branch_unlikely(&ramster_key))
		__ramster_pool_gone(id, persistent);
}

/* Do others take swap pages now? Context: any. */
static inline bool ramster_takes_pages(void)
{
	return static_branch_unlikely(&ramster_key) && __ramster_takes_pages();
}

/* Page frames with file pages of others. */
static inline unsigned long ramster_eph_frames(void)
{
	return static_branch_unlikely(&ramster_key) ? __ramster_eph_frames() : 0;
}

/* Empty the oldest of these, as zbud_evict() does. */
static inline unsigned int ramster_evict(struct list_head *frames)
{
	return static_branch_unlikely(&ramster_key) ? __ramster_evict(frames) : 0;
}

#else

static inline int ramster_init(struct zcache *zc)
{
	return 0;
}

static inline void ramster_exit(void)
{
}

static inline int ramster_stay_out(void)
{
	return 0;
}

static inline void ramster_stay_out_end(void)
{
}

static inline bool ramster_is_remote(const void *pampd)
{
	return false;
}

static inline void ramster_pin(void *pampd)
{
}

static inline void ramster_free(void *pampd)
{
}

static inline int ramster_get(struct zcache_pool *pool, void *pampd,
			      struct page *page)
{
	return -ENOENT;
}

static inline void ramster_pressure(void)
{
}

static inline void ramster_make_room(void)
{
}

static inline void ramster_pool_gone(u32 id, bool persistent)
{
}

static inline bool ramster_takes_pages(void)
{
	return false;
}

static inline unsigned long ramster_eph_frames(void)
{
	return 0;
}

static inline unsigned int ramster_evict(struct list_head *frames)
{
	return 0;
}

#endif /* CONFIG_RAMSTER */
#endif /* _RAMSTER_H */
