// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode gup: any range, through get_user_pages_remote() and its sibling that
 * pins, a batch of pages at a time.
 *
 * Reads take plain references. A pin would break copy-on-write even to read,
 * and so grow a process that merely shares its pages with its parent.
 *
 * Writes pin. Their pages are the target's own by then, and fork() gives the
 * child a copy of a pinned page instead of sharing it. With a plain reference
 * a fork between the lookup and the copy could leave the bytes in a page that
 * only the child still has.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat.h"
#include "far.h"

#define FAR_GUP_STACK_PAGES	16
#define FAR_GUP_MAX_PAGES	(SZ_2M >> PAGE_SHIFT)

/**
 * struct far_batch - pages of one mapping, held
 * @pages: room for @max pages
 * @max: the most to take at once
 * @held: how many are held
 * @exec: the mapping may be executed
 */
struct far_batch {
	struct page **pages;
	unsigned long max;
	unsigned long held;
	bool exec;
};

/**
 * far_batch_may_force - may the protection of a mapping be overridden
 * @vma: the mapping
 * @write: to write
 *
 * Shadow stacks are never forced. Kernels do not agree about forced writes to
 * huge pages of hugetlbfs: most refuse them, and on new ones that do not,
 * get_user_pages() can go round in the fault handler until it is killed.
 *
 * Return: whether it may.
 */
static bool far_batch_may_force(const struct vm_area_struct *vma, bool write)
{
	far_assert_mmap_locked(vma->vm_mm);
	if (vma->vm_flags & VM_SHADOW_STACK)
		return false;
	return !write || !(vma->vm_flags & VM_HUGETLB);
}

/**
 * far_batch_try - hold the target's next pages, if the mapping stays
 * @batch: where to keep them
 * @copy: the copy, advanced to the address of the first page
 * @max: the most to take
 *
 * The batch ends with the mapping: flags differ from one to the next, and a
 * hole below a stack must stay a hole instead of growing the stack.
 *
 * A page that has to be waited for is waited for without the mmap lock, and then
 * there may be another mapping. What was found out about the old one must not
 * decide about a write to it, to a shadow stack least of all.
 *
 * Return: 0, with at least one page held, -EAGAIN if the mapping may be another
 * one now, or another negative errno.
 */
static int far_batch_try(struct far_batch *batch, const struct far_copy *copy,
			 unsigned long max)
{
	unsigned long start = copy->target_addr & PAGE_MASK;
	unsigned long nr = DIV_ROUND_UP(offset_in_page(copy->target_addr) +
					iov_iter_count(&copy->iter), PAGE_SIZE);
	unsigned int flags = 0;
	struct vm_area_struct *vma;
	int locked = 1;
	long got;

	if (mmap_read_lock_killable(copy->mm))
		return -EINTR;
	vma = vma_lookup(copy->mm, start);
	if (!vma) {
		mmap_read_unlock(copy->mm);
		return -EFAULT;
	}
	nr = min3(nr, max, (vma->vm_end - start) >> PAGE_SHIFT);
	batch->exec = vma->vm_flags & VM_EXEC;
	if (READ_ONCE(far_force) && far_batch_may_force(vma, copy->write))
		flags |= FOLL_FORCE;

	if (copy->write)
		got = far_pin_remote(copy->mm, start, nr, flags | FOLL_WRITE,
				     batch->pages, &locked);
	else
		got = far_get_remote(copy->mm, start, nr, flags, batch->pages,
				     &locked);
	if (locked)
		mmap_read_unlock(copy->mm);

	if (got == -ENOMEM || got == -EINTR)
		return got;
	if (got <= 0)
		return -EFAULT;
	if (copy->write && !locked) {
		unpin_user_pages(batch->pages, got);
		return -EAGAIN;
	}
	batch->held = got;
	return 0;
}

/**
 * far_batch_take - hold the target's next pages
 * @batch: where to keep them
 * @copy: the copy, advanced to the address of the first page
 *
 * The second try finds the pages that the first has waited for. If some are gone
 * again, one page at a time will do: it has to be there for a moment only.
 *
 * Return: 0, with at least one page held, or a negative errno.
 */
static int far_batch_take(struct far_batch *batch, const struct far_copy *copy)
{
	int ret = far_batch_try(batch, copy, batch->max);

	if (ret == -EAGAIN)
		ret = far_batch_try(batch, copy, batch->max);
	while (ret == -EAGAIN) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		ret = far_batch_try(batch, copy, 1);
	}
	return ret;
}

/**
 * far_batch_release - let the pages of a batch go
 * @batch: the batch
 * @copy: the copy they were taken for
 * @touched: how many of the first of them were written to, if it is a write
 */
static void far_batch_release(struct far_batch *batch,
			      const struct far_copy *copy,
			      unsigned long touched)
{
	unsigned long i;

	if (copy->write) {
		unpin_user_pages_dirty_lock(batch->pages, touched, true);
		unpin_user_pages(batch->pages + touched, batch->held - touched);
		return;
	}
	for (i = 0; i < batch->held; i++)
		put_page(batch->pages[i]);
}

/**
 * far_batch_copy - copy one page's worth
 * @page: the target's page
 * @copy: the copy; its iter is advanced
 * @exec: the page may be executed
 *
 * To touch what is broken is a machine check.
 *
 * Return: the bytes copied; fewer than could be if the caller's buffer is bad, or
 * the page.
 */
static size_t far_batch_copy(struct page *page, struct far_copy *copy,
			     bool exec)
{
	size_t offset = offset_in_page(copy->target_addr);
	size_t len = min_t(size_t, iov_iter_count(&copy->iter),
			   PAGE_SIZE - offset);
	size_t copied;

	if (PageHWPoison(page))
		return 0;
	if (!copy->write)
		return copy_page_to_iter(page, offset, len, &copy->iter);

	copied = copy_page_from_iter(page, offset, len, &copy->iter);
	far_page_written(page, offset, copied, exec);
	return copied;
}

/**
 * far_batch_copy_all - copy to or from the pages of a batch
 * @batch: the batch
 * @copy: the copy; it is advanced
 *
 * Return: 0, or -EFAULT if the caller's buffer or a page is bad; then the copy has been
 * advanced over what there was.
 */
static int far_batch_copy_all(struct far_batch *batch, struct far_copy *copy)
{
	unsigned long i;
	int ret = 0;

	for (i = 0; i < batch->held && !ret; i++) {
		size_t want = min_t(size_t, iov_iter_count(&copy->iter),
				    PAGE_SIZE -
				    offset_in_page(copy->target_addr));
		size_t copied = far_batch_copy(batch->pages[i], copy,
					       batch->exec);

		copy->target_addr += copied;
		if (copied < want)
			ret = -EFAULT;
	}
	far_batch_release(batch, copy, i);
	return ret;
}

/**
 * far_gup_copy - copy, faulting pages in
 * @copy: the copy, of at least one byte
 *
 * Return: the bytes copied, or a negative errno if there were none.
 */
ssize_t far_gup_copy(struct far_copy *copy)
{
	struct page *stack[FAR_GUP_STACK_PAGES];
	struct far_batch batch = { .pages = stack, .max = ARRAY_SIZE(stack) };
	size_t wanted = iov_iter_count(&copy->iter);
	size_t copied;
	int ret;

	if (offset_in_page(copy->target_addr) + wanted >
	    FAR_GUP_STACK_PAGES * PAGE_SIZE) {
		batch.max = FAR_GUP_MAX_PAGES;
		batch.pages = kmalloc_array(batch.max, sizeof(*batch.pages),
					    GFP_KERNEL_ACCOUNT);
		if (!batch.pages)
			return -ENOMEM;
	}

	do {
		ret = far_batch_take(&batch, copy);
		if (ret)
			break;
		ret = far_batch_copy_all(&batch, copy);
		if (ret)
			break;
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		cond_resched();
	} while (iov_iter_count(&copy->iter));

	if (batch.pages != stack)
		kfree(batch.pages);
	copied = wanted - iov_iter_count(&copy->iter);
	return copied ?: ret;
}
