/* SPDX-License-Identifier: MIT */
/*
 * Kernels: the inner loops, one table for each instruction set
 *
 * A kernel looks at n slots that lie stride bytes apart and sets a bit for each
 * that fits. It reads no byte past the last slot's value, and writes
 * ff_bits_words(n) words, unused bits zero.
 */
#ifndef FF_KERNELS_H
#define FF_KERNELS_H

#include "bits.h"
#include "ff.h"

#define FF_EXPR_DEPTH 16	/* values on an expression's stack */
#define FF_OFFSETS_SLACK 4	/* that may be written to behind what offsets() has found */

/* low <= value at a <= high; NaN is in no range. */
struct ff_range_test {
	uint32_t type;
	bool swapped;
	union ff_scalar low, high;
};

/*
 * FF_EQ: a == b + delta and low <= b <= high, so that b + delta cannot wrap;
 * FF_LT, FF_LE: a op b. NaN fits none.
 */
struct ff_pair_test {
	uint32_t type;
	uint32_t op;
	bool swapped_a, swapped_b;
	bool has_delta;
	union ff_scalar delta, low, high;
};

/*
 * Byte i at a, without the bits that are not in mask[i], is value[i]; so for all length
 * bytes. Numbers one and other, which may be the same, are the bytes that tell most.
 */
struct ff_pattern_test {
	const uint8_t *value, *mask;
	size_t length;
	size_t one, other;
};

struct ff_frame;

struct ff_kernels {
	const char *name;
	bool (*supported)(void);
	void (*range)(const struct ff_range_test *test, const uint8_t *a, size_t stride,
		      size_t n, uint64_t *mask);
	void (*pair)(const struct ff_pair_test *test, const uint8_t *a, const uint8_t *b,
		     size_t stride, size_t n, uint64_t *mask);
	void (*pattern)(const struct ff_pattern_test *test, const uint8_t *a, size_t stride,
			size_t n, uint64_t *mask);
	void (*expr)(const struct ff_expr *steps, size_t nsteps, const uint8_t *const *streams,
		     size_t stride, size_t n, uint64_t *mask);
	bool (*is_zero)(const uint8_t *bytes, size_t size);
	/* Copy to where nobody looks soon: past the caches. out is a multiple of 64. */
	void (*copy)(uint8_t *out, const uint8_t *bytes, size_t size);
	/* How many bits are set, and in how many runs. */
	void (*count)(const uint64_t *mask, size_t words, uint32_t *count, uint32_t *runs);
	/* The numbers of the set bits, ascending; see FF_OFFSETS_SLACK. Returns how many. */
	size_t (*offsets)(const uint64_t *mask, size_t words, uint16_t *out);
	/* Pieces of small integers; see packed.h. */
	uint32_t (*width)(const uint8_t *piece);
	void (*pack)(uint32_t width, const uint8_t *piece, uint8_t *out);
	void (*unpack)(uint32_t width, const uint8_t *packed, uint8_t *piece);
	/* Pages by what their words have in common; see frames.h. */
	void (*frame)(const uint8_t *page, uint32_t words, struct ff_frame *out);
	void (*frame_pack)(const struct ff_frame *frame, const uint8_t *page, uint8_t *out);
	void (*frame_unpack)(const struct ff_frame *frame, const uint8_t *packed, uint8_t *page);
};

extern const struct ff_kernels ff_kernels_scalar;
#ifdef FF_HAVE_AVX512
extern const struct ff_kernels ff_kernels_avx512;
#endif
#ifdef FF_HAVE_AVX2
extern const struct ff_kernels ff_kernels_avx2;
#endif
#ifdef FF_HAVE_SSE2
extern const struct ff_kernels ff_kernels_sse2;
#endif
#ifdef FF_HAVE_NEON
extern const struct ff_kernels ff_kernels_neon;
#endif

const struct ff_kernels *ff_isa_kernels(int index);

/* Compiled into each instruction set's own file, for its population count. */
static inline void ff_mask_count(const uint64_t *mask, size_t words, uint32_t *count,
				 uint32_t *runs)
{
	uint32_t ones = 0, starts = 0;
	uint64_t carry = 0;

	for (size_t w = 0; w < words; w += 8) {
		size_t end = ff_min(w + 8, words);
		uint64_t any = 0, all = ~0ULL;

		for (size_t i = w; i < end; i++) {
			any |= mask[i];
			all &= mask[i];
		}
		if (!any) {
			carry = 0;
			continue;
		}
		if (!~all) {
			ones += (uint32_t)(64 * (end - w));
			starts += !carry;
			carry = 1;
			continue;
		}
		/* which words are zero cannot be foreseen, and costs more than counting */
		for (size_t i = w; i < end; i++) {
			ones += ff_bits_count(mask[i]);
			/* a run starts at each set bit whose lower neighbour is clear */
			starts += ff_bits_count(mask[i] & ~(mask[i] << 1 | carry));
			carry = mask[i] >> 63;
		}
	}
	*count = ones;
	*runs = starts;
}

/* Four set bits at a time, whether there are so many or not: which cannot be foreseen. */
static inline size_t ff_mask_offsets(const uint64_t *mask, size_t words, uint16_t *out)
{
	const uint16_t *begin = out;

	for (size_t w = 0; w < words; w++) {
		uint64_t left = mask[w];
		uint16_t *end = out + ff_bits_count(left);

		if (w + 4 <= words && !(left | mask[w + 1] | mask[w + 2] | mask[w + 3])) {
			w += 3;
			continue;
		}
		do {
			for (size_t i = 0; i < 4; i++) {
				/* where none is left it is the last bit's, and overwritten */
				out[i] = (uint16_t)(w * 64 + ff_bits_first(left | 1ull << 63));
				left &= left - 1;
			}
			out += 4;
		} while (out < end);
		out = end;
	}
	return (size_t)(out - begin);
}

/* Bytes of a type's value. */
static inline size_t ff_type_size(uint32_t type)
{
	static const uint8_t sizes[FF_TYPES] = { 1, 1, 2, 2, 4, 4, 8, 8, 4, 8 };

	return sizes[type];
}

#endif
