// SPDX-License-Identifier: GPL-2.0-only
/*
 * cleancache_policy=active: a file page that goes for the first time is put if
 * programs have used it more than once, by read() or through a mapping, whichever
 * LRU there is; one that was read once is not, until it has come back.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zc.h"

#define NR	512UL
/* Where no other test has been: what was in memory is known by inode and index. */
#define FIRST	0x80000UL
#define FEW	(NR / 16)
#define MOST	(NR * 3 / 4)
#define POLICY	"/sys/module/zcache/parameters/cleancache_policy"
#define READ_US	"/sys/module/zcache/parameters/cleancache_read_us"

static const char *cgroup;

static int new_file(const char *name, uint64_t id)
{
	int fd = zc_open(name, O_RDWR | O_CREAT);

	zc_write_pages(fd, FIRST, NR, id, ZC_TEXT);
	if (fsync(fd))
		zc_die("fsync");
	zc_drop_caches(1);
	if (zc_resident(fd, FIRST, NR))
		zc_die("%s stays in memory", name);
	return fd;
}

static void read_times(int fd, uint64_t id, unsigned int times)
{
	while (times--)
		if (zc_wrong_pages(fd, FIRST, NR, id, ZC_TEXT))
			zc_die("wrong contents");
}

/* Each page by each of two mappings, which stay. */
static void map_twice(int fd, char *maps[2])
{
	unsigned long i;
	int n;

	for (n = 0; n < 2; n++) {
		maps[n] = mmap(NULL, NR * ZC_PAGE, PROT_READ, MAP_SHARED, fd,
			       FIRST * ZC_PAGE);
		if (maps[n] == MAP_FAILED)
			zc_die("mmap");
		for (i = 0; i < NR; i++)
			zc_touch(maps[n] + i * ZC_PAGE);
	}
}

/*
 * How many pages are put when all go: as reclaim does it, not who asks for it. Nothing
 * is to be swapped out, since file pages stand back then.
 */
static unsigned long put_of(int fd)
{
	unsigned long puts = zc_get("cleancache/puts");
	unsigned long kept = zc_get("cleancache/kept");
	char file[128];
	int tries;

	snprintf(file, sizeof(file), "%s/memory.reclaim", cgroup);
	for (tries = 0; tries < 200 && zc_resident(fd, FIRST, NR); tries++)
		zc_can_write(file, "1M swappiness=0");
	if (zc_resident(fd, FIRST, NR))
		zc_die("%lu pages stay in memory", zc_resident(fd, FIRST, NR));
	puts = zc_get("cleancache/puts") - puts;
	kept = zc_get("cleancache/kept") - kept;
	zc_say("%lu of %lu pages put, %lu kept", puts, NR, kept);
	return puts + kept;
}

static void test_once(void)
{
	int fd = new_file("once", 1000);

	read_times(fd, 1000, 1);
	zc_result(put_of(fd) <= FEW, "read once: not put");
	read_times(fd, 1000, 1);
	zc_result(put_of(fd) >= MOST, "come back: put");
	read_times(fd, 1000, 1);
	zc_result(put_of(fd) >= MOST, "and again");
	close(fd);
}

static void test_often(void)
{
	int fd = new_file("often", 2000);

	read_times(fd, 2000, 4);
	zc_result(put_of(fd) >= MOST, "read more than once: put");
	close(fd);
}

static void test_mapped(void)
{
	int fd = new_file("mapped", 3000);
	char *maps[2];

	map_twice(fd, maps);
	zc_result(put_of(fd) >= MOST, "used through two mappings: put");
	munmap(maps[0], NR * ZC_PAGE);
	munmap(maps[1], NR * ZC_PAGE);
	zc_result(!zc_wrong_pages(fd, FIRST, NR, 3000, ZC_TEXT), "its contents");
	close(fd);
}

int main(void)
{
	zc_start(6);
	zc_fs_make(ZC_PAGE);
	zc_percent(50);
	zc_set_sysfs(POLICY, "active");
	zc_set_sysfs(READ_US, "10000");
	cgroup = zc_cgroup("active");
	if (!cgroup)
		zc_skip_all("no cgroup2 with memory.reclaim");
	/* Where its own pages are: what others refer to does not count there. */
	zc_cgroup_enter(cgroup);
	test_once();
	test_often();
	test_mapped();
	zc_fs_unmount();
	zc_finish();
}
