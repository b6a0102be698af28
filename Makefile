# Each line also works typed by hand.
.PHONY: help venv check format lint types arrows test docs site release clean
PYTHON = .venv/bin/python

help: ## show this text
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1 - /'

venv: ## make .venv with all that is needed to work on this repository
	./bin/venv test

check: test docs ## everything, in the order of what fails fastest

format: venv ## refuse what ruff would format otherwise
	$(PYTHON) -m ruff format --check .

lint: venv ## refuse what ruff finds
	$(PYTHON) -m ruff check .

types: venv ## mypy, strict
	$(PYTHON) -m mypy

arrows: venv ## refuse an import that points outward
	$(PYTHON) -m pytest tests/test_architecture.py

test: ## the whole test suite
	./bin/test

docs: venv ## build the documentation; a warning is an error, and all pages are written: of others the search forgets the words of the index
	$(PYTHON) -m sphinx -a -n -W -q -b html docs/source docs/build/html

site: venv ## build the documentation of every release tag and of the work tree into docs/build/site
	$(PYTHON) docs/versions.py

release: venv ## build sdist and wheel into dist/
	.venv/bin/uv build --out-dir dist .

clean: ## remove what can be made again; the local cloud's state stays
	rm -rf .venv build dist docs/build .mypy_cache .ruff_cache .pytest_cache .hypothesis
