# Tradewind: `make run` shows the whole cycle, `make test` proves it.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

.PHONY: run up test check lint soak clean lock

run: .venv/.run        ## install what is locked, then run the main job
	$(BIN)/tradewind demo

up: .venv/.run         ## Prefect server, worker and all deployments
	$(BIN)/tradewind up

test: lint             ## lint, types, layer contracts and every test
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

check: lint            ## the quick round while you work: under a minute
	$(BIN)/python -m pytest -q tests/core

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: .venv/.dev       ## four processes on one store for a minute
	TRADEWIND_SOAK_SECONDS=60 $(BIN)/python -m pytest -q -s tests/storage/test_many_processes.py

clean:
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "Tradewind needs Python 3.11 to 3.13, $(PYTHON) is `$(PYTHON) --version 2>&1`: name another with make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv

# The lock names everything, so nothing is left to resolve; older pips would look past a locked extra.
.venv/.run: .venv/bin/python requirements.lock pyproject.toml
	$(PIP) install --quiet --no-deps --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	$(PIP) install --quiet --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

lock:                  ## write the lock files anew; needs uv
	uv pip compile pyproject.toml --extra build $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra dev -c requirements.lock $(LOCK) -o requirements-dev.lock
