// SPDX-License-Identifier: GPL-2.0-only
/* Tests of tmem: each of its rules by itself. */
#include "tmem_host.h"

#define NOTHING		0	/* what get() returns if there is no page */

static const struct tmem_oid oid_a = { .w = { 1, 2, 3 } };
static const struct tmem_oid oid_b = { .w = { 4, 5, 6 } };

/* Give the test a pool with other flags. */
static void renew_pool(struct kunit *test, u32 flags, const u64 uuid[2])
{
	struct host *host = test->priv;

	tmem_destroy_pool(&host->pool);
	KUNIT_ASSERT_EQ(test, 0, tmem_new_pool(&host->pool, POOL_ID, flags,
					       uuid, &hostops, &pamops));
}

/* Shorter names for what the tests do all the time. */

static void *put(struct kunit *test, const struct tmem_oid *oid,
		 unsigned long index, u64 value)
{
	struct host *host = test->priv;
	void *item = make_item(host, value);

	KUNIT_ASSERT_EQ(test, 0, tmem_put(&host->pool, oid, index, item,
					  GFP_KERNEL));
	return item;
}

static u64 get(struct kunit *test, const struct tmem_oid *oid,
	       unsigned long index)
{
	struct host *host = test->priv;
	u64 value = NOTHING;
	int err = tmem_get(&host->pool, oid, index, &value);

	if (err)
		KUNIT_EXPECT_EQ(test, err, -ENOENT);
	return value;
}

static u64 get_and_free(struct kunit *test, const struct tmem_oid *oid,
			unsigned long index)
{
	struct host *host = test->priv;
	u64 value = NOTHING;
	int err = tmem_get_and_free(&host->pool, oid, index, &value);

	if (err)
		KUNIT_EXPECT_EQ(test, err, -ENOENT);
	return value;
}

static void begin(struct kunit *test, struct tmem_put *put,
		  const struct tmem_oid *oid, unsigned long index, void *pampd)
{
	struct host *host = test->priv;

	KUNIT_ASSERT_EQ(test, 0, tmem_put_begin(put, &host->pool, oid, index,
						pampd, GFP_KERNEL));
}

static long nr_pages(struct kunit *test)
{
	struct host *host = test->priv;

	return atomic_long_read(&host->pool.nr_pages);
}

/* The pool and the host must agree. */
static long nr_objs(struct kunit *test)
{
	struct host *host = test->priv;
	long nr = atomic_long_read(&host->pool.nr_objs);

	KUNIT_EXPECT_EQ(test, nr, atomic_read(&host->nr_objs));
	return nr;
}

static void pool_arguments(struct kunit *test)
{
	static const u64 zero[2], uuid[2] = { 0, 1 };
	static const struct {
		u32 flags;
		const u64 *uuid;
		int err;
	} cases[] = {
		{ 0, NULL, 0 },
		{ 0, zero, 0 },
		{ TMEM_POOL_PERSISTENT, NULL, 0 },
		{ TMEM_POOL_SHARED, uuid, 0 },
		{ TMEM_POOL_SHARED | TMEM_POOL_PERSISTENT, uuid, 0 },
		{ 0, uuid, -EINVAL },
		{ TMEM_POOL_PERSISTENT, uuid, -EINVAL },
		{ TMEM_POOL_SHARED, NULL, -EINVAL },
		{ TMEM_POOL_SHARED, zero, -EINVAL },
		{ BIT(2), NULL, -EINVAL },
		{ TMEM_POOL_SHARED | BIT(31), uuid, -EINVAL },
	};
	struct tmem_pool *pool;
	unsigned int i;
	int err;

	pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pool);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		err = tmem_new_pool(pool, i, cases[i].flags, cases[i].uuid,
				    &hostops, &pamops);
		KUNIT_EXPECT_EQ_MSG(test, err, cases[i].err, "case %u", i);
		if (err)
			continue;
		KUNIT_EXPECT_EQ(test, pool->id, i);
		KUNIT_EXPECT_EQ(test, tmem_pool_persistent(pool),
				!!(cases[i].flags & TMEM_POOL_PERSISTENT));
		tmem_destroy_pool(pool);
	}
}

static void put_get(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), NOTHING);
	put(test, &oid_a, 5, 11);
	put(test, &oid_a, 6, 12);
	put(test, &oid_b, 5, 13);

	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 11);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 11);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 6), 12);
	KUNIT_EXPECT_EQ(test, get(test, &oid_b, 5), 13);
	KUNIT_EXPECT_EQ(test, get(test, &oid_b, 6), NOTHING);
	KUNIT_EXPECT_EQ(test, nr_pages(test), 3);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 2);
	KUNIT_EXPECT_EQ(test, all_refs(test->priv), 3);
}

static void put_over_put(struct kunit *test)
{
	void *old = put(test, &oid_a, 5, 11);
	void *new = put(test, &oid_a, 5, 12);

	KUNIT_EXPECT_EQ(test, refs(test->priv, old), 0);
	KUNIT_EXPECT_EQ(test, refs(test->priv, new), 1);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 12);
	KUNIT_EXPECT_EQ(test, nr_pages(test), 1);
}

static void get_frees(struct kunit *test)
{
	void *item = put(test, &oid_a, 5, 11);

	put(test, &oid_a, 6, 12);
	KUNIT_EXPECT_EQ(test, get_and_free(test, &oid_a, 5), 11);
	KUNIT_EXPECT_EQ(test, refs(test->priv, item), 0);
	KUNIT_EXPECT_EQ(test, get_and_free(test, &oid_a, 5), NOTHING);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 6), 12);
	KUNIT_EXPECT_EQ(test, nr_pages(test), 1);

	KUNIT_EXPECT_EQ(test, get_and_free(test, &oid_a, 6), 12);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);
}

/* Another client of a shared pool may want the page too. */
static void get_frees_not_if_shared(struct kunit *test)
{
	static const u64 uuid[2] = { 1, 0 };

	renew_pool(test, TMEM_POOL_SHARED, uuid);
	put(test, &oid_a, 5, 11);
	KUNIT_EXPECT_EQ(test, get_and_free(test, &oid_a, 5), 11);
	KUNIT_EXPECT_EQ(test, get_and_free(test, &oid_a, 5), 11);
	KUNIT_EXPECT_EQ(test, nr_pages(test), 1);
}

/* A page that cannot be had goes with get_and_free and stays with get. */
static void get_fails(struct kunit *test)
{
	struct host *host = test->priv;
	u64 value;

	put(test, &oid_a, 5, 11);
	host->get_err = -EIO;
	KUNIT_EXPECT_EQ(test, -EIO, tmem_get(&host->pool, &oid_a, 5, &value));
	KUNIT_EXPECT_EQ(test, nr_pages(test), 1);
	KUNIT_EXPECT_EQ(test, -EIO,
			tmem_get_and_free(&host->pool, &oid_a, 5, &value));
	KUNIT_EXPECT_EQ(test, nr_pages(test), 0);
}

static void flush_during_get(struct host *host)
{
	tmem_flush_object(&host->pool, &oid_a);
}

/* The reader's reference keeps what it reads. */
static void flushed_while_read(struct kunit *test)
{
	struct host *host = test->priv;
	void *item = put(test, &oid_a, 5, 11);

	host->during_get = flush_during_get;
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 11);
	KUNIT_EXPECT_EQ(test, refs(host, item), 0);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);

	put(test, &oid_a, 5, 12);
	KUNIT_EXPECT_EQ(test, get_and_free(test, &oid_a, 5), 12);
}

static void flush_page(struct kunit *test)
{
	struct host *host = test->priv;

	KUNIT_EXPECT_FALSE(test, tmem_flush_page(&host->pool, &oid_a, 5));
	put(test, &oid_a, 4, 11);
	put(test, &oid_a, 5, 12);
	put(test, &oid_a, 6, 13);
	KUNIT_EXPECT_TRUE(test, tmem_flush_page(&host->pool, &oid_a, 5));
	KUNIT_EXPECT_FALSE(test, tmem_flush_page(&host->pool, &oid_a, 5));
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 4), 11);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), NOTHING);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 6), 13);
	KUNIT_EXPECT_EQ(test, all_refs(host), 2);
}

/* More pages than tmem unlinks at once, with gaps. */
static void flush_range(struct kunit *test)
{
	struct host *host = test->priv;
	struct tmem_pool *pool = &host->pool;
	unsigned long i;

	for (i = 0; i < 300; i++)
		put(test, &oid_a, 3 * i, i + 1);
	put(test, &oid_b, 30, 11);

	KUNIT_EXPECT_EQ(test, tmem_flush_range(pool, &oid_a, 31, 32), 0);
	KUNIT_EXPECT_EQ(test, tmem_flush_range(pool, &oid_a, 30, 30), 1);
	KUNIT_EXPECT_EQ(test, tmem_flush_range(pool, &oid_a, 28, 32), 0);
	KUNIT_EXPECT_EQ(test, tmem_flush_range(pool, &oid_a, 33, 630), 200);
	for (i = 0; i < 300; i++)
		KUNIT_EXPECT_EQ(test, get(test, &oid_a, 3 * i),
				i >= 10 && i <= 210 ? NOTHING : i + 1);
	KUNIT_EXPECT_EQ(test, tmem_flush_range(pool, &oid_a, 1, ULONG_MAX), 98);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 0), 1);
	KUNIT_EXPECT_EQ(test, get(test, &oid_b, 30), 11);
	KUNIT_EXPECT_EQ(test, nr_pages(test), 2);
}

static void flush_object(struct kunit *test)
{
	struct host *host = test->priv;
	unsigned long i;

	KUNIT_EXPECT_EQ(test, tmem_flush_object(&host->pool, &oid_a), 0);
	for (i = 0; i < 64; i++)
		put(test, &oid_a, i * i, 11);
	put(test, &oid_b, 0, 12);
	KUNIT_EXPECT_EQ(test, tmem_flush_object(&host->pool, &oid_a), 64);
	KUNIT_EXPECT_EQ(test, tmem_flush_object(&host->pool, &oid_a), 0);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 1);
	KUNIT_EXPECT_EQ(test, get(test, &oid_b, 0), 12);
}

static void present(struct kunit *test)
{
	struct host *host = test->priv;
	struct tmem_pool *pool = &host->pool;
	struct tmem_put reserved;

	KUNIT_EXPECT_FALSE(test, tmem_present(pool, &oid_a, 0, ULONG_MAX));
	put(test, &oid_a, 100, 11);
	begin(test, &reserved, &oid_a, 90, make_item(host, 12));

	KUNIT_EXPECT_TRUE(test, tmem_present(pool, &oid_a, 0, ULONG_MAX));
	KUNIT_EXPECT_TRUE(test, tmem_present(pool, &oid_a, 100, 100));
	KUNIT_EXPECT_TRUE(test, tmem_present(pool, &oid_a, 80, 100));
	KUNIT_EXPECT_FALSE(test, tmem_present(pool, &oid_a, 80, 99));
	KUNIT_EXPECT_FALSE(test, tmem_present(pool, &oid_a, 101, ULONG_MAX));
	KUNIT_EXPECT_FALSE(test, tmem_present(pool, &oid_b, 100, 100));
	tmem_put_end(&reserved);
}

static void replace(struct kunit *test)
{
	struct host *host = test->priv;
	struct tmem_pool *pool = &host->pool;
	void *old = put(test, &oid_a, 5, 11);
	void *new = make_item(host, 12);

	KUNIT_EXPECT_FALSE(test, tmem_replace(pool, &oid_a, 6, old, new));
	KUNIT_EXPECT_FALSE(test, tmem_replace(pool, &oid_b, 5, old, new));
	KUNIT_EXPECT_FALSE(test, tmem_replace(pool, &oid_a, 5, new, new));
	KUNIT_EXPECT_EQ(test, refs(host, old), 1);
	KUNIT_EXPECT_EQ(test, refs(host, new), 1);

	KUNIT_EXPECT_TRUE(test, tmem_replace(pool, &oid_a, 5, old, new));
	KUNIT_EXPECT_EQ(test, refs(host, old), 0);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 12);
	KUNIT_EXPECT_EQ(test, nr_pages(test), 1);
	KUNIT_EXPECT_FALSE(test, tmem_replace(pool, &oid_a, 5, old, old));
}

/* Only what stands there is pinned, and then it outlives its entry. */
static void pin(struct kunit *test)
{
	struct host *host = test->priv;
	struct tmem_pool *pool = &host->pool;
	void *old = put(test, &oid_a, 5, 11);
	void *item = put(test, &oid_a, 5, 12);

	KUNIT_EXPECT_FALSE(test, tmem_pin(pool, &oid_a, 5, old));
	KUNIT_EXPECT_FALSE(test, tmem_pin(pool, &oid_a, 6, item));
	KUNIT_EXPECT_FALSE(test, tmem_pin(pool, &oid_b, 5, item));
	KUNIT_EXPECT_EQ(test, refs(host, old), 0);
	KUNIT_EXPECT_EQ(test, refs(host, item), 1);

	KUNIT_EXPECT_TRUE(test, tmem_pin(pool, &oid_a, 5, item));
	KUNIT_EXPECT_EQ(test, refs(host, item), 2);
	KUNIT_EXPECT_EQ(test, nr_pages(test), 1);
	KUNIT_EXPECT_TRUE(test, tmem_flush_page(pool, &oid_a, 5));
	KUNIT_EXPECT_EQ(test, refs(host, item), 1);
	KUNIT_EXPECT_FALSE(test, tmem_pin(pool, &oid_a, 5, item));
	host_free(pool, item);
}

/* What is on its way in is not there yet, and cannot be read. */
static void pin_only_published(struct kunit *test)
{
	struct host *host = test->priv;
	void *item = make_item(host, 11);
	struct tmem_put put;

	KUNIT_ASSERT_EQ(test, tmem_put_begin(&put, &host->pool, &oid_a, 5, item,
					     GFP_KERNEL), 0);
	KUNIT_EXPECT_FALSE(test, tmem_pin(&host->pool, &oid_a, 5, item));
	KUNIT_EXPECT_FALSE(test, tmem_pin(&host->pool, &oid_a, 5, NULL));
	tmem_put_commit(&put);
	KUNIT_EXPECT_TRUE(test, tmem_pin(&host->pool, &oid_a, 5, item));
	host_free(&host->pool, item);
	tmem_put_end(&put);
}

static void evict(struct kunit *test)
{
	struct host *host = test->priv;
	struct tmem_pool *pool = &host->pool;
	void *old = put(test, &oid_a, 5, 11);
	void *item = put(test, &oid_a, 5, 12);

	KUNIT_EXPECT_FALSE(test, tmem_evict(pool, &oid_a, 5, old));
	KUNIT_EXPECT_FALSE(test, tmem_evict(pool, &oid_a, 6, item));
	KUNIT_EXPECT_FALSE(test, tmem_evict(pool, &oid_b, 5, item));
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 12);

	KUNIT_EXPECT_TRUE(test, tmem_evict(pool, &oid_a, 5, item));
	KUNIT_EXPECT_EQ(test, refs(host, item), 1);
	host_free(pool, item);
	KUNIT_EXPECT_FALSE(test, tmem_evict(pool, &oid_a, 5, item));
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), NOTHING);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);
}

static void visible_from_commit_on(struct kunit *test)
{
	struct host *host = test->priv;
	void *item = make_item(host, 11);
	struct tmem_put put;

	begin(test, &put, &oid_a, 5, item);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), NOTHING);
	KUNIT_EXPECT_EQ(test, get_and_free(test, &oid_a, 5), NOTHING);
	KUNIT_EXPECT_FALSE(test, tmem_evict(&host->pool, &oid_a, 5, item));
	KUNIT_EXPECT_EQ(test, nr_pages(test), 0);

	KUNIT_EXPECT_EQ(test, tmem_put_commit(&put), 0);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 11);
	KUNIT_EXPECT_EQ(test, nr_pages(test), 1);

	tmem_put_end(&put);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 11);
	KUNIT_EXPECT_EQ(test, refs(host, item), 1);
}

static void commit_over_put(struct kunit *test)
{
	struct host *host = test->priv;
	void *old = put(test, &oid_a, 5, 11);
	struct tmem_put put;

	begin(test, &put, &oid_a, 5, make_item(host, 12));
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 11);
	KUNIT_EXPECT_EQ(test, tmem_put_commit(&put), 0);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 12);
	/* Commit holds locks: what it displaced is freed at the end. */
	KUNIT_EXPECT_EQ(test, refs(host, old), 1);
	tmem_put_end(&put);
	KUNIT_EXPECT_EQ(test, refs(host, old), 0);
	KUNIT_EXPECT_EQ(test, nr_pages(test), 1);
}

static void put_aborted(struct kunit *test)
{
	struct host *host = test->priv;
	void *item = make_item(host, 11);
	struct tmem_put put;

	begin(test, &put, &oid_a, 5, item);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 1);
	tmem_put_end(&put);
	KUNIT_EXPECT_EQ(test, refs(host, item), 0);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);
}

static void put_aborted_over_put(struct kunit *test)
{
	struct host *host = test->priv;
	void *old = put(test, &oid_a, 5, 11);
	void *item = make_item(host, 12);
	struct tmem_put put;

	begin(test, &put, &oid_a, 5, item);
	tmem_put_end(&put);
	KUNIT_EXPECT_EQ(test, refs(host, item), 0);
	KUNIT_EXPECT_EQ(test, refs(host, old), 1);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 11);
	KUNIT_EXPECT_EQ(test, nr_pages(test), 1);
}

/* Both committed: the later one wins, in whatever order they end. */
static void puts_overlap(struct kunit *test)
{
	struct host *host = test->priv;
	void *item[2];
	struct tmem_put put[2];
	unsigned int first;

	for (first = 0; first < 2; first++) {
		item[0] = make_item(host, 11);
		item[1] = make_item(host, 12);
		begin(test, &put[0], &oid_a, 5, item[0]);
		begin(test, &put[1], &oid_a, 5, item[1]);
		KUNIT_EXPECT_EQ(test, tmem_put_commit(&put[1]), 0);
		KUNIT_EXPECT_EQ(test, tmem_put_commit(&put[0]), 0);
		tmem_put_end(&put[first]);
		tmem_put_end(&put[!first]);
		KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 11);
		KUNIT_EXPECT_EQ(test, refs(host, item[1]), 0);
		KUNIT_EXPECT_EQ(test, nr_pages(test), 1);
		KUNIT_EXPECT_EQ(test, get_and_free(test, &oid_a, 5), 11);
		KUNIT_EXPECT_EQ(test, nr_objs(test), 0);
	}
}

/* The one that is aborted leaves the other's page, and the object. */
static void puts_overlap_one_aborted(struct kunit *test)
{
	struct host *host = test->priv;
	struct tmem_put put[2];

	begin(test, &put[0], &oid_a, 5, make_item(host, 11));
	begin(test, &put[1], &oid_a, 5, make_item(host, 12));
	KUNIT_EXPECT_EQ(test, tmem_put_commit(&put[0]), 0);
	tmem_put_end(&put[1]);
	tmem_put_end(&put[0]);
	KUNIT_EXPECT_EQ(test, get_and_free(test, &oid_a, 5), 11);

	begin(test, &put[0], &oid_a, 5, make_item(host, 13));
	begin(test, &put[1], &oid_a, 5, make_item(host, 14));
	tmem_put_end(&put[1]);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 1);
	/* Its slot may be gone; nothing may leak then. */
	if (!tmem_put_commit(&put[0]))
		KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 13);
	tmem_put_end(&put[0]);
	KUNIT_EXPECT_EQ(test, all_refs(host), nr_pages(test));
}

static bool slot_reserved(struct tmem_obj *obj, unsigned long index)
{
	XA_STATE(xas, &obj->pages, index);
	bool ret;

	rcu_read_lock();
	ret = xa_is_zero(xas_load(&xas));
	rcu_read_unlock();
	return ret;
}

/* A flush must not take away what the commit needs. */
static void flush_leaves_reservation(struct kunit *test)
{
	struct host *host = test->priv;
	struct tmem_pool *pool = &host->pool;
	const unsigned long index = 1UL << 40;
	struct tmem_put put;
	unsigned int left;
	int err;

	begin(test, &put, &oid_a, index, make_item(host, 11));
	KUNIT_EXPECT_TRUE(test, slot_reserved(host->last_obj, index));
	KUNIT_EXPECT_FALSE(test, tmem_flush_page(pool, &oid_a, index));
	KUNIT_EXPECT_EQ(test, tmem_flush_range(pool, &oid_a, 7, index), 0);
	KUNIT_EXPECT_EQ(test, tmem_flush_object(pool, &oid_a), 0);
	KUNIT_EXPECT_TRUE(test, slot_reserved(host->last_obj, index));
	KUNIT_EXPECT_EQ(test, nr_objs(test), 1);

	/* Not one allocation is even tried. */
	test_fail_alloc(1);
	err = tmem_put_commit(&put);
	left = test_fail_alloc_left();
	test_fail_alloc(0);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, left, IS_ENABLED(CONFIG_FAILSLAB));
	tmem_put_end(&put);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, index), 11);
}

/* An object lives as long as it has a page or a put. */
static void object_life(struct kunit *test)
{
	struct host *host = test->priv;
	struct tmem_put put_1, put_2;

	begin(test, &put_1, &oid_a, 5, make_item(host, 11));
	begin(test, &put_2, &oid_a, 6, make_item(host, 12));
	KUNIT_EXPECT_EQ(test, nr_objs(test), 1);
	tmem_put_end(&put_1);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 1);
	KUNIT_EXPECT_EQ(test, tmem_put_commit(&put_2), 0);
	KUNIT_EXPECT_EQ(test, get_and_free(test, &oid_a, 6), 12);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 1);
	tmem_put_end(&put_2);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);

	put(test, &oid_a, 5, 13);
	put(test, &oid_a, 6, 14);
	tmem_flush_page(&host->pool, &oid_a, 5);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 1);
	tmem_flush_page(&host->pool, &oid_a, 6);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);
}

static void wide_indexes(struct kunit *test)
{
	static const unsigned long indexes[] = {
		0, 1, 63, 64, 4095, 4096, BIT(31), BIT(32) - 1, BIT(32),
		BIT(32) + 1, BIT(40), BIT(40) + 1, BIT(62), BIT(63),
		ULONG_MAX - 1, ULONG_MAX,
	};
	const unsigned int nr = ARRAY_SIZE(indexes);
	struct host *host = test->priv;
	unsigned int i;

	for (i = 0; i < nr; i++)
		put(test, &oid_a, indexes[i], i + 1);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, get(test, &oid_a, indexes[i]), i + 1);
	KUNIT_EXPECT_TRUE(test, tmem_present(&host->pool, &oid_a, ULONG_MAX,
					     ULONG_MAX));
	KUNIT_EXPECT_EQ(test, 2, tmem_flush_range(&host->pool, &oid_a,
						  ULONG_MAX - 1, ULONG_MAX));
	KUNIT_EXPECT_EQ(test, nr_pages(test), nr - 2);
	KUNIT_EXPECT_EQ(test, tmem_flush_object(&host->pool, &oid_a), nr - 2);
}

/* Names that differ in one bit of any word are different names. */
static void oid_words(struct kunit *test)
{
	struct tmem_oid oid;
	unsigned int word, bit;
	u64 value = 1;

	put(test, &oid_a, 0, value);
	for (word = 0; word < TMEM_OID_WORDS; word++)
		for (bit = 0; bit < 64; bit += 9) {
			oid = oid_a;
			oid.w[word] ^= BIT_ULL(bit);
			KUNIT_EXPECT_EQ(test, get(test, &oid, 0), NOTHING);
			put(test, &oid, 0, ++value);
		}
	KUNIT_EXPECT_EQ(test, nr_objs(test), value);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 0), 1);
	KUNIT_EXPECT_EQ(test, get(test, &oid, 0), value);
}

/* The table of objects grows and shrinks. */
static void many_objects(struct kunit *test)
{
	const unsigned long nr = 1000;
	struct host *host = test->priv;
	struct tmem_oid oid = {};
	unsigned long i;

	for (i = 0; i < nr; i++) {
		oid.w[0] = i << 12;
		put(test, &oid, i, i + 1);
	}
	KUNIT_EXPECT_EQ(test, nr_objs(test), nr);
	for (i = 0; i < nr; i++) {
		oid.w[0] = i << 12;
		KUNIT_EXPECT_EQ(test, get(test, &oid, i), i + 1);
		KUNIT_EXPECT_EQ(test, tmem_flush_object(&host->pool, &oid), 1);
	}
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);
}

/* A value entry is a pampd as good as a pointer. */
static void value_entries(struct kunit *test)
{
	struct host *host = test->priv;
	struct tmem_pool *pool = &host->pool;
	void *remote = make_remote(host, 3), *other = make_remote(host, 4);
	void *item = put(test, &oid_a, 5, 11);

	KUNIT_EXPECT_TRUE(test, tmem_replace(pool, &oid_a, 5, item, remote));
	KUNIT_EXPECT_EQ(test, refs(host, item), 0);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), 3);
	KUNIT_EXPECT_FALSE(test, tmem_evict(pool, &oid_a, 5, other));
	KUNIT_EXPECT_TRUE(test, tmem_replace(pool, &oid_a, 5, remote, other));
	KUNIT_EXPECT_EQ(test, refs(host, remote), 0);
	KUNIT_EXPECT_TRUE(test, tmem_evict(pool, &oid_a, 5, other));
	KUNIT_EXPECT_EQ(test, refs(host, other), 1);

	KUNIT_EXPECT_EQ(test, 0, tmem_put(pool, &oid_a, 6, other, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, get_and_free(test, &oid_a, 6), 4);
	KUNIT_EXPECT_EQ(test, refs(host, other), 0);

	/* Zero is a value too. */
	KUNIT_EXPECT_EQ(test, 0, tmem_put(pool, &oid_a, 7, make_remote(host, 0),
					  GFP_KERNEL));
	KUNIT_EXPECT_TRUE(test, tmem_flush_page(pool, &oid_a, 7));
	make_remote(host, 1);
	KUNIT_EXPECT_EQ(test, 0, tmem_put(pool, &oid_a, 8, xa_mk_value(1),
					  GFP_KERNEL));
}

static void no_memory_for_object(struct kunit *test)
{
	struct host *host = test->priv;
	void *item = make_item(host, 11);
	struct tmem_put put;

	host->fail_obj = 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			tmem_put(&host->pool, &oid_a, 5, item, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, refs(host, item), 0);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);

	item = make_item(host, 12);
	host->fail_obj = 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			tmem_put_begin(&put, &host->pool, &oid_a, 5, item,
				       GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, refs(host, item), 0);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 5), NOTHING);
}

/* One put with its n-th allocation failing: all or nothing, and no leak. */
static bool put_survives(struct kunit *test, const struct tmem_oid *oid,
			 unsigned long index, unsigned int nth)
{
	struct host *host = test->priv;
	u64 old = get(test, oid, index);
	void *item = make_item(host, old + 1);
	bool failed;
	int err;

	test_fail_alloc(nth);
	err = tmem_put(&host->pool, oid, index, item,
		       GFP_NOWAIT | __GFP_NOWARN);
	failed = !test_fail_alloc_left();
	test_fail_alloc(0);

	if (err)
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	KUNIT_EXPECT_EQ(test, refs(host, item), !err);
	KUNIT_EXPECT_EQ(test, get(test, oid, index), old + !err);
	KUNIT_EXPECT_EQ(test, all_refs(host), nr_pages(test));
	return failed;
}

/* Each of a put's allocations fails once. */
static void no_memory(struct kunit *test)
{
	struct host *host = test->priv;
	unsigned int nth;

	if (!IS_ENABLED(CONFIG_FAILSLAB))
		kunit_skip(test, "needs CONFIG_FAILSLAB");

	for (nth = 1; put_survives(test, &oid_a, BIT(50) + nth * 64, nth);
	     nth++)
		tmem_flush_object(&host->pool, &oid_a);
	/* At least the object, and the nodes from the top to the slot. */
	KUNIT_EXPECT_GE(test, nth, 3);

	put(test, &oid_b, 0, 11);
	for (nth = 1; put_survives(test, &oid_b, BIT(50) + nth * 64, nth);
	     nth++)
		;
	for (nth = 1; put_survives(test, &oid_b, 0, nth); nth++)
		;
	KUNIT_EXPECT_EQ(test, nr_objs(test), 2);
}

/* As a slot leaves it that could not be reserved: a node with nothing in it. */
static void leave_node(struct kunit *test, unsigned long index)
{
	struct host *host = test->priv;
	XA_STATE(xas, &host->last_obj->pages, index);

	xas_lock_irq(&xas);
	xas_create_range(&xas);
	xas_unlock_irq(&xas);
	KUNIT_ASSERT_EQ(test, 0, xas_error(&xas));
}

/* Whichever way an object ends, nothing is left of its array: see host_obj_free(). */
static void no_memory_then_empty(struct kunit *test)
{
	struct host *host = test->priv;
	struct tmem_put put_1;
	void *item;

	put(test, &oid_a, 5, 11);
	leave_node(test, 64);
	KUNIT_EXPECT_TRUE(test, tmem_flush_page(&host->pool, &oid_a, 5));
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);

	item = put(test, &oid_a, 5, 12);
	leave_node(test, BIT(40));
	KUNIT_EXPECT_TRUE(test, tmem_evict(&host->pool, &oid_a, 5, item));
	host_free(&host->pool, item);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);

	put(test, &oid_a, BIT(30), 13);
	leave_node(test, 0);
	KUNIT_EXPECT_EQ(test, get_and_free(test, &oid_a, BIT(30)), 13);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);

	begin(test, &put_1, &oid_a, 5, make_item(host, 14));
	leave_node(test, 4096);
	tmem_put_end(&put_1);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);
}

static void destroy_pool(struct kunit *test)
{
	static const u64 uuid[2] = { 1, 1 };
	struct host *host = test->priv;
	unsigned long i;

	for (i = 0; i < 200; i++)
		put(test, i & 1 ? &oid_a : &oid_b, i << (i % 48), i + 1);
	KUNIT_EXPECT_EQ(test, 0, tmem_put(&host->pool, &oid_a, ULONG_MAX,
					  make_remote(host, 2), GFP_KERNEL));
	renew_pool(test, TMEM_POOL_SHARED | TMEM_POOL_PERSISTENT, uuid);
	KUNIT_EXPECT_EQ(test, all_refs(host), 0);
	KUNIT_EXPECT_EQ(test, nr_objs(test), 0);
	KUNIT_EXPECT_EQ(test, get(test, &oid_a, 1), NOTHING);
}

static struct kunit_case tmem_cases[] = {
	KUNIT_CASE(pool_arguments),
	KUNIT_CASE(put_get),
	KUNIT_CASE(put_over_put),
	KUNIT_CASE(get_frees),
	KUNIT_CASE(get_frees_not_if_shared),
	KUNIT_CASE(get_fails),
	KUNIT_CASE(flushed_while_read),
	KUNIT_CASE(flush_page),
	KUNIT_CASE(flush_range),
	KUNIT_CASE(flush_object),
	KUNIT_CASE(present),
	KUNIT_CASE(replace),
	KUNIT_CASE(pin),
	KUNIT_CASE(pin_only_published),
	KUNIT_CASE(evict),
	KUNIT_CASE(visible_from_commit_on),
	KUNIT_CASE(commit_over_put),
	KUNIT_CASE(put_aborted),
	KUNIT_CASE(put_aborted_over_put),
	KUNIT_CASE(puts_overlap),
	KUNIT_CASE(puts_overlap_one_aborted),
	KUNIT_CASE(flush_leaves_reservation),
	KUNIT_CASE(object_life),
	KUNIT_CASE(wide_indexes),
	KUNIT_CASE(oid_words),
	KUNIT_CASE(many_objects),
	KUNIT_CASE(value_entries),
	KUNIT_CASE(no_memory_for_object),
	KUNIT_CASE(no_memory),
	KUNIT_CASE(no_memory_then_empty),
	KUNIT_CASE(destroy_pool),
	{}
};

static struct kunit_suite tmem_suite = {
	.name = "zcache_tmem",
	.init = tmem_test_init,
	.exit = tmem_test_exit,
	.test_cases = tmem_cases,
};

kunit_test_suite(tmem_suite);
