// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tmem by chance: many operations in random order, compared with a
 * model that is too simple to be wrong; and at once, on several CPUs.
 */
#include "tmem_host.h"

#define NR_OBJS		3
#define NR_PUTS		3	/* between begin and end at one time */
#define SEEDS		4
#define STEPS		2500

/* In ascending order: a range of them is a range of the model. */
static const unsigned long indexes[] = {
	0, 1, 2, 3, 4, 5, 62, 63, 64, 65, 127, 128, 4095, 4096, 4097, BIT(18),
	BIT(24) - 1, BIT(24), BIT(40), BIT(40) + 1, BIT(63), ULONG_MAX - 1,
	ULONG_MAX,
};

#define NR_INDEXES	ARRAY_SIZE(indexes)

/**
 * struct model_put - a put between begin and end
 * @put: tmem's
 * @begun: it is
 * @obj: of which object
 * @pos: of which page
 * @pampd: what it publishes
 * @loser: what its end will free
 */
struct model_put {
	struct tmem_put put;
	bool begun;
	unsigned int obj;
	unsigned int pos;
	void *pampd;
	void *loser;
};

/**
 * struct model - what should be in the pool
 * @host: of the pool
 * @rnd: where the choices come from
 * @pages: what is stored
 * @puts: what is not finished
 * @value: of the last item
 * @wrong: the first thing that was not as it should be
 */
struct model {
	struct host *host;
	struct rnd_state rnd;
	void *pages[NR_OBJS][NR_INDEXES];
	struct model_put puts[NR_PUTS];
	u64 value;
	const char *wrong;
};

static struct tmem_oid oid_of(unsigned int obj)
{
	return (struct tmem_oid) { .w = { 0, obj, ~0ULL } };
}

static void check(struct model *m, bool right, const char *what)
{
	if (!right && !m->wrong)
		m->wrong = what;
}

static void *new_item(struct model *m)
{
	return make_item(m->host, ++m->value);
}

/* A pampd that is not in the pool at this place, but was, or might be. */
static void *stale_item(struct model *m, void *not_this)
{
	void *item = m->pages[test_below(&m->rnd, NR_OBJS)]
			     [test_below(&m->rnd, NR_INDEXES)];

	return item && item != not_this ? item : m;
}

static void step_put(struct model *m, unsigned int obj, unsigned int pos)
{
	const struct tmem_oid oid = oid_of(obj);
	void *item = new_item(m);
	int err;

	err = tmem_put(&m->host->pool, &oid, indexes[pos], item, GFP_KERNEL);
	check(m, !err, "put");
	m->pages[obj][pos] = item;
}

static void step_begin(struct model *m, unsigned int obj, unsigned int pos)
{
	struct model_put *put = &m->puts[test_below(&m->rnd, NR_PUTS)];
	const struct tmem_oid oid = oid_of(obj);
	int err;

	if (put->begun)
		return;
	put->pampd = new_item(m);
	put->loser = put->pampd;
	put->obj = obj;
	put->pos = pos;
	err = tmem_put_begin(&put->put, &m->host->pool, &oid, indexes[pos],
			     put->pampd, GFP_KERNEL);
	check(m, !err, "begin");
	put->begun = !err;
}

static void step_commit(struct model *m, unsigned int obj, unsigned int pos)
{
	struct model_put *put = &m->puts[test_below(&m->rnd, NR_PUTS)];
	void **page = &m->pages[put->obj][put->pos];

	if (!put->begun || put->loser != put->pampd)
		return;
	/* It may fail if a put that overlapped has used up the slot. */
	if (tmem_put_commit(&put->put))
		return;
	put->loser = *page;
	*page = put->pampd;
}

static void step_end(struct model *m, unsigned int obj, unsigned int pos)
{
	struct model_put *put = &m->puts[test_below(&m->rnd, NR_PUTS)];

	if (!put->begun)
		return;
	tmem_put_end(&put->put);
	put->begun = false;
	if (put->loser)
		check(m, !refs(m->host, put->loser), "end frees");
}

static void compare(struct model *m, int err, u64 value, void *page)
{
	struct item *item = page;

	if (page)
		check(m, !err && value == item->value, "get hits");
	else
		check(m, err == -ENOENT, "get misses");
}

static void step_get(struct model *m, unsigned int obj, unsigned int pos)
{
	const struct tmem_oid oid = oid_of(obj);
	u64 value;
	int err;

	err = tmem_get(&m->host->pool, &oid, indexes[pos], &value);
	compare(m, err, value, m->pages[obj][pos]);
}

static void step_get_and_free(struct model *m, unsigned int obj,
			      unsigned int pos)
{
	const struct tmem_oid oid = oid_of(obj);
	u64 value;
	int err;

	err = tmem_get_and_free(&m->host->pool, &oid, indexes[pos], &value);
	compare(m, err, value, m->pages[obj][pos]);
	m->pages[obj][pos] = NULL;
}

static void step_flush_page(struct model *m, unsigned int obj, unsigned int pos)
{
	const struct tmem_oid oid = oid_of(obj);
	bool found = tmem_flush_page(&m->host->pool, &oid, indexes[pos]);

	check(m, found == !!m->pages[obj][pos], "flush page");
	m->pages[obj][pos] = NULL;
}

static unsigned int model_flush(struct model *m, unsigned int obj,
				unsigned int first, unsigned int last)
{
	unsigned int n = 0;

	for (; first <= last; first++) {
		n += !!m->pages[obj][first];
		m->pages[obj][first] = NULL;
	}
	return n;
}

static void step_flush_range(struct model *m, unsigned int obj,
			     unsigned int pos)
{
	unsigned int last = pos + test_below(&m->rnd, NR_INDEXES - pos);
	const struct tmem_oid oid = oid_of(obj);
	unsigned long found;

	found = tmem_flush_range(&m->host->pool, &oid, indexes[pos],
				 indexes[last]);
	check(m, found == model_flush(m, obj, pos, last), "flush range");
}

static void step_flush_object(struct model *m, unsigned int obj,
			      unsigned int pos)
{
	const struct tmem_oid oid = oid_of(obj);
	unsigned long found = tmem_flush_object(&m->host->pool, &oid);

	check(m, found == model_flush(m, obj, 0, NR_INDEXES - 1),
	      "flush object");
}

static void step_present(struct model *m, unsigned int obj, unsigned int pos)
{
	unsigned int last = pos + test_below(&m->rnd, NR_INDEXES - pos), i;
	const struct tmem_oid oid = oid_of(obj);
	bool found = false;

	for (i = pos; i <= last; i++)
		found |= !!m->pages[obj][i];
	check(m, found == tmem_present(&m->host->pool, &oid, indexes[pos],
				       indexes[last]), "present");
}

static void step_evict(struct model *m, unsigned int obj, unsigned int pos)
{
	const struct tmem_oid oid = oid_of(obj);
	struct tmem_pool *pool = &m->host->pool;
	void *page = m->pages[obj][pos];

	check(m, !tmem_evict(pool, &oid, indexes[pos], stale_item(m, page)),
	      "evict stale");
	if (!page)
		return;
	check(m, tmem_evict(pool, &oid, indexes[pos], page), "evict");
	check(m, refs(m->host, page) == 1, "evicted is ours");
	host_free(pool, page);
	m->pages[obj][pos] = NULL;
}

static void step_replace(struct model *m, unsigned int obj, unsigned int pos)
{
	const struct tmem_oid oid = oid_of(obj);
	struct tmem_pool *pool = &m->host->pool;
	void *page = m->pages[obj][pos];
	void *item = new_item(m);

	check(m, !tmem_replace(pool, &oid, indexes[pos], stale_item(m, page),
			       item), "replace stale");
	if (!page) {
		host_free(pool, item);
		return;
	}
	check(m, tmem_replace(pool, &oid, indexes[pos], page, item), "replace");
	check(m, !refs(m->host, page), "replace frees");
	m->pages[obj][pos] = item;
}

/* The weight of a step is how often it is here. */
static void (* const steps[])(struct model *m, unsigned int obj,
			      unsigned int pos) = {
	step_put, step_put, step_put, step_put, step_put, step_put,
	step_begin, step_begin, step_begin, step_commit, step_commit,
	step_end, step_end, step_get, step_get, step_get_and_free,
	step_flush_page, step_flush_range, step_flush_object, step_present,
	step_evict, step_replace,
};

static bool obj_alive(struct model *m, unsigned int obj)
{
	unsigned int i;

	for (i = 0; i < NR_PUTS; i++)
		if (m->puts[i].begun && m->puts[i].obj == obj)
			return true;
	for (i = 0; i < NR_INDEXES; i++)
		if (m->pages[obj][i])
			return true;
	return false;
}

static void check_counts(struct model *m)
{
	struct tmem_pool *pool = &m->host->pool;
	unsigned int obj, pos, nr_objs = 0;
	long nr_pages = 0;

	for (obj = 0; obj < NR_OBJS; obj++) {
		nr_objs += obj_alive(m, obj);
		for (pos = 0; pos < NR_INDEXES; pos++)
			nr_pages += !!m->pages[obj][pos];
	}
	check(m, atomic_long_read(&pool->nr_pages) == nr_pages, "nr_pages");
	check(m, atomic_long_read(&pool->nr_objs) == nr_objs, "nr_objs");
	check(m, atomic_read(&m->host->nr_objs) == nr_objs, "host's objects");
	check(m, !atomic_read(&m->host->errors), "references");
}

/* Whatever is not in the pool and not about to be has been freed. */
static void check_all(struct model *m)
{
	unsigned int obj, pos, i;
	int nr_refs = 0;

	for (obj = 0; obj < NR_OBJS; obj++)
		for (pos = 0; pos < NR_INDEXES; pos++) {
			step_get(m, obj, pos);
			nr_refs += !!m->pages[obj][pos];
		}
	for (i = 0; i < NR_PUTS; i++)
		nr_refs += m->puts[i].begun && m->puts[i].loser;
	check(m, all_refs(m->host) == nr_refs, "live pages");
}

static void compare_with_model(struct kunit *test)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int seed, step, i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->host = test->priv;
	for (seed = 1; seed <= SEEDS && !m->wrong; seed++) {
		prandom_seed_state(&m->rnd, seed);
		for (step = 0; step < STEPS && !m->wrong; step++) {
			i = test_below(&m->rnd, ARRAY_SIZE(steps));
			steps[i](m, test_below(&m->rnd, NR_OBJS),
				 test_below(&m->rnd, NR_INDEXES));
			check_counts(m);
			if (step % 250 == 249)
				check_all(m);
		}
		cond_resched();
	}
	if (m->wrong)
		KUNIT_FAIL(test, "seed %u, step %u: %s", seed - 1, step - 1,
			   m->wrong);

	for (i = 0; i < NR_PUTS; i++)
		if (m->puts[i].begun)
			tmem_put_end(&m->puts[i].put);
}

/* All at once */

#define RACE_OBJS	2
#define RACE_INDEXES	3	/* few, so that objects die all the time */
#define RACE_KEYS	(RACE_OBJS * RACE_INDEXES)
#define RACE_STEPS	40000

/**
 * struct racer - one of several workers on one pool
 * @host: of the pool
 * @rnd: where the choices come from
 * @last: what this one put last under each key; gone, perhaps
 */
struct racer {
	struct host *host;
	struct rnd_state *rnd;
	void *last[RACE_KEYS];
};

static void race_put(struct racer *r, const struct tmem_oid *oid,
		     unsigned int key)
{
	void *item = make_item(r->host, key);
	struct tmem_put put;

	if (tmem_put_begin(&put, &r->host->pool, oid, key % RACE_INDEXES, item,
			   GFP_KERNEL))
		return;
	if (test_below(r->rnd, 4))
		tmem_put_commit(&put);
	if (!test_below(r->rnd, 4))
		cond_resched();
	tmem_put_end(&put);
	r->last[key] = item;
}

static void race_get(struct racer *r, const struct tmem_oid *oid,
		     unsigned int key)
{
	unsigned long index = key % RACE_INDEXES;
	u64 value;
	int err;

	err = test_below(r->rnd, 2) ?
	      tmem_get(&r->host->pool, oid, index, &value) :
	      tmem_get_and_free(&r->host->pool, oid, index, &value);
	if (!err && value != key)
		atomic_inc(&r->host->errors);
}

static void race_flush(struct racer *r, const struct tmem_oid *oid,
		       unsigned int key)
{
	unsigned long index = key % RACE_INDEXES;

	switch (test_below(r->rnd, 4)) {
	case 0:
		tmem_flush_object(&r->host->pool, oid);
		break;
	case 1:
		tmem_flush_range(&r->host->pool, oid, index, index + 2);
		break;
	default:
		tmem_flush_page(&r->host->pool, oid, index);
	}
}

static void race_evict(struct racer *r, const struct tmem_oid *oid,
		       unsigned int key)
{
	void *pampd = r->last[key];

	if (pampd && tmem_evict(&r->host->pool, oid, key % RACE_INDEXES, pampd))
		host_free(&r->host->pool, pampd);
}

static void race_replace(struct racer *r, const struct tmem_oid *oid,
			 unsigned int key)
{
	void *item = make_item(r->host, key), *old = r->last[key];

	if (old && tmem_replace(&r->host->pool, oid, key % RACE_INDEXES, old,
				item))
		r->last[key] = item;
	else
		host_free(&r->host->pool, item);
}

static void race_present(struct racer *r, const struct tmem_oid *oid,
			 unsigned int key)
{
	tmem_present(&r->host->pool, oid, 0, key);
}

static void (* const races[])(struct racer *r, const struct tmem_oid *oid,
			      unsigned int key) = {
	race_put, race_put, race_put, race_put, race_get, race_get, race_flush,
	race_evict, race_replace, race_present,
};

static void race(struct test_worker *worker)
{
	struct racer r = { .host = worker->ctx, .rnd = &worker->rnd };
	unsigned int i, key;
	struct tmem_oid oid;

	for (i = 0; i < RACE_STEPS; i++) {
		key = test_below(r.rnd, RACE_KEYS);
		oid = oid_of(key / RACE_INDEXES);
		races[test_below(r.rnd, ARRAY_SIZE(races))](&r, &oid, key);
		if (i % 64 == 0)
			cond_resched();
	}
}

static void concurrent(struct kunit *test)
{
	struct host *host = test->priv;
	struct tmem_oid oid;
	unsigned int obj;
	long nr_pages;

	host->slow = true;
	test_run_workers(test, race, host);
	nr_pages = atomic_long_read(&host->pool.nr_pages);
	KUNIT_EXPECT_EQ(test, atomic_read(&host->errors), 0);
	KUNIT_EXPECT_EQ(test, all_refs(host), nr_pages);

	for (obj = 0; obj < RACE_OBJS; obj++) {
		oid = oid_of(obj);
		nr_pages -= tmem_flush_object(&host->pool, &oid);
	}
	KUNIT_EXPECT_EQ(test, nr_pages, 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&host->pool.nr_pages), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&host->pool.nr_objs), 0);
}

static struct kunit_case tmem_random_cases[] = {
	KUNIT_CASE(compare_with_model),
	KUNIT_CASE(concurrent),
	{}
};

static struct kunit_suite tmem_random_suite = {
	.name = "zcache_tmem_random",
	.init = tmem_test_init,
	.exit = tmem_test_exit,
	.test_cases = tmem_random_cases,
};

kunit_test_suite(tmem_random_suite);
