// SPDX-License-Identifier: MIT
/*
 * Plants a string at the start of an anonymous page of its own.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protocol.h"

static void show(const char *text, size_t size)
{
	answer_address("addr", text);
	answer("size", "%zu", size);
	answer_text("text", text);
}

int main(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const struct command *command;
	char *text = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (text == MAP_FAILED)
		return EXIT_FAILURE;
	strcpy(text, "farfetch finds this in an anonymous page");

	protocol_start("mmap");
	show(text, page);
	answer_end();

	while ((command = command_read())) {
		if (command->count == 0)
			show(text, page);
		else
			answer_error("unknown command: %s", command->word[0]);
		answer_end();
	}
	return EXIT_SUCCESS;
}
