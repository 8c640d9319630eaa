"""Nobody reads an id: laws on no list, series, verbs and sources have names in both languages."""

from dataclasses import replace
from datetime import date

import pytest

from alerts import Phrases, catalogue, names_of, reason_text, render_brief
from tests.alerts.conftest import alert, load_once
from tests.alerts.facts import brief_of
from tests.alerts.test_letters import letter_of, text_of
from tests.judgement.test_causes import event
from trendwarte.brief_facts import Deadline, LegalLine
from trendwarte.ledger import _new_id as new_id
from trendwarte.types import Reason
from trendwarte.vocabulary import LEGAL_STATES, MEASURES, VERBS


def names(lang):
    return names_of(load_once(), Phrases(lang, "Europe/Berlin"))


@pytest.mark.parametrize(
    ("instrument", "german", "english"),
    [
        ("de-tiktok-full-ban-2026-03", "Verbot von TikTok (Deutschland, März 2026)", "Ban on TikTok (Germany, March 2026)"),
        ("us-mt-x-public-device-ban-2023-12", "Verbot von X auf Dienstgeräten (Montana, Dezember 2023)",
         "Ban on X on official devices (Montana, December 2023)"),
        ("global-all-social-age-limit-2025-01", "Altersgrenze für soziale Netzwerke (weltweit, Januar 2025)",
         "Age limit for social networks (worldwide, January 2025)"),
        ("none-telegram-fine-2024-08", "Geldbuße gegen Telegram (August 2024)", "Fine on Telegram (August 2024)"),
    ],
)  # fmt: skip
def test_a_law_on_no_list_is_called_by_what_it_does_to_whom_where_and_since_when(instrument, german, english):
    assert (names("de").law(instrument), names("en").law(instrument)) == (german, english)


@pytest.mark.parametrize("lang", ["de", "en"])
def test_every_id_the_ledger_can_make_has_a_name(lang):
    found = names(lang)
    for platform in (*load_once().platforms, "all_social"):
        for place in load_once().jurisdictions:
            for measure in MEASURES:
                made = new_id(event(platform=platform, jurisdiction=place, measure=measure))
                assert found.law(made) != made and made not in found.law(made), made
                if platform != "all_social":
                    assert load_once().platforms[platform].name in found.law(made)


@pytest.mark.parametrize("odd", ["us-pafaca-2", "x", "", "zz-tiktok-full-ban-2026-03", "us-tiktok-full-ban-2026-13"])
def test_an_id_that_says_nothing_is_shown_as_it_is(odd):
    assert names("de").law(odd) == odd


@pytest.mark.parametrize("lang", ["de", "en"])
def test_no_way_out_shows_the_id_of_a_law(lang):
    made = "us-tiktok-full-ban-2026-03"
    step = Reason("ledger_transition", jurisdiction="US", instrument=made, from_state="none", to_state="in_force")
    plain, html = text_of(letter_of(alert(reasons=(step,)), language=lang)[0])
    today = date(2026, 3, 4)
    line = LegalLine("tiktok", "TikTok", "US", made, "full_ban", "in_force", today, None, 0.9, False)
    due = Deadline("tiktok", "TikTok", "US", made, "full_ban", "scheduled", today, False)
    facts = brief_of(legal=(line,), deadlines=(due,), place_names=(("US", "USA", "United States"),))
    facts = replace(facts, changes=tuple(replace(c, reasons=(step,)) for c in facts.changes))
    called = names(lang).law(made)
    for told in (plain, html, render_brief(facts, lang)):
        assert made not in told and called in told
    assert f": {called}" not in plain, "the place is said once"


@pytest.mark.parametrize(
    ("lang", "said"), [("de", "(Meldungen und Seitenabrufe)"), ("en", "(reports and page views)")]
)  # fmt: skip
def test_a_spark_names_what_bursts_in_words(lang, said):
    spark = Reason("spark", jurisdiction="US", bursting="mentions page_views")
    assert said in reason_text(spark, names(lang), names(lang).phrases)


@pytest.mark.parametrize("lang", ["de", "en"])
def test_every_word_of_the_vocabulary_has_one_of_the_language(lang):
    words = catalogue(lang)
    assert set(words["verb"]) == set(VERBS)
    assert set(words["measure"]) == set(words["law"]) == set(words["law_for_all"]) == set(MEASURES)
    assert set(words["state"]) == set(LEGAL_STATES)


def test_a_source_is_called_by_its_name_and_its_errors_stay_with_the_operator():
    facts = brief_of()
    line = facts.health[0]
    fault = replace(line, state="rate_limited", detail="http://127.0.0.1/rss: 429, asks to come back in 3600 s")
    page = render_brief(replace(facts, health=(fault,)), "de", sources={line.source_id: "Bote & Echo"})
    assert "Bote &amp; Echo" in page and line.source_id not in page
    assert "gebremst" in page and "asks to come back" not in page and "127.0.0.1" not in page


@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_criterion_of_fit_that_changed_is_told_in_words(lang):
    for criterion in {name for weights in load_once().scoring.fit_weights.values() for name in weights}:
        text = reason_text(Reason("risk_change", points=-13.6, dimension=criterion), names(lang), names(lang).phrases)
        assert text.startswith(catalogue(lang)["criterion"][criterion]) and "()" not in text
