// SPDX-License-Identifier: MIT
/*
 * What the machine can spare: what others wait for, and what control groups allow
 *
 *   pressure   some   of the last ten seconds, the share in which somebody waited for memory
 *              full   in which nobody did anything else; see the kernel's accounting/psi.rst
 *   available  what can be had without swapping; files that can be dropped are in it, and who waits
 *              until some of them are is short of nothing; see the kernel's filesystems/proc.rst
 *   groups     /a/b   has a limit and takes some of it, and so have /a and /; files that can be
 *                     dropped at any time are not counted as taken
 *
 * Both versions of control groups are looked at, as their memory is one or the other's: see the
 * kernel's cgroup-v2.rst and cgroup-v1/memory.rst. In a container the group's own directory is
 * often the topmost that is seen, so that one is looked at whatever the group is called.
 */
#include "pressure.h"

#include "told.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOME	10.0	/* percent, from which on no more is taken */
#define FULL	5.0	/* and from which on some is given back */
#define SCARCE	8	/* pressure it is while less than such a part of all memory is available */
#define STEP	((uint64_t)64 << 20)	/* of that at a time, or an eighth of what is used */
#define NO_LIMIT	((uint64_t)1 << 60)

/* The files of a group, by the version. */
struct version {
	const char *mount;		/* where the groups are seen */
	const char *limits[2];		/* NULL: there is but one */
	const char *taken;
	const char *droppable;		/* a line of memory.stat */
};

static const struct version second = {
	"/sys/fs/cgroup", { "memory.max", "memory.high" }, "memory.current", "inactive_file",
};

static const struct version first = {
	"/sys/fs/cgroup/memory", { "memory.limit_in_bytes", NULL }, "memory.usage_in_bytes",
	"total_inactive_file",
};

/* What a file says, as a string; false where there is none, or it says nothing. */
static bool read_text(const char *root, const char *folder, const char *name, char *out,
		      size_t size)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s%s/%s", root, folder, name) >= (int)sizeof(path))
		return false;
	return ff_told(path, out, size) > 0;
}

static double share_of(const char *told, const char *line)
{
	const char *at = strstr(told, line);
	double share = 0;

	return at && sscanf(at + strlen(line), " avg10=%lf", &share) == 1 ? share : 0;
}

/* ---- control groups ---- */

static bool read_number(const char *root, const char *folder, const char *name, uint64_t *out)
{
	char told[64];

	if (!read_text(root, folder, name, told, sizeof(told)) || *told < '0' || *told > '9')
		return false;
	*out = strtoull(told, NULL, 10);
	return true;
}

/* The number behind a word that a line of a file begins with. */
static bool read_line(const char *root, const char *folder, const char *name, const char *word,
		      uint64_t *out)
{
	char told[8192] = "\n", wanted[64];
	const char *at;

	if (!read_text(root, folder, name, told + 1, sizeof(told) - 1))
		return false;
	snprintf(wanted, sizeof(wanted), "\n%s ", word);
	at = strstr(told, wanted);
	if (at)
		*out = strtoull(at + strlen(wanted), NULL, 10);
	return at;
}

/* What is left of nine tenths of a group's limit; less than nothing beyond them. */
static int64_t room_in(const char *root, const char *folder, const struct version *version)
{
	uint64_t limit = NO_LIMIT, found, taken, files;

	for (size_t i = 0; i < 2 && version->limits[i]; i++) {
		if (read_number(root, folder, version->limits[i], &found) && found < limit)
			limit = found;
	}
	if (limit >= NO_LIMIT || !read_number(root, folder, version->taken, &taken))
		return INT64_MAX;
	if (!read_line(root, folder, "memory.stat", version->droppable, &files))
		files = 0;
	taken -= files < taken ? files : taken;
	return (int64_t)(limit - limit / 10) - (int64_t)taken;
}

/* The least of a group's and of those that it is in. path is used up. */
static int64_t room_of(const char *root, char *path, const struct version *version)
{
	int64_t least = INT64_MAX;

	if (!strcmp(path, "/"))
		*path = '\0';
	for (;;) {
		char folder[PATH_MAX];
		int64_t room;
		char *last;

		if (snprintf(folder, sizeof(folder), "%s%s", version->mount, path) <
		    (int)sizeof(folder)) {
			room = room_in(root, folder, version);
			least = room < least ? room : least;
		}
		last = strrchr(path, '/');
		if (!last)
			return least;
		*last = '\0';
	}
}

int64_t ff_group_room(const char *root)
{
	char told[8192], *rest = told, *line;
	int64_t least = INT64_MAX;

	if (!read_text(root, "/proc/self", "cgroup", told, sizeof(told)))
		return least;
	/* number:controllers:path */
	while ((line = strsep(&rest, "\n"))) {
		const char *number = strsep(&line, ":");
		char *controllers = strsep(&line, ":"), *name;
		const struct version *version = NULL;
		int64_t room;

		if (!line)
			continue;
		if (!strcmp(number, "0") && !*controllers)
			version = &second;
		while ((name = strsep(&controllers, ",")))
			version = strcmp(name, "memory") ? version : &first;
		if (!version)
			continue;
		room = room_of(root, line, version);
		least = room < least ? room : least;
	}
	return least;
}

/* ---- both ---- */

/* Whether so little memory is available that others wait for what we hold, or it is not known. */
static bool is_scarce(const char *root)
{
	uint64_t all, available;

	return !read_line(root, "/proc", "meminfo", "MemTotal:", &all) ||
	       !read_line(root, "/proc", "meminfo", "MemAvailable:", &available) ||
	       available < all / SCARCE;
}

uint64_t ff_pressure_spares(const char *root, uint64_t used)
{
	int64_t room = ff_group_room(root);
	uint64_t spared = UINT64_MAX, step = used / 8 > STEP ? used / 8 : STEP;
	char told[256];

	if (is_scarce(root) && read_text(root, "/proc/pressure", "memory", told, sizeof(told))) {
		if (share_of(told, "full") >= FULL)
			spared = used > step ? used - step : 0;
		else if (share_of(told, "some") >= SOME)
			spared = used;
	}
	if (room == INT64_MAX)
		return spared;
	if (room < 0)
		used = used > (uint64_t)-room ? used - (uint64_t)-room : 0;
	else
		used += (uint64_t)room;
	return used < spared ? used : spared;
}
