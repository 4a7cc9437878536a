/* SPDX-License-Identifier: MIT */
/*
 * All threads of another process, stopped by ptrace(2) for a moment
 */
#ifndef FF_HERD_H
#define FF_HERD_H

#include "stop.h"

#ifdef __x86_64__
struct ff_herd {
	struct ff_stopped *threads;
	size_t n;
	size_t room;
};

/*
 * When this returns 0 no thread runs code of the process before ff_herd_end(): each stands,
 * or sleeps in the kernel and will stand. What ff_stop_ask() and ff_stop_wait() return, or
 * -EAGAIN when new ones come and come.
 */
int ff_herd_stop(struct ff_herd *herd, int pid);
void ff_herd_end(struct ff_herd *herd);
#endif

#endif
