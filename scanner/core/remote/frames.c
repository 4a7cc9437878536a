// SPDX-License-Identifier: MIT
/*
 * Where a thread goes on behind the handlers of signals that it is in
 *
 * The layouts are those of struct sigcontext in asm/sigcontext.h: of 64 bits rip, eflags, cs;
 * of 32 bits ip, cs.
 */
#include "frames.h"

#include <string.h>
#include <unistd.h>

#define DEEP 32768	/* bytes of a stack that are looked at, from its top */
#define WIDE_CODE 0x33
#define NARROW_CODE 0x23

static bool is_inside(uint64_t ip, const struct ff_remote_piece *pieces, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ip > pieces[i].address && ip - pieces[i].address < pieces[i].size)
			return true;
	return false;
}

bool ff_frames_return_into(int memory, uint64_t stack, const struct ff_remote_piece *pieces,
			   size_t n)
{
	uint8_t raw[DEEP];
	ssize_t got = pread(memory, raw, sizeof(raw), (off_t)(stack & ~UINT64_C(3)));

	for (ssize_t at = 0; at + 18 <= got; at += 4) {
		uint16_t near, far;
		uint32_t narrow;
		uint64_t wide;

		memcpy(&narrow, raw + at, sizeof(narrow));
		memcpy(&wide, raw + at, sizeof(wide));
		memcpy(&near, raw + at + 4, sizeof(near));
		memcpy(&far, raw + at + 16, sizeof(far));
		if (near == NARROW_CODE && is_inside(narrow, pieces, n))
			return true;
		if ((far == WIDE_CODE || far == NARROW_CODE) && is_inside(wide, pieces, n))
			return true;
	}
	return false;
}
