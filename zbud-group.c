// SPDX-License-Identifier: GPL-2.0-only
/*
 * zbud: how zpages lie in a group. See zbud-group.h.
 *
 * What is in a group's header, and in those of its zpages, changes under the lock
 * of the group's queue, which is the caller's business.
 */
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/string.h>

#include "zbud-group.h"

#define NAME_SIZE(words) (((words) + 1) * sizeof(u64))
#define OWNER_SIZE	sizeof(void *)

static_assert(ZBUD_CHUNKS == BITS_PER_LONG);
static_assert(ZBUD_GROUP_CHUNKS - ZBUD_HEADER_CHUNKS <= U8_MAX);
static_assert(ZBUD_HEADER_CHUNKS <= 2);
static_assert(sizeof(struct zbud_zpage) + NAME_SIZE(TMEM_OID_WORDS) + OWNER_SIZE <=
	      ZBUD_CHUNK_SIZE);
static_assert(TMEM_OID_WORDS < 4);	/* in two bits */

/* The chunk that a zpage begins at, counted over all frames. */
static unsigned int chunk_of(struct zbud_group *group,
			     const struct zbud_zpage *zpage)
{
	unsigned int chunk = offset_in_page(zpage) / ZBUD_CHUNK_SIZE, i = 0;

	while (zbud_group_chunk(group, i, chunk) != zpage)
		i++;
	return i * ZBUD_CHUNKS + chunk;
}

static struct zbud_run *next_run(struct zbud_group *group,
				 const struct zbud_run *run)
{
	if (run->next_frame == ZBUD_NO_FRAME)
		return NULL;
	return zbud_group_chunk(group, run->next_frame, run->next_start);
}

/* Names */

static unsigned int oid_words(const struct tmem_oid *oid)
{
	unsigned int n = TMEM_OID_WORDS;

	while (n && !oid->w[n - 1])
		n--;
	return n;
}

/**
 * zbud_head_size() - what a zpage has besides the compressed bytes
 * @words: words of its object's name, without zeros at the end
 * @owned: has it an owner?
 *
 * Return: bytes.
 */
unsigned int zbud_head_size(unsigned int words, bool owned)
{
	return sizeof(struct zbud_zpage) + NAME_SIZE(words) +
	       (owned ? OWNER_SIZE : 0);
}

static unsigned int head_size(const struct zbud_zpage *zpage)
{
	return zbud_head_size(zpage->oid_words, zpage->owned);
}

static unsigned int size_of(const struct tmem_oid *oid,
			    const struct zbud_content *content)
{
	return zbud_head_size(oid_words(oid), content->owner) + content->size;
}

/**
 * zbud_zpage_chunks() - how many chunks does a zpage take?
 * @oid: its object
 * @content: what will be in it
 *
 * Return: the number, if it lies in one piece.
 */
unsigned int zbud_zpage_chunks(const struct tmem_oid *oid,
			       const struct zbud_content *content)
{
	return DIV_ROUND_UP(size_of(oid, content), ZBUD_CHUNK_SIZE);
}

static void set_name(struct zbud_zpage *zpage, const struct tmem_handle *handle)
{
	zpage->oid_words = oid_words(&handle->oid);
	zpage->pool_id = handle->pool_id;
	memcpy(zpage->data, &handle->index, sizeof(u64));
	memcpy(zpage->data + sizeof(u64), handle->oid.w,
	       zpage->oid_words * sizeof(u64));
}

/**
 * zbud_zpage_name() - what is a zpage called?
 * @zpage: the zpage
 * @handle: set to the name that it was laid with
 */
void zbud_zpage_name(const struct zbud_zpage *zpage, struct tmem_handle *handle)
{
	memset(handle, 0, sizeof(*handle));
	handle->pool_id = zpage->pool_id;
	memcpy(&handle->index, zpage->data, sizeof(u64));
	memcpy(handle->oid.w, zpage->data + sizeof(u64),
	       zpage->oid_words * sizeof(u64));
}

static void set_owner(struct zbud_zpage *zpage, void *owner)
{
	zpage->owned = !!owner;
	if (owner)
		memcpy(zpage->data + NAME_SIZE(zpage->oid_words), &owner,
		       OWNER_SIZE);
}

/**
 * zbud_zpage_owner() - whose is a zpage?
 * @zpage: the zpage
 *
 * Return: what it was laid with, or NULL.
 */
void *zbud_zpage_owner(const struct zbud_zpage *zpage)
{
	void *owner = NULL;

	if (zpage->owned)
		memcpy(&owner, zpage->data + NAME_SIZE(zpage->oid_words),
		       OWNER_SIZE);
	return owner;
}

/* Chunks of a group */

/* Cut the lowest gap off @free: its first chunk and its length. */
static unsigned int next_gap(unsigned long *free, unsigned int *first)
{
	unsigned int nr;

	*first = __ffs(*free);
	nr = *free >> *first == ~0UL >> *first ? ZBUD_CHUNKS - *first :
						 ffz(*free >> *first);
	*free &= ~GENMASK(*first + nr - 1, *first);
	return nr;
}

static struct zbud_run *run_take(struct zbud_group *group, unsigned int frame,
				 unsigned int first, unsigned int nr)
{
	struct zbud_run *run = zbud_group_chunk(group, frame, first);

	group->free[frame] &= ~GENMASK(first + nr - 1, first);
	group->nr_free -= nr;
	run->nr = nr;
	run->next_frame = ZBUD_NO_FRAME;
	return run;
}

/*
 * A gap that a zpage may go into as a whole, the tightest one, and what all
 * gaps together may take if there is a link at the beginning of each.
 */
struct fit {
	unsigned int frame;
	unsigned int first;
	unsigned int nr;	/* 0: there is none */
	int bytes;
};

static struct fit find_fit(const struct zbud_group *group, unsigned int chunks)
{
	struct fit fit = { .bytes = sizeof(struct zbud_run) };
	unsigned int i, first, nr;
	unsigned long free;

	for (i = 0; i < ZBUD_FRAMES; i++) {
		free = group->free[i];
		while (free) {
			nr = next_gap(&free, &first);
			fit.bytes += nr * ZBUD_CHUNK_SIZE -
				     sizeof(struct zbud_run);
			if (nr < chunks || (fit.nr && nr >= fit.nr))
				continue;
			fit.frame = i;
			fit.first = first;
			fit.nr = nr;
		}
	}
	return fit;
}

/* Take gaps one after the other; together they are enough for @bytes. */
static struct zbud_run *take_gaps(struct zbud_group *group, int bytes)
{
	struct zbud_run *run, *last = NULL, *head = NULL;
	unsigned int i, first, nr;
	unsigned long free;

	for (i = 0; i < ZBUD_FRAMES; i++) {
		free = group->free[i];
		while (free && bytes > 0) {
			if (last)
				bytes += sizeof(struct zbud_run);
			nr = min_t(unsigned int, next_gap(&free, &first),
				   DIV_ROUND_UP(bytes, (int)ZBUD_CHUNK_SIZE));
			bytes -= (int)(nr * ZBUD_CHUNK_SIZE);
			run = run_take(group, i, first, nr);
			if (last) {
				last->next_frame = i;
				last->next_start = first;
			} else {
				head = run;
			}
			last = run;
		}
	}
	return head;
}

static struct zbud_run *take(struct zbud_group *group, unsigned int bytes)
{
	unsigned int chunks = DIV_ROUND_UP(bytes, ZBUD_CHUNK_SIZE);
	struct fit fit = find_fit(group, chunks);

	if (fit.nr)
		return run_take(group, fit.frame, fit.first, chunks);
	return fit.bytes >= (int)bytes ? take_gaps(group, bytes) : NULL;
}

/**
 * zbud_group_lay() - make a zpage in a group
 * @group: the group; the lock of its queue is held
 * @handle: the zpage's name
 * @content: what will be in it; the bytes are to be written afterwards
 *
 * Return: the zpage, with one reference; NULL if it does not fit.
 */
struct zbud_zpage *zbud_group_lay(struct zbud_group *group,
				  const struct tmem_handle *handle,
				  const struct zbud_content *content)
{
	struct zbud_zpage *zpage;
	struct zbud_run *run;

	run = take(group, size_of(&handle->oid, content));
	if (!run)
		return NULL;
	zpage = container_of(run, struct zbud_zpage, run);
	set_name(zpage, handle);
	set_owner(zpage, content->owner);
	zpage->size = content->size;
	zpage->tag = content->tag;
	zpage->refs = 1;
	__set_bit(chunk_of(group, zpage), group->heads);
	group->nr_zpages++;
	return zpage;
}

/**
 * zbud_group_release() - give back the chunks of a zpage
 * @group: the group; the lock of its queue is held
 * @zpage: the zpage; nobody has a reference to it any more
 */
void zbud_group_release(struct zbud_group *group, struct zbud_zpage *zpage)
{
	unsigned int chunk = chunk_of(group, zpage);
	unsigned int frame = chunk / ZBUD_CHUNKS, first = chunk % ZBUD_CHUNKS;
	struct zbud_run *run;

	__clear_bit(chunk, group->heads);
	group->nr_zpages--;
	for (run = &zpage->run; run; run = next_run(group, run)) {
		group->free[frame] |= GENMASK(first + run->nr - 1, first);
		group->nr_free += run->nr;
		frame = run->next_frame;
		first = run->next_start;
	}
}

/*
 * The next piece of a zpage's compressed bytes. *@run is where the last one
 * was, NULL at first.
 */
static void *next_piece(struct zbud_zpage *zpage, struct zbud_run **run,
			unsigned int *len)
{
	unsigned int head = sizeof(struct zbud_run);

	if (*run) {
		*run = next_run(zbud_zpage_group(zpage), *run);
	} else {
		*run = &zpage->run;
		head = head_size(zpage);
	}
	*len = (*run)->nr * ZBUD_CHUNK_SIZE - head;
	return (void *)*run + head;
}

/**
 * zbud_zpage_write() - fill a zpage
 * @zpage: a zpage that nobody else knows yet
 * @data: its compressed bytes, as many as it was laid for
 */
void zbud_zpage_write(struct zbud_zpage *zpage, const void *data)
{
	unsigned int left = zpage->size, len;
	struct zbud_run *run = NULL;
	void *piece;

	for (; left; left -= len, data += len) {
		piece = next_piece(zpage, &run, &len);
		len = min(len, left);
		memcpy(piece, data, len);
	}
}

static void gather(struct zbud_zpage *zpage, void *buf)
{
	unsigned int left = zpage->size, len;
	struct zbud_run *run = NULL;
	void *piece;

	for (; left; left -= len, buf += len) {
		piece = next_piece(zpage, &run, &len);
		len = min(len, left);
		memcpy(buf, piece, len);
	}
}

/**
 * zbud_zpage_data() - the compressed bytes of a zpage
 * @zpage: a zpage that the caller holds a reference to
 * @buf: room for all of them, used if they do not lie together
 *
 * Return: the bytes, there or in @buf.
 */
const void *zbud_zpage_data(struct zbud_zpage *zpage, void *buf)
{
	if (!zbud_zpage_split(zpage))
		return (void *)zpage + head_size(zpage);
	gather(zpage, buf);
	return buf;
}
