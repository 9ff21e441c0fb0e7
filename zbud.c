// SPDX-License-Identifier: GPL-2.0-only
/*
 * zbud: see zbud.h for what it is.
 *
 * A group is one to four frames of 64 chunks of 64 bytes. Its header takes the
 * first two chunks of its first frame; all others hold zpages. A zpage takes
 * the tightest gap that it fits in, or else, as no gap is large enough, gaps
 * one after the other: each run of chunks begins with a link to the next. So a
 * zpage fits wherever there are enough free chunks, and what a group cannot use
 * is a few chunks for all of its frames, instead of up to half of each.
 * Nothing is ever moved. Groups are kept in lists by their free chunks, so the
 * one that fits tightest is found by a search for a bit.
 *
 * A group begins with one frame. When no group has room for a zpage, a group
 * that lacks frames is handed one, and else a new group is made. A frame that
 * has become empty is handed back at once; the first one goes last.
 *
 * A zpage is a header, its name, and the compressed bytes. The name is what
 * makes a group reclaimable: zbud_evict() reads the names of the zpages within
 * and has each unlinked from tmem. Whoever unlinks a zpage owns it, so a get or
 * a flush that came first keeps its zpage, and the group stays until that one
 * is freed.
 *
 * Pampds: address of the zpage's first chunk | 4. Kernel pointers to objects
 * have a zero there, XArray value entries a one in bit 0.
 *
 * The lock of a class is innermost and irq-safe: zbud_pin() is called under
 * tmem's lock. Data is copied in and out without it: a zpage that is not
 * published yet, or that is pinned, does not change.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "zbud.h"

#define PAMPD_TAG	4UL
#define PAMPD_TAG_MASK	7UL

#define NO_FRAME	U8_MAX

/* Groups that zbud_evict() tries before it gives up. */
#define EVICT_TRIES	8

/* Zpages that it unlinks between two looks at the group. */
#define EVICT_BATCH	8

/**
 * struct zbud_run - a run of chunks; at the beginning of the first
 * @nr: how many
 * @next_frame: where the zpage goes on, or NO_FRAME
 * @next_start: the first chunk there
 *
 * Immutable as long as the zpage is there.
 */
struct zbud_run {
	u8 nr;
	u8 next_frame;
	u8 next_start;
};

/**
 * struct zbud_zpage - header of a zpage
 * @run: its first run
 * @oid_words: words of its object's name; those that are left out are zero
 * @size: compressed bytes
 * @refs: the tmem entry's reference and one for each pin
 * @pool_id: of its name
 * @data: the index, the words of the object's name, then the compressed bytes,
 *	of which all but the first run's lie elsewhere
 *
 * @refs is protected by the queue's lock, the rest is immutable.
 */
struct zbud_zpage {
	struct zbud_run run;
	u8 oid_words;
	u16 size;
	u16 refs;
	u32 pool_id;
	u8 data[];
};

/**
 * struct zbud_group - header of a group, in the first chunks of its first frame
 * @room: in the queue's rooms[@nr_free]; empty if that is 0, or while evicted
 * @partial: in the queue's partial, or empty, as while evicted
 * @more: the other frames, NULL for one that is not there
 * @free: by frame, a bit for each chunk that is free; 0 without a frame
 * @heads: bit set for each chunk that a zpage begins at
 * @class: which queue; immutable
 * @nr_zpages: how many there are
 * @nr_free: bits in @free
 * @nr_frames: frames that are there
 * @evicting: zbud_evict() has it; it will decide what becomes of the frames
 * @stamp: when a zpage of it was stored or read last, by the host's clock
 *
 * All but @class is protected by the queue's lock; so is the lru of the first
 * frame's struct page, which is in the queue's lru, but for while it is evicted.
 * The private of each frame's struct page is the group; it is constant for as
 * long as there is a zpage in the frame.
 */
struct zbud_group {
	struct list_head room;
	struct list_head partial;
	void *more[ZBUD_FRAMES - 1];
	unsigned long free[ZBUD_FRAMES];
	DECLARE_BITMAP(heads, ZBUD_GROUP_CHUNKS);
	u8 class;
	u8 nr_zpages;
	u8 nr_free;
	u8 nr_frames;
	bool evicting;
	u16 stamp;
};

#define HEADER_CHUNKS	DIV_ROUND_UP(sizeof(struct zbud_group), ZBUD_CHUNK_SIZE)
#define NAME_SIZE(words) (((words) + 1) * sizeof(u64))
#define MAX_HEAD	(sizeof(struct zbud_zpage) + NAME_SIZE(TMEM_OID_WORDS))

static_assert(ZBUD_CHUNKS == BITS_PER_LONG);
static_assert(ZBUD_GROUP_CHUNKS - HEADER_CHUNKS <= U8_MAX);
static_assert(HEADER_CHUNKS <= 2);
static_assert(MAX_HEAD <= ZBUD_CHUNK_SIZE);

/* Where things are */

static void *group_frame(struct zbud_group *group, unsigned int i)
{
	return i ? group->more[i - 1] : group;
}

static void *group_chunk(struct zbud_group *group, unsigned int frame,
			 unsigned int chunk)
{
	return group_frame(group, frame) + chunk * ZBUD_CHUNK_SIZE;
}

static struct zbud_zpage *pampd_zpage(const void *pampd)
{
	return (struct zbud_zpage *)((unsigned long)pampd & ~PAMPD_TAG_MASK);
}

static void *to_pampd(struct zbud_zpage *zpage)
{
	return (void *)((unsigned long)zpage | PAMPD_TAG);
}

static struct zbud_group *zpage_group(const struct zbud_zpage *zpage)
{
	return (void *)page_private(virt_to_page(zpage));
}

static struct zbud_queue *group_queue(struct zbud *zbud,
				      const struct zbud_group *group)
{
	return &zbud->queues[group->class];
}

static struct list_head *group_lru(struct zbud_group *group)
{
	return &virt_to_page(group)->lru;
}

/* The chunk that a zpage begins at, counted over all frames. */
static unsigned int zpage_chunk(struct zbud_group *group,
				const struct zbud_zpage *zpage)
{
	unsigned int chunk = offset_in_page(zpage) / ZBUD_CHUNK_SIZE, i = 0;

	while (group_chunk(group, i, chunk) != zpage)
		i++;
	return i * ZBUD_CHUNKS + chunk;
}

static struct zbud_run *next_run(struct zbud_group *group,
				 const struct zbud_run *run)
{
	if (run->next_frame == NO_FRAME)
		return NULL;
	return group_chunk(group, run->next_frame, run->next_start);
}

/* Names */

static unsigned int oid_words(const struct tmem_oid *oid)
{
	unsigned int n = TMEM_OID_WORDS;

	while (n && !oid->w[n - 1])
		n--;
	return n;
}

/* Bytes of a zpage before the compressed ones. */
static unsigned int head_size(unsigned int words)
{
	return sizeof(struct zbud_zpage) + NAME_SIZE(words);
}

static void set_name(struct zbud_zpage *zpage, const struct tmem_handle *handle)
{
	zpage->oid_words = oid_words(&handle->oid);
	zpage->pool_id = handle->pool_id;
	memcpy(zpage->data, &handle->index, sizeof(u64));
	memcpy(zpage->data + sizeof(u64), handle->oid.w,
	       zpage->oid_words * sizeof(u64));
}

static void get_name(const struct zbud_zpage *zpage, struct tmem_handle *handle)
{
	memset(handle, 0, sizeof(*handle));
	handle->pool_id = zpage->pool_id;
	memcpy(&handle->index, zpage->data, sizeof(u64));
	memcpy(handle->oid.w, zpage->data + sizeof(u64),
	       zpage->oid_words * sizeof(u64));
}

/* The lists of groups by free chunks */

static void room_del(struct zbud_queue *queue, struct zbud_group *group)
{
	lockdep_assert_held(&queue->lock);

	if (list_empty(&group->room))
		return;
	list_del_init(&group->room);
	if (list_empty(&queue->rooms[group->nr_free]))
		__clear_bit(group->nr_free, queue->filled);
}

/* Youngest first: an old group shall be left to grow old and be evicted. */
static void room_add(struct zbud_queue *queue, struct zbud_group *group)
{
	lockdep_assert_held(&queue->lock);

	if (!group->nr_free)
		return;
	list_add(&group->room, &queue->rooms[group->nr_free]);
	__set_bit(group->nr_free, queue->filled);
}

/* Frames of a group */

static void frame_add(struct zbud_queue *queue, struct zbud_group *group,
		      struct page *page)
{
	unsigned int i = 1;

	lockdep_assert_held(&queue->lock);

	while (group->more[i - 1])
		i++;
	group->more[i - 1] = page_address(page);
	set_page_private(page, (unsigned long)group);
	group->free[i] = ~0UL;
	group->nr_free += ZBUD_CHUNKS;
	queue->stats.pageframes++;
	if (++group->nr_frames == ZBUD_FRAMES)
		list_del_init(&group->partial);
}

static void frame_del(struct zbud_queue *queue, struct page *page,
		      struct list_head *frames)
{
	lockdep_assert_held(&queue->lock);

	set_page_private(page, 0);
	list_add_tail(&page->lru, frames);
	queue->stats.pageframes--;
}

static struct zbud_group *group_create(struct zbud_queue *queue,
				       enum zbud_class class, struct page *page)
{
	struct zbud_group *group = page_address(page);

	lockdep_assert_held(&queue->lock);

	memset(group, 0, sizeof(*group));
	INIT_LIST_HEAD(&group->room);
	list_add(&group->partial, &queue->partial);
	list_add_tail(group_lru(group), &queue->lru);
	set_page_private(page, (unsigned long)group);
	group->class = class;
	group->free[0] = ~0UL << HEADER_CHUNKS;
	group->nr_free = ZBUD_CHUNKS - HEADER_CHUNKS;
	group->nr_frames = 1;
	queue->stats.pageframes++;
	queue->stats.groups++;
	return group;
}

/* Find a place for a frame: in a group that lacks one, or by itself. */
static struct zbud_group *group_for_frame(struct zbud_queue *queue,
					  enum zbud_class class,
					  struct page *page)
{
	struct zbud_group *group;

	lockdep_assert_held(&queue->lock);

	group = list_first_entry_or_null(&queue->partial, struct zbud_group,
					 partial);
	if (!group)
		return group_create(queue, class, page);
	room_del(queue, group);
	frame_add(queue, group, page);
	return group;
}

/*
 * After zpages have gone: hand over the frames that are empty, and put the rest
 * where it belongs.
 */
static void group_settle(struct zbud_queue *queue, struct zbud_group *group,
			 struct list_head *frames)
{
	unsigned int i;

	lockdep_assert_held(&queue->lock);

	for (i = 1; i < ZBUD_FRAMES; i++) {
		if (~group->free[i])
			continue;
		frame_del(queue, virt_to_page(group->more[i - 1]), frames);
		group->more[i - 1] = NULL;
		group->free[i] = 0;
		group->nr_free -= ZBUD_CHUNKS;
		group->nr_frames--;
	}
	if (!group->nr_zpages) {
		list_del(&group->partial);
		list_del(group_lru(group));
		frame_del(queue, virt_to_page(group), frames);
		queue->stats.groups--;
		return;
	}
	if (group->nr_frames < ZBUD_FRAMES && list_empty(&group->partial))
		list_add(&group->partial, &queue->partial);
	room_add(queue, group);
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
	struct zbud_run *run = group_chunk(group, frame, first);

	group->free[frame] &= ~GENMASK(first + nr - 1, first);
	group->nr_free -= nr;
	run->nr = nr;
	run->next_frame = NO_FRAME;
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

static struct zbud_zpage *zpage_lay(struct zbud_group *group,
				    unsigned int bytes)
{
	unsigned int chunks = DIV_ROUND_UP(bytes, ZBUD_CHUNK_SIZE);
	struct fit fit = find_fit(group, chunks);
	struct zbud_run *run;

	if (fit.nr)
		run = run_take(group, fit.frame, fit.first, chunks);
	else if (fit.bytes >= (int)bytes)
		run = take_gaps(group, bytes);
	else
		return NULL;
	return container_of(run, struct zbud_zpage, run);
}

static void count_zpage(struct zbud_queue *queue,
			const struct zbud_zpage *zpage, int n)
{
	lockdep_assert_held(&queue->lock);

	queue->stats.zpages += n;
	queue->stats.zbytes += n * (int)zpage->size;
	queue->stats.split += zpage->run.next_frame != NO_FRAME ? n : 0;
	queue->stats.histogram[DIV_ROUND_UP(zpage->size, ZBUD_CHUNK_SIZE)] += n;
	if (n > 0) {
		queue->stats.cumul_zpages++;
		queue->stats.cumul_zbytes += zpage->size;
	}
}

/* It is the most recently used one from now on. */
static void group_use(struct zbud *zbud, struct zbud_queue *queue,
		      struct zbud_group *group)
{
	lockdep_assert_held(&queue->lock);

	group->stamp = READ_ONCE(zbud->now);
	list_move_tail(group_lru(group), &queue->lru);
}

/* Make a zpage in @group, if it has room. */
static struct zbud_zpage *zpage_create(struct zbud_queue *queue,
				       struct zbud_group *group,
				       const struct tmem_handle *handle,
				       unsigned int size)
{
	struct zbud_zpage *zpage;

	lockdep_assert_held(&queue->lock);

	room_del(queue, group);
	zpage = zpage_lay(group, head_size(oid_words(&handle->oid)) + size);
	if (zpage) {
		set_name(zpage, handle);
		zpage->size = size;
		zpage->refs = 1;
		__set_bit(zpage_chunk(group, zpage), group->heads);
		group->nr_zpages++;
		count_zpage(queue, zpage, 1);
	}
	room_add(queue, group);
	return zpage;
}

/*
 * Find room, in the group that it fits tightest. A group may just lack what the
 * links between the pieces take, which is three chunks at the worst, so there
 * are four tries at the most.
 */
static struct zbud_zpage *zpage_find_room(struct zbud_queue *queue,
					  const struct tmem_handle *handle,
					  unsigned int size)
{
	unsigned int bytes = head_size(oid_words(&handle->oid)) + size;
	unsigned int chunks = DIV_ROUND_UP(bytes, ZBUD_CHUNK_SIZE);
	struct zbud_zpage *zpage;
	struct zbud_group *group;

	lockdep_assert_held(&queue->lock);

	for_each_set_bit_from(chunks, queue->filled, ZBUD_GROUP_CHUNKS) {
		group = list_first_entry(&queue->rooms[chunks],
					 struct zbud_group, room);
		zpage = zpage_create(queue, group, handle, size);
		if (zpage)
			return zpage;
	}
	return NULL;
}

/* The last reference has gone: give the chunks back. */
static void zpage_destroy(struct zbud_queue *queue, struct zbud_group *group,
			  struct zbud_zpage *zpage)
{
	unsigned int chunk = zpage_chunk(group, zpage);
	unsigned int frame = chunk / ZBUD_CHUNKS, first = chunk % ZBUD_CHUNKS;
	struct zbud_run *run;

	lockdep_assert_held(&queue->lock);

	count_zpage(queue, zpage, -1);
	__clear_bit(chunk, group->heads);
	group->nr_zpages--;
	for (run = &zpage->run; run; run = next_run(group, run)) {
		group->free[frame] |= GENMASK(first + run->nr - 1, first);
		group->nr_free += run->nr;
		frame = run->next_frame;
		first = run->next_start;
	}
}

/* Drop a reference; frames that are empty then go to @frames. */
static void zpage_put(struct zbud_queue *queue, struct zbud_group *group,
		      struct zbud_zpage *zpage, struct list_head *frames)
{
	lockdep_assert_held(&queue->lock);

	if (WARN_ON_ONCE(!zpage->refs) || --zpage->refs)
		return;
	room_del(queue, group);
	zpage_destroy(queue, group, zpage);
	if (!group->evicting)
		group_settle(queue, group, frames);
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
		INIT_LIST_HEAD(&queue->partial);
		for (i = 0; i < ZBUD_GROUP_CHUNKS; i++)
			INIT_LIST_HEAD(&queue->rooms[i]);
	}
}

/**
 * zbud_max_size() - the largest zpage that there is room for in a frame
 *
 * Return: its compressed size in bytes.
 */
unsigned int zbud_max_size(void)
{
	return (ZBUD_CHUNKS - HEADER_CHUNKS) * ZBUD_CHUNK_SIZE - MAX_HEAD;
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
		*run = next_run(zpage_group(zpage), *run);
	} else {
		*run = &zpage->run;
		head = head_size(zpage->oid_words);
	}
	*len = (*run)->nr * ZBUD_CHUNK_SIZE - head;
	return (void *)*run + head;
}

static void scatter(struct zbud_zpage *zpage, const void *data)
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
 * zbud_alloc() - store a compressed page
 * @zbud: the allocator
 * @class: ephemeral or persistent
 * @handle: the name it will have in tmem
 * @data: the compressed bytes
 * @size: how many; 1 to zbud_max_size()
 * @frame: a page frame to use if no group has room, or NULL there for none; set
 *	to NULL when it was used
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
	struct zbud_zpage *zpage;
	struct zbud_group *group;
	unsigned long flags;

	if (WARN_ON_ONCE(!size || size > zbud_max_size()))
		return NULL;

	spin_lock_irqsave(&queue->lock, flags);
	zpage = zpage_find_room(queue, handle, size);
	if (!zpage && *frame) {
		group = group_for_frame(queue, class, *frame);
		*frame = NULL;
		zpage = zpage_create(queue, group, handle, size);
		WARN_ON_ONCE(!zpage);
	}
	if (zpage)
		group_use(zbud, queue, zpage_group(zpage));
	spin_unlock_irqrestore(&queue->lock, flags);
	if (!zpage)
		return NULL;

	scatter(zpage, data);
	return to_pampd(zpage);
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
 * zbud_pin() - take a reference to a zpage, to read it
 * @zbud: the allocator
 * @pampd: a zpage that somebody holds a reference to
 *
 * Its group is the most recently used one then.
 *
 * Context: any but hard interrupt.
 */
void zbud_pin(struct zbud *zbud, void *pampd)
{
	struct zbud_zpage *zpage = pampd_zpage(pampd);
	struct zbud_group *group = zpage_group(zpage);
	struct zbud_queue *queue = group_queue(zbud, group);
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	WARN_ON_ONCE(!zpage->refs);
	zpage->refs++;
	if (!group->evicting)
		group_use(zbud, queue, group);
	spin_unlock_irqrestore(&queue->lock, flags);
}

/**
 * zbud_free() - drop a reference to a zpage; the last one frees it
 * @zbud: the allocator
 * @pampd: the zpage
 * @frames: page frames that are empty then are added to this list, by their
 *	lru; they are the caller's
 *
 * Context: any but hard interrupt.
 */
void zbud_free(struct zbud *zbud, void *pampd, struct list_head *frames)
{
	struct zbud_zpage *zpage = pampd_zpage(pampd);
	struct zbud_group *group = zpage_group(zpage);
	struct zbud_queue *queue = group_queue(zbud, group);
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	zpage_put(queue, group, zpage, frames);
	spin_unlock_irqrestore(&queue->lock, flags);
}

/**
 * zbud_size() - how many bytes a zpage has
 * @pampd: a zpage that the caller holds a reference to
 *
 * Return: the compressed size in bytes.
 */
unsigned int zbud_size(const void *pampd)
{
	return pampd_zpage(pampd)->size;
}

/**
 * zbud_data() - a zpage's compressed bytes
 * @pampd: a zpage that the caller holds a reference to
 * @buf: room for zbud_size() bytes, used if they do not lie together
 *
 * Return: the bytes, there or in @buf. They do not change while the reference
 * is held.
 */
const void *zbud_data(const void *pampd, void *buf)
{
	struct zbud_zpage *zpage = pampd_zpage(pampd);

	if (zpage->run.next_frame == NO_FRAME)
		return zpage->data + NAME_SIZE(zpage->oid_words);
	gather(zpage, buf);
	return buf;
}

/* What zbud_evict() has to unlink, copied out so that no lock is needed. */
struct evictees {
	unsigned int nr;
	void *pampd[EVICT_BATCH];
	struct tmem_handle handle[EVICT_BATCH];
};

static struct zbud_group *evict_begin(struct zbud_queue *queue)
{
	struct zbud_group *group;
	struct page *page;

	lockdep_assert_held(&queue->lock);

	page = list_first_entry_or_null(&queue->lru, struct page, lru);
	if (!page)
		return NULL;
	group = page_address(page);
	group->evicting = true;
	list_del_init(&page->lru);
	list_del_init(&group->partial);
	room_del(queue, group);
	return group;
}

/*
 * The next few zpages, from chunk *@at on. None come in while the group is
 * being evicted.
 */
static bool evict_collect(struct zbud_queue *queue, struct zbud_group *group,
			  unsigned int *at, struct evictees *out)
{
	struct zbud_zpage *zpage;

	lockdep_assert_held(&queue->lock);

	out->nr = 0;
	for_each_set_bit_from(*at, group->heads, ZBUD_GROUP_CHUNKS) {
		if (out->nr == EVICT_BATCH)
			break;
		zpage = group_chunk(group, *at / ZBUD_CHUNKS,
				    *at % ZBUD_CHUNKS);
		out->pampd[out->nr] = to_pampd(zpage);
		get_name(zpage, &out->handle[out->nr]);
		out->nr++;
	}
	return out->nr;
}

/* Unlink them without the lock, and drop what was theirs. */
static void evict_unlink(struct zbud_queue *queue, struct zbud_group *group,
			 struct evictees *out, zbud_unlink_t unlink, void *arg,
			 struct list_head *frames, unsigned long *flags)
	__must_hold(&queue->lock)
{
	unsigned int i;

	spin_unlock_irqrestore(&queue->lock, *flags);
	for (i = 0; i < out->nr; i++)
		if (!unlink(arg, &out->handle[i], out->pampd[i]))
			out->pampd[i] = NULL;
	spin_lock_irqsave(&queue->lock, *flags);

	for (i = 0; i < out->nr; i++) {
		if (!out->pampd[i])
			continue;
		queue->stats.evicted_zpages++;
		zpage_put(queue, group, pampd_zpage(out->pampd[i]), frames);
	}
}

/* What is left goes where the young ones are. */
static unsigned int evict_end(struct zbud_queue *queue,
			      struct zbud_group *group,
			      struct list_head *frames)
{
	unsigned long before = queue->stats.pageframes, nr;

	lockdep_assert_held(&queue->lock);

	group->evicting = false;
	list_add_tail(group_lru(group), &queue->lru);
	group_settle(queue, group, frames);
	nr = before - queue->stats.pageframes;
	queue->stats.evicted_pageframes += nr;
	return nr;
}

/**
 * zbud_evict() - empty the least recently used group
 * @zbud: the allocator
 * @class: whose
 * @unlink: takes one zpage out of tmem; called without locks, with the caller's
 *	context
 * @arg: for @unlink
 * @frames: the page frames are added to this list, by their lru; they are the
 *	caller's
 *
 * A frame from which somebody else has just taken a zpage, and not freed it
 * yet, cannot be emptied; if there is no other one in the group, the next group
 * is tried, a few times.
 *
 * Context: as @unlink; any but hard interrupt.
 * Return: how many frames it gave, 0 if there are none to be had.
 */
unsigned int zbud_evict(struct zbud *zbud, enum zbud_class class,
			zbud_unlink_t unlink, void *arg,
			struct list_head *frames)
{
	struct zbud_queue *queue = &zbud->queues[class];
	unsigned int at, tries, nr = 0;
	struct zbud_group *group;
	struct evictees out;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	for (tries = 0; tries < EVICT_TRIES && !nr; tries++) {
		group = evict_begin(queue);
		if (!group)
			break;
		at = 0;
		while (evict_collect(queue, group, &at, &out))
			evict_unlink(queue, group, &out, unlink, arg, frames,
				     &flags);
		nr = evict_end(queue, group, frames);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return nr;
}

/**
 * zbud_room() - is there a group with so many bytes free?
 * @zbud: the allocator
 * @class: whose
 * @size: the compressed size of a zpage in bytes
 *
 * A hint: the zpage may just not fit, nor is the room kept for it.
 *
 * Context: any.
 * Return: true if there is.
 */
bool zbud_room(struct zbud *zbud, enum zbud_class class, unsigned int size)
{
	unsigned int chunks = DIV_ROUND_UP(size + head_size(1), ZBUD_CHUNK_SIZE);

	/* data_race: a bit that is just changing is a hint like any other. */
	return data_race(find_next_bit(zbud->queues[class].filled,
				       ZBUD_GROUP_CHUNKS, chunks)) <
	       ZBUD_GROUP_CHUNKS;
}

/**
 * zbud_oldest() - when was the least recently used group used last?
 * @zbud: the allocator
 * @class: whose
 * @stamp: set to that, by the host's clock
 *
 * Context: any but hard interrupt.
 * Return: false if there is no group.
 */
bool zbud_oldest(struct zbud *zbud, enum zbud_class class, u16 *stamp)
{
	struct zbud_queue *queue = &zbud->queues[class];
	struct page *page;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	page = list_first_entry_or_null(&queue->lru, struct page, lru);
	if (page) {
		struct zbud_group *group = page_address(page);

		*stamp = group->stamp;
	}
	spin_unlock_irqrestore(&queue->lock, flags);
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
