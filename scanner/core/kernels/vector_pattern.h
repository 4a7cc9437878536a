/* SPDX-License-Identifier: MIT */
/*
 * Patterns in vectors; kernels_vector.h includes this
 *
 * All byte offsets are looked at, 64 at a time, whatever the stride: two bytes of the
 * pattern send most of them away, and what is left is compared byte after byte.
 */
VECTOR_INLINE vector_mask pattern_byte(const uint8_t *at, uint8_t value, uint8_t bits)
{
	return (vector_mask)((*(const vector_u8 *)at & bits) == value);
}

/* Which of the 64 addresses from a on the pattern begins at. plain: nothing in the two is wild. */
VECTOR_INLINE uint64_t pattern_64(const struct ff_pattern_test *test, bool plain, const uint8_t *a)
{
	const size_t one = test->one, other = test->other;
	const uint8_t bits_one = plain ? 0xff : test->mask[one];
	const uint8_t bits_other = plain ? 0xff : test->mask[other];
	vector_mask found[64 / VECTOR_BYTES], any = { 0 };

	for (size_t v = 0; v < 64 / VECTOR_BYTES; v++) {
		const uint8_t *at = a + v * VECTOR_BYTES;

		found[v] = pattern_byte(at + one, test->value[one], bits_one) &
			   pattern_byte(at + other, test->value[other], bits_other);
		any |= found[v];
	}
	for (size_t i = 0; i < test->length && vector_any(any); i++) {
		any ^= any;
		for (size_t v = 0; v < 64 / VECTOR_BYTES; v++) {
			found[v] &= pattern_byte(a + v * VECTOR_BYTES + i, test->value[i],
						 test->mask[i]);
			any |= found[v];
		}
	}
	return vector_any(any) ? vector_bits_1(found) : 0;
}

/* Whole groups of 64 slots, with stride - 1 bytes to read behind the last value. */
VECTOR_INLINE void pattern_groups(const struct ff_pattern_test *given, bool plain,
				  const uint8_t *a, size_t stride, size_t n, uint64_t *mask)
{
	/* a copy that no store to mask can be thought to change */
	const struct ff_pattern_test test = *given;
	/* a bit for every slot's address of 64 */
	const uint64_t slots = ~(uint64_t)0 / (((uint64_t)2 << (stride - 1)) - 1);

	for (size_t g = 0; g < n / 64; g++) {
		uint64_t bits = 0;

		for (size_t k = 0; k < stride; k++, a += 64) {
			uint64_t found = pattern_64(&test, plain, a) & slots;

			if (stride == 1)
				bits = found;
			else
				for (; found; found &= found - 1)
					ff_bit_set(&bits, (k * 64 + ff_bits_first(found)) / stride);
		}
		mask[g] = bits;
	}
}

static void vector_pattern(const struct ff_pattern_test *test, const uint8_t *a, size_t stride,
			   size_t n, uint64_t *mask)
{
	size_t whole = 0;

	if (stride == 1) {
		whole = n / 64 * 64;
		if ((test->mask[test->one] & test->mask[test->other]) == 0xff)
			pattern_groups(test, true, a, 1, whole, mask);
		else
			pattern_groups(test, false, a, 1, whole, mask);
	} else if (stride <= 8 && !(stride & (stride - 1)) && n) {
		whole = (n - 1) / 64 * 64;
		pattern_groups(test, false, a, stride, whole, mask);
	}
	if (whole < n)
		ff_kernels_scalar.pattern(test, a + whole * stride, stride, n - whole,
					  mask + whole / 64);
}
