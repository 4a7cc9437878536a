/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between kernel versions. What a kernel has is found by
 * compiling the probes in probe/, for distributions port things back: see Kbuild.
 */
#ifndef _FARFETCH_COMPAT_H
#define _FARFETCH_COMPAT_H

#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/lockdep.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#ifdef FAR_HAVE_EXEC_STATE
#include <linux/sched/exec_state.h>
#endif

/* 6.1 named the directions of an iov_iter. */
#ifndef ITER_DEST
#define ITER_DEST READ
#define ITER_SOURCE WRITE
#endif

/* 5.14 brought memfd_secret(2). */
#ifndef SECRETMEM_MAGIC
#define SECRETMEM_MAGIC 0x5345434d
#endif

/* 6.6 brought user shadow stacks. */
#ifndef VM_SHADOW_STACK
#define VM_SHADOW_STACK VM_NONE
#endif

/* 5.11 replaced kmap_atomic(). There is no high memory on 64 bits. */
#ifndef FAR_HAVE_KMAP_LOCAL
static inline void *kmap_local_page(struct page *page)
{
	return page_address(page);
}

static inline void kunmap_local(const void *addr)
{
}
#endif

/* 5.14 */
#ifndef FAR_HAVE_VMA_LOOKUP
static inline struct vm_area_struct *vma_lookup(struct mm_struct *mm,
						unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	return vma && vma->vm_start <= addr ? vma : NULL;
}
#endif

/**
 * far_exec_user_ns - the user namespace a target's program was executed in
 * @task: the target
 * @mm: its memory
 *
 * Return: the namespace, valid inside the RCU read section of the caller.
 */
static inline struct user_namespace *far_exec_user_ns(struct task_struct *task,
						      struct mm_struct *mm)
{
#ifdef FAR_HAVE_EXEC_STATE /* 7.2 */
	return rcu_dereference(task->exec_state)->user_ns;
#else
	return mm->user_ns;
#endif
}

/**
 * far_put_nofault - copy_to_kernel_nofault(), which is not for modules
 * @to: where; nothing need be there
 * @from: the bytes
 * @len: how many
 *
 * An integer alone is put there by one store.
 *
 * Return: whether it could be done.
 */
static inline bool far_put_nofault(void *to, void *from, size_t len)
{
#ifdef __put_kernel_nofault
	size_t step;

	pagefault_disable();
	for (; len; to += step, from += step, len -= step) {
		if (len >= sizeof(u64)) {
			step = sizeof(u64);
			__put_kernel_nofault(to, from, u64, fault);
		} else if (len >= sizeof(u32)) {
			step = sizeof(u32);
			__put_kernel_nofault(to, from, u32, fault);
		} else if (len >= sizeof(u16)) {
			step = sizeof(u16);
			__put_kernel_nofault(to, from, u16, fault);
		} else {
			step = sizeof(u8);
			__put_kernel_nofault(to, from, u8, fault);
		}
	}
	pagefault_enable();
	return true;
fault:
	pagefault_enable();
	return false;
#else /* arm64 before 5.11, which maps no page that is not there */
	memcpy(to, from, len);
	return true;
#endif
}

/* 6.2 gave it this name for every architecture. 64-bit entries are not torn. */
#ifndef FAR_HAVE_PMDP_GET_LOCKLESS
static inline pmd_t pmdp_get_lockless(pmd_t *pmdp)
{
	return READ_ONCE(*pmdp);
}
#endif

/**
 * far_assert_mmap_locked - mmap_assert_locked(), which may want dump_mm()
 * @mm: the memory whose mmap lock the caller holds
 *
 * With CONFIG_DEBUG_VM it does, and dump_mm() is not for modules.
 */
static inline void far_assert_mmap_locked(const struct mm_struct *mm)
{
	lockdep_assert_held(&mm->mmap_lock);
}

/**
 * far_get_remote - get_user_pages_remote() without the list of mappings
 * @mm: the target's memory, its mmap lock held for reading
 * @start: the first page's address
 * @nr: how many pages
 * @flags: FOLL_*
 * @pages: where to put them
 * @locked: 1; set to 0 if the mmap lock was dropped
 *
 * Return: the number of pages held, or a negative errno.
 */
static inline long far_get_remote(struct mm_struct *mm, unsigned long start,
				  unsigned long nr, unsigned int flags,
				  struct page **pages, int *locked)
{
	far_assert_mmap_locked(mm);
#ifdef FAR_HAVE_GUP_VMAS /* up to 6.4 */
	return get_user_pages_remote(mm, start, nr, flags, pages, NULL, locked);
#else
	return get_user_pages_remote(mm, start, nr, flags, pages, locked);
#endif
}

/**
 * far_pin_remote - pin_user_pages_remote() without the list of mappings
 * @mm: the target's memory, its mmap lock held for reading
 * @start: the first page's address
 * @nr: how many pages
 * @flags: FOLL_*
 * @pages: where to put them
 * @locked: 1; set to 0 if the mmap lock was dropped
 *
 * Return: the number of pages pinned, or a negative errno.
 */
static inline long far_pin_remote(struct mm_struct *mm, unsigned long start,
				  unsigned long nr, unsigned int flags,
				  struct page **pages, int *locked)
{
	far_assert_mmap_locked(mm);
#ifdef FAR_HAVE_GUP_VMAS /* up to 6.4 */
	return pin_user_pages_remote(mm, start, nr, flags, pages, NULL, locked);
#else
	return pin_user_pages_remote(mm, start, nr, flags, pages, locked);
#endif
}

/* Exported by all, but up to 6.1 declared only inside fs/. */
int vfs_path_lookup(struct dentry *dentry, struct vfsmount *mnt,
		    const char *name, unsigned int flags, struct path *path);

#endif /* _FARFETCH_COMPAT_H */
