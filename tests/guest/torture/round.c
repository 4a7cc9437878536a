// SPDX-License-Identifier: MIT
/*
 * What every round begins and ends with: its files, its victim, and that nothing
 * of the victim is held when it is gone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
/* Each lasts as long as the kernel waits for references to go, a fifth of a second. */
#define SEAL_TRIES 50
/* Others pin pages too, for a moment. */
#define PIN_TRIES 200

static int ends[2]; /* the judge's, to each peer */
static long long pinned; /* before the round, of anybody's */
static pid_t victim; /* 0 in a round in which the judge is the victim */
static bool born; /* there is a mirror */

static void put(int file, int number)
{
	if (file < 0 || dup2(file, number) < 0)
		broken("a descriptor");
	close(file);
}

/* Of the arena's size, with bytes in it for the cells that map it. */
static void file_make(int number, enum backing backing, enum backing other)
{
	static unsigned char page[PAGE];
	const struct plan *plan = &shared->plan;

	put(memfd_create("torture", MFD_ALLOW_SEALING), number);
	if (ftruncate(number, ARENA_PAGES * PAGE))
		broken("a file");
	for (size_t i = 0; i < plan->count; i++) {
		size_t at = plan->cells[i].page;

		if (kinds[plan->cells[i].kind].backing != backing &&
		    kinds[plan->cells[i].kind].backing != other)
			continue;
		content(page, FILE_BYTES, at, 0, 0, PAGE);
		if (pwrite(number, page, PAGE, at * PAGE) != (ssize_t)PAGE)
			broken("a file");
	}
}

/* Make the plan's files, and the ways to the victim and to the mirror. */
static void prepare(void)
{
	char name[32];

	file_make(FD_FILE, MEMFD, READ_ONLY_FILE);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", FD_FILE);
	put(open(name, O_RDONLY), FD_FILE_RDONLY);
	file_make(FD_SEALED, SEALED, SEALED);
	if (fcntl(FD_SEALED, F_ADD_SEALS, F_SEAL_FUTURE_WRITE))
		broken("sealing a file");
	put(memfd_create("torture", 0), FD_EMPTY);
	for (int i = 0; i < 2; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
			broken("socketpair");
		ends[i] = pair[0];
		put(pair[1], FD_VICTIM + i);
	}
}

/* How many pages the kernel has pinned; without the module nobody may know. */
static long long count_pinned(void)
{
	long long count, pins = 0;
	char line[128];
	FILE *file;
	int refresh;

	if (!has_module())
		return 0;
	refresh = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);
	if (refresh < 0 || write(refresh, "1", 1) != 1)
		broken("/proc/sys/vm/stat_refresh");
	close(refresh);
	file = fopen("/proc/vmstat", "re");
	if (!file)
		broken("/proc/vmstat");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "nr_foll_pin_acquired %lld", &count) == 1)
			pins += count;
		else if (sscanf(line, "nr_foll_pin_released %lld", &count) == 1)
			pins -= count;
	}
	fclose(file);
	return pins;
}

/* Start the victim of the plan; return its pid once it has made its arena. */
pid_t round_victim(bool self)
{
	int answer;

	prepare();
	pinned = count_pinned();
	if (self) {
		victim = 0;
		for (size_t i = 0; i < shared->plan.count; i++)
			cell_make(&shared->plan.cells[i]);
		return getpid();
	}
	victim = fork();
	if (victim < 0)
		broken("fork");
	if (!victim)
		victim_run(false);
	close(FD_VICTIM);
	if (read(ends[THE_VICTIM], &answer, sizeof(answer)) != sizeof(answer))
		broken("the victim did not start");
	return victim;
}

static void gone(enum peer peer)
{
	int status;

	if (peer == THE_VICTIM && waitpid(victim, &status, 0) == victim)
		wrong("the victim ended with status %#x", status);
	wrong("the mirror is gone");
}

/* Have the victim or the mirror do something; return 0 or the errno of that. */
int tell(enum peer peer, const struct order *order)
{
	int answer;

	atomic_fetch_add(&shared->counters.orders, 1);
	born |= order->what == BEAR;
	if (peer == THE_VICTIM && !victim)
		return victim_obey(order);
	if (write(ends[peer], order, sizeof(*order)) != sizeof(*order) ||
	    read(ends[peer], &answer, sizeof(answer)) != sizeof(answer))
		gone(peer);
	return answer;
}

/* Have the victim begin something; it may be gone before that. */
void order_send(const struct order *order)
{
	send(ends[THE_VICTIM], order, sizeof(*order), MSG_NOSIGNAL);
}

/* Wait until it has done it; say whether it is still there. */
bool order_answered(bool may_end)
{
	int answer;

	if (read(ends[THE_VICTIM], &answer, sizeof(answer)) == sizeof(answer))
		return true;
	if (!may_end)
		gone(THE_VICTIM);
	return false;
}

static bool is_file_free(void)
{
	if (!fcntl(FD_FILE, F_ADD_SEALS, F_SEAL_WRITE))
		return true;
	if (errno != EBUSY)
		broken("sealing a file");
	return false;
}

/*
 * End the victim. The files can be sealed against writing only if nobody maps
 * them writable and nobody holds their pages, so a call that has kept the
 * victim's memory, or a page of it, shows. Calls put memory down asynchronously.
 * One that has kept a page it has pinned shows, whatever the page.
 */
void round_end(void)
{
	const struct order end = { .what = END };

	if (born)
		tell(THE_MIRROR, &end);
	if (victim) {
		kill(victim, SIGKILL);
		waitpid(victim, NULL, 0);
	} else {
		munmap(arena(0), ARENA_PAGES * PAGE);
	}
	for (int i = 0; !is_file_free(); i++) {
		if (i == SEAL_TRIES)
			wrong("the victim is gone, but its memory or a page of its file is still held");
		usleep(10000);
	}
	for (int i = 0; count_pinned() > pinned; i++) {
		if (i == PIN_TRIES)
			wrong("the victim is gone, but pages are still pinned");
		usleep(10000);
	}
}
