"""How much evidence was known on each day: sums that run over the days against a join of every event with every day."""

from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

import pytest

from trendwarte.config_files import load_settings
from trendwarte.types import Event
from warehouse import Warehouse, load_configuration, publish, query
from warehouse.connection import insert
from warehouse.publish import FILE

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
FIRST, LAST = date(2025, 1, 1), date(2025, 3, 31)
PLAIN = """
SELECT platform, jurisdiction, dimension, d.on_day, sum(mass * CASE WHEN d.on_day - event_date <= plateau_days THEN 1
       ELSE pow(2, -(d.on_day - event_date - plateau_days) / half_life_days) END) AS mass
FROM main.events JOIN main.decay_rules USING (dimension)
JOIN (SELECT unnest(generate_series(?::DATE, ?::DATE, INTERVAL 1 DAY))::DATE AS on_day) d
  ON event_date <= d.on_day AND first_seen_at::DATE <= d.on_day
GROUP BY ALL"""


def row(chance, number):
    day = FIRST + timedelta(days=chance.randint(-200, 100))
    # Some are announced before they happen, some found out weeks later.
    seen = datetime.combine(day + timedelta(days=chance.choice([-3, 0, 0, 0, 1, 2, 40])), time(20), UTC)
    event = Event(
        f"e-{number}", chance.choice(["tiktok", "x"]), chance.choice(["DE", "US"]), chance.choice(["legal", "data"]),
        "security", "none", "asserted", "negative", day, seen, seen, "t", 3, credibility=0.5, origins=1, documents=1,
        mass=chance.uniform(0.1, 4),
    )  # fmt: skip
    columns = asdict(event)
    columns["is_recap"] = columns.pop("recap")
    return columns


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder, chance = tmp_path_factory.mktemp("evidence"), Random(7)
    with Warehouse(folder / "warehouse.duckdb") as warehouse:
        load_configuration(warehouse.con, SETTINGS)
        insert(warehouse.con, "events", [row(chance, number) for number in range(400)])
        publish(warehouse.con, folder / "published", has_parquet=False)
    return folder / "published" / FILE


@pytest.mark.parametrize(("first", "last"), [(FIRST, LAST), (LAST, LAST), (FIRST - timedelta(days=250), LAST)])
def test_the_running_sums_are_the_plain_join(published, first, last):
    columns, rows = query(published, "FROM mart.evidence_between(?, ?)", [first, last])
    found = {row[:4]: row[4] for row in rows}
    plain = {row[:4]: row[4] for row in query(published, PLAIN, [first, last])[1]}
    assert columns == ["platform", "jurisdiction", "dimension", "on_day", "mass"] and plain
    assert found.keys() == plain.keys()
    assert found == pytest.approx(plain, rel=1e-9, abs=1e-9)
