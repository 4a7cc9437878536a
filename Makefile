# SPDX-License-Identifier: MIT
# One way to do each task. `make help` lists them.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# an editable install knows its modules by name, so it is made anew when they change
NAMES  := $(shell find scanner shell -name '*.py' | LC_ALL=C sort | cksum | cut -d ' ' -f 1)
STAMP  := $(VENV)/.farfetch-$(NAMES)
# What is installed, with hashes. With LOCK= it is whatever fits pyproject.toml and is newest.
LOCK   ?= package/lock/dev.txt
CORE   := $(wildcard scanner/core/* scanner/core/*/*) CMakeLists.txt pyproject.toml
SHARE  := $(wildcard docs/*.1) $(wildcard completions/*)

# Most tests wait for other processes, most of the time. Each worker takes a file of them at a
# time; with 0 all run in one process, one after the other.
PYTEST_WORKERS ?= 2
SIDE_BY_SIDE   := --numprocesses $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHON
# Without bytecode every farfetch that a test starts would be compiled anew, which takes longer
# than most of these tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: $(STAMP)  ## build the core and install farfetch, editable, into .venv

$(STAMP): $(CORE) $(SHARE) $(LOCK)
	@tools/prerequisites.sh build
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "building farfetch into $(VENV)"
	@if [ -n "$(LOCK)" ]; then \
		$(BIN)/pip install --quiet --require-hashes --requirement $(LOCK); \
	fi
	@$(BIN)/pip install --quiet $(if $(LOCK),--no-build-isolation) --editable '.[dev]' \
		--config-settings=cmake.define.FARFETCH_WERROR=ON
	@rm -f $(VENV)/.farfetch*
	@touch $@

.PHONY: demo
demo: build  ## play the game target: find its health by scanning, set it, freeze it
	@$(BIN)/python demo/health.py

.PHONY: test
test: build  ## run all tests of this machine, behind lint and docs
	@tools/prerequisites.sh test
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint docs
	@mkdir -p build
	@{ tools/sanitize.sh && tools/fuzz.sh 5; } >build/sanitize.log 2>&1 & beside=$$!; \
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) tests --ignore=tests/guest/test_kernels.py \
		--ignore=tests/guest/test_stubs.py --ignore=tests/games --ignore=tests/packages/test_chroots.py --ignore=tests/packages/test_debian.py; status=$$?; \
	wait $$beside || status=1; cat build/sanitize.log; exit $$status

.PHONY: test-games
test-games: build  ## hunt in CPython, Node, Java and packaged games, at the prompt
	@tools/prerequisites.sh games
	$(BIN)/python -m pytest tests/games tests/prompt/test_packaged_games.py

.PHONY: test-kernels
test-kernels: build  ## run the module's tests on patched, debug and other Debian kernels (slow)
	@tools/prerequisites.sh kernels
	kmod/run_checkpatch.sh
	$(BIN)/python -m pytest tests/guest/test_kernels.py

.PHONY: test-order
test-order: build  ## run the tests in random order, SEEDS (default 10) times, beside a user's processes
	@tools/prerequisites.sh test
	tools/random_order.sh $(or $(SEEDS),10)

.PHONY: test-stubs
test-stubs: build  ## run system call 505 on patched 6.12 and on arm64 (slow, not in CI)
	@tools/prerequisites.sh kernels
	$(BIN)/python -m pytest tests/guest/test_stubs.py

.PHONY: test-packages
test-packages: build  ## install and use what is published in bare chroots, arm64's emulated (slow, not in CI)
	@tools/prerequisites.sh packages
	$(BIN)/python -m pytest tests/packages

.PHONY: lint
lint: build  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	tools/typecheck.sh
	$(BIN)/lint-imports
	$(BIN)/python tools/api_check.py
	$(BIN)/reuse lint --quiet || $(BIN)/reuse lint --lines
	tools/c_style.sh

.PHONY: hooks
hooks: build  ## look at each commit's files as lint does, before it is made
	@$(BIN)/pre-commit install

.PHONY: manual
manual:  ## bring the man page and the completions up to the commands' help
	@$(BIN)/python tools/manual.py

.PHONY: docs
docs: build  ## make pages of the guides and the reference, in build/docs
	@$(BIN)/sphinx-build --quiet --nitpicky --fail-on-warning --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

.PHONY: lock
lock:  ## pin what is installed, after a change of pyproject.toml, in package/lock
	@tools/packaging.sh python tools/lock.py

.PHONY: wheels
wheels:  ## build wheels for x86-64 and arm64, and the source distribution, into dist
	@tools/prerequisites.sh wheels
	@tools/packaging.sh python tools/wheels.py

.PHONY: deb
deb: build  ## build Debian's packages, farfetch and farfetch-dkms, in a root of Debian 13, into dist
	@tools/prerequisites.sh deb
	@$(BIN)/python tools/deb.py

.PHONY: dkms-guest
dkms-guest: build  ## load the module that DKMS builds from farfetch-dkms into a guest with Debian 13's kernel
	@tools/prerequisites.sh packages
	$(BIN)/python -m pytest tests/packages/test_debian.py -k dkms

.PHONY: bench
bench: build  ## measure scans against the raw copy limit, and the peers, in one run
	@tools/prerequisites.sh bench
	@$(BIN)/pip install --quiet 'PyMemoryEditor>=3.0'
	@$(BIN)/python bench/scan.py --peers --sizes 256,1024,4096,8192 \
		--json build/bench.json

.PHONY: bench-pointers
bench-pointers: build  ## measure pointer maps and scans, beside PyMemoryEditor, on SIZES (MiB)
	@tools/prerequisites.sh bench
	@$(BIN)/pip install --quiet 'PyMemoryEditor>=3.0'
	@$(BIN)/python bench/pointers.py --peer --sizes $(or $(SIZES),256,1024) \
		--json build/bench-pointers.json

.PHONY: bench-calls
bench-calls: build  ## measure single reads and writes, looks and frozen values, beside PyMemoryEditor
	@$(BIN)/pip install --quiet 'PyMemoryEditor>=3.0'
	@$(BIN)/python bench/calls.py --json build/bench-calls.json

.PHONY: bench-watch
bench-watch: build  ## measure what watching a value costs its program, beside gdb and a tracer
	@tools/prerequisites.sh bench
	@$(BIN)/python bench/watch.py --json build/bench-watch.json

.PHONY: bench-store
bench-store: build  ## measure what keeping old values costs, on data of SIZE (MiB), and real programs
	@tools/prerequisites.sh bench
	@$(BIN)/python bench/store.py --size $(or $(SIZE),1024) --real --json build/bench-store.json

.PHONY: bench-startup
bench-startup: build  ## measure how long farfetch takes to start
	@$(BIN)/python bench/startup.py

.PHONY: bench-typing
bench-typing: build  ## measure how long keys take to show at the prompt, beside 10,000 regions
	@$(BIN)/python bench/keys.py

.PHONY: bench-module
bench-module: build  ## measure the kernel module beside process_vm_readv, in a guest
	@tools/prerequisites.sh test
	@$(BIN)/python bench/module.py

.PHONY: fuzz
fuzz: build  ## fuzz the core and the parsers for SECONDS (default 600) each
	@tools/prerequisites.sh test
	tools/fuzz.sh $(or $(SECONDS),600)

.PHONY: clean
clean:  ## remove what was built, and .venv
	rm -rf build dist $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
