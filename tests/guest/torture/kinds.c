// SPDX-License-Identifier: MIT
/*
 * Kinds of pages, and how the victim comes by them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "torture.h"

#define MADV_PAGEOUT 21
#define MADV_GUARD_INSTALL 102

#define RW (R | W)

/* Each is drawn as often as its weight says. The hole is the first. */
const struct kind kinds[] = {
	{ "hole", .weight = 3 },
	{ "touched", ANONYMOUS, RW, W, .weight = 8 },
	{ "untouched", ANONYMOUS, RW, 0, .weight = 4 },
	{ "zero page", ANONYMOUS, RW, R, .weight = 4 },
	{ "read-only", ANONYMOUS, R, W, .weight = 4 },
	{ "read-only, zero page", ANONYMOUS, R, R, .weight = 2 },
	{ "barred", ANONYMOUS, 0, W, .weight = 4 },
	{ "barred, untouched", ANONYMOUS, 0, 0, .weight = 2 },
	{ "write-only", ANONYMOUS, W, W, .weight = 2 },
	{ "code", ANONYMOUS, R | X, W, .weight = 2 },
	{ "execute-only", ANONYMOUS, X, W, .weight = 2 },
	{ "swapped", ANONYMOUS, RW, W, .then = PAGED_OUT, .weight = 4 },
	{ "swapped, read-only", ANONYMOUS, R, W, .then = PAGED_OUT, .weight = 2 },
	{ "freed", ANONYMOUS, RW, W, .then = FREED, .weight = 6 },
	{ "guard", ANONYMOUS, RW, W, .then = GUARDED, .weight = 2 },
	{ "poisoned", ANONYMOUS, RW, W, .then = POISONED, .weight = 0 },
	{ "shared", SHARED, RW, W, .shared = true, .weight = 3 },
	{ "shared, untouched", SHARED, RW, 0, .shared = true, .weight = 2 },
	{ "shared, read", SHARED, RW, R, .shared = true, .weight = 2 },
	{ "shared, read-only", SHARED, R, W, .shared = true, .weight = 2 },
	{ "shared, barred", SHARED, 0, W, .shared = true, .weight = 1 },
	{ "file", MEMFD, RW, W, .shared = true, .weight = 4 },
	{ "file, untouched", MEMFD, RW, 0, .shared = true, .weight = 2 },
	{ "file, read", MEMFD, RW, R, .shared = true, .weight = 2 },
	{ "file, read-only", MEMFD, R, R, .shared = true, .weight = 2 },
	{ "file, swapped", MEMFD, RW, W, .shared = true, .then = PAGED_OUT, .weight = 2 },
	{ "private file, untouched", MEMFD, RW, 0, .weight = 2 },
	{ "private file, read", MEMFD, RW, R, .weight = 2 },
	{ "private file, written", MEMFD, RW, W, .weight = 2 },
	{ "private file, read-only", MEMFD, R, R, .weight = 2 },
	{ "file that cannot be written", READ_ONLY_FILE, R, R, .shared = true, .weight = 2 },
	{ "file that cannot be written, private", READ_ONLY_FILE, RW, R, .weight = 1 },
	{ "sealed", SEALED, R, R, .shared = true, .weight = 2 },
	{ "sealed, private", SEALED, RW, W, .weight = 1 },
	{ "past the file's end", EMPTY, RW, 0, .shared = true, .weight = 1 },
	{ "past the file's end, private", EMPTY, RW, 0, .weight = 1 },
	{ "sysv", SYSV, RW, W, .shared = true, .weight = 1 },
	{ "sysv, read-only", SYSV, R, R, .shared = true, .weight = 1 },
	{ "secret", SECRET, RW, W, .shared = true, .weight = 3 },
	{ "secret, untouched", SECRET, RW, 0, .shared = true, .weight = 1 },
	{ "userfault", USERFAULT, RW, 0, .weight = 1 },
	{ "huge", TRANSPARENT_HUGE, RW, W, .weight = 0 },
	{ "hugetlb", HUGETLB, RW, W, .weight = 0 },
	{ "hugetlb, untouched", HUGETLB, RW, 0, .weight = 0 },
	{ "hugetlb, read-only", HUGETLB, R, W, .weight = 0 },
};

const size_t kind_count = sizeof(kinds) / sizeof(kinds[0]);

static unsigned draw_kind(struct dice *dice, bool with_secret)
{
	unsigned total = 0, at;

	for (size_t i = 0; i < kind_count; i++)
		total += kinds[i].weight;
	for (;;) {
		unsigned kind = 0;

		for (at = below(dice, total); at >= kinds[kind].weight; kind++)
			at -= kinds[kind].weight;
		/* A page is lost for good with each: not many. */
		if (kinds[kind].then == GUARDED && one_in(dice, 32))
			kind++;
		if (with_secret || kinds[kind].backing != SECRET)
			return kind;
	}
}

/* Side by side, with a huge page between the small ones in every third round. */
size_t cells_draw(struct dice *dice, struct cell *cells, bool with_secret)
{
	bool huge = one_in(dice, 3);
	unsigned before = 4 + below(dice, 20), behind = 4 + below(dice, 20);
	size_t count = 0;

	for (unsigned page = SIDE - before; page < SIDE; page++)
		cells[count++] = (struct cell){ draw_kind(dice, with_secret), page, 1 };
	if (huge) {
		unsigned first = 0;

		while (kinds[first].backing != TRANSPARENT_HUGE)
			first++;
		first += below(dice, 4);
		cells[count++] = (struct cell){ first, SIDE, HUGE_PAGES };
	}
	for (unsigned i = 0; i < behind; i++) {
		unsigned page = SIDE + (huge ? HUGE_PAGES : 0) + i;

		cells[count++] = (struct cell){ draw_kind(dice, with_secret), page, 1 };
	}
	return count;
}

static void *map(const struct cell *cell, int flags, int file)
{
	return mmap(arena(cell->page), cell->pages * PAGE, RW, flags | MAP_FIXED_NOREPLACE, file,
		    file < 0 ? 0 : (off_t)(cell->page * PAGE));
}

static void *map_read_only(const struct cell *cell, const struct kind *kind, int file)
{
	return mmap(arena(cell->page), PAGE, kind->prot,
		    (kind->shared ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED_NOREPLACE, file,
		    (off_t)(cell->page * PAGE));
}

static void *map_sysv(const struct cell *cell, const struct kind *kind)
{
	int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
	unsigned char *at;

	if (id < 0)
		return MAP_FAILED;
	at = shmat(id, NULL, 0);
	if (at != (void *)-1) {
		content(at, FILE_BYTES, cell->page, 0, 0, PAGE);
		shmdt(at);
		at = shmat(id, arena(cell->page), kind->prot & W ? 0 : SHM_RDONLY);
	}
	shmctl(id, IPC_RMID, NULL);
	return at;
}

static void *map_secret(const struct cell *cell)
{
	int file = syscall(SYS_memfd_secret, 0);
	void *at;

	if (file < 0 || ftruncate(file, PAGE))
		return MAP_FAILED;
	at = mmap(arena(cell->page), PAGE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
	close(file);
	return at;
}

/* Faults here are for somebody who never answers. */
static void *map_userfault(const struct cell *cell)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)arena(cell->page), PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int file = syscall(SYS_userfaultfd, O_CLOEXEC);
	void *at;

	if (file < 0 || ioctl(file, UFFDIO_API, &api))
		return MAP_FAILED;
	at = map(cell, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (at != MAP_FAILED && ioctl(file, UFFDIO_REGISTER, &range)) {
		munmap(at, PAGE);
		return MAP_FAILED;
	}
	return at;
}

static void *map_backing(const struct cell *cell, const struct kind *kind)
{
	int flags = kind->shared ? MAP_SHARED : MAP_PRIVATE;
	void *at;

	switch (kind->backing) {
	case ANONYMOUS:
	case SHARED:
		return map(cell, flags | MAP_ANONYMOUS, -1);
	case MEMFD:
		return map(cell, flags, FD_FILE);
	case READ_ONLY_FILE:
		return map_read_only(cell, kind, FD_FILE_RDONLY);
	case SEALED:
		return map_read_only(cell, kind, FD_SEALED);
	case EMPTY:
		return map(cell, flags, FD_EMPTY);
	case SYSV:
		return map_sysv(cell, kind);
	case SECRET:
		return map_secret(cell);
	case USERFAULT:
		return map_userfault(cell);
	case TRANSPARENT_HUGE:
		at = map(cell, flags | MAP_ANONYMOUS, -1);
		if (at != MAP_FAILED)
			madvise(at, cell->pages * PAGE, MADV_HUGEPAGE);
		return at;
	case HUGETLB:
		return map(cell, flags | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	case HOLE:
		break;
	}
	return MAP_FAILED;
}

static void let_pass(int number)
{
	(void)number;
}

/* Some kernels tell who breaks a page of his that it is broken. */
static bool poison(unsigned char *at, size_t size)
{
	bool done;

	signal(SIGBUS, let_pass);
	done = !madvise(at, size, MADV_HWPOISON);
	signal(SIGBUS, SIG_DFL);
	return done;
}

static bool finish(const struct cell *cell, const struct kind *kind)
{
	unsigned char *at = arena(cell->page);
	size_t size = cell->pages * PAGE;

	if (kind->touch & W)
		for (unsigned i = 0; i < cell->pages; i++)
			content(at + i * PAGE, VICTIM, cell->page + i, 0, 0, PAGE);
	else if (kind->touch & R)
		(void)*(volatile unsigned char *)at;
	if (kind->then == PAGED_OUT)
		madvise(at, size, MADV_PAGEOUT);
	else if (kind->then == FREED && madvise(at, size, MADV_FREE))
		return false;
	else if (kind->then == GUARDED && madvise(at, size, MADV_GUARD_INSTALL))
		return false;
	else if (kind->then == POISONED && !poison(at, size))
		return false;
	return kind->prot == RW || kind->backing == READ_ONLY_FILE || kind->backing == SEALED ||
	       kind->backing == SYSV || !mprotect(at, size, kind->prot);
}

/*
 * Make a cell. What this kernel does not have, or not now, is a hole; what can
 * be short for a moment, a huge page, too.
 */
void cell_make(struct cell *cell)
{
	const struct kind *kind = &kinds[cell->kind];

	if (kind->backing == HOLE)
		return;
	if (map_backing(cell, kind) == MAP_FAILED) {
		cell->kind = 0;
	} else if (!finish(cell, kind)) {
		munmap(arena(cell->page), cell->pages * PAGE);
		cell->kind = 0;
	}
}
