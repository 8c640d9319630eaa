"""Commands of the operator and the analyst: serve, publish, check, query, scores, backfill, doctor and the rest."""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from flows.checking import must_be_known, must_be_there, names_in, published_of, unknown, used
from flows.options import (
    Archives,
    AsJson,
    AsOf,
    Config,
    Skipped,
    State,
    fail,
    known_at,
    moment_of,
    note,
    print_rows,
    say,
    settings_of,
)
from trendwarte.errors import ConfigError, TrendwarteError


def register_operations(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (init, serve, publish, check, query, scores, backfill, maintain, erase, doctor):
        app.command()(command)


def init(folder: Annotated[Path, typer.Argument(help="New folder; must not hold a configuration yet.")]) -> None:
    """Write a commented starter configuration: the shipped one, with example clients, platforms and sources."""
    import shutil

    shipped = Path(__file__).parents[1] / "config"
    if (folder / "settings.yaml").exists():
        fail(f"{folder / 'settings.yaml'} exists; choose an empty folder, or edit that one", 2)
    shutil.copytree(shipped, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    print(f"configuration in {folder}; next: edit {folder / 'clients'}, then")
    print(f"trendwarte config validate --config {folder}")
    print(f"trendwarte doctor --config {folder}")


def serve(
    config: Config = Path("config"),
    state: State = Path("state"),
    port: Annotated[int, typer.Option(help="Port of the Prefect server and its UI, on loopback.")] = 4200,
) -> None:
    """Run on schedule until stopped: nightly, authorities by day, weekly round, monthly maintenance.

    Starts a Prefect server unless PREFECT_API_URL names one.
    """
    from flows.quiet import prepare_serving
    from flows.serving import server_running

    settings = settings_of(config)
    prepare_serving((state / "prefect").resolve())
    with server_running(port, state / "logs", note):
        from flows.deployments import serve_all

        times = settings.runtime.schedule
        note(f"Serving in {settings.runtime.time_zone}: nightly '{times.nightly}', official '{times.official}',"
             f" digest '{times.digest}', maintenance '{times.maintenance}'. Ctrl-C stops.")  # fmt: skip
        serve_all(settings, config, state)


def publish(config: Config = Path("config"), state: State = Path("state"), as_json: AsJson = False) -> None:
    """Publish the warehouse again as it stands, with a fresh snapshot and Parquet."""
    from flows.house import opened
    from flows.keeping import put_out

    with opened(settings_of(config), used(state)) as house:
        put_out(house)
    path = state / "published" / "trendwarte.duckdb"
    say({"published": path}, str(path), as_json)


def check(
    max_age: Annotated[str, typer.Option("--max-age", help="How old the last night may be: 26h, 90m, 2d.")] = "26h",
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """Say how old the last published night is; exit code 5 when it is too old, 3 when its checks failed."""
    from flows.doctor import last_night
    from flows.house import now

    allowed = _span(max_age)
    night = last_night(state)
    age = now() - night["as_of"] if night else None
    facts = {
        "night": night["run_id"] if night else None, "as_of": night["as_of"] if night else None,
        "age_hours": round(age.total_seconds() / 3600, 1) if age is not None else None,
        "is_fresh": age is not None and age <= allowed, "failed_checks": night["failed_checks"] if night else [],
    }  # fmt: skip
    print_rows([facts], as_json)
    if not facts["is_fresh"]:
        told = (
            f"the last night is {facts['age_hours']} h old, allowed are {max_age}" if night else "no night is published"
        )
        fail(f"{told}; look into {state / 'logs'} and run 'trendwarte doctor'", 5)
    if facts["failed_checks"]:
        raise SystemExit(3)


def query(
    sql: Annotated[str, typer.Argument(help="SQL, the name of an example (--list), or - for stdin.")] = "-",
    file: Annotated[Path | None, typer.Option("-f", help="File with the query.")] = None,
    form: Annotated[str, typer.Option("--format", help="table, csv, json, md, or parquet (with --out).")] = "table",
    out: Annotated[Path | None, typer.Option("--out", help="File for parquet.")] = None,
    search: Annotated[str, typer.Option("--search", help="Documents with these words, best first.")] = "",
    is_list: Annotated[bool, typer.Option("--list", help="The named example queries.")] = False,
    is_describe: Annotated[bool, typer.Option("--describe", help="The dictionary of views and columns.")] = False,
    state: State = Path("state"),
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Ask the published warehouse, read-only; works while a night is running."""
    import warehouse
    from flows.tables import render

    if file is not None:
        must_be_there("-f", [file])
    form = _form(form, as_json)
    named = warehouse.examples()
    if is_list:
        rows = [(name, text.partition("\n")[0].lstrip("- ")) for name, text in named.items()]
        print(render(["name", "answers"], rows, form))
        return
    published = published_of(state)
    try:
        if is_describe and form not in ("table", "md"):
            print(render(*warehouse.described(published), form))
        elif is_describe:
            print(warehouse.dictionary(published), end="")
        elif search:
            print(render(*warehouse.search(published, search), form))
        else:
            text = _text_of(file) if file else _typed() if sql == "-" else named.get(sql, sql)
            if form == "parquet":
                if out is None:
                    raise ConfigError(["--format parquet: name the file with --out"])
                warehouse.query_to_file(published, text, out)
                print(out)
            else:
                print(render(*warehouse.query(published, text), form))
    except TrendwarteError as error:
        fail(str(error), 2)


def _form(form: str, as_json: bool) -> str:
    if as_json and form not in ("table", "json"):
        raise ConfigError([f"--json: --format {form} is asked for as well; leave one out"])
    return "json" if as_json else form


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"-f: {file} cannot be read as text in UTF-8 ({error})"]) from error


def _typed() -> str:
    if sys.stdin.isatty():
        raise ConfigError(["no query: write one behind 'query', name a file with -f or an example (--list)"])
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise ConfigError([f"-: what came in is no text in UTF-8 ({error})"]) from error


def scores(
    client: Annotated[str, typer.Option(help="Client id; default: all.")] = "",
    platform: Annotated[str, typer.Option(help="Platform id; default: all.")] = "",
    as_of: AsOf = "",
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """Bands and scores that were valid at a time; 'explain' takes one apart."""
    from warehouse import query as ask

    published = published_of(state)
    columns, rows = ask(
        published,
        "SELECT client, platform, purpose, band, round(score, 1) AS score, floor, round(risk, 1) AS risk,"
        " round(confidence, 2) AS confidence, outlook, as_of FROM mart.verdicts_at(?)"
        " WHERE ? IN ('', client) AND ? IN ('', platform) ORDER BY client, platform, purpose",
        [known_at(as_of), client, platform],
    )
    if not rows:
        must_be_known(
            unknown("--client", client, names_in(published, "client")),
            unknown("--platform", platform, names_in(published, "platform")),
        )
    print_rows([dict(zip(columns, row, strict=True)) for row in rows], as_json)


def backfill(
    archive: Archives,
    start: Annotated[str, typer.Option(help="First night, ISO date.")],
    end: Annotated[str, typer.Option(help="Last night, ISO date.")],
    state: State = Path("state"),
    config: Config = Path("config"),
    as_json: AsJson = False,
) -> None:
    """Run past nights over archived documents, with progress; goes on where an interrupted one stopped."""
    from flows.operations import backfilled

    first, last, skipped = moment_of(start, "--start").date(), moment_of(end, "--end").date(), Skipped()
    reports = backfilled(settings_of(config), archive, first, last, state, note, skipped)
    path = state / "published" / "trendwarte.duckdb"
    told = f"{len(reports)} nights; published in {path}"
    say({"nights": len(reports), "skipped": skipped.count, "published": path}, told, as_json)
    if skipped.count:
        raise SystemExit(1)


def maintain(config: Config = Path("config"), state: State = Path("state"), as_json: AsJson = False) -> None:
    """Forget what is past its time, publish, and write the warehouse file anew without holes."""
    from flows.house import now
    from flows.operations import maintained

    print_rows([maintained(settings_of(config), used(state), now())], as_json)


def erase(
    kind: Annotated[str, typer.Argument(help="document or source.")],
    target: Annotated[str, typer.Argument(help="Its id.")],
    reason: Annotated[str, typer.Option(help="Why, without names: 'request of 3 May', 'licence ended'.")],
    config: Config = Path("config"),
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """Take the content of a document or a source out of every table and copy; scores stay reproducible."""
    from flows.house import now
    from flows.operations import erased

    chosen: dict[str, Literal["document", "source"]] = {"document": "document", "source": "source"}
    if kind not in chosen:
        raise ConfigError([f"'{kind}' cannot be erased; use document or source"])
    print_rows([erased(settings_of(config), used(state), chosen[kind], target, reason, now())], as_json)


def doctor(config: Config = Path("config"), state: State = Path("state"), as_json: AsJson = False) -> None:
    """Check this machine and installation; each problem with its remedy."""
    from flows.doctor import examine

    checks = examine(config, state, os.environ)
    if as_json:
        print(json.dumps([c._asdict() for c in checks], ensure_ascii=False))
    else:
        for one in checks:
            print(f"{'ok  ' if one.is_ok else 'FAIL'} {one.name}: {one.finding}")
    if not all(one.is_ok for one in checks):
        raise SystemExit(1)


def _span(text: str) -> timedelta:
    units: dict[str, Any] = {"m": "minutes", "h": "hours", "d": "days"}
    try:
        return timedelta(**{units[text[-1:]]: float(text[:-1])})
    except (KeyError, ValueError, OverflowError):
        raise ConfigError([f"--max-age: '{text}' is no age; write 26h, 90m or 2d"]) from None
