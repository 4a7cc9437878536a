// SPDX-License-Identifier: MIT
/*
 * The guards of threads, and the stretches that their hits are reckoned by
 */
#include "clock.h"
#include "threads.h"

#include "own_time.h"
#include "remote/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STRETCH	(100 * FF_MILLISECOND)	/* hits are taken to come evenly for as long */
#define STALE	FF_SECOND		/* without hits for so long, all is saved up */

void ff_threads_init(struct ff_threads *threads, struct ff_watch_cost cost, double share,
		     uint64_t now)
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
		ff_guard_init(&thread->guard, threads->cost.all, threads->share,
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
	thread->fresh++;
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
		latest->spent += hits * threads->cost.all;
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

/*
 * An opener's clock while its events are switched. That takes a while, and some fire meanwhile: of
 * that time half is taken to be before, and half behind.
 */
static uint64_t switched(struct ff_source *source, uint32_t opener, bool rest)
{
	uint64_t before, behind;

	if (!source->ways->clock) {
		set_resting(source, opener, rest);
		return 0;
	}
	before = source->ways->clock(source, opener);
	set_resting(source, opener, rest);
	behind = source->ways->clock(source, opener);
	return before + (behind - before) / 2;
}

static void rest(struct ff_threads *threads, struct ff_source *source, uint32_t opener)
{
	struct ff_opener *resting = &source->openers[opener];
	uint64_t now;

	resting->rested = switched(source, opener, true);
	now = ff_clock_now();
	resting->until = now + longest_lack(threads, opener, now);
}

/*
 * What hits have taken of the time of a thread that stands at each of them: all in which it neither
 * ran nor waited for a processor, unless it slept in between, too. Then it is what they usually
 * take.
 */
static uint64_t stood(struct ff_thread *thread, uint64_t now)
{
	struct ff_look before = thread->look;
	uint64_t hits = thread->fresh, ready;
	struct ff_status status;

	thread->look = (struct ff_look){ .time = now };
	if (!ff_times(thread->tid, &thread->look.ran, &thread->look.waited) ||
	    !ff_status_read(thread->tid, &status)) {
		thread->look.time = 0;
		return thread->spent;
	}
	thread->look.waits = status.waits;
	if (!before.time || status.waits - before.waits > hits + hits / 8 + 2)
		return thread->spent;
	ready = thread->look.ran - before.ran + thread->look.waited - before.waited;
	return now - before.time > ready ? now - before.time - ready : 0;
}

/* Tell the guards of threads that hit. Whether the opener of some now rests. */
static bool tell(struct ff_threads *threads, struct ff_source *source, uint64_t now)
{
	bool rests = false;

	for (size_t i = 0; i < threads->n; i++) {
		struct ff_thread *thread = &threads->all[i];
		uint64_t spent;
		bool used_up;

		if (!thread->spent)
			continue;
		spent = source->stops ? stood(thread, now) : thread->spent;
		used_up = ff_guard_take(&thread->guard, spent, own_time(thread, now));
		thread->spent = thread->fresh = 0;
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

/* Each of an opener's hits in this stretch stands for so many; another stretch begins. */
static void count_for(struct ff_threads *threads, uint32_t index, double factor)
{
	for (size_t i = 0; i < threads->n; i++) {
		if (threads->all[i].opener != index)
			continue;
		threads->factors[i] = factor;
		threads->all[i].hits = 0;
	}
}

static uint64_t hits_of(const struct ff_threads *threads, uint32_t index)
{
	uint64_t hits = 0;

	for (size_t i = 0; i < threads->n; i++)
		hits += threads->all[i].opener == index ? threads->all[i].hits : 0;
	return hits;
}

/* What each hit of this stretch stands for, with what was missed while their opener rested. */
static double factor_of(const struct ff_threads *threads, const struct ff_opener *opener,
			uint32_t index, uint64_t rested)
{
	uint64_t hits = hits_of(threads, index);

	if (!hits)
		return 1.0;
	return 1.0 + ff_pace_missed(&opener->pace, &threads->cost, rested) / (double)hits;
}

/* A rest is over, at a time of its opener's clock. */
static void end_rest(struct ff_threads *threads, struct ff_source *source, uint32_t index,
		     uint64_t now)
{
	struct ff_opener *opener = &source->openers[index];

	ff_pace_note(&opener->pace, &threads->cost, hits_of(threads, index),
		     opener->rested - opener->began);
	count_for(threads, index, factor_of(threads, opener, index, now - opener->rested));
	opener->began = now;
}

static void begin_factors(struct ff_threads *threads)
{
	if (threads->n)
		memset(threads->factors, 0, threads->n * sizeof(*threads->factors));
}

void ff_threads_rested(struct ff_threads *threads, struct ff_source *source, uint32_t index,
		       const struct ff_stretch *stretch, struct ff_hits *hits)
{
	struct ff_opener *opener = &source->openers[index];

	begin_factors(threads);
	ff_pace_note(&opener->pace, &threads->cost, stretch->hits, stretch->ran);
	count_for(threads, index, factor_of(threads, opener, index, stretch->rested));
	ff_hits_scale(hits, threads->factors, threads->n);
}

/* Let an opener go on that has rested. */
static void wake(struct ff_threads *threads, struct ff_source *source, uint32_t index,
		 uint64_t now)
{
	uint64_t time = switched(source, index, false);

	source->openers[index].woke = now;
	if (source->ways->clock)
		end_rest(threads, source, index, time);
}

/* A stretch without a rest: each of its hits stands for itself. */
static void end_calm(struct ff_threads *threads, struct ff_source *source, uint32_t index)
{
	struct ff_opener *opener = &source->openers[index];

	opener->pace = (struct ff_pace){ 0 };
	if (source->ways->clock)
		opener->began = source->ways->clock(source, index);
	count_for(threads, index, 1.0);
}

bool ff_threads_mind(struct ff_threads *threads, struct ff_source *source, struct ff_hits *hits)
{
	uint64_t now = ff_clock_now();
	bool calm = now - threads->began >= STRETCH, rests, scale = false;

	rests = threads->share > 0 && tell(threads, source, now);
	begin_factors(threads);
	for (uint32_t i = 0; i < source->nopeners; i++) {
		struct ff_opener *opener = &source->openers[i];

		if (opener->resting ? !is_rested(threads, opener, i, now) :
				      !calm || now - opener->woke < STRETCH)
			continue;
		scale = true;
		if (opener->resting)
			wake(threads, source, i, now);
		else
			end_calm(threads, source, i);
	}
	if (calm)
		threads->began = now;
	if (scale)
		ff_hits_scale(hits, threads->factors, threads->n);
	return rests;
}

void ff_threads_finish(struct ff_threads *threads, struct ff_source *source, struct ff_hits *hits)
{
	begin_factors(threads);
	for (uint32_t i = 0; source->ways->clock && i < source->nopeners; i++) {
		if (source->openers[i].resting)
			end_rest(threads, source, i, source->ways->clock(source, i));
	}
	ff_hits_scale(hits, threads->factors, threads->n);
}
