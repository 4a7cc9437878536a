/* SPDX-License-Identifier: MIT */
#ifndef FF_STALLS_H
#define FF_STALLS_H

#include "ff.h"

struct ff_segment;
struct ff_stalls;

/* Of a process, while a reader of it is open. */
int ff_stalls_create(int pid, struct ff_stalls **out);
void ff_stalls_destroy(struct ff_stalls *stalls);

/* Milliseconds that a page which a process is to bring is waited for. */
uint32_t ff_stalls_patience(const struct ff_stalls *stalls);
void ff_stalls_set_patience(struct ff_stalls *stalls, uint32_t milliseconds);

/* Whether a call for those bytes cannot block, as every page of them is there. */
bool ff_stalls_are_passed(struct ff_stalls *stalls, uint64_t address, size_t size, bool writing);

/* A thread waits in a call for ever. Returns a number for remove(), 0 when memory is short. */
uint64_t ff_stalls_add(struct ff_stalls *stalls, const struct ff_segment *segments, size_t n,
		       bool writing);
void ff_stalls_remove(struct ff_stalls *stalls, uint64_t entry);
/* Find out for which page, and which mapping it is of. May block as any look at a target may. */
void ff_stalls_resolve(struct ff_stalls *stalls);
/* Whether there are any, so that reach() has something to say. */
bool ff_stalls_are_any(const struct ff_stalls *stalls);
/* Bytes from address on, of size, before those that are known to block, and how many do. */
size_t ff_stalls_reach(struct ff_stalls *stalls, uint64_t address, size_t size, bool writing,
		       size_t *blocked);

#endif
