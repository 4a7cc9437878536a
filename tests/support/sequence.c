// SPDX-License-Identifier: MIT
/*
 * Two threads on one processor that count in restartable sequences; see sequence.py
 *
 * The count is read, and written back a while later: what the other has counted in between
 * is lost, unless whoever was interrupted meanwhile begins anew.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/rseq.h>
#include <unistd.h>

volatile uint64_t count;
volatile int stop;

/* One sequence; whether it came to its end. */
static int counts(void)
{
	struct rseq *mine = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);

	__asm__ goto (
		".pushsection __rseq_cs, \"aw\"\n.balign 32\n"
		"3: .long 0, 0\n .quad 1f, 2f - 1f, 4f\n.popsection\n"
		".pushsection __rseq_failure, \"ax\"\n"
		" .byte 0x0f, 0xb9, 0x3d\n .long 0x53053053\n"
		"4: jmp %l[aborted]\n.popsection\n"
		" leaq 3b(%%rip), %%rax\n movq %%rax, 8(%0)\n"
		"1: movq count(%%rip), %%rax\n movl $400, %%ecx\n"
		"5: pause\n decl %%ecx\n jnz 5b\n"
		" incq %%rax\n movq %%rax, count(%%rip)\n2:\n"
		: : "r"(mine) : "rax", "rcx", "memory", "cc" : aborted);
	return 1;
aborted:
	return 0;
}

static void *run(void *counted)
{
	while (!stop)
		*(uint64_t *)counted += (uint64_t)counts();
	return NULL;
}

int main(void)
{
	uint64_t first = 0, second = 0;
	pthread_t thread;
	cpu_set_t one;

	if (!__rseq_size) {
		puts("none");
		return 0;
	}
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	printf("%p %p\n", (void *)&stop, (void *)counts);
	fflush(stdout);
	pthread_create(&thread, NULL, run, &first);
	run(&second);
	pthread_join(thread, NULL);
	printf("%lu %lu\n", (unsigned long)(first + second), (unsigned long)count);
}
