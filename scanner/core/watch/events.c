// SPDX-License-Identifier: MIT
/*
 * Breakpoints of perf_event_open(2), which stop nobody
 *
 * Where a kernel may be asked for it, other processes that a target forks do not inherit them;
 * elsewhere their hits are passed over by whoever takes the records.
 */
#include "events.h"

#include "tasks.h"

#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Pages of a ring: with one more what the kernel lets every user lock for each processor. */
#define RING_PAGES	128
#define RING_LEAST	8
/* Hits after which whoever waits is woken: so many at once cost less than one by one. */
#define WAKE_AFTER	32
#define PASSES		16	/* looks for threads that were started while events were opened */

#if defined(__x86_64__)
/* ax bx cx dx si di bp sp ip flags cs ss r8..r15 of <asm/perf_regs.h> */
#define REGISTERS	0xff0fffull
#elif defined(__aarch64__)
#define REGISTERS	0x1ffffffffull	/* x0..x29 lr sp pc */
#else
#define REGISTERS	0ull
#endif

/* As in <linux/perf_event.h> since 5.13, bit 35 of the flags. */
#define INHERIT_THREAD	0x800000000ull

_Static_assert(sizeof(struct perf_event_attr) >= PERF_ATTR_SIZE_VER5, "has sample_regs_user");

static uint32_t type_of(uint32_t kind)
{
	static const uint32_t types[] = {
		[FF_WATCH_WRITE] = HW_BREAKPOINT_W,
		[FF_WATCH_ACCESS] = HW_BREAKPOINT_RW,
		[FF_WATCH_EXECUTE] = HW_BREAKPOINT_X,
	};

	return types[kind];
}

static void fill(struct perf_event_attr *attr, const struct ff_watch_part *part, uint32_t kind,
		 uint32_t stack)
{
	memset(attr, 0, sizeof(*attr));
	attr->size = sizeof(*attr);
	attr->type = PERF_TYPE_BREAKPOINT;
	attr->bp_type = type_of(kind);
	attr->bp_addr = part->address;
	/* the processor wants a word's length of what is executed */
	attr->bp_len = kind == FF_WATCH_EXECUTE ? sizeof(long) : part->size;
	attr->sample_period = 1;
	attr->sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
			    PERF_SAMPLE_ADDR | PERF_SAMPLE_ID;
	if (REGISTERS) {
		attr->sample_type |= PERF_SAMPLE_REGS_USER;
		attr->sample_regs_user = REGISTERS;
	}
	if (stack) {
		attr->sample_type |= PERF_SAMPLE_STACK_USER;
		attr->sample_stack_user = stack;
	}
	attr->exclude_kernel = 1;
	attr->exclude_hv = 1;
	attr->use_clockid = 1;
	attr->clockid = CLOCK_MONOTONIC;
}

static int open_event(struct perf_event_attr *attr, pid_t tid, int processor)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, tid, processor, -1,
			      PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int ff_event_open_own(const struct ff_watch_part *part, uint32_t kind, uint32_t stack)
{
	struct perf_event_attr attr;

	fill(&attr, part, kind, stack);
	return open_event(&attr, 0, -1);
}

/* ---- rings ---- */

static int map_ring(struct ff_ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t pages = RING_PAGES; pages >= RING_LEAST; pages /= 2) {
		void *map = mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE, MAP_SHARED,
				 ring->fd, 0);

		if (map != MAP_FAILED) {
			ring->map = map;
			ring->size = pages * page;
			return 0;
		}
		if (errno != EPERM && errno != ENOMEM)
			break;
	}
	return -errno;
}

/* An event that never fires holds a processor's ring: one of a target's ends with its thread. */
static int open_ring(struct ff_ring *ring, int processor)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_period = 1,
		.wakeup_events = WAKE_AFTER,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	int error;

	ring->fd = open_event(&attr, 0, processor);
	if (ring->fd < 0)
		return ring->fd;
	error = map_ring(ring);
	if (error)
		close(ring->fd);
	return error;
}

static int open_rings(struct ff_events *events)
{
	long processors = sysconf(_SC_NPROCESSORS_CONF);

	events->rings = calloc((size_t)processors, sizeof(*events->rings));
	events->processors = calloc((size_t)processors, sizeof(*events->processors));
	if (!events->rings || !events->processors)
		return -ENOMEM;
	for (int i = 0; i < processors; i++) {
		int error = open_ring(&events->rings[events->nrings], i);

		if (error == -ENODEV)	/* it is switched off */
			continue;
		if (error)
			return error;
		events->processors[events->nrings++] = i;
	}
	return 0;
}

/* Copy what may lie around a ring's end. */
static void copy(const struct ff_ring *ring, const uint8_t *data, uint64_t at, void *out,
		 size_t size)
{
	size_t start = at & (ring->size - 1);
	size_t straight = ring->size - start < size ? ring->size - start : size;

	memcpy(out, data + start, straight);
	memcpy((uint8_t *)out + straight, data, size - straight);
}

void ff_rings_drain(const struct ff_events *events, void (*record)(void *context, void *bytes),
		    void *context)
{
	uint64_t bytes[FF_RECORD_MAX / sizeof(uint64_t)];

	for (size_t i = 0; i < events->nrings; i++) {
		struct ff_ring *ring = &events->rings[i];
		struct perf_event_mmap_page *control = ring->map;
		const uint8_t *data = (const uint8_t *)ring->map + sysconf(_SC_PAGESIZE);
		uint64_t head = __atomic_load_n(&control->data_head, __ATOMIC_ACQUIRE);
		uint64_t tail = control->data_tail;

		while (tail < head) {
			struct perf_event_header header;

			copy(ring, data, tail, &header, sizeof(header));
			if (header.size < sizeof(header))
				break;
			copy(ring, data, tail, bytes, header.size);
			tail += header.size;
			record(context, bytes);
		}
		__atomic_store_n(&control->data_tail, tail, __ATOMIC_RELEASE);
	}
}

/* ---- events ---- */

/* Whether inheriting can be restricted to threads; known after the first event. */
static uint64_t *flags_of(struct perf_event_attr *attr)
{
	/* the bit fields are the 64 bits behind read_format */
	return (uint64_t *)(void *)((uint8_t *)&attr->read_format + sizeof(attr->read_format));
}

static int add_event(struct ff_events *events, struct perf_event_attr *attr, pid_t tid,
		     uint32_t part, size_t ring)
{
	struct ff_event *event;
	int error;

	if (events->nevents == events->events_room) {
		size_t room = events->events_room ? 2 * events->events_room : 64;
		struct ff_event *more = realloc(events->events, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		events->events = more;
		events->events_room = room;
	}
	event = &events->events[events->nevents];
	event->fd = open_event(attr, tid, events->processors[ring]);
	if (event->fd < 0)
		return event->fd;
	event->opener = (uint32_t)events->source.nopeners;
	event->part = part;
	if (ioctl(event->fd, PERF_EVENT_IOC_ID, &event->id) ||
	    ioctl(event->fd, PERF_EVENT_IOC_SET_OUTPUT, events->rings[ring].fd)) {
		error = -errno;
		close(event->fd);
		return error;
	}
	events->nevents++;
	events->of[event->opener].n++;
	return 0;
}

static int add_part(struct ff_events *events, pid_t tid, uint32_t part, size_t ring)
{
	struct perf_event_attr attr;
	int error;

	fill(&attr, &events->parts[part], events->kind, events->stack);
	attr.inherit = 1;
	attr.comm = 1;
	attr.comm_exec = 1;
	*flags_of(&attr) |= INHERIT_THREAD;
	error = add_event(events, &attr, tid, part, ring);
	if (error != -EINVAL)
		return error;
	*flags_of(&attr) &= ~INHERIT_THREAD;
	return add_event(events, &attr, tid, part, ring);
}

/* A clock of all that a thread runs, and of those that it starts. */
static int open_clock(pid_t tid)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.inherit = 1,
	};
	int fd;

	*flags_of(&attr) |= INHERIT_THREAD;
	fd = open_event(&attr, tid, -1);
	if (fd != -EINVAL)
		return fd;
	*flags_of(&attr) &= ~INHERIT_THREAD;
	return open_event(&attr, tid, -1);
}

static void drop_opener(struct ff_events *events)
{
	struct ff_events_of *of = &events->of[events->source.nopeners];

	close(of->clock);
	while (of->n) {
		close(events->events[--events->nevents].fd);
		of->n--;
	}
}

static int grow(struct ff_events *events)
{
	struct ff_events_of *more;
	int error = ff_source_grow(&events->source);

	if (error || events->source.openers_room == events->of_room)
		return error;
	more = realloc(events->of, events->source.openers_room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	events->of = more;
	events->of_room = events->source.openers_room;
	return 0;
}

/* All parts on all processors for a thread, and its clock, or none. */
static int add_opener(struct ff_events *events, pid_t tid)
{
	size_t which = events->source.nopeners;
	int clock, error = grow(events);

	if (error)
		return error;
	clock = open_clock(tid);
	if (clock < 0)
		return clock;
	events->source.openers[which] = (struct ff_opener){ .tid = tid };
	events->of[which] = (struct ff_events_of){
		.first = (uint32_t)events->nevents, .clock = clock,
	};
	for (size_t ring = 0; ring < events->nrings; ring++) {
		for (uint32_t part = 0; part < events->nparts; part++) {
			error = add_part(events, tid, part, ring);
			if (error) {
				drop_opener(events);
				return error;
			}
		}
	}
	events->source.nopeners++;
	return 0;
}

static bool is_opened(const struct ff_events *events, pid_t tid)
{
	for (size_t i = 0; i < events->source.nopeners; i++) {
		if (events->source.openers[i].tid == tid)
			return true;
	}
	return false;
}

/* Open events for a thread that has none: 1, or 0 when it has some or needs none. */
static ssize_t open_thread(struct ff_events *events, pid_t tid, bool first)
{
	int error;

	if (is_opened(events, tid))
		return 0;
	error = add_opener(events, tid);
	/*
	 * It has ended; or, once others were opened, it was started by one of them and has
	 * inherited what takes all of its debug registers.
	 */
	if (error == -ESRCH || (error == -ENOSPC && !first))
		return 0;
	return error ? error : 1;
}

static ssize_t open_first(void *events, pid_t tid)
{
	return open_thread(events, tid, true);
}

static ssize_t open_later(void *events, pid_t tid)
{
	return open_thread(events, tid, false);
}

/*
 * A thread may be started from one that has no events yet while others get theirs, so look
 * again until there are no more. One that inherits events may be given some of its own here:
 * whoever takes its hits goes by those of one opener.
 */
static int open_all(struct ff_events *events)
{
	ssize_t opened = ff_tasks_each(events->pid, open_first, events);

	if (!opened)
		return -ESRCH;
	for (int pass = 1; opened > 0 && pass < PASSES; pass++)
		opened = ff_tasks_each(events->pid, open_later, events);
	return opened < 0 ? (int)opened : 0;
}

/* The limit of descriptors counts when they are opened, and no later. */
static int open_within_hard_limit(struct ff_events *events)
{
	struct rlimit limit, raised;
	bool is_raised = false;
	int error;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < limit.rlim_max) {
		raised = limit;
		raised.rlim_cur = limit.rlim_max;
		is_raised = !setrlimit(RLIMIT_NOFILE, &raised);
	}
	error = open_all(events);
	if (is_raised)
		setrlimit(RLIMIT_NOFILE, &limit);
	return error;
}

static void close_all(struct ff_source *source)
{
	struct ff_events *events = (struct ff_events *)source;

	for (size_t i = 0; i < events->nevents; i++)
		close(events->events[i].fd);
	for (size_t i = 0; i < source->nopeners; i++)
		close(events->of[i].clock);
	for (size_t i = 0; i < events->nrings; i++) {
		munmap(events->rings[i].map,
		       events->rings[i].size + (size_t)sysconf(_SC_PAGESIZE));
		close(events->rings[i].fd);
	}
	free(events->events);
	free(events->of);
	free(source->openers);
	free(events->rings);
	free(events->processors);
	free(events);
}

const struct ff_event *ff_events_find(const struct ff_events *events, uint64_t id)
{
	size_t low = 0, high = events->nevents;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (events->events[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < events->nevents && events->events[low].id == id ? &events->events[low] : NULL;
}

static void files(const struct ff_source *source, struct pollfd *files)
{
	const struct ff_events *events = (const struct ff_events *)source;

	for (size_t i = 0; i < events->nrings; i++)
		files[i] = (struct pollfd){ .fd = events->rings[i].fd, .events = POLLIN };
}

static void rest(struct ff_source *source, uint32_t opener, bool rest)
{
	const struct ff_events *events = (const struct ff_events *)source;
	const struct ff_events_of *of = &events->of[opener];

	for (uint32_t i = 0; i < of->n; i++)
		ioctl(events->events[of->first + i].fd,
		      rest ? PERF_EVENT_IOC_DISABLE : PERF_EVENT_IOC_ENABLE, 0);
}

/* How long an opener's threads have run. */
static uint64_t ran(struct ff_source *source, uint32_t opener)
{
	const struct ff_events *events = (const struct ff_events *)source;
	uint64_t time;

	return read(events->of[opener].clock, &time, sizeof(time)) == sizeof(time) ? time : 0;
}

static void stop(struct ff_source *source)
{
	const struct ff_events *events = (const struct ff_events *)source;

	for (size_t i = 0; i < events->nevents; i++)
		ioctl(events->events[i].fd, PERF_EVENT_IOC_DISABLE, 0);
}

static uint64_t fired(const struct ff_source *source)
{
	const struct ff_events *events = (const struct ff_events *)source;
	uint64_t all = 0;

	for (size_t i = 0; i < events->nevents; i++) {
		uint64_t count;

		if (read(events->events[i].fd, &count, sizeof(count)) == sizeof(count))
			all += count;
	}
	return all;
}

static const struct ff_source_ways ways = {
	.files = files, .drain = ff_records_drain, .rest = rest, .clock = ran, .stop = stop,
	.fired = fired, .close = close_all,
};

int ff_events_open(const struct ff_watch_spec *spec, const struct ff_watch_part *parts,
		   size_t nparts, struct ff_source **out)
{
	struct ff_events *events = calloc(1, sizeof(*events));
	int error;

	if (!events)
		return -ENOMEM;
	events->source.ways = &ways;
	events->pid = spec->pid;
	memcpy(events->parts, parts, nparts * sizeof(*parts));
	events->nparts = nparts;
	events->kind = spec->kind;
	events->stack = spec->stack;
	error = open_rings(events);
	if (!error)
		error = open_within_hard_limit(events);
	if (error) {
		close_all(&events->source);
		return error;
	}
	events->source.nfiles = events->nrings;
	events->source.threads = (uint32_t)events->source.nopeners;
	*out = &events->source;
	return 0;
}
