// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of zeros that was swapped out takes no memory while it is only read,
 * and is as good as any other when it is written. Reclaim, which weighs file pages
 * against anonymous ones by how many of each come back, does not count it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zc.h"

#define NR	512UL
#define SIZE	(NR * ZC_PAGE)
#define ID	7000

/* In KiB, from /proc/self/status. */
static long kib_of(const char *field)
{
	char text[4096], *at;
	long kib = -1;

	if (zc_read("/proc/self/status", text, sizeof(text))) {
		at = strstr(text, field);
		if (at)
			sscanf(at + strlen(field), ": %ld", &kib);
	}
	if (kib < 0)
		zc_die("no %s of this process", field);
	return kib;
}

/* Anonymous pages that came back after reclaim had taken them. */
static unsigned long refaults(void)
{
	static const char field[] = "workingset_refault_anon";
	static char text[32768];
	const char *at = NULL;
	unsigned long nr;

	if (zc_read("/proc/vmstat", text, sizeof(text)))
		at = strstr(text, field);
	if (!at || sscanf(at + strlen(field), "%lu", &nr) != 1)
		zc_die("no %s", field);
	return nr;
}

static char *page_of(char *p, unsigned long i)
{
	return p + i * ZC_PAGE;
}

/* Zeros, all of them swapped out. */
static char *zeros_out(void)
{
	char *p = zc_anon(SIZE, ZC_PAGE);

	memset(p, 0, SIZE);
	if (!zc_pageout(p, SIZE))
		zc_die("zeros are not swapped out");
	return p;
}

/* Those that @written says are written with their number, the rest is zero. */
static unsigned long wrong(char *p, unsigned int written)
{
	unsigned long i, ret = 0;

	for (i = 0; i < NR; i++)
		ret += written && i % written == 0 ?
		       !zc_holds(page_of(p, i), ID + i, ZC_TEXT) :
		       !zc_holds(page_of(p, i), 0, ZC_ZERO);
	return ret;
}

static void write_some(char *p, unsigned int every)
{
	unsigned long i;

	for (i = 0; i < NR; i += every)
		zc_fill(page_of(p, i), ID + i, ZC_TEXT);
}

static void test_reads(void)
{
	long swapped = kib_of("VmSwap"), rss;
	char *p = zeros_out();

	rss = kib_of("RssAnon");
	zc_result(!wrong(p, 0), "zeros come back");
	zc_result(kib_of("VmSwap") <= swapped, "the swap space is free again");
	zc_result(kib_of("RssAnon") < rss + (long)SIZE / 1024 / 4,
		  "and they take no memory: %ld KiB before, %ld after", rss,
		  kib_of("RssAnon"));
	write_some(p, 3);
	zc_result(!wrong(p, 3), "what is written stays");
	/* What is mapped as the shared page of zeros cannot be swapped out. */
	zc_pageout(p, SIZE);
	zc_result(zc_swapped(p) && !wrong(p, 3), "and goes round");
	munmap(p, SIZE);
}

static void test_writes(void)
{
	char *p = zeros_out();

	write_some(p, 2);
	zc_result(!wrong(p, 2), "written without a read before it");
	munmap(p, SIZE);
}

/* What is written comes back as a folio, of which a refault can be counted. */
static unsigned long refaults_of(char *p)
{
	unsigned long before;

	if (!zc_pageout(p, SIZE))
		zc_die("not swapped out");
	before = refaults();
	write_some(p, 1);
	return refaults() - before;
}

static void test_weight(void)
{
	char *p = zc_anon(SIZE, ZC_PAGE);
	unsigned long nr;

	memset(p, 0, SIZE);
	nr = refaults_of(p);
	zc_result(nr < NR / 4, "zeros are not weighed: %lu of %lu", nr, NR);
	nr = refaults_of(p);
	zc_result(nr > NR / 4 * 3, "others are: %lu of %lu", nr, NR);
	munmap(p, SIZE);
}

/* In memory of which each fourth page is zero, so that others may be spared. */
#define HELD	(16UL << 20)
#define FILE_PAGES	(32UL << 8)

static void hold(bool *ready)
{
	char *p = zc_anon(HELD, ZC_PAGE);
	unsigned long i;

	for (i = 0; i < HELD / ZC_PAGE; i++)
		zc_fill(page_of(p, i), ID + i, i % 4 ? ZC_TEXT : ZC_ZERO);
	zc_store(*ready, true);
	pause();
	_exit(0);
}

/* How many pages are spared when a control group has to give some up? */
static unsigned long spared_in(const char *cgroup)
{
	bool *ready = zc_shared(sizeof(*ready));
	pid_t child = fork();
	unsigned long before;
	char reclaim[128];

	if (child < 0)
		zc_die("fork");
	if (!child) {
		zc_cgroup_enter(cgroup);
		hold(ready);
	}
	while (!zc_load(*ready))
		zc_msleep(10);
	snprintf(reclaim, sizeof(reclaim), "%s/memory.reclaim", cgroup);
	before = zc_get("frontswap/spared");
	zc_can_write(reclaim, "4M");
	before = zc_get("frontswap/spared") - before;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return before;
}

static void test_spared(void)
{
	const char *cgroup = zc_cgroup("zeros");
	unsigned long nr;
	int fd;

	if (!cgroup) {
		zc_skip_one("no cgroup2 with memory.reclaim");
		zc_skip_one("no cgroup2 with memory.reclaim");
		return;
	}
	zc_fs_make(4096);
	zc_drop_caches(1);
	nr = spared_in(cgroup);
	zc_result(nr > 0, "without file pages some are spared: %lu", nr);
	fd = zc_open("file", O_RDWR | O_CREAT);
	zc_write_pages(fd, 0, FILE_PAGES, ID, ZC_TEXT);
	fsync(fd);
	nr = spared_in(cgroup);
	zc_result(!nr, "where reclaim has a choice none is: %lu", nr);
	close(fd);
	zc_fs_unmount();
}

/* The slots belong to both; each reads some first and writes some. */
static void test_fork(void)
{
	char *p = zeros_out();
	int code = -1;
	pid_t child = fork();

	if (child < 0)
		zc_die("fork");
	if (!child) {
		write_some(p, 5);
		_exit(wrong(p, 5) != 0);
	}
	write_some(p, 7);
	zc_result(!wrong(p, 7), "shared: the parent's");
	waitpid(child, &code, 0);
	zc_result(!code, "shared: the child's");
	zc_result(!wrong(p, 7), "shared: the parent's still");
	munmap(p, SIZE);
}

static void test_write_protected(void)
{
	char *p = zeros_out();

	mprotect(p, SIZE, PROT_READ);
	zc_result(!wrong(p, 0), "read-only memory");
	mprotect(p, SIZE, PROT_READ | PROT_WRITE);
	write_some(p, 2);
	zc_result(!wrong(p, 2), "and then not");
	munmap(p, SIZE);
}

/* Swapped out again and again by one thread, while the other writes and reads. */

static bool stop;

static void *pager(void *p)
{
	while (!zc_load(stop))
		madvise(p, SIZE, MADV_PAGEOUT);
	return NULL;
}

static void test_race(void)
{
	unsigned long i, page, bad = 0, nr = zc_scaled(300000, 10000);
	static uint64_t id[NR];
	char *p = zeros_out();
	struct zc_rng rng;
	pthread_t thread;

	zc_srand(&rng, 1);
	memset(id, 0, sizeof(id));
	if (pthread_create(&thread, NULL, pager, p))
		zc_die("no thread");
	for (i = 1; i <= nr; i++) {
		page = zc_below(&rng, NR);
		bad += !zc_holds(page_of(p, page), id[page],
				 id[page] ? ZC_TEXT : ZC_ZERO);
		if (zc_below(&rng, 3))
			continue;
		id[page] = id[page] ? 0 : i;
		zc_fill(page_of(p, page), id[page],
			id[page] ? ZC_TEXT : ZC_ZERO);
	}
	zc_store(stop, true);
	pthread_join(thread, NULL);
	zc_result(!bad, "zeros and others in turn: %lu of %lu wrong", bad, nr);
	munmap(p, SIZE);
}

/*
 * One thread reads a page that the other writes just then, while a child keeps
 * the slots: of those that fault, the later one must see that it is late.
 */
static unsigned long turn;

static void *toucher(void *p)
{
	unsigned long i;

	for (i = 0; i < NR; i++) {
		while (zc_load(turn) < i)
			;
		zc_touch(page_of(p, i));
	}
	return NULL;
}

static bool write_beside_reader(void)
{
	char *p = zeros_out();
	pid_t child = fork();
	pthread_t thread;
	unsigned long i;
	bool good;

	if (child < 0)
		zc_die("fork");
	if (!child) {
		pause();
		_exit(0);
	}
	turn = 0;
	if (pthread_create(&thread, NULL, toucher, p))
		zc_die("no thread");
	for (i = 0; i < NR; i++) {
		zc_store(turn, i);
		zc_store(*(uint64_t *)page_of(p, i), ID + i);
	}
	pthread_join(thread, NULL);
	for (i = 0, good = true; i < NR; i++)
		good &= *(uint64_t *)page_of(p, i) == ID + i;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	munmap(p, SIZE);
	return good;
}

static void test_both_fault(void)
{
	unsigned long i, bad = 0, nr = zc_scaled(40, 5);

	for (i = 0; i < nr; i++)
		bad += !write_beside_reader();
	zc_result(!bad, "read and written at once: %lu of %lu wrong", bad, nr);
}

int main(void)
{
	zc_start(18);
	zc_swap_on(NULL, 16 << 8);
	zc_percent(50);

	test_reads();
	test_writes();
	test_weight();
	test_spared();
	test_fork();
	test_write_protected();
	test_race();
	test_both_fault();
	zc_result(zc_wait_get("frontswap/stored", 0), "no entry is left");
	zc_finish();
}
