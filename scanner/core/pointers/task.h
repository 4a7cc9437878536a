/* SPDX-License-Identifier: MIT */
#ifndef FF_TASK_H
#define FF_TASK_H

#include "../ff.h"

/*
 * Work that threads of this process do together and that never waits for a target: a
 * script runs on one of them, and has parts of it done by all.
 */
struct ff_task_script {
	int (*run)(struct ff_task *task, void *context);
	void (*free)(void *context);	/* at the task's end, or when it could not begin */
	void *context;
};

int ff_task_start(const struct ff_task_script *script, uint32_t threads, struct ff_task **out);
void *ff_task_context(const struct ff_task *task);
/* -ECANCELED when it was cancelled; waits for its end. 0 when the script was done. */
int ff_task_result(struct ff_task *task);

/* For a script: part(context, i) for each i below n, on all threads; the first error. */
int ff_task_each(struct ff_task *task, int (*part)(void *context, size_t i), void *context,
		 size_t n);
bool ff_task_is_stopped(const struct ff_task *task);
uint32_t ff_task_threads(const struct ff_task *task);
void ff_task_say(struct ff_task *task, uint64_t done, uint64_t total);

#endif
