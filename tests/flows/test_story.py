"""The recorded world, night by night: what must be told, and what must never be."""

from collections import defaultdict
from html import unescape


def ledger_of(ask, platform, place):
    rows = ask(
        "SELECT valid_from::VARCHAR, instrument, state FROM mart.ledger WHERE platform = ? AND jurisdiction = ? ORDER BY row_id",
        platform, place,
    )  # fmt: skip
    return [tuple(row) for row in rows]


def test_the_law_against_tiktok_goes_its_way(ask):
    steps = [row for row in ledger_of(ask, "tiktok", "US") if row[1] == "us-pafaca"]
    days = [(day, state) for day, _, state in steps]
    for expected in [
        ("2024-03-13", "passed_chamber"), ("2024-04-24", "scheduled"), ("2025-01-19", "in_force"),
        ("2025-01-20", "non_enforced"), ("2026-01-22", "resolved"),
    ]:  # fmt: skip
        assert expected in days
    assert days[-1] == ("2026-01-22", "resolved")


def test_a_court_that_stops_a_ban_lowers_the_risk(ask):
    assert ("2020-09-27", "us-eo-13942", "stayed") in ledger_of(ask, "tiktok", "US")
    assert ("2023-11-30", "us-mt-sb419", "stayed") in ledger_of(ask, "tiktok", "US-MT")

    def legal(place, day):
        return ask(
            "SELECT value FROM mart.risk_at(?, ?) WHERE platform = 'tiktok' AND jurisdiction = ? AND dimension = 'legal'",
            f"{day} 23:59:59", f"{day} 23:59:59", place,
        )[0][0]  # fmt: skip

    assert legal("US-MT", "2023-12-01") < legal("US-MT", "2023-11-29") - 20
    # The forced sale ordered in August 2020 stood when the download ban was stopped: lower, but not low.
    assert 50 < legal("US", "2020-09-28") < legal("US", "2020-09-21")


def test_a_deadline_that_is_extended_twice_takes_nobody_s_service(ask):
    steps = [row for row in ledger_of(ask, "tiktok", "US") if row[1] == "us-cfius-2019"]
    assert steps[-1] == ("2020-11-25", "us-cfius-2019", "non_enforced")


def test_the_american_client_is_told_to_decide_in_time(ask):
    rows = ask(
        "SELECT as_of::DATE::VARCHAR, to_band FROM mart.alerts WHERE client = 'snack-us' AND platform = 'tiktok'"
        " AND purpose = 'advertising' AND status = 'queued' ORDER BY as_of"
    )
    told = dict(rows)
    assert "2024-04-24" in told and told["2024-12-20"] == "exit"
    bands = dict(ask(
        "SELECT as_of::DATE::VARCHAR, band FROM mart.verdicts WHERE client = 'snack-us' AND platform = 'tiktok'"
        " AND purpose = 'advertising'"
    ))  # fmt: skip
    assert bands["2025-01-19"] == "exit"
    held = [band for day, band in bands.items() if "2025-01-20" <= day <= "2026-02-20"]
    assert held and not {"recommend"} & set(held)


def test_no_step_of_the_law_goes_untold_even_where_nothing_is_to_be_decided(ask):
    rows = ask(
        "SELECT DISTINCT as_of::DATE::VARCHAR FROM mart.alerts WHERE client = 'snack-us' AND platform = 'tiktok'"
    )
    told = {day for (day,) in rows}
    assert {"2024-03-13", "2024-04-24", "2024-12-06", "2025-01-17", "2025-01-19", "2025-01-20", "2025-09-25",
            "2026-01-22"} <= told  # fmt: skip


def test_every_alert_that_was_sent_has_evidence(ask):
    assert ask("SELECT count(*) FROM mart.alerts WHERE status = 'queued'")[0][0] > 5
    assert ask("SELECT * FROM mart.alerts WHERE status = 'queued' AND json_array_length(evidence) = 0") == []


def test_clubhouse_is_never_recommended(ask):
    bands = {band for (band,) in ask("SELECT DISTINCT band FROM mart.verdicts WHERE platform = 'clubhouse'")}
    assert bands and "recommend" not in bands


def test_x_in_brazil_goes_to_exit_and_comes_back_slowly(ask):
    bands = dict(ask(
        "SELECT as_of::DATE::VARCHAR, band FROM mart.verdicts WHERE client = 'snack-us' AND platform = 'x'"
        " AND purpose = 'advertising'"
    ))  # fmt: skip
    assert bands["2024-08-30"] == "exit" and bands["2024-10-08"] == "watch"
    assert {bands[day] for day in bands if "2024-10-08" <= day <= "2024-11-06"} == {"watch"}


def test_rumours_demands_and_denials_move_no_legal_state(ask):
    moved = ask("SELECT * FROM mart.ledger l JOIN mart.events e USING (event_id) WHERE e.factuality <> 'asserted'")
    assert moved == []
    for place in ("GB", "FR", "ES", "TR", "DE", "RU"):
        for platform in ("tiktok", "x", "telegram", "threads"):
            assert ledger_of(ask, platform, place) == []
    assert ledger_of(ask, "tiktok", "IN") == [("2020-06-29", "in-69a", "enforced")]


def test_no_night_of_the_controls_alerts_anybody_about_social_media_as_such(ask):
    rows = ask(
        "SELECT * FROM mart.alerts WHERE status = 'queued' AND as_of::DATE IN"
        " ('2025-11-26', '2026-02-16', '2026-02-20', '2026-05-12')"
    )
    assert rows == []


def test_a_rise_that_only_time_brought_says_so_and_quotes_what_speaks_against_it(ask):
    rows = ask(
        "SELECT severity, from_band, to_band, json_array_length(evidence) FROM mart.alerts"
        " WHERE reasons::VARCHAR LIKE '%faded%'"
    )
    assert ("note", "test", "recommend", 0) in rows
    assert {severity for severity, *_ in rows} == {"note"} and {quotes for *_, quotes in rows} == {0}


def test_terms_sum_to_the_score(ask):
    off = ask(
        "SELECT v.client, v.platform, v.score, sum(t.points) AS total FROM mart.verdicts v"
        " JOIN mart.score_terms t USING (as_of, client, platform, purpose) WHERE v.score > 0"
        " GROUP BY ALL HAVING abs(total - v.score) > 1e-6 AND count(DISTINCT t.name) = count(t.name) LIMIT 3"
    )
    assert off == []


def test_scores_do_not_flicker(ask):
    changes = defaultdict(int)
    for client, platform, purpose in ask(
        "SELECT client, platform, purpose FROM mart.verdict_changes WHERE NOT is_baseline AND from_band <> to_band"
    ):
        changes[client, platform, purpose] += 1
    assert max(changes.values()) <= 20


def test_briefs_exist_in_both_languages_and_load_nothing(ask):
    german = (ask.state / "briefs" / "snack-us.de.html").read_text("utf-8")
    english = (ask.state / "briefs" / "snack-us.en.html").read_text("utf-8")
    assert "Eignung je Plattform" in german and "Suitability by platform" in english
    assert "<script" not in german and "default-src 'none'" in unescape(german)


def test_letters_arrived_in_the_mailbox(ask):
    sent = sum(report.counts["messages_sent"] for report in ask.reports)
    assert sent > 3
    assert len(list((ask.state / "mailbox" / "new").iterdir())) == sent
