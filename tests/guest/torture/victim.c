// SPDX-License-Identifier: MIT
/*
 * The victim: makes its arena, then does to it what it is told. The mirror is
 * its child, and only looks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "torture.h"

#define MADV_PAGEOUT 21
#define MADV_COLLAPSE 25

/*
 * Copy pages to the window, as this process sees them. What it has barred itself
 * from it unbars for that long.
 */
static int look(const struct order *order)
{
	size_t size = order->pages * PAGE;
	bool barred = !(order->prot & R);

	if (barred && mprotect(arena(order->page), size, R))
		return errno;
	memcpy(shared->window[order->page], arena(order->page), size);
	if (barred && mprotect(arena(order->page), size, order->prot))
		return errno;
	return 0;
}

static int advise(const struct order *order, int advice)
{
	return madvise(arena(order->page), order->pages * PAGE, advice) ? errno : 0;
}

static int bear(void)
{
	pid_t child = fork();

	if (child < 0)
		return errno;
	if (!child)
		mirror_run();
	return 0;
}

/* Return 0 or an errno. */
int victim_obey(const struct order *order)
{
	switch (order->what) {
	case LOOK:
		return look(order);
	case FILL:
		for (unsigned i = 0; i < order->pages; i++)
			content(arena(order->page + i), VICTIM, order->page + i, order->generation,
				0, PAGE);
		return 0;
	case READ_ONCE:
		for (unsigned i = 0; i < order->pages; i++)
			(void)*(volatile unsigned char *)arena(order->page + i);
		return 0;
	case PROTECT:
		return mprotect(arena(order->page), order->pages * PAGE, order->prot) ? errno : 0;
	case FORGET:
		return advise(order, MADV_DONTNEED);
	case FREE:
		return advise(order, MADV_FREE);
	case PAGE_OUT:
		return advise(order, MADV_PAGEOUT);
	case COLLAPSE:
		return advise(order, MADV_COLLAPSE);
	case BEAR:
		return bear();
	case CHANGE:
		return storm_changes();
	case END:
		break;
	}
	return 0;
}

__attribute__((noreturn)) static void serve(int judge)
{
	struct order order;
	int answer;

	while (read(judge, &order, sizeof(order)) == sizeof(order)) {
		answer = victim_obey(&order);
		if (write(judge, &answer, sizeof(answer)) != sizeof(answer) || order.what == END)
			break;
	}
	_exit(0);
}

void mirror_run(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	serve(FD_MIRROR);
}

void victim_run(bool anew)
{
	int answer = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (shared->plan.pages)
		storm_map();
	for (size_t i = 0; i < shared->plan.count; i++)
		cell_make(&shared->plan.cells[i]);
	/* One that has executed itself goes on with what it was told before. */
	if (anew)
		answer = storm_changes();
	if (write(FD_VICTIM, &answer, sizeof(answer)) == sizeof(answer))
		serve(FD_VICTIM);
	_exit(1);
}
