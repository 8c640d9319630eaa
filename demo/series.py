"""What is measured in the recorded world: page views day by day, served as the encyclopedia's interface does."""

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import exp, log
from pathlib import Path

from demo.recorded import WORLD_DIR, read_yaml
from trendwarte.settings import Source

_WEEKEND_SHARE = 6 / 7


@dataclass(frozen=True, slots=True)
class Series:
    """Views of one article: known days, and a straight line on a logarithmic scale between them."""

    source: Source
    article: str
    project: str
    days: Mapping[date, float]

    def value_on(self, day: date) -> int | None:
        """Views of a day; None before the article exists and after the record ends."""
        known = sorted(self.days)
        if not known[0] <= day <= known[-1]:
            return None
        left = known[min(bisect_right(known, day), len(known) - 1) - 1]
        right = known[min(bisect_right(known, day), len(known) - 1)]
        share = (day - left).days / max(1, (right - left).days)
        value = exp((1 - share) * log(self.days[left]) + share * log(self.days[right]))
        return round(value * (_WEEKEND_SHARE if day.weekday() >= 5 else 1.0))


def load_series(folder: Path = WORLD_DIR) -> tuple[Series, ...]:
    """The series of ``series.yaml``.

    Raises:
        ConfigError: the file is missing or is not YAML.
    """
    return tuple(
        Series(Source(**one["source"] | {"min_interval_s": 0}), one["article"], one["project"], one["days"])
        for one in read_yaml(folder / "series.yaml")
    )


def page_views(series: Series, path: str, as_of: datetime) -> bytes | None:
    """The answer to ``.../daily/{from}/{to}``: days that are over; None when there is none (the real one says 404)."""
    first, last = (datetime.strptime(part[:8], "%Y%m%d").date() for part in path.rsplit("/", 2)[1:])
    last = min(last, as_of.date() - timedelta(days=1))
    entries = [
        {
            "project": series.project, "article": series.article, "granularity": "daily",
            "timestamp": f"{day:%Y%m%d}00", "access": "all-access", "agent": "user", "views": views,
        }
        for offset in range((last - first).days + 1)
        if (views := series.value_on(day := first + timedelta(days=offset))) is not None
    ]  # fmt: skip
    return json.dumps({"items": entries}).encode() if entries else None
