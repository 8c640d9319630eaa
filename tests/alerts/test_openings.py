"""A line begins with a large letter, whatever word of the catalogue stands first in it."""

import re
from dataclasses import replace
from datetime import date
from email import policy
from email.parser import BytesParser

import pytest
from icalendar import Calendar

from alerts import Phrases, catalogue, compose_digest, names_of, opened, render_brief
from alerts.feeds import calendar
from alerts.wording import change_line, reason_lines
from tests.alerts.conftest import NIGHT, alert, load_once, settings_with
from tests.alerts.facts import brief_of
from tests.alerts.test_letters import MAIL, letter_of, text_of
from tests.alerts.test_pages import digest
from trendwarte.telling import Memory
from trendwarte.types import Reason
from trendwarte.vocabulary import PURPOSES

CODES = ("ledger_transition", "floor_set", "floor_lifted", "risk_change", "standing_risk", "standing_base", "faded", "calmer", "event",
         "many_reports", "confirmed", "deadline", "spark", "caught_up")  # fmt: skip


def small(line):
    return re.match(r"[a-zäöü]", line)


@pytest.mark.parametrize(
    ("text", "begun"),
    [("limit set: x", "Limit set: x"), ("heute", "Heute"), ("eBay sale", "eBay sale"),
     ("USA: x", "USA: x"), ("3 Tage", "3 Tage"), ("", "")],
)  # fmt: skip
def test_a_word_begins_large_and_a_name_as_it_is_written(text, begun):
    assert opened(text) == begun


@pytest.mark.parametrize("lang", ["de", "en"])
def test_no_reason_and_no_change_begins_small(lang):
    phrases = Phrases(lang, "Europe/Berlin")
    names, words = names_of(load_once(), phrases), catalogue(lang)
    bare = [Reason(code, floor="F8", due_date=date(2026, 3, 4), days=3) for code in CODES]
    about = [
        replace(one, dimension=name, points=-2) for one in bare for name in (*words["dimension"], *words["criterion"])
    ]
    placed = [replace(one, jurisdiction="US", instrument="us-pafaca") for one in about]
    for line in reason_lines([*about, *placed], names, phrases, "test", "watch"):
        assert not small(line), line
    for purpose in PURPOSES:
        assert not small(change_line(alert(purpose=purpose), phrases))


@pytest.mark.parametrize("lang", ["de", "en"])
def test_letter_brief_and_digest_open_their_reasons_alike(lang):
    reasons = (Reason("floor_set", floor="F8"), Reason("risk_change", points=-3.0, dimension="peers"))
    own = replace(alert(), reasons=reasons, as_of=NIGHT)
    plain, _ = text_of(letter_of(own, language=lang)[0])
    facts = brief_of(changes=tuple(replace(c, reasons=reasons) for c in brief_of().changes))
    page = render_brief(facts, lang)
    settings = settings_with(MAIL, language=lang)
    (weekly,) = compose_digest(digest(told=(own,)), settings.clients["snack-us"], settings, Memory())
    told, _ = text_of(BytesParser(policy=policy.default).parsebytes(weekly.body))
    peers = opened(catalogue(lang)["criterion"]["peers"])
    said = f"{'Grenze gesetzt' if lang == 'de' else 'Limit set'}: {catalogue(lang)['floor']['F8']}"
    lines = plain.splitlines()
    assert f"- {said}" in lines and f"<li>{said}</li>" in page and f". {said}" in told
    assert f"<li>{peers}: " in page and any(line.startswith(f"- {peers}: ") for line in lines)
    assert not any(line.startswith("- ") and small(line[2:]) for line in lines)


@pytest.mark.parametrize("lang", ["de", "en"])
def test_dates_in_brief_and_calendar_open_what_is_planned(lang):
    facts = brief_of(deadlines=brief_of().deadlines[:1])
    planned = opened(catalogue(lang)["measure"]["forced_sale"])
    assert f"<small>{planned} · " in render_brief(facts, lang)
    (event,) = Calendar.from_ical(calendar(facts, settings_with(language=lang))).walk("VEVENT")
    assert not any(small(line) for line in str(event["description"]).splitlines()) and planned in event["description"]
