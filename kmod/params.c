// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's parameters. Root may change each at any time, so they are read
 * with READ_ONCE(), once for each decision.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
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
