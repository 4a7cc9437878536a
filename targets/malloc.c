// SPDX-License-Identifier: MIT
/*
 * Plants a string in a malloc'd block of two pages, never at the start of a
 * page: a page's worth of bytes read from there crosses into the next page.
 */
#include <stdlib.h>
#include <string.h>
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
	size_t size = 2 * page;
	const struct command *command;
	char *block = malloc(size + 64);
	char *text = block;

	if (!block)
		return EXIT_FAILURE;
	if ((size_t)text % page == 0)
		text += 64;
	/* What follows the string is no zeros, so that a short read is told apart. */
	memset(text, '.', size);
	strcpy(text, "farfetch finds this in a malloc'd block");

	protocol_start("malloc");
	show(text, size);
	answer_end();

	while ((command = command_read())) {
		if (command->count == 0)
			show(text, size);
		else
			answer_error("unknown command: %s", command->word[0]);
		answer_end();
	}
	free(block);
	return EXIT_SUCCESS;
}
