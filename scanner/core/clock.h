/* SPDX-License-Identifier: MIT */
/*
 * The clock by which all that waits or measures in the core goes: monotonic, in nanoseconds
 */
#ifndef FF_CLOCK_H
#define FF_CLOCK_H

#include <stdint.h>
#include <time.h>

#define FF_SECOND	UINT64_C(1000000000)
#define FF_MILLISECOND	UINT64_C(1000000)

static inline uint64_t ff_clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * FF_SECOND + (uint64_t)now.tv_nsec;
}

/* When so many nanoseconds from now will be over, as waits for a condition take it. */
static inline struct timespec ff_clock_in(uint64_t nanoseconds)
{
	uint64_t until = ff_clock_now() + nanoseconds;

	return (struct timespec){
		.tv_sec = (time_t)(until / FF_SECOND),
		.tv_nsec = (long)(until % FF_SECOND),
	};
}

#endif
