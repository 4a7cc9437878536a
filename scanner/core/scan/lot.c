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
 *   types     of a number of unknown type, see types.c
 *   filter    has another look at what a weaker program let pass
 */
#include "lot.h"

/* Words of slots that are evaluated in one go if any is alive; which are cannot be foreseen. */
#define WORDS		8

void ff_lot_run(const struct ff_scan *scan, const struct ff_program *program,
		const struct ff_lot *lot, struct ff_stretch slots, uint64_t *mask)
{
	const uint8_t *streams[FF_STREAMS];

	for (size_t s = 0; s < FF_STREAMS; s++)
		streams[s] = lot->streams[s] ? lot->streams[s] + slots.first * lot->stride : NULL;
	ff_program_run(program, scan->kernels, streams, lot->stride * slots.every, slots.n, mask);
}

/* A stretch of slots, a block at a time so that a slow program can be stopped. */
static void evaluate_stretch(const struct ff_scan *scan, struct ff_lot *lot, size_t first,
			     size_t end)
{
	for (; first < end && !ff_job_stopped(&scan->job); first += FF_BLOCK_SLOTS) {
		struct ff_stretch slots = { first, ff_min(end - first, FF_BLOCK_SLOTS), 1 };

		ff_lot_run(scan, scan->spec.program, lot, slots, lot->mask + first / 64);
	}
}

static bool any_alive(const uint64_t *alive, size_t words)
{
	uint64_t any = 0;

	for (size_t w = 0; w < words; w++)
		any |= alive[w];
	return any;
}

/* Evaluate only around slots that are alive, in stretches of some words. */
static void evaluate_alive(const struct ff_scan *scan, struct ff_lot *lot)
{
	size_t words = ff_bits_words(lot->slots), first, w = 0;

	ff_bits_zero(lot->mask, lot->slots);
	while (w < words) {
		for (first = w; w < words; w += WORDS) {
			if (!any_alive(lot->alive + w, ff_min(WORDS, words - w)))
				break;
		}
		if (w > first) {
			size_t end = ff_min(w * 64, lot->slots);

			evaluate_stretch(scan, lot, first * 64, end);
			ff_bits_and(lot->mask + first, lot->alive + first, end - first * 64);
		}
		w += WORDS;
	}
}

static void evaluate(const struct ff_scan *scan, struct ff_lot *lot)
{
	bool all = lot->blank || ff_types_apart(scan);

	if (all && lot->alive)
		ff_bits_copy(lot->mask, lot->alive, lot->slots);
	else if (all)
		ff_bits_fill(lot->mask, lot->slots);
	else if (lot->alive)
		evaluate_alive(scan, lot);
	else
		evaluate_stretch(scan, lot, 0, lot->slots);
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
	for (size_t i = 0; i < spec->ntypes && !error; i++) {
		if (lot->fits[i])
			ff_bits_and(lot->types[i], lot->mask, lot->slots);
	}
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
		ff_types_decide(scanner, lot);
	if (scan->spec.filter && ff_bits_any(lot->mask, lot->slots))
		error = filter(scan, lot);
	return error ? error : ff_bits_any(lot->mask, lot->slots);
}
