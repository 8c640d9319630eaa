"""What a consultant would not want to read out: words said twice, ids, numbers of another language, a stale today."""

import re
from dataclasses import replace
from datetime import date, timedelta
from email import policy
from email.parser import BytesParser

import pytest

from alerts import Phrases, catalogue, compose_digest, ground_text, names_of, reason_text, render_brief
from tests.alerts.conftest import NIGHT, alert, load_once, settings_with
from tests.alerts.facts import brief_of
from tests.alerts.test_letters import MAIL, letter_of, text_of
from tests.alerts.test_openings import CODES
from tests.alerts.test_pages import digest
from trendwarte.radar.candidates import Ground
from trendwarte.telling import Memory
from trendwarte.types import Reason

LANGUAGES = ("de", "en")
DUE = date(2026, 4, 5)


def said(reason, lang):
    phrases = Phrases(lang, "Europe/Berlin")
    return reason_text(reason, names_of(load_once(), phrases), phrases)


def digest_of(lang, **facts):
    settings = settings_with(MAIL, language=lang)
    (message,) = compose_digest(digest(**facts), settings.clients["snack-us"], settings, Memory())
    letter = BytesParser(policy=policy.default).parsebytes(message.body)
    return letter["Subject"], text_of(letter)[0].splitlines()


@pytest.mark.parametrize(
    ("lang", "word", "day"), [("de", "Stichtag", "5. April 2026"), ("en", "date", "April 5, 2026")]
)
def test_a_sentence_calls_a_date_by_its_name_once(lang, word, day):
    law = {"instrument": "us-cfius-2019", "jurisdiction": "US", "due_date": DUE}
    named = [
        Reason("floor_set", floor="F3", **law), Reason("floor_lifted", floor="F3", **law),
        Reason("ledger_transition", from_state="proposed", to_state="scheduled", **law),
    ]  # fmt: skip
    bare = [
        Reason("floor_set", floor="F4", **law),
        Reason("ledger_transition", from_state="in_force", to_state="delayed", **law),
    ]
    left = said(Reason("ledger_transition", from_state="scheduled", to_state="delayed", **law), lang)
    assert left.endswith(f"({word} {day})"), "the date of a state that was left is another one"
    for reason in (*named, *bare):
        text = said(reason, lang)
        assert len(re.findall(rf"\b{word}\b", text)) == 1, text
        assert text.endswith(f"({day})" if reason in named else f"({word} {day})"), text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_reason_says_today_for_it_is_read_on_other_days_too(lang):
    for code in CODES:
        for days in (0, 1, 7):
            text = said(Reason(code, instrument="us-pafaca", due_date=DUE, days=days, floor="F1"), lang)
            assert not re.search(r"\b(heute|today|tonight)\b", text, re.IGNORECASE), text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_criterion_is_said_twice_in_its_own_reason(lang):
    for criterion in catalogue(lang)["criterion"]:
        words = re.findall(r"\w{6,}", said(Reason("risk_change", points=-3.0, dimension=criterion), lang).lower())
        assert len(words) == len(set(words)), words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sentence_needs_the_gender_of_the_clients_name(lang):
    text = catalogue(lang)["text"]
    for key in ("meaning", "quiet_how"):
        assert "{client}" not in text[key]
    plain, _ = text_of(letter_of(alert(), language=lang)[0])
    assert plain.count("Crunchwell Snacks (example)") == 1 and plain.startswith("Trendwarte: Crunchwell")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_letter_says_what_its_confidence_is_a_share_of(lang):
    plain, _ = text_of(letter_of(alert(confidence=0.05), language=lang)[0])
    (line,) = [line for line in plain.splitlines() if "5 von 100" in line or "5 of 100" in line]
    assert line.endswith("Meldungen und Rechtsschritten beruht" if lang == "de" else "reports and legal steps")


@pytest.mark.parametrize(
    ("lang", "begin"),
    [
        ("de", "Eine Änderung in den letzten 30 Tagen: TikTok von „"),
        ("en", "One change in the last 30 days: TikTok from “"),
    ],
)
def test_the_lead_has_one_colon(lang, begin):
    assert begin in render_brief(brief_of(changes=brief_of().changes[:1]), lang)


def test_a_digest_counts_the_lines_it_shows():
    first = alert(alert_id="n-1", status="digest", severity="note", from_band="test", to_band="watch")
    other = replace(first, alert_id="n-2", purpose="community", from_band="watch", to_band="avoid")
    alike = replace(first, alert_id="n-3", purpose="earned_pr")
    subject, lines = digest_of("de", notes=(first, other, alike), told=(), over_budget=0)
    shown = lines[lines.index("Zur Kenntnis") + 2 : lines.index("Weiterhin kritisch, wo Sie aktiv sind")]
    assert subject.endswith(": 2 Hinweise") and len([line for line in shown if line]) == 2


def test_a_digest_without_dates_announces_none():
    told, dates = ({"notes": (), "over_budget": 0, "deadlines": found} for found in ((), brief_of().deadlines))
    assert digest_of("de", **told)[0].endswith(": Rückblick auf das Gemeldete")
    assert digest_of("de", **dates)[0].endswith(": anstehende Stichtage")


@pytest.mark.parametrize(("over", "words"), [(1, "Einer dieser Hinweise lag"), (3, "3 dieser Hinweise lagen")])
def test_a_digest_says_what_would_have_been_too_much(over, words):
    _, lines = digest_of("de", over_budget=over)
    assert any(line.startswith(f"- {words} über dem vereinbarten Monatsmaß") for line in lines)


def test_a_long_name_of_a_law_does_not_cut_its_date_in_two():
    step = Reason("ledger_transition", jurisdiction="US", instrument="us-pafaca", from_state="non_enforced",
                  to_state="non_enforced", due_date=date(2026, 9, 23))  # fmt: skip
    one = alert(purpose="earned_pr", from_band="avoid", to_band="avoid", reasons=(step,), evidence=())
    notes = tuple(
        replace(one, alert_id=f"n-{p}", purpose=p) for p in ("earned_pr", "employer_branding", "exec_positioning")
    )
    _, lines = digest_of("de", notes=notes, over_budget=0)
    assert any("PAFACA" not in line and line.endswith("(Stichtag 23. September 2026)") for line in lines)


@pytest.mark.parametrize(
    ("ground", "german", "english"),
    [
        (Ground("rise", value=2.5), "2,5-mal so oft genannt wie zuvor", "Named 2.5 times as often as before"),
        (Ground("unsaid", value=0.12), "Nur 12 % der Meldungen", "Only 12% of the reports"),
        (Ground("fading", value=0.4), "Das Interesse liegt bei 40 % des", "Interest is down to 40% of"),
        (Ground("young", count=1), "Der Schub ist erst einen Tag alt.", "The surge is only one day old."),
        (Ground("young", count=0), "Der Schub hat gerade erst begonnen.", "The surge has only just begun."),
        (Ground("spread", value=1200, count=9), "1.200 Meldungen aus 9 Redaktionen", "1,200 reports from 9 outlets"),
        (Ground("spread", value=3, count=1), "Meldungen aus einer einzigen Redaktion", "Reports from a single outlet"),
        (Ground("new", on=DUE), "Erstmals aufgefallen am 5. April 2026", "First noticed on April 5, 2026"),
        (Ground("chart", value=3, detail="chart_rank_social us"), "Platz 3 in den App-Charts (soziale Netzwerke, USA)",
         "Number 3 in the app charts (social networks, United States)"),
        (Ground("trend", detail="trend_posts"), "In den Trends (Bluesky)", "Among the trends (Bluesky)"),
        (Ground("burst", detail="page_views"), "Seitenabrufe", "Page views"),
    ],
)  # fmt: skip
def test_the_radar_speaks_the_numbers_days_and_names_of_its_reader(ground, german, english):
    for lang, begin in (("de", german), ("en", english)):
        phrases = Phrases(lang, "Europe/Berlin")
        places = names_of(load_once(), phrases).places
        assert ground_text(ground, phrases, places).replace("\xa0", " ").startswith(begin)


def test_both_languages_have_the_same_words():
    german, english = catalogue("de"), catalogue("en")
    for group in german.keys() | english.keys():
        mine, theirs = set(german[group]), set(english[group])
        # A language may need a form of its own for one, or for none.
        assert {key for key in mine ^ theirs if not key.endswith(("_one", "_zero"))} == set(), group


def test_the_age_of_a_surge_is_told_in_the_brief():
    line = replace(brief_of().emerging[1], cautions=(Ground("young", count=1, on=NIGHT.date() - timedelta(days=1)),))
    assert "erst einen Tag alt" in render_brief(brief_of(emerging=(line,)), "de")


@pytest.mark.parametrize(("lang", "line", "subject"), [
    ("de", "- Werbung: weiterhin meiden (Wert 31 → 25 von 100)", "Handeln: TikTok weiterhin meiden"),
    ("en", "- Advertising: still avoid (score 31 → 25 of 100)", "Act: TikTok still avoid"),
])  # fmt: skip
def test_a_band_that_stays_is_not_said_to_have_moved_to_itself(lang, line, subject):
    letter, _ = letter_of(alert(from_band="avoid", to_band="avoid", from_score=31.0, to_score=25.0), language=lang)
    assert line in text_of(letter)[0].splitlines() and letter["Subject"] == subject


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_limit_that_ended_is_told_without_a_word_twice(lang):
    for floor in catalogue(lang)["floor_was"]:
        words = re.findall(r"\w{4,}", said(Reason("floor_lifted", floor=floor), lang).lower())
        verbs = [word for word in words if word in ("galt", "applied")]
        assert len(verbs) <= 1, words
