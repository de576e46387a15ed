# Each target makes what it needs and is safe to repeat. Only Python 3.11+ and make are asked of the machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

.PHONY: demo test lint docs bench clean

demo: $(STAMP)-core
	$(BIN)/dmpcompat demo --out demo-out

# Tests start hundreds of processes: what was compiled once is kept, whatever the environment says.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(STAMP)-test $(STAMP)-interop
	$(BIN)/python -m pytest -q -n auto --dist worksteal

lint: $(STAMP)-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP)-core
	$(BIN)/python docs/generate.py

bench: $(STAMP)-test
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) demo-out build dist *.egg-info tests/interop/node_modules tests/interop/verapdf/lib tests/interop/.oru2xds-*

# One environment, filled in steps: each stamp is made anew when the packaging changes.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dmpcompat needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)

$(STAMP)-core: $(BIN)/python setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[sign]'
	touch $@

$(STAMP)-test: $(STAMP)-core
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

$(STAMP)-lint: $(STAMP)-test
	$(BIN)/python -m pip install --quiet --editable '.[test,lint]'
	touch $@

# What some tests ask for and a machine may lack: clients of PostgreSQL and of PKCS#11 tokens where they are built, a SOAP
# client where Node.js is there, veraPDF (a checker of PDF/A and PDF/UA) where Java and Maven are. Those tests are skipped
# otherwise, and say so.
$(STAMP)-interop: tests/interop/package.json tests/interop/verapdf/pom.xml $(STAMP)-test
	$(BIN)/python -m pip install --quiet --only-binary :all: --editable '.[postgres,hsm]' || echo "no client of PostgreSQL and PKCS#11 is built for this machine"
	npm install --prefix tests/interop --no-package-lock --no-audit --no-fund --silent || echo "node-soap is not installed"
	mvn --batch-mode --quiet --file tests/interop/verapdf/pom.xml dependency:copy-dependencies || echo "veraPDF is not installed"
	touch $@
