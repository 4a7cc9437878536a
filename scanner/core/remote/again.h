/* SPDX-License-Identifier: MIT */
/*
 * System calls that say EINTR when their thread is stopped, and that may be begun again
 */
#ifndef FF_AGAIN_H
#define FF_AGAIN_H

#ifdef __x86_64__
#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

/*
 * Whether these are the registers of such a call that has just said so. With a time limit it
 * gets the whole of it once more: nothing tells when it began.
 */
bool ff_again_is(const struct user_regs_struct *registers);
/* Set them to where the call was made. */
void ff_again_set(struct user_regs_struct *registers);
/*
 * Have a thread that this one traces, and that stands, begin such a call again when it goes on:
 * unless it is a signal's handler that takes it out of it.
 */
void ff_again_begin(pid_t tid);
#endif

#endif
