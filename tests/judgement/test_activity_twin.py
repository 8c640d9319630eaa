"""What a law weighs is written twice, in Python for verdicts and in SQL for risks: both must say the same."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from trendwarte.config_files import load_settings
from trendwarte.ledger import activity
from trendwarte.types import LegalStatus
from trendwarte.vocabulary import LEGAL_STATES
from warehouse import Warehouse, load_configuration, score_risk

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
NIGHT = datetime(2025, 6, 30, 23, 59, 59, tzinfo=UTC)
PLACES = sorted(j for j, known in SETTINGS.jurisdictions.items() if known.parent in (None, "GLOBAL") and j != "GLOBAL")
MEASURES = sorted(set(SETTINGS.scoring.gravities) - {"age_limit"})


def _some_status(chance, platform, place):
    since = date(2025, 6, 30) - timedelta(days=chance.choice([0, 2, 3, 4, 40, 364, 365, 366, 900]))
    due = chance.choice([None, since + timedelta(days=chance.randint(0, 700))])
    return LegalStatus(
        platform, place, f"i-{platform}-{place}", chance.choice(MEASURES), chance.choice(LEGAL_STATES), since, NIGHT, due,
        is_challenged=chance.random() < 0.3, is_due_unverified=chance.random() < 0.4,
    )  # fmt: skip


def test_sql_and_python_weigh_every_state_alike(tmp_path):
    chance = random.Random(20250630)
    statuses = [_some_status(chance, platform, place) for platform in sorted(SETTINGS.platforms) for place in PLACES]
    with Warehouse(tmp_path / "twin.duckdb") as warehouse:
        load_configuration(warehouse.con, SETTINGS)
        warehouse.ledger.append(statuses, [], "run", NIGHT)
        scores = score_risk(warehouse.con, NIGHT, "run", PLACES, is_degraded=False)
    found = {(s.platform, s.jurisdiction): s.value for s in scores if s.dimension == "legal"}
    for status in statuses:
        expected = 100 * min(activity(status, NIGHT.date(), SETTINGS.scoring), 0.999)
        assert found[status.platform, status.jurisdiction] == pytest.approx(expected, abs=1e-9), status
