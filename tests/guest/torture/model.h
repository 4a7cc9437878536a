/* SPDX-License-Identifier: MIT */
/*
 * What the judge knows of the arena in a quiet round, and what follows from it.
 */
#ifndef MODEL_H
#define MODEL_H

#include "torture.h"

enum maybe { NO, YES, MAYBE };

/*
 * @kept: a private page of a file that is the victim's own by now, or one that is
 *	  anonymous
 * @loose: its bytes may be gone at any time, and zeros there instead
 * @huge: it is part of a huge page that is mapped as one
 * @writable: its entry in the page table lets the victim write, if there is one
 */
struct page {
	const struct kind *kind;
	int prot;
	bool mapped, may_write, faults, kept, loose;
	enum maybe huge, writable;
};

struct view {
	struct page pages[ARENA_PAGES];
	unsigned char bytes[ARENA_PAGES][PAGE];
};

struct model {
	pid_t pid;
	enum mode mode; /* the parameters */
	bool force;
	bool mirrored;
	struct view now;
	struct view before; /* when the mirror was born */
};

/*
 * What a call must come to: @error, or as much as @least to @most bytes.
 * @reached: how far it gets in the victim, whatever the caller's buffer
 */
struct outlook {
	enum mode mode;
	long error;
	uint64_t least, most, reached;
	bool walks; /* and the page table has been looked at */
	bool faults_forever; /* it would wait for userfaultfd */
};

extern struct model model;

void model_begin(pid_t pid, const struct plan *plan);
struct outlook model_outlook(const struct call *call, uint64_t room);
bool model_permits(const struct call *call, const struct outlook *outlook, long done);
void model_check_read(const struct call *call, long done);
void model_pinned(const struct call *call, const struct outlook *outlook);
void model_wrote(const struct call *call, const struct outlook *outlook, long done);
void model_used(size_t page, size_t offset, const unsigned char *bytes, size_t length);
void model_protected(size_t page, int prot);
void model_forgot(size_t page);
void model_freed(size_t page);
void model_paged_out(size_t page);
void model_filled(size_t page, unsigned generation);
void model_disturbed(size_t page);
void model_mirrored(void);
void model_look(size_t first, size_t end);
void model_look_at_end(void);
size_t model_cell(size_t page, size_t *pages);

/* pagemap.c */
void pagemap_begin(void);
void pagemap_open(pid_t pid);
void pagemap_before(void);
size_t pagemap_changed(size_t but_for);
bool pagemap_has(size_t page);
bool pagemap_sampled(void);

#endif
