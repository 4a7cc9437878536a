/* SPDX-License-Identifier: MIT */
/*
 * farfetch core - scan a target's memory with worker threads
 *
 * A scan runs regions x reader x program: each worker takes a chunk, reads it,
 * evaluates the program over its slots and keeps a match block and the old bytes.
 *
 *   grid      the address ranges of a scan, cut into chunks and slots
 *   reader    a way to read and write a target; adds nothing to the engine
 *   program   a compiled predicate: typed atoms joined by and, or, not
 *   matchset  which slots matched; never more than one bit a slot
 *   arena     memory that old bytes lie in, kept from one scan to the next
 *   store     where old bytes go: an arena, and then unlinked files
 *   snapshot  the bytes of a step's matches, in the store or inline
 *   job       threads that go through a grid: wait, cancel, what could not be read
 *   scan      the kind of job that does all this
 *   pointers  the words of a target that lead somewhere in it, in two orders
 *   levels    in how many ways they lead to one address, and paths which ones
 *   task      what threads do to that: start, wait, cancel, finish
 *   arrow     tables of matches and paths, for other libraries
 *   watch     breakpoints on a value of a process, and by which instructions they were hit
 *
 * What is made or opened is counted: _get takes another reference, _close, _put or _destroy
 * lets one go, and the last is the end of it. A scan holds what its spec names.
 *
 * Functions return 0 or a negative errno unless they say otherwise. Nothing here
 * takes Python's lock or knows of Python.
 */
#ifndef FF_H
#define FF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FF_BLOCK_SLOTS	65536	/* slots in one container of a match set */
#define FF_PIECE	4096	/* bytes in one stored piece of a snapshot */
#define FF_SPAN_MAX	65536	/* bytes one slot's value may have */
#define FF_ALIGN_MAX	4096
#define FF_STREAMS	8	/* now, prev, first and named snapshots */
#define FF_MATCH_TYPES	10	/* ways at most in which one slot's value can be read */

/* ---- instruction sets ---- */

/* Names of the sets this build has and this machine runs, best first; NULL past the end. */
const char *ff_isa_name(size_t index);
/* The index of a name, or -ENOENT (not built in), or -ENOTSUP (not on this machine). */
int ff_isa_find(const char *name);

/* ---- grids ---- */

struct ff_range {
	uint64_t start, end;
};

struct ff_grid;

/*
 * Ranges ascend and do not touch or overlap. Slots are the multiples of align in
 * them from which span bytes can be read without leaving the range.
 */
int ff_grid_create(const struct ff_range *ranges, size_t nranges, uint32_t align,
		   uint32_t span, size_t chunk_size, struct ff_grid **out);
/* The same, with the slots too from which at least so many bytes can be read. */
int ff_grid_create_short(const struct ff_range *ranges, size_t nranges, uint32_t align,
			 uint32_t least, uint32_t span, size_t chunk_size,
			 struct ff_grid **out);
struct ff_grid *ff_grid_get(struct ff_grid *grid);
void ff_grid_put(struct ff_grid *grid);

/* ---- readers ---- */

struct ff_reader;

/* The ways to a process; -ENOSYS where this machine does not have one. */
int ff_reader_open_syscall(int pid, struct ff_reader **out);
int ff_reader_open_device(int pid, struct ff_reader **out);
int ff_reader_open_process_vm(int pid, struct ff_reader **out);
int ff_reader_open_proc_mem(int pid, struct ff_reader **out);
/* Plain bytes that stand for a target's memory at base; the caller keeps them alive. */
int ff_reader_open_buffer(uint8_t *bytes, size_t size, uint64_t base, struct ff_reader **out);
/* Addresses that a file has the bytes of, from an offset in it on. */
struct ff_piece {
	uint64_t start, end;
	uint64_t offset;
};

/*
 * Pieces of a file, ascending, that stand for a target's memory; writing is -EROFS. The file is
 * opened anew, so the caller may close its own.
 */
int ff_reader_open_file(int fd, const struct ff_piece *pieces, size_t n, struct ff_reader **out);
struct ff_reader *ff_reader_get(struct ff_reader *reader);
void ff_reader_close(struct ff_reader *reader);
/*
 * How long a page is waited for that a process is to bring, userfaultfd(2): 1,000 unless set;
 * and ten times as long for pages that come from a file system or a disk.
 */
void ff_reader_set_patience(struct ff_reader *reader, uint32_t milliseconds);
/* Whether it is known that nobody brings the page at address. */
bool ff_reader_blocks(struct ff_reader *reader, uint64_t address, bool writing);
/*
 * Let it belong to the address space of an open file, /proc/pid/pagemap or mem, whose descriptor
 * it makes a copy of. Once that space has gone, the four below say -ESRCH: what they read is
 * looked at first, and nothing is written.
 */
int ff_reader_belong(struct ff_reader *reader, int file);
/*
 * Bytes read or written up to the first address that cannot be, or a negative
 * errno when the target itself cannot be reached (ESRCH, EPERM, ...); -EAGAIN when the call
 * might block, which is what ff_call_start() is for. So it is with all four.
 */
ssize_t ff_reader_read(struct ff_reader *reader, uint64_t address, void *buffer, size_t size);
ssize_t ff_reader_write(struct ff_reader *reader, uint64_t address, const void *bytes,
			size_t size);

/* Values at n addresses, in any order. Side by side in bytes: to write, or to be read to. */
struct ff_values {
	const uint64_t *addresses;
	size_t n;
	uint32_t size;			/* bytes of each; where sizes is not NULL, */
	const uint32_t *sizes;		/* each has its own */
	uint8_t *bytes;
	uint32_t *done;			/* bytes of each that could be read or written */
};

/* Each for itself, whatever becomes of the others. Returns how many are whole. */
ssize_t ff_reader_read_many(struct ff_reader *reader, const struct ff_values *values);
ssize_t ff_reader_write_many(struct ff_reader *reader, const struct ff_values *values);

/* ---- calls ---- */

/* The same, on a thread of its own, so that whoever waits for one can go on without it. */
enum ff_call_kind {
	FF_CALL_READ, FF_CALL_READ_MANY, FF_CALL_WRITE, FF_CALL_WRITE_MANY,
	/*
	 * FF_CALL_READ_MANY again and again, until it is told or some differ from bytes; those of
	 * them that are held are put back, and end it only where they cannot be
	 */
	FF_CALL_LOOK,
};

struct ff_call_spec {
	enum ff_call_kind kind;
	uint64_t address;
	size_t size;
	const uint8_t *bytes;		/* to write */
	struct ff_values values;	/* of the calls for many, instead; copied as a whole */
	uint64_t interval;		/* of looks: nanoseconds between two, at the most */
	const uint8_t *held;		/* and whether each is put back; NULL if none is */
};

struct ff_call;

int ff_call_start(struct ff_reader *reader, const struct ff_call_spec *spec,
		  struct ff_call **out);
/*
 * 1 when it has ended, 0 when it still runs after so many milliseconds, up to 100; ask again.
 * -ETIMEDOUT once what it waits for does not come. Another call then goes around that.
 */
int ff_call_wait(struct ff_call *call, uint32_t milliseconds);
/* After its end: what the function of that name returns; what was read goes to buffer. */
ssize_t ff_call_result(const struct ff_call *call, void *buffer);
/* And of a call for many, how many bytes of each. */
void ff_call_done(const struct ff_call *call, uint32_t *done);
/* Let looks end, soon. */
void ff_call_tell(struct ff_call *call);
/*
 * And wait until nothing is being put back any more, nor will be: 1, or 0 after so many
 * milliseconds. One that whoever waits for the call has given up counts as nothing.
 */
int ff_call_settle(struct ff_call *call, uint32_t milliseconds);
/* For whoever waits for it: whether it sleeps inside of the target, which may be for long. */
bool ff_call_is_asleep(struct ff_call *call);
/* How many looks there were by now. */
uint64_t ff_call_looks(const struct ff_call *call);
/* How often the index-th was put back by now; at any time, in a child what it was at the fork. */
uint64_t ff_call_puts(const struct ff_call *call, size_t index);
/* Once, ended or not. A write that nobody waits for may still be made when its page comes. */
void ff_call_drop(struct ff_call *call);

/* ---- pages ---- */

struct ff_pages;

/* What the kernel says of a process's pages. */
int ff_pages_open(int pid, struct ff_pages **out);
struct ff_pages *ff_pages_get(const struct ff_pages *pages);
void ff_pages_close(struct ff_pages *pages);
/* The same, with ranges, ascending, in which pages that nobody touched are zero. */
int ff_pages_expect(const struct ff_pages *pages, const struct ff_range *ranges, size_t n,
		    struct ff_pages **out);
/* Whether a page was written to since the kernel was told to forget; neither may be so. */
bool ff_pages_is_dirty(const struct ff_pages *pages, uint64_t address);
bool ff_pages_is_clean(const struct ff_pages *pages, uint64_t address);

/* Where a thread's C library keeps its list of robust mutexes; 0 where it has none. */
int ff_robust_list(int thread, uint64_t *out);

/* ---- programs ---- */

enum ff_type {
	FF_U8, FF_I8, FF_U16, FF_I16, FF_U32, FF_I32, FF_U64, FF_I64, FF_F32, FF_F64,
	FF_TYPES,
	FF_F16,			/* of two bytes; expressions alone load it */
};

enum ff_stream_index {
	FF_NOW, FF_PREV, FF_FIRST,
};

union ff_scalar {
	int64_t i;
	uint64_t u;
	float f;
	double d;
};

struct ff_operand {
	uint32_t stream;	/* enum ff_stream_index */
	uint32_t type;		/* enum ff_type */
	uint32_t swapped;	/* bytes are in the order this machine does not have */
	uint32_t offset;	/* bytes from the slot's address */
};

enum ff_atom_kind {
	FF_ATOM_RANGE,		/* low <= a <= high */
	FF_ATOM_PAIR,		/* a op b; for FF_EQ, a == b + delta with low <= b <= high */
	FF_ATOM_BYTES,		/* the length bytes at a are those at the spec's bytes + first */
	FF_ATOM_SAME,		/* the length bytes at a and at b are the same */
	FF_ATOM_EXPR,		/* length expression steps from first; the last compares */
	FF_ATOM_PATTERN,		/* as BYTES, of the bits in the length bytes behind those */
};

enum ff_compare {
	FF_EQ, FF_NE, FF_LT, FF_LE, FF_GT, FF_GE,
};

struct ff_atom {
	uint32_t kind;
	uint32_t op;
	struct ff_operand a, b;
	union ff_scalar low, high, delta;
	uint32_t first, length;
};

enum ff_lane {
	FF_LANE_I64, FF_LANE_I128, FF_LANE_F32, FF_LANE_F64,
};

enum ff_expr_kind {
	FF_EXPR_LOAD, FF_EXPR_CONST,
	FF_EXPR_ADD, FF_EXPR_SUB, FF_EXPR_MUL, FF_EXPR_DIV, FF_EXPR_MOD,
	FF_EXPR_AND, FF_EXPR_OR, FF_EXPR_XOR, FF_EXPR_SHL, FF_EXPR_SHR,
	FF_EXPR_NEG, FF_EXPR_ABS, FF_EXPR_NOT,
	FF_EXPR_TO_F64,		/* from an integer lane */
	FF_EXPR_TO_F16,		/* round to half precision, in the lane of single precision */
	FF_EXPR_COMPARE,	/* the two topmost; arg is enum ff_compare */
};

/*
 * One step of a stack program over 64 slots at a time. The compiler has proved
 * that integer lanes cannot overflow. Division by zero makes a lane undefined,
 * and a comparison with an undefined lane is false.
 */
struct ff_expr {
	uint32_t kind;
	uint32_t lane;
	uint32_t arg;		/* shift count, or enum ff_compare */
	struct ff_operand operand;
	union ff_scalar constant;
	int64_t constant_high;	/* upper half of a 128-bit constant */
};

enum ff_logic_kind {
	FF_LOGIC_ATOM,		/* push atom arg */
	FF_LOGIC_ALL,		/* push every slot */
	FF_LOGIC_AND, FF_LOGIC_OR, FF_LOGIC_NOT,
	FF_LOGIC_SKIP_NONE,	/* over the next arg steps when the top has no slot */
	FF_LOGIC_SKIP_ALL,	/* over the next arg steps when the top has every slot */
};

struct ff_logic {
	uint32_t kind;
	uint32_t arg;
};

/* What a program says of each match's bytes now and those of FF_PREV. */
enum ff_relation {
	FF_UNRELATED,
	FF_SAME_BYTES,
	FF_OTHER_BYTES,
};

struct ff_program_spec {
	uint32_t span;			/* bytes of one slot's value */
	const struct ff_atom *atoms;
	size_t natoms;
	const struct ff_logic *logic;
	size_t nlogic;
	const struct ff_expr *exprs;
	size_t nexprs;
	const uint8_t *bytes;
	size_t nbytes;
	const uint8_t *constant;	/* span bytes each match must have, or NULL */
	uint32_t relation;		/* enum ff_relation */
};

struct ff_program;

int ff_program_create(const struct ff_program_spec *spec, struct ff_program **out);
struct ff_program *ff_program_get(const struct ff_program *program);
void ff_program_destroy(struct ff_program *program);
/*
 * Evaluate over n slots that lie stride bytes apart. streams[s] points at the
 * first slot's bytes (NULL for streams the program does not use). mask gets a
 * bit a slot, lowest first, the rest of the last word zero.
 */
int ff_program_eval(const struct ff_program *program, int isa, const uint8_t *const *streams,
		    size_t stride, size_t n, uint64_t *mask);

/* ---- match sets ---- */

struct ff_matchset;

struct ff_matchset *ff_matchset_get(const struct ff_matchset *set);
void ff_matchset_destroy(struct ff_matchset *set);
uint64_t ff_matchset_count(const struct ff_matchset *set);
/* Bytes of memory it takes. */
uint64_t ff_matchset_bytes(const struct ff_matchset *set);
/* Addresses of up to n matches from index on, ascending. Returns how many. */
size_t ff_matchset_addresses(const struct ff_matchset *set, uint64_t index, size_t n,
			     uint64_t *out);

/* Which types of a job the match at address is of: bit i for the i-th; 0 where there is none. */
uint32_t ff_matchset_types(const struct ff_matchset *set, uint64_t address);

/*
 * The matches of a set that begin in none of some ranges, which ascend and do not overlap, of
 * each type too. A snapshot of the set is one of what is left.
 */
int ff_matchset_without(const struct ff_matchset *set, int isa, const struct ff_range *ranges,
			size_t nranges, struct ff_matchset **out);

/* ---- stores and snapshots ---- */

struct ff_arena;
struct ff_store;
struct ff_snapshot;

/*
 * Memory for old bytes, which is held from one scan to the next. Nothing is at first; a store's
 * limit says how much may be, beyond which the oldest go to disk. What the machine can spare is
 * read below root, "" as a rule.
 */
int ff_arena_create(const char *root, struct ff_arena **out);
/* Give back what is free until no more than so many bytes are held. */
void ff_arena_trim(struct ff_arena *arena, uint64_t most);
/*
 * Give back what is free and move the oldest to disk, until no more is held than the machine can
 * spare now.
 */
void ff_arena_relieve(struct ff_arena *arena);
/* Give back what is free, and the rest with the last snapshot that has bytes in it. */
void ff_arena_close(struct ff_arena *arena);
/* Bytes of memory that are held, used or free. */
uint64_t ff_arena_bytes(const struct ff_arena *arena);

/*
 * Bytes that are left of nine tenths of what this process's control groups may take; fewer than
 * none beyond, and INT64_MAX where nothing is limited. root is as above.
 */
int64_t ff_group_room(const char *root);

/* For so many threads at a time; no more than limit bytes at a time, or -ENOBUFS. */
int ff_store_create(const char *directory, uint32_t writers, uint64_t limit,
		    struct ff_store **out);
/* Before anything is stored: use memory first, while the arena holds no more than limit bytes. */
void ff_store_use(struct ff_store *store, struct ff_arena *arena, uint64_t limit);
/* Nothing more is stored; the files go with the last snapshot and job that use it. */
void ff_store_close(struct ff_store *store);
/* Bytes of file the store takes. */
uint64_t ff_store_bytes(const struct ff_store *store);
/* Bytes of an arena's memory that it takes. */
uint64_t ff_store_memory(const struct ff_store *store);

struct ff_snapshot *ff_snapshot_get(const struct ff_snapshot *snapshot);
void ff_snapshot_destroy(struct ff_snapshot *snapshot);
/* Bytes of memory it takes. */
uint64_t ff_snapshot_bytes(const struct ff_snapshot *snapshot);
/*
 * The span bytes that n matches of set had, from its index-th on, side by side. set is the
 * snapshot's own or one narrowed from it. Returns how many, or a negative errno.
 */
ssize_t ff_snapshot_values(const struct ff_snapshot *snapshot, const struct ff_matchset *set,
			   uint64_t index, size_t n, uint8_t *out);
/* The span bytes that the match at address had. -ENOENT when it was no match. */
int ff_snapshot_value(const struct ff_snapshot *snapshot, uint64_t address, uint8_t *out);

/* ---- jobs ---- */

/* Threads at work on a grid, whatever the kind of work is. */
struct ff_job;

struct ff_progress {
	uint64_t done, total;	/* bytes of the grid */
	uint64_t matches;
	uint64_t read;		/* bytes read from the target */
};

/* 1 when it has ended, 0 when it still runs after so many milliseconds. */
int ff_job_wait(struct ff_job *job, uint32_t milliseconds);
void ff_job_cancel(struct ff_job *job);
/* Whether it was cancelled or has failed: its workers end as soon as they see it. */
bool ff_job_stopped(const struct ff_job *job);
void ff_job_progress(const struct ff_job *job, struct ff_progress *out);
/* After its end: whether its error is of the disk, not of the target. */
bool ff_job_failed_in_store(const struct ff_job *job);
/* After its end: the ranges that could not be read, ascending and merged. */
size_t ff_job_faults(const struct ff_job *job, const struct ff_range **out);
/* Those of them that nobody brought. */
size_t ff_job_blocked(const struct ff_job *job, const struct ff_range **out);
void ff_job_destroy(struct ff_job *job);

/* ---- scans ---- */

/* A chunk with matches, or values side by side of several, before they are kept. */
struct ff_found {
	const struct ff_job *job;
	uint64_t start;			/* address of the first slot of a chunk */
	size_t slots, align, span;
	size_t size;			/* bytes there are: the last values may lack some */
	const uint32_t *sizes;		/* bytes that each value has; NULL for a chunk */
	const uint8_t *streams[FF_STREAMS];
	const struct ff_range *holes;	/* addresses that could not be read */
	size_t nholes;
	uint64_t *mask;			/* a bit a slot; a filter clears some */
};

/*
 * Called by many threads at once. A negative errno ends the job with it; when the job has
 * been stopped, it need not go on.
 */
typedef int (*ff_filter)(void *context, struct ff_found *found);

struct ff_scan_spec {
	struct ff_grid *grid;
	struct ff_reader *reader;
	const struct ff_program *program;
	/*
	 * Ways to read a slot's value, each with a program and matches of its own. Then program
	 * is what must hold for any of them to, and the scan's matches are those of any.
	 */
	const struct ff_program *types[FF_MATCH_TYPES];
	/*
	 * Bytes between the slots that are looked at as each: 1, 2, 4 or 8 times the grid's, or 0
	 * for all slots. Not 0 for the first, each is asked by itself, and program of zeros only.
	 */
	uint32_t type_aligns[FF_MATCH_TYPES];
	size_t ntypes;
	/* looks closer at the matches of a program that lets too many pass; or NULL */
	ff_filter filter;
	void *context;			/* of the filter */
	const struct ff_matchset *candidates;	/* NULL: every slot of the grid */
	/* what FF_PREV, FF_FIRST, ... stand for; NULL where the program has no use of it */
	const struct ff_snapshot *streams[FF_STREAMS];
	/* NULL, or what tells which pages need not be read: */
	const struct ff_pages *pages;
	const struct ff_snapshot *prev;	/* or NULL: clean pages hold what they did then */
	bool untouched;			/* memory that was never touched is zero */
	struct ff_store *store;
	uint64_t memory;	/* bytes that the new matches and values may take, or -ENOBUFS */
	uint32_t threads;
	int isa;
};

/* Start the job of a scan. */
int ff_scan_start(const struct ff_scan_spec *spec, struct ff_job **out);
/*
 * Take what a scan made. Waits for its workers; -ECANCELED when it was cancelled.
 * Call once, then destroy.
 */
int ff_scan_finish(struct ff_job *job, struct ff_matchset **set, struct ff_snapshot **snapshot);

/* ---- tasks ---- */

/* What threads do to what has been read; none of it waits for a target. */
struct ff_task;

/* 1 when it has ended, 0 when it still runs after so many milliseconds. */
int ff_task_wait(struct ff_task *task, uint32_t milliseconds);
void ff_task_cancel(struct ff_task *task);
void ff_task_progress(const struct ff_task *task, uint64_t *done, uint64_t *total);
/* Waits for its end; -ECANCELED when it was cancelled before. */
int ff_task_result(struct ff_task *task);
void ff_task_destroy(struct ff_task *task);

/* ---- pointer maps; tables, as others take them ---- */

#include "ff_pointers.h"
#include "ff_arrow.h"

/* ---- watches ---- */

#define FF_WATCH_PARTS		4	/* debug registers of a thread */
#define FF_WATCH_BYTES		32	/* of a value, at the most */
#define FF_WATCH_STACK		4096
#define FF_WATCH_REGISTERS	33	/* of any processor, at the most */
#define FF_WATCH_THREADS	256	/* that are told apart of an instruction */
#define FF_WATCH_BEHIND		64	/* bytes of code before an instruction that are kept */
#define FF_WATCH_CODE		96	/* with these, all that are */

enum ff_watch_kind {
	FF_WATCH_WRITE, FF_WATCH_ACCESS, FF_WATCH_EXECUTE,
};

/* What a hit takes of its thread's time, ns. */
struct ff_watch_cost {
	uint64_t all;
	/* of that, while the thread itself runs: of hits close behind each other, and of others */
	uint64_t ran, ran_apart;
};

struct ff_watch_spec {
	int pid;
	uint32_t kind;		/* enum ff_watch_kind */
	uint64_t address;
	uint32_t size;		/* of the value; of what is executed, 1 */
	uint32_t stack;		/* bytes of it that are kept of a hit, a multiple of 8 */
	uint32_t share;		/* thousandths of its time that the target may lose; 0: all */
	struct ff_watch_cost cost;	/* as ff_watch_probe() says */
	uint64_t apart;		/* registers, by bit, that tell an instruction's hits apart */
	/*
	 * The program that traces the target, farfetch-guardian, which stops it at each hit;
	 * NULL: breakpoints of perf's, which stop nobody.
	 */
	const char *guardian;
};

struct ff_watch_hit {
	uint64_t ip;		/* of data, that of the instruction behind the one that hit */
	uint64_t seen;		/* how often it has been */
	uint64_t count;		/* the same with an estimate for the time that was not watched */
	uint64_t first, last;	/* ns of CLOCK_MONOTONIC */
	uint32_t threads;	/* that hit, up to FF_WATCH_THREADS */
	uint32_t bits;		/* 32 or 64, of the thread that hit last; 0: no registers */
	uint32_t stack;		/* bytes of its stack */
	bool known;		/* whether the values are */
	uint8_t before[FF_WATCH_BYTES], after[FF_WATCH_BYTES];
	uint64_t code_start;	/* of the code around ip, as it was when it hit first */
	uint32_t code_size;	/* 0: it could not be read */
	uint8_t code[FF_WATCH_CODE];
	/*
	 * Behind the last hit. x86-64: ax bx cx dx si di bp sp ip flags cs ss r8..r15; arm64:
	 * x0..x30 sp pc.
	 */
	uint64_t registers[FF_WATCH_REGISTERS];
};

struct ff_watch_state {
	uint64_t hits;
	uint64_t lost;		/* there was no room for them; all are known once it has ended */
	uint64_t instructions;
	uint64_t dropped;	/* hits of instructions beyond those that are told apart */
	uint64_t began;		/* ns of CLOCK_MONOTONIC */
	uint64_t elapsed;	/* ns */
	uint32_t threads;	/* that there were at first */
	int error;
	bool estimated, ended, exited, replaced;
	bool broken;		/* what traced the target was killed */
};

struct ff_watch;

/*
 * Whether breakpoints fire on this machine, tried on the thread that calls. -ENOTSUP when they
 * are taken and do not; otherwise what perf_event_open(2) says.
 */
int ff_watch_probe(uint32_t stack, struct ff_watch_cost *cost);
/* The same for a tracer, tried on a child of its own; what it says, and ptrace(2). */
int ff_watch_probe_traced(uint32_t stack, const char *guardian, struct ff_watch_cost *cost);
/*
 * Watch all threads that a process has and will have. -E2BIG when the value takes more than four
 * pieces, -ENOSPC when somebody else uses the debug registers. Of a tracer, also -EALREADY when
 * the process is traced, -ETIMEDOUT when it does not stop, -ENOSYS on other than x86-64.
 */
int ff_watch_start(const struct ff_watch_spec *spec, struct ff_watch **out);
/* Nothing fires any more when this returns; what was seen stays. From one thread at a time. */
void ff_watch_stop(struct ff_watch *watch);
void ff_watch_destroy(struct ff_watch *watch);
/* 1 when it has other than so many hits or has ended, 0 when not after so many milliseconds. */
int ff_watch_wait(struct ff_watch *watch, uint64_t hits, uint32_t milliseconds);
void ff_watch_state(struct ff_watch *watch, struct ff_watch_state *out);
/* The index-th instruction that was seen, its threads and its stack; -ENOENT beyond the last. */
int ff_watch_hit(struct ff_watch *watch, size_t index, struct ff_watch_hit *hit, uint32_t *threads,
		 uint8_t *stack);

/*
 * Another process's threads, stopped for a moment (x86-64 only, else -ENOSYS)
 */
struct ff_remote_call {
	uint64_t at;		/* of a syscall instruction; of int 0x80 in 32-bit code */
	uint64_t number;
	uint64_t arguments[6];
	bool narrow;		/* 32-bit code */
};

/*
 * Let a thread make a system call; -EAGAIN when it runs code of the other width,
 * -EALREADY when somebody else traces it, -EPERM when it may not be traced, -EINPROGRESS when
 * it sleeps so that nothing wakes it, -ETIMEDOUT when it does not stop.
 */
int ff_remote_syscall(int tid, const struct ff_remote_call *call, int64_t *result);

struct ff_remote_piece {
	uint64_t address;
	size_t size;
	const uint8_t *before;
	const uint8_t *after;
};

/*
 * While no thread of a process runs, and none is inside of what changes: put bytes in the
 * place of others through its opened mem file, all or none. -EILSEQ when the old ones are
 * not there, -EIO when they cannot be read or written, of the piece whose index is put into
 * failed; -EBUSY when a thread does not leave them, else as ff_remote_syscall().
 */
int ff_remote_change(int pid, int memory, const struct ff_remote_piece *pieces, size_t n,
		     size_t *failed);

#endif
