#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The core under sanitizers; any finding ends the run. A program of many jobs and threads
# under ThreadSanitizer; then the core's tests again, with the core built under
# AddressSanitizer and UndefinedBehaviorSanitizer, in an environment of its own; and those of what
# is done by ptrace, by the core and by a guardian that is built so, too.
set -eu

tools=${VENV:-.venv}
venv=build/sanitize/venv
threads=build/sanitize/threads

mkdir -p build/sanitize
cmake -S . -B $threads -DFARFETCH_MODULE=OFF -DFARFETCH_PROGRAMS=ON -DFARFETCH_WERROR=ON \
	-DFARFETCH_SANITIZE=thread >$threads.log || { cat $threads.log; exit 1; }
cmake --build $threads --target frames failing tiers stress watching farfetch-guardian \
	>$threads.log || { cat $threads.log; exit 1; }
# Without randomization: the sanitizer wants addresses that newer kernels may not give it.
setarch -R $threads/tests/frames
setarch -R $threads/tests/failing
setarch -R $threads/tests/tiers
setarch -R $threads/tests/stress
setarch -R $threads/tests/watching $threads/scanner/core/farfetch-guardian

# All but farfetch itself is what the tests have elsewhere.
if ! test -x $venv/bin/python; then
	"$tools/bin/python" -m venv --without-pip $venv
	"$tools/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		>"$($venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tools.pth"
fi
"$tools/bin/python" -m pip --python $venv/bin/python install --quiet --disable-pip-version-check \
	--no-deps --no-build-isolation . \
	--config-settings='cmake.define.FARFETCH_SANITIZE=address,undefined' \
	--config-settings=cmake.define.FARFETCH_WERROR=ON \
	--config-settings=build-dir=build/sanitize/cmake
# leaks are Python's own at exit; the core's would show as growth in its tests
findings=$PWD/build/sanitize/finding	# a guardian has nowhere else to say what was found
rm -f "$findings".*
status=0
LD_PRELOAD="$(gcc -print-file-name=libasan.so)" \
ASAN_OPTIONS=detect_leaks=0:halt_on_error=1:log_path="$findings" \
UBSAN_OPTIONS=print_stacktrace=1:log_path="$findings" \
FARFETCH_NOT_EMULATED=1 \
	$venv/bin/python -X faulthandler -m pytest --quiet --capture=no -p no:cacheprovider \
	tests/laws tests/live/test_traced.py || status=$?
for finding in "$findings".*; do
	test ! -s "$finding" || { cat "$finding"; status=1; }
done
exit $status
