// SPDX-License-Identifier: GPL-2.0-only
/*
 * What fits into memory and swap space together without zcache does so with it: a
 * page here has a slot of its swap area, too, so when all slots are taken, the memory
 * of the pool has to come back.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zc.h"

#define CHILDREN	4
#define FIRST_ID	5000000
#define SHARE		90	/* percent of memory and swap space that are used */

static unsigned long meminfo_pages(const char *what)
{
	FILE *f = fopen("/proc/meminfo", "r");
	unsigned long kib, found = 0;
	char name[64];

	if (!f)
		zc_die("no /proc/meminfo");
	while (fscanf(f, "%63s %lu%*[^\n]", name, &kib) == 2)
		if (!strcmp(name, what))
			found = kib * 1024 / ZC_PAGE;
	fclose(f);
	if (!found)
		zc_die("/proc/meminfo knows no %s", what);
	return found;
}

/* The first to be killed, and says by its status whether its pages are right. */
static __noreturn void use_memory(unsigned long first, unsigned long nr,
				  unsigned int *ready)
{
	unsigned long i, bad = 0;
	char *p;

	zc_write("/proc/self/oom_score_adj", "500");
	p = mmap(NULL, nr * ZC_PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		_exit(2);
	for (i = 0; i < nr; i++)
		zc_fill(p + i * ZC_PAGE, FIRST_ID + first + i, ZC_HALF);
	/* Nobody leaves before all have what they want. */
	zc_add(*ready, 1);
	while (zc_load(*ready) < CHILDREN)
		zc_msleep(10);
	for (i = 0; i < nr; i++)
		bad += !zc_holds(p + i * ZC_PAGE, FIRST_ID + first + i, ZC_HALF);
	_exit(bad ? 1 : 0);
}

static void test_at(unsigned int percent, unsigned long nr)
{
	unsigned int *ready = zc_shared(sizeof(*ready));
	unsigned int i, killed = 0, wrong = 0;
	unsigned long averted, written;
	int status;
	pid_t pid;

	zc_percent(percent);
	averted = zc_get("zcache/oom_averted");
	written = zc_get("zcache/writtenback_pages");
	for (i = 0; i < CHILDREN; i++) {
		pid = fork();
		if (pid < 0)
			zc_die("no process");
		if (!pid)
			use_memory(i * nr / CHILDREN, nr / CHILDREN, ready);
	}
	for (i = 0; i < CHILDREN; i++) {
		if (wait(&status) < 0)
			zc_die("a process is lost");
		killed += WIFSIGNALED(status);
		wrong += WIFEXITED(status) && WEXITSTATUS(status);
		/* The others must not wait for one that was not ready. */
		if (status)
			zc_store(*ready, CHILDREN);
	}
	zc_result(!killed && !wrong,
		  "max_pool_percent %u: of %u processes %u are killed, %u have wrong pages",
		  percent, CHILDREN, killed, wrong);
	zc_say("%lu pages written, %lu times before somebody was killed",
	       zc_get("zcache/writtenback_pages") - written,
	       zc_get("zcache/oom_averted") - averted);
}

int main(void)
{
	unsigned long slots = meminfo_pages("MemTotal:") / 2, nr;

	zc_start(2);
	if (!zc_scaled(1, 0))
		zc_skip_all("takes too long in a kernel as slow as this");
	zc_swap_on(NULL, slots);
	nr = (meminfo_pages("MemAvailable:") + slots) / 100 * SHARE;
	zc_say("%lu pages in %lu of memory, %lu of swap", nr,
	       meminfo_pages("MemAvailable:"), slots);
	test_at(0, nr);
	test_at(65, nr);
	zc_finish();
}
