// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to keep a file page here, next to reading it again.
 *
 * A page that is kept is put once and got every time it is wanted, and takes
 * the place of others. So what counts is what a page frame gains each time:
 *
 *   compressed	(read - get - put / hits) * pages in a frame
 *   raw	 read - get - put / hits, with less for put and get
 *
 * Where the disk takes long, compressed pages gain most, because there are more
 * of them. Where it is nearer to the time that compressing takes, raw ones do,
 * and where it is hardly slower than memory, neither is worth the trouble.
 *
 * Of a read, reading ahead hides as much as the reader's own work with a page
 * takes. That is not known, but to put a page as it is takes about the same: a
 * page to be allocated, a page to be copied.
 *
 * What is known of a page that has not come back yet is nothing. A share of what
 * reading has taken is ventured on such pages, so a file that is read once costs
 * no more than that share, and that only as long as there is room. What passes
 * while the disk reads ahead costs nothing; so the share is larger of what the
 * disk takes while who reads may go on, than of what he has to wait for or to do
 * himself, as where a file system decompresses what it reads.
 *
 * What getting costs is not known before the first page is got, which is late:
 * until then it is taken for a share of what putting costs.
 *
 * All of it are moving averages of what was measured, and hints.
 */
#include <linux/hash.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/clock.h>

#include "zcache.h"

/*
 * Times that a page is got for each time that it is put: in a loop, and where pages
 * are read here and there, of which the page cache keeps those that are used most.
 */
#define HITS_IN_ROWS	8
#define HITS		2

/* What is gained must be more than this share of a read: a half. */
#define MARGIN_SHIFT	1

/* Getting is this share of putting, if that is all that is known: 3/8. */
#define GET_SHARE(put)	((put) * 3 / 8)

/*
 * The share of what reads take that is ventured: a quarter of what passes while who
 * reads may go on, an eighth of the rest.
 */
#define VENTURE_ASYNC_SHIFT	2
#define VENTURE_SHIFT		3

/* What may be saved up for ventures, in times of what one costs. */
#define MAX_SAVED	64

/* Of so many puts and gets, one is timed. */
#define TIMED		16

/* What is guessed before anything is timed may be too little by such a factor. */
#define MAX_GUESS_OFF	16ULL

/* Times change with what the machine does, sizes with what is in the files. */
#define TIME_WEIGHT	16
#define SIZE_WEIGHT	1024

#define SIZE_STEP	(PAGE_SIZE / ZCACHE_SIZE_STEPS)

/* Reads of unknown cost: as of a disk at which zcache pays. */
#define UNKNOWN_NS	1000000U

/**
 * zcache_cost_init() - assume what a machine of today needs
 * @cost: storage for it
 *
 * Return: 0 or -ENOMEM.
 */
int zcache_cost_init(struct zcache_cost *cost)
{
	unsigned int i;

	*cost = (struct zcache_cost) {
		.ns[ZCACHE_COMPRESSED][ZCACHE_PUT] = 10000,
		.ns[ZCACHE_AS_IS][ZCACHE_PUT] = 4000,
		.size = PAGE_SIZE / 2 * ZCACHE_SIZE_UNITS,
	};
	/* All sizes are as likely. */
	for (i = 0; i < ZCACHE_SIZE_STEPS; i++)
		cost->smaller[i] = ZCACHE_ALL_PAGES / ZCACHE_SIZE_STEPS * (i + 1);
	cost->turn = alloc_percpu(unsigned int);
	return cost->turn ? 0 : -ENOMEM;
}

/**
 * zcache_cost_exit() - undo zcache_cost_init()
 * @cost: not in use any more
 */
void zcache_cost_exit(struct zcache_cost *cost)
{
	free_percpu(cost->turn);
}

/* An average that forgets: a sample counts for a share of 1/@weight. */
static void average(u32 *mean, u64 sample, int weight)
{
	s64 old = READ_ONCE(*mean);

	WRITE_ONCE(*mean, old + div_s64((s64)sample - old, weight));
}

/**
 * zcache_cost_begin() - something begins that may be timed
 * @cost: who wants to know
 *
 * Context: any.
 * Return: when it began; 0 if it is not to be timed.
 */
u64 zcache_cost_begin(struct zcache_cost *cost)
{
	return this_cpu_inc_return(*cost->turn) % TIMED == 1 ? local_clock() : 0;
}

/**
 * zcache_cost_timed() - what has been timed has ended; see zcache_cost_end()
 * @cost: who wants to know
 * @way: how the page is kept
 * @what: put or got
 * @begin: when it began
 *
 * Context: any.
 */
void zcache_cost_timed(struct zcache_cost *cost, enum zcache_way way,
		       enum zcache_what what, u64 begin)
{
	u32 old = zcache_cost_ns(cost, way, what);
	u8 nr = READ_ONCE(cost->nr[way][what]);
	u64 most = old * (nr ? 4ULL : MAX_GUESS_OFF), ns;

	/*
	 * Who was preempted meanwhile did not work all the time, and there are clocks
	 * that stand still until the next tick.
	 */
	ns = clamp(local_clock() - begin, old / 4ULL, most);
	if (nr < TIME_WEIGHT)
		WRITE_ONCE(cost->nr[way][what], ++nr);
	average(&cost->ns[way][what], ns, nr);
}

/**
 * zcache_cost_ns() - what does it cost to put, or to get, a page?
 * @cost: what is known
 * @way: how the page is kept; not ZCACHE_NOT_AT_ALL
 * @what: put or got
 *
 * Context: any.
 * Return: nanoseconds.
 */
u32 zcache_cost_ns(const struct zcache_cost *cost, enum zcache_way way,
		   enum zcache_what what)
{
	u32 ns = READ_ONCE(cost->ns[way][what]);

	return ns ?: GET_SHARE(READ_ONCE(cost->ns[way][ZCACHE_PUT]));
}

/**
 * zcache_cost_size() - a file page was compressed
 * @cost: who wants to know
 * @size: how many bytes there are of it now, a page's at the most
 *
 * Context: any.
 */
void zcache_cost_size(struct zcache_cost *cost, unsigned int size)
{
	unsigned int i;

	average(&cost->size, size * ZCACHE_SIZE_UNITS, SIZE_WEIGHT);
	for (i = 0; i < ZCACHE_SIZE_STEPS; i++)
		average(&cost->smaller[i], size <= (i + 1) * SIZE_STEP ?
			ZCACHE_ALL_PAGES : 0, SIZE_WEIGHT);
}

/**
 * zcache_cost_smaller() - how many file pages are no larger than so?
 * @cost: what is known
 * @size: compressed bytes, a page's at the most
 *
 * Context: any.
 * Return: their share in 1/ZCACHE_ALL_PAGES; within a step, all sizes are taken to
 * be as likely.
 */
u32 zcache_cost_smaller(const struct zcache_cost *cost, unsigned int size)
{
	unsigned int step = size / SIZE_STEP, rest = size % SIZE_STEP;
	u32 less = step ? READ_ONCE(cost->smaller[step - 1]) : 0;
	u32 more = rest ? READ_ONCE(cost->smaller[step]) : less;

	return less + (more - less) * rest / SIZE_STEP;
}

/*
 * Of a read, what a reader has to wait for: the rest goes by while he works with
 * the page before.
 */
static u32 waited_for(const struct zcache_cost *cost, u32 read_ns)
{
	read_ns = read_ns ?: UNKNOWN_NS;
	return read_ns - min(read_ns,
			     zcache_cost_ns(cost, ZCACHE_AS_IS, ZCACHE_PUT));
}

/* What one page gains each time that it is got. */
static s64 page_gain(const struct zcache_cost *cost, enum zcache_way way,
		     u32 read_ns, bool in_rows)
{
	unsigned int hits = in_rows ? HITS_IN_ROWS : HITS;

	return (s64)read_ns - zcache_cost_ns(cost, way, ZCACHE_GET) -
	       zcache_cost_ns(cost, way, ZCACHE_PUT) / hits;
}

/**
 * zcache_cost_way() - how to keep a file page, if it comes back
 * @cost: what is known
 * @read_ns: what reading it costs, in nanoseconds; 0: unknown
 * @in_rows: files are read one page after the other
 *
 * A page that is kept as it is takes the room of another one in the page cache.
 * That gains something in a loop, where the page cache drops each page just before
 * it is wanted; where pages are read here and there, it keeps those that are
 * wanted most, and knows better.
 *
 * Context: any.
 * Return: the way that gains most, or ZCACHE_NOT_AT_ALL.
 */
enum zcache_way zcache_cost_way(struct zcache_cost *cost, u32 read_ns,
				bool in_rows)
{
	s64 compressed, as_is, margin;

	if (READ_ONCE(cost->read_ns) != read_ns)
		WRITE_ONCE(cost->read_ns, read_ns);
	read_ns = waited_for(cost, read_ns);
	margin = read_ns >> MARGIN_SHIFT;
	as_is = in_rows ? page_gain(cost, ZCACHE_AS_IS, read_ns, true) : 0;
	compressed = div_s64(page_gain(cost, ZCACHE_COMPRESSED, read_ns,
				       in_rows) * (s64)PAGE_SIZE,
			     zcache_cost_mean_size(cost));
	if (max(compressed, as_is) <= margin)
		return ZCACHE_NOT_AT_ALL;
	return compressed > as_is ? ZCACHE_COMPRESSED : ZCACHE_AS_IS;
}

/**
 * zcache_cost_try() - compress a page though it may find no room?
 * @cost: what is known
 * @read_ns: what reading it costs, in nanoseconds; 0: unknown
 * @share: how likely there is room, in 1/ZCACHE_ALL_PAGES
 *
 * Context: any.
 * Return: true if what it gains, for a page that may be lucky, is more than the
 * price, which all of them pay; by the same margin as elsewhere.
 */
bool zcache_cost_try(const struct zcache_cost *cost, u32 read_ns, u32 share)
{
	s64 gain = (s64)waited_for(cost, read_ns) -
		   zcache_cost_ns(cost, ZCACHE_COMPRESSED, ZCACHE_GET);
	s64 price = zcache_cost_ns(cost, ZCACHE_COMPRESSED, ZCACHE_PUT);

	return gain > 0 &&
	       ((gain * HITS_IN_ROWS) >> MARGIN_SHIFT) * share >
	       price * (s64)ZCACHE_ALL_PAGES;
}

/* Of a disk that nobody knows, all is taken to pass while who reads may go on. */
static u32 share_of_read(struct cleancache_read read)
{
	if (!read.ns)
		return UNKNOWN_NS >> VENTURE_ASYNC_SHIFT;
	return (read.async_ns >> VENTURE_ASYNC_SHIFT) +
	       ((read.ns - read.async_ns) >> VENTURE_SHIFT);
}

static u64 *note_of(struct zcache_cost *cost, u64 run)
{
	return &cost->runs[hash_64(run, ilog2(ZCACHE_RUNS))];
}

/**
 * zcache_cost_refuse() - put no page more of a run
 * @cost: who keeps it in mind, for a while
 * @run: its number, as for zcache_cost_venture()
 *
 * Context: any.
 */
void zcache_cost_refuse(struct zcache_cost *cost, u64 run)
{
	WRITE_ONCE(*note_of(cost, run), run & ~1ULL);
}

/**
 * zcache_cost_refused() - is no page more of a run to be put?
 * @cost: who would know
 * @run: its number
 *
 * Context: any.
 * Return: true if so.
 */
bool zcache_cost_refused(struct zcache_cost *cost, u64 run)
{
	return READ_ONCE(*note_of(cost, run)) == (run & ~1ULL);
}

/* Save what a read adds; spend a price if there is so much, or anyhow. */
static bool save_and_spend(struct zcache_cost *cost, u32 more, s64 price,
			   bool anyhow)
{
	s64 saved = atomic64_read(&cost->saved);
	bool spend;

	saved = min(saved + more, MAX_SAVED * price);
	spend = anyhow || saved >= price;
	atomic64_set(&cost->saved, spend ? saved - price : saved);
	return spend;
}

/**
 * zcache_cost_venture() - may a page be put of which nothing is known?
 * @cost: what is known
 * @way: how it would be kept
 * @read: what reading it takes
 * @run: a number for it and those around it, of which all should be put or none
 *
 * Called for each such page, since it is these reads of which a share is saved.
 * What is decided for the first page of a run goes for all that follow soon; the
 * savings may go below zero for that.
 *
 * Context: any.
 * Return: true if it may.
 */
bool zcache_cost_venture(struct zcache_cost *cost, enum zcache_way way,
			 struct cleancache_read read, u64 run)
{
	u64 *note = note_of(cost, run);
	s64 price = zcache_cost_ns(cost, way, ZCACHE_PUT);
	u64 is = READ_ONCE(*note), yes = run | 1, no = run & ~1ULL;
	bool venture;

	if (is == no)
		price = S64_MAX / MAX_SAVED;
	venture = save_and_spend(cost, share_of_read(read), price, is == yes);
	if (is != no && is != yes)
		WRITE_ONCE(*note, venture ? yes : no);
	return venture;
}
