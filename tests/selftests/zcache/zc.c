// SPDX-License-Identifier: GPL-2.0-only
/*
 * TAP, counters, contents of pages, the end of a test.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "zc.h"

#define DEBUGFS		"/sys/kernel/debug"
#define PERCENT		"/sys/module/zcache/parameters/max_pool_percent"
#define ENABLED		"/sys/module/zcache/parameters/enabled"
#define DRAIN		"/sys/kernel/mm/zcache/drain"
#define POLICY		"/sys/module/zcache/parameters/cleancache_policy"
#define MAX_UNDOS	16
#define MAX_SETTINGS	16

static pid_t main_pid;
static unsigned int planned;
static int kmsg = -1;
static void (*undos[MAX_UNDOS])(void);
static unsigned int nr_undos;

/* Results */

static const char *format(const char *fmt, va_list args)
{
	static __thread char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	return text;
}

/* Before the first result, so that a test can be skipped as a whole till then. */
static void print_plan(void)
{
	if (planned)
		ksft_set_plan(planned);
	planned = 0;
}

bool zc_result(bool good, const char *fmt, ...)
{
	va_list args;

	print_plan();
	va_start(args, fmt);
	ksft_test_result(good, "%s\n", format(fmt, args));
	va_end(args);
	return good;
}

void zc_skip_one(const char *fmt, ...)
{
	va_list args;

	print_plan();
	va_start(args, fmt);
	ksft_test_result_skip("%s\n", format(fmt, args));
	va_end(args);
}

void zc_skip_all(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	ksft_exit_skip("%s\n", format(fmt, args));
}

/* A child has no say in the results: its status is its message. */
void zc_die(const char *fmt, ...)
{
	int err = errno;
	const char *text;
	va_list args;

	va_start(args, fmt);
	text = format(fmt, args);
	va_end(args);
	if (getpid() != main_pid) {
		fprintf(stderr, "# child: %s (errno %d)\n", text, err);
		_exit(1);
	}
	ksft_exit_fail_msg("%s (errno %d: %s)\n", text, err, strerror(err));
}

void zc_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	ksft_print_msg("%s\n", format(fmt, args));
	va_end(args);
}

/* Files of a line */

/* 0 or an errno. */
int zc_try_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	close(fd);
	return err;
}

bool zc_can_write(const char *path, const char *text)
{
	return !zc_try_write(path, text);
}

void zc_write(const char *path, const char *fmt, ...)
{
	char text[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!zc_can_write(path, text))
		zc_die("cannot write \"%s\" to %s", text, path);
}

bool zc_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return false;
	while (n && text[n - 1] == '\n')
		n--;
	text[n] = 0;
	return true;
}

static struct setting {
	char path[128];
	char was[64];
} settings[MAX_SETTINGS];
static unsigned int nr_settings;

static void restore_settings(void)
{
	while (nr_settings) {
		nr_settings--;
		zc_can_write(settings[nr_settings].path,
			     settings[nr_settings].was);
	}
}

/* "always [never]" is read with brackets and written without. */
static void take_chosen(char *text)
{
	char *open = strchr(text, '['), *close = strchr(text, ']');

	if (!open || !close)
		return;
	*close = 0;
	memmove(text, open + 1, strlen(open + 1) + 1);
}

static void remember_setting(const char *path)
{
	struct setting *setting = &settings[nr_settings];
	unsigned int i;

	for (i = 0; i < nr_settings; i++)
		if (!strcmp(settings[i].path, path))
			return;
	if (nr_settings == MAX_SETTINGS ||
	    !zc_read(path, setting->was, sizeof(setting->was)))
		zc_die("cannot remember %s", path);
	take_chosen(setting->was);
	snprintf(setting->path, sizeof(setting->path), "%s", path);
	if (!nr_settings++)
		zc_at_end(restore_settings);
}

void zc_set_sysfs(const char *path, const char *text)
{
	remember_setting(path);
	if (!zc_can_write(path, text))
		zc_die("cannot write \"%s\" to %s", text, path);
}

/* The counters */

unsigned long zc_get(const char *counter)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), DEBUGFS "/%s", counter);
	if (!zc_read(path, text, sizeof(text)))
		zc_die("cannot read %s", path);
	return strtoul(text, NULL, 10);
}

unsigned long zc_entries(void)
{
	return zc_get("zcache/eph_zpages") + zc_get("zcache/eph_filled");
}

/* Some things end a little later than the system call that ended them. */
bool zc_wait_get(const char *counter, unsigned long value)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		if (zc_get(counter) == value)
			return true;
		zc_msleep(20);
	}
	zc_say("%s is %lu, not %lu", counter, zc_get(counter), value);
	return false;
}

void zc_percent(unsigned int percent)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", percent);
	zc_set_sysfs(PERCENT, text);
}

int zc_enable(bool on)
{
	return zc_try_write(ENABLED, on ? "1" : "0");
}

int zc_drain(void)
{
	return zc_try_write(DRAIN, "1");
}

/* Only a kernel with CONFIG_ZCACHE2_DEBUG has it. */
bool zc_fail_puts(unsigned int probability)
{
	const char *dir = DEBUGFS "/fail_zcache_put/";
	char path[128], text[16];

	snprintf(path, sizeof(path), "%sprobability", dir);
	if (access(path, F_OK))
		return false;
	snprintf(text, sizeof(text), "%u", probability);
	zc_set_sysfs(path, text);
	snprintf(path, sizeof(path), "%stimes", dir);
	zc_set_sysfs(path, "-1");
	snprintf(path, sizeof(path), "%sverbose", dir);
	zc_set_sysfs(path, "0");
	return true;
}

/* Random numbers */

uint64_t zc_seed(void)
{
	const char *seed = getenv("ZCACHE_SEED");

	return seed ? strtoull(seed, NULL, 0) : 1;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

void zc_srand(struct zc_rng *rng, uint64_t stream)
{
	rng->state = mix(zc_seed() + 0x9e3779b97f4a7c15) ^ mix(stream + 1);
}

uint64_t zc_rand(struct zc_rng *rng)
{
	rng->state += 0x9e3779b97f4a7c15;
	return mix(rng->state);
}

unsigned long zc_below(struct zc_rng *rng, unsigned long n)
{
	return zc_rand(rng) % n;
}

/* Contents of pages */

/* Words from @from to @to that nothing compresses. */
static void fill_noise(uint64_t *words, uint64_t id, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++)
		words[i] = mix(id * ZC_WORDS + i);
}

/* The same few words over and over, but others for each id. */
static void fill_text(uint64_t *words, uint64_t id)
{
	size_t i;

	fill_noise(words, id, 1, 17);
	for (i = 17; i < ZC_WORDS; i++)
		words[i] = words[i - 16];
}

static void fill_with(uint64_t *words, uint64_t word, size_t from)
{
	size_t i;

	for (i = from; i < ZC_WORDS; i++)
		words[i] = word;
}

/* The first word is written once: somebody may be watching. */
void zc_fill(void *page, uint64_t id, enum zc_kind kind)
{
	uint64_t *words = page;

	zc_store(words[0], kind == ZC_ZERO ? 0 : id);
	switch (kind) {
	case ZC_TEXT:
		fill_text(words, id);
		break;
	case ZC_HALF:
		fill_noise(words, id, 1, ZC_WORDS / 2);
		fill_with(words, 0, ZC_WORDS / 2);
		break;
	case ZC_NOISE:
		fill_noise(words, id, 1, ZC_WORDS);
		break;
	case ZC_SAME:
		fill_with(words, id, 1);
		return;
	default:
		fill_with(words, 0, 1);
		return;
	}
	words[ZC_WORDS - 1] = id;
}

bool zc_holds(const void *page, uint64_t id, enum zc_kind kind)
{
	uint64_t want[ZC_WORDS];

	zc_fill(want, id, kind);
	return !memcmp(page, want, ZC_PAGE);
}

/* Swap does not offer pages of zeros, the page cache does. */
bool zc_stored_kind(enum zc_kind kind)
{
	return kind != ZC_NOISE;
}

/* Odds and ends */

unsigned long zc_scaled(unsigned long full, unsigned long small)
{
	const char *scale = getenv("ZCACHE_TEST_SCALE");

	return scale && !strcmp(scale, "small") ? small : full;
}

void zc_msleep(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

void *zc_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		zc_die("no shared memory");
	return p;
}

unsigned int zc_nr_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

/*
 * A page that another CPU has just added to the page cache waits in that CPU's
 * batch, and cannot be reclaimed. Who stays on one CPU has no such pages.
 */
void zc_pin_to_cpu(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % zc_nr_cpus(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Begin and end */

static void undo_all(void)
{
	if (getpid() != main_pid)
		return;
	while (nr_undos)
		undos[--nr_undos]();
}

void zc_at_end(void (*undo)(void))
{
	if (nr_undos == MAX_UNDOS)
		zc_die("too much to undo");
	undos[nr_undos++] = undo;
}

/*
 * Every test ends with two more results: the page frames are accounted for,
 * and the kernel has not complained.
 */
void zc_start(unsigned int plan)
{
	main_pid = getpid();
	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	if (geteuid())
		zc_skip_all("only root can do this");
	if (access(DEBUGFS "/zcache/pageframes", F_OK))
		zc_skip_all("zcache is not on, or debugfs not mounted");
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		zc_die("cannot follow /dev/kmsg");
	atexit(undo_all);
	zc_pin_to_cpu(0);
	/* Tests count on each page being taken. */
	zc_set_sysfs(POLICY, "all");
	planned = plan + 2;
	zc_say("seed %llu", (unsigned long long)zc_seed());
}

static bool frames_balance(bool say)
{
	unsigned long alloced = zc_get("zcache/pageframes_alloced");
	unsigned long freed = zc_get("zcache/pageframes_freed");
	unsigned long eph = zc_get("zcache/eph_pageframes");
	unsigned long pers = zc_get("zcache/pers_pageframes");
	unsigned long held = zc_get("zcache/pageframes");

	if (say)
		zc_say("page frames: %lu alloced, %lu freed, %lu + %lu in use, %lu held",
		       alloced, freed, eph, pers, held);
	return alloced - freed == eph + pers && eph + pers == held;
}

/* The counters are read one after the other, so at rest only. */
static void check_frames(void)
{
	unsigned int i;

	if (getenv("ZCACHE_BUSY")) {
		zc_skip_one("page frames are accounted for: others are at work");
		return;
	}
	for (i = 0; i < 50 && !frames_balance(false); i++)
		zc_msleep(50);
	zc_result(frames_balance(i == 50), "page frames are accounted for");
}

static bool is_complaint(const char *line)
{
	static const char * const words[] = { "WARNING:", "BUG:", "Oops",
		"KASAN", "UBSAN", "refcount_t:", "corruption", "suspicious RCU",
		"Bad page", "general protection", "cannot be decompressed",
		"blocked for more than", "soft lockup" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

static void check_log(void)
{
	bool clean = true;
	char line[1024];
	ssize_t n;

	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;	/* records were overwritten */
		line[n] = 0;
		line[strcspn(line, "\n")] = 0;
		if (!is_complaint(line))
			continue;
		clean = false;
		zc_say("kernel: %s", strchr(line, ';') ?: line);
	}
	zc_result(clean, "the kernel did not complain");
}

void zc_finish(void)
{
	undo_all();
	check_frames();
	check_log();
	ksft_finished();
}
