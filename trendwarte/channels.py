"""What the configuration of a channel must hold before anything is sent through it."""

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trendwarte.settings import Channel

#: Packages that bring a kind of channel register it here: name -> ``alerts.Carrier``.
ENTRY_POINT_GROUP = "trendwarte.channels"
#: kind -> what it cannot do without
NEEDS: dict[str, tuple[str, ...]] = {
    "email": ("to",),
    "webhook": ("url", "secret"),
    "slack": ("url",),
    "teams": ("url",),
    "discord": ("url",),
    "apprise": ("url",),
    "maildir": ("folder",),
}
_ADDRESS = re.compile(r"^[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+$")


def channel_problems(channels: Sequence[Channel]) -> Iterator[str]:
    """What is wrong with the channels of one client, each with its remedy."""
    seen: set[str] = set()
    for channel in channels:
        yield from _problems(channel)
        if channel.kind != "email" and channel.key in seen:
            yield f"channels: {channel.key} is declared twice; remove one or give it another name"
        seen.add(channel.key)


def _problems(channel: Channel) -> Iterator[str]:
    if channel.kind not in NEEDS and channel.kind not in {
        found.name for found in entry_points(group=ENTRY_POINT_GROUP)
    }:
        yield f"channels: kind '{channel.kind}' is unknown; use {', '.join(NEEDS)}, or install the package that adds it"
    missing = [name for name in NEEDS.get(channel.kind, ()) if not getattr(channel, name)]
    if missing:
        yield f"channels: {channel.kind} needs {' and '.join(missing)}"
    for address in channel.to:
        if not _ADDRESS.match(address):
            yield f"channels: {address!r} is no e-mail address"
    if channel.secret is not None and not channel.secret.get_secret_value().startswith("whsec_"):
        yield "channels: a secret begins with whsec_ and holds 24 to 64 random bytes in base64"
    if channel.time_zone:
        try:
            ZoneInfo(channel.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            yield f"channels: time zone '{channel.time_zone}' is unknown; write it like Europe/Berlin"
