"""The operator's commands on a real state folder: what they say, what they change, how they exit."""

import json
import shutil
import socket
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import duckdb
import pytest
from typer.main import get_command

from demo import PostOffice
from flows.cli import app
from flows.doctor import examine
from flows.house import opened
from flows.summary import write_export
from tests.flows.calling import here
from trendwarte.config_files import load_settings
from trendwarte.types import RunReport

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"


def said(capsys, *words, code=0):
    """Run a command in this process; a new one costs seconds. Gives what it printed."""
    try:
        get_command(app).main(list(words), standalone_mode=False)
        found = 0
    except SystemExit as end:
        found = int(end.code or 0)
    out = capsys.readouterr()
    assert found == code, f"{found}: {out.out}{out.err}"
    return out


def findings(state, config=CONFIG, env=None):
    return {check.name: check for check in examine(config, state, env or {})}


def test_an_old_night_is_stale_and_the_exit_code_says_so(short_story, capsys):
    assert "look into" in said(capsys, "check", "--max-age", "26h", "--state", str(short_story), code=5).err
    told = json.loads(said(capsys, "check", "--max-age", "9999d", "--state", str(short_story), "--json").out)
    assert told[0]["night"] == "night-20240830T235959Z" and told[0]["is_fresh"]


def test_no_night_at_all_is_stale_too(tmp_path, capsys):
    assert "no night is published" in said(capsys, "check", "--state", str(tmp_path), code=5).err


def test_init_writes_a_configuration_that_is_valid_and_never_overwrites_one(tmp_path, capsys):
    said(capsys, "init", str(tmp_path / "mine"))
    assert load_settings(tmp_path / "mine", {}).clients
    assert "choose an empty folder" in said(capsys, "init", str(tmp_path / "mine"), code=2).err


def test_scores_are_those_of_a_day(short_story, capsys):
    words = ("scores", "--client", "snack-us", "--platform", "x", "--state", str(short_story), "--json")
    before = {r["purpose"]: r["band"] for r in json.loads(said(capsys, *words, "--as-of", "2024-08-29").out)}
    after = {r["purpose"]: r["band"] for r in json.loads(said(capsys, *words).out)}
    assert set(after.values()) == {"exit"} and "exit" not in before.values()


def test_a_query_may_leave_as_parquet(short_story, tmp_path, capsys):
    said(
        capsys,
        "query",
        "verdicts-today",
        "--format",
        "parquet",
        "--out",
        str(tmp_path / "v.parquet"),
        "--state",
        str(short_story),
    )
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path / 'v.parquet'}'").fetchone()[0] > 10


def test_publishing_again_gives_a_fresh_copy_of_the_same_night(own_story, capsys):
    before = (own_story / "published" / "trendwarte.duckdb").stat().st_ino
    said(capsys, "publish", "--state", str(own_story))
    assert (own_story / "published" / "trendwarte.duckdb").stat().st_ino != before
    assert (
        json.loads((own_story / "published" / "latest.json").read_text("utf-8"))["run_id"] == "night-20240830T235959Z"
    )


def test_maintenance_forgets_what_is_past_its_time_and_keeps_a_backup(own_story, capsys):
    (told,) = json.loads(said(capsys, "maintain", "--state", str(own_story), "--json").out)
    assert told["payloads"] > 0 and told["letters"] > 0 and told["bytes_after"] <= told["bytes_before"]
    assert (own_story / "warehouse.backup.duckdb").exists()


def test_erasing_a_source_takes_it_out_of_every_copy_and_brief(own_story, capsys):
    published = own_story / "published" / "trendwarte.duckdb"
    with duckdb.connect(str(published), read_only=True) as con:
        source, title = con.execute(
            "SELECT d.source_id, d.title FROM mart.documents d JOIN mart.signals USING (document_id) WHERE d.title LIKE '%Brasil%' LIMIT 1"
        ).fetchone()
    said(capsys, "publish", "--state", str(own_story))
    said(capsys, "erase", "source", source, "--reason", "licence ended", "--state", str(own_story))
    for path in own_story.rglob("*.duckdb"):
        assert title.encode() not in path.read_bytes(), path
    with duckdb.connect(str(published), read_only=True) as con:
        assert con.execute(
            "SELECT count(*) FROM mart.documents WHERE source_id = ? AND title <> ''", [source]
        ).fetchone() == (0,)
    assert "no source 'nobody'" in _error(
        capsys, "erase", "source", "nobody", "--reason", "x", "--state", str(own_story)
    )


def _error(capsys, *words):
    with pytest.raises(Exception) as caught:
        said(capsys, *words)
    return str(caught.value)


def test_doctor_is_content_with_a_sound_place_but_for_its_age(short_story):
    found = findings(short_story)
    assert {name for name, check in found.items() if not check.is_ok} <= {"last night", "silent sources"}
    assert "is 'serve', cron or the timer running?" in found["last night"].finding


def test_doctor_names_the_process_that_holds_the_lock(tmp_path):
    with opened(load_settings(CONFIG, {}), tmp_path):
        found = findings(tmp_path)["lock"]
    assert not found.is_ok and "process " in found.finding and "kill PID" in found.finding


def test_doctor_tries_the_login_of_the_mail_server_and_sends_nothing(tmp_path):
    with PostOffice(tmp_path / "mailbox") as office:
        env = {
            "TRENDWARTE__SMTP__HOST": office.host,
            "TRENDWARTE__SMTP__PORT": str(office.port),
            "TRENDWARTE__SMTP__SECURITY": "none",
        }
        assert findings(tmp_path, env=env)["mail"].is_ok and office.messages == []
        refused = findings(
            tmp_path, env=env | {"TRENDWARTE__SMTP__USER": "x", "TRENDWARTE__SMTP__PASSWORD": "wrong-one"}
        )["mail"]
        assert not refused.is_ok and "wrong-one" not in refused.finding
    gone = findings(tmp_path, env=env)["mail"]
    assert not gone.is_ok and "check smtp.host" in gone.finding


def changed_config(tmp_path, name, old, new):
    config = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    text = (config / name).read_text("utf-8")
    assert old in text
    (config / name).write_text(text.replace(old, new), "utf-8")
    return config


def test_doctor_resolves_the_host_of_a_webhook_and_keeps_the_rest_of_it_secret(tmp_path):
    path = next(p for p in sorted((CONFIG / "clients").glob("*.yaml")) if "channels:" in p.read_text("utf-8"))
    config = changed_config(
        tmp_path,
        f"clients/{path.name}",
        "channels:",
        'channels:\n- {kind: webhook, url: "${env:HOOK}", secret: "${env:HOOK_SECRET}"}',
    )
    found = findings(
        tmp_path,
        config,
        {
            "HOOK": "https://no-such-host.invalid/T000/very-secret",
            "HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        },
    )
    check = next(check for name, check in found.items() if name.startswith("webhook of"))
    assert not check.is_ok and "no-such-host.invalid" in check.finding and "very-secret" not in check.finding


def test_doctor_knows_a_wrong_zone_a_changed_configuration_and_a_newer_warehouse(own_story, tmp_path):
    config = changed_config(tmp_path, "settings.yaml", "time_zone: Europe/Berlin", "time_zone: Europe/Bern")
    assert "'Europe/Bern' is unknown" in findings(own_story, config)["time zone"].finding
    shutil.rmtree(config)
    config = changed_config(tmp_path, "alerts.yaml", "cooldown_days: 14", "cooldown_days: 15")
    assert "sets a baseline" in findings(own_story, config)["configuration drift"].finding
    with duckdb.connect(str(own_story / "warehouse.duckdb")) as con:
        con.execute("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'x', 'x')")
    schema = findings(own_story)["schema"]
    assert not schema.is_ok and "update the program" in schema.finding


def test_doctor_finds_packages_that_do_not_fit(tmp_path, monkeypatch):
    import flows.doctor as doctor

    real = doctor.version
    monkeypatch.setattr(doctor, "version", lambda name: "0.165.0" if name == "fastapi" else real(name))
    found = findings(tmp_path)["fastapi"]
    assert not found.is_ok and "constraints.txt" in found.finding


def test_doctor_sees_a_disk_without_room_and_a_lost_snapshot(own_story, monkeypatch):
    import flows.doctor as doctor

    monkeypatch.setattr(doctor, "_DISK_MINIMUM_MB", 10**9)
    assert not findings(own_story)["disk"].is_ok
    shutil.rmtree(own_story / "published" / "snapshots")
    assert "trendwarte publish" in findings(own_story)["published"].finding


def test_a_failed_check_holds_back_the_copy_and_the_letters_until_it_is_mended(own_story):
    from flows.demo import end_of, world
    from flows.engine import PlainEngine
    from flows.monitor import night

    day = datetime(2024, 8, 31, tzinfo=UTC).date()
    with world(CONFIG, own_story) as (house, server, office):
        server.set_night(end_of(day))
        broken = house.warehouse.con.execute("SELECT signal_id, document_id FROM signals LIMIT 1").fetchone()
        house.warehouse.con.execute("UPDATE signals SET document_id = 'nobody' WHERE signal_id = ?", [broken[0]])
        report = night(house, end_of(day), PlainEngine())
        assert report.is_held and any("fail_signal_without_document" in one for one in report.problems)
        assert (
            office.messages == []
            and json.loads((house.published / "latest.json").read_text("utf-8"))["run_id"] == "night-20240830T235959Z"
        )
        house.warehouse.con.execute("UPDATE signals SET document_id = ? WHERE signal_id = ?", [broken[1], broken[0]])
        again = night(house, end_of(day), PlainEngine())
        assert not again.is_held
        assert json.loads((house.published / "latest.json").read_text("utf-8"))["run_id"] == "night-20240831T235959Z"


def test_a_served_port_that_is_taken_gets_a_sentence(tmp_path):
    from flows.serving import server_running
    from trendwarte.errors import TrendwarteError

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with (
            pytest.raises(TrendwarteError, match="prefect-server"),
            server_running(taken.getsockname()[1], tmp_path, print),
        ):
            pass


def test_an_export_sums_up_the_nights_that_were_judged(short_story, tmp_path):
    state, out = str(short_story), tmp_path / "export"
    here("export", "--out", str(out), "--state", state)
    told = json.loads((out / "summary.json").read_text("utf-8"))
    with duckdb.connect(str(short_story / "published" / "trendwarte.duckdb"), read_only=True) as con:
        nights = con.execute("SELECT counts, durations_s FROM mart.runs").fetchall()
        ((documents,),) = con.execute("SELECT count(*) FROM mart.documents").fetchall()
    assert told["nights"] == len(nights) == 2
    assert told["counts"]["documents_new"] == documents > 0
    seconds = [json.loads(lasted)["collect"] for _, lasted in nights]
    assert told["durations_s"]["collect"] == pytest.approx(sum(seconds), abs=0.01) and sum(seconds) > 0


def test_a_replay_that_goes_on_sums_up_all_its_nights_each_as_it_ended(short_story, tmp_path):
    """The published copy is older than the end of its newest night; a night that was repeated counts once."""
    published = short_story / "published" / "trendwarte.duckdb"
    write_export(published, tmp_path / "all")
    first, second = (f"night-202408{day}T235959Z" for day in (29, 30))
    moment = datetime(2024, 8, 30, 23, 59, 59, tzinfo=UTC)
    again = RunReport(first, moment, outcome="unchanged", counts={"documents": 0}, durations_s={"collect": 9.0})
    ended = RunReport(second, moment, counts={"messages_sent": 3}, durations_s={"tell": 2.0})
    write_export(published, tmp_path / "on", [again, ended])
    whole, told = (json.loads((tmp_path / name / "summary.json").read_text("utf-8")) for name in ("all", "on"))
    with duckdb.connect(str(published), read_only=True) as con:
        rows = con.execute("SELECT counts, durations_s FROM mart.runs WHERE run_id = ?", [first]).fetchall()
    counts, seconds = (json.loads(text) for text in rows[0])
    assert whole["nights"] == told["nights"] == 2
    assert told["counts"]["documents"] == counts["documents"] and told["counts"]["messages_sent"] == 3
    assert told["durations_s"] == {step: round(value, 2) for step, value in seconds.items()} | {
        "tell": round(seconds.get("tell", 0.0) + 2.0, 2)
    }


@pytest.mark.parametrize(
    "words",
    [
        ["read", "--in", "{missing}", "--out", "{made}"],
        ["replay", "--archive", "{there}", "--archive", "{missing}", "--start", "2024-01-01", "--end", "2024-01-02",
         "--state", "{made}"],
        ["backfill", "--archive", "{missing}", "--start", "2024-01-01", "--end", "2024-01-02", "--state", "{made}"],
        ["backtest", "--archive", "{there}", "--archive", "{missing}", "--events", "{there}", "--report", "{made}"],
        ["backtest", "--archive", "{there}", "--timeline", "{missing}", "--events", "{there}", "--report", "{made}"],
        ["query", "-f", "{missing}", "--state", "{made}"],
        ["sources", "import", "{missing}"],
    ],
    ids=lambda words: f"{words[0]}-{words[-2]}",
)  # fmt: skip
def test_input_that_is_not_there_is_a_wrong_call_and_nothing_is_begun(tmp_path, words):
    missing, there, made = (tmp_path / name for name in ("no-such-file.jsonl", "there.jsonl", "made"))
    there.write_text("", "utf-8")
    words = [word.format(missing=missing, there=there, made=made) for word in words]
    done = here(*words, code=2)
    assert "no-such-file.jsonl" in done.stderr and not done.stdout and not made.exists()


def test_a_backfill_over_a_line_that_is_none_is_done_but_degraded(tmp_path):
    archive = tmp_path / "in.jsonl"
    archive.write_text('{"title": "India blocks TikTok", "date": "2020-06-29"}\nno line\n', "utf-8")
    words = ("--archive", str(archive), "--start", "2020-06-29", "--end", "2020-06-29", "--state", str(tmp_path / "s"))
    done = here("backfill", *words, code=1)
    assert "1 nights" in done.stdout and "in.jsonl:2:" in done.stderr and "; skipped" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("explain --client snack-us --platform tiktok --purpose nonsense", "--purpose: 'nonsense' is unknown; use adv"),
        ("explain --client snack-us --platform tiktok --purpose crisis_comms", "--purpose: 'crisis_comms' is unknown"),
        ("explain --client snack-us --platform tictoc", "--platform: 'tictoc' is unknown"),
        ("scores --client snack-uss", "--client: 'snack-uss' is unknown; use bank-frankfurt"),
        ("scores --platform tiktokk", "--platform: 'tiktokk' is unknown; did you mean tiktok?"),
        ("ledger list --jurisdiction US-MTT", "--jurisdiction: 'US-MTT' is unknown; did you mean US-MT?"),
        ("ledger list --platform tiktokk", "--platform: 'tiktokk' is unknown; did you mean tiktok?"),
        ("alerts list --status bogus", "--status: 'bogus' is unknown; use pending, sending, sent, dead, suppressed"),
        ("alerts retry --channel pager", "--channel: 'pager' is unknown; use email"),
    ],
)
def test_a_name_that_nobody_has_is_a_wrong_call_and_no_empty_answer(short_story, words, said):
    done = here(*words.split(), "--state", str(short_story), code=2)
    assert said in done.stderr and not done.stdout


def test_a_known_name_without_an_answer_is_an_empty_answer(short_story):
    state = ("--state", str(short_story))
    assert here("ledger", "list", "--jurisdiction", "CH", *state, "--json").stdout.strip() == "[]"
    early = ("--client", "snack-us", "--platform", "x", "--as-of", "2019-01-01")
    assert here("scores", *early, *state, "--json").stdout.strip() == "[]"
    done = here("explain", *early, *state)
    assert "no verdict" in done.stderr and not done.stdout


MADE_BY_A_NIGHT = (
    "alerts deliver", "alerts list", "alerts retry", "alerts silence", "erase document d --reason x", "explain"
    " --client snack-us --platform x", "export --out {out}", "ledger confirm e --author a --reason r", "ledger list",
    "ledger reject e --author a --reason r", "ledger review", "maintain", "publish", "query verdicts-today", "radar",
    "report", "scores", "sources health", "ledger add --platform x --jurisdiction US --instrument i --measure full_ban"
    " --to in_force --valid-from 2024-01-01 --author a --reason r",
)  # fmt: skip


@pytest.mark.parametrize("words", MADE_BY_A_NIGHT)
def test_a_state_folder_that_is_not_there_is_a_wrong_call_and_is_not_made(tmp_path, words):
    done = here(*words.format(out=tmp_path / "out").split(), "--state", str(tmp_path / "stat"), code=2)
    assert "run a night first" in done.stderr and not done.stdout and not list(tmp_path.iterdir())


def commands_of(group, path=()):
    for name, one in group.commands.items():
        yield (*path, name), one
        if hasattr(one, "commands"):
            yield from commands_of(one, (*path, name))


COMMANDS = dict(commands_of(get_command(app)))
# What they print is JSON anyway, a story, or nothing.
WITHOUT_JSON = {"config show", "config schema", "demo", "init", "ledger add", "read", "serve"}


def test_every_command_that_prints_facts_has_them_for_programs():
    leaves = {" ".join(path): one for path, one in COMMANDS.items() if not hasattr(one, "commands")} | {
        "radar": COMMANDS["radar",]
    }
    lacking = {name for name, one in leaves.items() if not any("--json" in param.opts for param in one.params)}
    assert lacking == WITHOUT_JSON


def test_no_option_shows_a_default_that_only_the_program_understands():
    for path, one in COMMANDS.items():
        for param in one.params:
            assert "9999" not in f"{param.default} {param.help or ''}", (path, param.name)


def told(*words, code=0):
    return json.loads(here(*words, "--json", code=code).stdout)


def test_facts_for_programs_are_those_of_the_sentences(own_story, tmp_path):
    state = ("--state", str(own_story))
    facts = told("config", "validate")
    assert (
        facts["fingerprint"] == load_settings(CONFIG, {}).fingerprint and facts["sources_enabled"] <= facts["sources"]
    )
    assert f"of {facts['sources']} sources enabled" in here("config", "validate").stdout
    published = str(own_story / "published" / "trendwarte.duckdb")
    assert told("publish", *state) == {"published": published}
    summary = told("export", "--out", str(tmp_path / "out"), *state)
    assert summary.pop("export") == str(tmp_path / "out") and summary["nights"] == 2
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert told("query", "SELECT 42 AS n", *state) == [{"n": 42}]
    assert {"nights", "checks"} <= {row["name"] for row in told("query", "--list")}
    described = told("query", "--describe", *state)
    assert {"ledger", "verdicts"} <= {row["view"] for row in described} and all(row["meaning"] for row in described)
    assert "--format csv" in here("query", "SELECT 1", "--format", "csv", "--json", *state, code=2).stderr


def test_a_replay_says_for_programs_how_many_nights_and_lines(tmp_path):
    archive = tmp_path / "in.jsonl"
    archive.write_text('{"title": "India blocks TikTok", "date": "2020-06-29"}\nno line\n', "utf-8")
    words = ("--archive", str(archive), "--start", "2020-06-29", "--end", "2020-06-29", "--state", str(tmp_path / "s"))
    assert told("replay", *words, code=1) == {"nights": 1, "skipped": 1, "export": str(tmp_path / "s" / "export")}


@pytest.mark.parametrize(
    ("sql", "way"),
    [*product(["", ";", " ;; ", "/* only a remark */"], ["typed", "piped", "parquet"]), ("\udce4", "typed")],
)
def test_a_query_that_asks_nothing_gets_a_sentence(short_story, tmp_path, sql, way):
    words = {"typed": [sql], "piped": [], "parquet": [sql, "--format", "parquet", "--out", str(tmp_path / "q.parquet")]}
    done = here("query", *words[way], "--state", str(short_story), stdin=sql if way == "piped" else "", code=2)
    assert "the query is " in done.stderr and "Traceback" not in done.stderr and not done.stdout


def test_a_query_in_another_encoding_gets_a_sentence(short_story, tmp_path):
    (tmp_path / "q.sql").write_bytes("SELECT 'ä'".encode("latin-1"))
    for words, given in ((["-f", str(tmp_path / "q.sql")], b""), (["-"], (tmp_path / "q.sql").read_bytes())):
        assert "UTF-8" in here("query", *words, "--state", str(short_story), stdin=given, code=2).stderr
    assert here("query", "-", "--state", str(short_story), stdin="SELECT 41 + 1 AS n").stdout.split()[-1] == "42"
