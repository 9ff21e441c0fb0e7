/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * zbud's groups of page frames, and how zpages lie in one.
 *
 * A group is one to four frames of 64 chunks of 64 bytes. Its header takes the
 * first two chunks of its first frame; all others hold zpages. A zpage takes
 * the tightest gap that it fits in, or else, as no gap is large enough, gaps
 * one after the other: each run of chunks begins with a link to the next. So a
 * zpage fits wherever there are enough free chunks, and what a group cannot use
 * is a few chunks for all of its frames, instead of up to half of each.
 * Nothing is ever moved.
 *
 * A zpage is a header, its name, its owner if it has one, and the compressed bytes.
 */
#ifndef _ZBUD_GROUP_H
#define _ZBUD_GROUP_H

#include <linux/bitmap.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/types.h>

#include "zbud.h"

#define ZBUD_NO_FRAME	U8_MAX

/**
 * struct zbud_run - a run of chunks; at the beginning of the first
 * @nr: how many
 * @next_frame: where the zpage goes on, or ZBUD_NO_FRAME
 * @next_start: the first chunk there
 *
 * Immutable as long as the zpage is there.
 */
struct zbud_run {
	u8 nr;
	u8 next_frame;
	u8 next_start;
};

/**
 * struct zbud_zpage - header of a zpage
 * @run: its first run
 * @oid_words: words of its object's name; those that are left out are zero
 * @owned: it has an owner
 * @tag: the host's
 * @size: compressed bytes
 * @refs: the tmem entry's reference and one for each pin
 * @pool_id: of its name
 * @data: the index, the words of the object's name, the owner if it has one, then
 *	the compressed bytes, of which all but the first run's lie elsewhere
 *
 * @refs is protected by the queue's lock, the rest is immutable.
 */
struct zbud_zpage {
	struct zbud_run run;
	u8 oid_words : 2;
	u8 owned : 1;
	u8 tag : 4;
	u16 size;
	u16 refs;
	u32 pool_id;
	u8 data[];
};

/**
 * struct zbud_group - header of a group, in the first chunks of its first frame
 * @room: in the queue's rooms[@nr_free]; in none if that is 0, or while evicted
 * @partial: in the queue's partial[@rank], or empty, as while evicted
 * @more: the other frames, NULL for one that is not there
 * @free: by frame, a bit for each chunk that is free; 0 without a frame
 * @heads: bit set for each chunk that a zpage begins at
 * @nr_zpages: how many there are
 * @nr_free: bits in @free
 * @nr_frames: frames that are there
 * @evicting: zbud_evict() has it; it will decide what becomes of the frames
 * @rank: enum zbud_rank, which of the queue's lists it is in; never goes down
 * @stamp: when a zpage of it was stored or read last, by the host's clock
 *
 * All is protected by the queue's lock; so is the lru of the first
 * frame's struct page, which is in the queue's lru[@rank], but for while it is evicted.
 * The private of each frame's struct page is the group; it is constant for as
 * long as there is a zpage in the frame.
 */
struct zbud_group {
	struct hlist_node room;
	struct list_head partial;
	void *more[ZBUD_FRAMES - 1];
	unsigned long free[ZBUD_FRAMES];
	DECLARE_BITMAP(heads, ZBUD_GROUP_CHUNKS);
	u8 nr_zpages;
	u8 nr_free;
	u8 nr_frames;
	bool evicting;
	u8 rank;
	u16 stamp;
};

#define ZBUD_HEADER_CHUNKS						\
	DIV_ROUND_UP(sizeof(struct zbud_group), ZBUD_CHUNK_SIZE)

static inline void *zbud_group_frame(struct zbud_group *group, unsigned int i)
{
	return i ? group->more[i - 1] : group;
}

static inline void *zbud_group_chunk(struct zbud_group *group,
				     unsigned int frame, unsigned int chunk)
{
	return zbud_group_frame(group, frame) + chunk * ZBUD_CHUNK_SIZE;
}

static inline struct zbud_group *zbud_zpage_group(const struct zbud_zpage *zpage)
{
	return (void *)page_private(virt_to_page(zpage));
}

/* Does it lie in more than one piece? */
static inline bool zbud_zpage_split(const struct zbud_zpage *zpage)
{
	return zpage->run.next_frame != ZBUD_NO_FRAME;
}

unsigned int zbud_head_size(unsigned int words, bool owned);
unsigned int zbud_zpage_chunks(const struct tmem_oid *oid,
			       const struct zbud_content *content);
struct zbud_zpage *zbud_group_lay(struct zbud_group *group,
				  const struct tmem_handle *handle,
				  const struct zbud_content *content);
void zbud_group_release(struct zbud_group *group, struct zbud_zpage *zpage);
void zbud_zpage_name(const struct zbud_zpage *zpage,
		     struct tmem_handle *handle);
void *zbud_zpage_owner(const struct zbud_zpage *zpage);
void zbud_zpage_write(struct zbud_zpage *zpage, const void *data);
const void *zbud_zpage_data(struct zbud_zpage *zpage, void *buf);

#endif /* _ZBUD_GROUP_H */
