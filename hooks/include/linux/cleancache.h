/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cleancache: a backend that may keep clean file pages which the page cache
 * has to give up. See mm/cleancache.c for the rules.
 */
#ifndef _LINUX_CLEANCACHE_H
#define _LINUX_CLEANCACHE_H

#include <linux/bitops.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/jump_label.h>
#include <linux/pagemap.h>
#include <linux/sched/clock.h>
#include <linux/types.h>

struct folio;
struct mem_cgroup;
struct module;
struct obj_cgroup;
struct page;
struct shrinker;

/**
 * struct cleancache_token - a page that the backend is about to publish
 * @next: the core's, to chain the pages of a folio
 *
 * The backend embeds it.
 */
struct cleancache_token {
	struct cleancache_token *next;
};

/**
 * struct cleancache_read - what it takes to read a page again, and what that is worth
 * @ns: nanoseconds; 0: unknown
 * @async_ns: how much of that, at the most all, passes while who reads may do
 *	something else
 * @whole: the pages around it are read with it, and all of them if one is missing
 * @active: it has been used more than once since it was read
 */
struct cleancache_read {
	unsigned int ns;
	unsigned int async_ns;
	bool whole;
	bool active;
};

/**
 * struct cleancache_ops - what a backend does
 * @owner: the module
 * @worth: is it worth to offer a folio, where reading a page of it again takes @read?
 *	If not, no other of the file system is offered for the rest of the jiffy
 * @prepare: copy @page, so that it can be published without allocating; runs
 *	in reclaim with a locked folio; @read as above. Page frames that it takes are
 *	charged to @owner by cleancache_charge(); NULL: to nobody. NULL if the page
 *	cannot be kept, or is not worth it
 * @commit: publish; under the page cache's lock, interrupts off
 * @finish: free the token, and the copy if it was not published
 * @get: fill @page, and forget the copy or not; 0, or an errno: -ENOENT only if
 *	there is none; may sleep
 * @kept: is there a copy of @page already, left by a get? Not an order: if
 *	it goes afterwards, the page is merely missed
 * @present: is there any page of the range? A hint; may not sleep
 * @invalidate: forget the pages of a range, inclusive; may not sleep
 *
 * An address_space is a name here, never followed by the backend.
 */
struct cleancache_ops {
	struct module *owner;
	bool (*worth)(struct cleancache_read read);
	struct cleancache_token *(*prepare)(const struct address_space *mapping,
					    unsigned long index,
					    struct page *page,
					    struct cleancache_read read,
					    struct obj_cgroup *owner);
	void (*commit)(struct cleancache_token *token);
	void (*finish)(struct cleancache_token *token);
	int (*get)(const struct address_space *mapping, unsigned long index,
		   struct page *page);
	bool (*kept)(const struct address_space *mapping, unsigned long index,
		     struct page *page);
	bool (*present)(const struct address_space *mapping,
			unsigned long first, unsigned long last);
	void (*invalidate)(const struct address_space *mapping,
			   unsigned long first, unsigned long last);
};

/**
 * struct cleancache_put - a folio between prepare and removal
 * @mapping: where it is; not to be used after the folio was removed
 * @ops: the backend, kept by the SRCU section
 * @read: what it takes to read a page of it again
 * @tokens: one for each page that can be kept
 * @srcu_idx: the section, open from begin to end
 */
struct cleancache_put {
	struct address_space *mapping;
	const struct cleancache_ops *ops;
	struct cleancache_read read;
	struct cleancache_token *tokens;
	int srcu_idx;
};

/**
 * struct cleancache_inval - an open inhibit window
 * @mapping: whose
 * @first: first page index that is invalidated
 * @last: last page index, inclusive
 * @srcu_idx: tells a registering backend who began without it
 * @open: there is a window, since the file system has opted in
 * @counted: gets and commits are being kept out
 */
struct cleancache_inval {
	struct address_space *mapping;
	unsigned long first;
	unsigned long last;
	int srcu_idx;
	bool open;
	bool counted;
};

/* How the files of a file system are cached: */
#define CLEANCACHE_FIXED	BIT(0)	/* their contents never change */
/*
 * ->readahead() waits for the device and decompresses by itself, a block of many
 * pages even if it needs but one
 */
#define CLEANCACHE_WHOLE	BIT(1)

#ifdef CONFIG_CLEANCACHE_MEMCG
struct obj_cgroup *cleancache_owner_get(struct folio *folio);
void cleancache_owner_hold(struct obj_cgroup *owner);
void cleancache_owner_put(struct obj_cgroup *owner);
bool cleancache_owner_gone(struct obj_cgroup *owner);
bool cleancache_is_nobody(struct mem_cgroup *memcg);
struct obj_cgroup *cleancache_owner_of(struct mem_cgroup *memcg);
bool cleancache_owner_is(struct obj_cgroup *owner, struct mem_cgroup *memcg);
unsigned long cleancache_owner_limit(struct obj_cgroup *owner);
void cleancache_owner_shrinks(struct obj_cgroup *owner, struct shrinker *shrinker);
int cleancache_charge(struct obj_cgroup *owner, struct page *frame);
void cleancache_uncharge(struct page *frame);
#else
static inline struct obj_cgroup *cleancache_owner_get(struct folio *folio)
{
	return NULL;
}

static inline void cleancache_owner_hold(struct obj_cgroup *owner)
{
}

static inline void cleancache_owner_put(struct obj_cgroup *owner)
{
}

static inline bool cleancache_owner_gone(struct obj_cgroup *owner)
{
	return false;
}

static inline bool cleancache_is_nobody(struct mem_cgroup *memcg)
{
	return true;
}

static inline struct obj_cgroup *cleancache_owner_of(struct mem_cgroup *memcg)
{
	return NULL;
}

static inline bool cleancache_owner_is(struct obj_cgroup *owner,
				       struct mem_cgroup *memcg)
{
	return false;
}

static inline unsigned long cleancache_owner_limit(struct obj_cgroup *owner)
{
	return ULONG_MAX;
}

static inline void cleancache_owner_shrinks(struct obj_cgroup *owner,
					    struct shrinker *shrinker)
{
}

static inline int cleancache_charge(struct obj_cgroup *owner, struct page *frame)
{
	return 0;
}

static inline void cleancache_uncharge(struct page *frame)
{
}
#endif

#ifdef CONFIG_CLEANCACHE

DECLARE_STATIC_KEY_FALSE(cleancache_key);

/* Of struct cleancache_reads' call_ns: to be measured, but not known yet. */
#define CLEANCACHE_CALLS_COUNT	1

int cleancache_register(const struct cleancache_ops *ops);
int cleancache_unregister(const struct cleancache_ops *ops);

bool __cleancache_put_begin(struct cleancache_put *put,
			    struct address_space *mapping,
			    struct folio *folio, bool mapped);
void cleancache_put_commit(struct cleancache_put *put);
void cleancache_put_end(struct cleancache_put *put);
bool __cleancache_get_folio(struct folio *folio);
void __cleancache_drop_folio(struct address_space *mapping,
			     struct folio *folio);
bool __cleancache_present(struct address_space *mapping, unsigned long first,
			  unsigned long last);
bool __cleancache_window(struct address_space *mapping, unsigned long first,
			 unsigned long nr);
void __cleancache_inval_begin(struct cleancache_inval *inval);
void __cleancache_inval_end(struct cleancache_inval *inval);
void cleancache_invalidate_inode(struct inode *inode);
void __cleancache_read_end(struct address_space *mapping, u64 begin,
			   unsigned long nr);

/**
 * cleancache_enable_sb() - let the files of a file system be cached
 * @sb: a file system on a local block device, each of whose changes to file
 *	contents goes through the page cache or a hooked invalidation
 * @how: CLEANCACHE_ flags, or 0
 */
static inline void cleancache_enable_sb(struct super_block *sb, unsigned int how)
{
	if (!sb->s_bdev)
		return;
	sb->s_iflags |= SB_I_CLEANCACHE;
	if (how & CLEANCACHE_FIXED)
		sb->s_iflags |= SB_I_CLEANCACHE_FIXED;
	if (how & CLEANCACHE_WHOLE)
		sb->s_cleancache.call_ns = CLEANCACHE_CALLS_COUNT;
}

static inline bool cleancache_sb_enabled(const struct address_space *mapping)
{
	return mapping->host && mapping->host->i_sb->s_iflags & SB_I_CLEANCACHE;
}

/**
 * cleancache_exclude_inode() - keep nothing of this file any more
 * @inode: from now on others may change what the disk has of it
 *
 * Until the inode goes. What there is goes with the invalidation of all of its
 * page cache, which has to follow.
 *
 * Context: any.
 */
static inline void cleancache_exclude_inode(struct inode *inode)
{
	set_bit(AS_NO_CLEANCACHE, &inode->i_data.flags);
}

/**
 * cleancache_has() - may there be an entry of this mapping?
 * @mapping: the mapping
 *
 * The bit is set before the folio goes, in the same critical section, so who
 * has seen an empty page cache will also see the bit.
 */
static inline bool cleancache_has(const struct address_space *mapping)
{
	smp_rmb();	/* pairs with the barrier in cleancache_put_commit() */
	return test_bit(AS_CLEANCACHE, &mapping->flags);
}

/* Where a read costs hardly more than a copy, to ask for each folio would be felt. */
static inline bool cleancache_worthless(const struct address_space *mapping)
{
	return READ_ONCE(mapping->host->i_sb->s_cleancache.worthless) ==
	       (u32)jiffies;
}

static inline bool cleancache_put_begin(struct cleancache_put *put,
					struct address_space *mapping,
					struct folio *folio, bool mapped)
{
	return static_branch_unlikely(&cleancache_key) &&
	       cleancache_sb_enabled(mapping) && !cleancache_worthless(mapping) &&
	       __cleancache_put_begin(put, mapping, folio, mapped);
}

/**
 * cleancache_get_folio() - fill a folio that has just been added
 * @folio: locked, not up to date, and in the page cache since this very caller
 *	added it
 *
 * Context: may sleep.
 * Return: true if the folio is up to date now. If not, no entry is left for
 * any page of it.
 */
static inline bool cleancache_get_folio(struct folio *folio)
{
	return cleancache_has(folio->mapping) && __cleancache_get_folio(folio);
}

static inline bool cleancache_fixed(const struct address_space *mapping)
{
	return mapping->host->i_sb->s_iflags & SB_I_CLEANCACHE_FIXED;
}

/**
 * cleancache_drop_folio() - a folio was added that will be filled otherwise
 * @folio: locked
 *
 * Where files never change it will be filled with what the entries have.
 */
static inline void cleancache_drop_folio(struct folio *folio)
{
	if (cleancache_has(folio->mapping) && !cleancache_fixed(folio->mapping))
		__cleancache_drop_folio(folio->mapping, folio);
}

/**
 * cleancache_dirty_folio() - a clean folio becomes dirty
 * @mapping: where it is; the caller keeps truncation away
 * @folio: what a get may have left of it is not what it holds any more
 *
 * Context: any but hard interrupt.
 */
static inline void cleancache_dirty_folio(struct address_space *mapping,
					  struct folio *folio)
{
	if (cleancache_has(mapping))
		__cleancache_drop_folio(mapping, folio);
}

/**
 * cleancache_present() - would small folios hit in this range?
 * @mapping: the mapping
 * @first: first page index
 * @last: last page index, inclusive
 *
 * Return: true if there is an entry, as a hint.
 */
static inline bool cleancache_present(struct address_space *mapping,
				      unsigned long first, unsigned long last)
{
	return cleancache_has(mapping) &&
	       __cleancache_present(mapping, first, last);
}

/**
 * cleancache_window() - shall pages be got one by one?
 * @mapping: the mapping
 * @first: first page index that is to be read
 * @nr: how many pages from there
 *
 * Return: false if all of them had better be read.
 */
static inline bool cleancache_window(struct address_space *mapping,
				     unsigned long first, unsigned long nr)
{
	return !cleancache_has(mapping) ||
	       __cleancache_window(mapping, first, nr);
}

/**
 * cleancache_inval_begin() - open the inhibit window of an invalidation
 * @inval: storage for it
 * @mapping: the mapping
 * @first: first page index that is changed or goes, even partly
 * @last: last such page index, inclusive
 *
 * Before any walk over the page cache that has to leave nothing behind.
 */
static inline void cleancache_inval_begin(struct cleancache_inval *inval,
					  struct address_space *mapping,
					  unsigned long first,
					  unsigned long last)
{
	*inval = (struct cleancache_inval) {
		.mapping = mapping,
		.first = first,
		.last = last,
	};
	if (cleancache_sb_enabled(mapping))
		__cleancache_inval_begin(inval);
}

/**
 * cleancache_inval_end() - erase the range and close the window
 * @inval: as begun
 */
static inline void cleancache_inval_end(struct cleancache_inval *inval)
{
	if (inval->open)
		__cleancache_inval_end(inval);
}

/**
 * cleancache_read_begin() - pages are about to be read from the file system
 * @mapping: whose
 *
 * Return: for cleancache_read_end().
 */
static inline u64 cleancache_read_begin(struct address_space *mapping)
{
	if (!static_branch_unlikely(&cleancache_key) ||
	    !READ_ONCE(mapping->host->i_sb->s_cleancache.call_ns))
		return 0;
	return local_clock();
}

/**
 * cleancache_read_end() - the file system has done its part
 * @mapping: whose
 * @begin: as cleancache_read_begin() returned it
 * @nr: pages that are there now, or under I/O
 */
static inline void cleancache_read_end(struct address_space *mapping, u64 begin,
				       unsigned long nr)
{
	if (begin)
		__cleancache_read_end(mapping, begin, nr);
}

/**
 * cleancache_clear_inode() - an inode goes, and its address as a name
 * @inode: no folio is left in it
 */
static inline void cleancache_clear_inode(struct inode *inode)
{
	if (cleancache_has(&inode->i_data))
		cleancache_invalidate_inode(inode);
}

#else

static inline int cleancache_register(const struct cleancache_ops *ops)
{
	return -EOPNOTSUPP;
}

static inline int cleancache_unregister(const struct cleancache_ops *ops)
{
	return -EOPNOTSUPP;
}

static inline void cleancache_enable_sb(struct super_block *sb, unsigned int how)
{
}

static inline void cleancache_exclude_inode(struct inode *inode)
{
}

static inline bool cleancache_has(const struct address_space *mapping)
{
	return false;
}

static inline void cleancache_dirty_folio(struct address_space *mapping,
					  struct folio *folio)
{
}

static inline bool cleancache_put_begin(struct cleancache_put *put,
					struct address_space *mapping,
					struct folio *folio, bool mapped)
{
	return false;
}

static inline void cleancache_put_commit(struct cleancache_put *put)
{
}

static inline void cleancache_put_end(struct cleancache_put *put)
{
}

static inline bool cleancache_get_folio(struct folio *folio)
{
	return false;
}

static inline void cleancache_drop_folio(struct folio *folio)
{
}

static inline bool cleancache_present(struct address_space *mapping,
				      unsigned long first, unsigned long last)
{
	return false;
}

static inline bool cleancache_window(struct address_space *mapping,
				     unsigned long first, unsigned long nr)
{
	return true;
}

static inline u64 cleancache_read_begin(struct address_space *mapping)
{
	return 0;
}

static inline void cleancache_read_end(struct address_space *mapping, u64 begin,
				       unsigned long nr)
{
}

static inline void cleancache_inval_begin(struct cleancache_inval *inval,
					  struct address_space *mapping,
					  unsigned long first,
					  unsigned long last)
{
}

static inline void cleancache_inval_end(struct cleancache_inval *inval)
{
}

static inline void cleancache_invalidate_inode(struct inode *inode)
{
}

static inline void cleancache_clear_inode(struct inode *inode)
{
}

#endif /* CONFIG_CLEANCACHE */
#endif /* _LINUX_CLEANCACHE_H */
