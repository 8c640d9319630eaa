"""The ledger's door for people: what was refused can be seen, admitted or set aside; every row has an author."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.house import opened
from tests.flows.calling import here, trendwarte
from trendwarte.config_files import load_settings
from trendwarte.ledger import Ledger
from trendwarte.types import Event
from warehouse import load_configuration, publish, query

ROOT = Path(__file__).parents[2]
SETTINGS = load_settings(ROOT / "config", {})
NIGHT = datetime(2025, 9, 9, 23, 59, 59, tzinfo=UTC)
WHO = ("--author", "Kim Muster", "--reason", "seen in the official gazette")


def lift(place, title, event_id):
    """A ban of TikTok that two outlets call lifted."""
    return Event(
        event_id=event_id, platform="tiktok", jurisdiction=place, dimension="legal", topic="legal_ban",
        legal_stage="repealed", factuality="asserted", polarity="positive", event_date=date(2025, 9, 9),
        first_seen_at=NIGHT, last_seen_at=NIGHT, title=title, severity=4, verb="lift", measure="full_ban",
        credibility=0.9, origins=2, documents=2,
    )  # fmt: skip


def refuse(house, event):
    """The event is known, and its step waits for a person."""
    house.warehouse.events.put([event], NIGHT)
    folded = Ledger([], [], SETTINGS.instruments, SETTINGS.jurisdictions, SETTINGS.scoring).fold([event], NIGHT)
    house.warehouse.ledger.append(folded.transitions, folded.refused, "run", NIGHT)


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A house whose ledger refused one step: a ban lifted where none is known."""
    folder = tmp_path_factory.mktemp("ledger")
    lifted = lift("NP", "Nepal lifts the ban", event_id="e-lift")
    with opened(SETTINGS, folder) as house, house.warehouse.transaction():
        load_configuration(house.warehouse.con, SETTINGS)
        refuse(house, lifted)
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


def add(state, platform, place, instrument, *words, code=0):
    """Enter a step of one day; gives what was printed."""
    named = ("--platform", platform, "--jurisdiction", place, "--instrument", instrument, "--valid-from", "2026-01-05")
    done = here("ledger", "add", *named, *words, *WHO, "--state", str(state), code=code)
    return done.stderr if code else json.loads(done.stdout)


def test_a_step_by_hand_keeps_what_it_does_not_name(state):
    """The age of an age limit, above all: a law in force without an age binds nobody (floor F5)."""
    add(state, "all_social", "DE", "de-age", "--to", "introduced", "--age-limit", "15")
    told = add(state, "all_social", "DE", "de-age", "--to", "scheduled", "--due", "2026-06-01")
    assert (told["measure"], told["age_limit"], told["due_date"]) == ("age_limit", 15, "2026-06-01")
    assert add(state, "all_social", "DE", "de-age", "--to", "scheduled")["due_date"] == "2026-06-01"
    assert add(state, "all_social", "DE", "de-age", "--to", "in_force")["due_date"] is None
    kept = rows(state, "SELECT state, age_limit, due_date FROM mart.ledger WHERE instrument = 'de-age' ORDER BY row_id")
    assert [(r["state"], r["age_limit"]) for r in kept] == [
        ("introduced", 15), ("scheduled", 15), ("scheduled", 15), ("in_force", 15),
    ]  # fmt: skip


def test_a_first_step_by_hand_takes_measure_and_age_from_the_declared_instrument(state):
    told = add(state, "all_social", "DK", "dk-u15", "--to", "in_force")
    assert (told["from_state"], told["measure"], told["age_limit"]) == ("none", "age_limit", 15)
    (kept,) = rows(state, "SELECT measure, age_limit FROM mart.ledger WHERE instrument = 'dk-u15'")
    assert kept == {"measure": "age_limit", "age_limit": 15}


@pytest.mark.parametrize(
    ("place", "instrument", "words", "said"),
    [
        ("FR", "fr-u15", ["--measure", "full_ban"], "'fr-u15' is known as age_limit, not full_ban"),
        ("US", "us-pafaca", ["--age-limit", "16"], "'us-pafaca' is forced_sale, no age limit"),
        ("DE", "fr-u15", [], "'fr-u15' is of FR"),
        ("NZ", "nz-new-law", [], "nothing is known of 'nz-new-law' yet"),
        ("NZ", "nz-new-law", ["--measure", "age_limit"], "no age is known for 'nz-new-law'"),
    ],
)
def test_a_step_that_makes_an_instrument_something_else_is_refused_and_writes_nothing(
    state, place, instrument, words, said
):
    platform = "tiktok" if instrument == "us-pafaca" else "all_social"
    assert said in add(state, platform, place, instrument, "--to", "in_force", *words, code=2)
    assert rows(state, f"SELECT 1 FROM mart.ledger WHERE instrument = '{instrument}'") == []


def test_a_confirmed_step_of_a_declared_instrument_has_the_measure_of_the_instrument(tmp_path):
    """Headlines call a forced sale a ban; the person said which law is meant."""
    told = lift("US", "The ban is off", event_id="e-sale")
    with opened(SETTINGS, tmp_path) as house, house.warehouse.transaction():
        refuse(house, told)
    here("ledger", "confirm", "e-sale", *WHO, "--instrument", "us-pafaca", "--state", str(tmp_path))
    (kept,) = rows(tmp_path, "SELECT measure, state FROM mart.ledger WHERE instrument = 'us-pafaca'")
    assert kept == {"measure": "forced_sale", "state": "lifted"}
