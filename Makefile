# make install   installs styleshift into .venv
# make demo   sets everything up, then: precompute, train, export, convert; prints where to listen
# make test   sets everything up, then runs all that CI runs
#
# Everything happens in .venv; nothing outside this folder is changed. Running a target again does only
# what is left to do.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
TOOLS := $(VENV)/.styleshift-tools-ready
READY := $(VENV)/.styleshift-ready
DEVELOP := $(VENV)/.styleshift-develop-ready
CPP_SOURCES := $(shell find cpp CMakeLists.txt -type f 2>/dev/null)
# One thread a test process: faster than the other way round, and repeatable. One process more than there are
# cores, because a third of the time a test waits: for a command, a disk, a browser.
TEST_ENVIRONMENT := MAKEFLAGS= OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
TEST_PROCESSES := $(shell echo $$(($$(nproc 2>/dev/null || sysctl -n hw.ncpu) + 1)))
DEMO := demo

.PHONY: help install setup demo test lint types test-sanitizers test-cpp test-python test-plugins docs reference benchmark clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

install: $(READY) ## the virtual environment, with styleshift

setup: $(DEVELOP) ## the same, with the tools to work on it

$(TOOLS): tools/setup.sh
	@bash tools/setup.sh $(VENV)
	@touch $@

# Who only wants to hear it need not wait for the tools of those who change it.
$(READY): $(TOOLS) pyproject.toml constraints-cpu.txt $(CPP_SOURCES)
	@bash tools/setup.sh $(VENV) m4a
	@touch $@

$(DEVELOP): $(TOOLS) pyproject.toml constraints-cpu.txt $(CPP_SOURCES)
	@bash tools/setup.sh $(VENV) m4a,studio,dev
	@touch $(READY) $@

demo: $(READY) ## hear music converted by a model that is trained in front of you (about 5 minutes)
	@PYTHONPATH=tools $(BIN)/python -m demo $(DEMO)

# Two at a time, the longest early: the sanitizers need no Python packages, and most others keep one core busy.
test: ## all that CI runs
	@$(MAKE) --no-print-directory --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) \
		test-sanitizers lint test-python types docs test-cpp test-plugins

lint: $(DEVELOP) ## ruff and clang-format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $$(find cpp -name '*.cpp' -o -name '*.hpp')

types: $(DEVELOP) ## mypy, strict
	$(BIN)/mypy

test-sanitizers: $(TOOLS) ## the C++ library's own tests under the sanitizers
	PATH="$(abspath $(BIN)):$$PATH" sh tools/sanitize.sh

test-cpp: $(DEVELOP) ## the C++ library's own tests, as it was built for Python; instructions counted
	$(BIN)/ctest --test-dir build/setup --no-tests=error --output-on-failure
	$(BIN)/python tools/count_instructions.py --build build/setup

test-python: $(DEVELOP) ## pytest
	$(TEST_ENVIRONMENT) $(BIN)/pytest -n $(TEST_PROCESSES) --dist worksteal --durations 15

test-plugins: $(DEVELOP) ## each in-tree plugin's own tests
	$(TEST_ENVIRONMENT) bash tools/test_plugins.sh $(BIN)

docs: $(DEVELOP) ## the documentation site, in site/; broken links are errors
	$(BIN)/zensical build --strict

reference: $(DEVELOP) ## the reference pages that follow from the code
	$(BIN)/python tools/reference.py

benchmark: $(DEVELOP) ## the front end against torch, scipy and librosa
	$(BIN)/python benchmarks/frontend.py

clean: ## removes what make made, .venv as well
	rm -rf $(VENV) build site .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis $(DEMO)
