/* SPDX-License-Identifier: MIT */
/*
 * What a watch and its guardian share: the order, the answer, and a ring of hits
 *
 * The guardian writes at the head and the watch reads at the tail. A record never lies around the
 * ring's end: what is left there is passed over.
 */
#ifndef FF_WATCH_EXCHANGE_H
#define FF_WATCH_EXCHANGE_H

#include "watch/source.h"

#define FF_EXCHANGE_MEMORY	3	/* descriptors that a guardian is born with */
#define FF_EXCHANGE_SOCKET	4
#define FF_EXCHANGE_NAME	"farfetch-guardian 2"
#define FF_EXCHANGE_RING	0x400000u
#define FF_EXCHANGE_SLOTS	0x10000u	/* threads at a time; others never rest */

#define FF_EXCHANGE_RESTED	UINT32_MAX	/* the part of a record that tells of a rest */

struct ff_exchange_record {
	uint32_t size;		/* with the stack behind it, a multiple of 8; 0: the ring's end */
	uint32_t slot;		/* of the thread */
	uint32_t tid;
	uint32_t part;		/* the first one that was touched */
	uint32_t bits;
	uint32_t stack_size;
	uint64_t lost;		/* hits before this one that there was no room for */
	uint64_t ip, time;
	union {
		uint64_t registers[FF_WATCH_SAMPLED];
		struct ff_stretch stretch;
	};
};

struct ff_exchange {
	char name[24];		/* both are of the same build, as far as this tells */
	/* the order; process 0 is one of the guardian's own, to try it */
	pid_t owner, process;
	uint32_t kind, stack;
	uint32_t nparts;
	struct ff_watch_part parts[FF_WATCH_PARTS];
	/* the guardian's */
	int result;		/* 0 or a negative errno, once it has started or ended */
	bool started, ended;	/* in order, that is */
	bool exited, replaced;	/* what has become of the process */
	uint32_t threads;
	struct ff_watch_cost cost;
	uint32_t tried;		/* hits of its own, to be seen */
	uint64_t fired;		/* hits, with those that there was no room for */
	uint64_t head;
	/* the watch's */
	uint64_t tail;
	bool stop;
	pid_t rest[FF_EXCHANGE_SLOTS];	/* the thread that is to rest */
	uint8_t ring[FF_EXCHANGE_RING] __attribute__((aligned(8)));
};

/* Add a record with its stack. False when there is no room. By the guardian only. */
bool ff_exchange_put(struct ff_exchange *exchange, struct ff_exchange_record *record,
		     const void *stack);
/* The next record, which is gone with ff_exchange_drop(); NULL: there is none now. */
const struct ff_exchange_record *ff_exchange_next(struct ff_exchange *exchange);
void ff_exchange_drop(struct ff_exchange *exchange, const struct ff_exchange_record *record);

#endif
