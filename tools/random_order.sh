#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Run the tests in random order, once a seed, beside processes that a user might have running:
# a test that needs another one to have run before it, or the only game there is, fails.
#
#   tools/random_order.sh [SEEDS [FIRST [PYTEST ARGUMENT …]]]
set -euo pipefail
cd "$(dirname "$0")/.."

seeds=${1:-10}
first=${2:-1}
shift $(($# < 2 ? $# : 2))
python=${VENV:-.venv}/bin/python
targets=$PWD/build/targets

make --quiet -C targets OUT="$targets" BUILDS=pie
# What they read never comes; it ends with this script, and they with it.
coproc users {
	exec 3<&0
	"$targets/pie/game" <&3 &
	"$targets/pie/game" <&3 &
	wait
} >/dev/null
failed=()
for seed in $(seq "$first" $((first + seeds - 1))); do
	echo "seed $seed"
	"$python" -m pytest -q \
		--ignore=tests/guest/test_kernels.py --ignore=tests/guest/test_stubs.py \
		--ignore=tests/guest/test_stock_guest.py --ignore=tests/games \
		-p randomly -p no:cacheprovider --randomly-seed="$seed" "$@" tests || failed+=("$seed")
done
if [ "${#failed[@]}" -gt 0 ]; then
	echo "failed with the seeds ${failed[*]}" >&2
	exit 1
fi
