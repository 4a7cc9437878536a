// SPDX-License-Identifier: MIT
/*
 * SSE2 kernels: 16-byte vectors, on every x86-64 machine
 */
#include "kernels.h"

#include <emmintrin.h>

#define VECTOR_BYTES 16
#define VECTOR_NAME sse2
#define VECTOR_LOOKS_BY_WORD	/* nothing compares numbers of 64 bits before SSE4.2 */

typedef __m128i vector_mask;

static inline bool vector_any(__m128i x)
{
	return _mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_setzero_si128())) != 0xffff;
}

/* The top bit of each lane of 1, 2, 4 or 8 bytes, for the lanes of a whole 64-slot group. */
static inline uint64_t vector_bits_1(const __m128i *x)
{
	uint64_t bits = 0;

	for (int i = 0; i < 4; i++)
		bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(x[i]) << 16 * i;
	return bits;
}

static inline uint64_t vector_bits_2(const __m128i *x)
{
	uint64_t bits = 0;

	for (int i = 0; i < 4; i++) {
		__m128i narrow = _mm_packs_epi16(x[2 * i], x[2 * i + 1]);

		bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(narrow) << 16 * i;
	}
	return bits;
}

static inline uint64_t vector_bits_4(const __m128i *x)
{
	uint64_t bits = 0;

	for (int i = 0; i < 16; i++)
		bits |= (uint64_t)(uint32_t)_mm_movemask_ps(_mm_castsi128_ps(x[i])) << 4 * i;
	return bits;
}

static inline uint64_t vector_bits_8(const __m128i *x)
{
	uint64_t bits = 0;

	for (int i = 0; i < 32; i++)
		bits |= (uint64_t)(uint32_t)_mm_movemask_pd(_mm_castsi128_pd(x[i])) << 2 * i;
	return bits;
}

/* Store past the caches; the fence before anybody is told of it. */
static inline void vector_stream(uint8_t *out, __m128i x)
{
	_mm_stream_si128((__m128i *)out, x);
}

static inline void vector_fence(void)
{
	_mm_sfence();
}

static bool vector_supported(void)
{
	return true;
}

#include "vector.h"
