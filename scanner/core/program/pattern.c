// SPDX-License-Identifier: MIT
/*
 * Patterns: bytes of which some bits count, and letters in either case
 *
 * Nearly all of memory is told from a pattern by two bytes, if they are rare ones.
 */
#include "pattern.h"

#include <string.h>

/* The commonest bytes of programs and of what they keep, the very commonest first. */
static const uint8_t common[] = {
	0x00, 0xff, 0x48, 0x8b, 0x01, 0x20, 0x89, 0x0f, 0x24, 0xe8, 0x8d, 0x4c, 0x83, 0x85,
	0xc0, 0x02, 'e',  't',  'a',  'i',  'o',  'n',  'r',  's',  0x04, 0x08, 0x10, 0x03,
	0x41, 0x44, 0x45, 0x05, 0x06, 0x07, 0x0a, 0x7f, 0x55, 0x80, 0x40, 0xc7, 0xc3, 0xcc,
};

bool ff_pattern_fits(const struct ff_atom *atom, const uint8_t *bytes, size_t nbytes)
{
	uint8_t tells = 0;

	if (!atom->length || atom->first > nbytes || atom->length > (nbytes - atom->first) / 2)
		return false;
	for (size_t i = 0; i < atom->length; i++) {
		uint8_t mask = bytes[atom->first + atom->length + i];

		if (bytes[atom->first + i] & ~mask)
			return false;
		tells |= mask;
	}
	return tells != 0;
}

/* How much a byte of the pattern tells: a wildcard nothing, a rare byte the most. */
static size_t telling(uint8_t value, uint8_t mask)
{
	const uint8_t *listed;

	if (mask != 0xff)
		return (size_t)__builtin_popcount(mask);
	listed = memchr(common, value, sizeof(common));
	return 8 + (listed ? (size_t)(listed - common) : sizeof(common));
}

void ff_pattern_choose(struct ff_atom *atom, const uint8_t *bytes)
{
	const uint8_t *value = bytes + atom->first, *mask = value + atom->length;
	size_t most = 0, second = 0;
	uint32_t one = 0, other = 0;

	for (uint32_t i = 0; i < atom->length; i++) {
		size_t tells = telling(value[i], mask[i]);

		if (tells > most) {
			second = most;
			other = one;
			most = tells;
			one = i;
		} else if (tells > second) {
			second = tells;
			other = i;
		}
	}
	atom->op = one << 16 | (second ? other : one);
}

void ff_pattern_test(const struct ff_atom *atom, const uint8_t *bytes, struct ff_pattern_test *out)
{
	out->value = bytes + atom->first;
	out->mask = out->value + atom->length;
	out->length = atom->length;
	out->one = atom->op >> 16;
	out->other = atom->op & 0xffff;
}
