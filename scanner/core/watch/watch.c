// SPDX-License-Identifier: MIT
/*
 * Watches: who touches a value, while nobody is stopped
 *
 * A thread of ours opens the breakpoints and takes what they report, which needs neither
 * Python nor its lock:
 *
 *   target's threads -> a ring for each processor -> hits by instruction -> who asks
 *                                  |
 *                                guards: rest the breakpoints of a busy loop
 *
 * A child process has a watch's memory but not its thread: there it has ended.
 */
#include "clock.h"
#include "watch/events.h"
#include "watch/hits.h"
#include "watch/threads.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY	10	/* milliseconds between looks at the rings */
#define COMM_EXEC	PERF_RECORD_MISC_COMM_EXEC

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
	struct ff_events events;
	struct ff_threads threads;
	int process;			/* pidfd, or -1 */
	uint64_t fresh;			/* hits in this look */
	uint64_t samples;		/* those of other parts of the same instruction, too */
	struct ff_sample previous;	/* its record is gone: the stack is not to be looked at */
	uint32_t previous_parts;
	uint8_t value[FF_WATCH_BYTES];
	bool is_known;
	size_t read_code;		/* instructions around which it has been read */
};

/* ---- records ---- */

static uint64_t take(const uint64_t **at)
{
	return *(*at)++;
}

/* The order is that of perf_event_open(2), "PERF_RECORD_SAMPLE". */
static void parse(struct ff_sample *sample, const void *bytes, bool has_stack)
{
	const uint64_t *at = (const uint64_t *)bytes + 1;
	uint64_t threads;

	memset(sample, 0, offsetof(struct ff_sample, stack));
	sample->ip = take(&at);
	threads = take(&at);
	memcpy(&sample->pid, &threads, sizeof(sample->pid));
	memcpy(&sample->tid, (const uint8_t *)&threads + sizeof(sample->pid),
	       sizeof(sample->tid));
	sample->time = take(&at);
	sample->address = take(&at);
	sample->event = take(&at);
	sample->stack = NULL;
	sample->stack_size = 0;
	sample->bits = (uint32_t)take(&at) * 32;	/* PERF_SAMPLE_REGS_ABI_32 is 1, _64 is 2 */
	if (sample->bits) {
		memcpy(sample->registers, at, FF_WATCH_SAMPLED * sizeof(*at));
		at += FF_WATCH_SAMPLED;
	}
	if (has_stack) {
		uint64_t size = take(&at);

		sample->stack = (const uint8_t *)at;
		if (size)
			sample->stack_size = (uint32_t)at[size / sizeof(*at)];
	}
}

/*
 * A value in several parts fires once for each that an instruction touches, one behind the
 * other. Nothing else leaves all registers as they are and is at the same place.
 */
static bool is_same(struct ff_watch *watch, const struct ff_sample *sample, uint32_t part)
{
	const struct ff_sample *before = &watch->previous;
	bool same = watch->previous_parts && !(watch->previous_parts & 1u << part) &&
		    sample->tid == before->tid && sample->ip == before->ip &&
		    !memcmp(sample->registers, before->registers, sizeof(sample->registers));

	watch->previous_parts = (same ? watch->previous_parts : 0) | 1u << part;
	watch->previous = *sample;
	return same;
}

static void take_sample(struct ff_watch *watch, const void *bytes)
{
	const struct ff_event *event;
	struct ff_sample sample;
	ssize_t thread;

	parse(&sample, bytes, watch->spec.stack);
	event = ff_events_find(&watch->events, sample.event);
	if (!event)
		return;
	watch->samples++;
	watch->fresh++;
	thread = ff_threads_hit(&watch->threads, sample.tid, event->opener, sample.time);
	if ((pid_t)sample.pid != watch->spec.pid || thread == -EEXIST ||
	    is_same(watch, &sample, event->part))
		return;
	watch->state.hits++;
	if (thread < 0 || ff_hits_add(&watch->hits, &sample, (uint32_t)thread))
		watch->state.error = -ENOMEM;
}

static void take_comm(struct ff_watch *watch, const struct perf_event_header *header)
{
	uint32_t pid;

	memcpy(&pid, header + 1, sizeof(pid));
	if ((pid_t)pid == watch->spec.pid && (header->misc & COMM_EXEC))
		watch->state.replaced = true;
}

/* perf_event_open(2), "PERF_RECORD_LOST": whose, and how many. */
static void take_lost(struct ff_watch *watch, const void *bytes)
{
	const uint64_t *fields = bytes;
	const struct ff_event *event = ff_events_find(&watch->events, fields[1]);

	watch->state.lost += fields[2];
	if (event)
		ff_threads_lost(&watch->threads, event->opener, fields[2]);
}

static void take_record(void *context, void *bytes)
{
	const struct perf_event_header *header = bytes;
	struct ff_watch *watch = context;

	/* what comes behind another program's start is of no value of ours */
	if (watch->state.replaced)
		return;
	if (header->type == PERF_RECORD_SAMPLE)
		take_sample(watch, bytes);
	else if (header->type == PERF_RECORD_COMM)
		take_comm(watch, header);
	else if (header->type == PERF_RECORD_LOST)
		take_lost(watch, bytes);
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
	watch->fresh = 0;
	ff_rings_drain(&watch->events, take_record, watch);
	watch->state.elapsed = ff_clock_now() - watch->state.began;
}

static void look(struct ff_watch *watch)
{
	pthread_mutex_lock(&watch->lock);
	drain(watch);
	if (ff_threads_mind(&watch->threads, &watch->events, &watch->hits))
		watch->state.estimated = true;
	if (watch->fresh) {
		look_at_value(watch);
		look_at_code(watch);
	}
	if (watch->fresh || watch->state.replaced)
		pthread_cond_broadcast(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
}

static int pause_of(const struct ff_watch *watch)
{
	uint64_t now = ff_clock_now(), soonest = now + LOOK_EVERY * FF_MILLISECOND;

	for (size_t i = 0; i < watch->events.nopeners; i++) {
		const struct ff_opener *opener = &watch->events.openers[i];

		if (opener->resting && opener->until < soonest)
			soonest = opener->until;
	}
	return soonest > now ? (int)((soonest - now + FF_MILLISECOND - 1) / FF_MILLISECOND) : 0;
}

/* Look until the bell rings, or the process has exited or executes another program. */
static void watch_on(struct ff_watch *watch, struct pollfd *files)
{
	size_t n = watch->events.nrings;
	bool exited = false;

	files[n] = (struct pollfd){ .fd = watch->bell, .events = POLLIN };
	files[n + 1] = (struct pollfd){ .fd = watch->process, .events = POLLIN };
	for (size_t i = 0; i < n; i++)
		files[i] = (struct pollfd){ .fd = watch->events.rings[i].fd, .events = POLLIN };
	while (!exited && !watch->state.replaced) {
		if (poll(files, n + 2, pause_of(watch)) < 0 && errno != EINTR)
			break;
		if (files[n].revents)
			break;
		exited = files[n + 1].revents;
		look(watch);
	}
	pthread_mutex_lock(&watch->lock);
	watch->state.exited = exited;
	pthread_mutex_unlock(&watch->lock);
}

/* What is in the rings when nothing fires any more, and what there was no room for. */
static void finish(struct ff_watch *watch)
{
	uint64_t fired;

	ff_events_stop(&watch->events);
	pthread_mutex_lock(&watch->lock);
	drain(watch);
	if (watch->fresh) {
		look_at_value(watch);
		look_at_code(watch);
	}
	ff_threads_finish(&watch->threads, &watch->events, &watch->hits);
	fired = ff_events_fired(&watch->events);
	if (!watch->state.replaced && fired > watch->samples)
		watch->state.lost = fired - watch->samples;
	ff_events_close(&watch->events);
	pthread_mutex_unlock(&watch->lock);
}

static int start(struct ff_watch *watch)
{
	int error;

	watch->state.began = ff_clock_now();	/* before anything can hit */
	error = ff_events_open(&watch->events, watch->spec.pid, watch->parts, watch->nparts,
			       watch->spec.kind, watch->spec.stack);
	if (error)
		return error;
	watch->process = (int)syscall(SYS_pidfd_open, watch->spec.pid, 0);
	watch->state.threads = (uint32_t)watch->events.nopeners;
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
	files = error ? NULL : calloc(watch->events.nrings + 2, sizeof(*files));
	if (!error && !files) {
		ff_events_close(&watch->events);
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
		ff_events_close(&watch->events);
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
