/* SPDX-License-Identifier: MIT */
#ifndef FF_BLOCKS_H
#define FF_BLOCKS_H

#include "ff.h"

struct ff_segment;
struct ff_blocks;

/* Of a process, while a reader of it is open. */
int ff_blocks_create(int pid, struct ff_blocks **out);
void ff_blocks_destroy(struct ff_blocks *blocks);

/* Milliseconds that a page which a process is to bring is waited for. */
uint32_t ff_blocks_patience(const struct ff_blocks *blocks);
void ff_blocks_set_patience(struct ff_blocks *blocks, uint32_t milliseconds);

/* Whether a call for those bytes cannot block, as every page of them is there. */
bool ff_blocks_are_passed(struct ff_blocks *blocks, uint64_t address, size_t size, bool writing);

/* A thread waits in a call for ever. Returns a number for remove(), 0 when memory is short. */
uint64_t ff_blocks_add(struct ff_blocks *blocks, const struct ff_segment *segments, size_t n,
		       bool writing);
void ff_blocks_remove(struct ff_blocks *blocks, uint64_t entry);
/* Find out for which page, and which mapping it is of. May block as any look at a target may. */
void ff_blocks_resolve(struct ff_blocks *blocks);
/* Whether there are any, so that reach() has something to say. */
bool ff_blocks_are_any(const struct ff_blocks *blocks);
/* Bytes from address on, of size, before those that are known to block, and how many do. */
size_t ff_blocks_reach(struct ff_blocks *blocks, uint64_t address, size_t size, bool writing,
		       size_t *blocked);

#endif
