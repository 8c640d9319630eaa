"""The command line. Facts go to stdout, progress and complaints to stderr; exit codes are stable.

0 ok, 1 done but degraded, 2 usage or configuration, 3 run failed, 4 locked, 5 stale, 130 interrupted.
Heavy imports happen inside the commands, so that ``--help`` answers at once.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.alerts_commands import alerts_app
from flows.backtest_commands import backtest
from flows.checking import must_be_known, must_be_there, published_of, unknown
from flows.ledger_commands import ledger_app
from flows.operations_commands import register_operations
from flows.options import (
    Archives,
    AsJson,
    AsOf,
    Config,
    Engine,
    Skipped,
    State,
    fail,
    known_at,
    moment_of,
    note,
    only_these,
    say,
    settings_of,
)
from flows.radar_commands import radar_app
from flows.sources_commands import sources_app
from trendwarte.errors import ConfigError, LockedError, TrendwarteError
from trendwarte.vocabulary import PURPOSES

if TYPE_CHECKING:
    from trendwarte.settings import Settings
    from trendwarte.types import RunReport

app = typer.Typer(
    help="Early warning for social platforms: what changed, for whom, why, on whose evidence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
config_app = typer.Typer(help="The configuration: check it, show it, print its JSON Schemas.", no_args_is_help=True)
app.add_typer(config_app, name="config")

app.add_typer(sources_app, name="sources")
app.add_typer(radar_app, name="radar")
app.add_typer(alerts_app, name="alerts")
app.add_typer(ledger_app, name="ledger")
app.command()(backtest)


def main() -> None:
    """Entry point: turns errors into a sentence and an exit code."""
    try:
        app()
    except ConfigError as error:
        fail(str(error), 2)
    except LockedError as error:
        fail(str(error), 4)
    except TrendwarteError as error:
        fail(str(error), 3)
    except OSError as error:
        if error.filename is None:
            raise
        fail(f"{error.filename}: {error.strerror}; choose another place or make room there, and run it again", 3)
    except KeyboardInterrupt:
        fail("interrupted; the next night continues where this one stopped", 130)


@contextmanager
def _engine_ready(engine: str, state: Path) -> Iterator[None]:
    if engine not in ("prefect", "plain", "dask"):
        raise ConfigError([f"--engine: '{engine}' is unknown; use prefect or plain, or dask with a lake"])
    if engine == "plain":
        yield
        return
    from flows.quiet import prepare_prefect

    prepare_prefect((state / "prefect").resolve())
    if engine == "dask":
        from flows.serving import free_port, server_running

        # Workers report to it; without one, every worker would start its own.
        with server_running(free_port(), state / "logs", note):
            yield
    else:
        note("Starting Prefect's temporary server (about 15 s; --engine plain goes without) ...")
        yield


@app.command()
def demo(state: State = Path("state/demo"), config: Config = Path("config"), engine: Engine = "prefect") -> None:
    """Run the nightly path over a recorded world on loopback: no network, no account, no key."""
    import shutil

    from flows.demo import run_demo
    from flows.story import tell_story

    if state.exists():
        shutil.rmtree(state)
    with _engine_ready(engine, state):
        reports = run_demo(config, state, engine)
    print(tell_story(state, reports))


@app.command()
def run(
    as_of: Annotated[str, typer.Option(help="Night to run, ISO date or time; default: now.")] = "",
    config: Config = Path("config"),
    state: State = Path("state"),
    only: Annotated[list[str] | None, typer.Option(help="Only this source; may be repeated.")] = None,
    engine: Engine = "prefect",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Work on a copy of the state; send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run one night: collect, read, score, judge, publish, tell."""
    from flows.house import now, opened
    from flows.monitor import monitor
    from flows.watching import keep_log, secrets_of

    settings = only_these(settings_of(config), only or [])
    if not dry_run:
        keep_log(state, secrets_of(settings, os.environ))
    moment = moment_of(as_of) if as_of else now().replace(microsecond=0)
    if dry_run:
        state, settings = _dry(state, settings)
    with _engine_ready(engine, state), opened(settings, state) as house:
        reports = monitor(house, moment, engine)
    for made_up in reports[:-1]:
        note(f"made up for {made_up.as_of:%Y-%m-%d}: {made_up.outcome}")
    _print_report(reports[-1], state, as_json=as_json)
    if reports[-1].problems:
        raise SystemExit(3 if reports[-1].is_held else 1)


_NOT_COPIED = ("run.lock", "prefect", "snapshots", "parquet", "logs")


def _dry(state: Path, settings: "Settings") -> tuple[Path, "Settings"]:
    import shutil
    import tempfile

    copy = Path(tempfile.mkdtemp(prefix="trendwarte-dry-"))
    if state.exists():
        shutil.copytree(
            state, copy / "state", ignore=shutil.ignore_patterns("run.lock", "prefect", "snapshots", "parquet", "logs")
        )
    silent = {key: client.model_copy(update={"channels": []}) for key, client in settings.clients.items()}
    note(f"Dry run on a copy: {copy / 'state'}")
    return copy / "state", settings.model_copy(update={"clients": silent})


def _print_report(report: "RunReport", state: Path, *, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        print(json.dumps(asdict(report), default=str, ensure_ascii=False))
        return
    baseline = f", baseline ({report.baseline_reason})" if report.is_baseline else ""
    print(f"{report.run_id}: {report.outcome}{baseline}")
    print("  " + ", ".join(f"{name} {count}" for name, count in report.counts.items()))
    print("  seconds: " + ", ".join(f"{name} {value}" for name, value in report.durations_s.items()))
    for problem in report.problems:
        note(f"  ! {problem}")
    print(f"  warehouse {state / 'published' / 'trendwarte.duckdb'}, briefs {state / 'briefs' / 'index.html'}")


@app.command()
def read(
    source: Annotated[str, typer.Option("--in", help="JSON Lines of documents, - for stdin.")] = "-",
    out: Annotated[str, typer.Option("--out", help="JSON Lines of readings, - for stdout.")] = "-",
    config: Config = Path("config"),
    explain_one: Annotated[bool, typer.Option("--explain", help="Show each reading with its quotes.")] = False,
) -> None:
    """Read documents into signals; touches no state. One line out per valid line in, same order."""
    from flows.reading import read_stream

    if source != "-":
        must_be_there("--in", [Path(source)])
    problems = read_stream(settings_of(config), source, out, explain=explain_one, complain=note)
    if problems:
        raise SystemExit(1)


@app.command()
def replay(
    archive: Archives,
    start: Annotated[str, typer.Option(help="First night, ISO date.")],
    end: Annotated[str, typer.Option(help="Last night, ISO date.")],
    state: State,
    config: Config = Path("config"),
    as_json: AsJson = False,
) -> None:
    """Run the real pipeline night by night over archived documents; exports to STATE/export."""
    from flows.replay import replay as run_replay
    from flows.summary import write_export

    def progress(report: "RunReport") -> None:
        note(
            f"{report.as_of:%Y-%m-%d} {report.outcome:9} " + " ".join(f"{k}={v}" for k, v in report.counts.items() if v)
        )

    first, last = moment_of(start, "--start").date(), moment_of(end, "--end").date()
    if last < first:
        raise ConfigError([f"--end: {end} lies before --start {start}; swap them"])
    skipped = Skipped()
    reports = run_replay(settings_of(config), archive, first, last, state, skipped, progress)
    write_export(published_of(state), state / "export", reports)
    told = f"{len(reports)} nights; export in {state / 'export'}"
    say({"nights": len(reports), "skipped": skipped.count, "export": state / "export"}, told, as_json)
    if skipped.count:
        raise SystemExit(1)


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", help="Folder for the files.")],
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """Write events, ledger, risk, verdicts and alerts as JSON Lines, and every mart view as Parquet."""
    from flows.summary import write_export

    summary = write_export(published_of(state), out)
    say({"export": out, **summary}, f"export in {out}", as_json)


@app.command()
def explain(
    client: Annotated[str, typer.Option(help="Client id.")],
    platform: Annotated[str, typer.Option(help="Platform id.")],
    purpose: Annotated[str, typer.Option(help="Purpose; default: all.")] = "",
    as_of: AsOf = "",
    lang: Annotated[str, typer.Option(help="de or en.")] = "de",
    state: State = Path("state"),
    config: Config = Path("config"),
    as_json: AsJson = False,
) -> None:
    """Take a verdict apart: what, why, on whose evidence, how sure, what would reverse it, what to do."""
    from flows.explaining import as_json as record
    from flows.explaining import as_text, explanations

    if lang not in ("de", "en"):
        raise ConfigError([f"--lang: '{lang}' is unknown; use de or en"])
    chosen: Literal["de", "en"] = "de" if lang == "de" else "en"
    settings = settings_of(config)
    published_of(state)
    found = explanations(state, settings, client, platform, purpose, known_at(as_of).isoformat())
    if not found:
        # Only then: a client who left the configuration can still be explained.
        its = settings.clients[client].purposes if client in settings.clients else PURPOSES
        must_be_known(
            unknown("--client", client, settings.clients, "see config/clients"),
            unknown("--platform", platform, settings.platforms, "see config/platforms"),
            unknown("--purpose", purpose, its),
        )
        note("no verdict: check --as-of, and that a night has run")
    if as_json:
        records = [record(one, settings, chosen) for one in found]
        print(json.dumps(records, default=str, ensure_ascii=False))
    elif found:
        print("\n\n".join(as_text(one, settings, chosen) for one in found))


@app.command()
def report(
    lang: Annotated[str, typer.Option(help="de or en.")] = "de",
    state: State = Path("state"),
    is_open: Annotated[bool, typer.Option("--open", help="Open in the browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Paths of the briefs of the last night; --open shows the index, which links all of them."""
    import webbrowser

    if lang not in ("de", "en"):
        raise ConfigError([f"--lang: '{lang}' is unknown; use de or en"])
    pages = sorted((state / "briefs").glob(f"*.{lang}.html"))
    if not pages:
        fail(f"no brief in {state / 'briefs'}; run a night first", 2)
    if as_json:
        print(json.dumps([{"client": page.name.removesuffix(f".{lang}.html"), "path": str(page)} for page in pages]))
    else:
        print("\n".join(map(str, [*pages, state / "briefs" / "index.html"])))
    if is_open:
        webbrowser.open((state / "briefs" / "index.html").resolve().as_uri())


@config_app.command("validate")
def config_validate(config: Config = Path("config"), as_json: AsJson = False) -> None:
    """Check the whole configuration; every mistake with file, line and remedy."""
    s = settings_of(config)
    facts = {
        "platforms": len(s.platforms), "clients": len(s.clients), "sources": len(s.sources),
        "sources_enabled": sum(source.is_enabled for source in s.sources.values()), "fingerprint": s.fingerprint,
    }  # fmt: skip
    told = (
        "ok: {platforms} platforms, {clients} clients, {sources_enabled} of {sources} sources enabled\n"
        "fingerprint {fingerprint}"
    ).format(**facts)
    say(facts, told, as_json)


@config_app.command("show")
def config_show(config: Config = Path("config")) -> None:
    """The configuration as JSON, secrets masked."""
    print(settings_of(config).model_dump_json(indent=1))


@config_app.command("schema")
def config_schema(out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("config/schema")) -> None:
    """Write the JSON Schemas that editors use."""
    from trendwarte.config_files import schemas

    out.mkdir(parents=True, exist_ok=True)
    for kind, schema in schemas().items():
        text = json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True)
        (out / f"{kind}.schema.json").write_text(text + "\n", "utf-8")


register_operations(app)
