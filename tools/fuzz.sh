#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Fuzz the core's match sets, programs and snapshots (libFuzzer, under AddressSanitizer
# and UndefinedBehaviorSanitizer), the parsers and what reads files (Atheris), guided by
# coverage, and the shell's lines (Hypothesis).
#
#   tools/fuzz.sh SECONDS     for each of the six, one after the other
#
# What makes one fail is left in build/fuzz, as are the inputs that were worth keeping.
set -eu

seconds=${1:?usage: tools/fuzz.sh SECONDS}
venv=${VENV:-.venv}
build=build/fuzz/cmake

mkdir -p build/fuzz
cmake -S . -B $build -DCMAKE_C_COMPILER=clang -DFARFETCH_MODULE=OFF -DFARFETCH_PROGRAMS=ON \
	-DFARFETCH_WERROR=ON -DFARFETCH_SANITIZE=fuzzer,address,undefined >build/fuzz/cmake.log ||
	{ cat build/fuzz/cmake.log; exit 1; }
cmake --build $build --target fuzzers >build/fuzz/cmake.log || { cat build/fuzz/cmake.log; exit 1; }

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

run matchsets $build/tests/matchsets
run programs $build/tests/programs
run snapshots $build/tests/snapshots
run parsers "$venv/bin/python" tests/fuzz/parsers.py -dict=tests/fuzz/predicates.dict
PYTHONPATH=tests run files "$venv/bin/python" tests/fuzz/files.py
echo "lines: what is typed at the shell"
FARFETCH_FUZZ_SECONDS=$seconds "$venv/bin/python" -m pytest -q tests/prompt/test_any_line.py
