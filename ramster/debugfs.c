// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAMster: debugfs ramster/. README.md says what each file means.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "core.h"

static const char * const event_names[RAMSTER_NR_EVENTS] = {
	[RAMSTER_EPH_PAGES_REMOTED]		= "eph_pages_remoted",
	[RAMSTER_PERS_PAGES_REMOTED]		= "pers_pages_remoted",
	[RAMSTER_EPH_PAGES_REMOTE_FAILED]	= "eph_pages_remote_failed",
	[RAMSTER_PERS_PAGES_REMOTE_FAILED]	= "pers_pages_remote_failed",
	[RAMSTER_PERS_PUTS_WAITED]		= "pers_puts_waited",
	[RAMSTER_PERS_PUTS_WAITED_IN_VAIN]	= "pers_puts_waited_in_vain",
	[RAMSTER_REMOTE_EPH_PAGES_SUCC_GET]	= "remote_eph_pages_succ_get",
	[RAMSTER_REMOTE_PERS_PAGES_SUCC_GET]	= "remote_pers_pages_succ_get",
	[RAMSTER_REMOTE_EPH_PAGES_UNSUCC_GET]	= "remote_eph_pages_unsucc_get",
	[RAMSTER_REMOTE_PERS_PAGES_UNSUCC_GET]	= "remote_pers_pages_unsucc_get",
	[RAMSTER_REMOTE_PAGES_FLUSHED]		= "remote_pages_flushed",
	[RAMSTER_REMOTE_PAGE_FLUSHES_FAILED]	= "remote_page_flushes_failed",
	[RAMSTER_PAGES_REPATRIATED]		= "pages_repatriated",
	[RAMSTER_PAGES_REPATRIATE_FAILED]	= "pages_repatriate_failed",
	[RAMSTER_PAGES_SENT_ON]			= "pages_sent_on",
	[RAMSTER_PERS_PAGES_LOST]		= "pers_pages_lost",
	[RAMSTER_EPH_PAGES_LOST]		= "eph_pages_lost",
	[RAMSTER_BAD_PAGES]			= "bad_pages",
	[RAMSTER_FOREIGN_PUTS]			= "foreign_puts",
	[RAMSTER_FOREIGN_PUTS_REFUSED]		= "foreign_puts_refused",
	[RAMSTER_FOREIGN_GETS]			= "foreign_gets",
	[RAMSTER_FOREIGN_FLUSHES]		= "foreign_flushes",
	[RAMSTER_FOREIGN_EVICTED_FRAMES]	= "foreign_evicted_pageframes",
};

static int event_get(void *data, u64 *val)
{
	*val = ramster_counted(&ramster, (unsigned long)data);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(event_fops, event_get, NULL, "%llu\n");

/* Own pages that are with others. */
static int remote_get(void *data, u64 *val)
{
	enum zbud_class class = (unsigned long)data;
	unsigned int i;

	*val = 0;
	for (i = 0; i < RAMSTER_MAX_NODES; i++)
		*val += READ_ONCE(ramster.keepers[i].nr[class]);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(remote_fops, remote_get, NULL, "%llu\n");

/* Others' pages that are here. */
static int foreign_get(void *data, u64 *val)
{
	enum zbud_class class = (unsigned long)data;

	*val = READ_ONCE(ramster.lent.queues[class].stats.zpages);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(foreign_fops, foreign_get, NULL, "%llu\n");

static int foreign_frames_get(void *data, u64 *val)
{
	enum zbud_class class = (unsigned long)data;

	*val = READ_ONCE(ramster.lent.queues[class].stats.pageframes);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(foreign_frames_fops, foreign_frames_get, NULL,
			 "%llu\n");

static int foreign_pools_get(void *data, u64 *val)
{
	*val = atomic_read(&ramster.lent.nr_pools);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(foreign_pools_fops, foreign_pools_get, NULL, "%llu\n");

/* Of the cluster that there is. */
static int bad_callers_get(void *data, u64 *val)
{
	struct ramster_cluster *cluster;
	int idx = srcu_read_lock(&ramster.srcu);

	cluster = srcu_dereference(ramster.cluster, &ramster.srcu);
	*val = cluster ? ramster_cluster_bad_callers(cluster) : 0;
	srcu_read_unlock(&ramster.srcu, idx);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(bad_callers_fops, bad_callers_get, NULL, "%llu\n");

static void create_class_files(struct dentry *dir, const char *eph,
			       const char *pers,
			       const struct file_operations *fops)
{
	debugfs_create_file_unsafe(eph, 0444, dir, (void *)ZBUD_EPH, fops);
	debugfs_create_file_unsafe(pers, 0444, dir, (void *)ZBUD_PERS, fops);
}

/**
 * ramster_debugfs_init() - show what there is to see
 * @r: of whom
 */
void ramster_debugfs_init(struct ramster *r)
{
	struct dentry *dir = debugfs_create_dir("ramster", NULL);
	unsigned long i;

	r->debugfs = dir;
	for (i = 0; i < RAMSTER_NR_EVENTS; i++)
		debugfs_create_file_unsafe(event_names[i], 0444, dir,
					   (void *)i, &event_fops);
	create_class_files(dir, "remote_eph_pages", "remote_pers_pages",
			   &remote_fops);
	create_class_files(dir, "foreign_eph_pages", "foreign_pers_pages",
			   &foreign_fops);
	create_class_files(dir, "foreign_eph_pageframes",
			   "foreign_pers_pageframes", &foreign_frames_fops);
	debugfs_create_file_unsafe("foreign_pools", 0444, dir, NULL,
				   &foreign_pools_fops);
	debugfs_create_file_unsafe("bad_callers", 0444, dir, NULL,
				   &bad_callers_fops);
	debugfs_create_u32("selfshrink_ms", 0644, dir, &r->selfshrink_ms);
	debugfs_create_u32("selfshrink_pages", 0644, dir, &r->selfshrink_pages);
}

/**
 * ramster_debugfs_exit() - undo ramster_debugfs_init()
 * @r: of whom
 */
void ramster_debugfs_exit(struct ramster *r)
{
	debugfs_remove_recursive(r->debugfs);
}
