// SPDX-License-Identifier: MIT
/*
 * A program with code to hook; see hooked.py
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

struct player { int pad, health; float gold; int level; };
struct player players[5];
float rate = 1.0f;
volatile int stop;
void hit(struct player *player, int damage);
void earn(struct player *player, float gold);
#ifdef __x86_64__
__asm__(".text\n.globl hit\n.type hit,@function\nhit:\n"
	" sub %esi, 4(%rdi)\n nop\n nop\n nop\n nop\n ret\n.size hit,.-hit\n"
	".globl earn\n.type earn,@function\nearn:\n"
	" addss 8(%rdi), %xmm0\n movss %xmm0, 8(%rdi)\n ret\n.size earn,.-earn\n");
#else
__asm__(".text\n.globl hit\n.type hit,@function\nhit:\n"
	" mov 4(%esp), %edx\n mov 8(%esp), %ecx\n sub %ecx, 4(%edx)\n nop\n nop\n nop\n nop\n ret\n"
	".size hit,.-hit\n");
void earn(struct player *player, float gold) { player->gold += gold; }
#endif

static void *work(void *player)
{
	while (!stop)
		hit(player, 1);
	return NULL;
}

static void *sleeping(void *counter)
{
	struct epoll_event event;
	int poll = epoll_create1(0);

	while (!stop)
		if (epoll_wait(poll, &event, 1, 300) != 0)
			++*(volatile int *)counter;
	return NULL;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0, errors = 0;
	pthread_t threads[5];
	char line[64];

	for (int i = 0; i < 5; i++)
		players[i].health = 100, players[i].gold = 10.0f;
	players[0].pad = 0x1234;	/* which player's own hero has */
	for (int i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, work, &players[i + 1]);
	pthread_create(&threads[n], NULL, sleeping, &errors);
	printf("%p %p\n", (void *)hit, (void *)players);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strncmp(line, "hit ", 4))
			hit(&players[0], atoi(line + 4));
		if (!strncmp(line, "foe ", 4))
			hit(&players[1], atoi(line + 4));
		if (!strncmp(line, "earn ", 5))
			earn(&players[0], (float)atof(line + 5) * rate);
		printf("%d %d %g %d\n", players[0].health, players[1].health,
		       (double)players[0].gold, errors);
		fflush(stdout);
	}
	stop = 1;
	for (int i = 0; i <= n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
