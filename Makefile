# Everything a person needs is `make lab` and `make test`; `make help` lists the rest.
PYTHON   ?= python3
VENV     ?= .venv
BIN      := $(VENV)/bin
LAB_ARGS ?=
TEST_ARGS ?=
# A test on real processes can lose a race on a busy machine: it may try once more, and the summary names it.
# `make test RERUNS=0`, or plain pytest, takes no second try.
RERUNS   ?= 1

.DEFAULT_GOAL := help
.PHONY: help lab test check bench real repeats down generate wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.lab: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "meshtutor needs Python 3.11 or newer; $(PYTHON) is older. Next: make lab PYTHON=python3.11"; exit 1; }
	@echo "· making $(VENV) and installing meshtutor (about a minute the first time) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "python could not make $(VENV). Next, on Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.lab
	@echo "· installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --group dev
	@touch $@

lab: $(VENV)/.lab ## bring the mesh up and open the first notebook (LAB_ARGS="--no-browser --port 8899")
	@$(BIN)/meshtutor lab . $(LAB_ARGS)

test: $(VENV)/.dev ## every check and every test, the notebooks included
	@echo "· style, types and layers ..."
	@$(MAKE) --no-print-directory check
	@echo "· tests, then the notebooks, on a lab of their own ..."
	@MESHTUTOR_HOME="$(CURDIR)/.meshtutor/test" MESHTUTOR_LAB=test $(BIN)/python -m pytest --nbmake tests notebooks --reruns $(RERUNS) $(TEST_ARGS)

check: $(VENV)/.dev ## ruff, mypy --strict and the layers of imports
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(VENV)/.dev ## measure the budgets; prints a table, writes bench.json
	@$(BIN)/python -m tests.benchmarks

real: $(VENV)/.dev ## tests on real programs: builds kube-apiserver, istiod, istioctl, kubectl and k3d once (about 20 min)
	@MESHTUTOR_REAL_BIN="$$(bash tests/real/build.sh)" && export MESHTUTOR_REAL_BIN && $(BIN)/python -m pytest tests/real $(TEST_ARGS)

repeats: $(VENV)/.dev ## ask each exercise 200 times for its right answer (hours): how often is it refused?
	@$(BIN)/python -m tests.repeats $(TEST_ARGS)

down: ## end the lab
	@$(BIN)/meshtutor down

generate: $(VENV)/.lab ## put the study's application into the manifests that carry it
	@$(BIN)/python manifests/generate.py

wheel: $(VENV)/.dev ## build the wheel, with notebooks and manifests inside
	@$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## remove what make made (ends the lab first)
	@test ! -x $(BIN)/meshtutor || $(BIN)/meshtutor down
	@rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
