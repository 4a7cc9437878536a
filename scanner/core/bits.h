/* SPDX-License-Identifier: MIT */
/*
 * Bits: masks of slots and of pieces, in words of 64, the lowest bit first
 *
 * A mask of n bits has ff_bits_words(n) words, and what is left of the last one is zero.
 */
#ifndef FF_BITS_H
#define FF_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- numbers ---- */

/* The lesser of two; both are counts of something. */
static inline uint64_t ff_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How many of by bytes, or whatever else, hold n of them. */
static inline uint64_t ff_divide_up(uint64_t n, uint64_t by)
{
	return (n + by - 1) / by;
}

/* ---- one word ---- */

static inline uint32_t ff_bits_count(uint64_t word)
{
	return (uint32_t)__builtin_popcountll(word);
}

/* The lowest bit that is set, and the highest; the word is not zero. */
static inline uint32_t ff_bits_first(uint64_t word)
{
	return (uint32_t)__builtin_ctzll(word);
}

static inline uint32_t ff_bits_last(uint64_t word)
{
	return 63 - (uint32_t)__builtin_clzll(word);
}

/* The bits below number n, which is less than 64. */
static inline uint64_t ff_bits_below(size_t n)
{
	return ((uint64_t)1 << n) - 1;
}

/* ---- masks ---- */

static inline size_t ff_bits_words(size_t n)
{
	return (n + 63) / 64;
}

static inline bool ff_bit(const uint64_t *mask, size_t index)
{
	return mask[index / 64] >> index % 64 & 1;
}

static inline void ff_bit_set(uint64_t *mask, size_t index)
{
	mask[index / 64] |= (uint64_t)1 << index % 64;
}

static inline void ff_bit_clear(uint64_t *mask, size_t index)
{
	mask[index / 64] &= ~((uint64_t)1 << index % 64);
}

static inline void ff_bits_zero(uint64_t *mask, size_t n)
{
	memset(mask, 0, ff_bits_words(n) * sizeof(*mask));
}

static inline void ff_bits_fill(uint64_t *mask, size_t n)
{
	memset(mask, 0xff, n / 64 * sizeof(*mask));
	if (n % 64)
		mask[n / 64] = ff_bits_below(n % 64);
}

/* Clear the bits from first up to, not including, end. */
static inline void ff_bits_clear(uint64_t *mask, size_t first, size_t end)
{
	for (; first < end && first % 64; first++)
		ff_bit_clear(mask, first);
	if (first >= end)
		return;
	memset(mask + first / 64, 0, (end - first) / 64 * sizeof(*mask));
	if (end % 64)
		mask[end / 64] &= ~ff_bits_below(end % 64);
}

static inline void ff_bits_copy(uint64_t *mask, const uint64_t *from, size_t n)
{
	memcpy(mask, from, ff_bits_words(n) * sizeof(*mask));
}

static inline void ff_bits_and(uint64_t *mask, const uint64_t *with, size_t n)
{
	for (size_t w = 0; w < ff_bits_words(n); w++)
		mask[w] &= with[w];
}

static inline void ff_bits_or(uint64_t *mask, const uint64_t *with, size_t n)
{
	for (size_t w = 0; w < ff_bits_words(n); w++)
		mask[w] |= with[w];
}

static inline bool ff_bits_any(const uint64_t *mask, size_t n)
{
	for (size_t w = 0; w < ff_bits_words(n); w++) {
		if (mask[w])
			return true;
	}
	return false;
}

static inline bool ff_bits_all(const uint64_t *mask, size_t n)
{
	for (size_t w = 0; w < n / 64; w++) {
		if (~mask[w])
			return false;
	}
	return !(n % 64) || mask[n / 64] == ff_bits_below(n % 64);
}

/* The end of the run of set bits that begins at first; n bits in all. */
static inline size_t ff_bits_run(const uint64_t *mask, size_t first, size_t n)
{
	while (first < n && ff_bit(mask, first))
		first++;
	return first;
}

#endif
