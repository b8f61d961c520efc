# graphcrm: the commands of a working copy. `make help` lists them.

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
ARGS ?=
# Two processes test side by side, each with engines of its own; a server that is named is one, and so is the process.
TEST_PROCESSES := $(if $(GRAPHCRM_TEST_NEO4J_URI),0,2)

# The first Python that is new enough and can make environments; version managers leave commands that do not run.
PYTHON = $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { command -v "$$p"; break; }; done)

PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test check bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: export GRAPHCRM_HOME ?= $(CURDIR)/.graphcrm
demo: $(VENV)/.runtime ## a sample company, served at http://127.0.0.1:8000 (PORT=… for another); Ctrl-C ends it
	@exec $(BIN)/graphcrm demo --port $(PORT)

test: $(VENV)/.test ## the whole test suite; what this machine cannot run is skipped with the reason (ARGS=… goes to pytest)
	@exec $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist worksteal $(ARGS)

check: $(VENV)/.test ## lint, format, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test ## timings and memory, written to bench/results/
	@exec $(BIN)/python -m pytest -m bench -s tests/bench $(ARGS)

clean: ## removes the environment, caches and builds; the demo's data stays in .graphcrm
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# Each environment is stamped when complete, so that a second run installs nothing and a broken one starts over.
$(VENV)/.made:
	@python="$(PYTHON)"; \
	test -n "$$python" || { echo "graphcrm needs Python 3.11 or newer with its venv module, and found none on the PATH." >&2; exit 1; }; \
	echo "Making the environment in $(VENV) with $$python"; \
	"$$python" -m venv $(VENV) && touch $@

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing graphcrm and what it needs (once, about a minute)"
	@$(PIP_INSTALL) -e .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing graphcrm with its test tools (once, about a minute)"
	@$(PIP_INSTALL) -e '.[test]'
	@touch $@ $(VENV)/.runtime
