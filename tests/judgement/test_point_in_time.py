"""What was known on a day stays what was known on that day, however long the story goes on."""

from datetime import date
from pathlib import Path

import pytest

from demo.recorded import load_world
from flows.demo import end_of
from flows.engine import PlainEngine
from flows.house import House
from flows.monitor import night
from trendwarte.config_files import load_settings
from trendwarte.evidence import Origins
from trendwarte.reading import Reader, Watchlist
from trendwarte.types import Document
from warehouse import Warehouse

SHIPPED = load_settings(Path(__file__).parents[2] / "config", {})
NIGHTS = [date(2024, 8, 29), date(2024, 8, 30), date(2024, 8, 31), date(2024, 10, 8), date(2024, 10, 9)]


def lived(nights):
    """Everything a series of nights wrote, by table."""
    world = load_world()
    outlets = {**SHIPPED.outlets, **{outlet.id: outlet for outlet in world.outlets}}
    client = SHIPPED.clients["snack-us"].model_copy(update={"platforms": ["x", "tiktok"], "channels": []})
    settings = SHIPPED.model_copy(update={"clients": {"snack-us": client}, "outlets": outlets})
    told = [
        Document(one.id, one.source, f"https://{one.outlet}/{one.id}", one.title, one.summary, one.outlet,
                 outlets[one.outlet].kind, one.published_at, one.published_at, one.id, text=one.body, lang=one.lang)
        for one in world.documents
        if date(2024, 8, 1) <= one.published_at.date()
    ]  # fmt: skip
    with Warehouse(Path(":memory:")) as warehouse:
        house = House(settings, Path(), warehouse, Reader(Watchlist.from_settings(settings)), Origins(outlets))
        known = set()
        for day in nights:
            arriving = [d for d in told if d.published_at <= end_of(day) and d.document_id not in known]
            known |= {d.document_id for d in arriving}
            night(house, end_of(day), PlainEngine(), arriving, is_last=False)
        return {
            table: warehouse.con.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()
            for table, columns in (
                ("verdicts", "as_of, client, platform, purpose, band, score, floor, coverage"),
                ("risk_daily", "as_of, platform, jurisdiction, dimension, value"),
                ("ledger", "known_from, platform, jurisdiction, instrument, state, valid_from"),
                ("alerts", "as_of, alert_id, severity, status"),
                ("score_terms", "as_of, client, platform, purpose, name, points"),
            )
        }


@pytest.fixture(scope="module")
def short_and_long():
    return lived(NIGHTS[:3]), lived(NIGHTS)


def test_later_nights_change_nothing_that_was_known_earlier(short_and_long):
    short, long = short_and_long
    until = end_of(NIGHTS[2])
    for table, rows in short.items():
        assert rows and [row for row in long[table] if row[0] <= until] == rows, table
    assert len(long["ledger"]) > len(short["ledger"])
