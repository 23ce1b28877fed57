# Two commands do everything on a machine that has Python 3.11+, git and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint types imports unit serve check audit bench lock clean help

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/runtime: requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("pageturner needs Python 3.11 or newer; set PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	touch $@

$(VENV)/develop: requirements-dev.lock $(VENV)/runtime pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: $(VENV)/runtime ## the bot with a simulated Slack, cluster and pager, on loopback
	$(BIN)/python -m bot demo $(ARGS)

serve: $(VENV)/runtime ## the bot against the Slack and cluster of your settings
	$(BIN)/python -m bot serve

check: $(VENV)/runtime ## runbooks and settings: what is wrong, where, and what to write instead
	$(BIN)/python -m bot check $(ARGS)

test: lint types imports unit ## everything that CI checks

lint: $(VENV)/develop
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/develop
	$(BIN)/mypy

imports: $(VENV)/develop
	$(BIN)/lint-imports

unit: $(VENV)/develop ## the tests alone; ARGS="-k name" narrows them
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup $(ARGS)

audit: $(VENV)/develop ## known weaknesses of what is locked (asks the network), and a bill of materials in sbom.cdx.json
	$(BIN)/python -m tests.audit
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit
	$(BIN)/pip-audit --disable-pip --require-hashes --requirement requirements.lock

bench: $(VENV)/develop ## what things cost here, side by side; not part of the tests
	$(BIN)/python -m tests.bench $(ARGS)

lock: $(VENV)/develop ## resolve the dependencies anew; versions and hashes only, no host names
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet --output-file requirements-dev.lock

clean: ## everything that these commands made
	rm -rf $(VENV) build dist artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
