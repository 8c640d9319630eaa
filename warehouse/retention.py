"""What is forgotten, when, and on whose request; scores stay reproducible by ids, hashes and weights."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal

from warehouse.connection import Connection, insert, rows_of

#: Where the words of a document stand beside the document itself.
_QUOTES = (("signals", "evidence"), ("radar_contexts", "quote"))


@dataclass(frozen=True, slots=True)
class Periods:
    """Days that each kind of content is kept."""

    payload_days: int
    text_days: int
    quote_days: int
    letter_days: int


def forget_old(con: Connection, now: datetime, periods: Periods) -> dict[str, int]:
    """Drop raw payloads, full texts, quotes and letters past their time; gives how many of each.

    Titles, summaries, hashes, weights and the ledger stay: they are what a score is recomputed from.
    """
    return forget_answers(con, now, periods) | {
        "quotes": sum(
            _count(
                con,
                f"UPDATE {table} SET {column} = '' WHERE known_from < ? AND {column} <> ''",  # noqa: S608
                now - timedelta(days=periods.quote_days),
            )
            for table, column in _QUOTES
        ),
        "letters": _count(
            con,
            "UPDATE messages SET body = ''::BLOB, target = '' WHERE queued_at < ? AND status IN ('sent', 'dead',"
            " 'suppressed') AND target <> ''",
            now - timedelta(days=periods.letter_days),
        ),
    }


def forget_answers(con: Connection, now: datetime, periods: Periods) -> dict[str, int]:
    """Drop raw payloads and full texts past their time, what sources gave and we only keep; gives how many of each."""
    return {
        "payloads": _count(
            con, "DELETE FROM payloads WHERE fetched_at < ?", now - timedelta(days=periods.payload_days)
        ),
        "texts": _count(
            con,
            "UPDATE documents SET text = '', text_quality = CASE WHEN summary = '' THEN 'title' ELSE 'summary' END"
            " WHERE first_seen_at < ? AND text <> ''",
            now - timedelta(days=periods.text_days),
        ),
    }


def erase(
    con: Connection, kind: Literal["document", "source"], target: str, reason: str, now: datetime
) -> dict[str, int]:
    """Take the content of one document, or of all documents of a source, out of every table.

    What goes: title, summary, text, address, quotes, headlines of events and alerts, quotes of candidates, letters and
    digests that quote it, raw answers of the source. What stays: ids, hashes, dates, outlet, weights; the document is
    not read or stored again.

    Raises:
        KeyError: no such document or source.
    """
    column = "document_id" if kind == "document" else "split_part(source_id, ':', 1)"
    rows = rows_of(con, f"SELECT document_id, title FROM documents WHERE {column} = ?", [target])  # noqa: S608
    if not rows:
        raise KeyError(target)
    ids = [row["document_id"] for row in rows]
    titles = [row["title"] for row in rows if row["title"]]
    _erase_from_alerts(con, set(ids), set(titles))
    _erase_from_candidates(con, set(ids))
    con.execute(
        "UPDATE events SET title = '' WHERE title IN (SELECT unnest(?::VARCHAR[])) AND event_id IN"
        " (SELECT event_id FROM signals WHERE document_id IN (SELECT unnest(?::VARCHAR[])))",
        [titles, ids],
    )
    of_these = "WHERE document_id IN (SELECT unnest(?::VARCHAR[]))"
    signals = _count(con, f"UPDATE signals SET evidence = '' {of_these}", ids)  # noqa: S608
    con.execute(f"UPDATE radar_contexts SET quote = '' {of_these}", [ids])  # noqa: S608
    _erase_payloads(con, kind, target)
    documents = _count(
        con,
        "UPDATE documents SET title = '', summary = '', text = '', url = '', guid = NULL, text_quality = 'title',"
        " erased_at = coalesce(erased_at, $now) WHERE document_id IN (SELECT unnest($ids::VARCHAR[]))",
        {"ids": ids, "now": now},
    )
    key = blake2b(f"{kind}\x1f{target}\x1f{now.isoformat()}".encode(), digest_size=8).hexdigest()
    insert(con, "erasures", [
        {"erasure_id": f"x-{key}", "erased_at": now, "kind": kind, "target": target, "reason": reason,
         "documents": documents, "signals": signals}
    ])  # fmt: skip
    return {"documents": documents, "signals": signals}


def _erase_payloads(con: Connection, kind: Literal["document", "source"], target: str) -> None:
    """Raw answers that held the content."""
    if kind == "source":
        con.execute("DELETE FROM payloads WHERE split_part(source_id, ':', 1) = ?", [target])
    else:
        con.execute(
            "DELETE FROM payloads WHERE payload_hash IN (SELECT payload_hash FROM documents WHERE document_id = ?)",
            [target],
        )


def _erase_from_alerts(con: Connection, ids: set[str], titles: set[str]) -> None:
    """Quotes and headlines inside alerts, and the letters that carried them."""
    for row in rows_of(con, "SELECT alert_id, evidence, counter_evidence, reasons FROM alerts"):
        evidence, counter = (_without(row[name], ids) for name in ("evidence", "counter_evidence"))
        reasons = [one | {"title": ""} if one.get("title") in titles else one for one in json.loads(row["reasons"])]
        kept = [evidence, counter, reasons]
        if kept == [json.loads(row[name] or "[]") for name in ("evidence", "counter_evidence", "reasons")]:
            continue
        con.execute(
            "UPDATE alerts SET evidence = ?, counter_evidence = ?, reasons = ?, title = '' WHERE alert_id = ?",
            [*(json.dumps(one, ensure_ascii=False) for one in kept), row["alert_id"]],
        )
        # A letter not yet sent would tell what was just taken out; one that was sent is only our copy of it.
        con.execute(
            "UPDATE messages SET body = ''::BLOB, status = CASE WHEN status = 'sent' THEN 'sent' ELSE 'suppressed' END,"
            " last_detail = 'content erased on request' WHERE list_contains(alert_ids::VARCHAR[], ?)",
            [row["alert_id"]],
        )


def _erase_from_candidates(con: Connection, ids: set[str]) -> None:
    """Quotes behind names that were noticed."""
    for row in rows_of(con, "SELECT as_of, name_key, evidence FROM candidates WHERE evidence::VARCHAR <> '[]'"):
        kept = _without(row["evidence"], ids)
        if len(kept) < len(json.loads(row["evidence"])):
            con.execute(
                "UPDATE candidates SET evidence = ? WHERE as_of = ? AND name_key = ?",
                [json.dumps(kept, ensure_ascii=False), row["as_of"], row["name_key"]],
            )


def _without(evidence: str | None, ids: set[str]) -> list[dict[str, object]]:
    return [one for one in json.loads(evidence or "[]") if one.get("document_id") not in ids]


def _count(con: Connection, sql: str, parameters: object) -> int:
    values = parameters if isinstance(parameters, dict) else [parameters]
    row = con.execute(sql, values).fetchone()
    return int(row[0]) if row else 0
