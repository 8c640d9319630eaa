"""Alerts to messages: one per client and channel and night, most urgent first, the same bytes at every try."""

import json
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from itertools import groupby
from typing import Any

from alerts.pages import environment
from alerts.phrases import Phrases
from trendwarte.settings import Client, Recommendation, Settings
from trendwarte.types import Alert, Evidence, Message, Reason

_URGENCY = {"act": 0, "decide": 1, "note": 2}


def compose(alerts: Sequence[Alert], settings: Settings) -> list[Message]:
    """Messages for the queued alerts of one night; e-mail to each address, webhook to each endpoint."""
    messages = []
    queued = sorted((a for a in alerts if a.status == "queued"), key=lambda a: (a.client, _URGENCY[a.severity]))
    for client_id, group in groupby(queued, key=lambda alert: alert.client):
        client = settings.clients[client_id]
        for_client = list(group)
        for number, channel in enumerate(client.channels):
            wanted = [alert for alert in for_client if alert.severity in channel.severities]
            if not wanted:
                continue
            targets = channel.to if channel.kind == "email" else [f"{client_id}/{number}"]
            name = f"{channel.kind}-{number}"
            messages += [_message(wanted, client, channel.kind, name, target, settings) for target in targets]
    return messages


def _message(alerts: list[Alert], client: Client, kind: Any, channel: str, target: str, settings: Settings) -> Message:
    first = alerts[0]
    key = "|".join((client.id, channel, target, *sorted(alert.alert_id for alert in alerts)))
    message_id = f"tw-{sha256(key.encode()).hexdigest()[:24]}"
    phrases = Phrases(client.language, settings.runtime.time_zone)
    facts = alert_facts(alerts, client, settings, phrases)
    subject = _subject(alerts, settings, phrases)
    if kind == "email":
        body = _letter(message_id, target, subject, facts, first, settings)
    else:
        body = _webhook(alerts, client, subject, facts)
    return Message(
        message_id=message_id, run_id=first.run_id, client=client.id, channel=channel, kind=kind, target=target,
        subject=subject, body=body, alert_ids=tuple(alert.alert_id for alert in alerts), lang=client.language,
    )  # fmt: skip


def _subject(alerts: list[Alert], settings: Settings, phrases: Phrases) -> str:
    first = alerts[0]
    what = phrases.text(
        "one_change", platform=_platform(first, settings),
        before=phrases.word("band", first.from_band), after=phrases.word("band", first.to_band),
    )  # fmt: skip
    others = len({alert.platform for alert in alerts}) - 1
    if others:
        what = phrases.text("more", what=what, count=others)
    return phrases.text("subject", severity=phrases.word("severity", first.severity), what=what)


def alert_facts(alerts: Sequence[Alert], client: Client, settings: Settings, phrases: Phrases) -> dict[str, Any]:
    """What the templates show, in one language: plain strings and lists."""
    sections = []
    ordered = sorted(alerts, key=lambda a: (_URGENCY[a.severity], a.platform))
    for _, group in groupby(ordered, key=lambda alert: alert.platform):
        same = list(group)
        lead = same[0]
        sections.append(
            {
                "platform": _platform(lead, settings),
                "severity": phrases.word("severity", lead.severity),
                "changes": [
                    phrases.text(
                        "changed", purpose=phrases.word("purpose", a.purpose),
                        before=phrases.word("band", a.from_band), after=phrases.word("band", a.to_band),
                    )
                    + f" ({_scores(a, phrases)})"
                    for a in same
                ],
                "reasons": list(dict.fromkeys(reason_text(r, settings, phrases) for r in lead.reasons)),
                "evidence": [_quote(e, phrases) for e in lead.evidence],
                "counter": [_quote(e, phrases) for e in lead.counter_evidence],
                "todo": recommendation(settings.playbook, lead, phrases.lang),
            }
        )  # fmt: skip
    return {
        "greeting": phrases.text("greeting", client=client.name, date=phrases.day(alerts[0].as_of.date())),
        "sections": sections,
        "as_of": phrases.text("as_of", date=phrases.moment(alerts[0].as_of)),
        "words": {k: phrases.text(k) for k in ("why", "evidence", "counter", "todo")},
        "lang": phrases.lang,
    }


def _scores(alert: Alert, phrases: Phrases) -> str:
    before, after = phrases.number(alert.from_score), phrases.number(alert.to_score)
    return phrases.text("score", before=before, after=after)


def reason_text(reason: Reason, settings: Settings, phrases: Phrases) -> str:
    """One reason as a sentence of the language."""
    instrument = settings.instruments.get(reason.instrument)
    values: dict[str, Any] = {
        "place": _place(reason.jurisdiction, settings, phrases),
        "instrument": instrument.name if instrument else reason.instrument,
        "from_state": phrases.word("state", reason.from_state),
        "to_state": phrases.word("state", reason.to_state),
        "floor": phrases.word("floor", reason.floor),
        "dimension": phrases.word("dimension", reason.dimension),
        "points": phrases.number(reason.points, "+0.0;−0.0"),
        "days": reason.days,
        "title": reason.title,
        "date": phrases.day(reason.due_date) if reason.due_date else "",
    }
    text = phrases.text(reason.code, **values)
    if reason.due_date and reason.code != "deadline":
        text += f" ({phrases.text('due', date=phrases.day(reason.due_date))})"
    return text


def recommendation(playbook: Sequence[Recommendation], alert: Alert, lang: str) -> str:
    """The first entry of the playbook that fits band, presence and cause."""
    causes = {reason.floor for reason in alert.reasons if reason.code == "floor_set"}
    causes |= {reason.dimension for reason in alert.reasons} | {"any"}
    for entry in playbook:
        if entry.band == alert.to_band and entry.presence in ("any", alert.presence) and entry.cause in causes:
            return entry.de if lang == "de" else entry.en
    return ""


def _place(jurisdiction: str, settings: Settings, phrases: Phrases) -> str:
    known = settings.jurisdictions.get(jurisdiction)
    if known is None:
        return jurisdiction
    return known.name_de if phrases.lang == "de" else known.name_en


def _platform(alert: Alert, settings: Settings) -> str:
    known = settings.platforms.get(alert.platform)
    return known.name if known else alert.platform


def _quote(evidence: Evidence, phrases: Phrases) -> dict[str, str]:
    when = phrases.day(evidence.published_at.date())
    quote = evidence.quote or evidence.title
    return {
        "quote": quote,
        "quoted": phrases.text("quoted", quote=quote),
        "source": phrases.text("source_line", outlet=evidence.outlet, date=when),
        "url": evidence.url if evidence.url.startswith(("http://", "https://")) else "",
        "lang": evidence.lang,
    }


def _letter(
    message_id: str, target: str, subject: str, facts: Mapping[str, Any], alert: Alert, settings: Settings
) -> bytes:
    """A text and HTML e-mail; headers are set by the library, which refuses line breaks in them."""
    letter = EmailMessage()
    sender = settings.runtime.smtp.sender
    letter["From"] = sender
    letter["To"] = target
    letter["Subject"] = " ".join(subject.split())
    letter["Date"] = format_datetime(alert.as_of)
    letter["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(environment().get_template("alert.txt.j2").render(facts), cte="quoted-printable")
    page = environment().get_template("alert.html.j2").render(facts)
    letter.add_alternative(page, subtype="html", cte="quoted-printable")
    letter["Content-Language"] = facts["lang"]  # last: making it multipart moves Content headers into the first part
    # A fixed boundary: a retry sends these very bytes.
    letter.set_boundary(f"={message_id}=")
    # CRLF here: smtplib sends bytes as they are, and a bare newline makes one endless line.
    return letter.as_bytes(policy=SMTP)


def _webhook(alerts: Sequence[Alert], client: Client, subject: str, facts: Mapping[str, Any]) -> bytes:
    payload = {
        "type": "suitability.changed",
        "timestamp": alerts[0].as_of.isoformat(),
        "data": {
            "client": client.id,
            "subject": subject,
            "alerts": [
                {
                    "alert_id": a.alert_id, "platform": a.platform, "purpose": a.purpose, "severity": a.severity,
                    "rule": a.rule, "from_band": a.from_band, "to_band": a.to_band, "from_score": a.from_score,
                    "to_score": a.to_score, "event_ids": a.event_ids,
                }
                for a in alerts
            ],
            "sections": facts["sections"],
        },
    }  # fmt: skip
    return json.dumps(payload, ensure_ascii=False, default=str).encode()
