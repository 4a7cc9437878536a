#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The core under sanitizers; any finding ends the run. A program of many jobs and threads
# under ThreadSanitizer; then the core's tests again, with the core built under
# AddressSanitizer and UndefinedBehaviorSanitizer, in an environment of its own.
set -eu

python=${PYTHON:-python3}
venv=build/sanitize/venv

# Without randomization: the sanitizer wants addresses that newer kernels may not give it.
mkdir -p build/sanitize
sources=$(ls scanner/core/*.c | grep -v -e avx -e neon -e csrc)
# shellcheck disable=SC2086  # a list of names
gcc -fsanitize=thread -g -O1 -std=gnu11 -D_GNU_SOURCE -ffp-contract=off -Wall -Wextra -Werror \
	-Iscanner/core -Ikmod/uapi $sources tests/laws/stress.c -o build/sanitize/stress -pthread -lm
setarch -R build/sanitize/stress

test -x $venv/bin/python || "$python" -m venv $venv
$venv/bin/pip install --quiet --disable-pip-version-check '.[dev]' \
	--config-settings=cmake.define.FARFETCH_SANITIZE=ON \
	--config-settings=cmake.define.FARFETCH_WERROR=ON \
	--config-settings=build-dir=build/sanitize/cmake
# leaks are Python's own at exit; the core's would show as growth in its tests
LD_PRELOAD="$(gcc -print-file-name=libasan.so)" \
ASAN_OPTIONS=detect_leaks=0:halt_on_error=1 \
UBSAN_OPTIONS=print_stacktrace=1 \
FARFETCH_NOT_EMULATED=1 \
	$venv/bin/python -X faulthandler -m pytest --quiet --capture=no -p no:cacheprovider \
	tests/laws
