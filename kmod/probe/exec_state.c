// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sched.h>
#include <linux/sched/exec_state.h>

struct user_namespace *probe(struct task_struct *task);
struct user_namespace *probe(struct task_struct *task)
{
	return rcu_dereference(task->exec_state)->user_ns;
}
