"""`trendwarte read`: the order of the lines, every bad one named, the same words from one process or several."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import reading
from flows.reading import read_stream
from trendwarte.config_files import load_settings
from trendwarte.reading import Reader, Watchlist
from trendwarte.reading.prefilter import Prefilter
from trendwarte.types import Document

ROOT = Path(__file__).parents[2]
GOLD = ROOT.parent / "shared" / "gold"
SETTINGS = load_settings(ROOT / "config", {})
WATCHLIST = Watchlist.from_settings(SETTINGS)
READER, PREFILTER = Reader(WATCHLIST), Prefilter(WATCHLIST)
MOMENT = datetime(2024, 5, 1, tzinfo=UTC)
TITLES = [
    "Government of Nepal blocks Facebook", "Zoo opens a new house for penguins", "TikTok zahlt 530 Millionen Euro Bußgeld",
    "Neue Threads für die Nähmaschine", "Meta lays off moderators", "Rain expected on Sunday",
]  # fmt: skip


def document(text):
    return Document("d", "s", "", text, "", "", "quality_press", MOMENT, MOMENT, "")


def archive(path, count):
    """Lines of an archive with a bad one after every hundredth; gives the numbers of the bad ones."""
    bad = []
    with path.open("w", encoding="utf-8") as lines:
        for number in range(count):
            one = {
                "id": f"d{number}",
                "published_at": "2024-05-01",
                "title": TITLES[number % len(TITLES)],
                "lead": "words " * 20,
            }
            lines.write(json.dumps(one) + "\n")
            if number % 100 == 99:
                bad.append(number + len(bad) + 2)
                lines.write('{"title": "no date"}\n')
    return bad


@pytest.mark.parametrize("is_threaded", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["forked", "spawned"])
def test_several_processes_write_what_one_writes_in_the_order_of_the_lines(tmp_path, monkeypatch, is_threaded):
    monkeypatch.setattr(reading, "_BLOCK_BYTES", 20_000)
    bad = archive(tmp_path / "in.jsonl", 600)
    told = {1: [], 2: []}
    release = threading.Event()
    if is_threaded:
        threading.Thread(target=release.wait, daemon=True).start()
    try:
        for workers in (1, 2):
            skipped = read_stream(
                SETTINGS, str(tmp_path / "in.jsonl"), str(tmp_path / f"{workers}.jsonl"), explain=False,
                complain=told[workers].append, workers=workers,
            )  # fmt: skip
            assert skipped == len(bad)
    finally:
        release.set()
    assert told[1] == told[2] and [int(one.split(":")[1]) for one in told[1]] == bad
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()
    ids = [json.loads(line)["id"] for line in (tmp_path / "2.jsonl").read_text("utf-8").splitlines()]
    assert ids == [f"d{number}" for number in range(600)]


def test_a_document_that_names_no_platform_has_the_line_of_an_empty_reading(tmp_path):
    (tmp_path / "in.jsonl").write_text(
        '{"id": 7, "date": "2024-05-01", "title": "Der Zoo hat ein neues Haus für Pinguine"}\n'
    )
    read_stream(SETTINGS, str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl"), explain=False, complain=print)
    (line,) = map(json.loads, (tmp_path / "out.jsonl").read_text("utf-8").splitlines())
    empty = READER.read(document("Der Zoo hat ein neues Haus für Pinguine"))
    assert line == {**reading.line(empty), "id": "7", "platforms": [], "affected": []}
    assert line["lang"] == "de" and not line["relevant"]


def test_a_file_that_is_not_there_is_one_problem_and_no_crash(tmp_path):
    told = []
    assert (
        read_stream(SETTINGS, str(tmp_path / "none.jsonl"), str(tmp_path / "o"), explain=False, complain=told.append)
        == 1
    )
    assert "none.jsonl:0: cannot be read" in told[0]


NAMES = sorted({name.text for name in WATCHLIST.names})
PIECES = st.sampled_from(
    ["", " ", "-", "s", "'s", "er", "Verbot", "sub", "İ", "ß", "\u00ad", "http://", ".com", "\n", "a"]
)


@given(st.lists(st.tuples(PIECES, st.sampled_from(NAMES), PIECES), min_size=1, max_size=3), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_prefilter_lets_through_whatever_the_reader_finds(parts, is_lower):
    text = " ".join("".join(part) for part in parts)
    text = text.lower() if is_lower else text
    found = READER.read(document(text))
    if found.platforms or found.relevant:
        assert PREFILTER.could_matter(f"{text}\n\n")


@pytest.mark.skipif(not GOLD.is_dir(), reason="the labelled headlines lie beside the checkout")
def test_the_prefilter_hides_no_labelled_headline_from_the_reader():
    for line in (GOLD / "dev-items.jsonl").read_text("utf-8").splitlines():
        one = json.loads(line)
        text = f"{one['title']}\n{one.get('lead') or ''}\n"
        if not PREFILTER.could_matter(text):
            found = READER.read(document(text))
            assert not found.relevant and not found.platforms


def test_the_prefilter_passes_over_words_that_only_contain_a_name():
    assert not PREFILTER.could_matter("Der nächste Text steht online, mit Kontext und einem guten Schluss\n\n")
