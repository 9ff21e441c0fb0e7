// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file is cut, holed, or has blocks put into it, while nothing but entries
 * of it is in memory. Pages that are cut in two are what this is after: on a
 * file system with small blocks nothing brings them in.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <unistd.h>

#include "zc.h"

#define NR	8UL
#define SIZE	(NR * ZC_PAGE)
#define ROOM	(2 * SIZE)

static int fd;
static char model[ROOM];
static off_t model_size;

static void cut(off_t at, off_t unused)
{
	(void)unused;
	if (ftruncate(fd, at))
		zc_die("ftruncate");
	if (at < model_size)
		memset(model + at, 0, model_size - at);
	model_size = at;
}

/* Cut, and lengthen again: what was cut off must be zeros. */
static void cut_and_lengthen(off_t at, off_t unused)
{
	cut(at, unused);
	cut(SIZE, 0);
}

static void falloc(int mode, off_t at, off_t len)
{
	if (fallocate(fd, mode, at, len))
		zc_die("fallocate, mode %x, %lld, %lld", mode, (long long)at,
		       (long long)len);
}

static void punch(off_t at, off_t len)
{
	falloc(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, len);
	memset(model + at, 0, len);
}

static void zero(off_t at, off_t len)
{
	falloc(FALLOC_FL_ZERO_RANGE, at, len);
	memset(model + at, 0, len);
}

static void collapse(off_t at, off_t len)
{
	falloc(FALLOC_FL_COLLAPSE_RANGE, at, len);
	memmove(model + at, model + at + len, SIZE - at - len);
	model_size -= len;
	memset(model + model_size, 0, len);
}

static void insert(off_t at, off_t len)
{
	falloc(FALLOC_FL_INSERT_RANGE, at, len);
	memmove(model + at + len, model + at, SIZE - at);
	memset(model + at, 0, len);
	model_size += len;
}

static void new_file(uint64_t id)
{
	unsigned long i;

	fd = zc_open("file", O_RDWR | O_CREAT | O_TRUNC);
	memset(model, 0, sizeof(model));
	for (i = 0; i < NR; i++)
		zc_fill(model + i * ZC_PAGE, id + i, ZC_TEXT);
	zc_pwrite(fd, model, SIZE, 0);
	model_size = SIZE;
}

static bool is_as_modelled(const char *how)
{
	static char data[ROOM];
	off_t i;

	if (lseek(fd, 0, SEEK_END) != model_size) {
		zc_say("%s: size %lld, not %lld", how,
		       (long long)lseek(fd, 0, SEEK_END),
		       (long long)model_size);
		return false;
	}
	zc_pread(fd, data, model_size, 0);
	for (i = 0; i < model_size && data[i] == model[i]; i++)
		;
	if (i < model_size)
		zc_say("%s: wrong at %lld", how, (long long)i);
	return i == model_size;
}

static bool try(void (*change)(off_t, off_t), off_t at, off_t len, uint64_t id)
{
	unsigned long entries;
	bool good;

	new_file(id);
	entries = zc_entries();
	if (!zc_evict(fd, 0, NR) || zc_entries() - entries != NR) {
		zc_say("%lu entries of %lu pages", zc_entries() - entries, NR);
		close(fd);
		return false;
	}
	change(at, len);
	good = is_as_modelled("then");
	/* Once more by way of what is made of these contents. */
	good = zc_evict(fd, 0, (model_size + ZC_PAGE - 1) / ZC_PAGE) && good;
	good = is_as_modelled("evicted again") && good;
	close(fd);
	return good;
}

static const struct {
	const char *name;
	void (*change)(off_t at, off_t len);
	bool has_len;
	bool whole_blocks;
} ways[] = {
	{ "truncate", cut, false, false },
	{ "truncate and lengthen", cut_and_lengthen, false, false },
	{ "punch a hole", punch, true, false },
	{ "zero a range", zero, true, false },
	{ "collapse a range", collapse, true, true },
	{ "insert a range", insert, true, true },
};

#define NR_WAYS	ARRAY_SIZE(ways)

/* Everywhere in two pages, in steps of a block, and a little beside it. */
static void test_way(unsigned int c, unsigned int block)
{
	unsigned long tried = 0, bad = 0, id = c * 100000UL + block;
	off_t at, len, beside, max;

	for (at = block; at <= (off_t)(2 * ZC_PAGE); at += block) {
		max = ways[c].has_len ? 2 * ZC_PAGE : block;
		for (len = block; len <= max; len += zc_scaled(1, 3) * block) {
			beside = ways[c].whole_blocks || len % 2048 ? 0 : 100;
			tried++;
			bad += !try(ways[c].change, at + beside, len,
				    id + tried * 100);
		}
	}
	zc_result(!bad, "%s, blocks of %u: %lu of %lu wrong", ways[c].name,
		  block, bad, tried);
}

int main(void)
{
	static const unsigned int sizes[] = { 1024, 4096 };
	unsigned int i, c;

	zc_start(2 * NR_WAYS);
	zc_fs_device();
	zc_percent(50);
	for (i = 0; i < 2; i++) {
		zc_fs_make(sizes[i]);
		for (c = 0; c < NR_WAYS; c++)
			test_way(c, sizes[i]);
		zc_fs_unmount();
	}
	zc_finish();
}
