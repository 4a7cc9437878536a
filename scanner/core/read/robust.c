// SPDX-License-Identifier: MIT
/*
 * Where a thread keeps the list of the mutexes that it would leave behind: in what its C library
 * knows of it, at the top of its stack
 */
#include "ff.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

int ff_robust_list(int thread, uint64_t *out)
{
	void *head = NULL;
	size_t size = 0;

	if (syscall(SYS_get_robust_list, thread, &head, &size))
		return -errno;
	*out = (uintptr_t)head;
	return 0;
}
