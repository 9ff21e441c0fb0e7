// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compressor is changed while there are pages of all that were in use before,
 * and while pages are used.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "zc.h"

#define COMPRESSOR	"/sys/module/zcache/parameters/compressor"

#define NR		512UL
#define NR_FILE		128UL
#define FILE_ID		5000000

/* In this order no two neighbours understand each other. */
static const char * const names[] = { "lzo-rle", "lz4", "zstd", "deflate", "lzo" };

#define NR_NAMES	(sizeof(names) / sizeof(*names))

static int choose(const char *name)
{
	return zc_try_write(COMPRESSOR, name);
}

static bool is(const char *name)
{
	char text[128];

	return zc_read(COMPRESSOR, text, sizeof(text)) &&
	       !strncmp(text, name, strlen(name)) &&
	       strspn(text + strlen(name), "\n") == strlen(text) - strlen(name);
}

static void default_again(void)
{
	choose("lzo-rle");
}

static void test_names(void)
{
	char endless[300];
	unsigned long i;
	bool good = true;

	memset(endless, 'z', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	zc_result(choose("nonesuch") == ENOENT && choose(" ") == ENOENT &&
		  choose(endless) && is("lzo-rle"),
		  "what is no compressor is refused, and changes nothing");
	for (i = 0; i < NR_NAMES; i++)
		good = good && !choose(names[i]) && is(names[i]) &&
		       !choose(names[i]) && is(names[i]);
	zc_result(good && !choose("lz4\n") && is("lz4"), "all others are taken");
}

/* Bytes that pages of the same kinds take; 0 if few are stored. */
static unsigned long size_of_mix(const char *name, char **mix)
{
	unsigned long bytes, pages;

	if (choose(name))
		return 0;
	bytes = zc_get("zbud/pers_cumul_zbytes");
	pages = zc_get("zbud/pers_cumul_zpages");
	*mix = zc_mix_out(NR);
	bytes = zc_get("zbud/pers_cumul_zbytes") - bytes;
	pages = zc_get("zbud/pers_cumul_zpages") - pages;
	zc_say("%s: %lu bytes a page, %lu pages", name, pages ? bytes / pages : 0,
	       pages);
	return pages < NR / 4 ? 0 : bytes;
}

static void test_swap(void)
{
	unsigned long size[NR_NAMES], alike = 0, wrong = 0, i;
	char *mix[NR_NAMES] = { NULL };

	for (i = 0; i < NR_NAMES; i++)
		size[i] = size_of_mix(names[i], &mix[i]);
	for (i = 0; i < NR_NAMES; i++)
		alike += !size[i] || size[i] == size[(i + 1) % NR_NAMES];
	zc_result(!alike, "each compresses in its own way");
	for (i = 0; i < NR_NAMES; i++)
		if (mix[i])
			wrong += zc_mix_wrong(mix[i], NR);
	zc_result(!wrong && mix[NR_NAMES - 1],
		  "swap pages of all of them come back: %lu wrong", wrong);
	for (i = 0; i < NR_NAMES; i++)
		if (mix[i])
			zc_mix_free(mix[i], NR);
}

static void test_files(void)
{
	unsigned long i, wrong = 0, gets;
	int fd;

	zc_fs_make(ZC_PAGE);
	fd = zc_open("a", O_RDWR | O_CREAT);
	for (i = 0; i < NR_NAMES; i++) {
		choose(names[i]);
		zc_write_pages(fd, i * NR_FILE, NR_FILE, FILE_ID + i, ZC_TEXT);
		zc_evict(fd, i * NR_FILE, NR_FILE);
	}
	gets = zc_get("cleancache/succ_gets");
	for (i = 0; i < NR_NAMES; i++)
		wrong += zc_wrong_pages(fd, i * NR_FILE, NR_FILE, FILE_ID + i,
					ZC_TEXT);
	gets = zc_get("cleancache/succ_gets") - gets;
	zc_result(!wrong && gets > NR_FILE * (NR_NAMES - 1),
		  "%lu file pages of all of them come back: %lu wrong", gets,
		  wrong);
	close(fd);
}

static void test_race(void)
{
	unsigned long rounds = zc_scaled(400, 60), failed = 0, bad, i;

	zc_race_begin();
	for (i = 0; i < rounds; i++) {
		failed += !!choose(names[i % NR_NAMES]);
		zc_msleep(5);
	}
	bad = zc_race_end();
	zc_result(!failed && !bad,
		  "changed %lu times while pages are used: %lu were wrong",
		  rounds, bad);
}

/* What is chosen while it is off is in use when it is on. */
static void test_off(void)
{
	char *p = zc_mix_out(NR);

	zc_result(!zc_enable(false) && !choose("zstd") && !zc_enable(true) &&
		  is("zstd") && !zc_mix_wrong(p, NR),
		  "changed while it is off");
	zc_mix_free(p, NR);
}

int main(void)
{
	zc_start(8);
	zc_swap_on(NULL, 65536);
	zc_at_end(default_again);
	zc_percent(50);
	zc_result(!choose("lzo-rle"), "the default is taken");
	test_names();
	choose("lzo-rle");
	test_swap();
	test_files();
	test_race();
	test_off();
	zc_finish();
}
