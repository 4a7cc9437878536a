// SPDX-License-Identifier: MIT
/*
 * Executes itself again and again, as the plain program and as the one whose file makes it root.
 * A word is "public" in the plain one, and becomes "secret" in root's, to its end.
 *
 *   hop PLAIN SETUID
 *
 * It says its pid, where the word is, and an empty line; then it goes on until it is killed.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile char word[] __attribute__((aligned(4096))) = "public";

static void change(const char *text)
{
	for (size_t i = 0; i < sizeof(word); i++)
		word[i] = text[i];
}

int main(int argc, char **argv)
{
	char said[] = "said";

	if (argc < 3)
		return 2;
	if (argc == 3) {
		printf("pid=%d\naddr=0x%" PRIxPTR "\n\n", getpid(), (uintptr_t)word);
		fflush(stdout);
	}
	if (geteuid() == getuid()) {
		for (int i = 0; i < 20; i++)
			sched_yield();
		execl(argv[2], argv[0], argv[1], argv[2], said, NULL);
		return 1;
	}
	change("secret");
	for (int i = 0; i < 20; i++)
		sched_yield();
	if (setresuid(getuid(), getuid(), getuid()))
		return 1;
	execl(argv[1], argv[0], argv[1], argv[2], said, NULL);
	return 1;
}
