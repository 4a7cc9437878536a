/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the farfetch module give each other. Each uses only those
 * above it here, and main.c the ways in.
 */
#ifndef _FAR_H
#define _FAR_H

#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uio.h>

#include "uapi/linux/farfetch.h"

/**
 * struct far_copy - one copy that has been found lawful
 * @mm: the target's memory; the caller of the copy holds a user reference
 * @target_addr: where in @mm, below the target's TASK_SIZE
 * @iter: the caller's buffer; its count is the length of the copy
 * @write: into the target rather than out of it
 */
struct far_copy {
	struct mm_struct *mm;
	unsigned long target_addr;
	struct iov_iter iter;
	bool write;
};

/* params.c */
extern bool far_force;
extern bool far_root_only;
u32 far_default_mode(void);

/* page.c */
void far_page_written(struct page *page, size_t offset, size_t len, bool exec);

/* access.c */
int far_access_init(void);
void far_access_exit(void);
struct mm_struct *far_access_mm(struct task_struct *task);

/* gup.c */
ssize_t far_gup_copy(struct far_copy *copy);

/* walk.c */
ssize_t far_walk_copy(struct far_copy *copy);

/* copy.c */
long far_copy(unsigned int cmd, void __user *addr, pid_t target_pid,
	      unsigned long target_addr, size_t len, u32 mode);

/* device.c */
int far_device_init(void);
void far_device_open_up(void);
void far_device_exit(void);

/* syscall.c */
#ifdef CONFIG_FARFETCH_SYSCALL
int far_syscall_init(void);
void far_syscall_exit(void);
#else
static inline int far_syscall_init(void)
{
	return 0;
}

static inline void far_syscall_exit(void)
{
}
#endif

#endif /* _FAR_H */
