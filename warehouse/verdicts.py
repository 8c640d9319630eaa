"""Verdicts, their changes and the alerts that follow."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from trendwarte.alerting import Told
from trendwarte.suitability import Calm
from trendwarte.types import Alert, Evidence, Floor, Reason, Term, Verdict
from warehouse.connection import Connection, insert, insert_columns, rows_of

_PLAIN = (
    "as_of", "client", "platform", "purpose", "band", "raw_band", "score", "fit", "coverage", "risk", "confidence",
    "streak_up", "streak_down", "low_since", "outlook",
)  # fmt: skip
VerdictKey = tuple[str, str, str]
_ALERT_FIELDS = tuple(one.name for one in fields(Alert))


@dataclass(frozen=True, slots=True)
class _Night:
    """The verdicts of one night, and since when the terms of each are as they are, with their hash."""

    as_of: datetime | None
    verdicts: dict[VerdictKey, Verdict]
    written: dict[VerdictKey, tuple[datetime, str]]


class Verdicts:
    """The rows of ``verdicts``, ``score_terms``, ``verdict_changes`` and ``alerts``."""

    def __init__(self, con: Connection) -> None:
        self._con = con
        self._newest = _Night(None, {}, {})

    def latest(self, before: datetime) -> dict[VerdictKey, Verdict]:
        """The verdicts of the night before; ``terms`` gives their terms.

        Who was not judged that night starts anew: only a changed configuration brings somebody in, and that is a
        baseline anyway.
        """
        return self._night_before(before).verdicts

    def _night_before(self, before: datetime) -> "_Night":
        """The newest night before a moment; in a series of nights it was just stored and need not be read again."""
        row = self._con.execute("SELECT max(as_of) FROM verdicts WHERE as_of < ?", [before]).fetchone()
        as_of = row[0] if row else None
        if as_of is None or as_of != self._newest.as_of:
            rows = rows_of(self._con, "SELECT * FROM verdicts WHERE as_of = ?", [as_of]) if as_of else []
            found = {(r["client"], r["platform"], r["purpose"]): r for r in rows}
            self._newest = _Night(
                as_of,
                {key: _verdict(r) for key, r in found.items()},
                {key: (r["terms_as_of"], r["terms_hash"]) for key, r in found.items()},
            )
        return self._newest

    def calm(self, keys: Iterable[VerdictKey], since: datetime, before: datetime) -> dict[VerdictKey, Calm]:
        """The lowest score of some verdicts between two nights, and since when each is judged."""
        wanted = [dict(zip(("client", "platform", "purpose"), key, strict=True)) for key in keys]
        if not wanted:
            return {}
        rows = self._con.execute(
            "SELECT client, platform, purpose, min(score) FILTER (as_of >= $since), min(as_of) FROM verdicts"
            " JOIN (SELECT unnest($wanted::STRUCT(client VARCHAR, platform VARCHAR, purpose VARCHAR)[],"
            " recursive := true)) USING (client, platform, purpose) WHERE as_of < $before GROUP BY ALL",
            {"wanted": wanted, "since": since, "before": before},
        ).fetchall()
        return {(c, p, u): Calm(100.0 if low is None else low, first) for c, p, u, low, first in rows}

    def read_anew(self) -> None:
        """Trust no memory of the last night: a transaction was rolled back, or its rows are about to go."""
        self._newest = _Night(None, {}, {})

    def forget(self, as_of: datetime) -> None:
        """Drop what an interrupted or repeated night wrote for this very moment; alerts stay."""
        if not self._con.execute("FROM verdicts WHERE as_of = ? LIMIT 1", [as_of]).fetchall():
            return
        self.read_anew()
        self._keep_terms_of_later_nights(as_of)
        for table in ("verdicts", "score_terms", "verdict_changes", "risk_daily"):
            self._con.execute(f'DELETE FROM "{table}" WHERE as_of = ?', [as_of])  # noqa: S608 (names from above)

    def terms(self, keys: Iterable[VerdictKey], before: datetime) -> dict[VerdictKey, tuple[Term, ...]]:
        """Terms of some verdicts of the night before; a verdict knows since when they are as they are."""
        wanted = [dict(zip(("client", "platform", "purpose"), key, strict=True)) for key in keys]
        if not wanted:
            return {}
        rows = self._con.execute(
            "SELECT client, platform, purpose, kind, name, points FROM score_terms JOIN ("
            "SELECT client, platform, purpose, terms_as_of AS as_of FROM verdicts SEMI JOIN (SELECT"
            " unnest($wanted::STRUCT(client VARCHAR, platform VARCHAR, purpose VARCHAR)[], recursive := true))"
            " USING (client, platform, purpose) WHERE as_of = (SELECT max(as_of) FROM verdicts WHERE as_of < $before))"
            " USING (client, platform, purpose, as_of)",
            {"wanted": wanted, "before": before},
        ).fetchall()
        found: dict[VerdictKey, tuple[Term, ...]] = {}
        for client, platform, purpose, kind, name, points in rows:
            found[client, platform, purpose] = (*found.get((client, platform, purpose), ()), Term(kind, name, points))
        return found

    def store(self, verdicts: Sequence[Verdict], run_id: str, *, is_baseline: bool) -> None:
        """Keep tonight's verdicts, and the terms of their scores where they differ from the last ones written."""
        if not verdicts:
            return
        night = self._night_before(verdicts[0].as_of)
        known = night.written
        hashes = [self._hash_in(night, v) for v in verdicts]
        since = [
            written[0] if (written := known.get(_key(v))) and written[1] == terms_hash else v.as_of
            for v, terms_hash in zip(verdicts, hashes, strict=True)
        ]
        columns: dict[str, list[Any]] = {name: [getattr(v, name) for v in verdicts] for name in (*_PLAIN, "floor")}
        insert_columns(self._con, "verdicts", columns | {
            "run_id": [run_id] * len(verdicts),
            "is_baseline": [is_baseline] * len(verdicts),
            "floors": [_floors_text(v.floors) for v in verdicts],
            "relaxing": [json.dumps(v.relaxing, default=_plain) if v.relaxing else "[]" for v in verdicts],
            "terms_as_of": since,
            "terms_hash": hashes,
        })  # fmt: skip
        self._store_terms([v for v, on in zip(verdicts, since, strict=True) if on == v.as_of])
        kept = {_key(v): (on, terms_hash) for v, on, terms_hash in zip(verdicts, since, hashes, strict=True)}
        self._newest = _Night(verdicts[0].as_of, {_key(v): v for v in verdicts}, kept)

    def _hash_in(self, night: _Night, verdict: Verdict) -> str:
        """The hash of tonight's terms; where they are still those of the night before, its own."""
        before = night.verdicts.get(key := _key(verdict))
        # A verdict that was read from its row has no terms with it.
        is_same = before is not None and before.terms != () and before.terms == verdict.terms
        return night.written[key][1] if is_same else _hash_of(verdict.terms)

    def _store_terms(self, verdicts: Sequence[Verdict]) -> None:
        told = [(v, t) for v in verdicts for t in v.terms]
        insert_columns(self._con, "score_terms", {
            "as_of": [v.as_of for v, _ in told],
            "client": [v.client for v, _ in told],
            "platform": [v.platform for v, _ in told],
            "purpose": [v.purpose for v, _ in told],
            "kind": [t.kind for _, t in told],
            "name": [t.name for _, t in told],
            "points": [t.points for _, t in told],
            "detail": [t.detail for _, t in told],
            "event_ids": [_list_text(t.event_ids) for _, t in told],
            "instruments": [_list_text(t.instruments) for _, t in told],
        })  # fmt: skip

    def _keep_terms_of_later_nights(self, as_of: datetime) -> None:
        """A night that is judged again may not take away the terms that later nights point at."""
        # Each verdict for itself: the first later night may have terms of its own for one and none for another.
        heirs = (
            " FROM (SELECT client, platform, purpose, min(as_of) AS heir FROM verdicts WHERE terms_as_of = $night"
            " AND as_of > $night GROUP BY ALL) h WHERE t.client = h.client AND t.platform = h.platform"
            " AND t.purpose = h.purpose AND t."
        )
        night = {"night": as_of}
        self._con.execute(f"UPDATE score_terms t SET as_of = heir {heirs}as_of = $night", night)  # noqa: S608
        self._con.execute(f"UPDATE verdicts t SET terms_as_of = heir {heirs}terms_as_of = $night", night)  # noqa: S608

    def store_changes(
        self, pairs: Sequence[tuple[Verdict | None, Verdict]], run_id: str, causes: Mapping[VerdictKey, str], *,
        is_baseline: bool,
    ) -> int:  # fmt: skip
        """Keep every change of band or binding floor; gives how many there were."""
        rows = [
            {"as_of": now.as_of, "run_id": run_id, "client": now.client, "platform": now.platform,
             "purpose": now.purpose, "from_band": old.band if old else None, "to_band": now.band,
             "from_floor": old.floor if old else None, "to_floor": now.floor, "from_score": old.score if old else None,
             "to_score": now.score, "is_baseline": is_baseline,
             "cause": causes.get((now.client, now.platform, now.purpose), "baseline" if is_baseline else "score")}
            for old, now in pairs
            if old is None or (old.band, old.floor) != (now.band, now.floor)
        ]  # fmt: skip
        insert(self._con, "verdict_changes", rows)
        return len(rows)

    def recent_changes(self, since: datetime) -> dict[VerdictKey, int]:
        """How often each band changed since a night, baselines not counted."""
        rows = self._con.execute(
            "SELECT client, platform, purpose, count(*) FROM verdict_changes"
            " WHERE as_of >= ? AND NOT is_baseline AND from_band IS DISTINCT FROM to_band GROUP BY ALL",
            [since],
        ).fetchall()
        return {(c, p, u): n for c, p, u, n in rows}

    def told(self, since: datetime) -> list[Told]:
        """Alerts decided since a night."""
        rows = self._con.execute(
            "SELECT client, platform, purpose, rule, to_band, severity, as_of, status FROM alerts WHERE as_of >= ?",
            [since],
        ).fetchall()
        return [Told(*row) for row in rows]

    def store_alerts(self, alerts: Sequence[Alert]) -> None:
        """Keep alerts, the silent ones too: why nobody was told must be readable."""
        rows = []
        for alert in alerts:
            row = asdict(alert)
            row["event_ids"] = json.dumps(alert.event_ids)
            row |= {name: json.dumps(row[name], default=_plain) for name in ("reasons", "evidence", "counter_evidence")}
            rows.append(row)
        insert(self._con, "alerts", rows, "ON CONFLICT DO NOTHING")


def alert_of(row: Mapping[str, Any]) -> Alert:
    """An alert as it was stored."""
    lists: dict[str, Any] = {
        "event_ids": tuple(json.loads(row["event_ids"])),
        "reasons": tuple(reason_of(raw) for raw in json.loads(row["reasons"])),
        "evidence": tuple(evidence_of(raw) for raw in json.loads(row["evidence"])),
        "counter_evidence": tuple(evidence_of(raw) for raw in json.loads(row["counter_evidence"] or "[]")),
    }
    return Alert(**{name: row[name] for name in _ALERT_FIELDS if name not in lists}, **lists)


def evidence_of(raw: Mapping[str, Any]) -> Evidence:
    """A quote as it was stored."""
    return Evidence(**raw | {"published_at": datetime.fromisoformat(raw["published_at"]).astimezone(UTC)})  # type: ignore[operator]


#: One field ``title`` stood for several things before each had its own; a headline, the oldest of them, nobody shows.
_TITLED = {"floor_set": "floor_detail", "floor_lifted": "floor_detail", "spark": "bursting"}


def reason_of(raw: Mapping[str, Any]) -> Reason:
    """A reason as it was stored, in a published copy perhaps long ago."""
    values = {name: value for name, value in raw.items() if name != "title"}
    if raw.get("title") and raw["code"] in _TITLED:
        values[_TITLED[raw["code"]]] = raw["title"]
    due = raw["due_date"]
    return Reason(**values | {"due_date": date.fromisoformat(due) if due else None})


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _key(verdict: Verdict) -> VerdictKey:
    return verdict.client, verdict.platform, verdict.purpose


@lru_cache(maxsize=8192)
def _list_text(names: tuple[str, ...]) -> str:
    return json.dumps(names)


def _hash_of(terms: tuple[Term, ...]) -> str:
    text = "|".join(f"{t.kind}{t.name}{t.points!r}{t.detail}{t.event_ids}{t.instruments}" for t in terms)
    return blake2b(text.encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=4096)
def _floors_text(floors: tuple[Floor, ...]) -> str:
    return json.dumps([asdict(floor) for floor in floors], default=_plain)


@lru_cache(maxsize=4096)
def _floors(text: str) -> tuple[Floor, ...]:
    return tuple(
        Floor(**raw | {"due_date": date.fromisoformat(raw["due_date"]) if raw["due_date"] else None})
        for raw in json.loads(text)
    )


def _verdict(row: Mapping[str, Any]) -> Verdict:
    relaxing = tuple((label, date.fromisoformat(until)) for label, until in json.loads(row["relaxing"]))
    return Verdict(**{name: row[name] for name in _PLAIN}, floors=_floors(row["floors"]), relaxing=relaxing)
