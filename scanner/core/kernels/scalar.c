// SPDX-License-Identifier: MIT
/*
 * Scalar kernels: any machine, any stride; the vector ones fall back on them
 */
#include "kernels.h"
#include "load.h"
#include "packed.h"

#define EXPR_NAME expr_scalar
#include "expr.h"

#define FRAMES_U32			uint32_t
#define FRAMES_U64			uint64_t
#define FRAMES_LOOK_U64			uint64_t
#define FRAMES_LESSER_U32(a, b)		((int32_t)(a) < (int32_t)(b) ? (a) : (b))
#define FRAMES_LESSER_U64(a, b)		((int64_t)(a) < (int64_t)(b) ? (a) : (b))
#define FRAMES_GREATER_U32(a, b)	((int32_t)(a) > (int32_t)(b) ? (a) : (b))
#define FRAMES_GREATER_U64(a, b)	((int64_t)(a) > (int64_t)(b) ? (a) : (b))
#define FRAMES_INLINE			static inline
#define FRAMES_NAME(name)		scalar_##name
#include "frames.h"

static bool always(void)
{
	return true;
}

#define DEFINE_KERNELS(T, name, member, size, bits)				\
static void range_##name(const struct ff_range_test *test, const uint8_t *a,	\
			 size_t stride, size_t n, uint64_t *mask)		\
{										\
	const T low = (T)test->low.member, high = (T)test->high.member;	\
	const bool swapped = test->swapped;					\
										\
	for (size_t i = 0; i < n; i++) {					\
		T value = ff_load_##name(a + i * stride, swapped);		\
		uint64_t fits = value >= low && value <= high;			\
										\
		mask[i / 64] |= fits << i % 64;					\
	}									\
}										\
										\
static void pair_##name(const struct ff_pair_test *test, const uint8_t *a,	\
			const uint8_t *b, size_t stride, size_t n, uint64_t *mask)	\
{										\
	const T low = (T)test->low.member, high = (T)test->high.member;	\
	const T delta = (T)test->delta.member;					\
										\
	for (size_t i = 0; i < n; i++) {					\
		T x = ff_load_##name(a + i * stride, test->swapped_a);		\
		T y = ff_load_##name(b + i * stride, test->swapped_b);		\
		uint64_t fits;							\
										\
		if (test->op == FF_LT)						\
			fits = x < y;						\
		else if (test->op == FF_LE)					\
			fits = x <= y;						\
		else if (!test->has_delta)					\
			fits = x == y;						\
		else								\
			fits = y >= low && y <= high && x == ff_add_##name(y, delta);	\
		mask[i / 64] |= fits << i % 64;					\
	}									\
}

FF_FOR_EACH_TYPE(DEFINE_KERNELS)

static void scalar_range(const struct ff_range_test *test, const uint8_t *a, size_t stride,
			 size_t n, uint64_t *mask)
{
#define ENTRY(T, name, member, size, bits) range_##name,
	static void (*const by_type[])(const struct ff_range_test *, const uint8_t *, size_t,
				       size_t, uint64_t *) = { FF_FOR_EACH_TYPE(ENTRY) };
#undef ENTRY

	ff_bits_zero(mask, n);
	by_type[test->type](test, a, stride, n, mask);
}

static void scalar_pair(const struct ff_pair_test *test, const uint8_t *a, const uint8_t *b,
			size_t stride, size_t n, uint64_t *mask)
{
#define ENTRY(T, name, member, size, bits) pair_##name,
	static void (*const by_type[])(const struct ff_pair_test *, const uint8_t *,
				       const uint8_t *, size_t, size_t, uint64_t *) = {
		FF_FOR_EACH_TYPE(ENTRY)
	};
#undef ENTRY

	ff_bits_zero(mask, n);
	by_type[test->type](test, a, b, stride, n, mask);
}

static bool pattern_bytes(const struct ff_pattern_test *test, const uint8_t *at)
{
	for (size_t i = 0; i < test->length; i++) {
		if ((at[i] & test->mask[i]) != test->value[i])
			return false;
	}
	return true;
}

static void scalar_pattern(const struct ff_pattern_test *test, const uint8_t *a, size_t stride,
			   size_t n, uint64_t *mask)
{
	const size_t one = test->one;
	const uint8_t value = test->value[one], bits = test->mask[one];

	ff_bits_zero(mask, n);
	for (size_t i = 0; i < n; i++, a += stride) {
		if ((a[one] & bits) == value && pattern_bytes(test, a))
			ff_bit_set(mask, i);
	}
}

static bool scalar_is_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static void scalar_copy(uint8_t *out, const uint8_t *bytes, size_t size)
{
	memcpy(out, bytes, size);
}

static uint32_t scalar_width(const uint8_t *piece)
{
	return ff_pack_width(piece);
}

static void scalar_pack(uint32_t width, const uint8_t *piece, uint8_t *out)
{
	if (width == 1)
		ff_pack(1, piece, out);
	else
		ff_pack(2, piece, out);
}

static void scalar_unpack(uint32_t width, const uint8_t *packed, uint8_t *piece)
{
	if (width == 1)
		ff_unpack(1, packed, piece);
	else
		ff_unpack(2, packed, piece);
}

static void scalar_count(const uint64_t *mask, size_t words, uint32_t *count, uint32_t *runs)
{
	ff_mask_count(mask, words, count, runs);
}

static size_t scalar_offsets(const uint64_t *mask, size_t words, uint16_t *out)
{
	return ff_mask_offsets(mask, words, out);
}

const struct ff_kernels ff_kernels_scalar = {
	.name = "scalar",
	.supported = always,
	.range = scalar_range,
	.pair = scalar_pair,
	.pattern = scalar_pattern,
	.expr = expr_scalar,
	.is_zero = scalar_is_zero,
	.copy = scalar_copy,
	.count = scalar_count,
	.offsets = scalar_offsets,
	.width = scalar_width,
	.pack = scalar_pack,
	.unpack = scalar_unpack,
	.frame = scalar_frame,
	.frame_pack = scalar_frame_pack,
	.frame_unpack = scalar_frame_unpack,
};
