// SPDX-License-Identifier: MIT
/*
 * Writes a value and counts its signals, by commands of a line each; first it says where the value
 * is. What it answers is what it has counted itself.
 *
 *   write N      writes so often
 *   signals N    writes so often with a queued signal before each, a breakpoint instruction and a
 *                step of its own behind it; answers how many of each came as they were sent
 *   fork N       a child writes so often: its exit status
 *   vfork N      the same, in this memory
 *   process N    the same, of clone() without a signal at its end
 *   queue N      so many signals that are blocked wait from then on
 *   busy 0       writes until there is another line
 *   crowd N      threads that begin and end, sixty at a time, so often: how often they write
 *   exec         this program anew
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define STEP 0x100	/* the trap flag */
#define CROWD 60
#define WRITES 3

static volatile uint32_t value[16] __attribute__((aligned(64)));
static volatile int queued, sum, breakpoints, steps, others;

static void write_often(int times)
{
	for (int i = 0; i < times; i++)
		value[0] = (uint32_t)i;
}

static void on_queued(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (info->si_code == SI_QUEUE && info->si_pid == getpid()) {
		queued++;
		sum += info->si_value.sival_int;
	} else {
		others++;
	}
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	ucontext_t *machine = context;

	(void)number;
	if (info->si_code == SI_KERNEL)
		breakpoints++;
	else if (info->si_code == TRAP_TRACE)
		steps++;
	else
		others++;
	machine->uc_mcontext.gregs[REG_EFL] &= ~STEP;
}

static void signals(int times)
{
	for (int i = 0; i < times; i++) {
		sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i });
		value[0] = (uint32_t)i;
		__asm__ volatile("int3");
		/* one step, of the instruction behind popf: a write that is watched, too */
#ifdef __x86_64__
		__asm__ volatile("subq $128, %%rsp\n pushfq\n orl $0x100, (%%rsp)\n popfq\n"
				 "movl $7, (%0)\n nop\n addq $128, %%rsp\n"
				 : : "r"(value) : "memory", "cc");
#else
		__asm__ volatile("pushfl\n orl $0x100, (%%esp)\n popfl\n movl $7, (%0)\n nop\n"
				 : : "r"(value) : "memory", "cc");
#endif
	}
	printf("%d %d %d %d %d\n", queued, sum, breakpoints, steps, others);
}

static void queue_blocked(int times)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGRTMIN + 1);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	for (int i = 0; i < times; i++)	/* to this thread, whose own they are */
		pthread_sigqueue(pthread_self(), SIGRTMIN + 1, (union sigval){ .sival_int = i });
	printf("%d\n", times);
}

static void write_until_told(void)
{
	struct pollfd line = { .fd = 0, .events = POLLIN };

	while (!poll(&line, 1, 0))
		write_often(10000);
}

static void *write_and_end(void *argument)
{
	write_often(WRITES);
	return argument;
}

static void crowd(int times)
{
	pthread_t threads[CROWD];
	int started = 0;

	for (int i = 0; i < times; i++) {
		int n = 0;

		while (n < CROWD && !pthread_create(&threads[n], NULL, write_and_end, NULL))
			n++;
		started += n;
		while (n)
			pthread_join(threads[--n], NULL);
	}
	printf("%d\n", started * WRITES);
}

static int write_in_child(void *times)
{
	write_often(*(int *)times);
	_exit(7);
}

static void await(pid_t child, int options)
{
	int status = 0;

	if (child > 0 && waitpid(child, &status, options) == child && WIFEXITED(status))
		printf("%d\n", WEXITSTATUS(status));
	else
		printf("status %x\n", (unsigned int)status);
}

static void start(const char *how, int times)
{
	static char stack[1 << 16] __attribute__((aligned(16)));
	pid_t child;

	if (!strcmp(how, "process")) {
		await(clone(write_in_child, stack + sizeof(stack), 0, &times), __WCLONE);
		return;
	}
	child = !strcmp(how, "vfork") ? vfork() : fork();
	if (!child) {
		write_often(times);
		_exit(7);
	}
	await(child, 0);
}

int main(int argc, char **argv)
{
	struct sigaction queue = { .sa_sigaction = on_queued, .sa_flags = SA_SIGINFO };
	struct sigaction trap = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	char line[64], how[16];
	int times;

	(void)argc;
	sigaction(SIGRTMIN, &queue, NULL);
	sigaction(SIGTRAP, &trap, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%p\n", (void *)value);
	while (fgets(line, sizeof(line), stdin)) {
		times = 0;
		if (sscanf(line, "%15s %d", how, &times) < 1)
			return 1;
		if (!strcmp(how, "write")) {
			write_often(times);
			printf("%d\n", times);
		} else if (!strcmp(how, "signals")) {
			signals(times);
		} else if (!strcmp(how, "queue")) {
			queue_blocked(times);
		} else if (!strcmp(how, "busy")) {
			write_until_told();
		} else if (!strcmp(how, "crowd")) {
			crowd(times);
		} else if (!strcmp(how, "exec")) {
			execv("/proc/self/exe", argv);
			return 1;
		} else {
			start(how, times);
		}
	}
	return 0;
}
