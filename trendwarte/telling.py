"""What each recipient gets of a night's alerts, measured against what that recipient was last told.

Pure: alerts, channels and memory go in; what to write, what to hold back and why come out. The band of a night is one
thing, what a mailbox believes another: a silence, a lost message or a spent budget may lie between them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from hashlib import sha256
from zoneinfo import ZoneInfo

from trendwarte.floors import rank
from trendwarte.settings import AlertRules, Channel
from trendwarte.types import Alert, Reason, Verdict
from trendwarte.vocabulary import Band, Purpose, Severity

#: A receiver may ask for patience, not for the loss of the message.
_LONGEST_WAIT = timedelta(hours=24)
_URGENCY: dict[str, int] = {"act": 0, "decide": 1, "note": 2}
Subject = tuple[str, Purpose]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One mailbox or endpoint of a client; ``channel`` is ``Channel.key``."""

    client: str
    channel: str
    target: str


@dataclass(frozen=True, slots=True)
class ToldBand:
    """What a recipient was last told of a platform and purpose, and when."""

    band: Band
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Silence:
    """Somebody wants to hear nothing about something for a while; patterns as in file names."""

    silence_id: str
    created_at: datetime
    until_at: datetime
    author: str
    reason: str
    client: str = "*"
    platform: str = "*"
    purpose: str = "*"
    severity: str = "*"
    channel: str = "*"

    def covers(self, alert: Alert, channel: str) -> bool:
        """Whether it holds this alert back on this channel at the alert's time."""
        pairs = (
            (alert.client, self.client), (alert.platform, self.platform), (alert.purpose, self.purpose),
            (alert.severity, self.severity), (channel, self.channel),
        )  # fmt: skip
        return self.created_at <= alert.as_of < self.until_at and all(fnmatchcase(is_, may) for is_, may in pairs)


@dataclass(frozen=True, slots=True)
class Held:
    """An alert that was meant for a recipient and never arrived: silenced, or its message expired."""

    recipient: Recipient
    alert: Alert


@dataclass(frozen=True, slots=True)
class Memory:
    """What the outbox remembers when a night queues its messages."""

    known: Mapping[Recipient, Mapping[Subject, ToldBand]] = field(default_factory=dict)
    known_to_all: Mapping[tuple[str, str, Purpose], ToldBand] = field(default_factory=dict)
    """(client, platform, purpose) -> what baseline and digest told everybody there"""
    silences: Sequence[Silence] = ()
    held: Sequence[Held] = ()
    closed: frozenset[Recipient] = frozenset()

    def of(self, recipient: Recipient, subject: Subject) -> ToldBand | None:
        """The newer of what this recipient was told and what all recipients of the client were told."""
        found = [self.known.get(recipient, {}).get(subject), self.known_to_all.get((recipient.client, *subject))]
        return max((one for one in found if one), key=lambda known: known.told_at, default=None)


@dataclass(frozen=True, slots=True)
class Share:
    """A recipient's part of a night: to be told, most urgent first, and held back by a silence."""

    told: tuple[Alert, ...] = ()
    silenced: tuple[tuple[Alert, Silence], ...] = ()


def share_of(
    alerts: Iterable[Alert],
    recipient: Recipient,
    channel: Channel,
    memory: Memory,
    verdicts: Mapping[tuple[str, str, str], Verdict],
) -> Share:
    """What of the night's queued alerts reaches this recipient, with what is still owed from earlier nights.

    ``verdicts`` are tonight's by client, platform and purpose: only what is still true is told late.
    """
    tonight = [alert for alert in alerts if alert.client == recipient.client]
    owed = list(_owed(recipient, memory, verdicts, {(a.platform, a.purpose) for a in tonight}))
    wanted = (
        seen
        for alert in [*(a for a in tonight if a.status == "queued"), *owed]
        if alert.severity in channel.severities and (seen := _as_seen(alert, recipient, channel, memory))
    )
    told: list[Alert] = []
    silenced: list[tuple[Alert, Silence]] = []
    for alert in sorted(wanted, key=lambda a: (_URGENCY[a.severity], a.platform, a.purpose)):
        silence = next((s for s in memory.silences if s.covers(alert, recipient.channel)), None)
        if silence is None:
            told.append(alert)
        elif alert not in owed:
            silenced.append((alert, silence))
    return Share(tuple(told), tuple(silenced))


def _as_seen(alert: Alert, recipient: Recipient, channel: Channel, memory: Memory) -> Alert | None:
    """The alert from where the recipient stands; None when there is nothing new for him."""
    known = memory.of(recipient, (alert.platform, alert.purpose))
    if known and known.band != "unknown":
        if known.band == alert.to_band and alert.from_band != alert.to_band:
            return None
        if known.band != alert.from_band:
            alert = replace(alert, from_band=known.band, from_score=None)
    if not channel.improvements and rank(alert.to_band) > rank(alert.from_band):
        return None
    return alert


def _owed(
    recipient: Recipient, memory: Memory, verdicts: Mapping[tuple[str, str, str], Verdict], tonight: set[Subject]
) -> Iterator[Alert]:
    """Held alerts that are still true and still unknown to the recipient, dated tonight."""
    for held in memory.held:
        alert, subject = held.alert, (held.alert.platform, held.alert.purpose)
        verdict = verdicts.get((alert.client, *subject))
        if held.recipient != recipient or subject in tonight or verdict is None or verdict.band != alert.to_band:
            continue
        known = memory.of(recipient, subject)
        if known and (known.band == verdict.band or known.told_at > alert.as_of):
            continue
        late = Reason("caught_up", due_date=alert.as_of.date())
        yield replace(alert, as_of=verdict.as_of, to_score=verdict.score, reasons=(late, *alert.reasons))


def is_outage(outcome: str, last_night: datetime, as_of: datetime, rules: AlertRules) -> bool:
    """Whether the night before was not whole, or lies so far back that something must have been missed."""
    return outcome == "degraded" or as_of - last_night > timedelta(days=rules.outage_days)


def calm(
    alerts: Sequence[Alert], judged_pairs: int, rules: AlertRules, *, is_after_outage: bool
) -> tuple[list[Alert], str]:
    """The storm guard: alerts with what must wait for the digest, and a word for the operator ("" when all is usual).

    After an outage a rise that no reported step explains may only mean that nobody reported. When a large share of
    all pairs of client and platform moves in one night, a defect of ours is likelier than the world: what does not
    ask to act goes to the digest.
    """
    pairs = {(a.client, a.platform) for a in alerts if a.status == "queued"}
    is_storm = len(pairs) >= max(rules.storm_minimum, rules.storm_share * judged_pairs)
    calmed = []
    for alert in alerts:
        is_rise = rank(alert.to_band) > rank(alert.from_band)
        is_reported = any(reason.code == "ledger_transition" for reason in alert.reasons)
        if alert.status == "queued" and is_after_outage and is_rise and not is_reported:
            alert = replace(alert, status="digest", status_reason="rise in the first night after an outage")
        elif alert.status == "queued" and is_storm and alert.severity != "act":
            alert = replace(alert, status="digest", status_reason=f"storm: {len(pairs)} pairs moved in one night")
        calmed.append(alert)
    if not is_storm:
        return calmed, ""
    return calmed, (
        f"storm: {len(pairs)} of {judged_pairs} pairs of client and platform changed in one night; only what asks to"
        " act was sent, the rest stands in the digest; check the sources and the scoring"
    )


def after_quiet(moment: datetime, channel: Channel, severity: Severity, time_zone: str) -> datetime:
    """``moment``, or the end of the quiet hours it lies in (UTC in, UTC out; the wall clock decides)."""
    quiet = channel.quiet
    if quiet is None or (severity == "act" and not quiet.holds_act):
        return moment
    here = moment.astimezone(ZoneInfo(channel.time_zone or time_zone))
    # At most a weekend: every round ends on the end of one quiet stretch.
    for _ in range(4):
        if quiet.weekends and here.weekday() >= 5:
            here = _at(here + timedelta(days=7 - here.weekday()), time(0))
        if not _is_within(here.time(), quiet.start, quiet.end):
            break
        days = 1 if quiet.start > quiet.end and here.time() >= quiet.start else 0
        here = _at(here + timedelta(days=days), quiet.end)
    return max(moment, here.astimezone(moment.tzinfo))


def _at(day: datetime, clock: time) -> datetime:
    return day.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)


def _is_within(clock: time, start: time, end: time) -> bool:
    return start <= clock < end if start <= end else clock >= start or clock < end


def next_attempt(
    attempts: int, first_due_at: datetime, now: datetime, rules: AlertRules, wait_s: float | None = None, key: str = ""
) -> datetime | None:
    """When to try again after ``attempts`` failures; None when it is time to give up and tell the operator.

    ``wait_s`` is what the receiver asked for. ``key`` spreads the tries of many messages; the same key, the same wait.
    """
    minutes = rules.retry_minutes[min(attempts, len(rules.retry_minutes)) - 1]
    share = int(sha256(f"{key}/{attempts}".encode()).hexdigest()[:8], 16) / 0xFFFFFFFF if key else 0.0
    wait = timedelta(minutes=minutes * (1 + rules.retry_jitter * share))
    due = now + max(wait, min(timedelta(seconds=wait_s or 0), _LONGEST_WAIT))
    return due if due - first_due_at <= timedelta(hours=rules.dead_after_hours) else None


def digest_is_due(as_of: datetime, last_digest_at: datetime | None, last_night: datetime | None, weekday: int) -> bool:
    """Whether tonight is the digest's night: its weekday, or the first night after one that was missed.

    ``last_night`` is the judged night before this one, ``last_digest_at`` the digest before this one.
    """
    this = (as_of - timedelta(days=(as_of.weekday() - weekday) % 7)).date()
    if last_digest_at is not None and last_digest_at.date() >= this:
        return False
    return as_of.date() == this or (last_digest_at is not None and last_night is not None and last_night.date() < this)
