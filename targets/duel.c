// SPDX-License-Identifier: MIT
/*
 * A game whose code is there to be changed by scripts, for Linux and for Windows, of 64 and 32 bits.
 *
 * Its five functions have the same bytes in all four, so that duel.CT fits each of them; what they
 * do is done to a player in esi or rsi. `work` lets four threads call them all the time, each for
 * a player of its own, until `rest` says what came of it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <windows.h>
typedef HANDLE thread;
#else
#include "protocol.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>
typedef pthread_t thread;
#endif

#define WORKERS 4

struct player {
	int32_t id, pad, health;
	float gold;
	int32_t ammo, breath;
};

/* Visible outside of this file, so that the compiler expects anybody to have changed them. */
struct player players[2 + WORKERS];
struct { char mark[8]; int32_t price; } shop = { "PRICES!", 25 };
volatile int working;

#ifdef __x86_64__
#define SI "rsi"
#else
#define SI "esi"
#endif

__asm__(".text\n.intel_syntax noprefix\n"
	".p2align 4\n"
	"duel_hit:\n mov ecx, [" SI "+8]\n sub ecx, eax\n mov [" SI "+8], ecx\n ret\n"
	".p2align 4\n"
	"duel_earn:\n movss xmm0, [" SI "+12]\n addss xmm0, xmm1\n movss [" SI "+12], xmm0\n ret\n"
	".p2align 4\n"
	"duel_fire:\n cmp dword ptr [" SI "+16], 0\n je 1f\n dec dword ptr [" SI "+16]\n1:\n ret\n"
	".p2align 4\n"
	"duel_run:\n mov edx, [" SI "+20]\n test edx, edx\n je 1f\n"
	" dec dword ptr [" SI "+20]\n1:\n ret\n"
	".att_syntax\n");

#define CALL(function, player, amount, gain) do {						\
	struct player *in_si = (player);							\
	int in_ax = (amount);									\
	float in_xmm1 = (gain);									\
	__asm__ volatile("movss %2, %%xmm1\n\tcall " function					\
			 : "+S"(in_si), "+a"(in_ax) : "m"(in_xmm1)				\
			 : "ecx", "edx", "xmm0", "xmm1", "cc", "memory");			\
} while (0)

static void hit(struct player *player, int amount)
{
	CALL("duel_hit", player, amount, 0.0f);
}

static void earn(struct player *player, float gain)
{
	CALL("duel_earn", player, 0, gain);
}

static void fire(struct player *player)
{
	CALL("duel_fire", player, 0, 0.0f);
}

static void run(struct player *player)
{
	CALL("duel_run", player, 0, 0.0f);
}

/* All that a worker does, counted; what is written is what it should be. */
static int wrong[WORKERS];

static void work(int number)
{
	struct player *mine = &players[2 + number];
	int32_t expected = mine->health;

	while (working) {
		for (int i = 0; i < 100; i++, expected--) {
			hit(mine, 1);
			fire(mine);
			run(mine);
		}
		earn(mine, 0.0f);
		wrong[number] += mine->health != expected;
	}
}

#ifdef _WIN32
static DWORD WINAPI begin(void *number)
{
	work((int)(intptr_t)number);
	return 0;
}

static void start(thread *worker, intptr_t number)
{
	*worker = CreateThread(NULL, 0, begin, (void *)number, 0, NULL);
}

static void join(thread worker)
{
	WaitForSingleObject(worker, INFINITE);
	CloseHandle(worker);
}

static unsigned long own_pid(void)
{
	return GetCurrentProcessId();
}

static void prepare(void)
{
	_setmode(_fileno(stdout), _O_BINARY);
}

static void become(const char *word)
{
	(void)word;
}
#else
static void *begin(void *number)
{
	work((int)(intptr_t)number);
	return NULL;
}

static void start(thread *worker, intptr_t number)
{
	pthread_create(worker, NULL, begin, (void *)number);
}

static void join(thread worker)
{
	pthread_join(worker, NULL);
}

static unsigned long own_pid(void)
{
	return (unsigned long)getpid();
}

static void prepare(void)
{
	allow_scanners();
}

/* Another program, which is this one from its beginning; or a child, which waits. */
static void become(const char *word)
{
	if (!strcmp(word, "exec"))
		execl("/proc/self/exe", "duel", (char *)NULL);
	if (!strcmp(word, "fork") && !fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
}
#endif

static void report(void)
{
	struct player *hero = &players[0], *foe = &players[1];
	int all = 0;

	for (int i = 0; i < WORKERS; i++)
		all += wrong[i];
	printf("target=duel\npid=%lu\nplayers_addr=0x%llx\n", own_pid(),
	       (unsigned long long)(uintptr_t)players);
	printf("health=%d\nfoe_health=%d\ngold=%g\nfoe_gold=%g\nammo=%d\nbreath=%d\nprice=%d\n",
	       hero->health, foe->health, (double)hero->gold, (double)foe->gold, hero->ammo,
	       hero->breath, shop.price);
	printf("wrong=%d\n\n", all);
	fflush(stdout);
}

static void obey(const char *word, double amount)
{
	static thread workers[WORKERS];

	if (!strcmp(word, "hit"))
		hit(&players[0], (int)amount);
	if (!strcmp(word, "foe"))
		hit(&players[1], (int)amount);
	if (!strcmp(word, "earn"))
		earn(&players[0], (float)amount);
	if (!strcmp(word, "fire"))
		fire(&players[0]);
	if (!strcmp(word, "run"))
		run(&players[0]);
	become(word);
	if (!strcmp(word, "buy"))
		players[0].gold -= (float)shop.price;
	if (!strcmp(word, "work") && !working) {
		working = 1;
		for (int i = 0; i < WORKERS; i++)
			start(&workers[i], i);
	}
	if (!strcmp(word, "rest") && working) {
		working = 0;
		for (int i = 0; i < WORKERS; i++)
			join(workers[i]);
	}
}

int main(void)
{
	char line[64], word[16];

	prepare();
	for (int i = 0; i < 2 + WORKERS; i++)
		players[i] = (struct player){ i + 1, 0, 100, 50.0f, 30, 40 };
	report();
	while (fgets(line, sizeof(line), stdin) && strncmp(line, "quit", 4)) {
		double amount = 0.0;

		if (sscanf(line, "%15s %lf", word, &amount) > 0)
			obey(word, amount);
		report();
	}
	obey("rest", 0.0);
	return 0;
}
