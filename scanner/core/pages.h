/* SPDX-License-Identifier: MIT */
#ifndef FF_PAGES_H
#define FF_PAGES_H

#include "layout.h"

/* Pages of a chunk that need not be read, by piece. */
enum ff_page_use {
	FF_PAGES_NEVER_TOUCHED,	/* and so zero */
	FF_PAGES_CLEAN,		/* not written to since the kernel was told to forget */
};

/*
 * Move pieces whose pages all are of that kind from wanted to known. scratch has room
 * for ff_pages_scratch() entries.
 */
void ff_pages_take(const struct ff_pages *pages, enum ff_page_use use,
		   const struct ff_chunk *bounds, uint64_t *scratch, uint64_t *wanted,
		   uint64_t *known);
size_t ff_pages_scratch(const struct ff_pages *pages, const struct ff_layout *layout);

#endif
