/* SPDX-License-Identifier: MIT */
/*
 * Restartable sequences, which a thread that was interrupted begins anew; rseq(2)
 */
#ifndef FF_RESTARTABLE_H
#define FF_RESTARTABLE_H

#include "stop.h"

#ifdef __x86_64__
/*
 * Where a thread that stands in the middle of one has to go on once it has done something
 * else: set its instruction to that. Others are left as they are.
 */
void ff_restartable_abort(const struct ff_stopped *thread, struct user_regs_struct *registers);
#endif

#endif
