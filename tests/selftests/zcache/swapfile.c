// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file becomes a swap area: it is written to beneath its file system from
 * then on, so no entry of it may be left, and none may be made; nor, when it is one
 * no more, of what was read meanwhile.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <stdio.h>
#include <unistd.h>

#include "zc.h"

#define NR	512UL
#define ID	1000
#define USED	128UL

static const char *root;

static int direct_fd(void)
{
	return zc_open("swap", O_RDWR | O_DIRECT);
}

/* What readers are given is what the disk has, once swap is off again. */
static unsigned long pages_unlike_disk(int fd)
{
	char *disk = aligned_alloc(ZC_PAGE, ZC_PAGE), data[ZC_PAGE];
	unsigned long i, n = 0;
	int direct = direct_fd();

	for (i = 1; i < NR; i++) {
		zc_pread(fd, data, ZC_PAGE, i * ZC_PAGE);
		zc_pread(direct, disk, ZC_PAGE, i * ZC_PAGE);
		n += !!memcmp(data, disk, ZC_PAGE);
	}
	close(direct);
	free(disk);
	return n;
}

static unsigned long wrong_in_memory(const char *memory, uint64_t id)
{
	unsigned long i, wrong = 0;

	for (i = 0; i < USED; i++)
		wrong += !zc_holds(memory + i * ZC_PAGE, id + i,
				   i & 1 ? ZC_NOISE : ZC_TEXT);
	return wrong;
}

/* Half of it is refused by the store and reaches the file. */
static bool swap_out(char *memory, uint64_t id)
{
	unsigned long i;

	for (i = 0; i < USED; i++)
		zc_fill(memory + i * ZC_PAGE, id + i,
			i & 1 ? ZC_NOISE : ZC_TEXT);
	return zc_pageout(memory, USED * ZC_PAGE);
}

/* Reading a swap file is allowed. */
static void read_all(int fd)
{
	char data[ZC_PAGE];
	unsigned long i;

	for (i = 1; i < NR; i++)
		zc_pread(fd, data, ZC_PAGE, i * ZC_PAGE);
}

/* Reclaim of what was read makes no entry. */
static bool makes_entries(int fd)
{
	unsigned long entries = zc_entries();
	unsigned long i;

	read_all(fd);
	for (i = 0; i < 20 && zc_resident(fd, 0, NR); i++)
		zc_pageout_file(fd, 0, NR);
	return zc_entries() > entries;
}

int main(void)
{
	unsigned long base, cached, left;
	char path[128], *memory;
	bool out, makes;
	int fd;

	zc_start(6);
	root = zc_fs_make(4096);
	zc_percent(50);
	base = zc_entries();
	fd = zc_open("swap", O_RDWR | O_CREAT);
	zc_write_pages(fd, 0, NR, ID, ZC_TEXT);
	if (!zc_evict(fd, 0, NR))
		zc_die("the file cannot be evicted");
	cached = zc_entries() - base;

	/* The header is written directly: it costs at most one entry. */
	snprintf(path, sizeof(path), "%s/swap", root);
	zc_swap_on(path, NR);
	left = zc_entries() - base;
	zc_result(cached == NR && !left, "swapon: %lu entries, %lu left",
		  cached, left);

	memory = zc_anon(USED * ZC_PAGE, ZC_PAGE);
	madvise(memory, USED * ZC_PAGE, MADV_NOHUGEPAGE);
	out = swap_out(memory, 0);
	zc_result(out && !wrong_in_memory(memory, 0), "memory comes back");
	out = swap_out(memory, USED);
	makes = makes_entries(fd);
	zc_result(!makes, "none of its pages becomes an entry");
	/* What is read now is changed on the disk, and stays in memory. */
	read_all(fd);
	out = swap_out(memory, 2 * USED) && out;
	zc_result(!zc_swap_off(), "swapoff");
	zc_result(out && !wrong_in_memory(memory, 2 * USED),
		  "memory is as written");
	munmap(memory, USED * ZC_PAGE);
	zc_evict(fd, 1, NR - 1);
	cached = pages_unlike_disk(fd);
	zc_result(!cached, "%lu pages are not what the disk has", cached);
	close(fd);
	zc_fs_unmount();
	zc_finish();
}
