// SPDX-License-Identifier: MIT
/*
 * Purses that nothing in any module leads to: only a local variable of each thread does, in a frame
 * that stays while it waits.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "protocol.h"

#define THREADS 3
#define FILLER 4096

struct purse {
	uint64_t filler[4];
	int32_t coins;
};

struct owner {
	uint64_t filler[2];
	struct purse *purse;
};

static uintptr_t hidden[THREADS]; /* where each one's coins are, as no pointer */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int ready;
static bool closing;

/* Somewhere else in each run. */
static struct owner *owner_create(int number, uint64_t random)
{
	struct owner *owner;

	if (!malloc(1 + random % FILLER))
		abort();
	owner = calloc(1, sizeof(*owner));
	if (!owner || !malloc(1 + (random >> 16) % FILLER))
		abort();
	owner->purse = calloc(1, sizeof(*owner->purse));
	if (!owner->purse)
		abort();
	owner->purse->coins = 1000 + number;
	hidden[number] = ~(uintptr_t)&owner->purse->coins;
	return owner;
}

static uint64_t random_number(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid() << 20;
}

static void *keep(void *argument)
{
	struct owner *volatile owner = owner_create((int)(intptr_t)argument, random_number());

	pthread_mutex_lock(&lock);
	ready++;
	pthread_cond_broadcast(&turned);
	while (!closing)
		pthread_cond_wait(&turned, &lock);
	pthread_mutex_unlock(&lock);
	free(owner->purse);
	return NULL;
}

int main(void)
{
	struct owner *volatile owner = owner_create(0, random_number());
	const struct command *command;
	pthread_t threads[THREADS];

	protocol_start("purses");
	for (int i = 1; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, keep, (void *)(intptr_t)i))
			abort();
		pthread_mutex_lock(&lock);
		while (ready < i)
			pthread_cond_wait(&turned, &lock);
		pthread_mutex_unlock(&lock);
	}
	for (int i = 0; i < THREADS; i++) {
		static char key[] = "coins0";

		key[5] = (char)('0' + i);
		answer_address(key, (const void *)~hidden[i]);
	}
	answer_end();
	while ((command = command_read())) {
		answer_error("no such command: %s", command->count ? command->word[0] : "");
		answer_end();
	}
	pthread_mutex_lock(&lock);
	closing = true;
	pthread_cond_broadcast(&turned);
	pthread_mutex_unlock(&lock);
	for (int i = 1; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	free(owner->purse);
	return 0;
}
