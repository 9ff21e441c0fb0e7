// SPDX-License-Identifier: GPL-2.0-only
/*
 * zcache is switched off and on while it is full of pages, and while they are
 * used: file pages go, swap pages stay and can be read, nothing new comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "zc.h"

#define NR_FILE		256UL
#define FILE_ID		3000000

static void on_again(void)
{
	zc_enable(true);
}

/* Pages that are on the device already would not be offered. */
static bool takes(char *p, unsigned long nr)
{
	unsigned long stores = zc_get("frontswap/succ_stores");

	zc_mix_fill(p, nr);
	zc_pageout(p, nr * ZC_PAGE);
	return zc_get("frontswap/succ_stores") > stores;
}

static void test_bad_values(void)
{
	zc_result(zc_try_write("/sys/module/zcache/parameters/enabled",
			       "maybe") == EINVAL,
		  "what is neither on nor off is refused");
	zc_result(!zc_enable(true), "it may be switched on twice");
}

static void test_files(void)
{
	unsigned long there, puts;
	int fd;

	zc_fs_make(ZC_PAGE);
	fd = zc_open("a", O_RDWR | O_CREAT);
	zc_write_pages(fd, 0, NR_FILE, FILE_ID, ZC_TEXT);
	zc_evict(fd, 0, NR_FILE);
	there = zc_entries();
	zc_result(there >= NR_FILE / 2 && !zc_enable(false) && !zc_entries() &&
		  !zc_get("zcache/eph_pageframes") &&
		  !zc_get("zcache/spare_pageframes"),
		  "%lu file pages go when it is switched off", there);
	puts = zc_get("cleancache/puts");
	zc_result(!zc_wrong_pages(fd, 0, NR_FILE, FILE_ID, ZC_TEXT),
		  "the file is right");
	zc_write_pages(fd, 0, NR_FILE / 2, FILE_ID + 1, ZC_TEXT);
	zc_evict(fd, 0, NR_FILE);
	zc_result(zc_get("cleancache/puts") == puts && !zc_entries(),
		  "none come while it is off");
	zc_result(!zc_enable(true) &&
		  !zc_wrong_pages(fd, 0, NR_FILE / 2, FILE_ID + 1, ZC_TEXT),
		  "what was changed meanwhile is right when it is on");
	zc_evict(fd, 0, NR_FILE);
	zc_result(zc_get("cleancache/puts") > puts && zc_entries(),
		  "then they come again");
	close(fd);
}

static void test_swap(void)
{
	unsigned long nr = 512, stored, stores;
	char *p = zc_mix_out(nr), *other = zc_mix(nr);

	stored = zc_get("frontswap/stored");
	zc_result(stored >= nr / 2 && !zc_enable(false) &&
		  zc_get("frontswap/stored") == stored,
		  "%lu swap pages stay when it is switched off", stored);
	stores = zc_get("frontswap/succ_stores");
	zc_pageout(other, nr * ZC_PAGE);
	zc_result(zc_get("frontswap/succ_stores") == stores,
		  "none come while it is off");
	zc_result(!zc_mix_wrong(p, nr / 2) && !zc_mix_wrong(other, nr / 2),
		  "those that are here are right, and those that are not");
	zc_pageout(p, nr * ZC_PAGE);
	zc_result(zc_get("frontswap/stored") < stored,
		  "they do not come back");
	zc_result(!zc_enable(true) && takes(other, nr), "it takes pages again");
	zc_result(!zc_mix_wrong(p, nr) && !zc_mix_wrong(other, nr), "all are right");
	zc_mix_free(p, nr);
	zc_mix_free(other, nr);
}

static void test_race(void)
{
	unsigned long rounds = zc_scaled(100, 20), drained = 0, bad, i;
	int err, odd = 0;

	zc_race_begin();
	for (i = 0; i < rounds; i++) {
		zc_msleep(20);
		if (i % 3) {
			err = zc_drain();
			drained += !err;
			if (err && err != EBUSY)
				odd = err;
		} else {
			zc_enable(false);
		}
		zc_msleep(5);
		zc_enable(true);
	}
	bad = zc_race_end();
	zc_result(drained > rounds / 3 && !odd,
		  "it was drained %lu times of %lu while pages were used", drained,
		  rounds * 2 / 3);
	zc_result(!bad, "%lu pages were wrong", bad);
}

/* A swap area comes and goes while it is off, or drained. */
static void test_areas(void)
{
	unsigned long nr = 256;
	char *p = zc_mix_out(nr);

	zc_result(!zc_enable(false) && !zc_swap_off() && !zc_mix_wrong(p, nr) &&
		  !zc_get("frontswap/stored"), "swapoff while it is off");
	zc_result(!zc_drain() && !zc_swap_again() && !takes(p, nr),
		  "swapon after it was drained");
	zc_result(!zc_enable(true) && !zc_mix_wrong(p, nr) && takes(p, nr) &&
		  !zc_mix_wrong(p, nr), "that area is served when it is on");
	zc_mix_free(p, nr);
}

int main(void)
{
	zc_start(18);
	zc_swap_on(NULL, 65536);
	zc_at_end(on_again);
	zc_percent(50);
	test_bad_values();
	test_files();
	test_swap();
	test_race();
	test_areas();
	zc_finish();
}
