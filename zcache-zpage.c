// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page to a pampd and back.
 *
 * There are two kinds: a zpage in zbud's frames, and the descriptor of a page
 * that is not compressed.
 *
 * What a swap page takes is charged to its owner, from before tmem knows it until
 * its last reference goes; the charge keeps the owner.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/frontswap.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "zcache.h"
#include "ramster/ramster.h"

/* A page that stays larger than this is not worth a frame. */
#define POOR_SIZE	(PAGE_SIZE * 15 / 16)

/* The last word first: a page that is not uniform often shows it there. */
static bool page_filled(const void *page, unsigned long *word)
{
	const unsigned long *w = page;
	unsigned int last = PAGE_SIZE / sizeof(*w) - 1, i;

	if (w[0] != w[last])
		return false;
	for (i = 1; i < last; i++)
		if (w[i] != w[0])
			return false;
	*word = w[0];
	return true;
}

/**
 * struct put - a page on its way in
 * @pool: which will store it
 * @handle: its name there
 * @plan: how
 * @owner: whom it is charged to if it is a swap page, or NULL
 * @src: its bytes
 */
struct put {
	struct zcache_pool *pool;
	struct tmem_handle handle;
	struct zcache_plan plan;
	struct obj_cgroup *owner;
	const void *src;
};

static struct page *take_swap_frame(struct put *put)
{
	struct zcache *zc = put->pool->zc;
	struct page *frame;

	if (put->owner)
		frame = zcache_swap_frame_get(zc, put->owner, put->plan.from);
	else
		frame = zcache_frame_get(zc, ZBUD_PERS, NULL, put->plan.from);
	if (frame && put->plan.cg)
		zcache_cgroup_add(zc, put->plan.cg, frame);
	return frame;
}

static struct page *take_frame(struct put *put)
{
	struct page *frame = put->plan.frame;

	if (put->pool->class == ZBUD_PERS)
		return take_swap_frame(put);
	put->plan.frame = NULL;
	return frame ?: zcache_frame_get(put->pool->zc, ZBUD_EPH, put->plan.cg,
					 put->plan.from);
}

/* Room for a zpage: where there is some, or else in another frame. */
static void *find_room(struct put *put, const struct zbud_content *content)
{
	struct zcache *zc = put->pool->zc;
	struct zbud_queue *queue = put->plan.cg ? &put->plan.cg->queue :
						  put->pool->queue;
	enum zbud_class class = put->pool->class;
	struct page *frame = NULL;
	void *pampd;

	pampd = zbud_alloc(queue, &put->handle, content, &frame);
	if (pampd)
		return pampd;
	frame = take_frame(put);
	if (!frame) {
		if (class == ZBUD_EPH)
			zcache_count(zc, ZCACHE_EPH_COMPRESSED_IN_VAIN);
		return NULL;
	}
	pampd = zbud_alloc(queue, &put->handle, content, &frame);
	if (frame)	/* Room has appeared meanwhile. */
		zcache_frame_unget(zc, frame);
	return pampd;
}

/* Nobody else knows the zpage, so it cannot be gone before it is charged. */
static void *store(struct put *put, const struct zbud_content *content)
{
	void *pampd;

	/* Of what is evicted nobody would end the charge. */
	if (WARN_ON_ONCE(content->owner && put->pool->class == ZBUD_EPH))
		return NULL;
	pampd = find_room(put, content);
	if (pampd)
		frontswap_charge(content->owner, content->size);
	return pampd;
}

/* Where a zpage is, if not in the queue of who has no cgroups. */
static struct zbud_queue *queue_of(const void *pampd, struct zbud_queue *queue)
{
	struct zcache_cgroup *cg = zcache_frame_cgroup(virt_to_page(pampd));

	return cg ? &cg->queue : queue;
}

static void *store_as_is(struct put *put)
{
	struct page *frame = take_frame(put);
	void *pampd;

	if (!frame)
		return NULL;
	pampd = zcache_raw_create(put->pool, &put->handle, put->src, frame,
				  put->plan.on_trial ? ZBUD_ON_TRIAL : ZBUD_PROVED);
	if (!pampd)
		zcache_frame_unget(put->pool->zc, frame);
	return pampd;
}

static enum zcache_way way_of(const void *pampd)
{
	return zbud_is_zpage(pampd) ? ZCACHE_COMPRESSED : ZCACHE_AS_IS;
}

static int load(struct zcache *zc, enum zcache_way way, const void *pampd,
		void *dst)
{
	struct zcache_comp_ctx *ctx;
	struct zcache_comp *comp;
	const void *data;
	int err;

	if (way == ZCACHE_AS_IS) {
		zcache_desc_load(pampd, dst);
		return 0;
	}
	comp = zcache_comp_of(&zc->comps, zbud_tag(pampd));
	if (!comp)
		return -EIO;
	ctx = zcache_comp_begin(comp);
	data = zbud_data(pampd, zcache_comp_buf(ctx));
	err = zcache_decompress(comp, ctx, data, zbud_size(pampd), dst);
	zcache_comp_end(ctx);
	return err;
}

/* Does a page that has just been stored, and not published, come back? */
static void verify(struct zcache *zc, const void *pampd, const void *src)
{
	void *page = kmalloc(PAGE_SIZE, GFP_NOWAIT | __GFP_NOWARN);

	if (!page)
		return;
	WARN_ON_ONCE(load(zc, way_of(pampd), pampd, page) || memcmp(page, src, PAGE_SIZE));
	kfree(page);
}

static void *compress_and_store(struct put *put)
{
	struct zcache *zc = put->pool->zc;
	struct zcache_comp *comp = zcache_comp_in_use(&zc->comps);
	struct zcache_comp_ctx *ctx = zcache_comp_begin(comp);
	struct zbud_content content = {
		.data = zcache_comp_buf(ctx),
		.tag = zcache_comp_tag(comp),
		.owner = put->owner,
		.on_trial = put->plan.on_trial,
	};
	void *pampd = NULL;
	unsigned int size;
	bool poor;

	poor = zcache_compress(comp, ctx, put->src, &size) || size > POOR_SIZE;
	if (!poor) {
		content.size = size;
		pampd = store(put, &content);
	}
	zcache_comp_end(ctx);
	if (poor)
		zcache_count(zc, ZCACHE_COMPRESS_POOR);
	if (put->pool->class == ZBUD_EPH)
		zcache_cost_size(&zc->cost, poor ? PAGE_SIZE : size);
	if (poor && put->plan.poor_as_is)
		pampd = store_as_is(put);
	return pampd;
}

/* @begin: when it began, for the time that it takes. */
static void *store_page(struct put *put, u64 begin)
{
	struct zcache *zc = put->pool->zc;
	void *pampd;

	if (put->plan.way == ZCACHE_AS_IS)
		pampd = store_as_is(put);
	else
		pampd = compress_and_store(put);
	zcache_cost_end(&zc->cost, put->plan.way, ZCACHE_PUT, begin);
	if (put->plan.frame)
		zcache_frame_unget(zc, put->plan.frame);
	if (IS_ENABLED(CONFIG_ZCACHE2_DEBUG) && pampd)
		verify(zc, pampd, put->src);
	return pampd;
}

static void zpage_pin(struct tmem_pool *tmem, void *pampd)
{
	struct zcache_pool *pool = to_zcache_pool(tmem);

	if (ramster_is_remote(pampd))
		ramster_pin(pampd);
	else if (zbud_is_zpage(pampd))
		zbud_pin(queue_of(pampd, pool->queue), pampd);
	else
		zcache_desc_pin(pool->zc, pampd);
}

/* Its owner and its size must be known before it may be gone. */
static void put_zpage(struct zbud_queue *queue, void *pampd, struct list_head *frames)
{
	struct obj_cgroup *owner = zbud_owner(pampd);
	unsigned int size = zbud_size(pampd);

	if (zbud_free(queue, pampd, frames))
		frontswap_uncharge(owner, size);
}

static void zpage_free(struct tmem_pool *tmem, void *pampd)
{
	struct zcache_pool *pool = to_zcache_pool(tmem);
	LIST_HEAD(frames);

	if (ramster_is_remote(pampd)) {
		ramster_free(pampd);
		return;
	}
	if (zbud_is_zpage(pampd))
		put_zpage(queue_of(pampd, pool->queue), pampd, &frames);
	else
		zcache_desc_free(pool->zc, pampd, &frames);
	zcache_frames_free(pool->zc, &frames);
}

/**
 * zcache_unpin() - a zpage is not read any more; it may be freed by that
 * @zc: the cache
 * @pampd: the zpage, pinned by zcache_pin()
 *
 * Context: any but hard interrupt.
 */
void zcache_unpin(struct zcache *zc, void *pampd)
{
	LIST_HEAD(frames);

	put_zpage(queue_of(pampd, &zc->cgroups[ZBUD_PERS].nobody.queue), pampd,
		  &frames);
	zcache_frames_free(zc, &frames);
}

/* That one cannot be had does not mean that there is none: cleancache has a rule. */
static int remote_get(struct zcache_pool *pool, void *pampd, struct page *page)
{
	int err = ramster_get(pool, pampd, page);

	return err == -ENOENT && pool->class == ZBUD_EPH ? -EIO : err;
}

/* @arg is the struct page to fill, or NULL: the page here is merely used. */
static int zpage_get_data(struct tmem_pool *tmem, void *pampd, void *arg)
{
	struct zcache *zc = to_zcache_pool(tmem)->zc;
	enum zcache_way way;
	u64 begin;
	void *dst;
	int err;

	if (!arg)
		return 0;
	if (ramster_is_remote(pampd))
		return remote_get(to_zcache_pool(tmem), pampd, arg);
	begin = zcache_cost_begin(&zc->cost);
	way = way_of(pampd);
	dst = kmap_local_page(arg);
	err = load(zc, way, pampd, dst);
	kunmap_local(dst);
	zcache_cost_end(&zc->cost, way, ZCACHE_GET, begin);
	if (err) {
		zcache_count(zc, ZCACHE_DECOMPRESS_FAILED);
		pr_err_ratelimited("a stored page cannot be decompressed\n");
	}
	return err;
}

const struct tmem_pamops zcache_pamops = {
	.pin = zpage_pin,
	.get_data = zpage_get_data,
	.free = zpage_free,
};

static struct put put_of(struct zcache_pool *pool, const struct tmem_oid *oid,
			 unsigned long index, struct page *page)
{
	return (struct put) {
		.pool = pool,
		.handle = {
			.oid = *oid,
			.index = index,
			.pool_id = pool->tmem.id,
		},
		.plan = {
			.way = ZCACHE_COMPRESSED,
			.from = ZCACHE_FROM_MEMORY | ZCACHE_FROM_FILES,
			.cg = pool->cg,
		},
		.src = kmap_local_page(page),
	};
}

static bool refused(struct zcache *zc)
{
	if (zcache_should_fail_put())
		return true;
	if (!zcache_frames_exceeded(zc))
		return false;
	zcache_count(zc, ZCACHE_LIMIT_HIT);
	return true;
}

/**
 * zcache_file_create() - copy a file page into the cache
 * @pool: which will store it
 * @oid: in which object
 * @index: at which page index
 * @page: the page; must not change while this runs
 * @read: what it takes to read it again
 * @owner: whom its frame is charged to, or NULL
 *
 * Context: reclaim; may sleep, but does not wait for memory.
 * Return: a pampd that tmem does not know yet, or NULL if the page is refused.
 */
void *zcache_file_create(struct zcache_pool *pool, const struct tmem_oid *oid,
			 unsigned long index, struct page *page,
			 struct cleancache_read read, struct obj_cgroup *owner)
{
	struct put put = put_of(pool, oid, index, page);
	u64 begin = zcache_cost_begin(&pool->zc->cost);
	struct zcache_cgroup *cg = NULL;
	void *pampd = NULL;
	unsigned long word;

	if (refused(pool->zc))
		goto out;
	if (owner) {
		cg = zcache_cgroup_get(pool->zc, ZBUD_EPH, owner);
		if (!cg)
			goto out;
		put.plan.cg = cg;
	}
	if (page_filled(put.src, &word)) {
		zcache_seen(pool->zc, oid, index);
		pampd = zcache_filled_create(pool, &put.handle, word, NULL);
	} else if (zcache_admit(pool->zc, &put.handle, read, &put.plan)) {
		pampd = store_page(&put, begin);
	}
out:
	kunmap_local(put.src);
	if (!pampd && put.plan.whole_run)
		zcache_admit_give_up(pool, &put.handle);
	if (cg)
		zcache_cgroup_put(cg);
	if (!pampd)
		zcache_count(pool->zc, ZCACHE_FAILED_EPH_PUTS);
	return pampd;
}

/**
 * zcache_swap_create() - copy a swap page into the cache
 * @pool: which will store it
 * @oid: in which object
 * @index: at which page index
 * @page: the page; must not change while this runs
 * @owner: whom it is charged to, or NULL
 *
 * Context: reclaim; may sleep, but does not wait for memory here, and for that of
 * others not for long.
 * Return: a pampd that tmem does not know yet, or NULL if the page is refused.
 */
void *zcache_swap_create(struct zcache_pool *pool, const struct tmem_oid *oid,
			 unsigned long index, struct page *page,
			 struct obj_cgroup *owner)
{
	struct put put = put_of(pool, oid, index, page);
	struct zcache_cgroup *cg = NULL;
	void *pampd = NULL;
	unsigned long word;
	bool filled;

	put.owner = owner;
	filled = page_filled(put.src, &word);
	if (!filled)
		ramster_make_room();
	if (refused(pool->zc))
		goto out;
	if (filled) {
		pampd = zcache_filled_create(pool, &put.handle, word, owner);
		goto out;
	}
	if (zcache_frames_wanted(pool->zc))
		goto out;
	/* Without memory for it, it goes among those that are nobody's. */
	if (owner)
		cg = zcache_cgroup_get(pool->zc, ZBUD_PERS, owner);
	if (cg)
		put.plan.cg = cg;
	pampd = store_page(&put, zcache_cost_begin(&pool->zc->cost));
out:
	kunmap_local(put.src);
	if (cg)
		zcache_cgroup_put(cg);
	if (!pampd)
		zcache_count(pool->zc, ZCACHE_FAILED_PERS_PUTS);
	return pampd;
}

/**
 * zcache_page_import() - take in a page that has been compressed elsewhere
 * @pool: which will store it
 * @handle: its name there
 * @content: what is in it; copied
 * @from: where a page frame for it may come from
 *
 * Context: may sleep or not; does not wait for memory.
 * Return: a pampd that tmem does not know yet, or NULL if there is no room.
 */
void *zcache_page_import(struct zcache_pool *pool,
			 const struct tmem_handle *handle,
			 const struct zbud_content *content,
			 enum zcache_from from)
{
	struct put put = {
		.pool = pool,
		.handle = *handle,
		.plan = {
			.way = ZCACHE_COMPRESSED,
			.from = from,
			.cg = pool->cg,
		},
	};
	struct zcache_cgroup *cg = NULL;
	void *pampd;

	if (zcache_frames_exceeded(pool->zc))
		return NULL;
	/* Of this machine's swap pages it is known whose they are. */
	if (pool->cg && content->owner)
		cg = zcache_cgroup_get(pool->zc, pool->class, content->owner);
	if (cg)
		put.plan.cg = cg;
	pampd = store(&put, content);
	if (cg)
		zcache_cgroup_put(cg);
	return pampd;
}

/**
 * zcache_page_expand() - decompress a page that comes from elsewhere
 * @zc: the cache that has compressed it
 * @content: with what the page bore then; the bytes are not trusted
 * @page: where to
 *
 * Context: may sleep.
 * Return: 0 or an errno of the compressor.
 */
int zcache_page_expand(struct zcache *zc, const struct zbud_content *content,
		       struct page *page)
{
	struct zcache_comp *comp = zcache_comp_of(&zc->comps, content->tag);
	struct zcache_comp_ctx *ctx;
	void *dst;
	int err;

	if (!comp)
		return -EIO;
	ctx = zcache_comp_begin(comp);
	dst = kmap_local_page(page);
	err = zcache_decompress(comp, ctx, content->data, content->size, dst);
	kunmap_local(dst);
	zcache_comp_end(ctx);
	return err;
}
