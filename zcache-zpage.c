// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page to a pampd and back.
 *
 * There are two kinds: a zpage in one of zbud's frames, and the descriptor of
 * a page that is filled with one word.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "zcache.h"

/* A page that stays larger than this is not worth a frame. */
#define POOR_SIZE	(PAGE_SIZE * 7 / 8)

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

/* Room for a zpage: where there is some, or else in another frame. */
static void *store(struct zcache_pool *pool, const struct tmem_handle *handle,
		   const void *data, unsigned int size)
{
	struct zcache *zc = pool->zc;
	struct page *frame = NULL;
	LIST_HEAD(unused);
	void *pampd;

	pampd = zbud_alloc(&zc->zbud, pool->class, handle, data, size, &frame);
	if (pampd)
		return pampd;
	frame = zcache_frame_get(zc, pool->class);
	if (!frame)
		return NULL;
	pampd = zbud_alloc(&zc->zbud, pool->class, handle, data, size, &frame);
	if (frame) {
		/* Room has appeared meanwhile. */
		list_add(&frame->lru, &unused);
		zcache_frames_free(zc, &unused);
	}
	return pampd;
}

static int load(struct zcache *zc, const void *pampd, void *dst)
{
	struct zcache_comp_ctx *ctx;
	const void *data;
	int err;

	if (!zbud_is_zpage(pampd)) {
		memset_l(dst, zcache_filled_word(pampd),
			 PAGE_SIZE / sizeof(unsigned long));
		return 0;
	}
	ctx = zcache_comp_begin(zc->comp);
	data = zbud_data(pampd, zcache_comp_buf(ctx));
	err = zcache_decompress(zc->comp, ctx, data, zbud_size(pampd), dst);
	zcache_comp_end(ctx);
	return err;
}

/* Does a page that has just been stored, and not published, come back? */
static void verify(struct zcache *zc, const void *pampd, const void *src)
{
	void *page = kmalloc(PAGE_SIZE, GFP_NOWAIT | __GFP_NOWARN);

	if (!page)
		return;
	WARN_ON_ONCE(load(zc, pampd, page) || memcmp(page, src, PAGE_SIZE));
	kfree(page);
}

static void *compress_and_store(struct zcache_pool *pool,
				const struct tmem_handle *handle,
				const void *src)
{
	struct zcache *zc = pool->zc;
	struct zcache_comp_ctx *ctx = zcache_comp_begin(zc->comp);
	void *pampd = NULL;
	unsigned int size;

	if (zcache_compress(zc->comp, ctx, src, &size) || size > POOR_SIZE)
		zcache_count(zc, ZCACHE_COMPRESS_POOR);
	else
		pampd = store(pool, handle, zcache_comp_buf(ctx), size);
	zcache_comp_end(ctx);
	if (IS_ENABLED(CONFIG_ZCACHE2_DEBUG) && pampd)
		verify(zc, pampd, src);
	return pampd;
}

static void zpage_pin(struct tmem_pool *tmem, void *pampd)
{
	if (zbud_is_zpage(pampd))
		zbud_pin(&to_zcache_pool(tmem)->zc->zbud, pampd);
	else
		zcache_filled_pin(pampd);
}

static void zpage_free(struct tmem_pool *tmem, void *pampd)
{
	struct zcache *zc = to_zcache_pool(tmem)->zc;
	LIST_HEAD(frames);

	if (!zbud_is_zpage(pampd)) {
		zcache_filled_free(zc, pampd);
		return;
	}
	zbud_free(&zc->zbud, pampd, &frames);
	zcache_frames_free(zc, &frames);
}

/* @arg is the struct page to fill. */
static int zpage_get_data(struct tmem_pool *tmem, void *pampd, void *arg)
{
	struct zcache *zc = to_zcache_pool(tmem)->zc;
	void *dst = kmap_local_page(arg);
	int err;

	err = load(zc, pampd, dst);
	kunmap_local(dst);
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

/**
 * zcache_zpage_create() - copy a page into the cache
 * @pool: which will store it
 * @oid: in which object
 * @index: at which page index
 * @page: the page; must not change while this runs
 *
 * Context: reclaim; may sleep, but does not wait for memory.
 * Return: a pampd that tmem does not know yet, or NULL if the page is refused.
 */
void *zcache_zpage_create(struct zcache_pool *pool,
			  const struct tmem_oid *oid, unsigned long index,
			  struct page *page)
{
	const struct tmem_handle handle = {
		.oid = *oid,
		.index = index,
		.pool_id = pool->tmem.id,
	};
	bool eph = pool->class == ZBUD_EPH;
	void *pampd = NULL;
	unsigned long word;
	void *src;

	if (zcache_should_fail_put())
		goto out;
	if (zcache_frames_exceeded(pool->zc)) {
		zcache_count(pool->zc, ZCACHE_LIMIT_HIT);
		goto out;
	}
	src = kmap_local_page(page);
	if (page_filled(src, &word))
		pampd = zcache_filled_create(pool, &handle, word);
	else
		pampd = compress_and_store(pool, &handle, src);
	kunmap_local(src);
out:
	if (!pampd)
		zcache_count(pool->zc, eph ? ZCACHE_FAILED_EPH_PUTS :
					     ZCACHE_FAILED_PERS_PUTS);
	return pampd;
}
