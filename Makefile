# Two commands: `make demo` shows what it does, `make test` proves it. Both make .venv first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check soak backtest clean

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

# Archives and the list of events lie outside the project: make backtest CORPUS=../corpus EVENTS=../events.csv
CORPUS ?= ../shared/corpus
EVENTS ?= ../shared/events.csv
backtest: .venv/installed
	$(BIN)/trendwarte backtest $(foreach year,2020 2021 2022,--archive $(CORPUS)/news-$(year).jsonl.gz) \
		--archive $(CORPUS)/german-headlines-2019-2020.jsonl.gz \
		--timeline $(CORPUS)/wikipedia-current-events-2019-2022.jsonl.gz \
		--events $(EVENTS) --start 2020-06-01 --split 2022-01-01 --end 2022-12-31 --ablations --report docs/backtest

clean:
	rm -rf .venv state
