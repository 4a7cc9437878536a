// SPDX-License-Identifier: MIT
/*
 * NEON kernels: 16-byte vectors, on every arm64 machine
 */
#include "kernels.h"

#include <arm_neon.h>

#define VECTOR_BYTES 16
#define VECTOR_NAME neon

typedef uint64x2_t vector_mask;

static inline bool vector_any(uint64x2_t x)
{
	return vmaxvq_u32(vreinterpretq_u32_u64(x));
}

/*
 * A bit for each lane of 1, 2, 4 or 8 bytes, for the lanes of a whole 64-slot group. Lanes
 * are all ones or all zero: wider ones are halved, and bytes summed up eight at a time, of
 * which each has a bit of its own.
 */
static inline uint64_t vector_bits_1(const uint64x2_t *x)
{
	const uint8x16_t own = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
	uint8x16_t sums[4];

	for (int i = 0; i < 4; i++)
		sums[i] = vandq_u8(vreinterpretq_u8_u64(x[i]), own);
	sums[0] = vpaddq_u8(sums[0], sums[1]);
	sums[1] = vpaddq_u8(sums[2], sums[3]);
	sums[0] = vpaddq_u8(sums[0], sums[1]);
	sums[0] = vpaddq_u8(sums[0], sums[0]);
	return vgetq_lane_u64(vreinterpretq_u64_u8(sums[0]), 0);
}

static inline uint64_t vector_bits_2(const uint64x2_t *x)
{
	uint64x2_t halves[4];

	for (int i = 0; i < 4; i++)
		halves[i] = vreinterpretq_u64_u8(vuzp1q_u8(vreinterpretq_u8_u64(x[2 * i]),
							   vreinterpretq_u8_u64(x[2 * i + 1])));
	return vector_bits_1(halves);
}

static inline uint64_t vector_bits_4(const uint64x2_t *x)
{
	uint64x2_t halves[8];

	for (int i = 0; i < 8; i++)
		halves[i] = vreinterpretq_u64_u16(vuzp1q_u16(vreinterpretq_u16_u64(x[2 * i]),
							     vreinterpretq_u16_u64(x[2 * i + 1])));
	return vector_bits_2(halves);
}

static inline uint64_t vector_bits_8(const uint64x2_t *x)
{
	uint64x2_t halves[16];

	for (int i = 0; i < 16; i++)
		halves[i] = vreinterpretq_u64_u32(vuzp1q_u32(vreinterpretq_u32_u64(x[2 * i]),
							     vreinterpretq_u32_u64(x[2 * i + 1])));
	return vector_bits_4(halves);
}

/* A plain store: there is no other of one vector. */
static inline void vector_stream(uint8_t *out, uint64x2_t x)
{
	vst1q_u8(out, vreinterpretq_u8_u64(x));
}

static inline void vector_fence(void)
{
}

static bool vector_supported(void)
{
	return true;
}

#include "vector.h"
