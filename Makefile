# One command per chore; each does all the set-up it needs.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# else each of a thousand processes compiles labline anew
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(BIN):$(PATH)
FRONT := $(shell find extension/src extension/style extension/schema -type f 2>/dev/null) extension/package.json extension/yarn.lock
DATA := $(shell find kernels bentos notebooks extension/jupyter-config -type f 2>/dev/null)
# What failed only for want of time, beside another, passes alone; what is at fault fails again.
ALONE := echo "Once more, beside no other test:" && pytest --last-failed --last-failed-no-failures none --maxfail 3

.PHONY: demo test proof lint typecheck format docs tour lab bench constraints clean

demo: .venv/installed        ## the main job on real data; leaves it live
	labline demo --dir build/demo

test: lint                   ## every test, browsers and Postgres included
	bash .ci/system
	cd extension && jlpm test
	pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 20 || { [ $$? = 1 ] && $(ALONE); }

proof: .venv/installed       ## the whole counts: kills, loads, fuzz, soak; takes long
	bash .ci/system
	pytest -m proof

lint: .venv/installed        ## ruff, mypy strict, import-linter, eslint, tsc
	ruff check src tests bentos docs
	ruff format --check src tests bentos docs
	mypy
	lint-imports --no-cache
	cd extension && jlpm lint

format: .venv/installed      ## rewrite what the linters can
	ruff check --fix src tests bentos docs
	ruff format src tests bentos docs
	cd extension && jlpm format

docs: .venv/installed        ## regenerate docs/reference
	python docs/generate.py

tour: .venv/installed        ## take the pictures of docs/tour.md anew
	bash .ci/system
	pytest -q tests/browser
	python docs/tour.py

lab: .venv/installed         ## JupyterLab with the extension
	labline lab

bench: .venv/installed       ## ours against peers, in one run: build/bench.json
	python tests/benchmarks/run.py

constraints: .venv/bin/uv    ## pin every dependency anew
	uv pip compile pyproject.toml --extra dev --extra demo --python-version 3.11 --no-header --no-annotate -o constraints.txt

clean:                       ## remove what make built; keep .labline
	rm -rf .venv build dist extension/lib extension/node_modules src/labline/labextension

.venv/bin/uv:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt uv

.venv/dependencies: pyproject.toml constraints.txt | .venv/bin/uv
	uv pip install --quiet --compile-bytecode --constraint constraints.txt --requirements pyproject.toml --extra dev --extra demo
	touch $@

src/labline/labextension/package.json: .venv/dependencies $(FRONT)
	cd extension && jlpm install --immutable && jlpm build:prod
	touch $@

.venv/installed: .venv/dependencies src/labline/labextension/package.json $(DATA)
	HATCH_JUPYTER_BUILDER_SKIP_NPM=1 uv pip install --quiet --no-deps --constraint constraints.txt --editable .
	touch $@
