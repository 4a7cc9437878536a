/* SPDX-License-Identifier: MIT */
/*
 * Lanes: vectors of each type, and loops over groups of 64 slots; vector.h includes this
 */
#include "load.h"

#define VECTOR_PASTE2(a, b) a##_##b
#define VECTOR_PASTE(a, b) VECTOR_PASTE2(a, b)
#define VECTOR_INLINE static inline __attribute__((always_inline))

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
