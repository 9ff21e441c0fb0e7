// SPDX-License-Identifier: GPL-2.0-only
/* Tests of zbud: each of its rules by itself. */
#include "zbud_bench.h"

/* A zpage of this size takes @chunks chunks. */
static unsigned int size_of(unsigned int chunks)
{
	return chunks * ZBUD_CHUNK_SIZE - sizeof(struct tmem_handle);
}

static void *must_store(struct kunit *test, enum zbud_class class, u64 index,
			unsigned int chunks)
{
	void *pampd = bench_store(test->priv, class, index, size_of(chunks));

	KUNIT_ASSERT_NOT_NULL(test, pampd);
	return pampd;
}

static long frames(struct kunit *test)
{
	struct bench *b = test->priv;

	return atomic_long_read(&b->frames);
}

static const struct zbud_stats *stats(struct kunit *test, enum zbud_class class)
{
	struct bench *b = test->priv;

	zbud_stats(&b->zbud, class, &b->stats);
	return &b->stats;
}

static void round_trip(struct kunit *test)
{
	static const unsigned int sizes[] = {
		1, 23, 24, 25, 63, 64, 65, 88, 89, 500, 1000, 1365, 2047, 2048,
		3000, 3991,
	};
	struct bench *b = test->priv;
	unsigned int i, size, stored;
	void *pampd;

	KUNIT_EXPECT_EQ(test, zbud_max_size(), size_of(ZBUD_CHUNKS - 1));
	for (i = 0; i <= ARRAY_SIZE(sizes); i++) {
		size = i < ARRAY_SIZE(sizes) ? sizes[i] : zbud_max_size();
		pampd = bench_store(b, ZBUD_EPH, i, size);
		KUNIT_ASSERT_NOT_NULL(test, pampd);
		KUNIT_EXPECT_TRUE(test, zbud_is_zpage(pampd));
		KUNIT_EXPECT_FALSE(test, xa_is_value(pampd));
		KUNIT_EXPECT_TRUE_MSG(test, bench_intact(pampd, i), "size %u",
				      size);
		zbud_data(pampd, &stored);
		KUNIT_EXPECT_EQ(test, stored, size);
		KUNIT_EXPECT_TRUE(test, bench_drop(b, pampd));
	}
}

static void is_zpage(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, zbud_is_zpage(test));
	KUNIT_EXPECT_FALSE(test, zbud_is_zpage(xa_mk_value(0)));
	KUNIT_EXPECT_FALSE(test, zbud_is_zpage(xa_mk_value(2)));
	KUNIT_EXPECT_FALSE(test, zbud_is_zpage(xa_mk_value(LONG_MAX)));
}

static void largest_fills_frame(struct kunit *test)
{
	struct bench *b = test->priv;
	struct page *none = NULL;
	void *pampd = bench_store(b, ZBUD_EPH, 1, zbud_max_size());
	struct tmem_handle handle = {};

	KUNIT_EXPECT_NULL(test, zbud_alloc(&b->zbud, ZBUD_EPH, &handle, "x",
					   1, &none));
	KUNIT_EXPECT_TRUE(test, bench_drop(b, pampd));
}

/* Without room and without a frame there is no zpage. */
static void no_frame(struct kunit *test)
{
	struct bench *b = test->priv;
	struct tmem_handle handle = {};
	struct page *none = NULL;
	void *pampd, *data;

	data = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_EXPECT_NULL(test, zbud_alloc(&b->zbud, ZBUD_EPH, &handle, data,
					   1, &none));
	pampd = must_store(test, ZBUD_EPH, 1, 30);
	KUNIT_EXPECT_NULL(test, zbud_alloc(&b->zbud, ZBUD_EPH, &handle, data,
					   size_of(34), &none));
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->cumul_zpages, 1);
	bench_drop(b, pampd);
}

/* The caller keeps the frame if another one has room. */
static void frame_used_only_if_needed(struct kunit *test)
{
	struct bench *b = test->priv;
	void *a = must_store(test, ZBUD_EPH, 1, 30), *c, *d;

	KUNIT_EXPECT_EQ(test, frames(test), 1);
	c = must_store(test, ZBUD_EPH, 2, 33);
	KUNIT_EXPECT_EQ(test, frames(test), 1);
	KUNIT_EXPECT_PTR_EQ(test, bench_frame(a), bench_frame(c));
	d = must_store(test, ZBUD_EPH, 3, 1);
	KUNIT_EXPECT_EQ(test, frames(test), 2);
	KUNIT_EXPECT_FALSE(test, bench_drop(b, a));
	KUNIT_EXPECT_TRUE(test, bench_drop(b, c));
	KUNIT_EXPECT_TRUE(test, bench_drop(b, d));
}

/* Frames with gaps of 40, 20 and 30 chunks: each zpage goes where it must. */
static void best_frame(struct kunit *test)
{
	struct bench *b = test->priv;
	void *in[3], *fit[4];
	unsigned int i;

	in[0] = must_store(test, ZBUD_EPH, 0, 23);
	fit[0] = must_store(test, ZBUD_EPH, 3, 40);
	in[1] = must_store(test, ZBUD_EPH, 1, 43);
	fit[1] = must_store(test, ZBUD_EPH, 4, 20);
	in[2] = must_store(test, ZBUD_EPH, 2, 33);
	for (i = 0; i < 2; i++)
		bench_drop(b, fit[i]);
	KUNIT_ASSERT_EQ(test, frames(test), 3);

	fit[0] = must_store(test, ZBUD_EPH, 3, 20);
	fit[1] = must_store(test, ZBUD_EPH, 4, 21);
	fit[2] = must_store(test, ZBUD_EPH, 5, 10);
	fit[3] = must_store(test, ZBUD_EPH, 6, 9);
	KUNIT_EXPECT_PTR_EQ(test, bench_frame(fit[0]), bench_frame(in[1]));
	KUNIT_EXPECT_PTR_EQ(test, bench_frame(fit[1]), bench_frame(in[2]));
	KUNIT_EXPECT_PTR_EQ(test, bench_frame(fit[2]), bench_frame(in[0]));
	KUNIT_EXPECT_PTR_EQ(test, bench_frame(fit[3]), bench_frame(in[2]));
	for (i = 0; i < 3; i++)
		bench_drop(b, in[i]);
	for (i = 0; i < 4; i++)
		bench_drop(b, fit[i]);
}

/* Within a frame too: the tightest gap, and not the first one. */
static void best_gap(struct kunit *test)
{
	struct bench *b = test->priv;
	unsigned int i, size;
	const void *hole;
	void *zpage[5];

	/* 1..10, 11..18, 19..28, 29..32, 33..62; 63 is free */
	zpage[0] = must_store(test, ZBUD_EPH, 0, 10);
	zpage[1] = must_store(test, ZBUD_EPH, 1, 8);
	zpage[2] = must_store(test, ZBUD_EPH, 2, 10);
	zpage[3] = must_store(test, ZBUD_EPH, 3, 4);
	zpage[4] = must_store(test, ZBUD_EPH, 4, 30);
	KUNIT_ASSERT_EQ(test, frames(test), 1);

	hole = zbud_data(zpage[3], &size);
	bench_drop(b, zpage[1]);
	bench_drop(b, zpage[3]);
	zpage[3] = must_store(test, ZBUD_EPH, 3, 3);
	KUNIT_EXPECT_PTR_EQ(test, zbud_data(zpage[3], &size), hole);
	zpage[1] = must_store(test, ZBUD_EPH, 1, 5);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_TRUE(test, bench_intact(zpage[i], i));
	KUNIT_EXPECT_EQ(test, frames(test), 1);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, bench_drop(b, zpage[i]), i == 4);
}

static void seven_zpages(struct kunit *test)
{
	struct bench *b = test->priv;
	void *zpage[ZBUD_BUDDIES + 1];
	unsigned int i, order;

	for (order = 1; order < ZBUD_BUDDIES; order++) {
		for (i = 0; i <= ZBUD_BUDDIES; i++)
			zpage[i] = must_store(test, ZBUD_PERS, i, 2);
		KUNIT_EXPECT_EQ(test, frames(test), 2);
		KUNIT_EXPECT_TRUE(test, bench_drop(b, zpage[ZBUD_BUDDIES]));
		for (i = 0; i < ZBUD_BUDDIES; i++)
			KUNIT_EXPECT_TRUE(test, bench_intact(zpage[i], i));
		/* Seven is a prime: each is met once. */
		for (i = 0; i < ZBUD_BUDDIES; i++)
			KUNIT_EXPECT_EQ(test, i == ZBUD_BUDDIES - 1,
					bench_drop(b, zpage[i * order % ZBUD_BUDDIES]));
	}
}

static void classes_apart(struct kunit *test)
{
	struct bench *b = test->priv;
	void *eph = must_store(test, ZBUD_EPH, 1, 2);
	void *pers = must_store(test, ZBUD_PERS, 2, 2);

	KUNIT_EXPECT_PTR_NE(test, bench_frame(eph), bench_frame(pers));
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->zpages, 1);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_PERS)->zpages, 1);
	KUNIT_EXPECT_TRUE(test, bench_drop(b, eph));
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->pageframes, 0);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_PERS)->pageframes, 1);
	KUNIT_EXPECT_TRUE(test, bench_drop(b, pers));
}

static void counts(struct kunit *test)
{
	struct bench *b = test->priv;
	void *one = bench_store(b, ZBUD_EPH, 1, 65);
	void *two = bench_store(b, ZBUD_EPH, 2, 128);
	void *three = bench_store(b, ZBUD_EPH, 3, 3991);
	const struct zbud_stats *s = stats(test, ZBUD_EPH);

	KUNIT_EXPECT_EQ(test, s->zpages, 3);
	KUNIT_EXPECT_EQ(test, s->zbytes, 65 + 128 + 3991);
	KUNIT_EXPECT_EQ(test, s->pageframes, 2);
	KUNIT_EXPECT_EQ(test, s->buddied, 1);
	KUNIT_EXPECT_EQ(test, s->unbuddied, 1);
	KUNIT_EXPECT_EQ(test, s->histogram[2], 2);
	KUNIT_EXPECT_EQ(test, s->histogram[63], 1);

	bench_drop(b, one);
	stats(test, ZBUD_EPH);
	KUNIT_EXPECT_EQ(test, s->zbytes, 128 + 3991);
	KUNIT_EXPECT_EQ(test, s->buddied, 0);
	KUNIT_EXPECT_EQ(test, s->unbuddied, 2);
	KUNIT_EXPECT_EQ(test, s->histogram[2], 1);
	KUNIT_EXPECT_EQ(test, s->cumul_zpages, 3);
	KUNIT_EXPECT_EQ(test, s->cumul_zbytes, 65 + 128 + 3991);
	bench_drop(b, two);
	bench_drop(b, three);
}

static void pin_keeps(struct kunit *test)
{
	struct bench *b = test->priv;
	void *pampd = must_store(test, ZBUD_EPH, 1, 20);

	zbud_pin(&b->zbud, pampd);
	zbud_pin(&b->zbud, pampd);
	KUNIT_EXPECT_FALSE(test, bench_drop(b, pampd));
	KUNIT_EXPECT_FALSE(test, bench_drop(b, pampd));
	KUNIT_EXPECT_TRUE(test, bench_intact(pampd, 1));
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->zpages, 1);
	KUNIT_EXPECT_TRUE(test, bench_drop(b, pampd));
}

/**
 * struct eviction - an eviction, seen from where the zpages are named
 * @b: of the zpages
 * @owned: zpages without name, a bit for each index
 * @nr: how often it was asked to unlink one
 * @seen: which ones, a bit for each index
 * @meanwhile: something that happens then
 * @intact: all was as it should be
 */
struct eviction {
	struct bench *b;
	u64 owned;
	unsigned int nr;
	u64 seen;
	void (*meanwhile)(struct eviction *e, void *pampd);
	bool intact;
};

static bool unlink(void *arg, const struct tmem_handle *handle, void *pampd)
{
	const u64 bit = BIT_ULL(handle->index);
	struct eviction *e = arg;

	e->nr++;
	e->seen |= bit;
	if (!bench_intact(pampd, handle->index) ||
	    !bench_handle_right(handle))
		e->intact = false;
	if (e->meanwhile)
		e->meanwhile(e, pampd);
	if (e->owned & bit)
		return false;
	e->owned |= bit;
	return true;
}

static struct page *evict(struct kunit *test, struct eviction *e)
{
	struct bench *b = test->priv;

	e->b = b;
	e->nr = 0;
	e->seen = 0;
	e->intact = true;
	return zbud_evict(&b->zbud, ZBUD_EPH, unlink, e);
}

/* Was the frame of that zpage evicted? */
static bool take(struct kunit *test, struct page *frame, void *pampd)
{
	if (!frame)
		return false;
	bench_release(test->priv, frame);
	return frame == bench_frame(pampd);
}

static void evict_whole_frames_in_order(struct kunit *test)
{
	struct eviction e = {};
	void *zpage[6];
	unsigned int i;

	/* Frames of 0 and 1, 2 and 3, 4; then 5 touches the second again. */
	for (i = 0; i < 4; i++)
		zpage[i] = must_store(test, ZBUD_EPH, i, i & 1 ? 33 : 25);
	zpage[4] = must_store(test, ZBUD_EPH, 4, 60);
	zpage[5] = must_store(test, ZBUD_EPH, 5, 4);
	KUNIT_ASSERT_EQ(test, frames(test), 3);
	KUNIT_ASSERT_PTR_EQ(test, bench_frame(zpage[5]), bench_frame(zpage[2]));

	KUNIT_EXPECT_TRUE(test, take(test, evict(test, &e), zpage[0]));
	KUNIT_EXPECT_EQ(test, e.seen, 0x03);
	KUNIT_EXPECT_TRUE(test, take(test, evict(test, &e), zpage[4]));
	KUNIT_EXPECT_EQ(test, e.seen, 0x10);
	KUNIT_EXPECT_TRUE(test, take(test, evict(test, &e), zpage[2]));
	KUNIT_EXPECT_EQ(test, e.seen, 0x2c);
	KUNIT_EXPECT_TRUE(test, e.intact);
	KUNIT_EXPECT_NULL(test, evict(test, &e));
	KUNIT_EXPECT_EQ(test, e.nr, 0);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->evicted_pageframes, 3);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->evicted_zpages, 6);
}

static void evict_class(struct kunit *test)
{
	struct bench *b = test->priv;
	struct eviction e = {};
	void *pers = must_store(test, ZBUD_PERS, 1, 10);

	KUNIT_EXPECT_NULL(test, evict(test, &e));
	KUNIT_EXPECT_TRUE(test, bench_intact(pers, 1));
	KUNIT_EXPECT_TRUE(test, bench_drop(b, pers));
}

/* The frame stays with the zpage's owner, and the next one is tried. */
static void evict_not_what_is_owned(struct kunit *test)
{
	struct bench *b = test->priv;
	struct eviction e = { .owned = BIT_ULL(1) };
	void *zpage[3];
	unsigned int i;

	for (i = 0; i < 3; i++)
		zpage[i] = must_store(test, ZBUD_EPH, i, i < 2 ? 31 : 63);
	KUNIT_EXPECT_TRUE(test, take(test, evict(test, &e), zpage[2]));
	KUNIT_EXPECT_EQ(test, e.seen, 0x07);
	KUNIT_EXPECT_EQ(test, frames(test), 1);
	KUNIT_EXPECT_TRUE(test, bench_intact(zpage[1], 1));
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->zpages, 1);

	/* It gives up on what it cannot have. */
	KUNIT_EXPECT_NULL(test, evict(test, &e));
	KUNIT_EXPECT_EQ(test, e.seen, 0x02);
	KUNIT_EXPECT_TRUE(test, bench_intact(zpage[1], 1));

	/* What was freed of the frame can be used again. */
	zpage[0] = must_store(test, ZBUD_EPH, 0, 31);
	KUNIT_EXPECT_PTR_EQ(test, bench_frame(zpage[0]), bench_frame(zpage[1]));
	KUNIT_EXPECT_FALSE(test, bench_drop(b, zpage[0]));
	KUNIT_EXPECT_TRUE(test, bench_drop(b, zpage[1]));
}

static void owner_frees(struct eviction *e, void *pampd)
{
	/* The evictor has the frame, so the owner must not get it. */
	if (bench_drop(e->b, pampd))
		e->intact = false;
}

static void owner_frees_while_evicted(struct kunit *test)
{
	struct eviction e = { .owned = ~0ULL, .meanwhile = owner_frees };
	void *zpage = must_store(test, ZBUD_EPH, 0, 31);

	must_store(test, ZBUD_EPH, 1, 10);
	KUNIT_EXPECT_TRUE(test, take(test, evict(test, &e), zpage));
	KUNIT_EXPECT_TRUE(test, e.intact);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->evicted_zpages, 0);
}

static void store_meanwhile(struct eviction *e, void *pampd)
{
	struct tmem_handle handle = {};
	struct page *none = NULL;

	if (zbud_alloc(&e->b->zbud, ZBUD_EPH, &handle, "x", 1, &none))
		e->intact = false;
}

/* Nothing new gets into a frame that is about to go. */
static void no_room_while_evicted(struct kunit *test)
{
	struct eviction e = { .meanwhile = store_meanwhile };
	void *zpage[2];

	zpage[0] = must_store(test, ZBUD_EPH, 0, 10);
	zpage[1] = must_store(test, ZBUD_EPH, 1, 10);
	KUNIT_ASSERT_PTR_EQ(test, bench_frame(zpage[0]), bench_frame(zpage[1]));
	KUNIT_EXPECT_TRUE(test, take(test, evict(test, &e), zpage[0]));
	KUNIT_EXPECT_TRUE(test, e.intact);
}

static void evict_while_pinned(struct kunit *test)
{
	struct bench *b = test->priv;
	struct eviction e = {};
	void *zpage[2];

	zpage[0] = must_store(test, ZBUD_EPH, 0, 20);
	zpage[1] = must_store(test, ZBUD_EPH, 1, 20);
	zbud_pin(&b->zbud, zpage[1]);
	/* Zpage 1 is unlinked; the reader's reference is what is left. */
	e.owned = BIT_ULL(0);
	KUNIT_EXPECT_NULL(test, evict(test, &e));
	KUNIT_EXPECT_TRUE(test, bench_intact(zpage[1], 1));
	KUNIT_EXPECT_FALSE(test, bench_drop(b, zpage[0]));
	KUNIT_EXPECT_TRUE(test, bench_intact(zpage[1], 1));
	KUNIT_EXPECT_TRUE(test, bench_drop(b, zpage[1]));
}

static struct kunit_case zbud_cases[] = {
	KUNIT_CASE(round_trip),
	KUNIT_CASE(is_zpage),
	KUNIT_CASE(largest_fills_frame),
	KUNIT_CASE(no_frame),
	KUNIT_CASE(frame_used_only_if_needed),
	KUNIT_CASE(best_frame),
	KUNIT_CASE(best_gap),
	KUNIT_CASE(seven_zpages),
	KUNIT_CASE(classes_apart),
	KUNIT_CASE(counts),
	KUNIT_CASE(pin_keeps),
	KUNIT_CASE(evict_whole_frames_in_order),
	KUNIT_CASE(evict_class),
	KUNIT_CASE(evict_not_what_is_owned),
	KUNIT_CASE(owner_frees_while_evicted),
	KUNIT_CASE(no_room_while_evicted),
	KUNIT_CASE(evict_while_pinned),
	{}
};

static struct kunit_suite zbud_suite = {
	.name = "zcache_zbud",
	.init = bench_init,
	.exit = bench_exit,
	.test_cases = zbud_cases,
};

kunit_test_suite(zbud_suite);
