/* SPDX-License-Identifier: GPL-2.0-only */
/* See kernel.h. For a little-endian host only, as all that runs this is. */
#ifndef SHIM_UNALIGNED_H
#define SHIM_UNALIGNED_H

#include <linux/kernel.h>

#define get_unaligned(p) \
	(((const struct { __typeof__(*(p)) v; } __attribute__((packed)) *)(p))->v)
#define put_unaligned(v, p) \
	do { __typeof__(*(p)) v_ = (v); memcpy(p, &v_, sizeof(v_)); } while (0)
#define get_unaligned_le16(p)	get_unaligned((const u16 *)(p))
#define get_unaligned_le32(p)	get_unaligned((const u32 *)(p))
#define put_unaligned_le32(v, p) put_unaligned(v, (u32 *)(p))

#endif /* SHIM_UNALIGNED_H */
