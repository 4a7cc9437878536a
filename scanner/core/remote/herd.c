// SPDX-License-Identifier: MIT
/*
 * All threads of another process, stopped by ptrace(2) for a moment
 *
 * One that is being stopped may start another before it is, which the next look at the list
 * of threads finds; and one that ends cuts that list short. So two looks in a row have to
 * find none that is new.
 */
#include "herd.h"

#ifdef __x86_64__
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
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

static int add(struct ff_herd *herd, pid_t tid)
{
	int error;

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

/* Ask all to stop that were not yet asked; how many these were. */
static int gather(struct ff_herd *herd, int pid)
{
	char name[32];
	struct dirent *entry;
	int got = 0, fresh = 0;
	DIR *folder;

	snprintf(name, sizeof(name), "/proc/%d/task", pid);
	folder = opendir(name);
	if (!folder)
		return errno == ENOENT ? -ESRCH : -errno;
	while (got >= 0 && (entry = readdir(folder)) != NULL) {
		pid_t tid = atoi(entry->d_name);

		if (tid <= 0 || is_asked(herd, tid))
			continue;
		got = add(herd, tid);
		fresh += got > 0;
	}
	closedir(folder);
	return got < 0 ? got : fresh;
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
		int fresh = gather(herd, pid);
		int error = wait_for(herd, asked);

		if (fresh < 0 || error)
			return fresh < 0 ? fresh : error;
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
