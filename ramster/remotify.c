// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: own pages go out.
 *
 * When memory is short, a worker takes the groups of page frames that zcache
 * would evict next, or would never, and sends what is in them to the peer with
 * the most room, as many pages at a time as there are contexts. A page stays
 * where it is until the peer has said that it has it; then its descriptor takes
 * its place in tmem, if nobody has taken the page out meanwhile.
 *
 * Pages are found by their frames, as eviction does, and then looked up by name:
 * only what stands in tmem is complete, and can be read for as long as it is
 * pinned.
 */
#include <linux/list.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "core.h"

/* Pages under way to all peers, and how many are sent at a time. */
#define PUTS		64
#define TOGETHER	8

/* Pages that are sent for each time that memory is short. */
#define WANTED		256

/* Page frames that are wanted back then from those whose pages are here. */
#define RECALLED	128

/* Zpages of a group that are looked at. */
#define NAMES		64

/* Groups in a row of which nothing could be sent, until it is given up. */
#define FUTILE		32

/*
 * How long a swap page waits for others to go out, and for how many frames: that
 * is shared by the pages which follow.
 */
#define PATIENCE	(HZ / 10)
#define ENOUGH		32

/* When there are no more frames than that, pages begin to go. */
#define SOON		(2 * ENOUGH)

/* When not half of them came, how long none does. */
#define HOPELESS	(2 * HZ)

/**
 * struct put - a page on its way to a peer
 * @req: the message
 * @list: among those that are not in use
 * @ramster: whose
 * @rpage: its descriptor
 * @pampd: the page, pinned; NULL while it is not in use. The worker reads all of them
 *	at any time: READ_ONCE
 * @buf: its bytes, if they do not lie together
 */
struct put {
	struct ramster_request req;
	struct list_head list;
	struct ramster *ramster;
	struct ramster_rpage *rpage;
	void *pampd;
	void *buf;
};

/**
 * struct ramster_puts - all contexts for that
 * @lock: protects @free and @nr_given
 * @free: those not in use
 * @nr_free: how many; READ_ONCE
 * @nr_given: how often one was given back while few were free
 * @names: what is in a group; the worker's
 * @put: all
 */
struct ramster_puts {
	spinlock_t lock;	/* free, nr_given */
	struct list_head free;
	unsigned int nr_free;
	unsigned int nr_given;
	struct zbud_name names[NAMES];
	struct put put[PUTS];
};

static struct put *put_take(struct ramster_puts *puts)
{
	struct put *put;

	spin_lock_irq(&puts->lock);
	put = list_first_entry_or_null(&puts->free, struct put, list);
	if (put) {
		list_del(&put->list);
		puts->nr_free--;
	}
	spin_unlock_irq(&puts->lock);
	return put;
}

/*
 * Who waits for one, or for the frames that become free by it, is not woken for each.
 * But the worker may take each as it comes, so that there are never many.
 */
static void put_give(struct put *put)
{
	struct ramster *r = put->ramster;
	struct ramster_puts *puts = r->puts;
	unsigned long flags;
	bool enough;

	WRITE_ONCE(put->pampd, NULL);
	spin_lock_irqsave(&puts->lock, flags);
	list_add(&put->list, &puts->free);
	enough = ++puts->nr_free >= TOGETHER ||
		 ++puts->nr_given % TOGETHER == 0;
	spin_unlock_irqrestore(&puts->lock, flags);
	if (enough)
		wake_up(&r->wait);
}

/* The peer has it: so let its descriptor take the place of @old. */
static void page_is_remote(struct ramster *r, struct ramster_rpage *rpage,
			   void *old)
{
	const struct tmem_handle *handle = &rpage->handle;
	void *pampd = ramster_to_pampd(rpage);
	struct zcache_pool *pool;
	bool done = false;

	ramster_rpage_publish(rpage);
	rcu_read_lock();
	pool = xa_load(&r->zc->pools, handle->pool_id);
	if (pool)
		done = tmem_replace(&pool->tmem, &handle->oid, handle->index,
				    old, pampd);
	rcu_read_unlock();
	if (done)
		ramster_count_class(r, RAMSTER_EPH_PAGES_REMOTED, rpage->class);
	else
		ramster_free(pampd);
}

/**
 * ramster_put_begin() - send a page to a peer
 * @r: whose
 * @req: the message; its done() calls ramster_put_end()
 * @rpage: the page's new descriptor, which tmem does not know yet
 * @data: its compressed bytes
 *
 * Context: any; r->srcu is read-locked.
 * Return: 0; or an error: nothing was sent, done() will not be called, and the
 * descriptor is gone.
 */
int ramster_put_begin(struct ramster *r, struct ramster_request *req,
		      struct ramster_rpage *rpage, const void *data)
{
	struct ramster_keeper *keeper = rpage->keeper;
	struct ramster_peer *peer = ramster_peer_of(r, keeper->num);
	unsigned int size = rpage->size;	/* which may be gone once sent */
	int err;

	req->msg = (struct ramster_msg) {
		.type = RAMSTER_PUT,
		.handle = ramster_wire_name(rpage),
		.persistent = rpage->class == ZBUD_PERS,
		.kind = RAMSTER_COMPRESSED,
		.payload_len = size,
	};
	req->payload = data;
	req->buf = NULL;
	err = peer ? ramster_send(peer, req) : -ENOTCONN;
	if (err)
		ramster_rpage_discard(rpage);
	else
		WRITE_ONCE(keeper->room, keeper->room - size);
	return err;
}

/**
 * ramster_put_end() - the page was taken, or not
 * @r: whose
 * @req: the message
 * @rpage: the page's new descriptor; not the caller's any more
 * @old: the pampd that it is to replace, if it is still there; pinned
 *
 * Context: as for done().
 */
void ramster_put_end(struct ramster *r, struct ramster_request *req,
		     struct ramster_rpage *rpage, void *old)
{
	if (!req->err && req->reply.status == RAMSTER_OK) {
		rpage->crc = req->msg.payload_crc;
		page_is_remote(r, rpage, old);
		return;
	}
	ramster_count_class(r, RAMSTER_EPH_PAGES_REMOTE_FAILED, rpage->class);
	WRITE_ONCE(rpage->keeper->room, 0);
	if (req->err)	/* It may be there. */
		ramster_free(ramster_to_pampd(rpage));
	else
		ramster_rpage_discard(rpage);
}

static void put_done(struct ramster_request *req)
{
	struct put *put = container_of(req, struct put, req);
	struct ramster *r = put->ramster;

	ramster_put_end(r, req, put->rpage, put->pampd);
	zcache_unpin(r->zc, put->pampd);
	put_give(put);
}

/**
 * ramster_find_keeper() - where to?
 * @r: whose
 * @but: not to this one; may be NULL
 *
 * Context: any; r->srcu is read-locked.
 * Return: the keeper with most room, or the one that the user wants; or NULL.
 */
struct ramster_keeper *ramster_find_keeper(struct ramster *r,
					   const struct ramster_keeper *but)
{
	int target = READ_ONCE(ramster_knobs.target);
	struct ramster_keeper *keeper, *best = NULL;
	s64 most = PAGE_SIZE, room;
	struct ramster_peer *peer;
	unsigned int i;

	for (i = 0; i < RAMSTER_MAX_NODES; i++) {
		if (target != RAMSTER_TARGET_AUTO && target != i)
			continue;
		keeper = &r->keepers[i];
		room = READ_ONCE(keeper->room);
		if (room < most || keeper == but)
			continue;
		peer = ramster_peer_of(r, i);
		if (!peer || !ramster_peer_up(peer))
			continue;
		best = keeper;
		most = room;
	}
	return best;
}

/* Send a pinned page. */
static int put_send(struct ramster *r, struct ramster_keeper *keeper,
		    struct put *put, const struct zbud_name *name,
		    enum zbud_class class)
{
	struct zbud_content content = {
		.data = zbud_data(name->pampd, put->buf),
		.size = zbud_size(name->pampd),
		.tag = zbud_tag(name->pampd),
		.owner = zbud_owner(name->pampd),
	};

	WRITE_ONCE(put->pampd, name->pampd);
	put->rpage = ramster_rpage_create(keeper, &name->handle, class, &content,
					  GFP_NOIO | __GFP_NORETRY |
					  __GFP_NOWARN);
	if (!put->rpage) {
		ramster_count_class(r, RAMSTER_EPH_PAGES_REMOTE_FAILED, class);
		return -ENOMEM;
	}
	put->req.done = put_done;
	put->req.later = true;
	return ramster_put_begin(r, &put->req, put->rpage, content.data);
}

/* One by one, each would be a packet of its own. */
static void send_now(struct ramster *r, const struct ramster_keeper *keeper)
{
	struct ramster_peer *peer = ramster_peer_of(r, keeper->num);

	if (peer)
		ramster_send_now(peer);
}

/*
 * When there is little left at home, the same groups are the oldest again before their
 * pages have arrived. Nobody but the worker sends pages, so none begins to meanwhile.
 */
static bool on_its_way(const struct ramster_puts *puts, const void *pampd)
{
	unsigned int i;

	if (READ_ONCE(puts->nr_free) == PUTS)
		return false;
	for (i = 0; i < PUTS; i++)
		if (READ_ONCE(puts->put[i].pampd) == pampd)
			return true;
	return false;
}

/* One page of a group: 1 if it is on its way, 0 if not, or an errno. */
static int send_one(struct ramster *r, struct ramster_keeper *keeper,
		    const struct zbud_name *name, enum zbud_class class)
{
	struct put *put;
	int err;

	if (on_its_way(r->puts, name->pampd))
		return 0;
	if (!READ_ONCE(r->puts->nr_free)) {
		send_now(r, keeper);
		wait_event(r->wait, READ_ONCE(r->puts->nr_free));
	}
	put = put_take(r->puts);
	if (WARN_ON_ONCE(!put))
		return -EAGAIN;
	if (!zcache_pin(r->zc, &name->handle, name->pampd)) {
		put_give(put);
		return 0;
	}
	err = put_send(r, keeper, put, name, class);
	if (err) {
		zcache_unpin(r->zc, name->pampd);
		put_give(put);
		return err;
	}
	return 1;
}

/* The oldest group: how many pages of it are on their way, or an errno. */
static int send_group(struct ramster *r, enum zbud_class class)
{
	struct ramster_keeper *keeper = ramster_find_keeper(r, NULL);
	struct zbud_name *names = r->puts->names;
	int sent = 0, ret = 0;
	unsigned int i, nr;

	if (!keeper)
		return -ENOSPC;
	/* Nothing yet of who has his first frame just now: others may have something. */
	nr = zcache_oldest_names(r->zc, class, names, NAMES);
	for (i = 0; i < nr && ret >= 0; i++) {
		ret = send_one(r, keeper, &names[i], class);
		sent += max(ret, 0);
	}
	send_now(r, keeper);
	return ret < 0 ? ret : sent;
}

static bool may_go(enum zbud_class class)
{
	return class == ZBUD_EPH ? READ_ONCE(ramster_knobs.eph_remotify) :
				   READ_ONCE(ramster_knobs.pers_remotify);
}

/* Swap pages first: file pages give way by themselves. How many are left? */
static int send_class(struct ramster *r, enum zbud_class class, int wanted)
{
	unsigned int futile = 0;
	int sent;

	while (may_go(class) && !READ_ONCE(r->leaving) && futile < FUTILE &&
	       wanted > 0 && zcache_cgroups_frames(&r->zc->cgroups[class])) {
		sent = send_group(r, class);
		if (sent < 0) {
			WRITE_ONCE(r->starved, true);
			break;
		}
		futile = sent ? 0 : futile + 1;
		wanted -= sent;
		cond_resched();
	}
	return wanted;
}

/* Others' file pages go first, here and now: only what they cannot give is asked back. */
static void recall(struct ramster *r)
{
	unsigned long files = ramster_foreign_eph_frames(r);

	if (files < RECALLED)
		ramster_foreign_recall(r, RECALLED - files);
}

static void remotify_work(struct work_struct *work)
{
	struct ramster *r = container_of(work, struct ramster, remotify);
	unsigned int noio = memalloc_noio_save();
	int idx = srcu_read_lock(&r->srcu);
	/* What is wanted from here on is for the next run. */
	int wanted = atomic_xchg(&r->wanted, 0);

	if (may_go(ZBUD_PERS))
		ramster_memalloc(r, true);
	recall(r);
	wanted = send_class(r, ZBUD_PERS, wanted);
	send_class(r, ZBUD_EPH, wanted);
	srcu_read_unlock(&r->srcu, idx);
	memalloc_noio_restore(noio);
}

/**
 * ramster_remotify_more() - send pages out, soon
 * @r: whose
 *
 * Context: any.
 */
void ramster_remotify_more(struct ramster *r)
{
	if (READ_ONCE(r->leaving) || !rcu_access_pointer(r->cluster))
		return;
	atomic_set(&r->wanted, WANTED);
	queue_work(r->wq, &r->remotify);
}

/**
 * ramster_remotify() - memory is short: the same, and lend none
 * @r: whose
 *
 * Context: any.
 */
void ramster_remotify(struct ramster *r)
{
	WRITE_ONCE(r->pressed, jiffies);
	ramster_remotify_more(r);
}

/**
 * ramster_remotify_idle() - is no page on its way out?
 * @r: whose
 *
 * Context: any.
 * Return: true if none is, nor is about to be.
 */
bool ramster_remotify_idle(struct ramster *r)
{
	return !work_busy(&r->remotify) &&
	       READ_ONCE(r->puts->nr_free) == PUTS;
}

/**
 * ramster_remotify_end() - send no more pages, and let those arrive that are on their way
 * @r: whose; is leaving
 *
 * They are elsewhere then, or still here, but not about to be elsewhere.
 *
 * Context: may sleep, until the peers have answered or are given up.
 */
void ramster_remotify_end(struct ramster *r)
{
	WARN_ON_ONCE(!READ_ONCE(r->leaving));
	cancel_work_sync(&r->remotify);
	wait_event(r->wait, READ_ONCE(r->puts->nr_free) == PUTS);
}

/**
 * ramster_takes_pages_of() - do others take swap pages now?
 * @r: whose
 *
 * Context: any.
 * Return: true if one has said that it has room, and pages may go.
 */
bool ramster_takes_pages_of(struct ramster *r)
{
	int idx = srcu_read_lock(&r->srcu);
	bool can;

	can = may_go(ZBUD_PERS) && !READ_ONCE(r->leaving) && ramster_find_keeper(r, NULL);
	srcu_read_unlock(&r->srcu, idx);
	return can;
}

/**
 * ramster_make_room_in() - a swap page is about to want a frame
 * @r: whose
 *
 * Programs push pages out faster than they go over the network. If a page that
 * finds no frame were refused at once, the disk would get most of them, and the
 * peers' memory would be of little use. So pages begin to go before there is no
 * frame left; and whoever finds none waits, as he would for the disk; but not for
 * someone who takes none or few, and never for long, because he may be who the
 * network waits for.
 *
 * Context: may sleep.
 */
void ramster_make_room_in(struct ramster *r)
{
	struct zcache *zc = r->zc;
	unsigned long room = zcache_frames_room(zc);

	if (room >= SOON || !READ_ONCE(zc->max_pool_percent) ||
	    (room && work_busy(&r->remotify)) ||
	    time_before(jiffies, READ_ONCE(r->hopeless) + HOPELESS) ||
	    !ramster_takes_pages_of(r))
		return;
	ramster_remotify(r);
	if (room)
		return;
	ramster_count(r, RAMSTER_PERS_PUTS_WAITED);
	if (wait_event_timeout(r->wait, zcache_frames_room(zc) >= ENOUGH ||
			       !ramster_takes_pages_of(r), PATIENCE) ||
	    zcache_frames_room(zc) >= ENOUGH / 2)
		return;
	WRITE_ONCE(r->hopeless, jiffies);
	ramster_count(r, RAMSTER_PERS_PUTS_WAITED_IN_VAIN);
}

/**
 * ramster_remotify_init() - prepare to send pages
 * @r: whose
 *
 * Return: 0 or -ENOMEM.
 */
int ramster_remotify_init(struct ramster *r)
{
	struct ramster_puts *puts = kvzalloc(sizeof(*puts), GFP_KERNEL);
	unsigned int i;

	if (!puts)
		return -ENOMEM;
	spin_lock_init(&puts->lock);
	INIT_LIST_HEAD(&puts->free);
	INIT_WORK(&r->remotify, remotify_work);
	r->hopeless = jiffies - HOPELESS;
	r->puts = puts;
	for (i = 0; i < PUTS; i++) {
		puts->put[i].ramster = r;
		puts->put[i].buf = (void *)__get_free_page(GFP_KERNEL);
		if (!puts->put[i].buf)
			goto err;
		list_add(&puts->put[i].list, &puts->free);
		puts->nr_free++;
	}
	return 0;

err:
	ramster_remotify_exit(r);
	return -ENOMEM;
}

/**
 * ramster_remotify_exit() - undo ramster_remotify_init()
 * @r: whose; no page is on its way any more
 */
void ramster_remotify_exit(struct ramster *r)
{
	unsigned int i;

	for (i = 0; i < PUTS; i++)
		free_page((unsigned long)r->puts->put[i].buf);
	kvfree(r->puts);
	r->puts = NULL;
}
