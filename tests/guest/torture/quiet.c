// SPDX-License-Identifier: MIT
/*
 * A quiet round: calls, and between them things that the victim does to its
 * memory or that are done to it, one after the other. Each call's result is
 * known, but for what the kernel is free to do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/farfetch.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "model.h"

#define STEPS 120
#define BUFFER ((uintptr_t)0x180000000000)
#define BUFFER_PAGES (ARENA_PAGES + 8)
#define UNTOUCHED 0xee
#define KTHREADD 2
#define MPOL_MF_MOVE 2
#define NOBODY 0x3ffffffe

static struct dice *dice;
static bool is_self; /* the caller is the victim */
static unsigned generation; /* of bytes that are written */

/* Where a call's bytes go or come from: the end of an area with nothing behind it. */
struct buffer {
	const char *name;
	unsigned char *at;
	uint64_t room; /* how much of it can be used */
	size_t page; /* of the arena that it is in, or ARENA_PAGES */
};

static void buffer_area(void)
{
	void *at = mmap((void *)BUFFER, BUFFER_PAGES * PAGE, R | W,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (at == MAP_FAILED)
		broken("the caller's buffer");
}

/* A page of the arena: any of the small ones, now and then one of the huge one. */
static size_t draw_page(void)
{
	const struct cell *cell = &shared->plan.cells[below(dice, shared->plan.count)];

	return cell->page + below(dice, cell->pages);
}

/*
 * A buffer in a page of the arena, if the caller is the victim and may use that.
 * The call is made short enough for the page. What a page that is part of both
 * sides would come to depends on which is looked at first, unless it is there and
 * can be written to.
 */
static bool buffer_own(struct call *call, struct buffer *buffer)
{
	size_t number = draw_page(), offset = below(dice, PAGE);
	const struct page *page = &model.now.pages[number];
	uint64_t at = (uint64_t)arena(number) + offset, length = call->length;

	if (!is_self || !page->faults || page->loose || page->kind->backing == USERFAULT ||
	    !(page->prot & (call->cmd == FAR_READ ? W : R | W)))
		return false;
	if (length > PAGE - offset)
		length = PAGE - offset;
	if (call->address < at + length && at < call->address + length)
		return false;
	pagemap_before();
	if (call->address < (uint64_t)arena(number + 1) &&
	    call->address + length > (uint64_t)arena(number) &&
	    (page->writable != YES || !pagemap_has(number)))
		return false;
	call->length = length;
	*buffer = (struct buffer){ "own", (unsigned char *)at, length, number };
	return true;
}

static struct buffer buffer_draw(struct call *call)
{
	uint64_t all = BUFFER_PAGES * PAGE;
	struct buffer buffer = { "good", NULL, call->length < all ? call->length : all,
				 ARENA_PAGES };

	if (one_in(dice, 4) && call->cmd <= FAR_WRITE && buffer_own(call, &buffer))
		return buffer;
	switch (below(dice, 16)) {
	case 0: /* It ends early. */
	case 1:
		buffer.name = "short";
		buffer.room = buffer.room ? roll(dice) % buffer.room : 0;
		if (one_in(dice, 2))
			buffer.room &= ~(PAGE - 1);
		break;
	case 2:
		return (struct buffer){ "null", NULL, 0, ARENA_PAGES };
	case 3:
		if (call->way != BY_PROCESS_VM)
			return (struct buffer){ "kernel", (void *)0xffff888000000000, 0, ARENA_PAGES };
		break;
	case 4:
		buffer.name = "read-only";
		break;
	}
	buffer.at = (unsigned char *)BUFFER + all - buffer.room;
	if (call->cmd == FAR_WRITE) {
		/* The bytes are those of no page, so that they tell when they land. */
		for (uint64_t at = 0; at < buffer.room; at += PAGE)
			content(buffer.at + at, CALLER, at / PAGE, generation, 0,
				buffer.room - at < PAGE ? buffer.room - at : PAGE);
		generation++;
	} else {
		memset(buffer.at, UNTOUCHED, buffer.room);
	}
	if (!strcmp(buffer.name, "read-only")) {
		mprotect((void *)BUFFER, all, R);
		if (call->cmd == FAR_READ)
			buffer.room = 0;
	}
	return buffer;
}

static void buffer_done(const struct call *call, const struct buffer *buffer, long done)
{
	if (!strcmp(buffer->name, "read-only"))
		mprotect((void *)BUFFER, BUFFER_PAGES * PAGE, R | W);
	if (buffer->page < ARENA_PAGES) {
		model_used(buffer->page, (uintptr_t)buffer->at % PAGE, buffer->at,
			   call->cmd == FAR_READ && done > 0 ? done : 0);
		return;
	}
	if (call->cmd != FAR_READ)
		return;
	for (uint64_t at = done < 0 ? 0 : done; at < buffer->room; at++)
		if (buffer->at[at] != UNTOUCHED)
			wrong("byte %lu of the buffer is changed, %ld were reported", at, done);
}

static uint64_t draw_length(uint64_t address)
{
	switch (below(dice, 12)) {
	case 0:
		return 0;
	case 1:
		return 1;
	case 2:
		return PAGE;
	case 3:
		return PAGE - address % PAGE;
	case 4:
		return PAGE - address % PAGE + 1;
	case 5:
		return PAGE + 1 + below(dice, PAGE);
	case 6:
		return below(dice, 24 * PAGE);
	case 7:
		return one_in(dice, 4) ? ARENA_PAGES * PAGE : 17 * PAGE;
	default:
		return 1 + below(dice, 128);
	}
}

static uint64_t draw_address(void)
{
	uint64_t page = (uint64_t)arena(draw_page());

	switch (below(dice, 4)) {
	case 0:
		return page;
	case 1:
		return page + PAGE - 1 - below(dice, 16);
	default:
		return page + below(dice, PAGE);
	}
}

/* Addresses and lengths that lead nowhere. */
static void draw_wild(struct call *call)
{
	static const uint64_t addresses[] = {
		0,
		PAGE,
		0x7fffffffe000,
		0x7fffffffefff,
		0x7ffffffff000,
		0x800000000000,
		0xfffffffff000,
		0x8000000000000000,
		0xffff800000000000,
		0xffff888000000000,
		0xffffffff81000000,
		0xffffffffff600000,
		0xfffffffffffff000,
		~0ull,
	};
	static const uint64_t lengths[] = {
		0, 1, PAGE, MAX_RW_COUNT, MAX_RW_COUNT + 1, 1ull << 40, 1ull << 63, ~0ull,
	};

	if (one_in(dice, 3))
		call->address = draw_address();
	else
		call->address = addresses[below(dice, sizeof(addresses) / sizeof(*addresses))];
	call->length = lengths[below(dice, sizeof(lengths) / sizeof(*lengths))];
	if (one_in(dice, 8))
		call->cmd = 2 + below(dice, 3);
	if (one_in(dice, 8))
		call->pid = (pid_t[]){ 0, -1, NOBODY, KTHREADD }[below(dice, 4)];
}

/* Look at what was written to, and at the page before and behind it. */
static void look_around(const struct call *call)
{
	uint64_t first = (call->address - ARENA) / PAGE;
	uint64_t end = first + 3 + call->length / PAGE;

	if (first < 1 || first >= ARENA_PAGES || end < first)
		return;
	model_look(first - 1, end < ARENA_PAGES ? end : ARENA_PAGES);
}

static void do_order(enum what what, size_t page, size_t pages, int prot)
{
	struct order order = { what, page, pages, prot, generation };
	int error = tell(THE_VICTIM, &order);

	say("order %d page %zu (%s) pages %zu prot %d: %d", what, page,
	    model.now.pages[page].kind->name, pages, prot, error);
	/* Memory need not go out, or become huge, when asked to. */
	if (error && what != PAGE_OUT && what != COLLAPSE)
		wrong("the victim cannot do %d to page %zu (%s): %s", what, page,
		      model.now.pages[page].kind->name, strerror(error));
}

/* What has been written to a page has to be there again when the page has been away. */
static void page_out(uint64_t address)
{
	size_t page = (address - ARENA) / PAGE;
	enum backing backing = model.now.pages[page].kind->backing;

	if (backing == SECRET || backing == HUGETLB)
		return;
	do_order(PAGE_OUT, page, 1, 0);
	model_paged_out(page);
}

static const char *place(uint64_t address)
{
	uint64_t page = (address - ARENA) / PAGE;

	return page < ARENA_PAGES ? model.now.pages[page].kind->name : "outside";
}

/* A call as text, until the next. */
static const char *describe(const struct call *call, const struct buffer *buffer)
{
	static char line[256];

	snprintf(line, sizeof(line), "%s %s%s at %#lx (page %ld, %s), %#lx bytes, buffer %s of %#lx",
		 way_names[call->way],
		 call->cmd == FAR_READ	? "read" :
		 call->cmd == FAR_WRITE ? "write" :
					  "command that is none",
		 call->pid == model.pid ? "" : " of nobody", call->address,
		 (call->address - ARENA) / PAGE, place(call->address), call->length, buffer->name,
		 buffer->room);
	return line;
}

/* Since 6.2 a walk does not write to what NUMA balancing samples, which may be any page. */
static bool call_sampled(const struct call *call, const struct outlook *outlook, long done)
{
	return outlook->walks && call->cmd == FAR_WRITE && done == -EFAULT && pagemap_sampled();
}

static void call_check(const struct call *call, const struct buffer *buffer,
		       const struct outlook *outlook, long done)
{
	if (outlook->walks) {
		size_t changed = pagemap_changed(buffer->page);

		if (changed < ARENA_PAGES)
			wrong("%s: the walk has changed the entry of page %zu (%s)",
			      describe(call, buffer), changed,
			      model.now.pages[changed].kind->name);
	}
	if (!model_permits(call, outlook, done) && !call_sampled(call, outlook, done))
		wrong("%s: came to %ld, instead of %lu to %lu or error %ld",
		      describe(call, buffer), done, outlook->least, outlook->most, outlook->error);
	if (call->cmd == FAR_READ)
		model_check_read(call, done);
}

static void call_step(void)
{
	struct call call = { .way = way_draw(dice), .cmd = below(dice, 2), .pid = model.pid };
	struct outlook outlook;
	struct buffer buffer;
	long done;

	call.address = draw_address();
	call.length = draw_length(call.address);
	if (call.way != BY_PROCESS_VM && one_in(dice, 10))
		draw_wild(&call);
	buffer = buffer_draw(&call);
	call.buffer = buffer.at;
	outlook = model_outlook(&call, buffer.room);
	if (outlook.faults_forever) {
		buffer_done(&call, &buffer, 0);
		return;
	}
	say("%s", describe(&call, &buffer));
	done = call_make(&call);
	say("came to %ld, of %lu to %lu or error %ld", done, outlook.least, outlook.most,
	    outlook.error);
	call_check(&call, &buffer, &outlook, done);
	buffer_done(&call, &buffer, done);
	if (call.way == BY_PROCESS_VM)
		model_pinned(&call, &outlook);
	if (call.cmd == FAR_WRITE && call.pid == model.pid) {
		model_wrote(&call, &outlook, done);
		if (done > 0 && one_in(dice, 3))
			page_out(call.address);
		if (one_in(dice, 3))
			look_around(&call);
	}
}

/* What the kernel maps into every process: code that may be read, and its variables. */
static void vdso_step(void)
{
	unsigned char buffer[64] = { 0 };
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);
	struct call call = { way_draw(dice), FAR_READ, model.pid, vdso, sizeof(buffer), buffer };
	long done;

	if (!vdso || model.mirrored)
		return;
	done = call_make(&call);
	say("%s reads the vdso: %ld", way_names[call.way], done);
	if (done < 0 ? done != -EFAULT : memcmp(buffer, (void *)vdso, sizeof(buffer)))
		wrong("%s reads the vdso: %ld", way_names[call.way], done);
	call.address = vdso - PAGE;
	done = call_make(&call);
	if (done != -EFAULT)
		wrong("%s reads the page before the vdso: %ld", way_names[call.way], done);
}

static void protect_step(size_t number)
{
	static const int prots[] = { 0, R, W, R | W, R | X, X, R | W, R };
	const struct page *page = &model.now.pages[number];
	int prot = prots[below(dice, sizeof(prots) / sizeof(*prots))];
	size_t pages, first = model_cell(number, &pages);

	if (page->kind->backing == SECRET)
		prot &= ~X;
	if (prot & W && !page->may_write)
		return;
	if (page->kind->backing == HUGETLB) {
		do_order(PROTECT, first, pages, prot | R);
		for (size_t i = first; i < first + pages; i++)
			model_protected(i, prot | R);
	} else {
		do_order(PROTECT, number, 1, prot);
		model_protected(number, prot);
	}
}

/* Something the victim does to a page. */
static void order_step(void)
{
	size_t number = draw_page();
	const struct page *page = &model.now.pages[number];
	enum backing backing = page->kind->backing;
	bool locked = backing == SECRET || backing == HUGETLB;

	if (!page->faults || backing == USERFAULT)
		return;
	switch (below(dice, 10)) {
	case 0:
	case 1:
		if (page->prot & W) {
			do_order(FILL, number, 1, 0);
			model_filled(number, generation++);
		}
		break;
	case 2:
		if (page->prot & R)
			do_order(READ_ONCE, number, 1, 0);
		break;
	case 3:
	case 4:
		protect_step(number);
		break;
	case 5:
		if (!locked) {
			do_order(FORGET, number, 1, 0);
			model_forgot(number);
		}
		break;
	case 6:
		if (backing == ANONYMOUS || backing == TRANSPARENT_HUGE) {
			do_order(FREE, number, 1, 0);
			model_freed(number);
		}
		break;
	case 7:
	case 8:
		if (!locked) {
			do_order(PAGE_OUT, number, 1, 0);
			model_paged_out(number);
		}
		break;
	case 9:
		if (backing == TRANSPARENT_HUGE) {
			do_order(COLLAPSE, SIDE, HUGE_PAGES, 0);
			model_disturbed(number);
			model_protected(number, page->prot);
		}
		break;
	}
}

/* Mark all pages as not written to since: most entries lose their permission to write. */
static void clear_step(void)
{
	char path[64];
	int file;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", model.pid);
	file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0 || write(file, "4", 1) != 1)
		say("soft-dirty bits are not cleared");
	close(file);
	for (size_t i = 0; i < ARENA_PAGES; i++)
		if (model.now.pages[i].writable == YES)
			model.now.pages[i].writable = MAYBE;
}

/*
 * Move all small pages to a node, note on which they are, and say which of the victim's
 * own was not on every node yet, or ARENA_PAGES.
 */
static size_t migrate(int node, unsigned char been[ARENA_PAGES])
{
	static void *pages[MAX_CELLS];
	static int nodes[MAX_CELLS], status[MAX_CELLS];
	size_t stayed = ARENA_PAGES, count = 0;

	for (size_t i = 0; i < shared->plan.count; i++) {
		const struct cell *cell = &shared->plan.cells[i];

		if (cell->pages > 1)
			continue;
		nodes[count] = node;
		pages[count++] = arena(cell->page);
	}
	syscall(SYS_move_pages, model.pid, count, pages, nodes, status, MPOL_MF_MOVE);
	if (syscall(SYS_move_pages, model.pid, count, pages, NULL, status, MPOL_MF_MOVE))
		broken("move_pages");
	for (size_t i = 0; i < count; i++) {
		size_t number = ((uintptr_t)pages[i] - ARENA) / PAGE;
		const struct page *page = &model.now.pages[number];

		if (page->kind->backing != ANONYMOUS || model.mirrored || status[i] < 0)
			continue;
		been[number] |= 1 << status[i];
		if (been[number] != 3)
			stayed = number;
	}
	return stayed;
}

/*
 * A page that somebody holds cannot be moved. One that the kernel itself is busy with can be in
 * a while, and may be moved back at once to who uses it.
 */
static void migrate_step(void)
{
	unsigned char been[ARENA_PAGES] = { 0 };
	size_t stayed = ARENA_PAGES;

	if (!moving || access("/sys/devices/system/node/node1", F_OK))
		return;
	for (int i = 0; i < 200; i++) {
		stayed = migrate(i % 2, been);
		if (stayed == ARENA_PAGES)
			return;
		if (i > 1)
			usleep(10000);
	}
	wrong("page %zu (%s) cannot be moved: somebody holds it", stayed,
	      model.now.pages[stayed].kind->name);
}

static void parameters(void)
{
	model.mode = one_in(dice, 2) ? GUP : WALK;
	model.force = !one_in(dice, 4);
	parameter_set("mode", model.mode == GUP ? "gup" : "walk");
	parameter_set("force", model.force ? "Y" : "N");
	parameter_set("root_only", one_in(dice, 2) ? "Y" : "N");
	model.force = parameter_is("force", 'Y');
}

/* Of a shared file is on disk what the victim has, of a private one what there was. */
static void check_file(void)
{
	static unsigned char bytes[PAGE], expected[PAGE];

	for (size_t i = 0; i < ARENA_PAGES; i++) {
		const struct page *page = &model.now.pages[i];

		if (page->kind->backing != MEMFD && page->kind->backing != READ_ONLY_FILE)
			continue;
		content(expected, FILE_BYTES, i, 0, 0, PAGE);
		if (page->kind->shared)
			memcpy(expected, model.now.bytes[i], PAGE);
		if (pread(FD_FILE, bytes, PAGE, i * PAGE) != (ssize_t)PAGE)
			broken("reading a file");
		if (memcmp(bytes, expected, PAGE))
			wrong("the file of page %zu (%s) has other bytes", i, page->kind->name);
	}
}

/*
 * Play a quiet round.
 * @self: the caller is the victim
 * @with_secret: draw pages of memfd_secret(2), too
 */
void quiet_round(struct dice *round_dice, bool self, bool with_secret)
{
	struct order bear = { .what = BEAR };

	dice = round_dice;
	is_self = self;
	generation = 1;
	shared->plan.count = cells_draw(dice, shared->plan.cells, with_secret);
	buffer_area();
	pagemap_begin();
	model_begin(round_victim(self), &shared->plan);
	pagemap_open(model.pid);
	parameters();
	for (unsigned step = 1; step <= STEPS; step++) {
		unsigned drawn = below(dice, 64);

		atomic_store(&shared->step, step);
		if (drawn == 0)
			parameters();
		else if (drawn == 1)
			clear_step();
		else if (drawn == 2)
			migrate_step();
		else if (drawn == 3)
			vdso_step();
		else if (drawn == 4 && !model.mirrored) {
			if (tell(THE_VICTIM, &bear))
				broken("fork");
			model_mirrored();
			say("the mirror is born");
		} else if (drawn < 20)
			order_step();
		else
			call_step();
	}
	migrate_step();
	model_look_at_end();
	check_file();
}
