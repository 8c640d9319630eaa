"""Alerts to messages: one per recipient and night, most urgent first, the same bytes at every try."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from alerts.chat import discord_body, plain_body, slack_body, teams_body
from alerts.fitting import WEBHOOK_BYTES, fitted
from alerts.letters import Envelope, alert_mail, thread_names
from alerts.phrases import Lang, Phrases
from alerts.plugins import carriers, longest_text
from alerts.wording import URGENCY, Letter, Section, common_words, letter_of
from trendwarte.messages import Message, Statement
from trendwarte.settings import Channel, Client, Settings
from trendwarte.telling import Memory, Recipient, after_quiet, share_of
from trendwarte.types import Alert, Verdict
from trendwarte.vocabulary import Severity

_BLOCK_LINES = 20


def compose(
    alerts: Sequence[Alert],
    settings: Settings,
    memory: Memory | None = None,
    verdicts: Mapping[tuple[str, str, str], Verdict] | None = None,
) -> list[Message]:
    """Messages of one night: what each recipient does not know yet, and what a silence holds back, marked so.

    ``verdicts`` are tonight's; without them nothing is told late.
    """
    memory, messages = memory or Memory(), []
    for client in settings.clients.values():
        for channel, recipient in recipients(client):
            share = share_of(alerts, recipient, channel, memory, verdicts or {})
            if share.told:
                messages.append(_message(share.told, client, channel, recipient, settings, memory, verdicts or {}))
            if share.silenced:
                held = tuple(alert for alert, _ in share.silenced)
                silence = share.silenced[0][1]
                message = _message(held, client, channel, recipient, settings, memory, verdicts or {})
                until = f"{silence.until_at:%Y-%m-%d %H:%M} UTC"
                detail = f"silenced until {until} by {silence.author}: {silence.reason}"
                messages.append(replace(message, status="suppressed", outcome="silenced", detail=detail))
    return messages


def recipients(client: Client) -> Iterator[tuple[Channel, Recipient]]:
    """Every mailbox and endpoint of a client."""
    if not client.is_active:
        return
    for channel in client.channels:
        for target in channel.to if channel.kind == "email" else [channel.key]:
            yield channel, Recipient(client.id, channel.key, target)


def _message(
    alerts: tuple[Alert, ...], client: Client, channel: Channel, recipient: Recipient, settings: Settings,
    memory: Memory, verdicts: Mapping[tuple[str, str, str], Verdict],
) -> Message:  # fmt: skip
    lang: Lang = channel.language or client.language
    phrases = Phrases(lang, channel.time_zone or settings.runtime.time_zone)
    letter = letter_of(alerts, client, settings, phrases, verdicts)
    as_of, severity = alerts[0].as_of, min((a.severity for a in alerts), key=URGENCY.__getitem__)
    message_id = stable_id("tw", recipient, as_of, [alert.alert_id for alert in alerts])
    platforms = dict.fromkeys(section.platform_id for section in letter.sections)
    envelope = Envelope(
        message_id, settings.runtime.smtp.sender, recipient.target, letter.subject, as_of, lang, client.id,
        thread_names(client.id, platforms),
    )  # fmt: skip
    message = Message(
        message_id=message_id, run_id=alerts[0].run_id, client=client.id, channel=channel.key, kind=channel.kind,
        target=recipient.target, subject=letter.subject, body=_body(alerts, client, channel, letter, envelope),
        alert_ids=tuple(alert.alert_id for alert in alerts), lang=lang, severity=severity,
        statements=tuple(Statement(a.alert_id, a.platform, a.purpose, a.from_band, a.to_band) for a in alerts),
        not_before=after_quiet(as_of, channel, severity, settings.runtime.time_zone),
    )  # fmt: skip
    return closed_or(message, recipient, memory)


def closed_or(message: Message, recipient: Recipient, memory: Memory) -> Message:
    """The message, kept back when its receiver is gone."""
    if recipient not in memory.closed:
        return message
    return replace(
        message, status="suppressed", outcome="closed", detail="the receiver is gone; trendwarte alerts retry"
    )


def stable_id(prefix: str, recipient: Recipient, as_of: datetime, parts: Sequence[str]) -> str:
    """The same id for the same content of the same night, however often it is composed; no dots, as the spec asks."""
    key = "|".join((recipient.client, recipient.channel, recipient.target, as_of.isoformat(), *sorted(parts)))
    return f"{prefix}-{sha256(key.encode()).hexdigest()[:24]}"


def _body(alerts: Sequence[Alert], client: Client, channel: Channel, letter: Letter, envelope: Envelope) -> bytes:
    if channel.kind == "webhook":
        return webhook_body("suitability.changed", envelope.written_at, letter, _changes(alerts), client)
    return body_of(channel, letter, envelope)


def body_of(channel: Channel, letter: Letter, envelope: Envelope) -> bytes:
    """The letter in the form the channel's kind takes."""
    if channel.kind in ("email", "maildir"):
        return alert_mail(letter, envelope)
    chat: dict[str, Callable[[Letter], bytes]] = {
        "slack": slack_body, "teams": teams_body, "discord": discord_body,
    }  # fmt: skip
    if channel.kind in chat:
        return chat[channel.kind](letter)
    if channel.kind == "apprise":
        return plain_body(letter, longest_text(channel))
    return carriers()[channel.kind].body(letter)


def webhook_body(
    kind: str, moment: datetime, letter: Letter, changes: Sequence[Mapping[str, Any]], client: Client
) -> bytes:
    """``{type, timestamp, data}`` as Standard Webhooks asks, below 20 kB; ``truncated`` counts what was left out."""

    def build(sections: tuple[Section, ...], hidden: int) -> bytes:
        shown = {section.platform_id for section in sections}
        payload = {
            "type": kind,
            "timestamp": moment.isoformat(),
            "data": {
                "client": client.id,
                "client_name": client.name,
                "lang": letter.lang,
                "subject": letter.subject,
                "alerts": [change for change in changes if change["platform"] in shown],
                "sections": [asdict(section) for section in sections],
                "blocks": [{"title": block.title, "lines": block.first(_BLOCK_LINES)} for block in letter.blocks],
                "truncated": hidden,
            },
        }
        return json.dumps(payload, ensure_ascii=False, default=str).encode()

    return fitted(letter, build, len, WEBHOOK_BYTES)


def _changes(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    return [
        {
            "alert_id": a.alert_id, "platform": a.platform, "purpose": a.purpose, "severity": a.severity,
            "rule": a.rule, "from_band": a.from_band, "to_band": a.to_band, "from_score": a.from_score,
            "to_score": a.to_score, "confidence": a.confidence, "due_date": a.due_date, "event_ids": a.event_ids[:10],
        }
        for a in alerts
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """A short word that is no alert: a probe, trouble with a channel, a digest. ``kind`` as webhooks name it."""

    kind: str
    letter: Letter
    severity: Severity = "note"


def plain_notice(kind: str, subject: str, text: str, phrases: Phrases) -> Notice:
    """A notice of one sentence."""
    return Notice(kind, Letter(subject, text, (), "", phrases.lang, common_words(phrases)))


def notice_message(
    notice: Notice, client: Client, channel: Channel, recipient: Recipient, settings: Settings, moment: datetime,
    prefix: str = "twn",
) -> Message:  # fmt: skip
    """A notice for one recipient, in the same forms as an alert."""
    letter, lang = notice.letter, notice.letter.lang
    message_id = stable_id(prefix, recipient, moment, [notice.kind, letter.subject])
    envelope = Envelope(
        message_id, settings.runtime.smtp.sender, recipient.target, letter.subject, moment, lang, client.id,
        (f"{client.id}|{notice.kind}",),
    )  # fmt: skip
    if channel.kind == "webhook":
        body = webhook_body(notice.kind, moment, letter, [], client)
    else:
        body = body_of(channel, letter, envelope)
    return Message(
        message_id=message_id, run_id="", client=client.id, channel=channel.key, kind=channel.kind,
        target=recipient.target, subject=letter.subject, body=body, alert_ids=(),
        lang="de" if lang == "de" else "en", severity=notice.severity,
        not_before=after_quiet(moment, channel, notice.severity, settings.runtime.time_zone),
    )  # fmt: skip
