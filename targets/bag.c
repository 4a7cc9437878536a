// SPDX-License-Identifier: MIT
/*
 * Plants one page of every kind, each a mapping of its own with nothing mapped
 * on either side, and each (but for the two that hold nothing) with its own
 * text. Starting touches only the pages that have to be.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protocol.h"

#define HUGE_SIZE ((size_t)2 << 20)
#define PAGEMAP_PRESENT ((uint64_t)1 << 63)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED (MAP_SHARED | MAP_ANONYMOUS)
#define READ_WRITE (PROT_READ | PROT_WRITE)

enum kind {
	TOUCHED,
	UNTOUCHED,
	READONLY,
	NONE,
	SHARED_PAGE,
	SHARED_READONLY,
	FILE_SHARED,
	FILE_PRIVATE,
	HUGE,
	SWAPPED,
	KINDS,
};

static const char *const names[KINDS] = {
	[TOUCHED] = "touched",
	[UNTOUCHED] = "untouched",
	[READONLY] = "readonly",
	[NONE] = "none",
	[SHARED_PAGE] = "shared",
	[SHARED_READONLY] = "shared_readonly",
	[FILE_SHARED] = "file",
	[FILE_PRIVATE] = "file_private",
	[HUGE] = "huge",
	[SWAPPED] = "swapped",
};

static char *pages[KINDS];
static size_t page_size;
static int backing = -1;

/* Return a page with the pages before and after it left unmapped, or NULL. */
static char *map_page(int flags, int file, off_t offset)
{
	char *area = mmap(NULL, 3 * page_size, PROT_NONE, ANONYMOUS, -1, 0);
	char *page;

	if (area == MAP_FAILED)
		return NULL;
	page = mmap(area + page_size, page_size, READ_WRITE, flags | MAP_FIXED, file, offset);
	if (page == MAP_FAILED) {
		munmap(area, 3 * page_size);
		return NULL;
	}
	munmap(area, page_size);
	munmap(area + 2 * page_size, page_size);
	return page;
}

static void write_text(enum kind kind)
{
	snprintf(pages[kind], page_size, "a %s page", names[kind]);
}

/* A file of two pages, gone from its folder at once, so nothing is left behind. */
static int open_backing(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int file;

	snprintf(path, sizeof(path), "%s/farfetch-bag-XXXXXX", folder ? folder : "/tmp");
	file = mkstemp(path);
	if (file < 0)
		return -1;
	unlink(path);
	if (ftruncate(file, 2 * (off_t)page_size) ||
	    pwrite(file, "a file page", 11, 0) != 11 ||
	    pwrite(file, "a file_private page", 19, (off_t)page_size) != 19) {
		close(file);
		return -1;
	}
	return file;
}

/* Whether the page is in memory, asked without touching it; yes if nobody can say. */
static bool is_resident(const char *page)
{
	off_t offset = (off_t)((uintptr_t)page / page_size * sizeof(uint64_t));
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;

	if (pagemap < 0)
		return true;
	if (pread(pagemap, &entry, sizeof(entry), offset) != sizeof(entry))
		entry = PAGEMAP_PRESENT;
	close(pagemap);
	return entry & PAGEMAP_PRESENT;
}

/* How much of the mapping that starts at @start is in transparent huge pages. */
static size_t huge_kib(const char *start)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	bool inside = false;
	size_t kib = 0;
	char line[512];
	char *dash;

	if (!smaps)
		return 0;
	while (fgets(line, sizeof(line), smaps)) {
		uintptr_t address = (uintptr_t)strtoull(line, &dash, 16);

		if (*dash == '-')
			inside = address == (uintptr_t)start;
		else if (inside && sscanf(line, "AnonHugePages: %zu", &kib) == 1)
			break;
	}
	fclose(smaps);
	return kib;
}

/* A transparent huge page, or one from the reserved pool, or NULL. */
static char *map_huge(void)
{
	char *area = mmap(NULL, 2 * HUGE_SIZE, PROT_NONE, ANONYMOUS, -1, 0);
	char *page;
	size_t before;

	if (area == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)area % HUGE_SIZE;
	page = area + before;
	munmap(area, before);
	munmap(page + HUGE_SIZE, HUGE_SIZE - before);
	if (!mprotect(page, HUGE_SIZE, READ_WRITE) && !madvise(page, HUGE_SIZE, MADV_HUGEPAGE)) {
		*page = 'a';
		if (huge_kib(page) == HUGE_SIZE >> 10)
			return page;
	}
	munmap(page, HUGE_SIZE);

	page = mmap(NULL, HUGE_SIZE, READ_WRITE, ANONYMOUS | MAP_HUGETLB, -1, 0);
	return page == MAP_FAILED ? NULL : page;
}

/* Send the page out to swap; without swap, let it go. Says which. */
static const char *send_away(char *page)
{
	madvise(page, page_size, MADV_PAGEOUT);
	if (!is_resident(page))
		return "swap";
	madvise(page, page_size, MADV_DONTNEED);
	return "dontneed";
}

static bool fill_bag(void)
{
	for (int kind = 0; kind < KINDS; kind++) {
		switch (kind) {
		case SHARED_PAGE:
		case SHARED_READONLY:
			pages[kind] = map_page(SHARED, -1, 0);
			break;
		case FILE_SHARED:
			pages[kind] = map_page(MAP_SHARED, backing, 0);
			continue;
		case FILE_PRIVATE:
			pages[kind] = map_page(MAP_PRIVATE, backing, (off_t)page_size);
			continue;
		case HUGE:
			pages[kind] = map_huge();
			if (!pages[kind])
				continue;
			break;
		default:
			pages[kind] = map_page(ANONYMOUS, -1, 0);
		}
		if (!pages[kind])
			return false;
		if (kind != UNTOUCHED)
			write_text(kind);
	}
	return !mprotect(pages[READONLY], page_size, PROT_READ) &&
	       !mprotect(pages[SHARED_READONLY], page_size, PROT_READ) &&
	       !mprotect(pages[NONE], page_size, PROT_NONE);
}

static void show_addresses(void)
{
	for (int kind = 0; kind < KINDS; kind++) {
		if (pages[kind])
			answer_address(names[kind], pages[kind]);
		else
			answer(names[kind], "0");
	}
}

/* Reading brings in every page but the one that nobody may read. */
static void show_contents(void)
{
	char key[32];

	mprotect(pages[NONE], page_size, PROT_READ);
	for (int kind = 0; kind < KINDS; kind++) {
		if (!pages[kind])
			continue;
		snprintf(key, sizeof(key), "%s_text", names[kind]);
		answer_text(key, pages[kind]);
	}
	mprotect(pages[NONE], page_size, PROT_NONE);
}

static void show_disk(void)
{
	static const enum kind kinds[] = { FILE_SHARED, FILE_PRIVATE };
	char key[32];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char text[128] = "";

		if (pread(backing, text, sizeof(text) - 1, (off_t)(i * page_size)) < 0)
			continue;
		snprintf(key, sizeof(key), "%s_disk", names[kinds[i]]);
		answer_text(key, text);
	}
}

static void show_resident(void)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (pages[kind])
			answer(names[kind], "%d", is_resident(pages[kind]));
}

int main(void)
{
	const struct command *command;
	const char *how;

	page_size = (size_t)sysconf(_SC_PAGESIZE);
	backing = open_backing();
	if (!fill_bag())
		return EXIT_FAILURE;
	how = send_away(pages[SWAPPED]);

	protocol_start("bag");
	answer_address("addr", pages[TOUCHED]);
	show_addresses();
	answer("swapped_how", "%s", how);
	answer_end();

	while ((command = command_read())) {
		if (command->count == 0) {
			show_addresses();
			show_contents();
			show_disk();
		} else if (command_is(command, "resident")) {
			show_resident();
		} else {
			answer_error("unknown command: %s", command->word[0]);
		}
		answer_end();
	}
	return EXIT_SUCCESS;
}
