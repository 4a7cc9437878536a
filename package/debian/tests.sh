#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The part of farfetch's tests that says whether it does the same with the system's libraries.
#
#   debian/tests.sh INTERPRETER FOLDER    of the package that was built
set -eu

cd tests
export PYTHONPATH="$2" HYPOTHESIS_STORAGE_DIRECTORY="$2/.hypothesis" CI=true
exec "$1" -m pytest --quiet -p no:cacheprovider -c /dev/null --rootdir . --import-mode=importlib \
	-o pythonpath=. unit/declarations unit/values
