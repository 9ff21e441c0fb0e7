// SPDX-License-Identifier: GPL-2.0-only
/*
 * The races of the bench: work whose guest time is measured.
 *
 * race cost MIB                    page out and fault back, twice
 * race swap MIB TOUCHES huge|small touch more memory than there is at random
 * race files-seq DIR PASSES        read files again and again
 * race files-skew DIR PASSES PART  ... page by page, a PART-th of so many
 * race mixed MIB DIR ROUNDS FILES
 *                                  memory and so many of the files together
 * race hold KIB                    keep so much memory from the others
 * race cpus MIB                    page out and fault back, so much on each of
 *                                  one, two and four CPUs at once
 *
 * The pages that memory is filled with, see mix.c, come from the standard input; they
 * are read, and locked in memory, before anything is measured. Results are printed
 * as "name value". Exit status 1: a page was not what it had to be.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "race"
#include "bench.h"

enum {
	PAGE = 4096,
	WORDS = PAGE / sizeof(uint64_t),
	MIX_PAGES = 16384,	/* 64 MiB */
	SAMPLES = 8,		/* words of a page that a touch looks at */
	CHUNK = 64 * 1024,	/* of one read() */
	MAX_FILES = 512,
	/* Of a skewed pattern, a step: this many of STEP_OF go to a STEP_OF-th. */
	STEPS = 3,
	MIXED_READS = 16,	/* pages read in sequence for 16 touches */
	MAX_CPUS = 4,
	CPU_ROUNDS = 3,		/* of which the quickest counts */
};

static uint64_t *mix;
static uint64_t bad;

static void *map(size_t bytes, int advice)
{
	size_t align = 2 << 20;
	char *memory = mmap(NULL, bytes + align, PROT_READ | PROT_WRITE,
			    MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);

	if (memory == MAP_FAILED)
		die("no memory for %zu bytes", bytes);
	memory += -(uintptr_t)memory & (align - 1);
	if (advice)
		madvise(memory, bytes, advice);
	return memory;
}

static void *map_locked(size_t bytes)
{
	void *memory = map(bytes, MADV_NOHUGEPAGE);

	if (mlock(memory, bytes))
		die("mlock");
	return memory;
}

static void load_mix(void)
{
	size_t done;
	ssize_t got;

	mix = map_locked((size_t)MIX_PAGES * PAGE);
	for (done = 0; done < (size_t)MIX_PAGES * PAGE; done += got) {
		got = read(STDIN_FILENO, (char *)mix + done, (size_t)MIX_PAGES * PAGE - done);
		if (got <= 0)
			die("what memory is to be filled with is short");
	}
}

static const uint64_t *mix_page(size_t i)
{
	return mix + i % MIX_PAGES * WORDS;
}

/**
 * struct memory - pages with contents of the mix, and a stamp in each
 * @pages: the pages; the first word of each is its stamp
 * @nr: how many
 * @stamp: what the stamps have to be; a page of zeros has none
 */
struct memory {
	uint64_t *pages;
	size_t nr;
	uint32_t *stamp;
};

static void fill(struct memory *memory, size_t mib, int advice)
{
	size_t i;

	memory->nr = mib << 8;
	memory->stamp = map_locked(memory->nr * sizeof(*memory->stamp));
	memory->pages = map(memory->nr * PAGE, advice);
	for (i = 0; i < memory->nr; i++)
		memcpy(memory->pages + i * WORDS, mix_page(i), PAGE);
}

/* What a word has to be: the mix's, but for a stamp. */
static void check(const struct memory *memory, size_t i, uint64_t *state)
{
	const uint64_t *page = memory->pages + i * WORDS, *like = mix_page(i);
	uint64_t first = memory->stamp[i] ? memory->stamp[i] : like[0];
	unsigned int n;

	bad += page[0] != first;
	for (n = 1; n < SAMPLES; n++) {
		size_t word = 1 + next_random(state) % (WORDS - 1);

		bad += page[word] != like[word];
	}
}

static void check_whole(const struct memory *memory, size_t i)
{
	const uint64_t *page = memory->pages + i * WORDS, *like = mix_page(i);

	bad += page[0] != (memory->stamp[i] ? memory->stamp[i] : like[0]) ||
	       memcmp(page + 1, like + 1, PAGE - sizeof(*page));
}

static void touch(struct memory *memory, size_t i, uint64_t *state)
{
	check(memory, i, state);
	if (next_random(state) % 3)
		return;
	if (mix_page(i)[0])
		memory->stamp[i]++;
	*(volatile uint64_t *)(memory->pages + i * WORDS) =
		memory->stamp[i] ? memory->stamp[i] : mix_page(i)[0];
}

static void print_counters(const char *command)
{
	if (command)
		fflush(stdout);
	if (command && system(command))
		printf("counters none\n");
}

/* Race 1 and 2: the counters are those of the density. */
static void race_cost(size_t mib)
{
	struct memory memory;
	uint64_t begin, out;
	size_t i;
	int round;

	fill(&memory, mib, MADV_NOHUGEPAGE);
	print_counters("/run/counters before");
	for (round = 1; round <= 2; round++) {
		begin = now();
		if (madvise(memory.pages, memory.nr * PAGE, MADV_PAGEOUT))
			die("MADV_PAGEOUT");
		out = now();
		if (round == 2)
			print_counters("/run/counters after");
		printf("out_ns_%d %llu\n", round,
		       (unsigned long long)(out - begin) / memory.nr);
		begin = now();
		for (i = 0; i < memory.nr; i++)
			bad += *(volatile uint64_t *)(memory.pages + i * WORDS) !=
			       mix_page(i)[0];
		printf("in_ns_%d %llu\n", round,
		       (unsigned long long)(now() - begin) / memory.nr);
	}
	for (i = 0; i < memory.nr; i++)
		check_whole(&memory, i);
}

static void race_swap(size_t mib, size_t touches, int advice)
{
	uint64_t state = 0x5eed, begin = now();
	struct memory memory;
	size_t i;

	fill(&memory, mib, advice);
	printf("fill_ms %llu\n", (unsigned long long)(now() - begin) / 1000000);
	for (i = 0; i < touches; i++)
		touch(&memory, next_random(&state) % memory.nr, &state);
	printf("ms %llu\n", (unsigned long long)(now() - begin) / 1000000);
	print_counters("/run/counters end");
	for (i = 0; i < memory.nr; i++)
		check_whole(&memory, i);
}

static void hold(size_t kib)
{
	map_locked(kib << 10);
	printf("held\n");
	pause();
}

/* The files of a folder, as one range of pages. */
static struct file {
	int fd;
	size_t first;
	size_t nr;
} files[MAX_FILES];
static unsigned int nr_files;
static size_t nr_file_pages;
static size_t stride;	/* from page to page, every page is met once */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char * const *)a, *(char * const *)b);
}

static size_t common_divisor(size_t a, size_t b)
{
	while (b) {
		size_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void open_files(const char *folder, unsigned int most)
{
	char *names[MAX_FILES];
	struct dirent *entry;
	unsigned int n = 0, i;
	DIR *dir = opendir(folder);
	struct stat st;

	if (!dir || chdir(folder))
		die("%s", folder);
	while ((entry = readdir(dir)) && n < MAX_FILES)
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			names[n++] = strdup(entry->d_name);
	closedir(dir);
	qsort(names, n, sizeof(*names), by_name);
	for (i = 0; i < n && i < most; i++) {
		struct file *file = &files[nr_files++];

		file->fd = open(names[i], O_RDONLY);
		if (file->fd < 0 || fstat(file->fd, &st))
			die("%s", names[i]);
		file->first = nr_file_pages;
		file->nr = st.st_size / PAGE;
		nr_file_pages += file->nr;
	}
	if (!nr_files)
		die("no files in %s", folder);
	for (stride = 40503; common_divisor(stride, nr_file_pages) > 1;)
		stride++;
}

/* The first word of each page of the files is its number. */
static void read_pages(struct file *file, size_t page, size_t nr)
{
	static uint64_t buffer[CHUNK / sizeof(uint64_t)];
	size_t i;

	if (pread(file->fd, buffer, nr * PAGE, page * PAGE) != (ssize_t)(nr * PAGE))
		die("read");
	for (i = 0; i < nr; i++)
		bad += buffer[i * WORDS] != file->first + page + i;
}

static void read_in_sequence(void)
{
	unsigned int i;
	size_t page, nr;

	for (i = 0; i < nr_files; i++)
		for (page = 0; page < files[i].nr; page += nr) {
			nr = files[i].nr - page;
			nr = nr < CHUNK / PAGE ? nr : CHUNK / PAGE;
			read_pages(&files[i], page, nr);
		}
}

/*
 * One page at a time, half as many as there are. Three times out of four the
 * page is in the first quarter of what is left to choose from, thrice over; the
 * order is then mixed, so that what is read often is spread over all files.
 */
static size_t skewed(uint64_t *state)
{
	size_t range = nr_file_pages;
	unsigned int step;

	for (step = 0; step < STEPS && next_random(state) % 4; step++)
		range /= 4;
	return next_random(state) % range * stride % nr_file_pages;
}

static void read_one(size_t page)
{
	unsigned int i;

	for (i = 0; page >= files[i].first + files[i].nr; i++)
		;
	read_pages(&files[i], page - files[i].first, 1);
}

static void read_skewed(uint64_t *state, unsigned int part)
{
	size_t n;

	for (n = 0; n < nr_file_pages / 2 / part; n++)
		read_one(skewed(state));
}

static void read_each(unsigned int part)
{
	size_t n;

	for (n = 0; n < nr_file_pages / part; n++)
		read_one(n * stride % nr_file_pages);
}

/*
 * Race 4: the first pass is the cold one. It reads every page once, so that those
 * after it read nothing for the first time. Where a page does not come alone, a
 * part of all pages will do: they bring the rest.
 */
static void race_files(const char *folder, unsigned int part, int passes)
{
	uint64_t begin, state = 0x5eed, rest = 0;
	int pass;

	open_files(folder, MAX_FILES);
	for (pass = 0; pass <= passes; pass++) {
		begin = now();
		if (!part)
			read_in_sequence();
		else if (pass)
			read_skewed(&state, part);
		else
			read_each(part);
		begin = (now() - begin) / 1000000;
		rest += pass ? begin : 0;
		printf("pass_%d_ms %llu\n", pass, (unsigned long long)begin);
		if (!pass)
			printf("cold_ms %llu\n", (unsigned long long)begin);
		fflush(stdout);
	}
	printf("file_pages %zu\nms %llu\n", nr_file_pages,
	       (unsigned long long)rest);
}

/* Files s0, s1 ..., which have never been read before: other names for what is known. */
static void read_stream(void)
{
	static uint64_t buffer[CHUNK / sizeof(uint64_t)];
	size_t pages = 0;
	char name[16];
	ssize_t got;
	int nr, fd;

	for (nr = 0;; nr++) {
		snprintf(name, sizeof(name), "s%d", nr);
		fd = open(name, O_RDONLY);
		if (fd < 0)
			break;
		while ((got = read(fd, buffer, sizeof(buffer))) > 0)
			pages += got / PAGE;
		if (got)
			die("read");
		close(fd);
	}
	if (!pages)
		die("no stream");
	printf("stream_pages %zu\n", pages);
}

static uint64_t time_pass(void)
{
	uint64_t begin = now();

	read_in_sequence();
	return (now() - begin) / 1000000;
}

/* Files that are read again and again, and in between many others, once. */
static void race_stream(const char *folder, int passes)
{
	uint64_t begin, before = 0;
	int pass;

	open_files(folder, MAX_FILES);
	for (pass = 0; pass <= passes; pass++)
		before = time_pass();
	printf("before_ms %llu\n", (unsigned long long)before);
	begin = now();
	read_stream();
	printf("stream_ms %llu\n", (unsigned long long)(now() - begin) / 1000000);
	printf("after_ms %llu\n", (unsigned long long)time_pass());
}

static void race_mixed(size_t mib, const char *folder, size_t rounds,
		       unsigned int most)
{
	uint64_t state = 0x5eed, begin = now();
	size_t round, at = 0, page;
	struct memory memory;
	unsigned int i = 0, n;

	open_files(folder, most);
	fill(&memory, mib, MADV_NOHUGEPAGE);
	for (round = 0; round < rounds; round++) {
		for (n = 0; n < MIXED_READS; n++)
			touch(&memory, next_random(&state) % memory.nr, &state);
		page = at % nr_file_pages;
		for (i = 0; page >= files[i].first + files[i].nr; i++)
			;
		if (page - files[i].first + MIXED_READS <= files[i].nr)
			read_pages(&files[i], page - files[i].first, MIXED_READS);
		at += MIXED_READS;
	}
	printf("ms %llu\n", (unsigned long long)(now() - begin) / 1000000);
	for (page = 0; page < memory.nr; page++)
		check_whole(&memory, page);
}

static void run_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("no CPU %u", cpu);
}

/* Out and back in, when a byte comes from the parent; then one to it. */
static void cpu_worker(unsigned int cpu, size_t mib, int from, int to)
{
	struct memory memory;
	char byte = 0;
	size_t i;

	run_on(cpu);
	fill(&memory, mib, MADV_NOHUGEPAGE);
	if (write(to, &byte, 1) != 1)
		exit(2);
	while (read(from, &byte, 1) == 1) {
		if (madvise(memory.pages, memory.nr * PAGE, MADV_PAGEOUT))
			die("MADV_PAGEOUT");
		for (i = 0; i < memory.nr; i++)
			bad += *(volatile uint64_t *)(memory.pages + i * WORDS) !=
			       mix_page(i)[0];
		if (write(to, &byte, 1) != 1)
			exit(2);
	}
	for (i = 0; i < memory.nr; i++)
		check_whole(&memory, i);
	exit(bad != 0);
}

static void pass_bytes(int fd, unsigned int nr, int out)
{
	char byte = 0;

	for (; nr; nr--)
		if ((out ? write(fd, &byte, 1) : read(fd, &byte, 1)) != 1)
			die("a worker is gone");
}

/* The quickest round of so many CPUs that work at once, in nanoseconds. */
static uint64_t time_cpus(unsigned int nr, size_t mib)
{
	uint64_t best = UINT64_MAX, begin, took;
	int to[2], from[2], status, round;
	unsigned int cpu;

	if (pipe(to) || pipe(from))
		die("pipe");
	for (cpu = 0; cpu < nr; cpu++)
		if (!fork()) {
			close(to[1]);
			cpu_worker(cpu, mib, to[0], from[1]);
		}
	close(to[0]);
	close(from[1]);
	pass_bytes(from[0], nr, 0);
	for (round = 0; round < CPU_ROUNDS; round++) {
		begin = now();
		pass_bytes(to[1], nr, 1);
		pass_bytes(from[0], nr, 0);
		took = now() - begin;
		best = took < best ? took : best;
	}
	close(to[1]);
	close(from[0]);
	while (wait(&status) > 0)
		bad += status != 0;
	return best;
}

/*
 * Race 7. Time is the host's here, and one worker may be quicker than another to
 * take a byte; so only ratios within the run mean anything.
 */
static void race_cpus(size_t mib)
{
	uint64_t one = time_cpus(1, mib);
	unsigned int nr;

	printf("one_us %llu\n", (unsigned long long)one / 1000);
	for (nr = 2; nr <= MAX_CPUS; nr *= 2)
		printf("speedup_%u %.3f\n", nr,
		       1.0 * nr * one / time_cpus(nr, mib));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(what, "cost") && argc == 3) {
		load_mix();
		race_cost(atoi(argv[2]));
	} else if (!strcmp(what, "swap") && argc == 5) {
		load_mix();
		race_swap(atoi(argv[2]), atol(argv[3]),
			  strcmp(argv[4], "huge") ? MADV_NOHUGEPAGE : 0);
	} else if (!strcmp(what, "files-seq") && argc == 4) {
		race_files(argv[2], 0, atoi(argv[3]));
	} else if (!strcmp(what, "files-skew") && argc == 5 && atoi(argv[4]) > 0) {
		race_files(argv[2], atoi(argv[4]), atoi(argv[3]));
	} else if (!strcmp(what, "stream") && argc == 4) {
		race_stream(argv[2], atoi(argv[3]));
	} else if (!strcmp(what, "hold") && argc == 3) {
		hold(atoi(argv[2]));
	} else if (!strcmp(what, "cpus") && argc == 3) {
		load_mix();
		race_cpus(atoi(argv[2]));
	} else if (!strcmp(what, "mixed") && argc == 6) {
		load_mix();
		race_mixed(atoi(argv[2]), argv[3], atol(argv[4]), atoi(argv[5]));
	} else {
		die("usage: see the top of race.c");
	}
	printf("bad %llu\n", (unsigned long long)bad);
	return bad != 0;
}
