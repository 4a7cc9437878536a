// SPDX-License-Identifier: MIT
/*
 * Calls: single reads and writes that may block, on a thread that can be given up
 *
 * The thread has copies of all it works with, so that whoever waits for it may go on without.
 */
#include "reader.h"

#include "clock.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define DROP_TRIES 1000	/* to get a lock that others hold for moments */
#define LOOK_SHARE 64	/* a look that takes this part of the interval is not made twice in it */
#define LATE_SHARE 1000	/* the part of the interval by which the kernel may wake it late */

struct ff_call {
	struct ff_reader *reader;	/* counted twice: for whoever waits, and for the thread */
	struct ff_call_spec spec;	/* its pointers are this call's */
	uint64_t *addresses;
	uint32_t *sizes, *done;		/* of a call for many */
	uint8_t *bytes;			/* to write, or that were read */
	uint8_t *expected;		/* of looks */
	uint8_t *held;			/* which of them are put back, or NULL */
	uint64_t *puts;			/* how often each was; changed atomically */
	uint64_t looks;			/* that have been; changed atomically */
	bool told;			/* to end them; changed atomically */
	bool writing;			/* one is being put back */
	size_t nbytes;
	ssize_t result;
	bool ended;
	uint32_t references;		/* whoever waits, and the thread */
	struct ff_visit visit;
	struct ff_watch watch;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static void put(struct ff_call *call)
{
	if (__atomic_sub_fetch(&call->references, 1, __ATOMIC_ACQ_REL))
		return;
	ff_visit_deinit(&call->visit);
	pthread_cond_destroy(&call->changed);
	pthread_mutex_destroy(&call->lock);
	free(call->addresses);
	free(call->sizes);
	free(call->done);
	free(call->expected);
	free(call->held);
	free(call->puts);
	free(call->bytes);
	free(call);
}

/* Sleep before a look, until it is due. Returns whether there is to be none. */
static bool rest(struct ff_call *call, uint64_t due)
{
	struct timespec until = ff_clock_at(due);

	pthread_mutex_lock(&call->lock);
	while (!__atomic_load_n(&call->told, __ATOMIC_ACQUIRE)) {
		if (pthread_cond_timedwait(&call->changed, &call->lock, &until) == ETIMEDOUT)
			break;
	}
	pthread_mutex_unlock(&call->lock);
	return __atomic_load_n(&call->told, __ATOMIC_ACQUIRE);
}

/*
 * Write a value over what is there instead. Whoever tells the looks to end waits for one that has
 * begun, and none begins then. Returns whether it is as it should be.
 */
static bool put_back(struct ff_call *call, size_t i, size_t at)
{
	const struct ff_values *values = &call->spec.values;
	size_t size = ff_values_size(values, i);
	ssize_t done = 0;
	bool goes_on;

	pthread_mutex_lock(&call->lock);
	goes_on = !__atomic_load_n(&call->told, __ATOMIC_ACQUIRE);
	call->writing = goes_on;
	pthread_mutex_unlock(&call->lock);
	if (!goes_on)
		return false;
	done = ff_reader_visit_write(call->reader, &call->visit, values->addresses[i],
				     call->expected + at, size);
	pthread_mutex_lock(&call->lock);
	call->writing = false;
	pthread_cond_broadcast(&call->changed);
	pthread_mutex_unlock(&call->lock);
	if (done != (ssize_t)size)
		return false;
	memcpy(call->bytes + at, call->expected + at, size);
	__atomic_add_fetch(&call->puts[i], 1, __ATOMIC_RELAXED);
	return true;
}

/* Put back those that are held. Returns whether all are as they should be then. */
static bool mend(struct ff_call *call)
{
	const struct ff_values *values = &call->spec.values;
	bool whole = true;
	size_t at = 0;

	if (!memcmp(call->bytes, call->expected, call->nbytes))
		return true;
	for (size_t i = 0; i < values->n; i++) {
		size_t size = ff_values_size(values, i);

		if (memcmp(call->bytes + at, call->expected + at, size) &&
		    !(call->held && call->held[i] && put_back(call, i, at)))
			whole = false;
		at += size;
	}
	return whole;
}

/*
 * Once in each interval; twice where that costs next to nothing, so that a change is seen after
 * a quarter of the interval and not after half of it.
 */
static ssize_t look(struct ff_call *call)
{
	const struct ff_values *values = &call->spec.values;
	uint64_t interval = call->spec.interval, pause = interval / 2;
	uint64_t due = ff_clock_now() + pause;
	ssize_t whole = (ssize_t)values->n;	/* until a look says otherwise */

	prctl(PR_SET_TIMERSLACK, interval / LATE_SHARE + 1);	/* 0 would be as it was */
	while (!rest(call, due)) {
		uint64_t began = ff_clock_now(), ended;

		whole = ff_reader_visit_read_many(call->reader, &call->visit, values);
		ended = ff_clock_now();
		__atomic_add_fetch(&call->looks, 1, __ATOMIC_RELAXED);
		if (whole < (ssize_t)values->n || !mend(call))
			return whole;
		pause = (ended - began) * LOOK_SHARE < interval ? interval / 2 : interval;
		/* from when it was due: waking late adds nothing; but never without a rest */
		due = due + pause > ended ? due + pause : ended + pause;
	}
	return whole;
}

static ssize_t run(struct ff_call *call)
{
	const struct ff_call_spec *spec = &call->spec;

	/* what is known of others' waiting keeps this one from it */
	ff_visit_begin(&call->visit, NULL, 0, false);
	if (ff_stalls_are_any(call->reader->stalls))
		ff_stalls_resolve(call->reader->stalls);
	if (!ff_visit_end(&call->visit, call->reader->stalls))
		return -ECANCELED;
	switch (spec->kind) {
	case FF_CALL_READ:
		return ff_reader_visit_read(call->reader, &call->visit, spec->address,
					    call->bytes, spec->size);
	case FF_CALL_READ_MANY:
		return ff_reader_visit_read_many(call->reader, &call->visit, &spec->values);
	case FF_CALL_WRITE:
		return ff_reader_visit_write(call->reader, &call->visit, spec->address,
					     call->bytes, spec->size);
	case FF_CALL_WRITE_MANY:
		return ff_reader_visit_write_many(call->reader, &call->visit, &spec->values);
	case FF_CALL_LOOK:
		return look(call);
	}
	return -EINVAL;
}

static void *work(void *argument)
{
	struct ff_call *call = argument;
	ssize_t result = run(call);

	ff_reader_put(call->reader);	/* first: so that who has the result may close it at once */
	pthread_mutex_lock(&call->lock);
	call->result = result;
	call->ended = true;
	pthread_cond_broadcast(&call->changed);
	pthread_mutex_unlock(&call->lock);
	put(call);
	return NULL;
}

/* A thread that nobody joins and that leaves signals to the others. */
static int begin(struct ff_call *call)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &attributes, work, call);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -error;
}

static bool is_for_many(const struct ff_call_spec *spec)
{
	return spec->kind != FF_CALL_READ && spec->kind != FF_CALL_WRITE;
}

static bool writes(const struct ff_call_spec *spec)
{
	return spec->kind == FF_CALL_WRITE || spec->kind == FF_CALL_WRITE_MANY;
}

/* A copy of n elements; of none there is memory, too. */
static void *copy(const void *from, size_t n, size_t size)
{
	void *to = calloc(n + 1, size);

	if (to && n)
		memcpy(to, from, n * size);
	return to;
}

/* Take copies of all that the caller has. */
static int take(struct ff_call *call, const struct ff_call_spec *spec)
{
	const struct ff_values *given = &spec->values;
	struct ff_values *values = &call->spec.values;
	bool many = is_for_many(spec);

	call->spec = *spec;
	call->nbytes = many ? ff_values_bytes(given) : spec->size;
	if (writes(spec) || spec->kind == FF_CALL_LOOK)
		call->bytes = copy(many ? given->bytes : spec->bytes, call->nbytes, 1);
	else
		call->bytes = calloc(call->nbytes + 1, 1);
	if (spec->kind == FF_CALL_LOOK)
		call->expected = copy(given->bytes, call->nbytes, 1);
	if (spec->kind == FF_CALL_LOOK && spec->held) {
		call->held = copy(spec->held, given->n, sizeof(*call->held));
		call->puts = calloc(given->n + 1, sizeof(*call->puts));
		if (!call->held || !call->puts)
			return -ENOMEM;
		call->spec.held = call->held;
	}
	if (!call->bytes || (spec->kind == FF_CALL_LOOK && !call->expected))
		return -ENOMEM;
	if (!many)
		return 0;
	call->addresses = copy(given->addresses, given->n, sizeof(*call->addresses));
	call->done = calloc(given->n + 1, sizeof(*call->done));
	if (given->sizes)
		call->sizes = copy(given->sizes, given->n, sizeof(*call->sizes));
	values->addresses = call->addresses;
	values->sizes = call->sizes;
	values->bytes = call->bytes;
	values->done = call->done;
	return call->addresses && call->done && (call->sizes || !given->sizes) ? 0 : -ENOMEM;
}

int ff_call_start(struct ff_reader *reader, const struct ff_call_spec *spec,
		  struct ff_call **out)
{
	pthread_condattr_t attributes;
	struct ff_call *call;
	int error;

	if (!reader->stalls)
		return -EINVAL;
	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	call->reader = ff_reader_get(ff_reader_get(reader));
	call->references = 2;
	ff_visit_init(&call->visit);
	pthread_mutex_init(&call->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&call->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	error = take(call, spec);
	if (!error)
		error = begin(call);
	if (error) {
		call->references = 1;
		ff_reader_put(reader);
		ff_reader_put(reader);
		put(call);
		return error;
	}
	*out = call;
	return 0;
}

int ff_call_wait(struct ff_call *call, uint32_t milliseconds)
{
	struct timespec until = ff_clock_in(milliseconds * FF_MILLISECOND);
	bool ended;

	pthread_mutex_lock(&call->lock);
	while (!call->ended) {
		if (pthread_cond_timedwait(&call->changed, &call->lock, &until) == ETIMEDOUT)
			break;
	}
	ended = call->ended;
	pthread_mutex_unlock(&call->lock);
	if (ended)
		return 1;
	if (!ff_watch_is_long(&call->watch, &call->visit, 0) ||
	    !ff_watch_is_stuck(&call->watch, &call->visit,
			       ff_stalls_patience(call->reader->stalls)) ||
	    !ff_visit_leave(&call->visit, &call->watch, call->reader->stalls))
		return 0;
	return -ETIMEDOUT;
}

ssize_t ff_call_result(const struct ff_call *call, void *buffer)
{
	if (buffer && call->result > 0 && call->spec.kind == FF_CALL_READ)
		memcpy(buffer, call->bytes, (size_t)call->result);
	else if (buffer && call->result >= 0 && is_for_many(&call->spec) && !writes(&call->spec))
		memcpy(buffer, call->bytes, call->nbytes);
	return call->result;
}

void ff_call_done(const struct ff_call *call, uint32_t *done)
{
	if (call->result >= 0 && is_for_many(&call->spec))
		memcpy(done, call->done, call->spec.values.n * sizeof(*done));
}

void ff_call_tell(struct ff_call *call)
{
	pthread_mutex_lock(&call->lock);
	__atomic_store_n(&call->told, true, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&call->changed);
	pthread_mutex_unlock(&call->lock);
}

int ff_call_settle(struct ff_call *call, uint32_t milliseconds)
{
	struct timespec until = ff_clock_in(milliseconds * FF_MILLISECOND);
	bool settled;

	ff_call_tell(call);
	pthread_mutex_lock(&call->lock);
	while (!(settled = !call->writing || ff_visit_is_left(&call->visit))) {
		if (pthread_cond_timedwait(&call->changed, &call->lock, &until) == ETIMEDOUT)
			break;
	}
	pthread_mutex_unlock(&call->lock);
	return settled;
}

bool ff_call_is_asleep(struct ff_call *call)
{
	return ff_watch_is_asleep(&call->watch, &call->visit);
}

uint64_t ff_call_looks(const struct ff_call *call)
{
	return __atomic_load_n(&call->looks, __ATOMIC_RELAXED);
}

uint64_t ff_call_puts(const struct ff_call *call, size_t index)
{
	if (!call->puts || index >= call->spec.values.n)
		return 0;
	return __atomic_load_n(&call->puts[index], __ATOMIC_RELAXED);
}

void ff_call_drop(struct ff_call *call)
{
	if (!call)
		return;
	/* not waiting for the lock, which nobody in a child may ever let go */
	__atomic_store_n(&call->told, true, __ATOMIC_RELEASE);
	for (int tries = 0; tries < DROP_TRIES; tries++, sched_yield()) {
		if (pthread_mutex_trylock(&call->lock))
			continue;
		pthread_cond_broadcast(&call->changed);
		pthread_mutex_unlock(&call->lock);
		break;
	}
	/* what is inside cannot be called back, but the rest of a long write can */
	ff_visit_drop(&call->visit);
	ff_reader_put(call->reader);
	put(call);
}
