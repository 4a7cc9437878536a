// SPDX-License-Identifier: MIT
/*
 * The contract of farfetch(2) as it applies to a page: who reaches it, and what
 * becomes of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/farfetch.h>
#include <string.h>

#include "model.h"

/* The end of user memory, with four levels of page tables and with five. */
#define END_4 ((uint64_t)0x7ffffffff000)
#define END_5 ((uint64_t)0xfffffffffff000)
#define NOWHERE ARENA_PAGES

struct model model;

/* In a process in which it has not begun before. */
void model_begin(pid_t pid, const struct plan *plan)
{
	model.pid = pid;
	for (size_t i = 0; i < ARENA_PAGES; i++)
		model.now.pages[i].kind = &kinds[0];
	for (size_t i = 0; i < plan->count; i++) {
		const struct cell *cell = &plan->cells[i];
		const struct kind *kind = &kinds[cell->kind];

		for (size_t n = cell->page; n < cell->page + cell->pages; n++) {
			struct page *page = &model.now.pages[n];
			bool file = kind->backing == MEMFD || kind->backing == READ_ONLY_FILE ||
				    kind->backing == SEALED || kind->backing == SYSV;

			page->kind = kind;
			page->prot = kind->prot;
			page->mapped = kind->backing != HOLE;
			page->faults = page->mapped && kind->backing != EMPTY &&
				       kind->then != GUARDED && kind->then != POISONED;
			page->may_write = !(kind->shared && !(kind->prot & W) &&
					    kind->backing != MEMFD && kind->backing != SHARED);
			page->kept = !kind->shared && (!file || kind->touch & W);
			page->loose = kind->then == FREED;
			page->huge = kind->backing == TRANSPARENT_HUGE ? MAYBE : NO;
			page->writable = kind->then != NOTHING || kind->prot != (R | W) ? MAYBE :
					 kind->touch & W			      ? YES :
					 file && !kind->shared			      ? NO :
										MAYBE;
			/* A freed page's entry is as it was; protecting one changes it. */
			if (kind->then == FREED)
				page->writable = YES;
			if (kind->touch & W)
				content(model.now.bytes[n], VICTIM, n, 0, 0, PAGE);
			else if (file)
				content(model.now.bytes[n], FILE_BYTES, n, 0, 0, PAGE);
		}
	}
}

static size_t page_at(uint64_t address)
{
	uint64_t page = (address - ARENA) / PAGE;

	return address < ARENA || page >= ARENA_PAGES ? NOWHERE : page;
}

/* Whether a call reaches a page. For a walk, pagemap_before() has been called. */
static enum maybe reach(size_t number, bool write, enum mode mode, bool force)
{
	const struct page *page = &model.now.pages[number];

	if (number == NOWHERE || !page->mapped || !page->faults || page->kind->backing == SECRET)
		return NO;
	if (mode == GUP) {
		if (page->prot & (write ? W : R))
			return YES;
		/* Forcing writes to a copy, which a shared page cannot have. */
		return !force		       ? NO :
		       !write		       ? YES :
		       page->kind->shared      ? NO :
		       page->kind->backing == HUGETLB ? NO :
						 YES;
	}
	if (!(page->prot & (write ? W : R)) || page->kind->backing == HUGETLB ||
	    !pagemap_has(number))
		return NO;
	if (page->huge == YES || (write && page->writable == NO))
		return NO;
	return page->huge == MAYBE || (write && page->writable == MAYBE) ? MAYBE : YES;
}

static enum mode mode_of(const struct call *call)
{
	switch (call->way) {
	case BY_GUP:
	case BY_PROCESS_VM:
		return GUP;
	case BY_WALK:
		return WALK;
	default:
		return model.mode;
	}
}

/*
 * What a call must come to.
 * @room: how many bytes of the caller's buffer there are
 */
struct outlook model_outlook(const struct call *call, uint64_t room)
{
	struct outlook outlook = { .mode = mode_of(call) };
	bool force = model.force && call->way != BY_PROCESS_VM;
	uint64_t want = call->length, reached = 0;

	if (call->cmd > FAR_WRITE)
		outlook.error = -EINVAL;
	else if (call->pid != model.pid)
		outlook.error = -ESRCH;
	else if (call->address + call->length < call->address)
		outlook.error = -EFAULT;
	else if (call->address >= END_5 || (call->address >= END_4 && call->length))
		outlook.error = -EFAULT;
	if (outlook.error || !want)
		return outlook;

	if (want > MAX_RW_COUNT)
		want = MAX_RW_COUNT;
	if (outlook.mode == WALK && want > PAGE - call->address % PAGE)
		want = PAGE - call->address % PAGE;
	outlook.least = want;
	if (outlook.mode == WALK) {
		pagemap_before();
		outlook.walks = true;
	}
	while (reached < want) {
		uint64_t address = call->address + reached;
		size_t page = page_at(address);
		enum maybe here = reach(page, call->cmd == FAR_WRITE, outlook.mode, force);

		if (here != YES && outlook.least > reached)
			outlook.least = reached;
		if (here == NO)
			break;
		if (outlook.mode == GUP && model.now.pages[page].kind->backing == USERFAULT)
			outlook.faults_forever = true;
		reached += PAGE - address % PAGE;
	}
	outlook.reached = reached < want ? reached : want;
	outlook.most = outlook.reached;
	if (outlook.most > room)
		outlook.most = room;
	if (outlook.least > room)
		outlook.least = room;
	if (!outlook.most)
		outlook.error = -EFAULT;
	return outlook;
}

/* Whether a call may come to what it has come to: bytes done, or a negative errno. */
bool model_permits(const struct call *call, const struct outlook *outlook, long done)
{
	if (outlook->error)
		return done == outlook->error;
	if (done < 0)
		return done == -EFAULT && !outlook->least &&
		       (call->length || call->address >= END_4);
	if (!done)
		return !call->length;
	if ((uint64_t)done < outlook->least || (uint64_t)done > outlook->most)
		return false;
	/* It can only have ended early where a page begins. */
	return (uint64_t)done == outlook->most || !((call->address + done) % PAGE);
}

static bool is_zero(const unsigned char *bytes, size_t length)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, length - 1);
}

/* Whether bytes may be those of part of a page. */
static bool alike(const struct view *view, size_t page, size_t offset, const unsigned char *bytes,
		  size_t length)
{
	return !memcmp(bytes, view->bytes[page] + offset, length) ||
	       (view->pages[page].loose && is_zero(bytes, length));
}

__attribute__((noreturn)) static void complain(const char *what, const struct view *view,
					       size_t page, size_t offset,
					       const unsigned char *bytes, size_t length)
{
	size_t at = 0;

	while (at < length && bytes[at] == view->bytes[page][offset + at])
		at++;
	wrong("%s page %zu (%s) at byte %zu of %zu: %02x instead of %02x", what, page,
	      view->pages[page].kind->name, offset + at, offset + length, bytes[at],
	      view->bytes[page][offset + at]);
}

/* What a read of the arena brought is what is there. */
void model_check_read(const struct call *call, long done)
{
	const unsigned char *bytes = call->buffer;
	uint64_t address = call->address;

	while (done > 0) {
		size_t page = page_at(address), offset = address % PAGE, part = PAGE - offset;

		if (part > (size_t)done)
			part = done;
		if (!alike(&model.now, page, offset, bytes, part))
			complain("read", &model.now, page, offset, bytes, part);
		bytes += part;
		address += part;
		done -= part;
	}
}

/* The cell a page belongs to: its first page, and how many it has. */
size_t model_cell(size_t page, size_t *pages)
{
	enum backing backing = model.now.pages[page].kind->backing;
	bool huge = backing == TRANSPARENT_HUGE || backing == HUGETLB;

	*pages = huge ? HUGE_PAGES : 1;
	return huge ? SIDE : page;
}

/* A huge page may be one no more, for something was done to a part of it. */
void model_disturbed(size_t page)
{
	size_t count, first = model_cell(page, &count);

	for (size_t i = first; i < first + count; i++) {
		if (model.now.pages[i].huge == YES)
			model.now.pages[i].huge = MAYBE;
		if (count > 1 && i != page && model.now.pages[i].writable == YES)
			model.now.pages[i].writable = MAYBE;
	}
}

/*
 * Part of a page that could have been gone was written to. From now on it stays,
 * with what else there was of it, which the victim tells.
 */
static void settle(size_t page, size_t offset, size_t length)
{
	struct order order = { LOOK, page, 1, model.now.pages[page].prot, 0 };
	unsigned char *bytes = model.now.bytes[page], *seen = shared->window[page];
	size_t end = offset + length;
	bool gone;

	if (tell(THE_VICTIM, &order))
		broken("to look");
	gone = (!offset || is_zero(seen, offset)) && (end == PAGE || is_zero(seen + end, PAGE - end));
	if (gone) {
		memset(bytes, 0, offset);
		memset(bytes + end, 0, PAGE - end);
	}
	model.now.pages[page].loose = false;
	if (memcmp(seen, bytes, PAGE))
		complain("after a write, the victim's", &model.now, page, 0, seen, PAGE);
	if (!(order.prot & R))
		model_protected(page, order.prot);
}

/*
 * Pages that a call has taken to itself are the victim's own now, even if the
 * caller's buffer ended before them: all that gup was to write to, and all that
 * process_vm_readv(2) has so much as read.
 */
void model_pinned(const struct call *call, const struct outlook *outlook)
{
	size_t last;

	if (outlook->mode != GUP || !outlook->reached)
		return;
	last = page_at(call->address + outlook->reached - 1);
	for (size_t page = page_at(call->address); page <= last; page++) {
		if (model.now.pages[page].writable == NO)
			model.now.pages[page].writable = MAYBE;
		model_disturbed(page);
	}
}

/* What a write has changed. */
void model_wrote(const struct call *call, const struct outlook *outlook, long done)
{
	const unsigned char *bytes = call->buffer;
	uint64_t address = call->address;

	model_pinned(call, outlook);
	while (done > 0) {
		size_t page = page_at(address), offset = address % PAGE, part = PAGE - offset;
		struct page *now = &model.now.pages[page];

		if (part > (size_t)done)
			part = done;
		memcpy(model.now.bytes[page] + offset, bytes, part);
		now->kept = !now->kind->shared;
		if (outlook->mode == GUP && now->prot & W)
			now->writable = YES;
		if (now->loose)
			settle(page, offset, part);
		bytes += part;
		address += part;
		done -= part;
	}
}

/* The caller, which is the victim, has used a page, and put some bytes there. */
void model_used(size_t number, size_t offset, const unsigned char *bytes, size_t length)
{
	struct page *page = &model.now.pages[number];

	model_disturbed(number);
	memcpy(model.now.bytes[number] + offset, bytes, length);
	page->kept = page->kept || (length && !page->kind->shared);
	page->writable = length ? YES : MAYBE;
}

void model_protected(size_t number, int prot)
{
	struct page *page = &model.now.pages[number];

	page->prot = prot;
	model_disturbed(number);
	if (page->writable == YES)
		page->writable = MAYBE;
}

void model_forgot(size_t number)
{
	struct page *page = &model.now.pages[number];
	enum backing backing = page->kind->backing;

	model_disturbed(number);
	page->writable = MAYBE;
	if (page->kind->shared)
		return;
	page->kept = false;
	page->loose = false;
	if (backing == MEMFD || backing == READ_ONLY_FILE || backing == SEALED) {
		content(model.now.bytes[number], FILE_BYTES, number, 0, 0, PAGE);
		page->writable = NO;
	} else {
		memset(model.now.bytes[number], 0, PAGE);
		page->kept = true;
	}
}

void model_freed(size_t number)
{
	model_disturbed(number);
	model.now.pages[number].loose = true;
}

void model_paged_out(size_t number)
{
	struct page *page = &model.now.pages[number];

	model_disturbed(number);
	if (page->kept || page->kind->shared)
		page->writable = MAYBE;
}

void model_filled(size_t number, unsigned generation)
{
	struct page *page = &model.now.pages[number];

	if (model.mirrored)
		model_disturbed(number);
	content(model.now.bytes[number], VICTIM, number, generation, 0, PAGE);
	page->loose = false;
	page->kept = !page->kind->shared;
	page->writable = YES;
}

/* The mirror shares all that is private. Entries that are there are not writable. */
void model_mirrored(void)
{
	model.mirrored = true;
	pagemap_before();
	for (size_t i = 0; i < ARENA_PAGES; i++) {
		struct page *page = &model.now.pages[i];

		if (page->mapped && !page->kind->shared)
			page->writable = pagemap_has(i) ? NO : MAYBE;
	}
	memcpy(model.before.pages, model.now.pages, sizeof(model.now.pages));
	for (size_t i = 0; i < ARENA_PAGES; i++)
		if (model.now.pages[i].mapped)
			memcpy(model.before.bytes[i], model.now.bytes[i], PAGE);
}

static bool can_look(const struct page *page)
{
	return page->mapped && page->faults && page->kind->backing != USERFAULT;
}

static void look(enum peer peer, struct view *view, size_t first, size_t end)
{
	for (size_t at = first; at < end;) {
		struct order order = { LOOK, at, 1, view->pages[at].prot, 0 };

		if (!can_look(&view->pages[at])) {
			at++;
			continue;
		}
		while (at + order.pages < end && can_look(&view->pages[at + order.pages]) &&
		       view->pages[at + order.pages].prot == order.prot)
			order.pages++;
		if (tell(peer, &order))
			broken("to look");
		for (; order.pages; order.pages--, at++) {
			struct page *page = &view->pages[at];

			if (!alike(view, at, 0, shared->window[at], PAGE))
				complain(peer == THE_MIRROR ? "the mirror's" : "the victim's", view,
					 at, 0, shared->window[at], PAGE);
			if (page->loose && is_zero(shared->window[at], PAGE)) {
				memset(view->bytes[at], 0, PAGE);
				page->loose = false;
			}
			if (peer == THE_VICTIM && !(order.prot & R))
				model_protected(at, order.prot);
		}
	}
}

/* Have the victim look at some pages, and compare. */
void model_look(size_t first, size_t end)
{
	look(THE_VICTIM, &model.now, first, end);
}

/* Look at everything, by everybody. */
void model_look_at_end(void)
{
	model_look(0, ARENA_PAGES);
	if (!model.mirrored)
		return;
	/* What is shared is what it is now; the rest is what it was. */
	for (size_t i = 0; i < ARENA_PAGES; i++)
		if (model.before.pages[i].mapped && model.before.pages[i].kind->shared)
			memcpy(model.before.bytes[i], model.now.bytes[i], PAGE);
	look(THE_MIRROR, &model.before, 0, ARENA_PAGES);
}
