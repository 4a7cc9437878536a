// SPDX-License-Identifier: MIT
/*
 * Tortures the module: makes calls of every kind on memory of every kind, while
 * that changes in every way, and holds what comes back to a model.
 *
 *   torture --seed N [--seconds S | --round K] [--ways syscall,device,gup,walk]
 *           [--without-secret] [--moving] [--verbose]
 *
 * All is drawn from the seed and the number of the round, so a round can be
 * played again alone. Two of three are quiet: nothing but the calls and what is
 * done between them happens, and each result is known exactly. In the others, the
 * storms, it is known which results there may be. Prints how much was done, and
 * ends with 1 at the first result that may not be, saying which.
 *
 * With the way process_vm, process_vm_readv(2) is held to the same model, on any
 * kernel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "torture.h"

#define ROUND_SECONDS 120

struct shared *shared;
bool verbose;
bool moving;
static bool with_secret = true;

static void print(const char *prefix, const char *format, va_list arguments)
{
	char line[512];

	vsnprintf(line, sizeof(line), format, arguments);
	printf("%sround %lu step %u: %s\n", prefix, shared->round, atomic_load(&shared->step), line);
	fflush(stdout);
}

/* Tell a step, if asked for. */
void say(const char *format, ...)
{
	va_list arguments;

	if (!verbose)
		return;
	va_start(arguments, format);
	print("", format, arguments);
	va_end(arguments);
}

/* Something came back that may not. */
void wrong(const char *format, ...)
{
	va_list arguments;

	/* One of several callers is enough. */
	if (!atomic_exchange(&shared->failed, true)) {
		va_start(arguments, format);
		print("WRONG: ", format, arguments);
		va_end(arguments);
	}
	_exit(1);
}

/* The torture itself cannot go on. */
void broken(const char *what)
{
	printf("BROKEN: round %lu step %u: %s: %s\n", shared->round, atomic_load(&shared->step),
	       what, strerror(errno));
	fflush(stdout);
	_exit(2);
}

static void share(bool anew)
{
	int file = FD_SHARED;

	if (!anew && (dup2(memfd_create("shared", 0), FD_SHARED) < 0 ||
		      ftruncate(FD_SHARED, sizeof(*shared))))
		exit(2);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (shared == MAP_FAILED)
		exit(2);
}

static void play(uint64_t round)
{
	struct dice dice = { shared->seed * 0x9e3779b97f4a7c15 ^ round << 20 };

	shared->key = roll(&dice);
	memset(&shared->plan, 0, sizeof(shared->plan));
	if (one_in(&dice, 3))
		storm_round(&dice);
	else
		quiet_round(&dice, one_in(&dice, 4), with_secret);
	round_end();
}

/* Each is a process of its own, so that it leaves nothing behind. */
static void round_run(uint64_t round)
{
	time_t deadline = time(NULL) + ROUND_SECONDS;
	int status = 0;
	pid_t pid;

	shared->round = round;
	atomic_store(&shared->step, 0);
	atomic_store(&shared->stop, false);
	pid = fork();
	if (pid < 0)
		broken("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		play(round);
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		if (time(NULL) > deadline)
			wrong("does not end");
		usleep(2000);
	}
	if (status) {
		if (!atomic_load(&shared->failed) && WIFSIGNALED(status))
			wrong("the caller was ended by signal %d", WTERMSIG(status));
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
}

static void report(uint64_t rounds)
{
	struct counters *counters = &shared->counters;

	printf("rounds=%lu\ncalls=%lu\ncopied=%lu\nrefused=%lu\nbytes=%lu\norders=%lu\n"
	       "changes=%lu\n",
	       rounds, atomic_load(&counters->calls), atomic_load(&counters->copied),
	       atomic_load(&counters->refused), atomic_load(&counters->bytes),
	       atomic_load(&counters->orders), atomic_load(&counters->changes));
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "round", required_argument, NULL, 'r' },
		{ "ways", required_argument, NULL, 'w' },
		{ "without-secret", no_argument, NULL, 'x' },
		{ "moving", no_argument, NULL, 'm' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "victim", no_argument, NULL, 'V' },
		{ 0 },
	};
	const char *ways = "process_vm";
	uint64_t round = 0, only = 0, seed = 0;
	double seconds = 5;
	time_t end;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = atof(optarg);
			break;
		case 'r':
			only = strtoull(optarg, NULL, 0);
			break;
		case 'w':
			ways = optarg;
			break;
		case 'x':
			with_secret = false;
			break;
		case 'v':
			verbose = true;
			break;
		case 'm':
			moving = true;
			break;
		case 'V':
			share(true);
			victim_run(true);
		default:
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	share(false);
	shared->seed = seed;
	ways_open(ways);
	end = time(NULL) + (time_t)seconds;
	if (only) {
		round_run(only);
		return 0;
	}
	do {
		printf("seed %lu round %lu\n", seed, ++round);
		round_run(round);
	} while (time(NULL) < end);
	report(round);
	return 0;
}
