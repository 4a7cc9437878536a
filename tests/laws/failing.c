// SPDX-License-Identifier: MIT
/*
 * Old values that are packed and moved while something is not to be had: each allocation of memory
 * in turn, alone or with all after it; room in memory for what is packed; and room on disk. What
 * cannot be done leaves all values as they were, and nothing stays behind when they are let go.
 *
 * The linker has the engine's allocations come here (--wrap).
 */
#include "keep/extent.h"
#include "steps.h"

#include <errno.h>
#include <string.h>

#define SIZE	(256u << 10)
#define SLOTS	(SIZE / 4)
#define CHUNK	(16u << 10)
#define BASE	0x10000
#define SPILLS	4		/* more than one thread's values have to go through */
#define MOST	2000		/* allocations that an attempt makes, and more */

static uint8_t memory[SIZE], values[SIZE];
static struct ground ground;
static struct ff_program *all, *grown;

/* ---- allocations that fail ---- */

static int64_t alive;		/* that were made, and not freed */
static int64_t before_it = -1;	/* those that are still made before one fails; -1: none does */
static bool lasting;		/* those after it fail, too */

static bool fails(void)
{
	int64_t left = __atomic_load_n(&before_it, __ATOMIC_RELAXED);

	if (left < 0)
		return false;
	if (left || !lasting)
		__atomic_store_n(&before_it, left - 1, __ATOMIC_RELAXED);
	return !left;
}

static void *count(void *made)
{
	if (made)
		__atomic_add_fetch(&alive, 1, __ATOMIC_RELAXED);
	return made;
}

__typeof__(malloc) __real_malloc, __wrap_malloc;
__typeof__(calloc) __real_calloc, __wrap_calloc;
__typeof__(free) __real_free, __wrap_free;

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : count(__real_calloc(n, size));
}

void __wrap_free(void *made)
{
	if (made)
		__atomic_sub_fetch(&alive, 1, __ATOMIC_RELAXED);
	__real_free(made);
}

/* ---- what is tried ---- */

/* Numbers of 20 bits, which pack. */
static void draw_values(void)
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint32_t word = i * 2654435761u >> 12;

		memcpy(memory + 4 * i, &word, sizeof(word));
	}
}

static void check_values(const struct kept *kept, const uint8_t *expected)
{
	ssize_t n = ff_snapshot_values(kept->snapshot, kept->set, 0, SLOTS, values);

	must(n == SLOTS, "values");
	must(!memcmp(values, expected, SIZE), "other values than there were");
}

/* ---- allocations ---- */

static void try_to_spill(struct ff_arena *arena)
{
	for (int i = 0; i < SPILLS; i++)
		ff_spill_oldest(arena);
}

/* Pack, move, and take a step with what was moved. */
static int pack_and_step(struct ff_arena *arena, const struct kept *first)
{
	struct kept second;
	int error;

	try_to_spill(arena);
	error = step(&ground, grown, first, &second);
	if (error)
		return error;
	must(ff_matchset_count(second.set) == SLOTS / 16, "not all that has grown is found");
	try_to_spill(arena);
	drop(&second);
	return 0;
}

/* The same with an allocation that fails. Whether there was such a one. */
static bool attempt(struct ff_arena *arena, int64_t before, bool and_all_after)
{
	static uint8_t was[SIZE];
	int64_t made = alive;
	struct ff_store *store;
	struct kept first;
	bool reached;
	int error;

	draw_values();
	memcpy(was, memory, SIZE);
	must(!ff_store_create("/tmp", 1, 16u << 20, &store), "no store");
	ff_store_use(store, arena, 16u << 20);
	ground.store = store;
	must(!step(&ground, all, NULL, &first), "everything");
	for (size_t i = 0; i < SIZE; i += 64)
		memory[i + 3]++;
	lasting = and_all_after;
	before_it = before;
	error = pack_and_step(arena, &first);
	reached = before_it < 0 || (lasting && !before_it);
	before_it = -1;
	must(!error || (reached && error == -ENOMEM), "a step fails");
	check_values(&first, was);
	try_to_spill(arena);
	check_values(&first, was);
	must(ff_store_memory(store) + ff_store_bytes(store) <= (reached ? SIZE : SIZE / 4 * 3),
	     "nothing is packed");
	drop(&first);
	must(ff_store_bytes(store) == 0 && ff_store_memory(store) == 0, "space is not given back");
	ff_store_close(store);
	must(alive == made, "memory is not freed");
	return reached;
}

static void try_each_allocation(struct ff_arena *arena, bool and_all_after)
{
	int64_t n = 0;

	while (n < MOST && attempt(arena, n, and_all_after))
		n++;
	must(n > 20, "allocations do not come here");
	must(n < MOST, "there is no end to them");
}

/* ---- room ---- */

/* Everything, where there is so much room in memory, and on disk, for what is moved. */
static void round_of_room(struct ff_arena *arena, uint64_t in_memory, uint64_t on_disk,
			  uint64_t least, uint64_t most)
{
	struct ff_store *store;
	struct kept first;
	uint64_t stored;

	ff_arena_trim(arena, 0);
	draw_values();
	must(!ff_store_create("/tmp", 1, on_disk, &store), "no store");
	ff_store_use(store, arena, in_memory);
	ground.store = store;
	must(!step(&ground, all, NULL, &first), "everything");
	for (int i = 0; i < SPILLS; i++) {
		try_to_spill(arena);
		check_values(&first, memory);
	}
	stored = ff_store_memory(store) + ff_store_bytes(store);
	must(stored >= least && stored <= most, "another share of it is packed");
	must(ff_store_bytes(store) <= on_disk, "the disk's limit is exceeded");
	drop(&first);
	must(ff_store_bytes(store) == 0 && ff_store_memory(store) == 0, "space is not given back");
	ff_store_close(store);
}

int main(void)
{
	struct ff_range range = { .start = BASE, .end = BASE + SIZE };
	struct ff_atom above = {
		.kind = FF_ATOM_PAIR, .op = FF_LT,
		.a = { .stream = FF_PREV, .type = FF_I32 },
		.b = { .stream = FF_NOW, .type = FF_I32 },
	};
	struct ff_arena *arena;

	must(!ff_grid_create(&range, 1, 4, 4, CHUNK, &ground.grid), "no grid");
	must(!ff_reader_open_buffer(memory, SIZE, range.start, &ground.reader), "no reader");
	/* of a machine that is never short of memory, whatever this one is */
	must(!ff_arena_create("/nowhere", &arena), "no arena");
	all = program(NULL, FF_UNRELATED);
	grown = program(&above, FF_OTHER_BYTES);

	try_each_allocation(arena, false);
	try_each_allocation(arena, true);
	/* no room in memory beside what lies there: it goes to disk as it is */
	round_of_room(arena, 2u << 20, 16u << 20, SIZE, SIZE);
	/* packed, and the disk is full then: it stays in memory */
	round_of_room(arena, 16u << 20, 0, SIZE / 2, SIZE / 4 * 3);
	/* neither: nothing is moved */
	round_of_room(arena, 2u << 20, 0, SIZE, SIZE);
	/* room on disk for some of what is packed */
	round_of_room(arena, 16u << 20, SIZE / 4, SIZE / 2, SIZE / 4 * 3);

	ff_arena_trim(arena, 0);
	must(ff_arena_bytes(arena) == 0, "memory is not given back");
	ff_arena_close(arena);
	ff_program_destroy(all);
	ff_program_destroy(grown);
	ff_reader_close(ground.reader);
	ff_grid_put(ground.grid);
	puts("failing: all well");
	return 0;
}
