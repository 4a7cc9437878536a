// SPDX-License-Identifier: MIT
/*
 * Pairs of a wide and a narrow number, side by side in two columns, sorted by either
 *
 * Least digit first, and only by those bits in which the pairs differ at all, cut into digits
 * of about the same width; few pairs by insertion.
 */
#include "pairs.h"

#include <errno.h>
#include <string.h>

#define FEW	48
#define DIGIT	9			/* bits at the most */
#define DIGITS	512			/* numbers that so many can say */
#define LOOKS	((size_t)1 << 20)	/* pairs between two looks whether the task goes on */

struct columns {
	uint64_t *wide;
	uint32_t *narrow;
};

static inline uint64_t key_of(const struct columns *columns, size_t i, enum ff_pairs_key key)
{
	return key == FF_BY_WIDE ? columns->wide[i] : columns->narrow[i];
}

static void insert(const struct columns *columns, size_t n, enum ff_pairs_key key)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t wide = columns->wide[i], here = key_of(columns, i, key);
		uint32_t narrow = columns->narrow[i];
		size_t j = i;

		for (; j && key_of(columns, j - 1, key) > here; j--) {
			columns->wide[j] = columns->wide[j - 1];
			columns->narrow[j] = columns->narrow[j - 1];
		}
		columns->wide[j] = wide;
		columns->narrow[j] = narrow;
	}
}

/* Some bits of the key. */
struct digit {
	uint32_t shift, bits;
};

static int pass(const struct columns *from, const struct columns *to, size_t n,
		enum ff_pairs_key key, struct digit digit, const struct ff_task *task)
{
	size_t places[DIGITS] = { 0 }, place = 0, mask = ((size_t)1 << digit.bits) - 1;

	for (size_t i = 0; i < n; i++)
		places[key_of(from, i, key) >> digit.shift & mask]++;
	for (size_t i = 0; i <= mask; i++) {
		size_t count = places[i];

		places[i] = place;
		place += count;
	}
	for (size_t i = 0; i < n; i++) {
		size_t at = places[key_of(from, i, key) >> digit.shift & mask]++;

		to->wide[at] = from->wide[i];
		to->narrow[at] = from->narrow[i];
		if (i % LOOKS == LOOKS - 1 && ff_task_is_stopped(task))
			return -ECANCELED;
	}
	return 0;
}

static int grow(struct ff_scratch *scratch, size_t pairs)
{
	int error;

	if (scratch->pairs >= pairs)
		return 0;
	ff_scratch_drop(scratch);
	error = ff_space_take(scratch->room, pairs * (sizeof(uint64_t) + sizeof(uint32_t)),
			      &scratch->space);
	if (!error)
		scratch->pairs = pairs;
	return error;
}

int ff_pairs_sort(uint64_t *wide, uint32_t *narrow, size_t n, enum ff_pairs_key key,
		  struct ff_scratch *scratch)
{
	struct columns here = { wide, narrow }, there;
	uint32_t low, bits, passes;
	uint64_t differ = 0;
	bool sorted = true;
	int error;

	if (n <= FEW) {
		insert(&here, n, key);
		return 0;
	}
	for (size_t i = 1; i < n; i++) {
		uint64_t before = key_of(&here, i - 1, key), now = key_of(&here, i, key);

		differ |= before ^ now;
		sorted &= before <= now;
	}
	if (sorted)
		return 0;
	error = grow(scratch, n);
	if (error)
		return error;
	there.wide = scratch->space.bytes;
	there.narrow = (uint32_t *)(there.wide + n);
	low = (uint32_t)__builtin_ctzll(differ);
	bits = 64 - (uint32_t)__builtin_clzll(differ) - low;
	passes = (bits + DIGIT - 1) / DIGIT;
	for (uint32_t i = 0; i < passes; i++) {
		struct digit digit = { low + bits * i / passes, 0 };
		struct columns turned = there;

		digit.bits = low + bits * (i + 1) / passes - digit.shift;
		error = pass(&here, &there, n, key, digit, scratch->task);
		if (error)
			return error;
		there = here;
		here = turned;
	}
	if (here.wide != wide) {
		memcpy(wide, here.wide, n * sizeof(*wide));
		memcpy(narrow, here.narrow, n * sizeof(*narrow));
	}
	return 0;
}
