// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that are up to date in part. On a file system with blocks smaller than
 * a page a short write to an absent page brings in a folio, but not the rest of
 * its contents. A fault that completes it must not do so from an entry of what
 * was there before, and a folio that is not complete must not become an entry.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zc.h"

#define NR	64UL
#define BLOCK	1024UL

static int fd;
static char model[NR * ZC_PAGE];
static struct zc_rng rng;
static char reclaim_file[128];

/*
 * Who asks by address gets complete pages only, since others cannot be mapped.
 * Those that are complete in part go when the group is asked; so do most entries, as it
 * has less than it is asked for.
 */
static void reclaim(unsigned long page)
{
	if (!reclaim_file[0] || zc_below(&rng, 2))
		zc_pageout_file(fd, page, 1);
	else
		zc_can_write(reclaim_file, "512K");
}

/* Takes away whatever can be taken, all the time. */
static void hog(void)
{
	for (;;) {
		zc_pageout_file(fd, 0, NR);
		if (reclaim_file[0])
			zc_can_write(reclaim_file, "128K");
	}
}

static void enter_group(void)
{
	const char *cgroup = zc_cgroup("partial");

	if (!cgroup)
		return;
	zc_cgroup_enter(cgroup);
	snprintf(reclaim_file, sizeof(reclaim_file), "%s/memory.reclaim",
		 cgroup);
}

static void write_blocks(unsigned long page, unsigned long block,
			 unsigned long nr, uint64_t id)
{
	unsigned long pos = page * ZC_PAGE + block * BLOCK;
	char data[ZC_PAGE];

	zc_fill(data, id, id & 1 ? ZC_NOISE : ZC_TEXT);
	memcpy(model + pos, data, nr * BLOCK);
	zc_pwrite(fd, model + pos, nr * BLOCK, pos);
}

/* Through the fault path, and no longer mapped than it takes to look. */
static bool page_is_right(unsigned long page, const char *when)
{
	const char *want = model + page * ZC_PAGE;
	char *have = mmap(NULL, ZC_PAGE, PROT_READ, MAP_SHARED, fd,
			  page * ZC_PAGE);
	unsigned long i;

	if (have == MAP_FAILED || madvise(have, ZC_PAGE, MADV_RANDOM))
		zc_die("mmap");
	for (i = 0; i < ZC_PAGE && have[i] == want[i]; i++)
		;
	munmap(have, ZC_PAGE);
	if (i < ZC_PAGE)
		zc_say("page %lu is wrong from byte %lu on, %s", page, i, when);
	return i == ZC_PAGE;
}

/* Before the write reaches the disk, and afterwards. */
static bool try(unsigned long i)
{
	unsigned long page = zc_below(&rng, NR);
	unsigned long block = zc_below(&rng, ZC_PAGE / BLOCK);
	unsigned long nr = 1 + zc_below(&rng, ZC_PAGE / BLOCK - block);
	bool good = true;

	zc_pageout_file(fd, page, 1);
	write_blocks(page, block, nr, i);
	if (zc_below(&rng, 2))
		good = page_is_right(page, "dirty");
	if (zc_below(&rng, 2)) {
		sync_file_range(fd, page * ZC_PAGE, ZC_PAGE,
				SYNC_FILE_RANGE_WRITE |
				SYNC_FILE_RANGE_WAIT_AFTER);
		reclaim(page);
	}
	return page_is_right(page, "clean") && good;
}

static void test(const char *name, bool with_hog)
{
	unsigned long puts = zc_get("cleancache/puts");
	unsigned long gets = zc_get("cleancache/succ_gets");
	unsigned long i, bad = 0, times = zc_scaled(2000, 200);
	pid_t child = 0;

	if (with_hog) {
		child = fork();
		if (!child)
			hog();
	}
	for (i = 0; i < times && bad < 5; i++)
		bad += !try(i);
	if (child) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	puts = zc_get("cleancache/puts") - puts;
	gets = zc_get("cleancache/succ_gets") - gets;
	zc_say("%lu puts, %lu gets", puts, gets);
	zc_result(!bad && puts > times / 10 && gets > times / 50,
		  "%s: %lu wrong", name, bad);
}

/* A fault on a page whose first block is new and in memory, and only that. */
static bool try_once(unsigned long page)
{
	zc_write_pages(fd, page, 1, 77, ZC_TEXT);
	zc_pread(fd, model + page * ZC_PAGE, ZC_PAGE, page * ZC_PAGE);
	if (!zc_evict(fd, page, 1))
		return false;
	write_blocks(page, 0, 1, 55);
	return page_is_right(page, "first block new");
}

int main(void)
{
	zc_start(3);
	zc_fs_make(BLOCK);
	zc_percent(50);
	zc_srand(&rng, 1);
	enter_group();
	fd = zc_open("file", O_RDWR | O_CREAT);
	zc_write_pages(fd, 0, NR, 1000, ZC_TEXT);
	zc_pread(fd, model, sizeof(model), 0);
	if (!zc_evict(fd, 0, NR))
		zc_die("the file cannot be evicted");

	zc_result(try_once(3), "one block of an absent page");
	test("blocks of absent pages", false);
	test("blocks of absent pages, with a hog", true);
	close(fd);
	zc_fs_unmount();
	zc_finish();
}
