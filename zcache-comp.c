// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compressors: LZO from the kernel's library, called directly, or any other
 * that the crypto API knows by name.
 *
 * One is in use, and another can be chosen at any time. Pages of the one before
 * stay, and bear its tag, so it stays as well: a compressor that was chosen once is
 * there until the cache is stopped.
 *
 * Each CPU has a context with a buffer. Its mutex and not the CPU is what
 * keeps others out, so compression can be preempted, and a task that has moved
 * meanwhile only keeps another waiting for one page's time.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpuhotplug.h>
#include <linux/crypto.h>
#include <linux/err.h>
#include <linux/lzo.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "zcache.h"

/* Room for a page that grows, whatever the compressor. */
#define BUF_SIZE	(2 * PAGE_SIZE)

/**
 * struct zcache_comp_ctx - a CPU's workplace
 * @lock: protects the rest from use by two
 * @buf: for compressed bytes, BUF_SIZE of them; NULL on a CPU never online
 * @mem: LZO's working memory
 * @tfm: a crypto API compressor's own
 */
struct zcache_comp_ctx {
	struct mutex lock;	/* one user at a time */
	void *buf;
	void *mem;
	struct crypto_comp *tfm;
};

typedef int (*lzo_fn)(const unsigned char *src, size_t src_len,
		      unsigned char *dst, size_t *dst_len, void *mem);

static const struct lzo_variant {
	const char *name;
	lzo_fn compress;
} lzo_variants[] = {
	{ "lzo-rle", lzorle1x_1_compress },
	{ "lzo", lzo1x_1_compress },
};

/**
 * struct zcache_comp - a compressor
 * @name: as the user gave it
 * @tag: its place in the table, and what its zpages bear
 * @lzo: the library's function, or NULL for the crypto API
 * @node: in the list of CPU hotplug instances
 * @ctx: contexts
 *
 * All immutable once created, but for what @ctx points to.
 */
struct zcache_comp {
	char name[CRYPTO_MAX_ALG_NAME];
	unsigned int tag;
	lzo_fn lzo;
	struct hlist_node node;
	struct zcache_comp_ctx __percpu *ctx;
};

static void ctx_free(struct zcache_comp_ctx *ctx)
{
	if (!IS_ERR_OR_NULL(ctx->tfm))
		crypto_free_comp(ctx->tfm);
	kfree(ctx->buf);
	kvfree(ctx->mem);
	ctx->tfm = NULL;
	ctx->buf = NULL;
	ctx->mem = NULL;
}

static int ctx_alloc(struct zcache_comp *comp, struct zcache_comp_ctx *ctx,
		     int node)
{
	ctx->buf = kmalloc_node(BUF_SIZE, GFP_KERNEL, node);
	if (!ctx->buf)
		return -ENOMEM;
	if (comp->lzo) {
		ctx->mem = kvmalloc_node(LZO1X_MEM_COMPRESS, GFP_KERNEL, node);
		if (ctx->mem)
			return 0;
	} else {
		ctx->tfm = crypto_alloc_comp(comp->name, 0, 0);
		if (!IS_ERR(ctx->tfm))
			return 0;
	}
	ctx_free(ctx);
	return -ENOMEM;
}

/* A CPU that went and came back still has its context. */
static int cpu_prepare(unsigned int cpu, struct hlist_node *node)
{
	struct zcache_comp *comp = hlist_entry(node, struct zcache_comp, node);
	struct zcache_comp_ctx *ctx = per_cpu_ptr(comp->ctx, cpu);

	return ctx->buf ? 0 : ctx_alloc(comp, ctx, cpu_to_node(cpu));
}

static const struct lzo_variant *lzo_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lzo_variants); i++)
		if (!strcmp(name, lzo_variants[i].name))
			return &lzo_variants[i];
	return NULL;
}

/**
 * zcache_comp_default() - the compressor of those who do not care
 *
 * Return: its name.
 */
const char *zcache_comp_default(void)
{
	return lzo_variants[0].name;
}

/**
 * zcache_comp_known() - is there such a compressor?
 * @name: lzo-rle, lzo, or a name of the crypto API
 *
 * Context: may sleep, and have a module loaded.
 * Return: true if there is.
 */
bool zcache_comp_known(const char *name)
{
	return lzo_find(name) || crypto_has_comp(name, 0, 0);
}

/**
 * zcache_comps_init() - no compressor yet
 * @comps: the table
 *
 * Return: 0 or an errno.
 */
int zcache_comps_init(struct zcache_comps *comps)
{
	int state = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN,
					    "mm/zcache:prepare", cpu_prepare,
					    NULL);

	if (state < 0)
		return state;
	*comps = (struct zcache_comps) { .cpuhp_state = state };
	return 0;
}

static void comp_free(struct zcache_comp *comp)
{
	int cpu;

	for_each_possible_cpu(cpu)
		ctx_free(per_cpu_ptr(comp->ctx, cpu));
	free_percpu(comp->ctx);
	kfree(comp);
}

/**
 * zcache_comps_exit() - give all compressors back
 * @comps: the table; no page is left
 */
void zcache_comps_exit(struct zcache_comps *comps)
{
	while (comps->nr) {
		struct zcache_comp *comp = comps->table[--comps->nr];

		cpuhp_state_remove_instance_nocalls(comps->cpuhp_state,
						    &comp->node);
		comps->table[comps->nr] = NULL;
		comp_free(comp);
	}
	comps->in_use = NULL;
	cpuhp_remove_multi_state(comps->cpuhp_state);
}

static struct zcache_comp *comp_create(struct zcache_comps *comps,
				       const char *name)
{
	const struct lzo_variant *lzo = lzo_find(name);
	struct zcache_comp *comp;
	int cpu, err;

	comp = kzalloc(sizeof(*comp), GFP_KERNEL);
	if (!comp)
		return ERR_PTR(-ENOMEM);
	comp->lzo = lzo ? lzo->compress : NULL;
	comp->tag = comps->nr;
	err = -ENOENT;
	if (strscpy(comp->name, name) < 0)
		goto err_free;
	err = -ENOMEM;
	comp->ctx = alloc_percpu(struct zcache_comp_ctx);
	if (!comp->ctx)
		goto err_free;
	for_each_possible_cpu(cpu)
		mutex_init(&per_cpu_ptr(comp->ctx, cpu)->lock);
	err = cpuhp_state_add_instance(comps->cpuhp_state, &comp->node);
	if (err)
		goto err_ctx;
	return comp;

err_ctx:
	comp_free(comp);
	return ERR_PTR(err);
err_free:
	kfree(comp);
	return ERR_PTR(err);
}

static struct zcache_comp *comp_find(struct zcache_comps *comps,
				     const char *name)
{
	unsigned int i;

	for (i = 0; i < comps->nr; i++)
		if (!strcmp(name, comps->table[i]->name))
			return comps->table[i];
	return NULL;
}

/**
 * zcache_comp_choose() - have pages compressed by it from now on
 * @comps: the table
 * @name: lzo-rle, lzo, or a name of the crypto API
 *
 * Context: may sleep, and have a module loaded. One caller at a time.
 * Return: 0; -ENOENT for an unknown name, -ENOSPC if too many have been chosen, or
 * another errno: then nothing has changed.
 */
int zcache_comp_choose(struct zcache_comps *comps, const char *name)
{
	struct zcache_comp *comp = comp_find(comps, name);

	if (!comp) {
		if (!zcache_comp_known(name))
			return -ENOENT;
		if (comps->nr == ZCACHE_COMPRESSORS)
			return -ENOSPC;
		comp = comp_create(comps, name);
		if (IS_ERR(comp))
			return PTR_ERR(comp);
		comps->table[comps->nr++] = comp;
	}
	/* Pairs with zcache_comp_in_use(): who sees it sees it in the table. */
	smp_store_release(&comps->in_use, comp);
	return 0;
}

/**
 * zcache_comp_in_use() - the compressor for pages that come
 * @comps: the table
 *
 * Context: any. It may be another one the next time.
 * Return: the compressor.
 */
struct zcache_comp *zcache_comp_in_use(struct zcache_comps *comps)
{
	/* Pairs with zcache_comp_choose(). */
	return smp_load_acquire(&comps->in_use);
}

/**
 * zcache_comp_of() - the compressor of a page that is here
 * @comps: the table
 * @tag: what the page bears
 *
 * Who has seen the page has, by the lock of tmem or of whoever keeps it, seen
 * what was in the table when it was compressed.
 *
 * Context: any.
 * Return: the compressor; NULL for a tag that no page of ours bears.
 */
struct zcache_comp *zcache_comp_of(struct zcache_comps *comps, unsigned int tag)
{
	if (WARN_ON_ONCE(tag >= ZCACHE_COMPRESSORS || !comps->table[tag]))
		return NULL;
	return comps->table[tag];
}

/**
 * zcache_comp_tag() - what a page bears that was compressed by it
 * @comp: the compressor
 *
 * Return: the tag.
 */
unsigned int zcache_comp_tag(const struct zcache_comp *comp)
{
	return comp->tag;
}

/**
 * zcache_comp_name() - what a compressor is called
 * @comp: the compressor
 *
 * Return: its name.
 */
const char *zcache_comp_name(const struct zcache_comp *comp)
{
	return comp->name;
}

/**
 * zcache_comp_begin() - get hold of this CPU's context
 * @comp: the compressor
 *
 * Context: may sleep; whoever has a context must not want another.
 * Return: the context, to be given back with zcache_comp_end().
 */
struct zcache_comp_ctx *zcache_comp_begin(struct zcache_comp *comp)
{
	struct zcache_comp_ctx *ctx = raw_cpu_ptr(comp->ctx);

	mutex_lock(&ctx->lock);
	return ctx;
}

/**
 * zcache_comp_end() - give a context back
 * @ctx: as zcache_comp_begin() returned it
 */
void zcache_comp_end(struct zcache_comp_ctx *ctx)
{
	mutex_unlock(&ctx->lock);
}

/**
 * zcache_comp_buf() - a context's buffer
 * @ctx: held by the caller
 *
 * Return: room for two pages.
 */
void *zcache_comp_buf(struct zcache_comp_ctx *ctx)
{
	lockdep_assert_held(&ctx->lock);

	return ctx->buf;
}

/**
 * zcache_compress() - compress a page into the context's buffer
 * @comp: the compressor
 * @ctx: held by the caller
 * @page: a page's bytes
 * @size: set to how many bytes are in the buffer; may be more than a page
 *
 * Context: may sleep.
 * Return: 0, or an errno if the compressor failed.
 */
int zcache_compress(struct zcache_comp *comp, struct zcache_comp_ctx *ctx,
		    const void *page, unsigned int *size)
{
	size_t lzo_size = BUF_SIZE;
	int err;

	lockdep_assert_held(&ctx->lock);

	*size = BUF_SIZE;
	if (!comp->lzo)
		return crypto_comp_compress(ctx->tfm, page, PAGE_SIZE, ctx->buf,
					    size);
	err = comp->lzo(page, PAGE_SIZE, ctx->buf, &lzo_size, ctx->mem);
	*size = lzo_size;
	return err ? -EIO : 0;
}

/**
 * zcache_decompress() - restore a page
 * @comp: the compressor that compressed it
 * @ctx: held by the caller
 * @data: compressed bytes; may be in the context's buffer
 * @size: how many
 * @page: where to; PAGE_SIZE bytes
 *
 * Context: may sleep.
 * Return: 0, or -EIO if the data does not give a page.
 */
int zcache_decompress(struct zcache_comp *comp, struct zcache_comp_ctx *ctx,
		      const void *data, unsigned int size, void *page)
{
	unsigned int len = PAGE_SIZE;
	size_t lzo_len = PAGE_SIZE;
	int err;

	lockdep_assert_held(&ctx->lock);

	if (comp->lzo) {
		err = lzo1x_decompress_safe(data, size, page, &lzo_len);
		len = lzo_len;
	} else {
		err = crypto_comp_decompress(ctx->tfm, data, size, page, &len);
	}
	return err || len != PAGE_SIZE ? -EIO : 0;
}
