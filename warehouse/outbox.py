"""The outbox: messages wait here until a channel took them. At least once, always the same bytes and id."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from trendwarte.types import Delivery, Message
from warehouse.connection import Connection, insert, rows_of

#: A claim older than this belongs to a process that died; its message may have left, so it is sent again
#: under the same id.
_CLAIM_MINUTES = 15


class Outbox:
    """The rows of ``messages`` and ``deliveries``."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def queue(self, messages: Sequence[Message], queued_at: datetime) -> int:
        """Queue messages; one whose id is known already is not queued again. Gives how many were new."""
        before = self._count()
        rows = [
            asdict(message)
            | {"alert_ids": json.dumps(message.alert_ids), "status": "pending", "queued_at": queued_at,
               "next_try_at": queued_at, "target_hash": sha256(message.target.encode()).hexdigest()[:16]}
            for message in messages
        ]  # fmt: skip
        insert(self._con, "messages", rows, "ON CONFLICT DO NOTHING")
        return self._count() - before

    def waiting(self, kinds: Sequence[str]) -> int:
        """How many messages wait whose kind is none of ``kinds``: no way out is configured for them."""
        row = self._con.execute(
            "SELECT count(*) FROM messages WHERE status = 'pending' AND kind NOT IN (SELECT unnest(?::VARCHAR[]))",
            [list(kinds)],
        ).fetchone()
        return int(row[0]) if row else 0

    def claim(self, now: datetime, kinds: Sequence[str]) -> list[Message]:
        """Take what is due of these kinds; nobody else gets it while the claim is fresh."""
        rows = rows_of(
            self._con,
            "UPDATE messages SET status = 'sending', claimed_at = $now, attempts = attempts + 1"
            " WHERE kind IN (SELECT unnest($kinds::VARCHAR[])) AND"
            " ((status = 'pending' AND next_try_at <= $now) OR (status = 'sending' AND claimed_at < $stale))"
            " RETURNING message_id, run_id, client, channel, kind, target, subject, lang, body, alert_ids",
            {"now": now, "stale": now - timedelta(minutes=_CLAIM_MINUTES), "kinds": list(kinds)},
        )
        found = [Message(**row | {"alert_ids": tuple(json.loads(row["alert_ids"]))}) for row in rows]
        return sorted(found, key=lambda message: message.message_id)

    def attempts(self, message_id: str) -> tuple[int, datetime]:
        """Attempts so far (the running one included) and when the message was queued."""
        row = self._con.execute(
            "SELECT attempts, queued_at FROM messages WHERE message_id = ?", [message_id]
        ).fetchone()
        if row is None:
            raise KeyError(message_id)
        return int(row[0]), row[1]

    def record(self, delivery: Delivery) -> None:
        """Note how an attempt ended: sent, to be tried again, or dead."""
        status = {"sent": "sent", "failed": "pending", "dead": "dead"}[delivery.status]
        self._con.execute(
            "UPDATE messages SET status = ?, next_try_at = ?, sent_at = CASE WHEN ? = 'sent' THEN ? END,"
            " last_detail = ? WHERE message_id = ?",
            [status, delivery.next_try_at, status, delivery.attempted_at, delivery.detail, delivery.message_id],
        )
        row = {k: v for k, v in asdict(delivery).items() if k != "next_try_at"}
        insert(self._con, "deliveries", [row], "ON CONFLICT DO NOTHING")

    def listing(self) -> list[dict[str, Any]]:
        """All messages without their bodies and targets, newest first."""
        return rows_of(
            self._con,
            "SELECT message_id, client, channel, kind, subject, status, attempts, queued_at, sent_at, last_detail"
            " FROM messages ORDER BY queued_at DESC, message_id",
        )

    def _count(self) -> int:
        row = self._con.execute("SELECT count(*) FROM messages").fetchone()
        return int(row[0]) if row else 0
