// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: zcache/ and zbud/. README.md says what each file means.
 */
#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "zcache.h"

static const char * const event_names[ZCACHE_NR_EVENTS] = {
	[ZCACHE_PAGEFRAMES_ALLOCED]	= "pageframes_alloced",
	[ZCACHE_PAGEFRAMES_FREED]	= "pageframes_freed",
	[ZCACHE_FAILED_GETFREEPAGES]	= "failed_getfreepages",
	[ZCACHE_FAILED_ALLOC]		= "failed_alloc",
	[ZCACHE_LIMIT_HIT]		= "limit_hit",
	[ZCACHE_CGROUP_LIMIT_HIT]	= "cgroup_limit_hit",
	[ZCACHE_FLUSH_TOTAL]		= "flush_total",
	[ZCACHE_FLUSH_FOUND]		= "flush_found",
	[ZCACHE_FLOBJ_TOTAL]		= "flobj_total",
	[ZCACHE_FLOBJ_FOUND]		= "flobj_found",
	[ZCACHE_FAILED_EPH_PUTS]	= "failed_eph_puts",
	[ZCACHE_FAILED_PERS_PUTS]	= "failed_pers_puts",
	[ZCACHE_EPH_NONACTIVE_PUTS_IGNORED] = "eph_nonactive_puts_ignored",
	[ZCACHE_EPH_COMPRESSED_IN_VAIN]	= "eph_compressed_in_vain",
	[ZCACHE_EPH_ZPAGES_GIVEN_UP]	= "eph_zpages_given_up",
	[ZCACHE_COMPRESS_POOR]		= "compress_poor",
	[ZCACHE_DECOMPRESS_FAILED]	= "decompress_failed",
	[ZCACHE_EPH_ATE_TAIL]		= "eph_ate_tail",
	[ZCACHE_EPH_ATE_TAIL_FAILED]	= "eph_ate_tail_failed",
	[ZCACHE_PERS_ATE_EPH]		= "pers_ate_eph",
	[ZCACHE_PERS_ATE_EPH_FAILED]	= "pers_ate_eph_failed",
	[ZCACHE_EVICTED_EPH_FILLED]	= "evicted_eph_filled",
	[ZCACHE_EVICTED_EPH_RAW]	= "evicted_eph_raw",
	[ZCACHE_SHRUNK_PAGEFRAMES]	= "shrunk_pageframes",
	[ZCACHE_WRITTENBACK_PAGES]	= "writtenback_pages",
	[ZCACHE_WRITEBACK_FAILED]	= "writeback_failed_pages",
	[ZCACHE_WRITEBACK_SKIPPED]	= "writeback_skipped_pages",
	[ZCACHE_OOM_AVERTED]		= "oom_averted",
};

/* A file that shows a number of struct zbud_stats. */
struct stat_file {
	const char *name;
	enum zbud_class class;
	size_t offset;
};

#define STAT(_name, _class, _field)					\
	{								\
		.name = (_name),					\
		.class = (_class),					\
		.offset = offsetof(struct zbud_stats, _field),		\
	}

static const struct stat_file zcache_files[] = {
	STAT("eph_zpages", ZBUD_EPH, zpages),
	STAT("pers_zpages", ZBUD_PERS, zpages),
	STAT("eph_zbytes", ZBUD_EPH, zbytes),
	STAT("pers_zbytes", ZBUD_PERS, zbytes),
	STAT("pers_pageframes", ZBUD_PERS, pageframes),
	STAT("evicted_eph_zpages", ZBUD_EPH, evicted_zpages),
	STAT("evicted_eph_pageframes", ZBUD_EPH, evicted_pageframes),
};

static const struct stat_file zbud_files[] = {
	STAT("eph_zpages", ZBUD_EPH, zpages),
	STAT("pers_zpages", ZBUD_PERS, zpages),
	STAT("eph_zbytes", ZBUD_EPH, zbytes),
	STAT("pers_zbytes", ZBUD_PERS, zbytes),
	STAT("eph_pageframes", ZBUD_EPH, pageframes),
	STAT("pers_pageframes", ZBUD_PERS, pageframes),
	STAT("eph_groups", ZBUD_EPH, groups),
	STAT("pers_groups", ZBUD_PERS, groups),
	STAT("eph_split_zpages", ZBUD_EPH, split),
	STAT("pers_split_zpages", ZBUD_PERS, split),
	STAT("eph_cumul_zpages", ZBUD_EPH, cumul_zpages),
	STAT("pers_cumul_zpages", ZBUD_PERS, cumul_zpages),
	STAT("eph_cumul_zbytes", ZBUD_EPH, cumul_zbytes),
	STAT("pers_cumul_zbytes", ZBUD_PERS, cumul_zbytes),
	STAT("eph_evicted_pageframes", ZBUD_EPH, evicted_pageframes),
	STAT("pers_evicted_pageframes", ZBUD_PERS, evicted_pageframes),
};

/* Set before the first file appears, and gone after the last. */
static struct zcache *shown;
static struct dentry *zbud_dir;

static int event_get(void *data, u64 *val)
{
	enum zcache_event event = (unsigned long)data;
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(shown->events, cpu)->count[event];
	*val = sum;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(event_fops, event_get, NULL, "%llu\n");

static int stat_get(void *data, u64 *val)
{
	const struct stat_file *file = data;
	struct zbud_stats *stats;
	int err;

	stats = kmalloc(sizeof(*stats), GFP_KERNEL);
	if (!stats)
		return -ENOMEM;
	err = zcache_cgroups_stats(shown, file->class, stats);
	if (!err)
		*val = *(unsigned long *)((void *)stats + file->offset);
	kfree(stats);
	return err;
}
DEFINE_DEBUGFS_ATTRIBUTE(stat_fops, stat_get, NULL, "%llu\n");

/* Frames of zpages, and those of raw pages. */
static int eph_pageframes_get(void *data, u64 *val)
{
	*val = zcache_cgroups_frames(&shown->cgroups[ZBUD_EPH]);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(eph_pageframes_fops, eph_pageframes_get, NULL,
			 "%llu\n");

/* What file pages may have while programs are short of memory. */
static int eph_pageframes_cap_get(void *data, u64 *val)
{
	unsigned long cap = READ_ONCE(shown->calm.cap);

	*val = min(cap, totalram_pages());
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(eph_pageframes_cap_fops, eph_pageframes_cap_get, NULL,
			 "%llu\n");

static int outstanding_get(void *data, u64 *val)
{
	*val = zcache_writeback_outstanding(shown);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(outstanding_fops, outstanding_get, NULL, "%llu\n");

static int atomic_long_get(void *data, u64 *val)
{
	*val = atomic_long_read(data);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(atomic_long_fops, atomic_long_get, NULL, "%llu\n");

static int histogram_show(struct seq_file *m, void *v)
{
	struct zbud_stats *stats;
	unsigned int class, i;
	int err = 0;

	stats = kcalloc(ZBUD_CLASSES, sizeof(*stats), GFP_KERNEL);
	if (!stats)
		return -ENOMEM;
	for (class = 0; class < ZBUD_CLASSES && !err; class++)
		err = zcache_cgroups_stats(shown, class, &stats[class]);
	if (err)
		goto out;

	seq_puts(m, "# bytes, up to  ephemeral  persistent\n");
	for (i = 1; i <= ZBUD_CHUNKS; i++)
		seq_printf(m, "%15lu %10lu %11lu\n", i * ZBUD_CHUNK_SIZE,
			   stats[ZBUD_EPH].histogram[i],
			   stats[ZBUD_PERS].histogram[i]);
out:
	kfree(stats);
	return err;
}
DEFINE_SHOW_ATTRIBUTE(histogram);

static int costs_show(struct seq_file *m, void *v)
{
	const struct zcache_cost *cost = &shown->cost;

	seq_puts(m, "# kept         put ns     get ns\n");
	seq_printf(m, "compressed %10u %10u\n",
		   zcache_cost_ns(cost, ZCACHE_COMPRESSED, ZCACHE_PUT),
		   zcache_cost_ns(cost, ZCACHE_COMPRESSED, ZCACHE_GET));
	seq_printf(m, "as_is      %10u %10u\n",
		   zcache_cost_ns(cost, ZCACHE_AS_IS, ZCACHE_PUT),
		   zcache_cost_ns(cost, ZCACHE_AS_IS, ZCACHE_GET));
	seq_printf(m, "read                  %10u\n", cost->read_ns);
	seq_printf(m, "mean_size  %10u\n",
		   zcache_cost_mean_size(cost));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(costs);

static void create_stat_files(struct dentry *dir, const struct stat_file *files,
			      unsigned int nr)
{
	for (; nr; nr--, files++)
		debugfs_create_file_unsafe(files->name, 0444, dir,
					   (void *)files, &stat_fops);
}

static void create_atomic_file(struct dentry *dir, const char *name,
			       atomic_long_t *value)
{
	debugfs_create_file_unsafe(name, 0444, dir, value, &atomic_long_fops);
}

/**
 * zcache_debugfs_init() - show what is counted
 * @zc: the cache; stays until zcache_debugfs_exit()
 */
void zcache_debugfs_init(struct zcache *zc)
{
	struct dentry *dir = debugfs_create_dir("zcache", NULL);
	unsigned long i;

	shown = zc;
	zc->debugfs = dir;
	for (i = 0; i < ZCACHE_NR_EVENTS; i++)
		debugfs_create_file_unsafe(event_names[i], 0444, dir,
					   (void *)i, &event_fops);
	create_stat_files(dir, zcache_files, ARRAY_SIZE(zcache_files));
	create_atomic_file(dir, "obj_count", &zc->nr_objs);
	create_atomic_file(dir, "pageframes", &zc->nr_frames);
	create_atomic_file(dir, "pageframes_max", &zc->max_frames);
	debugfs_create_u32("spare_pageframes", 0444, dir, &zc->spare.nr);
	create_atomic_file(dir, "eph_filled",
			   &zc->descs.nr[ZCACHE_FILLED][ZBUD_EPH]);
	create_atomic_file(dir, "pers_filled",
			   &zc->descs.nr[ZCACHE_FILLED][ZBUD_PERS]);
	create_atomic_file(dir, "eph_raw",
			   &zc->descs.nr[ZCACHE_RAW][ZBUD_EPH]);
	debugfs_create_file_unsafe("eph_pageframes", 0444, dir, NULL,
				   &eph_pageframes_fops);
	debugfs_create_file_unsafe("eph_pageframes_cap", 0444, dir, NULL,
				   &eph_pageframes_cap_fops);
	debugfs_create_file_unsafe("outstanding_writeback_pages", 0444, dir,
				   NULL, &outstanding_fops);
	debugfs_create_file("costs", 0444, dir, NULL, &costs_fops);

	zbud_dir = debugfs_create_dir("zbud", NULL);
	create_stat_files(zbud_dir, zbud_files, ARRAY_SIZE(zbud_files));
	debugfs_create_file("histogram", 0444, zbud_dir, NULL,
			    &histogram_fops);
}

/**
 * zcache_debugfs_exit() - undo zcache_debugfs_init()
 * @zc: the cache
 */
void zcache_debugfs_exit(struct zcache *zc)
{
	debugfs_remove(zbud_dir);
	debugfs_remove(zc->debugfs);
	shown = NULL;
}

#if defined(CONFIG_ZCACHE2_DEBUG) && defined(CONFIG_FAULT_INJECTION_DEBUG_FS)
static DECLARE_FAULT_ATTR(fail_put);

/**
 * zcache_should_fail_put() - fault injection: shall this put be refused?
 *
 * Return: true if so.
 */
bool zcache_should_fail_put(void)
{
	return should_fail(&fail_put, 1);
}

static int __init fail_put_debugfs(void)
{
	return PTR_ERR_OR_ZERO(fault_create_debugfs_attr("fail_zcache_put",
							 NULL, &fail_put));
}
late_initcall(fail_put_debugfs);
#endif
