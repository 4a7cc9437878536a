/* SPDX-License-Identifier: MIT */
/*
 * Hits: what touched a watched value, by instruction; or by what some registers held
 */
#ifndef FF_WATCH_HITS_H
#define FF_WATCH_HITS_H

#include "ff.h"

#define FF_HITS_MOST	65536	/* entries: instructions that are told apart */

/* What a breakpoint has seen. */
struct ff_sample {
	uint64_t ip, time;
	uint32_t tid;
	uint32_t opener;		/* whose breakpoint it was */
	uint32_t part;			/* of the value */
	bool whole;			/* the other parts that were touched have no samples */
	bool foreign;			/* another process has inherited the breakpoint */
	uint64_t registers[FF_WATCH_REGISTERS];
	uint32_t bits;
	const uint8_t *stack;		/* NULL, or as many bytes as there are */
	uint32_t stack_size;
};

/* How often a thread has hit in its present stretch. */
struct ff_hit_recent {
	uint32_t thread;
	uint64_t seen;
};

struct ff_hit_entry {
	struct ff_watch_hit hit;
	struct ff_hit_recent *recents;
	uint32_t nrecents, recents_room;
	bool looked;		/* its value has been looked at since it was seen */
	uint32_t *tids;
	uint32_t tids_room;
	uint8_t *stack;
};

struct ff_hits {
	struct ff_hit_entry *entries;	/* in the order in which they were seen first */
	size_t n, room;
	uint32_t *index;		/* by hash of what tells apart, 1 + which; 0: none */
	size_t index_size;		/* a power of two, more than twice as many */
	uint32_t stack;			/* bytes of it that an entry has room for */
	uint64_t apart;			/* registers that tell entries apart, beside the address */
	uint64_t dropped;		/* of instructions beyond the most */
};

void ff_hits_init(struct ff_hits *hits, uint32_t stack, uint64_t apart);
void ff_hits_deinit(struct ff_hits *hits);
/* A hit of a thread, by its index. 0, or -ENOMEM. */
int ff_hits_add(struct ff_hits *hits, const struct ff_sample *sample, uint32_t thread);
/* Give those that were seen since the last call their values, before and after. */
void ff_hits_look(struct ff_hits *hits, const uint8_t *before, const uint8_t *after,
		  size_t size);
/*
 * The stretches of threads end: what was seen of each in it stands for so many times as much. That
 * of a thread whose factor is 0 goes on.
 */
void ff_hits_scale(struct ff_hits *hits, const double *factors, size_t n);

#endif
