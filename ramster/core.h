/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAMster: what the files that move pages share.
 *
 *   main.c	the one that this machine's zcache has
 *   member.c	join and leave a cluster; what peers tell
 *   remote.c	own pages that are elsewhere: their descriptors
 *   remotify.c	own pages go out
 *   home.c	own pages come back: for a reader, or to stay
 *   foreign.c	others' pages that are here
 *
 * A page has another name on the wire than at home: a serial number, which is
 * used once. So whatever overtakes what, and however often a connection breaks,
 * a message about a page that is gone cannot be taken for one about the page
 * that has its place now.
 *
 * Locks, inside those of zcache:
 *
 *   ramster_cluster.srcu	the cluster stays while somebody talks to it
 *     guest->lock		mutex
 *     keeper->lock		irq-safe, nothing is called under it
 */
#ifndef _RAMSTER_CORE_H
#define _RAMSTER_CORE_H

#include <linux/atomic.h>
#include <linux/mempool.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../zcache.h"
#include "cluster.h"
#include "ramster.h"

struct dentry;

/* Flushes to one peer that may be under way. */
#define RAMSTER_FLUSHES		8

/* Things that happen, each counted. The names are those in debugfs. */
enum ramster_event {
	RAMSTER_EPH_PAGES_REMOTED,
	RAMSTER_PERS_PAGES_REMOTED,
	RAMSTER_EPH_PAGES_REMOTE_FAILED,
	RAMSTER_PERS_PAGES_REMOTE_FAILED,
	RAMSTER_PERS_PUTS_WAITED,
	RAMSTER_PERS_PUTS_WAITED_IN_VAIN,
	RAMSTER_REMOTE_EPH_PAGES_SUCC_GET,
	RAMSTER_REMOTE_PERS_PAGES_SUCC_GET,
	RAMSTER_REMOTE_EPH_PAGES_UNSUCC_GET,
	RAMSTER_REMOTE_PERS_PAGES_UNSUCC_GET,
	RAMSTER_REMOTE_PAGES_FLUSHED,
	RAMSTER_REMOTE_PAGE_FLUSHES_FAILED,
	RAMSTER_PAGES_REPATRIATED,
	RAMSTER_PAGES_REPATRIATE_FAILED,
	RAMSTER_PAGES_SENT_ON,
	RAMSTER_PERS_PAGES_LOST,
	RAMSTER_EPH_PAGES_LOST,
	RAMSTER_BAD_PAGES,
	RAMSTER_FOREIGN_PUTS,
	RAMSTER_FOREIGN_PUTS_REFUSED,
	RAMSTER_FOREIGN_GETS,
	RAMSTER_FOREIGN_FLUSHES,
	RAMSTER_FOREIGN_EVICTED_FRAMES,
	RAMSTER_NR_EVENTS
};

struct ramster_events {
	unsigned long count[RAMSTER_NR_EVENTS];
};

struct obj_cgroup;
struct ramster;
struct ramster_keeper;

/**
 * struct ramster_rpage - a page that a peer keeps for us
 * @list: in the keeper's pages, or in its flushes when the last reference is gone; a swap
 *	page that is lost is in none
 * @keeper: who keeps it; immutable
 * @handle: its name at home; immutable
 * @owner: the cgroup it is counted for, with no bytes, while @refs is not 0, or NULL;
 *	immutable
 * @serial: its name on the wire; immutable
 * @refs: that of tmem's entry and one for each pin
 * @crc: CRC32C of its bytes as they were sent, because peers can lie; immutable
 *	since they were
 * @size: how many; immutable
 * @class: whose; immutable
 * @tag: which compressor has compressed it; immutable
 * @lost: the keeper does not have it any more; set once, READ_ONCE
 *
 * The pampd is its address with bit 0 set.
 */
struct ramster_rpage {
	struct list_head list;		/* keeper->lock */
	struct ramster_keeper *keeper;
	struct tmem_handle handle;
	struct obj_cgroup *owner;
	u64 serial;
	refcount_t refs;
	u32 crc;
	u16 size;
	u8 class;
	u8 tag;
	bool lost;
};

/**
 * struct ramster_flush - a flush on its way
 * @req: the message
 * @rpage: what is to be forgotten; NULL: not in use; under the keeper's lock
 */
struct ramster_flush {
	struct ramster_request req;
	struct ramster_rpage *rpage;
};

/**
 * struct ramster_keeper - a peer as one who keeps our pages
 * @ramster: whose
 * @num: its node number; immutable
 * @lock: protects what follows, but for hints
 * @pages: what it keeps, by class, newest first
 * @nr: how many these are, those that are lost not counted; as a hint, READ_ONCE
 * @flushes: what it is to forget, in any order
 * @flush: messages for that
 * @recalled: bytes that it wants to go home
 * @room: bytes that it can still take, by its last offer and what was sent since;
 *	a hint, READ_ONCE and WRITE_ONCE: it may refuse any page
 * @there: it is up; set by its receiver before readers are told so, READ_ONCE
 * @ups: how often it has come up; its receiver's, READ_ONCE
 * @in_vain: how often somebody has waited for it to come up, and it has not, since it
 *	went down; READ_ONCE and cmpxchg()
 * @deaf_until: it has not answered in time: file pages are not asked of it before
 *	that, in jiffies; READ_ONCE
 */
struct ramster_keeper {
	struct ramster *ramster;
	u8 num;
	spinlock_t lock;	/* pages, nr, flushes, flush, recalled */
	struct list_head pages[ZBUD_CLASSES];
	unsigned long nr[ZBUD_CLASSES];
	struct list_head flushes;
	struct ramster_flush flush[RAMSTER_FLUSHES];
	s64 recalled;
	s64 room;
	bool there;
	unsigned int ups;
	unsigned int in_vain;
	unsigned long deaf_until;
};

/**
 * struct ramster_guest - a peer as one whose pages are here
 * @lock: held when @pools changes, and by who looks at it but may not change it
 * @pools: its pools, struct foreign_pool; changed by the peer's receiver only, or
 *	when there is none
 * @puts: what it has sent; the receiver's
 */
struct ramster_guest {
	struct mutex lock;	/* pools */
	struct list_head pools;
	unsigned int puts;
};

/**
 * struct ramster_lent - what we keep for others
 * @queues: page frames with their pages, by class
 * @next_id: to number pools by
 * @nr_pools: how many there are; atomic
 */
struct ramster_lent {
	struct zbud_queue queues[ZBUD_CLASSES];
	u32 next_id;
	atomic_t nr_pools;
};

/**
 * struct ramster - all there is
 * @zc: whose pages it moves; immutable
 * @lock: one starts or stops at a time
 * @cluster: the peers, or NULL; changes under @lock, read under @srcu
 * @srcu: see there
 * @leaving: pages come home, and none go out; READ_ONCE
 * @pressed: when memory was short last, in jiffies; READ_ONCE
 * @wanted: pages that shall go out; atomic
 * @starved: they could not, so go on when a peer offers room; READ_ONCE
 * @hopeless: when a swap page waited for that in vain, in jiffies; READ_ONCE
 * @serial: of the page that went out last; atomic
 * @keepers: by node number
 * @guests: by node number
 * @lent: what is here of theirs
 * @puts: put contexts, see remotify.c
 * @fetches: fetch contexts, see home.c
 * @fetching: fetches under way that nobody waits for; atomic
 * @full: when a page that had been fetched found no room, in jiffies; READ_ONCE
 * @wait: for peers to come up, for contexts and fetches
 * @wq: works on pages, under reclaim as well
 * @remotify: pages go out
 * @shrink: pages come home
 * @selfshrink_ms: between two rounds of that; 0: never; READ_ONCE
 * @selfshrink_pages: in one round, at the most; READ_ONCE
 * @events: counters
 * @debugfs: the directory
 */
struct ramster {
	struct zcache *zc;
	struct mutex lock;	/* start and stop */
	struct ramster_cluster __rcu *cluster;
	struct srcu_struct srcu;
	bool leaving;
	unsigned long pressed;
	atomic_t wanted;
	bool starved;
	unsigned long hopeless;
	atomic64_t serial;
	struct ramster_keeper keepers[RAMSTER_MAX_NODES];
	struct ramster_guest guests[RAMSTER_MAX_NODES];
	struct ramster_lent lent;
	struct ramster_puts *puts;
	mempool_t *fetches;
	atomic_t fetching;
	unsigned long full;
	wait_queue_head_t wait;
	struct workqueue_struct *wq;
	struct work_struct remotify;
	struct delayed_work shrink;
	u32 selfshrink_ms;
	u32 selfshrink_pages;
	struct ramster_events __percpu *events;
	struct dentry *debugfs;
};

extern struct ramster ramster;

static inline void ramster_count(struct ramster *r, enum ramster_event event)
{
	this_cpu_inc(r->events->count[event]);
}

/* How often it has happened, as of now. */
static inline unsigned long ramster_counted(const struct ramster *r,
					    enum ramster_event event)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(r->events, cpu)->count[event];
	return sum;
}

/* Which of a pair of events, ephemeral first, a class has. */
static inline void ramster_count_class(struct ramster *r,
				       enum ramster_event eph,
				       enum zbud_class class)
{
	ramster_count(r, class == ZBUD_EPH ? eph : eph + 1);
}

static inline void *ramster_to_pampd(struct ramster_rpage *rpage)
{
	return (void *)((unsigned long)rpage | 1);
}

static inline struct ramster_rpage *ramster_rpage(const void *pampd)
{
	return (void *)((unsigned long)pampd & ~1UL);
}

static inline struct tmem_handle
ramster_wire_name(const struct ramster_rpage *rpage)
{
	return (struct tmem_handle) {
		.pool_id = rpage->handle.pool_id,
		.oid.w[0] = rpage->serial >> 12,
		.index = rpage->serial & 0xfff,
	};
}

/* member.c APIs: */
int ramster_setup(struct ramster *r, struct zcache *zc);
void ramster_teardown(struct ramster *r);
int ramster_join(struct ramster *r, const struct ramster_config *config);
int ramster_unburden(struct ramster *r, bool force, struct ramster_stuck *stuck);
void ramster_leave(struct ramster *r);
void ramster_memalloc(struct ramster *r, bool on);
u64 ramster_room(struct ramster *r);
struct ramster_peer *ramster_peer_of(struct ramster *r, unsigned int num);

/* remote.c APIs: */
void ramster_keeper_init(struct ramster *r, unsigned int num);
struct ramster_rpage *ramster_rpage_create(struct ramster_keeper *keeper,
					   const struct tmem_handle *handle,
					   enum zbud_class class,
					   const struct zbud_content *content,
					   gfp_t gfp);
void ramster_rpage_publish(struct ramster_rpage *rpage);
void ramster_rpage_discard(struct ramster_rpage *rpage);
struct ramster_rpage *ramster_rpage_newest(struct ramster_keeper *keeper,
					   enum zbud_class class);
u64 ramster_rpage_newest_serial(struct ramster_keeper *keeper, enum zbud_class class);
bool ramster_keeper_told(struct ramster_keeper *keeper);
void ramster_keeper_up(struct ramster_keeper *keeper);
void ramster_keeper_down(struct ramster_keeper *keeper);
void ramster_keeper_forgot(struct ramster_keeper *keeper);
void ramster_pool_gone_in(struct ramster *r, u32 id, bool persistent);

/* remotify.c APIs: */
int ramster_remotify_init(struct ramster *r);
void ramster_remotify_exit(struct ramster *r);
struct ramster_keeper *ramster_find_keeper(struct ramster *r,
					   const struct ramster_keeper *but);
int ramster_put_begin(struct ramster *r, struct ramster_request *req,
		      struct ramster_rpage *rpage, const void *data);
void ramster_put_end(struct ramster *r, struct ramster_request *req,
		     struct ramster_rpage *rpage, void *old);
void ramster_remotify(struct ramster *r);
void ramster_remotify_more(struct ramster *r);
bool ramster_remotify_idle(struct ramster *r);
void ramster_remotify_end(struct ramster *r);
void ramster_make_room_in(struct ramster *r);
bool ramster_takes_pages_of(struct ramster *r);

/* home.c APIs: */
int ramster_home_init(struct ramster *r);
void ramster_home_exit(struct ramster *r);
unsigned long ramster_home_all(struct ramster *r);

/* foreign.c APIs: */
void ramster_foreign_init(struct ramster *r, const u16 *now);
void ramster_foreign_serve(struct ramster *r, unsigned int num,
			   const struct ramster_msg *msg, const void *payload,
			   struct ramster_msg *reply, void *payload_out);
unsigned long ramster_foreign_swap_pages(struct ramster *r, unsigned int num);
void ramster_foreign_forget(struct ramster *r, unsigned int num);
unsigned long ramster_foreign_eph_frames(const struct ramster *r);
unsigned int ramster_foreign_evict(struct ramster *r, struct list_head *frames);
void ramster_foreign_recall(struct ramster *r, u64 frames);

/* debugfs.c APIs: */
#ifdef CONFIG_DEBUG_FS
void ramster_debugfs_init(struct ramster *r);
void ramster_debugfs_exit(struct ramster *r);
#else
static inline void ramster_debugfs_init(struct ramster *r)
{
}

static inline void ramster_debugfs_exit(struct ramster *r)
{
}
#endif

#endif /* _RAMSTER_CORE_H */
