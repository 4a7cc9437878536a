// SPDX-License-Identifier: MIT
/*
 * The threads of the target, by their numbers
 */
#include "guardian.h"

#ifdef __x86_64__
#include "remote/status.h"
#include "tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <unistd.h>

#define NUMBERS	0x400000u	/* of threads: what the kernel has at the most */
#define ROUNDS	256		/* of looking for threads that have begun since */
#define QUIET	2		/* looks that find none */
#define OPTIONS	(PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

int ff_tracees_init(struct guardian *guardian)
{
	void *map = mmap(NULL, NUMBERS * sizeof(*guardian->place_of), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return -errno;
	guardian->place_of = map;
	return 0;
}

struct tracee *ff_tracees_find(const struct guardian *guardian, pid_t tid)
{
	uint32_t place = tid > 0 && tid < (pid_t)NUMBERS ? guardian->place_of[tid] : 0;

	return place ? &guardian->tracees[place - 1] : NULL;
}

/* Those that have ended leave their places to others. */
static ssize_t free_place(struct guardian *guardian)
{
	struct tracee *more;
	size_t room;

	if (guardian->alive < guardian->n) {
		for (size_t i = 0; i < guardian->n; i++) {
			if (!guardian->tracees[i].tid)
				return (ssize_t)i;
		}
	}
	if (guardian->n == guardian->room) {
		room = guardian->room ? 2 * guardian->room : 64;
		more = realloc(guardian->tracees, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		guardian->tracees = more;
		guardian->room = room;
	}
	return (ssize_t)guardian->n++;
}

struct tracee *ff_tracees_add(struct guardian *guardian, pid_t tid)
{
	ssize_t place = tid < (pid_t)NUMBERS ? free_place(guardian) : -ENOMEM;

	if (place < 0)
		return NULL;
	guardian->tracees[place] = (struct tracee){ .tid = tid };
	guardian->place_of[tid] = (uint32_t)place + 1;
	guardian->alive++;
	guardian->unmet++;
	return &guardian->tracees[place];
}

void ff_tracees_drop(struct guardian *guardian, pid_t tid)
{
	struct tracee *tracee = ff_tracees_find(guardian, tid);

	if (!tracee)
		return;
	guardian->unmet -= !tracee->met;
	guardian->alive--;
	guardian->place_of[tid] = 0;
	tracee->tid = 0;
}

/*
 * Trace one that is not. 1 when it is traced now, 0 when it was, has ended or was started by one
 * that is.
 */
static ssize_t seize(void *context, pid_t tid)
{
	struct guardian *guardian = context;
	struct ff_status status;

	if (ff_tracees_find(guardian, tid))
		return 0;
	if (!ptrace(PTRACE_SEIZE, tid, NULL, (void *)OPTIONS))
		return ff_tracees_add(guardian, tid) ? 1 : -ENOMEM;
	if (errno == ESRCH)
		return 0;
	if (errno != EPERM)
		return -errno;
	if (!ff_status_read(tid, &status) || status.tracer == getpid())
		return 0;
	return status.tracer ? -EALREADY : -EPERM;
}

int ff_tracees_seize(struct guardian *guardian)
{
	int quiet = 0;

	for (int round = 0; round < ROUNDS && quiet < QUIET; round++) {
		ssize_t fresh = ff_tasks_each(guardian->process, seize, guardian);

		if (fresh < 0)
			return (int)fresh;
		quiet = fresh ? 0 : quiet + 1;
	}
	return guardian->alive ? 0 : -ESRCH;
}

bool ff_tracee_is_awake(const struct guardian *guardian, const struct tracee *tracee)
{
	size_t slot = (size_t)(tracee - guardian->tracees);

	if (guardian->ending)
		return false;
	return slot >= FF_EXCHANGE_SLOTS ||
	       __atomic_load_n(&guardian->exchange->rest[slot], __ATOMIC_ACQUIRE) != tracee->tid;
}

void ff_tracees_ask(struct guardian *guardian, bool all)
{
	for (size_t i = 0; i < guardian->n; i++) {
		struct tracee *tracee = &guardian->tracees[i];

		/* one that is to rest does so at its next hit */
		if (!tracee->tid || tracee->asked ||
		    (!all && (tracee->registers.armed || !ff_tracee_is_awake(guardian, tracee))))
			continue;
		tracee->asked = !ptrace(PTRACE_INTERRUPT, tracee->tid, NULL, NULL);
	}
}

bool ff_tracees_are_away(const struct guardian *guardian)
{
	struct ff_status status;

	for (size_t i = 0; i < guardian->n; i++) {
		const struct tracee *tracee = &guardian->tracees[i];

		if (tracee->tid && !tracee->met && ff_status_read(tracee->tid, &status) &&
		    status.state != 'D')
			return false;
	}
	return true;
}
#endif
