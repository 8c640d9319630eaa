"""What leaves the house: a message, what it states, and each attempt to hand it over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from trendwarte.vocabulary import Band, Purpose, Severity


@dataclass(frozen=True, slots=True)
class Statement:
    """One change as a message states it: ``from_band`` is what this recipient was told before."""

    alert_id: str
    platform: str
    purpose: Purpose
    from_band: Band
    to_band: Band


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered message for one client, channel and recipient; a retry sends these very bytes.

    ``message_id`` is stable over retries (webhook-id and the left part of Message-ID). ``not_before`` is the end of
    quiet hours. A ``suppressed`` one is kept and not sent; ``outcome`` says why: silenced, closed.
    """

    message_id: str
    run_id: str
    client: str
    channel: str
    kind: str
    target: str
    subject: str
    body: bytes
    alert_ids: tuple[str, ...]
    lang: Literal["de", "en"] = "de"
    severity: Severity = "note"
    statements: tuple[Statement, ...] = ()
    not_before: datetime | None = None
    status: Literal["pending", "suppressed"] = "pending"
    outcome: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to hand a message over, and how it ended.

    ``outcome`` of a dead one: refused (never again), gone (the address is closed), expired (three days are over).
    """

    message_id: str
    attempt: int
    attempted_at: datetime
    status: Literal["sent", "failed", "dead"]
    detail: str = ""
    next_try_at: datetime | None = None
    outcome: str = ""
