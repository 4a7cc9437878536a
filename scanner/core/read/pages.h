/* SPDX-License-Identifier: MIT */
#ifndef FF_PAGES_H
#define FF_PAGES_H

#include "grid.h"

/* Pages of a chunk that need not be read, by piece. */
enum ff_page_use {
	FF_PAGES_NEVER_TOUCHED,	/* and so zero */
	FF_PAGES_CLEAN,		/* not written to since the kernel was told to forget */
};

/* Ask the kernel for the entries of a chunk's pages, ff_pages_entries() at the most. */
void ff_pages_look(const struct ff_pages *pages, const struct ff_chunk *bounds,
		   uint64_t *entries);
size_t ff_pages_entries(const struct ff_pages *pages, const struct ff_grid *grid);
/*
 * How far private memory that nobody ever touched goes on from address: to the first page
 * that somebody did. address itself where that cannot be told at once.
 */
uint64_t ff_pages_untouched(const struct ff_pages *pages, uint64_t address);
/* What the kernel says of a page; see pagemap.rst. */
#define FF_ENTRY_SOFT_DIRTY	((uint64_t)1 << 55)
#define FF_ENTRY_EXCLUSIVE	((uint64_t)1 << 56)
#define FF_ENTRY_PROTECTED	((uint64_t)1 << 57)	/* against writes, by userfaultfd(2) */
#define FF_ENTRY_FILE		((uint64_t)1 << 61)
#define FF_ENTRY_SWAPPED	((uint64_t)1 << 62)
#define FF_ENTRY_PRESENT	((uint64_t)1 << 63)

/*
 * Whether all pages from start to end are in memory and, for writing, ask nobody before they
 * are written to; -ENOSYS where entries have to be read. Much cheaper than these, which make
 * the kernel look at 2 MiB each time.
 */
int ff_pages_are_there(const struct ff_pages *pages, uint64_t start, uint64_t end, bool writing);
/* Entries of n pages from address on. Returns of how many; those behind are left alone. */
size_t ff_pages_read(const struct ff_pages *pages, uint64_t address, size_t n,
		     uint64_t *entries);
/* Move pieces whose pages all are of that kind from wanted to known. */
void ff_pages_take(const struct ff_pages *pages, enum ff_page_use use,
		   const struct ff_chunk *bounds, const uint64_t *entries, uint64_t *wanted,
		   uint64_t *known);

#endif
