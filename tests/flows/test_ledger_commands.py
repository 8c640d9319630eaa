"""The ledger's door for people: what was refused can be seen, admitted or set aside; every row has an author."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.house import opened
from tests.flows.calling import trendwarte
from trendwarte.config_files import load_settings
from trendwarte.ledger import Ledger
from trendwarte.types import Event
from warehouse import load_configuration, publish, query

ROOT = Path(__file__).parents[2]
SETTINGS = load_settings(ROOT / "config", {})
NIGHT = datetime(2025, 9, 9, 23, 59, 59, tzinfo=UTC)
WHO = ("--author", "Kim Muster", "--reason", "seen in the official gazette")


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A house whose ledger refused one step: a ban lifted where none is known."""
    folder = tmp_path_factory.mktemp("ledger")
    lifted = Event(
        event_id="e-lift", platform="tiktok", jurisdiction="NP", dimension="legal", topic="legal_ban",
        legal_stage="repealed", factuality="asserted", polarity="positive", event_date=date(2025, 9, 9),
        first_seen_at=NIGHT, last_seen_at=NIGHT, title="Nepal lifts the ban", severity=4, verb="lift",
        measure="full_ban", credibility=0.9, origins=2, documents=2,
    )  # fmt: skip
    with opened(SETTINGS, folder) as house, house.warehouse.transaction():
        load_configuration(house.warehouse.con, SETTINGS)
        house.warehouse.events.put([lifted], NIGHT)
        folded = Ledger([], [], SETTINGS.instruments, SETTINGS.jurisdictions, SETTINGS.scoring).fold([lifted], NIGHT)
        house.warehouse.ledger.append(folded.transitions, folded.refused, "run", NIGHT)
    with opened(SETTINGS, folder) as house:
        publish(house.warehouse.con, house.published)
    return folder


def rows(state, sql):
    columns, found = query(state / "published" / "trendwarte.duckdb", sql)
    return [dict(zip(columns, row, strict=True)) for row in found]


def test_a_refused_step_is_listed_confirmed_and_asked_no_more(state):
    (waiting,) = json.loads(trendwarte("ledger", "review", "--state", str(state), "--json").stdout)
    assert waiting["event_id"] == "e-lift" and "needs an instrument" in waiting["reason"]
    trendwarte("ledger", "confirm", "e-lift", *WHO, "--instrument", "np-tiktok-2023", "--state", str(state))
    (row,) = rows(state, "SELECT * FROM mart.ledger WHERE instrument = 'np-tiktok-2023'")
    assert (row["state"], row["author"], row["rule"]) == ("lifted", "Kim Muster", "manual:none->lifted")
    assert row["valid_from"] == date(2025, 9, 9) and row["event_id"] == "e-lift"
    assert json.loads(trendwarte("ledger", "review", "--state", str(state), "--json").stdout) == []
    (decided,) = json.loads(trendwarte("ledger", "review", "--all", "--state", str(state), "--json").stdout)
    assert decided["decision"] == "confirmed" and decided["decision_reason"] == "seen in the official gazette"


def test_what_does_not_wait_can_be_neither_confirmed_nor_rejected(state):
    for verb in ("confirm", "reject"):
        said = trendwarte("ledger", verb, "e-unknown", *WHO, "--state", str(state), code=2).stderr
        assert "no step of event 'e-unknown' waits" in said


def test_a_row_entered_by_hand_names_its_author_and_overwrites_nothing(state):
    place = ("--platform", "tiktok", "--jurisdiction", "AL", "--instrument", "al-vkm151", "--measure", "full_ban")
    for day, state_name in (("2025-03-13", "enforced"), ("2026-02-04", "lifted")):
        trendwarte("ledger", "add", *place, "--to", state_name, "--valid-from", day, *WHO, "--state", str(state))
    found = rows(state, "SELECT state, from_state, author FROM mart.ledger WHERE jurisdiction = 'AL' ORDER BY row_id")
    assert found == [
        {"state": "enforced", "from_state": "none", "author": "Kim Muster"},
        {"state": "lifted", "from_state": "enforced", "author": "Kim Muster"},
    ]
    listed = json.loads(trendwarte("ledger", "list", "--platform", "tiktok", "--state", str(state), "--json").stdout)
    assert {(r["jurisdiction"], r["state"]) for r in listed} >= {("AL", "lifted")}


def test_an_unknown_word_is_refused_with_a_suggestion(state):
    said = trendwarte(
        "ledger", "add", "--platform", "tiktok", "--jurisdiction", "AL", "--instrument", "i", "--measure", "full_bann",
        "--to", "enforced", "--valid-from", "2025-03-13", *WHO, "--state", str(state), code=2,
    ).stderr  # fmt: skip
    assert "--measure: 'full_bann' is unknown; did you mean full_ban?" in said
