// SPDX-License-Identifier: MIT
/*
 * Threads of another process, stopped by ptrace(2) for a moment
 *
 * SEIZE and INTERRUPT leave no signal behind and no parent hears of them. What waits in a
 * call is taken out of it, and goes on with it afterwards; see again.c. One that was stopped
 * before, as by Ctrl-Z, stays so: a stop is taken up again when it is let go of.
 */
#include "stop.h"

#include "again.h"
#include "clock.h"
#include "pending.h"
#include "status.h"

#ifdef __x86_64__
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT (2 * FF_SECOND)		/* that a thread may take to stop */
#define STEP_LIMIT (FF_SECOND / 2)	/* that an instruction may take, and what comes between */
/* That one may take to come back then: let go of, it would keep registers that are not its own. */
#define FETCH_LIMIT (30 * FF_SECOND)
#define LOOK (3 * FF_MILLISECOND)	/* until it is asked what a thread does */
#define AWAY 10				/* such looks that find it asleep, one after the other */
#define ENDED 2				/* looks that find it ended, though nobody was told */
#define NAP_NS 20000
#define BIT(signal) (1ull << ((signal) - 1))

/* What an instruction may raise: a blocked one of these would reset its handler. */
#define RAISED (BIT(SIGTRAP) | BIT(SIGSEGV) | BIT(SIGILL) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGSYS))

/* Whether it stands, and how; someone in this process may have waited for all children. */
static bool stands_unseen(pid_t tid, int *status)
{
	siginfo_t info;

	if (ptrace(PTRACE_GETSIGINFO, tid, NULL, &info))
		return false;
	*status = info.si_signo << 8 | 0x7f;
	if (info.si_code >> 8 == PTRACE_EVENT_STOP)
		*status |= PTRACE_EVENT_STOP << 16;
	return true;
}

/* What it does, by the letter of its state; 0 where nothing is said of it. */
static char doing(pid_t tid)
{
	struct ff_status status = { 0 };

	ff_status_read(tid, &status);
	return status.state;
}

/*
 * Wait until it stands, for no longer than the limit; the status of wait(2). Times in which we
 * ourselves do not come to look, on a busy machine or one that sleeps, count for little.
 */
static int standing(struct ff_stopped *thread, int *status, uint64_t limit, bool asleep_will_do)
{
	uint64_t last = ff_clock_now(), look = last + LOOK, spent = 0;
	int away = 0, ended = 0;

	for (;;) {
		pid_t got = waitpid(thread->tid, status, __WALL | WNOHANG);
		uint64_t now;
		char state;

		if (got == thread->tid) {
			if (!WIFSTOPPED(*status))
				return -ESRCH;
			thread->here = true;
			return 0;
		}
		if (got < 0 && errno != EINTR)
			return errno == ECHILD ? -ESRCH : -errno;
		now = ff_clock_now();
		if (now > look) {
			look = now + LOOK;
			if (stands_unseen(thread->tid, status)) {
				thread->here = true;
				return 0;
			}
			state = doing(thread->tid);
			away = asleep_will_do && state == 'D' ? away + 1 : 0;
			if (away == AWAY)	/* not for a page that comes in a moment */
				return -EINPROGRESS;
			ended += state == 'Z';
			if (ended == ENDED)	/* a first thread; its end is told behind theirs */
				return -ESRCH;
		}
		spent += now - last < LOOK ? now - last : LOOK;
		last = now;
		if (spent > limit)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
	}
}

/* Why it may not be traced. */
static int refusal(pid_t tid)
{
	struct ff_status status;

	if (!ff_status_read(tid, &status))
		return -ESRCH;	/* it has ended, though it is still listed */
	return status.tracer ? -EALREADY : -EPERM;
}

int ff_stop_ask(struct ff_stopped *thread, pid_t tid)
{
	*thread = (struct ff_stopped){ .tid = tid };
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return errno == EPERM ? refusal(tid) : -errno;
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL)) {
		int status;

		waitpid(tid, &status, __WALL | WNOHANG);	/* it is ours to bury */
		return -ESRCH;
	}
	return 0;
}

int ff_stop_wait(struct ff_stopped *thread)
{
	int status, error;

	for (;;) {
		error = standing(thread, &status, LIMIT, true);
		if (error == -EINPROGRESS) {
			thread->away = true;
			return 0;
		}
		if (error)
			return error;
		thread->away = false;
		if (status >> 16 == PTRACE_EVENT_STOP)
			return 0;
		/* a signal came first: it gets it, and stops behind it; this stop took our
		 * asking away
		 */
		thread->here = false;
		if (ptrace(PTRACE_INTERRUPT, thread->tid, NULL, NULL) ||
		    ptrace(PTRACE_CONT, thread->tid, NULL, (void *)(intptr_t)WSTOPSIG(status)))
			return -errno;
	}
}

/*
 * Give it what came in the meantime: the first as if it came now, with all that is known of
 * it. Of two or more, which would have to come within an instruction, others are sent again.
 */
static void give(struct ff_stopped *thread)
{
	siginfo_t now;

	if (!thread->raised && !ptrace(PTRACE_GETSIGINFO, thread->tid, NULL, &now) &&
	    now.si_code >> 8 != PTRACE_EVENT_STOP &&
	    !ptrace(PTRACE_SETSIGINFO, thread->tid, NULL, &thread->first)) {
		thread->raised = thread->first.si_signo;
		thread->arrived &= ~BIT(thread->raised);
	}
	for (int signal = 1; signal <= 64; signal++)
		if (thread->arrived & BIT(signal))
			syscall(SYS_tkill, thread->tid, signal);
}

void ff_stop_end(struct ff_stopped *thread)
{
	int status;

	if (thread->away && waitpid(thread->tid, &status, __WALL | WNOHANG) == thread->tid)
		thread->here = WIFSTOPPED(status);
	if (!thread->here)
		return;
	ff_again_begin(thread->tid);
	if (thread->arrived)
		give(thread);
	ptrace(PTRACE_DETACH, thread->tid, NULL, (void *)(intptr_t)thread->raised);
	thread->here = false;
}

int ff_stop_registers(const struct ff_stopped *thread, struct user_regs_struct *registers)
{
	return ptrace(PTRACE_GETREGS, thread->tid, NULL, registers) ? -errno : 0;
}

int ff_stop_put(const struct ff_stopped *thread, const struct user_regs_struct *registers)
{
	return ptrace(PTRACE_SETREGS, thread->tid, NULL, registers) ? -errno : 0;
}

/*
 * What has stopped a thread that was stepped: whether it is a signal, and whose. SIGSTOP it
 * gets at once: the kernel knows whether SIGCONT has come since, and we would not.
 */
static int judge(struct ff_stopped *thread, int status, int *gets)
{
	int signal = WSTOPSIG(status);
	siginfo_t info = { 0 };

	if (status >> 16 == PTRACE_EVENT_STOP)	/* by our asking, or by Ctrl-Z */
		return -EAGAIN;
	if (signal == SIGSTOP) {
		*gets = signal;
		return -EAGAIN;
	}
	ptrace(PTRACE_GETSIGINFO, thread->tid, NULL, &info);
	if (!(RAISED & BIT(signal)) || info.si_code <= 0) {	/* sent: it gets it at the end */
		if (!thread->arrived)
			thread->first = info;
		thread->arrived |= BIT(signal);
		return -EAGAIN;
	}
	if (signal == SIGTRAP && info.si_code != SI_KERNEL)
		return 0;
	thread->raised = signal;
	return -EFAULT;
}

/* Whether this tells of a step. */
static bool is_step(const siginfo_t *info)
{
	return info->si_signo == SIGTRAP && info->si_code > 0;
}

/* One that does not come back from an instruction: it waits, in a call, and is taken out of it. */
static int fetch(struct ff_stopped *thread, int *status)
{
	ptrace(PTRACE_INTERRUPT, thread->tid, NULL, NULL);
	return standing(thread, status, FETCH_LIMIT, false);
}

static int step(struct ff_stopped *thread)
{
	uint64_t begin = ff_clock_now();
	int status, gets = 0, error = -EAGAIN;

	/* what has come must not be left behind: it would end the process */
	while (error == -EAGAIN &&
	       (ff_clock_now() - begin < STEP_LIMIT || ff_pending_has(thread->tid, is_step))) {
		thread->here = false;
		if (ptrace(PTRACE_SINGLESTEP, thread->tid, NULL, (void *)(intptr_t)gets))
			return -errno;
		gets = 0;
		error = standing(thread, &status, STEP_LIMIT, false);
		if (error == -ETIMEDOUT)
			error = fetch(thread, &status);
		if (!error)
			error = judge(thread, status, &gets);
	}
	if (gets)
		thread->raised = gets;
	return error == -EAGAIN ? -EBUSY : error;
}

int ff_stop_step(struct ff_stopped *thread)
{
	uint64_t most, before;
	int error;

	if (ptrace(PTRACE_GETSIGMASK, thread->tid, (void *)sizeof(before), &before))
		return -errno;
	/* what it blocks itself stays where it waits, but for what our step itself raises */
	most = (~RAISED | before) & ~(BIT(SIGTRAP) | BIT(SIGSYS));
	if (ptrace(PTRACE_SETSIGMASK, thread->tid, (void *)sizeof(most), &most))
		return -errno;
	error = step(thread);
	if (thread->here)
		ptrace(PTRACE_SETSIGMASK, thread->tid, (void *)sizeof(before), &before);
	return error;
}
#endif
