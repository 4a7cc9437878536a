/* SPDX-License-Identifier: MIT */
/*
 * A child that writes a value which is watched, to try whether that works here and what it costs
 */
#ifndef FF_TRIAL_H
#define FF_TRIAL_H

#include "watch/exchange.h"

/* The child's number, or a negative errno; it waits for *begin to be closed or written to. */
pid_t ff_trial_start(struct ff_exchange *exchange, int *begin);

#endif
