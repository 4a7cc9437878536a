/* SPDX-License-Identifier: MIT */
/*
 * The vector kernels, written once over a small vector interface
 *
 * An instruction set's file defines VECTOR_BYTES, VECTOR_NAME, vector_mask (an
 * integer vector), vector_any(), vector_bits_1/2/4/8() and vector_supported(), then
 * includes this. Loads, comparisons and arithmetic are the compiler's own vector types.
 *
 * Slots that overlap (stride below the value's size) are taken in phases: one load
 * and comparison for each way the value can lie across a stride's lanes, each
 * keeping its own lane of the result, so a group of 64 slots still ends in one mask.
 */
#include "load.h"
#include "packed.h"

#define VECTOR_PASTE2(a, b) a##_##b
#define VECTOR_PASTE(a, b) VECTOR_PASTE2(a, b)
#define VECTOR_INLINE static inline __attribute__((always_inline))

#define EXPR_NAME VECTOR_PASTE(expr, VECTOR_NAME)
#include "expr.h"

#define DEFINE_VECTOR_TYPE(T, name, member, size, bits)					\
	typedef T vector_##name								\
		__attribute__((vector_size(VECTOR_BYTES), aligned(1), may_alias));
FF_FOR_EACH_TYPE(DEFINE_VECTOR_TYPE)
#undef DEFINE_VECTOR_TYPE

/* Lanes of size bytes, all ones in the stride's lane number phase and zero elsewhere. */
VECTOR_INLINE vector_mask phase_lanes(size_t size, size_t stride, size_t phase)
{
	union {
		uint8_t bytes[VECTOR_BYTES];
		vector_mask mask;
	} lanes;

	for (size_t i = 0; i < VECTOR_BYTES; i++)
		lanes.bytes[i] = i % size / stride == phase ? 0xff : 0;
	return lanes.mask;
}

VECTOR_INLINE uint64_t group_bits(const vector_mask *groups, size_t stride)
{
	switch (stride) {
	case 1: return vector_bits_1(groups);
	case 2: return vector_bits_2(groups);
	case 4: return vector_bits_4(groups);
	default: return vector_bits_8(groups);
	}
}

VECTOR_INLINE vector_u8 swap_u8(vector_u8 x)
{
	return x;
}

VECTOR_INLINE vector_u16 swap_u16(vector_u16 x)
{
	return x >> 8 | x << 8;
}

VECTOR_INLINE vector_u32 swap_u32(vector_u32 x)
{
	x = (x >> 8 & 0x00ff00ffu) | (x & 0x00ff00ffu) << 8;
	return x >> 16 | x << 16;
}

VECTOR_INLINE vector_u64 swap_u64(vector_u64 x)
{
	x = (x >> 8 & 0x00ff00ff00ff00ffu) | (x & 0x00ff00ff00ff00ffu) << 8;
	x = (x >> 16 & 0x0000ffff0000ffffu) | (x & 0x0000ffff0000ffffu) << 16;
	return x >> 32 | x << 32;
}

#define vector_uint8_t vector_u8
#define vector_uint16_t vector_u16
#define vector_uint32_t vector_u32
#define vector_uint64_t vector_u64
#define swap_uint8_t swap_u8
#define swap_uint16_t swap_u16
#define swap_uint32_t swap_u32
#define swap_uint64_t swap_u64

/*
 * Run test over whole groups of 64 slots. Sets mask words, returns the slots done.
 * size, stride and whatever test is given are constants where this is inlined.
 */
#define VECTOR_GROUPS(size, stride, n, mask, test)					\
	do {										\
		size_t groups_ = (n) / 64;						\
											\
		for (size_t g_ = 0; g_ < groups_; g_++) {				\
			vector_mask found_[64 * (stride) / VECTOR_BYTES], any_ = { 0 };	\
											\
			for (size_t v_ = 0; v_ < 64 * (stride) / VECTOR_BYTES; v_++) {	\
				vector_mask lane_ = { 0 };				\
											\
				for (size_t p_ = 0; p_ < (size) / (stride); p_++) {	\
					size_t at = (g_ * 64 + p_) * (stride) +		\
						    v_ * VECTOR_BYTES;			\
					vector_mask fits_ = (vector_mask)(test);	\
											\
					if ((size) > (stride))				\
						fits_ &= phase_lanes(size, stride, p_);	\
					lane_ |= fits_;					\
				}							\
				found_[v_] = lane_;					\
				any_ |= lane_;						\
			}								\
			(mask)[g_] = vector_any(any_) ? group_bits(found_, stride) : 0;	\
		}									\
	} while (0)

/* Integers wrap around, in unsigned lanes where that is defined. */
#define DEFINE_ADD_INTEGER(T, name, member, size, bits)					\
VECTOR_INLINE vector_##name add_##name(vector_##name x, T y)				\
{											\
	return (vector_##name)((vector_##bits)x + (bits)y);				\
}
FF_FOR_EACH_INTEGER(DEFINE_ADD_INTEGER)

#define DEFINE_ADD_FLOAT(T, name, member, size, bits)					\
VECTOR_INLINE vector_##name add_##name(vector_##name x, T y)				\
{											\
	return x + y;									\
}
FF_FOR_EACH_FLOAT(DEFINE_ADD_FLOAT)

enum {
#define IS_INTEGER(T, name, member, size, bits) IS_INTEGER_##name = 1,
	FF_FOR_EACH_INTEGER(IS_INTEGER)
#undef IS_INTEGER
	IS_INTEGER_f32 = 0,
	IS_INTEGER_f64 = 0,
};

/* Of a value's bytes, one that is rare in most memory: neither 0 nor 0xff, nor number taken. */
static size_t rare_byte(const uint8_t *value, size_t size, size_t taken)
{
	size_t best = taken ? 0 : size - 1;

	for (size_t i = 0; i < size; i++) {
		if (i != taken && (uint8_t)(value[i] + 1) > 1)
			return i;
		if (i != taken && value[i])
			best = i;
	}
	return best;
}

VECTOR_INLINE vector_mask equal_byte(const uint8_t *at, uint8_t value)
{
	return (vector_mask)(*(const vector_u8 *)at == value);
}

/*
 * A value at every byte: compare bytes, 64 slots at a time. Most groups end when two of
 * the value's bytes have been looked for: which have one of them cannot be foreseen.
 */
static void equal_bytes(const uint8_t *value, size_t size, const uint8_t *a, size_t n,
			uint64_t *mask)
{
	const size_t one = rare_byte(value, size, size), other = rare_byte(value, size, one);
	/* copies that no store to mask can be thought to change */
	const uint8_t rare = value[one], second = value[other];

	for (size_t g = 0; g < n / 64; g++, a += 64) {
		vector_mask found[64 / VECTOR_BYTES], any = { 0 };

		for (size_t v = 0; v < 64 / VECTOR_BYTES; v++) {
			found[v] = equal_byte(a + v * VECTOR_BYTES + one, rare) &
				   equal_byte(a + v * VECTOR_BYTES + other, second);
			any |= found[v];
		}
		mask[g] = 0;
		if (!vector_any(any))
			continue;
		for (size_t v = 0; v < 64 / VECTOR_BYTES; v++) {
			for (size_t i = 0; i < size; i++)
				found[v] &= equal_byte(a + v * VECTOR_BYTES + i, value[i]);
		}
		mask[g] = vector_bits_1(found);
	}
}

/* Which of the 64 bytes at a and b are the same. */
VECTOR_INLINE uint64_t same_64(const uint8_t *a, const uint8_t *b)
{
	vector_mask found[64 / VECTOR_BYTES];

	for (size_t v = 0; v < 64 / VECTOR_BYTES; v++)
		found[v] = (vector_mask)(*(const vector_u8 *)(a + v * VECTOR_BYTES) ==
					 *(const vector_u8 *)(b + v * VECTOR_BYTES));
	return vector_bits_1(found);
}

/* Values at every byte are the same where as many bytes as they have are, in a row. */
static void same_bytes(size_t size, const uint8_t *a, const uint8_t *b, size_t n,
		       uint64_t *mask)
{
	uint64_t next = same_64(a, b);

	for (size_t i = 0; i < n; i += 64) {
		unsigned __int128 same = next;

		next = 0;
		if (i + 64 < n) {
			next = same_64(a + i + 64, b + i + 64);
		} else {
			for (size_t k = 0; k < size - 1; k++)
				next |= (uint64_t)(a[n + k] == b[n + k]) << k;
		}
		same |= (unsigned __int128)next << 64;
		for (size_t step = 1; step < size; step *= 2)
			same &= same >> step;
		mask[i / 64] = (uint64_t)same;
	}
}

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

/* Run body with STRIDE a constant: the strides up to size that the kernels know. */
#define VECTOR_STRIDES(size, stride, ...)						\
	switch (stride) {								\
	case 1: {									\
		enum { STRIDE = 1 };							\
		__VA_ARGS__								\
		break;									\
	}										\
	case 2: {									\
		enum { STRIDE = (size) < 2 ? (size) : 2 };				\
		__VA_ARGS__								\
		break;									\
	}										\
	case 4: {									\
		enum { STRIDE = (size) < 4 ? (size) : 4 };				\
		__VA_ARGS__								\
		break;									\
	}										\
	case 8: {									\
		enum { STRIDE = (size) < 8 ? (size) : 8 };				\
		__VA_ARGS__								\
		break;									\
	}										\
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

#include "vector_pattern.h"

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

static void vector_count(const uint64_t *mask, size_t words, uint32_t *count, uint32_t *runs)
{
	ff_mask_count(mask, words, count, runs);
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
	.count = vector_count,
	.width = vector_width,
	.pack = vector_pack,
	.unpack = vector_unpack,
};
