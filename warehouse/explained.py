"""What a verdict rests on, read from the published snapshot."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from trendwarte.explaining import Explained, TermShift
from trendwarte.types import Evidence, Floor, Term
from warehouse.asking import query

_EVIDENCE = """
SELECT name, document_id, title, quote, url, outlet, source_kind, published_at, lang FROM mart.term_evidence
WHERE as_of = ? AND client = ? AND platform = ? AND purpose = ? AND is_denial = ? AND place <= ?
ORDER BY abs(points) DESC, name, place"""


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
    key = [verdict["client"], verdict["platform"], verdict["purpose"]]
    at = verdict["as_of"]
    terms = _rows(
        published,
        "SELECT kind, name, points, detail, event_ids, instruments FROM mart.score_terms WHERE as_of = ? AND client = ?"
        " AND platform = ? AND purpose = ? ORDER BY abs(points) DESC, name",
        [at, *key],
    )
    told = _rows(published, _EVIDENCE, [at, *key, False, quotes])
    against = _rows(published, _EVIDENCE, [at, *key, True, quotes])
    before = _rows(
        published,
        "SELECT max(as_of) AS as_of FROM mart.verdicts WHERE client = ? AND platform = ? AND purpose = ? AND as_of < ?",
        [*key, at],
    )[0]["as_of"]
    shifts = _rows(
        published,
        "SELECT kind, name, points_before, points_after FROM mart.why_changed(?, ?, ?, ?, ?)",
        [*key, before, at],
    ) if before else []  # fmt: skip
    ids = sorted({event_id for term in terms for event_id in json.loads(term["event_ids"])})
    contested = _rows(
        published,
        "SELECT title FROM mart.events WHERE event_id IN (SELECT unnest(?::VARCHAR[])) AND denial > 0.2",
        [ids],
    )
    unverified = _rows(
        published,
        "SELECT DISTINCT instrument FROM mart.legal_at(?, ?) WHERE platform IN (?, 'all_social') AND is_due_unverified"
        " AND state IN ('in_force', 'enforced')",
        [at, at, verdict["platform"]],
    )
    waiting = _rows(
        published,
        "SELECT DISTINCT verb, jurisdiction FROM mart.ledger_review WHERE decision IS NULL AND platform = ?"
        " AND known_from BETWEEN ? - INTERVAL 30 DAY AND ?",
        [verdict["platform"], at, at],
    )
    return Explained(
        as_of=at, client=verdict["client"], platform=verdict["platform"], purpose=verdict["purpose"],
        band=verdict["band"], raw_band=verdict["raw_band"], score=verdict["score"], coverage=verdict["coverage"],
        confidence=verdict["confidence"], floors=_floors(verdict["floors"]),
        terms=tuple(
            Term(t["kind"], t["name"], t["points"], t["detail"], tuple(json.loads(t["event_ids"])),
                 tuple(json.loads(t["instruments"])))
            for t in terms
        ),
        evidence=tuple((row.pop("name"), Evidence(**row)) for row in told),
        counter=tuple(Evidence(**{k: v for k, v in row.items() if k != "name"}) for row in against),
        before_at=before,
        shifts=tuple(TermShift(s["kind"], s["name"], s["points_before"], s["points_after"]) for s in shifts),
        contested=tuple(row["title"] for row in contested),
        unverified=tuple(row["instrument"] for row in unverified),
        waiting=tuple((row["verb"], row["jurisdiction"]) for row in waiting),
    )  # fmt: skip


def _rows(published: Path, sql: str, parameters: list[Any]) -> list[dict[str, Any]]:
    columns, rows = query(published, sql, parameters)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _floors(text: str) -> tuple[Floor, ...]:
    return tuple(
        Floor(**raw | {"due_date": date.fromisoformat(raw["due_date"]) if raw["due_date"] else None})
        for raw in json.loads(text)
    )
