/* SPDX-License-Identifier: MIT */
#ifndef FF_PROGRAM_H
#define FF_PROGRAM_H

#include "kernels/kernels.h"

struct ff_program {
	uint32_t references;
	uint32_t span;
	size_t natoms, nlogic;
	struct ff_atom *atoms;
	struct ff_logic *logic;
	struct ff_expr *exprs;
	uint8_t *bytes;
	uint8_t *constant;
	enum ff_relation relation;
	uint32_t streams;	/* a bit for each stream it reads */
};

#define FF_LOGIC_DEPTH	32	/* masks on a program's stack */

/* Whether it is true of nothing, as it is written of a type that cannot be asked. */
static inline bool ff_program_is_never(const struct ff_program *program)
{
	return program->nlogic == 2 && program->logic[0].kind == FF_LOGIC_ALL &&
	       program->logic[1].kind == FF_LOGIC_NOT;
}

/* 0 when everything a description names is there and fits, so that it can be run; or -EINVAL. */
int ff_program_check(const struct ff_program_spec *spec);
/* As ff_program_eval(), of a program whose streams all are there. */
void ff_program_run(const struct ff_program *program, const struct ff_kernels *kernels,
		    const uint8_t *const *streams, size_t stride, size_t n, uint64_t *mask);

#endif
