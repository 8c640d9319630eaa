"""A short story, run once for every test that only reads it: the night before X was blocked in Brazil, and that night."""

import os
import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings

from flows.demo import run_demo

# A clock in a test fails on a busy machine: speed is measured in benchmarks/.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

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


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """In continuous integration what must run is installed: a test that skips for want of it has failed.

    Only the shared reading material may be missing there (its texts belong to others), and the right to mount a disk.
    """
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("TRENDWARTE_MAY_SKIP") == "no" and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr)
        if "shared" not in reason and "needs root" not in reason:
            report.outcome = "failed"
            report.longrepr = f"skipped, though everything is installed here: {reason}"
