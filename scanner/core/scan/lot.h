/* SPDX-License-Identifier: MIT */
#ifndef FF_LOT_H
#define FF_LOT_H

#include "scan.h"

/*
 * A lot: slots that are decided about together, a chunk's or those gathered of many
 *
 * Whoever fills one has read the values, and taken from alive what cannot match.
 */
struct ff_lot {
	size_t slots, stride;			/* bytes from one slot's value to the next one's */
	const uint8_t *streams[FF_STREAMS];	/* of the first slot */
	uint64_t *alive;	/* candidates whose values are all there; NULL: every slot */
	bool blank;		/* every value is zero in every stream, and zeros match */
	uint64_t *mask;				/* then: the slots that match */
	uint64_t *types[FF_MATCH_TYPES];	/* and those that match as each type */
	bool fits[FF_MATCH_TYPES];	/* without one a mask may say nothing, or is all zero */
	/* The candidates of a type, as far as all bytes of its values are there. */
	void (*mask_type)(const struct ff_scanner *scanner, const struct ff_lot *lot, size_t type,
			  uint64_t *mask);
	/* Clear what of every slot is none for that reason alone; whether any may be. */
	bool (*cut_type)(const struct ff_scanner *scanner, const struct ff_lot *lot, size_t type,
			 uint64_t *mask);
	/* for a filter, see struct ff_found: */
	uint64_t start;
	size_t size;
	const uint32_t *sizes;
	const struct ff_range *holes;
	size_t nholes;
};

/* Slots of a lot: every so many-th from the first on. */
struct ff_stretch {
	size_t first, n, every;
};

/* Run a program over slots of a lot. mask gets a bit for each of them. */
void ff_lot_run(const struct ff_scan *scan, const struct ff_program *program,
		const struct ff_lot *lot, struct ff_stretch slots, uint64_t *mask);

/*
 * Decide which slots match: by the program, as one type or another, and to the filter.
 * Returns 1 when any does, else 0 and nothing is to be kept; or a negative errno.
 */
int ff_lot_decide(const struct ff_scanner *scanner, struct ff_lot *lot);

/* ---- types.c: numbers of unknown type ---- */

/* Whether each type is asked by itself, without the program having been asked before. */
static inline bool ff_types_apart(const struct ff_scan *scan)
{
	return scan->spec.ntypes && scan->spec.type_aligns[0];
}

/* Narrow each type's candidates, of the slots in the lot's mask; leave those of any there. */
void ff_types_decide(const struct ff_scanner *scanner, struct ff_lot *lot);

#endif
