/* SPDX-License-Identifier: MIT */
/*
 * Threads of another process, stopped by ptrace(2) for a moment
 */
#ifndef FF_STOP_H
#define FF_STOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __x86_64__
#include <signal.h>
#include <sys/user.h>

/*
 * All that is done with a stopped thread is done by what stopped it, which then ends; see
 * tracer.h: whatever could not be let go of in order, the kernel lets go of then.
 */
struct ff_stopped {
	pid_t tid;
	bool here;		/* it stands still */
	bool away;		/* it sleeps in the kernel, and stops before it leaves that */
	uint64_t arrived;	/* signals that came in the meantime, by their bits */
	siginfo_t first;	/* about the first of these */
	int raised;		/* the one that it stands before, and gets when it goes on, or 0 */
};

/*
 * Ask a thread to stop where it is, then wait for it: of many all are asked first. -ESRCH
 * when it has ended, -EALREADY when somebody else traces it, -EPERM when we may not.
 */
int ff_stop_ask(struct ff_stopped *thread, pid_t tid);
/* 0 also when it is away; -ESRCH when it has ended, -ETIMEDOUT when it does not stop. */
int ff_stop_wait(struct ff_stopped *thread);
/* Let it go on, as if nothing had been; a call that would now say EINTR is begun again. */
void ff_stop_end(struct ff_stopped *thread);
int ff_stop_registers(const struct ff_stopped *thread, struct user_regs_struct *registers);
int ff_stop_put(const struct ff_stopped *thread, const struct user_regs_struct *registers);
/*
 * One instruction; -ESRCH when it has ended of it, -EFAULT when the instruction raised a
 * signal, which it gets when it is let go of, -EBUSY when it waits.
 */
int ff_stop_step(struct ff_stopped *thread);
#endif

#endif
