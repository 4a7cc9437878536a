// SPDX-License-Identifier: MIT
/*
 * A hash table of instructions, which only grows
 */
#include "hits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_LEAST	256

void ff_hits_init(struct ff_hits *hits, uint32_t stack, uint64_t apart)
{
	memset(hits, 0, sizeof(*hits));
	hits->stack = stack;
	hits->apart = apart;
}

void ff_hits_deinit(struct ff_hits *hits)
{
	for (size_t i = 0; i < hits->n; i++) {
		free(hits->entries[i].tids);
		free(hits->entries[i].stack);
		free(hits->entries[i].recents);
	}
	free(hits->entries);
	free(hits->index);
	memset(hits, 0, sizeof(*hits));
}

static bool is_same(const struct ff_hits *hits, const struct ff_watch_hit *hit, uint64_t ip,
		    const uint64_t *registers)
{
	if (hit->ip != ip)
		return false;
	for (uint64_t rest = hits->apart; rest; rest &= rest - 1) {
		int which = __builtin_ctzll(rest);

		if (hit->registers[which] != registers[which])
			return false;
	}
	return true;
}

static size_t place_of(const struct ff_hits *hits, uint64_t ip, const uint64_t *registers)
{
	uint64_t hash = ip * 0x9e3779b97f4a7c15ull;
	size_t at;

	for (uint64_t rest = hits->apart; rest; rest &= rest - 1)
		hash = (hash ^ hash >> 29 ^ registers[__builtin_ctzll(rest)]) *
		       0x9e3779b97f4a7c15ull;
	at = (size_t)(hash >> 32) & (hits->index_size - 1);
	while (hits->index[at] &&
	       !is_same(hits, &hits->entries[hits->index[at] - 1].hit, ip, registers))
		at = (at + 1) & (hits->index_size - 1);
	return at;
}

static int grow_index(struct ff_hits *hits)
{
	size_t size = hits->index_size ? 2 * hits->index_size : INDEX_LEAST;
	uint32_t *index = calloc(size, sizeof(*index));

	if (!index)
		return -ENOMEM;
	free(hits->index);
	hits->index = index;
	hits->index_size = size;
	for (size_t i = 0; i < hits->n; i++)
		index[place_of(hits, hits->entries[i].hit.ip, hits->entries[i].hit.registers)] =
			(uint32_t)i + 1;
	return 0;
}

static int grow_entries(struct ff_hits *hits)
{
	size_t room = hits->room ? 2 * hits->room : 32;
	struct ff_hit_entry *more = realloc(hits->entries, room * sizeof(*more));

	if (!more)
		return -ENOMEM;
	hits->entries = more;
	hits->room = room;
	return 0;
}

/* The entry of an instruction, made where there is none. */
static int entry_of(struct ff_hits *hits, const struct ff_sample *sample,
		    struct ff_hit_entry **out)
{
	struct ff_hit_entry *entry;
	size_t at;

	*out = NULL;
	if (2 * hits->n >= hits->index_size && grow_index(hits))
		return -ENOMEM;
	at = place_of(hits, sample->ip, sample->registers);
	if (hits->index[at]) {
		*out = &hits->entries[hits->index[at] - 1];
		return 0;
	}
	if (hits->n == FF_HITS_MOST)
		return 0;
	if (hits->n == hits->room && grow_entries(hits))
		return -ENOMEM;
	entry = &hits->entries[hits->n];
	memset(entry, 0, sizeof(*entry));
	if (hits->stack) {
		entry->stack = malloc(hits->stack);
		if (!entry->stack)
			return -ENOMEM;
	}
	entry->hit.ip = sample->ip;
	entry->hit.first = UINT64_MAX;
	memcpy(entry->hit.registers, sample->registers, sizeof(entry->hit.registers));
	hits->n++;
	hits->index[at] = (uint32_t)hits->n;
	*out = entry;
	return 0;
}

static int add_thread(struct ff_hit_entry *entry, uint32_t tid)
{
	struct ff_watch_hit *hit = &entry->hit;

	/* the last one first: it is so most of the time */
	for (uint32_t i = hit->threads; i-- > 0;) {
		if (entry->tids[i] == tid)
			return 0;
	}
	if (hit->threads == FF_WATCH_THREADS)
		return 0;
	if (hit->threads == entry->tids_room) {
		uint32_t room = entry->tids_room ? 2 * entry->tids_room : 4;
		uint32_t *more = realloc(entry->tids, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		entry->tids = more;
		entry->tids_room = room;
	}
	entry->tids[hit->threads++] = tid;
	return 0;
}

static int add_recent(struct ff_hit_entry *entry, uint32_t thread)
{
	for (uint32_t i = entry->nrecents; i-- > 0;) {
		if (entry->recents[i].thread == thread) {
			entry->recents[i].seen++;
			return 0;
		}
	}
	if (entry->nrecents == entry->recents_room) {
		uint32_t room = entry->recents_room ? 2 * entry->recents_room : 4;
		struct ff_hit_recent *more = realloc(entry->recents, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		entry->recents = more;
		entry->recents_room = room;
	}
	entry->recents[entry->nrecents++] = (struct ff_hit_recent){ .thread = thread, .seen = 1 };
	return 0;
}

/* What there was at the last hit; each processor tells of its own, so they come out of order. */
static void take_last(const struct ff_hits *hits, const struct ff_sample *sample,
		      struct ff_hit_entry *entry)
{
	struct ff_watch_hit *hit = &entry->hit;

	hit->last = sample->time;
	hit->bits = sample->bits;
	memcpy(hit->registers, sample->registers, sizeof(hit->registers));
	hit->stack = sample->stack_size < hits->stack ? sample->stack_size : hits->stack;
	if (hit->stack)
		memcpy(entry->stack, sample->stack, hit->stack);
	entry->looked = false;
}

int ff_hits_add(struct ff_hits *hits, const struct ff_sample *sample, uint32_t thread)
{
	struct ff_hit_entry *entry;
	int error = entry_of(hits, sample, &entry);

	if (error)
		return error;
	if (!entry) {
		hits->dropped++;
		return 0;
	}
	entry->hit.seen++;
	entry->hit.count++;
	if (sample->time < entry->hit.first)
		entry->hit.first = sample->time;
	if (sample->time >= entry->hit.last)
		take_last(hits, sample, entry);
	error = add_thread(entry, sample->tid);
	return error ? error : add_recent(entry, thread);
}

void ff_hits_look(struct ff_hits *hits, const uint8_t *before, const uint8_t *after, size_t size)
{
	for (size_t i = 0; i < hits->n; i++) {
		struct ff_hit_entry *entry = &hits->entries[i];

		if (entry->looked)
			continue;
		entry->looked = true;
		entry->hit.known = before && after;
		if (!entry->hit.known)
			continue;
		memcpy(entry->hit.before, before, size);
		memcpy(entry->hit.after, after, size);
	}
}

void ff_hits_scale(struct ff_hits *hits, const double *factors, size_t n)
{
	for (size_t i = 0; i < hits->n; i++) {
		struct ff_hit_entry *entry = &hits->entries[i];
		uint32_t kept = 0;

		for (uint32_t j = 0; j < entry->nrecents; j++) {
			struct ff_hit_recent *recent = &entry->recents[j];
			double factor = recent->thread < n ? factors[recent->thread] : 1.0;

			if (factor > 0)
				entry->hit.count += (uint64_t)((double)recent->seen *
							       (factor - 1.0) + 0.5);
			else
				entry->recents[kept++] = *recent;
		}
		entry->nrecents = kept;
	}
}
