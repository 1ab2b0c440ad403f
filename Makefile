# Two commands do everything on a machine with Python 3.11 or later and make:
#   make build   sets up .venv and compiles sigma_rules/ for every target into dist/
#   make test    runs the tests

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CORPUS := ../shared/corpus
RULES  := sigma_rules/windows/process_creation
CORRELATIONS := sigma_rules/windows/correlation
BASELINE := sigma_rules/pipelines/cmd_parent_baseline.yml

.PHONY: build test lint golden bench verify verify-corpus clean

build: $(VENV)/.installed
	$(BIN)/sigmaglot convert $(RULES) -t all -p $(BASELINE) -od dist --summary --quiet
	$(BIN)/sigmaglot convert $(RULES) $(CORRELATIONS) -t defender -t sentinel -t kibana -t splunk -t splunk-cim -t car \
	  -p $(BASELINE) -od dist --quiet
	$(BIN)/sigmaglot convert $(RULES) $(CORRELATIONS)/win_cmd_burst_from_one_parent.yml -t logpoint -t logpoint-sysmon -t dnif \
	  -p $(BASELINE) -od dist --quiet

test: $(VENV)/.installed
	$(BIN)/python -m pytest -q $(PYTEST_ARGS)

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

golden: $(VENV)/.installed
	$(BIN)/python -m pytest -q tests/test_goldens.py tests/test_docs.py -p no:xdist --update-goldens
	git status --short tests/golden docs

verify: $(VENV)/.installed
	$(BIN)/sigmaglot verify sigma_rules -t all -p $(BASELINE) -j 2 -f failures

verify-corpus: $(VENV)/.installed
	$(BIN)/sigmaglot verify $(CORPUS)/sigmahq -t all -j 2 -f failures \
	  --events $(CORPUS)/events/process_creation.ndjson.gz \
	  --events $(CORPUS)/events/sigmahq_regression.ndjson.gz

bench: $(VENV)/.installed
	$(BIN)/python -m pip install -q -e '.[bench]'
	$(BIN)/python -m compileall -q src backends
	$(BIN)/python benchmarks/compile.py
	if [ -d $(CORPUS)/sigmahq ]; then $(BIN)/python benchmarks/growth.py $(CORPUS)/sigmahq; fi

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -e '.[dev]'
	$(BIN)/python -m compileall -q src backends
	touch $@

clean:
	rm -rf $(VENV) dist build
