"""Kinds of channel that others bring: apprise for some hundred services, and installed packages.

A package registers an object under the entry point group ``trendwarte.channels``; its name is the channel's kind.
"""

from functools import cache
from importlib.metadata import entry_points
from typing import Protocol

from alerts.wording import Letter
from trendwarte.channels import ENTRY_POINT_GROUP
from trendwarte.messages import Message
from trendwarte.settings import Channel


class Carrier(Protocol):
    """What a package provides for its kind of channel."""

    def body(self, letter: Letter) -> bytes:
        """The letter as the service takes it; called once, when the message is queued."""
        ...

    def send(self, message: Message, channel: Channel) -> str:
        """Hand over ``message.body``; gives a word on how it was accepted.

        Raises:
            DeliveryError: it was not accepted.
        """
        ...


@cache
def carriers() -> dict[str, Carrier]:
    """Kinds brought by installed packages."""
    return {found.name: found.load() for found in entry_points(group=ENTRY_POINT_GROUP)}


def longest_text(channel: Channel) -> int:
    """Characters the service behind an apprise address takes; 0 when it is unknown."""
    # Half a second of imports: only where such a channel is configured.
    from apprise import Apprise

    service = Apprise.instantiate(channel.url.get_secret_value()) if channel.url else None
    return int(service.body_maxlen) if service else 0
