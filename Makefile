# make setup   builds .venv from pinned versions and fetches the detector's weights
# make demo    the whole benchmark on embedded data: build, evaluate, submit, page
# make test    the test suite          make lint   formatter, linter, types, layers
# make test-ray  the tests of builds on a Ray cluster; Ray is fetched into .ray
# make test-mmpose  the tests of mmpose's models, for which packages are fetched into .mmpose
# make remedies    trains lifters with TAGN and CA-Conv, and evaluates them: hours, can be stopped
# make board   builds studio-C, evaluates the shipped lifters and filters, and makes their board
#              (MANIFEST=studio-c-mini: the same on a few clips; or a .toml file of yours)
# make pages   writes what is made from the code: API reference, schema, references, gallery
# make benchmark   speed and memory of corruptions and builds beside those of other packages
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEMO := demo
BOARD := board
MANIFEST ?= studio-c
FILTERS := learned_confidence median_confidence one_euro savitzky_golay
REMEDIES := remedies
RAY := .ray
MMPOSE := .mmpose

.PHONY: setup demo test test-ray test-mmpose lint format pages board benchmark remedies clean

setup: $(READY)

# Nothing outside of the checkout is touched: no user's cache, no ensurepip.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --no-cache-dir --disable-pip-version-check pip==25.3
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --no-cache-dir \
		--disable-pip-version-check --progress-bar on torch==2.13.0 --editable '.[dev]'
	$(BIN)/corruptbench weights fetch movenet:lightning
	@touch $@

demo: setup
	$(BIN)/corruptbench demo --out $(DEMO)

test: setup
	$(BIN)/python -m pytest -n 2 --durations 15

test-ray: $(RAY)/.ready
	PYTHONPATH=$(CURDIR)/$(RAY) $(BIN)/python -m pytest --durations 5 tests/corruptbench/test_ray_engine.py

# Beside .venv, not in it: 240 MB that no other test needs.
$(RAY)/.ready: $(READY) constraints.txt
	rm -rf $(RAY)
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --no-cache-dir \
		--disable-pip-version-check --target $(RAY) ray
	@touch $@

test-mmpose: $(MMPOSE)/.ready
	PYTHONPATH=$(CURDIR)/$(MMPOSE) $(BIN)/python -m pytest --durations 5 \
		tests/detectors/test_mmpose.py tests/corruptbench/test_build_mmpose.py

# Beside .venv, not in it. Without their dependencies: they ask for opencv-python, which would overwrite
# the headless build, and for packages that nothing here imports.
$(MMPOSE)/.ready: $(READY) constraints.txt
	rm -rf $(MMPOSE)
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --no-cache-dir --no-deps \
		--disable-pip-version-check --target $(MMPOSE) \
		mmpose mmpretrain mmcv-lite onedl-mmengine addict einops termcolor
	@touch $@

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pages: setup
	$(BIN)/python -m tools.api_reference
	$(BIN)/python -m tools.result_schema
	$(BIN)/python -m tools.references
	$(BIN)/python -m tools.gallery --page

# Without its dependencies: it asks for opencv-python, which would overwrite the headless build.
benchmark: setup
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --no-cache-dir --no-deps \
		--disable-pip-version-check imagecorruptions-imaug
	$(BIN)/python -m benchmarks.corruption_speed
	$(BIN)/python -m benchmarks.build_speed

board: setup
	$(BIN)/corruptbench build --manifest $(MANIFEST) --out $(BOARD)/shards
	$(BIN)/corruptbench evaluate 'baselines/videopose3d-81+tagn+ca-conv.pt2' --manifest $(MANIFEST) \
		--shards $(BOARD)/shards --out $(BOARD)/results
	for filter in '' $(addprefix --filter=,$(FILTERS)); do \
		$(BIN)/corruptbench evaluate baselines/videopose3d-27.pt2 $$filter --manifest $(MANIFEST) \
			--shards $(BOARD)/shards --out $(BOARD)/results || exit; \
	done
	for result in $(BOARD)/results/*.json; do \
		$(BIN)/corruptbench submit "$$result" --board $(BOARD)/rows --manifest $(MANIFEST) \
			> /dev/null || exit; \
	done
	$(BIN)/corruptbench leaderboard check --board $(BOARD)/rows --manifest $(MANIFEST)
	$(BIN)/corruptbench leaderboard show --board $(BOARD)/rows
	$(BIN)/corruptbench leaderboard render --board $(BOARD)/rows --out $(BOARD)/leaderboard.html

# Training on embedded data, evaluation on studio-C. What is finished is kept.
remedies: setup
	$(BIN)/corruptbench build --manifest studio-c --out $(REMEDIES)/shards
	$(BIN)/python -m benchmarks.remedies --shards $(REMEDIES)/shards --out $(REMEDIES)
	$(BIN)/python -m benchmarks.remedies.table --results $(REMEDIES)
	$(BIN)/python -m benchmarks.remedies.figure --results $(REMEDIES)

clean:
	find . -path ./.venv -prune -o -name '*.nb[ic]' -print0 | xargs -0 rm -f  # Numba's cache
	rm -rf $(DEMO) $(BOARD) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache $(RAY) $(MMPOSE)
