"""A real Prefect server with the real deployments: the schedule fires, and its API shows what happened."""

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
import requests
from ruamel.yaml import YAML

from demo import WorldServer
from flows.demo import end_of
from flows.serving import free_port
from warehouse import QueryError, query

ROOT = Path(__file__).parents[2]
PATIENCE_S = 330


def configuration(folder, server):
    """The shipped configuration with the recorded world as its only sources, and a night every 30 seconds."""
    config = Path(shutil.copytree(ROOT / "config", folder / "config"))
    shutil.rmtree(config / "sources")
    (config / "sources").mkdir()
    yaml = YAML(typ="safe")
    with (config / "sources" / "world.yaml").open("w", encoding="utf-8") as stream:
        kept = [source.model_dump(mode="json", exclude_defaults=True) for source in server.sources()]
        yaml.dump({"sources": [one for one in kept if "each" not in one]}, stream)
    with (config / "outlets.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump({"outlets": [outlet.model_dump(mode="json") for outlet in server.outlets()]}, stream)
    settings = yaml.load((config / "settings.yaml").read_text("utf-8"))
    settings["fetching"] |= {"allow_hosts": [server.host], "retries": 0, "pages_from": ["nowhere.example"]}
    settings["schedule"] |= {"nightly": "every 30 seconds"}
    with (config / "settings.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(settings, stream)
    return config


@pytest.mark.flow
@pytest.mark.timeout(420)
def test_the_schedule_fires_and_its_states_and_artifacts_are_there(tmp_path):
    port, state = free_port(), tmp_path / "state"
    api = f"http://127.0.0.1:{port}/api"
    # Nothing beyond loopback answers: whoever needs the internet fails here.
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9",
           "NO_PROXY": "127.0.0.1", "PREFECT_RUNNER_POLL_FREQUENCY": "2", "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5"}  # fmt: skip
    with WorldServer() as server:
        server.set_night(end_of(date(2024, 8, 30)))
        config = configuration(tmp_path, server)
        words = [
            sys.executable,
            "-m",
            "flows",
            "serve",
            "--config",
            str(config),
            "--state",
            str(state),
            "--port",
            str(port),
        ]
        with (tmp_path / "serve.log").open("wb") as log:
            serving = subprocess.Popen(words, cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
        try:
            runs = wait_for_runs(api, serving, tmp_path / "serve.log")
            deployed = requests.post(f"{api}/deployments/filter", json={}, timeout=10).json()
            artifacts = requests.post(f"{api}/artifacts/filter", json={}, timeout=10).json()
            tasks = requests.post(f"{api}/task_runs/filter", json={}, timeout=10).json()
        finally:
            os.killpg(serving.pid, signal.SIGINT)
            try:
                serving.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(serving.pid, signal.SIGKILL)
                serving.wait()
    assert {one["name"] for one in deployed} == {"trendwarte"} and len(deployed) == 5
    assert all(one["concurrency_options"]["collision_strategy"] == "CANCEL_NEW" for one in deployed)
    (night, *_) = runs
    assert night["state"]["message"].startswith("night-") and {"trendwarte", "nightly"} <= set(night["tags"])
    assert {"night", "sources", "changes", "briefs"} <= {one["key"] for one in artifacts}
    fetched = [one for one in tasks if "fetch" in one["tags"]]
    assert fetched and all(one["name"].startswith("fetch demo-") for one in fetched)
    assert any(" answered" in (one["state"]["message"] or "") for one in fetched)
    ((documents,),) = query(state / "published" / "trendwarte.duckdb", "SELECT count(*) FROM mart.documents")[1]
    assert documents > 50


def wait_for_runs(api, serving, log):
    """Completed runs of the nightly deployment, once there is one that published."""
    until, found = time.monotonic() + PATIENCE_S, []
    while time.monotonic() < until:
        assert serving.poll() is None, log.read_text("utf-8", "replace")[-3000:]
        try:
            found = requests.post(
                f"{api}/flow_runs/filter", json={"flows": {"name": {"any_": ["nightly"]}}}, timeout=10
            ).json()
        except (requests.RequestException, QueryError):
            time.sleep(1)
            continue
        done = [one for one in found if one["state_type"] == "COMPLETED"]
        if done:
            return done
        assert not [one for one in found if one["state_type"] in ("FAILED", "CRASHED")], found
        time.sleep(1)
    raise AssertionError([(one["state_type"], one["state"]["message"]) for one in found])
