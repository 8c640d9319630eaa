"""One is not many, and none has come: sentences take the form of their number, in both languages."""

import re
import string
from dataclasses import replace
from datetime import date, timedelta

import pytest

from alerts import Phrases, catalogue, names_of, numbered, opened, reason_text, render_brief
from alerts.wording import Block, change_line, score_change
from flows.explaining import sentences
from tests.alerts.conftest import alert, load_once
from tests.alerts.facts import brief_of
from tests.alerts.test_letters import letter_of, text_of
from trendwarte.brief_facts import MatrixCell, MatrixRow
from trendwarte.types import Reason

COUNTED = ("count", "days", "nights")
#: Spans of the configuration or of the brief itself, and lines left out (a single one is shown): never one.
NEVER_ONE = {"digest_more", "lead_calm", "lead_changes", "lead_changes_one", "no_deadlines"}


@pytest.mark.parametrize("lang", ["de", "en"])
def test_no_sentence_counts_one_as_many(lang):
    for words in (catalogue(lang)["text"], catalogue(lang)["ground"], sentences()[lang]):
        for key in words.keys() - NEVER_ONE:
            names = {name for _, name, _, _ in string.Formatter().parse(words[key]) if name}
            if counted := names & set(COUNTED):
                values = dict.fromkeys(names, "…") | dict.fromkeys(counted, 1)
                told = numbered(words, key, values).format(**values)
                assert not re.search(r"\b1 (?!more\b|von\b|of\b)[a-zA-Zäöü]", told), told


@pytest.mark.parametrize(
    ("lang", "days", "said"),
    [("de", 1, "noch ein Tag bis"), ("de", 0, "ist erreicht"), ("de", 7, "noch 7 Tage"),
     ("en", 1, "one day left"), ("en", 0, "has come"), ("en", 7, "7 days left")],
)  # fmt: skip
def test_a_date_that_comes_near_is_counted_as_people_do(lang, days, said):
    phrases = Phrases(lang, "Europe/Berlin")
    reason = Reason("deadline", instrument="us-pafaca", jurisdiction="US", due_date=date(2026, 3, 4), days=days)
    assert said in reason_text(reason, names_of(load_once(), phrases), phrases)


@pytest.mark.parametrize(
    ("lang", "distances"),
    [("de", ("vor 2 Tagen", "gestern", "heute", "morgen", "in 2 Tagen")),
     ("en", ("2 days ago", "yesterday", "today", "tomorrow", "in 2 days"))],
)  # fmt: skip
def test_distances_are_words_where_there_are_words(lang, distances):
    today = date(2026, 3, 4)
    phrases = Phrases(lang, "Europe/Berlin")
    assert tuple(phrases.distance(today + timedelta(days=n), today) for n in range(-2, 3)) == distances


def test_a_single_line_is_shown_rather_than_counted():
    block = Block("t", ("a", "b", "c"), "and {count} more")
    assert block.first(2) == ("a", "b", "c") and block.first(1) == ("a", "and 2 more")


@pytest.mark.parametrize(
    ("lang", "said"), [("de", ("Eine frühere Änderung", "Eine weitere Plattform, zu der")),
                       ("en", ("One earlier change", "One more platform with"))],
)  # fmt: skip
def test_the_brief_counts_one_change_and_one_platform_as_one(lang, said):
    facts = brief_of()
    cell = MatrixCell("advertising", "unknown", None, None, None, "F8", date(2026, 3, 4), 0.1, 0.1)
    page = render_brief(brief_of(changes=facts.changes[:7], rows=(MatrixRow("kick", "Kick", "none", (cell,)),)), lang)
    assert all(part in page for part in said)


@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_letter_to_a_client_holds_no_command(lang):
    plain, html = text_of(letter_of(alert(), language=lang)[0])
    for text in (plain, html):
        assert "trendwarte alerts" not in text and "--client" not in text
    assert catalogue(lang)["text"]["quiet_how"].format(platform="TikTok") in plain


@pytest.mark.parametrize(
    ("before", "after", "german", "english"),
    [
        (71.4, 12.0, "Wert 71 → 12 von 100", "score 71 → 12 of 100"),
        (70.3, 69.6, "Wert weiterhin rund 70 von 100", "score still about 70 of 100"),
        (29.6, 30.4, "Wert weiterhin rund 30 von 100", "score still about 30 of 100"),
        (70.0, 70.0, "Wert weiterhin rund 70 von 100", "score still about 70 of 100"),
        (None, 70.0, "Wert 70 von 100", "score 70 of 100"),
        (70.0, None, "", ""),
    ],
)
def test_no_score_is_said_to_have_moved_to_where_it_was(before, after, german, english):
    for lang, said in (("de", german), ("en", english)):
        phrases = Phrases(lang, "Europe/Berlin")
        assert score_change(before, after, phrases) == said
        one = alert(from_score=before, to_score=after)
        assert change_line(one, phrases).endswith(f" ({said})" if said else "exit" if lang == "en" else "Rückzug")
        change = replace(brief_of().changes[0], from_score=before, to_score=after, lead_purpose="advertising")
        page = render_brief(brief_of(changes=(change,)), lang)
        told = page[page.index('<p class="move">') : page.index("</article>")]
        assert opened(said) in told and (said == "" or ("→ 12 " in told) is ("→" in said))
        assert bool(said) is (" 100</p>" in told)
