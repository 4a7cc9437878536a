// SPDX-License-Identifier: MIT
/*
 * Which instruction sets there are, in order of preference
 */
#include "kernels.h"

#include <errno.h>
#include <string.h>

static const struct ff_kernels *const built[] = {
#ifdef FF_HAVE_AVX512
	&ff_kernels_avx512,
#endif
#ifdef FF_HAVE_AVX2
	&ff_kernels_avx2,
#endif
#ifdef FF_HAVE_SSE2
	&ff_kernels_sse2,
#endif
#ifdef FF_HAVE_NEON
	&ff_kernels_neon,
#endif
	&ff_kernels_scalar,
};

#define NBUILT (sizeof(built) / sizeof(built[0]))

const char *ff_isa_name(size_t index)
{
	for (size_t i = 0; i < NBUILT; i++) {
		if (built[i]->supported() && !index--)
			return built[i]->name;
	}
	return NULL;
}

int ff_isa_find(const char *name)
{
	for (size_t i = 0; i < NBUILT; i++) {
		if (!strcmp(built[i]->name, name))
			return built[i]->supported() ? (int)i : -ENOTSUP;
	}
	return -ENOENT;
}

const struct ff_kernels *ff_isa_kernels(int index)
{
	return built[index];
}
