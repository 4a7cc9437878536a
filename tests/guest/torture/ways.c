// SPDX-License-Identifier: MIT
/*
 * The ways in, and the module's parameters.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/farfetch.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "torture.h"

#define MODULE ((1u << BY_SYSCALL) | (1u << BY_DEVICE) | (1u << BY_GUP) | (1u << BY_WALK))

const char *const way_names[WAYS] = {
	[BY_SYSCALL] = "syscall", [BY_DEVICE] = "device",	   [BY_GUP] = "gup",
	[BY_WALK] = "walk",	  [BY_PROCESS_VM] = "process_vm",
};

unsigned ways_given;
static int device = -1;

/* Names with commas between. */
void ways_open(const char *names)
{
	for (int way = 0; way < WAYS; way++)
		if (strstr(names, way_names[way]))
			ways_given |= 1u << way;
	if (!ways_given)
		broken("no way given");
	if (!has_module())
		return;
	device = open("/dev/farfetch", O_RDWR);
	if (device < 0)
		broken("/dev/farfetch");
}

bool has_module(void)
{
	return ways_given & MODULE;
}

enum way way_draw(struct dice *dice)
{
	enum way way;

	do
		way = below(dice, WAYS);
	while (!(ways_given & 1u << way));
	return way;
}

static long ask_device(const struct call *call, uint32_t flags)
{
	struct farfetch_request request = {
		.cmd = call->cmd,
		.flags = flags,
		.target_pid = call->pid,
		.addr = (uintptr_t)call->buffer,
		.target_addr = call->address,
		.len = call->length,
	};

	return ioctl(device, FARFETCH_IOC_COPY, &request);
}

/* Bytes copied, or a negative errno. */
long call_make(const struct call *call)
{
	struct iovec local = { call->buffer, call->length };
	struct iovec remote = { (void *)call->address, call->length };
	long done;

	atomic_fetch_add(&shared->counters.calls, 1);
	errno = 0;
	switch (call->way) {
	case BY_SYSCALL:
		done = syscall(__NR_farfetch, call->cmd, call->buffer, call->pid, call->address,
			       call->length);
		break;
	case BY_PROCESS_VM:
		done = call->cmd == FAR_READ ?
			       process_vm_readv(call->pid, &local, 1, &remote, 1, 0) :
			       process_vm_writev(call->pid, &local, 1, &remote, 1, 0);
		break;
	default:
		done = ask_device(call, call->way == BY_GUP  ? FAR_MODE_GUP :
					call->way == BY_WALK ? FAR_MODE_WALK :
							       FAR_MODE_DEFAULT);
	}
	if (done < 0) {
		atomic_fetch_add(&shared->counters.refused, 1);
		return -errno;
	}
	atomic_fetch_add(&shared->counters.copied, 1);
	atomic_fetch_add(&shared->counters.bytes, done);
	return done;
}

static int parameter_open(const char *name, int flags)
{
	char path[64];
	int file;

	snprintf(path, sizeof(path), "/sys/module/farfetch/parameters/%s", name);
	file = open(path, flags | O_CLOEXEC);
	if (file < 0)
		broken(path);
	return file;
}

void parameter_set(const char *name, const char *value)
{
	int file;

	if (!has_module())
		return;
	file = parameter_open(name, O_WRONLY);
	if (write(file, value, strlen(value)) < 0)
		broken(name);
	close(file);
}

/* Whether its value begins so. */
bool parameter_is(const char *name, char value)
{
	char first = 0;
	int file;

	if (!has_module())
		return false;
	file = parameter_open(name, O_RDONLY);
	if (read(file, &first, 1) != 1)
		broken(name);
	close(file);
	return first == value;
}
