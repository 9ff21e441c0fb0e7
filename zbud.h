/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * zbud: an LRU buddy allocator for compressed pages.
 *
 * Compressed pages (zpages) are packed into small groups of page frames. Each group
 * is in one of the host's queues, and is reclaimed as a whole, least recently used
 * first. zbud neither allocates nor frees a frame: it is handed one, and hands it
 * back when it is empty.
 *
 * Of a frame's struct page, zbud uses lru and private; the rest is the host's, so it
 * may note there in which queue a zpage is.
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
#define ZBUD_FRAMES		4U	/* in a group, at the most */
#define ZBUD_GROUP_CHUNKS	(ZBUD_FRAMES * ZBUD_CHUNKS)

enum zbud_class {
	ZBUD_EPH,
	ZBUD_PERS,
	ZBUD_CLASSES,
};

/**
 * enum zbud_rank - what is known of the zpages of a group
 * @ZBUD_ON_TRIAL: nobody has wanted one of them yet
 * @ZBUD_PROVED: somebody has, or the host says that they are wanted
 * @ZBUD_RANKS: how many there are
 */
enum zbud_rank {
	ZBUD_ON_TRIAL,
	ZBUD_PROVED,
	ZBUD_RANKS,
};

/**
 * struct zbud_stats - one queue, counted
 * @zpages: zpages held now
 * @zbytes: their compressed bytes, overhead not included
 * @split: of these zpages, those that lie in more than one piece
 * @pageframes: frames held now
 * @groups: groups that these are in
 * @cumul_zpages: zpages ever taken
 * @cumul_zbytes: their bytes
 * @evicted_pageframes: frames emptied by zbud_evict()
 * @evicted_zpages: zpages that it dropped
 * @histogram: zpages held now by size in chunks, rounded up
 */
struct zbud_stats {
	unsigned long zpages;
	unsigned long zbytes;
	unsigned long split;
	unsigned long pageframes;
	unsigned long groups;
	unsigned long cumul_zpages;
	unsigned long cumul_zbytes;
	unsigned long evicted_pageframes;
	unsigned long evicted_zpages;
	unsigned long histogram[ZBUD_CHUNKS + 1];
};

/**
 * struct zbud_queue - groups, and what may be reclaimed by itself
 * @lock: protects all below and the headers of groups and zpages; taken with
 *	interrupts off, innermost
 * @lru: groups by rank, least recently used first
 * @partial: groups with less than ZBUD_FRAMES frames, by rank
 * @rooms: groups by their free chunks; [0] is never used
 * @filled: bit set where @rooms has a group
 * @stats: see there
 * @now: the host's clock, in whatever unit; a group that is used is stamped with it.
 *	Any time, READ_ONCE; immutable
 */
struct zbud_queue {
	spinlock_t lock;	/* all below, and the groups */
	struct list_head lru[ZBUD_RANKS];
	struct list_head partial[ZBUD_RANKS];
	struct hlist_head rooms[ZBUD_GROUP_CHUNKS];
	DECLARE_BITMAP(filled, ZBUD_GROUP_CHUNKS);
	struct zbud_stats stats;
	const u16 *now;
};

#define ZBUD_MAX_TAG	15

/**
 * struct zbud_content - what is in a zpage
 * @data: the compressed bytes
 * @size: how many; 1 to zbud_max_size()
 * @tag: whatever the host wants to know of them, 0 to ZBUD_MAX_TAG
 * @owner: whose they are, for the host, or NULL, which takes no room. Not in a
 *	queue that is evicted: there the host does not get to know of the end
 * @on_trial: nobody has wanted them yet
 */
struct zbud_content {
	const void *data;
	unsigned int size;
	u8 tag;
	void *owner;
	bool on_trial;
};

/**
 * struct zbud_name - a zpage as somebody has seen it
 * @pampd: the zpage; it may be freed at any time, so it is only compared
 * @handle: the name it was stored with
 */
struct zbud_name {
	void *pampd;
	struct tmem_handle handle;
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

void zbud_queue_init(struct zbud_queue *queue, const u16 *now);
unsigned int zbud_max_size(void);
void *zbud_alloc(struct zbud_queue *queue, const struct tmem_handle *handle,
		 const struct zbud_content *content, struct page **frame);
void zbud_pin(struct zbud_queue *queue, void *pampd);
bool zbud_free(struct zbud_queue *queue, void *pampd, struct list_head *frames);
unsigned int zbud_size(const void *pampd);
unsigned int zbud_tag(const void *pampd);
void *zbud_owner(const void *pampd);
const void *zbud_data(const void *pampd, void *buf);
bool zbud_is_zpage(const void *pampd);
unsigned int zbud_evict(struct zbud_queue *queue, enum zbud_rank rank,
			zbud_unlink_t unlink, void *arg,
			struct list_head *frames);
unsigned int zbud_oldest_names(struct zbud_queue *queue,
			       struct zbud_name *names, unsigned int max);
unsigned int zbud_room(const struct zbud_queue *queue);
bool zbud_oldest(struct zbud_queue *queue, enum zbud_rank rank, u16 *stamp);
void zbud_stats(struct zbud_queue *queue, struct zbud_stats *stats);

#endif /* _ZBUD_H */
