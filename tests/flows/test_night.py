"""One night and its neighbours: repeated, broken, changed, watched from outside."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows.demo import end_of, settings_for, world
from flows.engine import PlainEngine
from flows.house import opened
from flows.monitor import night
from trendwarte.errors import LockedError

CONFIG = Path(__file__).parents[2] / "config"
TABLES = (
    "runs", "documents", "signals", "events", "ledger", "risk_daily", "verdicts", "verdict_changes", "score_terms",
    "alerts", "messages", "deliveries", "source_health",
)  # fmt: skip


def sizes(house):
    count = {}
    for table in TABLES:
        count[table] = house.warehouse.con.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return count


def live(house, server, *days):
    reports = []
    for day in days:
        as_of = end_of(date.fromisoformat(day))
        server.set_night(as_of)
        reports.append(night(house, as_of, PlainEngine()))
    return reports


@pytest.fixture
def place(tmp_path):
    with world(CONFIG, tmp_path) as (house, server, office):
        yield house, server, office


def test_the_first_run_alerts_nobody_and_the_second_tells(place):
    house, server, office = place
    first, second = live(house, server, "2024-08-29", "2024-08-30")
    assert first.is_baseline and first.baseline_reason == "first run" and first.counts["alerts"] == 0
    assert second.counts["messages_sent"] >= 1
    letter = office.messages[0]
    assert letter["To"] == "team@snack-us.example" and letter["Message-ID"].startswith("<tw-")
    assert letter.get_body(("plain",)) and letter.get_body(("html",))
    assert "X recommend → exit" in letter["Subject"] or "X test → exit" in letter["Subject"]
    assert "Brazil" in letter.get_body(("plain",)).get_content()


def test_the_same_night_again_adds_no_row_and_sends_nothing(place):
    house, server, office = place
    live(house, server, "2024-08-29", "2024-08-30")
    before, letters = sizes(house), len(office.messages)
    (again,) = live(house, server, "2024-08-30")
    assert again.outcome == "unchanged"
    assert sizes(house) == before and len(office.messages) == letters


def test_with_every_source_down_the_night_is_degraded_and_no_risk_falls(place):
    house, server, _ = place
    live(house, server, "2024-04-24", "2024-04-25")
    risk = "SELECT platform, jurisdiction, dimension, arg_max(value, as_of) FROM risk_daily GROUP BY ALL"
    before = {row[:3]: row[3] for row in house.warehouse.con.execute(risk).fetchall()}
    server.break_everything()
    (report,) = live(house, server, "2024-06-30")
    assert report.outcome == "degraded" and any("quorum" in problem for problem in report.problems)
    after = {row[:3]: row[3] for row in house.warehouse.con.execute(risk).fetchall()}
    assert all(after[key] >= before[key] - 1e-9 for key in before)
    server.repair()
    (report,) = live(house, server, "2024-07-01")
    assert report.outcome == "ok"


def test_a_changed_configuration_sets_a_baseline_and_alerts_nobody(tmp_path):
    with world(CONFIG, tmp_path) as (house, server, office):
        live(house, server, "2024-04-23")
    with world(CONFIG, tmp_path) as (house, server, office):
        changed = house.settings.model_copy(update={"fingerprint": "changed"})
        house = type(house)(changed, house.state, house.warehouse, house.reader, house.origins)
        (report,) = live(house, server, "2024-04-24")
        assert report.is_baseline and report.baseline_reason == "configuration changed"
        assert office.messages == [] and report.counts["alerts"] == 0


def test_a_second_process_may_query_while_a_night_holds_the_warehouse(place):
    house, server, _ = place
    live(house, server, "2024-04-24")
    command = [
        sys.executable, "-m", "flows", "query", "SELECT count(*) AS n FROM mart.documents", "--state", str(house.state),
        "--format", "json",
    ]  # fmt: skip
    found = subprocess.run(command, capture_output=True, text=True, cwd=CONFIG.parent, check=True)
    assert found.stdout.startswith('[{"n": ')


ANALYST = """
import sys
from pathlib import Path
from warehouse import query
state = Path(sys.argv[1])
whole = (
    "SELECT (SELECT count(*) FROM (SELECT DISTINCT as_of FROM mart.verdicts) ANTI JOIN mart.runs USING (as_of)),"
    " (SELECT count(*) FROM mart.verdicts v ANTI JOIN mart.score_terms t USING (as_of, client, platform, purpose)"
    "  WHERE v.score IS NOT NULL AND v.as_of = (SELECT max(as_of) FROM mart.verdicts)),"
    " (SELECT max(run_id) FROM mart.runs)"
)
while not (state / "over").exists():
    print(*query(state / "published" / "trendwarte.duckdb", whole)[1][0], flush=True)
"""


def test_an_analyst_may_query_all_through_many_nights_and_never_sees_half_of_one(place):
    house, server, _ = place
    live(house, server, "2024-04-24")
    # A script in a file, for DuckDB draws progress bars for `python -c`; answers to a file, for a full pipe would stop it.
    (house.state / "analyst.py").write_text(ANALYST, "utf-8")
    with (house.state / "told").open("w", encoding="utf-8") as stream:
        asking = subprocess.Popen(
            [sys.executable, str(house.state / "analyst.py"), str(house.state)], cwd=CONFIG.parent, text=True,
            stdout=stream, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(CONFIG.parent)},
        )  # fmt: skip
    days = [
        (date(2024, 4, 25) + timedelta(days=n)).isoformat()
        for n in range(int(os.environ.get("TRENDWARTE_NIGHTS", "4")))
    ]
    try:
        reports = live(house, server, *days)
    finally:
        (house.state / "over").touch()
        complaints = asking.communicate(timeout=60)[1]
    told = (house.state / "told").read_text("utf-8").splitlines()
    assert complaints == "" and all(report.outcome == "ok" for report in reports)
    assert {line.rsplit(" ", 1)[0] for line in told} == {"0 0"}
    assert len({line.rsplit(" ", 1)[1] for line in told}) >= 2


def test_two_nights_at_once_are_refused_with_the_name_of_the_holder(place):
    house, server, office = place
    with pytest.raises(LockedError, match="process"), opened(settings_for(house.settings, server, office), house.state):
        pass


def test_a_letter_the_server_refuses_for_now_is_sent_later_under_the_same_id(place):
    house, server, office = place
    live(house, server, "2024-08-29")
    office.fail_temporarily(20)
    (report,) = live(house, server, "2024-08-30")
    assert report.counts["messages_sent"] == 0 and report.problems
    office.fail_temporarily(0)
    live(house, server, "2024-08-31")
    ids = [letter["Message-ID"] for letter in office.messages]
    assert ids and len(ids) == len(set(ids))
    dead = house.warehouse.con.execute("SELECT count(*) FROM messages WHERE status <> 'sent'").fetchone()[0]
    assert dead == 0


def test_what_the_reader_can_ask_of_sources_with_manners(place):
    house, server, _ = place
    live(house, server, "2024-04-24", "2024-04-25")
    statuses = {exchange.status for exchange in server.requests}
    assert {200, 304} <= statuses
    states = {row[0] for row in house.warehouse.con.execute("SELECT DISTINCT state FROM source_health").fetchall()}
    assert {"ok", "not_modified", "stale", "unreachable"} <= states


# In a process of its own: Prefect keeps the address of the first server it met, and other tests start servers too.
FLOW = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from flows.demo import world
from flows.engine import PrefectEngine
from flows.monitor import in_flow, night
from flows.quiet import prepare_prefect

state = Path(sys.argv[1])
prepare_prefect(state / "prefect")
with world(Path("config"), state) as (house, server, _):
    as_of = datetime(2024, 4, 24, 23, 59, 59, tzinfo=UTC)
    server.set_night(as_of)
    report = in_flow(lambda: night(house, as_of, PrefectEngine()))
print(json.dumps({"outcome": report.outcome} | report.counts))
"""


@pytest.mark.flow
def test_the_night_runs_as_a_real_prefect_flow(tmp_path):
    found = subprocess.run(
        [sys.executable, "-c", FLOW, str(tmp_path)], capture_output=True, text=True, cwd=CONFIG.parent, check=False
    )
    assert found.returncode == 0, found.stderr[-2000:]
    report = json.loads(found.stdout.splitlines()[-1])
    assert report["outcome"] == "ok"
    assert report["sources_tried"] > 8 and report["documents_new"] > 50
