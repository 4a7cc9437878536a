// SPDX-License-Identifier: MIT
/*
 * Numbers of unknown type: each type narrowed by itself
 *
 * A slot's value is one of several types. Each has a program and candidates of its own, so
 * that a match stays one only while one and the same type has fitted all along. The bytes are
 * read and kept once for all of them.
 *
 *   together   few types: one program says where any of them may fit, and only there
 *              each is asked
 *   apart      many types: each is asked at once, of the slots that have its alignment,
 *              a batch at a time whose bytes stay in the first-level cache
 *
 *              slots     0 1 2 3 4 5 6 7 8 ...
 *              1 byte    x x x x x x x x x        all of them
 *              4 bytes         x       x          every fourth: packed 0 1 ..., then spread
 */
#include "lot.h"

/* Slots that are evaluated in one go. */
#define BATCH_SLOTS	4096
#define BATCH_WORDS	(BATCH_SLOTS / 64)

/* What fits any type. */
static void join(const struct ff_scan *scan, struct ff_lot *lot)
{
	ff_bits_zero(lot->mask, lot->slots);
	for (size_t i = 0; i < scan->spec.ntypes; i++) {
		if (lot->fits[i])
			ff_bits_or(lot->mask, lot->types[i], lot->slots);
	}
}

/* ---- together ---- */

/* Of the slots in mask, those that fit a type; a batch without any costs nothing. */
static void narrow(const struct ff_scan *scan, const struct ff_lot *lot, size_t type,
		   uint64_t *mask)
{
	for (size_t first = 0; first < lot->slots; first += BATCH_SLOTS) {
		struct ff_stretch slots = { first, ff_min(lot->slots - first, BATCH_SLOTS), 1 };
		uint64_t fits[BATCH_WORDS];

		if (!ff_bits_any(mask + first / 64, slots.n))
			continue;
		ff_lot_run(scan, scan->spec.types[type], lot, slots, fits);
		ff_bits_and(mask + first / 64, fits, slots.n);
	}
}

static void decide_together(const struct ff_scanner *scanner, struct ff_lot *lot)
{
	const struct ff_scan *scan = scanner->scan;

	for (size_t i = 0; i < scan->spec.ntypes; i++) {
		lot->mask_type(scanner, lot, i, lot->types[i]);
		ff_bits_and(lot->types[i], lot->mask, lot->slots);
		narrow(scan, lot, i, lot->types[i]);
		lot->fits[i] = true;
	}
	join(scan, lot);
}

/* ---- apart ---- */

/* Bit i of the lower half goes to 2 * i. */
static uint64_t spread(uint64_t bits)
{
	bits = (bits | bits << 16) & 0x0000ffff0000ffff;
	bits = (bits | bits << 8) & 0x00ff00ff00ff00ff;
	bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0f;
	bits = (bits | bits << 2) & 0x3333333333333333;
	return (bits | bits << 1) & 0x5555555555555555;
}

/* Bit i of packed goes to first + i * every, for n slots; first is below every, a power of 2. */
static void spread_out(const uint64_t *packed, size_t first, size_t every, size_t n,
		       uint64_t *mask)
{
	size_t each = 64 / every;

	for (size_t w = 0; w < ff_bits_words(n); w++) {
		size_t at = w * each;
		uint64_t bits = packed[at / 64] >> at % 64;

		if (bits && every < 64)
			bits &= ff_bits_below(each);
		for (size_t times = every; bits && times > 1; times /= 2)
			bits = spread(bits);
		mask[w] = bits << first;
	}
}

/* Where a type lies in a lot: every so many-th slot, from the first on. */
static struct ff_stretch places(const struct ff_scan *scan, const struct ff_lot *lot, size_t type)
{
	uint32_t align = scan->spec.type_aligns[type], grid_align = scan->spec.grid->align;
	struct ff_stretch slots = { .every = 1 };

	if (lot->sizes)
		return slots;	/* gathered: candidates of the type lie where it does */
	slots.every = align / grid_align;
	slots.first = (align - lot->start % align) % align / grid_align;
	return slots;
}

/* Which of n slots from start on fit a type; false when none does. */
static bool ask(const struct ff_scan *scan, const struct ff_lot *lot, size_t type, size_t start,
		size_t n, uint64_t *fits)
{
	const struct ff_program *program = scan->spec.types[type];
	struct ff_stretch slots = places(scan, lot, type);
	uint64_t packed[BATCH_WORDS];
	size_t first = slots.first;

	slots.first += start;
	slots.n = n > first ? ff_divide_up(n - first, slots.every) : 0;
	if (!slots.n || ff_program_is_never(program))
		return false;
	ff_lot_run(scan, program, lot, slots, slots.every > 1 ? packed : fits);
	if (slots.every == 1)
		return ff_bits_any(fits, n);
	if (!ff_bits_any(packed, slots.n))
		return false;
	spread_out(packed, first, slots.every, n, fits);
	return true;
}

/* Of the slots from first on, those of a type; its mask is made when there are some. */
static void take(const struct ff_scan *scan, struct ff_lot *lot, size_t type, size_t first,
		 size_t n, const uint64_t *fits)
{
	uint64_t *mask = lot->types[type];

	if (scan->spec.candidates) {
		ff_bits_and(mask + first / 64, fits, n);
	} else {
		if (!lot->fits[type])
			ff_bits_zero(mask, lot->slots);
		ff_bits_copy(mask + first / 64, fits, n);
	}
	lot->fits[type] = true;
	ff_bits_or(lot->mask + first / 64, mask + first / 64, n);
}

/* Ask each type about a batch; without candidates, every slot is one of each. */
static void decide_batch(const struct ff_scan *scan, struct ff_lot *lot, size_t first, size_t n)
{
	const struct ff_program *asked = NULL;
	uint64_t fits[BATCH_WORDS];
	bool any = false;

	ff_bits_zero(lot->mask + first / 64, n);
	for (size_t i = 0; i < scan->spec.ntypes; i++) {
		uint64_t *mask = lot->types[i] + first / 64;

		if (scan->spec.candidates && !ff_bits_any(mask, n))
			continue;
		/* types beside each other that the predicate does not tell apart share a program */
		if (scan->spec.types[i] != asked)
			any = ask(scan, lot, i, first, n, fits);
		asked = scan->spec.types[i];
		if (any)
			take(scan, lot, i, first, n, fits);
		else if (scan->spec.candidates)
			ff_bits_zero(mask, n);
	}
}

static void decide_apart(const struct ff_scanner *scanner, struct ff_lot *lot)
{
	const struct ff_scan *scan = scanner->scan;
	bool is_cut = false;

	for (size_t i = 0; i < scan->spec.ntypes && scan->spec.candidates; i++) {
		lot->mask_type(scanner, lot, i, lot->types[i]);
		ff_bits_and(lot->types[i], lot->mask, lot->slots);
	}
	for (size_t first = 0; first < lot->slots && !ff_job_stopped(&scan->job);
	     first += BATCH_SLOTS)
		decide_batch(scan, lot, first, ff_min(lot->slots - first, BATCH_SLOTS));
	for (size_t i = 0; i < scan->spec.ntypes && !scan->spec.candidates; i++) {
		if (lot->fits[i])
			is_cut |= lot->cut_type(scanner, lot, i, lot->types[i]);
	}
	if (is_cut)
		join(scan, lot);
}

void ff_types_decide(const struct ff_scanner *scanner, struct ff_lot *lot)
{
	if (ff_types_apart(scanner->scan))
		decide_apart(scanner, lot);
	else
		decide_together(scanner, lot);
}
