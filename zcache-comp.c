// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compressors: LZO from the kernel's library, called directly, or any other
 * that the crypto API knows by name.
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
 * @lzo: the library's function, or NULL for the crypto API
 * @node: in the list of CPU hotplug instances
 * @ctx: contexts
 *
 * All immutable once created, but for what @ctx points to.
 */
struct zcache_comp {
	char name[CRYPTO_MAX_ALG_NAME];
	lzo_fn lzo;
	struct hlist_node node;
	struct zcache_comp_ctx __percpu *ctx;
};

static enum cpuhp_state cpuhp_state;

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

static bool comp_find(struct zcache_comp *comp, const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lzo_variants); i++) {
		if (!strcmp(name, lzo_variants[i].name)) {
			comp->lzo = lzo_variants[i].compress;
			return true;
		}
	}
	return crypto_has_comp(name, 0, 0);
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
 * zcache_comp_create() - get a compressor by name
 * @name: lzo-rle, lzo, or a name of the crypto API
 *
 * Context: may sleep. One compressor at a time.
 * Return: the compressor, -ENOENT for an unknown name, or another errno.
 */
struct zcache_comp *zcache_comp_create(const char *name)
{
	struct zcache_comp *comp;
	int cpu, err;

	comp = kzalloc(sizeof(*comp), GFP_KERNEL);
	if (!comp)
		return ERR_PTR(-ENOMEM);
	err = -ENOENT;
	if (strscpy(comp->name, name) < 0 || !comp_find(comp, name))
		goto err_free;

	err = -ENOMEM;
	comp->ctx = alloc_percpu(struct zcache_comp_ctx);
	if (!comp->ctx)
		goto err_free;
	for_each_possible_cpu(cpu)
		mutex_init(&per_cpu_ptr(comp->ctx, cpu)->lock);

	err = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN, "mm/zcache:prepare",
				      cpu_prepare, NULL);
	if (err < 0)
		goto err_ctx;
	cpuhp_state = err;
	err = cpuhp_state_add_instance(cpuhp_state, &comp->node);
	if (err)
		goto err_state;
	return comp;

err_state:
	cpuhp_remove_multi_state(cpuhp_state);
	for_each_possible_cpu(cpu)
		ctx_free(per_cpu_ptr(comp->ctx, cpu));
err_ctx:
	free_percpu(comp->ctx);
err_free:
	kfree(comp);
	return ERR_PTR(err);
}

/**
 * zcache_comp_destroy() - give a compressor back
 * @comp: not in use any more
 */
void zcache_comp_destroy(struct zcache_comp *comp)
{
	int cpu;

	cpuhp_state_remove_instance_nocalls(cpuhp_state, &comp->node);
	cpuhp_remove_multi_state(cpuhp_state);
	for_each_possible_cpu(cpu)
		ctx_free(per_cpu_ptr(comp->ctx, cpu));
	free_percpu(comp->ctx);
	kfree(comp);
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
