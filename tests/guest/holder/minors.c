// SPDX-License-Identifier: GPL-2.0-only
/*
 * All the minor numbers that misc devices are given, so that farfetch cannot make
 * its own. Who opens one of them stays in there while "shut" is Y, with the lock
 * that farfetch needs to be told that.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

/* 6.1 has 128, newer kernels a million. */
#define MINORS_MAX	128

static struct miscdevice minors[MINORS_MAX];
static char minors_names[MINORS_MAX][sizeof("minor000")];
static int minors_count;

static bool minors_shut = true;
module_param_named(shut, minors_shut, bool, 0644);

static int minors_open(struct inode *inode, struct file *file)
{
	while (READ_ONCE(minors_shut) && !fatal_signal_pending(current))
		schedule_timeout_killable(1);
	return -EBUSY;
}

static const struct file_operations minors_fops = {
	.owner = THIS_MODULE,
	.open = minors_open,
};

static void minors_exit(void)
{
	while (minors_count)
		misc_deregister(&minors[--minors_count]);
}

static int __init minors_init(void)
{
	int ret;

	for (; minors_count < MINORS_MAX; minors_count++) {
		struct miscdevice *minor = &minors[minors_count];

		snprintf(minors_names[minors_count], sizeof(minors_names[0]),
			 "minor%d", minors_count);
		minor->minor = MISC_DYNAMIC_MINOR;
		minor->name = minors_names[minors_count];
		minor->fops = &minors_fops;
		ret = misc_register(minor);
		if (ret == -EBUSY)
			return 0;
		if (ret)
			break;
	}
	/* Not all are taken, or one could not be. */
	minors_exit();
	return ret ?: -ENOSPC;
}

module_init(minors_init);
module_exit(minors_exit);

MODULE_DESCRIPTION("Holds the minor numbers of misc devices");
MODULE_LICENSE("GPL");
