// SPDX-License-Identifier: MIT
/*
 * A value of this process that threads write, watched from others that ask, stop and begin anew,
 * for ThreadSanitizer to look at. Every write is counted, by the one instruction that does it; and
 * a child that was born with a watch lets go of it. By perf, and by the guardian that is named.
 */
#include "ff.h"
#include "must.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS	4
#define WRITES	200
#define ROUNDS	10

static uint64_t value[4] __attribute__((aligned(32)));

/* The one instruction that does it. */
static __attribute__((noinline)) void write_value(uint64_t what)
{
	__atomic_store_n(&value[0], what, __ATOMIC_RELAXED);
}

static void *write_often(void *argument)
{
	for (uint64_t i = 0; i < WRITES; i++)
		write_value(i);
	return argument;
}

static bool stopping;

/* Ask for all there is, as long as it goes on. */
static void *ask(void *argument)
{
	static __thread uint32_t threads[FF_WATCH_THREADS];
	static __thread uint8_t stack[FF_WATCH_STACK];
	struct ff_watch *watch = argument;
	struct ff_watch_state state;
	struct ff_watch_hit hit;

	while (!__atomic_load_n(&stopping, __ATOMIC_ACQUIRE)) {
		ff_watch_state(watch, &state);
		for (size_t i = 0; !ff_watch_hit(watch, i, &hit, threads, stack); i++)
			must(hit.seen <= WRITERS * WRITES && hit.seen <= hit.count, "too many");
		ff_watch_wait(watch, state.hits, 5);
	}
	return NULL;
}

static void let_a_child_go(struct ff_watch *watch)
{
	pid_t child = fork();
	int status;

	must(child >= 0, "no child");
	if (!child) {
		struct ff_watch_state state;

		ff_watch_state(watch, &state);
		if (!state.ended || !ff_watch_wait(watch, 0, 1000))
			_exit(1);
		ff_watch_stop(watch);
		ff_watch_destroy(watch);
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child && !status, "the child fails");
}

static void round_of(struct ff_watch_cost cost, const char *guardian, bool forking)
{
	struct ff_watch_spec spec = {
		.pid = getpid(), .kind = FF_WATCH_WRITE, .address = (uintptr_t)value,
		.size = sizeof(value[0]), .stack = 256, .cost = cost, .guardian = guardian,
	};
	pthread_t writers[WRITERS], asking[2];
	struct ff_watch_state state;
	struct ff_watch *watch;

	stopping = false;
	must(!ff_watch_start(&spec, &watch), "it does not start");
	for (int i = 0; i < 2; i++)
		must(!pthread_create(&asking[i], NULL, ask, watch), "no thread");
	for (int i = 0; i < WRITERS; i++)
		must(!pthread_create(&writers[i], NULL, write_often, NULL), "no thread");
	if (forking)
		let_a_child_go(watch);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	ff_watch_stop(watch);
	__atomic_store_n(&stopping, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++)
		pthread_join(asking[i], NULL);
	ff_watch_state(watch, &state);
	must(state.ended && !state.estimated && state.instructions == 1, "another instruction");
	must(state.hits + state.lost == WRITERS * WRITES, "not every write is counted");
	ff_watch_destroy(watch);
}

int main(int argc, char **argv)
{
	struct ff_watch_spec wide = {
		.pid = getpid(), .address = (uintptr_t)value + 1, .size = 31,
	};
	struct ff_watch *none;
	struct ff_watch_cost cost;

	must(!ff_watch_probe(256, &cost), "breakpoints do not fire here");
	must(ff_watch_start(&wide, &none) == -E2BIG, "more pieces than there are registers");
	for (int i = 0; i < ROUNDS; i++)
		round_of(cost, NULL, i % 2);
	for (int i = 0; argc > 1 && i < ROUNDS; i++) {
		must(!ff_watch_probe_traced(256, argv[1], &cost), "the guardian sees nothing");
		round_of(cost, argv[1], i % 2);
	}
	puts("watching: all well");
	return 0;
}
