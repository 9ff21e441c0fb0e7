// SPDX-License-Identifier: GPL-2.0-only
/*
 * The race of memory that is on another machine (see remote beside this):
 *
 * remote race nbd|zcache MIX PAGES CGROUP
 *                                  page out so much, and fault it back at random
 * remote serve PORT                answer pings
 * remote ping ADDRESS PORT SIZE REPLY COUNT
 *                                  what a request and a reply of these sizes take
 * remote khz                       how fast this processor's time stamps count
 *
 * MIX is a device or file with the pages that memory is filled with, see mix.c.
 * Pages of one repeated word are left out: neither contender sends them anywhere.
 * Results are printed as "name value". Exit status 1: a page was not what it had
 * to be.
 *
 * Out: MADV_PAGEOUT, a few pages at a time, in order, once for each page, as fast
 * as it goes; then wait until no more pages leave the machine. A page is out when
 * it has left the machine for good: when the block device has completed its write,
 * or when the other machine has said that it keeps it. What went to the disk here,
 * or stayed, does not count. The time ends when the last page is out.
 *
 * Between: what has been written may still be in the swap cache, and would come
 * from there. Have CGROUP, which this runs in, give it back. That is not timed.
 *
 * In: each page is touched once, in random order, and each touch is timed,
 * wherever the page is; then the page's contents are checked.
 *
 * Bytes on the wire are those that the network card counts in both directions, with
 * all headers, until a while after the last page of a phase.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROGRAM "remote"
#include "bench.h"

enum {
	PAGE = 4096,
	WORDS = PAGE / sizeof(uint64_t),
	CHUNK = 64,		/* pages of one MADV_PAGEOUT */
	POLL_US = 1000,
	SETTLED_MS = 500,	/* nothing has changed for so long: that was all */
	NEVER_MS = 10000,	/* so long, if nothing has come at all */
	TRIES = 20,		/* to empty the swap cache */
	SECTORS = PAGE / 512,
	MAX_MESSAGE = 2 * PAGE,
	PATIENCE_S = 60,	/* with a socket */
	CALL_TRIES = 100,	/* a tenth of a second each */
	COARSE_NS = 1000,	/* a clock that is no use here */
	KHZ_MS = 300,		/* to measure how fast another one is */
};

#define RAMSTER "/sys/kernel/debug/ramster/"
#define CARD "/sys/class/net/eth0/statistics/"
#define LOCAL_DISK "/sys/block/vda/stat"
#define NBD "/sys/block/nbd0/stat"

/* Without a good clock the kernel counts ticks, of some milliseconds. */
static void check_clock(void)
{
	struct timespec step;

	clock_getres(CLOCK_MONOTONIC, &step);
	if (step.tv_sec || step.tv_nsec > COARSE_NS)
		die("the clock has steps of %ld ns", step.tv_nsec);
}

static void *map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);

	if (memory == MAP_FAILED)
		die("no memory for %zu bytes", bytes);
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	return memory;
}

static void *map_locked(size_t bytes)
{
	void *memory = map(bytes);

	if (mlock(memory, bytes))
		die("mlock");
	return memory;
}

/* Counters */

/* The number in a file, or a word of its first line, counted from 0. */
static uint64_t number(const char *name, unsigned int word)
{
	char line[512], *at, *next = NULL;
	FILE *file = fopen(name, "r");

	if (!file || !fgets(line, sizeof(line), file))
		die("%s", name);
	fclose(file);
	for (at = strtok_r(line, " ", &next); at && word; word--)
		at = strtok_r(NULL, " ", &next);
	return at ? strtoull(at, NULL, 10) : 0;
}

static uint64_t pages_read(const char *disk)
{
	return number(disk, 2) / SECTORS;
}

static uint64_t pages_written(const char *disk)
{
	return number(disk, 6) / SECTORS;
}

static uint64_t wire_bytes(void)
{
	return number(CARD "rx_bytes", 0) + number(CARD "tx_bytes", 0);
}

static uint64_t wire_frames(void)
{
	return number(CARD "rx_packets", 0) + number(CARD "tx_packets", 0);
}

static uint64_t nbd_out(void)
{
	return pages_written(NBD);
}

static uint64_t nbd_in(void)
{
	return pages_read(NBD);
}

static uint64_t zcache_out(void)
{
	return number(RAMSTER "remote_pers_pages", 0);
}

static uint64_t zcache_in(void)
{
	return number(RAMSTER "remote_pers_pages_succ_get", 0);
}

/**
 * struct contender - how to see what it does
 * @name: its name
 * @out: pages that are out of the machine
 * @in: pages that have come back
 */
struct contender {
	const char *name;
	uint64_t (*out)(void);
	uint64_t (*in)(void);
};

static const struct contender contenders[] = {
	{ "nbd", nbd_out, nbd_in },
	{ "zcache", zcache_out, zcache_in },
};

static void print(const char *name, uint64_t value)
{
	printf("%s %llu\n", name, (unsigned long long)value);
}

/* What has been counted since: begin with 0. */
struct counted {
	uint64_t out;
	uint64_t in;
	uint64_t wire;
	uint64_t frames;
	uint64_t disk_written;
	uint64_t disk_read;
};

static struct counted count(const struct contender *who)
{
	return (struct counted) {
		.out = who->out(),
		.in = who->in(),
		.wire = wire_bytes(),
		.frames = wire_frames(),
		.disk_written = pages_written(LOCAL_DISK),
		.disk_read = pages_read(LOCAL_DISK),
	};
}

/* The memory */

/**
 * struct memory - pages with contents of the mix
 * @pages: the pages
 * @nr: how many
 * @sum: a checksum of each
 * @order: their numbers, at random
 * @ns: what the faults took
 */
struct memory {
	uint64_t *pages;
	size_t nr;
	uint64_t *sum;
	uint32_t *order;
	uint64_t *ns;
};

static uint64_t sum_of(const uint64_t *page)
{
	uint64_t sum = 0xcbf29ce484222325;
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		sum = (sum ^ page[i]) * 0x100000001b3 + (sum >> 29);
	return sum;
}

static int is_one_word(const uint64_t *page)
{
	return !memcmp(page, page + 1, PAGE - sizeof(*page));
}

/* Past the page cache; from the beginning again when the mix is at its end. */
static void fill(struct memory *memory, const char *name)
{
	uint64_t *buffer = map(CHUNK * PAGE);
	int fd = open(name, O_RDONLY | O_DIRECT);
	size_t done = 0;
	ssize_t got, i;

	if (fd < 0)
		die("%s", name);
	while (done < memory->nr) {
		got = read(fd, buffer, CHUNK * PAGE);
		if (got < PAGE && (!done || lseek(fd, 0, SEEK_SET)))
			die("%s is short", name);
		for (i = 0; i < got / PAGE && done < memory->nr; i++) {
			if (is_one_word(buffer + i * WORDS))
				continue;
			memory->sum[done] = sum_of(buffer + i * WORDS);
			memcpy(memory->pages + done++ * WORDS,
			       buffer + i * WORDS, PAGE);
		}
	}
	close(fd);
	munmap(buffer, CHUNK * PAGE);
}

static void prepare(struct memory *memory, size_t nr, const char *mix)
{
	uint64_t state = 0x5eed;
	uint32_t other;
	size_t i, n;

	memory->nr = nr;
	memory->sum = map_locked(nr * sizeof(*memory->sum));
	memory->order = map_locked(nr * sizeof(*memory->order));
	memory->ns = map_locked(nr * sizeof(*memory->ns));
	memory->pages = map(nr * PAGE);
	fill(memory, mix);
	for (i = 0; i < nr; i++) {
		n = next_random(&state) % (i + 1);
		other = memory->order[n];
		memory->order[n] = i;
		if (n != i)
			memory->order[i] = other;
	}
}

/* Out */

/* Wait until all is out, or no more goes: when was the last? */
static uint64_t settle(const struct contender *who, uint64_t all,
		       uint64_t begin)
{
	uint64_t last = now(), most = 0, is, limit;

	do {
		is = who->out();
		if (is > most) {
			most = is;
			last = now();
		}
		limit = (most > begin ? SETTLED_MS : NEVER_MS) * 1000000ULL;
		usleep(POLL_US);
	} while (most < begin + all && now() - last < limit);
	return last;
}

static void page_out(const struct memory *memory, const struct contender *who)
{
	struct counted before = count(who), after;
	uint64_t begin = now(), pushed, end;
	size_t i, nr;

	for (i = 0; i < memory->nr; i += nr) {
		nr = memory->nr - i < CHUNK ? memory->nr - i : CHUNK;
		if (madvise(memory->pages + i * WORDS, nr * PAGE, MADV_PAGEOUT))
			die("MADV_PAGEOUT");
	}
	pushed = now();
	end = settle(who, memory->nr, before.out);
	usleep(SETTLED_MS * 1000);
	after = count(who);
	print("out_pages", after.out - before.out);
	print("out_local_disk", after.disk_written - before.disk_written);
	print("out_pushed_us", (pushed - begin) / 1000);
	print("out_us", (end - begin) / 1000);
	print("out_wire", after.wire - before.wire);
	print("out_frames", after.frames - before.frames);
}

/* Between */

static size_t nr_here(const struct memory *memory)
{
	unsigned char here[CHUNK];
	size_t i, n, nr, found = 0;

	for (i = 0; i < memory->nr; i += nr) {
		nr = memory->nr - i < CHUNK ? memory->nr - i : CHUNK;
		if (mincore(memory->pages + i * WORDS, nr * PAGE, here))
			die("mincore");
		for (n = 0; n < nr; n++)
			found += here[n] & 1;
	}
	return found;
}

static void join_cgroup(const char *group)
{
	char name[256];
	FILE *file;

	snprintf(name, sizeof(name), "%s/cgroup.procs", group);
	file = fopen(name, "w");
	if (!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file))
		die("%s", name);
}

/* As long as it helps; it may not get all that it wants, and says so. */
static void empty_swap_cache(const struct memory *memory, const char *group)
{
	size_t here = nr_here(memory);
	char name[256], text[32];
	int fd, tries, len;

	snprintf(name, sizeof(name), "%s/memory.reclaim", group);
	fd = open(name, O_WRONLY);
	if (fd < 0)
		die("%s", name);
	for (tries = 0; here && tries < TRIES; tries++) {
		len = snprintf(text, sizeof(text), "%zu\n", here * PAGE);
		if (write(fd, text, len) < 0 && errno != EAGAIN)
			die("%s", name);
		here = nr_here(memory);
	}
	close(fd);
	print("here_between", here);
}

/* In */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_times(const char *of, uint64_t *ns, size_t nr)
{
	qsort(ns, nr, sizeof(*ns), by_value);
	printf("%s_p50_ns %llu\n", of, (unsigned long long)ns[nr / 2]);
	printf("%s_p90_ns %llu\n", of, (unsigned long long)ns[nr * 9 / 10]);
	printf("%s_p99_ns %llu\n", of, (unsigned long long)ns[nr * 99 / 100]);
	printf("%s_max_ns %llu\n", of, (unsigned long long)ns[nr - 1]);
}

static size_t page_in(struct memory *memory, const struct contender *who)
{
	struct counted before = count(who), after;
	size_t bad = 0, i;
	uint64_t begin;

	for (i = 0; i < memory->nr; i++) {
		const uint64_t *page = memory->pages + memory->order[i] * WORDS;

		begin = now();
		*(volatile const uint64_t *)page;
		memory->ns[i] = now() - begin;
		bad += sum_of(page) != memory->sum[memory->order[i]];
	}
	usleep(SETTLED_MS * 1000);
	after = count(who);
	print_times("fault", memory->ns, memory->nr);
	print("in_pages", after.in - before.in);
	print("in_local_disk", after.disk_read - before.disk_read);
	print("in_wire", after.wire - before.wire);
	print("in_frames", after.frames - before.frames);
	return bad;
}

static int race(const char *name, const char *mix, size_t nr, const char *group)
{
	const struct contender *who = contenders;
	struct memory memory;
	size_t bad;

	while (strcmp(who->name, name))
		if (++who == contenders + 2)
			die("no such contender as %s", name);
	check_clock();
	join_cgroup(group);
	prepare(&memory, nr, mix);
	print("pages", nr);
	page_out(&memory, who);
	empty_swap_cache(&memory, group);
	bad = page_in(&memory, who);
	print("bad", bad);
	return bad != 0;
}

/* Ping-pong */

static int whole(int fd, char *buffer, size_t len, int out)
{
	ssize_t nr;

	for (; len; len -= nr, buffer += nr) {
		nr = out ? send(fd, buffer, len, MSG_NOSIGNAL) :
			   recv(fd, buffer, len, 0);
		if (nr <= 0)
			return -1;
	}
	return 0;
}

static int tune(int fd)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int on = 1;

	if (fd < 0)
		return fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* The first message tells the sizes of the others. */
static void answer(int fd)
{
	static char buffer[MAX_MESSAGE];
	uint32_t sizes[2];

	if (fd < 0 || whole(fd, (char *)sizes, sizeof(sizes), 0) ||
	    sizes[0] > MAX_MESSAGE || sizes[1] > MAX_MESSAGE)
		return;
	while (!whole(fd, buffer, sizes[0], 0) &&
	       !whole(fd, buffer, sizes[1], 1))
		;
}

static void serve(uint16_t port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0), client;

	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1))
		die("port %u", port);
	for (;;) {
		client = tune(accept(fd, NULL, NULL));
		answer(client);
		close(client);
	}
}

/* It may not listen yet. */
static int call(const char *address, uint16_t port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};
	int fd, tries;

	if (inet_pton(AF_INET, address, &addr.sin_addr) != 1)
		die("no such address as %s", address);
	for (tries = 0; tries < CALL_TRIES; tries++) {
		fd = tune(socket(AF_INET, SOCK_STREAM, 0));
		if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			return fd;
		close(fd);
		usleep(100000);
	}
	die("no connection to %s", address);
	return -1;
}

static void ping(const char *address, uint16_t port, uint32_t size,
		 uint32_t reply, size_t nr)
{
	uint64_t *ns = map_locked(nr * sizeof(*ns)), begin;
	uint32_t sizes[2] = { size, reply };
	static char buffer[MAX_MESSAGE];
	int fd = call(address, port);
	size_t i;

	check_clock();
	if (size > MAX_MESSAGE || reply > MAX_MESSAGE ||
	    whole(fd, (char *)sizes, sizeof(sizes), 1))
		die("no messages of this size");
	for (i = 0; i < nr; i++) {
		begin = now();
		if (whole(fd, buffer, size, 1) || whole(fd, buffer, reply, 0))
			die("ping");
		ns[i] = now() - begin;
	}
	print("ping_size", size);
	print("ping_reply", reply);
	print_times("ping", ns, nr);
}

static void khz(void)
{
	uint64_t begin = now(), count = __builtin_ia32_rdtsc();

	usleep(KHZ_MS * 1000);
	count = __builtin_ia32_rdtsc() - count;
	printf("%llu\n",
	       (unsigned long long)(count * 1000000 / (now() - begin)));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "race") && argc == 6)
		return race(argv[2], argv[3], atol(argv[4]), argv[5]);
	if (!strcmp(what, "serve") && argc == 3)
		serve(atoi(argv[2]));
	else if (!strcmp(what, "ping") && argc == 7)
		ping(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]),
		     atol(argv[6]));
	else if (!strcmp(what, "khz") && argc == 2)
		khz();
	else
		die("usage: see the top of remote.c");
	return 0;
}
