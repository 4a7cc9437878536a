// SPDX-License-Identifier: GPL-2.0-only
/*
 * One copy, from arguments nobody has looked at yet to its result.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/overflow.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "far.h"

/**
 * far_copy_mm - copy to or from a target's memory
 * @copy: the copy; its iter is not set yet
 * @addr: the buffer in the caller
 * @len: bytes wanted, not 0
 * @mode: FAR_MODE_GUP or FAR_MODE_WALK
 *
 * Return: the bytes copied or a negative errno.
 */
static ssize_t far_copy_mm(struct far_copy *copy, void __user *addr, size_t len,
			   u32 mode)
{
	struct iovec iov = { .iov_base = addr };

	iov.iov_len = min_t(size_t, len, MAX_RW_COUNT);
	if (!access_ok(addr, iov.iov_len))
		return -EFAULT;
	iov_iter_init(&copy->iter, copy->write ? ITER_SOURCE : ITER_DEST,
		      &iov, 1, iov.iov_len);
	if (mode == FAR_MODE_WALK)
		return far_walk_copy(copy);
	return far_gup_copy(copy);
}

/**
 * far_copy - copy between the caller and another process
 * @cmd: one of &enum farfetch_cmd
 * @addr: the buffer in the caller
 * @target_pid: the target, in the caller's pid namespace
 * @target_addr: the address in the target
 * @len: bytes wanted
 * @mode: FAR_MODE_GUP or FAR_MODE_WALK
 *
 * Return: the bytes copied or a negative errno, as farfetch(2) lists them.
 */
long far_copy(unsigned int cmd, void __user *addr, pid_t target_pid,
	      unsigned long target_addr, size_t len, u32 mode)
{
	struct far_copy copy = {
		.target_addr = target_addr,
		.write = cmd == FAR_WRITE,
	};
	struct task_struct *task;
	struct pid *pid;
	unsigned long end;
	ssize_t ret;

	if (cmd != FAR_READ && cmd != FAR_WRITE)
		return -EINVAL;

	pid = find_get_pid(target_pid);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	if (!task)
		return -ESRCH;

	copy.mm = far_access_mm(task);
	if (IS_ERR(copy.mm)) {
		ret = PTR_ERR(copy.mm);
		goto out_task;
	}

	if (target_addr >= TASK_SIZE_OF(task) ||
	    check_add_overflow(target_addr, (unsigned long)len, &end))
		ret = -EFAULT;
	else if (len)
		ret = far_copy_mm(&copy, addr, len, mode);
	else
		ret = 0;

	/* Tearing down what an exited target leaves is not the caller's work. */
	mmput_async(copy.mm);
out_task:
	put_task_struct(task);
	return ret;
}
