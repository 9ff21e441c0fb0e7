/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * zbud: an LRU buddy allocator for compressed pages.
 *
 * Compressed pages (zpages) of two classes, ephemeral and persistent, are
 * packed into page frames. A frame holds zpages of one class only, and is
 * reclaimed as a whole, least recently used first. zbud neither allocates nor
 * frees a frame: it is handed one, and hands it back when it is empty.
 */
#ifndef _ZBUD_H
#define _ZBUD_H

#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "tmem.h"

#define ZBUD_CHUNK_SHIFT	6
#define ZBUD_CHUNK_SIZE		BIT(ZBUD_CHUNK_SHIFT)
#define ZBUD_CHUNKS		(PAGE_SIZE >> ZBUD_CHUNK_SHIFT)
#define ZBUD_BUDDIES		7U	/* zpages in a frame, at the most */

enum zbud_class {
	ZBUD_EPH,
	ZBUD_PERS,
	ZBUD_CLASSES,
};

/**
 * struct zbud_stats - one class, counted
 * @zpages: zpages held now
 * @zbytes: their compressed bytes, overhead not included
 * @pageframes: frames held now
 * @unbuddied: of these, the frames with a single zpage
 * @buddied: of these, the frames with two and more
 * @cumul_zpages: zpages ever taken
 * @cumul_zbytes: their bytes
 * @evicted_pageframes: frames emptied by zbud_evict()
 * @evicted_zpages: zpages that went with them
 * @histogram: zpages held now by size in chunks, rounded up
 */
struct zbud_stats {
	unsigned long zpages;
	unsigned long zbytes;
	unsigned long pageframes;
	unsigned long unbuddied;
	unsigned long buddied;
	unsigned long cumul_zpages;
	unsigned long cumul_zbytes;
	unsigned long evicted_pageframes;
	unsigned long evicted_zpages;
	unsigned long histogram[ZBUD_CHUNKS + 1];
};

/**
 * struct zbud_queue - the frames of one class
 * @lock: protects all below and the headers of the frames; taken with
 *	interrupts off, innermost
 * @lru: frames, least recently used first
 * @rooms: frames by their largest free run in chunks; [0] is never used
 * @filled: bit set where @rooms has a frame
 * @stats: see there
 */
struct zbud_queue {
	spinlock_t lock;	/* all below, and the frames */
	struct list_head lru;
	struct list_head rooms[ZBUD_CHUNKS];
	DECLARE_BITMAP(filled, ZBUD_CHUNKS);
	struct zbud_stats stats;
};

/**
 * struct zbud - an allocator
 * @queues: one for each class
 */
struct zbud {
	struct zbud_queue queues[ZBUD_CLASSES];
};

/**
 * typedef zbud_unlink_t - take a zpage out of whatever names it
 * @arg: as given to zbud_evict()
 * @handle: the name the zpage was stored with
 * @pampd: the zpage
 *
 * Return: true if the entry was there and is not any more: zbud then drops
 * the reference that the entry held. False if another owner came first.
 */
typedef bool (*zbud_unlink_t)(void *arg, const struct tmem_handle *handle,
			      void *pampd);

void zbud_init(struct zbud *zbud);
unsigned int zbud_max_size(void);
void *zbud_alloc(struct zbud *zbud, enum zbud_class class,
		 const struct tmem_handle *handle, const void *data,
		 unsigned int size, struct page **frame);
void zbud_pin(struct zbud *zbud, void *pampd);
struct page *zbud_free(struct zbud *zbud, void *pampd);
const void *zbud_data(const void *pampd, unsigned int *size);
bool zbud_is_zpage(const void *pampd);
struct page *zbud_evict(struct zbud *zbud, enum zbud_class class,
			zbud_unlink_t unlink, void *arg);
void zbud_stats(struct zbud *zbud, enum zbud_class class,
		struct zbud_stats *stats);

#endif /* _ZBUD_H */
