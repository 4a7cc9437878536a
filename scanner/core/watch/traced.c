// SPDX-License-Identifier: MIT
/*
 * The watch's side of a guardian
 *
 * Its program is started, and not a copy of this process: that would keep all of this one's memory,
 * and have this one copy what it changes. Of descriptors it gets the memory that both share and a
 * socket, by which each wakes the other and learns of its end.
 */
#include "traced.h"

#include "clock.h"
#include "watch/exchange.h"

#include <errno.h>

#ifdef __x86_64__
#include "remote/herd.h"
#include "remote/tracer.h"
#include "watch/registers.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/memfd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEGINS		(10 * FF_SECOND)	/* until it has started, or has tried itself */
#define ENDS		(2 * FF_SECOND)		/* until it has let go of all threads */
#define DESCRIPTORS	10			/* ours are from here on: the first are its own */

struct traced {
	struct ff_source source;	/* at the beginning */
	struct ff_exchange *exchange;
	pid_t guardian;
	int memory, socket;
	bool gone;			/* it has said so by closing its end */
};

/* ---- starting and ending ---- */

static int above(int fd)
{
	int higher = fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTORS), error = errno;

	close(fd);
	return higher < 0 ? -error : higher;
}

static int share(struct traced *traced)
{
	int fd = (int)syscall(SYS_memfd_create, "farfetch-guardian", MFD_CLOEXEC);
	void *map;

	traced->memory = fd < 0 ? -errno : above(fd);
	if (traced->memory < 0)
		return traced->memory;
	if (ftruncate(traced->memory, sizeof(*traced->exchange)))
		return -errno;
	map = mmap(NULL, sizeof(*traced->exchange), PROT_READ | PROT_WRITE, MAP_SHARED,
		   traced->memory, 0);
	if (map == MAP_FAILED)
		return -errno;
	traced->exchange = map;
	strcpy(traced->exchange->name, FF_EXCHANGE_NAME);
	return 0;
}

static int spawn(struct traced *traced, const char *program, int theirs)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char target[16], owner[16];
	char *const arguments[] = { "farfetch-guardian", target, owner, NULL };
	sigset_t defaults;
	int error;

	/* for whoever looks at a list of processes */
	snprintf(target, sizeof(target), "%d", traced->exchange->process);
	snprintf(owner, sizeof(owner), "%d", traced->exchange->owner);
	sigfillset(&defaults);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_addopen(&actions, i, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&actions, traced->memory, FF_EXCHANGE_MEMORY);
	posix_spawn_file_actions_adddup2(&actions, theirs, FF_EXCHANGE_SOCKET);
	error = -posix_spawn(&traced->guardian, program, &actions, &attributes, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (error)
		traced->guardian = 0;
	return error;
}

/*
 * What a file's capability lets this program do is not its children's, unless it is passed on; by
 * this thread, and for no longer than that takes.
 */
static int spawn_able(struct traced *traced, const char *program, int theirs)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct before[2], data[2];
	int error;

	if (syscall(SYS_capget, &header, before) ||
	    !(before[0].permitted & 1u << CAP_SYS_PTRACE) ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_SYS_PTRACE, 0, 0))
		return spawn(traced, program, theirs);
	memcpy(data, before, sizeof(data));
	data[0].inheritable |= 1u << CAP_SYS_PTRACE;
	if (!syscall(SYS_capset, &header, data))
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_PTRACE, 0, 0);
	error = spawn(traced, program, theirs);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_SYS_PTRACE, 0, 0);
	syscall(SYS_capset, &header, before);
	return error;
}

static int start(struct traced *traced, const char *program)
{
	int pair[2], theirs, error;

	traced->exchange->owner = getpid();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	traced->socket = pair[0];
	theirs = above(pair[1]);
	if (theirs < 0)
		return theirs;
	error = spawn_able(traced, program, theirs);
	close(theirs);
	if (error)
		return error;
	/* Yama lets a process say who may trace it; nobody else minds */
	if (traced->exchange->process == getpid())
		prctl(PR_SET_PTRACER, traced->guardian, 0, 0, 0);
	send(traced->socket, "", 1, MSG_NOSIGNAL);
	return 0;
}

/* Take what it says; whether it is gone. A child of ours may hold its end of the socket open. */
static bool listen_to(struct traced *traced)
{
	char bytes[256];
	ssize_t n;

	while (!traced->gone) {
		n = recv(traced->socket, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		traced->gone = !n;
	}
	traced->gone |= __atomic_load_n(&traced->exchange->ended, __ATOMIC_ACQUIRE);
	return traced->gone;
}

/* Wait until it is gone or, at least, has started. */
static void wait_for(struct traced *traced, bool started_will_do, uint64_t patience)
{
	uint64_t until = ff_clock_now() + patience;
	struct pollfd file = { .fd = traced->socket, .events = POLLIN };

	while (!listen_to(traced)) {
		uint64_t now = ff_clock_now();

		if (started_will_do &&
		    __atomic_load_n(&traced->exchange->started, __ATOMIC_ACQUIRE))
			return;
		if (now >= until)
			return;
		poll(&file, 1, (int)((until - now) / FF_MILLISECOND) + 1);
	}
}

static void tell_to_stop(struct traced *traced)
{
	__atomic_store_n(&traced->exchange->stop, true, __ATOMIC_RELEASE);
	send(traced->socket, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/*
 * One that does not end waits for a thread that sleeps in the kernel, to let go of it: then it is
 * left to that.
 */
static void end(struct traced *traced)
{
	if (traced->guardian && traced->exchange->owner == getpid()) {
		tell_to_stop(traced);
		wait_for(traced, false, ENDS);
		waitpid(traced->guardian, NULL, traced->gone ? 0 : WNOHANG);
		if (traced->exchange->process == getpid())
			prctl(PR_SET_PTRACER, 0, 0, 0, 0);
	}
	if (traced->socket >= 0)
		close(traced->socket);
	if (traced->exchange)
		munmap(traced->exchange, sizeof(*traced->exchange));
	if (traced->memory >= 0)
		close(traced->memory);
	free(traced->source.openers);
	free(traced);
}

static struct traced *create(int *error)
{
	struct traced *traced = calloc(1, sizeof(*traced));

	if (!traced) {
		*error = -ENOMEM;
		return NULL;
	}
	traced->memory = traced->socket = -1;
	*error = share(traced);
	if (*error) {
		end(traced);
		return NULL;
	}
	return traced;
}

/* ---- a guardian that was killed ---- */

/*
 * Take the registers that it has left armed, before they kill a thread. A hit that it was just
 * being told of may have killed it by now.
 */
static int clear_all(void *data)
{
	const struct ff_exchange *exchange = data;
	struct ff_herd herd = { 0 };
	int error = ff_herd_stop(&herd, exchange->process);

	for (size_t i = 0; i < herd.n; i++) {
		if (herd.threads[i].here)
			ff_registers_clear_parts(herd.threads[i].tid, exchange->parts,
						 exchange->nparts);
	}
	ff_herd_end(&herd);
	return error;
}

/* ---- what a source does ---- */

static void files(const struct ff_source *source, struct pollfd *files)
{
	files[0] = (struct pollfd){
		.fd = ((const struct traced *)source)->socket, .events = POLLIN,
	};
}

/* A place is another thread's, once one has ended. */
static int meet(struct ff_source *source, const struct ff_exchange_record *record)
{
	struct ff_opener *opener;

	while (source->nopeners <= record->slot) {
		if (ff_source_grow(source))
			return -ENOMEM;
		source->openers[source->nopeners++] = (struct ff_opener){ 0 };
	}
	opener = &source->openers[record->slot];
	if (opener->tid == (pid_t)record->tid)
		return 0;
	*opener = (struct ff_opener){ .tid = (pid_t)record->tid };
	return 0;
}

static void take(struct traced *traced, const struct ff_exchange_record *record,
		 const struct ff_taker *taker)
{
	struct ff_sample sample = {
		.ip = record->ip, .time = record->time, .tid = record->tid,
		.opener = record->slot, .part = record->part, .whole = true,
		.bits = record->bits, .stack = (const uint8_t *)(record + 1),
		.stack_size = record->stack_size,
	};

	if (meet(&traced->source, record))
		return;
	if (record->part == FF_EXCHANGE_RESTED) {
		taker->rested(taker->context, record->slot, &record->stretch);
		return;
	}
	memcpy(sample.registers, record->registers, sizeof(record->registers));
	if (record->lost)
		taker->lost(taker->context, record->slot, record->lost);
	traced->source.samples++;
	taker->sample(taker->context, &sample);
}

static void drain(struct ff_source *source, const struct ff_taker *taker)
{
	struct traced *traced = (struct traced *)source;
	const struct ff_exchange_record *record;
	bool gone = listen_to(traced);

	while ((record = ff_exchange_next(traced->exchange))) {
		take(traced, record, taker);
		ff_exchange_drop(traced->exchange, record);
	}
	source->replaced = traced->exchange->replaced;
	if (gone && !source->replaced && !traced->exchange->stop) {
		source->exited = traced->exchange->exited;
		source->broken = !source->exited;
	}
}

static void rest(struct ff_source *source, uint32_t opener, bool rest)
{
	struct traced *traced = (struct traced *)source;

	if (opener >= FF_EXCHANGE_SLOTS)
		return;
	/* one that is to rest does so at its next hit; others are asked, to fire again */
	__atomic_store_n(&traced->exchange->rest[opener], rest ? source->openers[opener].tid : 0,
			 __ATOMIC_RELEASE);
	if (!rest)
		send(traced->socket, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void stop(struct ff_source *source)
{
	struct traced *traced = (struct traced *)source;

	/* which this process cannot do to itself */
	if (traced->gone && !traced->exchange->ended && traced->exchange->process != getpid())
		ff_tracer_run(traced->exchange->process, clear_all, traced->exchange);
	tell_to_stop(traced);
	wait_for(traced, false, ENDS);
}

static uint64_t fired(const struct ff_source *source)
{
	const struct traced *traced = (const struct traced *)source;

	return __atomic_load_n(&traced->exchange->fired, __ATOMIC_RELAXED);
}

static void close_all(struct ff_source *source)
{
	end((struct traced *)source);
}

static const struct ff_source_ways ways = {
	.files = files, .drain = drain, .rest = rest, .stop = stop,
	.fired = fired, .close = close_all,
};

int ff_traced_open(const struct ff_watch_spec *spec, const struct ff_watch_part *parts,
		   size_t nparts, struct ff_source **out)
{
	struct traced *traced;
	struct ff_exchange *exchange;
	int error;

	traced = create(&error);
	if (!traced)
		return error;
	exchange = traced->exchange;
	exchange->process = spec->pid;
	exchange->kind = spec->kind;
	exchange->stack = spec->stack;
	exchange->nparts = (uint32_t)nparts;
	memcpy(exchange->parts, parts, nparts * sizeof(*parts));
	error = start(traced, spec->guardian);
	if (!error) {
		wait_for(traced, true, BEGINS);
		error = exchange->started ? 0 : exchange->result ? exchange->result : -ECHILD;
	}
	if (error) {
		end(traced);
		return error;
	}
	traced->source.ways = &ways;
	traced->source.stops = true;
	traced->source.nfiles = 1;
	traced->source.threads = exchange->threads;
	*out = &traced->source;
	return 0;
}

int ff_watch_probe_traced(uint32_t stack, const char *guardian, struct ff_watch_cost *cost)
{
	struct traced *traced;
	int error;

	traced = create(&error);
	if (!traced)
		return error;
	traced->exchange->stack = stack;
	error = start(traced, guardian);
	if (!error) {
		wait_for(traced, false, BEGINS);
		error = traced->exchange->result;
		if (!error && !traced->exchange->ended)
			error = -ECHILD;
	}
	*cost = traced->exchange->cost;
	end(traced);
	return error;
}

#else

int ff_traced_open(const struct ff_watch_spec *spec, const struct ff_watch_part *parts,
		   size_t nparts, struct ff_source **out)
{
	(void)spec;
	(void)parts;
	(void)nparts;
	(void)out;
	return -ENOSYS;
}

int ff_watch_probe_traced(uint32_t stack, const char *guardian, struct ff_watch_cost *cost)
{
	(void)stack;
	(void)guardian;
	(void)cost;
	return -ENOSYS;
}

#endif
