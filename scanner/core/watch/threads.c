// SPDX-License-Identifier: MIT
/*
 * The guards of threads, and the stretches that their hits are reckoned by
 */
#include "clock.h"
#include "threads.h"

#include "own_time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STRETCH	(100 * FF_MILLISECOND)	/* hits are taken to come evenly for as long */
#define STALE	FF_SECOND		/* without hits for so long, all is saved up */

void ff_threads_init(struct ff_threads *threads, uint64_t cost, double share, uint64_t now)
{
	*threads = (struct ff_threads){ .cost = cost, .share = share, .began = now };
}

void ff_threads_deinit(struct ff_threads *threads)
{
	free(threads->all);
	free(threads->factors);
}

static uint64_t own_time(struct ff_thread *thread, uint64_t now)
{
	return ff_own_time(thread->tid, &thread->waited, now);
}

static size_t find(const struct ff_threads *threads, pid_t tid)
{
	size_t at = threads->latest;

	if (at < threads->n && threads->all[at].tid == tid)
		return at;
	for (at = 0; at < threads->n && threads->all[at].tid != tid; at++)
		;
	return at;
}

static int grow(struct ff_threads *threads)
{
	size_t room = threads->room ? 2 * threads->room : 16;
	struct ff_thread *all = realloc(threads->all, room * sizeof(*all));
	double *factors;

	if (!all)
		return -ENOMEM;
	threads->all = all;
	factors = realloc(threads->factors, room * sizeof(*factors));
	if (!factors)
		return -ENOMEM;
	threads->factors = factors;
	threads->room = room;
	return 0;
}

/* A place for another thread: a stale one's, or a new one. */
static ssize_t place(struct ff_threads *threads, uint64_t time)
{
	if (threads->n == threads->room) {
		for (size_t i = 0; i < threads->n; i++) {
			const struct ff_thread *thread = &threads->all[i];

			/* without hits in this stretch, which what was found may stand for */
			if (!thread->hits && thread->last + STALE < time)
				return (ssize_t)i;
		}
		if (grow(threads))
			return -ENOMEM;
	}
	return (ssize_t)threads->n++;
}

static ssize_t add(struct ff_threads *threads, pid_t tid, uint32_t opener, uint64_t time)
{
	ssize_t at = place(threads, time);
	struct ff_thread *thread;

	if (at < 0)
		return at;
	thread = &threads->all[at];
	*thread = (struct ff_thread){ .tid = tid, .opener = opener };
	if (threads->share > 0)
		ff_guard_init(&thread->guard, threads->cost, threads->share,
			      own_time(thread, time));
	return at;
}

ssize_t ff_threads_hit(struct ff_threads *threads, uint32_t tid, uint32_t opener, uint64_t time)
{
	size_t found = find(threads, (pid_t)tid);
	ssize_t at = found < threads->n ? (ssize_t)found :
		     add(threads, (pid_t)tid, opener, time);
	struct ff_thread *thread;
	bool twice;

	if (at < 0)
		return at;
	threads->latest = (size_t)at;
	thread = &threads->all[at];
	thread->spent += ff_guard_cost(&thread->guard, thread->last ? time - thread->last :
				       UINT64_MAX);
	/*
	 * A thread that was started while events were opened may have inherited some beside its
	 * own. After a while it is another thread, of the same number.
	 */
	twice = thread->opener != opener && thread->last + STALE > time;
	thread->last = time;
	if (twice)
		return -EEXIST;
	thread->opener = opener;
	thread->hits++;
	return at;
}

void ff_threads_lost(struct ff_threads *threads, uint32_t opener, uint64_t hits)
{
	struct ff_thread *latest = NULL;

	for (size_t i = 0; i < threads->n; i++) {
		struct ff_thread *thread = &threads->all[i];

		if (thread->opener == opener && (!latest || latest->last < thread->last))
			latest = thread;
	}
	if (latest)
		latest->spent += hits * threads->cost;
}

static void set_resting(struct ff_source *source, uint32_t opener, bool rest)
{
	source->ways->rest(source, opener, rest);
	source->openers[opener].resting = rest;
}

/* How long threads that hit in this stretch want rest; one that has ended wants none. */
static uint64_t longest_lack(struct ff_threads *threads, uint32_t opener, uint64_t now)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < threads->n; i++) {
		struct ff_thread *thread = &threads->all[i];
		uint64_t lacks;

		if (thread->opener != opener || !thread->hits)
			continue;
		lacks = ff_guard_lacks(&thread->guard, own_time(thread, now));
		longest = lacks > longest ? lacks : longest;
	}
	return longest;
}

static void rest(struct ff_threads *threads, struct ff_source *source, uint32_t opener)
{
	struct ff_opener *resting = &source->openers[opener];
	uint64_t now;

	set_resting(source, opener, true);
	resting->rested = source->ways->clock(source, opener);
	now = ff_clock_now();
	resting->until = now + longest_lack(threads, opener, now);
}

/* Tell the guards of threads that hit. Whether the opener of some now rests. */
static bool tell(struct ff_threads *threads, struct ff_source *source, uint64_t now)
{
	bool rests = false;

	for (size_t i = 0; i < threads->n; i++) {
		struct ff_thread *thread = &threads->all[i];
		bool used_up;

		if (!thread->spent)
			continue;
		used_up = ff_guard_take(&thread->guard, thread->spent, own_time(thread, now));
		thread->spent = 0;
		if (!used_up || source->openers[thread->opener].resting)
			continue;
		rest(threads, source, thread->opener);
		rests = true;
	}
	return rests;
}

/* Whether a rest has been long enough, for all threads that it is for. */
static bool is_rested(struct ff_threads *threads, struct ff_opener *opener, uint32_t index,
		      uint64_t now)
{
	uint64_t longest;

	if (now < opener->until)
		return false;
	longest = longest_lack(threads, index, now);
	opener->until = now + longest;
	return !longest;
}

/* A stretch of an opener's threads ends, and another begins. */
static void end_stretch(struct ff_threads *threads, struct ff_source *source, uint32_t index)
{
	struct ff_opener *opener = &source->openers[index];
	uint64_t ran = source->ways->clock(source, index), hits = 0;
	double factor = 1.0;

	for (size_t i = 0; i < threads->n; i++)
		hits += threads->all[i].opener == index ? threads->all[i].hits : 0;
	if (opener->resting)
		factor = ff_guard_factor(hits, threads->cost, opener->rested - opener->began,
					 ran - opener->rested);
	opener->began = ran;
	for (size_t i = 0; i < threads->n; i++) {
		if (threads->all[i].opener != index)
			continue;
		threads->factors[i] = factor;
		threads->all[i].hits = 0;
	}
}

bool ff_threads_mind(struct ff_threads *threads, struct ff_source *source, struct ff_hits *hits)
{
	uint64_t now = ff_clock_now();
	bool calm = now - threads->began >= STRETCH, rests, scale = calm;

	rests = threads->share > 0 && tell(threads, source, now);
	if (threads->n)
		memset(threads->factors, 0, threads->n * sizeof(*threads->factors));
	for (uint32_t i = 0; i < source->nopeners; i++) {
		struct ff_opener *opener = &source->openers[i];
		bool rested = opener->resting && is_rested(threads, opener, i, now);

		if (opener->resting ? !rested : !calm)
			continue;
		scale = true;
		end_stretch(threads, source, i);
		if (rested)
			set_resting(source, i, false);
	}
	if (calm)
		threads->began = now;
	if (scale)
		ff_hits_scale(hits, threads->factors, threads->n);
	return rests;
}

void ff_threads_finish(struct ff_threads *threads, struct ff_source *source, struct ff_hits *hits)
{
	if (threads->n)
		memset(threads->factors, 0, threads->n * sizeof(*threads->factors));
	for (uint32_t i = 0; i < source->nopeners; i++) {
		if (source->openers[i].resting)
			end_stretch(threads, source, i);
	}
	ff_hits_scale(hits, threads->factors, threads->n);
}
