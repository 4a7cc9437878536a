/* SPDX-License-Identifier: MIT */
#ifndef FF_PATTERN_H
#define FF_PATTERN_H

#include "program.h"

/* Pattern atoms have length bytes of value at first, and as many of mask behind them. */
bool ff_pattern_fits(const struct ff_atom *atom, const uint8_t *bytes, size_t nbytes);
/* Choose the bytes that tell most, into the atom's op. The span keeps them below 65,536. */
void ff_pattern_choose(struct ff_atom *atom, const uint8_t *bytes);
/* What a kernel is asked for such an atom. */
void ff_pattern_test(const struct ff_atom *atom, const uint8_t *bytes,
		     struct ff_pattern_test *out);

#endif
