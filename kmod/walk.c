// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode walk: the one page under the address, found by walking the target's page
 * tables, and only if it is there already. Nothing of the target changes but
 * the bytes that are written.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "far.h"

#ifndef CONFIG_64BIT
#error "Page tables may lie in high memory: farfetch is for 64-bit kernels"
#endif

/* Mappings whose pages are not for the walk, whatever their entries say. */
#define FAR_WALK_REFUSED	(VM_IO | VM_PFNMAP | VM_MIXEDMAP | VM_HUGETLB | \
				 VM_SHADOW_STACK)

/**
 * far_walk_secret - is this memory of memfd_secret(2)
 * @vma: the mapping
 *
 * Its pages are gone from the kernel's direct map. The kernel's own question,
 * vma_is_secretmem(), is not for modules.
 *
 * Return: whether it is.
 */
static bool far_walk_secret(const struct vm_area_struct *vma)
{
	return vma->vm_file &&
	       file_inode(vma->vm_file)->i_sb->s_magic == SECRETMEM_MAGIC;
}

/**
 * far_walk_allowed - does the mapping allow this access
 * @vma: the mapping
 * @write: a write
 *
 * The walk never overrides protection. What drivers have mapped is theirs to
 * know: it may be no memory, or memory that has to be accessed in some way. Huge
 * pages of hugetlbfs are refused by their mapping, for on arm64 some of them are
 * runs of ordinary entries.
 *
 * Return: whether it does.
 */
static bool far_walk_allowed(const struct vm_area_struct *vma, bool write)
{
	far_assert_mmap_locked(vma->vm_mm);
	if ((vma->vm_flags & FAR_WALK_REFUSED) || far_walk_secret(vma))
		return false;
	return vma->vm_flags & (write ? VM_WRITE : VM_READ);
}

/**
 * far_walk_pte_page - the page behind an entry
 * @pte: the entry
 * @write: it is to be written to
 *
 * An entry without access in a mapping with it is one that NUMA balancing
 * samples. What may be read is the mapping's to say.
 *
 * Return: the page, or NULL if the entry has none that can be used so.
 */
static struct page *far_walk_pte_page(pte_t pte, bool write)
{
	struct page *page;

	if (!pte_present(pte) || pte_special(pte))
		return NULL;
	if (write && !pte_write(pte))
		return NULL;
	if (!pfn_valid(pte_pfn(pte)))
		return NULL;
	page = pte_page(pte);
	/* Memory of a device goes when the device goes. */
	if (is_zone_device_page(page))
		return NULL;
	/* To touch what is broken is a machine check. */
	if (PageHWPoison(page))
		return NULL;
	return page;
}

/**
 * far_walk_touch - copy to or from a page
 * @page: the page, which cannot go
 * @offset: where in it
 * @bytes: what to put there, or where to put what is there
 * @len: how many bytes; they do not cross the page's end
 * @write: put them there
 *
 * That the target has a page mapped does not say that the kernel has: it may be
 * secret, given to a virtual machine, or broken, and new kernels bring new kinds.
 * An oops here would leave locks held, so a fault is an error and no more.
 *
 * Return: whether it could be done.
 */
static bool far_walk_touch(struct page *page, size_t offset, void *bytes,
			   size_t len, bool write)
{
	void *kaddr = kmap_local_page(page);
	bool done;

	if (write)
		done = far_put_nofault(kaddr + offset, bytes, len);
	else
		done = !copy_from_kernel_nofault(bytes, kaddr + offset, len);
	kunmap_local(kaddr);
	return done;
}

/**
 * far_walk_pmd - the middle directory's entry for an address
 * @mm: the target's memory, its mmap lock held
 * @addr: an address inside one of its mappings
 *
 * The upper levels stay while the mapping does.
 *
 * Return: the entry, or NULL if the walk ends above it.
 */
static pmd_t *far_walk_pmd(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgdp, pgd;
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;

	far_assert_mmap_locked(mm);
	pgdp = pgd_offset(mm, addr);
	pgd = READ_ONCE(*pgdp);
	if (pgd_none(pgd) || pgd_leaf(pgd) || pgd_bad(pgd))
		return NULL;
	p4dp = p4d_offset(pgdp, addr);
	p4d = READ_ONCE(*p4dp);
	if (p4d_none(p4d) || p4d_leaf(p4d) || p4d_bad(p4d))
		return NULL;
	pudp = pud_offset(p4dp, addr);
	pud = READ_ONCE(*pudp);
	if (pud_none(pud) || pud_leaf(pud) || pud_bad(pud))
		return NULL;
	return pmd_offset(pudp, addr);
}

/**
 * far_walk_page - copy to or from the page under an address, and hold it
 * @mm: the target's memory, its mmap lock held
 * @addr: an address inside one of its mappings
 * @bytes: what to put there, or where to put what is there
 * @len: how many bytes; they do not cross the page's end
 * @write: put them there
 *
 * The mmap lock keeps neither entry of the last two levels still. Since Linux
 * 6.5 a table of entries can be withdrawn under it, when its pages become one
 * huge page, and is freed after a grace period: so the table is found under
 * rcu_read_lock(), and looked at again once its own lock is held.
 *
 * The copy is made under that lock. Until it is dropped the page stays where it
 * is, and cannot be shared with a child or write-protected, which would make a
 * write show where it must not.
 *
 * Return: the page with a reference taken, or NULL if none is resident that can
 * be used so.
 */
static struct page *far_walk_page(struct mm_struct *mm, unsigned long addr,
				  void *bytes, size_t len, bool write)
{
	struct page *page = NULL;
	pmd_t *pmdp, pmd;
	spinlock_t *ptl;	/* of the table of entries */
	pte_t *ptep;

	pmdp = far_walk_pmd(mm, addr);
	if (!pmdp)
		return NULL;

	rcu_read_lock();
again:
	pmd = pmdp_get_lockless(pmdp);
	if (pmd_none(pmd) || !pmd_present(pmd) || pmd_leaf(pmd) || pmd_bad(pmd))
		goto out;
	ptep = pte_offset_kernel(&pmd, addr);
	ptl = pte_lockptr(mm, &pmd);
	spin_lock(ptl);
	if (unlikely(!pmd_same(pmd, pmdp_get_lockless(pmdp)))) {
		spin_unlock(ptl);
		goto again;
	}
	page = far_walk_pte_page(ptep_get(ptep), write);
	if (page && far_walk_touch(page, offset_in_page(addr), bytes, len, write))
		get_page(page);
	else
		page = NULL;
	spin_unlock(ptl);
out:
	rcu_read_unlock();
	return page;
}

/**
 * far_walk_locked - copy to or from the resident page under the copy's address
 * @copy: the copy
 * @bytes: what to put there, or where to put what is there
 * @len: how many bytes; they do not cross the page's end
 * @exec: set to whether the page may be executed
 *
 * Return: the page with a reference taken, or a negative errno.
 */
static struct page *far_walk_locked(const struct far_copy *copy, void *bytes,
				    size_t len, bool *exec)
{
	struct vm_area_struct *vma;
	struct page *page = NULL;

	if (mmap_read_lock_killable(copy->mm))
		return ERR_PTR(-EINTR);
	vma = vma_lookup(copy->mm, copy->target_addr);
	if (vma && far_walk_allowed(vma, copy->write)) {
		*exec = vma->vm_flags & VM_EXEC;
		page = far_walk_page(copy->mm, copy->target_addr, bytes, len,
				     copy->write);
	}
	mmap_read_unlock(copy->mm);
	return page ?: ERR_PTR(-EFAULT);
}

/**
 * far_walk_read - copy out of the target's page
 * @copy: the copy
 * @bytes: room for @len bytes
 * @len: bytes wanted; they do not cross the page's end
 *
 * The caller's buffer is filled when all locks are dropped: it may fault.
 *
 * Return: the bytes copied or a negative errno.
 */
static ssize_t far_walk_read(struct far_copy *copy, void *bytes, size_t len)
{
	struct page *page;
	bool exec;

	page = far_walk_locked(copy, bytes, len, &exec);
	if (IS_ERR(page))
		return PTR_ERR(page);
	put_page(page);
	return copy_to_iter(bytes, len, &copy->iter) ?: -EFAULT;
}

/**
 * far_walk_write - copy into the target's page
 * @copy: the copy
 * @bytes: room for @len bytes
 * @len: bytes wanted; they do not cross the page's end
 *
 * The caller's bytes are fetched before any lock is taken: to fetch them may
 * fault, and the caller may be the target.
 *
 * Return: the bytes copied or a negative errno.
 */
static ssize_t far_walk_write(struct far_copy *copy, void *bytes, size_t len)
{
	struct page *page;
	size_t copied;
	bool exec;

	copied = copy_from_iter(bytes, len, &copy->iter);
	if (!copied)
		return -EFAULT;
	page = far_walk_locked(copy, bytes, copied, &exec);
	if (IS_ERR(page))
		return PTR_ERR(page);
	far_page_written(page, offset_in_page(copy->target_addr), copied, exec);
	set_page_dirty_lock(page);
	put_page(page);
	return copied;
}

/**
 * far_walk_copy - copy to or from the one page under the address
 * @copy: the copy, of at least one byte
 *
 * Return: the bytes copied, as far as the page's end, or a negative errno.
 */
ssize_t far_walk_copy(struct far_copy *copy)
{
	size_t len = min_t(size_t, iov_iter_count(&copy->iter),
			   PAGE_SIZE - offset_in_page(copy->target_addr));
	void *bytes = kmalloc(len, GFP_KERNEL_ACCOUNT);
	ssize_t ret;

	if (!bytes)
		return -ENOMEM;
	ret = copy->write ? far_walk_write(copy, bytes, len) :
			    far_walk_read(copy, bytes, len);
	kfree(bytes);
	return ret;
}
