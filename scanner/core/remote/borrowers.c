// SPDX-License-Identifier: MIT
/*
 * Children that run in their parent's memory until they execute a program of their own; vfork(2)
 *
 * They are processes, not threads of the target, and so are not stopped with it. It takes them
 * but a moment to be gone.
 */
#include "borrowers.h"

#include "status.h"
#include "told.h"

#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROOM 4096	/* of a list of children */

static bool shares(pid_t tid, pid_t child)
{
	return !syscall(SYS_kcmp, tid, child, KCMP_VM, 0, 0);
}

static bool is_clear(pid_t child, const struct ff_remote_piece *pieces, size_t n)
{
	uint64_t ip;

	if (!ff_status_goes_on(child, &ip))
		return false;
	for (size_t i = 0; i < n; i++)
		if (ip > pieces[i].address && ip - pieces[i].address < pieces[i].size)
			return false;
	return true;
}

bool ff_borrowers_run(pid_t tid, const struct ff_remote_piece *pieces, size_t n)
{
	char path[64], list[ROOM], *at = list, *end;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)tid, (int)tid);
	if (!ff_told(path, list, sizeof(list)))
		return false;
	for (;; at = end) {
		pid_t child = (pid_t)strtol(at, &end, 10);

		if (end == at)
			return false;
		if (shares(tid, child) && !is_clear(child, pieces, n))
			return true;
	}
}
