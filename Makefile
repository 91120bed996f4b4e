# make setup   builds .venv from pinned versions and fetches the detector's weights
# make demo    the whole benchmark on embedded data: build, evaluate, submit, page
# make test    the test suite          make lint   formatter, linter, types, layers
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEMO := demo
LIFTER := videopose3d-27

.PHONY: setup demo test lint format clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --disable-pip-version-check --editable '.[dev]'
	$(BIN)/corruptbench weights fetch movenet:lightning
	@touch $@

demo: setup
	$(BIN)/corruptbench build --manifest studio-c-mini --out $(DEMO)/shards
	$(BIN)/corruptbench preview --manifest studio-c-mini --out $(DEMO)/preview.png
	$(BIN)/corruptbench evaluate baselines/$(LIFTER).pt2 --shards $(DEMO)/shards --out $(DEMO)/results
	$(BIN)/corruptbench submit $(DEMO)/results/$(LIFTER).json --board $(DEMO)/board
	$(BIN)/corruptbench leaderboard render --board $(DEMO)/board --out $(DEMO)/leaderboard.html

test: setup
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(DEMO) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
