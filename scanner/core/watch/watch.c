// SPDX-License-Identifier: MIT
/*
 * Watches: who touches a value
 *
 * A thread of ours opens the breakpoints and takes what they report, which needs neither
 * Python nor its lock:
 *
 *   target's threads -> rings of a source -> hits by instruction -> who asks
 *                               |
 *                             guards: rest the breakpoints of a busy loop
 *
 * A child process has a watch's memory but not its thread: there it has ended.
 */
#include "clock.h"
#include "watch/events.h"
#include "watch/hits.h"
#include "watch/threads.h"
#include "watch/traced.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY	10	/* milliseconds between looks at the rings */

struct ff_watch {
	pid_t owner;
	pthread_t thread;
	bool joined;
	int bell;			/* eventfd: rung to end the thread */
	struct ff_watch_spec spec;
	struct ff_watch_part parts[FF_WATCH_PARTS];
	size_t nparts;
	pthread_mutex_t lock;		/* of all that follows */
	pthread_cond_t changed;
	bool started, ended;
	int result;			/* of starting */
	struct ff_hits hits;
	struct ff_watch_state state;
	/* the thread's own */
	struct ff_source *source;	/* NULL: nothing is open */
	struct ff_threads threads;
	int process;			/* pidfd, or -1 */
	uint64_t fresh;			/* hits in this look */
	struct ff_sample previous;	/* its record is gone: the stack is not to be looked at */
	uint32_t previous_parts;
	uint8_t value[FF_WATCH_BYTES];
	bool is_known;
	size_t read_code;		/* instructions around which it has been read */
};

/* ---- hits ---- */

/*
 * A value in several parts fires once for each that an instruction touches, one behind the
 * other. Nothing else leaves all registers as they are and is at the same place.
 */
static bool is_same(struct ff_watch *watch, const struct ff_sample *sample)
{
	const struct ff_sample *before = &watch->previous;
	uint32_t part = sample->part;
	bool same = watch->previous_parts && !(watch->previous_parts & 1u << part) &&
		    sample->tid == before->tid && sample->ip == before->ip &&
		    !memcmp(sample->registers, before->registers, sizeof(sample->registers));

	watch->previous_parts = (same ? watch->previous_parts : 0) | 1u << part;
	watch->previous = *sample;
	return same;
}

static void take_sample(void *context, const struct ff_sample *sample)
{
	struct ff_watch *watch = context;
	ssize_t thread;

	watch->fresh++;
	thread = ff_threads_hit(&watch->threads, sample->tid, sample->opener, sample->time);
	if (sample->foreign || thread == -EEXIST || (!sample->whole && is_same(watch, sample)))
		return;
	watch->state.hits++;
	if (thread < 0 || ff_hits_add(&watch->hits, sample, (uint32_t)thread))
		watch->state.error = -ENOMEM;
}

static void take_lost(void *context, uint32_t opener, uint64_t hits)
{
	struct ff_watch *watch = context;

	watch->state.lost += hits;
	ff_threads_lost(&watch->threads, opener, hits);
}

static void take_rested(void *context, uint32_t opener, const struct ff_stretch *stretch)
{
	struct ff_watch *watch = context;

	ff_threads_rested(&watch->threads, watch->source, opener, stretch, &watch->hits);
}

/* ---- values ---- */

static bool read_bytes(const struct ff_watch *watch, uint64_t address, uint8_t *bytes, size_t size)
{
	struct iovec here = { .iov_base = bytes, .iov_len = size };
	struct iovec there = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };

	return process_vm_readv(watch->spec.pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

static bool read_value(const struct ff_watch *watch, uint8_t *value)
{
	return watch->spec.kind != FF_WATCH_EXECUTE &&
	       read_bytes(watch, watch->spec.address, value, watch->spec.size);
}

/* Code may be another's soon, in programs that make their own; its page may be the first. */
static void look_at_code(struct ff_watch *watch)
{
	for (; watch->read_code < watch->hits.n; watch->read_code++) {
		struct ff_watch_hit *hit = &watch->hits.entries[watch->read_code].hit;
		uint64_t page = hit->ip & ~4095ull, end = hit->ip + FF_WATCH_CODE - FF_WATCH_BEHIND;
		uint64_t starts[] = { hit->ip - FF_WATCH_BEHIND, page, page };
		uint64_t ends[] = { end, end, page + 4096 };

		for (int i = 0; i < 3 && !hit->code_size; i++) {
			uint64_t start = starts[i], size = ends[i] - start;

			if (ends[i] > end || start > hit->ip || hit->ip - start > FF_WATCH_BEHIND ||
			    !read_bytes(watch, start, hit->code, size))
				continue;
			hit->code_start = start;
			hit->code_size = (uint32_t)size;
		}
	}
}

static void look_at_value(struct ff_watch *watch)
{
	uint8_t value[FF_WATCH_BYTES];
	bool known = read_value(watch, value);

	ff_hits_look(&watch->hits, watch->is_known ? watch->value : NULL, known ? value : NULL,
		     watch->spec.size);
	if (known)
		memcpy(watch->value, value, sizeof(value));
	watch->is_known = known;
}

/* ---- the thread ---- */

static void drain(struct ff_watch *watch)
{
	const struct ff_taker taker = {
		.context = watch, .sample = take_sample, .lost = take_lost,
		.rested = take_rested,
	};

	watch->fresh = 0;
	watch->source->ways->drain(watch->source, &taker);
	watch->state.replaced = watch->source->replaced;
	watch->state.broken = watch->source->broken;
	watch->state.elapsed = ff_clock_now() - watch->state.began;
}

static void look(struct ff_watch *watch)
{
	pthread_mutex_lock(&watch->lock);
	drain(watch);
	if (ff_threads_mind(&watch->threads, watch->source, &watch->hits))
		watch->state.estimated = true;
	if (watch->fresh) {
		look_at_value(watch);
		look_at_code(watch);
	}
	if (watch->fresh || watch->state.replaced || watch->state.broken)
		pthread_cond_broadcast(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
}

static int pause_of(const struct ff_watch *watch)
{
	uint64_t now = ff_clock_now(), soonest = now + LOOK_EVERY * FF_MILLISECOND;

	for (size_t i = 0; i < watch->source->nopeners; i++) {
		const struct ff_opener *opener = &watch->source->openers[i];

		if (opener->resting && opener->until < soonest)
			soonest = opener->until;
	}
	return soonest > now ? (int)((soonest - now + FF_MILLISECOND - 1) / FF_MILLISECOND) : 0;
}

/* Look until the bell rings, or the process has exited or executes another program. */
static void watch_on(struct ff_watch *watch, struct pollfd *files)
{
	size_t n = watch->source->nfiles;
	bool exited = false;

	files[n] = (struct pollfd){ .fd = watch->bell, .events = POLLIN };
	files[n + 1] = (struct pollfd){ .fd = watch->process, .events = POLLIN };
	watch->source->ways->files(watch->source, files);
	while (!exited && !watch->state.replaced && !watch->state.broken) {
		if (poll(files, n + 2, pause_of(watch)) < 0 && errno != EINTR)
			break;
		if (files[n].revents)
			break;
		exited = files[n + 1].revents;
		look(watch);
		exited |= watch->source->exited;
	}
	pthread_mutex_lock(&watch->lock);
	watch->state.exited = exited;
	pthread_mutex_unlock(&watch->lock);
}

static void close_source(struct ff_watch *watch)
{
	if (watch->source)
		watch->source->ways->close(watch->source);
	watch->source = NULL;
}

/* What is in the rings when nothing fires any more, and what there was no room for. */
static void finish(struct ff_watch *watch)
{
	uint64_t fired;

	watch->source->ways->stop(watch->source);
	pthread_mutex_lock(&watch->lock);
	drain(watch);
	if (watch->fresh) {
		look_at_value(watch);
		look_at_code(watch);
	}
	ff_threads_finish(&watch->threads, watch->source, &watch->hits);
	fired = watch->source->ways->fired(watch->source);
	if (!watch->state.replaced && fired > watch->source->samples)
		watch->state.lost = fired - watch->source->samples;
	close_source(watch);
	pthread_mutex_unlock(&watch->lock);
}

static int start(struct ff_watch *watch)
{
	int error;

	watch->state.began = ff_clock_now();	/* before anything can hit */
	if (watch->spec.guardian)
		error = ff_traced_open(&watch->spec, watch->parts, watch->nparts, &watch->source);
	else
		error = ff_events_open(&watch->spec, watch->parts, watch->nparts, &watch->source);
	if (error)
		return error;
	watch->process = (int)syscall(SYS_pidfd_open, watch->spec.pid, 0);
	watch->state.threads = watch->source->threads;
	watch->is_known = read_value(watch, watch->value);
	ff_threads_init(&watch->threads, watch->spec.cost, watch->spec.share / 1000.0,
			watch->state.began);
	return 0;
}

static void *run(void *argument)
{
	struct ff_watch *watch = argument;
	struct pollfd *files;
	int error;

	pthread_mutex_lock(&watch->lock);
	error = start(watch);
	files = error ? NULL : calloc(watch->source->nfiles + 2, sizeof(*files));
	if (!error && !files) {
		close_source(watch);
		error = -ENOMEM;
	}
	watch->result = error;
	watch->started = true;
	pthread_cond_broadcast(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
	if (!error) {
		watch_on(watch, files);
		finish(watch);
	}
	free(files);
	pthread_mutex_lock(&watch->lock);
	watch->state.ended = true;
	watch->ended = true;
	pthread_cond_broadcast(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

/* ---- what others call ---- */

static bool is_orphan(const struct ff_watch *watch)
{
	return watch->owner != getpid();
}

static void end(struct ff_watch *watch)
{
	if (watch->process >= 0)
		close(watch->process);
	close(watch->bell);
	ff_hits_deinit(&watch->hits);
	ff_threads_deinit(&watch->threads);
	free(watch);
}

static void init_locks(struct ff_watch *watch)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&watch->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

static int make(const struct ff_watch_spec *spec, struct ff_watch **out)
{
	struct ff_watch *watch = calloc(1, sizeof(*watch));
	ssize_t n;

	if (!watch)
		return -ENOMEM;
	watch->spec = *spec;
	watch->owner = getpid();
	watch->process = -1;
	n = ff_watch_cut(spec->address, spec->size, watch->parts);
	watch->bell = n < 0 ? -1 : eventfd(0, EFD_CLOEXEC);
	if (watch->bell < 0) {
		int error = n < 0 ? (int)n : -errno;

		free(watch);
		return error;
	}
	watch->nparts = (size_t)n;
	ff_hits_init(&watch->hits, spec->stack, spec->apart);
	init_locks(watch);
	*out = watch;
	return 0;
}

int ff_watch_start(const struct ff_watch_spec *spec, struct ff_watch **out)
{
	struct ff_watch *watch = NULL;
	int error;

	if (!spec->size || spec->size > FF_WATCH_BYTES || spec->stack > FF_WATCH_STACK ||
	    spec->stack % 8 || spec->kind > FF_WATCH_EXECUTE || spec->share > 1000 ||
	    spec->apart >> FF_WATCH_REGISTERS)
		return -EINVAL;
	error = make(spec, &watch);
	if (error)
		return error;
	error = -pthread_create(&watch->thread, NULL, run, watch);
	if (error) {
		end(watch);
		return error;
	}
	pthread_mutex_lock(&watch->lock);
	while (!watch->started)
		pthread_cond_wait(&watch->changed, &watch->lock);
	error = watch->result;
	pthread_mutex_unlock(&watch->lock);
	*out = watch;
	if (error) {
		ff_watch_destroy(watch);
		*out = NULL;
	}
	return error;
}

void ff_watch_stop(struct ff_watch *watch)
{
	uint64_t one = 1;

	if (is_orphan(watch) || watch->joined)
		return;
	/* an eventfd takes this unless it has been rung 2^64 - 1 times */
	while (write(watch->bell, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(watch->thread, NULL);
	watch->joined = true;
}

void ff_watch_destroy(struct ff_watch *watch)
{
	if (is_orphan(watch)) {
		/* what its thread was in the middle of, nobody can clear up */
		if (pthread_mutex_trylock(&watch->lock))
			return;
		close_source(watch);
		end(watch);
		return;
	}
	ff_watch_stop(watch);
	pthread_cond_destroy(&watch->changed);
	pthread_mutex_destroy(&watch->lock);
	end(watch);
}

int ff_watch_wait(struct ff_watch *watch, uint64_t hits, uint32_t milliseconds)
{
	struct timespec until;
	bool changed;

	if (is_orphan(watch))
		return 1;
	until = ff_clock_in(milliseconds * FF_MILLISECOND);
	pthread_mutex_lock(&watch->lock);
	while (!watch->ended && watch->state.hits == hits) {
		if (pthread_cond_timedwait(&watch->changed, &watch->lock, &until) == ETIMEDOUT)
			break;
	}
	changed = watch->ended || watch->state.hits != hits;
	pthread_mutex_unlock(&watch->lock);
	return changed;
}

void ff_watch_state(struct ff_watch *watch, struct ff_watch_state *out)
{
	if (is_orphan(watch)) {
		*out = (struct ff_watch_state){ .ended = true };
		return;
	}
	pthread_mutex_lock(&watch->lock);
	*out = watch->state;
	out->instructions = watch->hits.n;
	out->dropped = watch->hits.dropped;
	pthread_mutex_unlock(&watch->lock);
}

int ff_watch_hit(struct ff_watch *watch, size_t index, struct ff_watch_hit *hit, uint32_t *threads,
		 uint8_t *stack)
{
	int error = -ENOENT;

	if (is_orphan(watch))
		return error;
	pthread_mutex_lock(&watch->lock);
	if (index < watch->hits.n) {
		const struct ff_hit_entry *entry = &watch->hits.entries[index];

		*hit = entry->hit;
		memcpy(threads, entry->tids, hit->threads * sizeof(*threads));
		if (hit->stack)
			memcpy(stack, entry->stack, hit->stack);
		error = 0;
	}
	pthread_mutex_unlock(&watch->lock);
	return error;
}
