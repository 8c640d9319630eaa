"""What the night does about the new: names are noticed while documents are read, candidates judged before verdicts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from flows.house import House
from trendwarte.radar.candidates import Candidate, judge_names, key_of
from trendwarte.radar.contexts import Finder
from trendwarte.types import Document, RunReport
from warehouse import published_or_seen

_KINDS_LEFT_OUT = frozenset({"satire"})


def names_watched(house: House) -> list[str]:
    """Every name of a watched platform and of the companies behind it."""
    platforms = house.settings.platforms.values()
    return [name for p in platforms for name in (p.name, *(alias.text for alias in p.aliases), *p.parents)]


def notice(house: House, documents: Sequence[Document], as_of: datetime, report: RunReport) -> None:
    """Keep the names that new documents introduce, and who mentions names that were introduced before.

    Costs a few percent of reading: a text without a word like "app" or "network" is left after one look.
    """
    rules, rows = house.settings.radar.discovery, house.warehouse.radar
    rows.count_days({published_or_seen(document).date() for document in documents})
    told = [d for d in documents if d.source_kind not in _KINDS_LEFT_OUT]
    finder = Finder(names_watched(house))
    since = as_of.date() - timedelta(days=rules.window_days)
    before = rows.tracked(since)
    contexts = [row for document in told for row in _contexts(house, finder, document, as_of)]
    rows.add_contexts(contexts)
    names = rows.tracked(since) if contexts else before
    mentions = [row for d in told for row in _mentions(house, finder, d, names, as_of)]
    earliest = as_of.date() - timedelta(days=rules.history_days)
    for key in names.keys() - before.keys():
        kept = [_kept(row) for row in rows.naming(names[key], earliest, as_of)]
        mentions += [row for d in kept for row in _mentions(house, finder, d, {key: names[key]}, as_of)]
    rows.add_mentions(list({(row["name_key"], row["document_id"]): row for row in mentions}.values()))
    report.counts["names_introduced"] = len(contexts)


def look_around(house: House, as_of: datetime, report: RunReport) -> list[Candidate]:
    """Judge every name of the window and keep the candidates of the night, those worth showing with quotes."""
    rules, rows = house.settings.radar.discovery, house.warehouse.radar
    standings = rows.standings(as_of, rules)
    judged = judge_names(standings, names_watched(house), rows.surfaced(as_of), rules, as_of)
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


def _contexts(house: House, finder: Finder, document: Document, as_of: datetime) -> Iterator[dict[str, Any]]:
    for context in finder.find(document.title, document.summary):
        yield _row(house, document, key_of(context.name), as_of) | {
            "kind": context.kind, "name": context.name, "weight": context.weight, "quote": context.quote,
        }  # fmt: skip


def _mentions(
    house: House, finder: Finder, document: Document, names: dict[str, str], as_of: datetime
) -> Iterable[dict[str, Any]]:
    keys = {name: key for key, name in names.items()}
    found = finder.named(document.title, document.summary, keys)
    return [_row(house, document, keys[name], as_of) for name in sorted(found)]


def _row(house: House, document: Document, key: str, as_of: datetime) -> dict[str, Any]:
    on: date = published_or_seen(document).date()
    return {
        "document_id": document.document_id, "name_key": key, "outlet": document.outlet,
        "origin": house.origins.of(document), "seen_on": on, "known_from": as_of,
    }  # fmt: skip


def _kept(row: dict[str, Any]) -> Document:
    return Document(url="", content_hash="", **row)
