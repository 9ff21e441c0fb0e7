// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is written to a file replaces what is cached of it.
 *
 * Old contents compress and get an entry. New contents do not: when they are
 * evicted, they are refused, and so cannot cover up an entry that should not be
 * there any more. Whoever reads then gets the new contents from the disk, or
 * the old ones from where they ought to be gone.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zc.h"

#define NR	32UL

static int fd;
static char model[NR * ZC_PAGE];

/*
 * Three quarters of noise are stored, four are not: a write that fills the gap
 * makes the page one that is refused. The gap is somewhere else in each page.
 */
static void make_old(uint64_t id, unsigned int gap)
{
	unsigned long i;

	for (i = 0; i < NR; i++) {
		char *page = model + i * ZC_PAGE;

		zc_fill(page, id + i, ZC_NOISE);
		memset(page + (i % (ZC_PAGE / gap)) * gap, 0, gap);
	}
	zc_pwrite(fd, model, sizeof(model), 0);
}

/* Get it out of the page cache, with an entry for each page. */
static bool cache_old(void)
{
	unsigned long entries = zc_entries();
	unsigned long puts = zc_get("cleancache/puts");

	if (!zc_evict(fd, 0, NR)) {
		zc_say("cannot be evicted");
		return false;
	}
	if (zc_get("cleancache/puts") - puts >= NR &&
	    zc_entries() - entries >= NR)
		return true;
	zc_say("%lu entries of %lu pages", zc_entries() - entries, NR);
	return false;
}

static bool evict_new(void)
{
	unsigned long puts = zc_get("cleancache/puts");

	return zc_evict(fd, 0, NR) && zc_get("cleancache/puts") == puts;
}

static bool is_as_written(void)
{
	static char data[sizeof(model)];
	unsigned long i, wrong = 0;

	zc_pread(fd, data, sizeof(data), 0);
	for (i = 0; i < NR; i++)
		wrong += !!memcmp(data + i * ZC_PAGE, model + i * ZC_PAGE,
				  ZC_PAGE);
	if (wrong)
		zc_say("%lu of %lu pages are old", wrong, NR);
	return !wrong;
}

/* Ways to write */

static void change_model(uint64_t id, unsigned int gap)
{
	unsigned long i;

	for (i = 0; i < NR; i++) {
		unsigned long hole = (i % (ZC_PAGE / gap)) * gap;
		char noise[ZC_PAGE];

		zc_fill(noise, id + i, ZC_NOISE);
		memcpy(model + i * ZC_PAGE + hole, noise, gap);
	}
}

static void write_pages(unsigned int gap)
{
	(void)gap;
	zc_pwrite(fd, model, sizeof(model), 0);
}

static void write_gaps(unsigned int gap)
{
	unsigned long i;

	for (i = 0; i < NR; i++) {
		off_t pos = i * ZC_PAGE + (i % (ZC_PAGE / gap)) * gap;

		zc_pwrite(fd, model + pos, gap, pos);
	}
}

/* Across the edge of each gap, as far as the page goes, and unaligned. */
static void write_around_gaps(unsigned int gap)
{
	unsigned long i, from, to;

	for (i = 0; i < NR; i++) {
		unsigned long hole = (i % (ZC_PAGE / gap)) * gap;

		from = i * ZC_PAGE + (hole > 7 ? hole - 7 : 0);
		to = i * ZC_PAGE + hole + gap;
		zc_pwrite(fd, model + from, to - from, from);
	}
}

/* Through the fault path, which gets the page, and dirties it at once. */
static void write_mapped(unsigned int gap)
{
	char *p = mmap(NULL, sizeof(model), PROT_READ | PROT_WRITE, MAP_SHARED,
		       fd, 0);

	(void)gap;
	if (p == MAP_FAILED)
		zc_die("mmap");
	memcpy(p, model, sizeof(model));
	munmap(p, sizeof(model));
}

/* Read first: the page is in memory, and its entry beside it. */
static void read_and_write(unsigned int gap)
{
	char data[ZC_PAGE];
	unsigned long i;

	for (i = 0; i < NR; i++)
		zc_pread(fd, data, sizeof(data), i * ZC_PAGE);
	write_gaps(gap);
}

static const struct {
	const char *name;
	void (*write)(unsigned int gap);
	unsigned int gap;
} cases[] = {
	{ "whole pages", write_pages, 1024 },
	{ "1 KiB of each page", write_gaps, 1024 },
	{ "2 KiB of each page", write_gaps, 2048 },
	{ "parts that are not aligned", write_around_gaps, 2048 },
	{ "through a mapping", write_mapped, 1024 },
	{ "after they were read", read_and_write, 1024 },
};

#define NR_CASES	ARRAY_SIZE(cases)

static bool try_case(unsigned int i, uint64_t id)
{
	make_old(id, cases[i].gap);
	if (!cache_old())
		return false;
	change_model(id + (1 << 20), cases[i].gap);
	cases[i].write(cases[i].gap);
	if (!evict_new()) {
		zc_say("the new contents were not refused");
		return false;
	}
	return is_as_written();
}

static void test_block_size(unsigned int block_size)
{
	unsigned int i;

	zc_fs_make(block_size);
	fd = zc_open("file", O_RDWR | O_CREAT);
	for (i = 0; i < NR_CASES; i++)
		zc_result(try_case(i, block_size * 1000 + i * 100),
			  "overwrite %s, blocks of %u", cases[i].name,
			  block_size);
	close(fd);
	zc_fs_unmount();
}

int main(void)
{
	zc_start(2 * NR_CASES + 1);
	zc_fs_device();
	zc_percent(50);
	test_block_size(4096);
	test_block_size(1024);
	zc_result(zc_entries() == 0 || zc_wait_get("zcache/eph_zpages", 0),
		  "no entry is left after umount");
	zc_finish();
}
