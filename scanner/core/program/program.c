// SPDX-License-Identifier: MIT
/*
 * Programs: compiled predicates
 *
 * A program is a list of atoms and a stack program that joins their masks. Both are
 * checked once, when the program is made (check.c), so that running one needs no checks
 * (run.c).
 */
#include "pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

	error = ff_program_check(spec);
	if (error)
		return error;
	program = calloc(1, sizeof(*program));
	if (!program)
		return -ENOMEM;
	program->references = 1;
	program->span = spec->span;
	program->relation = spec->relation;
	program->natoms = spec->natoms;
	program->nlogic = spec->nlogic;
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
	if (error) {
		ff_program_destroy(program);
		return error;
	}
	for (size_t i = 0; i < program->natoms; i++) {
		if (program->atoms[i].kind == FF_ATOM_PATTERN)
			ff_pattern_choose(&program->atoms[i], program->bytes);
	}
	*out = program;
	return 0;
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
