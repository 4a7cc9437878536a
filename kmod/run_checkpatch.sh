#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Run the kernel's checkpatch.pl --strict over the module, its header and the
# patches.
set -eu
cd "$(dirname "$0")"

script=$(./find_checkpatch.sh)

checkpatch() {
	perl "$script" --strict --no-tree --quiet --summary-file "$@"
}

checkpatch --file -- *.c *.h probe/*.c uapi/linux/*.h
# Who sends a patch on signs it off then.
checkpatch --no-signoff -- patch/*.patch
