# Everything runs in .venv, which these commands make. PYTHON=python3.12 picks another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: serve test check format train bench image-check clean

serve: $(VENV)/.serving
	$(BIN)/python -m app serve

test: check
	$(BIN)/python -m pytest

check: $(VENV)/.testing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.testing
	$(BIN)/python -m tests.app.client.unasync
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

train: $(VENV)/.testing
	$(BIN)/python -m training sentiment --recipe lecture
	$(BIN)/python -m training embedding
	$(BIN)/python -m training forecasts
	$(BIN)/python -m training sentiment --recipe best

bench: $(VENV)/.bench
	$(BIN)/python -m bench

image-check:
	tests/image_check.sh

clean:
	rm -rf $(VENV) build .image bench/.peers

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serving: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable .
	touch $@

$(VENV)/.testing: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[test]'
	touch $@

$(VENV)/.bench: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[bench]'
	touch $@
