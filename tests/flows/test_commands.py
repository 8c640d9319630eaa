"""The commands as people type them: those of the README, and what they say when something is wrong."""

import gzip
import json
import re
import shlex
from pathlib import Path

import duckdb
import pytest

from tests.flows.calling import trendwarte

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
TYPED = re.findall(r"^    (\S.*)$", README, re.MULTILINE) + re.findall(r"`((?:\S+=\S+ )?\.venv/bin/\S+[^`]*)`", README)


def test_the_readme_shows_commands_and_each_is_tried_below():
    assert {"make demo", "make test"} <= set(TYPED)
    assert sum("trendwarte" in line for line in TYPED) >= 5
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {line.split()[1] for line in TYPED if line.startswith("make")} <= set(targets)


@pytest.mark.parametrize("line", [line for line in TYPED if "trendwarte" in line and "SMTP" not in line])
def test_commands_of_the_readme_run(line, ask, tmp_path):
    words = shlex.split(line.replace("state/demo", str(ask.state)))[1:]
    if words[0] == "doctor":
        words += ["--state", str(tmp_path)]
    assert trendwarte(*words).stdout.strip()


def test_the_query_of_the_readme_tells_the_law_against_tiktok(ask):
    (line,) = [line for line in TYPED if " query " in line]
    words = shlex.split(line.replace("state/demo", str(ask.state)))[1:]
    rows = json.loads(trendwarte(*words, "--format", "json").stdout)
    assert {"instrument": "us-pafaca", "state": "resolved"} in [
        {k: r[k] for k in ("instrument", "state")} for r in rows
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["replay", "--archive", "x", "--start", "July", "--end", "2020-07-02", "--state", "s"],
            "--start: 'July' is no date",
        ),
        (["replay", "--archive", "x", "--start", "2020-07-03", "--end", "2020-07-02", "--state", "s"], "lies before"),
        (["run", "--engine", "airflow"], "use prefect or plain"),
        (["run", "--only", "no-such-source"], "no-such-source"),
        (["query", "DELETE FROM mart.runs"], "run a night first"),
        (["config", "validate", "--config", "nowhere"], "nowhere"),
        (["report", "--state", "nowhere"], "run a night first"),
    ],
)
def test_a_wrong_word_gets_a_sentence_with_a_remedy_and_no_traceback(words, said):
    done = trendwarte(*words, code=2)
    assert said in done.stderr and "Traceback" not in done.stderr


def test_the_published_copy_takes_no_writes_and_opens_no_files(ask):
    for sql in (
        "DELETE FROM main.runs",
        "SELECT * FROM read_text('/etc/hostname')",
        "SET enable_external_access = true",
    ):
        trendwarte("query", sql, "--state", str(ask.state), code=2)


def test_no_address_and_no_letter_is_in_the_published_copy(ask):
    raw = (ask.state / "published" / "trendwarte.duckdb").read_bytes()
    with duckdb.connect(str(ask.state / "warehouse.duckdb"), read_only=True) as con:
        ((target,),) = con.execute("SELECT target FROM messages WHERE kind = 'email' LIMIT 1").fetchall()
    assert "@" in target and target.encode() not in raw and b"Auto-Submitted" not in raw


def test_explain_gives_terms_that_sum_to_the_score_with_quotes(ask):
    words = (
        "explain",
        "--client",
        "snack-us",
        "--platform",
        "tiktok",
        "--purpose",
        "advertising",
        "--state",
        str(ask.state),
    )
    (verdict,) = json.loads(trendwarte(*words, "--as-of", "2024-12-21", "--json").stdout)
    assert verdict["band"] == "exit" and verdict["floor"] == "F3"
    assert sum(term["points"] for term in verdict["terms"]) == pytest.approx(verdict["score"], abs=1e-6)
    assert any("TikTok" in one["quote"] or "PAFACA" in one["quote"] for one in verdict["evidence"])


def test_explain_names_the_ids_there_are_when_one_is_unknown(ask):
    done = trendwarte("explain", "--client", "nobody", "--platform", "tiktok", "--state", str(ask.state), code=2)
    assert "--client: 'nobody' is unknown" in done.stderr and "snack-us" in done.stderr


def test_export_writes_the_contract_files_and_every_view_as_parquet(ask, tmp_path):
    trendwarte("export", "--out", str(tmp_path), "--state", str(ask.state))
    lines = {name: (tmp_path / f"{name}.jsonl").read_text("utf-8").splitlines() for name in
             ("events", "ledger", "risk", "verdicts", "alerts")}  # fmt: skip
    assert all(lines.values())
    first = json.loads(lines["ledger"][0])
    assert {"platform", "jurisdiction", "instrument", "state", "due", "valid_from", "known_from", "rule"} <= set(first)
    assert json.loads((tmp_path / "summary.json").read_text("utf-8"))["versions"]["trendwarte"]
    ((n,),) = duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/parquet/ledger.parquet'").fetchall()
    assert n == len(lines["ledger"])


def test_doctor_names_what_is_wrong_and_its_remedy(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    done = trendwarte("doctor", "--config", str(tmp_path), "--state", str(tmp_path), code=1)
    assert "FAIL configuration" in done.stdout and "ok   prefect server" in done.stdout


def test_read_answers_every_valid_line_and_names_the_others(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "a", "title": "India blocks TikTok", "published_at": "2020-06-29"}\nnot json\n', "utf-8")
    done = trendwarte("read", "--in", str(source), code=1)
    (reading,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert reading["id"] == "a" and reading["legal_stage"] == "in_force" and "in.jsonl:2" in done.stderr


@pytest.fixture
def archive(tmp_path):
    """Four reports of a ban, its stop and its end, in our own words, gzipped as archives are."""
    told = [
        ("2023-05-17", "gov.example", "Montana governor signs law that bans TikTok from 1 January 2024"),
        (
            "2023-05-17",
            "aldermoor-ledger.example",
            "Gouverneur von Montana unterzeichnet TikTok-Verbot ab dem 1. Januar 2024",
        ),
        ("2023-11-30", "aldermoor-ledger.example", "Judge blocks Montana ban on TikTok"),
        ("2023-12-01", "gov.example", "Bundesrichter stoppt TikTok-Verbot in Montana"),
    ]
    path = tmp_path / "archive.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        for number, (day, outlet, title) in enumerate(told):
            url = f"https://{outlet}/{number}"
            stream.write(json.dumps({"id": str(number), "url": url, "title": title, "published_at": day + "T08:00:00Z",
                                     "source_kind": "quality_press"}) + "\n")  # fmt: skip
    return path


def test_a_replay_walks_through_an_archive_and_exports(archive, tmp_path):
    state = tmp_path / "state"
    trendwarte(
        "replay", "--archive", str(archive), "--start", "2023-05-16", "--end", "2023-05-18", "--state", str(state)
    )
    rows = [json.loads(line) for line in (state / "export" / "ledger.jsonl").read_text("utf-8").splitlines()]
    assert [(r["jurisdiction"], r["state"], r["due"]) for r in rows] == [("US-MT", "scheduled", "2024-01-01")]
    trendwarte(
        "replay", "--archive", str(archive), "--start", "2023-11-29", "--end", "2023-12-02", "--state", str(state)
    )
    rows = [json.loads(line) for line in (state / "export" / "ledger.jsonl").read_text("utf-8").splitlines()]
    assert [r["state"] for r in rows] == ["scheduled", "stayed"]
