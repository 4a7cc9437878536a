/* SPDX-License-Identifier: MIT */
/*
 * The vector kernels, written once over a small vector interface
 *
 * An instruction set's file defines VECTOR_BYTES, VECTOR_NAME, vector_mask (an
 * integer vector), vector_any(), vector_bits_1/2/4/8() and vector_supported(), then
 * includes this. Loads, comparisons and arithmetic are the compiler's own vector types. Where it
 * has an instruction for the lesser and the greater of signed lanes it defines these for 32 bits,
 * for 64, or both, and VECTOR_HAS_EXTREMES_32 or _64; and VECTOR_LOOKS_BY_WORD where those of 64
 * bits are found sooner word by word.
 *
 * A group of 64 slots ends in one word of the mask. Here i32, stride 4, in vectors of 16 bytes:
 *
 *   bytes     |  v0   v1   v2   v3  |  v4   v5   v6   v7  | ...  16 vectors
 *   test      |  ~0   0    0    0   |  0    0    ~0   0   |      all ones where it holds
 *   any       no lane of the group, as nearly always: the word is 0
 *   bits         1    0    0    0      0    0    1    0          else a bit a lane
 *
 * Slots that overlap (stride below the value's size) are taken in phases: one load and
 * comparison for each way the value can lie across a stride's lanes, each keeping its own
 * lane of the result. The same with stride 2, whose lanes of the result have 2 bytes:
 *
 *   phase 0   |  v0   .    v2   .    v4   .    v6   .   |        loaded at 0
 *   phase 1   |  .    v1   .    v3   .    v5   .    v7  |        loaded at 2
 *
 * Strides that are no power of two, or greater than the value, and what is left of a group
 * are the scalar kernels'.
 */
#include "packed.h"
#include "vector_lanes.h"
#include "vector_bytes.h"
#include "vector_pattern.h"

#define EXPR_NAME VECTOR_PASTE(expr, VECTOR_NAME)
#include "expr.h"

/*
 * How far ahead of a comparison what is compared with is asked for. Old values lie in memory, one
 * behind the other; the processor follows them by itself, but no farther than to a page's end.
 */
#define VECTOR_AHEAD	4096

#define DEFINE_KERNELS(T, name, member, size, bits)					\
VECTOR_INLINE vector_##name load_##name(const uint8_t *at, bool swapped)		\
{											\
	vector_##bits raw = *(const vector_##bits *)at;					\
											\
	return (vector_##name)(swapped ? swap_##bits(raw) : raw);			\
}											\
											\
VECTOR_INLINE void equal_##name(T value, const uint8_t *a, size_t stride, size_t n,	\
				uint64_t *mask)						\
{											\
	VECTOR_GROUPS(size, stride, n, mask, load_##name(a + at, false) == value);	\
}											\
											\
VECTOR_INLINE void shifted_##name(T delta, T low, T high, const uint8_t *a,		\
				  const uint8_t *b, size_t stride, size_t n,		\
				  uint64_t *mask)					\
{											\
	VECTOR_GROUPS(size, stride, n, mask, ({						\
		vector_##name x_ = load_##name(a + at, false);				\
		vector_##name y_ = load_##name(b + at, false);				\
											\
		__builtin_prefetch(a + at + VECTOR_AHEAD);				\
		__builtin_prefetch(b + at + VECTOR_AHEAD);				\
		(x_ == add_##name(y_, delta)) & (y_ >= low) & (y_ <= high);		\
	}));										\
}											\
											\
VECTOR_INLINE void within_##name(T low, T high, bool swapped, const uint8_t *a,	\
				 size_t stride, size_t n, uint64_t *mask)		\
{											\
	VECTOR_GROUPS(size, stride, n, mask, ({						\
		vector_##name x_ = load_##name(a + at, swapped);			\
		(x_ >= low) & (x_ <= high);						\
	}));										\
}											\
											\
VECTOR_INLINE void compare_##name(uint32_t op, bool swapped_a, bool swapped_b,		\
				  const uint8_t *a, const uint8_t *b, size_t stride,	\
				  size_t n, uint64_t *mask)				\
{											\
	VECTOR_GROUPS(size, stride, n, mask, ({						\
		vector_##name x_ = load_##name(a + at, swapped_a);			\
		vector_##name y_ = load_##name(b + at, swapped_b);			\
											\
		__builtin_prefetch(a + at + VECTOR_AHEAD);				\
		__builtin_prefetch(b + at + VECTOR_AHEAD);				\
		op == FF_EQ ? x_ == y_ : op == FF_LT ? x_ < y_ : x_ <= y_;		\
	}));										\
}											\
											\
static void range_##name##_at(const struct ff_range_test *test, const uint8_t *a,	\
			      size_t stride, size_t n, uint64_t *mask)			\
{											\
	const T low = (T)test->low.member, high = (T)test->high.member;		\
											\
	VECTOR_STRIDES(size, stride,							\
		if (low == high && !test->swapped && STRIDE == 1 && size > 1 && low)	\
			equal_bytes((const uint8_t *)&low, size, a, n, mask);		\
		else if (low == high && !test->swapped)					\
			equal_##name(low, a, STRIDE, n, mask);				\
		else if (!test->swapped)						\
			within_##name(low, high, false, a, STRIDE, n, mask);		\
		else									\
			within_##name(low, high, true, a, STRIDE, n, mask);		\
	)										\
}											\
											\
static void pair_##name##_at(const struct ff_pair_test *test, const uint8_t *a,	\
			     const uint8_t *b, size_t stride, size_t n, uint64_t *mask)	\
{											\
	const T low = (T)test->low.member, high = (T)test->high.member;		\
	const T delta = (T)test->delta.member;						\
											\
	VECTOR_STRIDES(size, stride,							\
		if (test->op == FF_EQ && test->has_delta)				\
			shifted_##name(delta, low, high, a, b, STRIDE, n, mask);	\
		else if (test->op == FF_EQ && STRIDE == 1 && IS_INTEGER_##name)		\
			same_bytes(size, a, b, n, mask);				\
		else if (test->op == FF_EQ)						\
			compare_##name(FF_EQ, false, false, a, b, STRIDE, n, mask);	\
		else if (test->op == FF_LT)						\
			compare_##name(FF_LT, false, false, a, b, STRIDE, n, mask);	\
		else									\
			compare_##name(FF_LE, false, false, a, b, STRIDE, n, mask);	\
	)										\
}

FF_FOR_EACH_TYPE(DEFINE_KERNELS)

/* Strides the vector loops know: a power of two no greater than the value. */
static bool vector_stride(size_t stride, size_t size)
{
	return stride <= size && !(stride & (stride - 1));
}

static void vector_range(const struct ff_range_test *test, const uint8_t *a, size_t stride,
			 size_t n, uint64_t *mask)
{
#define ENTRY(T, name, member, size, bits) range_##name##_at,
	static void (*const by_type[])(const struct ff_range_test *, const uint8_t *, size_t,
				       size_t, uint64_t *) = { FF_FOR_EACH_TYPE(ENTRY) };
#undef ENTRY
	size_t whole = vector_stride(stride, ff_type_size(test->type)) ? n / 64 * 64 : 0;

	if (whole)
		by_type[test->type](test, a, stride, whole, mask);
	if (whole < n)
		ff_kernels_scalar.range(test, a + whole * stride, stride, n - whole,
					mask + whole / 64);
}

static void vector_pair(const struct ff_pair_test *test, const uint8_t *a, const uint8_t *b,
			size_t stride, size_t n, uint64_t *mask)
{
#define ENTRY(T, name, member, size, bits) pair_##name##_at,
	static void (*const by_type[])(const struct ff_pair_test *, const uint8_t *,
				       const uint8_t *, size_t, size_t, uint64_t *) = {
		FF_FOR_EACH_TYPE(ENTRY)
	};
#undef ENTRY
	bool plain = !test->swapped_a && !test->swapped_b;
	size_t whole = 0;

	if (plain && vector_stride(stride, ff_type_size(test->type)))
		whole = n / 64 * 64;
	if (whole)
		by_type[test->type](test, a, b, stride, whole, mask);
	if (whole < n)
		ff_kernels_scalar.pair(test, a + whole * stride, b + whole * stride, stride,
				       n - whole, mask + whole / 64);
}

static bool vector_is_zero(const uint8_t *bytes, size_t size)
{
	size_t i = 0;

	for (; i + 4 * VECTOR_BYTES <= size; i += 4 * VECTOR_BYTES) {
		vector_u8 any = *(const vector_u8 *)(bytes + i) |
				*(const vector_u8 *)(bytes + i + VECTOR_BYTES) |
				*(const vector_u8 *)(bytes + i + 2 * VECTOR_BYTES) |
				*(const vector_u8 *)(bytes + i + 3 * VECTOR_BYTES);

		if (vector_any((vector_mask)any))
			return false;
	}
	for (; i < size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static void vector_copy(uint8_t *out, const uint8_t *bytes, size_t size)
{
	size_t whole = size / VECTOR_BYTES * VECTOR_BYTES;

	for (size_t i = 0; i < whole; i += VECTOR_BYTES) {
		const vector_u8 *from = (const vector_u8 *)(bytes + i);

		vector_stream(out + i, (vector_mask)from[0]);
	}
	vector_fence();
	memcpy(out + whole, bytes + whole, size - whole);
}

static uint32_t vector_width(const uint8_t *piece)
{
	return ff_pack_width(piece);
}

static void vector_pack(uint32_t width, const uint8_t *piece, uint8_t *out)
{
	if (width == 1)
		ff_pack(1, piece, out);
	else
		ff_pack(2, piece, out);
}

static void vector_unpack(uint32_t width, const uint8_t *packed, uint8_t *piece)
{
	if (width == 1)
		ff_unpack(1, packed, piece);
	else
		ff_unpack(2, packed, piece);
}

/* The lesser and the greater of lanes, as signed numbers, where there is no instruction for it. */
#define DEFINE_EXTREMES(bits)								\
VECTOR_INLINE vector_mask vector_lesser_##bits(vector_mask a, vector_mask b)		\
{											\
	vector_mask is = (vector_mask)((vector_i##bits)a < (vector_i##bits)b);		\
											\
	return (a & is) | (b & ~is);							\
}											\
											\
VECTOR_INLINE vector_mask vector_greater_##bits(vector_mask a, vector_mask b)		\
{											\
	vector_mask is = (vector_mask)((vector_i##bits)a < (vector_i##bits)b);		\
											\
	return (b & is) | (a & ~is);							\
}

#ifndef VECTOR_HAS_EXTREMES_32
DEFINE_EXTREMES(32)
#endif

#define FRAMES_U32		vector_u32
#define FRAMES_U64		vector_u64
#define FRAMES_LESSER_U32(a, b)	\
	((vector_u32)vector_lesser_32((vector_mask)(a), (vector_mask)(b)))
#define FRAMES_GREATER_U32(a, b) \
	((vector_u32)vector_greater_32((vector_mask)(a), (vector_mask)(b)))
#ifdef VECTOR_LOOKS_BY_WORD
#define FRAMES_LOOK_U64		uint64_t
#define FRAMES_LESSER_U64(a, b)	((int64_t)(a) < (int64_t)(b) ? (a) : (b))
#define FRAMES_GREATER_U64(a, b) ((int64_t)(a) > (int64_t)(b) ? (a) : (b))
#else
#ifndef VECTOR_HAS_EXTREMES_64
DEFINE_EXTREMES(64)
#endif
#define FRAMES_LOOK_U64		vector_u64
#define FRAMES_LESSER_U64(a, b)	\
	((vector_u64)vector_lesser_64((vector_mask)(a), (vector_mask)(b)))
#define FRAMES_GREATER_U64(a, b) \
	((vector_u64)vector_greater_64((vector_mask)(a), (vector_mask)(b)))
#endif
#define FRAMES_INLINE		VECTOR_INLINE
#define FRAMES_NAME(name)	vector_##name
#include "frames.h"

static void vector_count(const uint64_t *mask, size_t words, uint32_t *count, uint32_t *runs)
{
	ff_mask_count(mask, words, count, runs);
}

static size_t vector_offsets(const uint64_t *mask, size_t words, uint16_t *out)
{
	return ff_mask_offsets(mask, words, out);
}

#define VECTOR_TEXT2(name) #name
#define VECTOR_TEXT(name) VECTOR_TEXT2(name)

const struct ff_kernels VECTOR_PASTE(ff_kernels, VECTOR_NAME) = {
	.name = VECTOR_TEXT(VECTOR_NAME),
	.supported = vector_supported,
	.range = vector_range,
	.pair = vector_pair,
	.pattern = vector_pattern,
	.expr = VECTOR_PASTE(expr, VECTOR_NAME),
	.is_zero = vector_is_zero,
	.copy = vector_copy,
	.count = vector_count,
	.offsets = vector_offsets,
	.width = vector_width,
	.pack = vector_pack,
	.unpack = vector_unpack,
	.frame = vector_frame,
	.frame_pack = vector_frame_pack,
	.frame_unpack = vector_frame_unpack,
};
