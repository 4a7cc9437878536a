// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/farfetch: the same copy, on a kernel without the system call.
 */
#include <linux/build_bug.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "far.h"

static_assert(sizeof(struct farfetch_request) == 40);
static_assert(offsetof(struct farfetch_request, addr) == 16);
static_assert(offsetof(struct farfetch_request, len) == 32);
static_assert(MAX_RW_COUNT <= INT_MAX);

/* The module is loaded and stays: calls may come in. */
static bool far_device_ready;

/**
 * far_device_open - open("/dev/farfetch")
 * @inode: the device's
 * @file: the file to be
 *
 * Return: 0, or -ENODEV if the module is not loaded yet.
 */
static int far_device_open(struct inode *inode, struct file *file)
{
	/* See far_device_open_up(). */
	if (!smp_load_acquire(&far_device_ready))
		return -ENODEV;
	return nonseekable_open(inode, file);
}

/**
 * far_device_ioctl - FARFETCH_IOC_COPY
 * @file: an open /dev/farfetch
 * @cmd: the ioctl
 * @arg: a user pointer to a &struct farfetch_request
 *
 * Return: the bytes copied or a negative errno; -ENOTTY for any other ioctl.
 */
static long far_device_ioctl(struct file *file, unsigned int cmd,
			     unsigned long arg)
{
	struct farfetch_request req;
	u32 mode;

	if (cmd != FARFETCH_IOC_COPY)
		return -ENOTTY;
	if (copy_from_user(&req, (void __user *)arg, sizeof(req)))
		return -EFAULT;
	if (req.reserved || (req.flags & ~FAR_MODE_MASK))
		return -EINVAL;

	mode = req.flags & FAR_MODE_MASK;
	switch (mode) {
	case FAR_MODE_DEFAULT:
		mode = far_default_mode();
		break;
	case FAR_MODE_GUP:
	case FAR_MODE_WALK:
		break;
	default:
		return -EINVAL;
	}
	return far_copy(req.cmd, u64_to_user_ptr(req.addr), req.target_pid,
			req.target_addr, req.len, mode);
}

static const struct file_operations far_device_fops = {
	.owner = THIS_MODULE,
	.open = far_device_open,
	.llseek = noop_llseek,
	.unlocked_ioctl = far_device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice far_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "farfetch",
	.mode = 0600,
	.fops = &far_device_fops,
};

/**
 * far_device_init - make /dev/farfetch, which cannot be opened yet
 *
 * Return: 0 or a negative errno.
 */
int far_device_init(void)
{
	return misc_register(&far_device);
}

/**
 * far_device_open_up - let /dev/farfetch be opened
 */
void far_device_open_up(void)
{
	/* After all of the module's initialization. */
	smp_store_release(&far_device_ready, true);
}

/**
 * far_device_exit - remove /dev/farfetch
 */
void far_device_exit(void)
{
	misc_deregister(&far_device);
}
