// SPDX-License-Identifier: MIT
/*
 * Plants an i32 at the start of every page of a mapping, and runs on in other threads
 * when its first one ends: each in turn reads the commands, hands on, and ends.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protocol.h"

#define VALUE 20260415

static char **arguments;
static char *start;
static size_t size;
static long long left;	/* hand-overs before the next command is read */

static void show(void)
{
	int32_t value;

	memcpy(&value, start, sizeof(value));
	answer_address("addr", start);
	answer("size", "%zu", size);
	answer("value", "%d", value);
	answer("thread", "%ld", (long)gettid());
}

/* The new program's first answer is the answer to this. */
static void do_exec(void)
{
	char self[4096];
	ssize_t length = readlink("/proc/thread-self/exe", self, sizeof(self) - 1);

	if (length > 0) {
		self[length] = '\0';
		execv(self, arguments);
	}
	answer_error("exec: %s", strerror(errno));
}

static void *run(void *before);

/* Ends the calling thread once another has the baton. */
static void hand_on(void)
{
	pthread_t *own = malloc(sizeof(*own)), next;

	if (!own)
		abort();
	*own = pthread_self();
	if (pthread_create(&next, NULL, run, own))
		abort();
	pthread_exit(NULL);
}

static void *run(void *before)
{
	const struct command *command;

	if (before) {
		pthread_join(*(pthread_t *)before, NULL);
		free(before);
		if (left > 0 && left--)
			hand_on();
		show();
		answer_end();
	}
	while ((command = command_read())) {
		if (command->count == 0) {
			show();
		} else if (command_is(command, "hand")) {
			left = 0;
			if (command->count > 1 && !command_integer(command, 1, 0, 1 << 30, &left)) {
				answer_end();
				continue;
			}
			hand_on();
		} else if (command_is(command, "exec")) {
			do_exec();
		} else if (command_is(command, "exit")) {
			_exit(0);
		} else if (command_is(command, "end")) {
			return NULL;
		} else {
			answer_error("unknown command: %s", command->word[0]);
		}
		answer_end();
	}
	exit(EXIT_SUCCESS);
}

int main(int argc, char *argv[])
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	long pages = argc > 1 ? atol(argv[1]) : 1;

	arguments = argv;
	size = (size_t)(pages > 0 ? pages : 1) * page;
	start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (start == MAP_FAILED)
		return EXIT_FAILURE;
	for (size_t offset = 0; offset < size; offset += page)
		memcpy(start + offset, &(int32_t){ VALUE }, sizeof(int32_t));
	protocol_start("relay");
	show();
	answer_end();
	run(NULL);
	pthread_exit(NULL);
}
