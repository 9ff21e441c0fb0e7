// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of zbud by chance: many operations in random order, compared with a
 * model that has an owner for each chunk and searches all of them, too simple
 * to be wrong; and at once, on several CPUs.
 */
#include <linux/spinlock.h>

#include "zbud_bench.h"

#define NR_ZPAGES	128
#define SEEDS		3
#define STEPS		3000
#define EVICT_TRIES	8
#define HEADER_CHUNKS	2
#define LINK_SIZE	3

/* Owners of chunks that are not the index of a zpage */
#define FREE		NR_ZPAGES
#define HEADER		(NR_ZPAGES + 1)

/**
 * struct model_group - a group
 * @frames: its frames, NULL for one that is missing; without the first there
 *	is no group
 * @owner: of each chunk
 * @class: its class
 * @rank: its rank
 * @used: when it was used last
 * @changed: when its room changed last
 * @partial: when it began to lack frames; 0 if it does not
 */
struct model_group {
	void *frames[ZBUD_FRAMES];
	u8 owner[ZBUD_GROUP_CHUNKS];
	enum zbud_class class;
	enum zbud_rank rank;
	u64 used;
	u64 changed;
	u64 partial;
};

/**
 * struct model_zpage - a zpage; its index is its place in the model
 * @group: where it is; NULL if there is no zpage
 * @pampd: its name
 * @size: its size
 * @refs: references to it
 * @split: it is in more than one piece
 * @named: one of the references belongs to the name that eviction may take
 * @evicted: eviction has taken the name
 */
struct model_zpage {
	struct model_group *group;
	void *pampd;
	unsigned int size;
	unsigned int refs;
	bool split;
	bool named;
	bool evicted;
};

/**
 * struct model - what should be in the allocator
 * @b: the allocator and its frames
 * @rnd: where the choices come from
 * @zpages: odd ones are persistent
 * @groups: in no order
 * @clock: counts what happens to groups
 * @stats: what was counted and is not obvious from the rest
 * @step: how many steps were taken with this seed
 * @wrong: the first thing that was not as it should be
 */
struct model {
	struct bench *b;
	struct rnd_state rnd;
	struct model_zpage zpages[NR_ZPAGES];
	struct model_group groups[NR_ZPAGES];
	u64 clock;
	struct zbud_stats stats[ZBUD_CLASSES];
	unsigned int step;
	const char *wrong;
};

static void check(struct model *m, bool right, const char *what)
{
	if (!right && !m->wrong)
		m->wrong = what;
}

static enum zbud_class class_of(unsigned int index)
{
	return index & 1 ? ZBUD_PERS : ZBUD_EPH;
}

static bool is_free(const struct model_group *g, unsigned int chunk)
{
	return g->frames[chunk / ZBUD_CHUNKS] && g->owner[chunk] == FREE;
}

static unsigned int nr_free(const struct model_group *g)
{
	unsigned int chunk, nr = 0;

	for (chunk = 0; chunk < ZBUD_GROUP_CHUNKS; chunk++)
		nr += is_free(g, chunk);
	return nr;
}

static unsigned int nr_frames(const struct model_group *g)
{
	unsigned int i, nr = 0;

	for (i = 0; i < ZBUD_FRAMES; i++)
		nr += !!g->frames[i];
	return nr;
}

static unsigned int nr_zpages(struct model *m, const struct model_group *g)
{
	unsigned int i, nr = 0;

	for (i = 0; i < NR_ZPAGES; i++)
		nr += m->zpages[i].group == g;
	return nr;
}

/* Free chunks from @chunk on, in its frame. */
static unsigned int gap_at(const struct model_group *g, unsigned int chunk)
{
	unsigned int end = round_down(chunk, ZBUD_CHUNKS) + ZBUD_CHUNKS, nr = 0;

	while (chunk + nr < end && is_free(g, chunk + nr))
		nr++;
	return nr;
}

/* Where a zpage of so many chunks goes as a whole, or -1. */
static int tightest_gap(const struct model_group *g, unsigned int chunks)
{
	unsigned int chunk, nr, best_nr = ZBUD_CHUNKS + 1;
	int best = -1;

	for (chunk = 0; chunk < ZBUD_GROUP_CHUNKS; chunk += max(nr, 1U)) {
		nr = gap_at(g, chunk);
		if (nr >= chunks && nr < best_nr) {
			best = chunk;
			best_nr = nr;
		}
	}
	return best;
}

/* What all gaps may take with links between them. */
static unsigned int bytes_in_gaps(const struct model_group *g)
{
	unsigned int chunk, nr, bytes = 0;

	for (chunk = 0; chunk < ZBUD_GROUP_CHUNKS; chunk += max(nr, 1U)) {
		nr = gap_at(g, chunk);
		if (nr)
			bytes += nr * ZBUD_CHUNK_SIZE - (bytes ? LINK_SIZE : 0);
	}
	return bytes;
}

static void own(struct model_group *g, unsigned int chunk, unsigned int nr,
		unsigned int owner)
{
	while (nr--)
		g->owner[chunk++] = owner;
}

/* What is on trial makes nobody younger who is not. */
static void use(struct model *m, struct model_group *g, enum zbud_rank rank)
{
	if (rank < g->rank)
		return;
	if (rank > g->rank && g->partial)
		g->partial = ++m->clock;
	g->rank = rank;
	g->used = ++m->clock;
}

static enum zbud_rank rank_now(const struct model *m)
{
	return m->b->on_trial ? ZBUD_ON_TRIAL : ZBUD_PROVED;
}

/* Put a zpage into a group, if it has room: at which chunk, or -1. */
static int place(struct model *m, struct model_group *g, unsigned int i)
{
	int bytes = bench_head(i) + m->zpages[i].size, head;
	unsigned int chunk, nr, chunks = DIV_ROUND_UP(bytes, 64);

	g->changed = ++m->clock;
	head = tightest_gap(g, chunks);
	m->zpages[i].split = head < 0;
	if (head >= 0) {
		own(g, head, chunks, i);
	} else if (bytes_in_gaps(g) >= bytes) {
		for (chunk = 0; bytes > 0; chunk++) {
			nr = min_t(int, gap_at(g, chunk),
				   DIV_ROUND_UP(bytes, 64));
			if (!nr)
				continue;
			head = head < 0 ? chunk : head;
			own(g, chunk, nr, i);
			bytes -= 64 * nr;
			chunk += nr - 1;
			bytes += bytes > 0 ? LINK_SIZE : 0;
		}
	} else {
		return -1;
	}
	m->zpages[i].group = g;
	use(m, g, rank_now(m));
	return head;
}

/* The group with the fewest free chunks from *@nr on; the last that changed. */
static struct model_group *group_with(struct model *m, enum zbud_class class,
				      unsigned int *nr)
{
	struct model_group *g, *found = NULL;
	unsigned int n, least = *nr;

	for (g = m->groups; g < m->groups + NR_ZPAGES; g++) {
		if (!g->frames[0] || g->class != class)
			continue;
		n = nr_free(g);
		if (n < least || (found && n > *nr) ||
		    (found && n == *nr && g->changed < found->changed))
			continue;
		found = g;
		*nr = n;
	}
	return found;
}

static int place_in_room(struct model *m, unsigned int i)
{
	unsigned int nr = DIV_ROUND_UP(bench_head(i) + m->zpages[i].size, 64);
	struct model_group *g;
	int head;

	while ((g = group_with(m, class_of(i), &nr))) {
		head = g->rank < rank_now(m) ? -1 : place(m, g, i);
		if (head >= 0)
			return head;
		nr++;
	}
	return -1;
}

static struct model_group *new_group(struct model *m, enum zbud_class class)
{
	struct model_group *g = m->groups;

	while (g->frames[0])
		g++;
	memset(g, 0, sizeof(*g));
	memset(g->owner, FREE, sizeof(g->owner));
	own(g, 0, HEADER_CHUNKS, HEADER);
	g->class = class;
	g->rank = rank_now(m);
	g->partial = ++m->clock;
	return g;
}

/* In a frame of its own, that is added to the group that lacks one last. */
static int place_in_frame(struct model *m, unsigned int i, void *frame)
{
	struct model_group *g, *to = NULL;
	unsigned int n = 0;

	for (g = m->groups; g < m->groups + NR_ZPAGES; g++)
		if (g->frames[0] && g->class == class_of(i) && g->partial &&
		    g->rank == rank_now(m) &&
		    (!to || g->partial > to->partial))
			to = g;
	if (!to)
		to = new_group(m, class_of(i));
	while (to->frames[n])
		n++;
	to->frames[n] = frame;
	if (nr_frames(to) == ZBUD_FRAMES)
		to->partial = 0;
	return place(m, to, i);
}

/* A group after zpages have gone: how many frames go? */
static unsigned int settle(struct model *m, struct model_group *g)
{
	unsigned int i, chunk, went = 0;

	for (i = ZBUD_FRAMES - 1; i; i--) {
		for (chunk = 0; chunk < ZBUD_CHUNKS; chunk++)
			if (g->owner[i * ZBUD_CHUNKS + chunk] != FREE)
				break;
		if (!g->frames[i] || chunk < ZBUD_CHUNKS)
			continue;
		g->frames[i] = NULL;
		went++;
	}
	if (!nr_zpages(m, g)) {
		g->frames[0] = NULL;
		return went + 1;
	}
	if (nr_frames(g) < ZBUD_FRAMES && !g->partial)
		g->partial = ++m->clock;
	g->changed = ++m->clock;
	return went;
}

static void forget(struct model_zpage *z, unsigned int index)
{
	unsigned int chunk;

	for (chunk = 0; chunk < ZBUD_GROUP_CHUNKS; chunk++)
		if (z->group->owner[chunk] == index)
			z->group->owner[chunk] = FREE;
	z->group = NULL;
}

static void check_contents(struct model *m, struct model_group *g)
{
	unsigned int i;

	for (i = 0; i < NR_ZPAGES; i++)
		if (m->zpages[i].group && (!g || m->zpages[i].group == g))
			check(m, bench_intact(m->zpages[i].pampd, i),
			      "contents");
}

/* Small ones, any, and those that just fill their chunks or just do not. */
static unsigned int random_size(struct model *m, unsigned int index)
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
		chunks = 1 + test_below(&m->rnd, ZBUD_CHUNKS - 3);
		return chunks * ZBUD_CHUNK_SIZE - bench_head(index) +
		       test_below(&m->rnd, 2);
	}
}

static void step_store(struct model *m, unsigned int i)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	struct zbud_stats *s = &m->stats[class_of(i)];
	struct model_zpage *z = &m->zpages[i];
	long frames = atomic_long_read(&m->b->frames);
	bool used;
	int head;

	if (z->group) {
		__free_page(page);
		return;
	}
	z->size = random_size(m, i);
	m->b->on_trial = test_below(&m->rnd, 2);
	z->pampd = bench_store_in(m->b, class_of(i), i, z->size, page);
	check(m, z->pampd, "store");
	if (!z->pampd)
		return;

	used = atomic_long_read(&m->b->frames) != frames;
	head = place_in_room(m, i);
	check(m, used == (head < 0), "frame used only if needed");
	if (head < 0)
		head = place_in_frame(m, i, page_address(page));
	check(m, z->pampd == z->group->frames[head / ZBUD_CHUNKS] +
		 head % ZBUD_CHUNKS * ZBUD_CHUNK_SIZE + 4, "best fit");
	z->refs = 1;
	z->named = true;
	check_contents(m, z->group);
	s->cumul_zpages++;
	s->cumul_zbytes += z->size;
}

/* Drop one reference; the frames that are empty then come back. */
static void drop(struct model *m, unsigned int i)
{
	struct model_zpage *z = &m->zpages[i];
	struct model_group *g = z->group;
	unsigned int back, expected = 0;
	bool last;

	back = bench_drop_one(m->b, z->pampd, &last);
	check(m, last == (z->refs == 1), "the last reference");
	if (!--z->refs) {
		forget(z, i);
		expected = settle(m, g);
	}
	check(m, back == expected, "empty frames come back");
	check_contents(m, g);
}

static void step_drop(struct model *m, unsigned int i)
{
	struct model_zpage *z = &m->zpages[i];

	if (!z->group)
		return;
	/* The last reference is the name's, or the owner's who took it. */
	if (z->refs == 1)
		z->named = false;
	drop(m, i);
}

static void step_pin(struct model *m, unsigned int i)
{
	struct model_zpage *z = &m->zpages[i];

	if (!z->group)
		return;
	zbud_pin(bench_queue(m->b, z->pampd), z->pampd);
	use(m, z->group, ZBUD_PROVED);
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
	check(m, z->group && z->pampd == pampd, "evicts what is there");
	check(m, bench_intact(pampd, handle->index), "contents");
	if (!z->named)
		return false;
	z->named = false;
	z->evicted = true;
	return true;
}

/* What an eviction does to a group: how many frames does it give? */
static unsigned int model_evict(struct model *m, struct model_group *g)
{
	unsigned int i;

	for (i = 0; i < NR_ZPAGES; i++) {
		struct model_zpage *z = &m->zpages[i];

		if (z->group != g || !z->evicted)
			continue;
		z->evicted = false;
		m->stats[class_of(i)].evicted_zpages++;
		if (!--z->refs)
			forget(z, i);
	}
	g->partial = 0;
	g->used = ++m->clock;
	return settle(m, g);
}

static struct model_group *oldest(struct model *m, enum zbud_class class,
				  enum zbud_rank rank)
{
	struct model_group *g, *old = NULL;

	for (g = m->groups; g < m->groups + NR_ZPAGES; g++)
		if (g->frames[0] && g->class == class && g->rank == rank &&
		    (!old || g->used < old->used))
			old = g;
	return old;
}

static void step_evict(struct model *m, unsigned int i)
{
	enum zbud_class class = class_of(i);
	enum zbud_rank rank = test_below(&m->rnd, ZBUD_RANKS);
	unsigned int tries, nr, expected = 0;
	struct model_group *g;
	LIST_HEAD(frames);

	nr = zbud_evict(&m->b->queues[class], rank, unlink, m, &frames);
	for (tries = 0; tries < EVICT_TRIES && !expected; tries++) {
		g = oldest(m, class, rank);
		if (!g)
			break;
		expected = model_evict(m, g);
	}
	check(m, nr == expected, "oldest group evicted");
	check(m, bench_take_back(m->b, &frames) == nr, "frames in the list");
	m->stats[class].evicted_pageframes += nr;
	for (i = 0; i < NR_ZPAGES; i++)
		check(m, !m->zpages[i].evicted, "oldest zpages evicted");
	check_contents(m, NULL);
}

/* The weight of a step is how often it is here. */
static void (* const steps[])(struct model *m, unsigned int i) = {
	step_store, step_store, step_store, step_store, step_store, step_store,
	step_store, step_drop, step_drop, step_drop, step_drop, step_pin,
	step_own, step_evict,
};

static void check_stats(struct model *m, enum zbud_class class)
{
	struct zbud_stats *expected = &m->stats[class];
	struct model_group *g;
	unsigned int i, size;

	zbud_stats(&m->b->queues[class], &m->b->stats);
	memset(expected->histogram, 0, sizeof(expected->histogram));
	expected->zpages = 0;
	expected->zbytes = 0;
	expected->split = 0;
	expected->pageframes = 0;
	expected->groups = 0;
	for (i = 0; i < NR_ZPAGES; i++) {
		if (!m->zpages[i].group || class_of(i) != class)
			continue;
		size = m->zpages[i].size;
		expected->zpages++;
		expected->zbytes += size;
		expected->split += m->zpages[i].split;
		expected->histogram[DIV_ROUND_UP(size, ZBUD_CHUNK_SIZE)]++;
	}
	for (g = m->groups; g < m->groups + NR_ZPAGES; g++) {
		if (!g->frames[0] || g->class != class)
			continue;
		expected->groups++;
		expected->pageframes += nr_frames(g);
	}
	check(m, !memcmp(&m->b->stats, expected, sizeof(*expected)), "stats");
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
			check_contents(m, NULL);
		cond_resched();
	}
}

static void compare_with_model(struct kunit *test)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int seed, i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->b = test->priv;
	for (seed = 1; seed <= SEEDS; seed++) {
		prandom_seed_state(&m->rnd, seed);
		run_steps(m);
		if (m->wrong)
			KUNIT_FAIL_AND_ABORT(test, "seed %u, step %u: %s", seed,
					     m->step, m->wrong);
	}
	for (i = 0; i < NR_ZPAGES; i++)
		while (m->zpages[i].group)
			drop(m, i);
	KUNIT_EXPECT_NULL(test, m->wrong);
}

/* All at once */

#define RACE_ZPAGES	48
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
		zbud_pin(bench_queue(r->b, pampd), pampd);
	spin_unlock(&r->lock);
	if (pampd)
		race_check_and_drop(r, index, pampd);
}

static void race_evict(struct race *r)
{
	LIST_HEAD(frames);

	zbud_evict(&r->b->queues[ZBUD_EPH], ZBUD_PROVED, race_unlink, r, &frames);
	bench_take_back(r->b, &frames);
}

static void race(struct test_worker *worker)
{
	struct race *r = worker->ctx;
	unsigned int i, index;

	for (i = 0; i < RACE_STEPS; i++) {
		index = test_below(&worker->rnd, RACE_ZPAGES);
		switch (test_below(&worker->rnd, 8)) {
		case 0 ... 2:
			race_store(r, index, 1 + test_below(&worker->rnd, 3000));
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
		zbud_pin(bench_queue(r->b, r->named[0]), r->named[0]);
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
