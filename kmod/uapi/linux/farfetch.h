/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * farfetch(2) and /dev/farfetch: copy bytes between the caller and the memory
 * of another process.
 */
#ifndef _UAPI_LINUX_FARFETCH_H
#define _UAPI_LINUX_FARFETCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#ifndef __NR_farfetch
#define __NR_farfetch 505
#endif

/**
 * enum farfetch_cmd - the direction of a copy
 * @FAR_READ: from the target to the caller
 * @FAR_WRITE: from the caller to the target
 */
enum farfetch_cmd {
	FAR_READ = 0,
	FAR_WRITE = 1,
};

/*
 * The two low bits of farfetch_request.flags choose how the target's pages are
 * reached. All other bits, and the value 3, are refused with EINVAL.
 */
#define FAR_MODE_DEFAULT	0x0u	/* as the module parameter "mode" says */
#define FAR_MODE_GUP		0x1u	/* any range; pages are faulted in */
#define FAR_MODE_WALK		0x2u	/* one page, only if it is resident */
#define FAR_MODE_MASK		0x3u

/**
 * struct farfetch_request - the argument of FARFETCH_IOC_COPY
 * @cmd: one of &enum farfetch_cmd
 * @flags: FAR_MODE_DEFAULT, FAR_MODE_GUP or FAR_MODE_WALK
 * @target_pid: the target, in the caller's pid namespace
 * @reserved: must be zero
 * @addr: the buffer in the caller
 * @target_addr: the address in the target, of any alignment
 * @len: bytes wanted
 *
 * The same on 32 and 64 bits: 40 bytes, no implicit padding.
 */
struct farfetch_request {
	__u32 cmd;
	__u32 flags;
	__s32 target_pid;
	__u32 reserved;
	__u64 addr;
	__u64 target_addr;
	__u64 len;
};

/*
 * Copies as farfetch(2) does. The result of the ioctl(2) is the number of bytes
 * copied: it always fits an int, for one call moves less than 2 GiB.
 */
#define FARFETCH_IOC_COPY	_IOW('f', 0xfa, struct farfetch_request)

#endif /* _UAPI_LINUX_FARFETCH_H */
