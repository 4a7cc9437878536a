// SPDX-License-Identifier: MIT
/*
 * What is in the victim's page table, as /proc/PID/pagemap and /proc/kpageflags
 * tell it, which do not touch anything.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "model.h"

#define PRESENT ((uint64_t)1 << 63)
#define SWAPPED ((uint64_t)1 << 62)
#define OF_A_FILE ((uint64_t)1 << 61)
#define FRAME (((uint64_t)1 << 55) - 1)
#define HUGE ((size_t)512) /* pages in a huge one */
#define KPF_ZERO_PAGE ((uint64_t)1 << 24)

static int table = -1, flags = -1;
static size_t first, end; /* of the pages that there are cells for */
static unsigned long long marked; /* entries that NUMA balancing had, when the round began */
static uint64_t before[ARENA_PAGES], after[ARENA_PAGES];

/* How many entries NUMA balancing has marked since the kernel started, of anybody's. */
static unsigned long long count_marked(void)
{
	FILE *file = fopen("/proc/vmstat", "re");
	unsigned long long count = 0;
	char line[128];

	if (!file)
		broken("/proc/vmstat");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "numa_pte_updates %llu", &count) == 1)
			break;
	fclose(file);
	return count;
}

/* Before there is a victim. */
void pagemap_begin(void)
{
	marked = count_marked();
}

void pagemap_open(pid_t pid)
{
	const struct plan *plan = &shared->plan;
	const struct cell *last = &plan->cells[plan->count - 1];
	char path[64];

	first = plan->cells[0].page;
	end = last->page + last->pages;
	/* Only the walk asks, and only root may. */
	if (!has_module())
		return;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	table = open(path, O_RDONLY | O_CLOEXEC);
	flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (table < 0 || flags < 0)
		broken("/proc/PID/pagemap");
}

static void get(uint64_t *entries)
{
	ssize_t size = (end - first) * sizeof(*entries);
	off_t at = (ARENA / PAGE + first) * sizeof(*entries);

	if (has_module() && pread(table, entries + first, size, at) != size)
		broken("reading /proc/PID/pagemap");
}

/* Remember what there is. */
void pagemap_before(void)
{
	get(before);
}

/* Whether a page is there as soon as another is: the same one, or in the same huge one. */
static bool comes_with(size_t page, size_t other)
{
	enum backing backing;

	if (other >= ARENA_PAGES || page == other)
		return page == other;
	backing = model.now.pages[other].kind->backing;
	return (backing == HUGETLB || backing == TRANSPARENT_HUGE) &&
	       (ARENA / PAGE + page) / HUGE == (ARENA / PAGE + other) / HUGE;
}

/* Return the first page not as it was, but for one and what comes with it, or ARENA_PAGES. */
size_t pagemap_changed(size_t but_for)
{
	size_t page = first;

	get(after);
	while (page < end &&
	       (comes_with(page, but_for) ||
		!((before[page] ^ after[page]) & (PRESENT | SWAPPED | OF_A_FILE))))
		page++;
	return page < end ? page : ARENA_PAGES;
}

/* Whether there was a page, other than that of zeros; without the module nobody knows. */
bool pagemap_has(size_t page)
{
	uint64_t word;

	if (!(before[page] & PRESENT))
		return false;
	if (pread(flags, &word, sizeof(word), (before[page] & FRAME) * sizeof(word)) !=
	    sizeof(word))
		broken("reading /proc/kpageflags");
	return !(word & KPF_ZERO_PAGE);
}

/* Whether an entry may have been marked since the round began, which is as good as read-only. */
bool pagemap_sampled(void)
{
	return count_marked() != marked;
}
