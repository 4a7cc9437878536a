// SPDX-License-Identifier: MIT
/*
 * What Python needs of the engine beside ff.h; tools/cdef.py reads both
 */
#include "ff.h"

/*
 * Cells: where the core puts what it makes for Python, to be ended with the cell. They are
 * ended here, because a signal's handler may raise between any two steps of Python.
 */
#define CELL(name, end)                                  \
	static void ff_##name##_cell_end(struct ff_##name **cell) \
	{                                                \
		if (*cell)                               \
			end(*cell);                      \
		*cell = NULL;                            \
	}

CELL(grid, ff_grid_put)
CELL(reader, ff_reader_close)
CELL(pages, ff_pages_close)
CELL(program, ff_program_destroy)
CELL(matchset, ff_matchset_destroy)
CELL(arena, ff_arena_close)
CELL(store, ff_store_close)
CELL(snapshot, ff_snapshot_destroy)
CELL(job, ff_job_destroy)
CELL(call, ff_call_drop)
CELL(room, ff_room_put)
CELL(task, ff_task_destroy)
CELL(collector, ff_collector_destroy)
CELL(pointers, ff_pointers_put)
CELL(levels, ff_levels_put)
CELL(paths, ff_paths_put)
CELL(walk, ff_walk_destroy)
CELL(watch, ff_watch_destroy)
CELL(arrow_columns, ff_arrow_columns_put)
CELL(arrow_batch, ff_arrow_batch_destroy)

/* Functions that Python defines: cffi makes them. */
#define PYTHON(declaration) static declaration;

PYTHON(int ff_filter_in_python(void *context, struct ff_found *found))
PYTHON(int ff_arrow_next_in_python(void *context, struct ff_arrow_stream *stream))
PYTHON(void ff_arrow_ended_in_python(void *context))

/*
 * Capsules, in which Python's libraries hand on what is C's: how each is called, and what is
 * done when nobody has it any more.
 */
#define CAPSULE(what, called)                                                    \
	static const char *ff_arrow_##what##_name(void)                          \
	{                                                                        \
		return called;                                                   \
	}                                                                        \
	static void ff_arrow_##what##_capsule_end(void *capsule)                 \
	{                                                                        \
		ff_arrow_##what##_destroy(PyCapsule_GetPointer(capsule, called)); \
	}

CAPSULE(schema, "arrow_schema")
CAPSULE(stream, "arrow_array_stream")
