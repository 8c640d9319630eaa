"""Past one machine: two Dask workers write into a DuckLake on a real PostgreSQL, and nothing differs from one file."""

import os
import pwd
import shutil
import signal
import subprocess
import threading
import time
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from demo import PostOffice, WorldServer
from flows.demo import end_of, settings_for
from flows.engine import DaskEngine, PlainEngine
from flows.house import opened
from flows.monitor import in_flow, night
from flows.quiet import prepare_prefect
from flows.serving import free_port, server_running
from trendwarte.config_files import load_settings
from trendwarte.errors import WarehouseError
from trendwarte.types import SourceHealth
from warehouse import Batch, Call, Lake, LakePlace

CONFIG = Path(__file__).parents[2] / "config"
NIGHTS = (date(2024, 8, 29), date(2024, 8, 30))
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
NOW = datetime(2024, 8, 30, tzinfo=UTC)
# One for all: at another port its documents would have other ids.
SERVER = WorldServer()
#: Everything but metadata of runs: what an analyst or a client may see.
SAME = {
    "documents": "* EXCLUDE (payload_hash)", "signals": "*", "events": "*", "ledger": "* EXCLUDE (row_id)", "risk_daily": "* REPLACE (round(value, 9) AS value, round(low, 9) AS low, round(high, 9) AS high, round(confidence, 9) AS confidence)",
    "verdicts": "*", "verdict_changes": "*", "score_terms": "*", "alerts": "*", "measurements": "*",
    "source_health": "run_id, source_id, state, documents, new_documents",
    "messages": "message_id, client, channel, status, alert_ids",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def server():
    with SERVER:
        yield


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """A PostgreSQL of its own, in a temporary folder, as a user without rights; gives what creates a database."""
    if not BINARIES:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    # Found, not imported: Prefect reads its settings when it is imported, and they are not set yet.
    missing = [name for name in ("duckdb_extension_ducklake", "duckdb_extension_postgres_scanner", "prefect_dask")
               if find_spec(name) is None]  # fmt: skip
    if missing:
        pytest.skip(f"{missing} not installed: pip install '.[growth]'")
    folder = Path("/tmp") / f"trendwarte-pg-{os.getpid()}"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    tools = BINARIES[-1].parent

    def run(*words):
        subprocess.run(words, check=True, capture_output=True, user=user, cwd="/", env={"PATH": "/usr/bin:/bin"})

    run(tools / "initdb", "-D", folder / "db", "-A", "trust", "-U", "lake")
    run(tools / "pg_ctl", "-D", folder / "db", "-l", folder / "log", "-w", "-o",
        f"-c listen_addresses= -k {folder} -c fsync=off", "start")  # fmt: skip

    def created(name):
        run(tools / "createdb", "-h", folder, "-U", "lake", name)
        return f"ducklake:postgres:host={folder} user=lake dbname={name}"

    yield created
    run(tools / "pg_ctl", "-D", folder / "db", "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def lake_at(postgres, tmp_path):
    """A place for an empty lake."""
    return LakePlace(postgres(f"lake{time.monotonic_ns()}"), str(tmp_path / "lake"))


def lived(state, engine, nights, place=None, meanwhile=lambda: None):
    """The nights over the recorded world in ``state``; with ``place`` the warehouse gathers in that lake."""
    state.mkdir(exist_ok=True)
    with PostOffice(state / "mailbox") as office:
        settings = settings_for(load_settings(CONFIG, {}), SERVER, office)
        if place:
            kept = settings.runtime.warehouse.model_copy(update={"url": place.url, "lake_path": place.files})
            settings = settings.model_copy(update={"runtime": settings.runtime.model_copy(update={"warehouse": kept})})
        with opened(settings, state) as house:
            for day in nights:
                SERVER.set_night(end_of(day))
                meanwhile()
                report = night(house, end_of(day), engine)
                assert report.outcome == "ok"
            return {
                t: sorted(map(str, house.warehouse.con.execute(f"SELECT {c} FROM {t}").fetchall()))
                for t, c in SAME.items()
            }


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    return lived(tmp_path_factory.mktemp("embedded"), PlainEngine(), NIGHTS)


def one_batch(attempt, batch_id="b-1"):
    health = SourceHealth("s-1", "ok", NOW, documents=0)
    return Batch(batch_id, "night-1", attempt, (Call("s-1", health),))


def test_a_batch_that_came_through_twice_counts_once(lake_at):
    with Lake(lake_at) as one, Lake(lake_at) as other:
        one.put(one_batch("worker-1"), "reader", NOW)
        other.put(one_batch("worker-2"), "reader", NOW)
        assert one.has("b-1") and not one.has("b-2")
        assert len(other.gathered("night-1", "reader").calls) == 1


def test_many_writers_at_once_lose_nothing(lake_at):
    def write(worker):
        with Lake(lake_at) as lake:
            for number in range(5):
                lake.put(one_batch(f"w{worker}", f"b-{worker}-{number}"), "reader", NOW)

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Lake(lake_at) as lake:
        assert len(lake.gathered("night-1", "reader").calls) == 15


def test_a_lake_that_is_not_there_gets_a_sentence(postgres, tmp_path):
    with pytest.raises(WarehouseError, match="the lake cannot be reached"):
        Lake(LakePlace("ducklake:postgres:host=/nowhere dbname=lake", str(tmp_path)))


def test_a_lake_gives_what_one_file_gives(lake_at, embedded, tmp_path):
    assert lived(tmp_path / "state", PlainEngine(), NIGHTS, lake_at) == embedded
    with Lake(lake_at) as lake:
        ((verdicts,),) = lake._con.execute("SELECT count(*) FROM lake.mart.verdicts").fetchall()
    assert verdicts == len(embedded["verdicts"])


@pytest.mark.flow
def test_dask_workers_that_are_killed_midway_change_nothing(lake_at, embedded, tmp_path, monkeypatch):
    from dask.distributed import LocalCluster

    prepare_prefect(tmp_path / "prefect")
    killed = []

    def kill_one(cluster):
        """Once the second night is being gathered."""

        def strike():
            time.sleep(1.0)
            victim = cluster.workers[0].pid
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

        threading.Thread(target=strike).start()

    # A server that stays: without one, every worker would start its own.
    with (
        server_running(free_port(), tmp_path / "logs", print),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True) as cluster,
    ):
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.scheduler_address)
        found = in_flow(
            lambda: lived(tmp_path / "state", DaskEngine(), NIGHTS, lake_at, meanwhile=lambda: kill_one(cluster)),
            on_dask=True,
        )  # fmt: skip
    assert len(killed) == len(NIGHTS)
    assert found == embedded
