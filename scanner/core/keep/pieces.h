/* SPDX-License-Identifier: MIT */
#ifndef FF_PIECES_H
#define FF_PIECES_H

#include "record.h"
#include "snapshot.h"

/*
 * Store the pieces of a chunk whose bits are set in stored, and give them their entries. The
 * record has room for one more extent.
 */
int ff_pieces_store(struct ff_snapshot *snapshot, struct ff_record *record,
		    const struct ff_kept *kept, const uint64_t *stored);

#endif
