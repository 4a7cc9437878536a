// SPDX-License-Identifier: MIT
/*
 * Threads of another process, stopped by ptrace(2) for a moment
 *
 * SEIZE and INTERRUPT leave no signal behind and no parent hears of them. What waits in a
 * call is taken out of it; most calls the kernel begins again by itself when the thread goes
 * on, but epoll_wait(2), sigtimedwait(2) and recv(2) with a time limit would say EINTR
 * (signal(7)): these are set back to their beginning here.
 */
#include "stop.h"

#include "clock.h"

#ifdef __x86_64__
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#define LIMIT_NS 2000000000ull	/* that a thread may take to stop */
#define NAP_NS 20000
#define INSTRUCTION 2		/* bytes of syscall, sysenter and int 0x80 */

/* Wait until it stands, for no longer than the limit; the status of wait(2). */
static int standing(struct ff_stopped *thread, int *status)
{
	uint64_t end = ff_clock_now() + LIMIT_NS;

	for (;;) {
		pid_t got = waitpid(thread->tid, status, __WALL | WNOHANG);

		if (got == thread->tid) {
			if (WIFSTOPPED(*status)) {
				thread->here = true;
				return 0;
			}
			return -ESRCH;
		}
		if (got < 0 && errno != EINTR)
			return errno == ECHILD ? -ESRCH : -errno;
		if (ff_clock_now() > end)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
	}
}

int ff_stop_ask(struct ff_stopped *thread, pid_t tid)
{
	thread->tid = tid;
	thread->here = false;
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return -errno;
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL))
		return -errno;
	return 0;
}

int ff_stop_wait(struct ff_stopped *thread)
{
	int status, error;

	for (;;) {
		error = standing(thread, &status);
		if (error)
			return error;
		if (status >> 16 == PTRACE_EVENT_STOP)
			return 0;
		/* a signal came first: it gets it, and stops behind it */
		thread->here = false;
		if (ptrace(PTRACE_CONT, thread->tid, NULL, (void *)(intptr_t)WSTOPSIG(status)))
			return -errno;
	}
}

/* A call that was taken out of its wait, and that the kernel would not begin again. */
static void begin_again(const struct ff_stopped *thread)
{
	struct user_regs_struct registers;

	if (ff_stop_registers(thread, &registers))
		return;
	if ((int)registers.orig_rax < 0 || (int)registers.rax != -EINTR)
		return;
	registers.rip -= INSTRUCTION;
	registers.rax = registers.orig_rax;
	registers.orig_rax = -1ull;
	ff_stop_put(thread, &registers);
}

void ff_stop_end(struct ff_stopped *thread)
{
	if (!thread->here)
		return;
	begin_again(thread);
	ptrace(PTRACE_DETACH, thread->tid, NULL, NULL);
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

int ff_stop_step(struct ff_stopped *thread)
{
	/* all but what an instruction raises: a blocked one of these would reset its handler */
	uint64_t most = ~((1ull << (SIGTRAP - 1)) | (1ull << (SIGSEGV - 1)) |
			  (1ull << (SIGILL - 1)) | (1ull << (SIGBUS - 1)) |
			  (1ull << (SIGFPE - 1)) | (1ull << (SIGSYS - 1)));
	uint64_t before;
	int status, error;

	if (ptrace(PTRACE_GETSIGMASK, thread->tid, (void *)sizeof(before), &before))
		return -errno;
	if (ptrace(PTRACE_SETSIGMASK, thread->tid, (void *)sizeof(most), &most))
		return -errno;
	thread->here = false;
	if (ptrace(PTRACE_SINGLESTEP, thread->tid, NULL, NULL)) {
		thread->here = true;
		error = -errno;
	} else {
		error = standing(thread, &status);
	}
	if (thread->here)
		ptrace(PTRACE_SETSIGMASK, thread->tid, (void *)sizeof(before), &before);
	if (!error && WSTOPSIG(status) != SIGTRAP)
		error = -EFAULT;
	return error;
}
#endif
