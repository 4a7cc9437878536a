// SPDX-License-Identifier: MIT
/*
 * Filling columns: parts of values that lie side by side, and the steps of pointer paths
 */
#include "ff.h"

#include <string.h>

void ff_arrow_take(const uint8_t *values, size_t stride, uint64_t rows, size_t size, bool swapped,
		   uint8_t *out)
{
	for (uint64_t i = 0; i < rows; i++, values += stride, out += size) {
		if (!swapped)
			memcpy(out, values, size);
		for (size_t k = 0; swapped && k < size; k++)
			out[k] = values[size - 1 - k];
	}
}

void ff_arrow_types(const struct ff_matchset *matches, const uint64_t *addresses, uint64_t rows,
		    uint32_t *out)
{
	for (uint64_t i = 0; i < rows; i++)
		out[i] = ff_matchset_types(matches, addresses[i]);
}

size_t ff_arrow_steps(const struct ff_path *paths, const int64_t *offsets, size_t depth, size_t n,
		      int64_t *ends, int64_t *steps)
{
	size_t count = 0;

	ends[0] = 0;
	for (size_t i = 0; i < n; i++, offsets += depth) {
		memcpy(steps + count, offsets, paths[i].steps * sizeof(*steps));
		count += paths[i].steps;
		ends[i + 1] = count;
	}
	return count;
}
