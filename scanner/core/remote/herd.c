// SPDX-License-Identifier: MIT
/*
 * All threads of another process, stopped by ptrace(2) for a moment
 *
 * One that is being stopped may start another before it is, which the next look at the list
 * of threads finds; and one that ends cuts that list short. So two looks in a row have to
 * find none that is new.
 */
#include "herd.h"

#include "tasks.h"

#ifdef __x86_64__
#include <errno.h>
#include <stdlib.h>

#define ROUNDS 256	/* of looking for threads that have begun since */
#define QUIET 2		/* looks that find none */

static bool is_asked(const struct ff_herd *herd, pid_t tid)
{
	for (size_t i = 0; i < herd->n; i++)
		if (herd->threads[i].tid == tid)
			return true;
	return false;
}

/* Ask one to stop that was not yet asked: 1, or 0 when it was or has ended. */
static ssize_t ask(void *context, pid_t tid)
{
	struct ff_herd *herd = context;
	int error;

	if (is_asked(herd, tid))
		return 0;
	if (herd->n == herd->room) {
		size_t room = herd->room ? herd->room * 2 : 64;
		struct ff_stopped *more = realloc(herd->threads, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		herd->threads = more;
		herd->room = room;
	}
	error = ff_stop_ask(&herd->threads[herd->n], tid);
	if (error == -ESRCH)	/* it has ended meanwhile */
		return 0;
	herd->n++;
	return error ? error : 1;
}

/* Wait for those from a place on. */
static int wait_for(struct ff_herd *herd, size_t first)
{
	for (size_t i = first; i < herd->n; i++) {
		int error = ff_stop_wait(&herd->threads[i]);

		if (error && error != -ESRCH)
			return error;
	}
	return 0;
}

int ff_herd_stop(struct ff_herd *herd, int pid)
{
	int quiet = 0;

	for (int round = 0; round < ROUNDS; round++) {
		size_t asked = herd->n;
		ssize_t fresh = ff_tasks_each(pid, ask, herd);
		int error = wait_for(herd, asked);

		if (fresh < 0 || error)
			return fresh < 0 ? (int)fresh : error;
		quiet = fresh ? 0 : quiet + 1;
		if (quiet == QUIET)
			return herd->n ? 0 : -ESRCH;
	}
	return -EAGAIN;
}

void ff_herd_end(struct ff_herd *herd)
{
	while (herd->n)
		ff_stop_end(&herd->threads[--herd->n]);
	free(herd->threads);
	*herd = (struct ff_herd){ 0 };
}
#endif
