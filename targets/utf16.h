// SPDX-License-Identifier: MIT
#ifndef TARGETS_UTF16_H
#define TARGETS_UTF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * utf16_from_utf8 - write @text to @units, filled up with zeros
 *
 * Returns false, and leaves @units alone, if the text is not UTF-8 or does not
 * fit with a zero after it.
 */
bool utf16_from_utf8(uint16_t *units, size_t count, const char *text);

/*
 * utf16_to_utf8 - write @units up to a zero to @text
 *
 * @size is 3 * @count + 1 or more. A surrogate without its other half comes out
 * as U+FFFD: another program may have written anything there.
 */
void utf16_to_utf8(char *text, size_t size, const uint16_t *units, size_t count);

#endif
