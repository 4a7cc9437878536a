// SPDX-License-Identifier: MIT
/*
 * Stalls: mappings of a target in which some thread of ours waits for a page for ever
 *
 * From such a mapping only what is there is read: a page that is in memory needs nobody to
 * bring it. Once the page comes after all, the thread is let go and the mapping is as any
 * other again. So there is at most one such thread for each mapping, or as many as were
 * inside it at once; and when there are too many, that holds for all of the memory.
 */
#include "stalls.h"
#include "group.h"
#include "pages.h"
#include "reader.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES_MAX	32	/* threads that wait, from which on nothing is waited for */
#define BATCH		512	/* pages asked for in one call */
#define PATIENCE	1000	/* milliseconds */

struct entry {
	struct entry *next;
	uint64_t number;
	bool writing;
	struct ff_range mapping;	/* in which the page lies, once that is known */
	uint64_t page;			/* that is waited for */
	struct ff_range *wanted;	/* what the call was for; NULL once resolved */
	size_t nwanted;
};

struct ff_stalls {
	pthread_mutex_t lock;
	struct ff_group group;		/* whose memory it is */
	struct ff_pages *pages;		/* NULL where the kernel does not tell */
	uint64_t page;
	uint32_t patience;
	struct entry *entries;
	uint64_t nentries, numbers;
};

int ff_stalls_create(int pid, struct ff_stalls **out)
{
	struct ff_stalls *stalls = calloc(1, sizeof(*stalls));

	if (!stalls)
		return -ENOMEM;
	pthread_mutex_init(&stalls->lock, NULL);
	ff_group_init(&stalls->group, pid);
	stalls->page = (uint64_t)sysconf(_SC_PAGESIZE);
	stalls->patience = PATIENCE;
	if (ff_pages_open(pid, &stalls->pages))
		stalls->pages = NULL;
	*out = stalls;
	return 0;
}

static void free_entry(struct entry *entry)
{
	free(entry->wanted);
	free(entry);
}

void ff_stalls_destroy(struct ff_stalls *stalls)
{
	if (!stalls)
		return;
	while (stalls->entries) {
		struct entry *entry = stalls->entries;

		stalls->entries = entry->next;
		free_entry(entry);
	}
	ff_pages_close(stalls->pages);
	pthread_mutex_destroy(&stalls->lock);
	free(stalls);
}

uint32_t ff_stalls_patience(const struct ff_stalls *stalls)
{
	return __atomic_load_n(&stalls->patience, __ATOMIC_RELAXED);
}

void ff_stalls_set_patience(struct ff_stalls *stalls, uint32_t milliseconds)
{
	__atomic_store_n(&stalls->patience, milliseconds, __ATOMIC_RELAXED);
}

bool ff_stalls_are_any(const struct ff_stalls *stalls)
{
	return __atomic_load_n(&stalls->nentries, __ATOMIC_ACQUIRE) != 0;
}

/* ---- pages ---- */

static void look(const struct ff_stalls *stalls, uint64_t address, size_t n, uint64_t *entries)
{
	memset(entries, 0, n * sizeof(*entries));
	if (stalls->pages)
		ff_pages_read(stalls->pages, address, n, entries);
}

/*
 * Whether a page needs nobody to bring it. Pages of files may have to ask their file system
 * before they are written to, and a page that is write-protected asks the process that did it.
 */
static bool is_there(uint64_t entry, bool writing)
{
	if (!(entry & FF_ENTRY_PRESENT))
		return false;
	return !writing || !(entry & (FF_ENTRY_FILE | FF_ENTRY_PROTECTED));
}

/* What is swapped the kernel brings itself; but markers of userfaultfd look like that, too. */
static bool is_swapped(uint64_t entry)
{
	return (entry & FF_ENTRY_SWAPPED) && !(entry & FF_ENTRY_PROTECTED);
}

bool ff_stalls_are_passed(struct ff_stalls *stalls, uint64_t address, size_t size, bool writing)
{
	uint64_t start = address - address % stalls->page, entries[BATCH];
	uint64_t n = ff_divide_up(address - start + size, stalls->page);

	if (n > BATCH)
		return false;
	if (stalls->pages) {
		int are = ff_pages_are_there(stalls->pages, start, start + n * stalls->page,
					     writing);

		if (are != -ENOSYS)
			return are > 0;
	}
	look(stalls, start, (size_t)n, entries);
	for (size_t i = 0; i < n; i++) {
		if (!is_there(entries[i], writing))
			return false;
	}
	return true;
}

/* ---- entries ---- */

uint64_t ff_stalls_add(struct ff_stalls *stalls, const struct ff_segment *segments, size_t n,
		       bool writing)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	uint64_t number;

	if (!entry)
		return 0;
	entry->wanted = calloc(n + 1, sizeof(*entry->wanted));
	if (!entry->wanted) {
		free(entry);
		return 0;
	}
	entry->writing = writing;
	entry->nwanted = n;
	for (size_t i = 0; i < n; i++)
		entry->wanted[i] = (struct ff_range){
			.start = segments[i].address,
			.end = segments[i].address + segments[i].size,
		};
	pthread_mutex_lock(&stalls->lock);
	number = entry->number = ++stalls->numbers;
	entry->next = stalls->entries;
	stalls->entries = entry;
	__atomic_store_n(&stalls->nentries, stalls->nentries + 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&stalls->lock);
	return number;
}

void ff_stalls_remove(struct ff_stalls *stalls, uint64_t number)
{
	struct entry **link, *entry;

	pthread_mutex_lock(&stalls->lock);
	for (link = &stalls->entries; (entry = *link); link = &entry->next) {
		if (entry->number == number) {
			*link = entry->next;
			free_entry(entry);
			__atomic_store_n(&stalls->nentries, stalls->nentries - 1,
					 __ATOMIC_RELEASE);
			break;
		}
	}
	pthread_mutex_unlock(&stalls->lock);
}

struct search {
	uint64_t address;
	bool writing;
	struct ff_range *out;
};

/* Whether a mapping holds the address and lets it be read, or written to; or -ESRCH. */
static ssize_t search_maps(int thread, void *argument)
{
	const struct search *search = argument;
	struct ff_range *out = search->out;
	ssize_t found = -ESRCH;
	char path[64], *line = NULL;
	size_t capacity = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", thread);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	while (found <= 0 && getline(&line, &capacity, file) > 0) {
		char may_read, may_write;

		found = 0;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %c%c", &out->start, &out->end, &may_read,
			   &may_write) != 4 ||
		    out->start > search->address)
			break;
		found = search->address < out->end &&
			(search->writing ? may_write == 'w' : may_read == 'r');
	}
	free(line);
	fclose(file);
	return found;
}

/* The mapping that holds address, if it can be read or, for a write, written to. */
static bool find_mapping(struct ff_stalls *stalls, uint64_t address, bool writing,
			 struct ff_range *out)
{
	struct search search = { .address = address, .writing = writing, .out = out };

	return ff_group_call(&stalls->group, search_maps, &search) > 0;
}

/* The first page of what was wanted that is not there, and that the call would wait for. */
static bool find_page(struct ff_stalls *stalls, const struct entry *entry, bool swapped,
		      uint64_t *page, struct ff_range *mapping)
{
	uint64_t entries[BATCH];

	for (size_t i = 0; i < entry->nwanted; i++) {
		uint64_t at = entry->wanted[i].start, end = entry->wanted[i].end;

		at -= at % stalls->page;
		while (at < end) {
			uint64_t n = ff_min(ff_divide_up(end - at, stalls->page), BATCH), p;

			look(stalls, at, (size_t)n, entries);
			for (p = 0; p < n; p++) {
				if (!is_there(entries[p], entry->writing) &&
				    (swapped || !is_swapped(entries[p])))
					break;
			}
			at += p * stalls->page;
			if (p == n)
				continue;
			if (find_mapping(stalls, at, entry->writing, mapping)) {
				*page = at;
				return true;
			}
			at += stalls->page;
		}
	}
	return false;
}

/* Take from the list what nobody has resolved yet; the entry itself may go meanwhile. */
static bool take_unresolved(struct ff_stalls *stalls, struct entry *out)
{
	bool found = false;

	pthread_mutex_lock(&stalls->lock);
	for (struct entry *entry = stalls->entries; entry && !found; entry = entry->next) {
		if (!entry->wanted)
			continue;
		*out = *entry;
		entry->wanted = NULL;
		found = true;
	}
	pthread_mutex_unlock(&stalls->lock);
	return found;
}

void ff_stalls_resolve(struct ff_stalls *stalls)
{
	struct entry taken;

	while (take_unresolved(stalls, &taken)) {
		struct ff_range mapping;
		uint64_t page;
		bool found = find_page(stalls, &taken, false, &page, &mapping) ||
			     find_page(stalls, &taken, true, &page, &mapping);

		free(taken.wanted);
		pthread_mutex_lock(&stalls->lock);
		for (struct entry *entry = stalls->entries; entry && found; entry = entry->next) {
			if (entry->number != taken.number)
				continue;
			entry->mapping = mapping;
			entry->page = page;
		}
		pthread_mutex_unlock(&stalls->lock);
	}
}

/* ---- reading around them ---- */

/* What is known of the memory at hand, so that the lock is not held while asking the kernel. */
struct known {
	bool everywhere;
	size_t n;
	struct {
		struct ff_range mapping;
		uint64_t page;
	} of[ENTRIES_MAX];
};

static void know(struct ff_stalls *stalls, uint64_t start, uint64_t end, bool writing,
		 struct known *out)
{
	const struct entry *entry;

	out->n = 0;
	pthread_mutex_lock(&stalls->lock);
	out->everywhere = stalls->nentries >= ENTRIES_MAX;
	for (entry = stalls->entries; entry && !out->everywhere; entry = entry->next) {
		if (entry->mapping.start >= end || entry->mapping.end <= start ||
		    (entry->writing && !writing))
			continue;
		out->of[out->n].mapping = entry->mapping;
		out->of[out->n++].page = entry->page;
	}
	pthread_mutex_unlock(&stalls->lock);
}

static bool is_blocked(const struct known *known, uint64_t page, uint64_t entry, bool writing)
{
	if (is_there(entry, writing))
		return false;
	if (known->everywhere)
		return true;
	for (size_t i = 0; i < known->n; i++) {
		if (known->of[i].page == page)
			return true;
		if (known->of[i].mapping.start <= page && page < known->of[i].mapping.end &&
		    !is_swapped(entry))
			return true;
	}
	return false;
}

size_t ff_stalls_reach(struct ff_stalls *stalls, uint64_t address, size_t size, bool writing,
		       size_t *blocked)
{
	uint64_t end = address + size, page = address - address % stalls->page, entries[BATCH];
	uint64_t reach = size;
	struct known known;

	*blocked = 0;
	know(stalls, address, end, writing, &known);
	if (!known.everywhere && !known.n)
		return size;
	while (page < end) {
		uint64_t n = ff_min(ff_divide_up(end - page, stalls->page), BATCH);

		look(stalls, page, (size_t)n, entries);
		for (size_t i = 0; i < n; i++, page += stalls->page) {
			bool is = is_blocked(&known, page, entries[i], writing);

			if (is && reach == size)
				reach = page > address ? page - address : 0;
			else if (!is && reach < size)
				end = page;	/* of what blocks */
			if (page >= end)
				break;
		}
	}
	*blocked = (size_t)(end - address - reach);
	return (size_t)reach;
}
