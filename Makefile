# Everything a contributor types. `make` alone lists it; PYTHON=… picks an interpreter.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check coverage screenshots bench image-test

PYTHON ?=
SYSTEM ?= yes
WORKERS ?= 2
ARGS ?=
BIN := .venv/bin
CODE := sidecar plugins tests
export SYSTEM

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A stamp per set of packages: nothing is installed again until pyproject.toml changes.
.venv/.ready-run: pyproject.toml tests/tools/environment.sh
	@PYTHON="$(PYTHON)" sh tests/tools/environment.sh .
	@touch $@

.venv/.ready-dev: pyproject.toml tests/tools/environment.sh
	@PYTHON="$(PYTHON)" sh tests/tools/environment.sh '.[dev]'
	@touch .venv/.ready-run $@

setup: .venv/.ready-dev  ## make .venv with everything that development needs

demo: .venv/.ready-run  ## serve a demo application behind the sidecar (ARGS="--port 9000")
	@exec $(BIN)/sidecar demo $(ARGS)

test: setup  ## missing Debian packages (SYSTEM=no forbids), then the whole suite
	@sh tests/tools/system.sh
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup  ## format, lint, types, layers
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-cache

coverage: setup  ## the suite with branch coverage; HTML in build/coverage
	@sh tests/tools/system.sh
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=html --cov-report=term $(ARGS)

screenshots: setup  ## every page, light and dark, phone and desktop; in build/screenshots
	@sh tests/tools/system.sh
	$(BIN)/python -m tests.tools.screenshots $(ARGS)

# Two lists: nothing is measured without the first, and Caddy is no package everywhere.
bench: setup  ## what a request costs beside nginx and Caddy (ARGS="--only proxy"); build/bench.json
	@sh tests/tools/system.sh nginx-light wrk
	@sh tests/tools/system.sh caddy
	$(BIN)/python -m tests.bench $(ARGS)

image-test: setup  ## build the image, run it read-only as nobody, ask its probes
	@sh tests/tools/image_test.sh
