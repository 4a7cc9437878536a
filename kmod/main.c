// SPDX-License-Identifier: GPL-2.0-only
/*
 * farfetch - copy bytes between the caller and the memory of another process
 *
 * Loading, removing and the module's parameters.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "far.h"

static const struct {
	const char *name;
	u32 mode;
} far_modes[] = {
	{ "gup", FAR_MODE_GUP },
	{ "walk", FAR_MODE_WALK },
};

/* An index into far_modes. */
static unsigned int far_mode;

/*
 * What /proc/pid/mem does by itself. Where it forces for ptrace only, this does
 * not: the caller need not be the target's tracer.
 */
bool far_force = !IS_ENABLED(CONFIG_PROC_MEM_FORCE_PTRACE) &&
		 !IS_ENABLED(CONFIG_PROC_MEM_NO_FORCE);
bool far_root_only = true;

/**
 * far_default_mode - what the parameter "mode" says now
 *
 * Return: FAR_MODE_GUP or FAR_MODE_WALK.
 */
u32 far_default_mode(void)
{
	return far_modes[READ_ONCE(far_mode)].mode;
}

/**
 * far_mode_set - parse the parameter "mode"
 * @val: what was written
 * @kp: the parameter; not used, there is only one of this kind
 *
 * Return: 0, or -EINVAL for a name that is no mode.
 */
static int far_mode_set(const char *val, const struct kernel_param *kp)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(far_modes); i++) {
		if (sysfs_streq(val, far_modes[i].name)) {
			WRITE_ONCE(far_mode, i);
			return 0;
		}
	}
	return -EINVAL;
}

/**
 * far_mode_get - print the parameter "mode"
 * @buffer: a page to print to
 * @kp: the parameter; not used
 *
 * Return: the number of characters printed.
 */
static int far_mode_get(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%s\n",
			 far_modes[READ_ONCE(far_mode)].name);
}

static const struct kernel_param_ops far_mode_ops = {
	.set = far_mode_set,
	.get = far_mode_get,
};

module_param_cb(mode, &far_mode_ops, NULL, 0644);
MODULE_PARM_DESC(mode, "How the system call reaches pages: gup (default) or walk");
module_param_named(force, far_force, bool, 0644);
MODULE_PARM_DESC(force, "Override the target's page protection (default as the kernel is configured: Y with PROC_MEM_ALWAYS_FORCE)");
module_param_named(root_only, far_root_only, bool, 0644);
MODULE_PARM_DESC(root_only, "Refuse callers without CAP_SYS_PTRACE over the target (default Y)");

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

MODULE_AUTHOR("The farfetch authors");
MODULE_DESCRIPTION("Copy bytes between the caller and the memory of another process");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
