# `make help` lists all there is to run. Every target installs what it needs, once.

.DEFAULT_GOAL := help
.SUFFIXES:
.NOTPARALLEL:
.PHONY: help demo test check format bench docs texts wheel lock services install clean

PY := .venv/bin/python
ARGS :=

# All tests run as three processes, each with services of its own: many wait, and two cores are
# busy then. A few start sooner as one.
PROCESSES := 3
ALL_TESTS := --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder \
	-o faulthandler_timeout=600 $(if $(END_BY),--end-by $(END_BY))

# What is set for another project must not reach this one.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV

help: ## List these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Start a server with two tenants to try; ARGS="--headless" shows a device login
	@sh requirements/install run
	@exec .venv/bin/authgate demo $(ARGS)

# What waits for the network and what computes go side by side, and so do types and tests: each
# leaves a core with nothing to do.
test: ## Check the code and run every test, on real services; ARGS goes to pytest
	@$(MAKE) --no-print-directory services & services=$$!; \
	$(MAKE) --no-print-directory install && wait $$services || exit 1; \
	$(MAKE) --no-print-directory check & checked=$$!; \
	$(PY) -m pytest $(or $(ARGS),$(ALL_TESTS)); outcome=$$?; \
	wait $$checked && exit $$outcome

check: install ## Check style, types and who imports whom
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m mypy
	@contracts=$$(.venv/bin/lint-imports --no-logo 2>&1) || { echo "$$contracts"; exit 1; }

format: install ## Put the code into its usual shape
	@$(PY) -m ruff check --fix --quiet .
	@$(PY) -m ruff format --quiet .

bench: install ## Measure this server beside others; ARGS=instructions counts, without a clock
	@$(PY) -m bench $(ARGS)

docs: install ## Build the documentation as a site, into build/docs
	@$(PY) -m sphinx -qWc docs . build/docs -d build/docs-read

texts: install ## Gather what pages and mails say into the catalogues of languages
	@$(PY) docs/texts.py

wheel: install ## Build the distribution into dist/
	@$(PY) -m build --no-isolation --wheel

lock: install ## Lock the newest versions that pyproject.toml allows
	@lock() { \
		set=$$1; shift; \
		uv pip compile --quiet --upgrade --universal --python-version 3.11 \
			--generate-hashes --no-strip-extras --no-header "$$@" pyproject.toml \
			--output-file requirements/$$set.txt; \
	}; \
	lock run requirements/build.in && lock dev --extra dev requirements/build.in && \
		lock image --extra fast --extra geoip --extra otel --extra saml
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header requirements/uv.in --output-file requirements/uv.txt
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header tests/clients/requirements.in --output-file tests/clients/requirements.txt

services: ## Install what the tests start: PostgreSQL, Redis, Chromium … (Debian, Ubuntu)
	@sh tests/services/install

install:
	@sh requirements/install dev

clean: ## Remove all that can be made again; the demo's data stays
	@rm -rf .venv .venv-sdk .venv-clients tests/clients/npm/node_modules dist build .coverage \
		.coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
