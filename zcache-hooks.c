// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the hooks call: a page's name and what is done with it.
 *
 * The way of a page: reclaim offers it to a hook (mm/cleancache.c or
 * mm/frontswap.c), the hook calls one of the ops below. zcache-zpage.c makes a
 * pampd of it, tmem.c stores that under the page's name, and there it stays
 * until it is got, flushed or evicted.
 *
 * File pages live in one ephemeral pool. Its objects are the address_spaces,
 * by their address: unique as long as the inode lives, and cleancache forgets
 * an inode's pages before its address can be used again. Each swap area has a
 * persistent pool. Its objects are runs of slots: with an object each, tasks on
 * several CPUs get out of each other's way, and the arrays stay flat.
 */
#include <linux/cleancache.h>
#include <linux/frontswap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/swap.h>

#include "zcache.h"

/* Slots of a swap area in one object: two levels of an XArray. */
#define SWAP_OBJ_SHIFT	12

/* Puts that can be under way when memory is short. */
#define MIN_TOKENS	64

/**
 * struct zcache_token - a file page between prepare and finish
 * @token: cleancache's part
 * @put: tmem's part
 */
struct zcache_token {
	struct cleancache_token token;
	struct tmem_put put;
};

/* Whom the hooks serve, since their calls do not say; set before they know of it. */
static struct zcache *cache;

/**
 * zcache_hooks_init() - prepare to be called
 * @zc: who will be
 *
 * Return: 0 or -ENOMEM.
 */
int zcache_hooks_init(struct zcache *zc)
{
	zc->tokens = mempool_create_kmalloc_pool(MIN_TOKENS,
						 sizeof(struct zcache_token));
	if (!zc->tokens)
		return -ENOMEM;
	cache = zc;
	return 0;
}

/**
 * zcache_hooks_exit() - undo zcache_hooks_init()
 * @zc: who is not called any more
 */
void zcache_hooks_exit(struct zcache *zc)
{
	cache = NULL;
	mempool_destroy(zc->tokens);
}

/* For the hooks' ops, while the hook guarantees that the pool stays. */
static struct zcache_pool *pool_of(u32 id)
{
	return xa_load(&cache->pools, id);
}

/* File pages */

static struct tmem_oid file_oid(const struct address_space *mapping)
{
	return (struct tmem_oid) { .w = { (unsigned long)mapping } };
}

static bool file_worth(struct cleancache_read read)
{
	return zcache_worth(cache, read);
}

static struct cleancache_token *
file_prepare(const struct address_space *mapping, unsigned long index,
	     struct page *page, struct cleancache_read read,
	     struct obj_cgroup *owner)
{
	struct zcache_pool *pool = pool_of(ZCACHE_FILE_POOL);
	struct tmem_oid oid = file_oid(mapping);
	gfp_t gfp = zcache_gfp(ZBUD_EPH);
	struct zcache_token *token;
	void *pampd;

	pampd = zcache_file_create(pool, &oid, index, page, read, owner);
	if (!pampd)
		return NULL;
	token = mempool_alloc(cache->tokens, gfp);
	if (!token) {
		zcache_count(cache, ZCACHE_FAILED_ALLOC);
		zcache_pamops.free(&pool->tmem, pampd);
		return NULL;
	}
	if (tmem_put_begin(&token->put, &pool->tmem, &oid, index, pampd, gfp)) {
		mempool_free(token, cache->tokens);
		return NULL;
	}
	return &token->token;
}

static struct zcache_token *to_zcache_token(struct cleancache_token *token)
{
	return container_of(token, struct zcache_token, token);
}

static void file_commit(struct cleancache_token *token)
{
	tmem_put_commit(&to_zcache_token(token)->put);
}

static void file_finish(struct cleancache_token *token)
{
	tmem_put_end(&to_zcache_token(token)->put);
	mempool_free(to_zcache_token(token), cache->tokens);
}

/*
 * The entry stays, unless the user knows better: as long as the page is only read
 * it can go again for nothing, while compressing it costs three times what
 * decompressing it does. If it is used so much that it stays in the page cache, its
 * entry grows old and is evicted.
 */
static int file_get(const struct address_space *mapping, unsigned long index,
		    struct page *page)
{
	struct tmem_pool *tmem = &pool_of(ZCACHE_FILE_POOL)->tmem;
	struct tmem_oid oid = file_oid(mapping);

	if (READ_ONCE(cache->exclusive_gets))
		return tmem_get_and_free(tmem, &oid, index, page);
	return tmem_get(tmem, &oid, index, page);
}

/* The rules of mm/cleancache.c, seen from here: no entry is ever stale. */
static void check_kept(struct tmem_pool *tmem, const struct tmem_oid *oid,
		       unsigned long index, struct page *page)
{
	struct page *copy = alloc_page(GFP_NOWAIT | __GFP_NOWARN);

	if (!copy)
		return;
	if (!tmem_get(tmem, oid, index, copy))
		WARN_ON_ONCE(memcmp(page_address(copy), page_address(page),
				    PAGE_SIZE));
	__free_page(copy);
}

static bool file_kept(const struct address_space *mapping, unsigned long index,
		      struct page *page)
{
	struct tmem_pool *tmem = &pool_of(ZCACHE_FILE_POOL)->tmem;
	struct tmem_oid oid = file_oid(mapping);

	/* It is used, too, when a page goes that is the same. */
	if (tmem_get(tmem, &oid, index, NULL))
		return false;
	if (IS_ENABLED(CONFIG_ZCACHE2_DEBUG))
		check_kept(tmem, &oid, index, page);
	zcache_seen(cache, &oid, index);
	return true;
}

static bool file_present(const struct address_space *mapping,
			 unsigned long first, unsigned long last)
{
	struct tmem_oid oid = file_oid(mapping);

	return tmem_present(&pool_of(ZCACHE_FILE_POOL)->tmem, &oid, first, last);
}

static void file_invalidate(const struct address_space *mapping,
			    unsigned long first, unsigned long last)
{
	struct tmem_pool *tmem = &pool_of(ZCACHE_FILE_POOL)->tmem;
	struct tmem_oid oid = file_oid(mapping);
	bool all = !first && last == ULONG_MAX;

	zcache_count(cache, all ? ZCACHE_FLOBJ_TOTAL : ZCACHE_FLUSH_TOTAL);
	if (tmem_flush_range(tmem, &oid, first, last))
		zcache_count(cache, all ? ZCACHE_FLOBJ_FOUND :
					    ZCACHE_FLUSH_FOUND);
}

const struct cleancache_ops zcache_cleancache_ops = {
	.owner = THIS_MODULE,
	.worth = file_worth,
	.prepare = file_prepare,
	.commit = file_commit,
	.finish = file_finish,
	.get = file_get,
	.kept = file_kept,
	.present = file_present,
	.invalidate = file_invalidate,
};

/* Swap pages */

static u32 swap_pool_id(unsigned int type)
{
	return ZCACHE_FILE_POOL + 1 + type;
}

static struct tmem_oid swap_oid(unsigned long offset)
{
	return (struct tmem_oid) { .w = { offset >> SWAP_OBJ_SHIFT } };
}

static unsigned long swap_index(unsigned long offset)
{
	return offset & (BIT(SWAP_OBJ_SHIFT) - 1);
}

/**
 * zcache_swap_slot() - of which slot is a page?
 * @handle: its name
 * @type: set to the swap area
 * @offset: set to the slot
 *
 * Context: any.
 * Return: false if it is not a swap page of this machine.
 */
bool zcache_swap_slot(const struct tmem_handle *handle, unsigned int *type,
		      unsigned long *offset)
{
	*type = handle->pool_id - swap_pool_id(0);
	*offset = handle->oid.w[0] << SWAP_OBJ_SHIFT | handle->index;
	return *type < MAX_SWAPFILES;
}

static int swap_init(unsigned int type, unsigned long nr_slots)
{
	return zcache_pool_create(cache, swap_pool_id(type), ZBUD_PERS);
}

static void swap_exit(unsigned int type)
{
	zcache_pool_destroy(cache, swap_pool_id(type));
	zcache_frames_calm(cache);
}

static int swap_store(unsigned int type, unsigned long offset,
		      struct page *page, struct obj_cgroup *owner)
{
	struct zcache_pool *pool = pool_of(swap_pool_id(type));
	struct tmem_oid oid = swap_oid(offset);
	void *pampd;

	pampd = zcache_swap_create(pool, &oid, swap_index(offset), page, owner);
	if (!pampd)
		return -ENOMEM;
	return tmem_put(&pool->tmem, &oid, swap_index(offset), pampd,
			zcache_gfp(ZBUD_PERS));
}

static int swap_load(unsigned int type, unsigned long offset,
		     struct page *page)
{
	struct tmem_oid oid = swap_oid(offset);

	return tmem_get(&pool_of(swap_pool_id(type))->tmem, &oid,
			swap_index(offset), page);
}

static void swap_invalidate(unsigned int type, unsigned long offset)
{
	struct tmem_oid oid = swap_oid(offset);

	zcache_count(cache, ZCACHE_FLUSH_TOTAL);
	if (tmem_flush_page(&pool_of(swap_pool_id(type))->tmem, &oid,
			    swap_index(offset)))
		zcache_count(cache, ZCACHE_FLUSH_FOUND);
}

const struct frontswap_ops zcache_frontswap_ops = {
	.owner = THIS_MODULE,
	.init = swap_init,
	.exit = swap_exit,
	.store = swap_store,
	.load = swap_load,
	.invalidate = swap_invalidate,
};
