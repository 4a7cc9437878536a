#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Fuzz the core's match sets and programs (libFuzzer, under AddressSanitizer and
# UndefinedBehaviorSanitizer) and the parsers (Atheris), guided by coverage.
#
#   tools/fuzz.sh SECONDS     for each of the three, one after the other
#
# What makes one fail is left in build/fuzz, as are the inputs that were worth keeping.
set -eu

seconds=${1:?usage: tools/fuzz.sh SECONDS}
venv=${VENV:-.venv}
sources=$(ls scanner/core/*.c | grep -v -e avx -e neon -e csrc)

mkdir -p build/fuzz
for name in matchsets programs; do
	# shellcheck disable=SC2086  # a list of names
	clang -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -g -O1 -std=gnu11 \
		-D_GNU_SOURCE -ffp-contract=off -Wall -Wextra -Werror -Iscanner/core -Ikmod/uapi \
		$sources "tests/fuzz/$name.c" -o "build/fuzz/$name" -pthread -lm
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
run parsers "$venv/bin/python" tests/fuzz/parsers.py -dict=tests/fuzz/predicates.dict
