/* SPDX-License-Identifier: GPL-2.0-only */
/* Between a fuzzer and what drives it: libFuzzer's names, and its meaning. */
#ifndef _FUZZER_H
#define _FUZZER_H

#include <stddef.h>
#include <stdint.h>

/* The fuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed);

/* The driver's */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

#endif /* _FUZZER_H */
