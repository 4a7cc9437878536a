// SPDX-License-Identifier: MIT
/*
 * A storm: two callers read and write, each its own half of the pages, while the
 * victim changes and others change it. Unless something of that makes bytes come
 * and go, each caller knows exactly what is in its half: what it has put there.
 * Else it knows all that can be there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/farfetch.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture.h"

#define CALLERS 2
#define CALLS 100
#define BUFFER ((uintptr_t)0x180000000000)
#define BUFFER_SIZE (HUGE_PAGES * PAGE)

struct caller {
	pthread_t thread;
	struct dice dice;
	enum who who;
	size_t first, pages; /* of the arena */
	unsigned char *end; /* of its buffer, with nothing behind it */
};

static struct caller callers[CALLERS];
static unsigned changes, weather;
static pid_t victim;
static enum mode mode; /* the parameter, when it began */
static bool steady, certain; /* bytes stay; by gup everything can be reached */
static unsigned char expected[ARENA_PAGES][PAGE];

static bool happens(enum change change)
{
	return changes & 1u << change;
}

static bool blows(enum weather kind)
{
	return weather & 1u << kind;
}

/* Whether a byte can be there at all. */
static bool can_be(enum who who, size_t page, size_t offset, unsigned char byte)
{
	unsigned char candidate;

	if (!byte)
		return true;
	for (unsigned generation = 0; generation < GENERATIONS; generation++) {
		content(&candidate, VICTIM, page, generation, offset, 1);
		if (candidate == byte)
			return true;
		content(&candidate, who, page, generation, offset, 1);
		if (candidate == byte)
			return true;
	}
	return false;
}

/* Hold part of a page to what is there, or can be. */
static void check(const char *what, enum who who, size_t page, size_t offset,
		  const unsigned char *bytes, size_t length)
{
	if (steady && !memcmp(bytes, expected[page] + offset, length))
		return;
	for (size_t at = 0; at < length; at++)
		if (steady ? bytes[at] != expected[page][offset + at] :
			     !can_be(who, page, offset + at, bytes[at]))
			wrong("%s page %zu at byte %zu: %02x, which was never put there (changes "
			      "%#x, weather %#x)",
			      what, page, offset + at, bytes[at], changes, weather);
}

static void check_read(const struct caller *caller, const struct call *call, long done)
{
	const unsigned char *bytes = call->buffer;
	uint64_t address = call->address;

	while (done > 0) {
		size_t offset = address % PAGE, part = PAGE - offset;

		if (part > (size_t)done)
			part = done;
		check("read", caller->who, (address - ARENA) / PAGE, offset, bytes, part);
		bytes += part;
		address += part;
		done -= part;
	}
}

/* Bytes of the caller's, page by page; what of them has been written is expected there. */
static void prepare(struct caller *caller, const struct call *call)
{
	unsigned generation = below(&caller->dice, GENERATIONS);
	unsigned char *bytes = call->buffer;
	uint64_t address = call->address, left = call->length;

	while (left) {
		size_t offset = address % PAGE, part = PAGE - offset;

		if (part > left)
			part = left;
		content(bytes, caller->who, (address - ARENA) / PAGE, generation, offset, part);
		bytes += part;
		address += part;
		left -= part;
	}
}

static bool permits_error(long error)
{
	if (error == -ESRCH)
		return happens(EXECUTES) || happens(EXITS) || blows(KILL);
	/* A victim that never stops executing can outrun the question. */
	return error == -EPERM && (happens(EXECUTES) || (happens(CREDENTIALS) && geteuid()));
}

/* Whether a call in one mode can have come to this. */
static bool permits(const struct call *call, enum mode by, long done)
{
	uint64_t want = call->length;

	if (by == WALK && want > PAGE - call->address % PAGE)
		want = PAGE - call->address % PAGE;
	if ((uint64_t)done == want)
		return true;
	if (by == WALK)
		return done == -EFAULT;
	if (certain && call->way != BY_PROCESS_VM)
		return false;
	if (call->way == BY_PROCESS_VM && steady && !happens(PROTECTS))
		return false;
	return done == -EFAULT ||
	       (done > 0 && (uint64_t)done < want && !((call->address + done) % PAGE));
}

static bool permits_result(const struct call *call, long done)
{
	switch (call->way) {
	case BY_GUP:
	case BY_PROCESS_VM:
		return permits(call, GUP, done);
	case BY_WALK:
		return permits(call, WALK, done);
	default:
		if (permits(call, mode, done))
			return true;
		return blows(PARAMETERS) && permits(call, mode == GUP ? WALK : GUP, done);
	}
}

static void call_once(struct caller *caller)
{
	struct call call = { .way = way_draw(&caller->dice), .cmd = below(&caller->dice, 2) };
	size_t from = below(&caller->dice, caller->pages * PAGE);
	size_t room = caller->pages * PAGE - from;
	size_t most = one_in(&caller->dice, 4) ? 20 * PAGE : one_in(&caller->dice, 2) ? PAGE : 64;
	long done;

	call.pid = victim;
	call.address = (uintptr_t)arena(caller->first) + from;
	call.length = 1 + below(&caller->dice, room < most ? room : most);
	call.buffer = caller->end - call.length;
	if (call.cmd == FAR_WRITE)
		prepare(caller, &call);
	done = call_make(&call);
	if (!permits_error(done) && !permits_result(&call, done))
		wrong("%s cmd %u address %#lx length %#lx came to %ld (changes %#x, weather %#x, "
		      "%s)",
		      way_names[call.way], call.cmd, call.address, call.length, done, changes,
		      weather, kinds[shared->plan.backing].name);
	if (call.cmd == FAR_READ)
		check_read(caller, &call, done);
	else if (done > 0)
		memcpy(expected[0] + (call.address - ARENA), call.buffer, done);
}

static void *call_on(void *argument)
{
	struct caller *caller = argument;

	for (int i = 0; i < CALLS && !atomic_load(&shared->failed); i++) {
		atomic_fetch_add(&shared->step, 1);
		call_once(caller);
	}
	return NULL;
}

static void start_caller(size_t number, struct dice *dice)
{
	struct caller *caller = &callers[number];
	size_t half = shared->plan.pages / CALLERS;

	caller->dice.state = roll(dice);
	caller->who = CALLER + number;
	caller->first = SIDE + number * half;
	caller->pages = half;
	caller->end = (unsigned char *)BUFFER + number * 2 * BUFFER_SIZE + BUFFER_SIZE;
	if (mmap(caller->end - BUFFER_SIZE, BUFFER_SIZE, R | W,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		broken("a caller's buffer");
	if (pthread_create(&caller->thread, NULL, call_on, caller))
		broken("a caller");
}

static unsigned kind_named(const char *name)
{
	unsigned kind = 0;

	while (strcmp(kinds[kind].name, name))
		kind++;
	return kind;
}

static void draw_storm(struct dice *dice)
{
	static const char *const names[] = { "touched", "file", "private file, written", "shared" };
	struct plan *plan = &shared->plan;
	bool comings = one_in(dice, 3); /* and goings */

	changes = 0;
	for (int i = 1 + below(dice, 3); i; i--)
		changes |= 1u << below(dice, comings ? CHANGES : STEADY);
	weather = 0;
	for (int i = below(dice, 4); i; i--)
		weather |= 1u << below(dice, comings ? WEATHERS : KILL);
	steady = changes < 1u << STEADY && !blows(KILL);
	plan->backing = kind_named(names[below(dice, 4)]);
	plan->pages = happens(COLLAPSES) || one_in(dice, 8) ? HUGE_PAGES : 16;
	plan->changes = changes;
	plan->dice = roll(dice);
	/* So that it shows if the victim's memory is kept. */
	plan->cells[0] = (struct cell){ kind_named("file"), SIDE - 2, 1 };
	plan->count = 1;
	mode = one_in(dice, 2) ? GUP : WALK;
	parameter_set("mode", mode == GUP ? "gup" : "walk");
	parameter_set("force", "Y");
	parameter_set("root_only", "Y");
	certain = steady && (!happens(PROTECTS) || (!kinds[plan->backing].shared &&
						    parameter_is("force", 'Y') &&
						    !blows(PARAMETERS)));
	for (size_t page = SIDE; page < SIDE + plan->pages; page++)
		content(expected[page], VICTIM, page, 0, 0, PAGE);
}

static void look_at_all(void)
{
	struct order order = { LOOK, SIDE, shared->plan.pages, R | W, 0 };

	if (tell(THE_VICTIM, &order))
		broken("to look");
	for (size_t number = 0; number < CALLERS; number++) {
		const struct caller *caller = &callers[number];

		for (size_t i = caller->first; i < caller->first + caller->pages; i++)
			check("at the end,", caller->who, i, 0, shared->window[i], PAGE);
	}
}

static void end(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		wrong("a bystander ended with %#x", status);
}

/* Play a storm. */
void storm_round(struct dice *dice)
{
	struct order change = { .what = CHANGE };
	pid_t others, lesser;

	draw_storm(dice);
	victim = round_victim(false);
	say("changes %#x, weather %#x, %u pages, %s%s", changes, weather, shared->plan.pages,
	    kinds[shared->plan.backing].name, steady ? ", steady" : "");
	others = weather_start(weather, victim, roll(dice));
	lesser = geteuid() ? 0 : lesser_start(victim, roll(dice));
	order_send(&change);
	for (size_t i = 0; i < CALLERS; i++)
		start_caller(i, dice);
	for (size_t i = 0; i < CALLERS; i++)
		pthread_join(callers[i].thread, NULL);
	atomic_store(&shared->stop, true);
	end(others);
	if (lesser)
		end(lesser);
	if (order_answered(happens(EXITS) || blows(KILL)))
		look_at_all();
}
