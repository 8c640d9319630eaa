"""What the product must say about the recorded world, as ``demo/world/expected.yaml``."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from demo.recorded import WORLD_DIR, read_yaml
from trendwarte.errors import ConfigError
from trendwarte.types import LEGAL_STATES, MEASURES, Band, LegalState


@dataclass(frozen=True, slots=True)
class ExpectedState:
    """State of one instrument at the end of a night.

    Without ``instrument`` at least one row of that platform, place and ``measure`` must be in ``state``: the id of
    an instrument no text names is the ledger's own choice. ``due`` is checked when given.
    """

    night: date
    platform: str
    jurisdiction: str
    state: LegalState
    instrument: str = ""
    measure: str = ""
    due: date | None = None


@dataclass(frozen=True, slots=True)
class BandLimit:
    """A limit for the verdicts of a client on a platform, for every purpose, on all nights in the span.

    ``at_most`` caps the band, ``exactly`` names it; one of them is set. ``client`` "*" means every client.
    """

    client: str
    platform: str
    first: date
    last: date
    at_most: Band | None = None
    exactly: Band | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """Ledger states, band limits, and control nights on which no band may change and no alert beyond a note fires."""

    states: tuple[ExpectedState, ...]
    limits: tuple[BandLimit, ...]
    controls: tuple[tuple[date, str], ...]


@lru_cache(maxsize=4)
def load_expected(path: Path = WORLD_DIR / "expected.yaml") -> Expected:
    """Read the expectations.

    Raises:
        ConfigError: the file cannot be read, or names an unknown state, band or measure.
    """
    content = read_yaml(path)
    states = tuple(
        ExpectedState(night=night, **_row(row)) for night, rows in content["ledger"].items() for row in rows
    )
    limits = tuple(BandLimit(**row) for row in content["limits"])
    controls = tuple((row["night"], row["why"]) for row in content["controls"])
    unknown = {one.state for one in states} - set(LEGAL_STATES)
    unknown |= {one.measure for one in states if one.measure} - set(MEASURES)
    unknown |= {band for one in limits for band in (one.at_most, one.exactly) if band} - set(get_args(Band))
    if unknown:
        raise ConfigError([f"{path}: unknown state, measure or band {sorted(unknown)}; see trendwarte/types.py"])
    return Expected(states, limits, controls)


def _row(row: str) -> dict[str, Any]:
    """A line such as ``tiktok US us-pafaca scheduled 2025-01-19``; ``*full_ban`` stands for any of that measure."""
    platform, place, instrument, state, *due = row.split()
    named = {"measure": instrument[1:]} if instrument.startswith("*") else {"instrument": instrument}
    return {
        "platform": platform, "jurisdiction": place, "state": state,
        "due": date.fromisoformat(due[0]) if due else None, **named,
    }  # fmt: skip
