// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode walk: the one page under the address, found by walking the target's page
 * tables, and only if it is there already. Nothing of the target changes but
 * the bytes that are written.
 */
#include <linux/err.h>
#include <linux/hugetlb.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "compat.h"
#include "far.h"

#ifndef CONFIG_64BIT
#error "Page tables may lie in high memory: farfetch is for 64-bit kernels"
#endif

/**
 * far_walk_allowed - does the mapping allow this access
 * @vma: the mapping
 * @write: a write
 *
 * The walk never overrides protection. Huge pages of hugetlbfs are refused by
 * their mapping, for on arm64 some of them are runs of ordinary entries.
 *
 * Return: whether it does.
 */
static bool far_walk_allowed(const struct vm_area_struct *vma, bool write)
{
	if (vma->vm_flags & (VM_IO | VM_PFNMAP | VM_SHADOW_STACK | VM_HUGETLB))
		return false;
	return vma->vm_flags & (write ? VM_WRITE : VM_READ);
}

/**
 * far_walk_pte_page - the page behind an entry
 * @pte: the entry
 * @write: it is to be written to
 *
 * Return: the page, or NULL if the entry has none that can be used so.
 */
static struct page *far_walk_pte_page(pte_t pte, bool write)
{
	struct page *page;

	if (!pte_present(pte) || pte_protnone(pte) || pte_special(pte))
		return NULL;
	if (write && !pte_write(pte))
		return NULL;
	if (!pfn_valid(pte_pfn(pte)))
		return NULL;
	page = pte_page(pte);
	/* Memory of a device goes when the device goes. */
	if (is_zone_device_page(page))
		return NULL;
	return page;
}

/**
 * far_walk_pmd - the middle directory's entry for an address
 * @mm: the target's memory, its mmap lock held for reading
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
 * far_walk_page - find the page under an address and take a reference
 * @mm: the target's memory, its mmap lock held for reading
 * @addr: an address inside one of its mappings
 * @bytes: what to put there, or NULL to read
 * @len: how many bytes; they do not cross the page's end
 *
 * The mmap lock keeps neither entry of the last two levels still. Since Linux
 * 6.5 a table of entries can be withdrawn under it, when its pages become one
 * huge page, and is freed after a grace period: so the table is found under
 * rcu_read_lock(), and looked at again once its own lock is held.
 *
 * Bytes are put in under that lock. Until it is dropped the page cannot be
 * shared with a child or write-protected, which would make the write show where
 * it must not.
 *
 * Return: the page, or NULL if none is resident that can be used so.
 */
static struct page *far_walk_page(struct mm_struct *mm, unsigned long addr,
				  const void *bytes, size_t len)
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
	page = far_walk_pte_page(ptep_get(ptep), bytes);
	if (page) {
		get_page(page);
		if (bytes) {
			void *kaddr = kmap_local_page(page);

			memcpy(kaddr + offset_in_page(addr), bytes, len);
			kunmap_local(kaddr);
		}
	}
	spin_unlock(ptl);
out:
	rcu_read_unlock();
	return page;
}

/**
 * far_walk_find - the resident page under the copy's address
 * @copy: the copy
 * @bytes: what to put there, or NULL to read
 * @len: how many bytes; they do not cross the page's end
 * @exec: set to whether the page may be executed
 *
 * Return: the page with a reference taken, or a negative errno.
 */
static struct page *far_walk_find(const struct far_copy *copy,
				  const void *bytes, size_t len, bool *exec)
{
	struct vm_area_struct *vma;
	struct page *page = NULL;

	if (mmap_read_lock_killable(copy->mm))
		return ERR_PTR(-EINTR);
	vma = vma_lookup(copy->mm, copy->target_addr);
	if (vma && far_walk_allowed(vma, copy->write)) {
		*exec = vma->vm_flags & VM_EXEC;
		page = far_walk_page(copy->mm, copy->target_addr, bytes, len);
	}
	mmap_read_unlock(copy->mm);
	return page ?: ERR_PTR(-EFAULT);
}

/**
 * far_walk_read - copy out of the target's page
 * @copy: the copy
 * @len: bytes wanted; they do not cross the page's end
 *
 * Return: the bytes copied or a negative errno.
 */
static ssize_t far_walk_read(struct far_copy *copy, size_t len)
{
	struct page *page;
	ssize_t copied;
	bool exec;

	page = far_walk_find(copy, NULL, 0, &exec);
	if (IS_ERR(page))
		return PTR_ERR(page);
	copied = copy_page_to_iter(page, offset_in_page(copy->target_addr), len,
				   &copy->iter);
	put_page(page);
	return copied ?: -EFAULT;
}

/**
 * far_walk_write - copy into the target's page
 * @copy: the copy
 * @len: bytes wanted; they do not cross the page's end
 *
 * The caller's bytes are fetched before any lock is taken: to fetch them may
 * fault, and the caller may be the target.
 *
 * Return: the bytes copied or a negative errno.
 */
static ssize_t far_walk_write(struct far_copy *copy, size_t len)
{
	struct page *page;
	ssize_t copied;
	void *bytes;
	bool exec;

	bytes = kmalloc(len, GFP_KERNEL_ACCOUNT);
	if (!bytes)
		return -ENOMEM;
	copied = copy_from_iter(bytes, len, &copy->iter);
	if (!copied) {
		copied = -EFAULT;
		goto out;
	}
	page = far_walk_find(copy, bytes, copied, &exec);
	if (IS_ERR(page)) {
		copied = PTR_ERR(page);
		goto out;
	}
	far_page_written(page, offset_in_page(copy->target_addr), copied, exec);
	set_page_dirty_lock(page);
	put_page(page);
out:
	kfree(bytes);
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

	return copy->write ? far_walk_write(copy, len) :
			     far_walk_read(copy, len);
}
