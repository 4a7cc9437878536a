/* SPDX-License-Identifier: MIT */
/*
 * Pieces of small integers, with fewer bytes a word
 *
 * Half of what a scan for unknown values keeps is small numbers in 32-bit words: a piece
 * whose words all fit in 8 or 16 bits, signed, is stored so. A piece's width is the bytes
 * a word takes, and that many KiB. Compiled into each instruction set's own file.
 */
#ifndef FF_PACKED_H
#define FF_PACKED_H

#include "ff.h"

#include <string.h>

#define FF_PIECE_WORDS	(FF_PIECE / 4)

static inline size_t ff_packed_size(uint32_t width)
{
	return (size_t)width * FF_PIECE_WORDS;
}

/* The bytes that the widest of a piece's words needs: 1, 2 or 4. */
static inline uint32_t ff_pack_width(const uint8_t *piece)
{
	uint32_t above_8 = 0;

	for (size_t at = 0; at < FF_PIECE; at += 512) {
		uint32_t words[128], above_16 = 0;

		memcpy(words, piece + at, sizeof(words));
		for (size_t i = 0; i < 128; i++) {
			above_8 |= words[i] + 0x80;
			above_16 |= words[i] + 0x8000;
		}
		if (above_16 >> 16)
			return 4;
	}
	return above_8 >> 8 ? 2 : 1;
}

/* Words that fit in width bytes, 1 or 2; neither address needs to be aligned. */
static inline void ff_pack(uint32_t width, const uint8_t *restrict piece, uint8_t *restrict out)
{
	for (size_t i = 0; i < FF_PIECE_WORDS; i++) {
		uint32_t word;
		uint16_t half;

		memcpy(&word, piece + 4 * i, sizeof(word));
		half = (uint16_t)word;
		if (width == 1)
			out[i] = (uint8_t)word;
		else
			memcpy(out + 2 * i, &half, sizeof(half));
	}
}

static inline void ff_unpack(uint32_t width, const uint8_t *restrict packed,
			     uint8_t *restrict piece)
{
	for (size_t i = 0; i < FF_PIECE_WORDS; i++) {
		int16_t half;
		int32_t word;

		if (width == 1) {
			word = (int8_t)packed[i];
		} else {
			memcpy(&half, packed + 2 * i, sizeof(half));
			word = half;
		}
		memcpy(piece + 4 * i, &word, sizeof(word));
	}
}

#endif
