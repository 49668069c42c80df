# Two commands matter: `make run` and `make test`. Both install what they need first.
# ENGINE=0 leaves the local engine (PyTorch) out, SEMANTIC=0 the model for likeness in meaning; NAMES=1 adds the model
# that finds people's names. ARGS="--port 9000" is handed to `holdout up`. WORKERS=1 runs one test at a time.

ENGINE ?= 1
SEMANTIC ?= 1
NAMES ?= 0
ARGS ?=
PYTEST_ARGS ?=
WORKERS ?= 2

BIN := .venv/bin
SETUP := sh scripts/setup.sh
PARTS := $(if $(filter 0,$(ENGINE)),,--engine) $(if $(filter 0,$(SEMANTIC)),,--semantic) $(if $(filter 0,$(NAMES)),,--names)
# Each process with a database server of its own; a test goes to the one that is free, in the order of all, because
# browser tests must come last in both. The machine is shared, so a page may be painted later.
AT_ONCE = -n $(WORKERS) --dist loadgroup --no-loadscope-reorder
NO_ENGINE := $(if $(filter 0,$(ENGINE)),--no-engine)
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.PHONY: help install run test test-slow check lock clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

install: ## Make .venv and install into it (ENGINE=0: without PyTorch)
	@$(SETUP) $(PARTS)

run: ## Everything on this machine: database, web, worker, engine (ENGINE=0: without the engine)
	@$(SETUP) $(PARTS)
	@exec $(BIN)/holdout up $(NO_ENGINE) $(ARGS)

test: check ## What CI runs: make check, then all tests but the slow ones, browser tests included
	@$(SETUP) --test $(PARTS)
	@CHROMIUM="$$($(BIN)/python scripts/chromium.py)" && export CHROMIUM && \
		HOLDOUT_TEST_PAINTED_MS=$${HOLDOUT_TEST_PAINTED_MS:-300} \
		exec $(BIN)/python -m pytest -m "not slow" $(if $(filter 1,$(WORKERS)),,$(AT_ONCE)) $(PYTEST_ARGS)

test-slow: ## The longer suites: fault sweeps, long training runs
	@$(SETUP) --test $(PARTS)
	@CHROMIUM="$$($(BIN)/python scripts/chromium.py)" && export CHROMIUM && \
		exec $(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

check: ## Format, lint, types, layers, templates, architecture tests
	@$(SETUP) --test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --profile=jinja --ignore=J018 --lint templates  # J018: Flask's url_for
	$(BIN)/python -m pytest tests/architecture

lock: ## Write the lock files anew from pyproject.toml (UPGRADE=1: with the newest versions)
	@$(SETUP) --test
	$(COMPILE) --extra test pyproject.toml -o requirements-test.lock
	$(COMPILE) -c requirements-test.lock pyproject.toml -o requirements.lock
	echo uv | $(COMPILE) - -o requirements-setup.lock

clean: ## Remove .venv and caches; your data stay
	rm -rf .venv .stamp.lock .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
