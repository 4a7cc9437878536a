// SPDX-License-Identifier: MIT
/*
 * A program that calls a function in a loop, and checks each result; see hooks.py
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef CROWDED
#include <sys/mman.h>
#define VALUE "$1000"	/* fourteen bytes that may be anywhere come before pop */
#else
#define VALUE "value(%rip)"
#endif
#ifdef FILTERED
#include <stddef.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#endif

int value = 1000, ticks;
volatile int stop;
int work(int n);
void tick(void);
void jumped(void);
void called(void);
void waits(void);
void tiny(void);
void loops(void);
__asm__(".text\n"
	".globl work\n.type work,@function\nwork:\n"
	" push %rbx\n mov %edi, %ebx\n test %ebx, %ebx\n jle 1f\n"
	" mov " VALUE ", %eax\n add %ebx, %eax\n pop %rbx\n ret\n"
	"1: xor %eax, %eax\n pop %rbx\n ret\n.size work,.-work\n"
	" .p2align 6\n.globl tick\n.type tick,@function\ntick:\n"
	" nop\n nop\n nop\n nop\n nop\n nop\n nop\n"
	" lock incl ticks(%rip)\n ret\n.size tick,.-tick\n"
	".globl jumped\n.type jumped,@function\njumped:\n"
	" mov $3, %al\n2: dec %al\n nop\n jnz 2b\n ret\n.size jumped,.-jumped\n"
	".globl called\n.type called,@function\ncalled:\n"
	" call *%rax\n nop\n nop\n nop\n ret\n.size called,.-called\n"
	".globl waits\n.type waits,@function\nwaits:\n"
	" syscall\n nop\n nop\n nop\n ret\n.size waits,.-waits\n"
	".globl loops\n.type loops,@function\nloops:\n"
	" .byte 0xeb, 0xfe\n nop\n nop\n nop\n ret\n.size loops,.-loops\n"
	".globl tiny\n.type tiny,@function\ntiny:\n"
	" ret\n.size tiny,.-tiny\n.globl next\n.type next,@function\nnext:\n"
	" xor %eax, %eax\n xor %eax, %eax\n xor %eax, %eax\n ret\n.size next,.-next\n");

static long calls[8], wrong[8];

static void *run(void *number)
{
	int at = (int)(long)number;

	for (int n = 1; !stop; n = n < 100 ? n + 1 : 1) {
		if (work(n) != value + n)
			wrong[at]++;
		tick();
		calls[at]++;
	}
	return NULL;
}

#ifdef CROWDED
/* Nothing is free within 2 GiB of the code. */
static void crowd(void)
{
	unsigned long low = (unsigned long)work - (2ul << 30), high = low + (4ul << 30);
	unsigned long start, end, at = low;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &start, &end) != 2 || end <= at)
			continue;
		if (start > high)
			start = high;
		if (start > at)
			mmap((void *)(at & ~4095ul), ((start - at) + 4095) & ~4095ul, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
			     -1, 0);
		at = end;
		if (at >= high)
			break;
	}
	fclose(maps);
}
#endif

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;
	long all = 0, bad = 0;
	pthread_t threads[8];
	char line[64];

#ifdef FILTERED
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog filter = { .len = 1, .filter = &allow };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
#endif
	for (long i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, run, (void *)i);
#ifdef CROWDED
	crowd();
#endif
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		int asked = atoi(line);

		tick();
		printf("%d %d\n", work(asked), ticks);
		fflush(stdout);
	}
	stop = 1;
	for (int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		all += calls[i];
		bad += wrong[i];
	}
	printf("%ld %ld\n", all, bad);
	return bad != 0;
}
