"""The whole story, run once for every test that only reads it."""

from pathlib import Path

import pytest

from demo import STORY_NIGHTS
from flows.demo import run_demo
from warehouse import query

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="session")
def ask(tmp_path_factory):
    """Ask the published warehouse of a finished demo; ``ask.state`` and ``ask.reports`` are its folder and nights."""
    state = tmp_path_factory.mktemp("story")
    reports = run_demo(CONFIG, state, "plain")
    assert len(reports) == len(STORY_NIGHTS)

    def asked(sql, *parameters):
        return query(state / "published" / "trendwarte.duckdb", sql, parameters)[1]

    asked.state = state
    asked.reports = reports
    return asked
