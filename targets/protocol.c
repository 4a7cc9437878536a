// SPDX-License-Identifier: MIT
/*
 * How every target talks; protocol.h says what to call, README.md what is said.
 */
#include "protocol.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* More than printf, the dynamic linker and a signal frame ever use below main. */
#define DEAD_STACK (64 * 1024)

static char output[16 * 1024];
static char line[512];
static struct command command;

void allow_scanners(void)
{
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
}

void protocol_start(const char *target)
{
	/* Unbuffered, so a command that is not yet due survives an exec. */
	setvbuf(stdin, NULL, _IONBF, 0);
	setvbuf(stdout, output, _IOFBF, sizeof(output));
	allow_scanners();
	answer_text("target", target);
	answer("pid", "%ld", (long)getpid());
}

void answer(const char *key, const char *format, ...)
{
	va_list arguments;

	printf("%s=", key);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

void answer_address(const char *key, const volatile void *address)
{
	answer(key, "0x%" PRIxPTR, (uintptr_t)address);
}

void answer_text(const char *key, const char *text)
{
	printf("%s=", key);
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte == 0x7f || byte == '\\')
			printf("\\x%02x", byte);
		else
			putchar(byte);
	}
	putchar('\n');
}

void answer_error(const char *format, ...)
{
	char text[sizeof(line) + 128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	answer_text("error", text);
}

/* The barrier keeps the compiler from dropping a memset nobody reads after. */
static void wipe(void *start, size_t size)
{
	memset(start, 0, size);
	__asm__ volatile("" : : "r"(start) : "memory");
}

static __attribute__((noinline)) void wipe_dead_stack(void)
{
	char dead[DEAD_STACK];

	wipe(dead, sizeof(dead));
}

void answer_flush(void)
{
	fflush(stdout);
	wipe(output, sizeof(output));
	wipe(line, sizeof(line));
	wipe(&command, sizeof(command));
	wipe_dead_stack();
}

/* The empty line goes last, on its own: whoever has seen it finds no stray copy any more. */
void answer_end(void)
{
	answer_flush();
	putchar('\n');
	fflush(stdout);
}

/* Read a line without its newline; what does not fit is dropped. */
static bool line_read(void)
{
	size_t length = 0;
	int byte;

	while ((byte = getchar()) != '\n') {
		if (byte == EOF)
			return false;
		if (length < sizeof(line) - 1)
			line[length++] = (char)byte;
	}
	line[length] = '\0';
	return true;
}

const struct command *command_read(void)
{
	char *rest = NULL;
	char *word;

	if (!line_read())
		return NULL;

	command.count = 0;
	for (word = strtok_r(line, " \t\r", &rest); word && command.count < COMMAND_WORDS;
	     word = strtok_r(NULL, " \t\r", &rest))
		command.word[command.count++] = word;

	return command_is(&command, "quit") ? NULL : &command;
}

bool command_is(const struct command *cmd, const char *name)
{
	return cmd->count > 0 && strcmp(cmd->word[0], name) == 0;
}

bool command_integer(const struct command *cmd, int index, long long min, long long max,
		     long long *number)
{
	char *end;

	if (index >= cmd->count) {
		answer_error("%s: a number is missing", cmd->word[0]);
		return false;
	}
	errno = 0;
	*number = strtoll(cmd->word[index], &end, 0);
	if (*end || end == cmd->word[index]) {
		answer_error("%s: not a whole number: %s", cmd->word[0], cmd->word[index]);
		return false;
	}
	if (errno || *number < min || *number > max) {
		answer_error("%s: %s is outside %lld..%lld", cmd->word[0], cmd->word[index], min,
			     max);
		return false;
	}
	return true;
}

bool command_decimal(const struct command *cmd, int index, double *number)
{
	char *end;

	if (index >= cmd->count) {
		answer_error("%s: a number is missing", cmd->word[0]);
		return false;
	}
	*number = strtod(cmd->word[index], &end);
	if (*end || end == cmd->word[index] || !isfinite(*number)) {
		answer_error("%s: not a number: %s", cmd->word[0], cmd->word[index]);
		return false;
	}
	return true;
}
