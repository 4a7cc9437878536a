// SPDX-License-Identifier: MIT
/*
 * Processes whose first thread has ended while others run on
 */
#include "group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTINGS 64	/* that are the same, at most */

void ff_group_init(struct ff_group *group, int pid)
{
	group->pid = pid;
	group->thread = pid;
}

/*
 * The number of a thread that has ended goes to another process one day; the process's own
 * does not while any thread is left. An open file of a thread is that thread's for good.
 */
static ssize_t ask_thread(const struct ff_group *group, int thread, ff_group_ask ask,
			  void *argument)
{
	char path[64], byte;
	ssize_t answer;
	int own;

	if (thread == group->pid)
		return ask(thread, argument);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", group->pid, thread);
	own = open(path, O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	answer = ask(thread, argument);
	if (answer >= 0 && read(own, &byte, 1) < 0)
		answer = -ESRCH;
	close(own);
	return answer;
}

/* Ask all threads in turn, up to the first that answers; *which tells lists of them apart. */
static ssize_t ask_each(struct ff_group *group, ff_group_ask ask, void *argument,
			uint64_t *which)
{
	ssize_t answer = -ESRCH;
	struct dirent *entry;
	char path[32];
	DIR *threads;

	*which = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", group->pid);
	threads = opendir(path);
	if (!threads)
		return errno == ENOENT ? -ESRCH : -errno;
	while (answer == -ESRCH && (entry = readdir(threads))) {
		int thread = atoi(entry->d_name);

		if (thread <= 0)
			continue;
		*which = *which * 31 + (uint64_t)thread;
		answer = ask_thread(group, thread, ask, argument);
		if (answer != -ESRCH)
			__atomic_store_n(&group->thread, thread, __ATOMIC_RELAXED);
	}
	closedir(threads);
	return answer;
}

/* Whether the first thread has ended and others have not, as proc_pid_stat(5) says. */
static bool others_run(int pid)
{
	char path[32], line[1024], state = 0, *behind;
	long threads = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	line[fread(line, 1, sizeof(line) - 1, file)] = 0;
	fclose(file);
	behind = strrchr(line, ')');
	return behind &&
	       sscanf(behind + 1,
		      " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld",
		      &state, &threads) == 2 &&
	       strchr("ZXx", state) && threads > 1;
}

ssize_t ff_group_call(struct ff_group *group, ff_group_ask ask, void *argument)
{
	int thread = __atomic_load_n(&group->thread, __ATOMIC_RELAXED);
	ssize_t answer = ask_thread(group, thread, ask, argument);
	uint64_t before = 0, listed = 0;

	/* a thread may start another and end while they are listed, and neither be in the list */
	for (int same = 0; answer == -ESRCH && same < LISTINGS;) {
		before = listed;
		answer = ask_each(group, ask, argument, &listed);
		if (answer != -ESRCH || listed != before)
			continue;
		if (!others_run(group->pid))
			break;
		same++;
	}
	return answer;
}
