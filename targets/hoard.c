// SPDX-License-Identifier: MIT
/*
 * A Windows program whose gold is reached from a pointer in .bss through two more, on the heap.
 *
 * It talks as the README says, as far as that goes: an empty line prints where things are.
 */
#include <fcntl.h>
#include <io.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

struct player {
	int id, health;
	long long gold;
};

struct level {
	int number, seed;
	struct player *player;
};

struct session {
	int version, difficulty;
	struct level *level;
	char padding[96];
};

/* Visible outside of this file, so that the compiler expects anybody to have changed it. */
struct session *session;

static void *make(size_t size)
{
	void *made = calloc(1, size);

	if (!made)
		exit(1);
	return made;
}

static void respawn(void)
{
	struct player *before = session->level->player, *player = make(sizeof(*player));

	if (before)
		*player = *before;
	session->level->player = player;
	free(before);
}

static unsigned long long address(const void *there)
{
	return (unsigned long long)(uintptr_t)there;
}

static void report(void)
{
	printf("target=hoard\npid=%lu\nstatic_addr=0x%llx\ngold_addr=0x%llx\ngold=%lld\n\n",
	       GetCurrentProcessId(), address(&session), address(&session->level->player->gold),
	       session->level->player->gold);
	fflush(stdout);
}

int main(void)
{
	char line[64];

	_setmode(_fileno(stdout), _O_BINARY);
	session = make(sizeof(*session));
	for (int i = 0; i < 100; i++)	/* where things lie is not what they begin with */
		make(16 + rand() % 512);
	session->level = make(sizeof(*session->level));
	respawn();
	session->level->player->gold = 1500;
	session->level->player->health = 100;
	report();
	while (fgets(line, sizeof(line), stdin) && strncmp(line, "quit", 4)) {
		if (!strncmp(line, "respawn", 7))
			respawn();
		if (!strncmp(line, "earn ", 5))
			session->level->player->gold += atoi(line + 5);
		report();
	}
	return 0;
}
