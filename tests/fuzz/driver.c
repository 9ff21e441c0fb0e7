// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drives a fuzzer where there is no libFuzzer: inputs by chance, each made
 * of the one before. It does not look at what they reach.
 *
 * Usage: PROGRAM -runs=N -seed=N	PROGRAM FILE...
 *
 * The input that it dies of is left in the file "crash". Given files, it takes
 * these as inputs, each once. Other options of libFuzzer's mean nothing here.
 */
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzzer.h"

#define MAX_SIZE	16384

static uint8_t input[MAX_SIZE];
static size_t input_size;

/**
 * LLVMFuzzerMutate() - change an input without knowing what it is
 * @data: its bytes
 * @size: how many, at least one
 * @max: how many there may be
 *
 * Return: how many there are then.
 */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
	size_t at = rand() % size, more;

	switch (rand() % 4) {
	case 0:
		data[at] = rand();
		return size;
	case 1:
		data[at] ^= 1 << rand() % 8;
		return size;
	case 2:
		return at ? at : 1;
	default:
		more = size + rand() % 32;
		more = more < max ? more : max;
		while (size < more)
			data[size++] = rand();
		return size;
	}
}

static void died(void)
{
	FILE *file = fopen("crash", "w");

	if (!file)
		return;
	fwrite(input, 1, input_size, file);
	fclose(file);
	fprintf(stderr, "the input is in the file \"crash\"\n");
}

static int run_file(const char *name)
{
	FILE *file = fopen(name, "r");

	if (!file) {
		perror(name);
		return 1;
	}
	input_size = fread(input, 1, sizeof(input), file);
	fclose(file);
	LLVMFuzzerTestOneInput(input, input_size);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long runs = 0, run, seed = 1;
	int arg, err = 0;

	__sanitizer_set_death_callback(died);
	for (arg = 1; arg < argc; arg++) {
		if (argv[arg][0] != '-')
			err |= run_file(argv[arg]);
		else if (sscanf(argv[arg], "-runs=%lu", &runs) != 1)
			sscanf(argv[arg], "-seed=%lu", &seed);
	}
	srand(seed);
	for (run = 0; run < runs; run++) {
		input_size = LLVMFuzzerCustomMutator(input, input_size,
						     sizeof(input), rand());
		LLVMFuzzerTestOneInput(input, input_size);
	}
	return err;
}
