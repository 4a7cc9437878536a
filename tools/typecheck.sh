#!/bin/sh
# SPDX-License-Identifier: MIT
#
# mypy over the packages under the names they are imported by, and over tests and tools.
set -eu

venv=${VENV:-.venv}
named=build/typed/farfetch

mkdir -p "$named"
ln -sfn ../../../scanner "$named/scanner"
ln -sfn ../../../shell "$named/shell"
MYPYPATH=build/typed:tests "$venv/bin/mypy" --namespace-packages --explicit-package-bases \
	-p farfetch.scanner -p farfetch.shell
# tests watch things change that a type checker thinks it knows
MYPYPATH=build/typed:tests:bench "$venv/bin/mypy" --namespace-packages --explicit-package-bases \
	--no-warn-unreachable --exclude tests/guest/inside tests bench demo
