/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A backend for tests of cleancache, whose pages are one byte, as all bytes of a
 * page are the same; and files that are read, faulted and reclaimed by hand.
 */
#ifndef _CLEANCACHE_RIG_H
#define _CLEANCACHE_RIG_H

#include <linux/cleancache.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "test_util.h"

#define NR_INDEXES	16

/**
 * struct file_token - a page that is being put
 * @token: cleancache's part
 * @mapping: whose
 * @index: which
 * @byte: its contents
 */
struct file_token {
	struct cleancache_token token;
	const struct address_space *mapping;
	unsigned long index;
	u8 byte;
};

/**
 * struct file_backend - keeps the pages of one file
 * @sb: of all files in the test
 * @mapping: the one whose pages are kept
 * @byte: what its pages are filled with; 0: there is none
 * @refused: a bit for each page that will not be kept
 * @keep: a get leaves the page
 * @get_fails: a get of a page that is there does, with this errno
 * @worthless: nothing is worth to be offered
 * @asked: how often that was asked
 * @read: what it took to read a page again, when one was offered last
 * @tokens: prepared and not finished
 * @first: first index of the last invalidation
 * @last: last index of it
 * @invalidations: how many there were
 */
static struct file_backend {
	struct super_block *sb;
	const struct address_space *mapping;
	u8 byte[NR_INDEXES];
	unsigned long refused;
	bool keep;
	int get_fails;
	bool worthless;
	unsigned int asked;
	struct cleancache_read read;
	unsigned int tokens;
	unsigned long first;
	unsigned long last;
	unsigned int invalidations;
} files;

static bool files_worth(struct cleancache_read read)
{
	files.asked++;
	return !files.worthless;
}

static struct cleancache_token *files_prepare(const struct address_space *mapping,
					      unsigned long index,
					      struct page *page,
					      struct cleancache_read read,
					      struct obj_cgroup *owner)
{
	struct file_token *token;

	/* Other file systems may be at work when the suite runs. */
	if (mapping->host->i_sb != files.sb || index >= NR_INDEXES ||
	    files.refused & BIT(index))
		return NULL;
	token = kmalloc(sizeof(*token), GFP_NOWAIT);
	if (!token)
		return NULL;
	files.read = read;
	token->mapping = mapping;
	token->index = index;
	token->byte = *(u8 *)page_address(page);
	files.tokens++;
	return &token->token;
}

static void files_commit(struct cleancache_token *t)
{
	struct file_token *token = container_of(t, struct file_token, token);

	if (token->mapping == files.mapping)
		files.byte[token->index] = token->byte;
}

static void files_finish(struct cleancache_token *token)
{
	files.tokens--;
	kfree(container_of(token, struct file_token, token));
}

static int files_get(const struct address_space *mapping, unsigned long index,
		     struct page *page)
{
	if (mapping != files.mapping || index >= NR_INDEXES ||
	    !files.byte[index])
		return -ENOENT;
	if (files.get_fails)
		return files.get_fails;
	memset(page_address(page), files.byte[index], PAGE_SIZE);
	if (!files.keep)
		files.byte[index] = 0;
	return 0;
}

static bool files_kept(const struct address_space *mapping,
		       unsigned long index, struct page *page)
{
	return mapping == files.mapping && index < NR_INDEXES &&
	       files.byte[index];
}

static bool files_present(const struct address_space *mapping,
			  unsigned long first, unsigned long last)
{
	if (mapping != files.mapping)
		return false;
	for (; first <= last && first < NR_INDEXES; first++)
		if (files.byte[first])
			return true;
	return false;
}

static void files_invalidate(const struct address_space *mapping,
			     unsigned long first, unsigned long last)
{
	if (mapping != files.mapping)
		return;
	files.first = first;
	files.last = last;
	files.invalidations++;
	for (; first <= last && first < NR_INDEXES; first++)
		files.byte[first] = 0;
}

static const struct cleancache_ops files_ops = {
	.worth = files_worth,
	.prepare = files_prepare,
	.commit = files_commit,
	.finish = files_finish,
	.get = files_get,
	.kept = files_kept,
	.present = files_present,
	.invalidate = files_invalidate,
};

/* The pages that are kept, a bit each. */
static unsigned long kept(void)
{
	unsigned long i, ret = 0;

	for (i = 0; i < NR_INDEXES; i++)
		if (files.byte[i])
			ret |= BIT(i);
	return ret;
}

/* Files to test with */

static void files_off(void *unused)
{
	cleancache_unregister(&files_ops);
}

static void unmount(void *mnt)
{
	kern_unmount(mnt);
}

static void put_inode(void *inode)
{
	iput(inode);
}

static struct super_block *mount_fs(struct kunit *test)
{
	struct file_system_type *type = get_fs_type("ramfs");
	struct vfsmount *mnt;

	KUNIT_ASSERT_NOT_NULL(test, type);
	mnt = kern_mount(type);
	put_filesystem(type);
	KUNIT_ASSERT_FALSE(test, IS_ERR(mnt));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unmount, mnt));
	mnt->mnt_sb->s_iflags |= SB_I_CLEANCACHE;
	return mnt->mnt_sb;
}

static struct address_space *new_file(struct kunit *test)
{
	struct inode *inode = alloc_anon_inode(files.sb);

	KUNIT_ASSERT_FALSE(test, IS_ERR(inode));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_inode,
							   inode));
	inode->i_mode |= S_IFREG;
	i_size_write(inode, NR_INDEXES * PAGE_SIZE);
	mapping_set_large_folios(inode->i_mapping);
	return inode->i_mapping;
}

static void files_on(struct kunit *test)
{
	int err = cleancache_register(&files_ops);

	if (err)
		kunit_skip(test, "cannot be the backend: error %d", err);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, files_off,
							   NULL));
}

/* A file whose pages are kept when they are put. */
static struct address_space *open_file(struct kunit *test)
{
	files = (struct file_backend) {};
	files_on(test);
	files.sb = mount_fs(test);
	files.mapping = new_file(test);
	return (struct address_space *)files.mapping;
}

/* A new folio, locked and up to date, as after a read. */
static struct folio *read_folio(struct kunit *test,
				struct address_space *mapping, pgoff_t index,
				unsigned int order, u8 byte)
{
	struct folio *folio = filemap_alloc_folio(GFP_KERNEL, order);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, folio);
	/* Both on one CPU: its list of folios for the LRU has a reference. */
	migrate_disable();
	err = filemap_add_folio(mapping, folio, index, GFP_KERNEL);
	lru_add_drain();
	migrate_enable();
	KUNIT_ASSERT_EQ(test, err, 0);
	test_fill_folio(folio, byte);
	folio_mark_uptodate(folio);
	return folio;
}

/*
 * As a fault finds or adds a folio: this way it is filled from cleancache. On
 * one CPU, as above.
 */
static struct folio *fault_folio(struct kunit *test,
				 struct address_space *mapping, pgoff_t index,
				 unsigned int order)
{
	struct folio *folio;

	filemap_invalidate_lock_shared(mapping);
	migrate_disable();
	folio = __filemap_get_folio(mapping, index, FGP_CREAT | FGP_FOR_MMAP |
				    fgf_set_order(PAGE_SIZE << order),
				    GFP_KERNEL);
	lru_add_drain();
	migrate_enable();
	filemap_invalidate_unlock_shared(mapping);
	KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
	KUNIT_EXPECT_EQ(test, folio_order(folio), order);
	folio_lock(folio);
	return folio;
}

/* The end of reclaim's __remove_mapping(): the folio goes, its page stays. */
static void remove_folio(struct folio *folio, struct cleancache_put *put)
{
	struct address_space *mapping = folio->mapping;

	xa_lock_irq(&mapping->i_pages);
	if (put)
		cleancache_put_commit(put);
	__filemap_remove_folio(folio, NULL);
	xa_unlock_irq(&mapping->i_pages);
	if (put)
		cleancache_put_end(put);
	folio_put_refs(folio, folio_nr_pages(folio));
	folio_unlock(folio);
	folio_put(folio);
}

static bool reclaim_folio(struct folio *folio)
{
	struct cleancache_put put;
	bool putting = cleancache_put_begin(&put, folio->mapping, folio, false);

	remove_folio(folio, putting ? &put : NULL);
	return putting;
}

/* What is the backend told of a folio that reclaim has unmapped, or need not? */
static bool said_active(struct kunit *test, struct folio *folio, bool mapped)
{
	struct cleancache_put put;

	KUNIT_ASSERT_TRUE(test, cleancache_put_begin(&put, folio->mapping, folio,
						     mapped));
	cleancache_put_end(&put);
	return files.read.active;
}

/* Would reclaim put this folio? */
static bool eligible(struct folio *folio)
{
	struct cleancache_put put;

	if (!cleancache_put_begin(&put, folio->mapping, folio, false))
		return false;
	cleancache_put_end(&put);
	return true;
}

/* Put a page of each index, filled with 100 + index. */
static void put_pages(struct kunit *test, struct address_space *mapping,
		      pgoff_t first, pgoff_t last)
{
	for (; first <= last; first++)
		KUNIT_EXPECT_TRUE(test, reclaim_folio(read_folio(test, mapping,
								 first, 0,
								 100 + first)));
}

#endif /* _CLEANCACHE_RIG_H */
