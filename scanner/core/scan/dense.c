// SPDX-License-Identifier: MIT
/*
 * Dense scans: a chunk at a time, read as it lies, decided about as a lot, and kept
 *
 *   pieces    wanted: those that hold a candidate's value, without candidates all
 *             known:  those that nobody wrote to since the step before, or ever touched,
 *                     as the kernel says of their pages; they stay unread
 *   read      the wanted ones, in as few calls as their runs take; or lent as a whole
 *   alive     candidates, without those in a hole or without a value in a named snapshot
 *   lot       see lot.c
 *   keep      the mask as blocks of the match set, the bytes in the snapshot
 */
#include "keep/extent.h"
#include "lot.h"

#include <errno.h>

/* A chunk at hand. */
struct view {
	struct ff_lot lot;		/* first: the lot is taken for its view */
	uint64_t chunk;
	struct ff_chunk bounds;
	uint8_t *now;			/* where it is read to */
	bool blank;			/* nobody ever touched what is wanted of it */
	struct ff_extent *lenders[FF_STREAMS];	/* of old bytes that lie in memory, or NULL */
};

static bool all_known(const struct ff_scanner *scanner, size_t first, size_t last)
{
	for (; first <= last; first++) {
		if (!ff_bit(scanner->known, first))
			return false;
	}
	return true;
}

/* Values in pages that nobody wrote to are the same: no match of a program for others. */
static void drop_clean(struct ff_scanner *scanner, const struct view *view)
{
	const struct ff_grid *grid = scanner->scan->spec.grid;
	size_t align = grid->align, reach = grid->span - 1;
	size_t words = ff_bits_words(view->bounds.slots);

	for (size_t w = 0; w < words; w++) {
		size_t first = w * 64 * align, last = (w * 64 + 63) * align + reach;

		if (last >= view->bounds.size)
			last = view->bounds.size - 1;
		if (!scanner->alive[w])
			continue;
		if (all_known(scanner, first / FF_PIECE, last / FF_PIECE)) {
			scanner->alive[w] = 0;
			continue;
		}
		for (uint64_t left = scanner->alive[w]; left; left &= left - 1) {
			size_t at = first + ff_bits_first(left) * align;

			if (all_known(scanner, at / FF_PIECE, (at + reach) / FF_PIECE))
				scanner->alive[w] &= ~(left & -left);
		}
	}
	ff_bits_zero(scanner->pieces, ff_grid_pieces(grid));
	ff_pieces_of_mask(grid, scanner->alive, view->bounds.slots, scanner->pieces);
	for (size_t i = 0; i < ff_bits_words(ff_grid_pieces(grid)); i++) {
		scanner->known[i] &= scanner->pieces[i];
		scanner->pieces[i] &= ~scanner->known[i];
	}
}

/* Fill in pieces that were not written to since the step before. */
static int take_clean(struct ff_scanner *scanner, const struct view *view,
		      const struct ff_chunk *there)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;
	int error;

	ff_pages_take(spec->pages, FF_PAGES_CLEAN, there, scanner->entries, scanner->pieces,
		      scanner->known);
	if (spec->program->relation == FF_OTHER_BYTES)
		drop_clean(scanner, view);
	error = ff_snapshot_load(spec->prev, view->chunk, &view->bounds, scanner->known,
				 view->now);
	return ff_scan_stored(scanner->scan, error);
}

/* Fill in pieces that nobody ever touched. */
static void take_untouched(struct ff_scanner *scanner, struct view *view,
			   const struct ff_chunk *there)
{
	size_t n = ff_chunk_pieces(there);

	ff_bits_zero(scanner->untouched, n);
	ff_pages_take(scanner->scan->spec.pages, FF_PAGES_NEVER_TOUCHED, there, scanner->entries,
		      scanner->pieces, scanner->untouched);
	view->blank = true;
	for (size_t i = 0; i < n && view->blank; i++)
		view->blank = !ff_bit(scanner->pieces, i) && !ff_bit(scanner->known, i);
	for (size_t i = 0; i < n && !view->blank; i++) {
		if (ff_bit(scanner->untouched, i))
			memset(view->now + i * FF_PIECE, 0, FF_PIECE);
	}
	ff_bits_or(scanner->known, scanner->untouched, n);
}

/* Whether nobody ever touched any of a chunk, as one look at much more than it tells. */
static bool is_untouched(struct ff_scanner *scanner, const struct ff_chunk *there)
{
	struct ff_range *blank = &scanner->blank;
	uint64_t end = there->start + there->size;

	if (there->start < blank->start || there->start >= blank->end) {
		blank->start = there->start;
		blank->end = ff_pages_untouched(scanner->scan->spec.pages, there->start);
	}
	return end <= blank->end;
}

/* Fill in the pieces whose bytes are known, and want them no longer. */
static int take_known(struct ff_scanner *scanner, struct view *view, const struct ff_chunk *there)
{
	struct ff_stalls *stalls = scanner->scan->spec.reader->stalls;
	const struct ff_scan_spec *spec = &scanner->scan->spec;
	size_t pieces = ff_chunk_pieces(&view->bounds);
	bool blank;
	int error = 0;

	ff_bits_zero(scanner->known, pieces);
	if (!spec->pages)
		return 0;
	ff_visit_begin(scanner->worker->fetch.visit, NULL, 0, false);
	blank = spec->untouched && is_untouched(scanner, there);
	if (!blank)
		ff_pages_look(spec->pages, there, scanner->entries);
	if (!ff_visit_end(scanner->worker->fetch.visit, stalls))
		return -ECANCELED;
	if (blank) {
		ff_bits_copy(scanner->known, scanner->pieces, pieces);
		ff_bits_zero(scanner->pieces, pieces);
		view->blank = true;
		return 0;
	}
	if (spec->prev)
		error = take_clean(scanner, view, there);
	if (spec->untouched)
		take_untouched(scanner, view, there);
	return error;
}

/*
 * Where to read the chunk to. What was kept as it is of late is read to where it can stay,
 * if the store has memory left.
 */
static uint8_t *choose_room(struct ff_scanner *scanner, const struct view *view)
{
	struct ff_landing *landing = &scanner->landing;
	size_t pieces = ff_chunk_pieces(&view->bounds);

	if (!landing->pays || scanner->scan->spec.program->constant)
		return scanner->buffers[FF_NOW];
	if (landing->place.bytes && landing->place.pieces < pieces) {
		ff_place_put(&landing->place);
		landing->place.bytes = NULL;
	}
	if (!landing->place.bytes &&
	    ff_spill_take(scanner->scan->spec.store, scanner->worker->number, pieces,
			  &landing->place))
		return scanner->buffers[FF_NOW];
	return landing->place.bytes;
}

static int read_now(struct ff_scanner *scanner, struct view *view)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;
	struct ff_fetch *fetch = &scanner->worker->fetch;
	struct ff_job *job = &scanner->scan->job;
	struct ff_reader *reader = spec->reader;
	struct ff_chunk there = view->bounds;
	const uint8_t *lent = NULL;
	int error;

	fetch->nholes = 0;
	/* what is lent may change meanwhile: only a copy can be compared and then kept */
	if (reader->ops->lend && spec->program->constant && !there.tail)
		lent = reader->ops->lend(reader, view->bounds.start, view->bounds.size);
	if (lent) {
		view->lot.streams[FF_NOW] = lent;
		ff_job_count_read(job, view->bounds.size);
		return 0;
	}
	view->now = choose_room(scanner, view);
	view->lot.streams[FF_NOW] = view->now;
	there.size -= there.tail;
	error = take_known(scanner, view, &there);
	if (error)
		return error;
	if (view->blank) {
		view->lot.streams[FF_NOW] = scanner->scan->zeros;
	} else {
		memset(view->now + there.size, 0, there.tail);
		error = ff_fetch_pieces(fetch, reader, &there, scanner->pieces, view->now);
		ff_job_count_read(job, fetch->bytes);
	}
	ff_bits_or(scanner->pieces, scanner->known, ff_chunk_pieces(&view->bounds));
	return error;
}

/* Bring in the old bytes the program asks for; streams of one snapshot share a buffer. */
static int load_streams(struct ff_scanner *scanner, struct view *view)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;
	const uint8_t **streams = view->lot.streams;

	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		struct ff_extent *lender;
		size_t twin = FF_NOW + 1;
		int error;

		if (!ff_scan_uses(scanner->scan, s))
			continue;
		while (twin < s && (spec->streams[twin] != spec->streams[s] || !streams[twin]))
			twin++;
		if (twin < s) {
			streams[s] = streams[twin];
			continue;
		}
		streams[s] = ff_snapshot_lend(spec->streams[s], view->chunk, &view->bounds,
					      &lender);
		if (streams[s]) {
			view->lenders[s] = lender;
			continue;
		}
		error = ff_snapshot_load(spec->streams[s], view->chunk, &view->bounds,
					 scanner->pieces, scanner->buffers[s]);
		if (error)
			return ff_scan_stored(scanner->scan, error);
		streams[s] = scanner->buffers[s];
	}
	return 0;
}

/* Whether every value of the chunk is zero in every stream, so that one answer is that of all. */
static bool is_blank(const struct ff_scanner *scanner, const struct view *view)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;

	for (size_t s = FF_NOW + 1; s < FF_STREAMS && view->blank; s++) {
		if (ff_scan_uses(scanner->scan, s) &&
		    !ff_snapshot_is_blank(spec->streams[s], view->chunk))
			return false;
	}
	return view->blank;
}

static void take_zeros(const struct ff_scanner *scanner, struct view *view)
{
	view->lot.blank = true;
	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		if (ff_scan_uses(scanner->scan, s))
			view->lot.streams[s] = scanner->scan->zeros;
	}
}

/* ---- what cannot match ---- */

/* Clear the slots whose value of so many bytes touches one that was not read. */
static void clear_holes(const struct ff_scanner *scanner, const struct view *view, size_t size,
			uint64_t *mask)
{
	const struct ff_fetch *fetch = &scanner->worker->fetch;

	for (size_t i = 0; i < fetch->nholes; i++)
		ff_grid_clear(scanner->scan->spec.grid, mask, view->bounds.slots, size,
			      fetch->holes[i].start - view->bounds.start,
			      fetch->holes[i].end - view->bounds.start);
}

/* Slots whose value is not there, or was not at the time of a snapshot with a name. */
static void clear_missing(struct ff_scanner *scanner, struct view *view)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;

	if (scanner->worker->fetch.nholes) {
		if (!view->lot.alive)
			ff_bits_fill(scanner->alive, view->bounds.slots);
		view->lot.alive = scanner->alive;
		clear_holes(scanner, view, spec->grid->least, scanner->alive);
	}
	/* without candidates there are no such streams */
	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		if (!ff_stream_is_named(s) || !ff_scan_uses(scanner->scan, s))
			continue;
		ff_matchset_mask(spec->streams[s]->set, view->chunk, view->bounds.slots,
				 scanner->had);
		ff_bits_and(scanner->alive, scanner->had, view->bounds.slots);
	}
}

/* A value of a type is not there where one of its bytes was not read. */
static bool cut_type(const struct ff_scanner *scanner, const struct ff_lot *lot, size_t type,
		     uint64_t *mask)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;
	const struct view *view = (const struct view *)lot;
	const struct ff_chunk *bounds = &view->bounds;
	size_t span = spec->types[type]->span;

	clear_holes(scanner, view, span, mask);
	if (bounds->tail)
		ff_grid_clear(spec->grid, mask, lot->slots, span, bounds->size - bounds->tail,
			      bounds->size);
	return scanner->worker->fetch.nholes || bounds->tail;
}

static void mask_type(const struct ff_scanner *scanner, const struct ff_lot *lot, size_t type,
		      uint64_t *mask)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;
	const struct view *view = (const struct view *)lot;

	if (spec->candidates)
		ff_matchset_mask(spec->candidates->types[type], view->chunk, lot->slots, mask);
	else
		ff_bits_fill(mask, lot->slots);
	cut_type(scanner, lot, type, mask);
}

/* ---- the chunk ---- */

static int keep(struct ff_scanner *scanner, const struct view *view)
{
	struct ff_scan *scan = scanner->scan;
	const struct ff_lot *lot = &view->lot;
	struct ff_kept kept = {
		.chunk = view->chunk, .bounds = &view->bounds,
		.bytes = lot->streams[FF_NOW], .mask = lot->mask,
		.base = scan->spec.streams[FF_PREV], .base_bytes = lot->streams[FF_PREV],
		.relation = scan->spec.program->relation,
		.shard = scanner->worker->number,
		.scratch = scanner->packing, .landing = &scanner->landing,
		.blank = view->blank,
	};
	int64_t count;
	int error;

	for (size_t i = 0; i < scan->spec.ntypes; i++) {
		if (!lot->fits[i])
			continue;
		count = ff_matchset_put(scan->set->types[i], scan->kernels, view->chunk,
					lot->types[i], lot->slots);
		if (count < 0)
			return (int)count;
	}
	count = ff_matchset_put_some(scan->set, scan->kernels, view->chunk, lot->mask, lot->slots,
				     scan->spec.candidates);
	if (count < 0)
		return (int)count;
	kept.count = count;
	error = ff_scan_stored(scan, ff_snapshot_put(scan->snapshot, &kept));
	return error ? error : ff_scan_count(scan, count);
}

/* Whether all slots are candidates, and nobody asks which. */
static bool wants_all(const struct ff_scanner *scanner, const struct view *view)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;

	if (!spec->candidates)
		return true;
	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		if (ff_stream_is_named(s) && ff_scan_uses(scanner->scan, s))
			return false;
	}
	return !spec->prev &&
	       ff_matchset_chunk_count(spec->candidates, view->chunk) == view->bounds.slots;
}

/* The slots that may match, and the pieces that hold their values. */
static void want(struct ff_scanner *scanner, struct view *view)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;
	size_t pieces = ff_grid_pieces(spec->grid);

	if (wants_all(scanner, view)) {
		ff_bits_zero(scanner->pieces, pieces);
		ff_bits_fill(scanner->pieces, ff_chunk_pieces(&view->bounds));
		return;
	}
	view->lot.alive = scanner->alive;
	ff_bits_zero(scanner->pieces, pieces);
	ff_matchset_mask(spec->candidates, view->chunk, view->bounds.slots, scanner->alive);
	ff_pieces_of_mask(spec->grid, scanner->alive, view->bounds.slots, scanner->pieces);
}

static void describe(const struct ff_scanner *scanner, struct view *view)
{
	const struct ff_fetch *fetch = &scanner->worker->fetch;
	struct ff_lot *lot = &view->lot;

	lot->slots = view->bounds.slots;
	lot->stride = scanner->scan->spec.grid->align;
	lot->mask = scanner->mask;
	memcpy(lot->types, scanner->types, sizeof(lot->types));
	lot->mask_type = mask_type;
	lot->cut_type = cut_type;
	lot->start = view->bounds.start;
	lot->size = view->bounds.size - view->bounds.tail;
	lot->holes = fetch->holes;
	lot->nholes = fetch->nholes;
}

static int decide(struct ff_scanner *scanner, struct view *view)
{
	int any;

	clear_missing(scanner, view);
	describe(scanner, view);
	any = ff_lot_decide(scanner, &view->lot);
	return any > 0 ? keep(scanner, view) : any;
}

/* What was lent may go to disk again. */
static void return_streams(const struct view *view)
{
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (view->lenders[s])
			ff_extent_unpin(view->lenders[s]);
	}
}

int ff_dense_scan(struct ff_scanner *scanner, uint64_t chunk)
{
	const struct ff_scan *scan = scanner->scan;
	struct view view = { .chunk = chunk };
	int error;

	ff_grid_chunk(scan->spec.grid, chunk, &view.bounds);
	want(scanner, &view);
	error = read_now(scanner, &view);
	if (error || ff_job_stopped(&scan->job))
		return error;
	if (!view.blank && ff_thin_takes(scanner, chunk, &view.bounds))
		return ff_thin_decide(scanner, chunk, &view.bounds, view.lot.streams[FF_NOW]);
	if (!is_blank(scanner, &view))
		error = load_streams(scanner, &view);
	else if (scan->blank_matches)
		take_zeros(scanner, &view);
	else
		return 0;
	if (!error)
		error = decide(scanner, &view);
	return_streams(&view);
	return error;
}
