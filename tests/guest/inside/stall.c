// SPDX-License-Identifier: MIT
/*
 * Makes one call that stays inside the module for as long as it is told: what it reads goes to
 * a page that userfaultfd(2) holds back. Until the module is there it tries again and again.
 *
 *   stall WAY PID ADDRESS
 *
 * WAY is syscall, gup or walk (the device in that mode). It greets with its pid and where the
 * page is. Each line on stdin is answered with
 * key=value lines and an empty one: calls (that there have been), inside (whether one is now).
 * The line "wake" lets the page come, waits for the call, and adds result and errno.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/farfetch.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE 8

static const char *way;
static pid_t target;
static uint64_t address;
static void *page;
static int device_file = -1;
static atomic_ulong calls;
static atomic_bool enough;
static long result;
static int error;

static void need(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "stall: %s: %s\n", what, strerror(errno));
	exit(2);
}

static long perform(void)
{
	struct farfetch_request words = {
		.cmd = FAR_READ,
		.flags = !strcmp(way, "gup") ? FAR_MODE_GUP : FAR_MODE_WALK,
		.target_pid = target,
		.addr = (uintptr_t)page,
		.target_addr = address,
		.len = SIZE,
	};

	if (!strcmp(way, "syscall"))
		return syscall(__NR_farfetch, FAR_READ, page, target, (unsigned long)address, SIZE);
	return ioctl(device_file, FARFETCH_IOC_COPY, &words);
}

static void *call(void *unused)
{
	(void)unused;
	do {
		result = perform();
		error = result < 0 ? errno : 0;
		calls++;
	} while (error == ENOSYS && !enough);
	return NULL;
}

/* Return a file that says when somebody waits for the page; to close it lets them go on. */
static int hold_back(size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int file = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	need(file >= 0 && !ioctl(file, UFFDIO_API, &api), "userfaultfd");
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(page != MAP_FAILED, "a page");
	range.range.start = (uintptr_t)page;
	range.range.len = size;
	need(!ioctl(file, UFFDIO_REGISTER, &range), "userfaultfd's page");
	return file;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	char line[16];
	int held;

	need(argc == 4, "usage: stall WAY PID ADDRESS");
	way = argv[1];
	target = (pid_t)strtol(argv[2], NULL, 0);
	address = strtoull(argv[3], NULL, 0);
	if (strcmp(way, "syscall")) {
		device_file = open("/dev/farfetch", O_RDWR | O_CLOEXEC);
		need(device_file >= 0, "/dev/farfetch");
	}
	held = hold_back((size_t)sysconf(_SC_PAGESIZE));
	need(!pthread_create(&thread, NULL, call, NULL), "a thread");
	printf("pid=%d\npage=0x%" PRIxPTR "\n\n", getpid(), (uintptr_t)page);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		struct pollfd message = { .fd = held, .events = POLLIN };

		printf("calls=%lu\ninside=%d\n", calls, poll(&message, 1, 0) == 1);
		if (!strcmp(line, "wake\n")) {
			enough = true;
			close(held);
			pthread_join(thread, NULL);
			printf("result=%ld\nerrno=%d\n", result, error);
		}
		putchar('\n');
		fflush(stdout);
	}
	return 0;
}
