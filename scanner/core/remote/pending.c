// SPDX-License-Identifier: MIT
/*
 * Signals that a stopped thread has not been given yet; ptrace(2), "PTRACE_PEEKSIGINFO"
 */
#include "pending.h"

#ifdef __x86_64__
#include <stdint.h>
#include <sys/ptrace.h>

#define SOME 16	/* that are asked for at once */

bool ff_pending_has(pid_t tid, bool (*is_such)(const siginfo_t *info))
{
	struct __ptrace_peeksiginfo_args from = { .nr = SOME };
	siginfo_t signals[SOME];
	long n;

	while ((n = ptrace(PTRACE_PEEKSIGINFO, tid, &from, signals)) > 0) {
		for (long i = 0; i < n; i++) {
			if (is_such(&signals[i]))
				return true;
		}
		from.off += (uint64_t)n;
	}
	return false;
}
#endif
