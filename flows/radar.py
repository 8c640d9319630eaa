"""What the night does about the new: names are noticed while documents are read, candidates judged before verdicts."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any

from flows.house import House, now
from trendwarte.alerting import spark_alerts
from trendwarte.errors import ConfigError
from trendwarte.radar.candidates import Candidate, judge_names, key_of
from trendwarte.radar.contexts import Finder, Tracker
from trendwarte.radar.entry import entry_text, id_of
from trendwarte.radar.momentum import Standing, established, new_sparks
from trendwarte.settings import Settings
from trendwarte.types import Alert, Document, RunReport, Verdict
from warehouse import judge_momentum, latest_standings, measure_momentum, published_or_seen, query

_KINDS_LEFT_OUT = frozenset({"satire"})
_CLOCK = "of_which_radar"


@contextmanager
def _timed(report: RunReport) -> Iterator[None]:
    """Seconds of the radar, beside the steps they are part of: it may cost a twentieth of a night, no more."""
    began = monotonic()
    yield
    spent = report.durations_s.get(_CLOCK, 0.0) + monotonic() - began
    report.durations_s[_CLOCK] = round(spent, 3)


@lru_cache(maxsize=1)
def _finder(names: tuple[str, ...]) -> Finder:
    return Finder(names)


def names_watched(house: House) -> list[str]:
    """Every name of a watched platform and of the companies behind it."""
    platforms = house.settings.platforms.values()
    return [name for p in platforms for name in (p.name, *(alias.text for alias in p.aliases), *p.parents)]


def notice(house: House, documents: Sequence[Document], as_of: datetime, report: RunReport) -> None:
    """Keep the names that new documents introduce, and who mentions names that were introduced before.

    A text without a word like "app" or "network" is left after one look.
    """
    with _timed(report):
        _notice(house, documents, as_of, report)


def _notice(house: House, documents: Sequence[Document], as_of: datetime, report: RunReport) -> None:
    rules, rows = house.settings.radar.discovery, house.warehouse.radar
    rows.count_days({published_or_seen(document).date() for document in documents})
    told = [d for d in documents if d.source_kind not in _KINDS_LEFT_OUT]
    report.counts.setdefault("names_introduced", 0)
    if not told:
        return
    finder = _finder(tuple(names_watched(house)))
    since = as_of.date() - timedelta(days=rules.window_days)
    before = rows.tracked(since)
    contexts = [row for document in told for row in _contexts(house, finder, document, as_of)]
    rows.add_contexts(contexts)
    names = rows.tracked(since) if contexts else before
    mentions = list(_mentions(house, finder, told, names, as_of))
    earliest = as_of.date() - timedelta(days=rules.history_days)
    for name in sorted(names.keys() - before.keys()):
        kept = [_kept(row) for row in rows.naming(name, earliest, as_of)]
        mentions += _mentions(house, finder, kept, {name: names[name]}, as_of)
    rows.add_mentions(list({(row["name_key"], row["document_id"]): row for row in mentions}.values()))
    report.counts["names_introduced"] += len(contexts)


def look_around(house: House, as_of: datetime, report: RunReport) -> list[Candidate]:
    """Judge every name of the window and keep the candidates of the night, those worth showing with quotes."""
    with _timed(report):
        return _look_around(house, as_of, report)


def _look_around(house: House, as_of: datetime, report: RunReport) -> list[Candidate]:
    rules, rows = house.settings.radar.discovery, house.warehouse.radar
    standings = rows.standings(as_of, rules)
    surfaced = rows.surfaced(as_of) if standings else {}
    judged = judge_names(standings, names_watched(house), surfaced, rules, as_of)
    shown = [one.name_key for one in judged if one.status == "candidate"]
    quotes = rows.evidence(shown, as_of, rules.window_days) if shown else {}
    judged = [replace(one, evidence=quotes.get(one.name_key, ())) for one in judged]
    rows.store(judged)
    report.counts["candidates"] = len(shown)
    report.counts["candidates_new"] = sum(one.is_first_shown for one in judged)
    return judged


def read_again_for_new_platforms(house: House, as_of: datetime) -> int:
    """Mark kept documents that name a platform configured since the last night as unread; gives how many."""
    rows, platforms = house.warehouse.radar, house.settings.platforms
    known = rows.platforms_read()
    added = platforms.keys() - known
    marked = 0
    if known and added:
        marked = rows.forget_reading([alias.text for key in sorted(added) for alias in platforms[key].aliases])
    rows.note_platforms(sorted(added), as_of)
    return marked


def follow_momentum(
    house: House, as_of: datetime, report: RunReport
) -> tuple[dict[str, list[Standing]], list[Standing]]:
    """Bring the series up to the night: where each platform stands per market, and the sparks that are new."""
    con, rules, platforms = house.warehouse.con, house.settings.radar.momentum, house.settings.platforms
    names = _ids_by_name(house.settings)
    with _timed(report):
        measure_momentum(con, as_of, report.run_id, names, rules)
        after = judge_momentum(con, as_of, report.run_id, established(platforms, as_of.date()), rules)
        sparks = [one for one in after if one.stage == "spark"]
        sparks = new_sparks(latest_standings(con, as_of), sparks) if sparks else []
    by_platform: dict[str, list[Standing]] = {}
    for standing in after:
        by_platform.setdefault(standing.platform, []).append(standing)
    report.counts["sparks"] = len(sparks)
    return by_platform, sparks


def spark_notes(
    house: House, verdicts: Sequence[Verdict], sparks: Sequence[Standing], report: RunReport
) -> list[Alert]:
    """Notes for clients whom a new spark suits, with the newest events of the platform as evidence."""
    settings = house.settings
    notes = spark_alerts(
        verdicts, sparks, settings.clients, settings.jurisdictions, report.run_id, settings.radar.momentum.fit_minimum
    )
    since = report.as_of.date() - timedelta(days=settings.radar.momentum.hold_days)
    found = []
    for note in notes:
        events = house.warehouse.events.recent(note.platform, since)
        found.append(replace(note, event_ids=tuple(event.event_id for event in events[:5])))
    return found


def _ids_by_name(settings: Settings) -> dict[str, str]:
    platforms = settings.platforms.values()
    return {key_of(text): p.id for p in platforms for text in (p.id, p.name, *(alias.text for alias in p.aliases))}


def _contexts(house: House, finder: Finder, document: Document, as_of: datetime) -> Iterator[dict[str, Any]]:
    for context in finder.find(document.title, document.summary):
        yield _row(house, document, key_of(context.name), as_of) | {
            "kind": context.kind, "name": context.name, "weight": context.weight, "quote": context.quote,
        }  # fmt: skip


def _mentions(
    house: House, finder: Finder, documents: Sequence[Document], names: dict[str, str], as_of: datetime
) -> Iterator[dict[str, Any]]:
    tracker = Tracker(finder, names)
    for document in documents:
        for name in sorted(tracker.named(document.title, document.summary)):
            yield _row(house, document, names[name], as_of)


def _row(house: House, document: Document, key: str, as_of: datetime) -> dict[str, Any]:
    on: date = published_or_seen(document).date()
    return {
        "document_id": document.document_id, "name_key": key, "outlet": document.outlet,
        "origin": house.origins.of(document), "seen_on": on, "known_from": as_of,
    }  # fmt: skip


def _kept(row: dict[str, Any]) -> Document:
    return Document(url="", content_hash="", **row)


def radar_of(published: Path, as_of: datetime, *, is_all: bool) -> dict[str, list[dict[str, Any]]]:
    """Candidates and stages as the newest night up to ``as_of`` knew them, from the published warehouse."""
    shown = "TRUE" if is_all else "status = 'candidate'"
    names, rows = query(
        published,
        "SELECT name, status, place, score, documents, outlets, first_seen_on, last_seen_on, surfaced_at, reasons,"  # noqa: S608
        f" evidence FROM mart.candidates WHERE as_of = (SELECT max(as_of) FROM mart.runs WHERE as_of <= ?"
        f" AND outcome IN ('ok', 'degraded')) AND {shown} ORDER BY place",
        [as_of],
    )
    candidates = [dict(zip(names, row, strict=True)) for row in rows]
    for one in candidates:
        one["reasons"], one["evidence"] = json.loads(one["reasons"]), json.loads(one["evidence"])
        for ground in one["reasons"]:
            ground["on"] = date.fromisoformat(ground["on"]) if "on" in ground else None
    names, rows = query(
        published,
        "SELECT platform, market, stage, stage_since, spark_on, peak_on, durability, inputs, bursting"
        " FROM mart.momentum_stages WHERE as_of <= ? AND (spark_on IS NOT NULL OR stage <> 'dormant')"
        " QUALIFY row_number() OVER (PARTITION BY platform, market ORDER BY as_of DESC) = 1"
        " ORDER BY spark_on DESC NULLS LAST, platform, market",
        [as_of],
    )
    return {"candidates": candidates, "momentum": [dict(zip(names, row, strict=True)) for row in rows]}


def promoted(settings: Settings, config: Path, state: Path, name: str, platform_id: str) -> tuple[Path, str, int]:
    """Write the configuration entry of a discovered name; gives its path, the name as it is written in texts ("Truth
    Social" for "truth social"), and how many kept documents hold it.

    Raises:
        ConfigError: the name is watched already, the id is taken, or nothing can be made of the name.
    """
    if (known := _ids_by_name(settings).get(key_of(name))) is not None:
        raise ConfigError([f"'{name}' is watched already: config/platforms/{known}.yaml"])
    written, facts, waiting = _noticed(state / "published" / "trendwarte.duckdb", name)
    try:
        chosen = platform_id or id_of(written)
    except ValueError as error:
        raise ConfigError([str(error)]) from error
    path = config / "platforms" / f"{chosen}.yaml"
    if path.exists() or not re.fullmatch(r"[a-z0-9_]+", chosen):
        raise ConfigError([f"{path}: taken, or no id (a-z, 0-9, _); give another one with --id"])
    path.write_text(entry_text(written, chosen, on=now().date(), **facts), "utf-8")
    return path, written, waiting


def _noticed(published: Path, name: str) -> tuple[str, dict[str, Any], int]:
    """A name as the radar met it, what it knows of it, and how many kept documents hold it."""
    facts: dict[str, Any] = {"first_seen": "unknown", "documents": 0, "outlets": 0}
    if not published.is_file():
        return name, facts, 0
    columns, rows = query(
        published,
        "SELECT name, first_seen_on AS first_seen, documents, outlets FROM mart.candidates WHERE name_key = ?"
        " ORDER BY as_of DESC LIMIT 1",
        [key_of(name)],
    )
    if rows:
        facts = dict(zip(columns, rows[0], strict=True))
        name = facts.pop("name")
    _, counts = query(
        published, "SELECT count(*) FROM mart.documents WHERE contains(title, ?) OR contains(summary, ?)", [name, name]
    )
    return name, facts, counts[0][0]
