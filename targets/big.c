// SPDX-License-Identifier: MIT
/*
 * Plants a rare i32, the needle, once in every 256 KiB of one large mapping:
 *
 *     big SIZE_MIB [SEED]
 *
 * Half of the mapping is zeros, a quarter ints from 0 to 1023, a quarter random
 * bits, in turns of 64 KiB, all of it resident. The same seed gives the same
 * bytes. The needle is found nowhere else, at no byte offset: see hide_needle().
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protocol.h"
#include "xorshift.h"

/* All four bytes are odd and no two are the same. */
#define NEEDLE ((int32_t)0x1d7b3359)
#define NEEDLE_STEP ((size_t)256 << 10)
#define TURN ((size_t)64 << 10)

struct haystack {
	uint32_t *words;
	size_t size;
	uint64_t random;
};

/*
 * hide_needle - make a random word one that no needle can be read from
 *
 * Any four bytes in a row hold one that is the highest of its word. Here that
 * byte is even, and every byte of the needle is odd. Beside a planted needle,
 * a window that is not aligned with it would need two equal bytes in it.
 */
static uint64_t hide_needle(uint64_t words)
{
	return words & ~0x0100000001000000ull;
}

static void fill_turn(uint64_t *words, size_t turn, size_t page_size, uint64_t *random)
{
	const size_t count = TURN / sizeof(*words);

	switch (turn % 4) {
	case 0:
	case 2:
		/* The kernel's pages are zero; a write makes them real. */
		for (size_t i = 0; i < count; i += page_size / sizeof(*words))
			*(volatile uint64_t *)&words[i] = 0;
		break;
	case 1:
		for (size_t i = 0; i < count; i++)
			words[i] = next_random(random) & 0x000003ff000003ffull;
		break;
	case 3:
		for (size_t i = 0; i < count; i++)
			words[i] = hide_needle(next_random(random));
		break;
	}
}

static void fill(struct haystack *hay, size_t page_size)
{
	const size_t step = NEEDLE_STEP / sizeof(*hay->words);

	for (size_t turn = 0; turn < hay->size / TURN; turn++)
		fill_turn((uint64_t *)(void *)hay->words + turn * (TURN / sizeof(uint64_t)), turn,
			  page_size, &hay->random);
	for (size_t start = 0; start < hay->size / sizeof(*hay->words); start += step)
		hay->words[start + next_random(&hay->random) % step] = (uint32_t)NEEDLE;
}

/*
 * dirty - change one word in @percent of the pages, evenly spread
 *
 * Needles stay, and no new one comes up: only the lowest bit of a word changes.
 * Returns the number of pages.
 */
static size_t dirty(struct haystack *hay, size_t page_size, unsigned int percent)
{
	const size_t words = page_size / sizeof(*hay->words);
	size_t changed = 0;

	for (size_t page = 0; page < hay->size / page_size; page++) {
		uint32_t *word = hay->words + page * words;
		size_t index = next_random(&hay->random) % words;

		if ((page + 1) * percent / 100 == page * percent / 100)
			continue;
		if (word[index] == (uint32_t)NEEDLE)
			index = (index + 1) % words;
		word[index] ^= 1;
		changed++;
	}
	return changed;
}

static void show(const struct haystack *hay)
{
	answer_address("addr", hay->words);
	answer_address("start", hay->words);
	answer_address("end", (const char *)hay->words + hay->size);
	answer("needle", "%d", NEEDLE);
	answer("needles", "%zu", hay->size / NEEDLE_STEP);
}

int main(int argc, char *argv[])
{
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	unsigned long long mib = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	unsigned long long seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	const struct command *command;
	struct haystack hay;
	long long percent;

	protocol_start("big");
	if (argc < 2 || argc > 3 || mib < 1 || mib > SIZE_MAX >> 21) {
		answer_error("usage: big SIZE_MIB [SEED], SIZE_MIB from 1");
		answer_end();
		return EXIT_FAILURE;
	}
	hay.size = (size_t)mib << 20;
	/* A xorshift's state is never zero. */
	hay.random = seed * 0x9e3779b97f4a7c15ull | 1;
	hay.words = mmap(NULL, hay.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hay.words == MAP_FAILED) {
		answer_error("cannot map %llu MiB", mib);
		answer_end();
		return EXIT_FAILURE;
	}
	fill(&hay, page_size);
	show(&hay);
	answer_end();

	while ((command = command_read())) {
		if (command->count == 0)
			show(&hay);
		else if (!command_is(command, "dirty"))
			answer_error("unknown command: %s", command->word[0]);
		else if (command_integer(command, 1, 0, 100, &percent))
			answer("pages", "%zu", dirty(&hay, page_size, (unsigned int)percent));
		answer_end();
	}
	return EXIT_SUCCESS;
}
