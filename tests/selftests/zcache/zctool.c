// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the shell scripts, what a shell cannot do:
 *
 *   zctool fill FILE PAGES ID KIND [FIRST]	write pages; KIND as in zc.h
 *   zctool check FILE PAGES ID KIND [FIRST]	0 if that is what the file holds
 *   zctool evict FILE...		reclaim them, with puts
 *   zctool resident FILE		pages in the page cache
 *   zctool anon PAGES ID KIND		swap pages out, say so, wait for a line
 *					or the end of input, 0 if they are right
 *   zctool press PAGES NUMBER		use so many pages at random, for ever, and say
 *					if one is wrong; NUMBER is the processor, too
 *   zctool listen PORT		take that of 127.0.0.1, and keep it
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zc.h"

static const char * const kinds[ZC_KINDS] = {
	[ZC_TEXT] = "text",
	[ZC_HALF] = "half",
	[ZC_NOISE] = "noise",
	[ZC_SAME] = "same",
	[ZC_ZERO] = "zero",
};

static enum zc_kind kind_named(const char *name)
{
	unsigned int i;

	for (i = 0; i < ZC_KINDS; i++)
		if (!strcmp(kinds[i], name))
			return i;
	zc_die("there is no kind \"%s\"", name);
}

static int open_path(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd < 0)
		zc_die("cannot open %s", path);
	return fd;
}

static unsigned long pages_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		zc_die("fstat");
	return (st.st_size + ZC_PAGE - 1) / ZC_PAGE;
}

/* The page that it begins at, if that is said. */
static unsigned long first_of(char **args)
{
	return args[4] ? strtoul(args[4], NULL, 0) : 0;
}

static int fill(char **args)
{
	int fd = open_path(args[0], O_RDWR | O_CREAT);

	zc_write_pages(fd, first_of(args), strtoul(args[1], NULL, 0),
		       strtoull(args[2], NULL, 0), kind_named(args[3]));
	return fsync(fd) != 0;
}

static int check(char **args)
{
	unsigned long wrong;

	wrong = zc_wrong_pages(open_path(args[0], O_RDONLY), first_of(args),
			       strtoul(args[1], NULL, 0),
			       strtoull(args[2], NULL, 0), kind_named(args[3]));
	if (wrong)
		printf("# %s: %lu pages are wrong\n", args[0], wrong);
	return wrong != 0;
}

/* In pieces: what is known of each page is on the stack. */
static bool evict_file(int fd)
{
	unsigned long pages = pages_of(fd), i, n;
	off_t data = lseek(fd, 0, SEEK_DATA);
	bool good = true;

	for (i = data > 0 ? data / ZC_PAGE : 0; i < pages; i += n) {
		n = pages - i < 512 ? pages - i : 512;
		good = zc_evict(fd, i, n) && good;
	}
	return good;
}

static int evict(char **args)
{
	bool good = true;
	int fd;

	for (; *args; args++) {
		fd = open_path(*args, O_RDONLY);
		good = evict_file(fd) && good;
		close(fd);
	}
	return !good;
}

static int resident(char **args)
{
	int fd = open_path(args[0], O_RDONLY);

	printf("%lu\n", zc_resident(fd, 0, pages_of(fd)));
	return 0;
}

static int anon(char **args)
{
	unsigned long nr = strtoul(args[0], NULL, 0), i, wrong = 0;
	uint64_t id = strtoull(args[1], NULL, 0);
	enum zc_kind kind = kind_named(args[2]);
	char *p = zc_anon(nr * ZC_PAGE, ZC_PAGE);
	bool out;

	madvise(p, nr * ZC_PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < nr; i++)
		zc_fill(p + i * ZC_PAGE, id + i, kind);
	out = zc_pageout(p, nr * ZC_PAGE);
	printf("%s\n", out ? "out" : "not out");
	fflush(stdout);
	getchar();
	for (i = 0; i < nr; i++)
		wrong += !zc_holds(p + i * ZC_PAGE, id + i, kind);
	return !out || wrong;
}

static int press(char **args)
{
	unsigned long nr = strtoul(args[0], NULL, 0), number, i;
	uint64_t *ids = calloc(nr, sizeof(*ids));
	char *p = zc_anon(nr * ZC_PAGE, ZC_PAGE);
	struct zc_rng rng;

	if (!ids)
		zc_die("no memory");
	number = strtoul(args[1], NULL, 0);
	zc_pin_to_cpu(number % zc_nr_cpus());
	zc_srand(&rng, number);
	for (;;) {
		i = zc_below(&rng, nr);
		if (ids[i] && !zc_holds(p + i * ZC_PAGE, ids[i], i % ZC_KINDS)) {
			printf("page %lu is wrong\n", i);
			return 1;
		}
		if (!ids[i] || !zc_below(&rng, 3)) {
			ids[i] = zc_rand(&rng) | 1;
			zc_fill(p + i * ZC_PAGE, ids[i], i % ZC_KINDS);
		}
	}
}

static int take_port(char **args)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(strtoul(args[0], NULL, 0)),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1))
		zc_die("port %s cannot be had", args[0]);
	return pause();
}

static const struct {
	const char *name;
	int (*run)(char **args);
	int nr_args;
} commands[] = {
	{ "fill", fill, 4 }, { "check", check, 4 }, { "evict", evict, 1 },
	{ "resident", resident, 1 }, { "anon", anon, 3 }, { "press", press, 2 },
	{ "listen", take_port, 1 },
};

int main(int argc, char **argv)
{
	unsigned int i;

	zc_pin_to_cpu(0);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (argc >= 2 + commands[i].nr_args &&
		    !strcmp(commands[i].name, argv[1]))
			return commands[i].run(argv + 2);
	fprintf(stderr, "usage: fill|check|evict|resident|anon|press|listen ...\n");
	return 2;
}
