"""Past one machine: two Dask workers write into a DuckLake on a real PostgreSQL, and nothing differs from one file."""

import os
import pwd
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from demo import PostOffice, WorldServer
from flows.demo import end_of, settings_for
from flows.engine import DaskEngine, PlainEngine
from flows.house import opened
from flows.monitor import in_flow, night
from flows.quiet import prepare_prefect
from flows.serving import free_port, server_running
from trendwarte.config_files import load_settings
from trendwarte.errors import WarehouseError
from trendwarte.types import Document, SourceHealth
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


@pytest.fixture(scope="module")
def s3():
    """A real S3 on loopback, the keys in the environment; gives a client of its own to look into it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    told = {"AWS_ACCESS_KEY_ID": "lake", "AWS_SECRET_ACCESS_KEY": "it's secret", "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}"}  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in told.items():
            patch.setenv(name, value)
        client = boto3.client("s3", region_name=told["AWS_REGION"])
        client.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": told["AWS_REGION"]})
        yield client
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def lake_at(request, postgres, tmp_path):
    """A place for an empty lake."""
    name = f"lake{time.monotonic_ns()}"
    if request.param == "s3":
        request.getfixturevalue("s3")
    return LakePlace(postgres(name), f"s3://lake/{name}" if request.param == "s3" else str(tmp_path / "lake"))


def parquet_of(place, s3):
    """The bytes of every Parquet file of a lake."""
    if not place.files.startswith("s3://"):
        return [path.read_bytes() for path in Path(place.files).rglob("*.parquet")]
    found = s3.list_objects_v2(Bucket="lake", Prefix=place.files.removeprefix("s3://lake/")).get("Contents", [])
    return [s3.get_object(Bucket="lake", Key=one["Key"])["Body"].read() for one in found]


def on_two_hosts(settings):
    """Every other source under another name of this machine: batches are dealt out by host."""
    moved = {
        key: source.model_copy(update={"url": source.url.replace("127.0.0.1", "localhost")}) if number % 2 else source
        for number, (key, source) in enumerate(sorted(settings.sources.items()))
    }
    allowed = [*settings.runtime.fetching.allow_hosts, SERVER.host.replace("127.0.0.1", "localhost")]
    fetching = settings.runtime.fetching.model_copy(update={"allow_hosts": allowed})
    return settings.model_copy(
        update={"sources": moved, "runtime": settings.runtime.model_copy(update={"fetching": fetching})}
    )


def lived(state, engine, nights, place=None, meanwhile=lambda: None):
    """The nights over the recorded world in ``state``; with ``place`` the warehouse gathers in that lake."""
    state.mkdir(exist_ok=True)
    with PostOffice(state / "mailbox") as office:
        settings = settings_for(load_settings(CONFIG, {}), SERVER, office)
        settings = on_two_hosts(settings)
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
    with Lake(lake_at, os.environ) as one, Lake(lake_at, os.environ) as other:
        one.put(one_batch("worker-1"), "reader", NOW)
        other.put(one_batch("worker-2"), "reader", NOW)
        assert one.has("b-1") and not one.has("b-2")
        assert len(other.gathered("night-1", "reader").calls) == 1


def test_many_writers_at_once_lose_nothing(lake_at):
    def write(worker):
        with Lake(lake_at, os.environ) as lake:
            for number in range(5):
                lake.put(one_batch(f"w{worker}", f"b-{worker}-{number}"), "reader", NOW)

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Lake(lake_at, os.environ) as lake:
        assert len(lake.gathered("night-1", "reader").calls) == 15


def test_what_is_erased_or_past_its_time_leaves_the_files_of_the_lake_too(lake_at, s3):
    document = Document("d-1", "s-1", "https://a.example/1", "zk81q title", "", "a.example", "blog", NOW, NOW, "hash")
    with Lake(lake_at, os.environ) as lake:
        for number in (1, 2):
            batch = replace(one_batch("w", f"b-{number}"), documents=(replace(document, document_id=f"d-{number}"),))
            lake.put(batch, "reader", NOW)
        assert any(b"zk81q" in body for body in parquet_of(lake_at, s3))
        lake.erase(["d-1"], [])
        assert [d.document_id for d in lake.gathered("night-1", "reader").documents] == ["d-2"]
        lake.forget(NOW + timedelta(days=1))
        assert lake.gathered("night-1", "reader").documents == []
    assert not [body for body in parquet_of(lake_at, s3) if b"zk81q" in body]


def test_a_lake_that_is_not_there_gets_a_sentence(postgres, tmp_path):
    with pytest.raises(WarehouseError, match="the lake cannot be reached"):
        Lake(LakePlace("ducklake:postgres:host=/nowhere dbname=lake", str(tmp_path)))


def test_a_lake_on_s3_without_keys_gets_a_sentence(lake_at, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    with pytest.raises(WarehouseError, match="AWS_SECRET_ACCESS_KEY is not set"):
        Lake(replace(lake_at, files="s3://lake/elsewhere"), os.environ)


def test_a_lake_on_s3_that_is_not_there_gets_a_sentence_without_the_key(postgres, s3):
    place = LakePlace(postgres(f"lake{time.monotonic_ns()}"), "s3://no-such-bucket/lake")
    with pytest.raises(WarehouseError) as told, Lake(place, os.environ) as lake:
        lake.put(one_batch("w"), "reader", NOW)
    assert "no-such-bucket" in str(told.value)
    assert "secret" not in str(told.value)


def test_a_lake_gives_what_one_file_gives(lake_at, embedded, tmp_path):
    assert lived(tmp_path / "state", PlainEngine(), NIGHTS, lake_at) == embedded
    with Lake(lake_at, os.environ) as lake:
        assert lake._con.execute("SELECT count(*) FROM lake.batches").fetchone() == (2 * len(NIGHTS),)
        ((verdicts,),) = lake._con.execute("SELECT count(*) FROM lake.mart.verdicts").fetchall()
    assert verdicts == len(embedded["verdicts"])


@pytest.mark.flow
@pytest.mark.parametrize("lake_at", ["s3"], indirect=True)
def test_dask_workers_that_are_killed_midway_change_nothing(lake_at, embedded, tmp_path, monkeypatch):
    from dask.distributed import LocalCluster

    prepare_prefect(tmp_path / "prefect")
    killed = []

    def kill_one_at_work(cluster):
        def strike():
            until = time.monotonic() + 120
            while time.monotonic() < until:
                busy = [w.address for w in list(cluster.scheduler.workers.values()) if w.processing]
                victims = [n.pid for n in cluster.workers.values() if n.worker_address in busy]
                if victims:
                    time.sleep(0.3)
                    os.kill(victims[0], signal.SIGKILL)
                    killed.append(victims[0])
                    return
                time.sleep(0.02)

        threading.Thread(target=strike).start()

    # A server that stays: without one, every worker would start its own.
    with (
        server_running(free_port(), tmp_path / "logs", print),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True) as cluster,
    ):
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.scheduler_address)
        found = in_flow(
            lambda: lived(tmp_path / "state", DaskEngine(), NIGHTS, lake_at, meanwhile=lambda: kill_one_at_work(cluster)),
            on_dask=True,
        )  # fmt: skip
    assert len(killed) == len(NIGHTS)
    assert found == embedded
