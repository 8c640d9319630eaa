"""Sources as we know them: memory between visits, health night by night, raw answers, and what they measured."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

import zstandard

from trendwarte.types import Measurement, Payload, SourceHealth, SourceMemory, Validators
from warehouse.connection import Connection, blobs, insert, moments, offered, rows_of, texts

_MEMORY_COLUMNS = (
    "source_id, state, etag, last_modified, body_hash, interval_min, failures, calm, busy, conditional, is_lying,"
    " last_body_at, last_new_at, newest_published_at, next_fetch_at"
)


class SourceStates:
    """The rows of ``source_state``, ``source_health``, ``payloads`` and ``measurements``."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def memories(self) -> dict[str, SourceMemory]:
        """What is remembered of every source that was ever visited."""
        rows = rows_of(self._con, f"SELECT {_MEMORY_COLUMNS} FROM source_state")  # noqa: S608
        return {row["source_id"]: _memory(row) for row in rows}

    def record(self, run_id: str, visits: Sequence[tuple[SourceHealth, SourceMemory]]) -> None:
        """Keep one row of health per source and run, and the memory to continue from.

        Validators are only kept when the documents behind them are stored in the same transaction.
        """
        self._con.execute(
            "DELETE FROM source_health WHERE run_id = ? AND source_id IN (SELECT unnest(?::VARCHAR[]))",
            [run_id, [health.source_id for health, _ in visits]],
        )
        insert(self._con, "source_health", [_health_row(health, run_id) for health, _ in visits])
        insert(
            self._con,
            "source_state",
            [_state_row(health, memory) for health, memory in visits],
            "ON CONFLICT (source_id) DO UPDATE SET " + ", ".join(
                f"{column} = excluded.{column}" for column in _UPDATED_COLUMNS
            ) + ", last_ok_at = coalesce(excluded.last_ok_at, source_state.last_ok_at)",
        )  # fmt: skip

    def states_in(self, run_id: str) -> list[str]:
        """The states of all sources that a run asked, also before it was interrupted."""
        rows = self._con.execute("SELECT state FROM source_health WHERE run_id = ?", [run_id]).fetchall()
        return [state for (state,) in rows]

    def keep_payloads(self, payloads: Iterable[Payload]) -> None:
        """Keep raw bytes, packed (as some come), for re-reading; the same bytes once."""
        packer = zstandard.ZstdCompressor(level=3)
        kept = {payload.validators.body_hash or sha256(payload.body).hexdigest(): payload for payload in payloads}
        if not kept:
            return
        columns = {
            "payload_hash": texts(list(kept)),
            "source_id": texts([p.source_id for p in kept.values()]),
            "url": texts([p.url for p in kept.values()]),
            "fetched_at": moments([p.fetched_at for p in kept.values()]),
            "content_type": texts([p.content_type for p in kept.values()]),
            "charset": texts([p.charset for p in kept.values()]),
            "body_zstd": blobs([p.body_zstd or packer.compress(p.body) for p in kept.values()]),
        }
        names = ", ".join(columns)
        with offered(self._con, "arriving", columns):
            self._con.execute(
                f"INSERT INTO payloads ({names})"  # noqa: S608 (names from above)
                " SELECT * REPLACE (fetched_at AT TIME ZONE 'UTC' AS fetched_at) FROM arriving ON CONFLICT DO NOTHING"
            )

    def keep_measurements(self, measurements: Sequence[Measurement], known_from: datetime) -> int:
        """Keep what was measured; a later answer for the same day replaces the earlier one. Gives the rows written.

        A value that did not change keeps the time it was first known.
        """
        newest = {(m.source_id, m.series, m.subject, m.market, m.measured_on): m for m in measurements}
        insert(
            self._con,
            "measurements",
            [asdict(one) | {"known_from": known_from} for one in newest.values()],
            "ON CONFLICT DO UPDATE SET known_from = CASE WHEN measurements.value = excluded.value"
            " AND measurements.norm IS NOT DISTINCT FROM excluded.norm THEN measurements.known_from"
            " ELSE excluded.known_from END, value = excluded.value, norm = excluded.norm",
        )
        return len(newest)


def _memory(row: dict[str, Any]) -> SourceMemory:
    return SourceMemory(
        source_id=row["source_id"],
        state=row["state"],
        validators=Validators(row["etag"], row["last_modified"], row["body_hash"]),
        interval_min=row["interval_min"],
        failures=row["failures"],
        calm=row["calm"],
        busy=row["busy"],
        conditional=row["conditional"],
        is_lying=row["is_lying"],
        last_body_at=row["last_body_at"],
        last_new_at=row["last_new_at"],
        newest_at=row["newest_published_at"],
        next_visit_at=row["next_fetch_at"],
    )


def _state_row(health: SourceHealth, memory: SourceMemory) -> dict[str, Any]:
    return {
        "source_id": memory.source_id, "state": memory.state, "etag": memory.validators.etag,
        "last_modified": memory.validators.last_modified, "body_hash": memory.validators.body_hash,
        "interval_min": memory.interval_min, "failures": memory.failures, "calm": memory.calm, "busy": memory.busy,
        "conditional": memory.conditional, "is_lying": memory.is_lying, "last_body_at": memory.last_body_at,
        "last_new_at": memory.last_new_at, "newest_published_at": memory.newest_at,
        "next_fetch_at": memory.next_visit_at, "last_fetch_at": health.fetched_at,
        "last_ok_at": None if memory.failures else health.fetched_at, "detail": health.detail,
    }  # fmt: skip


_UPDATED_COLUMNS = tuple(
    column
    for column in _state_row(SourceHealth("", "ok", datetime.min), SourceMemory(""))
    if column not in ("source_id", "last_ok_at")
)


def _health_row(health: SourceHealth, run_id: str) -> dict[str, Any]:
    return {
        "run_id": run_id, "source_id": health.source_id, "fetched_at": health.fetched_at, "state": health.state,
        "status": health.status, "documents": health.documents, "new_documents": health.new_documents,
        "duration_s": health.duration_s, "detail": health.detail,
    }  # fmt: skip
