"""Every command, query and snippet of the pages for analysts and operators is run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

from flows.cli import app
from trendwarte.config_files import load_settings

ROOT = Path(__file__).parents[2]
ANALYSIS = (ROOT / "docs" / "analysis.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
METHOD = (ROOT / "docs" / "method.md").read_text("utf-8")
COMMANDS = re.findall(r"^    trendwarte (.+)$", ANALYSIS, re.MULTILINE)


# DuckDB 1.5 calls pandas 3.1 in a way that pandas warns about; frames are right.
@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.drop")
def test_the_snippets_of_the_analysts_page_run_in_order(short_story):
    import importlib.util

    names = {"published": short_story / "published" / "trendwarte.duckdb",
             "pyarrow_is_there": importlib.util.find_spec("pyarrow") is not None}  # fmt: skip
    snippets = re.findall(r"```python\n(.*?)```", ANALYSIS, re.DOTALL)
    assert len(snippets) >= 7
    for snippet in snippets:
        exec(compile(snippet, "docs/analysis.md", "exec"), names)


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_of_the_analysts_page_answer(line, short_story, capsys):
    command = get_command(app)
    command.main([*shlex.split(line), "--state", str(short_story)], standalone_mode=False)
    assert capsys.readouterr().out.strip()


def test_every_command_that_the_pages_name_exists():
    named = set(re.findall(r"trendwarte ([a-z]+)\b", ANALYSIS + OPERATIONS))
    assert named - {"user"} <= set(get_command(app).commands)


def test_every_setting_that_the_page_names_exists():
    runtime = load_settings(ROOT / "config", {}).runtime
    known = (
        set(type(runtime).model_fields)
        | set(type(runtime.schedule).model_fields)
        | set(type(runtime.warehouse).model_fields)
    )
    named = set(re.findall(r"`(keep_\w+|catch_up_nights|heartbeat_url|time_zone|lake_path)`", OPERATIONS))
    assert len(named) >= 6 and named <= known


def test_the_defaults_in_the_table_are_those_of_the_configuration():
    times = load_settings(ROOT / "config", {}).runtime.schedule
    assert times.nightly == "0 4 * * *" and "| `nightly` | 04:00 |" in OPERATIONS
    assert times.official == "0 8,12,16,20 * * *" and "| `official` | 08, 12, 16, 20 h |" in OPERATIONS
    assert times.digest == "0 7 * * 1" and "| `digest` | Monday 07:00 |" in OPERATIONS
    assert times.maintenance == "0 5 1 * *" and "| `maintenance` | 1st, 05:00 |" in OPERATIONS


def test_the_prefect_file_deploys_the_flows_that_serve_serves():
    from flows import deployments

    held = YAML(typ="safe").load((ROOT / "prefect.yaml").read_text("utf-8"))
    times = load_settings(ROOT / "config", {}).runtime
    for one in held["deployments"]:
        module, _, name = one["entrypoint"].partition(":")
        assert module == "flows.deployments" and getattr(deployments, name).name == name
        assert one["concurrency_limit"]["limit"] == 1
        for schedule in one.get("schedules", []):
            assert schedule == {"cron": getattr(times.schedule, name), "timezone": times.time_zone}
    assert {one["entrypoint"].rsplit(":")[1] for one in held["deployments"]} == {
        "nightly", "official", "digest", "maintenance", "backfill",
    }  # fmt: skip


def test_the_unit_starts_a_command_that_exists():
    (line,) = re.findall(r"ExecStart=\S+/trendwarte (\w+)", OPERATIONS)
    done = subprocess.run([sys.executable, "-m", "flows", line, "--help"], capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == 0


def test_the_worked_example_of_belief_follows_from_the_weights():
    """Quality press and an authority, asserted, surely read: one origin, two, and an official paper."""
    scoring = load_settings(ROOT / "config", {}).scoring
    press, paper = (scoring.signal_base * scoring.source_weights[kind] for kind in ("quality_press", "official"))
    one, two, official = re.findall(
        r"one origin \((\.\d+)\), two independent ones (\.\d+), an official paper (\.\d+)\.", METHOD
    )[0]
    told = [f"{belief:.2f}".lstrip("0").rstrip("0") for belief in (press, 1 - (1 - press) ** 2, paper)]
    assert [one, two, official] == told
