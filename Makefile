# LogDig: `make` lists the targets.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test full faults test-e2e quick lock bench clean

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup:  ## prepare this machine: Python environment, Java 17, Spark archives, Chromium
	@echo "Preparing this machine"
	@$(PYTHON) -m tools.bootstrap python java jars chromium
	@echo "Ready. Run '. $(BIN)/activate' once in each shell, then 'logdig --help'; or use $(BIN)/logdig."

demo:  ## run the whole pipeline here and open a dashboard (DEMO="--once" and other flags)
	@echo "Preparing this machine"
	@$(PYTHON) -m tools.bootstrap python java jars chromium
	@$(BIN)/logdig demo $(DEMO)

test:  ## prepare this machine and run every test suite
	@echo "Preparing this machine"
	@$(PYTHON) -m tools.bootstrap python java jars chromium tracker redis zeppelin lint account
	@$(BIN)/python -m tools.suites all

full:  ## run every suite at full length, for hours: all kills, every case of the long matrices, an hour of fuzzing
	@echo "Preparing this machine"
	@$(PYTHON) -m tools.bootstrap python java jars chromium tracker redis zeppelin lint account
	@$(BIN)/python -m tools.suites full

test-e2e:  ## deploy to an emulated AWS account and test it; part of `make test`
	@$(PYTHON) -m tools.bootstrap python java jars chromium account
	@$(BIN)/python -m tools.suites e2e

faults:  ## run the long fault tests: 10,000 kills of the flush, 200 of the server, 20 of Spark, an hour of fuzzing
	@$(PYTHON) -m tools.bootstrap python java jars
	@LOGDIG_FULL=1 $(BIN)/python -m pytest -p no:cacheprovider -s --timeout 7200 tests/faults \
	  tests/analytics/test_ingest_kill.py tests/functional/test_fuzz.py tests/functional/test_schemathesis.py
	@$(BIN)/python bench/faults.py --write

quick:  ## run linters, type checks and unit tests; needs no Java and no browser
	@$(PYTHON) -m tools.bootstrap python
	@$(BIN)/python -m tools.suites quick

bench:  ## run every benchmark
	@$(PYTHON) -m tools.bootstrap python java jars chromium tracker redis
	@for bench in bench/*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

lock:  ## update the requirements files from pyproject.toml
	@for target in ".txt --extra server --extra analytics" "-lambda.txt --extra lambda" "-server.txt --extra server" "-dev.txt --all-extras"; do \
	  set -- $$target; file=requirements$$1; shift; \
	  $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --custom-compile-command "make lock" --output-file $$file $$@ || exit 1; done
	@printf 'uv\nsetuptools>=77\n' | $(BIN)/uv pip compile --quiet - --universal --python-version 3.11 --generate-hashes \
	  --custom-compile-command "make lock" --constraint requirements-dev.txt --output-file requirements-setup.txt
	@printf 'ministack==1.5.33\n' | $(BIN)/uv pip compile --quiet - --universal --python-version 3.11 --generate-hashes \
	  --custom-compile-command "make lock" --output-file requirements-account.txt
	@printf 'cfn-lint>=1.58,<2\ncheckov>=3.3,<4\n' | $(BIN)/uv pip compile --quiet - --universal --python-version 3.11 \
	  --generate-hashes --custom-compile-command "make lock" --output-file requirements-lint.txt

clean:  ## remove the Python environment and all build results
	rm -rf .venv .cache build lambdas/vendor clicktracker_js/node_modules .mypy_cache .ruff_cache .pytest_cache
