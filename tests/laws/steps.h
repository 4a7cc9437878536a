/* SPDX-License-Identifier: MIT */
/*
 * Steps of a scan that a test takes, on one thread, without Python
 */
#ifndef LAWS_STEPS_H
#define LAWS_STEPS_H

#include "ff.h"
#include "must.h"

/* A program of one atom of four bytes, or of none, which all values fit. */
static inline struct ff_program *program(const struct ff_atom *atom, enum ff_relation relation)
{
	struct ff_logic logic = { .kind = atom ? FF_LOGIC_ATOM : FF_LOGIC_ALL };
	struct ff_program_spec spec = {
		.span = 4, .atoms = atom, .natoms = atom != NULL, .logic = &logic, .nlogic = 1,
		.relation = relation,
	};
	struct ff_program *made;

	must(!ff_program_create(&spec, &made), "a program is refused");
	return made;
}

/* What a step found. */
struct kept {
	struct ff_matchset *set;
	struct ff_snapshot *snapshot;
};

static inline void drop(struct kept *kept)
{
	ff_snapshot_destroy(kept->snapshot);
	ff_matchset_destroy(kept->set);
}

/* Where steps look, and keep what they find. */
struct ground {
	struct ff_grid *grid;
	struct ff_reader *reader;
	struct ff_store *store;
	size_t isa;
};

/* A first step, or one after another; 0, or why it made nothing. */
static inline int step(const struct ground *ground, const struct ff_program *code,
		       const struct kept *prev, struct kept *out)
{
	struct ff_scan_spec spec = {
		.grid = ground->grid, .reader = ground->reader, .store = ground->store,
		.isa = (int)ground->isa, .program = code, .memory = 1 << 30, .threads = 1,
		.candidates = prev ? prev->set : NULL,
		.streams[FF_PREV] = prev ? prev->snapshot : NULL,
	};
	struct ff_job *job;
	int error = ff_scan_start(&spec, &job);

	if (error)
		return error;
	while (!ff_job_wait(job, 10))
		;
	error = ff_scan_finish(job, &out->set, &out->snapshot);
	ff_job_destroy(job);
	return error;
}

#endif
