// SPDX-License-Identifier: MIT
/*
 * Tasks: what threads do together to what this process has already read
 *
 * Parts are drawn from one counter, so it does not matter how long each takes. A child
 * process has a task's memory but none of its threads: there it has ended, cancelled.
 */
#include "task.h"

#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct ff_task {
	struct ff_task_script script;
	pid_t owner;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool cancelled, ended, joined;
	int result;
	uint64_t done, total;
	/* what all threads are at */
	int (*part)(void *context, size_t i);
	void *context;
	size_t next, parts;
	int error;
	uint64_t turn;			/* goes up with each call of ff_task_each() */
	uint32_t busy;
	uint32_t nthreads;		/* beside the one that runs the script */
	pthread_t leader;
	pthread_t threads[];
};

bool ff_task_is_stopped(const struct ff_task *task)
{
	return __atomic_load_n(&task->cancelled, __ATOMIC_RELAXED);
}

uint32_t ff_task_threads(const struct ff_task *task)
{
	return task->nthreads + 1;
}

void *ff_task_context(const struct ff_task *task)
{
	return task->script.context;
}

void ff_task_say(struct ff_task *task, uint64_t done, uint64_t total)
{
	__atomic_store_n(&task->total, total, __ATOMIC_RELAXED);
	__atomic_store_n(&task->done, done, __ATOMIC_RELAXED);
}

void ff_task_progress(const struct ff_task *task, uint64_t *done, uint64_t *total)
{
	*total = __atomic_load_n(&task->total, __ATOMIC_RELAXED);
	*done = __atomic_load_n(&task->done, __ATOMIC_RELAXED);
}

static void draw(struct ff_task *task)
{
	int none = 0;

	while (!__atomic_load_n(&task->error, __ATOMIC_RELAXED)) {
		size_t i = __atomic_fetch_add(&task->next, 1, __ATOMIC_RELAXED);
		int error;

		if (i >= task->parts)
			return;
		error = ff_task_is_stopped(task) ? -ECANCELED : task->part(task->context, i);
		if (error)
			__atomic_compare_exchange_n(&task->error, &none, error, false,
						    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	}
}

int ff_task_each(struct ff_task *task, int (*part)(void *context, size_t i), void *context,
		 size_t n)
{
	if (ff_task_is_stopped(task))
		return -ECANCELED;
	pthread_mutex_lock(&task->lock);
	task->part = part;
	task->context = context;
	task->next = 0;
	task->parts = n;
	task->error = 0;
	task->busy = task->nthreads;
	task->turn++;
	pthread_cond_broadcast(&task->changed);
	pthread_mutex_unlock(&task->lock);
	draw(task);
	pthread_mutex_lock(&task->lock);
	while (task->busy)
		pthread_cond_wait(&task->changed, &task->lock);
	pthread_mutex_unlock(&task->lock);
	return task->error;
}

static void *help(void *argument)
{
	struct ff_task *task = argument;
	uint64_t turn = 0;

	pthread_mutex_lock(&task->lock);
	for (;;) {
		while (task->turn == turn && !task->ended)
			pthread_cond_wait(&task->changed, &task->lock);
		if (task->turn == turn)
			break;
		turn = task->turn;
		pthread_mutex_unlock(&task->lock);
		draw(task);
		pthread_mutex_lock(&task->lock);
		if (!--task->busy)
			pthread_cond_broadcast(&task->changed);
	}
	pthread_mutex_unlock(&task->lock);
	return NULL;
}

static void *lead(void *argument)
{
	struct ff_task *task = argument;
	int result = task->script.run(task, task->script.context);

	pthread_mutex_lock(&task->lock);
	task->result = result;
	task->ended = true;
	pthread_cond_broadcast(&task->changed);
	pthread_mutex_unlock(&task->lock);
	return NULL;
}

static void end(struct ff_task *task)
{
	task->script.free(task->script.context);
	pthread_cond_destroy(&task->changed);
	pthread_mutex_destroy(&task->lock);
	free(task);
}

int ff_task_start(const struct ff_task_script *script, uint32_t threads, struct ff_task **out)
{
	struct ff_task *task = calloc(1, sizeof(*task) + threads * sizeof(task->threads[0]));
	pthread_condattr_t attributes;
	int error;

	if (!task) {
		script->free(script->context);
		return -ENOMEM;
	}
	task->script = *script;
	task->owner = getpid();
	pthread_mutex_init(&task->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&task->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	/* nobody draws before the leader is there, and fewer threads than asked for will do */
	while (task->nthreads + 1 < threads &&
	       !pthread_create(&task->threads[task->nthreads], NULL, help, task))
		task->nthreads++;
	error = -pthread_create(&task->leader, NULL, lead, task);
	if (error) {
		pthread_mutex_lock(&task->lock);
		task->ended = true;
		pthread_cond_broadcast(&task->changed);
		pthread_mutex_unlock(&task->lock);
		for (uint32_t i = 0; i < task->nthreads; i++)
			pthread_join(task->threads[i], NULL);
		end(task);
		return error;
	}
	*out = task;
	return 0;
}

static bool is_orphan(const struct ff_task *task)
{
	return task->owner != getpid();
}

int ff_task_wait(struct ff_task *task, uint32_t milliseconds)
{
	struct timespec until;
	bool ended;

	if (is_orphan(task))
		return 1;
	until = ff_clock_in(milliseconds * FF_MILLISECOND);
	pthread_mutex_lock(&task->lock);
	while (!task->ended) {
		if (pthread_cond_timedwait(&task->changed, &task->lock, &until) == ETIMEDOUT)
			break;
	}
	ended = task->ended;
	pthread_mutex_unlock(&task->lock);
	return ended;
}

void ff_task_cancel(struct ff_task *task)
{
	__atomic_store_n(&task->cancelled, true, __ATOMIC_RELAXED);
}

static void join(struct ff_task *task)
{
	if (task->joined)
		return;
	pthread_join(task->leader, NULL);
	for (uint32_t i = 0; i < task->nthreads; i++)
		pthread_join(task->threads[i], NULL);
	task->joined = true;
}

int ff_task_result(struct ff_task *task)
{
	if (is_orphan(task))
		return -ECANCELED;
	join(task);
	return task->result;
}

void ff_task_destroy(struct ff_task *task)
{
	if (!task || is_orphan(task))
		return;
	ff_task_cancel(task);
	join(task);
	end(task);
}
