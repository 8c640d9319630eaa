"""A verdict taken apart, in words of two languages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.explaining import as_json, as_text
from trendwarte.config_files import load_settings
from trendwarte.explaining import Explained, TermShift
from trendwarte.types import Floor, Term

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
NIGHT = datetime(2026, 5, 13, 23, 59, 59, tzinfo=UTC)
TERMS = (
    Term("fit", "audience", 39.67, "99 x 0.40"),
    Term("risk", "data:US", -15.4, "27.2"),
    Term("risk", "legal:US", -2.03, "3.6", ("e-1",), ("us-ntgda",)),
)


def explained(**more):
    values = {
        "as_of": NIGHT, "client": "snack-us", "platform": "tiktok", "purpose": "advertising", "band": "recommend",
        "raw_band": "recommend", "score": sum(t.points for t in TERMS), "coverage": 1.0, "confidence": 0.12, "floors": (),
        "terms": TERMS, "evidence": (), "counter": (), "before_at": None, "shifts": (), "contested": (), "unverified": (),
        "waiting": (),
    }  # fmt: skip
    return Explained(**values | more)


def told(found, lang="de"):
    return as_text(found, SETTINGS, lang)


@pytest.mark.parametrize(
    ("lang", "base", "share"),
    [("de", "Grundwert, keine Meldung", "Gering: 12 % des Abzugs für Risiken"),
     ("en", "base rate, no report", "Low: 12 % of what is deducted for risk")],
)  # fmt: skip
def test_a_term_that_nobody_reported_says_so_and_the_share_is_that_of_the_risk(lang, base, share):
    lines = told(explained(), lang).splitlines()
    assert [line for line in lines if base in line] == [line for line in lines if "−15" in line]
    assert any(share in line for line in lines)
    reported = told(explained(terms=(TERMS[0], replace(TERMS[1], event_ids=("e-2",)), TERMS[2])), lang)
    assert base not in reported


def test_the_record_holds_the_terms_as_they_are_stored():
    record = as_json(explained(), SETTINGS, "en")
    assert sum(term["points"] for term in record["terms"]) == pytest.approx(record["score"])
    assert record["confidence"] == 0.12


@pytest.mark.parametrize(
    ("lang", "verb", "law"),
    [("de", "Inkraftsetzung (Deutschland)", "Verbot von TikTok (Deutschland, März 2026)"),
     ("en", "enactment (Germany)", "Ban on TikTok (Germany, March 2026)")],
)  # fmt: skip
def test_steps_that_wait_and_laws_on_no_list_are_told_in_words(lang, verb, law):
    made = "de-tiktok-full-ban-2026-03"
    text = told(explained(waiting=(("enact", "DE"),), unverified=(made,)), lang)
    assert verb in text and law in text and made not in text


LIMIT = Floor("F8", "watch", detail="coverage")


@pytest.mark.parametrize(("lang", "way"), [("de", "Nach unten"), ("en", "Downwards")])
@pytest.mark.parametrize(
    ("band", "raw_band", "floors", "is_told"),
    [("exit", "watch", (Floor("F1", "avoid", "US", "us-pafaca", "in_force"),), False), ("avoid", "avoid", (), False),
     ("exit", "avoid", (), False), ("avoid", "watch", (Floor("F10", "avoid"),), False), ("watch", "watch", (), True),
     ("recommend", "recommend", (), True)],
)  # fmt: skip
def test_no_way_down_leads_to_where_the_verdict_is_already(lang, way, band, raw_band, floors, is_told):
    assert (way in told(explained(band=band, raw_band=raw_band, floors=floors), lang)) is is_told


@pytest.mark.parametrize(
    ("lang", "rule", "way"),
    [("de", "Diese Grenze gilt", "Die Grenze fällt"), ("en", "This limit holds", "The limit goes")],
)
def test_a_limit_above_the_band_neither_holds_it_nor_would_lift_it(lang, rule, way):
    low = told(explained(band="avoid", raw_band="avoid", score=10.3, floors=(LIMIT,)), lang)
    held = told(explained(band="watch", raw_band="watch", score=40.0, floors=(LIMIT,)), lang)
    assert rule not in low and way not in low and rule in held and way in held


def test_the_way_up_says_how_long_it_takes_and_is_closed_where_too_little_is_known():
    known = explained(band="test", raw_band="test", score=60.0)
    assert "30 Tage lang mindestens 67" in told(known) and "3 Nächte" in told(known)
    assert "Nach oben" not in told(replace(known, coverage=0.7))


@pytest.mark.parametrize(
    ("lang", "fit", "risk", "none"),
    [("de", "(99 × 0,40)", "(27,2;", " 0,00  "), ("en", "(99 × 0.40)", "(27.2;", " 0.00  ")],
)  # fmt: skip
def test_numbers_are_written_as_the_language_does_and_nothing_has_no_sign(lang, fit, risk, none):
    tiny = Term("risk", "viability:US", -0.0004, "0.0", ("e-9",))
    text = told(explained(terms=(*TERMS, tiny)), lang)
    assert fit in text and risk in text and none in text
    assert "−0,00 " not in text and "−0.00 " not in text and "-0" not in text


@pytest.mark.parametrize(
    ("lang", "day", "before"), [("de", "14. Mai 2026", "13. Mai 2026"), ("en", "May 14, 2026", "May 13, 2026")]
)
def test_days_are_those_of_letters_and_briefs(lang, day, before):
    shift = TermShift("risk", "legal:US", -1.0, -2.03)
    found = explained(before_at=NIGHT - timedelta(days=1), shifts=(shift,))
    text = told(found, lang)
    assert day in text.splitlines()[1] and before in text
