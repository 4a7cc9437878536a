// SPDX-License-Identifier: MIT
/*
 * farfetch-guardian: traces a program for a watch, in a process of its own
 *
 * Debug registers that ptrace(2) has armed stay so when the tracer is killed, and the next hit
 * would then kill the program. So the tracer is a small process that no signal of a terminal
 * reaches, and that clears the registers of all threads and lets go of them when the watch ends or
 * whoever wanted it is gone.
 */
#include "guardian.h"

#include <stdio.h>

#ifdef __x86_64__
#include "clock.h"
#include "trial.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY	10		/* milliseconds between looks, while it starts */
#define LIMIT		(5 * FF_SECOND)	/* that a program may take to stop */
#define BATCH		64		/* stops between looks for what else there is */

enum { CHILDREN, WATCH, OWNER, FILES };

struct looks {
	struct pollfd files[FILES];
	uint64_t began;
	int begin;			/* what a trial waits for, or -1 */
};

static void say(struct guardian *guardian)
{
	send(guardian->socket, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void end(struct guardian *guardian)
{
	if (!guardian->ending) {
		guardian->ending = true;
		ff_tracees_ask(guardian, true);
	}
}

static void fail(struct guardian *guardian, int error)
{
	if (!guardian->exchange->started && !guardian->exchange->result)
		guardian->exchange->result = error;
	end(guardian);
}

/* All that has stopped by now, up to a batch. False when there is nobody left. */
static bool take_stops(struct guardian *guardian, bool *more)
{
	int status;
	pid_t tid;

	for (int i = 0; i < BATCH; i++) {
		tid = waitpid(-1, &status, __WALL | WNOHANG);
		if (tid < 0)
			return errno != ECHILD;
		*more = tid > 0;
		if (!*more)
			return true;
		ff_stops_take(guardian, tid, status);
	}
	return true;
}

/* Signals to us, and what the watch has to say, or that it is gone. */
static void take_news(struct guardian *guardian, struct pollfd *files)
{
	struct signalfd_siginfo signals[16];
	char bytes[64];

	if (files[CHILDREN].revents) {
		ssize_t n = read(files[CHILDREN].fd, signals, sizeof(signals));

		for (ssize_t i = 0; i < n / (ssize_t)sizeof(*signals); i++) {
			if (signals[i].ssi_signo == SIGTERM)
				end(guardian);
		}
	}
	if (files[WATCH].revents) {
		if (recv(guardian->socket, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
			if (!guardian->ending)
				ff_tracees_ask(guardian, false);	/* some may fire again */
		} else {
			files[WATCH].fd = -1;
			end(guardian);
		}
	}
	if (files[OWNER].revents) {
		files[OWNER].fd = -1;
		end(guardian);
	}
	if (__atomic_load_n(&guardian->exchange->stop, __ATOMIC_ACQUIRE))
		end(guardian);
}

/* Whether all threads have their registers, or will before they go on. */
static void look_at_start(struct guardian *guardian, struct looks *looks)
{
	if (guardian->error)
		fail(guardian, guardian->error);
	if (guardian->exchange->started || guardian->ending)
		return;
	if (guardian->unmet && !ff_tracees_are_away(guardian)) {
		if (ff_clock_now() - looks->began > LIMIT)
			fail(guardian, -ETIMEDOUT);
		return;
	}
	guardian->exchange->threads = (uint32_t)guardian->alive;
	__atomic_store_n(&guardian->exchange->started, true, __ATOMIC_RELEASE);
	say(guardian);
	if (looks->begin >= 0)
		close(looks->begin);
}

static void guard(struct guardian *guardian, struct looks *looks)
{
	bool more = false;

	for (;;) {
		int pause = more ? 0 : guardian->exchange->started ? -1 : LOOK_EVERY;

		if (poll(looks->files, FILES, pause) > 0)
			take_news(guardian, looks->files);
		if (!take_stops(guardian, &more))
			return;
		look_at_start(guardian, looks);
	}
}

static int open_signals(void)
{
	sigset_t all, ours;

	/* those of a terminal or of its end are not for us */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGTERM);
	return signalfd(-1, &ours, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void close_what_is_inherited(void)
{
	if (!syscall(SYS_close_range, FF_EXCHANGE_SOCKET + 1, ~0u, 0))
		return;
	for (int i = FF_EXCHANGE_SOCKET + 1; i < 1024; i++)
		close(i);
}

static int begin(struct guardian *guardian, struct looks *looks)
{
	struct ff_exchange *exchange = guardian->exchange;
	int error = ff_tracees_init(guardian);

	if (error)
		return error;
	guardian->process = exchange->process;
	if (!guardian->process)
		guardian->process = ff_trial_start(exchange, &looks->begin);
	if (guardian->process < 0)
		return guardian->process;
	looks->files[CHILDREN] = (struct pollfd){ .fd = open_signals(), .events = POLLIN };
	looks->files[WATCH] = (struct pollfd){ .fd = guardian->socket, .events = POLLIN };
	looks->files[OWNER] = (struct pollfd){
		.fd = (int)syscall(SYS_pidfd_open, exchange->owner, 0), .events = POLLIN,
	};
	if (looks->files[CHILDREN].fd < 0)
		return -errno;
	if (getppid() != exchange->owner)	/* it was gone before that */
		return -ESRCH;
	looks->began = ff_clock_now();
	return ff_tracees_seize(guardian);
}

int main(void)
{
	static struct guardian guardian = { .socket = FF_EXCHANGE_SOCKET };
	struct looks looks = { .begin = -1 };
	struct ff_exchange *exchange;
	char go;
	int error;

	exchange = mmap(NULL, sizeof(*exchange), PROT_READ | PROT_WRITE, MAP_SHARED,
			FF_EXCHANGE_MEMORY, 0);
	if (exchange == MAP_FAILED || strncmp(exchange->name, FF_EXCHANGE_NAME,
					      sizeof(exchange->name))) {
		fputs("farfetch-guardian: farfetch starts this, to watch a program by ptrace\n",
		      stderr);
		return 2;
	}
	guardian.exchange = exchange;
	setsid();
	close_what_is_inherited();
	if (chdir("/") || recv(guardian.socket, &go, 1, 0) != 1)
		return 1;
	error = begin(&guardian, &looks);
	if (error) {
		exchange->result = error;
		say(&guardian);
		return 1;
	}
	ff_tracees_ask(&guardian, true);
	guard(&guardian, &looks);
	exchange->exited = !guardian.ending;
	if (!exchange->started && !exchange->result)
		exchange->result = -ESRCH;
	if (!exchange->process && !exchange->result && exchange->fired != exchange->tried)
		exchange->result = -ENOTSUP;
	__atomic_store_n(&exchange->ended, true, __ATOMIC_RELEASE);
	say(&guardian);
	return 0;
}

#else

int main(void)
{
	fputs("farfetch-guardian: programs are watched by ptrace on x86-64 only\n", stderr);
	return 2;
}

#endif
