// SPDX-License-Identifier: GPL-2.0-only
/*
 * zbud: see zbud.h for what it is, zbud-group.h for what a group is.
 *
 * Groups are kept in lists by their free chunks, so the one that fits tightest is
 * found by a search for a bit. A group begins with one frame. When no group has
 * room for a zpage, a group that lacks frames is handed one, and else a new group
 * is made. A frame that has become empty is handed back at once; the first one
 * goes last.
 *
 * A group is on trial as long as nobody has wanted one of its zpages, and such groups
 * are apart from those that have proved themselves: the host decides which of them
 * make room. So a zpage that is known to be wanted does not come into a group on trial,
 * or would take along all that is there. One on trial may well come into a group that is
 * not, if there is room left in it; it takes no frame from anybody there.
 *
 * The names of zpages make a group reclaimable: zbud_evict() reads those within
 * and has each unlinked from tmem. Whoever unlinks a zpage owns it, so a get or
 * a flush that came first keeps its zpage, and the group stays until that one
 * is freed.
 *
 * Pampds: address of the zpage's first chunk | 4. Kernel pointers to objects
 * have a zero there, XArray value entries a one in bit 0.
 *
 * The lock of a queue is innermost and irq-safe: zbud_pin() is called under
 * tmem's lock. Data is copied in and out without it: a zpage that is not
 * published yet, or that is pinned, does not change.
 */
#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "zbud-group.h"

#define PAMPD_TAG	4UL
#define PAMPD_TAG_MASK	7UL

/* Zpages that zbud_evict() unlinks between two looks at the group. */
#define EVICT_BATCH	8

/* Groups that it tries before it gives up. */
#define EVICT_TRIES	8

static struct zbud_zpage *pampd_zpage(const void *pampd)
{
	return (struct zbud_zpage *)((unsigned long)pampd & ~PAMPD_TAG_MASK);
}

static void *to_pampd(struct zbud_zpage *zpage)
{
	return (void *)((unsigned long)zpage | PAMPD_TAG);
}

static struct list_head *group_lru(struct zbud_group *group)
{
	return &virt_to_page(group)->lru;
}

/* The lists of groups by free chunks */

static void room_del(struct zbud_queue *queue, struct zbud_group *group)
{
	lockdep_assert_held(&queue->lock);

	if (hlist_unhashed(&group->room))
		return;
	hlist_del_init(&group->room);
	if (hlist_empty(&queue->rooms[group->nr_free]))
		__clear_bit(group->nr_free, queue->filled);
}

/* Youngest first: an old group shall be left to grow old and be evicted. */
static void room_add(struct zbud_queue *queue, struct zbud_group *group)
{
	lockdep_assert_held(&queue->lock);

	if (!group->nr_free)
		return;
	hlist_add_head(&group->room, &queue->rooms[group->nr_free]);
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
				       enum zbud_rank rank, struct page *page)
{
	struct zbud_group *group = page_address(page);

	lockdep_assert_held(&queue->lock);

	memset(group, 0, sizeof(*group));
	INIT_HLIST_NODE(&group->room);
	group->rank = rank;
	list_add(&group->partial, &queue->partial[rank]);
	list_add_tail(group_lru(group), &queue->lru[rank]);
	set_page_private(page, (unsigned long)group);
	group->free[0] = ~0UL << ZBUD_HEADER_CHUNKS;
	group->nr_free = ZBUD_CHUNKS - ZBUD_HEADER_CHUNKS;
	group->nr_frames = 1;
	queue->stats.pageframes++;
	queue->stats.groups++;
	return group;
}

/* Find a place for a frame: in a group of a rank that lacks one, or by itself. */
static struct zbud_group *group_for_frame(struct zbud_queue *queue,
					  enum zbud_rank rank,
					  struct page *page)
{
	struct zbud_group *group;

	lockdep_assert_held(&queue->lock);

	group = list_first_entry_or_null(&queue->partial[rank],
					 struct zbud_group, partial);
	if (!group)
		return group_create(queue, rank, page);
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
		list_add(&group->partial, &queue->partial[group->rank]);
	room_add(queue, group);
}

static void count_zpage(struct zbud_queue *queue,
			const struct zbud_zpage *zpage, int n)
{
	lockdep_assert_held(&queue->lock);

	queue->stats.zpages += n;
	queue->stats.zbytes += n * (int)zpage->size;
	queue->stats.split += zbud_zpage_split(zpage) ? n : 0;
	queue->stats.histogram[DIV_ROUND_UP(zpage->size, ZBUD_CHUNK_SIZE)] += n;
	if (n > 0) {
		queue->stats.cumul_zpages++;
		queue->stats.cumul_zbytes += zpage->size;
	}
}

static void group_promote(struct zbud_queue *queue, struct zbud_group *group,
			  enum zbud_rank rank)
{
	lockdep_assert_held(&queue->lock);

	group->rank = rank;
	if (!list_empty(&group->partial))
		list_move(&group->partial, &queue->partial[rank]);
	list_move_tail(group_lru(group), &queue->lru[rank]);
}

/*
 * It is the most recently used one of its rank from now on; of a higher one, if what
 * it is used for is. It does not get younger by what is of a lower one.
 */
static void group_use(struct zbud_queue *queue, struct zbud_group *group,
		      enum zbud_rank rank)
{
	lockdep_assert_held(&queue->lock);

	if (rank < group->rank)
		return;
	group->stamp = READ_ONCE(*queue->now);
	if (rank > group->rank)
		group_promote(queue, group, rank);
	else
		list_move_tail(group_lru(group), &queue->lru[rank]);
}

static enum zbud_rank content_rank(const struct zbud_content *content)
{
	return content->on_trial ? ZBUD_ON_TRIAL : ZBUD_PROVED;
}

/* Make a zpage in @group, if it has room. */
static struct zbud_zpage *zpage_create(struct zbud_queue *queue,
				       struct zbud_group *group,
				       const struct tmem_handle *handle,
				       const struct zbud_content *content)
{
	struct zbud_zpage *zpage;

	lockdep_assert_held(&queue->lock);

	room_del(queue, group);
	zpage = zbud_group_lay(group, handle, content);
	if (zpage)
		count_zpage(queue, zpage, 1);
	room_add(queue, group);
	return zpage;
}

/*
 * Find room, in the group that it fits tightest, of those that were the last to get as
 * much. A group may just lack what the links between the pieces take, which is three
 * chunks at the worst, so there are four tries at the most.
 */
static struct zbud_zpage *zpage_find_room(struct zbud_queue *queue,
					  const struct tmem_handle *handle,
					  const struct zbud_content *content)
{
	unsigned int chunks = zbud_zpage_chunks(&handle->oid, content);
	struct zbud_zpage *zpage;
	struct zbud_group *group;

	lockdep_assert_held(&queue->lock);

	for_each_set_bit_from(chunks, queue->filled, ZBUD_GROUP_CHUNKS) {
		group = hlist_entry(queue->rooms[chunks].first,
				    struct zbud_group, room);
		if (group->rank < content_rank(content))
			continue;
		zpage = zpage_create(queue, group, handle, content);
		if (zpage)
			return zpage;
	}
	return NULL;
}

/* Drop a reference: was it the last? Frames that are empty then go to @frames. */
static bool zpage_put(struct zbud_queue *queue, struct zbud_group *group,
		      struct zbud_zpage *zpage, struct list_head *frames)
{
	lockdep_assert_held(&queue->lock);

	if (WARN_ON_ONCE(!zpage->refs) || --zpage->refs)
		return false;
	room_del(queue, group);
	count_zpage(queue, zpage, -1);
	zbud_group_release(group, zpage);
	if (!group->evicting)
		group_settle(queue, group, frames);
	return true;
}

/**
 * zbud_queue_init() - make an empty queue
 * @queue: storage for it
 * @now: the host's clock; stays
 */
void zbud_queue_init(struct zbud_queue *queue, const u16 *now)
{
	enum zbud_rank rank;

	memset(queue, 0, sizeof(*queue));
	spin_lock_init(&queue->lock);
	for (rank = 0; rank < ZBUD_RANKS; rank++) {
		INIT_LIST_HEAD(&queue->lru[rank]);
		INIT_LIST_HEAD(&queue->partial[rank]);
	}
	queue->now = now;
}

/**
 * zbud_max_size() - the largest zpage that there is room for in a frame
 *
 * Return: its compressed size in bytes.
 */
unsigned int zbud_max_size(void)
{
	return (ZBUD_CHUNKS - ZBUD_HEADER_CHUNKS) * ZBUD_CHUNK_SIZE -
	       zbud_head_size(TMEM_OID_WORDS, true);
}

/**
 * zbud_alloc() - store a compressed page
 * @queue: where
 * @handle: the name it will have in tmem
 * @content: what is to be in it; copied
 * @frame: a page frame to use if no group has room, or NULL there for none; set
 *	to NULL when it was used
 *
 * The zpage is not looked at by eviction before tmem knows it by @handle.
 *
 * Context: any but hard interrupt.
 * Return: a pampd with one reference, or NULL if there is no room.
 */
void *zbud_alloc(struct zbud_queue *queue, const struct tmem_handle *handle,
		 const struct zbud_content *content, struct page **frame)
{
	struct zbud_zpage *zpage;
	struct zbud_group *group;
	unsigned long flags;

	if (WARN_ON_ONCE(!content->size || content->size > zbud_max_size() ||
			 content->tag > ZBUD_MAX_TAG))
		return NULL;

	spin_lock_irqsave(&queue->lock, flags);
	zpage = zpage_find_room(queue, handle, content);
	if (!zpage && *frame) {
		group = group_for_frame(queue, content_rank(content), *frame);
		*frame = NULL;
		zpage = zpage_create(queue, group, handle, content);
		WARN_ON_ONCE(!zpage);
	}
	if (zpage)
		group_use(queue, zbud_zpage_group(zpage), content_rank(content));
	spin_unlock_irqrestore(&queue->lock, flags);
	if (!zpage)
		return NULL;

	zbud_zpage_write(zpage, content->data);
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
 * @queue: the one that it is in
 * @pampd: a zpage that somebody holds a reference to
 *
 * Its group is the most recently used one then, and has proved itself.
 *
 * Context: any but hard interrupt.
 */
void zbud_pin(struct zbud_queue *queue, void *pampd)
{
	struct zbud_zpage *zpage = pampd_zpage(pampd);
	struct zbud_group *group = zbud_zpage_group(zpage);
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	WARN_ON_ONCE(!zpage->refs);
	zpage->refs++;
	if (!group->evicting)
		group_use(queue, group, ZBUD_PROVED);
	spin_unlock_irqrestore(&queue->lock, flags);
}

/**
 * zbud_free() - drop a reference to a zpage; the last one frees it
 * @queue: the one that it is in
 * @pampd: the zpage
 * @frames: page frames that are empty then are added to this list, by their
 *	lru; they are the caller's
 *
 * Context: any but hard interrupt.
 * Return: true if it was the last one.
 */
bool zbud_free(struct zbud_queue *queue, void *pampd, struct list_head *frames)
{
	struct zbud_zpage *zpage = pampd_zpage(pampd);
	struct zbud_group *group = zbud_zpage_group(zpage);
	unsigned long flags;
	bool last;

	spin_lock_irqsave(&queue->lock, flags);
	last = zpage_put(queue, group, zpage, frames);
	spin_unlock_irqrestore(&queue->lock, flags);
	return last;
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
 * zbud_tag() - what the host wants to know of a zpage
 * @pampd: a zpage that the caller holds a reference to
 *
 * Return: the tag it was stored with.
 */
unsigned int zbud_tag(const void *pampd)
{
	return pampd_zpage(pampd)->tag;
}

/**
 * zbud_owner() - whose is a zpage?
 * @pampd: a zpage that the caller holds a reference to
 *
 * Return: the owner it was stored with, or NULL.
 */
void *zbud_owner(const void *pampd)
{
	return zbud_zpage_owner(pampd_zpage(pampd));
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
	return zbud_zpage_data(pampd_zpage(pampd), buf);
}

static struct zbud_group *oldest_group(struct zbud_queue *queue,
				       enum zbud_rank rank)
{
	struct zbud_group *group;
	struct page *page;

	lockdep_assert_held(&queue->lock);

	page = list_first_entry_or_null(&queue->lru[rank], struct page, lru);
	if (!page)
		return NULL;
	group = page_address(page);
	WARN_ON_ONCE(group->rank != rank);
	return group;
}

static struct zbud_group *evict_begin(struct zbud_queue *queue,
				      enum zbud_rank rank)
{
	struct zbud_group *group = oldest_group(queue, rank);

	if (!group)
		return NULL;
	group->evicting = true;
	list_del_init(group_lru(group));
	list_del_init(&group->partial);
	room_del(queue, group);
	return group;
}

/* The next few zpages of a group, from chunk *@at on. */
static unsigned int name_zpages(struct zbud_queue *queue,
				struct zbud_group *group, unsigned int *at,
				struct zbud_name *names, unsigned int max)
{
	struct zbud_zpage *zpage;
	unsigned int nr = 0;

	lockdep_assert_held(&queue->lock);

	for_each_set_bit_from(*at, group->heads, ZBUD_GROUP_CHUNKS) {
		if (nr == max)
			break;
		zpage = zbud_group_chunk(group, *at / ZBUD_CHUNKS,
					 *at % ZBUD_CHUNKS);
		names[nr].pampd = to_pampd(zpage);
		zbud_zpage_name(zpage, &names[nr].handle);
		nr++;
	}
	return nr;
}

/* Unlink them without the lock, and drop what was theirs. */
static void evict_unlink(struct zbud_queue *queue, struct zbud_group *group,
			 struct zbud_name *names, unsigned int nr,
			 zbud_unlink_t unlink, void *arg,
			 struct list_head *frames, unsigned long *flags)
	__must_hold(&queue->lock)
{
	unsigned int i;

	spin_unlock_irqrestore(&queue->lock, *flags);
	for (i = 0; i < nr; i++)
		if (!unlink(arg, &names[i].handle, names[i].pampd))
			names[i].pampd = NULL;
	spin_lock_irqsave(&queue->lock, *flags);

	for (i = 0; i < nr; i++) {
		if (!names[i].pampd)
			continue;
		queue->stats.evicted_zpages++;
		zpage_put(queue, group, pampd_zpage(names[i].pampd), frames);
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
	list_add_tail(group_lru(group), &queue->lru[group->rank]);
	group_settle(queue, group, frames);
	nr = before - queue->stats.pageframes;
	queue->stats.evicted_pageframes += nr;
	return nr;
}

/**
 * zbud_evict() - empty the least recently used group of a rank
 * @queue: the queue
 * @rank: which
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
unsigned int zbud_evict(struct zbud_queue *queue, enum zbud_rank rank,
			zbud_unlink_t unlink, void *arg,
			struct list_head *frames)
{
	struct zbud_name names[EVICT_BATCH];
	unsigned int at, n, tries, nr = 0;
	struct zbud_group *group;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	for (tries = 0; tries < EVICT_TRIES && !nr; tries++) {
		group = evict_begin(queue, rank);
		if (!group)
			break;
		at = 0;
		/* None come in while the group is being evicted. */
		while ((n = name_zpages(queue, group, &at, names, EVICT_BATCH)))
			evict_unlink(queue, group, names, n, unlink, arg,
				     frames, &flags);
		nr = evict_end(queue, group, frames);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return nr;
}

/**
 * zbud_oldest_names() - what is in the least recently used group, on trial if any is?
 * @queue: the queue
 * @names: set to its zpages
 * @max: how many there is room for
 *
 * The group is then the last one that would be evicted, and the next call tells
 * of another one. For who wants to empty frames in another way than by losing
 * what is in them. A zpage that is just being stored is among those that are
 * told, so each has to be looked up by its name before it is read.
 *
 * Context: any but hard interrupt.
 * Return: how many there are in @names; 0 if there is no group.
 */
unsigned int zbud_oldest_names(struct zbud_queue *queue,
			       struct zbud_name *names, unsigned int max)
{
	struct zbud_group *group;
	unsigned int at = 0, nr = 0;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	group = oldest_group(queue, ZBUD_ON_TRIAL) ?:
		oldest_group(queue, ZBUD_PROVED);
	if (group) {
		nr = name_zpages(queue, group, &at, names, max);
		group_promote(queue, group, ZBUD_PROVED);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return nr;
}

/**
 * zbud_room() - how large may a zpage be without another frame?
 * @queue: the queue
 *
 * A hint, for a name of one word: a zpage that has to be split may just not fit,
 * nor is the room kept for it.
 *
 * Context: any.
 * Return: the compressed size in bytes; 0 if there is no room at all.
 */
unsigned int zbud_room(const struct zbud_queue *queue)
{
	unsigned int chunks;

	/* data_race: a bit that is just changing is a hint like any other. */
	chunks = data_race(find_last_bit(queue->filled, ZBUD_GROUP_CHUNKS));
	if (chunks == ZBUD_GROUP_CHUNKS)
		return 0;
	return min(chunks * ZBUD_CHUNK_SIZE - zbud_head_size(1, false), zbud_max_size());
}

/**
 * zbud_oldest() - when was the least recently used group of a rank used last?
 * @queue: the queue
 * @rank: which
 * @stamp: set to that, by the host's clock
 *
 * Context: any but hard interrupt.
 * Return: false if there is no group.
 */
bool zbud_oldest(struct zbud_queue *queue, enum zbud_rank rank, u16 *stamp)
{
	struct zbud_group *group;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	group = oldest_group(queue, rank);
	if (group)
		*stamp = group->stamp;
	spin_unlock_irqrestore(&queue->lock, flags);
	return group;
}

/**
 * zbud_stats() - a consistent copy of a queue's counters
 * @queue: the queue
 * @stats: where to
 *
 * Context: any but hard interrupt.
 */
void zbud_stats(struct zbud_queue *queue, struct zbud_stats *stats)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	*stats = queue->stats;
	spin_unlock_irqrestore(&queue->lock, flags);
}
