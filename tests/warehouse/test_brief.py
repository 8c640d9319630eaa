"""What a brief reads from the published copy: one purpose's numbers together, and who really answered."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts import catalogue, opened, render_brief
from trendwarte.config_files import load_settings
from trendwarte.ledger import is_dormant
from trendwarte.polling import ANSWERED
from trendwarte.types import Alert, Floor, LegalStatus, Reason, RunReport, SourceHealth, SourceMemory, Term, Verdict
from warehouse import Warehouse, brief_facts, load_configuration, publish

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
LAST = datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC)
BEFORE = LAST - timedelta(days=1)


def verdict(at, purpose, score, band="test", terms=()):
    return Verdict(at, "snack-us", "tiktok", purpose, band, score, band, coverage=1.0, confidence=0.5, terms=terms)


def facts_of(folder, *, pairs=(), states=(), alerts=(), laws=()):
    """The brief of the last of two nights; ``pairs`` are verdicts of both, ``states`` how the sources did in them."""
    pairs = pairs or [(verdict(BEFORE, "advertising", 60.0), verdict(LAST, "advertising", 60.0))]
    with Warehouse(folder / "warehouse.duckdb") as house, house.transaction():
        load_configuration(house.con, SETTINGS)
        for number, at in enumerate((BEFORE, LAST)):
            report = RunReport(f"night-{number}", at)
            house.runs.begin(report, started_at=at, engine="plain", fingerprint="f", reader="r")
            house.verdicts.store([pair[number] for pair in pairs], report.run_id, is_baseline=not number)
            house.sources.record(report.run_id, [
                (SourceHealth(f"source-{n}", state, at), SourceMemory(f"source-{n}"))
                for n, state in enumerate(states[number] if states else ())
            ])  # fmt: skip
            house.runs.finish(report, at)
        house.verdicts.store_changes(pairs, "night-1", {}, is_baseline=False)
        house.verdicts.store_alerts(alerts)
        house.ledger.append(laws, (), "night-1", LAST)
    with Warehouse(folder / "warehouse.duckdb") as house:
        publish(house.con, folder / "published", has_parquet=False)
    (found,) = brief_facts(
        folder / "published" / "trendwarte.duckdb", ["snack-us"], "Europe/Berlin", "1", SETTINGS.alerts
    )
    return found


@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_source_that_is_quiet_or_undated_has_answered(tmp_path, lang):
    tonight = [*sorted(ANSWERED), "unreachable", "rate_limited"]
    facts = facts_of(tmp_path, states=[["ok"] * len(tonight), tonight])
    said = catalogue(lang)["text"]["health_summary"].format(ok=len(ANSWERED), total=len(tonight))
    assert said in render_brief(facts, lang)


def test_the_last_answer_of_a_source_is_that_of_the_last_night_it_answered_in_any_way(tmp_path):
    facts = facts_of(tmp_path, states=[["ok", "ok", "dead"], ["stale", "unreachable", "dead"]])
    assert {line.source_id: line.last_ok_at for line in facts.health} == {
        "source-0": LAST, "source-1": BEFORE, "source-2": None,
    }  # fmt: skip
    assert [line.source_id for line in facts.health] == ["source-1", "source-2", "source-0"], "trouble first"


def test_a_cell_says_which_half_of_its_limit_holds_and_where_it_caps(tmp_path):
    one = replace(verdict(LAST, "advertising", 60.0, "watch"), floors=(Floor("F9", "watch", detail="fading"),))
    facts = facts_of(tmp_path, pairs=[(verdict(BEFORE, "advertising", 60.0), one)])
    (cell,) = next(row for row in facts.rows if row.platform == "tiktok").cells
    assert (cell.floor, cell.floor_cap, cell.floor_detail) == ("F9", "watch", "fading")


PURPOSES = ("advertising", "community", "earned_pr")


def three_purposes(tmp_path, scores):
    """Three purposes that fall alike, each with its own score, term and alert."""
    pairs, alerts = [], []
    for purpose, score in zip(PURPOSES, scores, strict=True):
        terms = (
            Term("fit", "audience", score + 12),
            Term("risk", "data:US", -12.0, f"{score}", instruments=("us-pafaca",)),
        )
        old, new = verdict(BEFORE, purpose, score + 9, "test"), verdict(LAST, purpose, score, "watch", terms)
        pairs.append((old, new))
        alerts.append(Alert(
            f"a-{purpose}", "night-1", LAST, "snack-us", "tiktok", purpose, "note", "band_change", "test", "watch", "t",
            from_score=old.score, to_score=new.score, reasons=(Reason("deadline", instrument=purpose),), status="digest",
        ))  # fmt: skip
    return facts_of(tmp_path, pairs=pairs, alerts=alerts)


@pytest.mark.parametrize("scores", [(40.0, 36.0, 44.0), (36.0, 40.0, 44.0), (40.0, 44.0, 36.0), (40.0, 40.0, 40.0)])
def test_scores_terms_and_alert_of_a_change_are_those_of_one_purpose(tmp_path, scores):
    (change,) = three_purposes(tmp_path, scores).changes
    assert change.purposes == PURPOSES
    lowest = PURPOSES[scores.index(min(scores))]
    assert (change.lead_purpose, change.to_score, change.from_score) == (lowest, min(scores), min(scores) + 9)
    assert change.terms == (Term("risk", "data:US", -12.0, f"{min(scores)}", instruments=("us-pafaca",)),)
    assert [reason.instrument for reason in change.reasons] == [lowest]


@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_change_of_several_purposes_says_whose_score_it_shows(tmp_path, lang):
    page = render_brief(three_purposes(tmp_path, (40.0, 36.0, 44.0)), lang)
    words = catalogue(lang)
    said = words["text"]["score"].format(before=45, after=36)
    assert f"{opened(words['purpose']['community'])}: {said}" in page


def paused(instrument, state, days_ago, due_in=None):
    at = LAST - timedelta(days=days_ago)
    due = None if due_in is None else LAST.date() + timedelta(days=due_in)
    return LegalStatus("tiktok", "US", instrument, "forced_sale", state, at.date(), at, due)


STATUSES = (
    paused("a", "non_enforced", 1900, -1890), paused("b", "stayed", 1900), paused("c", "delayed", 400, 20),
    paused("d", "non_enforced", 365, -300), paused("e", "stayed", 366), paused("f", "in_force", 1900),
    paused("g", "non_enforced", 400, 0), paused("h", "non_enforced", 400, -1),
)  # fmt: skip


@pytest.mark.parametrize(("lang", "word"), [("de", "ruht; zuletzt"), ("en", "dormant; last")])
def test_a_pause_that_nobody_touched_for_a_year_is_told_as_the_score_takes_it(tmp_path, lang, word):
    facts = facts_of(tmp_path, laws=STATUSES)
    expected = {s.instrument for s in STATUSES if is_dormant(s, LAST.date(), SETTINGS.scoring)}
    assert {line.instrument for line in facts.legal if line.is_dormant} == expected == {"a", "b", "e", "h"}
    page = render_brief(facts, lang)
    assert page.count(word) == len(expected)
