// SPDX-License-Identifier: MIT
/*
 * AVX-512 kernels: 64-byte vectors, with the byte and word instructions (BW, DQ, VL)
 */
#include "kernels.h"
#include "x86.h"

#include <immintrin.h>

#define VECTOR_BYTES 64
#define VECTOR_NAME avx512

typedef __m512i vector_mask;

static inline bool vector_any(__m512i x)
{
	return _mm512_test_epi64_mask(x, x);
}

/* The top bit of each lane of 1, 2, 4 or 8 bytes, for the lanes of a whole 64-slot group. */
static inline uint64_t vector_bits_1(const __m512i *x)
{
	return _mm512_movepi8_mask(x[0]);
}

static inline uint64_t vector_bits_2(const __m512i *x)
{
	return _mm512_movepi16_mask(x[0]) | (uint64_t)_mm512_movepi16_mask(x[1]) << 32;
}

static inline uint64_t vector_bits_4(const __m512i *x)
{
	uint64_t bits = 0;

	for (int i = 0; i < 4; i++)
		bits |= (uint64_t)_mm512_movepi32_mask(x[i]) << 16 * i;
	return bits;
}

static inline uint64_t vector_bits_8(const __m512i *x)
{
	uint64_t bits = 0;

	for (int i = 0; i < 8; i++)
		bits |= (uint64_t)_mm512_movepi64_mask(x[i]) << 8 * i;
	return bits;
}

/* Store past the caches; the fence before anybody is told of it. */
static inline void vector_stream(uint8_t *out, __m512i x)
{
	_mm512_stream_si512((void *)out, x);
}

static inline void vector_fence(void)
{
	_mm_sfence();
}

/* The lesser and the greater of lanes, as signed numbers. */
#define VECTOR_HAS_EXTREMES_32
#define VECTOR_HAS_EXTREMES_64
#define vector_lesser_32	_mm512_min_epi32
#define vector_greater_32	_mm512_max_epi32
#define vector_lesser_64	_mm512_min_epi64
#define vector_greater_64	_mm512_max_epi64

static bool vector_supported(void)
{
	return ff_x86_has(FF_X86_AVX512, FF_X86_ZMM);
}

#include "vector.h"
