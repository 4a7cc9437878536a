// SPDX-License-Identifier: MIT
/*
 * Scans: the kind of job that evaluates a program over a grid's slots
 *
 * Each result has a place of its own in the match set and the snapshot. Nothing of an
 * earlier step is written to, so a scan that is cancelled or fails leaves it as it was.
 */
#include "keep/disk.h"
#include "scan.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

int ff_scan_count(struct ff_scan *scan, uint64_t matches)
{
	uint64_t bytes;

	__atomic_add_fetch(&scan->job.matches, matches, __ATOMIC_RELAXED);
	bytes = ff_matchset_bytes(scan->set) + ff_snapshot_bytes(scan->snapshot);
	return bytes > scan->spec.memory ? -ENOBUFS : 0;
}

int ff_scan_stored(struct ff_scan *scan, int error)
{
	if (error)
		ff_job_fail(&scan->job, error, true);
	return error;
}

void *ff_map_bytes(size_t size, int protection)
{
	void *bytes = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return bytes == MAP_FAILED ? NULL : bytes;
}

/* ---- what each worker does ---- */

static struct ff_scan *scan_of(struct ff_job *job)
{
	return (struct ff_scan *)job;
}

/* Room for n masks of so many bits, each in its place. */
static int make_masks(uint64_t **const *places, size_t n, size_t bits)
{
	for (size_t i = 0; i < n; i++) {
		*places[i] = calloc(ff_bits_words(bits), sizeof(uint64_t));
		if (!*places[i])
			return -ENOMEM;
	}
	return 0;
}

static int make_bytes(uint8_t **place, size_t size)
{
	*place = ff_map_bytes(size, PROT_READ | PROT_WRITE);
	return *place ? 0 : -ENOMEM;
}

static int make_room(struct ff_scanner *scanner)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;
	uint64_t **const of_slots[] = { &scanner->mask, &scanner->alive, &scanner->had };
	uint64_t **const of_pieces[] = { &scanner->pieces, &scanner->known, &scanner->untouched };
	size_t size = ff_scan_buffer(spec->grid);
	int error = make_masks(of_slots, 3, spec->grid->chunk_slots);

	if (!error)
		error = make_masks(of_pieces, 3, ff_grid_pieces(spec->grid));
	for (size_t i = 0; i < spec->ntypes && !error; i++)
		error = make_masks(&(uint64_t **const){ &scanner->types[i] }, 1,
				   spec->grid->chunk_slots);
	for (size_t s = 0; s < FF_STREAMS && !error; s++) {
		if (s == FF_NOW || ff_scan_uses(scanner->scan, s))
			error = make_bytes(&scanner->buffers[s], size);
	}
	return error ? error : make_bytes(&scanner->packing, size / 2);
}

static int setup(struct ff_worker *worker)
{
	struct ff_scanner *scanner = calloc(1, sizeof(*scanner));
	const struct ff_scan_spec *spec;
	int error;

	if (!scanner)
		return -ENOMEM;
	worker->own = scanner;
	scanner->worker = worker;
	scanner->scan = scan_of(worker->job);
	spec = &scanner->scan->spec;
	error = make_room(scanner);
	if (!error && spec->pages) {
		scanner->entries = calloc(ff_pages_entries(spec->pages, spec->grid),
					  sizeof(*scanner->entries));
		error = scanner->entries ? 0 : -ENOMEM;
	}
	if (!error && spec->candidates)
		error = ff_gather_create(&scanner->gather);
	if (!error && spec->candidates && !spec->ntypes && !spec->filter)
		error = ff_thin_create(spec->grid, &scanner->thin);
	return error;
}

static void teardown(struct ff_worker *worker)
{
	size_t size = ff_scan_buffer(worker->job->grid);
	struct ff_scanner *scanner = worker->own;

	if (!scanner)
		return;
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (scanner->buffers[s])
			munmap(scanner->buffers[s], size);
	}
	if (scanner->landing.place.bytes)
		ff_place_put(&scanner->landing.place);
	if (scanner->packing)
		munmap(scanner->packing, size / 2);
	for (size_t i = 0; i < FF_MATCH_TYPES; i++)
		free(scanner->types[i]);
	free(scanner->mask);
	free(scanner->alive);
	free(scanner->had);
	free(scanner->pieces);
	free(scanner->known);
	free(scanner->untouched);
	free(scanner->entries);
	ff_gather_destroy(scanner->gather);
	ff_thin_destroy(scanner->thin);
	free(scanner);
}

static int scan_chunk(struct ff_worker *worker, uint64_t chunk)
{
	struct ff_scanner *scanner = worker->own;

	if (!scanner->gather || !ff_gather_takes(scanner, chunk))
		return ff_dense_scan(scanner, chunk);
	return ff_gather_is_full(scanner->gather) ? ff_gather_scan(scanner) : 0;
}

static int flush(struct ff_worker *worker)
{
	struct ff_scanner *scanner = worker->own;

	return scanner->gather ? ff_gather_scan(scanner) : 0;
}

static size_t put_off(const struct ff_worker *worker, uint64_t *out)
{
	const struct ff_scanner *scanner = worker->own;

	return scanner->gather ? ff_gather_chunks(scanner->gather, out) : 0;
}

/* ---- from its start to its end ---- */

static bool align_fits(uint32_t align, uint32_t grid_align)
{
	uint32_t times = align / grid_align;

	return align % grid_align == 0 && times <= 8 && !(times & (times - 1));
}

static bool types_fit(const struct ff_scan_spec *spec)
{
	if (spec->ntypes > FF_MATCH_TYPES)
		return false;
	/* who looks at values that a range cuts off */
	if (spec->grid->least < spec->grid->span && !spec->ntypes && !spec->filter)
		return false;
	if (spec->candidates && spec->candidates->ntypes != spec->ntypes)
		return false;
	for (size_t i = 0; i < spec->ntypes; i++) {
		if (spec->types[i]->span > spec->grid->span ||
		    spec->types[i]->streams & ~spec->program->streams ||
		    !align_fits(spec->type_aligns[i], spec->grid->align) ||
		    !spec->type_aligns[i] != !spec->type_aligns[0])
			return false;
	}
	return true;
}

static bool streams_fit(const struct ff_scan_spec *spec)
{
	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		if (!(spec->program->streams & 1u << s))
			continue;
		if (!spec->candidates || !spec->streams[s] ||
		    spec->streams[s]->set->grid != spec->grid)
			return false;
	}
	return true;
}

static int check_spec(const struct ff_scan_spec *spec)
{
	if (spec->program->span != spec->grid->span || !spec->threads)
		return -EINVAL;
	if (spec->candidates && spec->candidates->grid != spec->grid)
		return -EINVAL;
	if (spec->prev && !(spec->candidates && spec->pages))
		return -EINVAL;
	if (spec->untouched && !spec->pages)
		return -EINVAL;
	return types_fit(spec) && streams_fit(spec) ? 0 : -EINVAL;
}

/* Ask the program once what it says of zeros. The pages are never written to, and cost nothing. */
static int learn_blank(struct ff_scan *scan)
{
	const struct ff_scan_spec *spec = &scan->spec;
	const uint8_t *streams[FF_STREAMS];
	uint64_t mask = 0;
	void *zeros = ff_map_bytes(ff_scan_buffer(spec->grid), PROT_READ);

	if (!zeros)
		return -ENOMEM;
	scan->zeros = zeros;
	for (size_t s = 0; s < FF_STREAMS; s++)
		streams[s] = zeros;
	ff_program_run(spec->program, scan->kernels, streams, spec->grid->align, 1, &mask);
	scan->blank_matches = mask & 1;
	return 0;
}

/* What a scan uses is its own as well: whoever lent it may let go meanwhile. */
static void hold(const struct ff_scan_spec *spec)
{
	ff_store_get(spec->store);
	ff_program_get(spec->program);
	for (size_t i = 0; i < spec->ntypes; i++)
		ff_program_get(spec->types[i]);
	if (spec->candidates)
		ff_matchset_get(spec->candidates);
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (spec->streams[s])
			ff_snapshot_get(spec->streams[s]);
	}
	if (spec->prev)
		ff_snapshot_get(spec->prev);
	if (spec->pages)
		ff_pages_get(spec->pages);
}

static void let_go(const struct ff_scan_spec *spec)
{
	ff_pages_close((struct ff_pages *)spec->pages);
	ff_snapshot_destroy((struct ff_snapshot *)spec->prev);
	for (size_t s = 0; s < FF_STREAMS; s++)
		ff_snapshot_destroy((struct ff_snapshot *)spec->streams[s]);
	ff_matchset_destroy((struct ff_matchset *)spec->candidates);
	for (size_t i = 0; i < spec->ntypes; i++)
		ff_program_destroy((struct ff_program *)spec->types[i]);
	ff_program_destroy((struct ff_program *)spec->program);
	ff_store_put(spec->store);
}

static void release(struct ff_job *job)
{
	struct ff_scan *scan = scan_of(job);

	ff_store_trim(scan->spec.store);
	ff_snapshot_destroy(scan->snapshot);
	ff_matchset_destroy(scan->set);
	let_go(&scan->spec);
}

static void free_scan(struct ff_job *job)
{
	struct ff_scan *scan = scan_of(job);

	if (scan->zeros)
		munmap((void *)scan->zeros, ff_scan_buffer(job->grid));
	free(scan);
}

static const struct ff_job_ops scan_ops = {
	.setup = setup,
	.teardown = teardown,
	.chunk = scan_chunk,
	.flush = flush,
	.put_off = put_off,
	.release = release,
	.free = free_scan,
};

int ff_scan_start(const struct ff_scan_spec *spec, struct ff_job **out)
{
	struct ff_scan *scan;
	int error = check_spec(spec);

	if (error)
		return error;
	scan = calloc(1, sizeof(*scan));
	if (!scan)
		return -ENOMEM;
	scan->spec = *spec;
	scan->kernels = ff_isa_kernels(spec->isa);
	hold(spec);
	ff_job_init(&scan->job, &scan_ops, spec->grid, spec->reader);
	error = learn_blank(scan);
	if (!error)
		error = ff_matchset_create(spec->grid, &scan->set);
	if (!error)
		error = ff_matchset_divide(scan->set, spec->ntypes);
	if (!error)
		error = ff_snapshot_create(spec->store, scan->kernels, scan->set,
					   spec->program->constant, &scan->snapshot);
	if (!error)
		error = ff_job_run(&scan->job, spec->threads);
	if (error) {
		ff_job_destroy(&scan->job);
		return error;
	}
	*out = &scan->job;
	return 0;
}

int ff_scan_finish(struct ff_job *job, struct ff_matchset **set, struct ff_snapshot **snapshot)
{
	struct ff_scan *scan = scan_of(job);
	int error = ff_job_join(job);

	ff_store_trim(scan->spec.store);
	if (error)
		return error;
	ff_matchset_seal(scan->set);
	*set = scan->set;
	*snapshot = scan->snapshot;
	scan->set = NULL;
	scan->snapshot = NULL;
	return 0;
}
