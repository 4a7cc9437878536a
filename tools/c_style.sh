#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The style of the engine's C: the kernel's checkpatch.pl --strict, but for what is said of the
# kernel only. KSRC names the kernel's source tree that it is taken from, otherwise it is Debian's.
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

[ -n "${KSRC-}" ] || tools/prerequisites.sh lint
script=$(kmod/find_checkpatch.sh)

if [ $# -eq 0 ]; then
	set -- scanner/core/*.[ch] scanner/core/*/*.[ch] tests/laws/*.c tests/fuzz/*.[ch]
fi
# of libFuzzer's names it makes a list, where it runs
trap 'rm -f .checkpatch-camelcase.*' EXIT
printf '%s\0' "$@" | xargs -0 -n 8 -P "$(nproc)" \
	perl "$script" --strict --no-tree --quiet --show-types --no-summary \
	--max-line-length=100 --ignore="$ignored" --file --
