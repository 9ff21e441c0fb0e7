// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of frontswap, with a backend whose pages are one byte: all bytes of a
 * page are the same; and with a swap area that only frontswap knows.
 *
 * They need a kernel without backend: zcache must be off.
 */
#include <linux/frontswap.h>
#include <linux/mm.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/zswap.h>

#include "test_util.h"

#define TYPE		(MAX_SWAPFILES - 1)
#define NR_SLOTS	64
#define ORDER		4
#define NR_PAGES	BIT(ORDER)

/**
 * struct swap_backend - a backend for one swap area
 * @byte: what the page of each slot is filled with; 0: there is none
 * @attached: the swap area is
 * @init_err: what init returns
 * @fail_store: the n-th store fails; 0: none
 * @load_err: what load returns
 */
static struct swap_backend {
	u8 byte[NR_SLOTS];
	bool attached;
	int init_err;
	unsigned int fail_store;
	int load_err;
} slots;

static int slots_init(unsigned int type, unsigned long nr_slots)
{
	/* Real swap areas may be on when the suite runs. */
	if (type != TYPE || nr_slots != NR_SLOTS)
		return -ENODEV;
	slots.attached = !slots.init_err;
	return slots.init_err;
}

static void slots_exit(unsigned int type)
{
	slots.attached = false;
}

static int slots_store(unsigned int type, unsigned long offset,
		       struct page *page, struct obj_cgroup *owner)
{
	/* Nobody has asked it to drop the older copy when it fails. */
	if (slots.fail_store && !--slots.fail_store)
		return -ENOMEM;
	slots.byte[offset] = *(u8 *)page_address(page);
	return 0;
}

static int slots_load(unsigned int type, unsigned long offset,
		      struct page *page)
{
	memset(page_address(page), slots.byte[offset], PAGE_SIZE);
	return slots.load_err;
}

static void slots_invalidate(unsigned int type, unsigned long offset)
{
	slots.byte[offset] = 0;
}

static const struct frontswap_ops slots_ops = {
	.init = slots_init,
	.exit = slots_exit,
	.store = slots_store,
	.load = slots_load,
	.invalidate = slots_invalidate,
};

/* The slots whose pages are stored, a bit each. */
static u64 stored(void)
{
	unsigned int i;
	u64 ret = 0;

	for (i = 0; i < NR_SLOTS; i++)
		if (slots.byte[i])
			ret |= BIT_ULL(i);
	return ret;
}

static void area_off(void *unused)
{
	frontswap_invalidate(TYPE, 0, NR_SLOTS);
	frontswap_swapoff(TYPE);
	zswap_swapoff(TYPE);
}

static void area_on(struct kunit *test)
{
	if (swp_swap_info(swp_entry(TYPE, 0)))
		kunit_skip(test, "swap area %d is in use", (int)TYPE);
	/* A store has zswap drop its copy. */
	KUNIT_ASSERT_EQ(test, zswap_swapon(TYPE, NR_SLOTS), 0);
	KUNIT_ASSERT_EQ(test, frontswap_swapon(TYPE, NR_SLOTS), 0);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, area_off,
							   NULL));
}

static void backend_off(void *unused)
{
	frontswap_unregister(&slots_ops);
}

static void backend_on(struct kunit *test)
{
	int err = frontswap_register(&slots_ops);

	if (err)
		kunit_skip(test, "cannot be the backend: error %d", err);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, backend_off,
							   NULL));
}

static void all_on(struct kunit *test)
{
	backend_on(test);
	area_on(test);
}

static int frontswap_test_init(struct kunit *test)
{
	slots = (struct swap_backend) {};
	return 0;
}

static void free_folio(void *ptr)
{
	struct folio *folio = ptr;

	folio_clear_dirty(folio);
	folio_clear_swapcache(folio);
	folio->swap.val = 0;
	folio_unlock(folio);
	folio_put(folio);
}

/*
 * A folio of the swap cache, locked, filled with @byte, @byte + 1 and so on.
 * The area has no swap address space, so folio_mapping() is NULL, for offsets
 * as small as these.
 */
static struct folio *new_folio(struct kunit *test, unsigned int order,
			       unsigned long offset, u8 byte)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, order);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	__folio_set_locked(folio);
	__folio_set_swapbacked(folio);
	folio_set_swapcache(folio);
	folio->swap = swp_entry(TYPE, offset);
	test_fill_folio(folio, byte);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_folio,
							   folio));
	return folio;
}

static bool store(struct kunit *test, unsigned int order, unsigned long offset,
		  u8 byte)
{
	struct folio *folio = new_folio(test, order, offset, byte);
	bool ret = frontswap_store(folio);

	KUNIT_EXPECT_FALSE(test, folio_test_dirty(folio));
	kunit_release_action(test, free_folio, folio);
	return ret;
}

/* Into the swap cache a page is moved. */
static void load_moves(struct kunit *test)
{
	struct folio *folio;

	all_on(test);
	KUNIT_EXPECT_TRUE(test, store(test, 0, 5, 11));
	KUNIT_EXPECT_EQ(test, stored(), BIT(5));

	folio = new_folio(test, 0, 6, 1);
	KUNIT_EXPECT_FALSE(test, frontswap_load(folio));
	KUNIT_EXPECT_FALSE(test, folio_test_uptodate(folio));

	folio = new_folio(test, 0, 5, 1);
	KUNIT_EXPECT_TRUE(test, frontswap_load(folio));
	KUNIT_EXPECT_TRUE(test, test_folio_filled(folio, 11));
	KUNIT_EXPECT_TRUE(test, folio_test_uptodate(folio));
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(folio));
	KUNIT_EXPECT_EQ(test, stored(), 0);

	folio = new_folio(test, 0, 5, 1);
	KUNIT_EXPECT_FALSE(test, frontswap_load(folio));
}

/* Past the swap cache it is copied. */
static void load_copies(struct kunit *test)
{
	struct folio *folio;
	unsigned int i;

	all_on(test);
	KUNIT_EXPECT_TRUE(test, store(test, 0, 5, 11));
	for (i = 0; i < 2; i++) {
		folio = new_folio(test, 0, 5, 1);
		folio_clear_swapcache(folio);
		KUNIT_EXPECT_TRUE(test, frontswap_load(folio));
		KUNIT_EXPECT_TRUE(test, test_folio_filled(folio, 11));
		KUNIT_EXPECT_TRUE(test, folio_test_uptodate(folio));
		KUNIT_EXPECT_FALSE(test, folio_test_dirty(folio));
		KUNIT_EXPECT_EQ(test, stored(), BIT(5));
	}
}

/* What the backend has and cannot restore is not on the device either. */
static void load_fails(struct kunit *test)
{
	struct folio *folio;

	all_on(test);
	KUNIT_EXPECT_TRUE(test, store(test, ORDER, 16, 11));
	slots.load_err = -EIO;
	folio = new_folio(test, ORDER, 16, 1);
	KUNIT_EXPECT_TRUE(test, frontswap_load(folio));
	KUNIT_EXPECT_FALSE(test, folio_test_uptodate(folio));
	KUNIT_EXPECT_FALSE(test, folio_test_dirty(folio));
	KUNIT_EXPECT_EQ(test, stored(), 0xffff0000);
}

static void store_again(struct kunit *test)
{
	all_on(test);
	KUNIT_EXPECT_TRUE(test, store(test, 0, 5, 11));
	KUNIT_EXPECT_TRUE(test, store(test, 0, 5, 12));
	KUNIT_EXPECT_EQ(test, slots.byte[5], 12);
	frontswap_invalidate(TYPE, 5, 1);
	KUNIT_EXPECT_EQ(test, stored(), 0);
}

static void store_large(struct kunit *test)
{
	struct folio *folio;
	unsigned int i;

	all_on(test);
	KUNIT_EXPECT_TRUE(test, store(test, ORDER, 32, 11));
	KUNIT_EXPECT_EQ(test, stored(), 0xffffULL << 32);
	for (i = 0; i < NR_PAGES; i += 5) {
		folio = new_folio(test, 0, 32 + i, 1);
		folio_clear_swapcache(folio);
		KUNIT_EXPECT_TRUE(test, frontswap_load(folio));
		KUNIT_EXPECT_TRUE(test, test_folio_filled(folio, 11 + i));
	}
	folio = new_folio(test, ORDER, 32, 1);
	KUNIT_EXPECT_TRUE(test, frontswap_load(folio));
	KUNIT_EXPECT_TRUE(test, test_folio_filled(folio, 11));
	KUNIT_EXPECT_TRUE(test, folio_test_uptodate(folio));
	KUNIT_EXPECT_EQ(test, stored(), 0);
}

/*
 * Whichever page of a folio is refused, nothing of the folio is left: neither
 * the pages before it, nor older copies of those behind it.
 */
static void store_fails(struct kunit *test)
{
	const u64 others = BIT_ULL(15) | BIT_ULL(32);
	unsigned int nth, older;

	all_on(test);
	KUNIT_EXPECT_TRUE(test, store(test, 0, 15, 1));
	KUNIT_EXPECT_TRUE(test, store(test, 0, 32, 1));
	for (nth = 1; nth <= NR_PAGES; nth++)
		for (older = 0; older <= NR_PAGES; older++) {
			/* Older copies of the last slots. */
			slots.fail_store = 0;
			if (older)
				KUNIT_EXPECT_TRUE(test, store(test, 0,
							      32 - older, 1));
			if (older == NR_PAGES)
				KUNIT_EXPECT_TRUE(test, store(test, ORDER, 16,
							      1));
			slots.fail_store = nth;
			KUNIT_EXPECT_FALSE(test, store(test, ORDER, 16, 101));
			KUNIT_EXPECT_EQ(test, slots.fail_store, 0);
			KUNIT_EXPECT_EQ(test, stored(), others);
		}
}

static void invalidate(struct kunit *test)
{
	struct folio *folio;

	all_on(test);
	KUNIT_EXPECT_TRUE(test, store(test, ORDER, 16, 1));
	frontswap_invalidate(TYPE, 20, 2);
	KUNIT_EXPECT_EQ(test, stored(), 0xffcf0000);
	frontswap_invalidate(TYPE, 20, 2);
	frontswap_invalidate(TYPE, 0, 16);
	frontswap_invalidate(TYPE, 32, 32);
	KUNIT_EXPECT_EQ(test, stored(), 0xffcf0000);
	folio = new_folio(test, 2, 24, 1);
	frontswap_invalidate_folio(folio);
	KUNIT_EXPECT_EQ(test, stored(), 0xf0cf0000);
}

static void no_backend(struct kunit *test)
{
	struct folio *folio;

	backend_on(test);
	kunit_release_action(test, backend_off, NULL);
	area_on(test);
	KUNIT_EXPECT_FALSE(test, store(test, 0, 5, 11));
	folio = new_folio(test, 0, 5, 1);
	KUNIT_EXPECT_FALSE(test, frontswap_load(folio));
	frontswap_invalidate(TYPE, 0, NR_SLOTS);
}

/* A swap area that was on before the backend is served too. */
static void backend_comes_later(struct kunit *test)
{
	area_on(test);
	KUNIT_EXPECT_FALSE(test, slots.attached);
	backend_on(test);
	KUNIT_EXPECT_TRUE(test, slots.attached);
	KUNIT_EXPECT_FALSE(test, frontswap_never_enabled());
	KUNIT_EXPECT_TRUE(test, store(test, 0, 5, 11));
	kunit_release_action(test, area_off, NULL);
	KUNIT_EXPECT_FALSE(test, slots.attached);
}

/* An area that the backend does not want goes without. */
static void area_refused(struct kunit *test)
{
	backend_on(test);
	slots.init_err = -ENOMEM;
	area_on(test);
	KUNIT_EXPECT_FALSE(test, store(test, 0, 5, 11));
	KUNIT_EXPECT_EQ(test, stored(), 0);
	frontswap_invalidate(TYPE, 0, NR_SLOTS);
}

static void one_backend(struct kunit *test)
{
	static const struct frontswap_ops others;

	backend_on(test);
	KUNIT_EXPECT_EQ(test, frontswap_register(&others), -EBUSY);
	KUNIT_EXPECT_EQ(test, frontswap_register(&slots_ops), -EBUSY);
}

/* One that reclaim asks about. */
static bool spare(struct kunit *test, unsigned int order, u8 byte)
{
	struct folio *folio = new_folio(test, order, 5, byte);
	bool ret;

	if (!byte)
		folio_zero_range(folio, 0, folio_size(folio));
	ret = frontswap_spare(folio);
	kunit_release_action(test, free_folio, folio);
	return ret;
}

/* For a page of zeros that goes, no more than so many others stay. */
static void spare_some(struct kunit *test)
{
	unsigned int i, nr = 0;

	all_on(test);
	/* Of what the kernel itself has swapped out. */
	for (i = 0; i < 100 && spare(test, 0, 1); i++)
		;
	KUNIT_EXPECT_FALSE(test, spare(test, 0, 1));
	KUNIT_EXPECT_FALSE(test, spare(test, ORDER, 0));
	KUNIT_EXPECT_FALSE(test, spare(test, 0, 1));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_FALSE(test, spare(test, 0, 0));
	KUNIT_EXPECT_FALSE(test, spare(test, ORDER, 1));
	for (i = 0; i < 100; i++)
		nr += spare(test, 0, 1 + i);
	KUNIT_EXPECT_EQ(test, nr, 16);
}

static void spare_none_without_backend(struct kunit *test)
{
	area_on(test);
	KUNIT_EXPECT_FALSE(test, spare(test, 0, 0));
	KUNIT_EXPECT_FALSE(test, spare(test, 0, 1));
}

/* The backend has the only copies: it stays as long as it has any. */
static void backend_stays(struct kunit *test)
{
	all_on(test);
	KUNIT_EXPECT_TRUE(test, store(test, 0, 5, 11));
	KUNIT_EXPECT_EQ(test, frontswap_unregister(&slots_ops), -EBUSY);
	KUNIT_EXPECT_TRUE(test, slots.attached);
	KUNIT_EXPECT_EQ(test, stored(), BIT(5));
	KUNIT_EXPECT_TRUE(test, store(test, 0, 6, 12));

	frontswap_invalidate(TYPE, 0, NR_SLOTS);
	kunit_remove_action(test, backend_off, NULL);
	KUNIT_EXPECT_EQ(test, frontswap_unregister(&slots_ops), 0);
	KUNIT_EXPECT_FALSE(test, slots.attached);
	KUNIT_EXPECT_FALSE(test, store(test, 0, 5, 11));
}

/* While nothing is stored, what there is can be had, and goes for good. */
static void pause(struct kunit *test)
{
	struct folio *folio;

	all_on(test);
	KUNIT_EXPECT_TRUE(test, store(test, 0, 5, 11));
	KUNIT_EXPECT_TRUE(test, store(test, 0, 6, 12));
	KUNIT_EXPECT_TRUE(test, store(test, 0, 7, 13));
	frontswap_pause(&slots_ops, true);
	KUNIT_EXPECT_EQ(test, frontswap_unregister(&slots_ops), -EBUSY);
	KUNIT_EXPECT_FALSE(test, store(test, 0, 8, 14));
	KUNIT_EXPECT_FALSE(test, store(test, 0, 5, 15));
	KUNIT_EXPECT_EQ(test, stored(), BIT(6) | BIT(7));
	frontswap_invalidate(TYPE, 7, 1);
	folio = new_folio(test, 0, 6, 1);
	KUNIT_EXPECT_TRUE(test, frontswap_load(folio));
	KUNIT_EXPECT_TRUE(test, test_folio_filled(folio, 12));
	KUNIT_EXPECT_EQ(test, stored(), 0);
	frontswap_pause(&slots_ops, false);
	KUNIT_EXPECT_TRUE(test, store(test, 0, 8, 14));
}

static void find_all(struct kunit *test)
{
	unsigned long offset = 0;
	unsigned int type = 0;

	all_on(test);
	KUNIT_EXPECT_TRUE(test, store(test, 0, 5, 11));
	KUNIT_EXPECT_TRUE(test, store(test, 0, NR_SLOTS - 1, 12));
	KUNIT_EXPECT_EQ(test, frontswap_nr_stored(), 2);
	KUNIT_EXPECT_TRUE(test, frontswap_next(&type, &offset));
	KUNIT_EXPECT_EQ(test, type, TYPE);
	KUNIT_EXPECT_EQ(test, offset, 5);
	KUNIT_EXPECT_TRUE(test, frontswap_next(&type, &offset));
	KUNIT_EXPECT_EQ(test, offset, 5);
	offset++;
	KUNIT_EXPECT_TRUE(test, frontswap_next(&type, &offset));
	KUNIT_EXPECT_EQ(test, offset, NR_SLOTS - 1);
	offset++;
	KUNIT_EXPECT_FALSE(test, frontswap_next(&type, &offset));
}

static struct kunit_case frontswap_cases[] = {
	KUNIT_CASE(load_moves),
	KUNIT_CASE(load_copies),
	KUNIT_CASE(load_fails),
	KUNIT_CASE(store_again),
	KUNIT_CASE(store_large),
	KUNIT_CASE(store_fails),
	KUNIT_CASE(invalidate),
	KUNIT_CASE(no_backend),
	KUNIT_CASE(backend_comes_later),
	KUNIT_CASE(area_refused),
	KUNIT_CASE(one_backend),
	KUNIT_CASE(spare_some),
	KUNIT_CASE(spare_none_without_backend),
	KUNIT_CASE(backend_stays),
	KUNIT_CASE(pause),
	KUNIT_CASE(find_all),
	{}
};

static struct kunit_suite frontswap_suite = {
	.name = "zcache_hooks_swap",
	.init = frontswap_test_init,
	.test_cases = frontswap_cases,
};

kunit_test_suite(frontswap_suite);
