# Two commands: `make run` shows a real comparison, `make test` checks everything.
# Needed: make, Python 3.11 or newer, and a package registry that pip can reach.
#   PYTHON=python3.12 make run      another interpreter
#   VENV=/tmp/env make test         another place for the environment
#   JOBS=8 make run                 more processes (default 2)

PYTHON ?= python3
VENV   ?= .venv
JOBS   ?= 2
BIN    := $(VENV)/bin
PY     := $(BIN)/python
PIP    := $(PY) -m pip --disable-pip-version-check
TESTS  ?=
export MPLBACKEND := Agg

.PHONY: help run test check format docs bench catalogue clean
.DEFAULT_GOAL := help

help:
	@echo "make run        install, run the suite 'quick', say where its report lies"
	@echo "make test       ruff, mypy --strict, all tests and doctests (TESTS=path for some)"
	@echo "make check      the same without the slow tests"
	@echo "make format     rewrite the code as ruff formats it"
	@echo "make docs       docs/_build/html, warnings are errors"
	@echo "make bench      the fifty-kill test, speed ratios, memory, retraining of the committed tables"
	@echo "make catalogue  regenerate the static catalogue that 'hpobench-lab list' reads"

run: $(VENV)/.installed-run
	$(BIN)/hpobench-lab run quick --out results --processes $(JOBS)
	@echo
	@echo "The report: $(CURDIR)/reports/quick/report.html"

test: $(VENV)/.installed-dev
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(PY) -m pytest -n $(JOBS) -m "not long" $(TESTS)

check: $(VENV)/.installed-dev
	$(PY) -m ruff check
	$(PY) -m mypy
	$(PY) -m pytest -n $(JOBS) -m "not slow and not long" $(TESTS)

format: $(VENV)/.installed-dev
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

docs: $(VENV)/.installed-docs
	$(PY) -m sphinx -W --keep-going -b html docs docs/_build/html
	@echo "The pages: $(CURDIR)/docs/_build/html/index.html"

bench: $(VENV)/.installed-bench
	$(PY) -m pytest -m long
	for script in benchmarks/*.py; do echo "== $$script"; $(PY) $$script || exit 1; done

catalogue: $(VENV)/.installed-run
	$(PY) -m hpobench_lab.catalogue

clean:
	rm -rf build dist docs/_build docs/reference/generated *.egg-info .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "make: no '$(PYTHON)' here. Install Python 3.11 or newer, or name it: PYTHON=python3.12 make run" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: hpobench_lab needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1)." >&2; \
	  echo "      Name another one: PYTHON=python3.12 make run" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp for each set of extras: a second call installs nothing. --no-compile halves the wait:
# Python compiles what is really imported.
$(VENV)/.installed-run: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --no-compile -c constraints.txt -e ".[all]"
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --no-compile -c constraints.txt -e ".[all,dev]"
	@touch $@ $(VENV)/.installed-run

$(VENV)/.installed-bench: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --no-compile -c constraints.txt -e ".[all,dev,peers]"
	@touch $@ $(VENV)/.installed-run

$(VENV)/.installed-docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --no-compile -c constraints.txt -e ".[all,docs]"
	@touch $@ $(VENV)/.installed-run
