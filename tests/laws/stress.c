// SPDX-License-Identifier: MIT
/*
 * Many jobs, watched and cancelled from other threads, for ThreadSanitizer to look
 * at: it ends the program with an error where two threads touch the same without
 * order. What the jobs find is checked too: also of jobs whose lenders let go meanwhile, while old
 * values are packed and moved to disk, and beside a child that lets go of all that it was born
 * with. A kind of job that is no scan adds bytes up.
 */
#include "bits.h"
#include "job/job.h"
#include "keep/extent.h"
#include "steps.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE	(2u << 20)
#define SLOTS	(SIZE / 4)
#define CHUNK	(16u << 10)
#define THREADS	4
#define ROUNDS	12
#define BASE	0x10000

static uint8_t *memory;
static struct ff_grid *grid;
static struct ff_reader *reader;
static struct ff_arena *arena;

/* A store of so many bytes, of which some are in the arena's memory. */
static struct ff_store *store_of(uint32_t writers, uint64_t limit, uint64_t memory_limit)
{
	struct ff_store *store;

	must(!ff_store_create("/tmp", writers, limit, &store), "no store");
	if (memory_limit)
		ff_store_use(store, arena, memory_limit);
	return store;
}

static void *cancel(void *job)
{
	ff_job_cancel(job);
	return NULL;
}

/* Let two matches of each chunk pass, and all values that come side by side. */
static int let_few_pass(void *context, struct ff_found *found)
{
	uint64_t *calls = context;
	size_t n = 0;

	__atomic_add_fetch(calls, 1, __ATOMIC_RELAXED);
	for (size_t i = 0; i < found->slots && !ff_job_stopped(found->job); i++) {
		if (!ff_bit(found->mask, i))
			continue;
		if (found->sizes)
			must(found->sizes[i] == 4, "a value has another size");
		else if (++n > 2)
			ff_bit_clear(found->mask, i);
	}
	return 0;
}

/* Run a job, watching it; 0, or why it made nothing. */
static int run_job(struct ff_scan_spec *spec, bool cancelled, struct kept *out)
{
	struct ff_progress progress;
	struct ff_job *job;
	pthread_t other;
	int error;

	must(!ff_scan_start(spec, &job), "a job does not start");
	if (cancelled)
		must(!pthread_create(&other, NULL, cancel, job), "no thread");
	do
		ff_job_progress(job, &progress);
	while (!ff_job_wait(job, 1));
	must(progress.done <= progress.total, "more is done than there is");
	if (cancelled)
		pthread_join(other, NULL);
	error = ff_scan_finish(job, &out->set, &out->snapshot);
	ff_job_destroy(job);
	return error;
}

static int run(const struct ff_program *code, struct ff_store *store, const struct kept *prev,
	       uint64_t limit, bool cancelled, struct kept *out)
{
	struct ff_scan_spec spec = {
		.grid = grid, .reader = reader, .program = code, .store = store,
		.memory = limit, .threads = THREADS, .isa = 0,
		.candidates = prev ? prev->set : NULL,
		.streams[FF_PREV] = prev ? prev->snapshot : NULL,
	};

	return run_job(&spec, cancelled, out);
}

/* The same as two types, of which a filter lets few pass. */
static int run_types(const struct ff_program *code, const struct ff_program *type,
		     struct ff_store *store, const struct kept *prev, struct kept *out)
{
	uint64_t calls = 0;
	struct ff_scan_spec spec = {
		.grid = grid, .reader = reader, .program = code, .store = store,
		.memory = 1 << 30, .threads = THREADS, .isa = 0,
		.candidates = prev ? prev->set : NULL,
		.types = { code, type }, .ntypes = 2, .filter = let_few_pass, .context = &calls,
	};
	int error = run_job(&spec, false, out);

	must(calls > 0, "the filter is not called");
	return error;
}

static void dirty(size_t every)
{
	for (size_t i = 0; i < SIZE; i += every)
		memory[i]++;
}

/* Values of types, filtered: a few in each chunk, then value by value. */
static void round_of_types(const struct ff_program *any, const struct ff_program *rare)
{
	uint64_t addresses[SIZE / CHUNK * 2 + 1];
	struct kept first, second;
	struct ff_store *store;
	size_t n;

	must(!ff_store_create("/tmp", THREADS, 16u << 20, &store), "no store");
	must(!run_types(any, rare, store, NULL, &first), "types");
	must(ff_matchset_count(first.set) == SIZE / CHUNK * 2, "not two of each chunk");
	must(!run_types(any, rare, store, &first, &second), "types of few");
	n = ff_matchset_addresses(second.set, 0, SIZE / CHUNK * 2 + 1, addresses);
	must(n == SIZE / CHUNK * 2, "few are not kept");
	for (size_t i = 0; i < n; i++) {
		int32_t now = *(int32_t *)(memory + (addresses[i] - BASE));
		uint32_t types = now >= 7 && now <= 90 ? 3 : 1;

		must(ff_matchset_types(second.set, addresses[i]) == types, "other types");
	}
	drop(&first);
	drop(&second);
	ff_store_close(store);
}

static void round_of(const struct ff_program *all, const struct ff_program *below,
		     const struct ff_program *rare, uint64_t in_memory)
{
	struct kept first, second, third, none;
	uint64_t addresses[64];
	uint8_t value[4];
	struct ff_store *store;
	int error;

	store = store_of(THREADS, 16u << 20, in_memory);
	error = run(all, store, NULL, 1 << 30, true, &none);
	must(!error || error == -ECANCELED, "a cancelled job fails");
	if (!error)
		drop(&none);
	must(!run(all, store, NULL, 1 << 30, false, &first), "everything");
	must(ff_matchset_count(first.set) == SLOTS, "not everything is found");
	dirty(64);
	must(!run(below, store, &first, 1 << 30, false, &second), "what has grown");
	must(ff_matchset_count(second.set) == SIZE / 64, "not all that has grown is found");
	must(!run(rare, store, &second, 1 << 30, false, &third), "few");
	for (uint64_t i = 0; i < ff_matchset_count(third.set); i += 64) {
		size_t n = ff_matchset_addresses(third.set, i, 64, addresses);

		must(n > 0 && !ff_snapshot_value(third.snapshot, addresses[0], value), "a value");
	}
	must(run(all, store, &first, 100, false, &none) == -ENOBUFS, "memory has no limit");
	drop(&first);
	drop(&third);
	drop(&second);
	must(ff_store_bytes(store) == 0 && ff_store_memory(store) == 0, "space is not given back");
	ff_store_close(store);
	must(!ff_store_create("/tmp", THREADS, 64u << 10, &store), "no store");
	must(run(all, store, NULL, 1 << 30, false, &none) == -ENOBUFS, "disk has no limit");
	ff_store_close(store);
}

/* What a job was lent, and who lets go of it while the job runs. */
struct lent {
	struct ff_reader *reader;
	struct ff_program *code;
	struct ff_store *store;
	struct kept prev;
};

static void *let_go(void *argument)
{
	struct lent *lent = argument;

	ff_reader_close(lent->reader);
	ff_program_destroy(lent->code);
	drop(&lent->prev);
	ff_store_close(lent->store);
	return NULL;
}

/* All values that the matches of everything had are those of the memory. */
static void check_values(const struct kept *kept)
{
	static uint8_t values[SIZE];

	must(ff_snapshot_values(kept->snapshot, kept->set, 0, SLOTS, values) == SLOTS, "values");
	must(!memcmp(values, memory, SIZE), "other values than there were");
}

/* The same of every sixteenth slot. */
static void check_sixteenths(const struct kept *kept)
{
	static uint8_t values[SIZE / 16];
	ssize_t n = ff_snapshot_values(kept->snapshot, kept->set, 0, SLOTS / 16, values);

	must(n == SLOTS / 16, "values of some");
	for (size_t i = 0; i < SLOTS / 16; i++)
		must(!memcmp(values + 4 * i, memory + 64 * i, 4), "other values of some");
}

/* A job goes on with what it was lent, which the lender and two more let go of meanwhile. */
static void round_of_lenders(const struct ff_program *all)
{
	struct ff_atom atom = {
		.kind = FF_ATOM_PAIR, .op = FF_EQ,
		.a = { .stream = FF_PREV, .type = FF_I32 },
		.b = { .stream = FF_NOW, .type = FF_I32 },
		.low.i = INT32_MIN, .high.i = INT32_MAX,
	};
	struct lent lent[3] = { { .code = program(&atom, FF_SAME_BYTES) } };
	struct ff_scan_spec spec;
	struct ff_progress progress;
	struct kept found;
	pthread_t threads[2];
	struct ff_job *job;

	must(!ff_reader_open_buffer(memory, SIZE, BASE, &lent->reader), "no reader");
	lent->store = store_of(THREADS, 16u << 20, 64u << 20);
	must(!run(all, lent->store, NULL, 1 << 30, false, &lent->prev), "everything");
	spec = (struct ff_scan_spec){
		.grid = grid, .reader = lent->reader, .program = lent->code,
		.store = lent->store, .memory = 1 << 30, .threads = THREADS,
		.candidates = lent->prev.set, .streams[FF_PREV] = lent->prev.snapshot,
	};
	for (int i = 1; i < 3; i++) {
		lent[i].reader = ff_reader_get(lent->reader);
		lent[i].code = ff_program_get(lent->code);
		lent[i].prev.set = ff_matchset_get(lent->prev.set);
		lent[i].prev.snapshot = ff_snapshot_get(lent->prev.snapshot);
		must(!ff_store_create("/tmp", 1, 1, &lent[i].store), "no store");
	}
	must(!ff_scan_start(&spec, &job), "a job does not start");
	for (int i = 0; i < 2; i++)
		must(!pthread_create(&threads[i], NULL, let_go, &lent[i + 1]), "no thread");
	let_go(lent);
	do
		ff_job_progress(job, &progress);
	while (!ff_job_wait(job, 1));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	must(!ff_scan_finish(job, &found.set, &found.snapshot), "what has stayed");
	ff_job_destroy(job);
	must(ff_matchset_count(found.set) == SLOTS, "not all that has stayed is found");
	check_values(&found);
	drop(&found);
}

/* Words of 20 bits, which pack by frames, or of 8 as they were; dirty() goes on with both. */
static void widen_values(bool is)
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint32_t drawn = is ? i * 2654435761u : 0;

		memory[4 * i + 1] = (uint8_t)(drawn >> 24);
		memory[4 * i + 2] = (uint8_t)(drawn >> 20 & 0xf);
	}
}

/* Move all that lies in memory: it packs, and then that may go to disk. */
static void spill_all(const struct ff_store *store)
{
	uint64_t stored;

	for (int i = 0; i < 2 * THREADS; i++)
		ff_spill_oldest(arena);
	stored = ff_store_memory(store) + ff_store_bytes(store);
	must(stored && stored <= SIZE / 4 * 3, "what packs is not packed");
}

static void *spill_all_along(void *argument)
{
	const bool *ended = argument;

	while (!__atomic_load_n(ended, __ATOMIC_RELAXED))
		ff_spill_oldest(arena);
	return NULL;
}

/* Old values are looked at, shared and let go while two others move all of them to disk. */
static void round_of_spilling(const struct ff_program *all, const struct ff_program *below)
{
	struct ff_store *store = store_of(THREADS, 64u << 20, 16u << 20);
	struct kept first, second, third, fourth;
	pthread_t threads[2];
	bool ended = false;

	widen_values(true);
	must(!run(all, store, NULL, 1 << 30, false, &first), "everything");
	spill_all(store);
	check_values(&first);
	for (int i = 0; i < 2; i++)
		must(!pthread_create(&threads[i], NULL, spill_all_along, &ended), "no thread");
	check_values(&first);
	must(!run(all, store, &first, 1 << 30, false, &second), "everything, again");
	drop(&first);
	check_values(&second);
	must(!run(all, store, NULL, 1 << 30, false, &first), "everything anew");
	dirty(64);
	must(!run(below, store, &first, 1 << 30, false, &third), "what has grown");
	must(ff_matchset_count(third.set) == SIZE / 64, "not all that has grown is found");
	check_sixteenths(&third);
	must(!run(all, store, &third, 1 << 30, false, &fourth), "some, again");
	drop(&third);
	check_sixteenths(&fourth);
	drop(&fourth);
	drop(&second);
	__atomic_store_n(&ended, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	drop(&first);
	must(ff_store_bytes(store) == 0 && ff_store_memory(store) == 0, "space is not given back");
	ff_store_close(store);
	widen_values(false);
}

/* A child, born while a job runs, lets go of everything; the parent has all of it still. */
static void round_of_fork(const struct ff_program *all)
{
	struct ff_scan_spec spec = {
		.grid = grid, .reader = reader, .program = all, .memory = 1 << 30,
		.threads = THREADS,
	};
	struct kept first, found;
	struct ff_job *job;
	int status;
	pid_t child;

	spec.store = store_of(THREADS, 32u << 20, 64u << 20);
	widen_values(true);
	must(!run(all, spec.store, NULL, 1 << 30, false, &first), "everything");
	spill_all(spec.store);
	must(!ff_scan_start(&spec, &job), "a job does not start");
	child = fork();
	must(child >= 0, "no child");
	if (!child) {
		must(ff_job_wait(job, 1000) == 1, "a child waits for threads that it has not");
		must(ff_scan_finish(job, &found.set, &found.snapshot) == -ECANCELED,
		     "a child takes what it has not made");
		ff_job_destroy(job);
		drop(&first);
		ff_store_close(spec.store);
		/* past the sanitizer, for which the parent's threads are the child's to join */
		syscall(SYS_exit_group, 0);
	}
	must(waitpid(child, &status, 0) == child && !status, "the child fails");
	while (!ff_job_wait(job, 1))
		;
	must(!ff_scan_finish(job, &found.set, &found.snapshot), "everything again");
	ff_job_destroy(job);
	check_values(&first);
	check_values(&found);
	drop(&first);
	drop(&found);
	must(ff_store_bytes(spec.store) == 0, "space is not given back");
	ff_store_close(spec.store);
	widen_values(false);
}

/* ---- a page that does not come ---- */

#define WAITING_PAGES	64
#define GAP_AT		37	/* the page */

/* A reader of this process whose calls wait while they touch that page. */
struct waiting {
	struct ff_reader reader;
	uint8_t *bytes;
	size_t page;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool served;
	bool slow;			/* what is written waits, too */
	uint32_t inside;		/* threads that wait */
};

static int waiting_read(struct ff_reader *reader, struct ff_segment *segments, size_t n)
{
	struct waiting *self = (struct waiting *)reader;
	uint64_t gap = (uintptr_t)self->bytes + GAP_AT * self->page;

	for (size_t i = 0; i < n; i++) {
		struct ff_segment *segment = &segments[i];

		pthread_mutex_lock(&self->lock);
		self->inside++;
		pthread_cond_broadcast(&self->changed);
		while (!self->served && segment->address < gap + self->page &&
		       segment->address + segment->size > gap)
			pthread_cond_wait(&self->changed, &self->lock);
		self->inside--;
		memcpy(segment->buffer, (const void *)(uintptr_t)segment->address, segment->size);
		pthread_mutex_unlock(&self->lock);
		segment->done = segment->size;
	}
	return 0;
}

static ssize_t waiting_write(struct ff_reader *reader, uint64_t address, const void *bytes,
			     size_t size)
{
	struct waiting *self = (struct waiting *)reader;

	pthread_mutex_lock(&self->lock);
	self->inside++;
	pthread_cond_broadcast(&self->changed);
	while (self->slow && !self->served)
		pthread_cond_wait(&self->changed, &self->lock);
	self->inside--;
	memcpy((void *)(uintptr_t)address, bytes, size);
	pthread_mutex_unlock(&self->lock);
	return (ssize_t)size;
}

static void waiting_close(struct ff_reader *reader)
{
	struct waiting *self = (struct waiting *)reader;

	munmap(self->bytes, WAITING_PAGES * self->page);
	pthread_cond_destroy(&self->changed);
	pthread_mutex_destroy(&self->lock);
	free(self);
}

static const struct ff_reader_ops waiting_ops = {
	.read = waiting_read,
	.write = waiting_write,
	.close = waiting_close,
};

static struct waiting *open_waiting(void)
{
	struct waiting *self = calloc(1, sizeof(*self));

	must(self != NULL, "no memory");
	self->page = (size_t)sysconf(_SC_PAGESIZE);
	self->bytes = mmap(NULL, WAITING_PAGES * self->page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(self->bytes != MAP_FAILED, "no memory");
	for (size_t i = 0; i < WAITING_PAGES; i++) {
		if (i != GAP_AT)
			self->bytes[i * self->page] = 7;
	}
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->changed, NULL);
	must(!ff_reader_init(&self->reader, &waiting_ops, getpid()), "no reader");
	ff_reader_set_patience(&self->reader, 5);
	return self;
}

static void serve(struct waiting *self)
{
	pthread_mutex_lock(&self->lock);
	self->served = true;
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->lock);
}

static void *cancel_waiting(void *job)
{
	while (!ff_job_wait(job, 1))
		ff_job_cancel(job);
	return NULL;
}

/* Looks that find what they expect, until they are told, let go, or something changes. */
static void looks(struct waiting *self, bool dropped)
{
	uint64_t addresses[] = { (uintptr_t)self->bytes + self->page, (uintptr_t)self->bytes };
	uint8_t expected[] = { 7, 7 }, there[2];
	uint32_t done[2];
	struct ff_call_spec spec = {
		.kind = FF_CALL_LOOK, .interval = 100000,
		.values = { .addresses = addresses, .n = 2, .size = 1, .bytes = expected },
	};
	struct ff_call *call;

	must(!ff_call_start(&self->reader, &spec, &call), "looks do not start");
	must(!ff_call_wait(call, 5), "looks end by themselves");
	if (dropped) {
		ff_call_drop(call);
		return;
	}
	ff_call_tell(call);
	while (!ff_call_wait(call, 10))
		;
	must(ff_call_result(call, there) == 2 && there[0] == 7, "a look does not see all");
	ff_call_drop(call);
	expected[1] = 8;
	must(!ff_call_start(&self->reader, &spec, &call), "looks do not start");
	while (!ff_call_wait(call, 10))
		;
	must(ff_call_result(call, there) == 2 && there[1] == 7, "a look does not see a change");
	ff_call_done(call, done);
	must(done[0] == 1 && done[1] == 1, "a look does not count what it read");
	ff_call_drop(call);
}

static void change(struct waiting *self, uint8_t value)
{
	pthread_mutex_lock(&self->lock);
	self->bytes[0] = value;
	pthread_mutex_unlock(&self->lock);
}

static uint8_t value_of(struct waiting *self)
{
	uint8_t value;

	pthread_mutex_lock(&self->lock);
	value = self->bytes[0];
	pthread_mutex_unlock(&self->lock);
	return value;
}

static void *settle(void *call)
{
	while (!ff_call_settle(call, 10))
		;
	return NULL;
}

/* Looks that put back one value of two, until they are told, or cannot. */
static void holds(struct waiting *self)
{
	uint64_t addresses[] = { (uintptr_t)self->bytes, (uintptr_t)self->bytes + self->page };
	uint8_t expected[] = { 7, 7 }, held[] = { true, false };
	struct ff_call_spec spec = {
		.kind = FF_CALL_LOOK, .interval = 100000, .held = held,
		.values = { .addresses = addresses, .n = 2, .size = 1, .bytes = expected },
	};
	struct ff_call *call;
	pthread_t other;

	must(!ff_call_start(&self->reader, &spec, &call), "looks do not start");
	for (uint64_t i = 1; i <= 20; i++) {
		change(self, 8);
		while (value_of(self) != 7 || ff_call_puts(call, 0) < i)
			must(!ff_call_wait(call, 1), "a value that is held ends the looks");
	}
	must(ff_call_puts(call, 0) == 20 && !ff_call_puts(call, 1), "not each is counted");
	must(!pthread_create(&other, NULL, settle, call), "no thread");
	settle(call);
	change(self, 9);
	while (!ff_call_wait(call, 10))
		;
	pthread_join(other, NULL);
	must(value_of(self) == 9, "a value is put back after all");
	ff_call_drop(call);

	self->slow = true;
	must(!ff_call_start(&self->reader, &spec, &call), "looks do not start");
	while (ff_call_wait(call, 10) != -ETIMEDOUT)
		;
	must(ff_call_settle(call, 0) == 1, "what was given up is waited for");
	must(!ff_call_puts(call, 0), "what was given up is counted");
	ff_call_drop(call);
}

/* Threads that are given up, served while others work, cancelled, and let go after all. */
static void round_of_waiting(const struct ff_program *rare, bool cancelled)
{
	struct waiting *self = open_waiting();
	uint64_t start = (uintptr_t)self->bytes;
	struct ff_range range = { .start = start, .end = start + WAITING_PAGES * self->page };
	struct ff_call_spec read = {
		.kind = FF_CALL_READ, .address = start + GAP_AT * self->page, .size = 4,
	};
	const struct ff_range *blocked;
	struct ff_grid *own;
	struct ff_store *store;
	struct ff_matchset *set;
	struct ff_snapshot *snapshot;
	struct ff_call *call;
	struct ff_job *job;
	pthread_t other;
	int error;

	must(!ff_grid_create(&range, 1, 4, 4, 2 * self->page, &own), "no grid");
	store = store_of(THREADS, 16u << 20, 64u << 20);
	struct ff_scan_spec spec = {
		.grid = own, .reader = &self->reader, .program = rare, .store = store,
		.memory = 1 << 30, .threads = THREADS,
	};

	must(!ff_scan_start(&spec, &job), "a job does not start");
	if (cancelled)
		must(!pthread_create(&other, NULL, cancel_waiting, job), "no thread");
	while (!ff_job_wait(job, 10))
		;
	if (cancelled)
		pthread_join(other, NULL);
	error = ff_scan_finish(job, &set, &snapshot);
	must(!error || (cancelled && error == -ECANCELED), "a job that waits fails");
	if (!error) {
		must(ff_matchset_count(set) == WAITING_PAGES - 1, "not all else is found");
		must(ff_job_blocked(job, &blocked) == 1, "nothing is left out");
		must(blocked->start == start + GAP_AT * self->page &&
		     blocked->end == blocked->start + self->page, "another page is left out");
		ff_snapshot_destroy(snapshot);
		ff_matchset_destroy(set);
	}
	ff_job_destroy(job);
	must(!ff_call_start(&self->reader, &read, &call), "a call does not start");
	do
		error = ff_call_wait(call, 10);
	while (!error && !cancelled);
	must(cancelled || error == -ETIMEDOUT || ff_call_result(call, NULL) == 0,
	     "what does not come is read");
	ff_call_drop(call);
	looks(self, cancelled);
	holds(self);
	ff_store_close(store);
	ff_grid_put(own);
	serve(self);
	ff_reader_close(&self->reader);
}

/* ---- another kind of job ---- */

/* Adds all bytes up; of every two chunks a worker puts one off, as far as it has room. */
struct adding {
	struct ff_job job;
	uint64_t total;
};

struct adder {
	uint8_t *bytes;
	uint64_t *pieces;
	uint64_t put_off[3];
	size_t n;
};

static int adder_setup(struct ff_worker *worker)
{
	size_t pieces = ff_grid_pieces(worker->job->grid);
	struct adder *adder = calloc(1, sizeof(*adder));

	must(adder != NULL, "no memory");
	worker->own = adder;
	adder->bytes = malloc(pieces * FF_PIECE);
	adder->pieces = malloc(ff_bits_words(pieces) * sizeof(*adder->pieces));
	must(adder->bytes && adder->pieces, "no memory");
	ff_bits_fill(adder->pieces, pieces);
	return 0;
}

static void adder_teardown(struct ff_worker *worker)
{
	struct adder *adder = worker->own;

	if (!adder)
		return;
	free(adder->bytes);
	free(adder->pieces);
	free(adder);
}

static int add_chunk(struct ff_worker *worker, uint64_t chunk)
{
	struct adding *adding = (struct adding *)worker->job;
	struct adder *adder = worker->own;
	struct ff_chunk bounds;
	uint64_t total = 0;
	int error;

	ff_grid_chunk(worker->job->grid, chunk, &bounds);
	memset(adder->bytes, 0, bounds.size);
	error = ff_fetch_pieces(&worker->fetch, worker->job->reader, &bounds, adder->pieces,
				adder->bytes);
	if (error)
		return error;
	ff_job_count_read(worker->job, worker->fetch.bytes);
	for (size_t i = 0; i < bounds.size; i++)
		total += adder->bytes[i];
	__atomic_add_fetch(&adding->total, total, __ATOMIC_RELAXED);
	return 0;
}

static int adder_chunk(struct ff_worker *worker, uint64_t chunk)
{
	struct adder *adder = worker->own;

	if (chunk % 2 || adder->n == 3)
		return add_chunk(worker, chunk);
	adder->put_off[adder->n++] = chunk;
	return 0;
}

static int adder_flush(struct ff_worker *worker)
{
	struct adder *adder = worker->own;
	int error = 0;

	/* counted down behind each: what is being done when the worker is given up is not lost */
	for (; adder->n && !error; adder->n--)
		error = add_chunk(worker, adder->put_off[adder->n - 1]);
	return error;
}

static size_t adder_put_off(const struct ff_worker *worker, uint64_t *out)
{
	const struct adder *adder = worker->own;

	memcpy(out, adder->put_off, adder->n * sizeof(*out));
	return adder->n;
}

static void adding_release(struct ff_job *job)
{
	must(!job->running, "a worker is still at work");
}

static void adding_free(struct ff_job *job)
{
	free(job);
}

static const struct ff_job_ops adding_ops = {
	.setup = adder_setup,
	.teardown = adder_teardown,
	.chunk = adder_chunk,
	.flush = adder_flush,
	.put_off = adder_put_off,
	.release = adding_release,
	.free = adding_free,
};

/* The sum of all bytes of the grid that can be read, or why there is none. */
static int add(struct ff_grid *all, struct ff_reader *from, bool cancelled, uint64_t *out)
{
	struct adding *adding = calloc(1, sizeof(*adding));
	pthread_t other;
	int error;

	must(adding != NULL, "no memory");
	ff_job_init(&adding->job, &adding_ops, all, from);
	must(!ff_job_run(&adding->job, THREADS), "a job does not start");
	if (cancelled)
		must(!pthread_create(&other, NULL, cancel, &adding->job), "no thread");
	while (!ff_job_wait(&adding->job, 1))
		;
	if (cancelled)
		pthread_join(other, NULL);
	error = ff_job_join(&adding->job);
	*out = adding->total;
	ff_job_destroy(&adding->job);
	return error;
}

/* All bytes are added up once: also where a worker is given up with chunks that it put off. */
static void round_of_another_kind(void)
{
	struct waiting *self = open_waiting();
	uint64_t start = (uintptr_t)self->bytes, total = 0, expected = 0;
	struct ff_range range = { .start = start, .end = start + WAITING_PAGES * self->page };
	struct ff_grid *own;
	int error;

	for (size_t i = 0; i < SIZE; i++)
		expected += memory[i];
	must(!add(grid, reader, false, &total) && total == expected, "another sum");
	error = add(grid, reader, true, &total);
	must(error == -ECANCELED || (!error && total == expected), "a cancelled sum fails");
	must(!ff_grid_create(&range, 1, 1, 1, 2 * self->page, &own), "no grid");
	must(!add(own, &self->reader, false, &total), "a sum that waits fails");
	must(total == 7 * (WAITING_PAGES - 1), "not all else is added up once");
	ff_grid_put(own);
	serve(self);
	ff_reader_close(&self->reader);
}

int main(void)
{
	struct ff_range range = { .start = BASE, .end = BASE + SIZE };
	struct ff_atom above = {
		.kind = FF_ATOM_PAIR, .op = FF_LT,
		.a = { .stream = FF_PREV, .type = FF_I32 },
		.b = { .stream = FF_NOW, .type = FF_I32 },
	};
	struct ff_atom seven = {
		.kind = FF_ATOM_RANGE, .a = { .type = FF_I32 }, .low.i = 7, .high.i = 90,
	};
	struct ff_atom whatever = {
		.kind = FF_ATOM_RANGE, .a = { .type = FF_I32 },
		.low.i = INT32_MIN, .high.i = INT32_MAX,
	};
	struct ff_program *all = program(NULL, FF_UNRELATED);
	struct ff_program *below = program(&above, FF_OTHER_BYTES);
	struct ff_program *rare = program(&seven, FF_UNRELATED);
	struct ff_program *any = program(&whatever, FF_UNRELATED);

	memory = calloc(1, SIZE);
	must(memory != NULL, "no memory");
	for (size_t i = 0; i < SIZE; i += 4)
		memory[i] = (uint8_t)(i / 4 % 100);
	must(!ff_grid_create(&range, 1, 4, 4, CHUNK, &grid), "no grid");
	must(!ff_reader_open_buffer(memory, SIZE, range.start, &reader), "no reader");
	/* of a machine that is never short of memory, whatever this one is */
	must(!ff_arena_create("/nowhere", &arena), "no arena");
	for (int i = 0; i < ROUNDS; i++) {
		/* on disk, in memory, and what finds no room there on disk */
		round_of(all, below, rare, (uint64_t)(i % 3) * (5u << 20));
		round_of_types(any, rare);
		round_of_lenders(all);
		round_of_spilling(all, below);
		round_of_fork(all);
		round_of_waiting(rare, i % 2);
		round_of_another_kind();
	}
	ff_arena_trim(arena, 0);
	must(ff_arena_bytes(arena) == 0, "memory is not given back");
	ff_arena_close(arena);
	ff_program_destroy(all);
	ff_program_destroy(below);
	ff_program_destroy(rare);
	ff_program_destroy(any);
	ff_reader_close(reader);
	ff_grid_put(grid);
	free(memory);
	puts("stress: all well");
	return 0;
}
