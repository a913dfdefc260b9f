# make run        start the shop on http://127.0.0.1:8000 (HOST, PORT and DATA_DIR from the environment)
# make test       run every test on SQLite, then on PostgreSQL with Redis, with a browser (ARGS selects)
# make test-long  the same with the long tests
# make check      check style, types, import contracts, migrations, translations and settings
# make format     format Python, templates, style sheets and scripts
# make bench-saleor measure the API beside Saleor's server (SALEOR=folder with Saleor's source)
# make lighthouse measure a phone's first views with Google's Lighthouse (needs Node; URL=… measures a running shop)
# make vendor     download the phones' script libraries again, as shop/static/vendor/versions.txt names them (needs Node)
# make lock       pin every package with hashes (ARGS="--upgrade" takes newer releases)
# make setup      install the packages that tests and checks need: Python's, and as root Debian's

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
# The system's Python first: one built without optimization, as by pyenv, takes half as long again.
PYTHON ?= $(shell for python in /usr/bin/python3.1{3,2,1} python3; do \
	$$python -c 'import ensurepip' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
WORKERS ?= 2
# Our own style sheets and scripts; packages below tests/shop/api/npm/ are third-party.
ASSETS := shop/static/css shop/static/js tests/doubles/stripe $(wildcard tests/shop/api/npm/*.js)
# Otherwise each process of tests and checks would compile every module again.
unexport PYTHONDONTWRITEBYTECODE
# Only wheels: an sdist would be built with packages that no hash covers.
INSTALL := $(BIN)/pip install --disable-pip-version-check --require-hashes --only-binary :all:
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-build --generate-hashes --no-emit-index-url

.PHONY: run setup system-packages lock vendor test test-long check format seed bench bench-saleor lighthouse clean

run: .venv/run.stamp
	@exec $(BIN)/python manage.py run

.venv/run.stamp: requirements.txt
	@echo "· Installing what the shop runs on (about half a minute)"
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	@$(INSTALL) -r requirements.txt | sed -un 's/^Collecting \([^ ;]*\).*/  \1/p'
	@touch $@

.venv/dev.stamp: requirements.txt requirements-dev.txt .venv/run.stamp
	@echo "· Installing what tests and checks need"
	@$(INSTALL) --quiet -r requirements-dev.txt
	@touch $@

setup: .venv/dev.stamp system-packages

system-packages:
	@.ci/system-packages

lock: .venv/dev.stamp
	@$(LOCK) --custom-compile-command "make lock" $(ARGS) requirements.in -o requirements.txt
	@$(LOCK) --custom-compile-command "make lock" $(ARGS) requirements-dev.in -o requirements-dev.txt

vendor:
	@.ci/vendor-scripts

test: setup
	@$(BIN)/python -m tests.run -n $(WORKERS) --dist worksteal -m "not long" $(ARGS)

test-long: setup
	@$(BIN)/python -m tests.run -n $(WORKERS) --dist worksteal $(ARGS)

check: .venv/dev.stamp
	@.ci/check

format: .venv/dev.stamp
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .
	$(BIN)/djangofmt templates
	$(BIN)/oxfmt $(ASSETS)

seed: .venv/run.stamp
	$(BIN)/python manage.py migrate --verbosity 0
	$(BIN)/python manage.py seed_demo $(ARGS)

bench: .venv/dev.stamp
	$(BIN)/python manage.py bench $(ARGS)

bench-saleor: .venv/dev.stamp
	@test -n "$(SALEOR)" || { echo "Name Saleor's source: make bench-saleor SALEOR=folder"; exit 1; }
	$(BIN)/python manage.py bench_saleor $(SALEOR) $(ARGS)

lighthouse: .venv/dev.stamp tests/lighthouse/node_modules/.package-lock.json
	@$(BIN)/python -m tests.lighthouse $(URL)

tests/lighthouse/node_modules/.package-lock.json: tests/lighthouse/package-lock.json
	@echo "· Installing Lighthouse (about half a minute)"
	@cd tests/lighthouse && npm ci --ignore-scripts --no-audit --no-fund

clean:
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache tests/lighthouse/node_modules
