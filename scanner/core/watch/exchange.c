// SPDX-License-Identifier: MIT
/*
 * A ring with one writer and one reader, in two processes
 */
#include "exchange.h"

#include <string.h>

static size_t place(uint64_t at)
{
	return at & (FF_EXCHANGE_RING - 1);
}

bool ff_exchange_put(struct ff_exchange *exchange, struct ff_exchange_record *record,
		     const void *stack)
{
	uint64_t head = exchange->head;
	uint64_t tail = __atomic_load_n(&exchange->tail, __ATOMIC_ACQUIRE);
	size_t left = FF_EXCHANGE_RING - place(head);
	size_t size = (sizeof(*record) + record->stack_size + 7) & ~(size_t)7;
	size_t skipped = size > left ? left : 0;

	if (head + skipped + size - tail > FF_EXCHANGE_RING)
		return false;
	if (skipped) {
		memset(exchange->ring + place(head), 0, sizeof(record->size));
		head += skipped;
	}
	record->size = (uint32_t)size;
	memcpy(exchange->ring + place(head), record, sizeof(*record));
	if (record->stack_size)
		memcpy(exchange->ring + place(head) + sizeof(*record), stack, record->stack_size);
	__atomic_store_n(&exchange->head, head + size, __ATOMIC_RELEASE);
	return true;
}

const struct ff_exchange_record *ff_exchange_next(struct ff_exchange *exchange)
{
	uint64_t head = __atomic_load_n(&exchange->head, __ATOMIC_ACQUIRE);
	const struct ff_exchange_record *record;

	if (exchange->tail == head)
		return NULL;
	record = (const void *)(exchange->ring + place(exchange->tail));
	if (record->size)
		return record;
	__atomic_store_n(&exchange->tail,
			 exchange->tail + FF_EXCHANGE_RING - place(exchange->tail),
			 __ATOMIC_RELEASE);
	return (const void *)exchange->ring;
}

void ff_exchange_drop(struct ff_exchange *exchange, const struct ff_exchange_record *record)
{
	__atomic_store_n(&exchange->tail, exchange->tail + record->size, __ATOMIC_RELEASE);
}
