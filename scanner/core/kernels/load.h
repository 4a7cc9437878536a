/* SPDX-License-Identifier: MIT */
/*
 * Values at any address, in either byte order
 */
#ifndef FF_LOAD_H
#define FF_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Every scalar type: C type, short name, member of union ff_scalar, size, bits' type. */
#define FF_FOR_EACH_INTEGER(X)			\
	X(uint8_t, u8, u, 1, uint8_t)		\
	X(int8_t, i8, i, 1, uint8_t)		\
	X(uint16_t, u16, u, 2, uint16_t)	\
	X(int16_t, i16, i, 2, uint16_t)		\
	X(uint32_t, u32, u, 4, uint32_t)	\
	X(int32_t, i32, i, 4, uint32_t)		\
	X(uint64_t, u64, u, 8, uint64_t)	\
	X(int64_t, i64, i, 8, uint64_t)

#define FF_FOR_EACH_FLOAT(X)			\
	X(float, f32, f, 4, uint32_t)		\
	X(double, f64, d, 8, uint64_t)

#define FF_FOR_EACH_TYPE(X)			\
	FF_FOR_EACH_INTEGER(X)			\
	FF_FOR_EACH_FLOAT(X)

static inline uint8_t ff_swap_uint8_t(uint8_t x)
{
	return x;
}

static inline uint16_t ff_swap_uint16_t(uint16_t x)
{
	return __builtin_bswap16(x);
}

static inline uint32_t ff_swap_uint32_t(uint32_t x)
{
	return __builtin_bswap32(x);
}

static inline uint64_t ff_swap_uint64_t(uint64_t x)
{
	return __builtin_bswap64(x);
}

#define FF_DEFINE_LOAD(T, name, member, size, bits)			\
static inline T ff_load_##name(const uint8_t *at, bool swapped)		\
{									\
	bits raw;							\
	T value;							\
									\
	memcpy(&raw, at, sizeof(raw));					\
	if (swapped)							\
		raw = ff_swap_##bits(raw);				\
	memcpy(&value, &raw, sizeof(value));				\
	return value;							\
}

FF_FOR_EACH_TYPE(FF_DEFINE_LOAD)

/* Half precision, IEEE 754's binary16, as a float: which has them all. */
static inline float ff_load_f16(const uint8_t *at, bool swapped)
{
	uint16_t raw = ff_load_u16(at, swapped);
	uint32_t bits = (uint32_t)(raw & 0x7fff) << 13;
	float value;

	memcpy(&value, &bits, sizeof(value));
	/* the exponents' bases differ by so much; exact, also of subnormals */
	value *= 0x1p112f;
	memcpy(&bits, &value, sizeof(bits));
	if ((raw & 0x7c00) == 0x7c00)
		bits |= 0x7f800000;
	bits |= (uint32_t)(raw & 0x8000) << 16;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* The nearest number of half precision, ties to even; too large is infinite. */
static inline float ff_round_f16(float value)
{
	uint32_t bits, sign;
	float amount;

	memcpy(&bits, &value, sizeof(bits));
	sign = bits & 0x80000000;
	bits &= 0x7fffffff;
	if (bits < 0x38800000) {
		/* below 2^-14: multiples of 2^-24, as numbers of 0.5 and more are */
		memcpy(&amount, &bits, sizeof(amount));
		amount = (amount + 0.5f) - 0.5f;
		memcpy(&bits, &amount, sizeof(bits));
	} else if (bits < 0x477ff000) {
		bits = (bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu;
	} else if (bits < 0x7f800000) {	/* 65520 and more */
		bits = 0x7f800000;
	}
	bits |= sign;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Integers wrap around, in unsigned arithmetic where that is defined. */
#define FF_DEFINE_ADD_INTEGER(T, name, member, size, bits)		\
static inline T ff_add_##name(T x, T y)					\
{									\
	return (T)((bits)x + (bits)y);					\
}

FF_FOR_EACH_INTEGER(FF_DEFINE_ADD_INTEGER)

#define FF_DEFINE_ADD_FLOAT(T, name, member, size, bits)		\
static inline T ff_add_##name(T x, T y)					\
{									\
	return x + y;							\
}

FF_FOR_EACH_FLOAT(FF_DEFINE_ADD_FLOAT)

#endif
