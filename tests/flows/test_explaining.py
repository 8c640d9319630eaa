"""A verdict taken apart, in words of two languages."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.explaining import as_json, as_text
from trendwarte.config_files import load_settings
from trendwarte.explaining import Explained
from trendwarte.types import Term

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
    [("de", "Grundwert, keine Meldung", "gering: 12 % des Abzugs für Risiken"),
     ("en", "base rate, no report", "low: 12 % of what is deducted for risk")],
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
     ("en", "enactment (Germany)", "Ban of TikTok (Germany, March 2026)")],
)  # fmt: skip
def test_steps_that_wait_and_laws_on_no_list_are_told_in_words(lang, verb, law):
    made = "de-tiktok-full-ban-2026-03"
    text = told(explained(waiting=(("enact", "DE"),), unverified=(made,)), lang)
    assert verb in text and law in text and made not in text
