# Two commands do everything: `make run` and `make test`. They need Python 3.11 or newer, and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
GPU := .venv-gpu
GPU_READY := $(GPU)/.ready
TRT := .venv-trt
TRT_READY := $(TRT)/.ready
HELM_VERSION := v3.19.0
HELM := .helm/$(HELM_VERSION)
DEPLOY_READY := .helm/.ready
LIBRARIES = $(TRT)/lib/$(shell ls $(TRT)/lib)/site-packages/tensorrt_libs

.DEFAULT_GOAL := help
.PHONY: help run test test-models test-tensorrt test-deploy chaos check venv lock clean

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: venv ## Start Swipestream and print the address of its page; Ctrl-C stops it (options: make run ARGS="--fresh")
	@$(BIN)/swipestream up $(ARGS)

test: check ## Run every test; starts a Kafka and a Cassandra of its own (options: make test ARGS="-k feed", ARGS="-n 0" in one process)
	$(BIN)/python -m pytest -n auto $(ARGS)

chaos: venv ## Kill and repeat everything at random, then check every promise, ~5 min (options: make chaos SEED=7 ARGS="--json")
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(ARGS)

test-models: $(GPU_READY) ## Run the tests of real models, with tiny random weights on the CPU, in a .venv-gpu of their own (several GB)
	OMP_NUM_THREADS=1 $(GPU)/bin/python -m pytest -n auto tests/models $(ARGS)

test-tensorrt: $(TRT_READY) ## Let Torch-TensorRT lower what engines are built of, without a GPU, in a .venv-trt (1 GB more; Linux)
	LD_LIBRARY_PATH=$(LIBRARIES) $(TRT)/bin/python -m pytest tests/models/test_conversion.py $(ARGS)

test-deploy: $(DEPLOY_READY) ## Render and check the Helm chart, with a helm built in .helm (needs Go; ~3 min, once)
	PATH="$(CURDIR)/$(HELM):$$PATH" $(BIN)/python -m pytest tests/unit/test_deploy_*.py $(ARGS)

check: venv ## Check style, types and the borders between the rooms
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

venv: $(READY) ## Make .venv with everything in it, at the versions of constraints.txt

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'error: Python 3.11 or newer is needed; name one: make PYTHON=python3.12 …' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
		|| { echo 'error: the module venv is missing; on Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@awk '/^uv==/ {mine = 1} mine {print} mine && !/\\$$/ {exit}' constraints.txt > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $(VENV)/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(GPU_READY): pyproject.toml constraints.txt | venv
	@test -x $(GPU)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(GPU)
	@$(BIN)/uv pip install --quiet --python $(GPU)/bin/python --constraint constraints.txt --editable '.[dev,gpu]'
	@touch $@

# Torch-TensorRT names NVIDIA's wheels, which no public registry has: so without what it depends on.
$(TRT_READY): $(GPU_READY) tests/models/nvidia.py
	@test -x $(TRT)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(TRT)
	@$(BIN)/uv pip install --quiet --python $(TRT)/bin/python --constraint constraints.txt --editable '.[dev,gpu]'
	@$(BIN)/uv pip install --quiet --python $(TRT)/bin/python --no-deps dllist torch-tensorrt==2.11.0 tensorrt-cu13-bindings==10.15.1.29
	@$(TRT)/bin/python -m tests.models.nvidia
	@touch $@

$(HELM)/helm:
	GOBIN="$(CURDIR)/$(HELM)" go install helm.sh/helm/v3/cmd/helm@$(HELM_VERSION)

$(DEPLOY_READY): pyproject.toml constraints.txt $(HELM)/helm | venv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev,deploy]'
	@touch $@

lock: venv ## Choose the versions anew: constraints.txt and infra/stack/jars.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra deploy --extra gpu --universal --upgrade --generate-hashes \
		--no-header --no-annotate --quiet --output-file constraints.txt
	$(BIN)/python -m infra.stack.lock

clean: ## Remove .venv and what tools keep; videos and events in data/ stay
	rm -rf $(VENV) $(GPU) $(TRT) .helm .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
