// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold MIB SEED [gently] - hold memory whose contents are known
 *
 * Fills it, has it swapped out (gently: leaves that to the kernel), and then does
 * what comes in as signals:
 * SIGUSR1 checks every page, SIGUSR2 writes to every eighth page and has all of
 * it swapped out again, SIGTERM ends. Each time it is done a line is added to
 * /tmp/hold.SEED: "filled N", "checked N wrong N lost N", "changed N".
 *
 * A page that cannot be had (SIGBUS) is counted as lost, and is not wrong.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, WORDS = PAGE / sizeof(uint64_t) };

static uint64_t *memory;
static uint8_t *version;	/* how often each page was written */
static size_t nr_pages;
static uint64_t seed;
static int gently;
static char report_name[64];
static sigjmp_buf no_page;

static void report(const char *format, size_t a, size_t b, size_t c)
{
	FILE *file = fopen(report_name, "a");

	if (!file)
		exit(2);
	fprintf(file, format, a, b, c);
	fclose(file);
}

/* About half of a page compresses. */
static uint64_t word(size_t page, size_t i)
{
	uint64_t x = (seed << 40) ^ (page * 512 + i) ^
		     ((uint64_t)version[page] << 56);

	if (i % 2)
		return page * seed + version[page];
	x *= 0x9e3779b97f4a7c15;
	x ^= x >> 31;
	return x * 0xbf58476d1ce4e5b9;
}

static void fill(size_t page)
{
	for (size_t i = 0; i < WORDS; i++)
		memory[page * WORDS + i] = word(page, i);
}

static int right(size_t page)
{
	for (size_t i = 0; i < WORDS; i++)
		if (memory[page * WORDS + i] != word(page, i))
			return 0;
	return 1;
}

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(no_page, 1);
}

static void swap_out(void)
{
	if (!gently)
		madvise(memory, nr_pages * PAGE, MADV_PAGEOUT);
}

static void check(void)
{
	volatile size_t wrong = 0, lost = 0, page;

	for (page = 0; page < nr_pages; page++) {
		if (sigsetjmp(no_page, 1))
			lost++;
		else if (!right(page))
			wrong++;
	}
	report("checked %zu wrong %zu lost %zu\n", nr_pages, wrong, lost);
}

static void change(void)
{
	volatile size_t page, nr = 0;

	for (page = 0; page < nr_pages; page += 8) {
		version[page]++;
		if (!sigsetjmp(no_page, 1)) {
			fill(page);
			nr++;
		}
	}
	swap_out();
	report("changed %zu\n", nr, 0, 0);
}

int main(int argc, char **argv)
{
	sigset_t signals;
	size_t page;
	int sig;

	if (argc != 3 && argc != 4)
		return 2;
	gently = argc == 4;
	nr_pages = strtoul(argv[1], NULL, 0) * 256;
	seed = strtoul(argv[2], NULL, 0);
	snprintf(report_name, sizeof(report_name), "/tmp/hold.%s", argv[2]);
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGBUS, on_bus);

	memory = mmap(NULL, nr_pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	version = calloc(nr_pages, 1);
	if (memory == MAP_FAILED || !version)
		return 2;
	madvise(memory, nr_pages * PAGE, MADV_NOHUGEPAGE);
	mlock(version, nr_pages);
	for (page = 0; page < nr_pages; page++)
		fill(page);
	swap_out();
	report("filled %zu\n", nr_pages, 0, 0);
	while (!sigwait(&signals, &sig) && sig != SIGTERM) {
		if (sig == SIGUSR1)
			check();
		else
			change();
	}
	return 0;
}
