// SPDX-License-Identifier: MIT
/*
 * Random numbers that come again with the same seed
 */
#ifndef TARGETS_XORSHIFT_H
#define TARGETS_XORSHIFT_H

#include <stdint.h>

/* Marsaglia's xorshift64: 8 bytes in three shifts. */
static inline uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

#endif
