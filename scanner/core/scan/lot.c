// SPDX-License-Identifier: MIT
/*
 * Lots: whether slots match, however their values were read
 *
 *            dense: a chunk as it lies             gathered: values of many chunks, side by side
 *
 *   slots    |v v v v v v v v v v v v v v v v|      |v|v|v|v|v|v|v|
 *   alive     0 0 1 1 0 0 0 0 0 0 0 0 0 1 0 0        1 1 1 0 1 1 1       candidates that are there
 *                 |program |          |program       |program      |     in stretches of words
 *   mask      0 0 1 0 0 0 0 0 0 0 0 0 0 1 0 0        0 1 0 0 1 0 0
 *   types     each by its own program, of what is left; a slot stays that fits any
 *   filter    has another look at what a weaker program let pass
 *
 * A number of unknown type is one of four. Each is narrowed by itself, so that a match stays
 * one only while one and the same type has fitted all along. The bytes are read and kept once
 * for all of them.
 */
#include "lot.h"

/* Words of slots that are alive this near to each other are evaluated in one go. */
#define WORD_GAP	4
/* Slots of a type that are evaluated in one go. */
#define BATCH_SLOTS	4096
#define BATCH_WORDS	(BATCH_SLOTS / 64)

static void run(const struct ff_scan *scan, const struct ff_program *program,
		const struct ff_lot *lot, size_t first, size_t n, uint64_t *mask)
{
	const uint8_t *streams[FF_STREAMS];

	for (size_t s = 0; s < FF_STREAMS; s++)
		streams[s] = lot->streams[s] ? lot->streams[s] + first * lot->stride : NULL;
	ff_program_run(program, scan->kernels, streams, lot->stride, n, mask);
}

/* A stretch of slots, a block at a time so that a slow program can be stopped. */
static void evaluate_stretch(const struct ff_scan *scan, struct ff_lot *lot, size_t first,
			     size_t end)
{
	for (; first < end && !ff_job_stopped(&scan->job); first += FF_BLOCK_SLOTS)
		run(scan, scan->spec.program, lot, first, ff_min(end - first, FF_BLOCK_SLOTS),
		    lot->mask + first / 64);
}

/* Evaluate only around slots that are alive, in stretches of whole words. */
static void evaluate_alive(const struct ff_scan *scan, struct ff_lot *lot)
{
	size_t words = ff_bits_words(lot->slots), w = 0;

	ff_bits_zero(lot->mask, lot->slots);
	while (w < words) {
		size_t first = w, end, gap = 0;

		if (!lot->alive[w]) {
			w++;
			continue;
		}
		for (end = w; w < words && gap <= WORD_GAP; w++) {
			gap = lot->alive[w] ? 0 : gap + 1;
			if (!gap)
				end = w + 1;
		}
		evaluate_stretch(scan, lot, first * 64, ff_min(end * 64, lot->slots));
		for (size_t i = first; i < end; i++)
			lot->mask[i] &= lot->alive[i];
	}
}

static void evaluate(const struct ff_scan *scan, struct ff_lot *lot)
{
	if (lot->blank && lot->alive)
		ff_bits_copy(lot->mask, lot->alive, lot->slots);
	else if (lot->blank)
		ff_bits_fill(lot->mask, lot->slots);
	else if (lot->alive)
		evaluate_alive(scan, lot);
	else
		evaluate_stretch(scan, lot, 0, lot->slots);
}

/* Of the slots in mask, those that fit a type; a batch without any costs nothing. */
static void narrow(const struct ff_scan *scan, const struct ff_lot *lot, size_t type,
		   uint64_t *mask)
{
	for (size_t first = 0; first < lot->slots; first += BATCH_SLOTS) {
		size_t n = ff_min(lot->slots - first, BATCH_SLOTS);
		uint64_t fits[BATCH_WORDS];

		if (!ff_bits_any(mask + first / 64, n))
			continue;
		run(scan, scan->spec.types[type], lot, first, n, fits);
		ff_bits_and(mask + first / 64, fits, n);
	}
}

/* Narrow each type's candidates by itself; what is left of any of them is left. */
static void decide_types(const struct ff_scanner *scanner, struct ff_lot *lot)
{
	const struct ff_scan *scan = scanner->scan;

	for (size_t i = 0; i < scan->spec.ntypes; i++) {
		lot->mask_type(scanner, lot, i, lot->types[i]);
		ff_bits_and(lot->types[i], lot->mask, lot->slots);
		narrow(scan, lot, i, lot->types[i]);
	}
	ff_bits_zero(lot->mask, lot->slots);
	for (size_t i = 0; i < scan->spec.ntypes; i++)
		ff_bits_or(lot->mask, lot->types[i], lot->slots);
}

static int filter(const struct ff_scan *scan, struct ff_lot *lot)
{
	const struct ff_scan_spec *spec = &scan->spec;
	struct ff_found found = {
		.job = &scan->job, .start = lot->start, .slots = lot->slots,
		.align = lot->stride, .span = spec->grid->span, .size = lot->size,
		.sizes = lot->sizes, .holes = lot->holes, .nholes = lot->nholes,
		.mask = lot->mask,
	};
	int error;

	memcpy(found.streams, lot->streams, sizeof(found.streams));
	error = spec->filter(spec->context, &found);
	for (size_t i = 0; i < spec->ntypes && !error; i++)
		ff_bits_and(lot->types[i], lot->mask, lot->slots);
	return error;
}

int ff_lot_decide(const struct ff_scanner *scanner, struct ff_lot *lot)
{
	const struct ff_scan *scan = scanner->scan;
	int error = 0;

	evaluate(scan, lot);
	if (ff_job_stopped(&scan->job) || !ff_bits_any(lot->mask, lot->slots))
		return 0;
	if (scan->spec.ntypes)
		decide_types(scanner, lot);
	if (scan->spec.filter && ff_bits_any(lot->mask, lot->slots))
		error = filter(scan, lot);
	return error ? error : ff_bits_any(lot->mask, lot->slots);
}
