"""Step 11: briefs from the snapshot, and messages out of the outbox, each attempt written down."""

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version

from alerts import next_attempt, render_brief, render_index, send
from flows.engine import Engine
from flows.house import House
from trendwarte.errors import DeliveryError, TrendwarteError
from trendwarte.types import Delivery, Message, RunReport
from warehouse import brief_facts


def write_briefs(house: House, report: RunReport) -> None:
    """One page per client and language, and an index."""
    runtime = house.settings.runtime
    house.briefs.mkdir(parents=True, exist_ok=True)
    pages = []
    for client in house.settings.clients.values():
        if not client.is_active:
            continue
        facts = brief_facts(house.published / "trendwarte.duckdb", client.id, runtime.time_zone, version("trendwarte"))
        for lang in runtime.languages:
            page = house.briefs / f"{client.id}.{lang}.html"
            page.write_text(render_brief(facts, lang), "utf-8")
        pages.append((f"{client.id}.{client.language}.html", client.name))
    (house.briefs / "index.html").write_text(render_index(pages, "de", f"{report.as_of:%Y-%m-%d}"), "utf-8")


def deliver(house: House, moment: datetime, engine: Engine, report: RunReport) -> None:
    """Send what is due. A message is claimed first and marked after: at least once, never silently lost."""
    messages = _sendable(house, moment, report)

    def attempt(message: Message) -> str:
        return send(message, house.settings, moment)

    outcomes: Sequence[str | TrendwarteError] = engine.map("deliver", attempt, messages, retries=1, wait_s=1)
    sent = 0
    for message, outcome in zip(messages, outcomes, strict=True):
        delivery = _delivery(house, message, outcome, moment)
        with house.warehouse.transaction():
            house.warehouse.outbox.record(delivery)
        sent += delivery.status == "sent"
        if delivery.status != "sent":
            report.problems.append(f"message {message.message_id} to {message.client}: {delivery.detail}")
    report.counts["messages_sent"] = sent


def _sendable(house: House, moment: datetime, report: RunReport) -> list[Message]:
    kinds = ["webhook"] if not house.settings.runtime.smtp.host else ["email", "webhook"]
    with house.warehouse.transaction():
        messages = house.warehouse.outbox.claim(moment, kinds)
        waiting = house.warehouse.outbox.waiting(kinds)
    if waiting:
        report.problems.append(f"{waiting} e-mails wait in the outbox: no SMTP server is configured; set smtp.host")
    return messages


def _delivery(house: House, message: Message, outcome: str | TrendwarteError, moment: datetime) -> Delivery:
    attempts, queued_at = house.warehouse.outbox.attempts(message.message_id)
    if isinstance(outcome, str):
        return Delivery(message.message_id, attempts, moment, "sent", outcome)
    is_permanent = isinstance(outcome, DeliveryError) and outcome.permanent
    wait_s = outcome.retry_after_s if isinstance(outcome, DeliveryError) else None
    again = None if is_permanent else next_attempt(attempts, queued_at, moment, house.settings.alerts, wait_s)
    status = "failed" if again else "dead"
    return Delivery(message.message_id, attempts, moment, status, str(outcome)[:300], again)  # type: ignore[arg-type]
