// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control groups.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zc.h"

#define CGROUP_ROOT	"/sys/fs/cgroup"
#define MAX_CGROUPS	8

static char cgroups[MAX_CGROUPS][96];
static unsigned int nr_cgroups;

static void cgroups_end(void)
{
	unsigned int i;

	zc_can_write(CGROUP_ROOT "/cgroup.procs", "0");
	while (nr_cgroups) {
		nr_cgroups--;
		for (i = 0; i < 50 && rmdir(cgroups[nr_cgroups]); i++)
			zc_msleep(20);
	}
}

/* NULL without cgroup2 or without the memory controller in it. */
const char *zc_cgroup(const char *name)
{
	char *path = cgroups[nr_cgroups], file[128];

	if (nr_cgroups == MAX_CGROUPS)
		zc_die("too many control groups");
	zc_can_write(CGROUP_ROOT "/cgroup.subtree_control", "+memory");
	zc_can_write(CGROUP_ROOT "/cgroup.subtree_control", "+io");
	snprintf(path, sizeof(cgroups[0]), CGROUP_ROOT "/zcache-%s", name);
	if (mkdir(path, 0700) && errno != EEXIST)
		return NULL;
	snprintf(file, sizeof(file), "%s/memory.reclaim", path);
	if (access(file, W_OK)) {
		rmdir(path);
		return NULL;
	}
	if (!nr_cgroups++)
		zc_at_end(cgroups_end);
	return path;
}

/* One in another, which must not have processes. */
const char *zc_cgroup_in(const char *group, const char *name)
{
	char *path = cgroups[nr_cgroups];

	if (nr_cgroups == MAX_CGROUPS)
		zc_die("too many control groups");
	zc_cgroup_set(group, "cgroup.subtree_control", "+memory");
	snprintf(path, sizeof(cgroups[0]), "%s/%s", group, name);
	if (mkdir(path, 0700))
		zc_die("cannot make %s", path);
	nr_cgroups++;
	return path;
}

/* What is touched from now on is charged to it. */
void zc_cgroup_enter(const char *path)
{
	char file[128];

	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	zc_write(file, "0");
}

/*
 * All children go, also one that has yet to enter the group: how many had come to an
 * end by themselves?
 */
unsigned long zc_cgroup_kill(const char *path)
{
	unsigned long ended = 0;
	int status;
	pid_t pid;

	for (;;) {
		zc_cgroup_set(path, "cgroup.kill", "1");
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			ended += WIFEXITED(status);
		if (pid < 0)
			return ended;
		zc_msleep(20);
	}
}

/* To the root again, if there is one. */
void zc_cgroup_leave(void)
{
	zc_can_write(CGROUP_ROOT "/cgroup.procs", "0");
}

void zc_cgroup_set(const char *path, const char *file, const char *text)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", path, file);
	zc_write(full, "%s", text);
}

void zc_cgroup_set_bytes(const char *path, const char *file, unsigned long bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", bytes);
	zc_cgroup_set(path, file, text);
}

/* A line of a file that has a name and a number in each. */
unsigned long zc_line_of(const char *file, const char *name)
{
	unsigned long value = ULONG_MAX, v;
	FILE *stat = fopen(file, "r");
	char line[128], n[64];

	while (stat && fgets(line, sizeof(line), stat))
		if (sscanf(line, "%63s %lu", n, &v) == 2 && !strcmp(n, name))
			value = v;
	if (value == ULONG_MAX)
		zc_die("%s has no %s", file, name);
	fclose(stat);
	return value;
}

/* The number in a file of a group, or, without a dot, in a line of its memory.stat. */
unsigned long zc_cgroup_number(const char *path, const char *name)
{
	bool is_file = strchr(name, '.');
	char full[256], text[32];

	snprintf(full, sizeof(full), "%s/%s", path, is_file ? name : "memory.stat");
	if (!is_file)
		return zc_line_of(full, name);
	if (!zc_read(full, text, sizeof(text)))
		zc_die("cannot read %s", full);
	return strtoul(text, NULL, 10);
}

/* The kernel sums up what its processors have counted every two seconds. */
bool zc_cgroup_comes_to(const char *path, const char *name, unsigned long value,
			unsigned long give)
{
	unsigned long is = zc_cgroup_number(path, name), i;

	for (i = 0; i < 200 && (is + give < value || is > value + give); i++) {
		zc_msleep(50);
		is = zc_cgroup_number(path, name);
	}
	if (is + give >= value && is <= value + give)
		return true;
	zc_say("%s is %lu, not %lu", name, is, value);
	return false;
}

/* How often something has happened in a group: a line of its memory.events. */
unsigned long zc_cgroup_events(const char *path, const char *name)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/memory.events", path);
	return zc_line_of(full, name);
}
