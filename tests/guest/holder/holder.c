// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another module that has the system call, so that farfetch fails to load.
 */
#include <linux/errno.h>
#include <linux/farfetch.h>
#include <linux/module.h>

static long holder_copy(unsigned int cmd, void __user *addr, pid_t target_pid,
			unsigned long target_addr, size_t len)
{
	return -EDOM;
}

static const struct farfetch_ops holder_ops = {
	.owner = THIS_MODULE,
	.copy = holder_copy,
};

static int __init holder_init(void)
{
	return farfetch_register(&holder_ops);
}

static void __exit holder_exit(void)
{
	farfetch_unregister(&holder_ops);
}

module_init(holder_init);
module_exit(holder_exit);

MODULE_DESCRIPTION("Holds the system call farfetch");
MODULE_LICENSE("GPL");
