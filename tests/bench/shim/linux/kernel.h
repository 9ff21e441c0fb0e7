/* SPDX-License-Identifier: GPL-2.0-only */
/* What lib/lzo of the kernel needs to be compiled for user space. */
#ifndef SHIM_KERNEL_H
#define SHIM_KERNEL_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS 1
#define __LITTLE_ENDIAN 1234
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define noinline	__attribute__((noinline))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define min(a, b)	((a) < (b) ? (a) : (b))
#define ALIGN(x, a)	(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((a) - 1)) == 0)
#define BUILD_BUG_ON(x)	static_assert(!(x), #x)
#define fallthrough	__attribute__((fallthrough))

#endif /* SHIM_KERNEL_H */
