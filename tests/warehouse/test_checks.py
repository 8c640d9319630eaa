"""Each data-quality check finds the rows that break its rule, and nothing in a sound warehouse."""

import json

import pytest

from warehouse import Warehouse, run_checks
from warehouse.checks import _checks

#: name -> what is broken to make it fire
BROKEN = {
    "fail_signal_without_document": "DELETE FROM documents WHERE document_id = (SELECT min(document_id) FROM signals)",
    "fail_signal_without_event": "DELETE FROM events WHERE event_id = (SELECT min(event_id) FROM signals)",
    "fail_event_without_signal": "DELETE FROM signals WHERE event_id = (SELECT min(event_id) FROM events)",
    "fail_ledger_without_event": "UPDATE ledger SET event_id = 'nobody' WHERE event_id IS NOT NULL",
    "fail_ledger_from_rumour": "UPDATE events SET factuality = 'speculated', denial = 0 WHERE event_id IN (SELECT event_id FROM ledger)",
    "fail_ledger_knows_the_future": "UPDATE ledger SET known_from = known_from + INTERVAL 1 DAY",
    "fail_verdict_without_terms": "DELETE FROM score_terms WHERE platform = 'x'",
    "fail_terms_miss_the_score": "UPDATE score_terms SET points = points + .5 WHERE kind = 'fit'",
    "fail_message_sent_twice": "INSERT INTO deliveries SELECT message_id, attempt + 1, attempted_at, status, detail FROM deliveries",
    "fail_alert_without_evidence": "UPDATE alerts SET evidence = '[]' WHERE json_array_length(event_ids) > 0",
    "fail_message_for_unknown_alert": "UPDATE messages SET alert_ids = '[\"a-nobody\"]'",
    "warn_evidence_misses_the_events": "UPDATE evidence_moves SET mass = mass + 1 WHERE event_date = (SELECT max(event_date) FROM evidence_moves)",
    "warn_document_from_the_future": "UPDATE documents SET published_at = first_seen_at + INTERVAL 3 DAY",
    "warn_source_silent": "UPDATE source_state SET last_ok_at = last_fetch_at - INTERVAL 11 DAY",
    "warn_message_waits": "UPDATE messages SET status = 'pending', queued_at = queued_at - INTERVAL 2 DAY",
    "warn_run_never_ended": "UPDATE runs SET outcome = 'running' WHERE as_of = (SELECT min(as_of) FROM runs)",
    "warn_due_date_passed_unconfirmed": "UPDATE ledger SET is_due_unverified = TRUE, due_date = DATE '2024-01-01'",
}  # fmt: skip


def test_every_check_has_a_case_here_and_a_rule_in_its_first_line():
    assert set(_checks()) == set(BROKEN)
    assert all(text.startswith("-- ") for text in _checks().values())


def test_each_check_finds_what_was_broken_and_a_sound_warehouse_breaks_none(own_story):
    with Warehouse(own_story / "warehouse.duckdb") as house:
        assert [one.name for one in run_checks(house.con, "calm") if one.severity == "fail"] == []
        for name, sql in BROKEN.items():
            house.con.execute("BEGIN")
            house.con.execute(sql)
            found = {one.name: one for one in run_checks(house.con, "broken")}
            house.con.execute("ROLLBACK")
            assert name in found, f"{name} found nothing after {sql}"
            assert found[name].offending > 0 and json.loads(found[name].sample)


def test_what_a_check_found_is_kept_under_its_night(own_story):
    with Warehouse(own_story / "warehouse.duckdb") as house:
        house.con.execute(BROKEN["fail_event_without_signal"])
        run_checks(house.con, "night-1")
        run_checks(house.con, "night-1")
        rows = house.con.execute("SELECT check_name, offending FROM check_results WHERE run_id = 'night-1'").fetchall()
    assert len(rows) == len(BROKEN) and dict(rows)["fail_event_without_signal"] == 1


@pytest.mark.parametrize("name", _checks())
def test_a_check_names_its_weight_in_its_name(name):
    assert name.startswith(("fail_", "warn_"))
