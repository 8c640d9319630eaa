"""Six clients, the recorded world, and the verdicts an experienced consultant would give (docs/method.md)."""

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from demo.recorded import load_world
from flows.demo import end_of
from flows.engine import PlainEngine
from flows.house import House
from flows.monitor import night
from trendwarte.config_files import load_settings
from trendwarte.evidence import Origins
from trendwarte.floors import rank
from trendwarte.reading import Reader, Watchlist
from trendwarte.settings import Client, Executive, Market, TargetGroup
from trendwarte.types import Document
from warehouse import Warehouse

CONFIG = Path(__file__).parents[2] / "config"
SHIPPED = load_settings(CONFIG, {})
WATCHED = ["tiktok", "x", "clubhouse", "threads", "instagram", "upscrolled"]
# (first night, how many in a row): the dates of the table, and every night where a band has to be confirmed.
SPANS = (
    ("2020-06-29", 1), ("2020-09-27", 1), ("2021-02-12", 4), ("2021-05-05", 1), ("2021-05-08", 3), ("2022-10-26", 21),
    ("2023-07-05", 2), ("2023-12-12", 3), ("2024-03-12", 3), ("2024-04-23", 5), ("2024-08-29", 3), ("2024-10-07", 3),
    ("2024-10-20", 2), ("2024-11-05", 2), ("2024-12-19", 3), ("2025-01-18", 4), ("2025-03-30", 1), ("2025-04-04", 2),
    ("2025-06-19", 2), ("2025-08-21", 3), ("2025-09-25", 2), ("2025-11-25", 3), ("2025-12-04", 3), ("2025-12-09", 3),
    ("2025-12-20", 1), ("2026-01-21", 3), ("2026-01-29", 2), ("2026-02-05", 4), ("2026-02-15", 8), ("2026-05-11", 3),
)  # fmt: skip


def reference_clients():
    """C1 to C6, and C5 with grown-ups; the first four are the shipped ones with the purposes the table asks for."""
    known = SHIPPED.clients
    c5 = Client(
        id="c5", name="Lernwerk (Beispiel)", sector="education", markets=[Market(jurisdiction="DE", weight=0.5),
        Market(jurisdiction="AU", weight=0.5)], targets=[TargetGroup(market="AU", age=(10, 15), share=0.6),
        TargetGroup(market="DE", age=(10, 15), share=0.4)], purposes=["community"], tone=4, risk_aversion=0.8,
        presence={"tiktok": "active", "instagram": "active"}, peers_active={"tiktok": 0.5, "instagram": 0.6},
        formats=["video", "image"],
    )  # fmt: skip
    grown = [one.model_copy(update={"age": (25, 45)}) for one in c5.targets]
    adults = c5.model_copy(update={"id": "c5-adults", "name": "Abendschule (Beispiel)", "targets": grown})
    c6 = Client(
        id="c6", name="Gründerhaus (Beispiel)", sector="software", markets=[Market(jurisdiction="DE", weight=1.0)],
        targets=[TargetGroup(market="DE", age=(30, 59), share=1.0)], purposes=["exec_positioning"], tone=3,
        risk_aversion=0.5, presence={"x": "active", "clubhouse": "active"},
        peers_active={"clubhouse": 0.5, "x": 0.6, "linkedin": 0.9}, formats=["audio", "text"],
        executives=[Executive(name="Kim Muster", platform="clubhouse", tone=0.8, reach=20000)],
    )  # fmt: skip
    chosen = {
        "maschinenbau-schwaben": ["earned_pr"], "mode-dach": ["community"], "snack-us": ["advertising"],
        "bundesbehoerde": ["earned_pr"],
    }  # fmt: skip
    found = {key: known[key].model_copy(update={"purposes": purposes}) for key, purposes in chosen.items()}
    return {
        key: client.model_copy(update={"platforms": WATCHED, "channels": []})
        for key, client in {**found, "c5": c5, "c5-adults": adults, "c6": c6}.items()
    }


def documents():
    world = load_world()
    kinds = {outlet.id: outlet.kind for outlet in world.outlets}
    for one in world.documents:
        yield Document(
            one.id, one.source, f"https://{one.outlet}/{one.id}", one.title, one.summary, one.outlet, kinds[one.outlet],
            one.published_at, one.published_at, one.id, text=one.body, lang=one.lang,
        )  # fmt: skip


@pytest.fixture(scope="module")
def judged():
    """Verdicts by (client, platform) and day, and what was sent."""
    nights = [date.fromisoformat(first) + timedelta(days=n) for first, count in SPANS for n in range(count)]
    outlets = {**SHIPPED.outlets, **{outlet.id: outlet for outlet in load_world().outlets}}
    settings = SHIPPED.model_copy(update={"clients": reference_clients(), "outlets": outlets})
    waiting = sorted(documents(), key=lambda one: one.published_at)
    with Warehouse(Path(":memory:")) as warehouse:
        warehouse.con.execute("SET threads = 1")
        reader = Reader(Watchlist.from_settings(settings))
        house = House(settings, Path(), warehouse, reader, Origins(settings.outlets))
        for day in nights:
            known = [one for one in waiting if one.published_at <= end_of(day)]
            waiting = waiting[len(known) :]
            night(house, end_of(day), PlainEngine(), known, is_last=False)
        rows = warehouse.con.execute(
            "SELECT client, platform, as_of::DATE, band, floor, outlook, score FROM verdicts"
        ).fetchall()
        sent = warehouse.con.execute(
            "SELECT client, platform, as_of::DATE, severity, status, rule, to_band FROM alerts ORDER BY as_of"
        ).fetchall()
    bands = {}
    for client, platform, day, band, floor, outlook, score in rows:
        bands.setdefault((client, platform), {})[day.isoformat()] = (band, floor, outlook, score)
    return bands, [(c, p, d.isoformat(), s, status, rule, to) for c, p, d, s, status, rule, to in sent]


def band(judged, client, platform, day):
    return judged[0][client, platform][day][0]


def asked(judged, client, platform, first, last):
    """Act and decide alerts that were sent in a span of days."""
    return [a for a in judged[1] if a[:2] == (client, platform) and first <= a[2] <= last and a[4] == "queued"]


@pytest.mark.parametrize("client", ["maschinenbau-schwaben", "c6"])
def test_the_clubhouse_hype_is_at_most_a_test_and_fades_to_watch(judged, client):
    hype = judged[0][client, "clubhouse"]
    assert all(rank(found[0]) <= rank("test") for found in hype.values())
    assert band(judged, client, "clubhouse", "2021-05-10") in ("watch", "unknown", "avoid")


@pytest.mark.parametrize(
    "client",
    [
        "maschinenbau-schwaben",
        pytest.param(
            "bundesbehoerde", marks=pytest.mark.xfail(reason="docs/known-gaps.md: a takeover is read as neutral")
        ),
    ],
)
def test_the_takeover_of_twitter_costs_a_band_within_a_fortnight(judged, client):
    before, after = judged[0][client, "x"]["2022-10-26"], judged[0][client, "x"]["2022-11-15"]
    # The machine builder never held more than watch there (few of its peers do): for it the score must show it.
    assert rank(after[0]) < rank(before[0]) or (before[0] == "watch" and after[3] <= before[3] - 3)


def test_threads_is_not_available_in_europe_before_december_2023(judged):
    found = judged[0]["mode-dach", "threads"]
    assert {band for day, (band, *_) in found.items() if "2023-07-06" <= day < "2023-12-14"} <= {"watch", "unknown"}
    assert found["2023-12-14"][1] != "F2"


def test_a_vote_in_washington_is_a_note_there_and_nothing_in_europe(judged):
    assert asked(judged, "snack-us", "tiktok", "2024-03-13", "2024-03-14") == []
    assert [a for a in judged[1] if a[:2] == ("mode-dach", "tiktok") and a[2] == "2024-03-13"] == []


def test_the_signature_lowers_the_american_client_to_test_and_nobody_in_europe(judged):
    assert rank(band(judged, "snack-us", "tiktok", "2024-04-24")) <= rank("test")
    assert asked(judged, "mode-dach", "tiktok", "2024-04-24", "2024-04-27") == []


def test_the_closer_the_date_the_lower_the_band(judged):
    steps = [("2024-10-21", "watch"), ("2024-12-20", "exit"), ("2025-01-19", "exit")]
    assert [band(judged, "snack-us", "tiktok", day) for day, _ in steps] == [expected for _, expected in steps]


def test_an_extension_never_lifts_above_test_and_never_swings(judged):
    paused = [found[0] for day, found in sorted(judged[0]["snack-us", "tiktok"].items())
              if "2025-01-20" <= day <= "2026-01-21"]  # fmt: skip
    assert all(rank(one) <= rank("test") for one in paused)
    moves = [rank(b) - rank(a) for a, b in pairwise(paused) if a != b]
    assert not any(up > 0 > down for up, down in pairwise(moves))


def test_after_the_sale_the_way_back_takes_thirty_days_and_three_nights(judged):
    after = {day: found[0] for day, found in judged[0]["snack-us", "tiktok"].items() if day >= "2026-01-22"}
    assert all(rank(found) <= rank("test") for day, found in after.items() if day < "2026-02-21")
    back = min(day for day, found in after.items() if rank(found) > rank("test"))
    assert "2026-02-21" <= back <= "2026-02-24", "thirty days after the sale, and at most three nights to be sure"
    assert {found for day, found in after.items() if day >= back} == {"recommend"}, "and it stays"


def test_brazil_takes_x_away_and_gives_it_back_with_a_month_of_care(judged):
    assert band(judged, "snack-us", "x", "2024-08-30") == "exit"
    after = [found[0] for day, found in judged[0]["snack-us", "x"].items() if "2024-10-08" <= day < "2024-11-07"]
    assert set(after) == {"watch"}


def test_a_fine_and_its_echo_are_not_two_decisions(judged):
    assert len(asked(judged, "maschinenbau-schwaben", "x", "2025-12-05", "2025-12-20")) <= 1


def test_the_age_limit_ends_the_australian_community_of_children_only(judged):
    for platform in ("tiktok", "instagram"):
        before, on = (judged[0]["c5-adults", platform][day] for day in ("2025-12-09", "2025-12-10"))
        assert judged[0]["c5", platform]["2025-12-10"][:2] == ("exit", "F5")
        assert on[:2] == before[:2] and rank(on[0]) > rank("exit"), "the same school with grown-ups, in the same market"
    assert asked(judged, "mode-dach", "tiktok", "2025-12-10", "2025-12-11") == []


@pytest.mark.xfail(reason="docs/known-gaps.md: reports of an age limit count for grown-ups too", strict=True)
def test_the_age_limit_asks_nothing_of_a_school_of_grown_ups(judged):
    for platform in ("tiktok", "instagram"):
        assert asked(judged, "c5-adults", platform, "2025-12-10", "2025-12-11") == []


def test_a_new_name_at_the_top_of_the_charts_is_never_recommended(judged):
    for client in ("mode-dach", "snack-us"):
        assert "recommend" not in {found[0] for found in judged[0][client, "upscrolled"].values()}


def test_a_preliminary_finding_asks_nobody_to_decide(judged):
    assert asked(judged, "mode-dach", "tiktok", "2026-02-06", "2026-02-08") == []


@pytest.mark.parametrize("day", ["2025-08-22", "2025-11-26", "2026-02-16", "2026-02-20", "2026-05-12"])
def test_the_controls_move_no_band_and_ask_nobody(judged, day):
    eve, until = ((date.fromisoformat(day) + timedelta(days=n)).isoformat() for n in (-1, 1))
    assert [a for a in judged[1] if day <= a[2] <= until and a[4] == "queued"] == []
    moved = {pair: [nights[one][0] for one in (eve, day, until)] for pair, nights in judged[0].items()}
    assert len(moved) >= 30 and {pair: bands for pair, bands in moved.items() if len(set(bands)) > 1} == {}
