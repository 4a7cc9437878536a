// SPDX-License-Identifier: MIT
/*
 * Pieces on their way to the store: of small integers in fewer bytes, in memory or on disk
 *
 *   chunk     |zero|small|words|words|        read to a worker's buffer, or to its landing
 *   memory    |sm|words|words|                each piece is packed, or copied, to its place
 *   disk      |words|words|sm|                those that are not packed first, on pages of
 *                                             their own, then the packed ones by width
 *   landing   |zero|small|words|words|        stays as it lies, where most would be copied
 */
#include "kernels/packed.h"
#include "pieces.h"

#include <errno.h>
#include <stdlib.h>

/* What is to be stored of a chunk. */
struct load {
	const struct ff_kernels *kernels;
	const struct ff_kept *kept;
	uint8_t *widths;		/* in which each piece is stored; 0: it is not */
	size_t n, parts;		/* pieces in all, and those that are stored */
	uint64_t kib;			/* that they take */
	uint64_t *entries;
};

/* The KiB that a piece takes in its width; the last may be short, and is not packed then. */
static uint64_t kib_of(const struct load *load, size_t piece)
{
	if (load->widths[piece] < KIBS)
		return load->widths[piece];
	return ff_divide_up(piece_size(load->kept->bounds, piece), 1024);
}

static void look(struct load *load, const uint64_t *stored)
{
	const struct ff_kept *kept = load->kept;
	size_t whole = kept->bounds->size / FF_PIECE;

	for (size_t i = 0; i < load->n; i++) {
		if (!ff_bit(stored, i))
			continue;
		load->widths[i] = KIBS;
		if (i < whole)
			load->widths[i] = (uint8_t)load->kernels->width(kept->bytes + i * FF_PIECE);
		load->kib += kib_of(load, i);
		load->parts++;
	}
}

/* ---- in memory ---- */

/* Leave the chunk where it was read to, if that takes little more than it has to. */
static bool leave_landing(struct load *load, struct ff_place *place)
{
	struct ff_landing *landing = load->kept->landing;
	size_t room;

	if (!landing)
		return false;
	landing->pays = load->kib >= load->n * KIBS * 7 / 8;
	room = landing->place.bytes ? landing->place.pieces : 0;
	if (!landing->pays || !room || landing->place.bytes != load->kept->bytes ||
	    load->kib < room * KIBS * 7 / 8)
		return false;
	for (size_t i = 0; i < load->n; i++) {
		if (load->widths[i])
			load->entries[i] = make_entry(i * KIBS, 0, KIBS);
	}
	*place = landing->place;
	landing->place.bytes = NULL;
	return true;
}

static void fill_place(const struct load *load, uint8_t *out)
{
	const struct ff_kept *kept = load->kept;
	uint64_t kib = 0;

	for (size_t i = 0; i < load->n; i++) {
		const uint8_t *bytes = kept->bytes + i * FF_PIECE;
		uint32_t width = load->widths[i];

		if (!width)
			continue;
		load->entries[i] = make_entry(kib, 0, width);
		if (width < KIBS)
			load->kernels->pack(width, bytes, out + kib * 1024);
		else
			load->kernels->copy(out + kib * 1024, bytes, piece_size(kept->bounds, i));
		kib += kib_of(load, i);
	}
}

static int store_in_memory(struct ff_store *store, struct load *load, struct ff_extent **out)
{
	struct ff_place place;
	int error;

	if (!leave_landing(load, &place)) {
		error = ff_spill_take(store, load->kept->shard,
				      ff_divide_up(load->kib, KIBS), &place);
		if (error)
			return error;
		fill_place(load, place.bytes);
	}
	error = ff_extent_of_place(store, load->kernels, &place, out);
	if (error)
		ff_place_put(&place);
	return error;
}

/* ---- on disk ---- */

/* Pieces in the order in which they will lie there. */
struct bundle {
	struct iovec *parts;
	size_t nparts;
	uint64_t kib;			/* of the next piece, from the first on */
};

static void bundle_bytes(struct bundle *bundle, const uint8_t *bytes, size_t size)
{
	struct iovec *last = bundle->nparts ? &bundle->parts[bundle->nparts - 1] : NULL;

	if (last && (const uint8_t *)last->iov_base + last->iov_len == bytes)
		last->iov_len += size;
	else
		bundle->parts[bundle->nparts++] = (struct iovec){ (void *)bytes, size };
	bundle->kib += (size + 1023) / 1024;
}

/*
 * Line up the stored pieces: those that are not packed first, which keeps them on pages
 * of their own, then the packed ones by width; what is not whole comes last.
 */
static void bundle_pieces(const struct load *load, struct bundle *bundle)
{
	const struct ff_kept *kept = load->kept;
	size_t whole = kept->bounds->size / FF_PIECE;
	uint8_t *packed = kept->scratch;

	for (uint32_t width = KIBS; width; width /= 2) {
		for (size_t i = 0; i < whole; i++) {
			const uint8_t *bytes = kept->bytes + i * FF_PIECE;

			if (load->widths[i] != width)
				continue;
			load->entries[i] = make_entry(bundle->kib, 0, width);
			if (width < KIBS) {
				load->kernels->pack(width, bytes, packed);
				bytes = packed;
				packed += ff_packed_size(width);
			}
			bundle_bytes(bundle, bytes, ff_packed_size(width));
		}
	}
	if (whole < load->n && load->widths[whole]) {
		load->entries[whole] = make_entry(bundle->kib, 0, KIBS);
		bundle_bytes(bundle, kept->bytes + whole * FF_PIECE,
			     piece_size(kept->bounds, whole));
	}
}

static int store_on_disk(struct ff_store *store, struct load *load, struct ff_extent **out)
{
	struct bundle bundle = { .parts = calloc(load->parts, sizeof(*bundle.parts)) };
	int error = -ENOMEM;

	if (bundle.parts) {
		bundle_pieces(load, &bundle);
		error = ff_extent_write(store, load->kept->shard, bundle.parts, bundle.nparts, out);
	}
	free(bundle.parts);
	return error;
}

int ff_pieces_store(struct ff_snapshot *snapshot, struct ff_record *record,
		    const struct ff_kept *kept, const uint64_t *stored)
{
	struct load load = {
		.kernels = snapshot->kernels, .kept = kept, .entries = record->entries,
		.n = ff_chunk_pieces(kept->bounds),
	};
	struct ff_extent *extent;
	int error;

	load.widths = calloc(load.n, 1);
	if (!load.widths)
		return -ENOMEM;
	look(&load, stored);
	error = store_in_memory(snapshot->store, &load, &extent);
	if (error == -ENOBUFS)
		error = store_on_disk(snapshot->store, &load, &extent);
	free(load.widths);
	if (error)
		return error;
	for (size_t i = 0; i < load.n; i++) {
		if (ff_bit(stored, i))
			record->entries[i] |= make_entry(0, record->nextents, 0);
	}
	record->extents[record->nextents++] = extent;
	return 0;
}
