// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is kept of a control group's file pages is its own memory: its page frames are
 * charged to it, give way when it needs the memory, and do not make way for those of
 * a group that has more.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zc.h"

#define NR		1024UL	/* pages of a file */
#define FIRST_ID	9000000
#define SLACK		(256 * 1024UL)	/* bytes that the kernel needs for a group */
#define MIB		(1024 * 1024UL)
#define POLICY		"/sys/module/zcache/parameters/cleancache_policy"
#define READ_US		"/sys/module/zcache/parameters/cleancache_read_us"

static const char *group, *mount_point;
static const char *inner, *beside;	/* groups in it, with the pages */

static unsigned long frames(void)
{
	return zc_get("zcache/eph_pageframes");
}

/* Pages of a file that are charged to a group. */
static int file_of(const char *path, const char *name, unsigned long nr)
{
	int fd;

	zc_cgroup_enter(path);
	fd = zc_open(name, O_RDWR | O_CREAT);
	zc_write_pages(fd, 0, nr, FIRST_ID, ZC_HALF);
	if (fsync(fd))
		zc_die("fsync");
	zc_cgroup_leave();
	return fd;
}

static unsigned long wrong(const char *path, int fd, unsigned long nr)
{
	unsigned long bad;

	zc_cgroup_enter(path);
	bad = zc_wrong_pages(fd, 0, nr, FIRST_ID, ZC_HALF);
	zc_cgroup_leave();
	return bad;
}

/*
 * The group's page cache goes, and what is in it to the pool. No more is asked for than
 * there is, or that would have to go as well.
 */
static void push_out(const char *path, int fd, unsigned long nr)
{
	unsigned long left = zc_resident(fd, 0, nr);
	char file[160], text[48];
	int tries;

	snprintf(file, sizeof(file), "%s/memory.reclaim", path);
	zc_cgroup_enter(path);
	for (tries = 0; tries < 500 && left; tries++) {
		snprintf(text, sizeof(text), "%lu swappiness=0",
			 (left < 256 ? left : 256) * ZC_PAGE);
		zc_can_write(file, text);
		left = zc_resident(fd, 0, nr);
	}
	zc_cgroup_leave();
	if (left)
		zc_die("%lu pages stay in memory", left);
}

static void gone(int fd, const char *name)
{
	char path[160];

	close(fd);
	snprintf(path, sizeof(path), "%s/%s", mount_point, name);
	if (unlink(path))
		zc_die("cannot unlink %s", path);
	sync();
}

static unsigned long kernel_bytes(const char *path)
{
	return zc_cgroup_number(path, "kernel");
}

/*
 * A group that has had nothing yet gets a frame for its first page. Who has all of the
 * group reclaimed would have the frame, too.
 */
static void test_first(void)
{
	unsigned long before = zc_entries(), held = frames();
	int fd = file_of(inner, "first", 1);

	if (!zc_evict(fd, 0, 1))
		zc_die("a page stays in memory");
	zc_result(zc_entries() == before + 1 && frames() == held + 1,
		  "the first page of a group is kept");
	zc_result(!wrong(inner, fd, 1), "it comes back as it was");
	gone(fd, "first");
}

static void test_charge(void)
{
	int fd = file_of(inner, "charged", NR);
	unsigned long kernel, held;

	zc_msleep(zc_scaled(2100, 4000));	/* till what is counted is summed up */
	kernel = kernel_bytes(inner);
	push_out(inner, fd, NR);
	held = frames();
	zc_result(held > NR / 8 && held < NR &&
		  zc_cgroup_comes_to(inner, "kernel", kernel + held * ZC_PAGE, SLACK),
		  "%lu pages are in %lu frames, which are charged", NR, held);
	zc_result(zc_cgroup_number(inner, "memory.current") >= held * ZC_PAGE,
		  "memory.current says so");
	zc_result(!wrong(inner, fd, NR), "they come back as they were");
	gone(fd, "charged");
	zc_result(zc_wait_get("zcache/eph_pageframes", 0) &&
		  zc_cgroup_comes_to(inner, "kernel", kernel, SLACK),
		  "nothing is charged when the file is gone");
}

/* A child, since the group may kill it. */
static bool takes_memory(const char *path, unsigned long bytes)
{
	unsigned long kills = zc_cgroup_events(path, "oom_kill");
	pid_t pid = fork();
	int status;
	char *p;

	if (!pid) {
		zc_cgroup_enter(path);
		p = zc_anon(bytes, ZC_PAGE);
		for (; bytes; bytes -= ZC_PAGE)
			p[bytes - 1] = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	kills = zc_cgroup_events(path, "oom_kill") - kills;
	zc_say("%lu killed, exit status %d, %lu frames left", kills, status, frames());
	return !status && !kills;
}

/* A group reads twice what it may have, over and over, then needs memory. */
static void test_limit(void)
{
	unsigned long limit = zc_scaled(16, 8) * MIB, nr = 2 * limit / ZC_PAGE;
	unsigned long gets, refused, held, max = 0, i;
	int fd;

	zc_cgroup_set_bytes(inner, "memory.max", limit);
	zc_cgroup_set(inner, "memory.swap.max", "0");
	zc_set_sysfs(POLICY, "refault");
	zc_set_sysfs(READ_US, "10000");
	refused = zc_get("zcache/cgroup_limit_hit");
	fd = file_of(inner, "looped", nr);
	gets = zc_get("cleancache/succ_gets");
	for (i = 0; i < 4; i++) {
		if (wrong(inner, fd, nr))
			zc_die("wrong contents");
		held = frames();
		max = held > max ? held : max;
	}
	gets = zc_get("cleancache/succ_gets") - gets;
	zc_result(gets >= nr / 4, "%lu of %lu pages come from the pool", gets, 4 * nr);
	zc_result(max && max <= limit / ZC_PAGE / 2,
		  "%lu frames at the most, in a group of %lu MiB", max, limit / MIB);
	zc_result(zc_get("zcache/cgroup_limit_hit") > refused && !zc_cgroup_events(inner, "oom"),
		  "more were refused, and memory never ran out");
	held = frames();
	zc_result(held > limit / ZC_PAGE / 8 && takes_memory(inner, limit * 7 / 8) &&
		  frames() < held,
		  "%lu frames give way when it needs the memory", held);
	zc_result(!wrong(inner, fd, nr), "the contents are right");
	gone(fd, "looped");
	zc_cgroup_set(inner, "memory.max", "max");
	zc_cgroup_set(inner, "memory.swap.max", "max");
	zc_set_sysfs(POLICY, "all");
}

/* One group fills the pool, many times over. */
static void test_share(void)
{
	unsigned long nr = zc_scaled(8, 4) * NR, sectors, held, kept, misses;
	int few = file_of(beside, "few", NR), many = file_of(inner, "many", nr), i;

	zc_percent(2);
	kept = zc_entries();
	push_out(beside, few, NR);
	held = frames();
	kept = zc_entries() - kept;
	for (i = 0; i < 3; i++) {
		push_out(inner, many, nr);
		if (wrong(inner, many, nr))
			zc_die("wrong contents");
	}
	sectors = zc_sectors_read(zc_fs_device());
	zc_result(held && !wrong(beside, few, NR), "%lu frames of one group", held);
	misses = (zc_sectors_read(zc_fs_device()) - sectors) / (ZC_PAGE / 512);
	zc_result(kept > NR / 8 && misses < NR - kept + NR / 16,
		  "are not pushed out by another: %lu of %lu pages missed, %lu had been kept",
		  misses, NR, kept);
	zc_percent(50);
	gone(many, "many");
	gone(few, "few");
}

/* Have most of what a group has written to memory swapped out: for its sake, or for any. */
static bool swap_out(const char *path, bool for_its_sake)
{
	unsigned long nr = NR, i;
	char file[160];
	char *p;

	snprintf(file, sizeof(file), "%s/memory.reclaim", path);
	zc_cgroup_enter(path);
	p = zc_anon(nr * ZC_PAGE, ZC_PAGE);
	for (i = 0; i < nr; i++)
		zc_fill(p + i * ZC_PAGE, FIRST_ID + i, ZC_HALF);
	for (i = 0; i < 100 && zc_nr_swapped(p, nr * ZC_PAGE) < nr / 2; i++)
		if (for_its_sake)
			zc_can_write(file, "1M");
		else
			zc_pageout(p, nr * ZC_PAGE);
	zc_cgroup_leave();
	i = zc_nr_swapped(p, nr * ZC_PAGE);
	munmap(p, nr * ZC_PAGE);
	return i >= nr / 2;
}

/* Who may not have more does not take anything for it, nor for what it swaps out. */
static void test_confined(void)
{
	unsigned long nr = 2 * NR, out, held, left, ate, i;
	int much = file_of(beside, "much", nr), fd;
	bool swapped;

	push_out(beside, much, nr);
	held = frames();
	swapped = swap_out(inner, true);
	left = frames();
	zc_result(held && swapped && left >= held,
		  "%lu of %lu frames are left where another group is reclaimed", left, held);
	out = zc_get("frontswap/succ_stores");
	zc_cgroup_set_bytes(inner, "memory.max", 2 * MIB);
	fd = file_of(inner, "confined", nr);
	for (i = 0; i < 2; i++)
		if (wrong(inner, fd, nr))
			zc_die("wrong contents");
	zc_result(takes_memory(inner, 6 * MIB) &&
		  zc_get("frontswap/succ_stores") - out > 2 * MIB / ZC_PAGE,
		  "a small group is at its limit, and swaps out");
	gone(fd, "confined");
	left = frames();
	zc_result(held && left >= held, "%lu of %lu frames of another one are left", left, held);
	zc_cgroup_set(inner, "memory.max", "max");
	ate = zc_get("zcache/pers_ate_eph");
	swapped = swap_out(inner, false);
	ate = zc_get("zcache/pers_ate_eph") - ate;
	zc_result(swapped && ate, "%lu times they are taken where nobody is spared", ate);
	gone(much, "much");
}

/* What a removed group has left is the one above's, and goes when that is reclaimed. */
static void test_removed(void)
{
	int fd = file_of(inner, "removed", NR);
	unsigned long held, left, i;
	char file[160];

	push_out(inner, fd, NR);
	held = frames();
	for (i = 0; i < 100 && rmdir(inner); i++)
		zc_msleep(20);
	zc_result(held && frames() == held &&
		  kernel_bytes(group) >= held * ZC_PAGE,
		  "%lu frames of a removed group are charged to the one above", held);
	if (mkdir(inner, 0700))
		zc_die("cannot make %s", inner);
	snprintf(file, sizeof(file), "%s/memory.reclaim", group);
	for (i = 0; i < 500 && frames() > held / 2; i++)
		zc_can_write(file, "4M");
	left = frames();
	zc_result(left <= held / 2, "and give way with its memory: %lu are left", left);
	zc_result(!wrong(beside, fd, NR), "the contents are right");
	gone(fd, "removed");
	zc_result(zc_wait_get("zcache/eph_pageframes", 0), "nothing is left");
}

static __noreturn void press(int fd, unsigned long nr)
{
	char page[ZC_PAGE];
	struct zc_rng rng;
	unsigned long i;

	zc_srand(&rng, getpid());
	for (;;) {
		i = zc_below(&rng, nr);
		zc_pread(fd, page, sizeof(page), i * ZC_PAGE);
		if (!zc_holds(page, FIRST_ID + i, ZC_HALF))
			_exit(1);
	}
}

/* Groups are killed, and removed, while they read more than they may have. */
static void test_killed(void)
{
	unsigned long rounds = zc_scaled(20, 5), nr = 4 * NR, i, n, bad = 0, puts, before;
	int fd = file_of(beside, "killed", nr);

	puts = zc_get("cleancache/puts");
	for (i = 0; i < rounds; i++) {
		zc_cgroup_set_bytes(inner, "memory.max", 3 * MIB);
		zc_drop_caches(1);
		for (n = 0; n < 3; n++) {
			if (fork())
				continue;
			zc_cgroup_enter(inner);
			press(fd, nr);
		}
		before = zc_get("cleancache/puts");
		for (n = 0; n < 100 && zc_get("cleancache/puts") == before; n++)
			zc_msleep(100);
		bad += zc_cgroup_kill(inner);
		for (n = 0; n < 100 && rmdir(inner); n++)
			zc_msleep(20);
		if (mkdir(inner, 0700))
			zc_die("cannot make %s", inner);
	}
	puts = zc_get("cleancache/puts") - puts;
	zc_result(puts && !bad, "groups are killed while they read, %lu times, %lu puts",
		  rounds, puts);
	zc_result(!wrong(beside, fd, nr), "the contents are right");
	gone(fd, "killed");
	zc_drop_caches(1);
	zc_result(zc_wait_get("zcache/eph_pageframes", 0) && !zc_get("zcache/eph_zpages"),
		  "nothing is left");
	zc_result(zc_cgroup_comes_to(group, "kernel", 0, 4 * SLACK),
		  "nor charged to the group above");
}

static void make_groups(void)
{
	group = zc_cgroup("files");
	if (!group)
		zc_skip_all("no cgroup2 with a memory controller");
	inner = zc_cgroup_in(group, "inner");
	beside = zc_cgroup_in(group, "beside");
}

int main(void)
{
	zc_start(25);
	make_groups();
	zc_swap_on(NULL, 16384);
	mount_point = zc_fs_make(ZC_PAGE);
	zc_percent(50);
	zc_set_sysfs(POLICY, "all");
	test_first();
	test_charge();
	test_limit();
	test_share();
	test_confined();
	test_removed();
	test_killed();
	zc_fs_unmount();
	zc_finish();
}
