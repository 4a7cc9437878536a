// SPDX-License-Identifier: MIT
/*
 * What an x86 processor has, asked of the processor itself
 *
 * __builtin_cpu_supports() would look at what the compiler's own start-up code has found, which
 * not every compiler links into a shared library: built by zig, it finds no AVX on any machine.
 *
 * This file is compiled for every x86-64 processor, as those of the kernels are not. Bits as in
 * Intel's Software Developer's Manual: volume 2A, CPUID; volume 1, 14.3 and 15.2 (how to look
 * for AVX and AVX-512: the instructions, and whether XGETBV says that their registers are kept).
 */
#include "x86.h"

#include <cpuid.h>

#define OSXSAVE_AND_AVX 0x18000000u	/* leaf 1, ecx: xgetbv may be asked; there is AVX */

bool ff_x86_has(uint32_t instructions, uint32_t registers)
{
	uint32_t a, b, c, d, kept, upper;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & OSXSAVE_AND_AVX) != OSXSAVE_AND_AVX)
		return false;
	__asm__("xgetbv" : "=a"(kept), "=d"(upper) : "c"(0));
	if ((kept & registers) != registers)
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & instructions) == instructions;
}
