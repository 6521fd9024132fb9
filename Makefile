# make serve   sets everything up and serves http://127.0.0.1:8000
# make test    sets everything up and runs all tests that Python alone can run
# make check   everything a change must pass: make lint, and the tests with their coverage
# make lint    style, types, layers, Turtle, shapes
# make assets  fetches the map and the SPARQL editor of the pages (needs Node.js); serve tries it once
# make lock    pins the dependencies again, with hashes

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: serve test check lint format assets lock clean

serve: $(VENV)/.ready $(VENV)/.assets
	$(BIN)/ncpc-kg serve $(ARGS)

test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -m "not server and not browser" $(ARGS)

check: lint
	$(BIN)/python -m pytest -m "not server and not browser" --cov --cov-report=term $(ARGS)

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/ncpc-kg format --check
	$(BIN)/ncpc-kg check --content .

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/ncpc-kg format

assets: $(VENV)/.ready
	$(BIN)/python hatch_build.py

# The pages work without them, with a plain text field and a plain list.
$(VENV)/.assets: $(VENV)/.ready frontend/package-lock.json
	@$(BIN)/python hatch_build.py || echo "The pages go without map and SPARQL editor; later: make assets"
	@touch $@

# pip refuses what is not in the lock; the build tools are in it, so nothing else is fetched.
$(VENV)/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "ncpc-kg needs Python 3.11 or later, and no such python3 was found."; \
		echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 2; } >&2
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "ncpc-kg needs Python 3.11 or later; $(PYTHON) is older or does not run."; \
		echo "Name another: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 2; } >&2
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python cannot make virtual environments: its venv or ensurepip module is missing."; \
		echo "On Debian or Ubuntu install it with: apt install python3-venv; or name another Python:"; \
		echo "make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 2; } >&2
	@echo "Setting up $(VENV) (once)"
	@"$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	@echo "Adding what tests and checks need (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# Needs uv on the path. The lock names neither an index nor a path.
LOCK := uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-emit-index-url
lock:
	$(LOCK) --group build pyproject.toml --output-file requirements.lock
	$(LOCK) --group build --group dev --constraint requirements.lock pyproject.toml --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
