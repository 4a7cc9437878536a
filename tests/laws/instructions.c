// SPDX-License-Identifier: MIT
/*
 * Prints which instruction sets the engine finds on an x86 processor, a word each.
 */
#include "kernels/x86.h"

#include <stdio.h>

int main(void)
{
	if (ff_x86_has(FF_X86_AVX512, FF_X86_ZMM))
		puts("avx512");
	if (ff_x86_has(FF_X86_AVX2, FF_X86_YMM))
		puts("avx2");
	return 0;
}
