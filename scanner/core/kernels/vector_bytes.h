/* SPDX-License-Identifier: MIT */
/*
 * Values at every byte, compared byte by byte; vector.h includes this
 *
 *   bytes     d0 07 00 00 d0 07 00 d0 07 00 00 ...       sought: d0 07 00 00
 *   one       1  0  0  0  1  0  0  1  0  0  0            a rare byte of the value, where it is
 *   other     1  0  0  0  1  0  0  1  0  0  0            and another, as far on as it lies there
 *   value     1  0  0  0  0  0  0  1  0  0  0            all of them, only where both are
 */
/* Of a value's bytes, one that is rare in most memory: neither 0 nor 0xff, nor number taken. */
static size_t rare_byte(const uint8_t *value, size_t size, size_t taken)
{
	size_t best = taken ? 0 : size - 1;

	for (size_t i = 0; i < size; i++) {
		if (i != taken && (uint8_t)(value[i] + 1) > 1)
			return i;
		if (i != taken && value[i])
			best = i;
	}
	return best;
}

VECTOR_INLINE vector_mask equal_byte(const uint8_t *at, uint8_t value)
{
	return (vector_mask)(*(const vector_u8 *)at == value);
}

/*
 * A value at every byte: compare bytes, 64 slots at a time. Most groups end when two of
 * the value's bytes have been looked for: which have one of them cannot be foreseen.
 */
static void equal_bytes(const uint8_t *value, size_t size, const uint8_t *a, size_t n,
			uint64_t *mask)
{
	const size_t one = rare_byte(value, size, size), other = rare_byte(value, size, one);
	/* copies that no store to mask can be thought to change */
	const uint8_t rare = value[one], second = value[other];

	for (size_t g = 0; g < n / 64; g++, a += 64) {
		vector_mask found[64 / VECTOR_BYTES], any = { 0 };

		for (size_t v = 0; v < 64 / VECTOR_BYTES; v++) {
			found[v] = equal_byte(a + v * VECTOR_BYTES + one, rare) &
				   equal_byte(a + v * VECTOR_BYTES + other, second);
			any |= found[v];
		}
		mask[g] = 0;
		if (!vector_any(any))
			continue;
		for (size_t v = 0; v < 64 / VECTOR_BYTES; v++) {
			for (size_t i = 0; i < size; i++)
				found[v] &= equal_byte(a + v * VECTOR_BYTES + i, value[i]);
		}
		mask[g] = vector_bits_1(found);
	}
}

/* Which of the 64 bytes at a and b are the same. */
VECTOR_INLINE uint64_t same_64(const uint8_t *a, const uint8_t *b)
{
	vector_mask found[64 / VECTOR_BYTES];

	for (size_t v = 0; v < 64 / VECTOR_BYTES; v++)
		found[v] = (vector_mask)(*(const vector_u8 *)(a + v * VECTOR_BYTES) ==
					 *(const vector_u8 *)(b + v * VECTOR_BYTES));
	return vector_bits_1(found);
}

/* Values at every byte are the same where as many bytes as they have are, in a row. */
static void same_bytes(size_t size, const uint8_t *a, const uint8_t *b, size_t n,
		       uint64_t *mask)
{
	uint64_t next = same_64(a, b);

	for (size_t i = 0; i < n; i += 64) {
		unsigned __int128 same = next;

		next = 0;
		if (i + 64 < n) {
			next = same_64(a + i + 64, b + i + 64);
		} else {
			for (size_t k = 0; k < size - 1; k++)
				next |= (uint64_t)(a[n + k] == b[n + k]) << k;
		}
		same |= (unsigned __int128)next << 64;
		for (size_t step = 1; step < size; step *= 2)
			same &= same >> step;
		mask[i / 64] = (uint64_t)same;
	}
}
