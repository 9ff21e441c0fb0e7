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
 * may be in, or a bit less. The table has two to four notes for each page of memory,
 * in buckets of four. Where notes are short, a loop always loses those that it needs
 * next: so a page may be noted in either of two buckets, where it takes the place of
 * the oldest note. With one bucket for each, a third of the pages of a loop were
 * forgotten every time though one note in four was free. A note is a few bits of the
 * hash and of the time. A wrong answer costs nothing but a good decision, so there are
 * no locks.
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

#define NOTES_PER_PAGE	4
#define TICKS_OF_MEMORY	16

/* Offers that a CPU counts by itself before it adds them to those of all. */
#define OFFER_BATCH	64

/* One jiffy of 16 is looked at where only that may make a difference. */
#define SAMPLED_BITS	4

/* The weight of an offer in the share of neighbours. */
#define ROW_WEIGHT	256

/**
 * struct zcache_note - what is known of a page
 * @tag: some bits of its hash, never 0; 0: no note
 * @tick: when it was offered
 */
struct zcache_note {
	u8 tag;
	u8 tick;
};

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

/* One look at memory finds all of them. */
struct zcache_bucket {
	struct zcache_note note[4];
} __aligned(8);

/**
 * zcache_reuse_init() - forget everything
 * @reuse: storage for it
 * @pages: of memory, that file pages may be in
 *
 * Return: 0 or -ENOMEM.
 */
int zcache_reuse_init(struct zcache_reuse *reuse, unsigned long pages)
{
	unsigned long nr = pages * NOTES_PER_PAGE /
			   ARRAY_SIZE(reuse->buckets->note);

	memset(reuse, 0, sizeof(*reuse));
	reuse->order = ilog2(max(nr, 2UL));
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

/* Is a note a better one to give up? One that is free is best, then the older. */
static bool rather(const struct zcache_note *note,
		   const struct zcache_note *than, u8 now)
{
	if (!note->tag || !than->tag)
		return than->tag;
	return (u8)(now - note->tick) > (u8)(now - than->tick);
}

/* The note of a page in a bucket, or else the one to give up for it. */
static struct zcache_note *find_note(struct zcache_bucket *bucket, u8 tag,
				     u8 now)
{
	struct zcache_note *oldest = bucket->note, *note;

	for (note = bucket->note;
	     note < bucket->note + ARRAY_SIZE(bucket->note); note++) {
		if (note->tag == tag)
			return note;
		if (rather(note, oldest, now))
			oldest = note;
	}
	return oldest;
}

/* The same in both. The second one follows from the first and the tag. */
static struct zcache_note *find_in_two(struct zcache_reuse *reuse, u64 hash,
				       u8 tag, u8 now)
{
	u32 first = hash >> (64 - reuse->order);
	u32 second = first ^ hash_32(tag, reuse->order);
	struct zcache_note *one, *other;

	one = find_note(&reuse->buckets[first], tag, now);
	if (one->tag == tag)
		return one;
	other = find_note(&reuse->buckets[second], tag, now);
	return other->tag == tag || rather(other, one, now) ? other : one;
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
	u8 tag = (u8)hash ?: 1, now = zcache_reuse_now(reuse);
	struct zcache_note *note = find_in_two(reuse, hash, tag, now);
	unsigned int ticks = 0;

	if (note->tag == tag)
		ticks = (u8)(now - note->tick) + 1;
	note->tag = tag;
	note->tick = now;
	count_offer(reuse, oid, index);
	return ticks;
}
