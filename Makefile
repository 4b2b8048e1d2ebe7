# callwright: every target is listed by `make help`.
SHELL := /bin/sh
PY := .venv/bin/python
STAMP := .venv/.callwright-ready
DEMO_ARGS ?=
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup web audit demo test test-fast lint lint-python lint-web format bench peers peers-voice docs lock clean

help: ## Show this list
	@echo "callwright - make targets:"
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  \1|\2/' | awk -F'|' '{printf "  %-12s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml requirements/dev.txt scripts/setup scripts/core src/callwright/telephony/rtp/core.c
	@sh scripts/setup

setup: $(STAMP) ## Prepare .venv (uv, the locked packages, callwright itself) and the Debian packages

web: $(STAMP) ## Build the console (brings its own Node where there is none)
	@sh scripts/web

demo: $(STAMP) ## Ring 24 simulated people on loopback, then open the console with their calls (DEMO_ARGS="--lang zh")
	@sh scripts/web --if-needed || echo "demo: without the console, which could not be built"
	@.venv/bin/callwright demo $(DEMO_ARGS)

test: $(STAMP) ## Run all tests with coverage (PYTEST_ARGS="-k name")
	@sh scripts/test $(PYTEST_ARGS)

test-fast: $(STAMP) ## Unit and property tests only
	@$(PY) -m pytest tests/unit tests/property -q $(PYTEST_ARGS)

lint: lint-python lint-web ## ruff, ruff format, mypy strict, import-linter, and the types of the console

lint-python: $(STAMP)
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

lint-web: $(STAMP)
	@sh scripts/web-types

audit: $(STAMP) ## Known weaknesses of the locked packages, as far as the services that know them can be reached
	@sh scripts/audit

format: $(STAMP) ## Let ruff rewrite the sources
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

bench: $(STAMP) ## Run the reproducible benchmarks
	@.venv/bin/callwright bench nlu

peers: $(STAMP) ## What is measured beside us, in an environment of its own (.venv-peers)
	@[ -x .venv-peers/bin/python ] || .venv/bin/uv venv -q .venv-peers --python .venv/bin/python
	@.venv/bin/uv pip install -q --python .venv-peers/bin/python --require-hashes -r requirements/peers.txt

peers-voice: $(STAMP) ## pipecat-ai and livekit-agents, each in an environment of its own (about 1 GB; .venv-pipecat, .venv-livekit)
	@for peer in pipecat livekit; do \
	  [ -x .venv-$$peer/bin/python ] || .venv/bin/uv venv -q .venv-$$peer --python .venv/bin/python; \
	  echo "peers-voice: .venv-$$peer"; \
	  .venv/bin/uv pip install -q --python .venv-$$peer/bin/python --require-hashes -r requirements/peers-$$peer.txt || exit 1; \
	done

docs: $(STAMP) ## Run every command of the docs and check their links
	@$(PY) -m pytest tests/acceptance/test_docs.py -q

lock: ## Write requirements/*.txt again from pyproject.toml
	@sh scripts/lock

clean: ## Remove what the targets made
	@rm -rf src/callwright/telephony/rtp/_core.so .venv .venv-peers .venv-pipecat .venv-livekit .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov callwright-demo web/node_modules src/callwright/web/static
