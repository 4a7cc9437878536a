// SPDX-License-Identifier: MIT
/*
 * Plants an i32 in each of many regions, a page each:
 *
 *     crowded REGIONS
 *
 * Every other region may be read only, so the kernel cannot join them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protocol.h"

#define PLANTED ((int32_t)0x2c6f4417)

static void show(const char *start, size_t size, long long regions)
{
	answer_address("addr", start);
	answer_address("start", start);
	answer_address("end", start + size);
	answer("regions", "%lld", regions);
	answer("value", "%d", PLANTED);
}

int main(int argc, char *argv[])
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	long long regions = argc == 2 ? strtoll(argv[1], NULL, 10) : 0;
	const struct command *command;
	char *start;

	protocol_start("crowded");
	if (regions < 1 || regions > 1000000) {
		answer_error("usage: crowded REGIONS, from 1 to 1000000");
		answer_end();
		return EXIT_FAILURE;
	}
	start = mmap(NULL, page * (size_t)regions, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (long long region = 0; start != MAP_FAILED && region < regions; region++) {
		char *own = start + page * (size_t)region;

		*(volatile int32_t *)(void *)own = PLANTED;
		if (region % 2 && mprotect(own, page, PROT_READ) < 0)
			start = MAP_FAILED;
	}
	if (start == MAP_FAILED) {
		answer_error("cannot map %lld regions; see vm.max_map_count", regions);
		answer_end();
		return EXIT_FAILURE;
	}
	show(start, page * (size_t)regions, regions);
	answer_end();

	while ((command = command_read())) {
		if (command->count == 0)
			show(start, page * (size_t)regions, regions);
		else
			answer_error("unknown command: %s", command->word[0]);
		answer_end();
	}
	return EXIT_SUCCESS;
}
