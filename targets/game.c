// SPDX-License-Identifier: MIT
/*
 * Plants a player whose health, ammo and the like change by its commands:
 * reached from a static pointer through two more, among 64 enemies and a
 * thread that changes other values all the time.
 *
 * What the player holds is nowhere else in writable memory (but for chance
 * equals), so a hunt ends at one address.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "protocol.h"
#include "utf16.h"

#define ENEMIES 64
#define WEATHER_CELLS 256
#define NAME_UNITS 32
#define SCORE_KEY 0x5bd1e995u
#define MOVE_TIRES 1.25f

/* The same offsets in 32 and 64 bits, as the README lists them. */
struct player {
	uint32_t id;
	int32_t health;
	int32_t max_health;
	uint16_t ammo;
	uint16_t magazine;
	float stamina;
	uint32_t masked_score; /* score ^ SCORE_KEY */
	double x;
	double y;
	int64_t gold;
	char name[NAME_UNITS]; /* UTF-8 */
	uint16_t wide_name[NAME_UNITS]; /* UTF-16 */
};

_Static_assert(offsetof(struct player, health) == 4, "as documented");
_Static_assert(offsetof(struct player, ammo) == 12, "as documented");
_Static_assert(offsetof(struct player, x) == 24, "as documented");
_Static_assert(offsetof(struct player, wide_name) == 80, "as documented");
_Static_assert(sizeof(struct player) == 144, "as documented");

struct enemy {
	int32_t health;
	int32_t max_health;
	_Atomic float x;
	_Atomic float y;
};

struct level {
	uint32_t number;
	uint32_t seed;
	struct player *player;
	struct enemy *enemies;
};

struct session {
	uint32_t version;
	uint32_t difficulty;
	struct level *level;
	/* What the background thread plays with. */
	_Atomic uint32_t ticks;
	_Atomic int32_t weather[WEATHER_CELLS];
};

/*
 * The start of the pointer path. Visible outside of this file, so that the
 * compiler expects anybody to have changed what it leads to: a scanner does.
 */
struct session *session;

static atomic_bool closing;

static uint32_t next_random(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

/* Moves enemies and changes the weather a thousand times a second. */
static void *background_main(void *argument)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct session *here = argument;
	uint32_t random = here->level->seed;

	while (!closing) {
		uint32_t tick = here->ticks++;
		struct enemy *enemy = &here->level->enemies[tick % ENEMIES];

		enemy->x = (float)(next_random(&random) % 4096) / 16;
		enemy->y = (float)(next_random(&random) % 4096) / 16;
		for (uint32_t i = 0; i < WEATHER_CELLS; i += 16)
			here->weather[(tick + i) % WEATHER_CELLS] = next_random(&random) % 201;
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static struct player *player_new(void)
{
	static const char name[] = "Brünhilde";
	struct player *player = calloc(1, sizeof(*player));

	if (!player)
		return NULL;
	player->id = 1;
	player->health = 100;
	player->max_health = 150;
	player->ammo = 30;
	player->magazine = 12;
	player->stamina = 80.0f;
	player->masked_score = SCORE_KEY;
	player->x = 12.5;
	player->y = -3.25;
	player->gold = 1500;
	strcpy(player->name, name);
	utf16_from_utf8(player->wide_name, NAME_UNITS, name);
	return player;
}

static struct session *session_new(void)
{
	struct session *fresh = calloc(1, sizeof(*fresh));
	struct level *level = calloc(1, sizeof(*level));
	struct enemy *enemies = calloc(ENEMIES, sizeof(*enemies));
	struct player *player = player_new();
	uint32_t random;

	if (!fresh || !level || !enemies || !player)
		return NULL;
	fresh->version = 7;
	fresh->difficulty = 2;
	fresh->level = level;
	level->number = 3;
	level->seed = random = 2463534242u;
	level->player = player;
	level->enemies = enemies;
	for (int i = 0; i < ENEMIES; i++) {
		enemies[i].max_health = 120;
		enemies[i].health = 20 + 20 * (int32_t)(next_random(&random) % 6);
	}
	return fresh;
}

/* Move the player to another address, and leave nothing at the old one. */
static bool respawn(struct level *level)
{
	struct player *old = level->player;
	struct player *fresh = malloc(sizeof(*fresh));

	if (!fresh)
		return false;
	*fresh = *old;
	level->player = fresh;
	explicit_bzero(old, sizeof(*old));
	free(old);
	return true;
}

static bool rename_player(struct player *player, const char *name)
{
	char padded[NAME_UNITS] = "";

	if (strlen(name) >= sizeof(padded))
		return false;
	if (!utf16_from_utf8(player->wide_name, NAME_UNITS, name))
		return false;
	strcpy(padded, name);
	memcpy(player->name, padded, sizeof(padded));
	return true;
}

static int32_t clamp_health(int64_t health)
{
	if (health > INT32_MAX)
		return INT32_MAX;
	return health < INT32_MIN ? INT32_MIN : (int32_t)health;
}

static uint32_t score(const struct player *player)
{
	return player->masked_score ^ SCORE_KEY;
}

static void add_score(struct player *player, uint32_t points)
{
	player->masked_score = (score(player) + points) ^ SCORE_KEY;
}

static void show_status(const struct player *player)
{
	char name[NAME_UNITS + 1];
	char wide_name[3 * NAME_UNITS + 1];

	memcpy(name, player->name, NAME_UNITS);
	name[NAME_UNITS] = '\0';
	utf16_to_utf8(wide_name, sizeof(wide_name), player->wide_name, NAME_UNITS);

	answer("health", "%" PRId32, player->health);
	answer("max_health", "%" PRId32, player->max_health);
	answer("ammo", "%" PRIu16, player->ammo);
	answer("magazine", "%" PRIu16, player->magazine);
	/* As many digits as tell any two values apart. */
	answer("stamina", "%.9g", (double)player->stamina);
	answer("x", "%.17g", player->x);
	answer("y", "%.17g", player->y);
	answer("gold", "%" PRId64, player->gold);
	answer("score", "%" PRIu32, score(player));
	answer_text("name", name);
	answer_text("wide_name", wide_name);
	answer("alive", "%d", player->health > 0);
}

static void show_addresses(void)
{
	const struct level *level = session->level;
	const struct player *player = level->player;

	answer_address("static_addr", &session);
	answer_address("session_addr", session);
	answer_address("level_addr", level);
	answer_address("player_addr", player);
	answer("level_offset", "%zu", offsetof(struct session, level));
	answer("player_offset", "%zu", offsetof(struct level, player));
	answer_address("health_addr", &player->health);
	answer_address("max_health_addr", &player->max_health);
	answer_address("ammo_addr", &player->ammo);
	answer_address("magazine_addr", &player->magazine);
	answer_address("stamina_addr", &player->stamina);
	answer_address("score_addr", &player->masked_score);
	answer("score_key", "%" PRIu32, SCORE_KEY);
	answer_address("x_addr", &player->x);
	answer_address("y_addr", &player->y);
	answer_address("gold_addr", &player->gold);
	answer_address("name_addr", player->name);
	answer_address("wide_name_addr", player->wide_name);
	answer_address("enemies_addr", level->enemies);
	answer("enemies", "%d", ENEMIES);
	answer("enemy_size", "%zu", sizeof(struct enemy));
	answer_address("ticks_addr", &session->ticks);
}

/* Do what the command says; false if it answered an error. */
static bool act(struct player *player, const struct command *command)
{
	long long number;
	double x;
	double y;

	if (command->count == 0 || command_is(command, "status"))
		return true;
	if (command_is(command, "hit")) {
		if (!command_integer(command, 1, 0, INT32_MAX, &number))
			return false;
		player->health = clamp_health((int64_t)player->health - number);
	} else if (command_is(command, "heal")) {
		if (!command_integer(command, 1, 0, INT32_MAX, &number))
			return false;
		player->health = clamp_health((int64_t)player->health + number);
	} else if (command_is(command, "shoot")) {
		if (!command_integer(command, 1, 0, player->ammo, &number))
			return false;
		player->ammo = (uint16_t)(player->ammo - number);
		add_score(player, 10 * (uint32_t)number);
	} else if (command_is(command, "earn")) {
		if (!command_integer(command, 1, 0, INT32_MAX, &number))
			return false;
		player->gold = (int64_t)((uint64_t)player->gold + (uint64_t)number);
		add_score(player, (uint32_t)number);
	} else if (command_is(command, "move")) {
		if (!command_decimal(command, 1, &x) || !command_decimal(command, 2, &y))
			return false;
		player->x = x;
		player->y = y;
		player->stamina -= MOVE_TIRES;
	} else if (command_is(command, "rename")) {
		if (command->count != 2 || !rename_player(player, command->word[1])) {
			answer_error("rename: one word of UTF-8, at most %d bytes", NAME_UNITS - 1);
			return false;
		}
	} else if (command_is(command, "respawn")) {
		if (!respawn(session->level)) {
			answer_error("respawn: out of memory");
			return false;
		}
	} else {
		answer_error("unknown command: %s", command->word[0]);
		return false;
	}
	return true;
}

/*
 * Never inlined: answer_end() wipes the stack of what has returned, and main's
 * frame would keep copies of the player's values.
 */
static __attribute__((noinline)) void introduce(void)
{
	protocol_start("game");
	show_status(session->level->player);
}

static __attribute__((noinline)) void obey(const struct command *command)
{
	if (command_is(command, "addresses"))
		show_addresses();
	else if (act(session->level->player, command))
		show_status(session->level->player);
}

int main(void)
{
	const struct command *command;
	pthread_t background;

	session = session_new();
	if (!session || pthread_create(&background, NULL, background_main, session))
		return EXIT_FAILURE;

	introduce();
	answer_end();
	while ((command = command_read())) {
		obey(command);
		answer_end();
	}

	closing = true;
	pthread_join(background, NULL);
	return EXIT_SUCCESS;
}
