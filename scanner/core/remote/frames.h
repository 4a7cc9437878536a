/* SPDX-License-Identifier: MIT */
/*
 * Where a thread goes on behind the handlers of signals that it is in
 */
#ifndef FF_FRAMES_H
#define FF_FRAMES_H

#include "../ff.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether a handler that runs, its stack being there, returns into the middle of one of the
 * pieces: the kernel has left it where that was on the stack, before the code's segment.
 */
bool ff_frames_return_into(int memory, uint64_t stack, const struct ff_remote_piece *pieces,
			   size_t n);

#endif
