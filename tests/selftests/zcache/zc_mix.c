// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anonymous pages of several kinds, and threads that use some all the time.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "zc.h"

#define FIRST_ID	8000000
#define RACERS		3
#define RACE_PAGES	ZC_RACE_PAGES

/* Some are in frames, some in none. */
static enum zc_kind kind_of(unsigned long i)
{
	return i % 4 == 3 ? ZC_SAME : i % 4 == 2 ? ZC_HALF : ZC_TEXT;
}

void zc_mix_fill(char *p, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		zc_fill(p + i * ZC_PAGE, FIRST_ID + i, kind_of(i));
}

char *zc_mix(unsigned long nr)
{
	char *p = zc_anon(nr * ZC_PAGE, ZC_PAGE);

	zc_mix_fill(p, nr);
	return p;
}

char *zc_mix_out(unsigned long nr)
{
	char *p = zc_mix(nr);

	zc_pageout(p, nr * ZC_PAGE);
	return p;
}

unsigned long zc_mix_wrong(const char *p, unsigned long nr)
{
	unsigned long i, wrong = 0;

	for (i = 0; i < nr; i++)
		wrong += !zc_holds(p + i * ZC_PAGE, FIRST_ID + i, kind_of(i));
	return wrong;
}

void zc_mix_free(char *p, unsigned long nr)
{
	munmap(p, nr * ZC_PAGE);
}

struct racer {
	pthread_t thread;
	unsigned int number;
	unsigned long wrong;
};

static struct racer racers[RACERS];
static bool stop;

/* They are read, changed and swapped out again, in no order. */
static void *race(void *arg)
{
	char *p = zc_anon(RACE_PAGES * ZC_PAGE, ZC_PAGE);
	unsigned long ids[RACE_PAGES] = { 0 };
	struct racer *racer = arg;
	struct zc_rng rng;
	unsigned long i;

	zc_pin_to_cpu(racer->number % zc_nr_cpus());
	zc_srand(&rng, racer->number);
	while (!zc_load(stop)) {
		i = zc_below(&rng, RACE_PAGES);
		if (ids[i])
			racer->wrong += !zc_holds(p + i * ZC_PAGE, ids[i],
						  kind_of(i));
		if (zc_below(&rng, 2)) {
			ids[i] = zc_rand(&rng) | 1;
			zc_fill(p + i * ZC_PAGE, ids[i], kind_of(i));
		}
		if (!zc_below(&rng, 16))
			madvise(p, RACE_PAGES * ZC_PAGE, MADV_PAGEOUT);
	}
	for (i = 0; i < RACE_PAGES; i++)
		racer->wrong += ids[i] && !zc_holds(p + i * ZC_PAGE, ids[i],
						    kind_of(i));
	munmap(p, RACE_PAGES * ZC_PAGE);
	return NULL;
}

void zc_race_begin(void)
{
	unsigned int i;

	zc_store(stop, false);
	for (i = 0; i < RACERS; i++) {
		racers[i] = (struct racer) { .number = i };
		if (pthread_create(&racers[i].thread, NULL, race, &racers[i]))
			zc_die("no thread");
	}
}

unsigned long zc_race_end(void)
{
	unsigned long wrong = 0;
	unsigned int i;

	zc_store(stop, true);
	for (i = 0; i < RACERS; i++) {
		pthread_join(racers[i].thread, NULL);
		wrong += racers[i].wrong;
	}
	return wrong;
}
