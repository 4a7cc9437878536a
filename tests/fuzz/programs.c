// SPDX-License-Identifier: MIT
/*
 * Fuzz programs: any bytes as a description of one are refused, or run without harm
 * and with the same result by every instruction set.
 */
#include "ff.h"

#include <stdlib.h>
#include <string.h>

#define ATOMS 4
#define LOGIC 12
#define EXPRS 12
#define SLOTS 150

struct input {
	const uint8_t *bytes;
	size_t left;
};

static uint32_t take(struct input *input, uint32_t below)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->bytes++ % below;
}

static void fill(struct input *input, void *out, size_t size)
{
	memset(out, 0, size);
	if (size > input->left)
		size = input->left;
	memcpy(out, input->bytes, size);
	input->bytes += size;
	input->left -= size;
}

static struct ff_operand operand(struct input *input)
{
	return (struct ff_operand){
		.stream = take(input, FF_STREAMS + 1), .type = take(input, FF_TYPES + 1),
		.swapped = take(input, 2), .offset = take(input, 24),
	};
}

/* Integer lanes that cannot overflow are the compiler's promise: only bits are drawn. */
static struct ff_expr expression(struct input *input)
{
	static const uint32_t kinds[] = {
		FF_EXPR_LOAD, FF_EXPR_LOAD, FF_EXPR_CONST, FF_EXPR_AND, FF_EXPR_OR, FF_EXPR_XOR,
		FF_EXPR_SHR, FF_EXPR_NOT, FF_EXPR_DIV, FF_EXPR_COMPARE, FF_EXPR_COMPARE, 99,
	};
	struct ff_expr step = {
		.kind = kinds[take(input, 12)], .lane = take(input, 5), .arg = take(input, 70),
		.operand = operand(input), .constant.u = take(input, 200),
	};

	if (step.kind == FF_EXPR_DIV && step.lane != FF_LANE_F32 && step.lane != FF_LANE_F64)
		step.kind = FF_EXPR_AND;
	if (step.kind == FF_EXPR_COMPARE)
		step.arg %= 7;
	return step;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = { bytes, size };
	struct ff_atom atoms[ATOMS];
	struct ff_logic logic[LOGIC];
	struct ff_expr exprs[EXPRS];
	uint8_t raw[32], *streams[FF_STREAMS];
	struct ff_program_spec spec = {
		.span = take(&input, 40), .relation = take(&input, 4),
		.atoms = atoms, .natoms = take(&input, ATOMS + 1),
		.logic = logic, .nlogic = take(&input, LOGIC + 1),
		.exprs = exprs, .nexprs = take(&input, EXPRS + 1), .bytes = raw,
		.nbytes = take(&input, sizeof(raw) + 1),
	};
	size_t stride = 1 + take(&input, 12), n = 1 + take(&input, SLOTS), length;
	uint64_t mask[(SLOTS + 63) / 64 + 1], first[(SLOTS + 63) / 64 + 1];
	struct ff_program *program;

	for (size_t i = 0; i < ATOMS; i++) {
		atoms[i] = (struct ff_atom){
			.kind = take(&input, 8), .op = take(&input, 7),
			.a = operand(&input), .b = operand(&input),
			.first = take(&input, 40), .length = take(&input, 40),
		};
		fill(&input, &atoms[i].low, 8);
		fill(&input, &atoms[i].high, 8);
		fill(&input, &atoms[i].delta, take(&input, 3) * 4);
	}
	for (size_t i = 0; i < LOGIC; i++)
		logic[i] = (struct ff_logic){ take(&input, 9), take(&input, 8) };
	for (size_t i = 0; i < EXPRS; i++)
		exprs[i] = expression(&input);
	fill(&input, raw, sizeof(raw));
	if (ff_program_create(&spec, &program))
		return 0;
	length = (n - 1) * stride + spec.span;
	for (size_t s = 0; s < FF_STREAMS; s++) {
		/* of its own, so that a byte read behind it is seen */
		streams[s] = malloc(length);
		for (size_t i = 0; i < length; i++)
			streams[s][i] = (uint8_t)(raw[(i + s) % 7] + (i % 5 ? 0 : s));
	}
#ifdef __x86_64__
	if (!ff_isa_name(1))
		abort(); /* scalar kernels alone agree with themselves */
#endif
	for (size_t k = 0; ff_isa_name(k); k++) {
		int isa = ff_isa_find(ff_isa_name(k));

		memset(mask, 0, sizeof(mask));
		if (ff_program_eval(program, isa, (const uint8_t *const *)streams, stride, n, mask))
			abort();
		if (!k)
			memcpy(first, mask, sizeof(mask));
		if (memcmp(first, mask, sizeof(mask)))
			abort();
	}
	for (size_t s = 0; s < FF_STREAMS; s++)
		free(streams[s]);
	ff_program_destroy(program);
	return 0;
}
