"""The catalogue at work: which sources a night asks, how they answer now, how they did, and new ones from a list."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, get_args

from ruamel.yaml import YAML

from flows.collect import key_of
from flows.engine import PlainEngine
from flows.errands import by_host
from flows.house import now
from sources import canonical_url, decoded, fetch, harvest, is_readable, read_opml, root_of
from trendwarte.catalogue import API_KEY, address_of, needs_key
from trendwarte.errors import ConfigError, FetchError, ParseError, TrendwarteError
from trendwarte.settings import Settings, Source
from trendwarte.types import NotModified, Validators
from trendwarte.vocabulary import SourceKind
from warehouse import query

_SUFFIXES = {"json": "json", "csv": "csv", "html_listing": "html"}
_IMPORTED = "imported.yaml"


def listed(settings: Settings) -> list[dict[str, Any]]:
    """One row per source, with the reason when a night leaves it out."""
    return [
        {"source": s.id, "kind": s.kind, "source_kind": s.source_kind, "lang": s.lang, "asked": _asked(s), "url": s.url}
        for s in settings.sources.values()
    ]


def checked(
    settings: Settings, record: Path | None, note: Callable[[str], None], *, is_everything: bool
) -> list[dict[str, Any]]:
    """Ask sources once and say what came: nothing is stored but, under ``record``, the answers themselves.

    Each row ends in a proposal for the catalogue: to switch a source on or off, or where it moved to.

    Args:
        settings: with the sources to ask.
        record: folder for one file per entry of the catalogue; what lies there is replaced.
        note: takes a line of progress per source.
        is_everything: ask those that are switched off too.
    """
    moment = now()
    chosen = [s for s in settings.sources.values() if is_readable(s.kind) and (is_everything or _asked(s) == "yes")]
    done = count(1)

    def attempt(errand: list[Source]) -> list[dict[str, Any]]:
        rows = []
        for source in errand:
            row = _check(source, settings, record, moment)
            rows.append(row | {"proposal": _proposal(source, row, moment)})
            note(f"{next(done)}/{len(chosen)} {source.id}: {row['state']} {row['detail']}".strip())
        return rows

    errands = by_host(chosen)
    answers = PlainEngine(settings.runtime.fetching.workers).map("check", attempt, errands, retries=0, wait_s=0)
    rows = {row["source"]: row for found in answers if isinstance(found, list) for row in found}
    return [rows[source.id] for source in chosen if source.id in rows]


def health(state: Path, settings: Settings) -> list[dict[str, Any]]:
    """How each source that nights ask stands, the worst first; those no night has asked yet are ``never_ran``.

    Raises:
        QueryError: nothing is published there yet.
    """
    columns, found = query(
        state / "published" / "trendwarte.duckdb",
        "SELECT source_id AS source, state, failures, newest_published_at AS newest_entry, last_new_at AS last_new,"
        " next_fetch_at AS asked_again, interval_min AS every_min, is_lying AS lying_validators, detail"
        " FROM mart.sources",
    )
    rows = [dict(zip(columns, map(_readable, row), strict=True)) for row in found]
    known = {row["source"] for row in rows}
    never_ran = dict.fromkeys(columns) | {"state": "never_ran", "failures": 0.0}
    rows += [
        never_ran | {"source": s.id, "detail": _asked(s).removeprefix("yes")}
        for s in settings.sources.values()
        if s.is_enabled and s.id not in known
    ]
    return sorted(rows, key=lambda row: (-row["failures"], row["state"] in ("ok", "not_modified"), row["source"]))


def imported(settings: Settings, opml: Path, config: Path, kind: str) -> tuple[int, Path]:
    """Write the new feeds of an OPML file as entries of the catalogue; gives their number and the file.

    Raises:
        ConfigError: the list cannot be read, or ``kind`` is none.
    """
    if kind not in get_args(SourceKind):
        raise ConfigError([f"--kind: {kind!r} is none of {', '.join(get_args(SourceKind))}"])
    try:
        feeds = read_opml(opml)
    except ParseError as error:
        raise ConfigError([str(error)]) from error
    known = {canonical_url(source.url) for source in settings.sources.values()}
    taken = {source.id.partition(":")[0] for source in settings.sources.values()}
    fresh = [feed for feed in feeds if canonical_url(feed.url) not in known]
    path = config / "sources" / _IMPORTED
    yaml = YAML()
    yaml.width = 10_000
    held = yaml.load(path.read_text("utf-8"))["sources"] if path.exists() else []
    for feed in fresh:
        name = feed.id if feed.id not in taken else f"{feed.id}-{feed.owner.replace('.', '-')}"
        held.append({
            "id": name, "name": feed.name, "kind": "feed", "url": feed.url, "source_kind": kind, "owner": feed.owner,
            "is_enabled": False,
        })  # fmt: skip
    if fresh:
        with path.open("w", encoding="utf-8") as stream:
            stream.write("# yaml-language-server: $schema=../schema/sources.schema.json\n# From feed lists (OPML).\n")
            yaml.dump({"sources": held}, stream)
    return len(fresh), path


def _asked(source: Source) -> str:
    if not is_readable(source.kind):
        return f"no reader: {source.note}".strip(": ")
    if not source.is_enabled:
        return "switched off"
    return f"needs {source.key_env}" if needs_key(source) and not key_of(source) else "yes"


def _check(source: Source, settings: Settings, record: Path | None, moment: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {
        "source": source.id, "is_ok": False, "state": "", "status": None, "entries": 0, "newest": None, "root": "",
        "encoding": "", "content_type": "", "seconds": None, "url": "", "detail": "",
    }  # fmt: skip
    try:
        answer = fetch(source, Validators(), settings.runtime.fetching, now=moment, key=key_of(source))
        if isinstance(answer, NotModified):
            return row | {"state": "not_modified", "status": answer.status}
        row |= {
            "status": answer.status, "content_type": answer.content_type, "seconds": round(answer.duration_s, 2),
            "url": answer.url, "encoding": answer.charset, "root": root_of(decoded(answer.body, answer.content_type)),
        }  # fmt: skip
        if record:
            record.mkdir(parents=True, exist_ok=True)
            entry = source.id.partition(":")[0]
            (record / f"{entry}.{_SUFFIXES.get(source.kind, 'xml')}").write_bytes(answer.body)
        found = harvest(source, answer, seen_at=moment)
    except FetchError as error:
        return row | {"state": error.state, "status": error.status, "detail": str(error)}
    except ParseError as error:
        return row | {"state": "parse_error", "detail": str(error)}
    except TrendwarteError as error:
        return row | {"state": "unreachable", "detail": str(error)}
    newest = max((d.published_at for d in found.documents if d.published_at), default=None)
    state = "empty" if len(found) < max(source.min_items, 1) else "ok"
    if state == "ok" and newest and (moment - newest).total_seconds() > source.expected_update_days * 86_400:
        state = "stale"
    return row | {"is_ok": True, "state": state, "entries": len(found), "newest": _minute(newest)}


def _proposal(source: Source, row: dict[str, Any], moment: datetime) -> str:
    """What the answer suggests to change in the catalogue; an operator decides, one bad day is no reason."""
    if not source.is_enabled:
        return "switch on: it answers with fresh entries" if row["state"] == "ok" else ""
    if row["state"] in ("dead", "parse_error"):
        return f"mend or switch off: {row['state']}"
    if row["state"] == "blocked":
        return "switch off, or ask its owner: blocked"
    if row["state"] in ("stale", "empty"):
        return f"look: {row['state']}, newest {row['newest'] or 'none'}"
    asked = canonical_url(address_of(source, source.url, moment))
    if row["is_ok"] and canonical_url(row["url"]) != asked and API_KEY not in source.url:
        return f"new address: {row['url']}"
    return ""


def _readable(value: Any) -> Any:
    return _minute(value) if isinstance(value, datetime) else value


def _minute(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else None
