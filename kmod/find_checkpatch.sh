#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Print where the kernel's checkpatch.pl is. It comes with the kernel's source: KSRC
# names a tree, otherwise it is taken out of Debian's /usr/src/linux-source-*.tar.xz
# into the cache.
set -eu

cache=${FARFETCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/farfetch}/checkpatch
files='scripts/checkpatch.pl scripts/spelling.txt scripts/const_structs.checkpatch'

if [ -n "${KSRC-}" ]; then
	scripts=$KSRC/scripts
else
	tarball=
	for tarball in /usr/src/linux-source-*.tar.xz; do :; done
	if [ ! -e "$tarball" ]; then
		echo "find_checkpatch.sh: no kernel source: install Debian's" \
		     "linux-source, or set KSRC to a source tree" >&2
		exit 2
	fi
	name=$(basename "$tarball" .tar.xz)
	scripts=$cache/$name/scripts
	if [ ! -e "$scripts/done" ]; then
		mkdir -p "$cache"
		for file in $files; do
			echo "$name/$file"
		done | tar -C "$cache" -xJf "$tarball" -T -
		touch "$scripts/done"
	fi
fi

echo "$scripts/checkpatch.pl"
