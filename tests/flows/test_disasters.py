"""What can break under a night: the next run completes, and the warehouse is that of an undisturbed machine."""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from demo import PostOffice, WorldServer
from flows.calendar import missed_nights
from flows.demo import end_of, settings_for
from flows.engine import PlainEngine
from flows.house import opened
from flows.monitor import due_nights, night
from trendwarte.config_files import load_settings
from trendwarte.errors import ClockError, LockedError, WarehouseError
from trendwarte.settings import Schedule
from warehouse import query

CONFIG = Path(__file__).parents[2] / "config"
SERVER = WorldServer()
FIRST, SECOND = date(2024, 8, 29), date(2024, 8, 30)
#: Rows without what differs between any two runs: clock times and seconds.
SAME = {
    "documents": "*", "signals": "*", "events": "*", "ledger": "* EXCLUDE (row_id)", "risk_daily": "* REPLACE (round(value, 9) AS value, round(low, 9) AS low, round(high, 9) AS high, round(confidence, 9) AS confidence)", "verdicts": "*",
    "verdict_changes": "*", "score_terms": "*", "alerts": "*", "check_results": "*",
    "runs": "run_id, as_of, outcome, is_baseline, baseline_reason, config_fingerprint, reader_version",
    "source_state": "source_id, state, body_hash, failures, newest_published_at",
    "messages": "message_id, client, channel, status, alert_ids, attempts",
    "deliveries": "message_id, attempt, status",
}  # fmt: skip


def rows(con):
    """Every row as text."""
    return {t: sorted(map(str, con.execute(f"SELECT {c} FROM {t}").fetchall()))
            for t, c in SAME.items()}  # fmt: skip


@contextmanager
def world(state):
    """A house on the one recorded world of this module: at another port its documents would have other ids."""
    state.mkdir(exist_ok=True)
    with (
        PostOffice(state / "mailbox") as office,
        opened(settings_for(load_settings(CONFIG, {}), SERVER, office), state) as house,
    ):
        yield house, SERVER, office


@pytest.fixture(scope="module", autouse=True)
def server():
    with SERVER:
        yield


def live(house, server, day):
    server.set_night(end_of(day))
    return night(house, end_of(day), PlainEngine())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The rows of two nights nobody disturbed."""
    with world(tmp_path_factory.mktemp("calm")) as (house, server, _):
        for day in (FIRST, SECOND):
            live(house, server, day)
        return rows(house.warehouse.con)


@pytest.fixture(scope="module")
def first_night(tmp_path_factory):
    """A state folder after the first night, to be broken in copies."""
    state = tmp_path_factory.mktemp("first")
    with world(state) as (house, server, _):
        live(house, server, FIRST)
    return state


@pytest.fixture
def state(first_night, tmp_path):
    return Path(shutil.copytree(first_night, tmp_path / "state", symlinks=True))


def finished(state):
    """Run the second night to its end and give all rows."""
    with world(state) as (house, server, _):
        report = live(house, server, SECOND)
        assert not report.is_held
        return rows(house.warehouse.con)


@pytest.fixture
def small_disk(first_night):
    """A disk of its own with little room left: what is written there meets a real ENOSPC."""
    folder = Path("/tmp") / f"trendwarte-disk-{os.getpid()}"
    folder.mkdir()
    size_kb = sum(p.stat().st_size for p in first_night.rglob("*") if p.is_file() and not p.is_symlink()) // 1024
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_kb + 2500}k", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"mounting a small disk needs root: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


# The more room, the later it ends: while collecting, reading, counting momentum, scoring.
@pytest.mark.parametrize("room", [60_000, 300_000, 800_000])
def test_a_full_disk_stops_the_night_with_a_sentence_and_room_lets_it_finish(
    small_disk, first_night, undisturbed, room
):
    state = Path(shutil.copytree(first_night, small_disk / "state", symlinks=True))
    ballast = small_disk / "ballast"
    free = shutil.disk_usage(small_disk).free
    ballast.write_bytes(b"x" * max(0, free - room))
    with pytest.raises(WarehouseError) as caught, world(state) as (house, server, _):
        live(house, server, SECOND)
    assert "No space left" in str(caught.value) or "space" in str(caught.value)
    ((night_id,),) = query(state / "published" / "trendwarte.duckdb", "SELECT max(run_id) FROM mart.runs")[1]
    assert night_id == "night-20240829T235959Z"
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=500m", str(small_disk)], check=True)
    assert finished(state) == undisturbed


def test_a_published_folder_that_takes_nothing_keeps_the_old_copy_and_the_night(state, undisturbed):
    snapshots = state / "published" / "snapshots"
    # Root may write anywhere; a file in the place of the folder stops even root.
    snapshots.rename(state / "aside")
    snapshots.write_text("in the way", "utf-8")
    with pytest.raises(WarehouseError, match="publishing to"):
        finished(state)
    assert query(state / "published" / "trendwarte.duckdb", "SELECT max(run_id) FROM mart.runs")[1] == [
        ("night-20240829T235959Z",)
    ]
    snapshots.unlink()
    assert finished(state) == undisturbed


def test_a_state_folder_that_takes_no_writes_gets_a_sentence_with_a_remedy(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    command = [sys.executable, "-m", "flows", "run", "--engine", "plain", "--state", str(small_disk / "state")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=CONFIG.parent, check=False)
    assert done.returncode == 3 and "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr and "--state" in done.stderr


@pytest.mark.parametrize(
    "words", [["demo", "--state"], ["serve", "--state"], ["run", "--state"], ["init"]], ids=" ".join
)
def test_a_folder_that_cannot_be_made_gets_a_sentence_from_every_command(tmp_path, words):
    (tmp_path / "file").write_text("in the way", "utf-8")
    command = [sys.executable, "-m", "flows", *words, str(tmp_path / "file" / "state")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=CONFIG.parent, check=False)
    assert done.returncode == 3 and "Traceback" not in done.stderr
    assert str(tmp_path / "file") in done.stderr and "another" in done.stderr


def test_a_torn_log_is_set_aside_and_the_night_runs_again(state, undisturbed):
    path = state / "warehouse.duckdb"
    # A process that dies in the middle of a night leaves a log; the power cut tears it.
    dying = ("import duckdb, os\n"
             f"con = duckdb.connect({str(path)!r})\n"
             "con.execute(\"SET checkpoint_threshold = '1TB'; DELETE FROM documents WHERE document_id IN (SELECT document_id FROM documents LIMIT 50)\")\n"
             "os._exit(9)\n")  # fmt: skip
    subprocess.run([sys.executable, "-c", dying], check=False)
    log = path.with_name("warehouse.duckdb.wal")
    torn = bytearray(log.read_bytes())
    assert len(torn) > 200
    torn[len(torn) // 2 : len(torn) // 2 + 40] = b"\xff" * 40
    log.write_bytes(torn)
    assert finished(state) == undisturbed
    assert list(state.glob("warehouse.duckdb.wal.damaged-*"))


def test_two_runs_at_once_are_one_run_and_a_sentence_with_the_process(state, undisturbed):
    with world(state) as (house, server, _):
        with pytest.raises(LockedError, match=f"process {os.getpid()}"), opened(house.settings, state):
            pass
        command = [sys.executable, "-m", "flows", "publish", "--state", str(state)]
        second = subprocess.run(command, capture_output=True, text=True, cwd=CONFIG.parent, check=False)
        assert second.returncode == 4 and str(os.getpid()) in second.stderr
        live(house, server, SECOND)
        assert rows(house.warehouse.con) == undisturbed


def test_a_clock_set_back_changes_nothing_and_the_right_time_goes_on(state, undisturbed):
    with world(state) as (house, server, _):
        before = rows(house.warehouse.con)
        with pytest.raises(ClockError, match="set the clock"):
            due_nights(house, datetime(2024, 8, 28, 4, tzinfo=UTC), PlainEngine())
        assert rows(house.warehouse.con) == before
        server.set_night(end_of(SECOND))
        due_nights(house, end_of(SECOND), PlainEngine())
        assert rows(house.warehouse.con) == undisturbed


def test_missed_nights_are_made_up_for_in_order_without_asking_anybody(state):
    with world(state) as (house, server, _):
        day = date(2024, 9, 2)
        server.set_night(end_of(day))
        reports = due_nights(house, end_of(day), PlainEngine())
        assert [f"{r.as_of:%m-%d %H:%M}" for r in reports] == [
            "08-31 02:00",
            "09-01 02:00",
            "09-02 02:00",
            "09-02 23:59",
        ]
        assert [r.outcome for r in reports] == ["degraded"] * 3 + ["ok"]
        asked = house.warehouse.con.execute("SELECT DISTINCT run_id FROM source_health ORDER BY 1").fetchall()
        assert asked == [("night-20240829T235959Z",), ("night-20240902T235959Z",)]


def test_judging_again_by_day_confirms_nothing_that_only_nights_confirm(state):
    with world(state) as (house, server, _):
        streaks = "SELECT client, platform, purpose, streak_up, streak_down FROM verdicts WHERE as_of = ? ORDER BY ALL"
        day = date(2024, 8, 31)
        server.set_night(end_of(day))
        con, found = house.warehouse.con, []
        for hour in (4, 8, 12, 16, 20):
            moment = datetime(2024, 8, 31, hour, tzinfo=UTC)
            # Something new to read each time, or the night would be left as it is.
            con.execute(
                "UPDATE documents SET reader_version = NULL WHERE document_id = (SELECT min(document_id) FROM documents)"
            )
            assert night(house, moment, PlainEngine(), archived=[]).outcome == "ok"
            found.append(con.execute(streaks, [moment]).fetchall())
        assert any(row[3] or row[4] for row in found[0]) and all(one == found[0] for one in found)


@pytest.mark.parametrize(
    ("last", "moment", "zone", "expected"),
    [
        (None, "2024-08-30T02:00+00:00", "Europe/Berlin", []),
        ("2024-08-29T02:00+00:00", "2024-08-30T02:00+00:00", "Europe/Berlin", []),
        ("2024-08-29T02:00+00:00", "2024-08-29T20:00+00:00", "Europe/Berlin", []),
        # Summer time ends: 04:00 is 02:00 UTC before and 03:00 UTC after.
        ("2024-10-25T02:00+00:00", "2024-10-28T03:00+00:00", "Europe/Berlin", ["2024-10-26T02:00+00:00", "2024-10-27T03:00+00:00"]),
        # 23:30 UTC is the next day in Berlin.
        ("2024-08-28T23:30+00:00", "2024-08-30T02:00+00:00", "Europe/Berlin", []),
        ("2024-08-28T23:30+00:00", "2024-08-30T09:00+00:00", "America/New_York", ["2024-08-29T08:00+00:00"]),
    ],
)  # fmt: skip
def test_which_nights_were_missed_is_counted_in_the_configured_zone(last, moment, zone, expected):
    before = datetime.fromisoformat(last) if last else None
    found = missed_nights(before, datetime.fromisoformat(moment), Schedule(), zone)
    assert [f.astimezone(UTC).isoformat(timespec="minutes") for f in found] == expected


def test_only_the_newest_missed_nights_are_made_up_for():
    last, moment = datetime(2024, 1, 1, 3, tzinfo=UTC), datetime(2024, 12, 31, 3, tzinfo=UTC)
    found = missed_nights(last, moment, Schedule(), "Europe/Berlin")
    assert len(found) == 14 and moment - found[-1] == timedelta(days=1)
    assert missed_nights(last, moment, Schedule(catch_up_nights=0), "Europe/Berlin") == []


def test_a_failed_night_is_written_down_told_to_the_heartbeat_and_logged_without_secrets(state):
    from pydantic import SecretStr

    from demo import HookReceiver
    from flows.watching import keep_log, log, secrets_of, watched

    with HookReceiver() as hook, world(state) as (house, _, _):
        runtime = house.settings.runtime
        address = f"{hook.url}/secret-of-the-heartbeat"
        smtp = runtime.smtp.model_copy(update={"password": SecretStr('hunter-and-"gatherer"')})
        runtime = runtime.model_copy(
            update={"heartbeat_url": SecretStr(address), "smtp": smtp, "allow_private_webhooks": True}
        )
        settings = house.settings.model_copy(update={"runtime": runtime})
        house = type(house)(settings, house.state, house.warehouse, house.reader, house.origins)
        handler = keep_log(state, secrets_of(settings, {}))
        try:
            with pytest.raises(WarehouseError), watched(house, end_of(SECOND)):
                raise WarehouseError(f'cannot log in with hunter-and-"gatherer" at {address}')
        finally:
            log.removeHandler(handler)
            handler.close()
        ((outcome, problems),) = house.warehouse.con.execute(
            "SELECT outcome, problems FROM runs WHERE run_id = 'night-20240830T235959Z'"
        ).fetchall()
        assert outcome == "failed" and json.loads(problems)
        paths = [request.path for request in hook.requests]
    assert [p.rsplit("/", 1)[1] for p in paths] == ["start", "fail"]
    lines = [json.loads(line) for line in (state / "logs" / "trendwarte.jsonl").read_text("utf-8").splitlines()]
    assert [line["said"] for line in lines][:2] == ["night begins", "night failed"]
    text = (state / "logs" / "trendwarte.jsonl").read_text("utf-8")
    assert "hunter" not in text and "secret-of" not in text and "[runtime.smtp.password]" in text


def test_the_file_of_a_dead_process_opens_at_once(state):
    dying = (f"import os\nfrom pathlib import Path\nfrom flows.house import opened\nfrom trendwarte.config_files import load_settings\n"
             f"held = opened(load_settings(Path('config'), {{}}), Path({str(state)!r}))\nhouse = held.__enter__()\n"
             "house.warehouse.con.execute('BEGIN; DELETE FROM documents')\nprint('deep in it', flush=True)\nos.kill(os.getpid(), 9)\n")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", dying], capture_output=True, text=True, cwd=CONFIG.parent, check=False)
    assert "deep in it" in done.stdout
    began = time.monotonic()
    with world(state) as (house, _, _):
        assert house.warehouse.documents.count() > 100
    assert time.monotonic() - began < 60
    with duckdb.connect(str(state / "warehouse.duckdb"), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM documents").fetchone()[0] > 100
