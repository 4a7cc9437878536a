// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may: the kernel's own decision for ptrace attach, the one that
 * process_vm_readv(2) asks for.
 *
 * A kernel built with the stub exports mm_access(), which decides. Stock kernels
 * export nothing that does. There the module opens <pid>/mem in a procfs of its
 * own, as the caller: to open it is to be asked the same question by the same
 * code, with all that bears on it, from user namespaces to security modules.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/path.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>

#include "compat.h"
#include "far.h"

/**
 * far_access_capable - does the caller have CAP_SYS_PTRACE over a target
 * @task: the target
 * @mm: the target's memory
 *
 * A target's memory belongs to the user namespace it was executed in, which may
 * be an ancestor of the one the target is in now.
 *
 * Return: whether it does, in both.
 */
static bool far_access_capable(struct task_struct *task, struct mm_struct *mm)
{
	bool capable;

	rcu_read_lock();
	capable = ns_capable_noaudit(__task_cred(task)->user_ns, CAP_SYS_PTRACE) &&
		  ns_capable_noaudit(far_exec_user_ns(task, mm), CAP_SYS_PTRACE);
	rcu_read_unlock();
	return capable;
}

#ifdef FAR_ACCESS_EXPORTED

/**
 * far_access_init - get ready to decide
 *
 * Return: 0.
 */
int far_access_init(void)
{
	return 0;
}

/**
 * far_access_exit - no more will be asked
 */
void far_access_exit(void)
{
}

/**
 * far_access_ask - may the caller touch a target's memory
 * @task: the target
 *
 * Return: the memory with a user reference, or a negative errno.
 */
static struct mm_struct *far_access_ask(struct task_struct *task)
{
	return mm_access(task, PTRACE_MODE_ATTACH_REALCREDS);
}

#else /* !FAR_ACCESS_EXPORTED */

/* How often a target may execute a new program while it is being asked about. */
#define FAR_ACCESS_TRIES 16

static struct vfsmount *far_proc;

/**
 * far_access_init - mount the module's own procfs
 *
 * It numbers processes as the mounter's pid namespace does. Only the initial
 * one has a number for every process.
 *
 * No process can ever get at a file in this mount, and that is what SB_NOUSER
 * says. Landlock and AppArmor, which ask by what path a process reaches a file,
 * then do not ask it of the module's; what they have to say about ptrace they
 * are asked all the same.
 *
 * Return: 0 or a negative errno.
 */
int far_access_init(void)
{
	struct file_system_type *type;

	if (task_active_pid_ns(current) != &init_pid_ns) {
		pr_err("can only be loaded from the initial pid namespace\n");
		return -EPERM;
	}
	type = get_fs_type("proc");
	if (!type)
		return -ENODEV;
	far_proc = kern_mount(type);
	if (IS_ERR(far_proc))
		return PTR_ERR(far_proc);
	far_proc->mnt_sb->s_flags |= SB_NOUSER;
	return 0;
}

/**
 * far_access_exit - unmount the module's own procfs
 */
void far_access_exit(void)
{
	kern_unmount(far_proc);
}

/**
 * far_access_cred - credentials that procfs judges by the caller's real ids
 *
 * It decides by the file system ids, and process_vm_readv() by the real ones.
 * Nothing else may differ from the caller's own credentials: capabilities least
 * of all, by which the decision is made.
 *
 * Return: NULL if the caller's own will do, credentials to put, or an errno.
 */
static struct cred *far_access_cred(void)
{
	const struct cred *cred = current_cred();
	struct cred *new;

	if (uid_eq(cred->fsuid, cred->uid) && gid_eq(cred->fsgid, cred->gid))
		return NULL;
	new = prepare_creds();
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->fsuid = cred->uid;
	new->fsgid = cred->gid;
	return new;
}

/**
 * far_access_open - have procfs decide about a target
 * @task: the target
 *
 * The file's owner and mode are not asked, since the lookup stops short of the
 * file and dentry_open() begins behind them: whether the caller may trace the
 * target is a question to the open method of procfs alone. The owner may be one
 * whom the caller has no capability over, such as root where the target is not
 * dumpable, and this has no bearing on process_vm_readv() either.
 *
 * Return: the open file, or a negative errno.
 */
static struct file *far_access_open(struct task_struct *task)
{
	const struct cred *old = NULL;
	char name[sizeof("-2147483648/mem")];
	struct cred *cred;
	struct file *file;
	struct path path;
	int ret;

	snprintf(name, sizeof(name), "%d/mem",
		 task_pid_nr_ns(task, &init_pid_ns));
	ret = vfs_path_lookup(far_proc->mnt_root, far_proc, name, 0, &path);
	if (ret)
		return ERR_PTR(ret);
	cred = far_access_cred();
	if (IS_ERR(cred)) {
		file = ERR_CAST(cred);
		goto out;
	}
	if (cred)
		old = override_creds(cred);
	file = dentry_open(&path, O_RDONLY, current_cred());
	if (cred) {
		revert_creds(old);
		put_cred(cred);
	}
out:
	path_put(&path);
	return file;
}

/**
 * far_access_ask - may the caller touch a target's memory
 * @task: the target
 *
 * The open file says which memory it was opened for. If that is not the memory
 * held here, the target executed another program in between, or ended and left
 * its number to another process: what was decided is void.
 *
 * Return: the memory with a user reference, or a negative errno.
 */
static struct mm_struct *far_access_ask(struct task_struct *task)
{
	struct mm_struct *mm;
	struct file *file;
	bool same;
	int i;

	for (i = 0; i < FAR_ACCESS_TRIES; i++) {
		mm = get_task_mm(task);
		if (!mm)
			return ERR_PTR(-ESRCH);
		if (mm == current->mm)
			return mm;
		file = far_access_open(task);
		if (IS_ERR(file)) {
			mmput_async(mm);
			return ERR_CAST(file);
		}
		same = file->private_data == mm;
		fput(file);
		if (same)
			return mm;
		mmput_async(mm);
	}
	return ERR_PTR(-EPERM);
}

#endif /* FAR_ACCESS_EXPORTED */

/**
 * far_access_mm - a target's memory, if the caller may touch it
 * @task: the target
 *
 * Return: the memory with a user reference. -EPERM if the caller may not,
 * -ESRCH if there is none, -ENOMEM or -EINTR if that could not be found out.
 */
struct mm_struct *far_access_mm(struct task_struct *task)
{
	struct mm_struct *mm = far_access_ask(task);

	if (!mm)
		return ERR_PTR(-ESRCH);
	if (IS_ERR(mm)) {
		switch (PTR_ERR(mm)) {
		case -EACCES:
		case -EPERM:
			return ERR_PTR(-EPERM);
		case -ENOENT:
		case -ESRCH:
			return ERR_PTR(-ESRCH);
		case -EINTR:
			return mm;
		default:
			return ERR_PTR(-ENOMEM);
		}
	}
	if (READ_ONCE(far_root_only) && !far_access_capable(task, mm)) {
		mmput_async(mm);
		return ERR_PTR(-EPERM);
	}
	return mm;
}
