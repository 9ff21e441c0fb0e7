/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_CLEANCACHE_TYPES_H
#define _LINUX_CLEANCACHE_TYPES_H

#include <linux/types.h>

/**
 * struct cleancache_reads - what it costs to read pages of a file system
 * @due: when the device's statistics are to be looked at again, in jiffies
 * @nsecs: what they were when looked at last: time of all reads,
 * @busy: time in which the device was busy, in nanoseconds,
 * @sectors: and how much was read
 * @device_ns: of this, the time for a page; a moving average
 * @call_ns: time in ->readahead() for a page, a moving average; always 0 where
 *	that does not count, because ->readahead() only submits I/O
 * @worthless: when the backend said last that it is not worth to offer what is read
 *	at such a cost, in jiffies
 *
 * Part of struct super_block. All of it are estimates, read and written without
 * a lock by READ_ONCE() and WRITE_ONCE(); whoever moves @due on has the turn to
 * look at the statistics.
 */
struct cleancache_reads {
#ifdef CONFIG_CLEANCACHE
	unsigned long due;
	u64 nsecs;
	u64 busy;
	u64 sectors;
	u32 device_ns;
	u32 call_ns;
	u32 worthless;
#endif
};

#endif /* _LINUX_CLEANCACHE_TYPES_H */
