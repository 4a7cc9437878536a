/* SPDX-License-Identifier: MIT */
#ifndef FF_NAMELESS_H
#define FF_NAMELESS_H

/* Open a new file in a directory that nobody else can open. Returns its descriptor, or an error. */
int ff_nameless_open(const char *directory);

/* Open such a file again, to write it past the page cache; or an error. */
int ff_nameless_past_cache(int fd);

#endif
