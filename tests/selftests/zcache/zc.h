/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test programs share.
 *
 * zc.c		TAP, counters, contents of pages, the end of a test
 * zc_swap.c	a swap area of one's own, anonymous memory
 * zc_mix.c	pages of several kinds, threads that use some
 * zc_file.c	a file system of one's own, files
 * zc_cgroup.c	control groups
 *
 * From the environment:
 *   ZCACHE_SCRATCH_A	block device for file systems; overwritten
 *   ZCACHE_SCRATCH_B	block device for swap areas; overwritten
 *   ZCACHE_TEST_SCALE	"small" on a slow kernel
 *   ZCACHE_SEED	for the random numbers, 1 if there is none
 *   ZCACHE_FS		which file system, ext4 if none is named
 *   ZCACHE_BUSY	if others use zcache at the same time
 */
#ifndef ZC_H
#define ZC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * For its macros. Results are reported through zc.c alone, since each file that
 * includes this has counters of its own.
 */
#include "kselftest.h"

#define ZC_PAGE		4096UL
#define ZC_WORDS	(ZC_PAGE / sizeof(uint64_t))

/* For memory that threads or processes share. */
#define zc_load(x)	__atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define zc_store(x, v)	__atomic_store_n(&(x), v, __ATOMIC_SEQ_CST)
#define zc_add(x, n)	__atomic_fetch_add(&(x), n, __ATOMIC_SEQ_CST)

/* Fault a page in. */
static inline void zc_touch(const void *p)
{
	zc_load(*(const char *)p);
}

/* zc.c */

void zc_start(unsigned int plan);
__noreturn void zc_finish(void);
__printf(2, 3) bool zc_result(bool good, const char *fmt, ...);
__printf(1, 2) void zc_skip_one(const char *fmt, ...);
__noreturn __printf(1, 2) void zc_skip_all(const char *fmt, ...);
__noreturn __printf(1, 2) void zc_die(const char *fmt, ...);
__printf(1, 2) void zc_say(const char *fmt, ...);

/* Undone in reverse order when the program ends, however it does. */
void zc_at_end(void (*undo)(void));

unsigned long zc_scaled(unsigned long full, unsigned long small);

struct zc_rng {
	uint64_t state;
};

uint64_t zc_seed(void);
void zc_srand(struct zc_rng *rng, uint64_t stream);
uint64_t zc_rand(struct zc_rng *rng);
unsigned long zc_below(struct zc_rng *rng, unsigned long n);

unsigned long zc_get(const char *counter);
unsigned long zc_entries(void);		/* ephemeral: eph_zpages + eph_filled */
bool zc_wait_get(const char *counter, unsigned long value);
void zc_percent(unsigned int percent);	/* max_pool_percent */
int zc_enable(bool on);			/* 0 or an errno */
int zc_drain(void);			/* the same */
bool zc_fail_puts(unsigned int probability);

int zc_try_write(const char *path, const char *text);
bool zc_can_write(const char *path, const char *text);
__printf(2, 3) void zc_write(const char *path, const char *fmt, ...);
bool zc_read(const char *path, char *text, size_t size);
void zc_set_sysfs(const char *path, const char *text);	/* restored at the end */
void zc_msleep(unsigned int ms);
void *zc_shared(size_t size);		/* memory shared with children */
void zc_pin_to_cpu(unsigned int cpu);
unsigned int zc_nr_cpus(void);

/*
 * What a page can hold. All but ZC_ZERO have their id in the first and in the
 * last word; each zone of the store is reached by one of them.
 */
enum zc_kind {
	ZC_TEXT,	/* compresses to a few hundred bytes */
	ZC_HALF,	/* compresses to a little over one half */
	ZC_NOISE,	/* does not compress: no store, production kernel or not */
	ZC_SAME,	/* one word over and over: stored without a frame */
	ZC_ZERO,
	ZC_KINDS
};

void zc_fill(void *page, uint64_t id, enum zc_kind kind);
bool zc_holds(const void *page, uint64_t id, enum zc_kind kind);
bool zc_stored_kind(enum zc_kind kind);

/* zc_swap.c */

void zc_swap_on(const char *device, unsigned long pages);
int zc_swap_off(void);
int zc_swap_again(void);
const char *zc_swap_device(void);

void *zc_anon(size_t size, size_t align);
bool zc_swapped(const void *addr);
uint64_t zc_slot(const void *addr);
unsigned long zc_nr_swapped(const void *addr, size_t size);
bool zc_pageout(void *addr, size_t size);
bool zc_strand(void *addr, size_t size);
bool zc_can_strand(void);
bool zc_can_fail_writes(void);
void zc_fail_writes(bool fail);		/* to the swap device */

/* zc_mix.c */

char *zc_mix(unsigned long nr);
char *zc_mix_out(unsigned long nr);	/* and swapped out */
void zc_mix_fill(char *p, unsigned long nr);	/* as they were, but dirty */
unsigned long zc_mix_wrong(const char *p, unsigned long nr);
void zc_mix_free(char *p, unsigned long nr);

#define ZC_RACE_PAGES	256UL	/* of each thread */

void zc_race_begin(void);
unsigned long zc_race_end(void);	/* pages that were wrong */

/* zc_file.c */

const char *zc_fs_device(void);
const char *zc_fs_make(unsigned int block_size);	/* returns the mount point */
void zc_fs_mount(void);
void zc_fs_unmount(void);
unsigned long zc_sectors_read(const char *device);
unsigned long zc_sectors_written(const char *device);
int zc_open(const char *name, int flags);
void zc_pwrite(int fd, const void *data, size_t size, off_t pos);
void zc_pread(int fd, void *data, size_t size, off_t pos);
void zc_write_pages(int fd, unsigned long first, unsigned long nr, uint64_t id,
		    enum zc_kind kind);
unsigned long zc_wrong_pages(int fd, unsigned long first, unsigned long nr,
			     uint64_t id, enum zc_kind kind);
unsigned long zc_resident(int fd, unsigned long first, unsigned long nr);
void zc_pageout_file(int fd, unsigned long first, unsigned long nr);
bool zc_evict(int fd, unsigned long first, unsigned long nr);
void zc_drop_caches(int what);

/* zc_cgroup.c */

const char *zc_cgroup(const char *name);
const char *zc_cgroup_in(const char *group, const char *name);
void zc_cgroup_enter(const char *path);
void zc_cgroup_leave(void);
unsigned long zc_cgroup_kill(const char *path);
void zc_cgroup_set(const char *path, const char *file, const char *text);
void zc_cgroup_set_bytes(const char *path, const char *file, unsigned long bytes);
unsigned long zc_cgroup_number(const char *path, const char *name);
unsigned long zc_cgroup_events(const char *path, const char *name);
bool zc_cgroup_comes_to(const char *path, const char *name, unsigned long value,
			unsigned long give);
unsigned long zc_line_of(const char *file, const char *name);

#endif /* ZC_H */
