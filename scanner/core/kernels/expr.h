/* SPDX-License-Identifier: MIT */
/*
 * The expression evaluator, included once for each instruction set as EXPR_NAME
 *
 * A stack machine over 64 slots at a time, one word of the mask. The compiler has
 * proved integer lanes wide enough for every result, so arithmetic is exact; float
 * lanes round once an operation, as the target's own code would.
 */
#include "kernels.h"
#include "load.h"

#include <math.h>

#define LANES 64

union expr_block {
	int64_t i[LANES];
	__int128 w[LANES];
	float f[LANES];
	double d[LANES];
};

#define EXPR_LOAD_CASE(T, name, member, size, bits)				\
	case EXPR_TYPE_##name:							\
		for (size_t l = 0; l < n; l++)					\
			out[l] = ff_load_##name(at + l * stride, operand->swapped);	\
		break;

#define DEFINE_EXPR_LOAD(lane, T)						\
static void expr_load_##lane(const struct ff_operand *operand, const uint8_t *at,	\
			     size_t stride, size_t n, T out[LANES])			\
{										\
	switch (operand->type) {						\
	FF_FOR_EACH_TYPE(EXPR_LOAD_CASE)					\
	EXPR_LOAD_CASE(float, f16, f, 2, uint16_t)				\
	}									\
	for (size_t l = n; l < LANES; l++)					\
		out[l] = 0;							\
}

enum {
	EXPR_TYPE_u8 = FF_U8, EXPR_TYPE_i8 = FF_I8, EXPR_TYPE_u16 = FF_U16,
	EXPR_TYPE_i16 = FF_I16, EXPR_TYPE_u32 = FF_U32, EXPR_TYPE_i32 = FF_I32,
	EXPR_TYPE_u64 = FF_U64, EXPR_TYPE_i64 = FF_I64, EXPR_TYPE_f32 = FF_F32,
	EXPR_TYPE_f64 = FF_F64, EXPR_TYPE_f16 = FF_F16,
};

DEFINE_EXPR_LOAD(i64, int64_t)
DEFINE_EXPR_LOAD(i128, __int128)
DEFINE_EXPR_LOAD(f32, float)
DEFINE_EXPR_LOAD(f64, double)

static float expr_mod_f32(float x, float y)
{
	float rest = fmodf(x, y);

	if (rest == 0)
		return copysignf(0, y);
	return (rest < 0) != (y < 0) ? rest + y : rest;
}

static double expr_mod_f64(double x, double y)
{
	double rest = fmod(x, y);

	if (rest == 0)
		return copysign(0, y);
	return (rest < 0) != (y < 0) ? rest + y : rest;
}

#define EXPR_EACH(expression)							\
	do {									\
		for (size_t l = 0; l < LANES; l++)				\
			x[l] = (expression);					\
	} while (0)

/* Bits of the lanes for which x op y holds. */
#define EXPR_COMPARE(expression)						\
	do {									\
		for (size_t l = 0; l < LANES; l++)				\
			fits |= (uint64_t)(expression) << l;			\
	} while (0)

#define DEFINE_EXPR_COMPARE(lane, T)						\
static uint64_t expr_compare_##lane(uint32_t op, const T x[LANES], const T y[LANES])	\
{										\
	uint64_t fits = 0;							\
										\
	switch (op) {								\
	case FF_EQ: EXPR_COMPARE(x[l] == y[l]); break;					\
	case FF_NE: EXPR_COMPARE(x[l] != y[l]); break;					\
	case FF_LT: EXPR_COMPARE(x[l] < y[l]); break;					\
	case FF_LE: EXPR_COMPARE(x[l] <= y[l]); break;					\
	case FF_GT: EXPR_COMPARE(x[l] > y[l]); break;					\
	case FF_GE: EXPR_COMPARE(x[l] >= y[l]); break;					\
	}									\
	return fits;								\
}

DEFINE_EXPR_COMPARE(i64, int64_t)
DEFINE_EXPR_COMPARE(i128, __int128)
DEFINE_EXPR_COMPARE(f32, float)
DEFINE_EXPR_COMPARE(f64, double)

/* Lanes whose divisor is zero become undefined, and 1 so that the division may go on. */
#define EXPR_DIVISORS()								\
	do {									\
		for (size_t l = 0; l < LANES; l++) {				\
			*defined &= ~((uint64_t)(y[l] == 0) << l);		\
			y[l] += y[l] == 0;					\
		}								\
	} while (0)

/* x becomes x op y; of unary operations y is not looked at. */
#define DEFINE_EXPR_INTEGER(lane, T)						\
static void expr_integer_##lane(const struct ff_expr *step, T x[LANES], T y[LANES],	\
				uint64_t *defined)				\
{										\
	switch (step->kind) {							\
	case FF_EXPR_ADD: EXPR_EACH(x[l] + y[l]); break;			\
	case FF_EXPR_SUB: EXPR_EACH(x[l] - y[l]); break;			\
	case FF_EXPR_MUL: EXPR_EACH(x[l] * y[l]); break;			\
	case FF_EXPR_DIV:							\
		EXPR_DIVISORS();						\
		EXPR_EACH(x[l] / y[l] - (x[l] % y[l] && (x[l] < 0) != (y[l] < 0)));	\
		break;								\
	case FF_EXPR_MOD:							\
		EXPR_DIVISORS();						\
		EXPR_EACH(x[l] % y[l] +						\
			  (x[l] % y[l] && (x[l] < 0) != (y[l] < 0) ? y[l] : 0));	\
		break;								\
	case FF_EXPR_AND: EXPR_EACH(x[l] & y[l]); break;			\
	case FF_EXPR_OR: EXPR_EACH(x[l] | y[l]); break;				\
	case FF_EXPR_XOR: EXPR_EACH(x[l] ^ y[l]); break;			\
	case FF_EXPR_SHL: EXPR_EACH(x[l] * ((T)1 << step->arg)); break;		\
	case FF_EXPR_SHR: EXPR_EACH(x[l] >> step->arg); break;			\
	case FF_EXPR_NEG: EXPR_EACH(-x[l]); break;				\
	case FF_EXPR_ABS: EXPR_EACH(x[l] < 0 ? -x[l] : x[l]); break;		\
	case FF_EXPR_NOT: EXPR_EACH(~x[l]); break;				\
	}									\
}

DEFINE_EXPR_INTEGER(i64, int64_t)
DEFINE_EXPR_INTEGER(i128, __int128)

#define DEFINE_EXPR_FLOAT(lane, T, absolute)					\
static void expr_float_##lane(const struct ff_expr *step, T x[LANES], const T y[LANES])	\
{										\
	switch (step->kind) {							\
	case FF_EXPR_ADD: EXPR_EACH(x[l] + y[l]); break;			\
	case FF_EXPR_SUB: EXPR_EACH(x[l] - y[l]); break;			\
	case FF_EXPR_MUL: EXPR_EACH(x[l] * y[l]); break;			\
	case FF_EXPR_DIV: EXPR_EACH(x[l] / y[l]); break;			\
	case FF_EXPR_MOD: EXPR_EACH(expr_mod_##lane(x[l], y[l])); break;	\
	case FF_EXPR_NEG: EXPR_EACH(-x[l]); break;				\
	case FF_EXPR_ABS: EXPR_EACH(absolute(x[l])); break;			\
	}									\
}

DEFINE_EXPR_FLOAT(f32, float, fabsf)
DEFINE_EXPR_FLOAT(f64, double, fabs)

static void expr_load(const struct ff_expr *step, const uint8_t *const *streams,
		      size_t offset, size_t stride, size_t n, union expr_block *out)
{
	const struct ff_operand *operand = &step->operand;
	const uint8_t *at = streams[operand->stream] + offset + operand->offset;

	switch (step->lane) {
	case FF_LANE_I64: expr_load_i64(operand, at, stride, n, out->i); break;
	case FF_LANE_I128: expr_load_i128(operand, at, stride, n, out->w); break;
	case FF_LANE_F32: expr_load_f32(operand, at, stride, n, out->f); break;
	case FF_LANE_F64: expr_load_f64(operand, at, stride, n, out->d); break;
	}
}

static void expr_constant(const struct ff_expr *step, union expr_block *out)
{
	__int128 wide = ((__int128)step->constant_high * ((__int128)1 << 64)) | step->constant.u;

	for (size_t l = 0; l < LANES; l++) {
		switch (step->lane) {
		case FF_LANE_I64: out->i[l] = step->constant.i; break;
		case FF_LANE_I128: out->w[l] = wide; break;
		case FF_LANE_F32: out->f[l] = step->constant.f; break;
		case FF_LANE_F64: out->d[l] = step->constant.d; break;
		}
	}
}

static void expr_to_f64(const struct ff_expr *step, union expr_block *x)
{
	if (step->lane == FF_LANE_I64) {
		for (size_t l = 0; l < LANES; l++)
			x->d[l] = (double)x->i[l];
	} else {
		/* lanes shrink in place: each is read before any below it is written */
		for (size_t l = 0; l < LANES; l++) {
			double value = (double)x->w[l];

			memcpy((double *)x + l, &value, sizeof(value));
		}
	}
}

static void expr_to_f16(union expr_block *x)
{
	for (size_t l = 0; l < LANES; l++)
		x->f[l] = ff_round_f16(x->f[l]);
}

static uint64_t expr_compare(const struct ff_expr *step, const union expr_block *x,
			     const union expr_block *y)
{
	switch (step->lane) {
	case FF_LANE_I64: return expr_compare_i64(step->arg, x->i, y->i);
	case FF_LANE_I128: return expr_compare_i128(step->arg, x->w, y->w);
	case FF_LANE_F32: return expr_compare_f32(step->arg, x->f, y->f);
	default: return expr_compare_f64(step->arg, x->d, y->d);
	}
}

static void expr_operate(const struct ff_expr *step, union expr_block *x, union expr_block *y,
			 uint64_t *defined)
{
	switch (step->lane) {
	case FF_LANE_I64: expr_integer_i64(step, x->i, y->i, defined); break;
	case FF_LANE_I128: expr_integer_i128(step, x->w, y->w, defined); break;
	case FF_LANE_F32: expr_float_f32(step, x->f, y->f); break;
	case FF_LANE_F64: expr_float_f64(step, x->d, y->d); break;
	}
}

static bool expr_is_unary(uint32_t kind)
{
	return kind == FF_EXPR_SHL || kind == FF_EXPR_SHR || kind == FF_EXPR_NEG ||
	       kind == FF_EXPR_ABS || kind == FF_EXPR_NOT;
}

static void EXPR_NAME(const struct ff_expr *steps, size_t nsteps, const uint8_t *const *streams,
		      size_t stride, size_t n, uint64_t *mask)
{
	/* lanes past the last slot are loaded as 0, computed too, and thrown away */
	union expr_block stack[FF_EXPR_DEPTH];

	for (size_t slot = 0; slot < n; slot += LANES) {
		size_t lanes = n - slot < LANES ? n - slot : LANES;
		uint64_t defined = ~0ULL, fits = 0;
		union expr_block *top = stack;

		for (size_t s = 0; s < nsteps; s++) {
			const struct ff_expr *step = &steps[s];

			switch (step->kind) {
			case FF_EXPR_LOAD:
				expr_load(step, streams, slot * stride, stride, lanes, top++);
				break;
			case FF_EXPR_CONST:
				expr_constant(step, top++);
				break;
			case FF_EXPR_TO_F64:
				expr_to_f64(step, top - 1);
				break;
			case FF_EXPR_TO_F16:
				expr_to_f16(top - 1);
				break;
			case FF_EXPR_COMPARE:
				top -= 2;
				fits = expr_compare(step, top, top + 1);
				break;
			default:
				if (!expr_is_unary(step->kind))
					top--;
				expr_operate(step, top - 1, top, &defined);
			}
		}
		if (lanes < LANES)
			fits &= ((uint64_t)1 << lanes) - 1;
		mask[slot / 64] = fits & defined;
	}
}

#undef LANES
