// SPDX-License-Identifier: MIT
/*
 * Plants a string literal in .rodata: its page is read-only and comes from the
 * program's own file.
 */
#include <stdlib.h>

#include "protocol.h"

/* Not const: the compiler must not print a copy that it worked out beforehand. */
const char *text = "farfetch finds this string literal";

static void show(void)
{
	answer_address("addr", text);
	answer_text("text", text);
}

int main(void)
{
	const struct command *command;

	protocol_start("strlit");
	show();
	answer_end();

	while ((command = command_read())) {
		if (command->count == 0)
			show();
		else
			answer_error("unknown command: %s", command->word[0]);
		answer_end();
	}
	return EXIT_SUCCESS;
}
