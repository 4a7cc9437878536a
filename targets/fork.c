// SPDX-License-Identifier: MIT
/*
 * Plants a string in an anonymous page of its own and forks: parent and child
 * share that page copy-on-write, at the same address.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "protocol.h"

/* A byte down `ask` has the child show its page; it sends the byte back after. */
struct channel {
	int ask[2];
	int done[2];
};

static int child_main(const struct channel *channel, const char *text)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	allow_scanners();
	close(channel->ask[1]);
	close(channel->done[0]);
	while (read(channel->ask[0], &byte, 1) == 1) {
		answer("child_pid", "%ld", (long)getpid());
		answer_address("child_addr", text);
		answer_text("child_text", text);
		answer_flush();
		if (write(channel->done[1], &byte, 1) != 1)
			break;
	}
	return EXIT_SUCCESS;
}

static void show_both(const struct channel *channel, const char *text)
{
	char byte = '\n';

	answer_address("addr", text);
	answer_text("text", text);
	answer_flush();
	if (write(channel->ask[1], &byte, 1) != 1 || read(channel->done[0], &byte, 1) != 1)
		answer_error("the child is gone");
}

int main(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const struct command *command;
	struct channel channel;
	char *text = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	if (text == MAP_FAILED || pipe(channel.ask) || pipe(channel.done))
		return EXIT_FAILURE;
	strcpy(text, "farfetch finds this in both processes");
	/* A dead child is an answer, not the parent's end. */
	signal(SIGPIPE, SIG_IGN);

	protocol_start("fork");
	answer_flush();
	child = fork();
	if (child < 0)
		return EXIT_FAILURE;
	if (child == 0)
		return child_main(&channel, text);

	close(channel.ask[0]);
	close(channel.done[1]);
	show_both(&channel, text);
	answer_end();

	while ((command = command_read())) {
		if (command->count == 0)
			show_both(&channel, text);
		else
			answer_error("unknown command: %s", command->word[0]);
		answer_end();
	}
	return EXIT_SUCCESS;
}
