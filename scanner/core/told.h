/* SPDX-License-Identifier: MIT */
/*
 * What the kernel tells in files of /proc and /sys, each of which says it at one look
 */
#ifndef FF_TOLD_H
#define FF_TOLD_H

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

/* The bytes that a file says, as many as there is room for, as a string; 0 where there is none. */
static inline size_t ff_told(const char *path, char *out, size_t room)
{
	ssize_t n = -1;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, out, room - 1);
		close(fd);
	}
	n = n < 0 ? 0 : n;
	out[n] = '\0';
	return (size_t)n;
}

#endif
