// SPDX-License-Identifier: GPL-2.0-only
/* Tests of zbud: each of its rules by itself. */
#include "zbud_bench.h"

#define HEADER_CHUNKS	2
#define NR_DENSITY	3000

/* A zpage of this size takes @chunks chunks. */
static unsigned int size_of(u64 index, unsigned int chunks)
{
	unsigned int size = chunks * ZBUD_CHUNK_SIZE - bench_head(index);

	return min(size, zbud_max_size());
}

static void *must_store(struct kunit *test, enum zbud_class class, u64 index,
			unsigned int chunks)
{
	void *pampd = bench_store(test->priv, class, index,
				  size_of(index, chunks));

	KUNIT_ASSERT_NOT_NULL(test, pampd);
	return pampd;
}

/* Without a frame to help. */
static void *store_in_gaps(struct kunit *test, u64 index, unsigned int size)
{
	return bench_store_in(test->priv, ZBUD_EPH, index, size, NULL);
}

static long frames(struct kunit *test)
{
	struct bench *b = test->priv;

	return atomic_long_read(&b->frames);
}

static const struct zbud_stats *stats(struct kunit *test, enum zbud_class class)
{
	struct bench *b = test->priv;

	zbud_stats(&b->queues[class], &b->stats);
	return &b->stats;
}

/*
 * A group without a free chunk: a zpage that fills the first frame, and a large
 * and a small one in each of the others.
 */
#define FULL_GROUP	7
#define LARGE		40
#define SMALL		(ZBUD_CHUNKS - LARGE)

static void fill_group(struct kunit *test, u64 index, void **zpage)
{
	long before = frames(test);
	unsigned int i;

	zpage[0] = must_store(test, ZBUD_EPH, index,
			      ZBUD_CHUNKS - HEADER_CHUNKS);
	for (i = 1; i < FULL_GROUP; i++)
		zpage[i] = must_store(test, ZBUD_EPH, index + i,
				      i & 1 ? LARGE : SMALL);
	KUNIT_ASSERT_EQ(test, frames(test), before + ZBUD_FRAMES);
}

static unsigned int drop_all(struct kunit *test, void **zpage, unsigned int nr)
{
	unsigned int i, back = 0;

	for (i = 0; i < nr; i++)
		if (zpage[i])
			back += bench_drop(test->priv, zpage[i]);
	return back;
}

static void round_trip(struct kunit *test)
{
	static const unsigned int sizes[] = {
		1, 19, 20, 21, 35, 36, 37, 63, 64, 65, 500, 1000, 1365, 2047,
		2048, 3000, 3911,
	};
	struct bench *b = test->priv;
	unsigned int i, size;
	void *pampd;

	KUNIT_EXPECT_EQ(test, zbud_max_size(),
			size_of(2, ZBUD_CHUNKS - HEADER_CHUNKS));
	for (i = 0; i <= ARRAY_SIZE(sizes); i++) {
		size = i < ARRAY_SIZE(sizes) ? sizes[i] : zbud_max_size();
		pampd = bench_store(b, ZBUD_EPH, i, size);
		KUNIT_ASSERT_NOT_NULL(test, pampd);
		KUNIT_EXPECT_TRUE(test, zbud_is_zpage(pampd));
		KUNIT_EXPECT_FALSE(test, xa_is_value(pampd));
		KUNIT_EXPECT_TRUE_MSG(test, bench_intact(pampd, i), "size %u",
				      size);
		KUNIT_EXPECT_EQ(test, zbud_size(pampd), size);
		KUNIT_EXPECT_EQ(test, bench_drop(b, pampd), 1);
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
	void *pampd = bench_store(b, ZBUD_EPH, 2, zbud_max_size());

	KUNIT_ASSERT_NOT_NULL(test, pampd);
	KUNIT_EXPECT_NULL(test, store_in_gaps(test, 0, 1));
	KUNIT_EXPECT_EQ(test, bench_drop(b, pampd), 1);
}

/* Without room and without a frame there is no zpage. */
static void no_frame(struct kunit *test)
{
	void *pampd;

	KUNIT_EXPECT_NULL(test, store_in_gaps(test, 0, 1));
	pampd = must_store(test, ZBUD_EPH, 1, 30);
	KUNIT_EXPECT_NULL(test, store_in_gaps(test, 0, size_of(0, 33)));
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->cumul_zpages, 1);
	bench_drop(test->priv, pampd);
}

/* The caller keeps the frame if a group has room. */
static void frame_used_only_if_needed(struct kunit *test)
{
	struct bench *b = test->priv;
	void *a = must_store(test, ZBUD_EPH, 1, 30), *c, *d;

	KUNIT_EXPECT_EQ(test, frames(test), 1);
	c = must_store(test, ZBUD_EPH, 2, 32);
	KUNIT_EXPECT_EQ(test, frames(test), 1);
	d = must_store(test, ZBUD_EPH, 3, 1);
	KUNIT_EXPECT_EQ(test, frames(test), 2);
	KUNIT_EXPECT_EQ(test, bench_drop(b, a), 0);
	/* The first frame has the header, and goes last. */
	KUNIT_EXPECT_EQ(test, bench_drop(b, c), 0);
	KUNIT_EXPECT_EQ(test, bench_drop(b, d), 2);
}

/* What is said to be room is so, for a name of one word, in one piece. */
static void room_is_told(struct kunit *test)
{
	struct bench *b = test->priv;
	void *a, *c;

	KUNIT_EXPECT_EQ(test, zbud_room(&b->queues[ZBUD_EPH]), 0);
	a = must_store(test, ZBUD_EPH, 3, 30);
	KUNIT_EXPECT_EQ(test, zbud_room(&b->queues[ZBUD_EPH]), size_of(3, 32));
	KUNIT_EXPECT_EQ(test, zbud_room(&b->queues[ZBUD_PERS]), 0);
	c = store_in_gaps(test, 3, zbud_room(&b->queues[ZBUD_EPH]));
	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_EXPECT_EQ(test, zbud_room(&b->queues[ZBUD_EPH]), 0);
	bench_drop(b, a);
	KUNIT_EXPECT_EQ(test, zbud_room(&b->queues[ZBUD_EPH]), size_of(3, 30));
	bench_drop(b, c);
	KUNIT_EXPECT_EQ(test, zbud_room(&b->queues[ZBUD_EPH]), 0);
}

/* All frames of a group but the first come and go by themselves. */
static void frames_come_and_go(struct kunit *test)
{
	struct bench *b = test->priv;
	void *zpage[FULL_GROUP], *other;
	unsigned int i;

	fill_group(test, 0, zpage);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->groups, 1);
	KUNIT_EXPECT_EQ(test, bench_drop(b, zpage[3]), 0);
	KUNIT_EXPECT_EQ(test, bench_drop(b, zpage[4]), 1);

	/* The next frame goes where one is missing. */
	zpage[3] = must_store(test, ZBUD_EPH, 3, LARGE);
	KUNIT_EXPECT_EQ(test, frames(test), ZBUD_FRAMES);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->groups, 1);
	zpage[4] = must_store(test, ZBUD_EPH, 4, SMALL);

	/* Where none is, there is another group. */
	other = must_store(test, ZBUD_EPH, 9, 1);
	KUNIT_EXPECT_EQ(test, frames(test), ZBUD_FRAMES + 1);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->groups, 2);
	KUNIT_EXPECT_EQ(test, bench_drop(b, other), 1);
	for (i = 0; i < FULL_GROUP; i++)
		KUNIT_EXPECT_TRUE(test, bench_intact(zpage[i], i));
	KUNIT_EXPECT_EQ(test, drop_all(test, zpage, FULL_GROUP), ZBUD_FRAMES);
}

/* Of groups with 40 and with 24 free chunks, the one with less if it does. */
static void best_group(struct kunit *test)
{
	void *zpage[2][FULL_GROUP], *gap[2], *fit[3];
	struct bench *b = test->priv;
	unsigned int i;

	for (i = 0; i < 2; i++)
		fill_group(test, 10 * i, zpage[i]);
	gap[0] = zpage[0][1];
	gap[1] = zpage[1][4];
	zpage[0][1] = NULL;
	zpage[1][4] = NULL;
	for (i = 0; i < 2; i++)
		bench_drop(b, gap[i]);

	fit[0] = must_store(test, ZBUD_EPH, 30, SMALL - 4);
	fit[1] = must_store(test, ZBUD_EPH, 31, 5);
	fit[2] = must_store(test, ZBUD_EPH, 32, 4);
	KUNIT_EXPECT_PTR_EQ(test, fit[0], gap[1]);
	KUNIT_EXPECT_PTR_EQ(test, fit[1], gap[0]);
	KUNIT_EXPECT_PTR_EQ(test, bench_frame(fit[2]), bench_frame(gap[1]));
	KUNIT_EXPECT_EQ(test, frames(test), 2 * ZBUD_FRAMES);
	drop_all(test, fit, 3);
	drop_all(test, zpage[0], FULL_GROUP);
	drop_all(test, zpage[1], FULL_GROUP);
}

/* Within a group too: the tightest gap, and not the first one. */
static void best_gap(struct kunit *test)
{
	void *zpage[FULL_GROUP], *gap[2], *fit[2];
	struct bench *b = test->priv;
	unsigned int i;

	fill_group(test, 0, zpage);
	gap[0] = zpage[1];
	gap[1] = zpage[4];
	bench_drop(b, zpage[1]);
	bench_drop(b, zpage[4]);
	fit[0] = store_in_gaps(test, 11, size_of(11, SMALL - 3));
	fit[1] = store_in_gaps(test, 14, size_of(14, SMALL));
	KUNIT_EXPECT_PTR_EQ(test, fit[0], gap[1]);
	KUNIT_EXPECT_PTR_EQ(test, fit[1], gap[0]);
	zpage[1] = NULL;
	zpage[4] = NULL;
	for (i = 0; i < FULL_GROUP; i++)
		KUNIT_EXPECT_TRUE(test, !zpage[i] || bench_intact(zpage[i], i));
	KUNIT_EXPECT_TRUE(test, bench_intact(fit[0], 11));
	KUNIT_EXPECT_TRUE(test, bench_intact(fit[1], 14));
	drop_all(test, fit, 2);
	drop_all(test, zpage, FULL_GROUP);
}

/* Three gaps that are too small each, and what their links leave of them. */
static void split(struct kunit *test)
{
	static const unsigned int links = 2 * 3;
	void *zpage[FULL_GROUP], *whole;
	struct bench *b = test->priv;
	unsigned int i;

	fill_group(test, 0, zpage);
	for (i = 2; i < FULL_GROUP; i += 2) {
		bench_drop(b, zpage[i]);
		zpage[i] = NULL;
	}
	KUNIT_ASSERT_EQ(test, frames(test), ZBUD_FRAMES);

	/* One gap is made smaller, so that the largest zpage would just fit. */
	zpage[2] = must_store(test, ZBUD_EPH, 2, 10);
	KUNIT_EXPECT_NULL(test, store_in_gaps(test, 26, size_of(26, 62)));
	KUNIT_EXPECT_NULL(test,
			  store_in_gaps(test, 26, size_of(26, 62) - links + 1));
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->split, 0);
	whole = store_in_gaps(test, 26, size_of(26, 62) - links);
	KUNIT_ASSERT_NOT_NULL(test, whole);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->split, 1);
	KUNIT_EXPECT_TRUE(test, bench_intact(whole, 26));
	KUNIT_EXPECT_NULL(test, store_in_gaps(test, 0, 1));
	for (i = 0; i < FULL_GROUP; i++)
		KUNIT_EXPECT_TRUE(test, !zpage[i] || bench_intact(zpage[i], i));

	/* All of its pieces are free again. */
	KUNIT_EXPECT_EQ(test, bench_drop(b, whole), 0);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->split, 0);
	KUNIT_EXPECT_EQ(test, drop_all(test, zpage, FULL_GROUP), ZBUD_FRAMES);
}

/* As many zpages as a group has chunks, dropped in several orders. */
static void many_zpages(struct kunit *test)
{
	const unsigned int nr = ZBUD_GROUP_CHUNKS - HEADER_CHUNKS;
	unsigned int i, order, back;
	void **zpage;

	zpage = kunit_kcalloc(test, nr, sizeof(*zpage), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, zpage);
	/* Of 254, all that are odd but for 127 meet each number once. */
	for (order = 1; order < 8; order += 2) {
		for (i = 0; i < nr; i++)
			zpage[i] = must_store(test, ZBUD_PERS, i, 1);
		KUNIT_EXPECT_EQ(test, frames(test), ZBUD_FRAMES);
		for (i = 0; i < nr; i++)
			KUNIT_EXPECT_TRUE(test, bench_intact(zpage[i], i));
		for (i = 0, back = 0; i < nr; i++)
			back += bench_drop(test->priv, zpage[i * order % nr]);
		KUNIT_EXPECT_EQ(test, back, ZBUD_FRAMES);
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
	KUNIT_EXPECT_EQ(test, bench_drop(b, eph), 1);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->pageframes, 0);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_PERS)->pageframes, 1);
	KUNIT_EXPECT_EQ(test, bench_drop(b, pers), 1);
}

static void counts(struct kunit *test)
{
	struct bench *b = test->priv;
	void *one = bench_store(b, ZBUD_EPH, 1, 65);
	void *two = bench_store(b, ZBUD_EPH, 2, 128);
	void *three = bench_store(b, ZBUD_EPH, 3, 3911);
	const struct zbud_stats *s = stats(test, ZBUD_EPH);

	KUNIT_EXPECT_EQ(test, s->zpages, 3);
	KUNIT_EXPECT_EQ(test, s->zbytes, 65 + 128 + 3911);
	KUNIT_EXPECT_EQ(test, s->pageframes, 2);
	KUNIT_EXPECT_EQ(test, s->groups, 1);
	KUNIT_EXPECT_EQ(test, s->histogram[2], 2);
	KUNIT_EXPECT_EQ(test, s->histogram[62], 1);

	bench_drop(b, one);
	stats(test, ZBUD_EPH);
	KUNIT_EXPECT_EQ(test, s->zbytes, 128 + 3911);
	KUNIT_EXPECT_EQ(test, s->histogram[2], 1);
	KUNIT_EXPECT_EQ(test, s->cumul_zpages, 3);
	KUNIT_EXPECT_EQ(test, s->cumul_zbytes, 65 + 128 + 3911);
	bench_drop(b, three);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->pageframes, 1);
	bench_drop(b, two);
}

static void pin_keeps(struct kunit *test)
{
	struct bench *b = test->priv;
	void *pampd = must_store(test, ZBUD_EPH, 1, 20);

	zbud_pin(bench_queue(b, pampd), pampd);
	zbud_pin(bench_queue(b, pampd), pampd);
	KUNIT_EXPECT_EQ(test, bench_drop(b, pampd), 0);
	KUNIT_EXPECT_EQ(test, bench_drop(b, pampd), 0);
	KUNIT_EXPECT_TRUE(test, bench_intact(pampd, 1));
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->zpages, 1);
	KUNIT_EXPECT_EQ(test, bench_drop(b, pampd), 1);
}

/**
 * struct eviction - an eviction, seen from where the zpages are named
 * @b: of the zpages
 * @owned: zpages without name, a bit for each index
 * @nr: how often it was asked to unlink one
 * @seen: which ones, a bit for each index
 * @taken: the zpages whose names it has taken, by index
 * @meanwhile: something that happens then
 * @intact: all was as it should be
 */
struct eviction {
	struct bench *b;
	u64 owned;
	unsigned int nr;
	u64 seen;
	DECLARE_BITMAP(taken, ZBUD_GROUP_CHUNKS);
	void (*meanwhile)(struct eviction *e, void *pampd);
	bool intact;
};

static bool unlink(void *arg, const struct tmem_handle *handle, void *pampd)
{
	const u64 bit = BIT_ULL(handle->index % 64);
	struct eviction *e = arg;

	e->nr++;
	e->seen |= bit;
	if (!bench_intact(pampd, handle->index) ||
	    !bench_handle_right(handle))
		e->intact = false;
	if (e->meanwhile)
		e->meanwhile(e, pampd);
	return !(e->owned & bit) &&
	       !__test_and_set_bit(handle->index, e->taken);
}

/* How many frames did it give? */
static unsigned int evict_rank(struct kunit *test, struct eviction *e,
			       enum zbud_rank rank)
{
	struct bench *b = test->priv;
	unsigned int nr, back;
	LIST_HEAD(list);

	e->b = b;
	e->nr = 0;
	e->seen = 0;
	bitmap_zero(e->taken, ZBUD_GROUP_CHUNKS);
	e->intact = true;
	nr = zbud_evict(&b->queues[ZBUD_EPH], rank, unlink, e, &list);
	back = bench_take_back(b, &list);
	KUNIT_EXPECT_EQ(test, nr, back);
	KUNIT_EXPECT_TRUE(test, e->intact);
	return nr;
}

static unsigned int evict(struct kunit *test, struct eviction *e)
{
	return evict_rank(test, e, ZBUD_PROVED);
}

static void evict_whole_groups_in_order(struct kunit *test)
{
	void *zpage[3][FULL_GROUP], *young;
	struct bench *b = test->priv;
	struct eviction e = {};
	unsigned int i;

	for (i = 0; i < 3; i++)
		fill_group(test, 10 * i, zpage[i]);
	/* The second is touched by a store, and then the first by a read. */
	bench_drop(b, zpage[1][2]);
	young = store_in_gaps(test, 40, 1);
	KUNIT_ASSERT_PTR_EQ(test, young, zpage[1][2]);
	zbud_pin(bench_queue(b, zpage[0][6]), zpage[0][6]);
	bench_drop(b, zpage[0][6]);

	KUNIT_EXPECT_EQ(test, evict(test, &e), ZBUD_FRAMES);
	KUNIT_EXPECT_EQ(test, e.seen, 0x7fULL << 20);
	KUNIT_EXPECT_EQ(test, evict(test, &e), ZBUD_FRAMES);
	KUNIT_EXPECT_EQ(test, e.seen, 0x7bULL << 10 | BIT_ULL(40));
	KUNIT_EXPECT_EQ(test, evict(test, &e), ZBUD_FRAMES);
	KUNIT_EXPECT_EQ(test, e.seen, 0x7fULL);
	KUNIT_EXPECT_EQ(test, evict(test, &e), 0);
	KUNIT_EXPECT_EQ(test, e.nr, 0);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->evicted_pageframes,
			3 * ZBUD_FRAMES);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->evicted_zpages,
			3 * FULL_GROUP);
}

static void evict_many(struct kunit *test)
{
	const unsigned int nr = ZBUD_GROUP_CHUNKS - HEADER_CHUNKS;
	struct eviction e = {};
	unsigned int i;

	for (i = 0; i < nr; i++)
		must_store(test, ZBUD_EPH, i, 1);
	KUNIT_EXPECT_EQ(test, evict(test, &e), ZBUD_FRAMES);
	KUNIT_EXPECT_EQ(test, e.nr, nr);
}

static void evict_split(struct kunit *test)
{
	struct eviction e = {};
	void *zpage[FULL_GROUP];
	unsigned int i;

	fill_group(test, 0, zpage);
	for (i = 2; i < FULL_GROUP; i += 2)
		bench_drop(test->priv, zpage[i]);
	KUNIT_ASSERT_NOT_NULL(test, store_in_gaps(test, 20,
						  size_of(20, 60)));
	KUNIT_EXPECT_EQ(test, evict(test, &e), ZBUD_FRAMES);
	KUNIT_EXPECT_EQ(test, e.seen, 0x2bULL | BIT_ULL(20));
}

static void evict_class(struct kunit *test)
{
	struct bench *b = test->priv;
	struct eviction e = {};
	void *pers = must_store(test, ZBUD_PERS, 1, 10);

	KUNIT_EXPECT_EQ(test, evict(test, &e), 0);
	KUNIT_EXPECT_TRUE(test, bench_intact(pers, 1));
	KUNIT_EXPECT_EQ(test, bench_drop(b, pers), 1);
}

/* All groups are told of in turn, oldest first, and none changes by that. */
static void names_of_oldest(struct kunit *test)
{
	struct zbud_name *names = kunit_kcalloc(test, FULL_GROUP,
						sizeof(*names), GFP_KERNEL);
	void *zpage[3][FULL_GROUP];
	struct bench *b = test->priv;
	unsigned int round, group, nr, i;

	KUNIT_ASSERT_NOT_NULL(test, names);
	KUNIT_EXPECT_EQ(test, zbud_oldest_names(&b->queues[ZBUD_EPH], names,
						FULL_GROUP), 0);
	for (group = 0; group < 3; group++)
		fill_group(test, group * 100, zpage[group]);
	KUNIT_EXPECT_EQ(test, zbud_oldest_names(&b->queues[ZBUD_PERS], names,
						FULL_GROUP), 0);
	for (round = 0; round < 6; round++) {
		group = round % 3;
		nr = zbud_oldest_names(&b->queues[ZBUD_EPH], names, FULL_GROUP);
		KUNIT_ASSERT_EQ(test, nr, FULL_GROUP);
		for (i = 0; i < nr; i++) {
			KUNIT_EXPECT_EQ(test, names[i].handle.index / 100,
					group);
			KUNIT_EXPECT_TRUE(test,
					  bench_handle_right(&names[i].handle));
			KUNIT_EXPECT_PTR_EQ(test, names[i].pampd,
					    zpage[group][names[i].handle.index %
							 100]);
		}
	}
	KUNIT_EXPECT_EQ(test, zbud_oldest_names(&b->queues[ZBUD_EPH], names, 2),
			2);
	for (group = 0; group < 3; group++)
		drop_all(test, zpage[group], FULL_GROUP);
}

/* The frame of a zpage with an owner stays, and so does the first one. */
static void evict_not_what_is_owned(struct kunit *test)
{
	struct eviction e = { .owned = BIT_ULL(3) };
	struct bench *b = test->priv;
	void *zpage[FULL_GROUP];

	fill_group(test, 0, zpage);
	KUNIT_EXPECT_EQ(test, evict(test, &e), 2);
	KUNIT_EXPECT_EQ(test, e.seen, 0x7f);
	KUNIT_EXPECT_TRUE(test, bench_intact(zpage[3], 3));
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->zpages, 1);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->evicted_pageframes, 2);

	/* What was freed can be used again, and frames can be added. */
	zpage[0] = store_in_gaps(test, 0, size_of(0, SMALL));
	KUNIT_EXPECT_PTR_EQ(test, bench_frame(zpage[0]), bench_frame(zpage[3]));
	zpage[1] = store_in_gaps(test, 1, size_of(1, 62));
	KUNIT_ASSERT_NOT_NULL(test, zpage[1]);
	zpage[2] = must_store(test, ZBUD_EPH, 2, 1);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->groups, 1);
	KUNIT_EXPECT_EQ(test, frames(test), 3);
	zpage[4] = NULL;
	KUNIT_EXPECT_EQ(test, drop_all(test, zpage, 5), 3);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->groups, 0);
	KUNIT_EXPECT_EQ(test, evict(test, &e), 0);
	KUNIT_EXPECT_EQ(test, bench_drop(b, must_store(test, ZBUD_EPH, 1, 1)),
			1);
}

/* The next group is tried if one gives nothing; then it gives up. */
static void evict_next_group(struct kunit *test)
{
	struct eviction e = { .owned = BIT_ULL(0) | BIT_ULL(1) | BIT_ULL(3) |
				       BIT_ULL(5) };
	void *zpage[2][FULL_GROUP];

	fill_group(test, 0, zpage[0]);
	fill_group(test, 10, zpage[1]);
	KUNIT_EXPECT_EQ(test, evict(test, &e), ZBUD_FRAMES);
	KUNIT_EXPECT_EQ(test, e.seen, 0x7fULL << 10 | 0x7f);
	KUNIT_EXPECT_EQ(test, frames(test), ZBUD_FRAMES);
	KUNIT_EXPECT_EQ(test, evict(test, &e), 0);
	KUNIT_EXPECT_EQ(test, e.seen, e.owned);
	zpage[0][2] = NULL;
	zpage[0][4] = NULL;
	KUNIT_EXPECT_EQ(test, drop_all(test, zpage[0], 6), ZBUD_FRAMES);
}

static void owner_frees(struct eviction *e, void *pampd)
{
	/* The evictor has the frames, so the owner must not get them. */
	if (bench_drop(e->b, pampd))
		e->intact = false;
}

static void owner_frees_while_evicted(struct kunit *test)
{
	struct eviction e = { .owned = ~0ULL, .meanwhile = owner_frees };
	void *zpage[FULL_GROUP];

	fill_group(test, 0, zpage);
	KUNIT_EXPECT_EQ(test, evict(test, &e), ZBUD_FRAMES);
	KUNIT_EXPECT_EQ(test, stats(test, ZBUD_EPH)->evicted_zpages, 0);
}

static void store_meanwhile(struct eviction *e, void *pampd)
{
	if (bench_store_in(e->b, ZBUD_EPH, 60, 1, NULL))
		e->intact = false;
}

/* Nothing new gets into a group that is about to go. */
static void no_room_while_evicted(struct kunit *test)
{
	struct eviction e = { .meanwhile = store_meanwhile };

	must_store(test, ZBUD_EPH, 0, 10);
	must_store(test, ZBUD_EPH, 1, 10);
	KUNIT_EXPECT_EQ(test, evict(test, &e), 1);
}

static void frame_meanwhile(struct eviction *e, void *pampd)
{
	void *zpage = bench_store(e->b, ZBUD_EPH, 60, 1);

	if (!zpage || bench_frame(zpage) == bench_frame(pampd) ||
	    bench_drop(e->b, zpage) != 1)
		e->intact = false;
}

/* A frame that comes then makes a group of its own. */
static void no_frame_while_evicted(struct kunit *test)
{
	struct eviction e = { .meanwhile = frame_meanwhile };

	must_store(test, ZBUD_EPH, 0, 10);
	KUNIT_EXPECT_EQ(test, evict(test, &e), 1);
}

static void pin_meanwhile(struct eviction *e, void *pampd)
{
	zbud_pin(bench_queue(e->b, pampd), pampd);
	bench_drop(e->b, pampd);
}

/* Nor does a read then put it among those that can be evicted. */
static void pin_while_evicted(struct kunit *test)
{
	struct eviction e = { .meanwhile = pin_meanwhile };

	must_store(test, ZBUD_EPH, 0, 10);
	must_store(test, ZBUD_EPH, 1, 10);
	KUNIT_EXPECT_EQ(test, evict(test, &e), 1);
	KUNIT_EXPECT_EQ(test, e.nr, 2);
}

static void evict_while_pinned(struct kunit *test)
{
	struct bench *b = test->priv;
	struct eviction e = {};
	void *zpage[2];

	zpage[0] = must_store(test, ZBUD_EPH, 0, 20);
	zpage[1] = must_store(test, ZBUD_EPH, 1, 20);
	zbud_pin(bench_queue(b, zpage[1]), zpage[1]);
	/* Zpage 1 is unlinked; the reader's reference is what is left. */
	e.owned = BIT_ULL(0);
	KUNIT_EXPECT_EQ(test, evict(test, &e), 0);
	KUNIT_EXPECT_TRUE(test, bench_intact(zpage[1], 1));
	KUNIT_EXPECT_EQ(test, bench_drop(b, zpage[0]), 0);
	KUNIT_EXPECT_TRUE(test, bench_intact(zpage[1], 1));
	KUNIT_EXPECT_EQ(test, bench_drop(b, zpage[1]), 1);
}

/*
 * Sizes of real pages (source text, programs, heaps) by the kernel's lzo-rle:
 * of a thousand, how many need so many chunks. Those few that need more than 7/8 of
 * a page are not among them: whoever stores them needs a frame for each.
 */
static const u16 real_sizes[] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 4, 57, 256, 103,
	5, 4, 6, 8, 8, 10, 13, 15, 17, 22, 27, 36, 33, 37, 34, 29, 24, 22, 17,
	18, 14, 16, 20, 16, 17, 16, 15, 14, 13, 11, 9, 9, 6, 6, 4,
};

static unsigned int real_size(struct rnd_state *rnd)
{
	unsigned int n = test_below(rnd, 999), chunks = 0;

	while (n >= real_sizes[chunks])
		n -= real_sizes[chunks++];
	return chunks * ZBUD_CHUNK_SIZE - test_below(rnd, ZBUD_CHUNK_SIZE);
}

/* Pages in a hundred frames. */
static long density(struct kunit *test)
{
	return stats(test, ZBUD_EPH)->zpages * 100 / frames(test);
}

/*
 * What zsmalloc holds of the same pages is 1.97 a frame: no less than that, when
 * they come one after the other, and when they have come and gone at random.
 */
static void holds_real_pages(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rnd_state rnd;
	unsigned int i, n;
	void **zpage;

	zpage = kunit_kcalloc(test, NR_DENSITY, sizeof(*zpage), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, zpage);
	prandom_seed_state(&rnd, 1);
	for (i = 0; i < NR_DENSITY; i++)
		zpage[i] = bench_store(b, ZBUD_EPH, i, real_size(&rnd));
	KUNIT_EXPECT_GE(test, density(test), 197);

	for (n = 0; n < 4 * NR_DENSITY; n++) {
		i = test_below(&rnd, NR_DENSITY);
		bench_drop(b, zpage[i]);
		zpage[i] = bench_store(b, ZBUD_EPH, i, real_size(&rnd));
		cond_resched();
	}
	KUNIT_EXPECT_GE(test, density(test), 197);

	/* Half of them go, and others take their room. */
	for (i = 0; i < NR_DENSITY; i += 2)
		bench_drop(b, zpage[i]);
	for (i = 0; i < NR_DENSITY; i += 2)
		zpage[i] = bench_store(b, ZBUD_EPH, i, real_size(&rnd));
	KUNIT_EXPECT_GE(test, density(test), 197);
	drop_all(test, zpage, NR_DENSITY);
}

static bool tell_oldest(struct bench *b, enum zbud_class class, u16 *stamp)
{
	return zbud_oldest(&b->queues[class], ZBUD_PROVED, stamp);
}

/* The stamp is that of the group that would be evicted next. */
static void tells_oldest(struct kunit *test)
{
	struct bench *b = test->priv;
	void *first[FULL_GROUP], *second[FULL_GROUP];
	u16 stamp = 7;

	KUNIT_EXPECT_FALSE(test, tell_oldest(b, ZBUD_EPH, &stamp));
	KUNIT_EXPECT_EQ(test, stamp, 7);

	b->now = 65534;
	fill_group(test, 100, first);
	b->now = 1;
	fill_group(test, 200, second);
	KUNIT_EXPECT_TRUE(test, tell_oldest(b, ZBUD_EPH, &stamp));
	KUNIT_EXPECT_EQ(test, stamp, 65534);
	KUNIT_EXPECT_FALSE(test, tell_oldest(b, ZBUD_PERS, &stamp));

	b->now = 2;
	zbud_pin(bench_queue(b, first[3]), first[3]);
	bench_drop(b, first[3]);
	KUNIT_EXPECT_TRUE(test, tell_oldest(b, ZBUD_EPH, &stamp));
	KUNIT_EXPECT_EQ(test, stamp, 1);
	drop_all(test, second, FULL_GROUP);
	KUNIT_EXPECT_TRUE(test, tell_oldest(b, ZBUD_EPH, &stamp));
	KUNIT_EXPECT_EQ(test, stamp, 2);
	drop_all(test, first, FULL_GROUP);
	b->now = 0;
}

/* Of what nobody has wanted yet, and of the rest, the host takes what it likes. */
static void trial_is_apart(struct kunit *test)
{
	struct bench *b = test->priv;
	void *old[FULL_GROUP], *young[FULL_GROUP];
	struct zbud_queue *queue = &b->queues[ZBUD_EPH];
	struct eviction e = {};
	u16 stamp;

	b->now = 1;
	fill_group(test, 100, old);
	b->on_trial = true;
	b->now = 2;
	fill_group(test, 200, young);
	b->on_trial = false;
	b->now = 0;
	KUNIT_EXPECT_TRUE(test, zbud_oldest(queue, ZBUD_ON_TRIAL, &stamp));
	KUNIT_EXPECT_EQ(test, stamp, 2);
	KUNIT_EXPECT_GT(test, evict_rank(test, &e, ZBUD_ON_TRIAL), 0);
	KUNIT_EXPECT_EQ(test, evict_rank(test, &e, ZBUD_ON_TRIAL), 0);
	KUNIT_EXPECT_FALSE(test, zbud_oldest(queue, ZBUD_ON_TRIAL, &stamp));
	KUNIT_EXPECT_TRUE(test, bench_intact(old[0], 100));
	drop_all(test, old, FULL_GROUP);
}

/* The first time that somebody wants a zpage, its group has proved itself. */
static void trial_ends(struct kunit *test)
{
	struct bench *b = test->priv;
	void *zpage[FULL_GROUP];
	struct eviction e = {};
	u16 stamp = 0;

	b->on_trial = true;
	b->now = 1;
	fill_group(test, 100, zpage);
	b->now = 2;
	zbud_pin(bench_queue(b, zpage[1]), zpage[1]);
	bench_drop(b, zpage[1]);
	KUNIT_EXPECT_EQ(test, evict_rank(test, &e, ZBUD_ON_TRIAL), 0);

	/* What comes into it on trial takes room that is there, and is no use of it. */
	b->now = 3;
	bench_drop(b, zpage[0]);
	zpage[0] = bench_store(b, ZBUD_EPH, 100, 64);
	KUNIT_EXPECT_EQ(test, evict_rank(test, &e, ZBUD_ON_TRIAL), 0);
	KUNIT_EXPECT_TRUE(test, tell_oldest(b, ZBUD_EPH, &stamp));
	KUNIT_EXPECT_EQ(test, stamp, 2);
	drop_all(test, zpage, FULL_GROUP);
	b->on_trial = false;
	b->now = 0;
}

/* One that is known to be wanted does not take along what is on trial. */
static void trial_has_no_guests(struct kunit *test)
{
	struct bench *b = test->priv;
	struct eviction e = {};
	void *zpage[4];
	long nr;

	b->on_trial = true;
	zpage[0] = must_store(test, ZBUD_EPH, 100, LARGE);
	b->on_trial = false;
	zpage[1] = must_store(test, ZBUD_EPH, 200, LARGE);
	nr = frames(test);
	KUNIT_EXPECT_EQ(test, nr, 2);
	zpage[2] = must_store(test, ZBUD_EPH, 210, ZBUD_CHUNKS - LARGE -
			      HEADER_CHUNKS);
	KUNIT_EXPECT_EQ(test, frames(test), nr);

	/* What is on trial may come to those that are not. */
	bench_drop(b, zpage[2]);
	b->on_trial = true;
	zpage[2] = must_store(test, ZBUD_EPH, 210, ZBUD_CHUNKS - LARGE -
			      HEADER_CHUNKS);
	zpage[3] = must_store(test, ZBUD_EPH, 220, ZBUD_CHUNKS - LARGE -
			      HEADER_CHUNKS);
	b->on_trial = false;
	KUNIT_EXPECT_EQ(test, frames(test), nr);
	KUNIT_EXPECT_EQ(test, evict_rank(test, &e, ZBUD_ON_TRIAL), 1);
	KUNIT_EXPECT_EQ(test, evict_rank(test, &e, ZBUD_ON_TRIAL), 0);
	bench_drop(b, zpage[1]);
	KUNIT_EXPECT_EQ(test, frames(test), 1);
	KUNIT_EXPECT_EQ(test, evict_rank(test, &e, ZBUD_PROVED), 1);
}

static struct kunit_case zbud_cases[] = {
	KUNIT_CASE(round_trip),
	KUNIT_CASE(tells_oldest),
	KUNIT_CASE(trial_is_apart),
	KUNIT_CASE(trial_ends),
	KUNIT_CASE(trial_has_no_guests),
	KUNIT_CASE(is_zpage),
	KUNIT_CASE(largest_fills_frame),
	KUNIT_CASE(no_frame),
	KUNIT_CASE(room_is_told),
	KUNIT_CASE(frame_used_only_if_needed),
	KUNIT_CASE(frames_come_and_go),
	KUNIT_CASE(best_group),
	KUNIT_CASE(best_gap),
	KUNIT_CASE(split),
	KUNIT_CASE(many_zpages),
	KUNIT_CASE(classes_apart),
	KUNIT_CASE(counts),
	KUNIT_CASE(pin_keeps),
	KUNIT_CASE(evict_whole_groups_in_order),
	KUNIT_CASE(evict_many),
	KUNIT_CASE(evict_split),
	KUNIT_CASE(evict_class),
	KUNIT_CASE(names_of_oldest),
	KUNIT_CASE(evict_not_what_is_owned),
	KUNIT_CASE(evict_next_group),
	KUNIT_CASE(owner_frees_while_evicted),
	KUNIT_CASE(no_room_while_evicted),
	KUNIT_CASE(no_frame_while_evicted),
	KUNIT_CASE(pin_while_evicted),
	KUNIT_CASE(evict_while_pinned),
	KUNIT_CASE_SLOW(holds_real_pages),
	{}
};

static struct kunit_suite zbud_suite = {
	.name = "zcache_zbud",
	.init = bench_init,
	.exit = bench_exit,
	.test_cases = zbud_cases,
};

kunit_test_suite(zbud_suite);
