#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Run a program in the environment of what makes packages: compiler, auditors, uv.
#
#   tools/packaging.sh python tools/wheels.py
#
# It comes from PyPI, as package/lock/packaging.txt says, into the cache; nothing of it is this
# machine's but Python and its headers.
set -eu

python=${PYTHON:-python3}
lock=package/lock/packaging.txt
cache=${FARFETCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/farfetch}
key=$({ cat $lock; "$python" -c 'import sys; print(sys.version, sys.prefix)'; } | sha256sum | cut -c -12)
environment=$cache/packaging-$key

mkdir -p "$cache"
(
	flock 9
	if [ ! -e "$environment/.done" ]; then
		rm -rf "$environment"
		"$python" -m venv "$environment"
		"$environment/bin/pip" install --quiet --disable-pip-version-check \
			--require-hashes --requirement $lock >&2
		touch "$environment/.done"
	fi
) 9>"$environment.lock"
# auditwheel and scikit-build-core look for programs by name
export PATH="$environment/bin:$PATH" FARFETCH_CACHE="$cache"
exec "$@"
