// SPDX-License-Identifier: MIT
/*
 * What another process does for us: a system call, and standing still while its code changes
 *
 * A call is made by one thread, which is stopped, set on a syscall instruction that it has
 * anyway, stepped over it and set back: 60 to 160 microseconds. Code is changed while no
 * thread runs, and none is inside of what changes: each of those is stepped out first. No
 * order of writes would do without (a thread between two of three old instructions goes on
 * in the middle of the new one).
 */
#include "../ff.h"
#include "stop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __x86_64__

#define STEPS 256	/* until a thread is out of what changes */
#define ROUNDS 64	/* of looking for threads that have begun since */

static void block(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
}

static void unblock(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* Set the registers for a call; 32-bit code has its own, and its own numbers. */
static void set_call(struct user_regs_struct *registers, const struct ff_remote_call *call)
{
	registers->rip = call->at;
	registers->rax = call->number;
	registers->orig_rax = -1ull;
	if (call->narrow) {
		registers->rbx = call->arguments[0];
		registers->rcx = call->arguments[1];
		registers->rdx = call->arguments[2];
		registers->rsi = call->arguments[3];
		registers->rdi = call->arguments[4];
		registers->rbp = call->arguments[5];
	} else {
		registers->rdi = call->arguments[0];
		registers->rsi = call->arguments[1];
		registers->rdx = call->arguments[2];
		registers->r10 = call->arguments[3];
		registers->r8 = call->arguments[4];
		registers->r9 = call->arguments[5];
	}
}

static int call_stopped(struct ff_stopped *thread, const struct ff_remote_call *call,
			int64_t *result)
{
	struct user_regs_struct before, now;
	bool narrow;
	int error;

	error = ff_stop_registers(thread, &before);
	if (error)
		return error;
	narrow = before.cs == 0x23;
	if (narrow != call->narrow)
		return -EAGAIN;
	now = before;
	set_call(&now, call);
	error = ff_stop_put(thread, &now);
	if (!error)
		error = ff_stop_step(thread);
	if (!error)
		error = ff_stop_registers(thread, &now);
	if (!error && now.rip != call->at + 2)
		error = -EFAULT;
	if (!error)
		*result = narrow ? (int32_t)now.rax : (int64_t)now.rax;
	if (thread->here)	/* whatever has become of it */
		ff_stop_put(thread, &before);
	return error;
}

int ff_remote_syscall(int tid, const struct ff_remote_call *call, int64_t *result)
{
	struct ff_stopped thread;
	sigset_t before;
	int error;

	block(&before);
	error = ff_stop_ask(&thread, tid);
	if (!error)
		error = ff_stop_wait(&thread);
	if (!error)
		error = call_stopped(&thread, call, result);
	ff_stop_end(&thread);
	unblock(&before);
	return error;
}

/* All threads of a process that stand still. */
struct herd {
	struct ff_stopped *threads;
	size_t n;
	size_t room;
};

static bool is_stopped(const struct herd *herd, pid_t tid)
{
	for (size_t i = 0; i < herd->n; i++)
		if (herd->threads[i].tid == tid)
			return true;
	return false;
}

static int add(struct herd *herd, pid_t tid)
{
	int error;

	if (herd->n == herd->room) {
		size_t room = herd->room ? herd->room * 2 : 64;
		struct ff_stopped *more = realloc(herd->threads, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		herd->threads = more;
		herd->room = room;
	}
	error = ff_stop_ask(&herd->threads[herd->n], tid);
	if (error == -ESRCH)	/* it has ended meanwhile */
		return 0;
	herd->n++;
	return error;
}

/* Ask all to stop that were not yet asked; how many these were. */
static int gather(struct herd *herd, int pid)
{
	char name[32];
	struct dirent *entry;
	int error = 0, fresh = 0;
	DIR *folder;

	snprintf(name, sizeof(name), "/proc/%d/task", pid);
	folder = opendir(name);
	if (!folder)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!error && (entry = readdir(folder)) != NULL) {
		pid_t tid = atoi(entry->d_name);

		if (tid <= 0 || is_stopped(herd, tid))
			continue;
		fresh++;
		error = add(herd, tid);
	}
	closedir(folder);
	return error ? error : fresh;
}

/* What a thread starts before it stops is found in the next round. */
static int stop_all(struct herd *herd, int pid)
{
	for (int round = 0; round < ROUNDS; round++) {
		size_t asked = herd->n;
		int fresh = gather(herd, pid);

		for (size_t i = asked; i < herd->n; i++) {
			int error = ff_stop_wait(&herd->threads[i]);

			if (error && error != -ESRCH)
				return error;
		}
		if (fresh <= 0)
			return fresh;
	}
	return -EAGAIN;
}

static bool is_inside(uint64_t ip, const struct ff_remote_piece *pieces, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ip > pieces[i].address && ip - pieces[i].address < pieces[i].size)
			return true;
	return false;
}

/* Step a thread until it is out of what changes. */
static int step_out(struct ff_stopped *thread, const struct ff_remote_piece *pieces, size_t n)
{
	struct user_regs_struct registers;
	int error;

	for (int steps = 0; steps < STEPS; steps++) {
		error = ff_stop_registers(thread, &registers);
		if (error || !is_inside(registers.rip, pieces, n))
			return error;
		error = ff_stop_step(thread);
		if (error)
			return error;
	}
	return -EBUSY;
}

static int put(int memory, uint64_t address, const uint8_t *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pwrite(memory, bytes + done, size - done, (off_t)(address + done));

		if (n <= 0)
			return n < 0 && errno != EIO ? -errno : -EFAULT;
		done += (size_t)n;
	}
	return 0;
}

static int is_there(int memory, uint64_t address, const uint8_t *bytes, size_t size)
{
	uint8_t there[256];

	for (size_t done = 0; done < size;) {
		size_t want = size - done < sizeof(there) ? size - done : sizeof(there);

		if (pread(memory, there, want, (off_t)(address + done)) != (ssize_t)want)
			return -EFAULT;
		if (memcmp(there, bytes + done, want))
			return -EILSEQ;
		done += want;
	}
	return 0;
}

/* Look whether the old bytes are all there, then put the new ones; back where one fails. */
static int change(int memory, const struct ff_remote_piece *pieces, size_t n)
{
	int error = 0;
	size_t i;

	for (i = 0; i < n && !error; i++)
		error = is_there(memory, pieces[i].address, pieces[i].before, pieces[i].size);
	if (error)
		return error;
	for (i = 0; i < n && !error; i++) {
		error = put(memory, pieces[i].address, pieces[i].after, pieces[i].size);
		if (!error)
			error = is_there(memory, pieces[i].address, pieces[i].after,
					 pieces[i].size);
	}
	while (error && i--)
		put(memory, pieces[i].address, pieces[i].before, pieces[i].size);
	return error;
}

int ff_remote_change(int pid, int memory, const struct ff_remote_piece *pieces, size_t n)
{
	struct herd herd = { 0 };
	sigset_t before;
	int error;

	block(&before);
	error = stop_all(&herd, pid);
	for (size_t i = 0; i < herd.n && !error; i++) {
		if (!herd.threads[i].here)	/* it has ended */
			continue;
		error = step_out(&herd.threads[i], pieces, n);
		if (error == -ESRCH)
			error = 0;
	}
	if (!error)
		error = change(memory, pieces, n);
	while (herd.n)
		ff_stop_end(&herd.threads[--herd.n]);
	unblock(&before);
	free(herd.threads);
	return error;
}

#else

int ff_remote_syscall(int tid, const struct ff_remote_call *call, int64_t *result)
{
	(void)tid;
	(void)call;
	(void)result;
	return -ENOSYS;
}

int ff_remote_change(int pid, int memory, const struct ff_remote_piece *pieces, size_t n)
{
	(void)pid;
	(void)memory;
	(void)pieces;
	(void)n;
	return -ENOSYS;
}

#endif
