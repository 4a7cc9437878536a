/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer's bytes, drawn from one after the other
 */
#ifndef FF_FUZZ_INPUT_H
#define FF_FUZZ_INPUT_H

#include "kernels/kernels.h"

#include <stdlib.h>

struct input {
	const uint8_t *bytes;
	size_t left;
};

static inline void must(int is)
{
	if (!is)
		abort();
}

/* So many bytes as a number; fewer where there are no more. */
static inline uint32_t take(struct input *input, size_t size)
{
	uint32_t value = 0;

	for (; size && input->left; size--, input->left--)
		value = value << 8 | *input->bytes++;
	return value;
}

/* Those of one of the machine's instruction sets. */
static inline const struct ff_kernels *draw_kernels(struct input *input)
{
	size_t names = 0;

	while (ff_isa_name(names))
		names++;
	return ff_isa_kernels(ff_isa_find(ff_isa_name(take(input, 1) % names)));
}

#endif
