// SPDX-License-Identifier: MIT
/*
 * Records of perf's rings, as samples
 */
#include "events.h"

#include <linux/perf_event.h>
#include <stddef.h>
#include <string.h>

#define COMM_EXEC	PERF_RECORD_MISC_COMM_EXEC

struct draining {
	struct ff_events *events;
	const struct ff_taker *taker;
};

static uint64_t take(const uint64_t **at)
{
	return *(*at)++;
}

/* The order is that of perf_event_open(2), "PERF_RECORD_SAMPLE". Returns the event's id. */
static uint64_t parse(struct ff_sample *sample, const void *bytes, uint32_t *pid, bool has_stack)
{
	const uint64_t *at = (const uint64_t *)bytes + 1;
	uint64_t threads, event;

	memset(sample, 0, sizeof(*sample));
	sample->ip = take(&at);
	threads = take(&at);
	memcpy(pid, &threads, sizeof(*pid));
	memcpy(&sample->tid, (const uint8_t *)&threads + sizeof(*pid), sizeof(sample->tid));
	sample->time = take(&at);
	take(&at);	/* the address, which is the event's */
	event = take(&at);
	sample->bits = (uint32_t)take(&at) * 32;	/* PERF_SAMPLE_REGS_ABI_32 is 1, _64 is 2 */
	if (sample->bits) {
		memcpy(sample->registers, at, FF_WATCH_SAMPLED * sizeof(*at));
		at += FF_WATCH_SAMPLED;
	}
	if (has_stack) {
		uint64_t size = take(&at);

		sample->stack = (const uint8_t *)at;
		if (size)
			sample->stack_size = (uint32_t)at[size / sizeof(*at)];
	}
	return event;
}

static void take_sample(const struct draining *draining, const void *bytes)
{
	struct ff_events *events = draining->events;
	const struct ff_event *event;
	struct ff_sample sample;
	uint32_t pid;

	event = ff_events_find(events, parse(&sample, bytes, &pid, events->stack));
	if (!event)
		return;
	sample.opener = event->opener;
	sample.part = event->part;
	sample.foreign = (pid_t)pid != events->pid;
	events->source.samples++;
	draining->taker->sample(draining->taker->context, &sample);
}

static void take_comm(struct ff_events *events, const struct perf_event_header *header)
{
	uint32_t pid;

	memcpy(&pid, header + 1, sizeof(pid));
	if ((pid_t)pid == events->pid && (header->misc & COMM_EXEC))
		events->source.replaced = true;
}

/* perf_event_open(2), "PERF_RECORD_LOST": whose, and how many. */
static void take_lost(const struct draining *draining, const void *bytes)
{
	const uint64_t *fields = bytes;
	const struct ff_event *event = ff_events_find(draining->events, fields[1]);

	draining->taker->lost(draining->taker->context,
			      event ? event->opener : UINT32_MAX, fields[2]);
}

static void take_record(void *context, void *bytes)
{
	const struct perf_event_header *header = bytes;
	const struct draining *draining = context;

	if (draining->events->source.replaced)
		return;
	if (header->type == PERF_RECORD_SAMPLE)
		take_sample(draining, bytes);
	else if (header->type == PERF_RECORD_COMM)
		take_comm(draining->events, header);
	else if (header->type == PERF_RECORD_LOST)
		take_lost(draining, bytes);
}

void ff_records_drain(struct ff_source *source, const struct ff_taker *taker)
{
	struct draining draining = { .events = (struct ff_events *)source, .taker = taker };

	ff_rings_drain(draining.events, take_record, &draining);
}
