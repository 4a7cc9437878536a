#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The style of the engine's C: the kernel's checkpatch.pl --strict, but for what is said of the
# kernel only. It comes with the kernel's source: KSRC names a tree, otherwise it is taken out of
# Debian's /usr/src/linux-source-*.tar.xz into the cache.
#
#   tools/c_style.sh [FILE...]     those files; without any, all of the engine and its tests
set -eu

# what the kernel has and a library has not: types, attributes, its macros and how it logs
ignored=PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO,ARRAY_SIZE,PREFER_FALLTHROUGH
ignored=$ignored,NEW_TYPEDEFS,ENOSYS,EMBEDDED_FUNCTION_NAME
# templates: the same functions for each of many types, and a line for each case of a table
ignored=$ignored,COMPLEX_MACRO,MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE,TRAILING_STATEMENTS
ignored=$ignored,MULTISTATEMENT_MACRO_USE_DO_WHILE,TRAILING_SEMICOLON
# matters of taste: a = b = 0; (a) != (b); x != NULL
ignored=$ignored,MULTIPLE_ASSIGNMENTS,UNNECESSARY_PARENTHESES,COMPARISON_TO_NULL
# names that others chose: libFuzzer
ignored=$ignored,CAMELCASE

cache=${FARFETCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/farfetch}/checkpatch
files='scripts/checkpatch.pl scripts/spelling.txt scripts/const_structs.checkpatch'

if [ -n "${KSRC-}" ]; then
	scripts=$KSRC/scripts
else
	tools/prerequisites.sh lint
	for tarball in /usr/src/linux-source-*.tar.xz; do :; done
	if [ ! -e "$tarball" ]; then
		echo "c_style.sh: no kernel source: set KSRC to a source tree" >&2
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

if [ $# -eq 0 ]; then
	set -- scanner/core/*.[ch] scanner/core/*/*.[ch] tests/laws/*.c tests/fuzz/*.[ch]
fi
# of libFuzzer's names it makes a list, where it runs
trap 'rm -f .checkpatch-camelcase.*' EXIT
printf '%s\0' "$@" | xargs -0 -n 8 -P "$(nproc)" \
	perl "$scripts/checkpatch.pl" --strict --no-tree --quiet --show-types --no-summary \
	--max-line-length=100 --ignore="$ignored" --file --
