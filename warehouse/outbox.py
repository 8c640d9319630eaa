"""The outbox: messages wait here until a channel took them. At least once, always the same bytes and id."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from trendwarte.messages import Delivery, Message
from trendwarte.telling import Held, Memory, Recipient, Silence, Subject, ToldBand
from warehouse.connection import Connection, insert, query_text, rows_of
from warehouse.verdicts import alert_of

_CLAIM = """
    UPDATE messages SET status = 'sending', claimed_at = $now, claimed_by = $holder, attempts = attempts + 1
    WHERE message_id = $id AND (status = 'pending' OR (status = 'sending' AND claimed_by <> $holder))
    RETURNING message_id, run_id, client, channel, kind, target, subject, lang, severity, body, alert_ids, attempts,
              coalesce(first_due_at, queued_at) AS first_due_at"""
_SILENCE = "silence_id, created_at, until_at, author, reason, client, platform, purpose, severity, channel"


class Outbox:
    """The rows of ``messages``, ``statements``, ``deliveries``, ``silences`` and ``closed_channels``."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    # --- queueing ---------------------------------------------------------------------------

    def memory(self, as_of: datetime, held: Sequence[Held] = ()) -> Memory:
        """What each recipient was last told before a night, and who wants silence; with what was held back."""
        told = rows_of(self._con, query_text("told"), {"as_of": as_of})
        known: dict[Recipient, dict[Subject, ToldBand]] = {}
        to_all: dict[tuple[str, str, Any], ToldBand] = {}
        for row in told:
            fact = ToldBand(row["band"], row["told_at"])
            if row["channel"]:
                recipient = Recipient(row["client"], row["channel"], row["target"])
                known.setdefault(recipient, {})[row["platform"], row["purpose"]] = fact
            else:
                to_all[row["client"], row["platform"], row["purpose"]] = fact
        return Memory(known, to_all, self.silences(as_of), held, self._closed())

    def held(self, as_of: datetime, since: datetime) -> list[Held]:
        """What was meant for a recipient since a night and never arrived."""
        # Most nights nothing is: one look at the messages spares three joins.
        lost = self._con.execute(
            "FROM messages WHERE queued_at >= ? AND status IN ('suppressed', 'dead') LIMIT 1", [since]
        ).fetchall()
        if not lost:
            return []
        rows = rows_of(self._con, query_text("held"), {"since": since, "as_of": as_of})
        return [Held(Recipient(row["client"], row["held_channel"], row["held_target"]), alert_of(row)) for row in rows]

    def _closed(self) -> frozenset[Recipient]:
        rows = self._con.execute(
            "SELECT DISTINCT m.client, m.channel, m.target FROM messages m JOIN closed_channels c"
            " ON (m.client, m.channel, m.target_hash) = (c.client, c.channel, c.target_hash)"
        ).fetchall()
        return frozenset(Recipient(*row) for row in rows)

    def queue(self, messages: Sequence[Message], queued_at: datetime) -> int:
        """Queue messages; one whose id is known already is not queued again. Gives how many were new."""
        if not messages:
            return 0
        before = self._count()
        insert(self._con, "messages", [_queued(m, queued_at) for m in messages], "ON CONFLICT DO NOTHING")
        rows = [asdict(s) | {"message_id": m.message_id} for m in messages for s in m.statements]
        insert(self._con, "statements", rows, "ON CONFLICT DO NOTHING")
        return self._count() - before

    # --- delivering -------------------------------------------------------------------------

    def waiting(self, kinds: Sequence[str]) -> int:
        """How many messages wait whose kind is none of ``kinds``: no way out is configured for them."""
        row = self._con.execute(
            "SELECT count(*) FROM messages WHERE status = 'pending' AND kind NOT IN (SELECT unnest(?::VARCHAR[]))",
            [list(kinds)],
        ).fetchone()
        return int(row[0]) if row else 0

    def due(self, now: datetime, kinds: Sequence[str], holder: str) -> dict[Recipient, list[str]]:
        """Ids to send now by recipient, oldest first.

        A claim of another holder belongs to a process that died: whoever opens the warehouse is alone with it. Its
        message may have left, so it is sent again under the same id.
        """
        rows = self._con.execute(
            "SELECT client, channel, target, message_id FROM messages"
            " WHERE kind IN (SELECT unnest($kinds::VARCHAR[])) AND ((status = 'pending' AND next_try_at <= $now)"
            " OR (status = 'sending' AND claimed_by <> $holder)) ORDER BY queued_at, message_id",
            {"now": now, "kinds": list(kinds), "holder": holder},
        ).fetchall()
        found: dict[Recipient, list[str]] = {}
        for client, channel, target, message_id in rows:
            found.setdefault(Recipient(client, channel, target), []).append(message_id)
        return found

    def claim(self, message_id: str, now: datetime, holder: str) -> tuple[Message, int, datetime] | None:
        """Take one message by compare-and-set, with the number of this attempt and when it was first due.

        None when somebody else took it, or it was sent or suppressed meanwhile.
        """
        rows = rows_of(self._con, _CLAIM, {"now": now, "holder": holder, "id": message_id})
        if not rows:
            return None
        row = rows[0]
        attempt, first_due_at = row.pop("attempts"), row.pop("first_due_at")
        return Message(**row | {"alert_ids": tuple(json.loads(row["alert_ids"]))}), attempt, first_due_at

    def expire(self, first_due_before: datetime) -> int:
        """Give up what waits longer than that, tried or not: late, the truth of that night is no longer the truth.

        What still holds is told anew (``Memory.held``).
        """
        found = self._con.execute(
            "UPDATE messages SET status = 'dead', outcome = 'expired', last_detail = CASE WHEN attempts = 0"
            " THEN 'never sent: no way out was open' ELSE last_detail END"
            " WHERE status = 'pending' AND coalesce(first_due_at, queued_at) < ? RETURNING message_id",
            [first_due_before],
        ).fetchall()
        return len(found)

    def postpone(self, recipient: Recipient, until: datetime) -> None:
        """The receiver asked for patience: what else waits for it waits as long."""
        self._con.execute(
            "UPDATE messages SET next_try_at = greatest(next_try_at, ?)"
            " WHERE client = ? AND channel = ? AND target = ? AND status = 'pending'",
            [until, recipient.client, recipient.channel, recipient.target],
        )

    def record(self, delivery: Delivery, holder: str) -> None:
        """Note how an attempt of this holder ended: sent, to be tried again, or dead."""
        status = {"sent": "sent", "failed": "pending", "dead": "dead"}[delivery.status]
        self._con.execute(
            "UPDATE messages SET status = $status, next_try_at = $again, last_detail = $detail, outcome = $outcome,"
            " sent_at = CASE WHEN $status = 'sent' THEN $at END"
            " WHERE message_id = $id AND status = 'sending' AND claimed_by = $holder",
            {"status": status, "again": delivery.next_try_at, "detail": delivery.detail, "outcome": delivery.outcome,
             "at": delivery.attempted_at, "id": delivery.message_id, "holder": holder},
        )  # fmt: skip
        attempt = {k: v for k, v in asdict(delivery).items() if k not in ("next_try_at", "outcome")}
        insert(self._con, "deliveries", [attempt], "ON CONFLICT DO NOTHING")

    def close(self, recipient: Recipient, closed_at: datetime, detail: str) -> None:
        """The receiver is gone: nothing more is sent there, what waits for it is kept."""
        row = {"client": recipient.client, "channel": recipient.channel, "target_hash": _hash(recipient.target),
               "closed_at": closed_at, "detail": detail}  # fmt: skip
        insert(self._con, "closed_channels", [row], "ON CONFLICT DO NOTHING")
        self._con.execute(
            "UPDATE messages SET status = 'suppressed', outcome = 'closed', last_detail = ? WHERE client = ?"
            " AND channel = ? AND target = ? AND status = 'pending'",
            [detail, recipient.client, recipient.channel, recipient.target],
        )

    # --- people -----------------------------------------------------------------------------

    def retry(self, now: datetime, message_ids: Sequence[str], client: str = "*", channel: str = "*") -> int:
        """Put dead messages back and open closed channels again; all that match, or the named ones. Gives how many."""
        found = self._con.execute(
            "UPDATE messages SET status = 'pending', next_try_at = $now, first_due_at = $now, outcome = ''"
            " WHERE (status = 'dead' OR (status = 'suppressed' AND outcome = 'closed'))"
            " AND client GLOB $client AND channel GLOB $channel"
            " AND (len($ids::VARCHAR[]) = 0 OR message_id IN (SELECT unnest($ids::VARCHAR[])))"
            " RETURNING client, channel, target_hash",
            {"now": now, "client": client, "channel": channel, "ids": list(message_ids)},
        ).fetchall()
        for row in set(found):
            self._con.execute(
                "DELETE FROM closed_channels WHERE client = ? AND channel = ? AND target_hash = ?", list(row)
            )
        if not message_ids:
            self._con.execute("DELETE FROM closed_channels WHERE client GLOB ? AND channel GLOB ?", [client, channel])
        return len(found)

    def silence(self, silence: Silence) -> None:
        """Write a silence down."""
        insert(self._con, "silences", [asdict(silence)])

    def end_silence(self, silence_id: str, now: datetime) -> bool:
        """End a silence before its time; False when there is none that still holds."""
        found = self._con.execute(
            "UPDATE silences SET until_at = $now, ended_at = $now WHERE silence_id = $id AND until_at > $now"
            " RETURNING silence_id",
            {"now": now, "id": silence_id},
        ).fetchall()
        return bool(found)

    def silences(self, at: datetime) -> list[Silence]:
        """Silences that hold at a time, oldest first."""
        rows = rows_of(
            self._con,
            f"SELECT {_SILENCE} FROM silences WHERE created_at <= ? AND until_at > ? ORDER BY created_at",  # noqa: S608 (constants)
            [at, at],
        )
        return [Silence(**row) for row in rows]

    def listing(self, status: str = "") -> list[dict[str, Any]]:
        """Messages without their bodies and targets, newest first."""
        return rows_of(
            self._con,
            "SELECT message_id, client, channel, severity, subject, status, outcome, attempts, queued_at, next_try_at,"
            " sent_at, last_detail FROM messages WHERE ? IN ('', status) ORDER BY queued_at DESC, message_id",
            [status],
        )

    def last_digests(self) -> dict[str, datetime]:
        """When a digest was last queued for each client."""
        rows = self._con.execute(
            "SELECT client, max(queued_at) FROM messages WHERE message_id LIKE 'twd-%' GROUP BY client"
        ).fetchall()
        return dict(rows)

    def _count(self) -> int:
        row = self._con.execute("SELECT count(*) FROM messages").fetchone()
        return int(row[0]) if row else 0


def _queued(message: Message, queued_at: datetime) -> Mapping[str, Any]:
    row = asdict(replace(message, statements=()))
    due = row.pop("not_before") or queued_at
    del row["statements"]
    return row | {
        "alert_ids": json.dumps(message.alert_ids), "queued_at": queued_at, "next_try_at": due, "first_due_at": due,
        "target_hash": _hash(message.target), "last_detail": row.pop("detail"),
    }  # fmt: skip


def _hash(target: str) -> str:
    return sha256(target.encode()).hexdigest()[:16]
