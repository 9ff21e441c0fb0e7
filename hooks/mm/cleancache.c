// SPDX-License-Identifier: GPL-2.0-only
/*
 * cleancache: keep clean file pages in a backend when the page cache gives
 * them up
 *
 * How it stays coherent with the file:
 *
 *   I1  Where an index has an entry, it has no folio in the page cache, or one
 *       that was filled from this entry and has been clean ever since, or, where
 *       files never change, any.
 *   I2  The bytes of an entry are what ->read_folio() would bring, as soon as
 *       anybody could come to need it, that is, when the folio is gone.
 *
 * They follow from four rules.
 *
 *   R1  Whoever adds a folio fills it from the entries of its range (get), or
 *       drops them, unless the file system says that its files never change.
 *       The look-up comes after the folio became visible in i_pages.
 *   R2  An entry is published in the critical section of i_pages that removes
 *       the folio, after the folio was found clean and unreferenced, and
 *       before it goes. What takes time or memory was done beforehand.
 *   R3  An invalidation opens an inhibit window before it walks the page
 *       cache, in which nothing of the mapping can be published or got, and
 *       erases the range before it closes the window. Erasing alone, before or
 *       after the walk, is not enough: between the two a folio that the walk
 *       has yet to reach could be published, got into an index that it has
 *       passed, and so survive as a folio. If a folio cannot be invalidated,
 *       the error is noted in wb_err before the window closes, and no page of
 *       the mapping is published any more.
 *   R4  A folio that becomes dirty loses its entries, in __folio_mark_dirty(),
 *       through which every folio of these file systems passes on its way from
 *       clean to dirty. Its bytes may differ from the entry's a little earlier,
 *       but only while it cannot be removed: whoever changes them holds its
 *       lock or a reference.
 *
 * By R4 a get may leave the entry where it is, so that a page which is only
 * read need not be compressed again when it goes. Nor need one that was read from
 * a disk whose files never change, as part of a block of which not all is here.
 *
 * A file system opts in. That is sound if all its changes to the contents of
 * files are made through folios (R1) or are followed by one of the hooked
 * invalidations (R3), and if nobody else changes the disk beneath it. Where that
 * is so for some of its files, they are excluded: cleancache_exclude_inode().
 *
 * Lock order: i_lock > i_pages > cleancache_window.lock > the backend's.
 */
#include <linux/backing-dev.h>
#include <linux/cleancache.h>
#include <linux/debugfs.h>
#include <linux/hash.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mutex.h>
#include <linux/part_stat.h>
#include <linux/percpu.h>
#include <linux/srcu.h>

#define WINDOW_BITS	8

/* How often a device's statistics are looked at. */
#define LOOK_INTERVAL	(HZ / 10)

/**
 * struct cleancache_window - open inhibit windows of all mappings of a bucket
 * @lock: irq-safe, since it nests in i_pages
 * @nr_open: how many; under @lock
 *
 * A bucket is shared by mappings that hash alike. They refuse a page now and
 * then which they could have kept; no harm is done.
 */
struct cleancache_window {
	spinlock_t lock;	/* the count */
	unsigned int nr_open;
} ____cacheline_aligned_in_smp;

enum cleancache_event {
	CLEANCACHE_SUCC_GETS,
	CLEANCACHE_FAILED_GETS,
	CLEANCACHE_PUTS,
	CLEANCACHE_FAILED_PUTS,
	CLEANCACHE_KEPT,
	CLEANCACHE_INHIBITED,
	CLEANCACHE_DROPS,
	CLEANCACHE_INVALIDATES,
	CLEANCACHE_NR_EVENTS
};

static const char * const cleancache_event_names[CLEANCACHE_NR_EVENTS] = {
	[CLEANCACHE_SUCC_GETS]		= "succ_gets",
	[CLEANCACHE_FAILED_GETS]	= "failed_gets",
	[CLEANCACHE_PUTS]		= "puts",
	[CLEANCACHE_FAILED_PUTS]	= "failed_puts",
	[CLEANCACHE_KEPT]		= "kept",
	[CLEANCACHE_INHIBITED]		= "inhibited",
	[CLEANCACHE_DROPS]		= "drops",
	[CLEANCACHE_INVALIDATES]	= "invalidates",
};

struct cleancache_events {
	unsigned long count[CLEANCACHE_NR_EVENTS];
};

DEFINE_STATIC_KEY_FALSE(cleancache_key);
DEFINE_STATIC_SRCU(cleancache_srcu);	/* readers: users of cleancache_ops */
DEFINE_STATIC_SRCU(cleancache_walkers);	/* readers: open windows */
static DEFINE_MUTEX(cleancache_mutex);	/* writers of cleancache_ops */
static const struct cleancache_ops __rcu *cleancache_ops;
static struct cleancache_window cleancache_windows[1 << WINDOW_BITS] = {
	[0 ... (1 << WINDOW_BITS) - 1] = {
		.lock = __SPIN_LOCK_UNLOCKED(cleancache_windows.lock),
	},
};

static DEFINE_PER_CPU(struct cleancache_events, cleancache_events);
static bool cleancache_off __ro_after_init;

static void count(enum cleancache_event event, unsigned long nr)
{
	this_cpu_add(cleancache_events.count[event], nr);
}

static struct cleancache_window *window_of(const struct address_space *mapping)
{
	return &cleancache_windows[hash_ptr(mapping, WINDOW_BITS)];
}

static bool inhibited(const struct address_space *mapping)
{
	struct cleancache_window *window = window_of(mapping);
	unsigned long flags;
	bool ret;

	spin_lock_irqsave(&window->lock, flags);
	ret = window->nr_open;
	spin_unlock_irqrestore(&window->lock, flags);
	return ret;
}

/*
 * Can the contents of this mapping be cached at all? A swap file is written
 * beneath its file system; plaintext must not outlive its key, nor a page the
 * verification that it has not had; quota files are written as blocks.
 */
static bool mapping_eligible(struct address_space *mapping)
{
	struct inode *inode = mapping->host;

	return S_ISREG(inode->i_mode) && mapping == &inode->i_data &&
	       !IS_DAX(inode) && !IS_SWAPFILE(inode) && !IS_ENCRYPTED(inode) &&
	       !IS_VERITY(inode) && !IS_NOQUOTA(inode) &&
	       !mapping_exiting(mapping) && !mapping_unevictable(mapping) &&
	       !mapping_inaccessible(mapping);
}

/*
 * Does the disk hold what a clean folio holds? After a failed writeback only the
 * folio knows; the error may have been reported and cleared in the flags since,
 * but not in wb_err. And there are files that others write to.
 *
 * Looked at before a copy is made, and by who publishes it once more, under the
 * window's lock: what was published before either was set is erased by the window
 * that follows, and afterwards it is seen.
 */
static bool mapping_trusted(const struct address_space *mapping)
{
	return !READ_ONCE(mapping->wb_err) &&
	       !test_bit(AS_NO_CLEANCACHE, &mapping->flags);
}

static bool folio_eligible(struct folio *folio, struct address_space *mapping)
{
	return folio_is_file_lru(folio) && folio_test_uptodate(folio) &&
	       !folio_test_dirty(folio) && !folio_test_writeback(folio) &&
	       !folio_has_private(folio) &&
	       !folio_contain_hwpoisoned_page(folio) && mapping_trusted(mapping) &&
	       folio_pos(folio) < i_size_read(mapping->host);
}

/* An average that forgets: it comes nearer to @ns by a share of 1/@weight. */
static void average(u32 *mean, u64 ns, int weight)
{
	s64 old = READ_ONCE(*mean);	/* 0: this is the first */

	ns = min_t(u64, ns, U32_MAX / 2);
	WRITE_ONCE(*mean, old ? old + div_s64((s64)ns - old, weight) : ns);
}

/*
 * Ask the device what its reads took since it was asked last. The time of all of
 * them is too much where some are under way at once; the time in which the
 * device was busy is too much where it writes as well, or where one short read
 * is far from the next, since that time is counted in jiffies.
 */
static void look_at_device(struct cleancache_reads *reads,
			   struct block_device *bdev)
{
	u64 sectors = part_stat_read(bdev, sectors[STAT_READ]);
	u64 nsecs = part_stat_read(bdev, nsecs[STAT_READ]);
	u64 busy = jiffies_to_nsecs(part_stat_read(bdev, io_ticks));
	u64 nr = sectors - READ_ONCE(reads->sectors), ns;

	if (nr < PAGE_SECTORS)
		return;
	ns = min(nsecs - READ_ONCE(reads->nsecs),
		 busy - READ_ONCE(reads->busy));
	if (ns)
		average(&reads->device_ns, div64_u64(ns * PAGE_SECTORS, nr), 4);
	WRITE_ONCE(reads->sectors, sectors);
	WRITE_ONCE(reads->nsecs, nsecs);
	WRITE_ONCE(reads->busy, busy);
}

/*
 * What it takes to read a page of this file system again: the time that the device
 * takes for one, or that the file system does, if that is more because it waits for
 * the device, and decompresses, by itself. Nothing if there was no read so far, or
 * nobody keeps the device's statistics. What the device takes longer than who
 * called the file system was kept there passes meanwhile.
 */
static struct cleancache_read read_takes(struct super_block *sb)
{
	struct cleancache_reads *reads = &sb->s_cleancache;
	unsigned long due = READ_ONCE(reads->due);
	u32 device, call;

	if (sb->s_bdev && (!due || time_after_eq(jiffies, due)) &&
	    try_cmpxchg(&reads->due, &due, (jiffies + LOOK_INTERVAL) | 1))
		look_at_device(reads, sb->s_bdev);
	device = READ_ONCE(reads->device_ns);
	call = device ? READ_ONCE(reads->call_ns) : 0;
	return (struct cleancache_read) {
		.ns = max(device, call),
		.async_ns = device - min(device, call),
		.whole = call,
	};
}

/**
 * __cleancache_read_end() - note what ->readahead() has cost
 * @mapping: whose
 * @begin: when it was called, as of local_clock()
 * @nr: how many pages it was for
 *
 * Context: any.
 */
void __cleancache_read_end(struct address_space *mapping, u64 begin,
			   unsigned long nr)
{
	u32 *mean = &mapping->host->i_sb->s_cleancache.call_ns;
	u64 ns = div64_u64(local_clock() - begin, max(nr, 1UL));

	if (READ_ONCE(*mean) == CLEANCACHE_CALLS_COUNT)
		WRITE_ONCE(*mean, 0);
	average(mean, max(ns, CLEANCACHE_CALLS_COUNT + 1), 16);
}

/*
 * Have programs used it more than once? The classic LRU marks a folio that was among
 * its active ones. MGLRU marks with the same bit one that was read() more than once,
 * but does not tell what it has seen in page tables: there it takes a mapping for use.
 */
static bool was_active(struct folio *folio, bool mapped)
{
	return folio_test_workingset(folio) || (mapped && lru_gen_enabled());
}

/* Copy what of the folio the backend will take. */
static void prepare_pages(struct cleancache_put *put, struct folio *folio)
{
	struct obj_cgroup *owner = cleancache_owner_get(folio);
	unsigned long i, nr = folio_nr_pages(folio);
	struct cleancache_token *token;

	for (i = 0; i < nr; i++) {
		if (cleancache_has(put->mapping) &&
		    put->ops->kept(put->mapping, folio->index + i,
				   folio_page(folio, i))) {
			count(CLEANCACHE_KEPT, 1);
			continue;
		}
		token = put->ops->prepare(put->mapping, folio->index + i,
					  folio_page(folio, i), put->read, owner);
		if (!token) {
			count(CLEANCACHE_FAILED_PUTS, 1);
			continue;
		}
		token->next = put->tokens;
		put->tokens = token;
	}
	cleancache_owner_put(owner);
}

static bool worth_it(struct cleancache_put *put)
{
	if (put->ops->worth(put->read))
		return true;
	WRITE_ONCE(put->mapping->host->i_sb->s_cleancache.worthless, (u32)jiffies);
	return false;
}

/**
 * __cleancache_put_begin() - copy a folio that is about to be reclaimed
 * @put: storage for the put
 * @mapping: its mapping
 * @folio: locked, unmapped and clean; the caller has the one reference but for
 *	the page cache's
 * @mapped: was it mapped when reclaim came to it?
 *
 * Context: reclaim; no locks but the folio's.
 * Return: true if there is a put to be ended, and perhaps committed.
 */
bool __cleancache_put_begin(struct cleancache_put *put,
			    struct address_space *mapping, struct folio *folio,
			    bool mapped)
{
	if (!mapping_eligible(mapping) || !folio_eligible(folio, mapping))
		return false;
	/* Somebody uses it: it will not be removed, so do not compress. */
	if (folio_ref_count(folio) != 1 + folio_nr_pages(folio))
		return false;

	put->mapping = mapping;
	put->tokens = NULL;
	put->read = read_takes(mapping->host->i_sb);
	put->read.active = was_active(folio, mapped);
	put->srcu_idx = srcu_read_lock(&cleancache_srcu);
	put->ops = srcu_dereference(cleancache_ops, &cleancache_srcu);
	if (put->ops && worth_it(put)) {
		if (inhibited(mapping))
			count(CLEANCACHE_INHIBITED, folio_nr_pages(folio));
		else
			prepare_pages(put, folio);
	}
	if (put->tokens) {
		__release(&cleancache_srcu);	/* open until the end */
		return true;
	}
	srcu_read_unlock(&cleancache_srcu, put->srcu_idx);
	return false;
}

/**
 * cleancache_put_commit() - publish the copies
 * @put: begun
 *
 * Context: under i_pages with interrupts off; the folio is clean, its
 * references are frozen, and it is removed in the same section, afterwards.
 */
void cleancache_put_commit(struct cleancache_put *put)
{
	struct cleancache_window *window = window_of(put->mapping);
	struct cleancache_token *token;
	unsigned long nr = 0;

	lockdep_assert_held(&put->mapping->i_pages.xa_lock);

	spin_lock(&window->lock);
	/* A window that ended with an error has left folios as they were. */
	if (window->nr_open || !mapping_trusted(put->mapping)) {
		spin_unlock(&window->lock);
		count(CLEANCACHE_INHIBITED, 1);
		return;
	}
	set_bit(AS_CLEANCACHE, &put->mapping->flags);
	for (token = put->tokens; token; token = token->next) {
		put->ops->commit(token);
		nr++;
	}
	spin_unlock(&window->lock);
	/* The bit and the entries before the empty slot: cleancache_has(). */
	smp_wmb();
	count(CLEANCACHE_PUTS, nr);
}

/**
 * cleancache_put_end() - finish a put, committed or not
 * @put: begun
 *
 * Context: no locks but, if it is still there, the folio's. The mapping may be
 * gone.
 */
void cleancache_put_end(struct cleancache_put *put)
{
	struct cleancache_token *token = put->tokens, *next;

	__acquire(&cleancache_srcu);
	for (; token; token = next) {
		next = token->next;
		put->ops->finish(token);
	}
	srcu_read_unlock(&cleancache_srcu, put->srcu_idx);
}

static void invalidate(const struct address_space *mapping,
		       unsigned long first, unsigned long last)
{
	const struct cleancache_ops *ops;
	int idx;

	idx = srcu_read_lock(&cleancache_srcu);
	ops = srcu_dereference(cleancache_ops, &cleancache_srcu);
	if (ops)
		ops->invalidate(mapping, first, last);
	srcu_read_unlock(&cleancache_srcu, idx);
}

/**
 * __cleancache_drop_folio() - forget the entries of a folio
 * @mapping: where it is, and stays as long as this runs
 * @folio: added, but not in order to be read; or about to differ from the disk
 *
 * Context: any but hard interrupt, atomic or not.
 */
void __cleancache_drop_folio(struct address_space *mapping,
			     struct folio *folio)
{
	invalidate(mapping, folio->index, folio_next_index(folio) - 1);
	count(CLEANCACHE_DROPS, 1);
}

static int get_pages(const struct cleancache_ops *ops, struct folio *folio)
{
	unsigned long i, nr = folio_nr_pages(folio);
	int err = 0;

	for (i = 0; !err && i < nr; i++)
		err = ops->get(folio->mapping, folio->index + i,
			       folio_page(folio, i));
	return err;
}

/*
 * Can a get that has failed have left anything to forget? Not where the one page
 * was not there: nothing is put as long as the folio is in its place.
 */
static bool nothing_left(const struct folio *folio, int err)
{
	return err == -ENOENT && !folio_test_large(folio);
}

/**
 * __cleancache_get_folio() - fill a new folio
 * @folio: locked, not up to date, in the page cache
 *
 * All of the folio or nothing: what was got of one that cannot be completed is
 * overwritten by the read that follows.
 *
 * Context: may sleep.
 * Return: true if the folio is up to date.
 */
bool __cleancache_get_folio(struct folio *folio)
{
	struct address_space *mapping = folio->mapping;
	const struct cleancache_ops *ops;
	int err = -EBUSY;
	int idx;

	VM_WARN_ON_ONCE_FOLIO(!folio_test_locked(folio), folio);
	VM_WARN_ON_ONCE_FOLIO(folio_test_uptodate(folio), folio);

	idx = srcu_read_lock(&cleancache_srcu);
	ops = srcu_dereference(cleancache_ops, &cleancache_srcu);
	/*
	 * A window that opens after this test does no harm: the folio can be
	 * seen already, so the walk will find it and wait for its lock.
	 */
	if (ops && mapping_eligible(mapping) && !inhibited(mapping))
		err = get_pages(ops, folio);
	if (ops && err && !nothing_left(folio, err))
		ops->invalidate(mapping, folio->index,
				folio_next_index(folio) - 1);
	srcu_read_unlock(&cleancache_srcu, idx);

	if (!err) {
		flush_dcache_folio(folio);
		folio_mark_uptodate(folio);
	}
	count(err ? CLEANCACHE_FAILED_GETS : CLEANCACHE_SUCC_GETS,
	      folio_nr_pages(folio));
	return !err;
}

/**
 * __cleancache_present() - is there any entry in a range?
 * @mapping: the mapping
 * @first: first page index
 * @last: last page index, inclusive
 *
 * Context: any but hard interrupt.
 * Return: true if there was.
 */
bool __cleancache_present(struct address_space *mapping, unsigned long first,
			  unsigned long last)
{
	const struct cleancache_ops *ops;
	bool ret;
	int idx;

	idx = srcu_read_lock(&cleancache_srcu);
	ops = srcu_dereference(cleancache_ops, &cleancache_srcu);
	ret = ops && ops->present(mapping, first, last);
	srcu_read_unlock(&cleancache_srcu, idx);
	return ret;
}

static bool all_present(const struct cleancache_ops *ops,
			struct address_space *mapping, unsigned long first,
			unsigned long nr)
{
	void *folio;

	for (; nr; nr--, first++) {
		folio = xa_load(&mapping->i_pages, first);
		if ((!folio || xa_is_value(folio)) &&
		    !ops->present(mapping, first, first))
			return false;
	}
	return true;
}

/**
 * __cleancache_window() - shall pages be got one by one?
 * @mapping: the mapping
 * @first: first page index that is to be read
 * @nr: how many pages from there
 *
 * Where the file system decompresses many pages even if one of them is missing,
 * a few hits among misses are worse than none.
 *
 * Context: may sleep.
 * Return: false if all of them had better be read.
 */
bool __cleancache_window(struct address_space *mapping, unsigned long first,
			 unsigned long nr)
{
	struct cleancache_reads *reads = &mapping->host->i_sb->s_cleancache;
	const struct cleancache_ops *ops;
	bool ret;
	int idx;

	if (!READ_ONCE(reads->call_ns))
		return true;
	idx = srcu_read_lock(&cleancache_srcu);
	ops = srcu_dereference(cleancache_ops, &cleancache_srcu);
	ret = ops && all_present(ops, mapping, first, nr);
	srcu_read_unlock(&cleancache_srcu, idx);
	return ret;
}

/**
 * __cleancache_inval_begin() - keep gets and commits of a mapping out
 * @inval: its mapping and range are set
 *
 * Context: may be atomic; the caller may sleep before the end.
 */
void __cleancache_inval_begin(struct cleancache_inval *inval)
{
	struct cleancache_window *window = window_of(inval->mapping);
	unsigned long flags;

	inval->open = true;
	inval->srcu_idx = srcu_read_lock(&cleancache_walkers);
	__release(&cleancache_walkers);		/* open until the end */
	if (!static_branch_unlikely(&cleancache_key))
		return;

	inval->counted = true;
	spin_lock_irqsave(&window->lock, flags);
	window->nr_open++;
	spin_unlock_irqrestore(&window->lock, flags);
}

/**
 * __cleancache_inval_end() - erase the range, then let gets and commits in
 * @inval: an open window
 *
 * Context: may be atomic.
 */
void __cleancache_inval_end(struct cleancache_inval *inval)
{
	struct cleancache_window *window = window_of(inval->mapping);
	unsigned long flags;

	__acquire(&cleancache_walkers);
	if (inval->counted) {
		if (cleancache_has(inval->mapping)) {
			invalidate(inval->mapping, inval->first, inval->last);
			count(CLEANCACHE_INVALIDATES, 1);
		}
		spin_lock_irqsave(&window->lock, flags);
		window->nr_open--;
		spin_unlock_irqrestore(&window->lock, flags);
	}
	srcu_read_unlock(&cleancache_walkers, inval->srcu_idx);
}

/**
 * cleancache_invalidate_inode() - forget a file
 * @inode: the file
 *
 * For changes beneath the page cache, and for the end of the inode.
 *
 * Context: may be atomic.
 */
void cleancache_invalidate_inode(struct inode *inode)
{
	struct cleancache_inval inval;

	cleancache_inval_begin(&inval, &inode->i_data, 0, ULONG_MAX);
	cleancache_inval_end(&inval);
}
EXPORT_SYMBOL_GPL(cleancache_invalidate_inode);

/**
 * cleancache_register() - become the backend
 * @ops: must stay valid until unregistered; holds no page yet
 *
 * Context: may sleep, for as long as invalidations under way do.
 * Return: 0, -EBUSY if there is a backend, -EPERM after "nocleancache".
 */
int cleancache_register(const struct cleancache_ops *ops)
{
	int err = 0;

	if (cleancache_off)
		return -EPERM;

	mutex_lock(&cleancache_mutex);
	if (rcu_access_pointer(cleancache_ops)) {
		err = -EBUSY;
		goto out;
	}
	/*
	 * A walk that began before the key was on has no window. It must be
	 * over before the first page can be published.
	 */
	static_branch_enable(&cleancache_key);
	synchronize_srcu(&cleancache_walkers);
	rcu_assign_pointer(cleancache_ops, ops);
out:
	mutex_unlock(&cleancache_mutex);
	return err;
}
EXPORT_SYMBOL_GPL(cleancache_register);

/**
 * cleancache_unregister() - stop being the backend
 * @ops: as registered
 *
 * When this returns no operation runs or begins. The backend must then forget
 * all pages: they miss their invalidations.
 *
 * Context: may sleep.
 * Return: 0, or -EINVAL for ops that are not registered.
 */
int cleancache_unregister(const struct cleancache_ops *ops)
{
	int err = 0;

	mutex_lock(&cleancache_mutex);
	if (WARN_ON_ONCE(rcu_access_pointer(cleancache_ops) != ops)) {
		err = -EINVAL;
		goto out;
	}
	RCU_INIT_POINTER(cleancache_ops, NULL);
	static_branch_disable(&cleancache_key);
	synchronize_srcu(&cleancache_srcu);
out:
	mutex_unlock(&cleancache_mutex);
	return err;
}
EXPORT_SYMBOL_GPL(cleancache_unregister);

static int __init cleancache_setup(char *str)
{
	cleancache_off = true;
	return 1;
}
__setup("nocleancache", cleancache_setup);

#ifdef CONFIG_DEBUG_FS
static int event_get(void *data, u64 *val)
{
	enum cleancache_event event = (unsigned long)data;
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(cleancache_events, cpu).count[event];
	*val = sum;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(event_fops, event_get, NULL, "%llu\n");

static int __init cleancache_debugfs_init(void)
{
	struct dentry *root = debugfs_create_dir("cleancache", NULL);
	unsigned long i;

	for (i = 0; i < CLEANCACHE_NR_EVENTS; i++)
		debugfs_create_file_unsafe(cleancache_event_names[i], 0444,
					   root, (void *)i, &event_fops);
	return 0;
}
late_initcall(cleancache_debugfs_init);
#endif /* CONFIG_DEBUG_FS */
