/* SPDX-License-Identifier: MIT */
/*
 * What has to hold, or the test's program ends, saying what does not
 */
#ifndef LAWS_MUST_H
#define LAWS_MUST_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static inline void must(int is, const char *what)
{
	if (is)
		return;
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
	exit(1);
}

#endif
