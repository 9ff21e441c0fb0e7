// SPDX-License-Identifier: GPL-2.0-only
/*
 * A swap area of one's own, anonymous memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include "zc.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define MAX_AREAS	8
#define FAILURES	"/sys/kernel/debug/fail_make_request/"

/* The areas that were on before, off for as long as the test runs. */
static char others[MAX_AREAS][128];
static unsigned int nr_others;
static char area[128];
static bool area_on;

static void others_off(void)
{
	char line[256], name[128];
	FILE *swaps = fopen("/proc/swaps", "r");

	if (!swaps)
		zc_skip_all("no swap in this kernel");
	while (fgets(line, sizeof(line), swaps)) {
		if (sscanf(line, "%127s", name) != 1 || name[0] != '/')
			continue;
		if (nr_others == MAX_AREAS || swapoff(name))
			zc_die("cannot swapoff %s", name);
		memcpy(others[nr_others++], name, sizeof(name));
	}
	fclose(swaps);
}

static void swap_end(void)
{
	if (area_on)
		swapoff(area);
	area_on = false;
	while (nr_others)
		swapon(others[--nr_others], 0);
}

/* A swap area's first page. */
static void make_swap(const char *device, unsigned long pages)
{
	unsigned char header[ZC_PAGE] = { 0 };
	uint32_t info[3] = { 1, pages - 1, 0 };	/* version, last, bad */
	int fd = open(device, O_WRONLY);

	memcpy(header + 1024, info, sizeof(info));
	memcpy(header + ZC_PAGE - 10, "SWAPSPACE2", 10);
	if (fd < 0 || pwrite(fd, header, ZC_PAGE, 0) != (ssize_t)ZC_PAGE ||
	    fsync(fd))
		zc_die("cannot make a swap area on %s", device);
	close(fd);
}

/* Large folios get slots only where seeking costs nothing. */
static void say_it_does_not_rotate(const char *device)
{
	char real[PATH_MAX], path[PATH_MAX];

	if (!realpath(device, real))
		return;
	snprintf(path, sizeof(path), "/sys/class/block/%.64s/queue/rotational",
		 strrchr(real, '/') + 1);
	if (!access(path, W_OK))
		zc_set_sysfs(path, "0");
}

/*
 * Swap goes to @device alone until the test ends, so that the counters tell of
 * the test and of nothing else. NULL is the scratch device.
 */
void zc_swap_on(const char *device, unsigned long pages)
{
	if (!device)
		device = getenv("ZCACHE_SCRATCH_B");
	if (!device)
		zc_skip_all("ZCACHE_SCRATCH_B names no block device");
	say_it_does_not_rotate(device);
	others_off();
	zc_at_end(swap_end);
	snprintf(area, sizeof(area), "%s", device);
	make_swap(device, pages);
	if (zc_swap_again())
		zc_die("cannot swapon %s", device);
}

int zc_swap_again(void)
{
	if (swapon(area, 0))
		return -1;
	area_on = true;
	return 0;
}

int zc_swap_off(void)
{
	if (swapoff(area))
		return -1;
	area_on = false;
	return 0;
}

const char *zc_swap_device(void)
{
	return area;
}

void *zc_anon(size_t size, size_t align)
{
	size_t room = size + align;
	uintptr_t p = (uintptr_t)mmap(NULL, room, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == (uintptr_t)MAP_FAILED)
		zc_die("no memory");
	return (void *)((p + align - 1) & ~(align - 1));
}

static uint64_t pagemap_entry(const void *addr)
{
	static int fd = -1;
	static pid_t owner;
	uint64_t entry;

	if (fd < 0 || owner != getpid()) {
		fd = open("/proc/self/pagemap", O_RDONLY);
		owner = getpid();
	}
	if (pread(fd, &entry, sizeof(entry), (uintptr_t)addr / ZC_PAGE *
		  sizeof(entry)) != sizeof(entry))
		zc_die("cannot read /proc/self/pagemap");
	return entry;
}

bool zc_swapped(const void *addr)
{
	return pagemap_entry(addr) >> 62 & 1;
}

/* The offset in the swap area; for a page that is swapped out. */
uint64_t zc_slot(const void *addr)
{
	return (pagemap_entry(addr) & ((1ULL << 55) - 1)) >> 5;
}

unsigned long zc_nr_swapped(const void *addr, size_t size)
{
	unsigned long nr = 0;
	size_t i;

	for (i = 0; i < size; i += ZC_PAGE)
		nr += zc_swapped((const char *)addr + i);
	return nr;
}

static bool pageout_once(void *addr, size_t size)
{
	if (madvise(addr, size, MADV_PAGEOUT))
		zc_die("madvise(MADV_PAGEOUT)");
	return zc_nr_swapped(addr, size) == size / ZC_PAGE;
}

/*
 * Swap all of it out. A page that was touched on a CPU may wait there to be put on
 * the LRU, and until then cannot be reclaimed from another one: so try on each.
 */
bool zc_pageout(void *addr, size_t size)
{
	bool done = pageout_once(addr, size);
	unsigned int tries;
	cpu_set_t cpus;

	if (done)
		return true;
	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		zc_die("sched_getaffinity");
	for (tries = 0; tries < 200 && !done; tries++) {
		zc_pin_to_cpu(tries % zc_nr_cpus());
		done = pageout_once(addr, size);
		if (!done)
			zc_msleep(5);
	}
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		zc_die("sched_setaffinity");
	return done;
}

/*
 * Stranded pages: they have been stored, and before reclaim could drop them,
 * somebody read them. They are mapped again, in the swap cache still, with
 * their entries, and can be written to without a fault that would tell anyone.
 * All that can go wrong with stale entries begins here.
 *
 * It is a race, which a thread that reads all the time on another CPU wins
 * often enough: it waits for the folio while that is being compressed.
 */
static const char *watched;
static enum { WATCH, DRAIN, STOP } watcher_order;

/*
 * A page that the watcher has swapped in waits in a batch of its CPU for the
 * LRU, out of reach of reclaim. Any mlock() empties the batch.
 */
static void drain_batch(void)
{
	char dummy;

	mlock(&dummy, 1);
	munlock(&dummy, 1);
}

static void *watcher(void *unused)
{
	(void)unused;
	zc_pin_to_cpu(1);
	while (zc_load(watcher_order) != STOP) {
		zc_touch(watched);
		if (zc_load(watcher_order) != DRAIN)
			continue;
		drain_batch();
		zc_store(watcher_order, WATCH);
	}
	return NULL;
}

static void order(int what)
{
	zc_store(watcher_order, what);
	while (zc_load(watcher_order) == DRAIN)
		sched_yield();
}

bool zc_can_strand(void)
{
	return zc_nr_cpus() > 1;
}

static bool is_stranded(const void *addr, size_t size, unsigned long stored)
{
	unsigned int i;

	for (i = 0; i < 20 && zc_nr_swapped(addr, size); i++)
		sched_yield();
	return !zc_nr_swapped(addr, size) &&
	       zc_get("frontswap/stored") == stored;
}

/* In memory, all of it, and dirty: what is clean is unmapped without ado. */
static void bring_back(char *addr, size_t size)
{
	size_t i;

	for (i = 0; i < size; i += ZC_PAGE)
		zc_store(addr[i], zc_load(addr[i]));
	order(DRAIN);
}

/*
 * @addr must be in memory, without entries, and of kinds that are stored. The
 * first try is the best one; a large folio has no other, since it comes back
 * in pieces. So if this fails, try with new memory.
 */
bool zc_strand(void *addr, size_t size)
{
	unsigned long stored = zc_get("frontswap/stored") + size / ZC_PAGE;
	unsigned int tries;
	bool done = false;
	pthread_t thread;

	watched = addr;
	zc_store(watcher_order, WATCH);
	if (pthread_create(&thread, NULL, watcher, NULL))
		zc_die("no thread");
	for (tries = 0; tries < 10 && !done; tries++) {
		bring_back(addr, size);
		if (madvise(addr, size, MADV_PAGEOUT))
			zc_die("madvise(MADV_PAGEOUT)");
		done = is_stranded(addr, size, stored);
	}
	order(STOP);
	pthread_join(thread, NULL);
	return done;
}

/* Only a kernel with CONFIG_FAIL_MAKE_REQUEST has it. */
bool zc_can_fail_writes(void)
{
	return !access(FAILURES "probability", W_OK);
}

void zc_fail_writes(bool fail)
{
	char real[PATH_MAX], path[PATH_MAX];

	if (!realpath(area, real))
		zc_die("no swap device");
	snprintf(path, sizeof(path), "/sys/class/block/%.64s/make-it-fail",
		 strrchr(real, '/') + 1);
	zc_set_sysfs(FAILURES "verbose", "0");
	zc_set_sysfs(FAILURES "interval", "1");
	zc_set_sysfs(FAILURES "times", "-1");
	zc_set_sysfs(FAILURES "probability", fail ? "100" : "0");
	zc_set_sysfs(path, fail ? "1" : "0");
}
