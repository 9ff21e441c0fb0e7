// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which file pages deserve that others are evicted for them.
 *
 * When there is no frame left, a put costs an older page its place. For a page
 * that has come back from here before that is a good bargain. Of the others
 * nothing is known. If all of them were let in, a loop over a set of files a
 * little larger than memory would always evict what it needs next, and find
 * nothing at all; a single pass over a large file would sweep out everything.
 * So only one in several is, enough to learn what has become worth keeping,
 * and the rest is not even compressed.
 *
 * Pages that came back are remembered in two bitmaps, by hash. One is being
 * filled, the other is from before: when the first has a bit for every eighth
 * set, the second is wiped and they change places. A wrong answer costs
 * nothing but a good decision, so there are no locks.
 */
#include <linux/bitmap.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "zcache.h"

/* Unproven pages turned away after each eviction for a file page. */
#define TURNED_AWAY	31

/* Bits in each bitmap for a page of memory; bits set before they change. */
#define BITS_PER_MEM_PAGE	4
#define FULL_SHIFT		3

/**
 * zcache_reuse_init() - forget everything
 * @zc: the cache
 *
 * Return: 0 or -ENOMEM.
 */
int zcache_reuse_init(struct zcache *zc)
{
	struct zcache_reuse *reuse = &zc->reuse;
	unsigned long nr = roundup_pow_of_two(totalram_pages() *
					      BITS_PER_MEM_PAGE);

	reuse->order = ilog2(nr);
	reuse->map[0] = kvcalloc(BITS_TO_LONGS(nr), sizeof(long), GFP_KERNEL);
	reuse->map[1] = kvcalloc(BITS_TO_LONGS(nr), sizeof(long), GFP_KERNEL);
	if (reuse->map[0] && reuse->map[1])
		return 0;
	zcache_reuse_exit(zc);
	return -ENOMEM;
}

/**
 * zcache_reuse_exit() - undo zcache_reuse_init()
 * @zc: the cache
 */
void zcache_reuse_exit(struct zcache *zc)
{
	kvfree(zc->reuse.map[0]);
	kvfree(zc->reuse.map[1]);
}

static unsigned long bit_of(const struct zcache_reuse *reuse,
			    const struct tmem_oid *oid, unsigned long index)
{
	return hash_64(oid->w[0] ^ hash_64(index, 64), reuse->order);
}

/* Whoever sets the bit that makes a bitmap full changes them. */
static void change_maps(struct zcache_reuse *reuse)
{
	unsigned int next = !READ_ONCE(reuse->current_map);

	bitmap_zero(reuse->map[next], BIT(reuse->order));
	WRITE_ONCE(reuse->current_map, next);
	atomic_set(&reuse->nr_set, 0);
}

/**
 * zcache_reuse_note() - a file page has come back from here
 * @zc: the cache
 * @oid: its object
 * @index: its page index
 *
 * Context: any.
 */
void zcache_reuse_note(struct zcache *zc, const struct tmem_oid *oid,
		       unsigned long index)
{
	struct zcache_reuse *reuse = &zc->reuse;
	unsigned long *map = reuse->map[READ_ONCE(reuse->current_map)];

	if (test_and_set_bit(bit_of(reuse, oid, index), map))
		return;
	if (atomic_inc_return(&reuse->nr_set) ==
	    BIT(reuse->order - FULL_SHIFT))
		change_maps(reuse);
}

static bool came_back(const struct zcache_reuse *reuse,
		      const struct tmem_oid *oid, unsigned long index)
{
	unsigned long bit = bit_of(reuse, oid, index);

	return test_bit(bit, reuse->map[0]) || test_bit(bit, reuse->map[1]);
}

/**
 * zcache_reuse_evicted() - others were evicted for a file page
 * @zc: the cache
 *
 * Context: any.
 */
void zcache_reuse_evicted(struct zcache *zc)
{
	atomic_set(&zc->reuse.turn_away, TURNED_AWAY);
}

/**
 * zcache_reuse_admit() - shall a file page be put?
 * @zc: the cache
 * @oid: its object
 * @index: its page index
 *
 * Context: any.
 * Return: true if there is room, if the page has come back before, if it is
 * its turn, or if the user wants all.
 */
bool zcache_reuse_admit(struct zcache *zc, const struct tmem_oid *oid,
			unsigned long index)
{
	struct zcache_reuse *reuse = &zc->reuse;

	if (READ_ONCE(zc->policy) == ZCACHE_PUT_ALL)
		return true;
	if (!atomic_read(&reuse->turn_away) || came_back(reuse, oid, index))
		return true;
	atomic_dec_if_positive(&reuse->turn_away);
	zcache_count(zc, ZCACHE_EPH_NONACTIVE_PUTS_IGNORED);
	return false;
}
