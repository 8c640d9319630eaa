"""Handing a message over: one function, one word on how it was accepted, one kind of error."""

import base64
import hmac
import json
import mailbox
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from alerts.http_line import post
from alerts.mail_line import post_letter
from alerts.plugins import carriers
from trendwarte.errors import DeliveryError
from trendwarte.messages import Message
from trendwarte.settings import Channel, Settings


def send(message: Message, settings: Settings, now: datetime) -> str:
    """Hand one message to its channel; gives a word on how it was accepted. ``now`` is the time of this attempt.

    Raises:
        DeliveryError: it was not accepted; ``permanent`` says whether trying again can help.
    """
    if message.kind == "email":
        return post_letter(settings.runtime.smtp, message.target, message.body)
    channel = _channel_of(message, settings)
    ways: dict[str, Callable[[], str]] = {
        "webhook": lambda: _send_webhook(message, channel, settings, now),
        "slack": lambda: _send_chat(message, channel, settings, now),
        "teams": lambda: _send_chat(message, channel, settings, now),
        "discord": lambda: _send_chat(message, channel, settings, now),
        "apprise": lambda: _foreign(lambda: _send_apprise(message, channel), "apprise"),
        "maildir": lambda: _put_down(message, channel),
    }
    if message.kind in ways:
        return ways[message.kind]()
    if message.kind in carriers():
        return _foreign(lambda: carriers()[message.kind].send(message, channel), message.kind)
    raise DeliveryError(f"no installed package sends '{message.kind}'; install it again", permanent=False)


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """``v1,`` and the base64 HMAC-SHA256 of ``id.timestamp.body`` (Standard Webhooks 1.0.0)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()


def _channel_of(message: Message, settings: Settings) -> Channel:
    client = settings.clients.get(message.client)
    known = [*(client.channels if client else []), *settings.alerts.operator]
    found = next((channel for channel in known if channel.key == message.channel), None)
    if found is None:
        raise DeliveryError("the channel is no longer configured", permanent=True)
    return found


def _address(channel: Channel) -> str:
    if channel.url is None:
        raise DeliveryError(f"the {channel.kind} channel has no url", permanent=True)
    return channel.url.get_secret_value()


def _send_webhook(message: Message, channel: Channel, settings: Settings, now: datetime) -> str:
    if channel.secret is None:
        raise DeliveryError("the webhook has no secret", permanent=True)
    timestamp = int(now.timestamp())
    secrets = [one.get_secret_value() for one in (channel.secret, channel.old_secret) if one]
    headers = {
        "webhook-id": message.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(key, message.message_id, timestamp, message.body) for key in secrets),
    }
    allow_private = settings.runtime.allow_private_webhooks
    return str(
        post(
            _address(channel), message.body, headers, now, allow_private=allow_private, timeout_s=channel.timeout_s
        ).status
    )


def _send_chat(message: Message, channel: Channel, settings: Settings, now: datetime) -> str:
    """Slack, Teams and Discord know no ids: what they took twice is shown twice."""
    allow_private = settings.runtime.allow_private_webhooks
    answer = post(_address(channel), message.body, {}, now, allow_private=allow_private, timeout_s=channel.timeout_s)
    # Teams accepts with 202 before it shows anything.
    return "202 accepted, not yet shown" if answer.status == 202 else str(answer.status)


def _send_apprise(message: Message, channel: Channel) -> str:
    # Half a second of imports: only where such a channel is configured.
    from apprise import Apprise

    content = json.loads(message.body)
    # One address per object: with several nobody could tell which one failed.
    service = Apprise()
    if not service.add(_address(channel)):
        raise DeliveryError("apprise does not know this kind of address; correct the url", permanent=True)
    if not service.notify(title=content["title"], body=content["body"]):
        raise DeliveryError(f"apprise could not hand it to {service[0].service_name}", permanent=False)
    return "accepted by apprise"


def _foreign(way: Callable[[], str], kind: str) -> str:
    """Others' code may raise anything; it must not take the other channels with it."""
    try:
        return way()
    except DeliveryError:
        raise
    except Exception as error:
        # The text of a stranger's error may hold the address, which is a secret.
        raise DeliveryError(f"{kind}: {type(error).__name__}", permanent=False) from None


def _put_down(message: Message, channel: Channel) -> str:
    """Into a Maildir, under its own id: the same message twice is one file."""
    folder = Path(channel.folder)
    try:
        mailbox.Maildir(folder, create=True)
        draft, final = folder / "tmp" / message.message_id, folder / "new" / f"{message.message_id}.trendwarte"
        draft.write_bytes(message.body)
        draft.replace(final)
    except OSError as error:
        raise DeliveryError(f"{folder}: {error.strerror}; check folder and free space", permanent=False) from error
    return "put into the folder"
