#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Install what is missing of the packages that a make target needs.
#
#   tools/prerequisites.sh build|lint|test|games|kernels|bench|wheels|packages|deb
#
# Only Debian and its kin are handled, with apt-get, as root or through sudo. Elsewhere, or
# when nothing is missing, it does nothing but name what it cannot find.
set -eu

python=${PYTHON:-python3}

build() {
	need gcc 'command -v gcc'
	need libc6-dev 'echo "#include <stdio.h>" | gcc -E - '
	wheels
}

wheels() { # their compiler is one from PyPI
	need python3-venv "$python -c 'import venv, ensurepip'"
	need python3-dev "$python -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_path(\"include\") + \"/Python.h\"))'"
}

lint() { # checkpatch.pl comes with the kernel's source
	need perl 'command -v perl'
	need linux-source 'ls /usr/src/linux-source-*.tar.xz'
}

tests() {
	build
	lint
	need cmake 'command -v cmake'
	need clang 'command -v clang'
	install # the next packages are named by the compilers' versions
	need "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev" \
		'ls "$(clang -print-resource-dir)"/lib/*/libclang_rt.fuzzer*' # libFuzzer
	if [ "$(uname -m)" = x86_64 ]; then
		need "gcc-$(gcc -dumpversion)-multilib" \
			'echo "int main(void) { return 0; }" | gcc -m32 -x c -o /dev/null -'
	fi
	if [ "$(uname -m)" = x86_64 ]; then # arm64's kernels, emulated
		need gcc-12-aarch64-linux-gnu 'command -v aarch64-linux-gnu-gcc-12'
		need libc6-dev-arm64-cross 'test -e /usr/aarch64-linux-gnu/include/stdio.h'
		need qemu-user 'command -v qemu-aarch64'
	fi
	need bvi 'command -v bvi'
	need 2048 'test -x /usr/games/2048'
	need xdemineur 'test -x /usr/games/xdemineur'
	need xvfb 'command -v Xvfb'
	need zsh 'command -v zsh'
	need fish 'command -v fish'
	need man-db 'command -v man'
	need mandoc 'command -v mandoc'
	need qemu-system-x86 'command -v qemu-system-x86_64'
	need busybox-static 'command -v busybox' # virtme-ng's initramfs
	need file 'command -v file'
	need iproute2 'command -v ip || test -x /sbin/ip'
	need kmod 'command -v modinfo || test -x /sbin/modinfo'
	need flex 'command -v flex'
	need bison 'command -v bison'
	need bc 'command -v bc'
	need rsync 'command -v rsync'
	need xz-utils 'command -v xz'
	need libelf-dev 'test -e /usr/include/libelf.h'
	need libssl-dev 'test -e /usr/include/openssl/ssl.h'
	need debian-archive-keyring 'test -e /usr/share/keyrings/debian-archive-keyring.gpg'
}

games() { # and what runs them
	tests
	need nodejs 'command -v node'
	need default-jdk-headless 'command -v javac'
	need nethack-console 'test -x /usr/games/nethack'
	need angband 'test -x /usr/games/angband'
	need gnome-mines 'test -x /usr/games/gnome-mines'
	need ltris 'test -x /usr/games/ltris'
	if [ "$(uname -m)" = x86_64 ]; then # a game for Windows
		need wine64 'command -v wine64 || test -x /usr/lib/wine/wine64'
		need gcc-mingw-w64-x86-64-win32 'command -v x86_64-w64-mingw32-gcc'
	fi
}

kernels() {
	tests
	need sparse 'command -v sparse'
	need debootstrap 'command -v debootstrap || test -x /usr/sbin/debootstrap'
	need qemu-system-arm 'command -v qemu-system-aarch64'
	need linux-source-6.1 'test -e /usr/src/linux-source-6.1.tar.xz'
}

deb() { # built in a root of its own
	build
	need debootstrap 'command -v debootstrap || test -x /usr/sbin/debootstrap'
	need debian-archive-keyring 'test -e /usr/share/keyrings/debian-archive-keyring.gpg'
}

packages() {
	tests
	deb
	need qemu-user-static 'command -v qemu-aarch64-static'
}

bench() {
	tests
	need scanmem 'command -v scanmem'
}

missing=

# need PACKAGE PROBE: note the package when the probe fails
need() {
	if ! (eval "$2") >/dev/null 2>&1; then
		missing="$missing $1"
	fi
}

install() {
	[ -n "$missing" ] || return 0

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
	missing=
}

case ${1:-} in
build) build ;;
lint) lint ;;
test) tests ;;
games) games ;;
kernels) kernels ;;
packages) packages ;;
deb) deb ;;
bench) bench ;;
wheels) wheels ;;
*)
	echo "usage: $0 build|lint|test|games|kernels|bench|wheels|packages|deb" >&2
	exit 2
	;;
esac
install
