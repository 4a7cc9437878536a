// SPDX-License-Identifier: MIT
/*
 * What the victim does in a storm, one thing after another, until it is told to
 * stop. The first kinds of change leave every byte where it is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture.h"

#define MADV_PAGEOUT 21
#define MADV_COLLAPSE 25
#define ELSEWHERE ((void *)0x140000000000)
#define NOBODY 65534

static struct dice dice;

static unsigned char *first(void)
{
	return arena(SIDE);
}

static size_t size(void)
{
	return shared->plan.pages * PAGE;
}

static bool is_private(void)
{
	return !kinds[shared->plan.backing].shared;
}

static void fill(enum who who, size_t page, unsigned generation)
{
	content(arena(page), who, page, generation, 0, PAGE);
}

static void fill_all(unsigned generation)
{
	for (size_t page = SIDE; page < SIDE + shared->plan.pages; page++)
		fill(VICTIM, page, generation);
}

/* Map the pages of a storm and fill them, in the first generation. */
void storm_map(void)
{
	const struct kind *kind = &kinds[shared->plan.backing];
	int flags = (kind->shared ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED_NOREPLACE;
	bool file = kind->backing == MEMFD;

	if (mmap(first(), size(), R | W, flags | (file ? 0 : MAP_ANONYMOUS), file ? FD_FILE : -1,
		 file ? (off_t)(SIDE * PAGE) : 0) == MAP_FAILED)
		_exit(3);
	fill_all(0);
}

static void touch(void)
{
	for (size_t at = 0; at < size(); at += PAGE)
		(void)*(volatile unsigned char *)(first() + at);
}

static void collapse(void)
{
	unsigned char *middle = first() + below(&dice, shared->plan.pages) * PAGE;

	madvise(first(), size(), MADV_HUGEPAGE);
	madvise(first(), size(), MADV_COLLAPSE);
	if (one_in(&dice, 2))
		return;
	/* Take it apart again. */
	mprotect(middle, PAGE, R | W | X);
	mprotect(middle, PAGE, R | W);
}

/*
 * A child of a moment. It shares pages that the callers write to as long as it is
 * there, and must see nothing of that; and its own bytes are for nobody else.
 */
static void live(void)
{
	static unsigned char seen[16][PAGE];
	size_t pages[16];

	for (int i = 0; i < 16; i++) {
		pages[i] = SIDE + below(&dice, shared->plan.pages);
		memcpy(seen[i], arena(pages[i]), PAGE);
	}
	for (int i = 0; i < 4; i++)
		sched_yield();
	for (int i = 0; i < 16; i++)
		if (memcmp(seen[i], arena(pages[i]), PAGE))
			wrong("a child's page %zu has changed (changes %#x)", pages[i],
			      shared->plan.changes);
	for (int i = 0; i < 16; i++)
		fill(CHILD, pages[i], 0);
	_exit(0);
}

static void bear(void)
{
	pid_t child = fork();

	if (child < 0)
		return;
	if (!child) {
		if (is_private())
			live();
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void change_credentials(void)
{
	switch (below(&dice, 4)) {
	case 0:
		prctl(PR_SET_DUMPABLE, below(&dice, 2), 0, 0, 0);
		break;
	case 1:
		if (!geteuid() && !seteuid(NOBODY) && seteuid(0))
			_exit(3);
		break;
	case 2:
		unshare(one_in(&dice, 2) ? CLONE_NEWNS : CLONE_NEWIPC);
		break;
	case 3:
		unshare(CLONE_NEWUSER);
		break;
	}
	/* That has been forgotten, perhaps. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

static void protect(void)
{
	static const int prots[] = { 0, R, W, X, R | X };
	size_t from = below(&dice, shared->plan.pages);
	size_t pages = 1 + below(&dice, shared->plan.pages - from);

	mprotect(first() + from * PAGE, pages * PAGE, prots[below(&dice, 5)]);
	mprotect(first() + from * PAGE, pages * PAGE, R | W);
}

static void move(void)
{
	if (mremap(first(), size(), size(), MREMAP_MAYMOVE | MREMAP_FIXED, ELSEWHERE) ==
		    MAP_FAILED ||
	    mremap(ELSEWHERE, size(), size(), MREMAP_MAYMOVE | MREMAP_FIXED, first()) == MAP_FAILED)
		_exit(3);
}

static void change(enum change what)
{
	switch (what) {
	case TOUCHES:
		touch();
		break;
	case PAGES_OUT:
		madvise(first(), size(), MADV_PAGEOUT);
		break;
	case COLLAPSES:
		collapse();
		break;
	case FORKS:
		bear();
		break;
	case CREDENTIALS:
		change_credentials();
		break;
	case PROTECTS:
		protect();
		break;
	case REWRITES:
		fill_all(below(&dice, GENERATIONS));
		break;
	case FORGETS:
		madvise(first(), size(), MADV_DONTNEED);
		if (one_in(&dice, 2))
			fill_all(below(&dice, GENERATIONS));
		break;
	case UNMAPS:
		munmap(first(), size());
		storm_map();
		break;
	case MOVES:
		move();
		break;
	case EXECUTES:
		execl("/proc/self/exe", "torture", "--victim", NULL);
		_exit(3);
	case EXITS:
		if (one_in(&dice, 8))
			_exit(0);
		break;
	case CHANGES:
		break;
	}
}

/* Change until told to stop; all is mapped then, to be read and written. */
int storm_changes(void)
{
	dice.state = shared->plan.dice + atomic_load(&shared->counters.changes);
	while (!atomic_load(&shared->stop)) {
		enum change what = below(&dice, CHANGES);

		if (!(shared->plan.changes & 1u << what))
			continue;
		atomic_fetch_add(&shared->counters.changes, 1);
		change(what);
	}
	return 0;
}
