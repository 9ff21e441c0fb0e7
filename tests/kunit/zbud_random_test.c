// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of zbud by chance: many operations in random order, compared with a
 * model that is too simple to be wrong; and at once, on several CPUs.
 */
#include <linux/bits.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "zbud_bench.h"

#define NR_ZPAGES	128
#define SEEDS		3
#define STEPS		3000
#define EVICT_TRIES	8

/**
 * struct model_frame - a page frame
 * @node: in the model's frames of its class
 * @page: itself
 */
struct model_frame {
	struct list_head node;
	struct page *page;
};

/**
 * struct model_zpage - a zpage; its index is its place in the model
 * @frame: where it is; NULL if there is no zpage
 * @pampd: its name
 * @size: its size
 * @refs: references to it
 * @named: one of them belongs to the name that eviction may take
 * @evicted: eviction has taken the name
 */
struct model_zpage {
	struct model_frame *frame;
	void *pampd;
	unsigned int size;
	unsigned int refs;
	bool named;
	bool evicted;
};

/**
 * struct model - what should be in the allocator
 * @b: the allocator and its frames
 * @rnd: where the choices come from
 * @zpages: odd ones are persistent
 * @frames: least recently used first
 * @stats: what was counted and is not obvious from the rest
 * @step: how many steps were taken with this seed
 * @wrong: the first thing that was not as it should be
 */
struct model {
	struct bench *b;
	struct rnd_state rnd;
	struct model_zpage zpages[NR_ZPAGES];
	struct list_head frames[ZBUD_CLASSES];
	struct zbud_stats stats[ZBUD_CLASSES];
	unsigned int step;
	const char *wrong;
};

static void check(struct model *m, bool right, const char *what)
{
	if (!right && !m->wrong)
		m->wrong = what;
}

static unsigned int class_of(unsigned int index)
{
	return index & 1 ? ZBUD_PERS : ZBUD_EPH;
}

static unsigned int chunks_of(unsigned int size)
{
	return DIV_ROUND_UP(size + sizeof(struct tmem_handle), ZBUD_CHUNK_SIZE);
}

/* The chunks that a zpage takes, a bit each. */
static u64 chunk_mask(const struct model_zpage *z)
{
	unsigned int size, first;
	const void *start = zbud_data(z->pampd, &size);

	start -= sizeof(struct tmem_handle);
	first = offset_in_page(start) / ZBUD_CHUNK_SIZE;
	return GENMASK_ULL(first + chunks_of(z->size) - 1, first);
}

static unsigned int nr_zpages(struct model *m, struct model_frame *frame)
{
	unsigned int i, nr = 0;

	for (i = 0; i < NR_ZPAGES; i++)
		nr += m->zpages[i].frame == frame;
	return nr;
}

/* The chunks of a frame that are taken, which must not be taken twice. */
static u64 used_chunks(struct model *m, struct model_frame *frame,
		       const struct model_zpage *but)
{
	u64 mask, used = 1;
	unsigned int i;

	for (i = 0; i < NR_ZPAGES; i++) {
		if (m->zpages[i].frame != frame || &m->zpages[i] == but)
			continue;
		mask = chunk_mask(&m->zpages[i]);
		check(m, !(mask & used), "overlap");
		used |= mask;
	}
	return used;
}

/* The smallest run of free chunks of at least @least, or the largest of all. */
static unsigned int free_run(u64 used, unsigned int least)
{
	unsigned int i, run = 0, smallest = 0, largest = 0;

	for (i = 0; i <= ZBUD_CHUNKS; i++) {
		if (i < ZBUD_CHUNKS && !(used & BIT_ULL(i))) {
			run++;
			continue;
		}
		largest = max(largest, run);
		if (run >= least && (!smallest || run < smallest))
			smallest = run;
		run = 0;
	}
	return least ? smallest : largest;
}

static unsigned int frame_gap(struct model *m, struct model_frame *frame,
			      const struct model_zpage *but)
{
	unsigned int nr = nr_zpages(m, frame) - !!but;

	return nr == ZBUD_BUDDIES ? 0 :
	       free_run(used_chunks(m, frame, but), 0);
}

/* The tightest frame that has room, by its gap; 0 for none. */
static unsigned int best_gap(struct model *m, unsigned int class,
			     unsigned int chunks)
{
	struct model_frame *frame;
	unsigned int gap, best = 0;

	list_for_each_entry(frame, &m->frames[class], node) {
		gap = frame_gap(m, frame, NULL);
		if (gap >= chunks && (!best || gap < best))
			best = gap;
	}
	return best;
}

static void check_frame(struct model *m, struct model_frame *frame)
{
	unsigned int i;

	used_chunks(m, frame, NULL);
	for (i = 0; i < NR_ZPAGES; i++)
		if (m->zpages[i].frame == frame)
			check(m, bench_intact(m->zpages[i].pampd, i),
			      "contents");
}

static struct model_frame *find_frame(struct model *m, unsigned int class,
				      struct page *page)
{
	struct model_frame *frame;

	list_for_each_entry(frame, &m->frames[class], node)
		if (frame->page == page)
			return frame;
	return NULL;
}

static struct model_frame *new_frame(struct model *m, unsigned int class,
				     struct page *page)
{
	struct model_frame *frame;

	frame = kmalloc(sizeof(*frame), GFP_KERNEL | __GFP_NOFAIL);
	frame->page = page;
	list_add(&frame->node, &m->frames[class]);
	return frame;
}

static void forget_frame(struct model_frame *frame)
{
	list_del(&frame->node);
	kfree(frame);
}

/* Small ones, any, and those that just fill their chunks or just do not. */
static unsigned int random_size(struct model *m)
{
	unsigned int max = zbud_max_size(), chunks;

	switch (test_below(&m->rnd, 4)) {
	case 0:
		return 1 + test_below(&m->rnd, 400);
	case 1:
		return 1 + test_below(&m->rnd, max);
	case 2:
		return 1 + test_below(&m->rnd, max / 2);
	default:
		chunks = 1 + test_below(&m->rnd, ZBUD_CHUNKS - 2);
		return chunks * ZBUD_CHUNK_SIZE - sizeof(struct tmem_handle) +
		       test_below(&m->rnd, 2);
	}
}

/* The run of free chunks around @mask. */
static unsigned int run_around(u64 used, u64 mask)
{
	unsigned int first = __ffs64(mask), last = __fls(mask);

	while (first && !(used & BIT_ULL(first - 1)))
		first--;
	while (last < ZBUD_CHUNKS - 1 && !(used & BIT_ULL(last + 1)))
		last++;
	return last - first + 1;
}

/* The zpage is in the tightest gap of the tightest frame. */
static void check_fit(struct model *m, const struct model_zpage *z,
		      unsigned int best)
{
	u64 before = used_chunks(m, z->frame, z), mask = chunk_mask(z);

	check(m, !(before & mask), "overlap");
	check(m, frame_gap(m, z->frame, z) == best, "best frame");
	check(m, run_around(before, mask) ==
		 free_run(before, chunks_of(z->size)), "best gap");
}

static void step_store(struct model *m, unsigned int i)
{
	unsigned int class = class_of(i), best;
	struct model_zpage *z = &m->zpages[i];
	struct zbud_stats *s = &m->stats[class];
	long frames = atomic_long_read(&m->b->frames);
	bool used;

	if (z->frame)
		return;
	z->size = random_size(m);
	best = best_gap(m, class, chunks_of(z->size));
	z->pampd = bench_store(m->b, class, i, z->size);
	check(m, z->pampd, "store");
	if (!z->pampd)
		return;

	used = atomic_long_read(&m->b->frames) != frames;
	check(m, used == !best, "frame used only if needed");
	z->frame = used ? new_frame(m, class, bench_frame(z->pampd)) :
			  find_frame(m, class, bench_frame(z->pampd));
	check(m, z->frame, "frame of its class");
	if (!z->frame)
		return;
	z->refs = 1;
	z->named = true;
	list_move_tail(&z->frame->node, &m->frames[class]);
	if (best)
		check_fit(m, z, best);
	check_frame(m, z->frame);
	s->cumul_zpages++;
	s->cumul_zbytes += z->size;
}

/* Drop one reference; the frame comes back with the last zpage. */
static void drop(struct model *m, struct model_zpage *z)
{
	struct model_frame *frame = z->frame;
	bool last = z->refs == 1, back = bench_drop(m->b, z->pampd);

	if (last)
		z->frame = NULL;
	z->refs--;
	check(m, back == (last && !nr_zpages(m, frame)), "frame comes back");
	if (back)
		forget_frame(frame);
	else
		check_frame(m, frame);
}

static void step_drop(struct model *m, unsigned int i)
{
	struct model_zpage *z = &m->zpages[i];

	if (!z->frame)
		return;
	/* The last reference is the name's, or the owner's who took it. */
	if (z->refs == 1)
		z->named = false;
	drop(m, z);
}

static void step_pin(struct model *m, unsigned int i)
{
	struct model_zpage *z = &m->zpages[i];

	if (!z->frame)
		return;
	zbud_pin(&m->b->zbud, z->pampd);
	z->refs++;
}

/* Somebody takes the zpage out of tmem, and has not freed it yet. */
static void step_own(struct model *m, unsigned int i)
{
	m->zpages[i].named = false;
}

static bool unlink(void *arg, const struct tmem_handle *handle, void *pampd)
{
	struct model *m = arg;
	struct model_zpage *z = &m->zpages[handle->index % NR_ZPAGES];

	check(m, bench_handle_right(handle), "handle");
	check(m, z->frame && z->pampd == pampd, "evicts what is there");
	check(m, bench_intact(pampd, handle->index), "contents");
	if (!z->named)
		return false;
	z->named = false;
	z->evicted = true;
	return true;
}

/* What an eviction does to a frame: true if nothing is left in it. */
static bool model_evict(struct model *m, struct model_frame *frame)
{
	unsigned int i;

	for (i = 0; i < NR_ZPAGES; i++) {
		struct model_zpage *z = &m->zpages[i];

		if (z->frame != frame || !z->evicted)
			continue;
		z->evicted = false;
		m->stats[class_of(i)].evicted_zpages++;
		if (!--z->refs)
			z->frame = NULL;
	}
	return !nr_zpages(m, frame);
}

static void step_evict(struct model *m, unsigned int i)
{
	unsigned int class = class_of(i), tries;
	struct page *page, *expected = NULL;
	struct model_frame *frame;

	page = zbud_evict(&m->b->zbud, class, unlink, m);
	for (tries = 0; tries < EVICT_TRIES && !expected; tries++) {
		frame = list_first_entry_or_null(&m->frames[class],
						 struct model_frame, node);
		if (!frame)
			break;
		if (model_evict(m, frame)) {
			expected = frame->page;
			forget_frame(frame);
		} else {
			list_move_tail(&frame->node, &m->frames[class]);
			check_frame(m, frame);
		}
	}
	check(m, page == expected, "oldest frame evicted");
	if (page) {
		m->stats[class].evicted_pageframes++;
		bench_release(m->b, page);
	}
	for (i = 0; i < NR_ZPAGES; i++)
		check(m, !m->zpages[i].evicted, "oldest zpages evicted");
}

/* The weight of a step is how often it is here. */
static void (* const steps[])(struct model *m, unsigned int i) = {
	step_store, step_store, step_store, step_store, step_store, step_store,
	step_store, step_drop, step_drop, step_drop, step_drop, step_pin,
	step_own, step_evict,
};

static void check_stats(struct model *m, unsigned int class)
{
	struct zbud_stats *expected = &m->stats[class];
	struct model_frame *frame;
	unsigned int i, size;

	zbud_stats(&m->b->zbud, class, &m->b->stats);
	memset(expected->histogram, 0, sizeof(expected->histogram));
	expected->zpages = 0;
	expected->zbytes = 0;
	for (i = 0; i < NR_ZPAGES; i++) {
		if (!m->zpages[i].frame || class_of(i) != class)
			continue;
		size = m->zpages[i].size;
		expected->zpages++;
		expected->zbytes += size;
		expected->histogram[DIV_ROUND_UP(size, ZBUD_CHUNK_SIZE)]++;
	}
	expected->pageframes = 0;
	expected->unbuddied = 0;
	list_for_each_entry(frame, &m->frames[class], node) {
		expected->pageframes++;
		expected->unbuddied += nr_zpages(m, frame) == 1;
	}
	expected->buddied = expected->pageframes - expected->unbuddied;
	check(m, !memcmp(&m->b->stats, expected, sizeof(*expected)), "stats");
}

static void check_all(struct model *m)
{
	struct model_frame *frame;
	unsigned int class;
	long frames = 0;

	for (class = 0; class < ZBUD_CLASSES; class++)
		list_for_each_entry(frame, &m->frames[class], node) {
			check_frame(m, frame);
			frames++;
		}
	check(m, frames == atomic_long_read(&m->b->frames), "frames");
}

static void drop_all(struct model *m)
{
	unsigned int i;

	for (i = 0; i < NR_ZPAGES; i++)
		while (m->zpages[i].frame)
			drop(m, &m->zpages[i]);
}

static void run_steps(struct model *m)
{
	unsigned int i, class;

	for (m->step = 0; m->step < STEPS && !m->wrong; m->step++) {
		i = test_below(&m->rnd, ARRAY_SIZE(steps));
		steps[i](m, test_below(&m->rnd, NR_ZPAGES));
		for (class = 0; class < ZBUD_CLASSES; class++)
			check_stats(m, class);
		if (m->step % 250 == 249)
			check_all(m);
		cond_resched();
	}
}

static void compare_with_model(struct kunit *test)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int seed, class;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->b = test->priv;
	for (class = 0; class < ZBUD_CLASSES; class++)
		INIT_LIST_HEAD(&m->frames[class]);
	for (seed = 1; seed <= SEEDS; seed++) {
		prandom_seed_state(&m->rnd, seed);
		run_steps(m);
		if (m->wrong)
			KUNIT_FAIL_AND_ABORT(test, "seed %u, step %u: %s", seed,
					     m->step, m->wrong);
	}
	drop_all(m);
	KUNIT_EXPECT_NULL(test, m->wrong);
}

/* All at once */

#define RACE_ZPAGES	16
#define RACE_STEPS	40000

/**
 * struct race - names for zpages, and who wants them
 * @b: of the zpages
 * @lock: protects @named; taken with interrupts on
 * @named: the zpages by index
 * @errors: zpages that were not as they should be
 */
struct race {
	struct bench *b;
	spinlock_t lock;	/* named */
	void *named[RACE_ZPAGES];
	atomic_t errors;
};

/* Take the name away from @pampd, or, without one, from whatever has it. */
static void *race_unname(struct race *r, u64 index, void *pampd)
{
	void *named;

	spin_lock(&r->lock);
	named = r->named[index];
	if (pampd && named != pampd)
		named = NULL;
	if (named)
		r->named[index] = NULL;
	spin_unlock(&r->lock);
	return named;
}

static bool race_unlink(void *arg, const struct tmem_handle *handle,
			void *pampd)
{
	struct race *r = arg;

	if (handle->index < RACE_ZPAGES && bench_handle_right(handle))
		return race_unname(r, handle->index, pampd);
	atomic_inc(&r->errors);
	return false;
}

static void race_check_and_drop(struct race *r, u64 index, void *pampd)
{
	if (!bench_intact(pampd, index))
		atomic_inc(&r->errors);
	bench_drop(r->b, pampd);
}

static void race_store(struct race *r, u64 index, unsigned int size)
{
	void *pampd = bench_store(r->b, ZBUD_EPH, index, size);

	if (!pampd) {
		atomic_inc(&r->errors);
		return;
	}
	spin_lock(&r->lock);
	swap(r->named[index], pampd);
	spin_unlock(&r->lock);
	if (pampd)
		race_check_and_drop(r, index, pampd);
}

static void race_flush(struct race *r, u64 index)
{
	void *pampd = race_unname(r, index, NULL);

	if (pampd)
		race_check_and_drop(r, index, pampd);
}

static void race_read(struct race *r, u64 index)
{
	void *pampd;

	spin_lock(&r->lock);
	pampd = r->named[index];
	if (pampd)
		zbud_pin(&r->b->zbud, pampd);
	spin_unlock(&r->lock);
	if (pampd)
		race_check_and_drop(r, index, pampd);
}

static void race_evict(struct race *r)
{
	struct page *frame = zbud_evict(&r->b->zbud, ZBUD_EPH, race_unlink, r);

	if (frame)
		bench_release(r->b, frame);
}

static void race(struct test_worker *worker)
{
	struct race *r = worker->ctx;
	unsigned int i, index;

	for (i = 0; i < RACE_STEPS; i++) {
		index = test_below(&worker->rnd, RACE_ZPAGES);
		switch (test_below(&worker->rnd, 8)) {
		case 0 ... 2:
			race_store(r, index, 1 + test_below(&worker->rnd, 900));
			break;
		case 3 ... 4:
			race_flush(r, index);
			break;
		case 5 ... 6:
			race_read(r, index);
			break;
		default:
			race_evict(r);
		}
		cond_resched();
	}
}

static void concurrent(struct kunit *test)
{
	struct race *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->b = test->priv;
	spin_lock_init(&r->lock);
	test_run_workers(test, race, r);
	for (i = 0; i < RACE_ZPAGES; i++)
		race_flush(r, i);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->errors), 0);
}

static void race_pins(struct test_worker *worker)
{
	struct race *r = worker->ctx;
	unsigned int i;

	for (i = 0; i < RACE_STEPS; i++) {
		zbud_pin(&r->b->zbud, r->named[0]);
		if (bench_drop(r->b, r->named[0]))
			atomic_inc(&r->errors);
		cond_resched();
	}
}

/* One zpage, which all want to read: no reference is lost. */
static void concurrent_pins(struct kunit *test)
{
	struct race *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->b = test->priv;
	r->named[0] = bench_store(r->b, ZBUD_EPH, 0, 100);
	KUNIT_ASSERT_NOT_NULL(test, r->named[0]);
	test_run_workers(test, race_pins, r);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->errors), 0);
	KUNIT_EXPECT_TRUE(test, bench_intact(r->named[0], 0));
	KUNIT_EXPECT_TRUE(test, bench_drop(r->b, r->named[0]));
}

static struct kunit_case zbud_random_cases[] = {
	KUNIT_CASE(compare_with_model),
	KUNIT_CASE(concurrent),
	KUNIT_CASE(concurrent_pins),
	{}
};

static struct kunit_suite zbud_random_suite = {
	.name = "zcache_zbud_random",
	.init = bench_init,
	.exit = bench_exit,
	.test_cases = zbud_random_cases,
};

kunit_test_suite(zbud_random_suite);
