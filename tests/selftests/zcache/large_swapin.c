// SPDX-License-Identifier: GPL-2.0-only
/*
 * Neighbouring slots of a synchronous swap device (zram) with their data in
 * different places: some in the store, some on the device. A fault there must
 * not try to swap in the lot as one large folio.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zc.h"

#define MTHP	"/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled"
#define NR	16UL		/* pages in 64 KiB */
#define FILLERS	64UL

static char zram[32];
static sigjmp_buf on_bus_error;

static void zram_end(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/block/%s/reset", zram);
	zc_can_write(path, "1");
	zc_can_write("/sys/class/zram-control/hot_remove", zram + 4);
}

/* Reading hot_add makes a device and tells its number. */
static const char *make_zram(unsigned long mib)
{
	static char device[40];
	char id[16], path[64], size[32];

	if (!zc_read("/sys/class/zram-control/hot_add", id, sizeof(id)))
		zc_skip_all("no zram in this kernel");
	snprintf(zram, sizeof(zram), "zram%s", id);
	zc_at_end(zram_end);
	snprintf(path, sizeof(path), "/sys/block/%s/disksize", zram);
	snprintf(size, sizeof(size), "%luM", mib);
	zc_write(path, "%s", size);
	snprintf(device, sizeof(device), "/dev/%s", zram);
	return device;
}

static void bus_error(int signal)
{
	(void)signal;
	siglongjmp(on_bus_error, 1);
}

/* A set bit: the page compresses, and is stored. */
static enum zc_kind kind_of(unsigned int mask, unsigned long page)
{
	return mask >> page & 1 ? ZC_TEXT : ZC_NOISE;
}

/*
 * Use up slots until the next one is at the beginning of an aligned 64 KiB, as
 * our 64 KiB of addresses are.
 */
static bool align_slots(char *fillers)
{
	unsigned long i;

	for (i = 0; i < FILLERS; i++) {
		zc_fill(fillers + i * ZC_PAGE, i, ZC_TEXT);
		if (!zc_pageout(fillers + i * ZC_PAGE, ZC_PAGE))
			return false;
		if (zc_slot(fillers + i * ZC_PAGE) % NR == NR - 1)
			return true;
	}
	return false;
}

/* One by one and in order, so that the slots are in order. */
static bool swap_out(char *memory, unsigned int mask)
{
	unsigned long i;

	for (i = 0; i < NR; i++) {
		zc_fill(memory + i * ZC_PAGE, mask + i + 1, kind_of(mask, i));
		if (!zc_pageout(memory + i * ZC_PAGE, ZC_PAGE))
			return false;
	}
	for (i = 0; i < NR; i++)
		if (zc_slot(memory + i * ZC_PAGE) != zc_slot(memory) + i)
			return false;
	return zc_slot(memory) % NR == 0;
}

static bool comes_back(char *memory, unsigned int mask)
{
	unsigned long i;

	if (sigsetjmp(on_bus_error, 1)) {
		zc_say("mask %04x: bus error", mask);
		return false;
	}
	/* Not from the first page on: any of them can be the one to fault. */
	zc_touch(memory + mask % NR * ZC_PAGE);
	for (i = 0; i < NR; i++) {
		if (zc_holds(memory + i * ZC_PAGE, mask + i + 1,
			     kind_of(mask, i)))
			continue;
		zc_say("mask %04x: page %lu is wrong", mask, i);
		return false;
	}
	return true;
}

/* 1 good, 0 bad, -1 the slots could not be had in order. */
static int try_mask(unsigned int mask)
{
	char *fillers = zc_anon(FILLERS * ZC_PAGE, ZC_PAGE);
	char *memory = zc_anon(NR * ZC_PAGE, NR * ZC_PAGE);
	unsigned long stored;
	int verdict = -1;

	zc_set_sysfs(MTHP, "never");
	if (align_slots(fillers)) {
		stored = zc_get("frontswap/stored");
		if (swap_out(memory, mask) &&
		    zc_get("frontswap/stored") - stored ==
		    (unsigned int)__builtin_popcount(mask)) {
			zc_set_sysfs(MTHP, "always");
			verdict = comes_back(memory, mask);
		}
	}
	munmap(memory, NR * ZC_PAGE);
	munmap(fillers, FILLERS * ZC_PAGE);
	return verdict;
}

int main(void)
{
	static const unsigned int masks[] = { 0x00ff, 0xff00, 0x5555, 0x0001,
		0x8000, 0xfffe, 0x7fff, 0xffff, 0x0000, 0x0ff0, 0xf00f, 0x1234 };
	struct sigaction action = { .sa_handler = bus_error };
	unsigned int i, tried = 0, bad = 0, attempt;
	int verdict = -1;

	zc_start(2);
	if (access(MTHP, W_OK))
		zc_skip_all("no transparent huge pages of 64 kB");
	zc_swap_on(make_zram(64), 64 << 8);
	zc_percent(50);
	sigaction(SIGBUS, &action, NULL);

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		for (attempt = 0; attempt < 5; attempt++) {
			verdict = try_mask(masks[i]);
			if (verdict >= 0)
				break;
		}
		tried += verdict >= 0;
		bad += verdict == 0;
	}
	if (tried < 6)
		zc_skip_one("64 KiB in two places: slots were in order %u times only",
			    tried);
	else
		zc_result(!bad, "64 KiB in two places: %u of %u wrong", bad,
			  tried);
	zc_result(zc_wait_get("frontswap/stored", 0), "no entry is left");
	zc_finish();
}
