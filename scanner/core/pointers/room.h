/* SPDX-License-Identifier: MIT */
#ifndef FF_ROOM_H
#define FF_ROOM_H

#include "../ff.h"

/* Zeros of a room: in memory while there is some left, else in an unlinked file. */
struct ff_space {
	struct ff_room *room;
	void *bytes;		/* NULL when nothing has been taken */
	size_t size;
	bool on_disk;
};

/* -ENOBUFS when neither memory nor disk is left; what the kernel says when there is no file. */
int ff_space_take(struct ff_room *room, size_t size, struct ff_space *out);
void ff_space_drop(struct ff_space *space);
/*
 * Drop a space that nobody needs any more; what it has of memory goes to another, from byte
 * *at of that on, which moves on behind it. Nobody has written there yet, and what the bytes are
 * is left open: the kernel need not make pages of zeros anew.
 */
int ff_space_feed(struct ff_space *space, size_t *at, struct ff_space *from);

struct ff_room *ff_room_get(struct ff_room *room);

#endif
