// SPDX-License-Identifier: MIT
/*
 * DR0 to DR3 have addresses, DR6 says which has fired, DR7 what for and whether; Intel SDM,
 * volume 3, "Debug Registers"
 */
#include "registers.h"

#ifdef __x86_64__
#include <errno.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#define ENABLED(i)	(1ul << (2 * (i)))		/* in its own thread */
#define ENABLED_ANY(i)	(3ul << (2 * (i)))
#define WHAT(i, what)	((unsigned long)(what) << (16 + 4 * (i)))
#define STATUS		6
#define CONTROL		7
#define FIRED		0xful				/* in DR6 */
#define STEPPED		0x4000ul

static size_t offset(int i)
{
	return offsetof(struct user, u_debugreg) + (size_t)i * sizeof(long);
}

static unsigned long get(pid_t tid, int i)
{
	errno = 0;
	return (unsigned long)ptrace(PTRACE_PEEKUSER, tid, (void *)offset(i), NULL);
}

static int set(pid_t tid, int i, unsigned long value)
{
	return ptrace(PTRACE_POKEUSER, tid, (void *)offset(i), (void *)value) ? -errno : 0;
}

static unsigned long what_of(const struct ff_watch_part *part, uint32_t kind)
{
	static const unsigned long lengths[] = { [1] = 0, [2] = 1, [4] = 3, [8] = 2 };
	static const unsigned long kinds[] = {
		[FF_WATCH_WRITE] = 1, [FF_WATCH_ACCESS] = 3, [FF_WATCH_EXECUTE] = 0,
	};

	return kind == FF_WATCH_EXECUTE ? 0 : kinds[kind] | lengths[part->size] << 2;
}

static int arm(struct ff_registers *registers, pid_t tid, const struct ff_watch_part *parts,
	       size_t nparts, uint32_t kind)
{
	unsigned long control = get(tid, CONTROL);
	int i = 0, error = errno ? -errno : 0;

	for (size_t part = 0; part < nparts && !error; part++, i++) {
		while (i < FF_WATCH_PARTS && control & ENABLED_ANY(i))
			i++;
		if (i == FF_WATCH_PARTS)
			return -ENOSPC;
		error = set(tid, i, parts[part].address);
		if (error)
			break;
		control &= ~WHAT(i, 15);
		control |= ENABLED(i) | WHAT(i, what_of(&parts[part], kind));
		registers->used[registers->n++] = (uint8_t)i;
		error = set(tid, CONTROL, control);
	}
	return error;
}

int ff_registers_arm(struct ff_registers *registers, pid_t tid, const struct ff_watch_part *parts,
		     size_t nparts, uint32_t kind)
{
	int error;

	registers->n = 0;
	registers->armed = true;
	error = arm(registers, tid, parts, nparts, kind);
	if (error)
		ff_registers_clear(registers, tid);
	return error;
}

static void clear(pid_t tid, unsigned long control, unsigned int which)
{
	for (int i = 0; i < FF_WATCH_PARTS; i++) {
		if (which & 1u << i)
			control &= ~(ENABLED_ANY(i) | WHAT(i, 15));
	}
	set(tid, CONTROL, control);
	for (int i = 0; i < FF_WATCH_PARTS; i++) {
		if (which & 1u << i)
			set(tid, i, 0);
	}
}

void ff_registers_clear(struct ff_registers *registers, pid_t tid)
{
	unsigned int which = 0;

	for (int i = 0; i < registers->n; i++)
		which |= 1u << registers->used[i];
	if (registers->armed)
		clear(tid, get(tid, CONTROL), which);
	registers->armed = false;
}

int ff_registers_hit(const struct ff_registers *registers, pid_t tid, bool *stepped)
{
	unsigned long status = get(tid, STATUS);
	int part = -1;

	*stepped = !errno && status & STEPPED;
	for (int i = 0; !errno && i < registers->n && part < 0; i++) {
		if (status & 1ul << registers->used[i])
			part = i;
	}
	/* what stays set would be taken for another hit, by us or by what the target itself is */
	if (part >= 0)
		set(tid, STATUS, status & ~FIRED);
	return part;
}

void ff_registers_clear_parts(pid_t tid, const struct ff_watch_part *parts, size_t nparts)
{
	unsigned long control = get(tid, CONTROL);
	unsigned int which = 0;

	for (int i = 0; i < FF_WATCH_PARTS && !errno; i++) {
		unsigned long address = get(tid, i);

		for (size_t part = 0; part < nparts; part++) {
			if (control & ENABLED_ANY(i) && address == parts[part].address)
				which |= 1u << i;
		}
	}
	if (which)
		clear(tid, control, which);
}
#endif
