"""What a verdict rests on, read from the published snapshot."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from trendwarte.explaining import Explained, TermShift
from trendwarte.types import Evidence, Floor, Term
from warehouse.asking import query

_EVIDENCE = """
SELECT name, document_id, title, quote, url, outlet, source_kind, published_at, lang FROM mart.term_evidence
WHERE as_of = ? AND client = ? AND platform = ? AND purpose = ? AND is_denial = ? AND place <= ?
ORDER BY abs(points) DESC, name, place"""

#: What an explanation takes from the verdict as it stands there.
_AS_STORED = ("as_of", "client", "platform", "purpose", "band", "raw_band", "score", "coverage", "confidence")


def explained(published: Path, client: str, platform: str, purpose: str, known_t: str, quotes: int) -> list[Explained]:
    """The newest verdicts of a client on a platform known at a time, one per purpose (all when none is named).

    Args:
        quotes: how many quotes per term, the strongest first, one per independent origin.

    Raises:
        QueryError: nothing is published yet.
    """
    verdicts = _rows(
        published,
        "SELECT * FROM mart.verdicts_at(?) WHERE client = ? AND platform = ? AND ? IN ('', purpose) ORDER BY purpose",
        [known_t, client, platform, purpose],
    )
    return [_explained(published, verdict, quotes) for verdict in verdicts]


def _explained(published: Path, verdict: dict[str, Any], quotes: int) -> Explained:
    at, key = verdict["as_of"], [verdict["client"], verdict["platform"], verdict["purpose"]]
    terms, before = _terms(published, at, key), _night_before(published, at, key)
    return Explained(
        **{name: verdict[name] for name in _AS_STORED},
        floors=_floors(verdict["floors"]),
        terms=terms,
        evidence=_evidence(published, at, key, quotes, denying=False),
        counter=tuple(quote for _, quote in _evidence(published, at, key, quotes, denying=True)),
        before_at=before,
        shifts=_shifts(published, key, before, at) if before else (),
        contested=_contested(published, terms),
        unverified=_unverified(published, verdict["platform"], at),
        waiting=_waiting(published, verdict["platform"], at),
    )


def _terms(published: Path, at: datetime, key: list[str]) -> tuple[Term, ...]:
    rows = _rows(
        published,
        "SELECT kind, name, points, detail, event_ids, instruments FROM mart.score_terms WHERE as_of = ? AND client = ?"
        " AND platform = ? AND purpose = ? ORDER BY abs(points) DESC, name",
        [at, *key],
    )
    return tuple(
        Term(**row | {name: tuple(json.loads(row[name])) for name in ("event_ids", "instruments")}) for row in rows
    )


def _night_before(published: Path, at: datetime, key: list[str]) -> datetime | None:
    (row,) = _rows(
        published,
        "SELECT max(as_of) AS as_of FROM mart.verdicts WHERE client = ? AND platform = ? AND purpose = ? AND as_of < ?",
        [*key, at],
    )
    found: datetime | None = row["as_of"]
    return found


def _shifts(published: Path, key: list[str], before: datetime, at: datetime) -> tuple[TermShift, ...]:
    rows = _rows(
        published,
        "SELECT kind, name, points_before, points_after FROM mart.why_changed(?, ?, ?, ?, ?)",
        [*key, before, at],
    )
    return tuple(TermShift(row["kind"], row["name"], row["points_before"], row["points_after"]) for row in rows)


def _evidence(
    published: Path, at: datetime, key: list[str], quotes: int, *, denying: bool
) -> tuple[tuple[str, Evidence], ...]:
    """Quotes by the term they speak for, or, ``denying``, against."""
    rows = _rows(published, _EVIDENCE, [at, *key, denying, quotes])
    return tuple((row.pop("name"), Evidence(**row)) for row in rows)


def _contested(published: Path, terms: tuple[Term, ...]) -> tuple[str, ...]:
    ids = sorted({event_id for term in terms for event_id in term.event_ids})
    rows = _rows(
        published,
        "SELECT title FROM mart.events WHERE event_id IN (SELECT unnest(?::VARCHAR[])) AND denial > 0.2",
        [ids],
    )
    return tuple(row["title"] for row in rows)


def _unverified(published: Path, platform: str, at: datetime) -> tuple[str, ...]:
    rows = _rows(
        published,
        "SELECT DISTINCT instrument FROM mart.legal_at(?, ?) WHERE platform IN (?, 'all_social') AND is_due_unverified"
        " AND state IN ('in_force', 'enforced')",
        [at, at, platform],
    )
    return tuple(row["instrument"] for row in rows)


def _waiting(published: Path, platform: str, at: datetime) -> tuple[tuple[str, str], ...]:
    rows = _rows(
        published,
        "SELECT DISTINCT verb, jurisdiction FROM mart.ledger_review WHERE decision IS NULL AND platform = ?"
        " AND known_from BETWEEN ? - INTERVAL 30 DAY AND ?",
        [platform, at, at],
    )
    return tuple((row["verb"], row["jurisdiction"]) for row in rows)


def _rows(published: Path, sql: str, parameters: list[Any]) -> list[dict[str, Any]]:
    columns, rows = query(published, sql, parameters)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _floors(text: str) -> tuple[Floor, ...]:
    return tuple(
        Floor(**raw | {"due_date": date.fromisoformat(raw["due_date"]) if raw["due_date"] else None})
        for raw in json.loads(text)
    )
