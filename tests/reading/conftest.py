"""One reader with the committed configuration and weights for all tests of this room."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trendwarte.config_files import load_settings
from trendwarte.reading import Reader, Watchlist
from trendwarte.types import Document, Reading


@pytest.fixture(scope="session")
def reader() -> Reader:
    return Reader(Watchlist.from_settings(load_settings(Path(__file__).parents[2] / "config", {})))


@pytest.fixture(scope="session")
def read(reader: Reader) -> Callable[..., Reading]:
    def reading(title: str, summary: str = "", on: str = "2025-02-01", kind: str = "quality_press") -> Reading:
        moment = datetime.fromisoformat(on).replace(tzinfo=UTC)
        return reader.read(Document("d", "s", "http://a.example/", title, summary, "o", kind, moment, moment, "h"))

    return reading
