// SPDX-License-Identifier: MIT
/*
 * The only program of an arm64 guest: loads the module, copies to and from a
 * child of its own by /dev/farfetch, in both modes, and if its argument is
 * "syscall" by system call 505 too, unloads it, says how it went and powers off.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/farfetch.h>
#include <linux/reboot.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 4
#define TASK_SIZE (1ul << 48)

static int device, failures;
static bool calls; /* by system call 505 and not by the device */
static size_t page;

/* What a call came to: bytes, or a negative errno. */
static long copy(unsigned int flags, unsigned int cmd, pid_t pid, void *buffer, uintptr_t at,
		 size_t length)
{
	struct farfetch_request request = {
		.cmd = cmd, .flags = flags, .target_pid = pid,
		.addr = (uintptr_t)buffer, .target_addr = at, .len = length,
	};
	long done = calls ? syscall(__NR_farfetch, cmd, buffer, pid, at, length) :
			    ioctl(device, FARFETCH_IOC_COPY, &request);

	return done < 0 ? -errno : done;
}

static void expect(const char *what, long got, long wanted)
{
	if (got == wanted)
		return;
	printf("FAILED: %s: %ld, not %ld\n", what, got, wanted);
	failures++;
}

/* A child with pages of known bytes, the last of them never touched. */
static pid_t start_child(uint8_t **bytes)
{
	int ready[2];
	pid_t pid;
	char c;

	*bytes = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (*bytes == MAP_FAILED || pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		for (size_t i = 0; i < PAGES - 1; i++)
			memset(*bytes + i * page, 'a' + (int)i, page);
		if (write(ready[1], "", 1) == 1) {
			while ((*bytes)[1] != 'Z')
				usleep(1000);
			_exit(memcmp(*bytes, "aZZZ", 4) ? 1 : 0);
		}
		_exit(2);
	}
	if (read(ready[0], &c, 1) != 1)
		return -1;
	return pid;
}

static void try_mode(const char *name, unsigned int flags, pid_t pid, uintptr_t at)
{
	uint8_t *buffer = calloc(PAGES, page);
	bool walks = flags == FAR_MODE_WALK;
	long got;

	printf("# %s, by the %s\n", name, calls ? "system call" : "device");
	expect("within a page", copy(flags, FAR_READ, pid, buffer, at + 8, 100), 100);
	expect("its bytes", buffer[0] == 'a' && buffer[99] == 'a' && !buffer[100], 1);
	got = copy(flags, FAR_READ, pid, buffer, at + page - 4, 8);
	expect("across pages", got, walks ? 4 : 8);
	expect("both pages' bytes", !memcmp(buffer, walks ? "aaaaaaaa" : "aaaabbbb", 8), 1);
	got = copy(flags, FAR_READ, pid, buffer, at + (PAGES - 1) * page, page);
	expect("never touched", got, walks ? -EFAULT : (long)page);
	expect("beyond memory", copy(flags, FAR_READ, pid, buffer, TASK_SIZE, 1), -EFAULT);
	expect("around the end", copy(flags, FAR_READ, pid, buffer, UINTPTR_MAX, 2), -EFAULT);
	expect("bad command", copy(flags, 2, pid, buffer, at, 1), -EINVAL);
	if (!calls)
		expect("bad flags", copy(flags | 8, FAR_READ, pid, buffer, at, 1), -EINVAL);
	expect("bad buffer", copy(flags, FAR_READ, pid, NULL, at, 1), -EFAULT);
	expect("nobody", copy(flags, FAR_READ, 4000000, buffer, at, 1), -ESRCH);
	expect("kernel thread", copy(flags, FAR_READ, 2, buffer, at, 1), -ESRCH);
	free(buffer);
}

/* What the kernel itself has no mapping of; the target is this program. */
static void try_secret(void)
{
	int file = syscall(SYS_memfd_secret, 0);
	char *secret, got[8] = "", *after;

	if (file < 0 || ftruncate(file, (off_t)page)) {
		expect("memfd_secret", -errno, 0);
		return;
	}
	secret = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	strcpy(secret, "secret");
	for (unsigned int flags = FAR_MODE_GUP; flags <= FAR_MODE_WALK; flags++) {
		printf("# a secret page, mode %u\n", flags);
		expect("it is not read", copy(flags, FAR_READ, getpid(), got, (uintptr_t)secret, 7),
		       -EFAULT);
		expect("nothing came", got[0], 0);
		expect("it is not written",
		       copy(flags, FAR_WRITE, getpid(), "public", (uintptr_t)secret, 7), -EFAULT);
		expect("it is as it was", strcmp(secret, "secret"), 0);
	}
	munmap(secret, page);
	close(file);
	/* No lock is left held. */
	after = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(after, "after");
	expect("the walk after", copy(FAR_MODE_WALK, FAR_READ, getpid(), got, (uintptr_t)after, 6), 6);
	expect("its bytes", strcmp(got, "after"), 0);
	munmap(after, page);
}

/* In the mode that the module's parameter names, by the system call. */
static void try_call(const char *mode, unsigned int flags, pid_t pid, uintptr_t at)
{
	int file = open("/sys/module/farfetch/parameters/mode", O_WRONLY);
	char letter = mode[0], back = 0;

	calls = true;
	expect("the parameter", write(file, mode, strlen(mode)), (long)strlen(mode));
	close(file);
	try_mode(mode, flags, pid, at);
	expect("a write", copy(flags, FAR_WRITE, pid, &letter, at + 4, 1), 1);
	calls = false;
	expect("to be seen", copy(flags, FAR_READ, pid, &back, at + 4, 1), 1);
	expect("as written", back, letter);
}

static int run(bool stub)
{
	uint8_t *bytes;
	int module = open("/farfetch.ko", O_RDONLY), status;
	pid_t pid;

	page = (size_t)sysconf(_SC_PAGESIZE);
	if (module < 0 || syscall(SYS_finit_module, module, "", 0)) {
		perror("farfetch.ko");
		return 1;
	}
	device = open("/dev/farfetch", O_RDWR);
	pid = start_child(&bytes);
	if (device < 0 || pid < 0) {
		perror("/dev/farfetch");
		return 1;
	}
	try_mode("walk", FAR_MODE_WALK, pid, (uintptr_t)bytes);
	try_mode("gup", FAR_MODE_GUP, pid, (uintptr_t)bytes);
	try_secret();
	if (stub) {
		try_call("walk", FAR_MODE_WALK, pid, (uintptr_t)bytes);
		try_call("gup", FAR_MODE_GUP, pid, (uintptr_t)bytes);
	}
	expect("the walk writes", copy(FAR_MODE_WALK, FAR_WRITE, pid, "ZZ", (uintptr_t)bytes + 2, 2),
	       2);
	expect("gup writes", copy(FAR_MODE_GUP, FAR_WRITE, pid, "Z", (uintptr_t)bytes + 1, 1), 1);
	expect("the child's end", waitpid(pid, &status, 0), pid);
	expect("what it saw", status, 0);
	expect("gone", copy(FAR_MODE_GUP, FAR_READ, pid, bytes, (uintptr_t)bytes, 1), -ESRCH);
	close(device);
	expect("unloading", syscall(SYS_delete_module, "farfetch", 0), 0);
	return failures != 0;
}

int main(int argc, char **argv)
{
	int failed;

	mkdir("/proc", 0755);
	mkdir("/dev", 0755);
	mkdir("/sys", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	setvbuf(stdout, NULL, _IONBF, 0);
	failed = run(argc > 1 && !strcmp(argv[1], "syscall"));
	printf(failed ? "smoke: failed\n" : "smoke: all well\n");
	sync();
	reboot(LINUX_REBOOT_CMD_POWER_OFF);
	return 1;
}
