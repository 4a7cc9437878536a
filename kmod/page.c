// SPDX-License-Identifier: GPL-2.0-only
/*
 * What both modes do to a page of the target.
 */
#include <linux/highmem.h>
#include <linux/mm.h>

#include "compat.h"
#include "far.h"

/**
 * far_page_written - after bytes were put into a page of the target
 * @page: the page
 * @offset: where in it
 * @len: how many bytes
 * @exec: the page may be executed, so instruction caches must see the bytes
 */
void far_page_written(struct page *page, size_t offset, size_t len, bool exec)
{
	flush_dcache_page(page);
	if (exec) {
		void *kaddr = kmap_local_page(page);
		unsigned long start = (unsigned long)kaddr + offset;

		flush_icache_range(start, start + len);
		kunmap_local(kaddr);
	}
}
