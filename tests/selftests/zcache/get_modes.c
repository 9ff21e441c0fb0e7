// SPDX-License-Identifier: GPL-2.0-only
/*
 * All ways to read a file find its entries: then the disk is not read, and the
 * contents are right. The entries stay, and when the pages, which were only
 * read, are evicted once more, they are not put again. Where some pages have no
 * entry, those are read from the disk, and each gets into its place.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "zc.h"

#define NR	192UL
#define ID	5000

static int fd;
static char have[NR * ZC_PAGE];
static struct zc_rng rng;

/* Ways to read it all */

static void read_sequential(void)
{
	posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
	lseek(fd, 0, SEEK_SET);
	for (unsigned long i = 0; i < NR; i += 3)
		if (read(fd, have + i * ZC_PAGE, 3 * ZC_PAGE) != 3 * ZC_PAGE)
			zc_die("read");
}

static void read_at_once(void)
{
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	zc_pread(fd, have, sizeof(have), 0);
}

static void read_random(void)
{
	unsigned long i, page;

	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	for (i = 0; i < NR; i++) {
		page = i * 67 % NR;
		zc_pread(fd, have + page * ZC_PAGE, ZC_PAGE, page * ZC_PAGE);
	}
}

static void read_backwards(void)
{
	posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
	for (unsigned long i = NR; i-- > 0;)
		zc_pread(fd, have + i * ZC_PAGE, ZC_PAGE, i * ZC_PAGE);
}

static void read_mapped(int advice, unsigned long step)
{
	char *p = mmap(NULL, sizeof(have), PROT_READ, MAP_SHARED, fd, 0);
	unsigned long i, page;

	if (p == MAP_FAILED || madvise(p, sizeof(have), advice))
		zc_die("mmap");
	for (i = 0; i < NR; i++) {
		page = i * step % NR;
		memcpy(have + page * ZC_PAGE, p + page * ZC_PAGE, ZC_PAGE);
	}
	munmap(p, sizeof(have));
}

static void map_normal(void)
{
	read_mapped(MADV_NORMAL, 1);
}

static void map_sequential(void)
{
	read_mapped(MADV_SEQUENTIAL, 1);
}

static void map_random(void)
{
	read_mapped(MADV_RANDOM, 67);
}

static void map_populate(void)
{
	char *p = mmap(NULL, sizeof(have), PROT_READ, MAP_SHARED | MAP_POPULATE,
		       fd, 0);

	if (p == MAP_FAILED)
		zc_die("mmap");
	memcpy(have, p, sizeof(have));
	munmap(p, sizeof(have));
}

static void will_need(void)
{
	posix_fadvise(fd, 0, sizeof(have), POSIX_FADV_WILLNEED);
	zc_pread(fd, have, sizeof(have), 0);
}

static void splice_it(void)
{
	unsigned long i;
	int pipes[2];
	loff_t pos;

	if (pipe(pipes))
		zc_die("pipe");
	for (i = 0; i < NR; i++) {
		pos = i * ZC_PAGE;
		if (splice(fd, &pos, pipes[1], NULL, ZC_PAGE, 0) != ZC_PAGE ||
		    read(pipes[0], have + i * ZC_PAGE, ZC_PAGE) != ZC_PAGE)
			zc_die("splice");
	}
	close(pipes[0]);
	close(pipes[1]);
}

static const struct {
	const char *name;
	void (*read)(void);
} modes[] = {
	{ "read in sequence", read_sequential },
	{ "read at once", read_at_once },
	{ "read at random", read_random },
	{ "read backwards", read_backwards },
	{ "mapped", map_normal },
	{ "mapped, in sequence", map_sequential },
	{ "mapped, at random", map_random },
	{ "mapped and populated", map_populate },
	{ "advised to be needed", will_need },
	{ "spliced", splice_it },
};

#define NR_MODES	ARRAY_SIZE(modes)

/* Every kind of page; which is where, the seed decides. */
static enum zc_kind kinds[NR];
static unsigned long nr_stored;

static void make_file(bool with_misses)
{
	static const enum zc_kind stored[] = { ZC_TEXT, ZC_HALF, ZC_SAME,
		ZC_ZERO };
	unsigned long i;

	nr_stored = 0;
	for (i = 0; i < NR; i++) {
		kinds[i] = stored[zc_below(&rng, 4)];
		/* Now a page alone, now a run of them. */
		if (with_misses && (i % 48 < 12 ? i & 1 : !zc_below(&rng, 3)))
			kinds[i] = ZC_NOISE;
		nr_stored += zc_stored_kind(kinds[i]);
		zc_write_pages(fd, i, 1, ID, kinds[i]);
	}
}

static bool is_right(void)
{
	unsigned long i, wrong = 0;

	for (i = 0; i < NR; i++)
		wrong += !zc_holds(have + i * ZC_PAGE, ID + i, kinds[i]);
	if (wrong)
		zc_say("%lu pages are wrong", wrong);
	return !wrong;
}

static bool evict_again(unsigned long entries)
{
	unsigned long puts = zc_get("cleancache/puts");
	unsigned long kept = zc_get("cleancache/kept");
	bool good = zc_evict(fd, 0, NR);

	puts = zc_get("cleancache/puts") - puts;
	kept = zc_get("cleancache/kept") - kept;
	if (good && !puts && kept == nr_stored && zc_entries() == entries)
		return true;
	zc_say("evicted again: %lu put, %lu kept, of %lu; %lu entries, were %lu",
	       puts, kept, nr_stored, zc_entries(), entries);
	return false;
}

static bool try(unsigned int mode)
{
	unsigned long base, gets, sectors;
	bool good;

	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	base = zc_entries();

	make_file(mode >= NR_MODES);
	good = zc_evict(fd, 0, NR) && zc_entries() == base + nr_stored;
	if (!good)
		zc_say("%lu entries of %lu pages", zc_entries() - base,
		       nr_stored);
	sync();
	gets = zc_get("cleancache/succ_gets");
	sectors = zc_sectors_read(zc_fs_device());
	memset(have, 0xaa, sizeof(have));
	modes[mode % NR_MODES].read();
	gets = zc_get("cleancache/succ_gets") - gets;
	sectors = zc_sectors_read(zc_fs_device()) - sectors;

	if (gets != nr_stored || sectors != (NR - nr_stored) * 8) {
		zc_say("%lu pages got, %lu sectors read; %lu pages stored",
		       gets, sectors, nr_stored);
		good = false;
	}
	if (zc_entries() != base + nr_stored) {
		zc_say("%lu entries are left of %lu", zc_entries() - base,
		       nr_stored);
		good = false;
	}
	return is_right() && evict_again(base + nr_stored) && good;
}

static void test_all_stored(void)
{
	unsigned int i;

	for (i = 0; i < NR_MODES; i++)
		zc_result(try(i), "%s", modes[i].name);
}

static void test_some_stored(void)
{
	unsigned int i;

	for (i = 0; i < NR_MODES; i++)
		zc_result(try(NR_MODES + i), "%s, some from the disk",
			  modes[i].name);
}

int main(void)
{
	zc_start(2 * NR_MODES);
	zc_fs_make(4096);
	zc_percent(50);
	zc_srand(&rng, 1);
	fd = zc_open("file", O_RDWR | O_CREAT);
	/* In the page cache nothing of a file may be but what we put there. */
	zc_write_pages(fd, 0, NR, ID, ZC_TEXT);
	fsync(fd);

	test_all_stored();
	test_some_stored();
	close(fd);
	zc_fs_unmount();
	zc_finish();
}
