# make           what there is to run
# make demo      everything once, from sources to the report
#
# PYTHON=python3.12 make setup   takes another interpreter; one of 3.11–3.13 is found otherwise.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
PYTHON_DIRS := $(wildcard plugins dags demo bi bench deploy tests)

# A stamp is named after the content of the lock: another branch's lock is another stamp.
stamp = $(VENV)/.installed-$(1)-$(firstword $(shell cat $(2) pyproject.toml | cksum))
RUNTIME := $(call stamp,runtime,requirements.txt)
DEVELOPMENT := $(call stamp,development,requirements.txt requirements-server.txt requirements-dev.txt)

# An Airflow of the user's own, or pip settings that install elsewhere, must not leak in here.
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV
# Only what works on just that Airflow gets it.
ifeq ($(filter rebuild report doctor plan-night,$(MAKECMDGOALS)),)
unexport $(filter AIRFLOW%,$(.VARIABLES))
export AIRFLOW_HOME := $(CURDIR)/build/airflow
endif
# In a region: the district that a tool works for (make report DISTRICT=mtsensk PERIOD=2026-Q3).
ifdef DISTRICT
export MUNICIPAL_DISTRICT := $(DISTRICT)
endif
# Nor what keeps bytecode from being written: each process of Airflow compiles 2600 modules otherwise.
unexport PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX PIP_NO_COMPILE
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PIP_USER PIP_REQUIRE_VIRTUALENV PIP_CONSTRAINT PIP_NO_DEPS

# pip comes with every Python; uv does the same faster where somebody has it.
UV := $(shell command -v uv 2>/dev/null)
ifneq ($(UV),)
INSTALL := "$(UV)" pip install --quiet --python $(BIN)/python
COMPILE := --compile-bytecode
else
INSTALL := $(BIN)/python -m pip install --no-input --disable-pip-version-check --no-user
COUNT = | awk -v all="$$(grep -c '==' $(1))" '/^(Collecting|Processing) / && ++n % 20 == 0 \
  {print "  " n " of " all " packages"; fflush()} /^Installing collected/ {print "  writing them"; fflush()}'
endif

.PHONY: help setup development demo airflow superset stack inspect rebuild report doctor plan-night test test-all test-server test-kill test-fuzz bench bench-metrica bench-files bench-smev bench-forecast bench-night bench-marts bench-dags lint format lock audit clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: $(RUNTIME) ## Make .venv/ with what the DAGs need (done once per lock)

development: $(DEVELOPMENT) ## Add the tools of demo, test and lint to .venv/

demo: $(DEVELOPMENT) ## Load the sample sources since 2022, print the indicators, write build/report.html
	@$(BIN)/python -m demo

airflow: $(DEVELOPMENT) ## Airflow on the demo's warehouse, to click through (ARGS='--port 8081'; ARGS=--help)
	@$(BIN)/python -m demo.airflow $(ARGS)

superset: $(DEVELOPMENT) ## Superset's dashboards on the demo's marts (ARGS='--port 8089'; ARGS=--help)
	@$(BIN)/python -m demo.superset $(ARGS)

stack: $(DEVELOPMENT) ## Both beside each other over one warehouse (ARGS=--help)
	@$(BIN)/python -m demo.stack $(ARGS)

# 1 and 2 are answers about the file, which make would show as errors of its own.
inspect: $(RUNTIME) ## Show what a file is taken for, without loading it (FILE='path'; INSPECT=--help)
	@$(BIN)/python -m municipal_indicators.inspection $(if $(FILE),"$(FILE)") $(INSPECT) || case $$? in 3|4) ;; *) exit 1;; esac

rebuild: $(RUNTIME) ## Fill the empty warehouse of the Airflow of your environment (else the demo's) from the archive
	@$(BIN)/python -m demo.rebuild

report: $(RUNTIME) ## Report of a period as build/report-….xlsx and .docx (PERIOD=2026-Q3; REPORT=--help)
	@$(BIN)/python -m demo.there municipal_indicators.documents $(PERIOD) $(REPORT)

doctor: $(RUNTIME) ## Look at the Airflow of your environment (else the demo's): what is missing, how to mend it
	@$(BIN)/python -m demo.there municipal_indicators.doctor

plan-night: $(RUNTIME) ## Does the next night fit Metrica's quotas, and how long is it (PLAN='--history'; PLAN=--help)
	@$(BIN)/python -m demo.there municipal_indicators.sources.metrica.quota_plan $(PLAN) || case $$? in 1) ;; *) exit 1;; esac

# The files in the order of tests/conftest.py, the longest first.
RUN_TESTS = $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

test: $(DEVELOPMENT) ## All tests but the slow ones (PYTEST='-k passport -x' chooses and passes options)
	@$(RUN_TESTS) -m "not slow" $(PYTEST)

test-all: $(DEVELOPMENT) ## All tests, as for a release, then test-server
	@$(RUN_TESTS) $(PYTEST)
	@$(MAKE) test-server

test-server: $(DEVELOPMENT) ## Loads, ledgers and a build once more over HTTP; docs/server.md for a real server
	@echo "Once more over HTTP, as a ClickHouse server is reached:"
	@server="$${MUNICIPAL_TESTS_SERVER:-1}"; \
	MUNICIPAL_TESTS_SERVER="$$server" $(RUN_TESTS) $$([ "$$server" = 1 ] || echo --numprocesses 0) $(PYTEST)

test-kill: $(DEVELOPMENT) ## Kill loads and builds 200 times beside a reader (KILLS=400; ARGS='--seed 57 --only 3')
	@$(BIN)/python -m tests.kills --kills $(or $(KILLS),200) $(ARGS)

test-fuzz: $(DEVELOPMENT) ## Load files with random damages for ten minutes (ARGS='--minutes 60 --seed 7')
	@$(BIN)/python -m tests.fuzz $(ARGS)

bench: $(DEVELOPMENT) ## All benches against their goals, into docs/performance.md (BENCH='--only marts'; BENCH=--help)
	@$(BIN)/python -m bench $(BENCH)

bench-metrica: $(DEVELOPMENT) ## Speed and memory of a Metrica load (BENCH='--rows 20000 --rounds 1' chooses)
	@$(BIN)/python -m bench.metrica $(BENCH)

bench-files: $(DEVELOPMENT) ## Speed and memory of loads of registers (BENCH=--help)
	@$(BIN)/python -m bench.files $(BENCH)

bench-smev: $(DEVELOPMENT) ## Speed and memory of loads of SMEV logs, journals and envelopes (BENCH=--help)
	@$(BIN)/python -m bench.smev $(BENCH)

bench-forecast: $(DEVELOPMENT) ## How forecasts of emulated districts turn out (BENCH='--districts 20 --seed 2')
	@$(BIN)/python -m bench.forecast $(BENCH)

bench-night: $(DEVELOPMENT) ## Processor time of a night with nothing new, by DAG (BENCH=--help)
	@$(BIN)/python -m bench.night $(BENCH)

bench-marts: $(DEVELOPMENT) ## What reading visits and building marts cost (BENCH='--visits 50000000')
	@$(BIN)/python -m bench.marts $(BENCH)

bench-dags: $(DEVELOPMENT) ## How long the DAG files of a region take to parse (BENCH='--districts 1 25')
	@$(BIN)/python -m bench.dags $(BENCH)

lint: $(DEVELOPMENT) ## Check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PYTHON_DIRS)

format: $(DEVELOPMENT) ## Format the code and fix what can be fixed safely
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# pip's hashed mode finds a pin only under the name that packages ask for: celery with its extra, all others plain.
lock: ## Pin requirements*.txt again (LOCK=--upgrade takes newer versions; fetches uv if missing)
	@uv="$(UV)"; \
	if [ -z "$$uv" ]; then \
	  $(BIN)/python -m venv build/uv && build/uv/bin/pip install --quiet uv && uv=build/uv/bin/uv; \
	fi; \
	for name in requirements requirements-server requirements-lineage requirements-dev bi/superset/requirements; do \
	  "$$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-header --strip-extras $(LOCK) -o $$name.txt $$name.in; \
	done; \
	sed -i 's/^celery==/celery[redis]==/' requirements-server.txt requirements-dev.txt

# 0: nothing is known; 1: something is; 2: no database was reached, or it does not know each version.
audit: $(DEVELOPMENT) ## What is known against the pinned versions (pip-audit; needs the network)
	@$(BIN)/python .ci/audit.py

clean: ## Remove what was built and cached, but not .venv/ (rm -r .venv for that)
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

$(BIN)/python:
	@tools="$(PYTHON) python3 python3.13 python3.12 python3.11"; \
	for name in $$tools; do \
	  if "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
	    found=$$name; break; \
	  fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
	  echo "make setup: no Python 3.11, 3.12 or 3.13 among: $$tools." >&2; \
	  echo "  Install one, or name it: make setup PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	echo "Making $(VENV)/ with $$("$$found" --version)"; \
	if [ -n "$(UV)" ]; then "$(UV)" venv --quiet --allow-existing --python "$$found" $(VENV); \
	elif ! "$$found" -m venv $(VENV); then \
	  rm -f $@; \
	  echo "make setup: $$found cannot make a virtual environment." >&2; \
	  echo "  On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	fi

# Every package is checked against the lock's hashes; our own, installed after them, has none.
# A .venv/ that uv made has no pip of its own.
define install
	@[ -n "$(UV)" ] || $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@echo "Installing $(1) into $(VENV)/ (minutes the first time)"
	@$(INSTALL) $(COMPILE) --require-hashes -r $(1) $(COUNT)
	@$(INSTALL) $(if $(UV),,-q) --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.installed-$(2)-* && touch $@
endef

$(RUNTIME): | $(BIN)/python
	$(call install,requirements.txt,runtime)

$(DEVELOPMENT): | $(RUNTIME)
	$(call install,requirements-dev.txt,development)
