// SPDX-License-Identifier: MIT
/*
 * Chance that can be had again, and the bytes that tell whose they are.
 */
#include "torture.h"

static uint64_t mix(uint64_t word)
{
	word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
	word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
	return word ^ (word >> 31);
}

uint64_t roll(struct dice *dice)
{
	dice->state += 0x9e3779b97f4a7c15;
	return mix(dice->state);
}

/* From 0 to @end - 1. */
unsigned below(struct dice *dice, unsigned end)
{
	return (roll(dice) >> 32) * end >> 32;
}

bool one_in(struct dice *dice, unsigned count)
{
	return !below(dice, count);
}

/*
 * Part of a page's bytes. No two pages, owners, generations or rounds have bytes
 * in common, but by chance.
 */
void content(unsigned char *to, enum who who, size_t page, unsigned generation, size_t offset,
	     size_t length)
{
	uint64_t base = shared->key ^ mix((uint64_t)who << 56 | (uint64_t)page << 32 | generation);

	while (length) {
		uint64_t word = mix(base + (offset >> 3) * 0x9e3779b97f4a7c15);
		size_t skip = offset & 7, part = 8 - skip;

		if (part > length)
			part = length;
		__builtin_memcpy(to, (char *)&word + skip, part);
		to += part;
		offset += part;
		length -= part;
	}
}
