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

/* A time of this clock, as waits for a condition take it. */
static inline struct timespec ff_clock_at(uint64_t time)
{
	return (struct timespec){
		.tv_sec = (time_t)(time / FF_SECOND),
		.tv_nsec = (long)(time % FF_SECOND),
	};
}

/* And when so many nanoseconds from now will be over. */
static inline struct timespec ff_clock_in(uint64_t nanoseconds)
{
	return ff_clock_at(ff_clock_now() + nanoseconds);
}

#endif
