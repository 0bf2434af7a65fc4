# `make help` lists what there is. ENGINE=local (default) or dagger, BASE=debian (default) or image=REF.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help build check smoke prove test test-proofs lint format dev down load clean bootstrap
export ENGINE BASE

PYTHON := .venv/bin/python
# -O: else the SDK wraps its thousand methods in checks of their types when it is loaded, which takes a third of that
# time; mypy has checked the calls.
PIPELINES := $(PYTHON) -O -m pipelines
API_IMAGE ?= api:local
export API_IMAGE
DEV := bin/compose -f docker-compose.yml -f docker-compose.dev.yml

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

build: bootstrap ## build the image of apps/api and write dist/api.oci.tar
	@$(PIPELINES) build

check: lint ## lint, types, import rules, and the API's own tests in the environment of the image
	@$(PIPELINES) check

smoke: bootstrap ## run the built image with a PostgreSQL and look at what it answers
	@$(PIPELINES) smoke

prove: bootstrap ## build the image and prove what docs/proofs.md promises of it
	@$(PIPELINES) prove

test test-proofs: export TESTS = 1
test: T ?= tests --ignore=tests/pipelines/test_prove.py
test: bootstrap ## run the tests of the engine and of the pipelines (T=path or any pytest arguments)
	$(PYTHON) -m pytest $(T)

test-proofs: bootstrap ## run the tests of the proofs: broken images that they must catch (some minutes)
	$(PYTHON) -m pytest tests/pipelines/test_prove.py

lint: bootstrap ## check style, format, types and import rules of the engine and the pipelines
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports

format: bootstrap ## put the code in its format
	$(PYTHON) -m ruff format .

dev: build load ## run the API with apps/api mounted over its code, and a PostgreSQL (needs Docker)
	@mkdir -p apps/api/media
	$(DEV) up

down: ## end what `make dev` started
	$(DEV) down

load: ## load dist/api.oci.tar into Docker as $(API_IMAGE)
	@bin/load-image dist/api.oci.tar $(API_IMAGE)

clean: ## remove what was built and what the embedded engine and the bases keep
	rm -rf dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache "$${XDG_CACHE_HOME:-$$HOME/.cache}/django-image"

bootstrap:
	@bin/bootstrap
