/* SPDX-License-Identifier: MIT */
/*
 * A process that traces another one for a watch, and lets go of it in order whatever becomes of us
 */
#ifndef FF_GUARDIAN_H
#define FF_GUARDIAN_H

#include "watch/exchange.h"
#include "watch/registers.h"

#ifdef __x86_64__
/* A thread of the target. */
struct tracee {
	pid_t tid;		/* 0: the place is free */
	bool met;		/* it has been stopped, and given its registers, once */
	bool asked;		/* to stop, and has not yet */
	uint64_t hits;		/* since its registers were armed */
	uint64_t began;		/* ns that it had run at the first of these */
	uint64_t rests;		/* and when they were cleared, to rest; 0: they do not */
	struct ff_stretch stretch;	/* that nobody has been told of */
	struct ff_registers registers;
};

struct guardian {
	struct ff_exchange *exchange;
	pid_t process;
	struct tracee *tracees;	/* the place of each is its slot */
	size_t n, room;		/* places, of which some are free */
	size_t alive, unmet;
	uint32_t *place_of;	/* by thread, 1 + its place; 0: none */
	uint64_t unsaid;	/* hits that there was no room for since the last record */
	uint32_t fresh;		/* records that nobody has been told of */
	int socket;
	int error;		/* why it cannot be watched */
	bool ending;
};

/* ---- tracees.c ---- */

int ff_tracees_init(struct guardian *guardian);
struct tracee *ff_tracees_find(const struct guardian *guardian, pid_t tid);
/* NULL without memory. */
struct tracee *ff_tracees_add(struct guardian *guardian, pid_t tid);
void ff_tracees_drop(struct guardian *guardian, pid_t tid);
/* Trace all threads of the process. -EALREADY when somebody else does. */
int ff_tracees_seize(struct guardian *guardian);
/* Ask threads to stop: all, or those alone whose registers are not as they should be. */
void ff_tracees_ask(struct guardian *guardian, bool all);
/* Whether each of those that have not stopped yet sleeps in a way that nothing interrupts. */
bool ff_tracees_are_away(const struct guardian *guardian);
/* Whether a thread is to have its registers armed now. */
bool ff_tracee_is_awake(const struct guardian *guardian, const struct tracee *tracee);

/* ---- stops.c ---- */

/* A thread has stopped or ended, as wait(2) says: do what is due, and let it go on. */
void ff_stops_take(struct guardian *guardian, pid_t tid, int status);
#endif

#endif
