// SPDX-License-Identifier: MIT
/*
 * Checking programs, once, so that running one needs no checks
 */
#include "pattern.h"

#include <errno.h>

static bool operand_fits(const struct ff_program_spec *spec, const struct ff_operand *operand,
			 uint64_t size)
{
	return operand->stream < FF_STREAMS && operand->offset <= spec->span &&
	       size <= spec->span - operand->offset;
}

static bool scalar_fits(const struct ff_program_spec *spec, const struct ff_operand *operand)
{
	return operand->type < FF_TYPES &&
	       operand_fits(spec, operand, ff_type_size(operand->type));
}

static bool load_fits(const struct ff_program_spec *spec, const struct ff_expr *step)
{
	bool is_half = step->operand.type == FF_F16;
	bool is_float = is_half || step->operand.type == FF_F32 || step->operand.type == FF_F64;

	if (is_half ? !operand_fits(spec, &step->operand, 2) : !scalar_fits(spec, &step->operand))
		return false;
	switch (step->lane) {
	case FF_LANE_I64:
		return !is_float && step->operand.type != FF_U64;
	case FF_LANE_I128:
		return !is_float;
	case FF_LANE_F32:
		return is_half || step->operand.type == FF_F32;
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
	case FF_EXPR_TO_F16:
		if (step->lane != FF_LANE_F32)
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
static bool expr_fits(const struct ff_program_spec *spec, const struct ff_expr *steps,
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
			if (!load_fits(spec, step))
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

static bool atom_fits(const struct ff_program_spec *spec,
		      const struct ff_atom *atom)
{
	switch (atom->kind) {
	case FF_ATOM_RANGE:
		return scalar_fits(spec, &atom->a);
	case FF_ATOM_PAIR:
		return scalar_fits(spec, &atom->a) && scalar_fits(spec, &atom->b) &&
		       atom->a.type == atom->b.type &&
		       (atom->op == FF_EQ || atom->op == FF_LT || atom->op == FF_LE);
	case FF_ATOM_BYTES:
		return atom->length && operand_fits(spec, &atom->a, atom->length) &&
		       atom->first <= spec->nbytes && atom->length <= spec->nbytes - atom->first;
	case FF_ATOM_PATTERN:
		return operand_fits(spec, &atom->a, atom->length) &&
		       ff_pattern_fits(atom, spec->bytes, spec->nbytes);
	case FF_ATOM_SAME:
		return atom->length && operand_fits(spec, &atom->a, atom->length) &&
		       operand_fits(spec, &atom->b, atom->length);
	case FF_ATOM_EXPR:
		return atom->first <= spec->nexprs && atom->length <= spec->nexprs - atom->first &&
		       expr_fits(spec, spec->exprs + atom->first, atom->length);
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
		if (depth > FF_LOGIC_DEPTH)
			return false;
	}
	return depth == 1;
}

int ff_program_check(const struct ff_program_spec *spec)
{
	if (!spec->span || spec->span > FF_SPAN_MAX || spec->relation > FF_OTHER_BYTES ||
	    !logic_fits(spec))
		return -EINVAL;
	for (size_t i = 0; i < spec->natoms; i++) {
		if (!atom_fits(spec, &spec->atoms[i]))
			return -EINVAL;
	}
	return 0;
}
