"""Limits in words: what law they are about, what held until now, and which half of a rule it is."""

import re
from datetime import date

import pytest

from alerts import Phrases, catalogue, names_of, render_brief
from alerts.wording import reason_lines
from tests.alerts.conftest import load_once
from tests.alerts.facts import brief_of
from trendwarte.brief_facts import MatrixCell, MatrixRow
from trendwarte.types import Reason


def lines(lang, *reasons, bands=("watch", "test")):
    phrases = Phrases(lang, "Europe/Berlin")
    return reason_lines(reasons, names_of(load_once(), phrases), phrases, *bands)


def limit(code, floor, **more):
    values = {"jurisdiction": "US", "instrument": "us-eo-13942"} | more
    return Reason(code, floor=floor, **values)


@pytest.mark.parametrize(
    ("lang", "ended"),
    [("de", "USA: Executive Order 13942 (TikTok), Grenze entfallen; bisher: die Maßnahme war ausgesetzt, aber nicht aufgehoben"),
     ("en", "United States: Executive Order 13942 (TikTok), limit lifted; until now: the measure was suspended, but not lifted")],
)  # fmt: skip
def test_a_limit_that_ended_is_told_as_what_held_until_now_and_about_which_law(lang, ended):
    assert lines(lang, limit("floor_lifted", "F4")) == [ended]


@pytest.mark.parametrize("lang", ["de", "en"])
def test_no_limit_that_ended_is_told_in_words_that_say_it_holds(lang):
    words = catalogue(lang)
    assert set(words["floor"]) == set(words["floor_was"]) >= {f"F{n}" for n in range(1, 11)}
    for floor in words["floor"]:
        (told,) = lines(lang, limit("floor_lifted", floor))
        assert told.endswith(f": {words['floor_was'][floor]}") and words["floor_was"][floor] != words["floor"][floor]


def test_two_limits_are_told_apart_by_their_laws():
    told = lines(
        "de", limit("floor_set", "F3", instrument="us-pafaca"), limit("floor_set", "F3", instrument="us-cfius-2019")
    )
    assert len(told) == 2 and "Protecting Americans" in told[0] and "CFIUS" in told[1]


def test_a_limit_without_a_law_begins_with_itself():
    assert lines("de", Reason("floor_set", floor="F8")) == ["Grenze gesetzt: zu wenige Angaben für mehr"]
    assert lines("en", limit("floor_set", "F7", instrument=""))[0].startswith("United States, limit set: ")


@pytest.mark.parametrize(
    ("floor", "detail", "said", "not_said"),
    [("F9", "hype", "noch kein beständiges Publikum", "schwindet"), ("F9", "fading", "das Publikum schwindet", "noch kein"),
     ("F2", "closed", "Dienst eingestellt", "nicht verfügbar"), ("F2", "not_available", "nicht verfügbar", "eingestellt")],
)  # fmt: skip
def test_a_rule_with_two_halves_says_which_one_holds(floor, detail, said, not_said):
    cell = MatrixCell("advertising", "watch", None, 50.0, None, floor, date(2026, 3, 4), 1.0, 0.5, "watch", detail)
    page = render_brief(brief_of(rows=(MatrixRow("tiktok", "TikTok", "active", (cell,)),)), "de")
    row = page[page.index('data-label="Werbung"') :].split("</td>")[0]
    assert said in row and not_said not in row
    assert said in lines("de", Reason("floor_set", floor=floor, floor_detail=detail))[0]


@pytest.mark.parametrize(
    ("band", "cap", "is_shown"),
    [("watch", "watch", True), ("avoid", "watch", False), ("exit", "watch", False), ("exit", "avoid", True), ("avoid", "avoid", True)],
)  # fmt: skip
def test_a_limit_above_the_band_is_not_named_as_its_cause(band, cap, is_shown):
    cell = MatrixCell("advertising", band, None, 10.3, None, "F8", date(2026, 3, 4), 0.5, 0.5, cap, "coverage")
    page = render_brief(brief_of(rows=(MatrixRow("tiktok", "TikTok", "active", (cell,)),)), "de")
    row = page[page.index('data-label="Werbung"') :].split("</td>")[0]
    assert ("zu wenige Angaben" in row) is is_shown


@pytest.mark.parametrize("lang", ["de", "en"])
def test_what_to_do_names_no_ban_where_the_limit_may_be_another_measure(lang):
    for entry in load_once().playbook:
        if entry.cause in ("F1", "F3", "F4"):
            assert not re.search(r"\b(Verbot|ban)\b", entry.de if lang == "de" else entry.en), entry


@pytest.mark.parametrize(
    ("lang", "bands", "said"),
    [("de", ("test", "watch"), "Grenze verschärft"), ("de", ("watch", "test"), "Grenze gelockert"), ("de", ("avoid", "avoid"), "Grenze verschoben"),
     ("en", ("test", "watch"), "limit tightened"), ("en", ("watch", "test"), "limit relaxed"), ("en", ("avoid", "avoid"), "limit moved")],
)  # fmt: skip
def test_a_limit_that_replaces_itself_is_stricter_or_looser_only_where_the_band_shows_it(lang, bands, said):
    (told,) = lines(lang, limit("floor_set", "F3"), limit("floor_lifted", "F3"), bands=bands)
    assert f", {said}: " in told
