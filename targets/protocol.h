// SPDX-License-Identifier: MIT
/*
 * How every target talks: a line on stdin is a command, the answer is
 * `key=value` lines and one empty line, flushed. See README.md.
 */
#ifndef TARGETS_PROTOCOL_H
#define TARGETS_PROTOCOL_H

#include <stdbool.h>

#define COMMAND_WORDS 8

/* A line split at blanks. An empty line has no words. */
struct command {
	int count;
	char *word[COMMAND_WORDS];
};

/*
 * protocol_start - let scanners attach and answer `target=` and `pid=`
 *
 * The caller adds what it planted and ends the answer.
 */
void protocol_start(const char *target);

void answer(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));
void answer_address(const char *key, const volatile void *address);
/* Control characters and backslashes are written \xNN, so a value is one line. */
void answer_text(const char *key, const char *text);
void answer_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * answer_flush - send what was answered so far and wipe what it left behind
 *
 * The output buffer, the command and the dead part of the stack would hold
 * copies of the planted values, and a scan would find those too.
 */
void answer_flush(void);

/* answer_end - mark the answer's end and flush it */
void answer_end(void);

/*
 * command_read - wait for the next line
 *
 * Returns NULL at end of file and for `quit`. What it returns is wiped by
 * answer_flush().
 */
const struct command *command_read(void);

bool command_is(const struct command *command, const char *name);

/*
 * command_integer, command_decimal - the word at @index as a number
 *
 * If it is missing, malformed or outside [@min, @max], answer the error and
 * return false.
 */
bool command_integer(const struct command *command, int index, long long min, long long max,
		     long long *number);
bool command_decimal(const struct command *command, int index, double *number);

/*
 * allow_scanners - let any process of this user attach
 *
 * Under Yama's ptrace_scope 1 only a parent may attach to its child, and the
 * scanner is usually a sibling: a shell or a test started both. A kernel
 * without Yama refuses the request, and needs none. A forked child has to ask
 * for itself.
 */
void allow_scanners(void);

#endif
