PY ?= python3
BIN := .venv/bin

.PHONY: setup spark demo test test-all lint types check bench prove docs lock
.DEFAULT_GOAL := demo

setup: .venv/.done

.venv/.done: requirements.lock pyproject.toml
	$(PY) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch .venv/.done

spark: .venv/.spark

.venv/.spark: .venv/.done requirements-spark.lock
	$(BIN)/python -m pip install --quiet --require-hashes --no-build-isolation -r requirements-spark.lock
	touch .venv/.spark

demo: setup
	$(BIN)/openyibao demo

test: setup
	$(BIN)/python -m pytest -n 3 -m "not slow"   # one more than the two cores: a third of the time waits for PostgreSQL

test-all: setup spark
	$(BIN)/python -m pytest -n 2

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

check: lint types
	$(BIN)/openyibao policy check
	$(BIN)/openyibao cases run
	$(BIN)/openyibao figures check figures
	$(BIN)/openyibao drg check sample
	for pack in sample-drg sample-points sample-scheme sample-dip sample-dip-jining sample-disease sample-bed-day \
	  sample-capitation sample-consortium; do \
	  $(BIN)/openyibao payment check $$pack || exit 1; done

bench: setup
	$(BIN)/openyibao bench settle
	$(BIN)/openyibao bench year
	$(BIN)/openyibao bench drg --cases 50000
	$(BIN)/openyibao bench gateway --persons 5000 --journals 50000 --seconds 3

prove: setup spark
	$(BIN)/python -m tests.prove --persons 1000000 --jobs 2
	$(BIN)/python -m tests.proofs.equality --bills 20000
	$(BIN)/python -m tests.proofs.kill --rounds 50
	$(BIN)/python -m tests.proofs.hostile --messages 100000
	$(BIN)/python -m tests.analytics.test_publish_proof --bills 20000
	$(BIN)/python -m tests.proofs.drg --cases 1000000
	$(BIN)/python -m tests.proofs.packs --stays 300000
	$(BIN)/python -m tests.proofs.payment --scale 0.01
	$(BIN)/python -m tests.proofs.resettle --visits 2000000
	rm -rf var/province
	$(BIN)/openyibao synth --area 370000 --years 2020 --scale 1.0 --out var/province
	$(BIN)/python -m tests.proofs.resettle --dataset var/province
	$(BIN)/openyibao bulletin var/province --year 2020 --out var/bulletin.html
	$(BIN)/openyibao bench gateway

docs: setup
	$(BIN)/mkdocs build --strict

LOCK := --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet
lock:
	uv pip compile pyproject.toml --extra dev $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --extra spark -c requirements.lock $(LOCK) -o requirements-spark.lock
