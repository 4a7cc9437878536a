/* SPDX-License-Identifier: MIT */
#ifndef FF_PRESSURE_H
#define FF_PRESSURE_H

#include "ff.h"

/*
 * How many bytes whoever uses so many may hold, as the machine is now: fewer than it uses while
 * others are held up. root is what comes before /proc and /sys.
 */
uint64_t ff_pressure_spares(const char *root, uint64_t used);

#endif
