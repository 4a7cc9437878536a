#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Install what is missing of the packages that a make target needs.
#
#   tools/prerequisites.sh build|test|kernels
#
# Only Debian and its kin are handled, with apt-get, as root or through sudo. Elsewhere, or
# when nothing is missing, it does nothing but name what it cannot find.
set -eu

python=${PYTHON:-python3}

build() {
	need gcc 'command -v gcc'
	need libc6-dev 'echo "#include <stdio.h>" | gcc -E - '
	need python3-venv "$python -c 'import venv, ensurepip'"
	need python3-dev "$python -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_path(\"include\") + \"/Python.h\"))'"
}

tests() {
	build
	if [ "$(uname -m)" = x86_64 ]; then
		need gcc-multilib 'echo "#include <sys/types.h>" | gcc -m32 -E -'
	fi
	need bvi 'command -v bvi'
	need 2048 'test -x /usr/games/2048'
}

missing=

# need PACKAGE PROBE: note the package when the probe fails
need() {
	if ! (eval "$2") >/dev/null 2>&1; then
		missing="$missing $1"
	fi
}

case ${1:-} in
build) build ;;
test) tests ;;
*)
	echo "usage: $0 build|test" >&2
	exit 2
	;;
esac

[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "farfetch: please install what Debian calls:$missing" >&2
	exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
	as_root=sudo
	if ! command -v sudo >/dev/null; then
		echo "farfetch: please install, as root:$missing" >&2
		exit 1
	fi
fi
echo "farfetch: installing$missing"
$as_root apt-get -qq update
# shellcheck disable=SC2086  # a list of names
$as_root env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes \
	apt-get -qq install -y --no-install-recommends $missing >/dev/null
