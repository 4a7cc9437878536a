// SPDX-License-Identifier: MIT
/*
 * Restartable sequences, which a thread that was interrupted begins anew; rseq(2)
 *
 * The kernel sends a thread that was off its processor to where its sequence is aborted, but
 * only if it goes on in the middle of it. One that is made to do a call elsewhere has left it
 * for the kernel, which forgets the sequence; set back it would go on in the middle as if
 * nothing had been, on values that others have changed. So we do what the kernel would have.
 * The layouts are those of linux/rseq.h.
 */
#include "restartable.h"

#ifdef __x86_64__
#include <errno.h>
#include <stdint.h>
#include <sys/ptrace.h>

#define CONFIGURATION 0x420f	/* PTRACE_GET_RSEQ_CONFIGURATION, of Linux 5.13 */
#define SEQUENCE 8		/* of struct rseq: where its sequence is described, or 0 */

struct configuration {
	uint64_t address;
	uint32_t size, signature, flags, pad;
};

/* Of struct rseq_cs. */
#define START 8
#define SIZE 16
#define ABORT 24

static bool look(pid_t tid, uint64_t address, uint64_t *word)
{
	errno = 0;
	*word = (uint64_t)ptrace(PTRACE_PEEKDATA, tid, (void *)address, NULL);
	return !errno;
}

void ff_restartable_abort(const struct ff_stopped *thread, struct user_regs_struct *registers)
{
	struct configuration known = { 0 };
	uint64_t at, start, size, abort;

	if (ptrace(CONFIGURATION, thread->tid, (void *)sizeof(known), &known) <= 0)
		return;
	if (!known.address || !look(thread->tid, known.address + SEQUENCE, &at) || !at)
		return;
	if (!look(thread->tid, at + START, &start) || !look(thread->tid, at + SIZE, &size) ||
	    !look(thread->tid, at + ABORT, &abort))
		return;
	if (registers->rip - start < size)
		registers->rip = abort;
}
#endif
