// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page that was stored and is all zeros when it is swapped out again has no
 * entry any more: the swap layer notes the zeros elsewhere and asks nobody.
 */
#include <string.h>
#include <sys/mman.h>

#include "zc.h"

#define TIMES	5

static char *page;

static void new_page(void)
{
	if (page)
		munmap(page, ZC_PAGE);
	page = zc_anon(ZC_PAGE, ZC_PAGE);
}

static bool is_zero(void)
{
	return zc_holds(page, 0, ZC_ZERO);
}

/* Swap the zero page out and in; no entry may be left of what it was. */
static bool zero_goes_round(unsigned long stored)
{
	bool good;

	memset(page, 0, ZC_PAGE);
	good = zc_pageout(page, ZC_PAGE);
	if (!good)
		zc_say("the zero page is not swapped out");
	if (zc_get("frontswap/stored") != stored) {
		zc_say("%lu entries, should be %lu", zc_get("frontswap/stored"),
		       stored);
		good = false;
	}
	if (!is_zero()) {
		zc_say("it comes back with %llx",
		       *(unsigned long long *)page);
		good = false;
	}
	return good;
}

/* Stored, loaded, zeroed. */
static void test_loaded(void)
{
	unsigned long stored = zc_get("frontswap/stored");
	unsigned int i, bad = 0;

	for (i = 0; i < TIMES; i++) {
		zc_fill(page, i + 1, ZC_TEXT);
		if (!zc_pageout(page, ZC_PAGE) ||
		    zc_get("frontswap/stored") != stored + 1 ||
		    !zc_holds(page, i + 1, ZC_TEXT) || !zero_goes_round(stored))
			bad++;
	}
	zc_result(!bad, "zeroed after it was loaded: %u of %u wrong", bad,
		  TIMES);
}

/* Stored, and in memory again before it was dropped, entry and all. */
static void test_stranded(void)
{
	unsigned long stored = zc_get("frontswap/stored");
	unsigned int i, stranded = 0, bad = 0;

	if (!zc_can_strand()) {
		zc_skip_one("zeroed while its entry exists: needs two CPUs");
		return;
	}
	for (i = 0; i < 10 * TIMES && stranded < TIMES; i++) {
		new_page();
		zc_fill(page, i + 1, i & 1 ? ZC_SAME : ZC_TEXT);
		if (!zc_strand(page, ZC_PAGE))
			continue;
		stranded++;
		bad += !zero_goes_round(stored);
	}
	if (!stranded)
		zc_skip_one("zeroed while its entry exists: the race was not won");
	else
		zc_result(!bad, "zeroed while its entry exists: %u of %u wrong",
			  bad, stranded);
}

int main(void)
{
	zc_start(3);
	zc_swap_on(NULL, 16 << 8);
	zc_percent(50);
	new_page();

	test_loaded();
	test_stranded();
	munmap(page, ZC_PAGE);
	zc_result(zc_wait_get("frontswap/stored", 0), "no entry is left");
	zc_finish();
}
