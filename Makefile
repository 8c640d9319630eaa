# Two commands: `make demo` shows what it does, `make test` proves it. Both make .venv first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check soak eval train clean

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

demo: .venv/installed
	$(BIN)/trendwarte demo

test: .venv/installed
	$(BIN)/python -m pytest

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py

# Long campaigns; their figures belong into the note of the change.
soak: .venv/installed
	TRENDWARTE_KILLS=100 $(BIN)/python -m pytest tests/flows/test_kills.py

# Reading, measured on the labelled headlines beside the checkout; every fold is trained anew (some minutes).
eval: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train]'
	$(BIN)/python benchmarks/read_eval.py

# The reader's weights, from the same labels and the sentences in benchmarks/reading.
train: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train]'
	$(BIN)/python benchmarks/train_reader.py --write

clean:
	rm -rf .venv state
