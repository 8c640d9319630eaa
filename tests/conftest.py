"""A short story, run once for every test that only reads it: the night before X was blocked in Brazil, and that night."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from flows.demo import run_demo

CONFIG = Path(__file__).parents[1] / "config"


@pytest.fixture(scope="session")
def short_story(tmp_path_factory):
    """The state folder of two nights. Read it only; ``own_story`` gives a copy to write to."""
    state = tmp_path_factory.mktemp("short")
    run_demo(CONFIG, state, "plain", (date(2024, 8, 29), date(2024, 8, 30)))
    return state


@pytest.fixture
def own_story(short_story, tmp_path):
    """A copy of the short story's state folder."""
    return Path(shutil.copytree(short_story, tmp_path / "state", symlinks=True))
