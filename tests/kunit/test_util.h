/* SPDX-License-Identifier: GPL-2.0-only */
/* What the suites of zcache share. */
#ifndef _ZCACHE_TEST_UTIL_H
#define _ZCACHE_TEST_UTIL_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/string.h>

#define TEST_MAX_WORKERS	8

/**
 * struct test_worker - one of several that work on the same thing at once
 * @fn: what it does
 * @ctx: with what
 * @rnd: numbers of its own, the same in every run
 * @missing: how many of the workers have not started yet
 * @done: completed when it is through
 */
struct test_worker {
	void (*fn)(struct test_worker *worker);
	void *ctx;
	struct rnd_state rnd;
	atomic_t *missing;
	struct completion done;
};

static inline u32 test_below(struct rnd_state *rnd, u32 limit)
{
	return prandom_u32_state(rnd) % limit;
}

/* None begins before all are there, or the first would be through by then. */
static inline int test_worker_thread(void *ptr)
{
	struct test_worker *worker = ptr;

	atomic_dec(worker->missing);
	while (atomic_read(worker->missing))
		cond_resched();
	worker->fn(worker);
	kthread_complete_and_exit(&worker->done, 0);
}

/* Run @fn on one more worker than there are CPUs, until all are through. */
static inline void test_run_workers(struct kunit *test,
				    void (*fn)(struct test_worker *worker),
				    void *ctx)
{
	unsigned int i, nr = min(num_online_cpus() + 1, TEST_MAX_WORKERS);
	struct task_struct *tasks[TEST_MAX_WORKERS];
	struct test_worker *workers;
	atomic_t missing = ATOMIC_INIT(nr);

	workers = kunit_kcalloc(test, nr, sizeof(*workers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, workers);
	for (i = 0; i < nr; i++) {
		workers[i].fn = fn;
		workers[i].ctx = ctx;
		workers[i].missing = &missing;
		prandom_seed_state(&workers[i].rnd, i + 1);
		init_completion(&workers[i].done);
		tasks[i] = kthread_create(test_worker_thread, &workers[i],
					  "zcache_test/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(tasks[i]));
	}
	for (i = 0; i < nr; i++)
		wake_up_process(tasks[i]);
	for (i = 0; i < nr; i++)
		wait_for_completion(&workers[i].done);
}

/* Fill the pages of a folio with @byte, @byte + 1 and so on. */
static inline void test_fill_folio(struct folio *folio, u8 byte)
{
	unsigned int i;

	for (i = 0; i < folio_nr_pages(folio); i++)
		memset(page_address(folio_page(folio, i)), byte + i, PAGE_SIZE);
}

static inline bool test_folio_filled(struct folio *folio, u8 byte)
{
	unsigned int i;

	for (i = 0; i < folio_nr_pages(folio); i++)
		if (memchr_inv(page_address(folio_page(folio, i)), byte + i,
			       PAGE_SIZE))
			return false;
	return true;
}

#ifdef CONFIG_FAILSLAB

/* Fail this task's @nth allocation that may not wait; 0: none. */
static inline void test_fail_alloc(unsigned int nth)
{
	WRITE_ONCE(current->fail_nth, nth);
}

/* What is left of the count: 0 after the failure. */
static inline unsigned int test_fail_alloc_left(void)
{
	return READ_ONCE(current->fail_nth);
}

#else

static inline void test_fail_alloc(unsigned int nth)
{
}

static inline unsigned int test_fail_alloc_left(void)
{
	return 0;
}

#endif

#endif /* _ZCACHE_TEST_UTIL_H */
