/* SPDX-License-Identifier: MIT */
/*
 * What an x86 processor has, and the system lets programs use
 */
#ifndef FF_KERNELS_X86_H
#define FF_KERNELS_X86_H

#include <stdbool.h>
#include <stdint.h>

/* The registers of each thread that the system keeps: bits of XCR0. */
#define FF_X86_YMM 0x06u	/* xmm, and the upper halves of ymm */
#define FF_X86_ZMM 0xe6u	/* and masks, the upper halves of zmm, and zmm16 to zmm31 */

/* Instructions: bits of cpuid's leaf 7, in ebx. */
#define FF_X86_AVX2 0x00000020u
#define FF_X86_AVX512 0xc0030000u	/* AVX512F, DQ, BW and VL */

/* Whether the processor has all of the instructions, and the system keeps their registers. */
bool ff_x86_has(uint32_t instructions, uint32_t registers);

#endif
