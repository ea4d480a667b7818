# Tradewind: `make run` shows the whole cycle, `make test` proves it.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

.PHONY: run up test test-long check lint soak mutants simulate docs browser hour bench clean lock

run: .venv/.run        ## install what is locked, then run the main job
	$(BIN)/tradewind demo

up: .venv/.run         ## Prefect server, worker and all deployments
	$(BIN)/tradewind up

test: lint             ## lint, types, layer contracts and every test
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

test-long: .venv/.dev  ## the stories and repetitions that make test leaves out: twenty minutes
	$(BIN)/python -m pytest -q -m long -n 2 --dist loadfile

check: lint            ## the quick round while you work: under a minute
	$(BIN)/python -m pytest -q tests/core

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: .venv/.dev       ## four processes on one store for a minute
	TRADEWIND_SOAK_SECONDS=60 $(BIN)/python -m pytest -q -s tests/storage/test_many_processes.py

mutants: .venv/.dev    ## wrong lines in what guards money: each must turn a test red, or be seen by the simulation's oracle
	$(BIN)/python -m tests.mutants
	$(BIN)/python -m tests.simulation.mutants

simulate: .venv/.dev   ## ten thousand seeds in process, 300 over HTTP, and kill -9 at every step: half an hour
	$(BIN)/python -m tests.simulation --seeds 10000 --driver engine --processes 2
	$(BIN)/python -m tests.simulation --seeds 300 --driver http --processes 2
	$(BIN)/python -m tests.simulation --kills

docs: .venv/.run       ## write the pages that come from the code
	$(BIN)/python -m flows.documenting

browser: .venv/.dev    ## a real browser on `tradewind up`; TRADEWIND_SCREENSHOTS=docs/images keeps the pictures
	$(BIN)/python -m pytest -q -m long tests/browser

hour: .venv/.dev       ## sixty real minutes of `tradewind up`: ticks missed, memory, disk, locks
	$(BIN)/python -m benchmarks.hour

bench: .venv-bench/.done ## each performance claim as a ratio, in a quarter of an hour; figures in var/bench.jsonl
	TQDM_DISABLE=1 .venv-bench/bin/python -m benchmarks.all

clean:
	rm -rf .venv .venv-bench var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "Tradewind needs Python 3.11 to 3.13, $(PYTHON) is `$(PYTHON) --version 2>&1`: name another with make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv

# The lock names everything, so nothing is left to resolve; older pips would look past a locked extra.
.venv/.run: .venv/bin/python requirements.lock pyproject.toml
	$(PIP) install --quiet --no-deps --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m tasks.kernels
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	$(PIP) install --quiet --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

# The peers come with packages that a trading machine should not have, so they get an environment of their own.
.venv-bench/.done: requirements-bench.lock pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r requirements-bench.lock
	.venv-bench/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation -e .
	@touch $@

lock:                  ## write the lock files anew; needs uv
	uv pip compile pyproject.toml --extra build $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra dev --extra cluster -c requirements.lock $(LOCK) -o requirements-dev.lock
	uv pip compile pyproject.toml --extra build --extra cluster -c requirements.lock $(LOCK) -o requirements-cluster.lock
	uv pip compile pyproject.toml --extra build --extra bench -c requirements.lock $(LOCK) -o requirements-bench.lock
