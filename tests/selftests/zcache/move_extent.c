// SPDX-License-Identifier: GPL-2.0-only
/*
 * EXT4_IOC_MOVE_EXT exchanges the blocks of two files: the original keeps its
 * contents and gets the donor's blocks, the donor gets those of the original,
 * but unwritten. Entries of the donor's old contents must go.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "zc.h"

struct move_extent {
	uint32_t reserved;
	uint32_t donor_fd;
	uint64_t orig_start;
	uint64_t donor_start;
	uint64_t len;
	uint64_t moved_len;
};

#define MOVE_EXTENT	_IOWR('f', 15, struct move_extent)

#define NR		32UL
#define FIRST		8UL	/* pages that are exchanged */
#define MOVED		16UL
#define ORIG		1000
#define DONOR		9000

static int orig, donor;
static char reclaim_file[128];
static unsigned long block_size;

static bool move(void)
{
	unsigned long per_page = ZC_PAGE / block_size;
	struct move_extent move = {
		.donor_fd = donor,
		.orig_start = FIRST * per_page,
		.donor_start = FIRST * per_page,
		.len = MOVED * per_page,
	};

	if (!ioctl(orig, MOVE_EXTENT, &move) && move.moved_len == move.len)
		return true;
	zc_say("%llu blocks of %llu were moved",
	       (unsigned long long)move.moved_len, (unsigned long long)move.len);
	return false;
}

static unsigned long wrong_pages(void)
{
	return zc_wrong_pages(orig, 0, NR, ORIG, ZC_TEXT) +
	       zc_wrong_pages(donor, 0, FIRST, DONOR, ZC_TEXT) +
	       zc_wrong_pages(donor, FIRST, MOVED, 0, ZC_ZERO) +
	       zc_wrong_pages(donor, FIRST + MOVED, NR - FIRST - MOVED, DONOR,
			      ZC_TEXT);
}

/*
 * The exchange leaves folios of the donor that are not up to date. As long as
 * they are there nobody looks for an entry, and nobody can map them: so have
 * all of the group reclaimed.
 */
static void reclaim_all(void)
{
	unsigned int i;

	fsync(orig);
	fsync(donor);
	zc_evict(orig, 0, NR);
	zc_evict(donor, 0, NR);
	for (i = 0; i < 3 && reclaim_file[0]; i++)
		zc_can_write(reclaim_file, "64M");
}

static void enter_group(void)
{
	const char *cgroup = zc_cgroup("move");

	if (!cgroup)
		return;
	zc_cgroup_enter(cgroup);
	snprintf(reclaim_file, sizeof(reclaim_file), "%s/memory.reclaim",
		 cgroup);
}

static void try(void)
{
	unsigned long base = zc_entries(), cached, wrong;

	zc_write_pages(orig, 0, NR, ORIG, ZC_TEXT);
	zc_write_pages(donor, 0, NR, DONOR, ZC_TEXT);
	if (!zc_evict(orig, 0, NR) || !zc_evict(donor, 0, NR) ||
	    zc_entries() != base + 2 * NR)
		zc_die("the files cannot be cached");
	if (!zc_result(move(), "blocks of %lu are exchanged", block_size))
		return;
	reclaim_all();
	cached = wrong_pages();
	zc_drop_caches(1);
	wrong = wrong_pages();
	zc_result(!cached && !wrong,
		  "blocks of %lu: %lu pages wrong, on the disk %lu", block_size,
		  cached, wrong);
}

static void test_block_size(unsigned long size)
{
	block_size = size;
	zc_fs_make(size);
	orig = zc_open("orig", O_RDWR | O_CREAT);
	donor = zc_open("donor", O_RDWR | O_CREAT);
	try();
	close(orig);
	close(donor);
	zc_fs_unmount();
}

int main(void)
{
	zc_start(4);
	zc_fs_device();
	zc_percent(50);
	enter_group();
	test_block_size(4096);
	test_block_size(1024);
	zc_finish();
}
