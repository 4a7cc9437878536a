// SPDX-License-Identifier: MIT
/*
 * Pages packed by a frame of reference, on every instruction set that this machine has: each finds
 * the same frame and makes the same bytes, of all widths and shifts, around the ends of all
 * numbers; all of them give the page back; and nothing is written behind what a page takes.
 */
#include "kernels/frames.h"
#include "kernels/kernels.h"
#include "must.h"

#include <string.h>

#define SETS	8
#define GUARD	64

static const struct ff_kernels *sets[SETS];
static size_t nsets;
static uint64_t state = 88172645463325252u;

static uint64_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* What every set makes of a page by some words. Returns the bytes that it takes. */
static size_t check_by(const uint8_t *page, uint32_t words)
{
	uint8_t packed[FF_PIECE + GUARD], theirs[FF_PIECE + GUARD], back[FF_PIECE];
	struct ff_frame frame = { 0 };
	size_t size;

	sets[0]->frame(page, words, &frame);
	size = ff_frame_size(&frame);
	memset(packed, 0xcc, sizeof(packed));
	if (frame.word)
		sets[0]->frame_pack(&frame, page, packed);
	must(size <= FF_PIECE && size % FF_FRAME_ROW == 0, "a page takes more than it has");
	for (size_t i = 0; i < nsets; i++) {
		struct ff_frame other = { 0 };

		sets[i]->frame(page, words, &other);
		must(other.word == frame.word && other.bits == frame.bits &&
		     other.shift == frame.shift && other.base == frame.base, "another frame");
		if (!frame.word)
			continue;
		memset(theirs, 0xcc, sizeof(theirs));
		sets[i]->frame_pack(&frame, page, theirs);
		must(!memcmp(packed, theirs, sizeof(packed)), "other bytes, or more of them");
		must(theirs[size] == 0xcc, "bytes behind the page's");
		memset(back, 0x33, sizeof(back));
		sets[i]->frame_unpack(&frame, packed, back);
		must(!memcmp(back, page, sizeof(back)), "another page");
	}
	must(!frame.word || words & frame.word, "other words");
	return size;
}

/* The same by whichever words take less. */
static size_t check(const uint8_t *page)
{
	size_t size = check_by(page, FF_FRAME_4 | FF_FRAME_8);
	size_t narrow = check_by(page, FF_FRAME_4), wide = check_by(page, FF_FRAME_8);

	must(size == (narrow < wide ? narrow : wide), "not what takes the least");
	return size;
}

static void put(uint8_t *page, size_t index, size_t word, uint64_t value)
{
	memcpy(page + index * word, &value, word); /* of little-endian machines, as the core is */
}

/* Words that differ in so many bits, those above so many, from a base on. */
static size_t check_words(size_t word, uint32_t bits, uint32_t shift, uint64_t base)
{
	uint64_t most = bits ? ~0ull >> (64 - bits) : 0;
	uint8_t page[FF_PIECE];

	for (size_t i = 0; i < FF_PIECE / word; i++)
		put(page, i, word, base + ((draw() & most) << shift));
	/* both ends, wherever they are, the first word among them now and then */
	put(page, draw() % (FF_PIECE / word), word, base);
	put(page, draw() % 4 ? draw() % (FF_PIECE / word) : 0, word, base + (most << shift));
	return check(page);
}

static void check_widths(size_t word)
{
	static const uint64_t bases[] = {
		0, 1, ~0ull, ~0ull - 5, 1ull << 31, (1ull << 31) - 3, 1ull << 63, (1ull << 63) - 3,
		0x7f12345678a0, 0xffffffff, 1ull << 32,
	};
	const size_t n = sizeof(bases) / sizeof(bases[0]);

	for (uint32_t bits = 0; bits <= 8 * word; bits++) {
		for (uint32_t shift = 0; shift + bits <= 8 * word && shift < 8 * word; shift++) {
			for (size_t i = 0; i < n; i += 1 + shift % 3) {
				size_t size = check_words(word, bits, shift, bases[i]);

				must(size <= (size_t)bits * FF_PIECE / (8 * word),
				     "more bits than they differ in");
			}
		}
	}
}

/* Floats of all kinds: what is no number and what is infinite among them. */
static void check_floats(void)
{
	static const uint32_t odd[] = { 0x7fc00000, 0xffc00001, 0x7f800000, 0xff800000,
					0x80000000, 1, 0x7f7fffff, 0x7f800001 };
	uint8_t page[FF_PIECE];

	for (int round = 0; round < 64; round++) {
		for (size_t i = 0; i < FF_PIECE / 4; i++) {
			float value = (float)(draw() >> 40) / (float)(1 + round);
			uint32_t raw;

			memcpy(&raw, &value, sizeof(raw));
			put(page, i, 4, i % 97 < (size_t)round ? odd[draw() % 8] : raw);
		}
		check(page);
	}
}

/* Whatever bytes there are, also where a page is alike but for one of them. */
static void check_bytes(void)
{
	uint8_t page[FF_PIECE];

	for (int round = 0; round < 512; round++) {
		memset(page, round % 3 ? 0 : (int)draw(), sizeof(page));
		for (int i = 0; i < round % 5; i++)
			page[draw() % FF_PIECE] ^= (uint8_t)draw();
		check(page);
		for (size_t i = 0; i < FF_PIECE && round % 16 == 0; i++)
			page[i] = (uint8_t)draw();
		check(page);
	}
}

int main(void)
{
	const char *name;

	for (size_t i = 0; i < SETS && (name = ff_isa_name(i)); i++)
		sets[nsets++] = ff_isa_kernels(ff_isa_find(name));
	must(nsets > 0, "no instruction set");
	check_widths(4);
	check_widths(8);
	check_floats();
	check_bytes();
	return 0;
}
