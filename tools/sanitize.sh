#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The core's tests again, with the core built under AddressSanitizer and
# UndefinedBehaviorSanitizer, in an environment of its own. Any finding ends the run.
set -eu

python=${PYTHON:-python3}
venv=build/sanitize/venv

test -x $venv/bin/python || "$python" -m venv $venv
$venv/bin/pip install --quiet --disable-pip-version-check '.[dev]' \
	--config-settings=cmake.define.FARFETCH_SANITIZE=ON \
	--config-settings=cmake.define.FARFETCH_WERROR=ON \
	--config-settings=build-dir=build/sanitize/cmake
# leaks are Python's own at exit; the core's would show as growth in its tests
LD_PRELOAD="$(gcc -print-file-name=libasan.so)" \
ASAN_OPTIONS=detect_leaks=0:halt_on_error=1 \
UBSAN_OPTIONS=print_stacktrace=1 \
	$venv/bin/python -X faulthandler -m pytest --quiet --capture=no -p no:cacheprovider \
	tests/core -k "not neon" # whose core is another one
