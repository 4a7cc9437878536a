// SPDX-License-Identifier: MIT
/*
 * Files without a name, which go with their last descriptor, whatever becomes of the process
 */
#include "nameless.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int ff_nameless_open(const char *directory)
{
	char path[PATH_MAX];
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

	if (fd >= 0)
		return fd;
	/* EISDIR: a kernel without O_TMPFILE; EOPNOTSUPP: a file system without */
	if (errno != EOPNOTSUPP && errno != EISDIR)
		return -errno;
	if (snprintf(path, sizeof(path), "%s/farfetch-XXXXXX", directory) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

int ff_nameless_past_cache(int fd)
{
	char path[64];
	int past;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	past = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	return past < 0 ? -errno : past;
}
