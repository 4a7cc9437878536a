// SPDX-License-Identifier: MIT
/*
 * Pages: what the kernel says of a target's memory without its being read
 *
 * /proc/pid/pagemap has an entry of 64 bits for each page, and from Linux 6.7 on an ioctl
 * that skips what has none; see pagemap.rst in the kernel's Documentation/admin-guide/mm.
 */
#include "group.h"
#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* As in <linux/fs.h>, which is older than the kernel on many a machine. */
struct page_region {
	uint64_t start, end, categories;
};

struct scan_argument {
	uint64_t size, flags, start, end, walk_end, regions, nregions, max_pages;
	uint64_t inverted, mask, any_of, returned;
};

#define PAGEMAP_SCAN	_IOWR('f', 16, struct scan_argument)
#define PAGE_WRITTEN	((uint64_t)1 << 1)	/* not write-protected by userfaultfd(2) */
#define PAGE_FILE	((uint64_t)1 << 2)
#define PAGE_PRESENT	((uint64_t)1 << 3)
#define PAGE_SWAPPED	((uint64_t)1 << 4)

struct ff_pages {
	uint32_t references;
	struct ff_pages *whole;	/* whose file it is; NULL where it is its own */
	int fd;
	bool scans;		/* the kernel has PAGEMAP_SCAN */
	uint64_t page;
	size_t nanonymous;
	struct ff_range *anonymous;
};

/* The first page of a stretch that is not empty, or its end; a negative errno. */
static int first_present(int fd, uint64_t start, uint64_t end, uint64_t *out)
{
	struct page_region region;
	struct scan_argument argument = {
		.size = sizeof(argument), .start = start, .end = end,
		.regions = (uintptr_t)&region, .nregions = 1, .max_pages = 1,
		.any_of = PAGE_PRESENT | PAGE_SWAPPED, .returned = PAGE_PRESENT,
	};
	int n = ioctl(fd, PAGEMAP_SCAN, &argument);

	if (n < 0)
		return -errno;
	*out = n ? region.start : end;
	return 0;
}

/* Open a thread's file, in place of an earlier thread's. */
static ssize_t open_of(int thread, void *argument)
{
	int *fd = argument;
	uint64_t entry;
	char path[32];

	if (*fd >= 0)
		close(*fd);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", thread);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* without an address space the file is empty */
	return pread(*fd, &entry, sizeof(entry), 0) ? 0 : -ESRCH;
}

int ff_pages_are_there(const struct ff_pages *pages, uint64_t start, uint64_t end, bool writing)
{
	uint64_t mask = PAGE_PRESENT | (writing ? PAGE_WRITTEN | PAGE_FILE : 0);
	struct page_region region;
	struct scan_argument argument = {
		.size = sizeof(argument), .start = start, .end = end,
		.regions = (uintptr_t)&region, .nregions = 1,
		.inverted = writing ? PAGE_FILE : 0, .mask = mask, .returned = mask,
	};
	int n;

	if (!pages->scans)
		return -ENOSYS;
	n = ioctl(pages->fd, PAGEMAP_SCAN, &argument);
	if (n < 0)
		return -errno;
	return n == 1 && region.start == start && region.end >= end;
}

int ff_pages_open(int pid, struct ff_pages **out)
{
	struct ff_pages *pages = calloc(1, sizeof(*pages));
	struct ff_group group;
	uint64_t nothing;
	int error;

	if (!pages)
		return -ENOMEM;
	pages->references = 1;
	pages->page = (uint64_t)sysconf(_SC_PAGESIZE);
	pages->fd = -1;
	ff_group_init(&group, pid);
	error = (int)ff_group_call(&group, open_of, &pages->fd);
	if (error) {
		if (pages->fd >= 0)
			close(pages->fd);
		free(pages);
		return error;
	}
	pages->scans = !first_present(pages->fd, 0, pages->page, &nothing);
	*out = pages;
	return 0;
}

struct ff_pages *ff_pages_get(const struct ff_pages *pages)
{
	struct ff_pages *shared = (struct ff_pages *)pages;

	__atomic_add_fetch(&shared->references, 1, __ATOMIC_RELAXED);
	return shared;
}

void ff_pages_close(struct ff_pages *pages)
{
	if (!pages || __atomic_sub_fetch(&pages->references, 1, __ATOMIC_ACQ_REL))
		return;
	if (pages->whole)
		ff_pages_close(pages->whole);
	else
		close(pages->fd);
	free(pages->anonymous);
	free(pages);
}

int ff_pages_expect(const struct ff_pages *pages, const struct ff_range *ranges, size_t n,
		    struct ff_pages **out)
{
	struct ff_range *copy = malloc(n * sizeof(*copy) + 1);
	struct ff_pages *made = malloc(sizeof(*made));

	if (!copy || !made) {
		free(copy);
		free(made);
		return -ENOMEM;
	}
	if (n)
		memcpy(copy, ranges, n * sizeof(*copy));
	*made = (struct ff_pages){
		.references = 1, .whole = ff_pages_get(pages), .fd = pages->fd,
		.scans = pages->scans, .page = pages->page, .nanonymous = n, .anonymous = copy,
	};
	*out = made;
	return 0;
}

size_t ff_pages_read(const struct ff_pages *pages, uint64_t address, size_t n,
		     uint64_t *entries)
{
	size_t size = n * sizeof(*entries), done = 0;

	while (done < size) {
		ssize_t got = pread(pages->fd, (uint8_t *)entries + done, size - done,
				    (off_t)(address / pages->page * sizeof(*entries) + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done / sizeof(*entries);
}

/* What cannot be had counts as a file's page, which is none of what is asked for. */
static void read_entries(const struct ff_pages *pages, uint64_t address, size_t n,
			 uint64_t *entries)
{
	for (size_t i = ff_pages_read(pages, address, n, entries); i < n; i++)
		entries[i] = FF_ENTRY_PRESENT | FF_ENTRY_FILE;
}

/*
 * Private, and not written to: a page that is mapped nowhere else, since it was last
 * mapped in. The zero page, which takes a page's place when it is given back, is not
 * exclusive; a page of a file can be written to by others.
 */
static bool is_clean(uint64_t entry)
{
	if (entry & (FF_ENTRY_SOFT_DIRTY | FF_ENTRY_FILE))
		return false;
	if (entry & FF_ENTRY_PRESENT)
		return entry & FF_ENTRY_EXCLUSIVE;
	return entry & FF_ENTRY_SWAPPED;
}

bool ff_pages_is_dirty(const struct ff_pages *pages, uint64_t address)
{
	uint64_t entry;

	read_entries(pages, address, 1, &entry);
	return !(entry & FF_ENTRY_FILE) && (entry & FF_ENTRY_PRESENT) &&
	       (entry & FF_ENTRY_SOFT_DIRTY);
}

bool ff_pages_is_clean(const struct ff_pages *pages, uint64_t address)
{
	uint64_t entry;

	read_entries(pages, address, 1, &entry);
	return is_clean(entry);
}

/* The range of private memory without a file that holds start to end, or NULL. */
static const struct ff_range *anonymous(const struct ff_pages *pages, uint64_t start,
					uint64_t end)
{
	size_t low = 0, high = pages->nanonymous;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pages->anonymous[middle].end <= start)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == pages->nanonymous || pages->anonymous[low].start > start ||
	    end > pages->anonymous[low].end)
		return NULL;
	return &pages->anonymous[low];
}

uint64_t ff_pages_untouched(const struct ff_pages *pages, uint64_t address)
{
	const struct ff_range *range = anonymous(pages, address, address + 1);
	uint64_t start = address - address % pages->page, end = address;

	if (!range || !pages->scans || first_present(pages->fd, start, range->end, &end))
		return address;
	return end > address ? end : address;
}

static bool all_are(enum ff_page_use use, const uint64_t *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		/* any bit but that one says that there is something */
		bool is = use == FF_PAGES_CLEAN ? is_clean(entries[i])
						: !(entries[i] & ~FF_ENTRY_SOFT_DIRTY);

		if (!is)
			return false;
	}
	return true;
}

size_t ff_pages_entries(const struct ff_pages *pages, const struct ff_grid *grid)
{
	return ff_grid_chunk_reach(grid) / pages->page + 2;
}

void ff_pages_look(const struct ff_pages *pages, const struct ff_chunk *bounds,
		   uint64_t *entries)
{
	uint64_t base = bounds->start - bounds->start % pages->page;
	uint64_t end = bounds->start + bounds->size;

	read_entries(pages, base, ff_divide_up(end - base, pages->page), entries);
}

void ff_pages_take(const struct ff_pages *pages, enum ff_page_use use,
		   const struct ff_chunk *bounds, const uint64_t *entries, uint64_t *wanted,
		   uint64_t *known)
{
	uint64_t base = bounds->start - bounds->start % pages->page;
	uint64_t end = bounds->start + bounds->size;
	size_t n = ff_chunk_pieces(bounds);

	for (size_t i = 0; i < n; i++) {
		uint64_t start = bounds->start + i * FF_PIECE, stop = start + FF_PIECE;
		size_t first, last;

		if (stop > end)
			stop = end;
		first = (size_t)((start - base) / pages->page);
		last = (size_t)((stop - 1 - base) / pages->page);
		if (!ff_bit(wanted, i) || !all_are(use, entries + first, last - first + 1))
			continue;
		if (use == FF_PAGES_NEVER_TOUCHED && !anonymous(pages, start, stop))
			continue;
		ff_bit_clear(wanted, i);
		ff_bit_set(known, i);
	}
}
