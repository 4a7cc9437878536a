// SPDX-License-Identifier: MIT
/*
 * What others do to the victim in a storm, and one who may not touch it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/farfetch.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture.h"

#define MADV_PAGEOUT 21
#define MADV_COLLAPSE 25
#define NOBODY 65534

static struct dice dice;

static void put(const char *path, const char *value)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);

	/* Not every kernel has each of these. */
	if (file >= 0 && write(file, value, strlen(value)) < 0)
		errno = 0;
	close(file);
}

static void migrate(pid_t victim)
{
	unsigned long from = 1 + below(&dice, 2), to = 3 - from;

	syscall(SYS_migrate_pages, victim, 64, &from, &to);
}

static void clear(pid_t victim)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", victim);
	put(path, one_in(&dice, 2) ? "4" : "1");
}

static void set_parameters(void)
{
	static const char *const names[] = { "force", "root_only" };

	if (one_in(&dice, 2))
		parameter_set("mode", one_in(&dice, 2) ? "walk" : "gup");
	else
		parameter_set(names[below(&dice, 2)], one_in(&dice, 2) ? "Y" : "N");
}

static void trace(pid_t victim)
{
	if (ptrace(PTRACE_SEIZE, victim, 0, 0))
		return;
	ptrace(PTRACE_INTERRUPT, victim, 0, 0);
	waitpid(victim, NULL, __WALL);
	ptrace(PTRACE_DETACH, victim, 0, 0);
}

/* The device is open: the module cannot go. */
static void remove_module(void)
{
	if (has_module() && (!syscall(SYS_delete_module, "farfetch", O_NONBLOCK) ||
			     errno != EWOULDBLOCK))
		wrong("the module was removed, or not because it is in use: %s", strerror(errno));
}

static void advise(pid_t victim)
{
	struct iovec range = { arena(SIDE), shared->plan.pages * PAGE };
	int file = syscall(SYS_pidfd_open, victim, 0);

	syscall(SYS_process_madvise, file, &range, 1,
		one_in(&dice, 2) ? MADV_PAGEOUT : MADV_COLLAPSE, 0);
	close(file);
}

static void blow(enum weather weather, pid_t victim)
{
	switch (weather) {
	case MIGRATION:
		migrate(victim);
		break;
	case CLEARING:
		clear(victim);
		break;
	case PARAMETERS:
		set_parameters();
		break;
	case TRACING:
		trace(victim);
		break;
	case REMOVAL:
		remove_module();
		break;
	case COMPACTION:
		if (one_in(&dice, 16))
			put("/proc/sys/vm/compact_memory", "1");
		break;
	case ADVICE:
		advise(victim);
		break;
	case KILL:
		if (one_in(&dice, 16))
			kill(victim, SIGKILL);
		break;
	case WEATHERS:
		break;
	}
}

static pid_t start(void)
{
	pid_t pid = fork();

	if (pid < 0)
		broken("fork");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return pid;
}

/* Start the weather, of the kinds that the bits of @weather say. */
pid_t weather_start(unsigned weather, pid_t victim, uint64_t seed)
{
	pid_t pid = start();

	if (pid)
		return pid;
	dice.state = seed;
	while (!atomic_load(&shared->stop)) {
		enum weather kind = below(&dice, WEATHERS);

		if (weather & 1u << kind) {
			atomic_fetch_add(&shared->counters.changes, 1);
			blow(kind, victim);
		}
		usleep(100);
	}
	_exit(0);
}

/* Start one that may not touch the victim, and tries. */
pid_t lesser_start(pid_t victim, uint64_t seed)
{
	unsigned char bytes[8] = { 0 };
	pid_t pid = start();

	if (pid)
		return pid;
	dice.state = seed;
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		broken("to be nobody");
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	while (!atomic_load(&shared->stop)) {
		struct call call = {
			.way = way_draw(&dice),
			.cmd = below(&dice, 2),
			.pid = victim,
			.address = (uintptr_t)arena(SIDE + below(&dice, shared->plan.pages)),
			.length = sizeof(bytes),
			.buffer = bytes,
		};
		long done = call_make(&call);

		if (done != -EPERM && done != -ESRCH)
			wrong("%s of somebody who may not: %ld", way_names[call.way], done);
		usleep(100);
	}
	_exit(0);
}
