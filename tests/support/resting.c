// SPDX-License-Identifier: MIT
/*
 * A program that waits in one system call, and says what came of it; see resting.py
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* Code that others may change: only one kind of wait runs it, and is in the middle of it then. */
void spare(void);
__asm__(".text\nspare:\n nop\n ud2\n nop\n nop\n nop\n ret\n");

static int handled;
static struct timespec limit;
static int limit_ms;

static void handle(int signal)
{
	(void)signal;
	handled++;
}

static long in_read(void)
{
	char line[8];

	return read(0, line, sizeof(line));
}

static long in_poll(void)
{
	return poll(NULL, 0, limit_ms);
}

static long in_ppoll(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	return ppoll(NULL, 0, &limit, &mask);
}

static long in_select(void)
{
	struct timeval time = { .tv_sec = limit.tv_sec, .tv_usec = limit.tv_nsec / 1000 };

	return select(0, NULL, NULL, NULL, &time);
}

static long in_nanosleep(void)
{
	struct timespec left;

	return nanosleep(&limit, &left);
}

static struct timespec in_time(clockid_t clock)
{
	struct timespec until;

	clock_gettime(clock, &until);
	until.tv_sec += limit.tv_sec + (until.tv_nsec + limit.tv_nsec) / 1000000000L;
	until.tv_nsec = (until.tv_nsec + limit.tv_nsec) % 1000000000L;
	return until;
}

static long in_clock_nanosleep(void)
{
	struct timespec until = in_time(CLOCK_MONOTONIC);

	return -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static long in_condition(void)	/* futex, until a time */
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
	struct timespec until = in_time(CLOCK_REALTIME);

	pthread_mutex_lock(&mutex);
	return -pthread_cond_timedwait(&condition, &mutex, &until);
}

static long in_futex(void)	/* for a time */
{
	long time[2] = { limit.tv_sec, limit.tv_nsec };
	int word = 0;

	return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, time, NULL, 0);
}

static long in_epoll(void)
{
	struct epoll_event event;

	return epoll_wait(epoll_create1(0), &event, 1, limit_ms);
}

static long in_epoll_pwait(void)
{
	struct epoll_event event;
	sigset_t mask;

	sigemptyset(&mask);
	return epoll_pwait(epoll_create1(0), &event, 1, limit_ms, &mask);
}

static long in_sigtimedwait(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	return sigtimedwait(&mask, NULL, &limit);
}

static long in_semaphore(void)
{
	struct sembuf down = { .sem_op = -1 };
	int id = semget(IPC_PRIVATE, 1, 0600);
	long result;

	result = semtimedop(id, &down, 1, &limit);
	int error = errno;

	semctl(id, 0, IPC_RMID);
	errno = error;
	return result;
}

static long in_recv(void)
{
	struct timeval time = { .tv_sec = limit.tv_sec, .tv_usec = limit.tv_nsec / 1000 };
	int pair[2];
	char byte;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	return recv(pair[0], &byte, 1, 0);
}

static long in_suspend(void)	/* until a signal's handler */
{
	sigset_t mask;

	sigemptyset(&mask);
	return sigsuspend(&mask);
}

static long in_queued(void)	/* a blocked signal waits meanwhile, with a number */
{
	union sigval number = { .sival_int = 42 };
	struct timespec none = { 0 };
	siginfo_t info = { 0 };
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTRAP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	sigqueue(getpid(), SIGTRAP, number);
	in_read();
	if (sigtimedwait(&mask, &info, &none) != SIGTRAP || info.si_code != SI_QUEUE)
		return -1;
	return info.si_value.sival_int;
}

static long in_wait(void)	/* for a child that reads */
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit((int)in_read());
	return waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : -1;
}

static long in_vfork(void)	/* asleep so that nothing wakes it, until the child ends */
{
	pid_t child = vfork();
	int status;

	if (!child) {
		in_read();
		_exit(3);
	}
	return waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : -1;
}

static long in_vfork_loop(void)	/* as in vfork; the child runs on in the same memory */
{
	pid_t child = vfork();
	int status;

	if (!child)
		for (;;)
			;
	return waitpid(child, &status, 0) == child ? WTERMSIG(status) : -1;
}

static long in_loop(void)	/* nowhere, until a signal's handler */
{
	while (!*(volatile int *)&handled)
		;
	return 1;
}

static void read_in_handler(int signal, siginfo_t *info, void *context)
{
	ucontext_t *where = context;

	(void)signal;
	(void)info;
	handled += (int)in_read();
#ifdef REG_RIP
	where->uc_mcontext.gregs[REG_RIP] += 2;	/* behind ud2 */
#else
	where->uc_mcontext.gregs[REG_EIP] += 2;
#endif
}

static long in_handler(void)	/* of a signal that came in the middle of what others change */
{
	struct sigaction action = { .sa_sigaction = read_in_handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGILL, &action, NULL);
	spare();
	return 2;
}

static long killed_for_mmap(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_mmap2
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap2, 0, 1),
#else
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 1),
#endif
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static long in_filtered(void)
{
	return killed_for_mmap() ? -1 : in_read();
}

static void *other(void *call)
{
	((long (*)(void))call)();
	return NULL;
}

static long beside(long (*call)(void))
{
	pthread_t thread;

	pthread_create(&thread, NULL, other, (void *)call);
	usleep(1000);
	return in_read();
}

static long in_filtered_beside(void)	/* another thread is watched by a filter, not this one */
{
	return beside(in_filtered);
}

static long in_vfork_beside(void)
{
	return beside(in_vfork);
}

static const struct {
	const char *name;
	long (*call)(void);
} kinds[] = {
	{ "read", in_read }, { "poll", in_poll }, { "ppoll", in_ppoll },
	{ "select", in_select }, { "nanosleep", in_nanosleep },
	{ "clock_nanosleep", in_clock_nanosleep }, { "condition", in_condition },
	{ "futex", in_futex }, { "epoll", in_epoll }, { "epoll_pwait", in_epoll_pwait },
	{ "sigtimedwait", in_sigtimedwait }, { "semaphore", in_semaphore },
	{ "recv", in_recv }, { "suspend", in_suspend }, { "wait", in_wait },
	{ "queued", in_queued },
	{ "vfork", in_vfork }, { "vfork_loop", in_vfork_loop }, { "loop", in_loop }, { "handler", in_handler }, { "filtered", in_filtered },
	{ "filtered_beside", in_filtered_beside }, { "vfork_beside", in_vfork_beside },
};

static long wait_as(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return kinds[i].call();
	abort();
}

static void *without_leader(void *name)
{
	long result;

	usleep(1000);
	puts("calls");
	fflush(stdout);
	errno = 0;
	result = wait_as(name);
	printf("%ld %s %d\n", result, result < 0 ? strerrorname_np(errno) : "0", handled);
	exit(0);
}

/* KIND MILLISECONDS [leaderless] */
int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = handle };
	pthread_t thread;
	sigset_t blocked;

	limit_ms = atoi(argv[2]);
	limit.tv_sec = limit_ms / 1000;
	limit.tv_nsec = limit_ms % 1000 * 1000000L;
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	printf("%p\n", (void *)spare);
	fflush(stdout);
	if (argc > 3) {
		pthread_create(&thread, NULL, without_leader, argv[1]);
		pthread_exit(NULL);
	}
	without_leader(argv[1]);
}
