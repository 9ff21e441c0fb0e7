// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of xfs that come to share blocks, or exchange all of them: what a file had
 * in a range is forgotten when it gets the blocks of another one, and either keeps
 * its contents when the other is written to. Run by xfs.sh.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zc.h"

#define NR	64UL
#define FIRST	16UL	/* pages that are shared */
#define SHARED	32UL
#define FROM	1000
#define TO	9000
#define LATER	5000	/* what is written to them afterwards */
#define LATEST	7000

/*
 * What xfs_fsr, which defragments, tells xfs of a file. Most of it xfs itself has
 * said before: only the times are looked at, since the file must not have changed.
 */
struct swap_extents {
	int64_t version;
	int64_t fd_target;
	int64_t fd_tmp;
	int64_t offset;
	int64_t length;
	char pad[16];
	struct {
		uint64_t owner[4];
		int64_t size;
		struct {
			long sec;
			int32_t nsec;
		} atime, mtime, ctime;
		uint64_t extents[6];
	} stat;
};

#define SWAP_EXTENTS	_IOWR('X', 109, struct swap_extents)

static int from, to;

/* Of both files all is here, and nothing in the page cache. */
static void cache_files(void)
{
	unsigned long base = zc_entries();

	zc_write_pages(from, 0, NR, FROM, ZC_TEXT);
	zc_write_pages(to, 0, NR, TO, ZC_TEXT);
	if (!zc_evict(from, 0, NR) || !zc_evict(to, 0, NR) ||
	    zc_entries() < base + NR * 2)
		zc_die("the files cannot be cached");
}

/* The pages that were shared hold @id, the others what they held before. */
static unsigned long wrong_pages(int fd, uint64_t own, uint64_t id)
{
	return zc_wrong_pages(fd, 0, FIRST, own, ZC_TEXT) +
	       zc_wrong_pages(fd, FIRST, SHARED, id, ZC_TEXT) +
	       zc_wrong_pages(fd, FIRST + SHARED, NR - FIRST - SHARED, own,
			      ZC_TEXT);
}

/* As they are in memory, as they come from here, and as the disk has them. */
static void check(const char *what, uint64_t from_id, uint64_t to_id)
{
	unsigned long wrong = 0, i;

	for (i = 0; i < 3; i++) {
		wrong += wrong_pages(from, FROM, from_id);
		wrong += wrong_pages(to, TO, to_id);
		if (i == 0 && (!zc_evict(from, 0, NR) || !zc_evict(to, 0, NR)))
			zc_die("the files cannot be evicted");
		if (i == 1)
			zc_drop_caches(1);
	}
	zc_result(!wrong, "%s: %lu pages wrong", what, wrong);
}

static bool clone(void)
{
	struct file_clone_range range = {
		.src_fd = from,
		.src_offset = FIRST * ZC_PAGE,
		.src_length = SHARED * ZC_PAGE,
		.dest_offset = FIRST * ZC_PAGE,
	};

	return !ioctl(to, FICLONERANGE, &range);
}

static bool copy(void)
{
	loff_t in = FIRST * ZC_PAGE, out = in;

	return copy_file_range(from, &in, to, &out, SHARED * ZC_PAGE, 0) ==
	       SHARED * ZC_PAGE;
}

static void test(const char *name, bool (*share)(void))
{
	cache_files();
	if (!zc_result(share(), "%s", name))
		zc_die("nothing is shared");
	check("both have the same", FROM, FROM);
	zc_write_pages(from, FIRST, SHARED, LATER, ZC_TEXT);
	check("the one is written to", LATER, FROM);
	zc_write_pages(to, FIRST, SHARED, LATEST, ZC_TEXT);
	check("and the other", LATER, LATEST);
}

/* What was shared gets blocks of its own, and holds what it held. */
static void test_unshare(void)
{
	cache_files();
	zc_result(clone() && !fallocate(to, FALLOC_FL_UNSHARE_RANGE,
					FIRST * ZC_PAGE, SHARED * ZC_PAGE),
		  "shared no more");
	check("as before", FROM, FROM);
}

static bool exchange(void)
{
	struct swap_extents swap = {
		.fd_target = from,
		.fd_tmp = to,
		.length = NR * ZC_PAGE,
	};
	struct stat stat;

	if (fstat(from, &stat))
		return false;
	swap.stat.mtime.sec = stat.st_mtim.tv_sec;
	swap.stat.mtime.nsec = stat.st_mtim.tv_nsec;
	swap.stat.ctime.sec = stat.st_ctim.tv_sec;
	swap.stat.ctime.nsec = stat.st_ctim.tv_nsec;
	return !ioctl(from, SWAP_EXTENTS, &swap);
}

/* Either has what the other had. */
static unsigned long not_exchanged(void)
{
	return zc_wrong_pages(from, 0, NR, TO, ZC_TEXT) +
	       zc_wrong_pages(to, 0, NR, FROM, ZC_TEXT);
}

static void test_exchange(void)
{
	unsigned long wrong;

	cache_files();
	if (!zc_result(exchange(), "all blocks are exchanged"))
		zc_die("they are not: %m");
	wrong = not_exchanged();
	zc_evict(from, 0, NR);
	zc_evict(to, 0, NR);
	wrong += not_exchanged();
	zc_result(!wrong, "%lu pages wrong", wrong);
}

int main(void)
{
	zc_start(12);
	zc_fs_make(ZC_PAGE);
	zc_percent(50);
	from = zc_open("from", O_RDWR | O_CREAT);
	to = zc_open("to", O_RDWR | O_CREAT);
	test("blocks are shared", clone);
	test("a range is copied", copy);
	test_unshare();
	test_exchange();
	close(from);
	close(to);
	zc_fs_unmount();
	zc_finish();
}
