// SPDX-License-Identifier: MIT
/*
 * A program of sixteen threads that count and check themselves; see restless.py
 *
 * Four compute and compare, four wait and look how that ends, four start threads and wait for
 * them; four do nothing but call one function, which is what others hook. All count with it,
 * and what they count has to be there. Each signal of real time is counted once.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define THREADS 16

struct counter { unsigned long pad, counted; };
void count(struct counter *counter);

/* Its bytes are known: eight in an aligned word, so that hooks of five fit, or do not. */
#ifdef __x86_64__
__asm__(".text\n.p2align 5\n nop\n nop\n nop\n nop\n nop\n"
	".globl count\n.type count,@function\ncount:\n"
	" mov 8(%rdi), %rax\n inc %rax\n mov %rax, 8(%rdi)\n ret\n.size count,.-count\n");
#else
__asm__(".text\n.p2align 5\n nop\n nop\n nop\n nop\n nop\n"
	".globl count\n.type count,@function\ncount:\n"
	" mov 4(%esp), %edx\n mov 4(%edx), %eax\n inc %eax\n mov %eax, 4(%edx)\n ret\n"
	".size count,.-count\n");
#endif

static atomic_int stop;
static int is_stopped;	/* by job control, which ends some waits early; signal(7) */
static atomic_ulong wrong, signals;

static void handle(int signal)
{
	(void)signal;
	signals++;
}

/* Registers of both kinds are as they were: sums whose results are known. */
static void compute(void)
{
	uint64_t state = 1, whole = 0;
	double sum = 0.0;

	for (int i = 1; i <= 2000; i++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		whole += (uint64_t)i;
		sum += (double)i;
	}
	wrong += whole != 2001000 || sum != 2001000.0 || state != 0x4a4653830bba2651ull;
}

/* Each wait ends by its time, and by nothing else. */
static void rest(int epoll, int round)
{
	struct timespec time = { .tv_nsec = 300000 };
	struct epoll_event event;
	sigset_t none;

	sigemptyset(&none);
	switch (round % 4) {
	case 0:
		wrong += epoll_wait(epoll, &event, 1, 1) != 0 && !(is_stopped && errno == EINTR);
		break;
	case 1:
		wrong += nanosleep(&time, NULL) != 0;
		break;
	case 2:
		wrong += poll(NULL, 0, 1) != 0;
		break;
	default:
		sigaddset(&none, SIGUSR2);
		wrong += sigtimedwait(&none, NULL, &time) != -1 ||
			 (errno != EAGAIN && !(is_stopped && errno == EINTR));
	}
}

static void *brief(void *counter)
{
	count(counter);
	return NULL;
}

static void start(struct counter *counter, unsigned long *expected)
{
	pthread_t threads[3];
	struct counter apart[3] = { 0 };

	for (int i = 0; i < 3; i++)
		wrong += pthread_create(&threads[i], NULL, brief, &apart[i]) != 0;
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		wrong += apart[i].counted != 1;
	}
	count(counter);
	++*expected;
}

static void *work(void *number)
{
	struct counter counter = { 0 };
	unsigned long expected = 0;
	int kind = (int)(intptr_t)number / (THREADS / 4), epoll = epoll_create1(0);
	sigset_t all;

	if (kind == 1) {	/* signals would end its waits: others get them */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, NULL);
	}
	for (int round = 0; !stop; round++) {
		if (kind == 0)
			compute();
		else if (kind == 1)
			rest(epoll, round);
		else if (kind == 2)
			start(&counter, &expected);
		for (int i = 0; i < 50; i++, expected++)
			count(&counter);
	}
	wrong += counter.counted != expected;
	close(epoll);
	return NULL;
}

/* [stopped] */
int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
	pthread_t threads[THREADS];
	char line[16];

	(void)argv;
	is_stopped = argc > 1;
	sigaction(SIGRTMIN + 3, &action, NULL);
	for (intptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	printf("%p\n", (void *)count);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("%lu %lu\n", wrong, signals);
		fflush(stdout);
	}
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%lu %lu\n", wrong, signals);
	return 0;
}
