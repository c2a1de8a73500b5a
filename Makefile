# `make` alone says what there is. What it installs is in .venv and .cache; `make clean` takes it away again.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-print-directory
# The tests start hundreds of processes: with this set, each of them would compile the product again.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
# What is imported is compiled then: pip would compile all that is installed, for a third of its time.
INSTALL := $(PIP) install --no-compile
COMPILE := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

# A stamp is newer than the locks that it stands for, or its installation runs again.
RUNTIME := $(VENV)/.runtime-is-ready
DEVELOPMENT := $(VENV)/.development-is-ready
BENCHMARKS := $(VENV)/.benchmarks-are-ready

.PHONY: help
help: ## this list
	@echo "Antiphon. Start with \`make demo\`."
	@echo
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "Options of a command go into ARGS:      make demo ARGS=\"--json\""
	@echo "Tests against a broker of your own:     make test ANTIPHON_TEST_BROKER=localhost:9092"
	@echo "Another Python, from 3.11 on:           make demo PYTHON=python3.12"

.PHONY: demo
demo: $(RUNTIME) ## the whole pipeline on the bundled case, on an embedded broker; needs Linux and Python only
	@$(BIN)/antiphon demo $(ARGS)

.PHONY: test
test: $(DEVELOPMENT) ## every check: lint, types and all tests, on a real Kafka where there are Java and Maven
	@$(MAKE) --jobs 3 lint compiled prepared
	@$(BIN)/python -m pytest --numprocesses 5 --dist loadfile --no-loadscope-reorder $(ARGS)

# Compiles the tests while types are checked, and once: the processes that share them would each begin with that. What
# is wrong with a test is said by the run itself.
.PHONY: compiled
compiled: $(DEVELOPMENT)
	@-$(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1

.PHONY: prepared
prepared: $(DEVELOPMENT)
	@$(BIN)/python -m tools.kafka.prepare

.PHONY: check
check: lint ## lint, types, and the tests that need no broker, no browser and not much time: a minute, for fifty times a day
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --hypothesis-profile check -m "not broker and not kafka and not slow" $(ARGS)

.PHONY: lint
lint: $(DEVELOPMENT) ## ruff and mypy, nothing changed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

.PHONY: format
format: $(DEVELOPMENT) ## formats the code and mends what ruff can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: bench
bench: $(BENCHMARKS) ## measures the pipeline against its peers and against bare clients
	@$(BIN)/python -m tools.kafka.prepare
	@$(BIN)/python -m bench $(ARGS)

.PHONY: peers
peers: $(BENCHMARKS) ## what the benchmarks race against, so that their tests run too; 300 MB

.PHONY: chaos
chaos: $(DEVELOPMENT) ## 200 faults and three corrections over a million events on a real Kafka, compared with an oracle; about ten minutes
	@$(BIN)/python -m tools.kafka.prepare
	@$(BIN)/python -m tests.chaos $(ARGS)

.PHONY: e2e
e2e: $(DEVELOPMENT) ## alerts on their way to a webhook, dashboards and faults, with real Prometheus and Alertmanager; three minutes
	@$(BIN)/python -m tools.kafka.prepare
	@$(BIN)/python -m tests.e2e $(ARGS)

.PHONY: mutants
mutants: $(DEVELOPMENT) ## deliberate bugs in the delivery path, each of which a test must notice
	@$(BIN)/python -m tools.kafka.prepare
	@$(BIN)/python -m tests.chaos.mutants $(ARGS)

.PHONY: kills
kills: $(DEVELOPMENT) ## kills two collectors 200 times each, six more, worker and Kafka 50 times under load, and takes Kafka away for a minute; an hour
	@$(BIN)/python -m tools.kafka.jars
	@ANTIPHON_EVIDENCE_KILLS=50 $(BIN)/python -m pytest tests/pipeline/test_kills_with_evidence.py $(ARGS)
	@ANTIPHON_COLLECTOR_KILLS=200 ANTIPHON_COLLECTOR_AWAY_SECONDS=60 $(BIN)/python -m pytest tests/collectors/test_kills.py tests/collectors/bluesky/test_jetstream_faults.py $(ARGS)
	@ANTIPHON_COLLECTOR_KILLS=50 $(BIN)/python -m pytest -k kills tests/collectors/push tests/collectors/tail tests/collectors/mastodon tests/collectors/x $(ARGS)

.PHONY: fuzz
fuzz: $(DEVELOPMENT) ## fuzzes every reader and file shape, guided by coverage; a minute each, or ARGS="--seconds N"
	@$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: pictures
pictures: $(DEVELOPMENT) ## a picture of each page of the console, in out/pictures; needs Chromium
	@$(BIN)/python -m tests.console.pictures $(ARGS)

.PHONY: kafka
kafka: $(DEVELOPMENT) ## a real Apache Kafka in the foreground, on port 9092 or ARGS="--port N"
	@$(BIN)/python -m tools.kafka.node $(ARGS)

.PHONY: setup
setup: $(DEVELOPMENT) ## the virtual environment in .venv, with all that development needs

.PHONY: wheel
wheel: $(RUNTIME) ## a wheel of this checkout in dist/, with the lock of what it needs
	@rm -rf dist && mkdir dist
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@cp requirements.lock dist/
	@ls dist

.PHONY: lock
lock: ## pins the dependencies again after a change of pyproject.toml; ARGS=--upgrade takes the newest
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv"; exit 1; }
	@$(COMPILE) --extra embedded --group build --output-file requirements.lock $(ARGS)
	@$(COMPILE) --extra embedded --group build --group dev --group fuzz --constraints requirements.lock --output-file requirements-dev.lock $(ARGS)
	@$(COMPILE) --group bench --constraints requirements-dev.lock --output-file requirements-bench.lock $(ARGS)

.PHONY: clean
clean: ## removes the virtual environment, the caches and what the tools left
	rm -rf $(VENV) .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.lock pyproject.toml $(BIN)/python | $(BIN)/pip
	@echo "Installing what Antiphon needs into $(VENV) ..."
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOPMENT): requirements-dev.lock pyproject.toml $(BIN)/python | $(BIN)/pip
	@echo "Installing what Antiphon and its tests need into $(VENV) ..."
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ $(RUNTIME)

$(BENCHMARKS): requirements-bench.lock $(DEVELOPMENT)
	@echo "Installing what the benchmarks race against into $(VENV) ..."
	@$(INSTALL) --require-hashes -r requirements-bench.lock
	@touch $@

$(BIN)/pip: | $(BIN)/python
	@$(BIN)/python -m ensurepip --default-pip >/dev/null

$(BIN)/python:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			if "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
				echo "Making $(VENV) with $$("$$python" --version) ..."; \
				exec "$$python" -m venv --clear $(VENV); \
			fi; \
			found="$$python"; \
		fi; \
	done; \
	if [ -n "$$found" ]; then \
		echo "$$("$$found" --version) is here, but without its venv module."; \
		echo "On Debian and Ubuntu, as root:  apt-get install python3-venv"; \
	else \
		echo "Antiphon needs Python 3.11 or newer, and there is none on the PATH."; \
		echo "Install it, or name it:  make PYTHON=/path/to/python3.11"; \
	fi >&2; \
	exit 1
