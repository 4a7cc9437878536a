// SPDX-License-Identifier: MIT
/*
 * Fills one large mapping with values of one kind:
 *
 *     values SIZE_MIB KIND [SEED]
 *
 * `small` is i32 from 0 to 2^20 - 1, `random` 32 random bits, `floats` f32 from 0 to
 * 1000, `pointers` words of 8 bytes that lead into the mapping, `text` ASCII words,
 * `mixed` half zeros, a quarter i32 from 0 to 1023, a quarter random bits, in turns of
 * 64 KiB. The same seed gives the same bytes, but for pointers, which lead to where it lies.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protocol.h"
#include "xorshift.h"

#define TURN_WORDS (((size_t)64 << 10) / sizeof(uint32_t))

struct field {
	uint32_t *words;
	size_t count;
	uint64_t random;
};

static void fill_small(struct field *field)
{
	for (size_t i = 0; i < field->count; i++)
		field->words[i] = (uint32_t)(next_random(&field->random) >> 44);
}

static void fill_random(struct field *field)
{
	for (size_t i = 0; i < field->count; i++)
		field->words[i] = (uint32_t)(next_random(&field->random) >> 32);
}

static void fill_floats(struct field *field)
{
	for (size_t i = 0; i < field->count; i++) {
		float value = (float)(next_random(&field->random) >> 40) * (1000.0f / (1 << 24));

		memcpy(field->words + i, &value, sizeof(value));
	}
}

static void fill_pointers(struct field *field)
{
	for (size_t i = 0; i + 1 < field->count; i += 2) {
		size_t to = (next_random(&field->random) >> 16) % field->count / 4 * 4;
		uint64_t pointer = (uintptr_t)(field->words + to);

		memcpy(field->words + i, &pointer, sizeof(pointer));
	}
}

static void fill_text(struct field *field)
{
	static const char letters[32] = "etaoinshrdlucmfw yp bg vk etaoin";
	char *text = (char *)field->words;

	for (size_t i = 0; i < field->count * sizeof(*field->words); i += 12) {
		uint64_t random = next_random(&field->random) >> 4;

		for (size_t k = i; k < i + 12 && k < field->count * sizeof(*field->words); k++) {
			text[k] = letters[random % 32];
			random /= 32;
		}
	}
}

static void fill_mixed(struct field *field)
{
	for (size_t i = 0; i < field->count; i++) {
		size_t turn = i / TURN_WORDS % 4;
		uint64_t random = next_random(&field->random);

		/* zeros are written too, so that they are resident */
		field->words[i] = turn % 2 == 0 ? 0 : turn == 1 ? random >> 54 : random >> 32;
	}
}

static const struct kind {
	const char *name;
	void (*fill)(struct field *field);
} kinds[] = {
	{ "small", fill_small }, { "random", fill_random }, { "floats", fill_floats },
	{ "pointers", fill_pointers }, { "text", fill_text }, { "mixed", fill_mixed },
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	}
	return NULL;
}

/* Change the lowest bit of one word in @percent of the pages. Returns how many. */
static size_t dirty(struct field *field, size_t page_size, unsigned int percent)
{
	const size_t words = page_size / sizeof(*field->words);
	size_t changed = 0;

	for (size_t page = 0; page < field->count / words; page++) {
		size_t index = next_random(&field->random) % words;

		if ((page + 1) * percent / 100 == page * percent / 100)
			continue;
		field->words[page * words + index] ^= 1;
		changed++;
	}
	return changed;
}

static void show(const struct field *field)
{
	answer_address("start", field->words);
	answer_address("end", field->words + field->count);
}

int main(int argc, char *argv[])
{
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	unsigned long long mib = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	unsigned long long seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	const struct kind *kind = argc > 2 ? find_kind(argv[2]) : NULL;
	const struct command *command;
	struct field field;
	long long percent;

	protocol_start("values");
	if (argc > 4 || !kind || mib < 1 || mib > SIZE_MAX >> 21) {
		answer_error("usage: values SIZE_MIB KIND [SEED], SIZE_MIB from 1, KIND of: "
			     "small random floats pointers text mixed");
		answer_end();
		return EXIT_FAILURE;
	}
	field.count = ((size_t)mib << 20) / sizeof(*field.words);
	/* A xorshift's state is never zero. */
	field.random = seed * 0x9e3779b97f4a7c15ull | 1;
	field.words = mmap(NULL, field.count * sizeof(*field.words), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (field.words == MAP_FAILED) {
		answer_error("cannot map %llu MiB", mib);
		answer_end();
		return EXIT_FAILURE;
	}
	kind->fill(&field);
	show(&field);
	answer_end();

	while ((command = command_read())) {
		if (command->count == 0)
			show(&field);
		else if (!command_is(command, "dirty"))
			answer_error("unknown command: %s", command->word[0]);
		else if (command_integer(command, 1, 0, 100, &percent))
			answer("pages", "%zu", dirty(&field, page_size, (unsigned int)percent));
		answer_end();
	}
	return EXIT_SUCCESS;
}
