// SPDX-License-Identifier: GPL-2.0-only
/*
 * A direct write that fails half way. What it has written by then is on the disk,
 * but what was cached meanwhile is from before: the write's own buffer is a mapping
 * of the page that it writes, and so has it read. No entry may be made of that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "zc.h"

#define NR	8UL
#define OLD	1000
#define NEW	5000

static int fd, direct;

/* A page of new data, one that the file has itself, and nothing. */
static bool write_fails(char *data)
{
	char *map = mmap(NULL, NR * ZC_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	char *nothing = mmap(NULL, ZC_PAGE, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec vec[] = {
		{ data, ZC_PAGE }, { map, ZC_PAGE }, { nothing, ZC_PAGE },
	};
	bool fails;

	if (map == MAP_FAILED || nothing == MAP_FAILED)
		zc_die("mmap");
	zc_fill(data, NEW, ZC_TEXT);
	fails = pwritev(direct, vec, 3, 0) < 0 && errno == EFAULT;
	munmap(map, NR * ZC_PAGE);
	munmap(nothing, ZC_PAGE);
	return fails;
}

/* Pages that readers are given, but the disk does not have. */
static unsigned long unlike_disk(char *disk)
{
	unsigned long i, n = 0;
	char data[ZC_PAGE];

	for (i = 0; i < NR; i++) {
		zc_pread(fd, data, ZC_PAGE, i * ZC_PAGE);
		zc_pread(direct, disk, ZC_PAGE, i * ZC_PAGE);
		n += !!memcmp(data, disk, ZC_PAGE);
	}
	return n;
}

static void test_block_size(unsigned int block_size)
{
	char *data = aligned_alloc(ZC_PAGE, ZC_PAGE);
	bool fails, begun;

	zc_fs_make(block_size);
	fd = zc_open("file", O_RDWR | O_CREAT);
	direct = zc_open("file", O_RDWR | O_DIRECT);
	zc_write_pages(fd, 0, NR, OLD, ZC_TEXT);
	if (!zc_evict(fd, 0, NR))
		zc_die("the file cannot be evicted");
	fails = write_fails(data);
	zc_evict(fd, 0, NR);
	zc_pread(direct, data, ZC_PAGE, 0);
	begun = zc_holds(data, NEW, ZC_TEXT);
	zc_result(fails && begun, "blocks of %u: a write fails half way",
		  block_size);
	zc_result(!unlike_disk(data), "readers are given what the disk has");
	free(data);
	close(direct);
	close(fd);
	zc_fs_unmount();
}

int main(void)
{
	zc_start(4);
	zc_fs_device();
	zc_percent(50);
	test_block_size(4096);
	test_block_size(1024);
	zc_finish();
}
