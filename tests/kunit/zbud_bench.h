/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A zbud allocator, and page frames for it that are counted.
 *
 * The bytes of a zpage follow from its index, which is in its handle, and from
 * its size.
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
 * @zbud: the allocator under test
 * @frames: page frames that were handed in and have not come back
 * @stats: a copy for whoever looks at them; too large for the stack
 */
struct bench {
	struct zbud zbud;
	atomic_long_t frames;
	struct zbud_stats stats;
};

static inline u8 bench_byte(u64 index, unsigned int size, unsigned int i)
{
	return index * 37 + size * 5 + i * 11 + (i >> 8);
}

static inline struct tmem_handle bench_handle(u64 index)
{
	return (struct tmem_handle) {
		.oid.w = { index, 1, ~index },
		.index = index,
		.pool_id = BENCH_POOL_ID,
	};
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

/* Store a zpage, and bring a frame in case it is needed. */
static inline void *bench_store(struct bench *b, enum zbud_class class,
				u64 index, unsigned int size)
{
	struct page *frame = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	u8 *data = kmalloc(size, GFP_KERNEL | __GFP_NOFAIL);
	struct tmem_handle handle = bench_handle(index);
	unsigned int i;
	void *pampd;

	for (i = 0; i < size; i++)
		data[i] = bench_byte(index, size, i);
	memset(page_address(frame), 0x6b, PAGE_SIZE);
	atomic_long_inc(&b->frames);
	pampd = zbud_alloc(&b->zbud, class, &handle, data, size, &frame);
	if (frame)
		bench_release(b, frame);
	kfree(data);
	return pampd;
}

/* Is the zpage still as it was stored? */
static inline bool bench_intact(const void *pampd, u64 index)
{
	unsigned int i, size;
	const u8 *data = zbud_data(pampd, &size);

	if (!size || size > zbud_max_size())
		return false;
	for (i = 0; i < size; i++)
		if (data[i] != bench_byte(index, size, i))
			return false;
	return true;
}

/* Drop a reference; true if the frame came back. */
static inline bool bench_drop(struct bench *b, void *pampd)
{
	struct page *frame = zbud_free(&b->zbud, pampd);

	if (frame)
		bench_release(b, frame);
	return frame;
}

/* The page frame that a zpage is in: that much is known of a pampd. */
static inline struct page *bench_frame(const void *pampd)
{
	return virt_to_page((void *)((unsigned long)pampd & PAGE_MASK));
}

static inline int bench_init(struct kunit *test)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	if (!b)
		return -ENOMEM;
	zbud_init(&b->zbud);
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
		zbud_stats(&b->zbud, class, &b->stats);
		KUNIT_EXPECT_EQ(test, s->zpages, 0);
		KUNIT_EXPECT_EQ(test, s->zbytes, 0);
		KUNIT_EXPECT_EQ(test, s->pageframes, 0);
		KUNIT_EXPECT_EQ(test, s->unbuddied, 0);
		KUNIT_EXPECT_EQ(test, s->buddied, 0);
		for (i = 0; i < ARRAY_SIZE(s->histogram); i++)
			KUNIT_EXPECT_EQ(test, s->histogram[i], 0);
	}
}

#endif /* _ZCACHE_ZBUD_BENCH_H */
