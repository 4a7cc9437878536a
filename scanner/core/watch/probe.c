// SPDX-License-Identifier: MIT
/*
 * Whether breakpoints work here at all, and what one costs
 *
 * Some machines take them and never fire: guests whose host keeps the debug registers to itself.
 */
#include "clock.h"
#include "watch/events.h"
#include "watch/sorting.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROUNDS	31
#define LEAST	8	/* so many where they take long, as where all is emulated */
#define LONG	(20 * FF_MILLISECOND)
#define WRITES	32
#define PAGES	8	/* of a ring: what comes is copied, as it will be */

static uint64_t write_often(uint64_t *value)
{
	uint64_t began = ff_clock_now();

	for (uint64_t i = 0; i < WRITES; i++)
		__atomic_store_n(value, i, __ATOMIC_RELAXED);
	return ff_clock_now() - began;
}

int ff_watch_probe(uint32_t stack, struct ff_watch_cost *cost)
{
	uint64_t value;
	struct ff_watch_part part = { .address = (uintptr_t)&value, .size = sizeof(value) };
	int fd = ff_event_open_own(&part, FF_WATCH_WRITE, stack);
	size_t size = (PAGES + 1) * (size_t)sysconf(_SC_PAGESIZE);
	uint64_t took[ROUNDS], fired = 0, began = ff_clock_now();
	size_t rounds = 0;
	struct perf_event_mmap_page *ring;

	if (fd < 0)
		return fd;
	ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	while (rounds < LEAST || (rounds < ROUNDS && ff_clock_now() - began < LONG)) {
		took[rounds++] = write_often(&value);
		if (ring != MAP_FAILED)
			__atomic_store_n(&ring->data_tail, ring->data_head, __ATOMIC_RELEASE);
	}
	if (read(fd, &fired, sizeof(fired)) != sizeof(fired))
		fired = 0;
	if (ring != MAP_FAILED)
		munmap(ring, size);
	close(fd);
	if (fired != rounds * WRITES)
		return -ENOTSUP;
	ff_sort_times(took, rounds);
	/*
	 * In some of them somebody else ran meanwhile. What the target may lose goes by the least,
	 * so that nothing rests for that; estimates by what is usual.
	 */
	cost->all = took[0] / WRITES;
	cost->ran = cost->ran_apart = took[rounds / 2] / WRITES;
	return 0;
}
