// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contents that the races work on, made on the host:
 *
 * mix TEXT ELF pages NR OUT          pages of a program's memory
 * mix TEXT ELF files NR OUT          pages of files, each with its number in the
 *                                    first word
 *
 * TEXT and ELF are streams of real bytes. The pages are drawn from them, from
 * memory such as a heap has it, from zeros and from noise, in runs, by a fixed
 * seed. How well they compress, by the kernel's own LZO, is printed as
 * "name value": nobody shall have to believe that the mix is not tuned.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/lzo.h>

enum {
	PAGE = 4096,
	WORDS = PAGE / 8,
	RUN = 16,		/* pages of one kind in a row, at the most */
};

/* Percent of the pages; what is left are zeros. */
struct recipe {
	unsigned int text;
	unsigned int elf;
	unsigned int heap;
	unsigned int noise;
};

static const struct recipe recipe_pages = { 20, 25, 31, 4 };
static const struct recipe recipe_files = { 70, 29, 0, 1 };

struct stream {
	const uint8_t *bytes;
	size_t pages;
	size_t at;
};

static uint64_t state = 0x5eed;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static struct stream open_stream(const char *name)
{
	struct stream stream = { 0 };
	int fd = open(name, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || st.st_size < PAGE)
		die(name);
	stream.bytes = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	stream.pages = st.st_size / PAGE;
	close(fd);
	return stream;
}

static void take(struct stream *stream, uint64_t *page)
{
	memcpy(page, stream->bytes + stream->at++ % stream->pages * PAGE, PAGE);
}

/*
 * Small objects, as malloc() lays them out: a size, pointers to a few others of
 * the same program, counts, a short text, and much that was never set.
 */
static void make_heap(uint64_t *page)
{
	static const char words[8][9] = { "name", "value", "/usr/sha",
		"http://", "error: ", "content-", "id=", "\xff\xff" };
	uint64_t base = 0x00007f3a5c000000 + (next_random() & 0xff0000);
	unsigned int i = 0, n, size;

	memset(page, 0, PAGE);
	while (i + 12 < WORDS) {
		size = 4 + next_random() % 8;
		page[i] = size * 8 + 1;
		for (n = 1; n < size; n++)
			switch (next_random() % 8) {
			case 0:
				page[i + n] = base + (next_random() & 0xfff0);
				break;
			case 1:
				page[i + n] = base + (next_random() & 0xf0);
				break;
			case 2:
				page[i + n] = next_random() % 1000;
				break;
			case 3:
				memcpy(&page[i + n], words[next_random() % 8], 8);
				break;
			}
		i += size;
	}
}

static void make_noise(uint64_t *page)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		page[i] = next_random();
}

/* Of each kind, how many pages and what becomes of them. */
struct figures {
	unsigned long pages;
	unsigned long zero;
	unsigned long third;
	unsigned long half;
	unsigned long poor;
	unsigned long bytes;
};

static void measure(struct figures *figures, const uint64_t *page)
{
	static uint8_t out[2 * PAGE];
	static uint64_t work[LZO1X_MEM_COMPRESS / 8];
	size_t size = sizeof(out);
	unsigned int i;

	for (i = 0; i < WORDS && !page[i]; i++)
		;
	figures->pages++;
	if (i == WORDS) {
		figures->zero++;
		return;
	}
	lzorle1x_1_compress((const uint8_t *)page, PAGE, out, &size, work);
	size = size < PAGE ? size : PAGE;
	figures->bytes += size;
	figures->third += size <= PAGE / 3;
	figures->half += size <= PAGE / 2;
	figures->poor += size > PAGE * 7 / 8;
	if (getenv("MIX_SIZES"))
		fprintf(stderr, "%zu\n", size);
}

static void print(const struct figures *f)
{
	unsigned long full = f->pages - f->zero;

	printf("pages %lu\nzero_percent %.1f\nmean_size %.0f\nideal_ratio %.3f\n",
	       f->pages, 100.0 * f->zero / f->pages, 1.0 * f->bytes / full,
	       1.0 * PAGE * full / f->bytes);
	printf("under_third_percent %.1f\nunder_half_percent %.1f\npoor_percent %.1f\n",
	       100.0 * f->third / full, 100.0 * f->half / full,
	       100.0 * f->poor / full);
}

static void make_page(const struct recipe *recipe, unsigned int kind,
		      struct stream *text, struct stream *elf, uint64_t *page)
{
	unsigned int elf_end = recipe->text + recipe->elf;
	unsigned int heap_end = elf_end + recipe->heap;

	if (kind < recipe->text)
		take(text, page);
	else if (kind < elf_end)
		take(elf, page);
	else if (kind < heap_end)
		make_heap(page);
	else if (kind < heap_end + recipe->noise)
		make_noise(page);
	else
		memset(page, 0, PAGE);
}

int main(int argc, char **argv)
{
	struct figures figures = { 0 };
	const struct recipe *recipe;
	struct stream text, elf;
	unsigned long i, nr, run = 0;
	unsigned int kind = 0;
	uint64_t page[WORDS];
	FILE *out;
	int is_file;

	if (argc != 6)
		die("usage: mix TEXT ELF pages|files NR OUT");
	text = open_stream(argv[1]);
	elf = open_stream(argv[2]);
	is_file = !strcmp(argv[3], "files");
	recipe = is_file ? &recipe_files : &recipe_pages;
	nr = atol(argv[4]);
	out = fopen(argv[5], "w");
	if (!out)
		die(argv[5]);
	for (i = 0; i < nr; i++) {
		if (!run) {
			run = 1 + next_random() % RUN;
			kind = next_random() % 100;
		}
		run--;
		make_page(recipe, kind, &text, &elf, page);
		if (is_file)
			page[0] = i;
		measure(&figures, page);
		if (fwrite(page, PAGE, 1, out) != 1)
			die(argv[5]);
	}
	if (fclose(out))
		die(argv[5]);
	print(&figures);
	return 0;
}
