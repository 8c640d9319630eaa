"""Letters, read back by the standard library: headers, threads, both bodies, nothing smuggled in."""

import re
from dataclasses import replace
from datetime import timedelta
from email import policy
from email.parser import BytesParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import catalogue, compose, opened
from alerts.letters import Envelope, mail
from flows.explaining import as_text
from tests.alerts.conftest import HOSTILE, NIGHT, alert, load_once, many, quote, settings_with, verdict
from tests.flows.test_explaining import explained
from trendwarte.explaining import standing_reason
from trendwarte.settings import Channel
from trendwarte.types import Floor, Reason, Term

MAIL = Channel(kind="email", to=["team@snack-us.example"])


def letter_of(*alerts, **more):
    (message,) = compose(list(alerts), settings_with(MAIL, **more))
    return BytesParser(policy=policy.default).parsebytes(message.body), message


def text_of(letter):
    return letter.get_body(("plain",)).get_content(), letter.get_body(("html",)).get_content()


def test_a_letter_says_what_changed_for_whom_why_on_whose_word_and_what_to_do():
    letter, _ = letter_of(alert(counter_evidence=(quote("Berufung angekündigt", lang="de"),)), language="de")
    plain, html = text_of(letter)
    assert letter["Subject"] == "Handeln: TikTok empfohlen → Rückzug"
    for part in (
        "Trendwarte: Crunchwell Snacks (example), Stand 4. März 2026", "TikTok: jetzt „Rückzug“, zuvor „empfohlen“", "Das heißt für Werbung: den Rückzug einleiten.",
        "Wert 71 → 12 von 100", "Stichtag: 3. April 2026 (in 30 Tagen)", "Grenze gesetzt", "„TikTok muss bis 19. Januar verkauft werden“",
        "The Ledger, 3. März 2026", "auf Englisch", "Was dagegen spricht", "„Berufung angekündigt“", "Was wir empfehlen",
        "Sicherheit der Einschätzung: hoch (80 von 100)", "Meldungen zu TikTok lassen sich auf Zeit stummschalten",
        "Stand 4. März 2026, 05:00 Uhr MEZ",
    ):  # fmt: skip
        assert part in plain, part
        assert part in re.sub(r"<[^>]+>", "", html.replace("&#34;", '"').replace("&#39;", "'")), part


@pytest.mark.parametrize(
    ("language", "words"),
    [("de", ("Es kam keine neue Meldung dazu", "Dazu liegt keine neue Meldung vor", "Was dagegen spricht")),
     ("en", ("Nothing new was reported;", "Nothing new was reported on this", "What speaks against it"))],
)  # fmt: skip
def test_a_rise_that_only_time_brought_says_so_and_what_was_reported_speaks_against_it(language, words):
    rise = alert(from_band="test", to_band="recommend", severity="decide", reasons=(Reason("faded"),), evidence=(),
                 counter_evidence=(quote(),), due_date=None)  # fmt: skip
    plain, _ = text_of(letter_of(rise, language=language)[0])
    for part in words:
        assert part in plain, part


def test_the_headers_keep_robots_quiet_and_thread_by_client_and_platform():
    first, _ = letter_of(alert())
    second, _ = letter_of(alert(alert_id="a-2", from_band="exit", to_band="watch"))
    other, _ = letter_of(alert(platform="x"))
    assert first["Auto-Submitted"] == "auto-generated" and first["X-Auto-Response-Suppress"] == "All"
    assert first["References"] == second["References"] != other["References"]
    assert first["In-Reply-To"] == first["References"].split()[0]
    assert first["Message-ID"] != second["Message-ID"]
    assert first["Content-Language"] == "en" and first.is_multipart()
    both, _ = letter_of(alert(), alert(alert_id="a-3", platform="x"))
    assert set(both["References"].split()) == {first["References"], other["References"]}


HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
           "X-Auto-Response-Suppress", "List-Id", "MIME-Version", "Content-Type", "Content-Language"}  # fmt: skip


@given(text=st.text(max_size=300) | st.just(HOSTILE) | st.just("x\r\nBcc: evil@evil.example\r\n\r\nbody"))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_adds_a_header_or_a_recipient(text):
    envelope = Envelope("tw-1", "tw@agency.example", "team@snack-us.example", text, NIGHT, "de", "snack-us", (text,))
    (message,) = compose([alert(evidence=(quote(text, outlet=text),))], settings_with(MAIL))
    facts = {"letter": _empty(text), "sections": (), "hidden": text}
    for raw in (message.body, mail(envelope, "alert", facts)):
        letter = BytesParser(policy=policy.default).parsebytes(raw)
        assert set(letter.keys()) == HEADERS
        assert letter["To"] == "team@snack-us.example" and not letter.defects
        assert all(len(line) <= 998 for line in raw.split(b"\r\n")) and b"\n" not in raw.replace(b"\r\n", b"")


def _empty(text):
    from alerts.wording import Letter

    return Letter(text, text, (), text, "de", {}, ())


def test_fetched_markup_is_text_in_the_html_body():
    hostile = quote(HOSTILE, outlet=HOSTILE, url='https://a.example/"><script>')
    _, html = text_of(letter_of(alert(evidence=(hostile,), counter_evidence=(hostile,)))[0])
    assert (
        "<script" not in html.lower()
        and "<img" not in html.lower()
        and "javascript:alert" not in re.sub(r">[^<]*<", "><", html)
    )


@pytest.mark.parametrize("count", [1, 12, 36])
def test_a_letter_stays_below_the_size_mail_programs_clip(count):
    letter, message = letter_of(*many(count))
    assert len(message.body) <= 90_000
    plain, _ = text_of(letter)
    shown = plain.count("previously")
    assert shown == count or f"{count - shown} more platforms have changed" in plain


def test_purposes_that_move_alike_stand_in_one_sentence_and_the_most_urgent_platform_first():
    letter, message = letter_of(
        alert(alert_id="a-3", platform="x", severity="decide", from_band="recommend", to_band="test"),
        alert(), alert(alert_id="a-2", purpose="community"),
    )  # fmt: skip
    plain, _ = text_of(letter)
    assert "for advertising and community: start to leave" in plain
    assert plain.index("TikTok: now") < plain.index("X: now")
    assert message.severity == "act" and letter["Subject"] == "Act: TikTok recommend → exit (and 1 more)"


def test_a_change_without_a_report_says_so_instead_of_quoting():
    plain, _ = text_of(letter_of(alert(evidence=(), reasons=(Reason("confirmed", days=3),)))[0])
    assert "Nothing new was reported on this." in plain and "No opposing report known." in plain


@pytest.mark.parametrize(
    ("language", "words"), [("de", "(Grundwert, keine Meldung)"), ("en", "(base rate, no report)")]
)
def test_a_risk_that_nobody_reported_is_told_as_a_base_rate(language, words):
    for names, count in (((), 1), (("e-1",), 0)):
        weighs = standing_reason(Term("risk", "data:US", -15.4, event_ids=names))
        plain, _ = text_of(letter_of(alert(reasons=(weighs,)), language=language)[0])
        assert plain.count(words) == count


@pytest.mark.parametrize(
    ("language", "said"),
    [("de", "Stichtag: 3. April 2026 (in 30 Tagen), USA: CFIUS-Prüfung"), ("en", "Date: April 3, 2026 (in 30 days), United States: CFIUS review")],
)  # fmt: skip
def test_a_date_names_its_law_even_where_the_letter_is_about_another(language, said):
    due = NIGHT.date() + timedelta(days=30)
    other = alert(
        reasons=(Reason("ledger_transition", instrument="us-eo-13942", jurisdiction="US", to_state="stayed"),)
    )
    floors = (Floor("F4", "test", "US", "us-eo-13942"), Floor("F3", "avoid", "US", "us-cfius-2019", "scheduled", due))
    tonight = {(other.client, other.platform, other.purpose): replace(verdict(other), floors=floors)}
    (message,) = compose([other], settings_with(MAIL, language=language), None, tonight)
    plain, html = text_of(BytesParser(policy=policy.default).parsebytes(message.body))
    assert said in plain and said in html
    own = alert(reasons=(Reason("deadline", instrument="us-cfius-2019", jurisdiction="US", due_date=due, days=30),))
    assert said in text_of(letter_of(own, language=language)[0])[0]


def test_a_date_that_no_law_is_known_for_stands_alone():
    plain, _ = text_of(letter_of(alert(reasons=(Reason("floor_set", floor="F2"),)))[0])
    assert "Date: April 3, 2026 (in 30 days)" in plain.splitlines()


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(("sure", "level"), [(0.76, "high"), (0.74, "medium"), (0.46, "medium"), (0.44, "low")])
@pytest.mark.parametrize("coverage", [0.6, 0.9])
def test_letter_and_explanation_call_a_confidence_by_the_same_word(language, sure, level, coverage):
    known = load_once()
    # What more than a test needs to be known is another matter.
    scoring = known.scoring.model_copy(update={"coverage_recommend": coverage})
    word = catalogue(language)["confidence"][level]
    plain, _ = text_of(letter_of(alert(confidence=sure), language=language)[0])
    assert f": {word} ({100 * sure:.0f} " in plain
    text = as_text(explained(confidence=sure), known.model_copy(update={"scoring": scoring}), language)
    assert f"  {opened(word)}: {100 * sure:.0f} %" in text
