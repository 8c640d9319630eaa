"""A replay's documents wait on disk for their night; what is told late keeps its own date."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from flows.house import opened
from flows.judge import _stored
from flows.replay import _Days
from trendwarte.config_files import load_settings
from trendwarte.types import Document, Reading, Signal

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
BASE = Document(
    "d1", "archive:a", "https://a.example/1", "Zürich – „Sperre“", "lead", "a", "quality_press", NOON, NOON, "h",
    flags=("resurfaced", "odd"), updated_at=NOON + timedelta(hours=1), lang="de",
)  # fmt: skip
LATE = Signal(
    platform="tiktok", topic="legal_ban", jurisdiction="AL", legal_stage="in_force", factuality="asserted",
    polarity="negative", severity=5, confidence=0.9, evidence="q", char_from=0, char_to=1, rules=(), verb="block",
    measure="full_ban", event_date=date(2024, 3, 1),
)  # fmt: skip


def test_documents_come_back_whole_on_their_day_in_their_order(tmp_path):
    second = replace(BASE, document_id="d2", updated_at=None, flags=())
    earlier = replace(BASE, document_id="d0", published_at=NOON - timedelta(days=3))
    with _Days(tmp_path / "days") as days:
        days.put([BASE, earlier, second])
        assert days.before(NOON.date()) == [NOON.date() - timedelta(days=3)]
        assert days.take(NOON.date()) == [BASE, second]
        assert days.take(NOON.date()) == []
    assert not (tmp_path / "days").exists()


@pytest.mark.parametrize(
    ("taken", "retells", "is_recap"),
    [(set(), False, False), ({("tiktok", "AL", "block")}, False, True), (set(), True, True)],
    ids=["a step the ledger missed", "a step it has", "a report that only retells"],
)
def test_an_old_step_counts_only_where_the_ledger_has_missed_it(tmp_path, taken, retells, is_recap):
    settings = load_settings(Path(__file__).parents[2] / "config", {})
    reading = Reading("d1", "de", True, recap=retells, signals=(LATE,))
    with opened(settings, tmp_path / "state") as house:
        (stored,) = _stored(house, BASE, reading, NOON, taken)
    assert stored.recap is is_recap
    assert (stored.weight > 0) is not is_recap
