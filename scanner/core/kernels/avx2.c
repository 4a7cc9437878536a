// SPDX-License-Identifier: MIT
/*
 * AVX2 kernels: 32-byte vectors
 */
#include "kernels.h"
#include "x86.h"

#include <immintrin.h>

#define VECTOR_BYTES 32
#define VECTOR_NAME avx2

typedef __m256i vector_mask;

static inline bool vector_any(__m256i x)
{
	return !_mm256_testz_si256(x, x);
}

/* The top bit of each lane of 1, 2, 4 or 8 bytes, for the lanes of a whole 64-slot group. */
static inline uint64_t vector_bits_1(const __m256i *x)
{
	return (uint32_t)_mm256_movemask_epi8(x[0]) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(x[1]) << 32;
}

static inline uint64_t vector_bits_2(const __m256i *x)
{
	uint64_t bits = 0;

	for (int i = 0; i < 2; i++) {
		__m256i narrow = _mm256_packs_epi16(x[2 * i], x[2 * i + 1]);

		/* packs works within 128-bit halves: put the quarters back in order */
		narrow = _mm256_permute4x64_epi64(narrow, _MM_SHUFFLE(3, 1, 2, 0));
		bits |= (uint64_t)(uint32_t)_mm256_movemask_epi8(narrow) << 32 * i;
	}
	return bits;
}

static inline uint64_t vector_bits_4(const __m256i *x)
{
	uint64_t bits = 0;

	for (int i = 0; i < 8; i++)
		bits |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(x[i])) << 8 * i;
	return bits;
}

static inline uint64_t vector_bits_8(const __m256i *x)
{
	uint64_t bits = 0;

	for (int i = 0; i < 16; i++)
		bits |= (uint64_t)(uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(x[i])) << 4 * i;
	return bits;
}

/* Store past the caches; the fence before anybody is told of it. */
static inline void vector_stream(uint8_t *out, __m256i x)
{
	_mm256_stream_si256((__m256i *)out, x);
}

static inline void vector_fence(void)
{
	_mm_sfence();
}

/* The lesser and the greater of lanes, as signed numbers. */
#define VECTOR_HAS_EXTREMES_32
#define VECTOR_HAS_EXTREMES_64
#define vector_lesser_32	_mm256_min_epi32
#define vector_greater_32	_mm256_max_epi32

static inline __m256i vector_lesser_64(__m256i a, __m256i b)
{
	return _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b));
}

static inline __m256i vector_greater_64(__m256i a, __m256i b)
{
	return _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b));
}

static bool vector_supported(void)
{
	return ff_x86_has(FF_X86_AVX2, FF_X86_YMM);
}

#include "vector.h"
