// SPDX-License-Identifier: GPL-2.0-only
/*
 * A large folio is stored whole or not at all. Which page of it is refused is
 * chosen by what it holds: one page of noise among pages that compress.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zc.h"

#define THP		"/sys/kernel/mm/transparent_hugepage/hugepages-%lukB/"
#define NONE		(~0UL)

static char *memory;
static unsigned long size, nr_pages;

static unsigned long thp_stat(const char *name)
{
	char path[160], text[32];
	unsigned long value = 0;

	snprintf(path, sizeof(path), THP "stats/%s", size >> 10, name);
	if (zc_read(path, text, sizeof(text)))
		sscanf(text, "%lu", &value);
	return value;
}

static void fill(uint64_t id, unsigned long refused)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++)
		zc_fill(memory + i * ZC_PAGE, id + i,
			i == refused ? ZC_NOISE : ZC_TEXT);
}

static bool holds(uint64_t id, unsigned long refused)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++) {
		if (zc_holds(memory + i * ZC_PAGE, id + i,
			     i == refused ? ZC_NOISE : ZC_TEXT))
			continue;
		zc_say("page %lu is wrong", i);
		return false;
	}
	return true;
}

/* A fresh folio of the size that is enabled; false if there is none. */
static bool get_folio(void)
{
	unsigned long allocs = thp_stat("anon_fault_alloc");

	memory = zc_anon(size, size);
	madvise(memory, size, MADV_HUGEPAGE);
	zc_store(*memory, 1);
	return thp_stat("anon_fault_alloc") > allocs;
}

/* Swapped out in one piece, its slots say. */
static bool is_whole(void)
{
	unsigned long i;

	for (i = 1; i < nr_pages; i++)
		if (zc_slot(memory + i * ZC_PAGE) != zc_slot(memory) + i)
			return false;
	return true;
}

static bool swap_out(uint64_t id, unsigned long refused)
{
	unsigned long stored = zc_get("frontswap/stored");
	unsigned long failed = zc_get("frontswap/failed_stores");
	unsigned long whole = thp_stat("zswpout");

	if (refused == NONE)
		whole++;
	fill(id, refused);
	if (!zc_pageout(memory, size) || !is_whole()) {
		zc_say("not swapped out in one piece");
		return false;
	}
	if (thp_stat("zswpout") != whole) {
		zc_say("zswpout is %lu, should be %lu", thp_stat("zswpout"),
		       whole);
		return false;
	}
	if (refused == NONE)
		return zc_get("frontswap/stored") == stored + nr_pages;
	if (zc_get("frontswap/stored") != stored) {
		zc_say("page %lu refused, %lu entries are left", refused,
		       zc_get("frontswap/stored") - stored);
		return false;
	}
	return zc_get("frontswap/failed_stores") == failed + nr_pages;
}

/* Which page of the folio is refused; @step apart. */
static void test_each_position(unsigned long step)
{
	unsigned long i, bad = 0, tried = 0, stored;

	for (i = 0; i <= nr_pages; i += step) {
		unsigned long refused = i < nr_pages ? i : NONE;

		if (!get_folio()) {
			munmap(memory, size);
			continue;
		}
		tried++;
		stored = zc_get("frontswap/stored");
		bad += !swap_out(i << 16, refused) || !holds(i << 16, refused) ||
		       !zc_wait_get("frontswap/stored", stored);
		munmap(memory, size);
	}
	if (!tried)
		zc_skip_one("%lu kB: no such folio could be had", size >> 10);
	else
		zc_result(!bad, "%lu kB, each page refused in turn: %lu of %lu wrong",
			  size >> 10, bad, tried);
}

/* A folio that was stored whole and is in memory again. */
static bool get_stranded(uint64_t id)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		if (get_folio()) {
			fill(id, NONE);
			if (zc_strand(memory, size))
				return true;
		}
		munmap(memory, size);
	}
	return false;
}

/* Entries of all its pages exist when one is refused: all of them go. */
static bool refuses_whole(unsigned long refused, unsigned long stored)
{
	unsigned long left;
	bool good;

	fill(refused << 17, refused);
	good = zc_pageout(memory, size);
	left = zc_get("frontswap/stored") - stored;
	if (left)
		zc_say("page %lu refused, %lu old entries are left", refused,
		       left);
	return good && !left && holds(refused << 17, refused);
}

static void test_stranded(unsigned long step)
{
	unsigned long stored = zc_get("frontswap/stored");
	unsigned long i, bad = 0, tried = 0;

	if (!zc_can_strand()) {
		zc_skip_one("%lu kB with older entries: needs two CPUs", size >> 10);
		return;
	}
	for (i = 0; i < nr_pages; i += step) {
		if (!get_stranded(i << 16))
			continue;
		tried++;
		bad += !refuses_whole(i, stored);
		munmap(memory, size);
	}
	if (!tried)
		zc_skip_one("%lu kB with older entries: the race was not won",
			    size >> 10);
	else
		zc_result(!bad, "%lu kB with older entries: %lu of %lu wrong",
			  size >> 10, bad, tried);
}

/*
 * Freed while it is in the swap cache, all slots at once. A large folio takes
 * another way there than a small one, on which nobody is asked slot by slot.
 */
static void test_stranded_freed(void)
{
	unsigned long stored = zc_get("frontswap/stored"), i, left = 0;
	unsigned long tried = 0;

	for (i = 0; i < 3 && zc_can_strand(); i++) {
		if (!get_stranded(i << 16))
			continue;
		tried++;
		munmap(memory, size);
		left += !zc_wait_get("frontswap/stored", stored);
	}
	if (!tried)
		zc_skip_one("%lu kB freed with its entries: the race was not won",
			    size >> 10);
	else
		zc_result(!left, "%lu kB freed with its entries: %lu of %lu left some",
			  size >> 10, left, tried);
}

static bool choose_size(unsigned long kb)
{
	static const unsigned long sizes[] = { 64, 2048 };
	char path[160];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), THP "enabled", sizes[i]);
		if (access(path, W_OK))
			return false;
		zc_set_sysfs(path, sizes[i] == kb ? "always" : "never");
	}
	size = kb << 10;
	nr_pages = size / ZC_PAGE;
	return true;
}

int main(void)
{
	zc_start(6);
	zc_swap_on(NULL, 96 << 8);
	zc_percent(50);

	if (!choose_size(64))
		zc_skip_all("no transparent huge pages of 64 kB");
	test_each_position(1);
	test_stranded(zc_scaled(3, 7));
	test_stranded_freed();
	choose_size(2048);
	test_each_position(zc_scaled(73, 200));

	zc_result(!zc_swap_off(), "swapoff");
	zc_result(zc_get("frontswap/stored") == 0 &&
		  zc_get("zcache/pers_zpages") == 0, "no entry is left");
	zc_finish();
}
