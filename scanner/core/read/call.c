// SPDX-License-Identifier: MIT
/*
 * Calls: single reads and writes that may block, on a thread that can be given up
 *
 * The thread has copies of all it works with, so that whoever waits for it may go on without.
 */
#include "reader.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct ff_call {
	struct ff_reader *reader;	/* counted twice: for whoever waits, and for the thread */
	struct ff_call_spec spec;
	uint64_t *addresses;
	uint8_t *bytes;			/* to write, or that were read */
	size_t nbytes;
	ssize_t result;
	uint64_t failed;
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
	free(call->bytes);
	free(call);
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
		return ff_reader_visit_read(call->reader, &call->visit, *call->addresses,
					    call->bytes, spec->size);
	case FF_CALL_READ_EACH:
		return ff_reader_visit_each(call->reader, &call->visit, call->addresses, spec->n,
					    spec->size, spec->least, call->bytes);
	case FF_CALL_WRITE:
		return ff_reader_store(call->reader, &call->visit, *call->addresses, call->bytes,
				       spec->size);
	case FF_CALL_WRITE_EACH:
		return ff_reader_visit_write(call->reader, &call->visit, call->addresses, spec->n,
					     call->bytes, spec->size, &call->failed);
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

int ff_call_start(struct ff_reader *reader, const struct ff_call_spec *spec,
		  struct ff_call **out)
{
	bool many = spec->kind == FF_CALL_READ_EACH || spec->kind == FF_CALL_WRITE_EACH;
	bool writes = spec->kind == FF_CALL_WRITE || spec->kind == FF_CALL_WRITE_EACH;
	size_t n = many ? spec->n : 1;
	pthread_condattr_t attributes;
	struct ff_call *call;
	int error;

	if (!reader->stalls)
		return -EINVAL;
	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	call->reader = ff_reader_get(ff_reader_get(reader));
	call->spec = *spec;
	call->nbytes = spec->size * (writes ? 1 : n);
	call->references = 2;
	ff_visit_init(&call->visit);
	pthread_mutex_init(&call->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&call->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	call->addresses = calloc(n + 1, sizeof(*call->addresses));
	call->bytes = malloc(call->nbytes + 1);
	error = call->addresses && call->bytes ? 0 : -ENOMEM;
	if (!error) {
		memcpy(call->addresses, spec->addresses, n * sizeof(*call->addresses));
		if (writes)
			memcpy(call->bytes, spec->bytes, call->nbytes);
		error = begin(call);
	}
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
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += milliseconds * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
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
	if (buffer && call->result > 0)
		memcpy(buffer, call->bytes, call->spec.kind == FF_CALL_READ ? (size_t)call->result
									     : call->nbytes);
	return call->result;
}

void ff_call_drop(struct ff_call *call)
{
	if (!call)
		return;
	/* what is inside cannot be called back, but the rest of a long write can */
	ff_visit_drop(&call->visit);
	ff_reader_put(call->reader);
	put(call);
}
