// SPDX-License-Identifier: MIT
/*
 * The threads that a process has at this moment
 */
#include "tasks.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

ssize_t ff_tasks_each(pid_t pid, ssize_t (*take)(void *context, pid_t tid), void *context)
{
	ssize_t got = 0, sum = 0;
	struct dirent *entry;
	char path[32];
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (!tasks)
		return errno == ENOENT ? -ESRCH : -errno;
	while (got >= 0 && (entry = readdir(tasks))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		got = tid > 0 ? take(context, tid) : 0;
		sum += got;
	}
	closedir(tasks);
	return got < 0 ? got : sum;
}
