// SPDX-License-Identifier: MIT
/*
 * What another process does for us: a system call, and standing still while its code changes
 *
 * A call is made by one thread, which is stopped, set on a syscall instruction that it has
 * anyway, stepped over it and set back: 60 to 160 microseconds. Code is changed while no
 * thread runs, and none is inside of what changes: each of those is stepped out first. No
 * order of writes would do without (a thread between two of three old instructions goes on
 * in the middle of the new one).
 */
#include "../ff.h"
#include "borrowers.h"
#include "clock.h"
#include "frames.h"
#include "herd.h"
#include "restartable.h"
#include "status.h"
#include "stop.h"
#include "tracer.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __x86_64__

#define FIRST_RESTART 512	/* results of calls that have not been made: ERESTARTSYS, … */
#define LAST_RESTART 516	/* … ERESTART_RESTARTBLOCK */
#define STEPS 256	/* until a thread is out of what changes */
#define PATIENCE FF_SECOND	/* until no signal handler returns into it, and no child runs */

/* What is done with another process's threads; see tracer.h. */
struct task {
	int (*work)(struct task *task);
	int id;			/* of a thread, or of the process, which its first thread has */
	int memory;
	const struct ff_remote_call *call;
	int64_t *result;
	const struct ff_remote_piece *pieces;
	size_t n;
	size_t *failed;
};

static int begin(void *task)
{
	return ((struct task *)task)->work(task);
}

/* Set the registers for a call; 32-bit code has its own, and its own numbers. */
static void set_call(struct user_regs_struct *registers, const struct ff_remote_call *call)
{
	registers->rip = call->at;
	registers->rax = call->number;
	registers->orig_rax = -1ull;
	if (call->narrow) {
		registers->rbx = call->arguments[0];
		registers->rcx = call->arguments[1];
		registers->rdx = call->arguments[2];
		registers->rsi = call->arguments[3];
		registers->rdi = call->arguments[4];
		registers->rbp = call->arguments[5];
	} else {
		registers->rdi = call->arguments[0];
		registers->rsi = call->arguments[1];
		registers->rdx = call->arguments[2];
		registers->r10 = call->arguments[3];
		registers->r8 = call->arguments[4];
		registers->r9 = call->arguments[5];
	}
}

/* Whether the call was made, and what it came to; one that was slow may be, too. */
static bool is_done(const struct ff_stopped *thread, const struct ff_remote_call *call,
		    int64_t *result)
{
	struct user_regs_struct now;

	if (ff_stop_registers(thread, &now) || now.rip != call->at + 2)
		return false;
	*result = call->narrow ? (int32_t)now.rax : (int64_t)now.rax;
	return *result > -FIRST_RESTART || *result < -LAST_RESTART;
}

static int call_stopped(struct ff_stopped *thread, const struct ff_remote_call *call,
			int64_t *result)
{
	struct user_regs_struct before, now;
	bool narrow;
	int error;

	error = ff_stop_registers(thread, &before);
	if (error)
		return error;
	narrow = before.cs == 0x23;
	if (narrow != call->narrow)
		return -EAGAIN;
	now = before;
	set_call(&now, call);
	if ((int64_t)before.orig_rax < 0)	/* it was running, not in a call */
		ff_restartable_abort(thread, &before);
	error = ff_stop_put(thread, &now);
	if (!error)
		error = ff_stop_step(thread);
	if (thread->here && (!error || error == -EBUSY) && is_done(thread, call, result))
		error = 0;
	else if (!error)
		error = -EFAULT;
	if (error == -EFAULT)
		thread->raised = 0;	/* by what it has not done itself */
	if (thread->here)	/* whatever has become of it */
		ff_stop_put(thread, &before);
	return error;
}

static int make_call(struct task *task)
{
	struct ff_stopped thread;
	int error;

	error = ff_stop_ask(&thread, task->id);
	if (!error)
		error = ff_stop_wait(&thread);
	if (!error && thread.away)
		error = -EINPROGRESS;
	if (!error)
		error = call_stopped(&thread, task->call, task->result);
	ff_stop_end(&thread);
	return error;
}

int ff_remote_syscall(int tid, const struct ff_remote_call *call, int64_t *result)
{
	struct task task = { .work = make_call, .id = tid, .call = call, .result = result };

	return ff_tracer_run(task.id, begin, &task);
}

static bool is_inside(uint64_t ip, const struct ff_remote_piece *pieces, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ip > pieces[i].address && ip - pieces[i].address < pieces[i].size)
			return true;
	return false;
}

/* Step a thread until it is out of what changes; one that sleeps has to be. */
static int step_out(struct ff_stopped *thread, const struct ff_remote_piece *pieces, size_t n)
{
	struct user_regs_struct registers;
	uint64_t ip;
	int error;

	if (!thread->here)	/* it has ended, or sleeps */
		return thread->away && ff_status_goes_on(thread->tid, &ip) &&
		       is_inside(ip, pieces, n) ? -EBUSY : 0;

	for (int steps = 0; steps < STEPS; steps++) {
		error = ff_stop_registers(thread, &registers);
		if (error || !is_inside(registers.rip, pieces, n))
			return error;
		error = ff_stop_step(thread);
		if (error)
			return error;
	}
	return -EBUSY;
}

static int put(int memory, uint64_t address, const uint8_t *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pwrite(memory, bytes + done, size - done, (off_t)(address + done));

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

static int is_there(int memory, uint64_t address, const uint8_t *bytes, size_t size)
{
	uint8_t there[256];

	for (size_t done = 0; done < size;) {
		size_t want = size - done < sizeof(there) ? size - done : sizeof(there);

		if (pread(memory, there, want, (off_t)(address + done)) != (ssize_t)want)
			return -EIO;
		if (memcmp(there, bytes + done, want))
			return -EILSEQ;
		done += want;
	}
	return 0;
}

/* Look whether the old bytes are all there, then put the new ones; back where one fails. */
static int change(int memory, const struct ff_remote_piece *pieces, size_t n, size_t *failed)
{
	int error = 0;
	size_t i;

	for (i = 0; i < n && !error; i++) {
		*failed = i;
		error = is_there(memory, pieces[i].address, pieces[i].before, pieces[i].size);
	}
	if (error)
		return error;
	for (i = 0; i < n && !error; i++) {
		*failed = i;
		error = put(memory, pieces[i].address, pieces[i].after, pieces[i].size);
		if (!error)
			error = is_there(memory, pieces[i].address, pieces[i].after,
					 pieces[i].size);
	}
	while (error && i--)
		put(memory, pieces[i].address, pieces[i].before, pieces[i].size);
	return error;
}

/* Whether a thread that stands in a signal's handler will go on inside of what changes. */
static bool returns_inside(const struct ff_stopped *thread, const struct task *task)
{
	struct user_regs_struct registers;

	return thread->here && !ff_stop_registers(thread, &registers) &&
	       ff_frames_return_into(task->memory, registers.rsp, task->pieces, task->n);
}

/* Whether a child of a thread that sleeps as in vfork(2) runs what changes, or might. */
static bool lends(const struct ff_stopped *thread, const struct task *task)
{
	return thread->away && ff_borrowers_run(thread->tid, task->pieces, task->n);
}

static int change_now(struct task *task)
{
	struct ff_herd herd = { 0 };
	int error;

	error = ff_herd_stop(&herd, task->id);
	for (size_t i = 0; i < herd.n && !error; i++) {
		error = step_out(&herd.threads[i], task->pieces, task->n);
		if (error == -ESRCH)
			error = 0;
		if (!error && (returns_inside(&herd.threads[i], task) ||
			       lends(&herd.threads[i], task)))
			error = -EINTR;
	}
	if (!error)
		error = change(task->memory, task->pieces, task->n, task->failed);
	ff_herd_end(&herd);
	return error;
}

/*
 * Handlers of signals, and children of vfork(2), are let run to their ends. A thread that sleeps
 * is let go of by the end of what traces it only, so that each try has a tracer of its own.
 */
int ff_remote_change(int pid, int memory, const struct ff_remote_piece *pieces, size_t n,
		     size_t *failed)
{
	struct task task = { .work = change_now, .id = pid, .memory = memory, .pieces = pieces,
			     .n = n, .failed = failed };
	uint64_t first = ff_clock_now();
	int error;

	while ((error = ff_tracer_run(task.id, begin, &task)) == -EINTR) {
		if (ff_clock_now() - first > PATIENCE)
			return -EBUSY;
		nanosleep(&(struct timespec){ .tv_nsec = FF_MILLISECOND / 4 }, NULL);
	}
	return error;
}

#else

int ff_remote_syscall(int tid, const struct ff_remote_call *call, int64_t *result)
{
	(void)tid;
	(void)call;
	(void)result;
	return -ENOSYS;
}

int ff_remote_change(int pid, int memory, const struct ff_remote_piece *pieces, size_t n,
		     size_t *failed)
{
	(void)pid;
	(void)memory;
	(void)pieces;
	(void)n;
	(void)failed;
	return -ENOSYS;
}

#endif
