/* SPDX-License-Identifier: MIT */
/*
 * Debug registers of a thread that this one traces, and that stands; x86-64 only
 */
#ifndef FF_WATCH_DEBUG_REGISTERS_H
#define FF_WATCH_DEBUG_REGISTERS_H

#include "watch/source.h"

#ifdef __x86_64__
/* What a thread's registers are used for. */
struct ff_registers {
	bool armed;
	uint8_t used[FF_WATCH_PARTS];	/* the register of each part */
	uint8_t n;
};

/*
 * Arm registers for parts of a value. -ENOSPC when not enough are free, -EINVAL when nobody may
 * watch there; then none is armed.
 */
int ff_registers_arm(struct ff_registers *registers, pid_t tid, const struct ff_watch_part *parts,
		     size_t nparts, uint32_t kind);
/* Let none of these fire any more; what others have armed stays. A hit may still be on its way. */
void ff_registers_clear(struct ff_registers *registers, pid_t tid);
/*
 * Which part has stopped it, and note that it was seen: an index, or -1. Whether it was stopped
 * for having made a step, too.
 */
int ff_registers_hit(const struct ff_registers *registers, pid_t tid, bool *stepped);
/* Let no register fire any more that is armed for one of these parts, by whomever. */
void ff_registers_clear_parts(pid_t tid, const struct ff_watch_part *parts, size_t nparts);
#endif

#endif
