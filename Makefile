# Two commands: `make demo` shows what it does, `make test` proves it. Both make .venv first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check soak clean

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
	TRENDWARTE_DELIVERY_KILLS=200 $(BIN)/python -m pytest tests/flows/test_delivery_kills.py --timeout=7200

clean:
	rm -rf .venv state
