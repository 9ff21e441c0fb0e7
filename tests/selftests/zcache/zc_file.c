// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file system of one's own, files.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zc.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

#define BATCH		64UL	/* pages written or compared at a time */

static char mount_point[64];
static bool mounted;

const char *zc_fs_device(void)
{
	const char *device = getenv("ZCACHE_SCRATCH_A");

	if (!device)
		zc_skip_all("ZCACHE_SCRATCH_A names no block device");
	return device;
}

static void fs_end(void)
{
	if (mounted)
		umount2(mount_point, MNT_DETACH);
	rmdir(mount_point);
}

static void fs_prepare(void)
{
	if (mount_point[0])
		return;
	snprintf(mount_point, sizeof(mount_point), "/tmp/zcache.XXXXXX");
	if (!mkdtemp(mount_point))
		zc_die("cannot make a folder in /tmp");
	zc_at_end(fs_end);
}

static const char *fs_type(void)
{
	const char *type = getenv("ZCACHE_FS");

	return type ? type : "ext4";
}

/* An empty file system, mounted. Call it again for another. */
const char *zc_fs_make(unsigned int block_size)
{
	char command[256];

	fs_prepare();
	if (mounted)
		zc_fs_unmount();
	if (!strcmp(fs_type(), "xfs"))
		snprintf(command, sizeof(command),
			 "mkfs.xfs -q -f -b size=%u -d size=384m %s > /dev/null 2>&1",
			 block_size, zc_fs_device());
	else
		snprintf(command, sizeof(command),
			 "mkfs.%s -q -F -b %u %s 160M > /dev/null 2>&1",
			 fs_type(), block_size, zc_fs_device());
	if (system(command))
		zc_skip_all("no file system: %s", command);
	zc_fs_mount();
	return mount_point;
}

void zc_fs_mount(void)
{
	if (mount(zc_fs_device(), mount_point, fs_type(), MS_NOATIME, ""))
		zc_die("cannot mount %s", zc_fs_device());
	mounted = true;
}

/*
 * A process that has ended may leave its memory, and the files that are mapped there,
 * to a swapoff that is just going through it.
 */
void zc_fs_unmount(void)
{
	unsigned int tries = 0;

	while (umount(mount_point)) {
		if (errno != EBUSY || ++tries > 500)
			zc_die("cannot unmount %s", mount_point);
		if (tries == 1)
			zc_say("%s is busy", mount_point);
		zc_msleep(20);
	}
	mounted = false;
}

/* Field 3 of a disk's stat is sectors read, field 7 sectors written. */
static unsigned long disk_stat(const char *device, unsigned int field)
{
	char real[PATH_MAX], path[PATH_MAX], text[512];
	char *word, *save;

	if (!realpath(device, real))
		zc_die("no %s", device);
	snprintf(path, sizeof(path), "/sys/class/block/%.64s/stat",
		 strrchr(real, '/') + 1);
	if (!zc_read(path, text, sizeof(text)))
		zc_die("cannot read %s", path);
	word = strtok_r(text, " ", &save);
	while (word && --field)
		word = strtok_r(NULL, " ", &save);
	return word ? strtoul(word, NULL, 10) : 0;
}

unsigned long zc_sectors_read(const char *device)
{
	return disk_stat(device, 3);
}

unsigned long zc_sectors_written(const char *device)
{
	return disk_stat(device, 7);
}

int zc_open(const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", mount_point, name);
	fd = open(path, flags, 0600);
	if (fd < 0)
		zc_die("cannot open %s", path);
	return fd;
}

void zc_pwrite(int fd, const void *data, size_t size, off_t pos)
{
	if (pwrite(fd, data, size, pos) != (ssize_t)size)
		zc_die("cannot write %zu at %lld", size, (long long)pos);
}

void zc_pread(int fd, void *data, size_t size, off_t pos)
{
	if (pread(fd, data, size, pos) != (ssize_t)size)
		zc_die("cannot read %zu at %lld", size, (long long)pos);
}

static unsigned long min(unsigned long a, unsigned long b)
{
	return a < b ? a : b;
}

/* Page i of the file holds id + i. */
void zc_write_pages(int fd, unsigned long first, unsigned long nr, uint64_t id,
		    enum zc_kind kind)
{
	static char data[BATCH * ZC_PAGE];
	unsigned long i, n;

	for (; nr; first += n, nr -= n) {
		n = min(nr, BATCH);
		for (i = 0; i < n; i++)
			zc_fill(data + i * ZC_PAGE, id + first + i, kind);
		zc_pwrite(fd, data, n * ZC_PAGE, first * ZC_PAGE);
	}
}

unsigned long zc_wrong_pages(int fd, unsigned long first, unsigned long nr,
			     uint64_t id, enum zc_kind kind)
{
	static char data[BATCH * ZC_PAGE];
	unsigned long i, n, wrong = 0;

	for (; nr; first += n, nr -= n) {
		n = min(nr, BATCH);
		zc_pread(fd, data, n * ZC_PAGE, first * ZC_PAGE);
		for (i = 0; i < n; i++)
			wrong += !zc_holds(data + i * ZC_PAGE, id + first + i,
					   kind);
	}
	return wrong;
}

static void *map_file(int fd, unsigned long first, unsigned long nr)
{
	void *p = mmap(NULL, nr * ZC_PAGE, PROT_READ, MAP_SHARED, fd,
		       first * ZC_PAGE);

	if (p == MAP_FAILED)
		zc_die("cannot map a file");
	/* Or a fault on a page that is there reads ahead. */
	madvise(p, nr * ZC_PAGE, MADV_RANDOM);
	return p;
}

static unsigned long count_resident(void *p, unsigned long nr,
				    unsigned char *vec)
{
	unsigned long i, n = 0;

	if (mincore(p, nr * ZC_PAGE, vec))
		zc_die("mincore");
	for (i = 0; i < nr; i++)
		n += vec[i] & 1;
	return n;
}

unsigned long zc_resident(int fd, unsigned long first, unsigned long nr)
{
	void *p = map_file(fd, first, nr);
	unsigned char vec[nr];
	unsigned long n = count_resident(p, nr, vec);

	munmap(p, nr * ZC_PAGE);
	return n;
}

/*
 * One try to reclaim what is there; pages that are not are left alone. The file
 * may be cut meanwhile: who touches a page that is gone gets a signal, who asks
 * for it does not.
 */
void zc_pageout_file(int fd, unsigned long first, unsigned long nr)
{
	char *p = map_file(fd, first, nr);
	unsigned char vec[nr];
	unsigned long i;

	count_resident(p, nr, vec);
	for (i = 0; i < nr; i++)
		if (vec[i] & 1)
			madvise(p + i * ZC_PAGE, ZC_PAGE, MADV_POPULATE_READ);
	madvise(p, nr * ZC_PAGE, MADV_PAGEOUT);
	munmap(p, nr * ZC_PAGE);
}

/* As reclaim does it, so with puts. False if some page will not go. */
bool zc_evict(int fd, unsigned long first, unsigned long nr)
{
	unsigned int tries;

	/* EINVAL: a read-only file system. */
	if (fsync(fd) && errno != EINVAL)
		zc_die("fsync");
	for (tries = 0; tries < 50; tries++) {
		zc_pageout_file(fd, first, nr);
		if (!zc_resident(fd, first, nr))
			return true;
		zc_msleep(5);
	}
	return false;
}

void zc_drop_caches(int what)
{
	sync();
	zc_write("/proc/sys/vm/drop_caches", "%d", what);
}
