"""Signals, events and the legal ledger: what was read, what happened, where the law stands."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from trendwarte.causes import Heard
from trendwarte.types import Event, Evidence, LegalStatus, Refusal, Signal, StoredSignal
from trendwarte.vocabulary import DIMENSION_OF
from warehouse.connection import Connection, insert, query_text, rows_of
from warehouse.evidence import counted, move_evidence, number_series

_SIGNAL_FIELDS = (
    "platform", "topic", "jurisdiction", "legal_stage", "factuality", "polarity", "severity", "confidence", "evidence",
    "char_from", "char_to", "role", "verb", "measure", "instrument", "due_date", "event_date", "amount", "currency",
    "age_limit",
)  # fmt: skip
_EVENT_FIELDS = tuple(Event.__dataclass_fields__)
_STATUS_COLUMNS = (
    "platform, jurisdiction, instrument, measure, state, valid_from, known_from, due_date, event_id, rule,"
    " credibility, age_limit, is_challenged, is_due_unverified, from_state"
)
_NEWEST = (
    "QUALIFY row_number() OVER (PARTITION BY platform, jurisdiction, instrument"
    " ORDER BY known_from DESC, row_id DESC) = 1"
)


class Events:
    """The rows of ``signals`` and ``events``."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def forget_signals_of(self, document_ids: Sequence[str]) -> list[str]:
        """Drop the signals of documents that are read anew; gives the events they belonged to."""
        ids = list(document_ids)
        rows = self._con.execute(
            "DELETE FROM signals WHERE document_id IN (SELECT unnest(?::VARCHAR[])) RETURNING event_id", [ids]
        ).fetchall()
        return sorted({event_id for (event_id,) in rows})

    def near(self, days: Iterable[tuple[str, date]], gap_days: int) -> dict[str, list[StoredSignal]]:
        """All signals of each event that a report of these (platform, day) pairs could belong to.

        Only these are touched: the cost of a night follows its own days, not the history.
        """
        wanted = [{"platform": platform, "day": day} for platform, day in sorted(set(days))]
        rows = self._con.execute(query_text("events_near"), {"days": wanted, "gap": gap_days}).fetchall()
        return self.signals_of(event_id for (event_id,) in rows)

    def recent(self, platform: str, since: date) -> list[Event]:
        """Events of a platform that were still told of on or after ``since``, the most credible first."""
        rows = rows_of(
            self._con,
            "SELECT * FROM events WHERE platform = ? AND last_seen_at >= ? ORDER BY credibility DESC, event_id",
            [platform, since],
        )
        return [_event(row) for row in rows]

    def heard(self, since: datetime) -> list[Heard]:
        """Events that a report joined since a night, with the times of their first and last report."""
        rows = rows_of(self._con, query_text("events_heard"), {"since": since})
        return [Heard(_event(row), row["first_at"], row["last_at"]) for row in rows]

    def add_signals(self, signals: Sequence[StoredSignal], event_of: dict[str, str], reader_version: str) -> None:
        """Keep signals under their events."""
        insert(self._con, "signals", [_signal_row(s, event_of[s.signal_id], reader_version) for s in signals])

    def signals_of(self, event_ids: Iterable[str]) -> dict[str, list[StoredSignal]]:
        """All signals of each event."""
        # Their times come without a zone, which is UTC: DuckDB asks pytz for the zone of each value, in 4 microseconds.
        ids = sorted(set(event_ids))
        if not ids:
            return {}
        rows = rows_of(
            self._con,
            "SELECT s.* REPLACE (s.published_at::TIMESTAMP AS published_at, s.known_from::TIMESTAMP AS known_from),"
            " d.title, d.summary FROM signals s JOIN documents d USING (document_id)"
            " WHERE event_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY signal_id",
            [ids],
        )
        found: dict[str, list[StoredSignal]] = {}
        for row in rows:
            found.setdefault(row["event_id"], []).append(_stored(row))
        return found

    def put(self, events: Sequence[Event], known_from: datetime) -> list[Event]:
        """Write events (new or grown) as known from a night on; gives them with what only their neighbours can say.

        Novelty falls with each earlier event of the same platform, place and topic in 90 days, attention with the
        number of origins that did not tell of it; a legal step is always new and needs no chorus (docs/method.md).
        """
        if not events:
            return []
        ids = [event.event_id for event in events]
        before = self._con.execute(
            "DELETE FROM events WHERE event_id IN (SELECT unnest(?::VARCHAR[])) RETURNING series, event_date, mass",
            [ids],
        ).fetchnumpy()
        keys = [(event.platform, event.jurisdiction, event.dimension) for event in events]
        number = number_series(self._con, keys, known_from.date())
        series = [number[key] for key in keys]
        insert(self._con, "events", [_event_row(e) | {"series": n} for e, n in zip(events, series, strict=True)])
        after = counted([(n, e.event_date, e.mass) for e, n in zip(events, series, strict=True)])
        move_evidence(self._con, before, after, known_from.date())
        self._con.execute(query_text("events_novelty"), {"ids": ids})
        self._con.execute(query_text("events_attention"), {"ids": ids})
        rows = self._con.execute(
            "SELECT event_id, novelty, attention, reach FROM events WHERE event_id IN (SELECT unnest(?::VARCHAR[]))",
            [ids],
        ).fetchall()
        found = {event_id: (novelty, attention, reach) for event_id, novelty, attention, reach in rows}
        return [
            replace(event, novelty=novelty, attention=attention, reach=reach)
            for event in events
            for novelty, attention, reach in [found[event.event_id]]
        ]

    def drop_empty(self, event_ids: Iterable[str], known_from: datetime) -> None:
        """Remove events whose every signal was withdrawn by a new reading, as known from a night on."""
        ids = sorted(set(event_ids))
        if not ids:
            return
        before = self._con.execute(
            "DELETE FROM events WHERE event_id IN (SELECT unnest(?::VARCHAR[])) AND event_id NOT IN"
            " (SELECT event_id FROM signals) RETURNING series, event_date, mass",
            [ids],
        ).fetchnumpy()
        move_evidence(self._con, before, counted(()), known_from.date())

    def evidence(self, event_ids: Sequence[str], limit: int, *, denying: bool = False) -> list[Evidence]:
        """The strongest quotes behind events, one per origin, official sources first."""
        rows = rows_of(
            self._con,
            query_text("evidence"),
            {"ids": list(event_ids), "limit": limit, "denying": denying},
        )
        return [Evidence(**row) for row in rows]


class LedgerRows:
    """The rows of ``ledger`` and ``ledger_review``; appended, never changed."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def current(self) -> list[LegalStatus]:
        """The newest row of each platform, jurisdiction and instrument."""
        rows = rows_of(self._con, f"SELECT {_STATUS_COLUMNS} FROM ledger {_NEWEST}")  # noqa: S608 (constants)
        return [LegalStatus(**row) for row in rows]

    def moved_after(self, known_from: datetime) -> list[LegalStatus]:
        """Rows that were written after a night, oldest first."""
        rows = rows_of(
            self._con,
            f"SELECT {_STATUS_COLUMNS} FROM ledger WHERE known_from > ? ORDER BY row_id",  # noqa: S608 (constants)
            [known_from],
        )
        return [LegalStatus(**row) for row in rows]

    def applied_events(self) -> set[str]:
        """Events that already moved an instrument."""
        rows = self._con.execute("SELECT DISTINCT event_id FROM ledger WHERE event_id IS NOT NULL").fetchall()
        return {event_id for (event_id,) in rows}

    def taken_steps(self) -> set[tuple[str, str, str]]:
        """(platform, jurisdiction, verb) of every step the ledger has taken."""
        rows = self._con.execute(
            "SELECT DISTINCT platform, jurisdiction, split_part(rule, ':', 1) FROM ledger"
        ).fetchall()
        return set(rows)

    def append(
        self, moved: Sequence[LegalStatus], refused: Sequence[Refusal], run_id: str, known_from: datetime
    ) -> None:
        """Write transitions and refused steps; a step refused before stays refused once."""
        insert(self._con, "ledger", [asdict(status) | {"run_id": run_id} for status in moved])
        rows = [asdict(one) | {"known_from": known_from, "run_id": run_id} for one in refused]
        insert(self._con, "ledger_review", rows, "ON CONFLICT DO NOTHING")

    def refused(self, event_id: str) -> tuple[Event, str] | None:
        """The event of a refused step and the instrument it was refused for; None when it waits no more."""
        rows = rows_of(
            self._con,
            "SELECT e.*, r.instrument AS refused_for FROM ledger_review r JOIN events e USING (event_id)"
            " WHERE event_id = ? AND event_id NOT IN (SELECT event_id FROM ledger_decisions)",
            [event_id],
        )
        return (_event(rows[0]), str(rows[0]["refused_for"])) if rows else None

    def decide(self, event_id: str, decision: str, author: str, reason: str, decided_at: datetime) -> None:
        """Note what a person decided about a refused step: ``confirmed`` or ``rejected``."""
        row = {"event_id": event_id, "decision": decision, "author": author, "reason": reason, "decided_at": decided_at}
        insert(self._con, "ledger_decisions", [row])

    def enter(self, status: LegalStatus, author: str, reason: str) -> None:
        """Append a row that a person answers for."""
        row = asdict(status) | {"run_id": "manual", "author": author, "reason": reason}
        insert(self._con, "ledger", [row])

    def places(self) -> set[str]:
        """Jurisdictions with an instrument or an event."""
        rows = self._con.execute("SELECT jurisdiction FROM ledger UNION SELECT jurisdiction FROM events").fetchall()
        return {place for (place,) in rows}

    def last_event_of(self, instrument: str) -> str | None:
        """The newest event that moved an instrument; a passed due date has none of its own."""
        found = self._con.execute(
            "SELECT event_id FROM ledger WHERE instrument = ? AND event_id IS NOT NULL ORDER BY row_id DESC LIMIT 1",
            [instrument],
        ).fetchone()
        return str(found[0]) if found else None


def _signal_row(stored: StoredSignal, event_id: str, reader_version: str) -> dict[str, Any]:
    row = {name: getattr(stored.signal, name) for name in _SIGNAL_FIELDS}
    return row | {
        "signal_id": stored.signal_id, "document_id": stored.document_id, "event_id": event_id,
        "dimension": DIMENSION_OF.get(stored.signal.topic, "momentum"), "is_recap": stored.recap,
        "weight": stored.weight, "origin": stored.origin, "source_kind": stored.source_kind, "lang": stored.lang,
        "rules": json.dumps(stored.signal.rules), "published_at": stored.published_at,
        "known_from": stored.known_from, "reader_version": reader_version,
    }  # fmt: skip


def _stored(row: dict[str, Any]) -> StoredSignal:
    signal = Signal(**{name: row[name] for name in _SIGNAL_FIELDS}, rules=_rules(row["rules"]))
    return StoredSignal(
        signal_id=row["signal_id"], document_id=row["document_id"], origin=row["origin"],
        source_kind=row["source_kind"], published_at=row["published_at"].replace(tzinfo=UTC),
        known_from=row["known_from"].replace(tzinfo=UTC),
        recap=row["is_recap"], weight=row["weight"], lang=row["lang"], title=row["title"], signal=signal,
        summary=row["summary"],
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _rules(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _event_row(event: Event) -> dict[str, Any]:
    row = {name: getattr(event, name) for name in _EVENT_FIELDS}
    row["is_recap"] = row.pop("recap")
    return row


def _event(row: dict[str, Any]) -> Event:
    row["recap"] = row.pop("is_recap")
    return Event(**{name: row[name] for name in _EVENT_FIELDS})
