/* SPDX-License-Identifier: MIT */
#ifndef FF_BLOCK_H
#define FF_BLOCK_H

#include "kernels/kernels.h"

enum ff_block_kind {
	FF_BLOCK_EMPTY,
	FF_BLOCK_RUNS,		/* n runs of slots, first and last */
	FF_BLOCK_OFFSETS,	/* count slots, ascending */
	FF_BLOCK_BITMAP,	/* n words */
};

struct ff_run {
	uint16_t first, last;
};

/* The matches among up to 65,536 slots, in whichever form is smallest. */
struct ff_block {
	uint32_t count;
	uint16_t kind;
	uint16_t n;
	union {
		struct ff_run *runs;
		uint16_t *offsets;
		uint64_t *words;
		struct ff_run run;	/* FF_BLOCK_RUNS with n == 1, in place */
	};
};

/* Bytes of memory it takes besides itself. */
size_t ff_block_bytes(const struct ff_block *block);
/* Make a block that is all zero one of a mask of slots bits. */
int ff_block_of_mask(struct ff_block *block, const struct ff_kernels *kernels,
		     const uint64_t *mask, size_t slots);
/* The same from a list of its n matches, which ascend and are numbered from base on. */
int ff_block_of_list(struct ff_block *block, const uint32_t *matches, size_t n, uint32_t base,
		     size_t slots);
void ff_block_end(struct ff_block *block);

/* Set the bits of its matches in a mask that has none. */
void ff_block_mask(const struct ff_block *block, uint64_t *mask);
/* How many of its matches lie below slot; *found says whether slot is one. */
uint32_t ff_block_rank(const struct ff_block *block, size_t slot, bool *found);
/* Slots of its matches from the skip-th on, up to n. Returns how many. */
size_t ff_block_slots(const struct ff_block *block, size_t skip, size_t n, uint32_t *out);

#endif
