"""A whole back-test by the command line, over a month that never was: its report, its page, and what it refuses."""

import gzip
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from flows.backtest import (
    Period,
    Question,
    Variant,
    baselines,
    curve,
    read_corpus,
    replayed,
    variants_of,
)
from flows.backtest_page import page
from flows.backtest_timeline import timeline_steps
from tests.flows.calling import here
from tests.judgement.backtest_facts import (
    HEAD,
    HOSTILE,
    LISTED,
    RULES,
    SETTINGS,
    TOLD,
    WORDING,
    archive_lines,
    day,
    row,
    seen,
    timeline_lines,
    written,
)
from trendwarte.gold import read_gold
from trendwarte.measuring import TimelineStep


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The folder of one back-test, run once; the archive's lines lie in no order."""
    folder = tmp_path_factory.mktemp("month")
    done = here(*written(folder, archive_lines(reversed(TOLD))), "--json")
    facts = json.loads(done.stdout)
    assert facts["skipped"] == 0 and "reading" in done.stderr
    assert Path(facts["json"]) == folder / "report" / "backtest.json"
    return folder


@pytest.fixture(scope="module")
def figures(measured):
    return json.loads((measured / "report" / "backtest.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def period(figures):
    assert list(figures["periods"]) == ["all"]
    return figures["periods"]["all"]


@pytest.fixture(scope="module")
def html(measured):
    return (measured / "report" / "backtest.html").read_text("utf-8")


# --- the figures -----------------------------------------------------------------------------


def test_the_archive_s_first_and_last_day_are_the_first_and_last_night(figures, period):
    assert (period["start"], period["end"]) == ("2023-03-01", "2023-03-28")
    assert figures["documents"] == len(TOLD)
    assert figures["documents_naming_a_platform"] == sum("TikTok" in title for _, _, title, _ in TOLD)
    assert (period["contained"], period["listed"]) == (6, 7)


def test_the_ledger_knows_every_step_on_its_day_and_the_control_moves_nothing(period):
    ledger = period["ledger"]
    states = {event["id"][:2]: event["state_after_1"] for event in ledger["events"]}
    assert states == {"L1": "scheduled", "L2": "enforced", "L3": "enforced", "L4": "stayed", "L6": "enforced"}
    assert (ledger["steps"], ledger["right_after_1_day"], ledger["median_delay_nights"]) == (5, 1.0, 0)
    assert (ledger["controls"], ledger["controls_moved"]) == (1, 0)
    assert (ledger["transitions"], ledger["forbidden_transitions"]) == (4, 0)


def test_who_must_hear_hears_at_once(period):
    alerts = period["alerts"]
    assert (alerts["expected"], alerts["found"], alerts["recall"], alerts["median_delay_nights"]) == (2, 2, 1.0, 0)
    assert alerts["missed"] == [] and alerts["sent"] == 4


def test_the_call_thirty_days_before_the_ordered_date_is_counted_apart(period):
    alerts = period["alerts"]
    call = "2023-03-22 snack-us tiktok watch->exit band_change"
    assert alerts["without_cause"] == [call]
    assert alerts["called_by_dates"] == [f"{call}: us-cfius-2019 on 2023-04-21"]
    # The order lay 19 days back; the leak of the timeline came two days later, which is no cause.
    assert (alerts["precision_listed"], alerts["precision"], alerts["precision_any_event"]) == (0.75, 0.75, 0.75)
    assert (alerts["precision_with_dates"], alerts["precision_any_event_with_dates"]) == (1.0, 1.0)
    # Six clients for 28 days are 5.52 client-months.
    assert alerts["false_per_client_month"] == round(1 / (6 * 28 / 365.25 * 12), 3) == 0.181


def test_the_risk_moves_as_listed_also_where_no_client_is(period):
    assert period["direction"]["U"] == {"events": 4, "right": 1.0}
    assert period["direction"]["D"] == {"events": 1, "right": 1.0}
    assert period["direction"]["N"] == {"events": 1, "right": 0.0}, "a ban thought aloud is a risk, if no step"


def test_bands_moved_by_law_only_and_none_came_back(period):
    stability = period["stability"]
    assert (stability["changes"], stability["unprompted_per_pair_year"], stability["reversals"]) == (12, 0.0, 0)
    assert stability["pairs"] == sum(len(client.purposes) for client in SETTINGS.clients.values())


def test_the_independent_timeline_is_asked_for_bans_with_a_place(period):
    rows = [(r["date"][-2:], r["platform"], r["jurisdiction"], r["state"]) for r in period["timeline"]["rows"]]
    assert rows == [
        ("06", "tiktok", "IN", "enforced"), ("06", "wechat", "IN", "none"), ("17", "tiktok", "PK", "none")
    ]  # fmt: skip
    assert (period["timeline"]["steps"], period["timeline"]["known"]) == (3, 1)


def test_simpler_methods_are_asked_the_same(period):
    assert list(period["baselines"]) == ["B0 no change", "B1 mentions", "B2 ban words", "B3 mood", "B5 RepRisk"]
    asked = {(b["alerts"]["expected"], b["direction"]["U"]["events"]) for b in period["baselines"].values()}
    assert asked == {(2, 4)}
    none = period["baselines"]["B0 no change"]
    assert none["alerts"]["sent"] == 0 and none["alerts"]["precision"] is None and none["alerts"]["recall"] == 0.0
    assert none["direction"]["N"]["right"] == 1.0 and none["direction"]["U"]["right"] == 0.0
    assert period["ablations"] == {} and len(period["curve"]) == 20


def test_no_text_of_the_archive_is_in_the_report(measured, html):
    report = html + (measured / "report" / "backtest.json").read_text("utf-8")
    assert not [title for _, _, title, lead in TOLD if title in report or lead in report]


# --- the page --------------------------------------------------------------------------------


def tables(html):
    """Every table as rows of plain cells."""
    found = []
    for table in re.findall(r"<table>(.*?)</table>", html, re.DOTALL):
        rows = [re.split(r"<t[dh]>", line)[1:] for line in table.split("<tr>")[1:]]
        found.append([[unescape(re.sub(r"<[^>]+>", "", cell)) for cell in line] for line in rows])
    return found


def shown(value):
    return "-" if value is None else str(value)


def test_the_page_shows_the_figures_of_the_json(html, period):
    summary, steps, methods, _, bans = tables(html)
    alerts, ledger = period["alerts"], period["ledger"]
    told = {line[0]: line[2] for line in summary[1:]}
    assert told["ledger right within 7 days"] == shown(ledger["right_within_7_days"])
    assert told["controls moved"] == "0 of 1" and told["timeline bans known within 7 days"] == "1 of 3"
    assert told["act/decide precision (list or timeline)"] == shown(alerts["precision"])
    assert told["act/decide precision (list only)"] == shown(alerts["precision_listed"])
    assert told["act/decide precision (list or timeline, or a date a listed step set)"] == "1.0"
    assert told["act/decide precision (anything the timeline tells, or such a date)"] == "1.0"
    assert told["false act/decide per client-month"] == shown(alerts["false_per_client_month"])
    assert told["band changes per pair-year, no ledger cause"] == "0.0"
    assert [line[0] for line in steps[1:]] == [event["id"] for event in ledger["events"]]
    assert [line[6] for line in steps[1:]] == [event["state_after_1"] for event in ledger["events"]]
    assert [line[0] for line in methods[1:]] == ["ours", *period["baselines"]]
    for line, one in zip(methods[1:], [period, *period["baselines"].values()], strict=True):
        keys = ("precision", "recall", "sent", "false_per_client_month")
        assert line[1:5] == [shown(one["alerts"][key]) for key in keys]
        assert line[5] == " / ".join(shown(one["direction"][kind]["right"]) for kind in "UDN")
    assert [line[:4] for line in bans[1:]] == [
        [r["date"], r["platform"], r["jurisdiction"], r["state"]] for r in period["timeline"]["rows"]
    ]


def test_the_page_says_what_was_without_cause_and_what_a_date_explains(html, period):
    text = unescape(html)
    assert "Missed: none." in text
    assert f"Without cause in list or timeline: {period['alerts']['without_cause'][0]}." in text
    assert f"(the date as our ledger read it): {period['alerts']['called_by_dates'][0]}." in text


def test_the_page_needs_no_script_and_no_other_file_and_takes_hostile_text_as_text(html):
    assert "<script" not in html and "javascript:" not in html and "http-equiv" not in html
    assert not re.findall(r"""(?:src|href)\s*=|url\(|@import""", html)
    assert f"L6{HOSTILE}" in unescape(html), "the id of the event is shown"
    assert html.startswith("<!doctype html>") and html.rstrip().endswith("</html>")


def test_a_method_that_sent_nothing_has_no_precision_and_no_bar(html):
    assert "<title>B0 no change precision -</title>" in html
    assert "<title>ours precision 0.75</title>" in html


def test_what_is_lost_without_an_idea_stands_on_the_page(figures):
    lost = {"ledger_right_within_7_days": 0.25, "controls_moved": 1, "transitions": 9, "precision": None, "recall": 0.5,
            "sent": 3, "changes_per_pair_year": 1.75}  # fmt: skip
    one = json.loads(json.dumps(figures))
    one["periods"]["all"]["ablations"] = {"no <ledger>": lost}
    ablations = tables(page(one))[3]
    assert ablations[1] == ["no <ledger>", "0.25", "1", "9", "-", "0.5", "3", "1.75"]


def test_names_from_a_report_are_text_on_the_page_wherever_they_stand(figures):
    one = json.loads(
        json.dumps(figures).replace("snack-us", "<b>").replace('"PK"', '"<i>"').replace("B1 mentions", "<u>")
    )
    made = page(one)
    assert not re.findall(r"<[biu]>", made) and "&lt;u&gt;" in made and "&lt;i&gt;" in made


# --- again, and otherwise --------------------------------------------------------------------


@pytest.fixture(scope="module")
def question(measured):
    corpus = read_corpus([measured / "news.jsonl"], SETTINGS, WORDING, measured / "kept", print, print)
    steps = timeline_steps(measured / "timeline.jsonl", SETTINGS, WORDING, RULES)
    listed = read_gold(HEAD + LISTED, "events.csv")
    return Question(SETTINGS, listed, steps, WORDING, RULES, replace(corpus, platforms=frozenset({"tiktok"})))


def test_kept_readings_are_taken_and_a_changed_archive_or_list_of_names_is_read_anew(measured, tmp_path):
    said = []
    again = (SETTINGS, WORDING, measured / "kept", said.append, said.append)
    read_corpus([measured / "news.jsonl"], *again)
    assert said == []
    (tmp_path / "news.jsonl").write_text("\n".join(archive_lines(TOLD[:3])), "utf-8")
    assert len(read_corpus([tmp_path / "news.jsonl"], *again).documents) == 2
    other = replace(WORDING, words_as_names={"signal": ["Bakery"]})
    assert len(read_corpus([tmp_path / "news.jsonl"], SETTINGS, other, *again[2:]).documents) == 3
    assert len(said) == 2


def test_documents_without_a_signal_are_kept_if_they_name_a_platform_even_by_a_common_word(tmp_path):
    told = ((1, "BBC News", "Threads, a tale of wool", ""), (1, "BBC News", "A tale of threads", ""))
    (tmp_path / "news.jsonl").write_text("\n".join(archive_lines(told)), "utf-8")
    corpus = read_corpus([tmp_path / "news.jsonl"], SETTINGS, WORDING, tmp_path, print, print)
    assert [d.title for d in corpus.documents] == ["Threads, a tale of wool"] and corpus.readings == {}
    assert corpus.totals == {day("1"): 2}


def test_an_archive_may_be_a_folder_as_for_other_commands(tmp_path, measured):
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "a.jsonl").write_text((measured / "news.jsonl").read_text("utf-8"), "utf-8")
    with gzip.open(folder / "b.jsonl.gz", "wt") as stream:
        stream.write(archive_lines(((27, "Reuters", "A new lake in Ghana", ""),))[0])
    corpus = read_corpus([folder], SETTINGS, WORDING, tmp_path / "kept", print, print)
    assert sum(corpus.totals.values()) == len(TOLD) + 1


def test_without_the_ledger_the_same_is_asked_and_the_ban_is_not_told(question):
    period = Period("all", day("1"), day("10"))
    quiet = []
    ablation = next(one for one in variants_of(SETTINGS) if one.name == "no ledger")
    full, without = (
        replayed(question.corpus, variant, period.start, period.end, quiet.append)
        for variant in (Variant("full", SETTINGS), ablation)
    )
    assert without.ledger == () and len(full.ledger) == 3
    found = baselines(question, full, without, period)["B4 no ledger"]
    assert found["alerts"]["expected"] == question.figures(full, period)["alerts"]["found"] == 2
    assert found["alerts"]["found"] < 2


def test_each_ablation_takes_one_idea_away_and_leaves_the_rest(question):
    found = variants_of(SETTINGS)
    assert len({v.name for v in found}) == len(found) == 10
    changed = [v for v in found if v.settings.scoring != SETTINGS.scoring]
    assert {v.name for v in found} - {v.name for v in changed} == {"no independence"}
    assert all(v.settings.alerts == SETTINGS.alerts and v.settings.clients == SETTINGS.clients for v in found)
    sharp = next(v for v in found if v.name == "no hysteresis").settings.scoring
    assert all(b.leave == b.enter for b in sharp.boundaries) and sharp.nights_up == sharp.nights_down == 1


def test_the_curve_has_a_point_for_each_gap_and_number_of_nights_even_without_a_night():
    points = curve(seen(), SETTINGS, 1.0)
    assert len({(p["half_gap"], p["up"], p["down"]) for p in points}) == 20
    assert all(p["changes_per_pair_year"] == p["mean_wait_nights"] == 0.0 for p in points)


def known_of(question, *laws):
    march = Period("m", day("1"), day("31"))
    asked = replace(question, timeline=[TimelineStep(day("17"), "tiktok", "PK", is_ban=True)])
    (line,) = asked.timeline_figures(seen(*laws), march)["rows"]
    return line["known"], line["state"]


def test_a_ban_of_the_timeline_is_known_if_the_ledger_moved_that_week_or_holds_it_already(question):
    here_ = {"jurisdiction": "PK", "instrument": "pk-ban"}
    assert known_of(question, row("enforced", "24", **here_)) == (True, "enforced")
    assert known_of(question, row("enforced", "25", **here_)) == (False, "none")
    assert known_of(question, row("enforced", "1", **here_)) == (True, "enforced"), "told of again"
    lifted = row("lifted", "5", before="enforced", **here_)
    assert known_of(question, row("enforced", "1", **here_), lifted) == (False, "none")
    assert known_of(question, row("in_force", "1", **here_ | {"measure": "age_limit"})) == (False, "none")


def test_an_entry_of_a_timeline_is_a_step_where_the_platform_suffers_it(tmp_path):
    told = [
        ("Facebook bans an account of a singer.", []),
        ("TikTok is banned in Nepal.", [("tiktok", "NP", True, True)]),
        ("Nepal fines TikTok.", [("tiktok", "NP", False, True)]),
        ("TikTok lays off staff in Dublin.", [("tiktok", "", False, False)]),
        ("A bridge is blocked in Nepal. TikTok films it.", []),
    ]
    for text, steps in told:
        (tmp_path / "t.jsonl").write_text(json.dumps({"date": "2023-03-01", "text": text}), "utf-8")
        found = timeline_steps(tmp_path / "t.jsonl", SETTINGS, WORDING, RULES)
        assert [(s.platform, s.jurisdiction, s.is_ban, s.is_legal) for s in found] == steps, text
    assert len(timeline_lines()) == 4


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--start", "2023-03-20", "--end", "2023-03-19"], "--end: 2023-03-19 lies before --start 2023-03-20"),
        (["--start", "2023-03-02", "--split", "2023-03-02"], "--split: 2023-03-02 must lie between"),
        (["--start", "yesterday"], "--start: 'yesterday' is no date"),
        (["--platform", "tictoc"], "--platform: 'tictoc' is unknown"),
    ],
)
def test_a_call_that_names_no_nights_is_wrong_and_says_why(measured, words, said):
    done = here(*written(measured), *words, code=2)
    assert said in done.stderr and not done.stdout


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (b"id,date\nL1,2023-03-01\n", "events.csv: column platform, jurisdiction"),
        ((HEAD + "L1,2023-03-01,tiktok\n").encode(), "events.csv:2: the line ends before jurisdiction"),
        (
            (HEAD + "L1,2023-03-01,tiktok,AT,X,block,full_ban,U,V,\xd6sterreich\n").encode("latin-1"),
            "is not UTF-8 at byte",
        ),
    ],
)
def test_a_list_that_cannot_be_used_is_named_before_anything_is_read(tmp_path, events, said):
    words = written(tmp_path)
    (tmp_path / "events.csv").write_bytes(events)
    done = here(*words, code=2)
    assert said in done.stderr and "reading" not in done.stderr and not (tmp_path / "report").exists()


def test_a_bad_line_is_told_on_every_run_not_only_by_the_one_that_reads(tmp_path):
    words = [*written(tmp_path, [*archive_lines(TOLD[:2]), "no line"]), "--end", "2023-03-01"]
    said = [here(*words, code=1).stderr for _ in range(2)]
    assert ["reading" in one for one in said] == [True, False]
    assert all("news.jsonl:3:" in one and "; skipped" in one for one in said)
    assert (tmp_path / "report" / "backtest.html").is_file()


def test_a_timeline_with_a_line_that_is_none_is_named_by_file_and_line(tmp_path):
    words = written(tmp_path)
    lines = [*timeline_lines(), "", "no line", '{"text": "TikTok is banned in Nepal."}', "[1]"]
    (tmp_path / "timeline.jsonl").write_text("\n".join(lines), "utf-8")
    done = here(*words, code=2)
    assert [f"timeline.jsonl:{n}:" in done.stderr for n in (4, 5, 6, 7, 8)] == [False, False, True, True, True]
    assert "reading" not in done.stderr


def test_a_packed_timeline_says_the_same(tmp_path, question):
    with gzip.open(tmp_path / "t.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.write("\n".join(timeline_lines()))
    assert timeline_steps(tmp_path / "t.jsonl.gz", SETTINGS, WORDING, RULES) == question.timeline


def test_an_archive_without_a_dated_document_is_refused_and_its_bad_lines_are_named(tmp_path):
    done = here(*written(tmp_path, ["no line", '{"title": "TikTok", "date": "soon"}']), code=2)
    assert "news.jsonl:1:" in done.stderr and "news.jsonl:2:" in done.stderr
    assert "no dated document in" in done.stderr
