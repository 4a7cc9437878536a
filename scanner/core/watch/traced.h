/* SPDX-License-Identifier: MIT */
/*
 * Hits of a process that is traced by a guardian, a process of its own: guardian/main.c
 */
#ifndef FF_WATCH_TRACED_H
#define FF_WATCH_TRACED_H

#include "watch/source.h"

/* As ff_watch_start() says. All threads are watched when this returns 0. */
int ff_traced_open(const struct ff_watch_spec *spec, const struct ff_watch_part *parts,
		   size_t nparts, struct ff_source **out);

#endif
