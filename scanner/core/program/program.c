// SPDX-License-Identifier: MIT
/*
 * Programs: compiled predicates
 *
 * A program is a list of atoms and a stack program that joins their masks. Both are
 * checked once, when the program is made, so that running one needs no checks.
 * Slots are taken in batches whose bytes stay in the first-level cache while the
 * atoms pass over them.
 */
#include "pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_SLOTS	4096
#define BATCH_WORDS	(BATCH_SLOTS / 64)
#define LOGIC_DEPTH	32

/* ---- checking ---- */

static bool operand_fits(const struct ff_program *program, const struct ff_operand *operand,
			 uint64_t size)
{
	return operand->stream < FF_STREAMS && operand->offset <= program->span &&
	       size <= program->span - operand->offset;
}

static bool scalar_fits(const struct ff_program *program, const struct ff_operand *operand)
{
	return operand->type < FF_TYPES &&
	       operand_fits(program, operand, ff_type_size(operand->type));
}

static bool load_fits(const struct ff_program *program, const struct ff_expr *step)
{
	bool is_float = step->operand.type == FF_F32 || step->operand.type == FF_F64;

	if (!scalar_fits(program, &step->operand))
		return false;
	switch (step->lane) {
	case FF_LANE_I64:
		return !is_float && step->operand.type != FF_U64;
	case FF_LANE_I128:
		return !is_float;
	case FF_LANE_F32:
		return step->operand.type == FF_F32;
	case FF_LANE_F64:
		return is_float;
	}
	return false;
}

static bool step_is_integer(const struct ff_expr *step)
{
	return step->lane == FF_LANE_I64 || step->lane == FF_LANE_I128;
}

/* A step's operands are on the stack, were made in the step's lane, and fit what it does. */
static bool operands_fit(const struct ff_expr *step, const uint32_t *lanes, size_t depth)
{
	size_t operands = step->kind == FF_EXPR_LOAD || step->kind == FF_EXPR_CONST ? 0 : 1;

	switch (step->kind) {
	case FF_EXPR_LOAD:
	case FF_EXPR_CONST:
	case FF_EXPR_NEG:
	case FF_EXPR_ABS:
		break;
	case FF_EXPR_ADD:
	case FF_EXPR_SUB:
	case FF_EXPR_MUL:
	case FF_EXPR_DIV:
	case FF_EXPR_MOD:
		operands = 2;
		break;
	case FF_EXPR_AND:
	case FF_EXPR_OR:
	case FF_EXPR_XOR:
		operands = 2;
		if (!step_is_integer(step))
			return false;
		break;
	case FF_EXPR_SHL:
	case FF_EXPR_SHR:
		if (!step_is_integer(step) || step->arg > 63)
			return false;
		break;
	case FF_EXPR_NOT:
	case FF_EXPR_TO_F64:
		if (!step_is_integer(step))
			return false;
		break;
	case FF_EXPR_COMPARE:
		operands = 2;
		if (depth != 2 || step->arg > FF_GE)
			return false;
		break;
	default:
		return false;
	}
	if (depth < operands)
		return false;
	for (size_t i = depth - operands; i < depth; i++) {
		if (lanes[i] != step->lane)
			return false;
	}
	return true;
}

/*
 * Every step finds its operands, and only the last compares. Lanes differ in size: one
 * read as a wider one would be bytes that nothing has written.
 */
static bool expr_fits(const struct ff_program *program, const struct ff_expr *steps,
		      size_t nsteps)
{
	uint32_t lanes[FF_EXPR_DEPTH];
	size_t depth = 0;

	for (size_t i = 0; i < nsteps; i++) {
		const struct ff_expr *step = &steps[i];

		if (step->lane > FF_LANE_F64 || !operands_fit(step, lanes, depth) ||
		    (i == nsteps - 1) != (step->kind == FF_EXPR_COMPARE))
			return false;
		switch (step->kind) {
		case FF_EXPR_LOAD:
			if (!load_fits(program, step))
				return false;
			/* fallthrough */
		case FF_EXPR_CONST:
			if (depth == FF_EXPR_DEPTH)
				return false;
			lanes[depth++] = step->lane;
			break;
		case FF_EXPR_ADD:
		case FF_EXPR_SUB:
		case FF_EXPR_MUL:
		case FF_EXPR_DIV:
		case FF_EXPR_MOD:
		case FF_EXPR_AND:
		case FF_EXPR_OR:
		case FF_EXPR_XOR:
			depth--;
			break;
		case FF_EXPR_TO_F64:
			lanes[depth - 1] = FF_LANE_F64;
			break;
		}
	}
	return nsteps > 0;
}

static bool atom_fits(const struct ff_program *program, const struct ff_program_spec *spec,
		      const struct ff_atom *atom)
{
	switch (atom->kind) {
	case FF_ATOM_RANGE:
		return scalar_fits(program, &atom->a);
	case FF_ATOM_PAIR:
		return scalar_fits(program, &atom->a) && scalar_fits(program, &atom->b) &&
		       atom->a.type == atom->b.type &&
		       (atom->op == FF_EQ || atom->op == FF_LT || atom->op == FF_LE);
	case FF_ATOM_BYTES:
		return atom->length && operand_fits(program, &atom->a, atom->length) &&
		       atom->first <= spec->nbytes && atom->length <= spec->nbytes - atom->first;
	case FF_ATOM_MASKED:
		return operand_fits(program, &atom->a, atom->length) &&
		       ff_masked_fits(atom, spec->bytes, spec->nbytes);
	case FF_ATOM_SAME:
		return atom->length && operand_fits(program, &atom->a, atom->length) &&
		       operand_fits(program, &atom->b, atom->length);
	case FF_ATOM_EXPR:
		return atom->first <= spec->nexprs && atom->length <= spec->nexprs - atom->first &&
		       expr_fits(program, spec->exprs + atom->first, atom->length);
	}
	return false;
}

/* Every way through leaves one mask; skips stay inside and land at the same depth. */
static bool logic_fits(const struct ff_program_spec *spec)
{
	size_t depth = 0;

	for (size_t i = 0; i < spec->nlogic; i++) {
		const struct ff_logic *step = &spec->logic[i];

		switch (step->kind) {
		case FF_LOGIC_ATOM:
			if (step->arg >= spec->natoms)
				return false;
			depth++;
			break;
		case FF_LOGIC_ALL:
			depth++;
			break;
		case FF_LOGIC_AND:
		case FF_LOGIC_OR:
			if (depth < 2)
				return false;
			depth--;
			break;
		case FF_LOGIC_NOT:
			if (!depth)
				return false;
			break;
		case FF_LOGIC_SKIP_NONE:
		case FF_LOGIC_SKIP_ALL: {
			size_t inner = 0;

			if (!depth || step->arg > spec->nlogic - i - 1)
				return false;
			/* what is stepped over adds one mask and takes it again */
			for (size_t j = i + 1; j <= i + step->arg; j++) {
				uint32_t kind = spec->logic[j].kind;

				if (kind == FF_LOGIC_ATOM || kind == FF_LOGIC_ALL)
					inner++;
				else if (kind == FF_LOGIC_AND || kind == FF_LOGIC_OR)
					inner--;
			}
			if (inner)
				return false;
			break;
		}
		default:
			return false;
		}
		if (depth > LOGIC_DEPTH)
			return false;
	}
	return depth == 1;
}

/* ---- making ---- */

static int copy(void *out, const void *from, size_t n, size_t size)
{
	void *memory = malloc(n * size + 1);

	if (!memory)
		return -ENOMEM;
	if (n)
		memcpy(memory, from, n * size);
	memcpy(out, &memory, sizeof(memory));
	return 0;
}

static void note_streams(struct ff_program *program, const struct ff_program_spec *spec)
{
	for (size_t i = 0; i < spec->natoms; i++) {
		const struct ff_atom *atom = &spec->atoms[i];

		if (atom->kind != FF_ATOM_EXPR)
			program->streams |= 1u << atom->a.stream;
		if (atom->kind == FF_ATOM_PAIR || atom->kind == FF_ATOM_SAME)
			program->streams |= 1u << atom->b.stream;
	}
	for (size_t i = 0; i < spec->nexprs; i++) {
		if (spec->exprs[i].kind == FF_EXPR_LOAD)
			program->streams |= 1u << spec->exprs[i].operand.stream;
	}
}

int ff_program_create(const struct ff_program_spec *spec, struct ff_program **out)
{
	struct ff_program *program;
	int error;

	if (!spec->span || spec->span > FF_SPAN_MAX || spec->relation > FF_OTHER_BYTES ||
	    !logic_fits(spec))
		return -EINVAL;
	program = calloc(1, sizeof(*program));
	if (!program)
		return -ENOMEM;
	program->references = 1;
	program->span = spec->span;
	program->relation = spec->relation;
	program->natoms = spec->natoms;
	program->nlogic = spec->nlogic;
	error = -EINVAL;
	for (size_t i = 0; i < spec->natoms; i++) {
		if (!atom_fits(program, spec, &spec->atoms[i]))
			goto fail;
	}
	note_streams(program, spec);
	error = copy(&program->atoms, spec->atoms, spec->natoms, sizeof(*spec->atoms));
	if (!error)
		error = copy(&program->logic, spec->logic, spec->nlogic, sizeof(*spec->logic));
	if (!error)
		error = copy(&program->exprs, spec->exprs, spec->nexprs, sizeof(*spec->exprs));
	if (!error)
		error = copy(&program->bytes, spec->bytes, spec->nbytes, 1);
	if (!error && spec->constant)
		error = copy(&program->constant, spec->constant, spec->span, 1);
	if (error)
		goto fail;
	for (size_t i = 0; i < program->natoms; i++) {
		if (program->atoms[i].kind == FF_ATOM_MASKED)
			ff_masked_choose(&program->atoms[i], program->bytes);
	}
	*out = program;
	return 0;
fail:
	ff_program_destroy(program);
	return error;
}

struct ff_program *ff_program_get(const struct ff_program *program)
{
	struct ff_program *shared = (struct ff_program *)program;

	__atomic_add_fetch(&shared->references, 1, __ATOMIC_RELAXED);
	return shared;
}

void ff_program_destroy(struct ff_program *program)
{
	if (!program || __atomic_sub_fetch(&program->references, 1, __ATOMIC_ACQ_REL))
		return;
	free(program->atoms);
	free(program->logic);
	free(program->exprs);
	free(program->bytes);
	free(program->constant);
	free(program);
}

/* ---- running ---- */

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
	for (size_t w = 0; w < ff_mask_words(batch->n); w++) {
		for (uint64_t left = mask[w]; left; left &= left - 1) {
			size_t slot = w * 64 + __builtin_ctzll(left);

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
	case FF_ATOM_MASKED: {
		struct ff_masked_test test;

		ff_masked_test(atom, batch->program->bytes, &test);
		batch->kernels->masked(&test, operand_at(batch, &atom->a), batch->stride,
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

static void fill(uint64_t *mask, size_t n)
{
	memset(mask, 0xff, n / 64 * sizeof(*mask));
	if (n % 64)
		mask[n / 64] = ((uint64_t)1 << n % 64) - 1;
}

static bool has_any(const uint64_t *mask, size_t words)
{
	for (size_t i = 0; i < words; i++) {
		if (mask[i])
			return true;
	}
	return false;
}

static bool has_all(const uint64_t *mask, size_t n)
{
	for (size_t i = 0; i < n / 64; i++) {
		if (~mask[i])
			return false;
	}
	return !(n % 64) || mask[n / 64] == ((uint64_t)1 << n % 64) - 1;
}

static void run_batch(const struct batch *batch, uint64_t *out)
{
	/* one more than values go on it: FF_LOGIC_NOT works in the place above the top */
	uint64_t stack[LOGIC_DEPTH + 1][BATCH_WORDS], (*top)[BATCH_WORDS] = stack;
	const struct ff_program *program = batch->program;
	size_t words = ff_mask_words(batch->n);

	for (size_t s = 0; s < program->nlogic; s++) {
		const struct ff_logic *step = &program->logic[s];

		switch (step->kind) {
		case FF_LOGIC_ATOM:
			run_atom(batch, &program->atoms[step->arg], *top++);
			break;
		case FF_LOGIC_ALL:
			fill(*top++, batch->n);
			break;
		case FF_LOGIC_AND:
			top--;
			for (size_t w = 0; w < words; w++)
				top[-1][w] &= top[0][w];
			break;
		case FF_LOGIC_OR:
			top--;
			for (size_t w = 0; w < words; w++)
				top[-1][w] |= top[0][w];
			break;
		case FF_LOGIC_NOT:
			fill(*top, batch->n);
			for (size_t w = 0; w < words; w++)
				top[-1][w] = top[0][w] & ~top[-1][w];
			break;
		case FF_LOGIC_SKIP_NONE:
			if (!has_any(top[-1], words))
				s += step->arg;
			break;
		case FF_LOGIC_SKIP_ALL:
			if (has_all(top[-1], batch->n))
				s += step->arg;
			break;
		}
	}
	memcpy(out, stack[0], words * sizeof(*out));
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
