// SPDX-License-Identifier: MIT
/*
 * Plants nothing but its arguments, which the kernel put at the top of the
 * stack, and echoes them on every Enter.
 */
#include <stdio.h>
#include <stdlib.h>

#include "protocol.h"

static void show(int count, char *const arguments[])
{
	char key[32];

	answer("argc", "%d", count);
	for (int i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "argv%d_addr", i);
		answer_address(key, arguments[i]);
		snprintf(key, sizeof(key), "argv%d", i);
		answer_text(key, arguments[i]);
	}
}

int main(int argc, char *argv[])
{
	const struct command *command;

	protocol_start("twecho");
	answer_address("addr", argv[0]);
	show(argc, argv);
	answer_end();

	while ((command = command_read())) {
		if (command->count == 0)
			show(argc, argv);
		else
			answer_error("unknown command: %s", command->word[0]);
		answer_end();
	}
	return EXIT_SUCCESS;
}
