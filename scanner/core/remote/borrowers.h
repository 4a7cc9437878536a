/* SPDX-License-Identifier: MIT */
/*
 * Children that run in their parent's memory until they execute a program of their own; vfork(2)
 */
#ifndef FF_BORROWERS_H
#define FF_BORROWERS_H

#include "../ff.h"

#include <stdbool.h>
#include <sys/types.h>

/* Whether such a child of a thread runs, or waits where it will go on inside of the pieces. */
bool ff_borrowers_run(pid_t tid, const struct ff_remote_piece *pieces, size_t n);

#endif
