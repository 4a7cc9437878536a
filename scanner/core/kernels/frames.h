/* SPDX-License-Identifier: MIT */
/*
 * Pages packed by a frame of reference: what their words have in common, once, and the bits in
 * which they differ
 *
 *   words    base + (bits << shift)     of 4 bytes or of 8, around the ends of all numbers too
 *   page     64 rows of 64 bytes        a lane is 4 or 8 bytes of a row
 *   packed   rows of 64 bytes           the lane's bits of one row behind those of the row before:
 *                                       128 bytes for each bit of a word of 4, 64 of one of 8
 *
 * The layout is one for every instruction set, however many lanes its vectors have. Each set's own
 * file defines FRAMES_U32, FRAMES_U64, and FRAMES_LOOK_U64, which may be narrower; which is less
 * and which is greater of two as signed numbers, lane by lane, of FRAMES_U32 and FRAMES_LOOK_U64;
 * and includes this. Without them there is only what all have.
 */
#ifndef FF_FRAMES_H
#define FF_FRAMES_H

#include "bits.h"
#include "ff.h"

#define FF_FRAME_4	4u	/* words of so many bytes, */
#define FF_FRAME_8	8u	/* or of so many; both may be tried */
#define FF_FRAME_ROW	64
#define FF_FRAME_ROWS	(FF_PIECE / FF_FRAME_ROW)

struct ff_frame {
	uint64_t base;
	uint32_t at;		/* for whoever keeps many of them: where the page's bytes begin */
	uint8_t word;		/* 4 or 8; 0: the page is as it is */
	uint8_t bits, shift;
};

/* Bytes of a packed page. */
static inline size_t ff_frame_size(const struct ff_frame *frame)
{
	if (!frame->word)
		return FF_PIECE;
	return (size_t)frame->bits * FF_FRAME_ROWS * (FF_FRAME_ROW / frame->word) / 8;
}

/* That of words with a least one, the greatest one above it and the bits in which any differ. */
static inline struct ff_frame ff_frame_of(uint8_t word, uint64_t least, uint64_t spread,
					  uint64_t differ)
{
	struct ff_frame frame = { .base = least, .word = word };

	if (!differ)
		return frame;
	frame.shift = (uint8_t)ff_bits_first(differ);
	frame.bits = (uint8_t)(ff_bits_last(spread) + 1 - frame.shift);
	if (frame.bits == 8 * word)
		frame.word = 0;
	return frame;
}

#endif

#ifdef FRAMES_U32

#define DEFINE_LOOK(T, V, LESSER, GREATER)						\
FRAMES_INLINE struct ff_frame frame_##T(const uint8_t *page)				\
{											\
	T first, all[3][sizeof(V) / sizeof(T)], least = 0, greatest = 0, differ = 0;	\
	V one, other, low = { 0 }, high = { 0 }, any = { 0 }, lower = { 0 }, higher = { 0 }; \
											\
	memcpy(&first, page, sizeof(first));						\
	/* two at a time, which do not wait for one another */				\
	for (size_t at = 0; at < FF_PIECE; at += 2 * sizeof(V)) {			\
		memcpy(&one, page + at, sizeof(one));					\
		memcpy(&other, page + at + sizeof(one), sizeof(other));			\
		one -= first;								\
		other -= first;								\
		low = LESSER(low, one);							\
		lower = LESSER(lower, other);						\
		high = GREATER(high, one);						\
		higher = GREATER(higher, other);					\
		any |= one | other;							\
	}										\
	low = LESSER(low, lower);							\
	high = GREATER(high, higher);							\
	memcpy(all[0], &low, sizeof(low));						\
	memcpy(all[1], &high, sizeof(high));						\
	memcpy(all[2], &any, sizeof(any));						\
	/* none of the least is above zero, and none of the greatest below */		\
	for (size_t i = 0; i < sizeof(V) / sizeof(T); i++) {				\
		if ((T)-all[0][i] > least)						\
			least = (T)-all[0][i];						\
		if (all[1][i] > greatest)						\
			greatest = all[1][i];						\
		differ |= all[2][i];							\
	}										\
	return ff_frame_of(sizeof(T), (T)(first - least), (T)(least + greatest), differ); \
}

#define DEFINE_FRAMES(T, V)								\
FRAMES_INLINE V frame_load_##T(const uint8_t *at)					\
{											\
	V value;									\
											\
	memcpy(&value, at, sizeof(value));						\
	return value;									\
}											\
											\
FRAMES_INLINE void frame_pack_##T(const struct ff_frame *frame, const uint8_t *page,	\
				  uint8_t *out)						\
{											\
	const T base = (T)frame->base, bits = frame->bits, shift = frame->shift;	\
	const T width = 8 * sizeof(T);							\
											\
	for (size_t column = 0; column < FF_FRAME_ROW; column += sizeof(V)) {		\
		uint8_t *to = out + column;						\
		V held = { 0 };								\
		T used = 0;								\
											\
		for (size_t row = 0; row < FF_FRAME_ROWS; row++) {			\
			V value = (frame_load_##T(page + row * FF_FRAME_ROW + column) -	\
				   base) >> shift;					\
											\
			held |= value << used;						\
			used += bits;							\
			if (used < width)						\
				continue;						\
			memcpy(to, &held, sizeof(held));				\
			to += FF_FRAME_ROW;						\
			used -= width;							\
			held = used ? value >> (bits - used) : (V){ 0 };		\
		}									\
	}										\
}											\
											\
FRAMES_INLINE void frame_unpack_##T(const struct ff_frame *frame, const uint8_t *packed, \
				    uint8_t *page)					\
{											\
	const T base = (T)frame->base, bits = frame->bits, shift = frame->shift;	\
	const T width = 8 * sizeof(T), mask = (T)ff_bits_below(bits);			\
											\
	for (size_t column = 0; column < FF_FRAME_ROW; column += sizeof(V)) {		\
		const uint8_t *from = packed + column;					\
		V held = { 0 };								\
		T left = 0;								\
											\
		for (size_t row = 0; row < FF_FRAME_ROWS; row++) {			\
			V value = held;							\
											\
			if (left >= bits) {						\
				held = held >> bits;					\
				left -= bits;						\
			} else {							\
				V next = frame_load_##T(from);				\
											\
				from += FF_FRAME_ROW;					\
				value |= next << left;					\
				held = next >> (bits - left);				\
				left += width - bits;					\
			}								\
			value = ((value & mask) << shift) + base;			\
			memcpy(page + row * FF_FRAME_ROW + column, &value, sizeof(value)); \
		}									\
	}										\
}

DEFINE_LOOK(uint32_t, FRAMES_U32, FRAMES_LESSER_U32, FRAMES_GREATER_U32)
DEFINE_LOOK(uint64_t, FRAMES_LOOK_U64, FRAMES_LESSER_U64, FRAMES_GREATER_U64)
DEFINE_FRAMES(uint32_t, FRAMES_U32)
DEFINE_FRAMES(uint64_t, FRAMES_U64)

/* The frame in which a page takes the fewest bytes, of those of some words. */
static void FRAMES_NAME(frame)(const uint8_t *page, uint32_t words, struct ff_frame *out)
{
	struct ff_frame wide = { 0 };

	*out = (struct ff_frame){ 0 };
	if (words & FF_FRAME_4)
		*out = frame_uint32_t(page);
	if (words & FF_FRAME_8)
		wide = frame_uint64_t(page);
	if (ff_frame_size(&wide) < ff_frame_size(out))
		*out = wide;
}

static void FRAMES_NAME(frame_pack)(const struct ff_frame *frame, const uint8_t *page, uint8_t *out)
{
	if (frame->word == 4)
		frame_pack_uint32_t(frame, page, out);
	else
		frame_pack_uint64_t(frame, page, out);
}

static void FRAMES_NAME(frame_unpack)(const struct ff_frame *frame, const uint8_t *packed,
				      uint8_t *page)
{
	if (frame->word == 4)
		frame_unpack_uint32_t(frame, packed, page);
	else
		frame_unpack_uint64_t(frame, packed, page);
}

#undef DEFINE_LOOK
#undef DEFINE_FRAMES
#endif
