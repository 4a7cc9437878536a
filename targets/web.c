// SPDX-License-Identifier: MIT
/*
 * Plants a web of objects that point to one another at random:
 *
 *     web SIZE_MIB [SEED]
 *
 * Every object has 128 bytes, with a pointer at a random place to the beginning of a
 * random other, every 64th with two, and small numbers else. 4,097 pointers in .bss lead to
 * random objects as well. The same seed gives the same web, wherever it lies; `goal`
 * is a number in its last object.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "protocol.h"
#include "xorshift.h"

#define OBJECT ((size_t)128)
#define WORDS (OBJECT / sizeof(uint64_t))
#define ROOTS 4097
#define SMALL 1023

/* Visible outside of this file, so that the compiler expects anybody to look at it. */
uintptr_t roots[ROOTS];

struct web {
	char *objects;
	size_t count;
	uint64_t random;
};

static uintptr_t any_object(struct web *web)
{
	return (uintptr_t)(web->objects + next_random(&web->random) % web->count * OBJECT);
}

static void spin(struct web *web)
{
	for (size_t i = 0; i < web->count; i++) {
		uintptr_t *words = (uintptr_t *)(void *)(web->objects + i * OBJECT);
		uint64_t random = next_random(&web->random);

		for (size_t w = 0; w < WORDS; w++)
			words[w] = (random >> w & SMALL) + 1;
		words[random % WORDS] = any_object(web);
		if (random >> 58 == 0)
			words[random / WORDS % WORDS] = any_object(web);
	}
	for (size_t i = 0; i < ROOTS; i++)
		roots[i] = any_object(web);
}

static void show(const struct web *web)
{
	answer_address("start", web->objects);
	answer_address("end", web->objects + web->count * OBJECT);
	answer_address("goal", web->objects + web->count * OBJECT - OBJECT / 2);
	answer_address("roots", roots);
	answer("bases", "%d", ROOTS);
}

int main(int argc, char *argv[])
{
	unsigned long long mib = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	unsigned long long seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	const struct command *command;
	struct web web;

	protocol_start("web");
	if (argc < 2 || argc > 3 || mib < 1 || mib > SIZE_MAX >> 21) {
		answer_error("usage: web SIZE_MIB [SEED], SIZE_MIB from 1");
		answer_end();
		return EXIT_FAILURE;
	}
	web.count = ((size_t)mib << 20) / OBJECT;
	/* A xorshift's state is never zero. */
	web.random = seed * 0x9e3779b97f4a7c15ull | 1;
	web.objects = mmap(NULL, web.count * OBJECT, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (web.objects == MAP_FAILED) {
		answer_error("cannot map %llu MiB", mib);
		answer_end();
		return EXIT_FAILURE;
	}
	spin(&web);
	show(&web);
	answer_end();

	while ((command = command_read())) {
		if (command->count == 0)
			show(&web);
		else
			answer_error("unknown command: %s", command->word[0]);
		answer_end();
	}
	return EXIT_SUCCESS;
}
