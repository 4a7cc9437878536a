#!/bin/sh
# SPDX-License-Identifier: MIT
#
# mypy over the packages under the names they are imported by, and over tests and tools.
set -eu

venv=$(cd "${VENV:-.venv}" && pwd)
named=build/typed/farfetch

mkdir -p "$named"
for file in package/farfetch/*.*; do
	ln -sfn "../../../$file" "$named/"
done
ln -sfn ../../../scanner "$named/scanner"
ln -sfn ../../../shell "$named/shell"
MYPYPATH=build/typed:tests "$venv/bin/mypy" --namespace-packages --explicit-package-bases \
	-p farfetch
# Tests watch things change that a type checker thinks it knows. Run within tests: at the root,
# mypy takes tests/unit/shell for a part of shell, and in a clone named farfetch knows that by two names.
cd tests
MYPYPATH=../build/typed:.:../bench:../demo:../tools "$venv/bin/mypy" \
	--config-file ../pyproject.toml --cache-dir ../.mypy_cache \
	--namespace-packages --explicit-package-bases \
	--no-warn-unreachable --exclude guest/inside . ../bench ../demo ../tools
