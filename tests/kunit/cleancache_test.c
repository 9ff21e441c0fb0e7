// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of cleancache, with a backend of their own.
 *
 * They need a kernel without backend: zcache must be off.
 */
#include <linux/cleancache.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#include "cleancache_rig.h"

static void put_get(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio;

	KUNIT_EXPECT_FALSE(test, cleancache_has(mapping));
	put_pages(test, mapping, 3, 3);
	KUNIT_EXPECT_EQ(test, files.tokens, 0);
	KUNIT_EXPECT_EQ(test, kept(), BIT(3));
	KUNIT_EXPECT_TRUE(test, cleancache_present(mapping, 0, 3));
	KUNIT_EXPECT_FALSE(test, cleancache_present(mapping, 4, 9));

	folio = fault_folio(test, mapping, 3, 0);
	KUNIT_EXPECT_TRUE(test, folio_test_uptodate(folio));
	KUNIT_EXPECT_TRUE(test, test_folio_filled(folio, 103));
	KUNIT_EXPECT_EQ(test, kept(), 0);
	remove_folio(folio, NULL);

	folio = fault_folio(test, mapping, 3, 0);
	KUNIT_EXPECT_FALSE(test, folio_test_uptodate(folio));
	remove_folio(folio, NULL);
}

/* An entry that outlives the get serves again, and needs no other put. */
static void get_keeps(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	unsigned int i;

	files.keep = true;
	put_pages(test, mapping, 3, 4);
	for (i = 0; i < 3; i++) {
		struct folio *folio = fault_folio(test, mapping, 3, 0);

		KUNIT_EXPECT_TRUE(test, folio_test_uptodate(folio));
		KUNIT_EXPECT_TRUE(test, test_folio_filled(folio, 103));
		KUNIT_EXPECT_EQ(test, kept(), 0x18);
		KUNIT_EXPECT_FALSE(test, reclaim_folio(folio));
		KUNIT_EXPECT_EQ(test, kept(), 0x18);
	}
}

static void dirty_drops(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio;

	files.keep = true;
	put_pages(test, mapping, 3, 4);
	folio = fault_folio(test, mapping, 3, 0);
	KUNIT_EXPECT_TRUE(test, folio_test_uptodate(folio));
	filemap_dirty_folio(mapping, folio);
	KUNIT_EXPECT_EQ(test, kept(), BIT(4));
	folio_cancel_dirty(folio);
	KUNIT_EXPECT_TRUE(test, reclaim_folio(folio));
	KUNIT_EXPECT_EQ(test, kept(), 0x18);
}

/* A folio that is filled by other means makes the entry obsolete. */
static void add_drops(struct kunit *test)
{
	struct address_space *mapping = open_file(test);

	put_pages(test, mapping, 2, 9);
	remove_folio(read_folio(test, mapping, 5, 0, 1), NULL);
	KUNIT_EXPECT_EQ(test, kept(), 0x3dc);
	remove_folio(read_folio(test, mapping, 8, 2, 1), NULL);
	KUNIT_EXPECT_EQ(test, kept(), 0xdc);
}

/*
 * Unless files never change: what is read has what the entry has, and is not put
 * again when it goes.
 */
static void add_keeps_what_is_fixed(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio;

	files.sb->s_iflags |= SB_I_CLEANCACHE_FIXED;
	put_pages(test, mapping, 3, 4);
	folio = read_folio(test, mapping, 3, 0, 0x33);
	KUNIT_EXPECT_EQ(test, kept(), BIT(3) | BIT(4));
	KUNIT_EXPECT_EQ(test, files.invalidations, 0);
	remove_folio(folio, NULL);
	folio = read_folio(test, mapping, 5, 0, 0x55);
	KUNIT_EXPECT_EQ(test, kept(), BIT(3) | BIT(4));
	remove_folio(folio, NULL);
}

/* Who sees the page cache without the folio must look here for the page. */
static void has_before_removal(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio = read_folio(test, mapping, 3, 0, 1);
	struct cleancache_put put;
	bool has, present;

	KUNIT_ASSERT_TRUE(test, cleancache_put_begin(&put, mapping, folio, false));
	KUNIT_EXPECT_FALSE(test, cleancache_has(mapping));
	xa_lock_irq(&mapping->i_pages);
	cleancache_put_commit(&put);
	has = cleancache_has(mapping);
	present = cleancache_present(mapping, 3, 3);
	xa_unlock_irq(&mapping->i_pages);
	KUNIT_EXPECT_TRUE(test, has);
	KUNIT_EXPECT_TRUE(test, present);
	cleancache_put_end(&put);
	remove_folio(folio, NULL);
}

static void put_not_committed(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio = read_folio(test, mapping, 4, 2, 1);

	KUNIT_EXPECT_TRUE(test, eligible(folio));
	KUNIT_EXPECT_EQ(test, files.tokens, 0);
	KUNIT_EXPECT_EQ(test, kept(), 0);
	KUNIT_EXPECT_FALSE(test, cleancache_has(mapping));
	remove_folio(folio, NULL);
}

/* Begin at the begin of one, and hope that it is long enough. */
static unsigned long next_jiffy(void)
{
	schedule_timeout_uninterruptible(1);
	return jiffies;
}

/* What is not worth to be offered is not, and what is there stays. */
static void not_worth_it(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio;

	files.keep = true;
	put_pages(test, mapping, 3, 3);
	folio = fault_folio(test, mapping, 3, 0);
	files.worthless = true;
	KUNIT_EXPECT_FALSE(test, reclaim_folio(folio));
	KUNIT_EXPECT_EQ(test, kept(), BIT(3));
	KUNIT_EXPECT_FALSE(test, reclaim_folio(read_folio(test, mapping, 4, 0, 1)));
	KUNIT_EXPECT_EQ(test, kept(), BIT(3));
	files.worthless = false;
	next_jiffy();
	put_pages(test, mapping, 4, 4);
	KUNIT_EXPECT_EQ(test, kept(), 0x18);
}

/* Of all folios that go in the same jiffy one asks whether it is worth it. */
static void not_worth_asking(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	unsigned long begin;

	files.worthless = true;
	do {
		begin = next_jiffy();
		files.asked = 0;
		reclaim_folio(read_folio(test, mapping, 4, 0, 1));
		reclaim_folio(read_folio(test, mapping, 5, 0, 1));
	} while (time_after(jiffies, begin));
	KUNIT_EXPECT_EQ(test, files.asked, 1);
	next_jiffy();
	reclaim_folio(read_folio(test, mapping, 4, 0, 1));
	KUNIT_EXPECT_EQ(test, files.asked, 2);
}

/*
 * The dearer of the device's time and the file system's, once one is known; and how
 * much the device takes while the file system does not.
 */
static void tells_cost(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct cleancache_reads *reads = &mapping->host->i_sb->s_cleancache;
	struct cleancache_reads before = *reads;

	*reads = (struct cleancache_reads) { };
	put_pages(test, mapping, 3, 3);
	KUNIT_EXPECT_EQ(test, files.read.ns, 0);
	KUNIT_EXPECT_EQ(test, files.read.async_ns, 0);
	reads->device_ns = 5000;
	put_pages(test, mapping, 4, 4);
	KUNIT_EXPECT_EQ(test, files.read.ns, 5000);
	KUNIT_EXPECT_EQ(test, files.read.async_ns, 5000);
	KUNIT_EXPECT_FALSE(test, files.read.whole);
	reads->call_ns = 2000;
	put_pages(test, mapping, 6, 6);
	KUNIT_EXPECT_EQ(test, files.read.ns, 5000);
	KUNIT_EXPECT_EQ(test, files.read.async_ns, 3000);
	KUNIT_EXPECT_TRUE(test, files.read.whole);
	reads->call_ns = 0;
	KUNIT_EXPECT_EQ(test, cleancache_read_begin(mapping), 0);
	reads->call_ns = CLEANCACHE_CALLS_COUNT;
	cleancache_read_end(mapping, local_clock() - 3200000, 32);
	put_pages(test, mapping, 5, 5);
	KUNIT_EXPECT_GE(test, files.read.ns, 100000);
	KUNIT_EXPECT_EQ(test, files.read.async_ns, 0);
	KUNIT_EXPECT_NE(test, cleancache_read_begin(mapping), 0);
	*reads = before;
}

/* Used more than once, as far as the LRU that is in use can tell. */
static void tells_use(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio = read_folio(test, mapping, 3, 0, 1);

	KUNIT_EXPECT_FALSE(test, said_active(test, folio, false));
	KUNIT_EXPECT_EQ(test, said_active(test, folio, true), lru_gen_enabled());
	folio_set_workingset(folio);
	KUNIT_EXPECT_TRUE(test, said_active(test, folio, false));
	KUNIT_EXPECT_TRUE(test, said_active(test, folio, true));
	KUNIT_EXPECT_EQ(test, files.tokens, 0);
	remove_folio(folio, NULL);
}

static void folio_refused(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio = read_folio(test, mapping, 3, 0, 1);

#define REFUSED_WHILE(set, clear) do {					\
	set;								\
	KUNIT_EXPECT_FALSE_MSG(test, eligible(folio), "after %s", #set);	\
	clear;								\
	KUNIT_EXPECT_TRUE_MSG(test, eligible(folio), "after %s", #clear);	\
} while (0)

	KUNIT_EXPECT_TRUE(test, eligible(folio));
	REFUSED_WHILE(folio_set_dirty(folio), folio_clear_dirty(folio));
	REFUSED_WHILE(folio_test_set_writeback(folio),
		      folio_test_clear_writeback(folio));
	REFUSED_WHILE(folio_clear_uptodate(folio), folio_mark_uptodate(folio));
	REFUSED_WHILE(folio_set_private(folio), folio_clear_private(folio));
	REFUSED_WHILE(__folio_set_swapbacked(folio),
		      __folio_clear_swapbacked(folio));
	REFUSED_WHILE(folio_get(folio), folio_put(folio));
	REFUSED_WHILE(mapping->wb_err = 1, mapping->wb_err = 0);
	REFUSED_WHILE(i_size_write(mapping->host, 3 * PAGE_SIZE),
		      i_size_write(mapping->host, 3 * PAGE_SIZE + 1));
#ifdef CONFIG_MEMORY_FAILURE
	REFUSED_WHILE(folio_set_hwpoison(folio),
		      folio_test_clear_hwpoison(folio));
#endif
	KUNIT_EXPECT_EQ(test, files.tokens, 0);
	remove_folio(folio, NULL);
}

static void mapping_refused(struct kunit *test)
{
	static const unsigned int inode_flags[] = {
		S_SWAPFILE, S_ENCRYPTED, S_VERITY, S_NOQUOTA, S_DAX,
	};
	static const unsigned int mapping_flags[] = {
		AS_EXITING, AS_UNEVICTABLE, AS_INACCESSIBLE,
	};
	struct address_space *mapping = open_file(test);
	struct folio *folio = read_folio(test, mapping, 3, 0, 1);
	struct inode *inode = mapping->host;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(inode_flags); i++) {
		/* S_DAX is nothing in a kernel without DAX. */
		inode->i_flags |= inode_flags[i];
		KUNIT_EXPECT_EQ(test, eligible(folio), !inode_flags[i]);
		inode->i_flags &= ~inode_flags[i];
	}
	for (i = 0; i < ARRAY_SIZE(mapping_flags); i++) {
		set_bit(mapping_flags[i], &mapping->flags);
		KUNIT_EXPECT_FALSE(test, eligible(folio));
		clear_bit(mapping_flags[i], &mapping->flags);
	}
	inode->i_mode ^= S_IFREG ^ S_IFDIR;
	KUNIT_EXPECT_FALSE(test, eligible(folio));
	inode->i_mode ^= S_IFREG ^ S_IFDIR;
	inode->i_sb->s_iflags &= ~SB_I_CLEANCACHE;
	KUNIT_EXPECT_FALSE(test, eligible(folio));
	inode->i_sb->s_iflags |= SB_I_CLEANCACHE;

	KUNIT_EXPECT_TRUE(test, eligible(folio));
	remove_folio(folio, NULL);
}

/* What the next page in memory is like does not matter. */
static void neighbour(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct page *page = alloc_pages(GFP_KERNEL, 1);
	struct folio *folio;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, page);
	split_page(page, 1);
	folio = page_folio(page);
	migrate_disable();
	err = filemap_add_folio(mapping, folio, 3, GFP_KERNEL);
	lru_add_drain();
	migrate_enable();
	KUNIT_ASSERT_EQ(test, err, 0);
	folio_mark_uptodate(folio);

	folio_set_active(page_folio(page + 1));
	KUNIT_EXPECT_TRUE(test, eligible(folio));
	folio_clear_active(page_folio(page + 1));
	__free_page(page + 1);
	remove_folio(folio, NULL);
}

static void window_refuses(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio = read_folio(test, mapping, 3, 0, 1);
	struct cleancache_inval inval;
	struct cleancache_put put;

	/* It opens after the copy was made, and for other pages. */
	KUNIT_ASSERT_TRUE(test, cleancache_put_begin(&put, mapping, folio, false));
	cleancache_inval_begin(&inval, mapping, 8, 9);
	remove_folio(folio, &put);
	KUNIT_EXPECT_EQ(test, files.tokens, 0);
	KUNIT_EXPECT_EQ(test, kept(), 0);

	folio = read_folio(test, mapping, 3, 0, 1);
	KUNIT_EXPECT_FALSE(test, eligible(folio));
	cleancache_inval_end(&inval);
	KUNIT_EXPECT_TRUE(test, eligible(folio));
	KUNIT_EXPECT_TRUE(test, reclaim_folio(folio));
	KUNIT_EXPECT_EQ(test, kept(), BIT(3));
}

static void distrust(struct kunit *test, void (*how)(struct address_space *))
{
	struct address_space *mapping = open_file(test);
	struct folio *folio = read_folio(test, mapping, 3, 0, 1);
	struct cleancache_put put;

	KUNIT_ASSERT_TRUE(test, cleancache_put_begin(&put, mapping, folio, false));
	how(mapping);
	remove_folio(folio, &put);
	KUNIT_EXPECT_EQ(test, files.tokens, 0);
	KUNIT_EXPECT_EQ(test, kept(), 0);
	KUNIT_EXPECT_FALSE(test, cleancache_has(mapping));
	folio = read_folio(test, mapping, 3, 0, 1);
	KUNIT_EXPECT_FALSE(test, eligible(folio));
	remove_folio(folio, NULL);
}

static void set_error(struct address_space *mapping)
{
	errseq_set(&mapping->wb_err, -EIO);
}

static void exclude(struct address_space *mapping)
{
	cleancache_exclude_inode(mapping->host);
}

/* A window has closed with an error, which stays: what could not go may be stale. */
static void error_refuses(struct kunit *test)
{
	distrust(test, set_error);
}

/* Another machine writes to the disk, as long as there is the inode. */
static void excluded(struct kunit *test)
{
	distrust(test, exclude);
}

/* Two windows: the first that closes does not let anything in. */
static void windows_nest(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio = read_folio(test, mapping, 3, 0, 1);
	struct cleancache_inval inval[2];

	cleancache_inval_begin(&inval[0], mapping, 0, 1);
	cleancache_inval_begin(&inval[1], mapping, 0, 1);
	cleancache_inval_end(&inval[0]);
	KUNIT_EXPECT_FALSE(test, eligible(folio));
	cleancache_inval_end(&inval[1]);
	KUNIT_EXPECT_TRUE(test, eligible(folio));
	remove_folio(folio, NULL);
}

/* The window of a file says nothing of files that do not hash alike. */
static void window_of_another(struct kunit *test)
{
	struct address_space *mapping = open_file(test), *other;
	struct folio *folio = read_folio(test, mapping, 3, 0, 1);
	struct cleancache_inval inval;

	do {
		other = new_file(test);
	} while (hash_ptr(other, 8) == hash_ptr(mapping, 8));
	cleancache_inval_begin(&inval, other, 0, ULONG_MAX);
	KUNIT_EXPECT_TRUE(test, reclaim_folio(folio));
	KUNIT_EXPECT_EQ(test, kept(), BIT(3));
	cleancache_inval_end(&inval);
	KUNIT_EXPECT_EQ(test, kept(), BIT(3));
}

static void get_in_window(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct cleancache_inval inval;
	struct folio *folio;

	put_pages(test, mapping, 3, 4);
	cleancache_inval_begin(&inval, mapping, 8, 9);
	folio = fault_folio(test, mapping, 3, 0);
	KUNIT_EXPECT_FALSE(test, folio_test_uptodate(folio));
	KUNIT_EXPECT_EQ(test, kept(), BIT(4));
	remove_folio(folio, NULL);
	cleancache_inval_end(&inval);
	KUNIT_EXPECT_EQ(test, kept(), BIT(4));
}

static void large_put(struct kunit *test)
{
	struct address_space *mapping = open_file(test);

	files.refused = BIT(6);
	KUNIT_EXPECT_TRUE(test, reclaim_folio(read_folio(test, mapping, 4, 2,
							 104)));
	KUNIT_EXPECT_EQ(test, kept(), 0xb0);
	KUNIT_EXPECT_EQ(test, files.byte[7], 107);
	files.refused = 0xf00;
	KUNIT_EXPECT_FALSE(test, reclaim_folio(read_folio(test, mapping, 8, 2,
							  108)));
	KUNIT_EXPECT_EQ(test, kept(), 0xb0);
	KUNIT_EXPECT_EQ(test, files.tokens, 0);
}

static void large_get(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio;

	put_pages(test, mapping, 3, 8);
	folio = fault_folio(test, mapping, 4, 2);
	KUNIT_EXPECT_TRUE(test, folio_test_uptodate(folio));
	KUNIT_EXPECT_TRUE(test, test_folio_filled(folio, 104));
	KUNIT_EXPECT_EQ(test, kept(), 0x108);
	remove_folio(folio, NULL);

	/* One is missing: all of them go. */
	put_pages(test, mapping, 4, 7);
	files.byte[6] = 0;
	folio = fault_folio(test, mapping, 4, 2);
	KUNIT_EXPECT_FALSE(test, folio_test_uptodate(folio));
	KUNIT_EXPECT_EQ(test, kept(), 0x108);
	remove_folio(folio, NULL);
}

/* What a failed get may have left is forgotten; where there was nothing, nothing is. */
static void miss_erases_nothing(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio;

	put_pages(test, mapping, 3, 4);
	files.invalidations = 0;
	folio = fault_folio(test, mapping, 5, 0);
	KUNIT_EXPECT_FALSE(test, folio_test_uptodate(folio));
	KUNIT_EXPECT_EQ(test, files.invalidations, 0);
	remove_folio(folio, NULL);

	files.get_fails = -EIO;
	folio = fault_folio(test, mapping, 4, 0);
	KUNIT_EXPECT_FALSE(test, folio_test_uptodate(folio));
	KUNIT_EXPECT_EQ(test, files.invalidations, 1);
	KUNIT_EXPECT_EQ(test, kept(), BIT(3));
	files.get_fails = 0;
	remove_folio(folio, NULL);
}

/* The window erases its range, and pages that are cut go as a whole. */
static void truncate_erases(struct kunit *test)
{
	struct address_space *mapping = open_file(test);

	put_pages(test, mapping, 2, 12);
	files.invalidations = 0;
	truncate_inode_pages_range(mapping, 4 * PAGE_SIZE + 1,
				   8 * PAGE_SIZE + 99);
	KUNIT_EXPECT_EQ(test, files.invalidations, 1);
	KUNIT_EXPECT_EQ(test, files.first, 4);
	KUNIT_EXPECT_EQ(test, files.last, 8);
	KUNIT_EXPECT_EQ(test, kept(), 0x1e0c);

	KUNIT_EXPECT_EQ(test, 0, invalidate_inode_pages2_range(mapping, 10,
							       11));
	KUNIT_EXPECT_EQ(test, kept(), 0x120c);
	invalidate_mapping_pages(mapping, 3, 3);
	KUNIT_EXPECT_EQ(test, kept(), 0x1204);
	truncate_inode_pages(mapping, 0);
	KUNIT_EXPECT_EQ(test, files.invalidations, 4);
	KUNIT_EXPECT_EQ(test, kept(), 0);
}

/* Also the pages of which there is a folio still. */
static void truncate_with_folios(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio;

	put_pages(test, mapping, 4, 5);
	folio = read_folio(test, mapping, 6, 0, 1);
	folio_unlock(folio);
	folio_put(folio);
	KUNIT_EXPECT_EQ(test, 0, invalidate_inode_pages2_range(mapping, 5, 6));
	KUNIT_EXPECT_TRUE(test, mapping_empty(mapping));
	KUNIT_EXPECT_EQ(test, kept(), BIT(4));
}

/* No call for a file that has never had an entry. */
static void nothing_to_erase(struct kunit *test)
{
	struct address_space *mapping = open_file(test);

	truncate_inode_pages(mapping, 0);
	cleancache_invalidate_inode(mapping->host);
	KUNIT_EXPECT_EQ(test, files.invalidations, 0);
	put_pages(test, mapping, 3, 3);
	cleancache_invalidate_inode(mapping->host);
	KUNIT_EXPECT_EQ(test, files.invalidations, 1);
	KUNIT_EXPECT_EQ(test, kept(), 0);
}

/* The address of an inode may be the name of another one next. */
static void inode_goes(struct kunit *test)
{
	struct address_space *mapping = open_file(test);

	put_pages(test, mapping, 3, 4);
	kunit_release_action(test, put_inode, mapping->host);
	KUNIT_EXPECT_EQ(test, kept(), 0);
}

static void one_backend(struct kunit *test)
{
	static const struct cleancache_ops others;
	struct address_space *mapping = open_file(test);
	struct folio *folio = read_folio(test, mapping, 3, 0, 1);

	KUNIT_EXPECT_EQ(test, cleancache_register(&others), -EBUSY);
	KUNIT_EXPECT_EQ(test, cleancache_register(&files_ops), -EBUSY);
	KUNIT_EXPECT_TRUE(test, eligible(folio));
	kunit_release_action(test, files_off, NULL);
	KUNIT_EXPECT_FALSE(test, eligible(folio));
	files_on(test);
	KUNIT_EXPECT_TRUE(test, eligible(folio));
	remove_folio(folio, NULL);
}

/* Something that has to wait for what this task does. */
struct waiter {
	struct work_struct work;
	struct completion done;
};

static void start(struct waiter *waiter, work_func_t fn)
{
	INIT_WORK_ONSTACK(&waiter->work, fn);
	init_completion(&waiter->done);
	queue_work(system_unbound_wq, &waiter->work);
}

/* Not a proof, but it fails if it is not true and time is on its side. */
static bool waits(struct waiter *waiter)
{
	return !wait_for_completion_timeout(&waiter->done,
					    msecs_to_jiffies(50));
}

static void finish(struct waiter *waiter)
{
	flush_work(&waiter->work);
	destroy_work_on_stack(&waiter->work);
}

static void unregister_work(struct work_struct *work)
{
	struct waiter *waiter = container_of(work, struct waiter, work);

	cleancache_unregister(&files_ops);
	complete(&waiter->done);
}

/* Whoever has begun a put still calls the backend. */
static void unregister_waits_for_put(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct folio *folio = read_folio(test, mapping, 3, 0, 1);
	struct cleancache_put put;
	struct waiter waiter;

	KUNIT_ASSERT_TRUE(test, cleancache_put_begin(&put, mapping, folio, false));
	kunit_remove_action(test, files_off, NULL);
	start(&waiter, unregister_work);
	KUNIT_EXPECT_TRUE(test, waits(&waiter));
	remove_folio(folio, &put);
	finish(&waiter);
	KUNIT_EXPECT_EQ(test, files.tokens, 0);
}

static void register_work(struct work_struct *work)
{
	struct waiter *waiter = container_of(work, struct waiter, work);

	WARN_ON(cleancache_register(&files_ops));
	complete(&waiter->done);
}

/* A walk that began without backend does not keep the puts out. */
static void register_waits_for_window(struct kunit *test)
{
	struct address_space *mapping = open_file(test);
	struct cleancache_inval inval;
	struct waiter waiter;

	kunit_release_action(test, files_off, NULL);
	cleancache_inval_begin(&inval, mapping, 0, ULONG_MAX);
	start(&waiter, register_work);
	KUNIT_EXPECT_TRUE(test, waits(&waiter));
	cleancache_inval_end(&inval);
	finish(&waiter);
	KUNIT_EXPECT_EQ(test, 0, kunit_add_action_or_reset(test, files_off,
							   NULL));
	put_pages(test, mapping, 3, 3);
	KUNIT_EXPECT_EQ(test, kept(), BIT(3));
}

static struct kunit_case cleancache_cases[] = {
	KUNIT_CASE(put_get),
	KUNIT_CASE(get_keeps),
	KUNIT_CASE(dirty_drops),
	KUNIT_CASE(add_drops),
	KUNIT_CASE(add_keeps_what_is_fixed),
	KUNIT_CASE(has_before_removal),
	KUNIT_CASE(put_not_committed),
	KUNIT_CASE(not_worth_it),
	KUNIT_CASE(not_worth_asking),
	KUNIT_CASE(tells_cost),
	KUNIT_CASE(tells_use),
	KUNIT_CASE(folio_refused),
	KUNIT_CASE(mapping_refused),
	KUNIT_CASE(neighbour),
	KUNIT_CASE(window_refuses),
	KUNIT_CASE(error_refuses),
	KUNIT_CASE(excluded),
	KUNIT_CASE(windows_nest),
	KUNIT_CASE(window_of_another),
	KUNIT_CASE(get_in_window),
	KUNIT_CASE(large_put),
	KUNIT_CASE(large_get),
	KUNIT_CASE(miss_erases_nothing),
	KUNIT_CASE(truncate_erases),
	KUNIT_CASE(truncate_with_folios),
	KUNIT_CASE(nothing_to_erase),
	KUNIT_CASE(inode_goes),
	KUNIT_CASE(one_backend),
	KUNIT_CASE(unregister_waits_for_put),
	KUNIT_CASE(register_waits_for_window),
	{}
};

static struct kunit_suite cleancache_suite = {
	.name = "zcache_hooks_file",
	.test_cases = cleancache_cases,
};

kunit_test_suite(cleancache_suite);
