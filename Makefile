# `make demo` and `make test` need Python ≥ 3.11 and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint types soak bench fuzz vendor reference compiled pure clean

demo: $(VENV)/.installed
	@$(BIN)/uns demo $(ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

reference: $(VENV)/.installed
	@$(BIN)/python -m docs.generate

soak: $(VENV)/.installed-dev
	$(BIN)/python -m tests.crash $(ARGS)

# A million inputs; fewer or more with ARGS="-runs=10000". What it finds lies in .cache/fuzz; give it as ARGS to repeat it.
fuzz: $(VENV)/.installed-fuzz
	@$(BIN)/python -m tests.fuzz.corpus .cache/fuzz/corpus
	$(BIN)/python -m tests.fuzz.target .cache/fuzz/corpus -runs=1000000 -max_len=4096 -timeout=5 -rss_limit_mb=1024 \
		-artifact_prefix=.cache/fuzz/ -print_final_stats=1 $(ARGS)

bench: $(VENV)/.installed-dev
	$(BIN)/python -m bench $(ARGS)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "uns-platform needs Python 3.11 or newer; name one with: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing uns-platform into $(VENV) (once, about a minute) ..."
	@$(PIP) install -c constraints.txt -e '.[opcua,modbus]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(PIP) install -c constraints.txt -e '.[opcua,modbus,dev]'
	@touch $@

$(VENV)/.installed-fuzz: $(VENV)/.installed-dev
	@$(PIP) install -c constraints.txt 'atheris>=3'
	@touch $@

# The core in machine code: the same source, compiled by mypyc. Needs a C compiler and Python's headers.
compiled: $(VENV)/.installed-dev pure
	@command -v cc >/dev/null || { echo "There is no C compiler. On Debian: apt install gcc libc6-dev python3-dev"; exit 1; }
	UNS_COMPILED=1 $(BIN)/python setup.py -q build_ext --inplace
	@find uns -name '*.so' -exec touch {} +

pure:
	@find uns -name '*.so' -delete

clean: pure
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .cache

vendor: $(VENV)/.installed-dev
	$(BIN)/python -m uns.web.vendor
