# Everything a fresh machine needs is installed from here: Python 3.11, git and make are enough to begin.
#   make demo    sets up and runs the main job
#   make test    sets up, checks and tests, real browsers included
#   make help    lists the rest

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

SOAK := $(BIN)/pytest --verbose --timeout=7200 --log-cli-level=INFO --durations=0

PAGE := server/pando_server/static
PROGRAMS := client/pando_client/assets
WEB_SOURCES := $(shell find volunteer-web/src volunteer-web/public volunteer-web/stand_ins -type f) \
	$(wildcard volunteer-web/build*.ts) volunteer-web/deno.json volunteer-web/deno.lock

# The sans-I/O cores: all of their lines and branches are tested.
CORES := */pando_client/coordination/*,*/pando_client/lending/*,*/pando_client/session/*
CORES := $(CORES),*/pando_client/channels/candidates.py,*/pando_client/stdio/pull_sync.py
CORES := $(CORES),*/pando_server/relay/*,*/pando_shared/wire/*

# A worker takes the next file when it has done one; those that take long come first. There are more workers than the
# two cores of a small machine: half of the time they wait for a browser, a process or a time limit.
IN_PARALLEL := --numprocesses=3 --dist=loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo test test-page test-python check fast-test format build browsers networks bench soak soak-chaos soak-machines clean

help: ## lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

demo: $(VENV)/.installed $(PAGE)/index.html ## sets up and maps the square example over 1 to 10, on this machine
	@echo "Now: seq 10 | pando examples/square/square.js --stdin --start-idle=false --port=0" >&2
	@seq 10 | $(BIN)/pando examples/square/square.js --stdin --start-idle=false --port=0

test: $(VENV)/.developing $(PAGE)/index.html browsers networks ## sets up, checks, and runs all tests
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check test-page
	@$(MAKE) --no-print-directory test-python

test-page:
	cd volunteer-web && $(abspath $(BIN))/deno task test

# What is sensitive to time has the machine for itself.
test-python:
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(IN_PARALLEL) --durations=20 -m "not alone"
	$(BIN)/coverage run -m pytest --durations=20 -m alone
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	$(BIN)/coverage report --include='$(CORES)' --fail-under=100

fast-test: $(VENV)/.developing $(PAGE)/index.html ## runs the tests that need no browser
	$(BIN)/pytest $(IN_PARALLEL) --ignore=tests/end_to_end -m "not browser"

check: $(VENV)/.developing $(PAGE)/index.html ## lints, formats (without changing), type-checks, checks who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd volunteer-web && $(abspath $(BIN))/deno task check

format: $(VENV)/.developing ## formats all code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	cd volunteer-web && $(abspath $(BIN))/deno fmt

bench: $(VENV)/.developing $(PAGE)/index.html browsers networks ## runs every benchmark, one after the other
	@for script in $(filter-out __init__,$(basename $(notdir $(wildcard benchmarks/*.py)))); do \
		echo "== benchmarks.$$script"; $(BIN)/python -m benchmarks.$$script || exit 1; done

soak: $(VENV)/.developing $(PAGE)/index.html browsers ## runs chaos and the state machines for long
	@$(MAKE) --no-print-directory --jobs=2 soak-chaos soak-machines

# One after the other: they need the machine for themselves. The state machines take one core besides.
soak-chaos:
	PANDO_CHAOS_SEEDS=20 PANDO_CHAOS_ROUNDS=10 $(SOAK) tests/end_to_end/test_chaos_headless.py \
		tests/end_to_end/test_chaos_browsers.py

soak-machines:
	PANDO_LENDER_EXAMPLES=50000 PANDO_SESSION_EXAMPLES=5000 PANDO_RELAY_EXAMPLES=5000 $(SOAK) \
		tests/client/lending/test_lender_machine.py tests/client/coordination/test_session_machine.py \
		tests/server/relay/test_relay_machine.py

build: $(PAGE)/index.html ## bundles the volunteer page and the Deno programs

# An editable install bundles once; after a change to the sources this does it again.
$(PAGE)/index.html: $(VENV)/.installed $(WEB_SOURCES)
	@echo "Bundling the volunteer page ..." >&2
	@cd volunteer-web && $(abspath $(BIN))/deno run --quiet --allow-all build.ts \
		--page ../$(PAGE) --client ../$(PROGRAMS)
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Pando needs Python 3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "Python's venv is missing: install python3-venv" >&2; exit 1; }
	@echo "Making a virtual environment in $(VENV) ..." >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml volunteer-web/hatch_build.py
	@echo "Installing Pando and what it needs into $(VENV): about 100 MB are fetched the first time ..." >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.developing: $(VENV)/.installed
	@echo "Installing what the checks and tests need into $(VENV) ..." >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check 'pip>=25.1'
	@$(BIN)/pip install --quiet --disable-pip-version-check --group dev
	@touch $@

browsers: ## installs Chromium, Firefox and faketime from Debian where they are missing
	@command -v chromium >/dev/null && command -v firefox-esr >/dev/null && command -v faketime >/dev/null || { \
		echo "Installing Chromium, Firefox and faketime ..." >&2; \
		$(SUDO) apt-get update --quiet && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive \
			apt-get install --quiet --yes --no-install-recommends chromium firefox-esr faketime; }

# Their services stay off, now and later: masked before they are installed (`systemctl unmask coturn` undoes it). What is
# there already stays as it is. RUNLEVEL says the same to machines without systemd.
networks: ## installs coturn, nginx, Caddy, nftables and iproute2 from Debian where they are missing, with services off
	@(PATH="$$PATH:/usr/sbin:/sbin"; for program in turnserver nginx caddy nft tc; do \
		command -v $$program >/dev/null || exit 1; done) || { \
		export PATH="$$PATH:/usr/sbin:/sbin"; \
		for pair in turnserver:coturn nginx:nginx caddy:caddy; do \
			command -v $${pair%:*} >/dev/null || { $(SUDO) mkdir -p /etc/systemd/system && \
			$(SUDO) ln -sf /dev/null /etc/systemd/system/$${pair#*:}.service || exit 1; }; done; \
		echo "Installing coturn, nginx, Caddy, nftables and iproute2; their services stay off ..." >&2; \
		$(SUDO) apt-get update --quiet && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
			apt-get install --quiet --yes --no-install-recommends coturn nginx-light caddy nftables iproute2; }

clean: ## removes what was installed and built
	rm -rf $(VENV) $(PAGE) $(PROGRAMS) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
