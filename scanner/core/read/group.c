// SPDX-License-Identifier: MIT
/*
 * Processes whose first thread has ended while others run on
 */
#include "group.h"

#include "tasks.h"
#include "told.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
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

/* All threads in turn, up to the first that answers. */
struct asking {
	struct ff_group *group;
	ff_group_ask ask;
	void *argument;
	uint64_t which;		/* tells lists of them apart */
	ssize_t answer;
};

static ssize_t ask_next(void *context, pid_t thread)
{
	struct asking *asking = context;

	asking->which = asking->which * 31 + (uint64_t)thread;
	asking->answer = ask_thread(asking->group, thread, asking->ask, asking->argument);
	if (asking->answer == -ESRCH)
		return 0;
	__atomic_store_n(&asking->group->thread, thread, __ATOMIC_RELAXED);
	return -ECANCELED;	/* no others */
}

static void ask_each(struct asking *asking)
{
	ssize_t error;

	asking->which = 0;
	asking->answer = -ESRCH;
	error = ff_tasks_each(asking->group->pid, ask_next, asking);
	if (error < 0 && error != -ECANCELED)
		asking->answer = error;
}

/* Whether the first thread has ended and others have not, as proc_pid_stat(5) says. */
static bool others_run(int pid)
{
	char path[32], line[1024], state = 0, *behind;
	long threads = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!ff_told(path, line, sizeof(line)))
		return false;
	behind = strrchr(line, ')');
	return behind &&
	       sscanf(behind + 1,
		      " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld",
		      &state, &threads) == 2 &&
	       strchr("ZXx", state) && threads > 1;
}

ssize_t ff_group_call(struct ff_group *group, ff_group_ask ask, void *argument)
{
	struct asking asking = { .group = group, .ask = ask, .argument = argument };
	int thread = __atomic_load_n(&group->thread, __ATOMIC_RELAXED);
	uint64_t before;

	asking.answer = ask_thread(group, thread, ask, argument);
	/* a thread may start another and end while they are listed, and neither be in the list */
	for (int same = 0; asking.answer == -ESRCH && same < LISTINGS;) {
		before = asking.which;
		ask_each(&asking);
		if (asking.answer != -ESRCH || asking.which != before)
			continue;
		if (!others_run(group->pid))
			break;
		same++;
	}
	return asking.answer;
}
