"""What all commands share: options with one name each, errors as sentences, dates and tables."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from trendwarte.errors import ConfigError

if TYPE_CHECKING:
    from sources import ArchiveProblem
    from trendwarte.settings import Settings

Config = Annotated[Path, typer.Option("--config", help="Folder with the configuration.")]
State = Annotated[Path, typer.Option("--state", help="Folder that holds warehouse, briefs and mailbox.")]
Engine = Annotated[
    str, typer.Option("--engine", help="prefect, plain (threads, no server), or dask (docs/operations.md).")
]
# Empty is the newest night, also of a replay whose nights lie ahead of the clock.
AsOf = Annotated[str, typer.Option("--as-of", help="As known at, ISO date or time; default: the newest night.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
Archives = Annotated[list[Path], typer.Option("--archive", help="JSON Lines file (.gz, .zst); may be repeated.")]

_NEWEST = datetime(9999, 1, 1, tzinfo=UTC)


def fail(text: str, code: int) -> NoReturn:
    """Say what is wrong and end with ``code``."""
    print(text, file=sys.stderr)
    sys.exit(code)


def note(text: str) -> None:
    """A line of progress on stderr."""
    print(text, file=sys.stderr, flush=True)


class Skipped:
    """Says of each line of an archive that it was passed over; ``count`` decides about the exit code."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, problem: "ArchiveProblem") -> None:
        """One more."""
        self.count += 1
        note(f"{problem.path}:{problem.line}: {problem.reason}; skipped")


def settings_of(config: Path) -> "Settings":
    """The configuration of a folder, with secrets from the environment."""
    from trendwarte.config_files import load_settings

    return load_settings(config, os.environ)


def only_these(settings: "Settings", only: list[str]) -> "Settings":
    """The settings with only the named sources; all when none is named."""
    # An entry of the catalogue stands for all its requests: "tranco-ranks" for "tranco-ranks:tiktok" and the rest.
    entries = {key.partition(":")[0] for key in settings.sources}
    unknown = [one for one in only if one not in settings.sources and one not in entries]
    if unknown:
        raise ConfigError([f"source '{one}' is unknown; see 'trendwarte sources list'" for one in unknown])
    chosen = {
        key: source
        for key, source in settings.sources.items()
        if not only or key in only or key.partition(":")[0] in only
    }
    return settings.model_copy(update={"sources": chosen})


def moment_of(text: str, option: str = "--as-of") -> datetime:
    """A date (its last second, UTC) or a time from the command line."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError([f"{option}: '{text}' is no date; write 2025-01-19 or 2025-01-19T03:00:00"]) from None
    if len(text) == 10:
        moment = moment.replace(hour=23, minute=59, second=59)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def known_at(as_of: str) -> datetime:
    """What ``--as-of`` means: that moment, or the newest there is."""
    return moment_of(as_of) if as_of else _NEWEST


def say(facts: dict[str, Any], text: str, as_json: bool) -> None:
    """The result of a command: a record for programs, a sentence for people."""
    print(json.dumps(facts, default=str, ensure_ascii=False) if as_json else text)


def print_rows(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Rows as a table for people, or as JSON for machines."""
    from flows.tables import render

    if as_json:
        print(json.dumps(rows, default=str, ensure_ascii=False))
    elif rows:
        print(render(list(rows[0]), [tuple(row.values()) for row in rows], "table"))
