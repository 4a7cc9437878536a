// SPDX-License-Identifier: MIT
/*
 * Plants a value that threads write and read by instructions whose places are known: half of the
 * threads are there from the start, and the others are started when there is something to do.
 *
 * On processors other than x86 there is one instruction the more, and the places are those of the
 * functions.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "protocol.h"

#define EARLY 5
#define LATE 5

/* The first eight bytes are written, so that a part may be watched; the sweep goes over all. */
static volatile uint32_t value[16] __attribute__((aligned(64)));

struct work {
	long long times;
	long long pause; /* ns between two writes */
};

static struct work work;
static pthread_barrier_t begin, end;

#if defined(__x86_64__) || defined(__i386__)
extern const char touch_write_site[], touch_read_site[], touch_sweep_site[];

static __attribute__((noinline)) void write_value(volatile uint32_t *where, uint32_t what)
{
	__asm__ volatile(".globl touch_write_site\n"
			 "touch_write_site: movl %1, (%0)\n"
			 : : "r"(where), "r"(what) : "memory");
}

static __attribute__((noinline)) uint32_t read_value(volatile uint32_t *where)
{
	uint32_t what;

	__asm__ volatile(".globl touch_read_site\n"
			 "touch_read_site: movl (%1), %0\n"
			 : "=r"(what) : "r"(where) : "memory");
	return what;
}

static __attribute__((noinline)) void add_to_value(volatile uint32_t *where, size_t index)
{
	__asm__ volatile(".globl touch_sweep_site\n"
			 "touch_sweep_site: addl $1, (%0,%1,4)\n"
			 : : "r"(where), "r"(index) : "memory");
}
#else
static __attribute__((noinline)) void write_value(volatile uint32_t *where, uint32_t what)
{
	*where = what;
}

static __attribute__((noinline)) uint32_t read_value(volatile uint32_t *where)
{
	return *where;
}

static __attribute__((noinline)) void add_to_value(volatile uint32_t *where, size_t index)
{
	where[index]++;
}

#define touch_sweep_site ((const void *)(uintptr_t)add_to_value)
#define touch_write_site ((const void *)(uintptr_t)write_value)
#define touch_read_site ((const void *)(uintptr_t)read_value)
#endif

static void write_often(void)
{
	struct timespec pause = {
		.tv_sec = work.pause / 1000000000, .tv_nsec = work.pause % 1000000000,
	};

	for (long long i = 0; i < work.times; i++) {
		write_value(&value[0], (uint32_t)i);
		if (work.pause)
			nanosleep(&pause, NULL);
	}
}

/* So often, with work in between that takes the processor and no time by the clock. */
static void write_and_work(long long times, long long spins)
{
	for (long long i = 0; i < times; i++) {
		write_value(&value[0], (uint32_t)i);
		for (long long spin = 0; spin < spins; spin++)
			__asm__ volatile("");
	}
}

static void *early_main(void *argument)
{
	(void)argument;
	for (;;) {
		pthread_barrier_wait(&begin);
		write_often();
		pthread_barrier_wait(&end);
	}
	return NULL;
}

static void *late_main(void *argument)
{
	(void)argument;
	write_often();
	return NULL;
}

/* All ten threads write; the late ones are started by the first thread and end. */
static bool write_from_all(void)
{
	pthread_t late[LATE];
	int started = 0;

	pthread_barrier_wait(&begin);
	while (started < LATE && !pthread_create(&late[started], NULL, late_main, NULL))
		started++;
	for (int i = 0; i < started; i++)
		pthread_join(late[i], NULL);
	pthread_barrier_wait(&end);
	return started == LATE;
}

static bool read_work(const struct command *command)
{
	return command_integer(command, 1, 0, INT32_MAX, &work.times) &&
	       command_integer(command, 2, 0, INT32_MAX, &work.pause);
}

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/*
 * What this thread has waited for a processor, ns: what others' load takes, and nobody who holds
 * it. Where the kernel does not say so it is 0.
 */
static long long waited(void)
{
	FILE *file = fopen("/proc/thread-self/schedstat", "r");
	long long ran, time = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lld %lld", &ran, &time) != 2)
		time = 0;
	fclose(file);
	return time;
}

static void obey(const struct command *command)
{
	long long times, spins, waiting = waited(), began = now();

	if (command_is(command, "threads") && read_work(command)) {
		if (write_from_all())
			answer("count", "%lld", work.times * (EARLY + LATE));
		else
			answer_error("threads: out of memory");
	} else if (command_is(command, "write") && read_work(command)) {
		write_often();
		answer("count", "%lld", work.times);
	} else if (command_is(command, "read") &&
		   command_integer(command, 1, 0, INT32_MAX, &times)) {
		for (long long i = 0; i < times; i++)
			read_value(&value[0]);
		answer("count", "%lld", times);
	} else if (command_is(command, "sweep") &&
		   command_integer(command, 1, 0, INT32_MAX, &times)) {
		for (long long i = 0; i < times; i++) {
			for (size_t j = 0; j < sizeof(value) / sizeof(*value); j++)
				add_to_value(value, j);
		}
		answer("count", "%lld", times);
	} else if (command_is(command, "work") &&
		   command_integer(command, 1, 0, INT32_MAX, &times) &&
		   command_integer(command, 2, 0, INT32_MAX, &spins)) {
		write_and_work(times, spins);
		answer("count", "%lld", times);
	} else if (command->count) {
		if (!command_is(command, "threads") && !command_is(command, "write") &&
		    !command_is(command, "read") && !command_is(command, "sweep") &&
		    !command_is(command, "work"))
			answer_error("unknown command: %s", command->word[0]);
		return;
	}
	answer("value", "%" PRIu32, value[0]);
	answer("nanoseconds", "%lld", now() - began);
	answer("waited", "%lld", waited() - waiting);
}

int main(void)
{
	const struct command *command;
	pthread_t early[EARLY];

	pthread_barrier_init(&begin, NULL, EARLY + 1);
	pthread_barrier_init(&end, NULL, EARLY + 1);
	for (int i = 0; i < EARLY; i++) {
		if (pthread_create(&early[i], NULL, early_main, NULL))
			return EXIT_FAILURE;
	}
	protocol_start("touch");
	answer_address("addr", &value[0]);
	answer_address("write_site", touch_write_site);
	answer_address("read_site", touch_read_site);
	answer_address("sweep_site", touch_sweep_site);
	answer("threads", "%d", EARLY + 1);
	answer_end();
	while ((command = command_read())) {
		obey(command);
		answer_end();
	}
	return EXIT_SUCCESS;
}
