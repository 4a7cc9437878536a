// SPDX-License-Identifier: MIT
/*
 * Running programs
 *
 *   slots    |<------ 4096 ------>|<------ 4096 ------>| ...       a batch at a time, whose
 *            | v v v v v v v v v v|                    |           bytes stay in the first-
 *                                                                  level cache
 *   atoms    0 1 0 0 1 0 ...   a kernel for each: one mask, a bit a slot
 *            1 1 0 0 0 0 ...
 *   logic    atom 0, atom 1, and:  masks on a stack, joined a word at a time;
 *            0 1 0 0 0 0 ...       a skip leaves out atoms that can change nothing
 *
 * A program of one atom and nothing else has its kernel write the result in place.
 */
#include "pattern.h"

#include <errno.h>
#include <string.h>

#define BATCH_SLOTS	4096
#define BATCH_WORDS	(BATCH_SLOTS / 64)

struct batch {
	const struct ff_program *program;
	const struct ff_kernels *kernels;
	const uint8_t *streams[FF_STREAMS];
	size_t stride;
	size_t n;
};

static const uint8_t *operand_at(const struct batch *batch, const struct ff_operand *operand)
{
	return batch->streams[operand->stream] + operand->offset;
}

/* The widest unsigned type that length bytes fill. */
static uint32_t prefix_type(size_t length)
{
	return length >= 8 ? FF_U64 : length >= 4 ? FF_U32 : length >= 2 ? FF_U16 : FF_U8;
}

/* Of the slots in mask, keep those whose length bytes are the same at a and at b. */
static void verify_bytes(const struct batch *batch, const uint8_t *a, const uint8_t *b,
			 size_t stride_b, size_t length, uint64_t *mask)
{
	for (size_t w = 0; w < ff_bits_words(batch->n); w++) {
		for (uint64_t left = mask[w]; left; left &= left - 1) {
			size_t slot = w * 64 + ff_bits_first(left);

			if (memcmp(a + slot * batch->stride, b + slot * stride_b, length))
				mask[w] &= ~(left & -left);
		}
	}
}

/* Long values: compare a machine word of each slot first, the rest only where that fits. */
static void run_bytes(const struct batch *batch, const struct ff_atom *atom, uint64_t *mask)
{
	const uint8_t *wanted = batch->program->bytes + atom->first;
	const uint8_t *at = operand_at(batch, &atom->a);
	struct ff_range_test test = { .type = prefix_type(atom->length) };
	size_t prefix = ff_type_size(test.type);

	switch (prefix) {
	case 1: { uint8_t x; memcpy(&x, wanted, 1); test.low.u = x; break; }
	case 2: { uint16_t x; memcpy(&x, wanted, 2); test.low.u = x; break; }
	case 4: { uint32_t x; memcpy(&x, wanted, 4); test.low.u = x; break; }
	default: memcpy(&test.low.u, wanted, 8);
	}
	test.high = test.low;
	batch->kernels->range(&test, at, batch->stride, batch->n, mask);
	if (atom->length > prefix)
		verify_bytes(batch, at + prefix, wanted + prefix, 0, atom->length - prefix, mask);
}

static void run_same(const struct batch *batch, const struct ff_atom *atom, uint64_t *mask)
{
	const uint8_t *a = operand_at(batch, &atom->a), *b = operand_at(batch, &atom->b);
	struct ff_pair_test test = { .type = prefix_type(atom->length), .op = FF_EQ };
	size_t prefix = ff_type_size(test.type);

	batch->kernels->pair(&test, a, b, batch->stride, batch->n, mask);
	if (atom->length > prefix)
		verify_bytes(batch, a + prefix, b + prefix, batch->stride,
			     atom->length - prefix, mask);
}

static void run_atom(const struct batch *batch, const struct ff_atom *atom, uint64_t *mask)
{
	switch (atom->kind) {
	case FF_ATOM_RANGE: {
		struct ff_range_test test = {
			.type = atom->a.type, .swapped = atom->a.swapped,
			.low = atom->low, .high = atom->high,
		};

		batch->kernels->range(&test, operand_at(batch, &atom->a), batch->stride,
				      batch->n, mask);
		break;
	}
	case FF_ATOM_PAIR: {
		struct ff_pair_test test = {
			.type = atom->a.type, .op = atom->op,
			.swapped_a = atom->a.swapped, .swapped_b = atom->b.swapped,
			.has_delta = atom->delta.u != 0,
			.delta = atom->delta, .low = atom->low, .high = atom->high,
		};

		batch->kernels->pair(&test, operand_at(batch, &atom->a),
				     operand_at(batch, &atom->b), batch->stride, batch->n, mask);
		break;
	}
	case FF_ATOM_BYTES:
		run_bytes(batch, atom, mask);
		break;
	case FF_ATOM_PATTERN: {
		struct ff_pattern_test test;

		ff_pattern_test(atom, batch->program->bytes, &test);
		batch->kernels->pattern(&test, operand_at(batch, &atom->a), batch->stride,
					batch->n, mask);
		break;
	}
	case FF_ATOM_SAME:
		run_same(batch, atom, mask);
		break;
	case FF_ATOM_EXPR:
		batch->kernels->expr(batch->program->exprs + atom->first, atom->length,
				     batch->streams, batch->stride, batch->n, mask);
		break;
	}
}

static void run_batch(const struct batch *batch, uint64_t *out)
{
	/* one more than values go on it: FF_LOGIC_NOT works in the place above the top */
	uint64_t stack[FF_LOGIC_DEPTH + 1][BATCH_WORDS], (*top)[BATCH_WORDS] = stack;
	const struct ff_program *program = batch->program;
	size_t words = ff_bits_words(batch->n);

	for (size_t s = 0; s < program->nlogic; s++) {
		const struct ff_logic *step = &program->logic[s];

		switch (step->kind) {
		case FF_LOGIC_ATOM:
			run_atom(batch, &program->atoms[step->arg], *top++);
			break;
		case FF_LOGIC_ALL:
			ff_bits_fill(*top++, batch->n);
			break;
		case FF_LOGIC_AND:
			top--;
			ff_bits_and(top[-1], top[0], batch->n);
			break;
		case FF_LOGIC_OR:
			top--;
			ff_bits_or(top[-1], top[0], batch->n);
			break;
		case FF_LOGIC_NOT:
			ff_bits_fill(*top, batch->n);
			for (size_t w = 0; w < words; w++)
				top[-1][w] = top[0][w] & ~top[-1][w];
			break;
		case FF_LOGIC_SKIP_NONE:
			if (!ff_bits_any(top[-1], batch->n))
				s += step->arg;
			break;
		case FF_LOGIC_SKIP_ALL:
			if (ff_bits_all(top[-1], batch->n))
				s += step->arg;
			break;
		}
	}
	ff_bits_copy(out, stack[0], batch->n);
}

void ff_program_run(const struct ff_program *program, const struct ff_kernels *kernels,
		    const uint8_t *const *streams, size_t stride, size_t n, uint64_t *mask)
{
	struct batch batch = { .program = program, .kernels = kernels, .stride = stride };

	/* one atom and nothing else: straight into the caller's mask */
	bool single = program->nlogic == 1 && program->logic[0].kind == FF_LOGIC_ATOM;

	for (size_t slot = 0; slot < n; slot += BATCH_SLOTS) {
		for (size_t s = 0; s < FF_STREAMS; s++)
			batch.streams[s] = streams[s] ? streams[s] + slot * stride : NULL;
		batch.n = n - slot < BATCH_SLOTS ? n - slot : BATCH_SLOTS;
		if (single)
			run_atom(&batch, &program->atoms[program->logic[0].arg], mask + slot / 64);
		else
			run_batch(&batch, mask + slot / 64);
	}
}

int ff_program_eval(const struct ff_program *program, int isa, const uint8_t *const *streams,
		    size_t stride, size_t n, uint64_t *mask)
{
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (program->streams & 1u << s && !streams[s])
			return -EINVAL;
	}
	ff_program_run(program, ff_isa_kernels(isa), streams, stride, n, mask);
	return 0;
}
