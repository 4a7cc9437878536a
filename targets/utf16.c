// SPDX-License-Identifier: MIT
/*
 * UTF-8 to UTF-16 and back, for names that a game holds both ways.
 */
#include "utf16.h"

#include <string.h>

#define REPLACEMENT 0xfffd

/* Return the code point at *@text and step over it; 0 at the end, or if it is malformed. */
static uint32_t code_point_read(const unsigned char **text)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = *text;
	uint32_t point = *byte++;
	int more = 0;

	if (point >= 0xf8)
		return 0;
	if (point >= 0xf0)
		more = 3;
	else if (point >= 0xe0)
		more = 2;
	else if (point >= 0xc0)
		more = 1;
	else if (point >= 0x80)
		return 0;
	if (more)
		point &= 0x3fu >> more;
	for (int i = 0; i < more; i++, byte++) {
		if ((*byte & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (*byte & 0x3f);
	}
	if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	*text = byte;
	return point;
}

bool utf16_from_utf8(uint16_t *units, size_t count, const char *text)
{
	const unsigned char *rest = (const unsigned char *)text;
	uint16_t result[count];
	size_t used = 0;
	uint32_t point;

	memset(result, 0, sizeof(result));
	while ((point = code_point_read(&rest))) {
		size_t wanted = point >= 0x10000 ? 2 : 1;

		if (used + wanted >= count)
			return false;
		if (wanted == 2) {
			point -= 0x10000;
			result[used++] = (uint16_t)(0xd800 | point >> 10);
			point = 0xdc00 | (point & 0x3ff);
		}
		result[used++] = (uint16_t)point;
	}
	if (*rest)
		return false;
	memcpy(units, result, sizeof(result));
	return true;
}

static char *code_point_write(char *text, uint32_t point)
{
	if (point < 0x80) {
		*text++ = (char)point;
	} else if (point < 0x800) {
		*text++ = (char)(0xc0 | point >> 6);
		*text++ = (char)(0x80 | (point & 0x3f));
	} else if (point < 0x10000) {
		*text++ = (char)(0xe0 | point >> 12);
		*text++ = (char)(0x80 | (point >> 6 & 0x3f));
		*text++ = (char)(0x80 | (point & 0x3f));
	} else {
		*text++ = (char)(0xf0 | point >> 18);
		*text++ = (char)(0x80 | (point >> 12 & 0x3f));
		*text++ = (char)(0x80 | (point >> 6 & 0x3f));
		*text++ = (char)(0x80 | (point & 0x3f));
	}
	return text;
}

void utf16_to_utf8(char *text, size_t size, const uint16_t *units, size_t count)
{
	char *end = text + size - 1;

	for (size_t i = 0; i < count && units[i] && end - text >= 4; i++) {
		uint32_t point = units[i];
		bool leads = point >= 0xd800 && point < 0xdc00;

		if (leads && i + 1 < count && (units[i + 1] & 0xfc00) == 0xdc00)
			point = 0x10000 + ((point & 0x3ff) << 10) + (units[++i] & 0x3ff);
		else if (point >= 0xd800 && point < 0xe000)
			point = REPLACEMENT;
		text = code_point_write(text, point);
	}
	*text = '\0';
}
