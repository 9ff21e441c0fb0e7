// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct writes against buffered readers, readers of mappings and reclaim, all
 * at once. Every page carries the number of its write. When a write has ended,
 * nobody may read an older one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zc.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

#define NR		64UL
#define STRIPE		4UL	/* pages in a row that one writer owns */
#define WRITERS		2U

/* Per page: the write that is under way or was the last, and the last done. */
struct shared {
	uint32_t begun[NR];
	uint32_t done[NR];
	unsigned long nr_read, nr_stale, nr_torn, nr_nowait;
	unsigned long puts, gets;	/* at the beginning */
	bool stop;
};

static struct shared *shared;
static int fd, direct;

static uint64_t page_id(unsigned long page, uint32_t seq)
{
	return (uint64_t)(page + 1) << 32 | seq;
}

static enum zc_kind kind_of(unsigned long page, uint32_t seq)
{
	static const enum zc_kind kinds[] = { ZC_TEXT, ZC_SAME, ZC_HALF,
		ZC_TEXT, ZC_NOISE };

	return kinds[(page + seq) % 5];
}

/* Ways to write */

static bool write_sync(const void *data, size_t size, off_t pos)
{
	return pwrite(direct, data, size, pos) == (ssize_t)size;
}

static bool write_nowait(const void *data, size_t size, off_t pos)
{
	struct iovec vec = { (void *)data, size };
	ssize_t n = pwritev2(direct, &vec, 1, pos, RWF_NOWAIT);

	if (n == (ssize_t)size) {
		zc_add(shared->nr_nowait, 1);
		return true;
	}
	/* It would have had to wait, or got half way. */
	return (n >= 0 || errno == EAGAIN) && write_sync(data, size, pos);
}

static bool write_async(const void *data, size_t size, off_t pos)
{
	static aio_context_t context;
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_fildes = direct,
		.aio_buf = (uintptr_t)data,
		.aio_nbytes = size,
		.aio_offset = pos,
	}, *list = &cb;
	struct io_event event;

	if (!context && syscall(__NR_io_setup, 4, &context))
		return false;
	return syscall(__NR_io_submit, context, 1, &list) == 1 &&
	       syscall(__NR_io_getevents, context, 1, 1, &event, NULL) == 1 &&
	       event.res == (int64_t)size;
}

static bool (* const writes[])(const void *, size_t, off_t) = {
	write_sync, write_nowait, write_async,
};

static bool write_some(char *data, unsigned long first, unsigned long nr,
		       unsigned int how)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		uint32_t seq = shared->begun[first + i] + 1;

		zc_store(shared->begun[first + i], seq);
		zc_fill(data + i * ZC_PAGE, page_id(first + i, seq),
			kind_of(first + i, seq));
	}
	if (!writes[how](data, nr * ZC_PAGE, first * ZC_PAGE))
		return false;
	for (i = 0; i < nr; i++)
		zc_store(shared->done[first + i], shared->begun[first + i]);
	return true;
}

static unsigned long puts_since(void)
{
	return zc_get("cleancache/puts") - shared->puts;
}

static unsigned long gets_since(void)
{
	return zc_get("cleancache/succ_gets") - shared->gets;
}

static bool enough(void)
{
	return puts_since() > NR && gets_since() > NR;
}

/* On a busy machine the others do not get as far meanwhile: for much longer then. */
static int writer(unsigned int number)
{
	unsigned long i, times = zc_scaled(1000, 150), first, nr;
	char *data = aligned_alloc(ZC_PAGE, STRIPE * ZC_PAGE);
	struct zc_rng rng;

	zc_pin_to_cpu(number);
	zc_srand(&rng, number);
	for (i = 0; i < times || (i < 20 * times && !enough()); i++) {
		first = (zc_below(&rng, NR / STRIPE / WRITERS) * WRITERS +
			 number) * STRIPE;
		nr = 1 + zc_below(&rng, STRIPE);
		if (!write_some(data, first, nr, zc_below(&rng, 3))) {
			fprintf(stderr, "# write by %u: errno %d\n", number, errno);
			return 1;
		}
	}
	return 0;
}

/* Readers */

static void judge(const char *data, unsigned long page, uint32_t from)
{
	const uint64_t *words = (const uint64_t *)data;
	uint32_t to = zc_load(shared->begun[page]);
	bool stale = (words[0] & 0xffffffff) < from ||
		     (words[ZC_WORDS - 1] & 0xffffffff) < from;

	/* While a page is being written, half of it may be new. */
	if (from == to && !stale &&
	    !zc_holds(data, page_id(page, to), kind_of(page, to)))
		zc_add(shared->nr_torn, 1);
	if (!stale)
		return;
	if (!zc_add(shared->nr_stale, 1))
		fprintf(stderr, "# page %lu: read %llx...%llx, written %x\n",
			page, (unsigned long long)words[0],
			(unsigned long long)words[ZC_WORDS - 1], from);
}

static int reader(bool mapped, unsigned int number)
{
	const char *map = mmap(NULL, NR * ZC_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	char data[ZC_PAGE];
	struct zc_rng rng;
	unsigned long page;
	uint32_t from;

	zc_pin_to_cpu(number);
	zc_srand(&rng, 10 + number);
	while (!zc_load(shared->stop)) {
		page = zc_below(&rng, NR);
		from = zc_load(shared->done[page]);
		if (mapped)
			memcpy(data, map + page * ZC_PAGE, ZC_PAGE);
		else
			zc_pread(fd, data, ZC_PAGE, page * ZC_PAGE);
		judge(data, page, from);
		zc_add(shared->nr_read, 1);
		/* What is mapped by somebody is not paged out for another. */
		if (mapped && zc_below(&rng, 16) == 0)
			madvise((void *)map, NR * ZC_PAGE, MADV_DONTNEED);
	}
	return 0;
}

/* Reclaim: asked for by address, by the group, and by its limit. */
static int reclaimer(const char *cgroup)
{
	char file[128];

	if (cgroup)
		snprintf(file, sizeof(file), "%s/memory.reclaim", cgroup);
	while (!zc_load(shared->stop)) {
		zc_pageout_file(fd, 0, NR);
		if (cgroup)
			zc_can_write(file, "128K");
	}
	return 0;
}

static void start_all(const char *cgroup, pid_t *writer_pids)
{
	unsigned int i;

	for (i = 0; i < WRITERS; i++) {
		writer_pids[i] = fork();
		if (!writer_pids[i])
			_exit(writer(i));
	}
	for (i = 0; i < 3; i++) {
		if (fork())
			continue;
		if (cgroup)
			zc_cgroup_enter(cgroup);
		_exit(i == 2 ? reclaimer(cgroup) : reader(i, i));
	}
}

static bool run(const char *cgroup)
{
	pid_t writer_pids[WRITERS];
	bool good = true;
	unsigned int i;
	int status;

	start_all(cgroup, writer_pids);
	for (i = 0; i < WRITERS; i++) {
		waitpid(writer_pids[i], &status, 0);
		good = good && !status;
	}
	zc_store(shared->stop, true);
	while (wait(&status) > 0)
		good = good && !status;
	return good;
}

static unsigned long wrong_at_the_end(void)
{
	unsigned long i, wrong = 0;
	char data[ZC_PAGE];

	for (i = 0; i < NR; i++) {
		zc_pread(fd, data, ZC_PAGE, i * ZC_PAGE);
		wrong += !zc_holds(data, page_id(i, shared->done[i]),
				   kind_of(i, shared->done[i]));
	}
	return wrong;
}

static void make_file(void)
{
	char *data = aligned_alloc(ZC_PAGE, ZC_PAGE);
	unsigned long i;

	fd = zc_open("file", O_RDWR | O_CREAT);
	direct = zc_open("file", O_RDWR | O_DIRECT);
	memset((void *)shared, 0, sizeof(*shared));
	for (i = 0; i < NR; i++)
		if (!write_some(data, i, 1, 0))
			zc_die("direct write");
	free(data);
}

static void test_block_size(unsigned int block_size, const char *cgroup)
{
	unsigned long wrong;
	bool good;

	zc_fs_make(block_size);
	make_file();
	shared->puts = zc_get("cleancache/puts");
	shared->gets = zc_get("cleancache/succ_gets");
	good = run(cgroup);
	zc_say("%lu reads, %lu puts, %lu gets, %lu writes that did not wait",
	       shared->nr_read, puts_since(), gets_since(), shared->nr_nowait);
	zc_result(good && enough(),
		  "writers, readers and reclaim, blocks of %u", block_size);
	wrong = wrong_at_the_end();
	zc_result(!shared->nr_stale && !shared->nr_torn && !wrong,
		  "%lu stale, %lu torn, %lu wrong at the end", shared->nr_stale,
		  shared->nr_torn, wrong);
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
	cgroup = zc_cgroup("dio");
	shared = zc_shared(sizeof(*shared));
	test_block_size(4096, cgroup);
	test_block_size(1024, cgroup);
	zc_finish();
}
