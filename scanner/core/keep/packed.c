// SPDX-License-Identifier: MIT
/*
 * Extents that are packed: what would leave memory stays there in fewer bytes, where that pays
 *
 *   extent   |page |page |page |page |      as it was stored, to be lent as it lies; its place is
 *                                           given back
 *   frames    20 b  raw   7 b   20 b        of each page; see frames.h
 *   bytes    |---|-----|-|---|              an extent of its own, with the pages side by side: it
 *                                           is moved to disk as any other, and so in fewer bytes
 *
 * While there is room for all nothing is packed, as that takes time and brings nothing then.
 * Whoever reads a page of it has that page widened, and no other.
 */
#include "extent.h"
#include "kernels/frames.h"
#include "kernels/kernels.h"

#include <errno.h>
#include <stdlib.h>

#define SAMPLES	4		/* pages that are looked at before all are */
#define TOGETHER	16	/* pages that are read together */

struct ff_packed {
	const struct ff_kernels *kernels;
	struct ff_extent *bytes;
	uint32_t pages;
	struct ff_frame frames[];	/* and where the last one's bytes end, as one more begins */
};

/* Whether so many bytes are worth the while, instead of so many pages. */
static bool pays(uint64_t bytes, uint32_t pages)
{
	return bytes <= (uint64_t)pages * FF_PIECE / 4 * 3;
}

/* Which words some pages are packed by; 0 where that is not worth it. */
static uint32_t words_of(const struct ff_extent *extent)
{
	uint32_t n = (uint32_t)ff_min(extent->pieces, SAMPLES), words = 0;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i++) {
		size_t page = (uint64_t)i * extent->pieces / n;
		struct ff_frame frame;

		extent->kernels->frame(extent->place.bytes + page * FF_PIECE,
				       FF_FRAME_4 | FF_FRAME_8, &frame);
		bytes += ff_frame_size(&frame);
		words |= frame.word;
	}
	return pays(bytes, n) ? words : 0;
}

/* What an extent is packed to, without its bytes yet; NULL where it is not worth it. */
static struct ff_packed *plan(const struct ff_extent *extent, uint32_t words)
{
	struct ff_packed *packed = calloc(1, sizeof(*packed) + (extent->pieces + 1) *
					  sizeof(packed->frames[0]));
	uint32_t at = 0;

	if (!packed)
		return NULL;
	packed->kernels = extent->kernels;
	packed->pages = extent->pieces;
	for (uint32_t i = 0; i < packed->pages; i++) {
		struct ff_frame *frame = &packed->frames[i];

		packed->kernels->frame(extent->place.bytes + (size_t)i * FF_PIECE, words, frame);
		frame->at = at;
		at += (uint32_t)ff_frame_size(frame);
	}
	packed->frames[packed->pages].at = at;
	if (pays(at, packed->pages))
		return packed;
	free(packed);
	return NULL;
}

static void fill(const struct ff_packed *packed, const uint8_t *bytes, uint8_t *out)
{
	for (uint32_t i = 0; i < packed->pages; i++, bytes += FF_PIECE) {
		const struct ff_frame *frame = &packed->frames[i];

		if (frame->word)
			packed->kernels->frame_pack(frame, bytes, out + frame->at);
		else
			packed->kernels->copy(out + frame->at, bytes, FF_PIECE);
	}
}

bool ff_extent_pack(struct ff_extent *extent)
{
	uint32_t words = extent->kernels ? words_of(extent) : 0;
	struct ff_packed *packed;
	struct ff_place place;
	size_t pieces;

	if (!words)
		return false;
	packed = plan(extent, words);
	if (!packed)
		return false;
	pieces = ff_divide_up(packed->frames[packed->pages].at, FF_PIECE);
	if (ff_store_take_packed(extent->store, pieces ? pieces : 1, &place)) {
		free(packed);
		return false;
	}
	fill(packed, extent->place.bytes, place.bytes);
	if (ff_extent_of_place(extent->store, NULL, &place, &packed->bytes)) {
		ff_place_put(&place);
		free(packed);
		return false;
	}
	extent->packed = packed;
	ff_extent_leave(extent);
	return true;
}

void ff_packed_destroy(struct ff_packed *packed)
{
	ff_extent_put(packed->bytes);
	free(packed);
}

/* ---- and back ---- */

static void widen(const struct ff_packed *packed, uint32_t page, const uint8_t *bytes, uint8_t *out)
{
	const struct ff_frame *frame = &packed->frames[page];

	if (frame->word)
		packed->kernels->frame_unpack(frame, bytes, out);
	else
		memcpy(out, bytes, FF_PIECE);
}

/* size bytes of one page, or of whole pages, from skip on; no more than some together. */
static int load(struct ff_packed *packed, size_t skip, uint8_t *buffer, size_t size)
{
	uint8_t room[TOGETHER * FF_PIECE], whole[FF_PIECE];
	uint32_t page = (uint32_t)(skip / FF_PIECE);
	uint32_t end = (uint32_t)((skip + size - 1) / FF_PIECE) + 1;
	uint32_t first = packed->frames[page].at;
	const uint8_t *there = ff_extent_pin(packed->bytes);
	const uint8_t *bytes = there ? there + first : room;
	int error = 0;

	if (!there)
		error = ff_extent_load(packed->bytes, first, room, packed->frames[end].at - first);
	if (!error && size < FF_PIECE) {
		widen(packed, page, bytes, whole);
		memcpy(buffer, whole + skip % FF_PIECE, size);
	}
	for (; !error && size >= FF_PIECE && page < end; page++, buffer += FF_PIECE)
		widen(packed, page, bytes + (packed->frames[page].at - first), buffer);
	if (there)
		ff_extent_unpin(packed->bytes);
	return error;
}

int ff_packed_load(struct ff_packed *packed, size_t skip, uint8_t *buffer, size_t size)
{
	int error = 0;

	while (size && !error) {
		size_t left = FF_PIECE - skip % FF_PIECE, some = ff_min(left, size);

		if (left == FF_PIECE && size > FF_PIECE)
			some = ff_min(size / FF_PIECE, TOGETHER) * FF_PIECE;
		error = load(packed, skip, buffer, some);
		skip += some;
		buffer += some;
		size -= some;
	}
	return error;
}
