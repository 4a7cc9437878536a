/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the torture of the module give each other.
 *
 * Words: the victim is the process whose memory is read and written. Its arena
 * is a range of pages at a fixed address; a cell is a page of it, or a huge
 * page, of some kind. The judge makes the calls and knows what may come back.
 * The mirror is a child of the victim that shares its private pages
 * copy-on-write and must never notice anything.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

#define PAGE ((size_t)4096)
#define HUGE_PAGES ((size_t)512)
#define SIDE ((size_t)64) /* small pages before the huge page, and behind it */
#define ARENA_PAGES (2 * SIDE + HUGE_PAGES)
#define HUGE_ADDRESS ((uintptr_t)0x100000000000)
#define ARENA (HUGE_ADDRESS - SIDE * PAGE)
#define MAX_CELLS (2 * SIDE)
#define MAX_RW_COUNT ((uint64_t)0x7ffff000)

#define R PROT_READ
#define W PROT_WRITE
#define X PROT_EXEC

/* Descriptors with fixed numbers, so that a victim that executes itself has them. */
enum {
	FD_SHARED = 100,
	FD_VICTIM, /* where the victim is told what to do */
	FD_MIRROR,
	FD_FILE,	/* memfd; page n of the arena at page n */
	FD_FILE_RDONLY, /* the same, opened for reading */
	FD_SEALED,	/* a copy of it, sealed against future writes */
	FD_EMPTY,	/* memfd with nothing in it */
};

/* dice.c: all that is drawn, and all bytes, come from the seed. */
struct dice {
	uint64_t state;
};

/* Whose bytes they are. */
enum who { FILE_BYTES = 1, VICTIM, CHILD, CALLER };

uint64_t roll(struct dice *dice);
unsigned below(struct dice *dice, unsigned end);
bool one_in(struct dice *dice, unsigned count);
void content(unsigned char *to, enum who who, size_t page, unsigned generation, size_t offset,
	     size_t length);

/* kinds.c */
enum backing {
	HOLE,
	ANONYMOUS,
	SHARED,
	MEMFD,
	READ_ONLY_FILE,
	SEALED,
	EMPTY,
	SYSV,
	SECRET,
	TRANSPARENT_HUGE,
	HUGETLB,
	USERFAULT,
};
enum afterwards { NOTHING, PAGED_OUT, FREED, GUARDED, POISONED };

struct kind {
	const char *name;
	enum backing backing;
	int prot;
	int touch; /* R: read once, W: filled, 0: neither */
	bool shared;
	enum afterwards then;
	unsigned weight;
};

extern const struct kind kinds[];
extern const size_t kind_count;

struct cell {
	unsigned kind;
	unsigned page;
	unsigned pages;
};

size_t cells_draw(struct dice *dice, struct cell *cells, bool with_secret);
void cell_make(struct cell *cell);

/* What the victim is told to do to its memory. */
enum what {
	LOOK,
	FILL,
	READ_ONCE,
	PROTECT,
	FORGET,
	FREE,
	PAGE_OUT,
	COLLAPSE,
	BEAR, /* the mirror */
	CHANGE, /* in a storm, until it is told to stop */
	END,
};

struct order {
	enum what what;
	unsigned page;
	unsigned pages;
	int prot;
	unsigned generation;
};

/* storm.c: what happens meanwhile. The first of them keep all bytes where they are. */
enum change {
	TOUCHES,
	PAGES_OUT,
	COLLAPSES,
	FORKS,
	CREDENTIALS,
	PROTECTS,
	STEADY, /* from here on bytes come and go */
	REWRITES = STEADY,
	FORGETS,
	UNMAPS,
	MOVES,
	EXECUTES,
	EXITS,
	CHANGES,
};

struct plan {
	size_t count;
	struct cell cells[MAX_CELLS];
	unsigned changes; /* a bit each */
	unsigned backing; /* of a storm's pages */
	unsigned pages; /* in a storm; from HUGE_ADDRESS on */
	uint64_t dice;
};

struct counters {
	_Atomic uint64_t calls, copied, refused, bytes, orders, changes;
};

struct shared {
	uint64_t seed;
	uint64_t round;
	uint64_t key; /* of all bytes in the round */
	_Atomic unsigned step;
	_Atomic bool stop;
	_Atomic bool failed;
	struct counters counters;
	struct plan plan;
	unsigned char window[ARENA_PAGES][PAGE];
};

extern struct shared *shared;

static inline unsigned char *arena(size_t page)
{
	return (unsigned char *)(ARENA + page * PAGE);
}

/* victim.c */
int victim_obey(const struct order *order);
void victim_run(bool anew) __attribute__((noreturn));
void mirror_run(void) __attribute__((noreturn));

/* changes.c: what the victim does in a storm */
#define GENERATIONS 8 /* of its bytes, and of each caller's */
void storm_map(void);
int storm_changes(void);

/* weather.c: what others do to it meanwhile, each a process of its own */
enum weather {
	MIGRATION,
	CLEARING,
	PARAMETERS,
	TRACING,
	REMOVAL,
	COMPACTION,
	ADVICE,
	KILL,
	WEATHERS,
};

pid_t weather_start(unsigned weather, pid_t victim, uint64_t seed);
pid_t lesser_start(pid_t victim, uint64_t seed);

/* ways.c */
enum way { BY_SYSCALL, BY_DEVICE, BY_GUP, BY_WALK, BY_PROCESS_VM, WAYS };
enum mode { GUP, WALK };

struct call {
	enum way way;
	unsigned cmd;
	pid_t pid;
	uint64_t address;
	uint64_t length;
	void *buffer;
};

extern const char *const way_names[WAYS];
extern unsigned ways_given; /* a bit each */

void ways_open(const char *names);
bool has_module(void);
enum way way_draw(struct dice *dice);
long call_make(const struct call *call);
void parameter_set(const char *name, const char *value);
bool parameter_is(const char *name, char value);

/* main.c */
extern bool verbose;
extern bool moving;	/* pages from node to node, which not every kernel does at once */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void wrong(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void broken(const char *what) __attribute__((noreturn));

/* quiet.c, storm.c: one round each. */
void quiet_round(struct dice *dice, bool self, bool with_secret);
void storm_round(struct dice *dice);

/* round.c: what every round begins and ends with. */
enum peer { THE_VICTIM, THE_MIRROR };

pid_t round_victim(bool self);
int tell(enum peer peer, const struct order *order);
void order_send(const struct order *order);
bool order_answered(bool may_end);
void round_end(void);

#endif
