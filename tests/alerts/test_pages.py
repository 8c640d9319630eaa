"""Briefs, feeds, calendars and digests as text: complete in both languages, hostile texts harmless, small."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import timedelta
from email import policy
from email.parser import BytesParser

import feedparser
import pytest
from icalendar import Calendar

from alerts import catalogue, compose_digest, render_brief, render_index, render_operator, write_pages
from alerts.feeds import atom_feed, calendar
from tests.alerts.conftest import HOSTILE, NIGHT, alert, quote, settings_with
from tests.alerts.facts import TODAY, brief_of, operator_of
from trendwarte.brief_facts import DigestFacts, Standing
from trendwarte.settings import Channel
from trendwarte.telling import Memory
from trendwarte.types import Reason

LANGUAGES = ("de", "en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_part_of_the_brief_is_there(lang):
    page, words = render_brief(brief_of(), lang), catalogue(lang)["text"]
    for key in ("changes", "matrix", "deadlines", "timeline", "legal", "emerging", "health", "about", "degraded"):
        assert words[key].replace("'", "&#39;") in page, key
    for band in catalogue(lang)["band"].values():
        assert band in page
    assert page.count("<svg") == 5 and "UpScrolled" in page and "PAFACA" in page
    assert f'<html lang="{lang}">' in page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_word_is_missing_and_no_placeholder_is_left(lang):
    page = render_brief(brief_of(), lang) + render_operator(operator_of(), lang, "Europe/Berlin")
    text = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    assert not re.search(
        r"\{\w*\}|\bNone\b|employer_branding|forced_sale|preliminary_finding", re.sub(r"<[^>]+>", " ", text)
    )


def test_the_policy_allows_the_one_style_sheet_and_nothing_else():
    page = render_brief(brief_of(), "de")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page).group(1)
    assert policy.startswith("default-src &#39;none&#39;; style-src &#39;sha256-") or policy.startswith(
        "default-src 'none'; style-src 'sha256-"
    )
    assert "unsafe-inline" not in policy and "<script" not in page and "style=" not in page
    assert not re.search(r'(src|href)="(?!#|https?://)', page), "nothing is loaded"


def test_hostile_texts_are_texts_on_every_page():
    hostile = brief_of(HOSTILE, client_name=HOSTILE)
    pages = [render_brief(hostile, "de"), render_operator(operator_of(HOSTILE), "en", "UTC")]
    for page in pages:
        assert "<script" not in page and "<img" not in page and page.count("<svg") in (0, 5)


def test_a_link_that_is_no_web_address_is_no_link():
    page = render_brief(brief_of(changes=tuple(
        replace(change, evidence=(quote(url="javascript:alert(1)"),), counter_evidence=()) for change in brief_of().changes
    )), "en")  # fmt: skip
    assert "javascript:" not in page


def test_the_brief_of_a_quiet_first_night_reads_well():
    page = render_brief(
        brief_of(changes=(), legal=(), timelines=(), deadlines=(), emerging=(), health=(), is_degraded=False), "en"
    )
    for sentence in (
        "No verdict has changed",
        "No known instrument.",
        "No date within the next 180 days.",
        "Not yet watched for 90 days.",
    ):
        assert sentence in page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_largest_brief_is_below_400_kb(lang):
    assert len(render_brief(brief_of("Wort " * 40, platforms=60), lang).encode()) < 400_000


def with_alerts(facts):
    told = (
        alert(),
        alert(alert_id="a-2", purpose="community"),
        alert(alert_id="a-3", platform="x", evidence=(quote(HOSTILE + "\x0b\x00"),)),
    )
    return replace(facts, alerts=told)


def test_the_feed_is_one_that_readers_read():
    settings = settings_with(language="de")
    feed = atom_feed(with_alerts(brief_of()), settings)
    ElementTree.fromstring(feed)
    parsed = feedparser.parse(feed)
    assert not parsed.bozo and parsed.version == "atom10"
    assert [entry.title for entry in parsed.entries] == [
        "TikTok: jetzt „Rückzug“, zuvor „empfohlen“",
        "X: jetzt „Rückzug“, zuvor „empfohlen“",
    ]
    assert len({entry.id for entry in parsed.entries}) == 2 and "Community" in parsed.entries[0].content[0].value
    assert atom_feed(with_alerts(brief_of()), settings) == feed


def test_the_calendar_holds_each_date_once_under_a_lasting_id():
    settings = settings_with(language="de")
    first = Calendar.from_ical(calendar(brief_of(), settings))
    events = first.walk("VEVENT")
    assert [event.decoded("dtstart") for event in events] == [TODAY + timedelta(days=32), TODAY + timedelta(days=90)]
    assert "alle sozialen Netzwerke" in str(events[1]["summary"])
    moved = replace(brief_of(), deadlines=(replace(brief_of().deadlines[0], due_date=TODAY + timedelta(days=60)),))
    (event,) = Calendar.from_ical(calendar(moved, settings)).walk("VEVENT")
    assert event["uid"] == events[0]["uid"], "a date that moves moves its entry"


@pytest.mark.parametrize(("lang", "wider"), [("de", "weitere Verbote"), ("en", "wider prohibitions")])
def test_a_law_is_called_by_its_name_in_the_readers_language_and_by_its_own_where_it_has_but_one(lang, wider):
    settings = settings_with(MAIL, language=lang)
    first = brief_of().deadlines[0]
    dates = (replace(first, instrument="us-eo-13942-wider"), replace(first, instrument="us-mt-sb419"))
    names = tuple((i.id, i.name_in("de"), i.name_in("en")) for i in settings.instruments.values())
    facts = brief_of(deadlines=dates, instrument_names=names)
    (letter,) = compose_digest(digest(deadlines=dates), settings.clients["snack-us"], settings, Memory())
    plain = BytesParser(policy=policy.default).parsebytes(letter.body).get_body(("plain",)).get_content()
    for told in (render_brief(facts, lang), str(calendar(facts, settings), "utf-8").replace("\r\n ", ""), plain):
        assert wider in told.replace("\\,", ",") and "Montana SB 419" in told


def test_pages_are_replaced_whole_and_linked_from_the_index(tmp_path):
    settings = settings_with()
    for _ in range(2):
        write_pages(tmp_path, [with_alerts(brief_of())], operator_of(), settings)
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == [
        "index.html",
        "operator.html",
        "snack-us.atom.xml",
        "snack-us.de.html",
        "snack-us.en.html",
        "snack-us.ics",
    ]
    index = (tmp_path / "index.html").read_text("utf-8")
    for target in re.findall(r'href="([^"#]+)"', index):
        assert (tmp_path / target).is_file()
    assert "TikTok" in render_index([brief_of()], settings, "en")


MAIL = Channel(kind="email", to=["team@snack-us.example"])


def digest(**more):
    values = {
        "client": "snack-us", "since": NIGHT - timedelta(days=7), "until": NIGHT, "told": (alert(),),
        "notes": (
            alert(alert_id="n-1", platform="x", severity="note", from_band="test", to_band="test", status="digest",
                  reasons=(Reason("ledger_transition", jurisdiction="US", instrument="us-pafaca", from_state="introduced", to_state="passed_chamber"),)),
            alert(alert_id="n-2", platform="youtube", status="digest", status_reason="monthly budget is spent"),
        ),
        "over_budget": 1, "critical": (Standing("tiktok", ("advertising", "community"), "exit", "F3"),),
        "deadlines": brief_of().deadlines,
    }  # fmt: skip
    return DigestFacts(**values | more)


def test_the_digest_tells_what_was_told_noted_moved_over_and_what_lies_ahead():
    settings = settings_with(MAIL, language="de")
    (message,) = compose_digest(digest(), settings.clients["snack-us"], settings, Memory())
    assert message.alert_ids == ("a-1", "n-1", "n-2"), "whose quotes it holds"
    letter = BytesParser(policy=policy.default).parsebytes(message.body)
    plain = letter.get_body(("plain",)).get_content()
    assert letter["Subject"] == "Wochenübersicht Crunchwell Snacks (example): 2 Hinweise"
    for part in ("Bereits gemeldet", "Zur Kenntnis", "bleibt „testen“", "über dem vereinbarten Monatsmaß", "Weiterhin kritisch",
                 "TikTok, Werbung und Community: Rückzug", "Nächste Stichtage", "alle sozialen Netzwerke"):  # fmt: skip
        assert part in plain, part


@pytest.mark.parametrize("kind", ["slack", "teams", "discord", "webhook"])
def test_a_digest_keeps_the_limits_of_every_receiver(kind):
    from tests.alerts.conftest import SECRET
    from tests.alerts.test_payloads import CHECKS, URL

    notes = tuple(
        alert(alert_id=f"n-{n}", as_of=NIGHT - timedelta(hours=n), evidence=(quote("Wort " * 80),)) for n in range(60)
    )
    settings = settings_with(Channel(kind=kind, url=URL, secret=SECRET if kind == "webhook" else None))
    (message,) = compose_digest(digest(notes=notes, told=notes), settings.clients["snack-us"], settings, Memory())
    import json

    body = json.loads(message.body)
    if kind == "webhook":
        assert len(message.body) < 20_000 and body["type"] == "digest.weekly"
    else:
        CHECKS[kind](message, body)


def test_an_empty_week_sends_nothing():
    settings = settings_with(MAIL)
    empty = digest(told=(), notes=(), deadlines=(), over_budget=0)
    assert compose_digest(empty, settings.clients["snack-us"], settings, Memory()) == []


def test_one_client_without_digest_gets_none():
    settings = settings_with(MAIL.model_copy(update={"digest": False}))
    assert compose_digest(digest(), settings.clients["snack-us"], settings, Memory()) == []
