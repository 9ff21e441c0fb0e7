// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on a file, and the same on an array in memory. Now and then
 * the two are compared, in one of several ways to read. Meanwhile a child
 * reclaims whatever it can get hold of.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zc.h"

#define MAX_SIZE	(64 * ZC_PAGE)
#define LOG		24	/* operations told of when something is wrong */

static int fd, direct;
static unsigned long block;
static char *model, *buffer;
static unsigned long size;
static struct zc_rng rng;

struct op {
	const char *name;
	unsigned long pos, len;
};

static struct op history[LOG];
static unsigned long nr_ops;

static void note(const char *name, unsigned long pos, unsigned long len)
{
	history[nr_ops++ % LOG] = (struct op) { name, pos, len };
}

static void tell_history(void)
{
	unsigned long i = nr_ops > LOG ? nr_ops - LOG : 0;

	for (; i < nr_ops; i++)
		zc_say("%lu: %s %lx-%lx", i, history[i % LOG].name,
		       history[i % LOG].pos,
		       history[i % LOG].pos + history[i % LOG].len);
}

static unsigned long min(unsigned long a, unsigned long b)
{
	return a < b ? a : b;
}

static unsigned long max(unsigned long a, unsigned long b)
{
	return a > b ? a : b;
}

/* A range within @limit, a multiple of @unit; mostly short. */
static bool choose(unsigned long limit, unsigned long unit, unsigned long *pos,
		   unsigned long *len)
{
	unsigned long units = limit / unit, n;

	if (!units)
		return false;
	*pos = zc_below(&rng, units);
	n = 1 + zc_below(&rng, units - *pos);
	if (zc_below(&rng, 4))
		n = min(n, 1 + zc_below(&rng, max(1, 3 * ZC_PAGE / unit)));
	*pos *= unit;
	*len = n * unit;
	return true;
}

/* Whole pages of a kind look different from every angle: so are they here. */
static void new_data(char *data, unsigned long len)
{
	enum zc_kind kind = zc_below(&rng, ZC_KINDS);
	char page[ZC_PAGE];
	unsigned long n;

	for (; len; len -= n, data += n) {
		n = min(len, ZC_PAGE);
		zc_fill(page, zc_rand(&rng), kind);
		memcpy(data, page, n);
	}
}

static bool differs(const char *how, unsigned long pos, unsigned long len)
{
	unsigned long i;

	for (i = 0; i < len && buffer[i] == model[pos + i]; i++)
		;
	if (i == len)
		return false;
	zc_say("%s: byte %lx is %02x, should be %02x", how, pos + i,
	       (unsigned char)buffer[i], (unsigned char)model[pos + i]);
	return true;
}

static void grow(unsigned long to)
{
	if (to <= size)
		return;
	memset(model + size, 0, to - size);
	size = to;
}

/* Operations; each returns false if what it read is wrong. */

static bool op_read(void)
{
	unsigned long pos, len;

	if (!choose(size, 1, &pos, &len))
		return true;
	note("read", pos, len);
	zc_pread(fd, buffer, len, pos);
	return !differs("read", pos, len);
}

static bool op_direct_read(void)
{
	unsigned long pos, len;

	if (!choose(size, ZC_PAGE, &pos, &len))
		return true;
	note("direct read", pos, len);
	zc_pread(direct, buffer, len, pos);
	return !differs("direct read", pos, len);
}

static void *map(unsigned long pos, unsigned long len, int prot)
{
	unsigned long first = pos & ~(ZC_PAGE - 1);
	char *p = mmap(NULL, pos + len - first, prot, MAP_SHARED, fd, first);

	if (p == MAP_FAILED)
		zc_die("mmap");
	if (zc_below(&rng, 2))
		madvise(p, pos + len - first, MADV_RANDOM);
	return p + (pos - first);
}

static void unmap(char *p, unsigned long len)
{
	unsigned long before = (uintptr_t)p & (ZC_PAGE - 1);

	munmap(p - before, before + len);
}

static bool op_map_read(void)
{
	unsigned long pos, len;
	char *p;

	if (!choose(size, 1, &pos, &len))
		return true;
	note("map read", pos, len);
	p = map(pos, len, PROT_READ);
	memcpy(buffer, p, len);
	unmap(p, len);
	return !differs("map read", pos, len);
}

static bool op_map_write(void)
{
	unsigned long pos, len;
	char *p;

	if (!choose(size, 1, &pos, &len))
		return true;
	note("map write", pos, len);
	new_data(model + pos, len);
	p = map(pos, len, PROT_READ | PROT_WRITE);
	memcpy(p, model + pos, len);
	unmap(p, len);
	return true;
}

static bool write_range(int to, const char *name, unsigned long unit)
{
	unsigned long pos, len;

	choose(MAX_SIZE, unit, &pos, &len);
	note(name, pos, len);
	grow(pos + len);
	new_data(model + pos, len);
	memcpy(buffer, model + pos, len);
	zc_pwrite(to, buffer, len, pos);
	return true;
}

static bool op_write(void)
{
	return write_range(fd, "write", 1);
}

static bool op_write_blocks(void)
{
	return write_range(fd, "write blocks", block);
}

static bool op_direct_write(void)
{
	return write_range(direct, "direct write", block);
}

static bool op_truncate(void)
{
	unsigned long to = zc_below(&rng, MAX_SIZE);

	if (zc_below(&rng, 2))
		to &= ~(block - 1);
	note("truncate", to, 0);
	if (ftruncate(fd, to))
		zc_die("ftruncate");
	grow(to);
	size = to;
	return true;
}

static void falloc(int mode, unsigned long pos, unsigned long len)
{
	if (fallocate(fd, mode, pos, len))
		zc_die("fallocate, mode %x, %lx, %lx", mode, pos, len);
}

static bool op_punch(void)
{
	unsigned long pos, len;

	if (!choose(size, zc_below(&rng, 2) ? 1 : block, &pos, &len))
		return true;
	note("punch", pos, len);
	falloc(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pos, len);
	memset(model + pos, 0, len);
	return true;
}

static bool op_zero(void)
{
	unsigned long pos, len;

	choose(MAX_SIZE, zc_below(&rng, 2) ? 1 : block, &pos, &len);
	note("zero", pos, len);
	falloc(FALLOC_FL_ZERO_RANGE, pos, len);
	grow(pos + len);
	memset(model + pos, 0, len);
	return true;
}

static bool op_allocate(void)
{
	unsigned long pos, len;

	choose(MAX_SIZE, 1, &pos, &len);
	note("allocate", pos, len);
	falloc(0, pos, len);
	grow(pos + len);
	return true;
}

/* Not up to the end: that is what truncate is for, says the kernel. */
static bool op_collapse(void)
{
	unsigned long pos, len;

	if (!choose(size, block, &pos, &len) || pos + len >= size)
		return true;
	note("collapse", pos, len);
	falloc(FALLOC_FL_COLLAPSE_RANGE, pos, len);
	memmove(model + pos, model + pos + len, size - pos - len);
	size -= len;
	return true;
}

static bool op_insert(void)
{
	unsigned long pos, len;

	if (!choose(size, block, &pos, &len) || pos >= size ||
	    size + len > MAX_SIZE)
		return true;
	note("insert", pos, len);
	falloc(FALLOC_FL_INSERT_RANGE, pos, len);
	memmove(model + pos + len, model + pos, size - pos);
	memset(model + pos, 0, len);
	size += len;
	return true;
}

static bool op_sync(void)
{
	note("fsync", 0, 0);
	if (fsync(fd))
		zc_die("fsync");
	return true;
}

static bool op_dont_need(void)
{
	unsigned long pos, len;

	choose(MAX_SIZE, ZC_PAGE, &pos, &len);
	note("don't need", pos, len);
	posix_fadvise(fd, pos, len, POSIX_FADV_DONTNEED);
	return true;
}

static bool op_page_out(void)
{
	unsigned long pos, len;

	if (!choose(size, ZC_PAGE, &pos, &len))
		return true;
	note("page out", pos, len);
	if (zc_below(&rng, 2))
		sync_file_range(fd, pos, len, SYNC_FILE_RANGE_WRITE |
				SYNC_FILE_RANGE_WAIT_AFTER);
	zc_pageout_file(fd, pos / ZC_PAGE, len / ZC_PAGE);
	return true;
}

static bool op_evict_all(void)
{
	unsigned long pages = (size + ZC_PAGE - 1) / ZC_PAGE;

	note("evict", 0, size);
	if (pages)
		zc_evict(fd, 0, pages);
	return true;
}

static bool op_drop_caches(void)
{
	note("drop caches", 0, 0);
	if (zc_below(&rng, 10) == 0)
		zc_drop_caches(1);
	return true;
}

static bool op_compare(void)
{
	unsigned long whole = (size + ZC_PAGE - 1) & ~(ZC_PAGE - 1);
	char *p;

	note("compare", 0, size);
	if (lseek(fd, 0, SEEK_END) != (off_t)size) {
		zc_say("size %lx, should be %lx",
		       (unsigned long)lseek(fd, 0, SEEK_END), size);
		return false;
	}
	if (!size)
		return true;
	zc_pread(fd, buffer, size, 0);
	if (differs("compare", 0, size))
		return false;
	/* Beyond the end of the file a mapping has zeros. */
	p = map(0, whole, PROT_READ);
	memset(model + size, 0, whole - size);
	memcpy(buffer, p, whole);
	unmap(p, whole);
	return !differs("compare mapped", 0, whole);
}

static const struct {
	bool (*run)(void);
	unsigned int weight;
} ops[] = {
	{ op_read, 6 }, { op_map_read, 6 }, { op_direct_read, 3 },
	{ op_write, 5 }, { op_write_blocks, 5 }, { op_map_write, 5 },
	{ op_direct_write, 5 }, { op_truncate, 3 }, { op_punch, 3 },
	{ op_zero, 3 }, { op_allocate, 1 }, { op_collapse, 2 },
	{ op_insert, 2 }, { op_sync, 3 }, { op_dont_need, 1 },
	{ op_page_out, 16 }, { op_evict_all, 6 }, { op_drop_caches, 1 },
	{ op_compare, 3 },
};

#define NR_OPS	ARRAY_SIZE(ops)

static bool random_op(void)
{
	unsigned int i, total = 0, n;

	for (i = 0; i < NR_OPS; i++)
		total += ops[i].weight;
	n = zc_below(&rng, total);
	for (i = 0; n >= ops[i].weight; i++)
		n -= ops[i].weight;
	return ops[i].run();
}

/* Takes from the file what it can get, and from the group at times. */
static void reclaim_for_ever(const char *cgroup)
{
	char file[128];
	unsigned long i;

	zc_pin_to_cpu(1);
	if (cgroup)
		snprintf(file, sizeof(file), "%s/memory.reclaim", cgroup);
	for (i = 0;; i++) {
		zc_pageout_file(fd, 0, MAX_SIZE / ZC_PAGE);
		if (cgroup && i % 16 == 0)
			zc_can_write(file, "256K");
		zc_msleep(1);
	}
}

static pid_t start_reclaimer(const char *cgroup)
{
	pid_t child = fork();

	if (!child)
		reclaim_for_ever(cgroup);
	return child;
}

static bool run(unsigned long times)
{
	unsigned long i;

	for (i = 0; i < times; i++)
		if (!random_op())
			return false;
	return op_compare();
}

static void open_new(unsigned long block_size)
{
	zc_fs_make(block_size);
	block = block_size;
	fd = zc_open("file", O_RDWR | O_CREAT);
	direct = zc_open("file", O_RDWR | O_DIRECT);
	size = 0;
	nr_ops = 0;
	zc_srand(&rng, block_size);
}

/* What is on the disk, when nobody remembers anything. */
static bool disk_is_right(void)
{
	close(direct);
	close(fd);
	zc_fs_unmount();
	zc_fs_mount();
	fd = zc_open("file", O_RDWR);
	direct = zc_open("file", O_RDWR | O_DIRECT);
	return op_compare();
}

static void test_block_size(unsigned long block_size, const char *cgroup)
{
	unsigned long puts = zc_get("cleancache/puts");
	unsigned long gets = zc_get("cleancache/succ_gets");
	unsigned long times = zc_scaled(6000, 1000);
	pid_t child;
	bool good;

	open_new(block_size);
	good = run(times / 2);
	child = start_reclaimer(cgroup);
	good = good && run(times / 2);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	puts = zc_get("cleancache/puts") - puts;
	gets = zc_get("cleancache/succ_gets") - gets;
	zc_say("%lu operations, %lu puts, %lu gets", nr_ops, puts, gets);
	if (!good)
		tell_history();
	zc_result(good && puts > times / 10 && gets > times / 10,
		  "random operations, blocks of %lu", block_size);
	zc_result(disk_is_right(), "the disk has it, blocks of %lu",
		  block_size);
	close(direct);
	close(fd);
	zc_fs_unmount();
}

int main(void)
{
	const char *cgroup;

	zc_start(4);
	zc_fs_device();
	zc_percent(50);
	model = calloc(1, MAX_SIZE + ZC_PAGE);
	buffer = aligned_alloc(ZC_PAGE, MAX_SIZE + ZC_PAGE);
	cgroup = zc_cgroup("fsx");
	if (cgroup)
		zc_cgroup_enter(cgroup);
	test_block_size(4096, cgroup);
	test_block_size(1024, cgroup);
	zc_finish();
}
