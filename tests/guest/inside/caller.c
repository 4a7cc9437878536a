// SPDX-License-Identifier: MIT
/*
 * Calls farfetch(2), /dev/farfetch and process_vm_readv(2) as it is told, one
 * command a line on stdin; answers with key=value lines and an empty line. It is
 * also the target, where who may touch whom is asked. For 32 bits it is the same.
 *
 *   call WAY OP PID ADDRESS LENGTH BUFFER [HEX]   result, errno, bytes
 *   request CMD FLAGS RESERVED PID ADDRESS LENGTH  the ioctl with these words
 *   ioctl NUMBER                                   another ioctl
 *   storm WAY OP PID ADDRESS LENGTH SECONDS THREADS  calls, copied, failed, wrong
 *   inject WAY OP PID ADDRESS LENGTH               faults, then errnos of the calls
 *   bench WAY PID ADDRESS SIZE CHUNK ROUNDS        nanoseconds
 *   resuid R E S, resgid R E S, groups, keepcaps, dumpable N, ptracer, unshare,
 *   setns PID (its user namespace), landlock (open no file any more),
 *   caps PERMITTED EFFECTIVE, exec, fork, touch,
 *   close
 *
 * WAY is syscall, device (as the module's mode says), gup, walk (the device in
 * that mode) or process_vm. OP is read, write or a number; in a storm also check: a
 * read that must find, as far as it gets, what was there at the start. BUFFER is an address,
 * or good, half:N (N bytes, whatever the length), readonly, null or
 * kernel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/farfetch.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SHOWN ((size_t)1 << 16)
#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

_Static_assert(sizeof(struct farfetch_request) == 40, "the request has holes");
_Static_assert(__NR_farfetch == 505, "the number is fixed");

static char planted[] __attribute__((aligned(4096))) = "planted in the caller";

struct call {
	const char *way;
	unsigned int cmd;
	pid_t pid;
	uint64_t address;
	uint64_t length;
};

static int device_file = -1;

static int device(void)
{
	if (device_file < 0)
		device_file = open("/dev/farfetch", O_RDWR | O_CLOEXEC);
	return device_file;
}

static long request(uint32_t cmd, uint32_t flags, uint32_t reserved, pid_t pid, uint64_t address,
		    uint64_t length, void *buffer)
{
	struct farfetch_request words = {
		.cmd = cmd,
		.flags = flags,
		.target_pid = pid,
		.reserved = reserved,
		.addr = (uintptr_t)buffer,
		.target_addr = address,
		.len = length,
	};

	return device() < 0 ? -1 : ioctl(device(), FARFETCH_IOC_COPY, &words);
}

static long perform(const struct call *call, void *buffer)
{
	if (!strcmp(call->way, "process_vm")) {
		struct iovec local = { buffer, call->length };
		struct iovec remote = { (void *)(uintptr_t)call->address, call->length };

		return call->cmd == FAR_READ ?
			       process_vm_readv(call->pid, &local, 1, &remote, 1, 0) :
			       process_vm_writev(call->pid, &local, 1, &remote, 1, 0);
	}
	if (!strcmp(call->way, "syscall"))
		return syscall(__NR_farfetch, call->cmd, buffer, call->pid,
			       (unsigned long)call->address, (size_t)call->length);
	return request(call->cmd,
		       !strcmp(call->way, "gup")  ? FAR_MODE_GUP :
		       !strcmp(call->way, "walk") ? FAR_MODE_WALK :
						    FAR_MODE_DEFAULT,
		       0, call->pid, call->address, call->length, buffer);
}

static void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("caller: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(2);
}

static void tell(int failed)
{
	printf("result=%d\nerrno=%d\n", failed ? -1 : 0, failed ? errno : 0);
}

/* A mapping of whole pages with a page that is not mapped right after it. */
static char *guarded(size_t size)
{
	size_t pages = (size + PAGE - 1) / PAGE + !size;
	char *area = mmap(NULL, (pages + 1) * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		fail("no memory for %zu bytes", size);
	munmap(area + pages * PAGE, PAGE);
	return area;
}

static char *next(char **line)
{
	char *word = strsep(line, " ");

	if (!word)
		fail("a word is missing");
	return word;
}

static uint64_t number(char **line)
{
	return strtoull(next(line), NULL, 0);
}

static unsigned int operation(const char *word)
{
	return !strcmp(word, "read") || !strcmp(word, "check") ? FAR_READ :
	       !strcmp(word, "write") ? FAR_WRITE :
					(unsigned int)strtoul(word, NULL, 0);
}

static struct call parse(char **line)
{
	struct call call = { .way = next(line) };

	call.cmd = operation(next(line));
	call.pid = (pid_t)strtol(next(line), NULL, 0);
	call.address = number(line);
	call.length = number(line);
	return call;
}

static void do_call(char *line)
{
	struct call call = parse(&line);
	const char *kind = next(&line);
	size_t size = call.length, pages;
	char *area = NULL, *buffer;
	long result;
	int error;

	if (!strncmp(kind, "half:", 5))
		size = strtoull(kind + 5, NULL, 0);
	pages = (size + PAGE - 1) / PAGE + !size;
	if (!strcmp(kind, "good") || !strcmp(kind, "readonly") || !strncmp(kind, "half:", 5)) {
		area = guarded(size);
		buffer = area + pages * PAGE - size;
	} else if (!strcmp(kind, "null")) {
		buffer = NULL;
	} else if (!strcmp(kind, "kernel")) {
		buffer = (char *)~(uintptr_t)0xffffff;
	} else {
		buffer = (char *)(uintptr_t)strtoull(kind, NULL, 0);
	}
	if (line && area) {
		for (size_t i = 0; i < size && line[2 * i]; i++)
			sscanf(line + 2 * i, "%2hhx", &buffer[i]);
	}
	if (!strcmp(kind, "readonly"))
		mprotect(area, pages * PAGE, PROT_READ);

	errno = 0;
	result = perform(&call, buffer);
	error = errno;
	printf("result=%ld\nerrno=%d\n", result, result < 0 ? error : 0);
	if (area && result > 0 && call.cmd == FAR_READ) {
		printf("bytes=");
		for (size_t i = 0; i < (size_t)result && i < SHOWN; i++)
			printf("%02x", (unsigned char)buffer[i]);
		printf("\n");
	}
	if (area)
		munmap(area, pages * PAGE);
}

static void do_request(char *line)
{
	uint32_t cmd = number(&line), flags = number(&line), reserved = number(&line);
	pid_t pid = (pid_t)strtol(next(&line), NULL, 0);
	uint64_t address = number(&line), length = number(&line);
	char *area = guarded(length);
	long result = request(cmd, flags, reserved, pid, address, length, area);

	printf("result=%ld\nerrno=%d\n", result, result < 0 ? errno : 0);
	munmap(area, (length + PAGE - 1) / PAGE * PAGE + !length * PAGE);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

struct storm {
	struct call call;
	const char *expected;
	uint64_t lasts, calls, copied, failed, wrong;
};

/*
 * Whether a storm has lasted long enough. A step of it counts as a quarter of it at most:
 * where the machine stands still, or is slow, that is no time that anything came to pass in.
 */
static bool is_over(uint64_t lasts, uint64_t *lasted, uint64_t *before)
{
	uint64_t at = now(), step = at - *before;

	*lasted += step < lasts / 4 ? step : lasts / 4;
	*before = at;
	return *lasted >= lasts;
}

static void *blow(void *argument)
{
	struct storm *storm = argument;
	char *buffer = guarded(storm->call.length);
	uint64_t lasted = 0, before = now();

	memset(buffer, 0x5a, storm->call.length);
	do {
		long result = perform(&storm->call, buffer);

		storm->calls++;
		storm->copied += result > 0;
		storm->failed += result < 0;
		if (storm->expected && result > 0)
			storm->wrong += !!memcmp(buffer, storm->expected, result);
	} while (!is_over(storm->lasts, &lasted, &before));
	return NULL;
}

static void do_storm(char *line)
{
	bool checked = strstr(line, " check ");
	struct call call = parse(&line);
	double seconds = strtod(next(&line), NULL);
	size_t count = number(&line);
	struct storm *storms = calloc(count, sizeof(*storms));
	pthread_t *threads = calloc(count, sizeof(*threads));
	struct storm sum = { 0 };
	char *expected = NULL;
	uint64_t deadline;

	if (checked) {
		struct call first = call;

		expected = guarded(call.length);
		first.way = "process_vm";
		/* Where the target executes others' programs it cannot be read each time. */
		deadline = now() + 60000000000;
		while (perform(&first, expected) != (long)call.length)
			if (now() > deadline)
				fail("cannot read what is there: %s", strerror(errno));
	}
	for (size_t i = 0; i < count; i++) {
		storms[i].call = call;
		storms[i].expected = expected;
		storms[i].lasts = (uint64_t)(seconds * 1e9);
		pthread_create(&threads[i], NULL, blow, &storms[i]);
	}
	for (size_t i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		sum.calls += storms[i].calls;
		sum.copied += storms[i].copied;
		sum.failed += storms[i].failed;
		sum.wrong += storms[i].wrong;
	}
	printf("calls=%" PRIu64 "\ncopied=%" PRIu64 "\nfailed=%" PRIu64 "\nwrong=%" PRIu64 "\n",
	       sum.calls, sum.copied, sum.failed, sum.wrong);
	free(storms);
	free(threads);
}

/* Fail the first allocation or user copy of a call, then the second, to the last. */
static void do_inject(char *line)
{
	struct call call = parse(&line);
	char *buffer = guarded(call.length);
	int file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	char left[16] = "";
	unsigned int nth;

	if (file < 0)
		fail("no fail-nth: %s", strerror(errno));
	memset(buffer, 0, call.length);
	device();
	for (nth = 1; nth < 10000; nth++) {
		int length = snprintf(left, sizeof(left), "%u", nth);
		long result;
		int error;

		if (pwrite(file, left, length, 0) != length)
			fail("fail-nth: %s", strerror(errno));
		errno = 0;
		result = perform(&call, buffer);
		error = errno;
		/*
		 * If the call did not need what is left, it came to its end by itself.
		 * Then to ask may fail, for it takes from that too.
		 */
		memset(left, 0, sizeof(left));
		if (pread(file, left, sizeof(left) - 1, 0) < 0 || atoi(left)) {
			while (pwrite(file, "0", 1, 0) != 1)
				;
			if (result != (long)call.length)
				fail("a call without faults came to %ld", result);
			break;
		}
		printf("%u=%ld %d\n", nth, result, result < 0 ? error : 0);
	}
	printf("faults=%u\n", nth - 1);
	close(file);
	munmap(buffer, call.length);
}

static void do_bench(char *line)
{
	struct call call = { .way = next(&line), .cmd = FAR_READ };
	uint64_t start, size, chunk, begun;
	unsigned long rounds;
	char *buffer;

	call.pid = (pid_t)strtol(next(&line), NULL, 0);
	start = number(&line);
	size = number(&line);
	chunk = number(&line);
	rounds = number(&line);
	buffer = guarded(chunk);
	memset(buffer, 1, chunk);
	call.length = chunk;
	begun = now();
	for (unsigned long round = 0; round < rounds; round++) {
		for (uint64_t at = 0; at + chunk <= size; at += chunk) {
			call.address = start + at;
			if (perform(&call, buffer) != (long)chunk)
				fail("a short read at %#" PRIx64 ": %s", call.address,
				     strerror(errno));
		}
	}
	printf("nanoseconds=%" PRIu64 "\n", now() - begun);
	munmap(buffer, chunk);
}

static void do_caps(char *line)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct words[2] = { 0 };
	uint64_t permitted = number(&line), effective = number(&line);

	for (int i = 0; i < 2; i++) {
		words[i].permitted = permitted >> (32 * i);
		words[i].effective = effective >> (32 * i);
	}
	tell(syscall(SYS_capset, &header, words));
}

static int do_setns(pid_t pid)
{
	char path[32];
	int file, result;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	result = setns(file, CLONE_NEWUSER);
	close(file);
	return result;
}

/* The device is open before: it is calls that are asked about, not this file. */
static int do_landlock(void)
{
	struct landlock_ruleset_attr rules = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				     LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE,
	};
	int file, result;

	device();
	file = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (file < 0)
		return -1;
	result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		 syscall(SYS_landlock_restrict_self, file, 0);
	close(file);
	return result;
}

static void greet(void)
{
	printf("pid=%d\naddr=0x%" PRIxPTR "\nsize=%zu\n\n", getpid(), (uintptr_t)planted,
	       sizeof(planted));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static char line[4 * SHOWN];

	(void)argc;
	greet();
	while (fgets(line, sizeof(line), stdin)) {
		char *rest = line, *word;

		line[strcspn(line, "\n")] = 0;
		word = next(&rest);
		if (!strcmp(word, "call")) {
			do_call(rest);
		} else if (!strcmp(word, "request")) {
			do_request(rest);
		} else if (!strcmp(word, "ioctl")) {
			tell(ioctl(device(), number(&rest), planted) < 0);
		} else if (!strcmp(word, "storm")) {
			do_storm(rest);
		} else if (!strcmp(word, "inject")) {
			do_inject(rest);
		} else if (!strcmp(word, "bench")) {
			do_bench(rest);
		} else if (!strcmp(word, "resuid")) {
			uid_t real = number(&rest), effective = number(&rest);

			tell(setresuid(real, effective, number(&rest)));
		} else if (!strcmp(word, "resgid")) {
			gid_t real = number(&rest), effective = number(&rest);

			tell(setresgid(real, effective, number(&rest)));
		} else if (!strcmp(word, "groups")) {
			tell(setgroups(0, NULL));
		} else if (!strcmp(word, "keepcaps")) {
			tell(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
		} else if (!strcmp(word, "dumpable")) {
			tell(prctl(PR_SET_DUMPABLE, number(&rest), 0, 0, 0));
		} else if (!strcmp(word, "ptracer")) {
			tell(prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0));
		} else if (!strcmp(word, "caps")) {
			do_caps(rest);
		} else if (!strcmp(word, "unshare")) {
			tell(unshare(CLONE_NEWUSER));
		} else if (!strcmp(word, "setns")) {
			tell(do_setns((pid_t)number(&rest)));
		} else if (!strcmp(word, "landlock")) {
			tell(do_landlock());
		} else if (!strcmp(word, "exec")) {
			execv("/proc/self/exe", argv);
			fail("cannot execute itself: %s", strerror(errno));
		} else if (!strcmp(word, "fork")) {
			/* The child is a target: it waits to be killed. */
			pid_t child = fork();

			if (!child) {
				prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
				pause();
				_exit(0);
			}
			printf("child=%d\n", child);
		} else if (!strcmp(word, "close")) {
			close(device_file);
			device_file = -1;
		} else if (!strcmp(word, "touch")) {
			printf("text=%s\n", planted);
		} else {
			fail("no command %s", word);
		}
		putchar('\n');
		fflush(stdout);
	}
	return 0;
}
