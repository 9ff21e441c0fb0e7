// SPDX-License-Identifier: GPL-2.0-only
/*
 * The work that the demo does, and its bookkeeping:
 *
 * work sum FILE...                  print a checksum of each file
 * work anon SUMS MIB PROCS ROUNDS   fill memory with what the files hold, touch
 *                                   it at random, check every page
 * work files SUMS MIB PASSES        read files over and over, check each
 * work watch DIR                    sample zcache's counters until SIGTERM
 *
 * SUMS is the output of "work sum"; MIB says how much of these files to use.
 * Results are printed as "name value". Exit status 1: some page was not what
 * it had to be.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	WORDS = PAGE / sizeof(uint64_t),
	CHUNK = 256 * 1024,
	MAX_FILES = 1024,
	STAMPS = 4,		/* words that one write changes */
};

struct file {
	char name[256];
	uint64_t sum;
	uint64_t bytes;
	int fd;
};

static struct file files[MAX_FILES];
static int nr_files;

static void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "work: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	exit(2);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Quick even in an emulator, and every bit and its place count. */
static uint64_t add_to_sum(uint64_t sum, const uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15;
		sum ^= sum >> 29;
	}
	return sum;
}

static uint64_t page_sum(const uint64_t *page)
{
	return add_to_sum(1, page, WORDS);
}

/* Nothing of this needs to be unpredictable, only the same in every run. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint64_t *map(size_t bytes, int flags)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_ANONYMOUS | flags, -1, 0);

	if (memory == MAP_FAILED)
		die("no memory for %zu bytes", bytes);
	return memory;
}

static uint64_t sum_of_file(int fd, uint64_t *buffer, uint64_t *bytes)
{
	uint64_t sum = 1;
	off_t at = 0;
	ssize_t got;

	while ((got = pread(fd, buffer, CHUNK, at)) > 0) {
		memset((char *)buffer + got, 0, -got & 7);
		sum = add_to_sum(sum, buffer, (got + 7) / 8);
		at += got;
	}
	if (got < 0)
		die("cannot read: %s", strerror(errno));
	*bytes = at;
	return sum;
}

static int print_sums(char **names)
{
	uint64_t *buffer = map(CHUNK, MAP_PRIVATE);
	uint64_t sum, bytes;
	int fd;

	for (; *names; names++) {
		fd = open(*names, O_RDONLY);
		if (fd < 0)
			die("cannot open %s", *names);
		sum = sum_of_file(fd, buffer, &bytes);
		printf("%016llx %llu %s\n", (unsigned long long)sum,
		       (unsigned long long)bytes, *names);
		close(fd);
	}
	return 0;
}

/* Open the files that the list names, relative to it, until MIB is reached. */
static uint64_t open_files(const char *list, uint64_t mib, int flags)
{
	unsigned long long sum, bytes;
	uint64_t total = 0;
	char *slash, folder[256];
	FILE *stream = fopen(list, "r");

	if (!stream)
		die("cannot open %s", list);
	snprintf(folder, sizeof(folder), "%s", list);
	slash = strrchr(folder, '/');
	if (slash) {
		*slash = 0;
		if (chdir(folder))
			die("cannot enter %s", folder);
	}
	while (nr_files < MAX_FILES && total < mib << 20) {
		struct file *file = &files[nr_files];

		if (fscanf(stream, "%llx %llu %255s", &sum, &bytes,
			   file->name) != 3)
			break;
		file->sum = sum;
		file->bytes = bytes;
		file->fd = open(file->name, O_RDONLY | flags);
		if (file->fd < 0)
			die("cannot open %s", file->name);
		total += bytes;
		nr_files++;
	}
	fclose(stream);
	if (!nr_files)
		die("%s names no files", list);
	return total;
}

/*
 * Act 1. What one process has done, in memory shared with the first one. The
 * checksums of the pages are kept aside: what a page has to hold follows from
 * the files and from the stamps, never from the page.
 */
struct share {
	uint64_t bad;
	uint64_t touched;
	uint64_t written;
};

/* Fill memory with the files' bytes, past the page cache, from "start" on. */
static void fill(uint64_t *memory, size_t bytes, uint64_t start, uint64_t total)
{
	char *to = (char *)memory;
	uint64_t at = start % total;

	while (bytes) {
		uint64_t offset = at;
		struct file *file = files;
		size_t want;
		ssize_t got;

		while (offset >= file->bytes)
			offset -= file++->bytes;
		want = file->bytes - offset;
		want = want < CHUNK ? want : CHUNK;
		want = want < bytes ? want : bytes;
		got = pread(file->fd, to, want, offset);
		if (got != (ssize_t)want)
			die("short read of %s", file->name);
		to += got;
		bytes -= got;
		at = (at + got) % total;
	}
}

static void check_page(struct share *share, const uint64_t *page, uint64_t sum)
{
	if (page_sum(page) != sum)
		share->bad++;
}

static void stamp_page(uint64_t *page, uint64_t *state)
{
	for (int i = 0; i < STAMPS; i++) {
		uint64_t random = next_random(state);

		page[random % WORDS] ^= random;
	}
}

static void work_on_memory(struct share *share, size_t pages, int rounds,
			   uint64_t start, uint64_t total)
{
	uint64_t *memory = map(pages * PAGE, MAP_PRIVATE);
	uint64_t *sums = map(pages * sizeof(*sums), MAP_PRIVATE);
	uint64_t state = 0x5eed + start;

	for (size_t i = 0; i < pages; i += CHUNK / PAGE) {
		size_t some = pages - i < CHUNK / PAGE ? pages - i : CHUNK / PAGE;

		fill(memory + i * WORDS, some * PAGE, start + i * PAGE, total);
		for (size_t j = i; j < i + some; j++)
			sums[j] = page_sum(memory + j * WORDS);
	}
	for (size_t n = pages * rounds / 8; n; n--) {
		size_t i = next_random(&state) % pages;
		uint64_t *page = memory + i * WORDS;

		check_page(share, page, sums[i]);
		share->touched++;
		if (next_random(&state) % 3)
			continue;
		stamp_page(page, &state);
		sums[i] = page_sum(page);
		share->written++;
	}
	for (size_t i = 0; i < pages; i++)
		check_page(share, memory + i * WORDS, sums[i]);
}

static int act_anon(const char *list, uint64_t mib, int procs, int rounds)
{
	uint64_t total = open_files(list, -1ULL >> 20, O_DIRECT);
	size_t pages = (mib << 20) / PAGE / procs;
	struct share *shares = (struct share *)map(procs * sizeof(*shares), MAP_SHARED);
	struct share sum = { 0 };
	double begin = seconds();
	int status, died = 0;

	for (int i = 0; i < procs; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("cannot fork");
		if (!pid) {
			work_on_memory(&shares[i], pages, rounds,
				       (uint64_t)i * pages * PAGE, total);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		died += status != 0;
	for (int i = 0; i < procs; i++) {
		sum.bad += shares[i].bad;
		sum.touched += shares[i].touched;
		sum.written += shares[i].written;
	}
	printf("seconds %.1f\npages %zu\ntouched %llu\nwritten %llu\nbad %llu\ndied %d\n",
	       seconds() - begin, pages * procs, (unsigned long long)sum.touched,
	       (unsigned long long)sum.written, (unsigned long long)sum.bad, died);
	return sum.bad || died;
}

/* Act 2. */
static int act_files(const char *list, uint64_t mib, int passes)
{
	uint64_t total = open_files(list, mib, 0);
	uint64_t *buffer = map(CHUNK, MAP_PRIVATE);
	uint64_t bytes, bad = 0;
	double begin = seconds();

	for (int pass = 0; pass < passes; pass++) {
		for (int i = 0; i < nr_files; i++) {
			if (sum_of_file(files[i].fd, buffer, &bytes) != files[i].sum ||
			    bytes != files[i].bytes)
				bad++;
		}
		fprintf(stderr, "pass %d of %d: %.0f s\n", pass + 1, passes,
			seconds() - begin);
	}
	printf("seconds %.1f\nfiles %d\npages %llu\nbad %llu\ndied 0\n",
	       seconds() - begin, nr_files, (unsigned long long)total / PAGE,
	       (unsigned long long)bad);
	return bad != 0;
}

/* Remember all counters as they were when zcache held the most pages. */
static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static uint64_t read_counter(const char *name)
{
	unsigned long long number = 0;
	FILE *stream = fopen(name, "r");

	if (!stream)
		return 0;
	if (fscanf(stream, "%llu", &number) != 1)
		number = 0;
	fclose(stream);
	return number;
}

static int watch(const char *folder)
{
	static const char * const names[] = { "eph_zpages", "pers_zpages",
		"eph_pageframes", "pers_pageframes" };
	uint64_t now[4], most[4] = { 0 };
	struct timespec pause = { 0, 200 * 1000 * 1000 };
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGTERM, &action, NULL);
	mlockall(MCL_CURRENT | MCL_FUTURE);
	/* Without zcache there is nothing to see, but it is awaited all the same. */
	if (chdir(folder))
		pause.tv_sec = 1;
	while (!stop) {
		for (int i = 0; i < 4; i++)
			now[i] = read_counter(names[i]);
		if (now[0] + now[1] >= most[0] + most[1])
			memcpy(most, now, sizeof(most));
		nanosleep(&pause, NULL);
	}
	for (int i = 0; i < 4; i++)
		printf("%s %llu\n", names[i], (unsigned long long)most[i]);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "sum") && argc > 2)
		return print_sums(argv + 2);
	if (!strcmp(mode, "anon") && argc == 6)
		return act_anon(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
	if (!strcmp(mode, "files") && argc == 5)
		return act_files(argv[2], atoi(argv[3]), atoi(argv[4]));
	if (!strcmp(mode, "watch") && argc == 3)
		return watch(argv[2]);
	die("usage: see the top of work.c");
}
