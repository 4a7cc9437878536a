#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Fuzz the core's match sets, programs and snapshots (libFuzzer, under AddressSanitizer
# and UndefinedBehaviorSanitizer) and the parsers (Atheris), guided by coverage, and the
# shell's lines (Hypothesis).
#
#   tools/fuzz.sh SECONDS     for each of the five, one after the other
#
# What makes one fail is left in build/fuzz, as are the inputs that were worth keeping.
set -eu

seconds=${1:?usage: tools/fuzz.sh SECONDS}
venv=${VENV:-.venv}
objects=build/fuzz/objects
flags="-fsanitize=address,undefined -fno-sanitize-recover=all -g -O1 -std=gnu11 -D_GNU_SOURCE
	-ffp-contract=off -Wall -Wextra -Werror -Iscanner/core -Ikmod/uapi"
if [ "$(uname -m)" = x86_64 ]; then
	flags="$flags -DFF_HAVE_SSE2 -DFF_HAVE_AVX2 -DFF_HAVE_AVX512"
	foreign=neon
else
	flags="$flags -DFF_HAVE_NEON"
	foreign='avx|sse'
fi

rm -rf $objects
mkdir -p $objects
for source in $(ls scanner/core/*.c | grep -v -E -e "$foreign" -e csrc); do
	case $source in
	*avx2*) isa=-mavx2 ;;
	*avx512*) isa='-mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512' ;;
	*) isa= ;;
	esac
	# shellcheck disable=SC2086  # lists of options
	clang -fsanitize=fuzzer-no-link $flags $isa -c "$source" \
		-o "$objects/$(basename "$source" .c).o"
done
for name in matchsets programs snapshots; do
	# shellcheck disable=SC2086  # a list of options
	clang -fsanitize=fuzzer $flags $objects/*.o "tests/fuzz/$name.c" \
		-o "build/fuzz/$name" -pthread -lm
done

# run NAME COMMAND...: quiet unless something is found
run() {
	name=$1
	shift
	mkdir -p "build/fuzz/$name.corpus"
	if "$@" -max_total_time="$seconds" -rss_limit_mb=2048 -artifact_prefix="build/fuzz/$name-" \
		"build/fuzz/$name.corpus" >"build/fuzz/$name.log" 2>&1; then
		echo "$name: $(tail -n 1 "build/fuzz/$name.log")"
	else
		tail -n 60 "build/fuzz/$name.log" >&2
		echo "fuzz.sh: $name found something" >&2
		exit 1
	fi
}

run matchsets build/fuzz/matchsets
run programs build/fuzz/programs
run snapshots build/fuzz/snapshots
run parsers "$venv/bin/python" tests/fuzz/parsers.py -dict=tests/fuzz/predicates.dict
echo "lines: what is typed at the shell"
FARFETCH_FUZZ_SECONDS=$seconds "$venv/bin/python" -m pytest -q tests/prompt/test_any_line.py
