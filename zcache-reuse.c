// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long ago a file page was here last.
 *
 * Each clean file page that reclaim drops is offered, and noted in a table, by
 * hash, with the time. If it is offered again it must have been read again, and
 * what has passed in between tells how long it would have to be kept to be of
 * use: longer than what has been used since, and it is not worth it.
 *
 * Time is counted in pages offered: a tick is a sixteenth of the memory that they
 * may be in, or a bit less. The table has two and a half to five notes for each page of
 * memory, in buckets of five. Where notes are short, a loop always loses those that it
 * needs next: so a page may be noted in either of two buckets, where it takes the place
 * of the oldest note. With one bucket for each, a third of the pages of a loop were
 * forgotten every time though one note in four was free. A note is a few bits of the
 * hash and of the time. A wrong answer costs nothing but a good decision, so there are
 * no locks. But it must be rare that the note of another page is taken for that of one
 * which was never here: of a long stream, one page in thirty, with eight bits of the
 * hash, were enough to take the place of half of what was kept of other files.
 *
 * What reclaim drops was read in the same order, more or less. So by whether a page
 * is the neighbour of the one before it is known how files are read: in rows, or
 * here and there. It is not taken for granted that they are read in rows: on a fast
 * disk only these pay, and what is kept for it before it is known is in the way of
 * others, and makes each read of its file look here first.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "zcache.h"

#define NOTES		5	/* in a bucket */
#define TICKS_OF_MEMORY	16

/* Offers that a CPU counts by itself before it adds them to those of all. */
#define OFFER_BATCH	64

/* One jiffy of 16 is looked at where only that may make a difference. */
#define SAMPLED_BITS	4

/* The weight of an offer in the share of neighbours. */
#define ROW_WEIGHT	256

/**
 * struct zcache_offers - what a CPU has been offered; preemption is off
 * @nr: how much
 * @object: whose page was the last one
 * @index: its page index
 */
struct zcache_offers {
	unsigned int nr;
	u64 object;
	unsigned long index;
};

/**
 * struct zcache_bucket - what is known of some pages; one look at memory finds all of it
 * @tag: some bits of the hash of each, never 0; 0: no note
 * @tick: when it was offered
 */
struct zcache_bucket {
	u16 tag[NOTES];
	u8 tick[NOTES];
} __aligned(16);

/* One of them. */
struct note {
	struct zcache_bucket *in;
	unsigned int nr;
};

/**
 * zcache_reuse_init() - forget everything
 * @reuse: storage for it
 * @pages: of memory, that file pages may be in
 *
 * Return: 0 or -ENOMEM.
 */
int zcache_reuse_init(struct zcache_reuse *reuse, unsigned long pages)
{
	memset(reuse, 0, sizeof(*reuse));
	reuse->order = ilog2(max(pages, 2UL));
	reuse->tick_shift = ilog2(max(pages / TICKS_OF_MEMORY,
				      (unsigned long)OFFER_BATCH));
	reuse->buckets = kvcalloc(BIT(reuse->order), sizeof(*reuse->buckets),
				  GFP_KERNEL);
	reuse->offered = alloc_percpu(struct zcache_offers);
	if (reuse->buckets && reuse->offered)
		return 0;
	zcache_reuse_exit(reuse);
	return -ENOMEM;
}

/**
 * zcache_reuse_exit() - undo zcache_reuse_init()
 * @reuse: not in use any more
 */
void zcache_reuse_exit(struct zcache_reuse *reuse)
{
	free_percpu(reuse->offered);
	kvfree(reuse->buckets);
}

/**
 * zcache_reuse_now() - what time is it?
 * @reuse: who counts it
 *
 * Return: the time in ticks, from 0 after 65535.
 */
u16 zcache_reuse_now(const struct zcache_reuse *reuse)
{
	return atomic_long_read(&reuse->offers) >> reuse->tick_shift;
}

/* An average that forgets. */
static void count_in_row(struct zcache_reuse *reuse, bool in_row)
{
	u32 share = READ_ONCE(reuse->in_rows);

	if (in_row)
		share += (ZCACHE_ALL_IN_ROWS - share) / ROW_WEIGHT;
	else
		share -= share / ROW_WEIGHT;
	WRITE_ONCE(reuse->in_rows, share);
}

static void count_offer(struct zcache_reuse *reuse, const struct tmem_oid *oid,
			unsigned long index)
{
	struct zcache_offers *offered = get_cpu_ptr(reuse->offered);
	bool near = index - offered->index + 1 <= 2;	/* before, or after */

	count_in_row(reuse, near && offered->object == oid->w[0]);
	offered->object = oid->w[0];
	offered->index = index;
	if (++offered->nr % OFFER_BATCH == 0)
		atomic_long_add(OFFER_BATCH, &reuse->offers);
	put_cpu_ptr(reuse->offered);
}

/**
 * zcache_reuse_in_rows() - are files read one page after the other?
 * @reuse: who watches
 *
 * Context: any.
 * Return: true if at least half of what was offered lately was beside what was
 * offered before it.
 */
bool zcache_reuse_in_rows(const struct zcache_reuse *reuse)
{
	return READ_ONCE(reuse->in_rows) >= ZCACHE_ALL_IN_ROWS / 2;
}

/**
 * zcache_reuse_sample() - look at pages that will not be kept?
 * @time: when, in jiffies
 *
 * For where a page would be worth something if files were read one page after the
 * other, which they are not: that may change, but to have a look at each of them
 * costs more than to wait for it a bit longer. Those that are looked at go in the same
 * jiffy, since they have to follow each other, or neighbours would not be seen.
 *
 * Context: any.
 * Return: true for a sixteenth of the time, not at regular intervals.
 */
bool zcache_reuse_sample(unsigned long time)
{
	return hash_32(time, SAMPLED_BITS) == 0;
}

static u16 tag_of(struct note note)
{
	return note.in->tag[note.nr];
}

static u8 age_of(struct note note, u8 now)
{
	return now - note.in->tick[note.nr];
}

/* Is a note a better one to give up? One that is free is best, then the older. */
static bool rather(struct note note, struct note than, u8 now)
{
	if (!tag_of(note) || !tag_of(than))
		return tag_of(than);
	return age_of(note, now) > age_of(than, now);
}

/* The note of a page in a bucket, or else the one to give up for it. */
static struct note find_note(struct zcache_bucket *bucket, u16 tag, u8 now)
{
	struct note oldest = { .in = bucket }, note = oldest;

	for (; note.nr < NOTES; note.nr++) {
		if (tag_of(note) == tag)
			return note;
		if (rather(note, oldest, now))
			oldest = note;
	}
	return oldest;
}

/* The same in both. The second one follows from the first and the tag. */
static struct note find_in_two(struct zcache_reuse *reuse, u64 hash, u16 tag,
			       u8 now)
{
	u32 first = hash >> (64 - reuse->order);
	u32 second = first ^ hash_32(tag, reuse->order);
	struct note one, other;

	one = find_note(&reuse->buckets[first], tag, now);
	if (tag_of(one) == tag)
		return one;
	other = find_note(&reuse->buckets[second], tag, now);
	return tag_of(other) == tag || rather(other, one, now) ? other : one;
}

/*
 * 64 bits, of which hash_64() has but half, and well mixed: indexes that follow
 * each other must not crowd into a few buckets.
 */
static u64 hash_page(const struct tmem_oid *oid, unsigned long index)
{
	u64 hash = oid->w[0] ^ index * GOLDEN_RATIO_64;

	return (hash ^ hash >> 32) * GOLDEN_RATIO_64;
}

/**
 * zcache_reuse_offer() - a file page is offered
 * @reuse: who remembers
 * @oid: its object
 * @index: its page index
 *
 * Context: any.
 * Return: ticks since it was offered last, rounded up; 0 if it is not known to
 * have been.
 */
unsigned int zcache_reuse_offer(struct zcache_reuse *reuse,
				const struct tmem_oid *oid, unsigned long index)
{
	u64 hash = hash_page(oid, index);
	u16 tag = (u16)hash ?: 1;
	u8 now = zcache_reuse_now(reuse);
	struct note note = find_in_two(reuse, hash, tag, now);
	unsigned int ticks = 0;

	if (tag_of(note) == tag)
		ticks = age_of(note, now) + 1;
	note.in->tag[note.nr] = tag;
	note.in->tick[note.nr] = now;
	count_offer(reuse, oid, index);
	return ticks;
}
