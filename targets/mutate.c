// SPDX-License-Identifier: MIT
/*
 * Plants an i32 at the start of every page of one region, and then does on
 * command what pulls memory from under a scanner: protects, unmaps, moves and
 * grows the region, forks, execs, exits, and maps and unmaps others all the time.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol.h"

#define READ_WRITE (PROT_READ | PROT_WRITE)
#define REGION_PAGES 16
#define CHURN_PAGES 256
#define VALUE 20260415

struct region {
	char *start;
	size_t size;
	int protection;
};

struct churn {
	pthread_t thread;
	bool running;
	atomic_bool stop;
};

static size_t page_size;
static int32_t value = VALUE;
static pid_t child;

static bool region_map(struct region *region, size_t pages)
{
	region->size = pages * page_size;
	region->protection = READ_WRITE;
	region->start = mmap(NULL, region->size, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (region->start == MAP_FAILED)
		region->start = NULL;
	return region->start;
}

static void region_plant(const struct region *region)
{
	for (size_t offset = 0; offset < region->size; offset += page_size)
		memcpy(region->start + offset, &value, sizeof(value));
}

static void region_show(const struct region *region)
{
	int32_t first;

	answer_address("addr", region->start);
	if (!region->start)
		return;
	answer("size", "%zu", region->size);
	if (region->protection & PROT_READ) {
		memcpy(&first, region->start, sizeof(first));
		answer("value", "%d", first);
	}
}

static void do_map(struct region *region)
{
	if (region->start)
		answer_error("map: there is a region already");
	else if (!region_map(region, REGION_PAGES))
		answer_error("map: %s", strerror(errno));
	else
		region_plant(region);
	region_show(region);
}

static void do_unmap(struct region *region)
{
	if (region->start)
		munmap(region->start, region->size);
	region->start = NULL;
	region_show(region);
}

static void do_protect(struct region *region, const struct command *command)
{
	static const struct {
		const char *name;
		int protection;
	} modes[] = { { "none", PROT_NONE }, { "read", PROT_READ }, { "write", READ_WRITE } };
	const char *wanted = command->count > 1 ? command->word[1] : "";

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(wanted, modes[i].name))
			continue;
		if (!region->start || mprotect(region->start, region->size, modes[i].protection))
			answer_error("protect: %s", region->start ? strerror(errno) : "no region");
		else
			region->protection = modes[i].protection;
		region_show(region);
		return;
	}
	answer_error("protect: none, read or write");
}

static void do_grow(struct region *region, const struct command *command)
{
	long long pages;
	char *start;

	if (!command_integer(command, 1, 1, 1 << 18, &pages))
		return;
	if (!region->start || region->protection != READ_WRITE) {
		answer_error("grow: no writable region");
		return;
	}
	start = mremap(region->start, region->size, region->size + (size_t)pages * page_size,
		       MREMAP_MAYMOVE);
	if (start == MAP_FAILED) {
		answer_error("grow: %s", strerror(errno));
		return;
	}
	region->start = start;
	region->size += (size_t)pages * page_size;
	region_plant(region);
	region_show(region);
}

static void do_set(struct region *region, const struct command *command)
{
	long long number;

	if (!command_integer(command, 1, INT32_MIN, INT32_MAX, &number))
		return;
	if (!region->start || region->protection != READ_WRITE) {
		answer_error("set: no writable region");
		return;
	}
	value = (int32_t)number;
	region_plant(region);
	region_show(region);
}

static void do_fork(void)
{
	if (child > 0) {
		answer_error("fork: there is a child already");
		return;
	}
	child = fork();
	if (child < 0) {
		answer_error("fork: %s", strerror(errno));
		return;
	}
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		allow_scanners();
		/* Else nobody would see the end of the parent's output. */
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		for (;;)
			pause();
	}
	answer("child_pid", "%ld", (long)child);
}

static void do_reap(void)
{
	if (child <= 0) {
		answer_error("reap: no child");
		return;
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	child = 0;
}

/* The new program's first answer is the answer to this. */
static void do_exec(const struct command *command, char *const arguments[])
{
	char self[4096];
	ssize_t length;

	if (command->count > 1) {
		execl(command->word[1], command->word[1], (char *)NULL);
	} else {
		/* By its own name: /proc/self/exe would rename the process to `exe`. */
		length = readlink("/proc/self/exe", self, sizeof(self) - 1);
		if (length > 0) {
			self[length] = '\0';
			execv(self, arguments);
		}
	}
	answer_error("exec: %s", strerror(errno));
}

static void do_exit(const struct command *command)
{
	long long status = 0;

	if (command->count == 1 || command_integer(command, 1, 0, 255, &status))
		_exit((int)status);
}

static void *churn_main(void *argument)
{
	struct churn *churn = argument;
	struct region region;

	while (!atomic_load(&churn->stop)) {
		if (!region_map(&region, CHURN_PAGES))
			continue;
		region_plant(&region);
		munmap(region.start, region.size);
	}
	return NULL;
}

static void do_churn(struct churn *churn)
{
	if (churn->running)
		return;
	atomic_store(&churn->stop, false);
	if (pthread_create(&churn->thread, NULL, churn_main, churn))
		answer_error("churn: no thread");
	else
		churn->running = true;
}

static void do_calm(struct churn *churn)
{
	if (!churn->running)
		return;
	atomic_store(&churn->stop, true);
	pthread_join(churn->thread, NULL);
	churn->running = false;
}

int main(int argc, char *argv[])
{
	const struct command *command;
	struct region region;
	struct churn churn = { .running = false };

	(void)argc;
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	if (!region_map(&region, REGION_PAGES))
		return EXIT_FAILURE;
	region_plant(&region);

	protocol_start("mutate");
	region_show(&region);
	answer_end();

	while ((command = command_read())) {
		if (command->count == 0)
			region_show(&region);
		else if (command_is(command, "map"))
			do_map(&region);
		else if (command_is(command, "unmap"))
			do_unmap(&region);
		else if (command_is(command, "protect"))
			do_protect(&region, command);
		else if (command_is(command, "grow"))
			do_grow(&region, command);
		else if (command_is(command, "set"))
			do_set(&region, command);
		else if (command_is(command, "fork"))
			do_fork();
		else if (command_is(command, "reap"))
			do_reap();
		else if (command_is(command, "exec"))
			do_exec(command, argv);
		else if (command_is(command, "exit"))
			do_exit(command);
		else if (command_is(command, "churn"))
			do_churn(&churn);
		else if (command_is(command, "calm"))
			do_calm(&churn);
		else
			answer_error("unknown command: %s", command->word[0]);
		answer_end();
	}
	return EXIT_SUCCESS;
}
