/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two queues of zbud, and page frames for them that are counted. A frame's index says
 * in which it is.
 *
 * The bytes of a zpage follow from its index, which is in its handle, and from
 * its size; so does the length of its name.
 */
#ifndef _ZCACHE_ZBUD_BENCH_H
#define _ZCACHE_ZBUD_BENCH_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "../../zbud.h"
#include "test_util.h"

#define BENCH_POOL_ID	9

/**
 * struct bench - what a test works on
 * @queues: the queues under test
 * @now: their clock
 * @on_trial: is what is stored from now on?
 * @frames: page frames that were handed in and have not come back
 * @stats: a copy for whoever looks at them; too large for the stack
 */
struct bench {
	struct zbud_queue queues[ZBUD_CLASSES];
	u16 now;
	bool on_trial;
	atomic_long_t frames;
	struct zbud_stats stats;
};

static inline u8 bench_byte(u64 index, unsigned int size, unsigned int i)
{
	return index * 37 + size * 5 + i * 11 + (i >> 8);
}

static inline unsigned int bench_oid_words(u64 index)
{
	return 1 + index % TMEM_OID_WORDS;
}

static inline unsigned int bench_tag(u64 index)
{
	return index * 7 % (ZBUD_MAX_TAG + 1);
}

/* One in four has one; so has one with the longest name. */
static inline void *bench_owner(u64 index)
{
	return index % 4 == 2 ? (void *)(~index << 3) : NULL;
}

static inline struct tmem_handle bench_handle(u64 index)
{
	const struct tmem_oid oid = { .w = { index, 1 + index, ~index } };
	struct tmem_handle handle = {
		.index = index,
		.pool_id = BENCH_POOL_ID,
	};

	memcpy(handle.oid.w, oid.w, bench_oid_words(index) * sizeof(u64));
	if (bench_oid_words(index) == 1)
		handle.oid.w[0] = 1;
	return handle;
}

/* Bytes that a zpage has before the compressed ones. */
static inline unsigned int bench_head(u64 index)
{
	return 12 + sizeof(u64) + bench_oid_words(index) * sizeof(u64) +
	       (bench_owner(index) ? sizeof(void *) : 0);
}

static inline bool bench_handle_right(const struct tmem_handle *handle)
{
	const struct tmem_handle right = bench_handle(handle->index);

	return handle->pool_id == right.pool_id &&
	       !memcmp(&handle->oid, &right.oid, sizeof(right.oid));
}

static inline void bench_release(struct bench *b, struct page *frame)
{
	memset(page_address(frame), 0x5a, PAGE_SIZE);
	__free_page(frame);
	atomic_long_dec(&b->frames);
}

/* Store a zpage, in @frame if one is needed; it is given back if not. */
static inline void *bench_store_in(struct bench *b, enum zbud_class class,
				   u64 index, unsigned int size,
				   struct page *frame)
{
	u8 *data = kmalloc(size, GFP_KERNEL | __GFP_NOFAIL);
	struct tmem_handle handle = bench_handle(index);
	struct zbud_content content = {
		.data = data,
		.size = size,
		.tag = bench_tag(index),
		.owner = bench_owner(index),
		.on_trial = b->on_trial,
	};
	unsigned int i;
	void *pampd;

	for (i = 0; i < size; i++)
		data[i] = bench_byte(index, size, i);
	if (frame) {
		memset(page_address(frame), 0x6b, PAGE_SIZE);
		frame->index = class;
		atomic_long_inc(&b->frames);
	}
	pampd = zbud_alloc(&b->queues[class], &handle, &content, &frame);
	if (frame)
		bench_release(b, frame);
	kfree(data);
	return pampd;
}

static inline void *bench_store(struct bench *b, enum zbud_class class,
				u64 index, unsigned int size)
{
	return bench_store_in(b, class, index, size,
			      alloc_page(GFP_KERNEL | __GFP_NOFAIL));
}

/* Is the zpage still as it was stored? */
static inline bool bench_intact(const void *pampd, u64 index)
{
	u8 *buf = kmalloc(PAGE_SIZE, GFP_KERNEL | __GFP_NOFAIL);
	unsigned int i = 0, size = zbud_size(pampd);
	const u8 *data;

	if (size && size <= zbud_max_size()) {
		data = zbud_data(pampd, buf);
		while (i < size && data[i] == bench_byte(index, size, i))
			i++;
	}
	kfree(buf);
	return i && i == size && zbud_tag(pampd) == bench_tag(index) &&
	       zbud_owner(pampd) == bench_owner(index);
}

/* Take back a list of frames: how many? */
static inline unsigned int bench_take_back(struct bench *b,
					   struct list_head *frames)
{
	struct page *page, *next;
	unsigned int nr = 0;

	list_for_each_entry_safe(page, next, frames, lru) {
		list_del(&page->lru);
		bench_release(b, page);
		nr++;
	}
	return nr;
}

/* The page frame that a zpage begins in: that much is known of a pampd. */
static inline struct page *bench_frame(const void *pampd)
{
	return virt_to_page((void *)((unsigned long)pampd & PAGE_MASK));
}

/* The queue that a zpage is in. */
static inline struct zbud_queue *bench_queue(struct bench *b, const void *pampd)
{
	return &b->queues[bench_frame(pampd)->index];
}

/* Drop a reference, perhaps the last: how many frames came back? */
static inline unsigned int bench_drop_one(struct bench *b, void *pampd,
					  bool *last)
{
	LIST_HEAD(frames);

	*last = zbud_free(bench_queue(b, pampd), pampd, &frames);
	return bench_take_back(b, &frames);
}

static inline unsigned int bench_drop(struct bench *b, void *pampd)
{
	bool last;

	return bench_drop_one(b, pampd, &last);
}

static inline int bench_init(struct kunit *test)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	unsigned int class;

	if (!b)
		return -ENOMEM;
	for (class = 0; class < ZBUD_CLASSES; class++)
		zbud_queue_init(&b->queues[class], &b->now);
	test->priv = b;
	return 0;
}

/* Whatever a test does, all frames are back and nothing is counted any more. */
static inline void bench_exit(struct kunit *test)
{
	struct bench *b = test->priv;
	const struct zbud_stats *s = &b->stats;
	unsigned int class, i;

	KUNIT_EXPECT_EQ(test, atomic_long_read(&b->frames), 0);
	for (class = 0; class < ZBUD_CLASSES; class++) {
		zbud_stats(&b->queues[class], &b->stats);
		KUNIT_EXPECT_EQ(test, s->zpages, 0);
		KUNIT_EXPECT_EQ(test, s->zbytes, 0);
		KUNIT_EXPECT_EQ(test, s->pageframes, 0);
		KUNIT_EXPECT_EQ(test, s->groups, 0);
		KUNIT_EXPECT_EQ(test, s->split, 0);
		for (i = 0; i < ARRAY_SIZE(s->histogram); i++)
			KUNIT_EXPECT_EQ(test, s->histogram[i], 0);
	}
}

#endif /* _ZCACHE_ZBUD_BENCH_H */
