// SPDX-License-Identifier: MIT
/*
 * What /proc says of another process's thread
 */
#include "status.h"

#include "told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 8192	/* of a status file, which is about 1500 bytes long */

static size_t contents(pid_t tid, const char *file, char *text, size_t room)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, file);
	return ff_told(path, text, room);
}

/* What stands behind the name of a line. */
static const char *field(const char *text, const char *name)
{
	const char *found = strstr(text, name);

	return found ? found + strlen(name) : "";
}

static uint64_t signals(const char *text, const char *name)
{
	return strtoull(field(text, name), NULL, 16);
}

bool ff_status_read(pid_t tid, struct ff_status *status)
{
	uint64_t waiting, caught;
	char text[ROOM];

	if (!contents(tid, "status", text, sizeof(text)))
		return false;
	status->state = *field(text, "\nState:\t");
	status->tracer = atoi(field(text, "\nTracerPid:\t"));
	status->waits = strtoull(field(text, "\nvoluntary_ctxt_switches:\t"), NULL, 10);
	waiting = signals(text, "\nSigPnd:\t") | signals(text, "\nShdPnd:\t");
	caught = signals(text, "\nSigCgt:\t") & ~signals(text, "\nSigBlk:\t");
	status->handler_waits = waiting & caught;
	return status->state && !strchr("ZXx", status->state);
}

bool ff_status_goes_on(pid_t tid, uint64_t *address)
{
	const char *last;
	char text[256];

	if (!contents(tid, "syscall", text, sizeof(text)) || !strncmp(text, "running", 7))
		return false;
	last = strrchr(text, ' ');	/* it is the last of the words */
	if (!last)
		return false;
	*address = strtoull(last, NULL, 16);
	return true;
}
