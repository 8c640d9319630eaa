"""Handing a message over: e-mail by SMTP, webhook by HTTP with a Standard Webhooks signature."""

import base64
import hmac
import ipaddress
import smtplib
import socket
import ssl
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import requests

from trendwarte.errors import DeliveryError
from trendwarte.settings import AlertRules, Channel, Settings, Smtp
from trendwarte.types import Message

_TIMEOUT_S = 20.0
_GONE = 410


def send(message: Message, settings: Settings, now: datetime) -> str:
    """Hand one message to its channel; gives a word on how it was accepted.

    Raises:
        DeliveryError: it was not accepted; ``permanent`` says whether trying again can help.
    """
    if message.kind == "email":
        return _send_email(message, settings.runtime.smtp)
    channel = _channel_of(message, settings)
    return _send_webhook(message, channel, now, allow_private=settings.runtime.allow_private_webhooks)


def next_attempt(
    attempts: int, queued_at: datetime, now: datetime, rules: AlertRules, wait_s: float | None
) -> datetime | None:
    """When to try again after ``attempts`` failures; None when it is time to give up and tell the operator."""
    minutes = rules.retry_minutes[min(attempts, len(rules.retry_minutes) - 1)]
    due = now + max(timedelta(minutes=minutes), timedelta(seconds=wait_s or 0))
    return due if due - queued_at <= timedelta(hours=rules.dead_after_hours) else None


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """``v1,`` and the base64 HMAC-SHA256 of ``id.timestamp.body`` (Standard Webhooks 1.0.0)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()


def _send_email(message: Message, smtp: Smtp) -> str:
    if not smtp.host:
        raise DeliveryError("no SMTP server is configured; set smtp.host", permanent=False)
    try:
        with _connected(smtp) as server:
            if smtp.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if smtp.user and smtp.password:
                server.login(smtp.user, smtp.password.get_secret_value())
            server.sendmail(smtp.sender, [message.target], message.body)
        return "accepted by the mail server"
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise DeliveryError(f"{code} {_words(text)}", permanent=500 <= code < 600) from error
    except smtplib.SMTPResponseException as error:
        words = _words(error.smtp_error)
        raise DeliveryError(f"{error.smtp_code} {words}", permanent=500 <= error.smtp_code < 600) from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(f"mail server {smtp.host}:{smtp.port}: {type(error).__name__}", permanent=False) from error


def _connected(smtp: Smtp) -> smtplib.SMTP:
    if smtp.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=smtp.timeout_s, context=context)
    return smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout_s)


def _words(text: bytes | str) -> str:
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else text)[:200]


def _channel_of(message: Message, settings: Settings) -> Channel:
    client = settings.clients.get(message.client)
    number = int(message.target.rpartition("/")[2])
    if client is None or number >= len(client.channels) or client.channels[number].kind != "webhook":
        raise DeliveryError("the channel is no longer configured", permanent=True)
    return client.channels[number]


def _send_webhook(message: Message, channel: Channel, now: datetime, *, allow_private: bool) -> str:
    if channel.url is None or channel.secret is None:
        raise DeliveryError("the webhook has no url or secret", permanent=True)
    url = channel.url.get_secret_value()
    if not allow_private:
        _refuse_private(url)
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Trendwarte",
        "webhook-id": message.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(channel.secret.get_secret_value(), message.message_id, timestamp, message.body),
    }
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.post(
                url, data=message.body, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False, stream=True
            )
        except requests.RequestException as error:
            # The URL of a webhook is a secret: name the host only.
            host = urlsplit(url).hostname
            raise DeliveryError(f"webhook {host}: {type(error).__name__}", permanent=False) from None
        return _judged(answer)


def _judged(answer: requests.Response) -> str:
    status = answer.status_code
    answer.close()
    if 200 <= status < 300:
        return f"{status}"
    wait_s = None
    with suppress(ValueError):
        wait_s = float(answer.headers.get("Retry-After", ""))
    is_permanent = status == _GONE or (400 <= status < 500 and status not in (408, 425, 429))
    raise DeliveryError(f"the receiver answered {status}", permanent=is_permanent, retry_after_s=wait_s)


def _refuse_private(url: str) -> None:
    """Only https to public addresses, unless the operator allows private ones."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise DeliveryError("a webhook needs an https address; or set allow_private_webhooks", permanent=True)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443)
    except OSError as error:
        raise DeliveryError(f"webhook {parts.hostname} cannot be resolved", permanent=False) from error
    for entry in found:
        address = str(entry[4][0])
        if not ipaddress.ip_address(address.split("%")[0]).is_global:
            raise DeliveryError(f"webhook {parts.hostname} is a private address", permanent=True)
