// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drained, zcache has no swap pages left, and nothing was lost by that, whether it
 * was done to the end or not.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "zc.h"

#define STRANDED_ID	9000000

static void on_again(void)
{
	zc_enable(true);
}

static void test_bad_values(void)
{
	const char *path = "/sys/kernel/mm/zcache/drain";

	zc_result(zc_try_write(path, "2") == EINVAL &&
		  zc_try_write(path, "0") == EINVAL, "it takes 1 and nothing else");
}

/* One that is in the swap cache, and mapped, and has its entry all the same. */
static char *stranded(void)
{
	unsigned int tries;
	char *p;

	for (tries = 0; tries < 30 && zc_can_strand(); tries++) {
		p = zc_anon(ZC_PAGE, ZC_PAGE);
		zc_fill(p, STRANDED_ID, ZC_TEXT);
		if (zc_strand(p, ZC_PAGE))
			return p;
		zc_mix_free(p, 1);
	}
	return NULL;
}

static void test_drain(void)
{
	unsigned long nr = 1024, stored, loads, written;
	char *p = zc_mix_out(nr), *q = stranded();

	stored = zc_get("frontswap/stored");
	loads = zc_get("frontswap/loads");
	written = zc_get("zcache/writtenback_pages");
	zc_result(stored >= nr / 2 && !zc_drain() && !zc_get("frontswap/stored") &&
		  !zc_get("zcache/pageframes"), "all of %lu pages leave", stored);
	written = zc_get("zcache/writtenback_pages") - written;
	zc_result(written >= stored / 2, "%lu of them for the device", written);
	zc_result(!zc_mix_wrong(p, nr) && zc_get("frontswap/loads") == loads,
		  "they are right, and come from there");
	if (q) {
		zc_pageout(q, ZC_PAGE);
		zc_result(zc_holds(q, STRANDED_ID, ZC_TEXT),
			  "one that was in the swap cache is, too");
	} else {
		zc_skip_one("no page was in the swap cache");
	}
	zc_result(!zc_drain(), "it may be drained twice");
	zc_enable(true);
	zc_mix_free(p, nr);
}

/* A drain that is ended by a signal, and does not let anybody else interfere. */

static int drain_err;

static void no_op(int sig)
{
	(void)sig;
}

static void *drainer(void *arg)
{
	(void)arg;
	zc_store(drain_err, zc_drain());
	return NULL;
}

static void test_interrupted(void)
{
	struct sigaction action = { .sa_handler = no_op };
	unsigned long nr = zc_scaled(16384, 4096), stored, left;
	char *p = zc_mix_out(nr);
	pthread_t thread;
	int err;

	stored = zc_get("frontswap/stored");
	zc_store(drain_err, -1);
	sigaction(SIGUSR1, &action, NULL);
	if (pthread_create(&thread, NULL, drainer, NULL))
		zc_die("no thread");
	while (zc_get("frontswap/stored") == stored && zc_load(drain_err) < 0)
		;
	err = zc_enable(true);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	left = zc_get("frontswap/stored");
	zc_result(err == EBUSY, "it cannot be switched on meanwhile (%s)",
		  strerror(err));
	zc_result(drain_err == EINTR && left && left < stored,
		  "a signal ends it (%s): %lu of %lu are left",
		  strerror(drain_err), left, stored);
	zc_result(!zc_mix_wrong(p, nr), "all are right");
	zc_result(!zc_drain() && !zc_enable(true), "it can be drained after that");
	zc_mix_free(p, nr);
}

static void test_failure(void)
{
	unsigned long nr = 1024, left;
	char *p;
	int err;

	if (!zc_can_fail_writes()) {
		zc_skip_one("no fault injection in this kernel");
		zc_skip_one("no fault injection in this kernel");
		return;
	}
	p = zc_mix_out(nr);
	zc_fail_writes(true);
	err = zc_drain();
	zc_fail_writes(false);
	left = zc_get("frontswap/stored");
	zc_result(err == EIO && left > nr / 2,
		  "it ends if the device fails (%s): %lu of %lu are left",
		  strerror(err), left, nr);
	zc_result(!zc_mix_wrong(p, nr), "all are right");
	zc_enable(true);
	zc_mix_free(p, nr);
}

int main(void)
{
	zc_start(12);
	zc_swap_on(NULL, 65536);
	zc_at_end(on_again);
	zc_percent(50);
	test_bad_values();
	test_drain();
	test_interrupted();
	test_failure();
	zc_finish();
}
