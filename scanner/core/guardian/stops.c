// SPDX-License-Identifier: MIT
/*
 * What stops a thread: a hit, a signal that is its own, or our asking
 *
 * A hit is a SIGTRAP that it never gets. All other signals it gets as they came. One that Ctrl-Z
 * has stopped stays so, and is listened to meanwhile; ptrace(2), "Group-stop".
 */
#include "guardian.h"

#ifdef __x86_64__
#include "clock.h"
#include "remote/again.h"
#include "remote/pending.h"
#include "watch/own_time.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define TELL_AFTER	32	/* hits: so many at once cost less than one by one */
#define NARROW_CODE	0x23	/* the code segment of 32-bit code */

/* ---- hits ---- */

static void take_registers(struct ff_exchange_record *record,
			   const struct user_regs_struct *registers)
{
	const uint64_t all[] = {
		registers->rax, registers->rbx, registers->rcx, registers->rdx, registers->rsi,
		registers->rdi, registers->rbp, registers->rsp, registers->rip, registers->eflags,
		registers->cs, registers->ss, registers->r8, registers->r9, registers->r10,
		registers->r11, registers->r12, registers->r13, registers->r14, registers->r15,
	};

	_Static_assert(sizeof(all) == sizeof(record->registers), "the order of <asm/perf_regs.h>");
	memcpy(record->registers, all, sizeof(all));
	record->ip = registers->rip;
	record->bits = registers->cs == NARROW_CODE ? 32 : 64;
}

/* By the thread's number: the first one of a process, which has the process's, may have ended. */
static uint32_t read_stack(pid_t tid, uint64_t address, void *bytes, size_t size)
{
	struct iovec here = { .iov_base = bytes, .iov_len = size };
	struct iovec there = { .iov_base = (void *)address, .iov_len = here.iov_len };
	ssize_t n;

	if (!size)
		return 0;
	n = process_vm_readv(tid, &here, 1, &there, 1, 0);
	return n > 0 ? (uint32_t)n : 0;
}

static void report(struct guardian *guardian, const struct tracee *tracee, int part)
{
	uint8_t stack[FF_WATCH_STACK];
	struct user_regs_struct registers;
	struct ff_exchange_record record = {
		.slot = (uint32_t)(tracee - guardian->tracees), .tid = (uint32_t)tracee->tid,
		.part = (uint32_t)part, .lost = guardian->unsaid, .time = ff_clock_now(),
	};

	__atomic_fetch_add(&guardian->exchange->fired, 1, __ATOMIC_RELAXED);
	if (ptrace(PTRACE_GETREGS, tracee->tid, NULL, &registers)) {
		guardian->unsaid++;
		return;
	}
	take_registers(&record, &registers);
	record.stack_size = read_stack(tracee->tid, registers.rsp, stack,
				       guardian->exchange->stack);
	if (!ff_exchange_put(guardian->exchange, &record, stack)) {
		guardian->unsaid++;
		return;
	}
	guardian->unsaid = 0;
	if (++guardian->fresh >= TELL_AFTER) {
		guardian->fresh = 0;
		send(guardian->socket, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

static bool is_of_debugging(const siginfo_t *info)
{
	return info->si_signo == SIGTRAP &&
	       (info->si_code == TRAP_HWBKPT || info->si_code == TRAP_TRACE);
}

/* ---- rests ---- */

/* What it has run, ns; it stands. 0 where the kernel does not say. */
static uint64_t ran(const struct tracee *tracee)
{
	uint64_t time = 0, waited;

	ff_times(tracee->tid, &time, &waited);
	return time;
}

static void begin_rest(struct tracee *tracee)
{
	tracee->rests = ran(tracee);
	if (tracee->hits > 1 && tracee->rests > tracee->began) {
		tracee->stretch.hits += tracee->hits - 1;
		tracee->stretch.ran += tracee->rests - tracee->began;
	}
	tracee->hits = 0;
}

/* Where there is no room to tell of it, it becomes a part of the next one. */
static void end_rest(struct guardian *guardian, struct tracee *tracee)
{
	struct ff_exchange_record record = {
		.slot = (uint32_t)(tracee - guardian->tracees), .tid = (uint32_t)tracee->tid,
		.part = FF_EXCHANGE_RESTED,
	};
	uint64_t now;

	if (!tracee->rests)
		return;
	now = ran(tracee);
	if (now > tracee->rests)
		tracee->stretch.rested += now - tracee->rests;
	tracee->rests = 0;
	record.stretch = tracee->stretch;
	if (ff_exchange_put(guardian->exchange, &record, NULL))
		tracee->stretch = (struct ff_stretch){ 0 };
}

/* ---- hits, again ---- */

/* Whether this signal is a hit; the one that the thread gets, 0 for none. */
static int judge(struct guardian *guardian, struct tracee *tracee, int signal)
{
	siginfo_t info = { 0 };
	bool stepped;
	int part;

	if (signal != SIGTRAP || ptrace(PTRACE_GETSIGINFO, tracee->tid, NULL, &info) ||
	    !is_of_debugging(&info))
		return signal;
	part = ff_registers_hit(&tracee->registers, tracee->tid, &stepped);
	if (part < 0)
		return signal;
	if (!tracee->hits++)
		tracee->began = ran(tracee);
	report(guardian, tracee, part);
	return stepped ? signal : 0;	/* a step that the target itself makes */
}

/* ---- going on ---- */

/* Give a thread that stands its registers, or take them. */
static void settle(struct guardian *guardian, struct tracee *tracee)
{
	const struct ff_exchange *exchange = guardian->exchange;
	bool awake = ff_tracee_is_awake(guardian, tracee);
	int error = 0;

	if (awake && !tracee->registers.armed) {
		end_rest(guardian, tracee);
		error = ff_registers_arm(&tracee->registers, tracee->tid, exchange->parts,
					 exchange->nparts, exchange->kind);
	} else if (!awake && tracee->registers.armed) {
		ff_registers_clear(&tracee->registers, tracee->tid);
		if (!guardian->ending)
			begin_rest(tracee);
	} else if (guardian->ending) {
		end_rest(guardian, tracee);
	}
	if (error && error != -ESRCH && !guardian->error)
		guardian->error = error;
	guardian->unmet -= !tracee->met;
	tracee->met = true;
}

/* Let it go on with a signal, or for ever where it is the end. */
static void go_on(struct guardian *guardian, struct tracee *tracee, int signal, bool stays)
{
	pid_t tid = tracee->tid;

	/* whatever stops it takes our asking away */
	tracee->asked = false;
	settle(guardian, tracee);
	if (!guardian->ending) {
		ptrace(stays ? PTRACE_LISTEN : PTRACE_CONT, tid, NULL, (void *)(intptr_t)signal);
		return;
	}
	/* a hit that waits to be told it would get for itself, if it were let go of */
	if (ff_pending_has(tid, is_of_debugging)) {
		ptrace(PTRACE_CONT, tid, NULL, (void *)(intptr_t)signal);
		return;
	}
	/* ESRCH: it has been killed, which wait(2) will say */
	if (!ptrace(PTRACE_DETACH, tid, NULL, (void *)(intptr_t)signal))
		ff_tracees_drop(guardian, tid);
}

static bool is_stop_signal(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* One that begins, or was asked, or that Ctrl-Z has stopped. */
static void take_stop(struct guardian *guardian, struct tracee *tracee, int signal)
{
	bool stays = is_stop_signal(signal);

	if (tracee->asked && !stays)
		ff_again_begin(tracee->tid);
	go_on(guardian, tracee, 0, stays);
}

/* Another program, in one thread that has the process's number now; its registers are clear. */
static void take_exec(struct guardian *guardian, pid_t tid)
{
	unsigned long former = 0;

	ptrace(PTRACE_GETEVENTMSG, tid, NULL, &former);
	ff_tracees_drop(guardian, (pid_t)former);
	ff_tracees_drop(guardian, tid);
	guardian->exchange->replaced = true;
	guardian->ending = true;
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
}

void ff_stops_take(struct guardian *guardian, pid_t tid, int status)
{
	struct tracee *tracee = ff_tracees_find(guardian, tid);
	int signal = WSTOPSIG(status), event = status >> 16;

	if (!WIFSTOPPED(status)) {
		ff_tracees_drop(guardian, tid);
		return;
	}
	/* what is started is traced from its first instruction on, and stops before it */
	if (!tracee && (!syscall(SYS_tgkill, guardian->process, tid, 0) || errno != ESRCH))
		tracee = ff_tracees_add(guardian, tid);
	if (!tracee) {	/* a process of its own, by a call that is like a thread's */
		ptrace(PTRACE_DETACH, tid, NULL, NULL);
		return;
	}
	if (event == PTRACE_EVENT_EXEC)
		take_exec(guardian, tid);
	else if (event == PTRACE_EVENT_STOP)
		take_stop(guardian, tracee, signal);
	else if (event)
		go_on(guardian, tracee, 0, false);
	else
		go_on(guardian, tracee, judge(guardian, tracee, signal), false);
}
#endif
