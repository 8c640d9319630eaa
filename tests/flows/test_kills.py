"""Nights that are really killed: what stands afterwards is what an undisturbed machine would have."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from demo import load_world

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("TRENDWARTE_KILLS", "3"))
FILES = ("events", "ledger", "verdicts", "alerts")
ROWS = {
    "documents": "*", "signals": "*", "events": "*", "ledger": "* EXCLUDE (row_id)", "risk_daily": "* REPLACE (round(value, 9) AS value, round(low, 9) AS low, round(high, 9) AS high, round(confidence, 9) AS confidence)", "verdicts": "*",
    "verdict_changes": "*", "score_terms": "*", "alerts": "*",
    "runs": "run_id, as_of, outcome, is_baseline, baseline_reason, config_fingerprint, reader_version",
    "messages": "message_id, client, channel, status, alert_ids",
}  # fmt: skip


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """A replay of three eventful nights of the recorded world, as an archive; only the state folder is left to name."""
    folder = tmp_path_factory.mktemp("kills")
    with (folder / "world.jsonl").open("w", encoding="utf-8") as stream:
        for one in load_world().documents:
            row = {"id": one.id, "published_at": one.published_at.isoformat(), "title": one.title, "lead": one.summary,
                   "source": one.outlet, "lang": one.lang, "source_kind": "quality_press"}  # fmt: skip
            stream.write(json.dumps(row) + "\n")
    words = ["replay", "--archive", str(folder / "world.jsonl"), "--start", "2024-08-29", "--end", "2024-08-31"]
    return [sys.executable, "-m", "flows", *words, "--state"]


def _export(state):
    """The exported files, and every row of the warehouse but clock times and seconds."""
    found = {name: (state / "export" / f"{name}.jsonl").read_text("utf-8") for name in FILES}
    with duckdb.connect(str(state / "warehouse.duckdb"), read_only=True) as con:
        for table, columns in ROWS.items():
            found[f"table {table}"] = sorted(map(str, con.execute(f"SELECT {columns} FROM {table}").fetchall()))
    return found


def test_a_run_killed_at_any_moment_loses_nothing_and_tells_nothing_twice(command, tmp_path):
    began = time.monotonic()
    subprocess.run([*command, str(tmp_path / "calm")], check=True, cwd=ROOT, capture_output=True)
    took_s = time.monotonic() - began
    undisturbed = _export(tmp_path / "calm")
    assert '"x"' in undisturbed["ledger"] and undisturbed["alerts"]
    chance, killed = random.Random(20240830), 0
    for number in range(4 * KILLS):
        state = tmp_path / f"killed-{number}"
        process = subprocess.Popen(
            [*command, str(state)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        began = time.monotonic()
        try:
            process.wait(took_s * chance.uniform(0.25, 1.0))
            # The machine is less busy than when the run was timed; a kill after the end proves nothing.
            took_s = time.monotonic() - began
        except subprocess.TimeoutExpired:
            process.kill()
            killed += process.wait() == -signal.SIGKILL
        again = subprocess.run([*command, str(state)], check=False, cwd=ROOT, capture_output=True, text=True)
        assert again.returncode == 0, again.stderr[-2000:]
        assert _export(state) == undisturbed
        if killed == KILLS:
            break
    assert killed == KILLS
