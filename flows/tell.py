"""Step 11: briefs from the snapshot, and messages out of the outbox, each attempt written down."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from uuid import uuid4

from alerts import (
    Phrases,
    compose,
    compose_digest,
    notice_message,
    plain_notice,
    recipients,
    send,
    write_pages,
)
from flows.engine import Engine
from flows.house import House, now
from trendwarte.brief_facts import BriefFacts
from trendwarte.channels import NEEDS
from trendwarte.errors import DeliveryError, TrendwarteError
from trendwarte.messages import Delivery, Message
from trendwarte.radar.facts import RadarLine
from trendwarte.settings import Channel
from trendwarte.telling import Recipient, after_quiet, digest_is_due, next_attempt
from trendwarte.types import Alert, RunReport, Verdict
from warehouse import brief_facts, digest_facts, operator_facts, radar_lines

#: First all that is due, then what may be tried again at once and what the first round gave rise to.
_ROUNDS = 3
_DIGEST_DAYS = 35
# A brief is for decisions: what moves most comes first, and a screen of it is enough.
_RADAR_LINES = 6


def write_briefs(house: House, report: RunReport) -> None:
    """One page per client and language, feeds, calendars, the operator's page, and an index."""
    runtime, snapshot = house.settings.runtime, house.published / "trendwarte.duckdb"
    active = [client.id for client in house.settings.clients.values() if client.is_active]
    facts = brief_facts(snapshot, active, runtime.time_zone, version("trendwarte"), house.settings.alerts)
    facts = [replace(one, emerging=_radar_of(house, one, snapshot)) for one in facts]
    write_pages(house.briefs, facts, operator_facts(snapshot, report.as_of), house.settings)


def _radar_of(house: House, facts: BriefFacts, snapshot: Path) -> tuple[RadarLine, ...]:
    """What rises or fades in the client's markets and those above them."""
    tree, markets = house.settings.jurisdictions, [market for market, _ in facts.markets]
    for market in markets:
        parent = tree[market].parent if market in tree else None
        if parent and parent not in markets:
            markets.append(parent)
    return radar_lines(snapshot, house.settings.platforms, markets, facts.as_of)[:_RADAR_LINES]


def queue_messages(house: House, as_of: datetime, alerts: Sequence[Alert], verdicts: Sequence[Verdict]) -> int:
    """Messages of a night into the outbox, inside the transaction that scored it; gives how many are new."""
    outbox, rules = house.warehouse.outbox, house.settings.alerts
    outbox.expire(as_of - timedelta(hours=rules.dead_after_hours))
    held = outbox.held(as_of, as_of - timedelta(days=rules.catch_up_days))
    if not (alerts or held):
        return 0
    memory = outbox.memory(as_of, held)
    by_key: dict[tuple[str, str, str], Verdict] = {(v.client, v.platform, v.purpose): v for v in verdicts}
    return outbox.queue(compose(alerts, house.settings, memory, by_key), as_of)


def queue_digests(house: House, as_of: datetime) -> int:
    """The weekly digests that are due, into the outbox; the same night queues none twice."""
    outbox, settings = house.warehouse.outbox, house.settings
    earlier = house.warehouse.runs.judged_before(as_of)
    if earlier is None:
        return 0
    last, weekday = outbox.last_digests(), settings.alerts.digest_weekday
    active = [client for client in settings.clients.values() if client.is_active]
    due = [client for client in active if digest_is_due(as_of, last.get(client.id), earlier, weekday)]
    if not due:
        return 0
    with house.warehouse.transaction():
        memory, queued = outbox.memory(as_of), 0
        for client in due:
            since = max(last.get(client.id, as_of - timedelta(days=7)), as_of - timedelta(days=_DIGEST_DAYS))
            facts = digest_facts(house.warehouse.con, client, since, as_of, settings)
            queued += outbox.queue(compose_digest(facts, client, settings, memory), as_of)
    return queued


def deliver(house: House, moment: datetime, engine: Engine, report: RunReport) -> None:
    """Send what is due. A message is claimed first and marked after: at least once, never silently lost."""
    if not house.settings.runtime.is_sending:
        report.counts["messages_sent"] = 0
        return
    # A night that is only finished (killed before this step) still owes its digest; a mere delivery has no run id.
    if report.run_id and not report.is_baseline:
        queue_digests(house, moment)
    desk = _Desk(house, moment)
    for _ in range(_ROUNDS):
        with house.warehouse.transaction():
            due = house.warehouse.outbox.due(desk.time(), desk.kinds, desk.holder)
        if not due:
            break
        outcomes = engine.map("deliver", desk.serve, list(due.items()), retries=0, wait_s=0)
        for error in (outcome for outcome in outcomes if isinstance(outcome, TrendwarteError)):
            raise error
        desk.tell_operator()
    desk.close(report)


@dataclass(slots=True)
class _Desk:
    """One delivery's counter: claims, sends, and writes down each outcome as soon as it is known.

    Recipients are served side by side, so that a slow one holds up nobody; the messages of one go one by one, oldest
    first. The warehouse admits one call at a time, hence the lock.
    """

    house: House
    moment: datetime
    holder: str = field(default_factory=lambda: f"{os.getpid()}-{uuid4().hex[:8]}")
    began: datetime = field(default_factory=now)
    lock: Lock = field(default_factory=Lock)
    sent: int = 0
    problems: list[str] = field(default_factory=list)
    trouble: list[tuple[Message, Delivery]] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """Kinds of channel that have a way out."""
        names = {c.kind for client in self.house.settings.clients.values() for c in client.channels} | NEEDS.keys()
        return sorted(names if self.house.settings.runtime.smtp.host else names - {"email"})

    def time(self) -> datetime:
        """The night's own clock: its moment, and as long as this delivery has taken."""
        return self.moment + (now() - self.began)

    def serve(self, queue: tuple[Recipient, list[str]]) -> int:
        """Send what waits for one recipient; gives how many went. Stops at the first that has to be tried again."""
        recipient, waiting = queue
        sent = 0
        for message_id in waiting:
            delivery = self._attempt(recipient, message_id)
            if delivery is not None and delivery.status == "failed":
                break
            sent += delivery is not None and delivery.status == "sent"
        return sent

    def _attempt(self, recipient: Recipient, message_id: str) -> Delivery | None:
        outbox = self.house.warehouse.outbox
        with self.lock, self.house.warehouse.transaction():
            claimed = outbox.claim(message_id, self.time(), self.holder)
        if claimed is None:
            return None
        message, attempt, first_due_at = claimed
        error: DeliveryError | None = None
        try:
            detail = send(message, self.house.settings, now())
        except DeliveryError as caught:
            error, detail = caught, str(caught)[:300]
        delivery = self._judged(message, attempt, first_due_at, detail, error)
        with self.lock, self.house.warehouse.transaction():
            outbox.record(delivery, self.holder)
            if delivery.outcome == "gone":
                outbox.close(recipient, delivery.attempted_at, detail)
            elif error and error.retry_after_s and delivery.next_try_at:
                outbox.postpone(recipient, delivery.next_try_at)
            self._note(message, delivery)
        return delivery

    def _judged(
        self, message: Message, attempt: int, first_due_at: datetime, detail: str, error: DeliveryError | None
    ) -> Delivery:
        at = self.time()
        if error is None:
            return Delivery(message.message_id, attempt, at, "sent", detail)
        if error.permanent:
            return Delivery(
                message.message_id, attempt, at, "dead", detail, None, "gone" if error.is_gone else "refused"
            )
        rules = self.house.settings.alerts
        again = next_attempt(attempt, first_due_at, at, rules, error.retry_after_s, message.message_id)
        if again is None:
            return Delivery(message.message_id, attempt, at, "dead", detail, None, "expired")
        channel = self._channel(message)
        if channel is not None:
            again = after_quiet(again, channel, message.severity, self.house.settings.runtime.time_zone)
        return Delivery(message.message_id, attempt, at, "failed", detail, again)

    def _channel(self, message: Message) -> Channel | None:
        client = self.house.settings.clients.get(message.client)
        return next((c for c in client.channels if c.key == message.channel), None) if client else None

    def _note(self, message: Message, delivery: Delivery) -> None:
        self.sent += delivery.status == "sent"
        if delivery.status != "sent":
            self.problems.append(f"message {message.message_id} to {message.client}: {delivery.detail}")
        if delivery.status == "dead":
            self.trouble.append((message, delivery))

    def tell_operator(self) -> None:
        """A word to the operator's channels about each message given up and each channel that closed."""
        settings, trouble = self.house.settings, self.trouble
        self.trouble = []
        own = {channel.key for channel in settings.alerts.operator}
        messages = []
        for message, delivery in trouble:
            client = settings.clients.get(message.client)
            if client is None or message.channel in own:
                continue
            key = "closed" if delivery.outcome == "gone" else "dead"
            desk = client.model_copy(update={"channels": settings.alerts.operator, "is_active": True})
            for channel, recipient in recipients(desk):
                phrases = Phrases(channel.language or client.language, settings.runtime.time_zone)
                facts = {"client": client.name, "id": client.id, "channel": message.channel, "detail": delivery.detail,
                         "message": message.message_id}  # fmt: skip
                notice = plain_notice(
                    f"delivery.{key}", phrases.text(f"{key}_subject", **facts), phrases.text(f"{key}_body", **facts),
                    phrases,
                )  # fmt: skip
                messages.append(notice_message(notice, client, channel, recipient, settings, self.time()))
        with self.house.warehouse.transaction():
            self.house.warehouse.outbox.queue(messages, self.time())

    def close(self, report: RunReport) -> None:
        """Counts and complaints into the night's report."""
        report.counts["messages_sent"] = self.sent
        report.problems += self.problems
        waiting = self.house.warehouse.outbox.waiting(self.kinds)
        if waiting:
            report.problems.append(f"{waiting} e-mails wait in the outbox: no SMTP server is configured; set smtp.host")
