// SPDX-License-Identifier: GPL-2.0-only
/*
 * System call 505, on a kernel built with the stub.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/farfetch.h>
#include <linux/module.h>
#include <linux/printk.h>

#include "far.h"

/**
 * far_syscall - farfetch(2)
 * @cmd: one of &enum farfetch_cmd
 * @addr: the buffer in the caller
 * @target_pid: the target, in the caller's pid namespace
 * @target_addr: the address in the target
 * @len: bytes wanted
 *
 * Return: the bytes copied or a negative errno.
 */
static long far_syscall(unsigned int cmd, void __user *addr, pid_t target_pid,
			unsigned long target_addr, size_t len)
{
	return far_copy(cmd, addr, target_pid, target_addr, len,
			far_default_mode());
}

static const struct farfetch_ops far_syscall_ops = {
	.owner = THIS_MODULE,
	.copy = far_syscall,
};

/**
 * far_syscall_init - take the system call
 *
 * Return: 0, or -EBUSY if another module has it.
 */
int far_syscall_init(void)
{
	int ret = farfetch_register(&far_syscall_ops);

	if (ret)
		pr_err("another module has the system call\n");
	return ret;
}

/**
 * far_syscall_exit - give the system call back; from here on it is ENOSYS
 */
void far_syscall_exit(void)
{
	farfetch_unregister(&far_syscall_ops);
}
