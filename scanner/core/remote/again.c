// SPDX-License-Identifier: MIT
/*
 * System calls that say EINTR when their thread is stopped, and that may be begun again
 *
 * Most calls the kernel itself begins again, or goes on with for the rest of their time, when
 * no signal is delivered after all (ERESTARTSYS, ERESTART_RESTARTBLOCK): read, poll, futex,
 * nanosleep. Those below it does not; signal(7), "Interruption of system calls". They have done
 * nothing yet when they say EINTR, which others may not be asked to repeat: close(2) has
 * closed its file, connect(2) goes on connecting, and of an ioctl(2) nobody knows.
 */
#include "again.h"

#include "status.h"

#ifdef __x86_64__
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>

#define NARROW_CODE 0x23	/* the code segment of 32-bit code */
#define INSTRUCTION 2		/* bytes of syscall and int 0x80 */
#define SOCKETCALL 102		/* of 32 bits; which call is in ebx, as of ipc */
#define IPC 117

static const uint16_t wide[] = {
	0, 1, 19, 20,			/* read, write, readv, writev: of sockets with a limit */
	43, 44, 45, 46, 47, 288,	/* accept, send…, recv…, accept4 */
	299, 307,			/* recvmmsg, sendmmsg */
	65, 220,			/* semop, semtimedop */
	128,				/* rt_sigtimedwait */
	208, 333,			/* io_getevents, io_pgetevents */
	232, 281, 441,			/* epoll_wait, epoll_pwait, epoll_pwait2 */
	426,				/* io_uring_enter */
};

static const uint16_t narrow[] = {
	3, 4, 145, 146, 364, 369, 370, 371, 372, 337, 345, 417,
	393, 420, 177, 421, 247, 385, 416, 256, 319, 441, 426,
};

static const uint16_t sockets[] = { 5, 9, 10, 11, 12, 16, 17, 18, 19, 20 };
static const uint16_t semaphores[] = { 1, 4 };

static bool is_among(uint64_t number, const uint16_t *numbers, size_t n)
{
	while (n--)
		if (numbers[n] == number)
			return true;
	return false;
}

#define AMONG(number, numbers) is_among(number, numbers, sizeof(numbers) / sizeof(*(numbers)))

bool ff_again_is(const struct user_regs_struct *registers)
{
	uint64_t number = registers->orig_rax;

	if ((int)registers->orig_rax < 0 || (int)registers->rax != -EINTR)
		return false;
	if (registers->cs != NARROW_CODE)
		return AMONG(number, wide);
	if (number == SOCKETCALL)
		return AMONG(registers->rbx & 0xffffffff, sockets);
	if (number == IPC)
		return AMONG(registers->rbx & 0xffff, semaphores);
	return AMONG(number, narrow);
}

void ff_again_set(struct user_regs_struct *registers)
{
	registers->rip -= INSTRUCTION;
	registers->rax = registers->orig_rax;
	registers->orig_rax = -1ull;
}

void ff_again_begin(pid_t tid)
{
	struct user_regs_struct registers;
	struct ff_status status;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &registers) || !ff_again_is(&registers))
		return;
	if (!ff_status_read(tid, &status) || status.handler_waits)
		return;
	ff_again_set(&registers);
	ptrace(PTRACE_SETREGS, tid, NULL, &registers);
}
#endif
