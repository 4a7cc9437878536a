// SPDX-License-Identifier: MIT
/*
 * Old values give the same wherever they are: as they were in memory, packed there, packed on disk,
 * or on disk as they were. What a step finds by them, and has of them, is what a look at each word
 * says; of all values, and of so few that they are kept side by side. A step that loses nothing
 * shares its matches with the one before.
 */
#include "bits.h"
#include "keep/extent.h"
#include "keep/matchset.h"
#include "steps.h"

#include <string.h>

#define SIZE	(512u << 10)
#define WORDS	(SIZE / 4)
#define BASE	0x10000
#define CHUNK	(64u << 10)

enum data { SMALL, FLOATS, POINTERS, MIXED, RANDOM, DATA };
enum tier { MEMORY, PACKED, PACKED_ON_DISK, ON_DISK, TIERS };
enum law { LESS, GREATER, NOT_GREATER, SAME, STEP, LAWS };

#define STEP_BY	3

static uint32_t before[WORDS], now[WORDS], values[WORDS];
static uint64_t addresses[WORDS];
static uint64_t state = 88172645463325252u;

static uint32_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

static uint32_t draw_float(void)
{
	float value = (float)(draw() % 1000) / 8;
	uint32_t word;

	memcpy(&word, &value, sizeof(word));
	return word;
}

/* Words of a page that are all alike, or all of one kind. */
static uint32_t draw_mixed(size_t i)
{
	switch (i * 4 / FF_PIECE % 4) {
	case 0: return 0;
	case 1: return draw() % 50;
	case 2: return 0x7fff0000 + (draw() & 0xfffff);	/* beyond the greatest, at times */
	default: return 0u - draw() % 300000;
	}
}

static void draw_words(enum data data)
{
	for (size_t i = 0; i < WORDS; i++) {
		switch (data) {
		case SMALL: before[i] = draw() & 0xfffff; break;
		case FLOATS: before[i] = draw_float(); break;
		case POINTERS: before[i] = i % 2 ? 0x7f12 : 0x40000000 + (draw() & 0xfffff8); break;
		case MIXED: before[i] = draw_mixed(i); break;
		default: before[i] = draw();
		}
	}
	memcpy(now, before, sizeof(now));
	for (size_t i = 0; i < WORDS; i += 1 + draw() % 9)
		now[i] += draw() % 3 ? STEP_BY : draw();
}

/* ---- what is to be found ---- */

static struct ff_program *program_of(enum law law)
{
	struct ff_atom atom = {
		.kind = FF_ATOM_PAIR,
		.op = law == SAME || law == STEP ? FF_EQ : law == NOT_GREATER ? FF_LE : FF_LT,
		.a = { .stream = law == GREATER ? FF_PREV : FF_NOW, .type = FF_I32 },
		.b = { .stream = law == GREATER ? FF_NOW : FF_PREV, .type = FF_I32 },
		.low.i = INT32_MIN, .high.i = INT32_MAX,
	};

	if (law == STEP) {
		atom.delta.i = STEP_BY;
		atom.high.i = INT32_MAX - STEP_BY;	/* no step goes around the end */
	}
	return program(&atom, law == SAME ? FF_SAME_BYTES :
			     law == NOT_GREATER ? FF_UNRELATED : FF_OTHER_BYTES);
}

static int holds(enum law law, size_t i)
{
	int32_t was = (int32_t)before[i], is = (int32_t)now[i];

	switch (law) {
	case LESS: return is < was;
	case GREATER: return is > was;
	case NOT_GREATER: return is <= was;
	case SAME: return is == was;
	default: return (int64_t)is == (int64_t)was + STEP_BY;
	}
}

/* Every so manieth word, as what a first step of few has found. */
static int is_one_of(int32_t most, size_t i)
{
	return (int32_t)before[i] <= most;
}

/* ---- where they are ---- */

/* Whether pages of an extent take three quarters of their bytes; of what is mixed few are alike. */
static int packs(enum data data)
{
	return data != RANDOM && data != MIXED;
}

static void move(enum tier tier, struct ff_arena *arena)
{
	for (int i = MEMORY; i < (int)tier && tier != ON_DISK; i++)
		ff_spill_oldest(arena);
}

static void check_tier(enum tier tier, enum data data, const struct ff_store *store)
{
	uint64_t in_memory = ff_store_memory(store), on_disk = ff_store_bytes(store);

	must(tier == MEMORY ? !on_disk : 1, "what has room in memory is on disk");
	must(tier == ON_DISK ? !in_memory : 1, "what has no room is in memory");
	if (!packs(data) || tier == MEMORY || tier == ON_DISK)
		return;
	must((tier == PACKED ? on_disk : in_memory) == 0, "they are elsewhere");
	must(in_memory + on_disk <= SIZE / 4 * 3, "they are not packed");
}

/* ---- steps ---- */

static void check_step(const struct ground *ground, const struct kept *first, enum law law,
		       int32_t most)
{
	struct ff_program *code = program_of(law);
	struct kept found;
	size_t n, at = 0;

	must(!step(ground, code, first, &found), "a step fails");
	n = ff_matchset_addresses(found.set, 0, WORDS, addresses);
	must(ff_snapshot_values(first->snapshot, found.set, 0, WORDS, (uint8_t *)values) ==
	     (ssize_t)n, "values are missing");
	for (size_t i = 0; i < WORDS; i++) {
		if (!is_one_of(most, i) || !holds(law, i))
			continue;
		must(at < n && addresses[at] == BASE + 4 * i, "other matches");
		must(values[at] == before[i], "other old values");
		at++;
	}
	must(at == n, "more matches");
	must(ff_snapshot_values(found.snapshot, found.set, 0, WORDS, (uint8_t *)values) ==
	     (ssize_t)n, "values are missing");
	for (size_t i = 0; i < n; i++)
		must(values[i] == now[(addresses[i] - BASE) / 4], "other new values");
	drop(&found);
	ff_program_destroy(code);
}

/* A step that loses nothing has the blocks of the one before it, as one of many has. */
static void check_shared(const struct ground *ground, const struct kept *first)
{
	struct ff_program *code = program_of(SAME);
	struct kept found;

	must(!step(ground, code, first, &found), "a step fails");
	must(ff_matchset_count(found.set) == ff_matchset_count(first->set), "matches are lost");
	for (size_t i = 0; i < SIZE / CHUNK && ff_matchset_count(found.set) > WORDS / 8; i++)
		must(found.set->blocks[i] == first->set->blocks[i], "blocks are not shared");
	drop(&found);
	ff_program_destroy(code);
}

/* Of all words, or of those that are no greater than one of them. */
static void check(struct ground *ground, struct ff_arena *arena, enum data data, enum tier tier,
		  int32_t most)
{
	static uint32_t read[WORDS];
	struct ff_atom atom = {
		.kind = FF_ATOM_RANGE, .a = { .type = FF_I32 },
		.low.i = INT32_MIN, .high.i = most,
	};
	struct ff_program *code = program(most == INT32_MAX ? NULL : &atom, FF_UNRELATED);
	struct kept first;

	must(!ff_store_create("/tmp", 1, 16u << 20, &ground->store), "no store");
	if (tier != ON_DISK)
		ff_store_use(ground->store, arena, 16u << 20);
	must(!ff_reader_open_buffer((uint8_t *)read, SIZE, BASE, &ground->reader),
	     "no reader");
	memcpy(read, before, sizeof(read));
	must(!step(ground, code, NULL, &first), "a first step fails");
	memcpy(read, now, sizeof(read));
	move(tier, arena);
	if (most == INT32_MAX)
		check_tier(tier, data, ground->store);
	for (enum law law = 0; law < LAWS; law++)
		check_step(ground, &first, law, most);
	memcpy(read, before, sizeof(read));
	check_shared(ground, &first);
	drop(&first);
	must(!ff_store_bytes(ground->store) && !ff_store_memory(ground->store),
	     "space is not given back");
	ff_store_close(ground->store);
	ff_reader_close(ground->reader);
	ff_program_destroy(code);
}

/* A word that one in so many is no greater than. */
static int32_t one_in(size_t many)
{
	int32_t least = INT32_MAX;

	/* the least of so many is about that */
	for (size_t i = 0; i < many; i++) {
		int32_t word = (int32_t)before[draw() % WORDS];

		least = word < least ? word : least;
	}
	return least == INT32_MAX ? least - 1 : least;
}

int main(void)
{
	struct ff_range range = { .start = BASE, .end = BASE + SIZE };
	struct ground ground = { 0 };
	struct ff_arena *arena;

	must(!ff_grid_create(&range, 1, 4, 4, CHUNK, &ground.grid), "no grid");
	/* of a machine that is never short of memory, whatever this one is */
	must(!ff_arena_create("/nowhere", &arena), "no arena");
	for (; ff_isa_name(ground.isa); ground.isa++) {
		for (enum data data = 0; data < DATA; data++) {
			draw_words(data);
			for (enum tier tier = 0; tier < TIERS; tier++) {
				check(&ground, arena, data, tier, INT32_MAX);
				check(&ground, arena, data, tier, one_in(30));
				check(&ground, arena, data, tier, one_in(3));
			}
		}
	}
	ff_arena_close(arena);
	ff_grid_put(ground.grid);
	puts("tiers: all well");
	return 0;
}
