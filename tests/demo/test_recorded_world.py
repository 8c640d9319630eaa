"""The recorded world keeps what it promises: how much, in which languages, who says it, and when it is served."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time

import pytest

from demo import STORY_NIGHTS, WorldServer, is_limited_night, load_world
from demo.shapes import FEED_LENGTH
from trendwarte.errors import ConfigError

# Dates of the steps, looked up independently of the documents.
STEPS = {
    "E001": "2019-11-01", "E003": "2020-06-29", "E004": "2020-08-06", "E007": "2020-09-19", "E008": "2020-09-27",
    "E010": "2020-12-07", "E017": "2021-06-09", "E020": "2022-03-18", "E021": "2022-03-20", "E023": "2022-10-27",
    "E028": "2022-12-29", "E035": "2023-05-17", "E039": "2023-07-05", "E043": "2023-11-13", "E044": "2023-11-16",
    "E045": "2023-11-30", "E046": "2023-12-14", "E047": "2023-12-18", "E050": "2024-03-13", "E051": "2024-04-22",
    "E053": "2024-04-24", "E056": "2024-07-12", "E057": "2024-08-05", "E059": "2024-08-22", "E061": "2024-08-30",
    "E062": "2024-10-08", "E063": "2024-11-06", "E066": "2024-11-28", "E067": "2024-12-06", "E071": "2025-01-10",
    "E073": "2025-01-15", "E074": "2025-01-17", "E075": "2025-01-19", "E076": "2025-01-20", "E077": "2025-03-13",
    "E079": "2025-04-04", "E080": "2025-05-02", "E081": "2025-06-19", "E085": "2025-08-22", "E088": "2025-09-25",
    "E091": "2025-11-26", "E093": "2025-12-05", "E094": "2025-12-10", "E095": "2025-12-18", "E097": "2026-01-21",
    "E098": "2026-01-22", "E105": "2026-02-04", "E109": "2026-02-16", "E110": "2026-02-20", "E114": "2026-05-12",
}  # fmt: skip
NIGHTS = [datetime.combine(day, time(23, 59, 59), UTC) for day in STORY_NIGHTS]
DOCUMENTS = load_world().documents


def by_event():
    told = defaultdict(list)
    for document in DOCUMENTS:
        if document.event:
            told[document.event].append(document)
    return told


def test_there_is_enough_of_everything_and_much_of_it_is_german():
    kinds = Counter(document.kind for document in DOCUMENTS)
    assert kinds["event"] >= 150 and kinds["noise"] >= 70 and kinds["speculation"] >= 10
    assert len(by_event()) >= 40
    assert sum(document.lang == "de" for document in DOCUMENTS) >= 0.45 * len(DOCUMENTS)


@pytest.mark.parametrize(("event", "day"), STEPS.items())
def test_a_step_is_told_on_its_day_or_just_after(event, day):
    told = by_event()[event]
    assert told
    for document in told:
        assert 0 <= (document.published_at.date() - date.fromisoformat(day)).days <= 10, document.id


@pytest.mark.parametrize("event", sorted(by_event()))
def test_every_event_is_told_by_two_independent_voices_in_both_languages(event):
    told = by_event()[event]
    assert len({document.voice for document in told}) >= 2
    assert {document.lang for document in told} == {"de", "en"}


def test_copies_of_an_agency_text_name_the_agency_where_a_reader_finds_it():
    copies = [document for document in DOCUMENTS if document.origin]
    bylines = {"nda.example": "(nda)", "atw.example": "(ATW)"}
    assert len({document.outlet for document in copies}) >= 4
    for document in copies:
        assert bylines[document.origin] in document.summary


def test_kinds_and_events_agree():
    for document in DOCUMENTS:
        assert (document.kind == "event") == bool(document.event), document.id


def test_every_document_is_served_on_some_night_unless_its_server_never_answers():
    served = set()
    conducts = {one.source.id: one.conduct for one in load_world().declarations}
    for source_id, conduct in conducts.items():
        for night in NIGHTS:
            if conduct == "down" or (conduct == "rate_limited" and is_limited_night(night)):
                continue
            served |= {one.id for one in load_world().of_source(source_id, night)[:FEED_LENGTH]}
    lost = {one.id for one in DOCUMENTS if conducts[one.source] != "down"} - served
    assert lost == set()


def test_nights_are_in_order_and_cover_each_step_and_the_marks_before_the_american_date():
    assert list(STORY_NIGHTS) == sorted(set(STORY_NIGHTS))
    nights = set(STORY_NIGHTS)
    for mark in ("2024-10-21", "2024-12-20", "2025-01-12"):
        assert date.fromisoformat(mark) in nights
    for event, day in STEPS.items():
        known = [night for night in nights if 0 <= (night - date.fromisoformat(day)).days <= 1]
        assert known, event


def test_outlets_are_invented():
    world = load_world()
    assert all(outlet.id.endswith(".example") for outlet in world.outlets)
    with WorldServer(world) as server:
        assert {outlet.id for outlet in server.outlets()} >= {document.outlet for document in DOCUMENTS}


def test_the_source_that_falls_silent_has_nothing_after_june_2023():
    dates = [document.published_at for document in DOCUMENTS if document.source == "demo-barometer"]
    assert dates and max(dates) < datetime(2023, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("outlet: nowhere.example", "outlet 'nowhere.example' is not declared"),
        ("titel: Tippfehler", "key 'titel' is unknown"),
        ("kind: gossip", "kind 'gossip' is unknown"),
        ("published_at: soon", "published_at is no time"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(tmp_path, line, complaint):
    entry = {
        "id": "a", "published_at": "2024-01-01T10:00:00Z", "outlet": "known.example", "source": "s", "lang": "en",
        "title": "T", "summary": "S",
    }  # fmt: skip
    key, _, value = line.partition(": ")
    (tmp_path / "outlets.yaml").write_text("outlets: [{id: known.example, kind: blog}]\ncountries: {}\n")
    (tmp_path / "sources.yaml").write_text(
        "- {shape: rss, conduct: plain, source: {id: s, name: S, kind: feed, url: /s, source_kind: blog}}\n"
    )
    text = "\n  ".join(f"{name}: {content}" for name, content in (entry | {key: value}).items())
    (tmp_path / "story.yaml").write_text(f"- {text}\n")
    with pytest.raises(ConfigError) as caught:
        load_world(tmp_path)
    assert complaint in str(caught.value) and "story.yaml" in str(caught.value)
