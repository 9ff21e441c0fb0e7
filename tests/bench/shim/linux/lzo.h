/* SPDX-License-Identifier: GPL-2.0-only */
/* See kernel.h. */
#ifndef SHIM_LZO_H
#define SHIM_LZO_H

#include <stddef.h>

#define LZO1X_1_MEM_COMPRESS	(8192 * sizeof(unsigned short))
#define LZO1X_MEM_COMPRESS	LZO1X_1_MEM_COMPRESS

int lzo1x_1_compress(const unsigned char *src, size_t src_len,
		     unsigned char *dst, size_t *dst_len, void *wrkmem);
int lzorle1x_1_compress(const unsigned char *src, size_t src_len,
			unsigned char *dst, size_t *dst_len, void *wrkmem);

#define LZO_E_OK		0
#define LZO_E_OUTPUT_OVERRUN	(-5)

#endif /* SHIM_LZO_H */
