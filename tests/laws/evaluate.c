// SPDX-License-Identifier: MIT
/*
 * Evaluates programs of the core on behalf of tests that run elsewhere: requests
 * come in on stdin and masks go out on stdout, as kernels.py writes and reads them.
 */
#include "bits.h"
#include "ff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct request {
	char isa[16];
	uint32_t span, relation;
	uint32_t natoms, nlogic, nexprs, nbytes;
	uint32_t stride, n;
	uint32_t sizes[FF_STREAMS];	/* of the streams' bytes; ~0 for none */
};

static void *take(size_t size)
{
	void *memory = malloc(size + 1);

	if (!memory || fread(memory, 1, size, stdin) != size)
		exit(1);
	return memory;
}

/* Bytes with nothing readable behind them. */
static uint8_t *take_guarded(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t whole = (size + page - 1) / page * page;
	uint8_t *memory = mmap(NULL, whole + page, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + whole, page, PROT_NONE) ||
	    fread(memory + whole - size, 1, size, stdin) != size)
		exit(1);
	return memory + whole - size;
}

int main(void)
{
	struct request request;

	while (fread(&request, sizeof(request), 1, stdin) == 1) {
		struct ff_program_spec spec = {
			.span = request.span, .relation = request.relation,
			.natoms = request.natoms, .nlogic = request.nlogic,
			.nexprs = request.nexprs, .nbytes = request.nbytes,
		};
		const uint8_t *streams[FF_STREAMS] = { NULL };
		size_t words = ff_bits_words(request.n);
		uint64_t *mask = calloc(words + 1, sizeof(*mask));
		struct ff_program *program;
		int isa = ff_isa_find(request.isa);

		spec.atoms = take(spec.natoms * sizeof(*spec.atoms));
		spec.logic = take(spec.nlogic * sizeof(*spec.logic));
		spec.exprs = take(spec.nexprs * sizeof(*spec.exprs));
		spec.bytes = take(spec.nbytes);
		for (size_t s = 0; s < FF_STREAMS; s++) {
			if (request.sizes[s] != UINT32_MAX)
				streams[s] = take_guarded(request.sizes[s]);
		}
		if (!mask || isa < 0 || ff_program_create(&spec, &program) ||
		    ff_program_eval(program, isa, streams, request.stride, request.n, mask))
			return 1;
		fwrite(mask, sizeof(*mask), words, stdout);
		fflush(stdout);
		ff_program_destroy(program);
		for (size_t s = 0; s < FF_STREAMS; s++) {
			size_t page = (size_t)sysconf(_SC_PAGESIZE);
			size_t whole = (request.sizes[s] + page - 1) / page * page;

			if (streams[s])
				munmap((uint8_t *)streams[s] + request.sizes[s] - whole,
				       whole + page);
		}
		free((void *)spec.atoms);
		free((void *)spec.logic);
		free((void *)spec.exprs);
		free((void *)spec.bytes);
		free(mask);
	}
	return 0;
}
