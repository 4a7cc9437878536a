// SPDX-License-Identifier: GPL-2.0-only
/*
 * farfetch - copy bytes between the caller and the memory of another process
 *
 * Loading and removing.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "far.h"

#ifdef CONFIG_MODULE_UNLOAD
/**
 * far_leave - wait until nobody is in the module but who loads it
 *
 * A module that fails to load is freed, whoever has a reference on it. Each who
 * has come in holds one until he is out again. No more come in when this is
 * called, and none of them stays, for none was let do anything.
 */
static void __init far_leave(void)
{
	while (module_refcount(THIS_MODULE) > 1)
		schedule_timeout_uninterruptible(1);
}
#elif defined(CONFIG_FARFETCH_SYSCALL)
#error "Without MODULE_UNLOAD nothing tells whether a call is under way"
#else
static inline void far_leave(void)
{
}
#endif

/**
 * far_init - load the module
 *
 * The ways in come last, and are open when nothing can fail any more: until then
 * the device refuses to be opened, and nothing comes after the system call.
 *
 * Return: 0 or a negative errno.
 */
static int __init far_init(void)
{
	int ret;

	ret = far_access_init();
	if (ret)
		return ret;
	ret = far_device_init();
	if (ret)
		goto err_access;
	ret = far_syscall_init();
	if (ret)
		goto err_device;
	far_device_open_up();
	pr_info("loaded, %s\n", IS_ENABLED(CONFIG_FARFETCH_SYSCALL) ?
		"system call and device" : "device only");
	return 0;

err_device:
	far_device_exit();
	far_leave();
err_access:
	far_access_exit();
	return ret;
}

/**
 * far_exit - remove the module
 *
 * No call is under way: each holds a reference on the module.
 */
static void __exit far_exit(void)
{
	far_syscall_exit();
	far_device_exit();
	far_access_exit();
}

module_init(far_init);
module_exit(far_exit);

MODULE_AUTHOR("farfetch contributors");
MODULE_DESCRIPTION("Copy bytes between the caller and the memory of another process");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
