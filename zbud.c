// SPDX-License-Identifier: GPL-2.0-only
/*
 * zbud: see zbud.h for what it is.
 *
 * A frame is a page cut into 64 chunks of 64 bytes. Chunk 0 is its header; the
 * others hold up to seven zpages, each in a run of chunks of its own, in any
 * order, with gaps where zpages have gone. Nothing is ever moved: a new zpage
 * goes into the frame, and in the frame into the gap, that fits it tightest.
 * Frames are kept in lists by their largest gap, so finding one is a search
 * for a bit, and all else is a walk over at most seven slots.
 *
 * A zpage is a tmem handle followed by the compressed bytes. The handle is
 * what makes a frame reclaimable: zbud_evict() reads the names of the pages
 * within and has each unlinked from tmem. Whoever unlinks a zpage owns it, so
 * a get or a flush that came first keeps its zpage, and the frame stays until
 * that one is freed.
 *
 * Pampds: address of the frame | slot << 3 | 4. Kernel pointers to objects
 * have a zero there, XArray value entries a one in bit 0.
 *
 * The lock of a class is innermost and irq-safe: zbud_pin() is called under
 * tmem's lock. Data is copied in and out without it: a zpage that is not
 * published yet, or that is pinned, does not change.
 */
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "zbud.h"

#define PAMPD_TAG	4UL
#define PAMPD_TAG_MASK	7UL
#define PAMPD_SLOT_SHIFT 3

/* Frames that zbud_evict() tries before it gives up. */
#define EVICT_TRIES	8

/**
 * struct zbud_slot - where a zpage lies
 * @size: compressed bytes
 * @start: first chunk
 * @refs: the tmem entry's reference and one for each pin; 0: slot is free
 */
struct zbud_slot {
	u32 size : 12;
	u32 start : 6;
	u32 refs : 14;
};

/**
 * struct zbud_frame - header of a page frame, in its first chunk
 * @lru: in the queue's lru, empty while the frame is being evicted
 * @room: in the queue's rooms[@gap], empty if @gap is 0 or while evicted
 * @slots: the zpages
 * @class: which queue; immutable
 * @nr: slots in use
 * @gap: largest run of free chunks, 0 if there is no free slot
 * @evicting: zbud_evict() has it; it will decide what becomes of the frame
 *
 * All protected by the queue's lock, but for @class.
 */
struct zbud_frame {
	struct list_head lru;
	struct list_head room;
	struct zbud_slot slots[ZBUD_BUDDIES];
	u8 class;
	u8 nr;
	u8 gap;
	bool evicting;
};

struct zbud_zpage {
	struct tmem_handle handle;
	u8 data[];
};

static_assert(sizeof(struct zbud_frame) <= ZBUD_CHUNK_SIZE);
static_assert(ZBUD_CHUNKS == BITS_PER_LONG);
static_assert((ZBUD_BUDDIES << PAMPD_SLOT_SHIFT) < PAGE_SIZE);

static unsigned int size_to_chunks(unsigned int size)
{
	return DIV_ROUND_UP(size + sizeof(struct zbud_zpage), ZBUD_CHUNK_SIZE);
}

static struct zbud_frame *pampd_frame(const void *pampd)
{
	return (struct zbud_frame *)((unsigned long)pampd & PAGE_MASK);
}

static unsigned int pampd_slot(const void *pampd)
{
	return offset_in_page(pampd) >> PAMPD_SLOT_SHIFT;
}

static void *to_pampd(struct zbud_frame *frame, unsigned int slot)
{
	return (void *)((unsigned long)frame | slot << PAMPD_SLOT_SHIFT |
			PAMPD_TAG);
}

static struct zbud_zpage *slot_zpage(struct zbud_frame *frame,
				     unsigned int slot)
{
	return (void *)frame + frame->slots[slot].start * ZBUD_CHUNK_SIZE;
}

static struct zbud_queue *pampd_queue(struct zbud *zbud, const void *pampd)
{
	return &zbud->queues[pampd_frame(pampd)->class];
}

/* One bit a chunk, set where the chunk is free. */
static unsigned long free_chunks(const struct zbud_frame *frame)
{
	unsigned long used = 1;		/* the header */
	unsigned int i, first, nr;

	for (i = 0; i < ZBUD_BUDDIES; i++) {
		if (!frame->slots[i].refs)
			continue;
		first = frame->slots[i].start;
		nr = size_to_chunks(frame->slots[i].size);
		used |= GENMASK(first + nr - 1, first);
	}
	return ~used;
}

/* Cut the lowest run off @free: its first chunk and its length. */
static unsigned int next_run(unsigned long *free, unsigned int *first)
{
	unsigned int nr;

	*first = __ffs(*free);
	nr = *free >> *first == ~0UL >> *first ? ZBUD_CHUNKS - *first :
						 ffz(*free >> *first);
	*free &= ~GENMASK(*first + nr - 1, *first);
	return nr;
}

static unsigned int largest_gap(const struct zbud_frame *frame)
{
	unsigned long free = free_chunks(frame);
	unsigned int first, gap = 0;

	if (frame->nr == ZBUD_BUDDIES)
		return 0;
	while (free)
		gap = max(gap, next_run(&free, &first));
	return gap;
}

/* First chunk of the smallest gap that takes @chunks; there must be one. */
static unsigned int tightest_gap(const struct zbud_frame *frame,
				 unsigned int chunks)
{
	unsigned long free = free_chunks(frame);
	unsigned int first, nr, best = 0, best_nr = ZBUD_CHUNKS;

	while (free) {
		nr = next_run(&free, &first);
		if (nr >= chunks && nr < best_nr) {
			best = first;
			best_nr = nr;
		}
	}
	return best;
}

static void room_del(struct zbud_queue *queue, struct zbud_frame *frame)
{
	lockdep_assert_held(&queue->lock);

	if (!frame->gap)
		return;
	list_del_init(&frame->room);
	if (list_empty(&queue->rooms[frame->gap]))
		__clear_bit(frame->gap, queue->filled);
	frame->gap = 0;
}

/* Youngest first: an old frame shall be left to grow old and be evicted. */
static void room_add(struct zbud_queue *queue, struct zbud_frame *frame)
{
	lockdep_assert_held(&queue->lock);

	frame->gap = largest_gap(frame);
	if (!frame->gap)
		return;
	list_add(&frame->room, &queue->rooms[frame->gap]);
	__set_bit(frame->gap, queue->filled);
}

static struct zbud_frame *room_find(struct zbud_queue *queue,
				    unsigned int chunks)
{
	unsigned int gap;

	lockdep_assert_held(&queue->lock);

	gap = find_next_bit(queue->filled, ZBUD_CHUNKS, chunks);
	if (gap == ZBUD_CHUNKS)
		return NULL;
	return list_first_entry(&queue->rooms[gap], struct zbud_frame, room);
}

static struct zbud_frame *frame_init(struct zbud_queue *queue,
				     enum zbud_class class, struct page *page)
{
	struct zbud_frame *frame = page_address(page);

	lockdep_assert_held(&queue->lock);

	memset(frame, 0, sizeof(*frame));
	INIT_LIST_HEAD(&frame->lru);
	INIT_LIST_HEAD(&frame->room);
	frame->class = class;
	queue->stats.pageframes++;
	return frame;
}

static void count_slot(struct zbud_queue *queue, unsigned int size, int n)
{
	lockdep_assert_held(&queue->lock);

	queue->stats.zpages += n;
	queue->stats.zbytes += n * (int)size;
	queue->stats.histogram[DIV_ROUND_UP(size, ZBUD_CHUNK_SIZE)] += n;
	if (n > 0) {
		queue->stats.cumul_zpages++;
		queue->stats.cumul_zbytes += size;
	}
}

static void count_frame(struct zbud_queue *queue,
			const struct zbud_frame *frame, int n)
{
	lockdep_assert_held(&queue->lock);

	if (frame->nr == 1)
		queue->stats.unbuddied += n;
	else if (frame->nr)
		queue->stats.buddied += n;
}

/* Put a zpage of @size into @frame, which has a gap for it. */
static unsigned int slot_take(struct zbud_queue *queue,
			      struct zbud_frame *frame, unsigned int size)
{
	unsigned int slot = 0;

	lockdep_assert_held(&queue->lock);

	while (frame->slots[slot].refs)
		slot++;
	room_del(queue, frame);
	count_frame(queue, frame, -1);
	frame->slots[slot].start = tightest_gap(frame, size_to_chunks(size));
	frame->slots[slot].size = size;
	frame->slots[slot].refs = 1;
	frame->nr++;
	count_frame(queue, frame, 1);
	room_add(queue, frame);
	list_move_tail(&frame->lru, &queue->lru);

	count_slot(queue, size, 1);
	return slot;
}

/* The last reference to a zpage has gone: its room is free again. */
static void slot_release(struct zbud_queue *queue, struct zbud_frame *frame,
			 unsigned int slot)
{
	lockdep_assert_held(&queue->lock);

	room_del(queue, frame);
	count_frame(queue, frame, -1);
	frame->nr--;
	count_frame(queue, frame, 1);
	count_slot(queue, frame->slots[slot].size, -1);
	if (!frame->evicting)
		room_add(queue, frame);
}

/* Drop a reference; true if that emptied the frame. */
static bool slot_put(struct zbud_queue *queue, struct zbud_frame *frame,
		     unsigned int slot)
{
	lockdep_assert_held(&queue->lock);

	if (WARN_ON_ONCE(!frame->slots[slot].refs))
		return false;
	if (--frame->slots[slot].refs)
		return false;
	slot_release(queue, frame, slot);
	return !frame->nr;
}

static struct page *frame_retire(struct zbud_queue *queue,
				 struct zbud_frame *frame)
{
	lockdep_assert_held(&queue->lock);

	room_del(queue, frame);
	list_del_init(&frame->lru);
	queue->stats.pageframes--;
	return virt_to_page(frame);
}

/**
 * zbud_init() - make an empty allocator
 * @zbud: storage for it
 */
void zbud_init(struct zbud *zbud)
{
	unsigned int class, i;

	memset(zbud, 0, sizeof(*zbud));
	for (class = 0; class < ZBUD_CLASSES; class++) {
		struct zbud_queue *queue = &zbud->queues[class];

		spin_lock_init(&queue->lock);
		INIT_LIST_HEAD(&queue->lru);
		for (i = 0; i < ZBUD_CHUNKS; i++)
			INIT_LIST_HEAD(&queue->rooms[i]);
	}
}

/**
 * zbud_max_size() - the largest zpage that a frame can take
 *
 * Return: its compressed size in bytes.
 */
unsigned int zbud_max_size(void)
{
	return (ZBUD_CHUNKS - 1) * ZBUD_CHUNK_SIZE - sizeof(struct zbud_zpage);
}

/**
 * zbud_alloc() - store a compressed page
 * @zbud: the allocator
 * @class: ephemeral or persistent
 * @handle: the name it will have in tmem
 * @data: the compressed bytes
 * @size: how many; 1 to zbud_max_size()
 * @frame: a page frame to use if no partly filled one has room, or NULL there
 *	for none; set to NULL when it was used
 *
 * The zpage is not looked at by eviction before tmem knows it by @handle.
 *
 * Context: any but hard interrupt.
 * Return: a pampd with one reference, or NULL if there is no room.
 */
void *zbud_alloc(struct zbud *zbud, enum zbud_class class,
		 const struct tmem_handle *handle, const void *data,
		 unsigned int size, struct page **frame)
{
	struct zbud_queue *queue = &zbud->queues[class];
	struct zbud_frame *in;
	struct zbud_zpage *zpage;
	unsigned long flags;
	unsigned int slot;

	if (WARN_ON_ONCE(!size || size > zbud_max_size()))
		return NULL;

	spin_lock_irqsave(&queue->lock, flags);
	in = room_find(queue, size_to_chunks(size));
	if (!in && *frame) {
		in = frame_init(queue, class, *frame);
		*frame = NULL;
	}
	if (!in) {
		spin_unlock_irqrestore(&queue->lock, flags);
		return NULL;
	}
	slot = slot_take(queue, in, size);
	zpage = slot_zpage(in, slot);
	zpage->handle = *handle;
	spin_unlock_irqrestore(&queue->lock, flags);

	memcpy(zpage->data, data, size);
	return to_pampd(in, slot);
}

/**
 * zbud_is_zpage() - tell a zpage from any other pampd
 * @pampd: the pampd
 *
 * Return: true if it came from zbud_alloc().
 */
bool zbud_is_zpage(const void *pampd)
{
	return ((unsigned long)pampd & PAMPD_TAG_MASK) == PAMPD_TAG;
}

/**
 * zbud_pin() - take a reference to a zpage
 * @zbud: the allocator
 * @pampd: a zpage that somebody holds a reference to
 *
 * Context: any but hard interrupt.
 */
void zbud_pin(struct zbud *zbud, void *pampd)
{
	struct zbud_queue *queue = pampd_queue(zbud, pampd);
	struct zbud_slot *slot;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	slot = &pampd_frame(pampd)->slots[pampd_slot(pampd)];
	WARN_ON_ONCE(!slot->refs);
	slot->refs++;
	spin_unlock_irqrestore(&queue->lock, flags);
}

/**
 * zbud_free() - drop a reference to a zpage; the last one frees it
 * @zbud: the allocator
 * @pampd: the zpage
 *
 * Context: any but hard interrupt.
 * Return: the page frame, the caller's now, if this was the last zpage in it.
 */
struct page *zbud_free(struct zbud *zbud, void *pampd)
{
	struct zbud_queue *queue = pampd_queue(zbud, pampd);
	struct zbud_frame *frame = pampd_frame(pampd);
	struct page *page = NULL;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	if (slot_put(queue, frame, pampd_slot(pampd)) && !frame->evicting)
		page = frame_retire(queue, frame);
	spin_unlock_irqrestore(&queue->lock, flags);
	return page;
}

/**
 * zbud_data() - a zpage's compressed bytes
 * @pampd: a zpage that the caller holds a reference to
 * @size: set to how many bytes there are
 *
 * Return: the bytes; they do not change while the reference is held.
 */
const void *zbud_data(const void *pampd, unsigned int *size)
{
	struct zbud_frame *frame = pampd_frame(pampd);
	unsigned int slot = pampd_slot(pampd);

	*size = frame->slots[slot].size;
	return slot_zpage(frame, slot)->data;
}

/* What zbud_evict() has to unlink, copied out so that no lock is needed. */
struct evictees {
	unsigned int nr;
	void *pampd[ZBUD_BUDDIES];
	struct tmem_handle handle[ZBUD_BUDDIES];
};

static struct zbud_frame *evict_begin(struct zbud_queue *queue,
				      struct evictees *out)
{
	struct zbud_frame *frame;
	unsigned int slot;

	lockdep_assert_held(&queue->lock);

	frame = list_first_entry_or_null(&queue->lru, struct zbud_frame, lru);
	if (!frame)
		return NULL;
	frame->evicting = true;
	list_del_init(&frame->lru);
	room_del(queue, frame);

	out->nr = 0;
	for (slot = 0; slot < ZBUD_BUDDIES; slot++) {
		if (!frame->slots[slot].refs)
			continue;
		out->pampd[out->nr] = to_pampd(frame, slot);
		out->handle[out->nr] = slot_zpage(frame, slot)->handle;
		out->nr++;
	}
	return frame;
}

/* An empty frame is handed over; else it goes where the young ones are. */
static struct page *evict_end(struct zbud_queue *queue,
			      struct zbud_frame *frame)
{
	lockdep_assert_held(&queue->lock);

	frame->evicting = false;
	if (!frame->nr) {
		queue->stats.evicted_pageframes++;
		return frame_retire(queue, frame);
	}
	list_add_tail(&frame->lru, &queue->lru);
	room_add(queue, frame);
	return NULL;
}

/**
 * zbud_evict() - empty the least recently used frame
 * @zbud: the allocator
 * @class: whose
 * @unlink: takes one zpage out of tmem; called without locks, with the caller's
 *	context
 * @arg: for @unlink
 *
 * A frame from which somebody else has just taken a zpage, and not freed it
 * yet, cannot be emptied; the next one is tried then, a few times.
 *
 * Context: as @unlink; any but hard interrupt.
 * Return: the frame, the caller's now, or NULL if there is none to be had.
 */
struct page *zbud_evict(struct zbud *zbud, enum zbud_class class,
			zbud_unlink_t unlink, void *arg)
{
	struct zbud_queue *queue = &zbud->queues[class];
	struct page *page = NULL;
	struct zbud_frame *frame;
	struct evictees out;
	unsigned int i, tries;
	unsigned long flags;

	for (tries = 0; tries < EVICT_TRIES && !page; tries++) {
		spin_lock_irqsave(&queue->lock, flags);
		frame = evict_begin(queue, &out);
		spin_unlock_irqrestore(&queue->lock, flags);
		if (!frame)
			break;

		for (i = 0; i < out.nr; i++)
			if (!unlink(arg, &out.handle[i], out.pampd[i]))
				out.pampd[i] = NULL;

		spin_lock_irqsave(&queue->lock, flags);
		for (i = 0; i < out.nr; i++) {
			if (!out.pampd[i])
				continue;
			queue->stats.evicted_zpages++;
			slot_put(queue, frame, pampd_slot(out.pampd[i]));
		}
		page = evict_end(queue, frame);
		spin_unlock_irqrestore(&queue->lock, flags);
	}
	return page;
}

/**
 * zbud_stats() - a consistent copy of a class's counters
 * @zbud: the allocator
 * @class: whose
 * @stats: where to
 *
 * Context: any but hard interrupt.
 */
void zbud_stats(struct zbud *zbud, enum zbud_class class,
		struct zbud_stats *stats)
{
	struct zbud_queue *queue = &zbud->queues[class];
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	*stats = queue->stats;
	spin_unlock_irqrestore(&queue->lock, flags);
}
