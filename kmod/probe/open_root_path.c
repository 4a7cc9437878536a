// SPDX-License-Identifier: GPL-2.0-only
#include <linux/fs.h>

struct file *probe(const struct path *root);
struct file *probe(const struct path *root)
{
	return file_open_root(root, "", O_RDONLY, 0);
}
