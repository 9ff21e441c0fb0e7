/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of <linux/...> ramster/wire.c needs to be compiled for user space, on a
 * little-endian machine. The script "fuzz" makes each of these headers of this.
 */
#ifndef _FUZZ_SHIM_H
#define _FUZZ_SHIM_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef u16 __le16;
typedef u32 __le32;
typedef u64 __le64;
typedef unsigned int gfp_t;

typedef struct {
	long counter;
} atomic_long_t;

struct rcu_head {
	void *next;
};

#define __packed	__attribute__((packed))

#define cpu_to_le16(x)	((u16)(x))
#define cpu_to_le32(x)	((u32)(x))
#define cpu_to_le64(x)	((u64)(x))
#define le16_to_cpu(x)	((u16)(x))
#define le32_to_cpu(x)	((u32)(x))
#define le64_to_cpu(x)	((u64)(x))

/* <linux/array_size.h> */

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* <linux/bits.h> */

#define BIT(n)		(1UL << (n))
#define BIT_ULL(n)	(1ULL << (n))

/* <linux/build_bug.h> */

/* The message may be left out, as in C23. */
#undef static_assert
#define static_assert(x)	_Static_assert(x, #x)

/* <linux/log2.h> */

#define is_power_of_2(n)	((n) && !((n) & ((n) - 1)))

/* <linux/minmax.h> */

#define min(a, b)		((a) < (b) ? (a) : (b))
#define min_t(type, a, b)	min((type)(a), (type)(b))

/* <linux/sizes.h> */

#define SZ_4K	0x1000U
#define SZ_64K	0x10000U

/* <linux/mm.h> */

#define PAGE_SIZE	4096UL

/* <linux/stddef.h> */

#define offsetofend(type, field) \
	(offsetof(type, field) + sizeof(((type *)0)->field))

/* <linux/ctype.h> */

#define isascii(c)	(((unsigned char)(c)) <= 0x7f)
/* Latin-1, as the kernel has it. */
#define isgraph(c)	((unsigned char)(c) > ' ' && (unsigned char)(c) != 0x7f && \
			 ((unsigned char)(c) & 0x7f) > ' ')

/* <linux/string.h> */

static inline void *memchr_inv(const void *from, int c, size_t len)
{
	const u8 *byte = from;

	for (; len; len--, byte++)
		if (*byte != (u8)c)
			return (void *)byte;
	return NULL;
}

/* <linux/slab.h> */

#define GFP_KERNEL	0
#define __GFP_NOFAIL	0

static inline void *kmemdup(const void *from, size_t len, int gfp)
{
	void *to = malloc(len);

	(void)gfp;
	if (!to)
		abort();
	return len ? memcpy(to, from, len) : to;
}

static inline void kfree(void *ptr)
{
	free(ptr);
}

/* <linux/uuid.h> */

#define UUID_SIZE	16

typedef struct {
	u8 b[UUID_SIZE];
} uuid_t;

static inline bool uuid_equal(const uuid_t *a, const uuid_t *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline bool uuid_is_null(const uuid_t *uuid)
{
	static const uuid_t null;

	return uuid_equal(uuid, &null);
}

static inline void import_uuid(uuid_t *to, const u8 *from)
{
	memcpy(to->b, from, UUID_SIZE);
}

static inline void export_uuid(u8 *to, const uuid_t *from)
{
	memcpy(to, from->b, UUID_SIZE);
}

/* <linux/rhashtable-types.h> */

struct rhash_head {
	void *next;
};

struct rhashtable {
	void *tbl;
};

/* <linux/xarray.h> */

struct xarray {
	void *head;
};

/* <linux/crc32c.h> */

static inline u32 crc32c_of_byte(u32 crc)
{
	unsigned int bit;

	for (bit = 0; bit < 8; bit++)
		crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	return crc;
}

static inline u32 crc32c(u32 crc, const void *data, unsigned int len)
{
	static u32 table[256];
	const u8 *byte = data;
	unsigned int i;

	if (!table[1])
		for (i = 0; i < 256; i++)
			table[i] = crc32c_of_byte(i);
	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *byte++) & 0xff];
	return crc;
}

/* <linux/prandom.h> */

struct rnd_state {
	u64 s;
};

static inline void prandom_seed_state(struct rnd_state *rnd, u64 seed)
{
	rnd->s = seed * 0x9e3779b97f4a7c15ULL + 1;
}

/* Not the kernel's numbers, but as good: PCG. */
static inline u32 prandom_u32_state(struct rnd_state *rnd)
{
	u64 s = rnd->s;
	u32 x = (s >> 18 ^ s) >> 27;
	unsigned int rot = s >> 59;

	rnd->s = s * 6364136223846793005ULL + 1442695040888963407ULL;
	return x >> rot | x << (-rot & 31);
}

#endif /* _FUZZ_SHIM_H */
