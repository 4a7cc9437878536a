// SPDX-License-Identifier: MIT
/*
 * Who traces: a process of its own, for as long as that takes
 *
 * A tracer is told of each stop by wait(2), and so is every thread of its process: a
 * waitpid(2) elsewhere in it, such as that of Python's Popen.poll(), would take the stop of a
 * thread for the end of a child, or take it away from us. So we trace from another process,
 * which shares our memory, as vfork(2) makes it: nobody else waits in it, no SIGCHLD comes
 * to us, and it brings to an end what it has begun even where we are killed meanwhile.
 *
 * Where it may not trace a thread of ours does it: Yama lets a process trace its own
 * descendants, and what we started is ours, not this one's. One that ends lets go of all
 * that it traces.
 */
#include "tracer.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK (256u << 10)	/* bytes, the last of which nothing may be */
#define GUARD (4u << 10)

struct errand {
	int (*work)(void *data);
	void *data;
	int error;
};

static int in_process(void *errand)
{
	struct errand *mine = errand;

	mine->error = mine->work(mine->data);
	return 0;
}

static void *in_thread(void *errand)
{
	in_process(errand);
	return NULL;
}

/* No signal is sent when it ends, so nobody but us can wait for it. False: there is none. */
static bool by_process(struct errand *errand)
{
	const int flags = CLONE_VM | CLONE_VFORK | CLONE_FS | CLONE_FILES;
	uint8_t *stack;
	pid_t child;

	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
		     -1, 0);
	if (stack == MAP_FAILED)
		return false;
	mprotect(stack, GUARD, PROT_NONE);
	errand->error = -ECANCELED;
	child = clone(in_process, stack + STACK, flags, errand);
	if (child > 0)
		waitpid(child, NULL, __WCLONE);
	munmap(stack, STACK);
	return child > 0;
}

static void by_thread(struct errand *errand)
{
	pthread_t thread;
	int error;

	error = pthread_create(&thread, NULL, in_thread, errand);
	if (error)	/* else the thread may have said its own already */
		errand->error = -error;
	else
		pthread_join(thread, NULL);
}

/* Such a one would be stopped in the middle of what the other needs, as an allocation. */
static bool is_ours(pid_t tid)
{
	char name[40];

	snprintf(name, sizeof(name), "/proc/self/task/%d", (int)tid);
	return !access(name, F_OK);
}

int ff_tracer_run(pid_t tid, int (*work)(void *data), void *data)
{
	struct errand errand = { .work = work, .data = data };
	sigset_t all, before;

	sigfillset(&all);	/* no signal of ours comes between */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (is_ours(tid) || !by_process(&errand) || errand.error == -EPERM)
		by_thread(&errand);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return errand.error;
}
