# Two commands: `make demo` shows what it does, `make test` proves it. Both make .venv first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check foreign eval train soak backtest clean

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

demo: .venv/installed
	$(BIN)/trendwarte demo

# One process per core, each with whole files: a file's story is built once.
test: .venv/installed
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py

# Test files of other projects, from their source distributions; tests that read them skip where they are absent.
foreign: .venv/installed
	mkdir -p build/foreign
	$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: -d build/foreign feedparser==6.0.14 protego==0.7.0
	for one in build/foreign/*.tar.gz; do tar xzf $$one -C build/foreign; done

# Long campaigns; their figures belong into the note of the change.
soak: .venv/installed
	TRENDWARTE_KILLS=40 $(BIN)/python -m pytest --timeout 0 tests/flows/test_kills.py
	TRENDWARTE_DELIVERY_KILLS=200 $(BIN)/python -m pytest --timeout 0 tests/flows/test_delivery_kills.py
	TRENDWARTE_NIGHTS=50 $(BIN)/python -m pytest --timeout 0 tests/flows/test_night.py -k analyst
	TRENDWARTE_WORLDS=500 $(BIN)/python -m pytest --timeout 0 tests/judgement/test_risk_reference.py

# Archives and the list of events lie outside the project: make backtest CORPUS=../corpus EVENTS=../events.csv
CORPUS ?= ../shared/corpus
EVENTS ?= ../shared/events.csv
backtest: .venv/installed
	$(BIN)/trendwarte backtest $(foreach year,2020 2021 2022,--archive $(CORPUS)/news-$(year).jsonl.gz) \
		--archive $(CORPUS)/german-headlines-2019-2020.jsonl.gz \
		--timeline $(CORPUS)/wikipedia-current-events-2019-2022.jsonl.gz \
		--events $(EVENTS) --start 2020-06-01 --split 2022-01-01 --end 2022-12-31 --ablations --report docs/backtest

# Reading, measured on the labelled headlines beside the checkout; every split is trained anew (five minutes each).
eval: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train]'
	$(BIN)/python benchmarks/read_eval.py

# The reader's weights, from the same labels and the sentences in benchmarks/reading.
train: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train]'
	$(BIN)/python benchmarks/train_reader.py --write
	$(BIN)/python benchmarks/train_encoder.py --write

clean:
	rm -rf .venv state
