"""One POST to a stranger's endpoint: https to a public address, a deadline for the whole, no redirects.

Plain ``http.client``: the address is checked on the open connection before a byte is sent (a name may resolve to
another host the second time), and the watch over slow receivers needs the socket.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from trendwarte.errors import DeliveryError

#: Standard Webhooks asks for 15 to 30 s.
TIMEOUT_S = 20.0
_GONE = 410
#: The message itself is refused; every other failure may be mended within the three days that are tried.
_REFUSED = (400, 413, 415, 422)
_ANSWER_BYTES = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said: status, and the beginning of its words."""

    status: int
    text: str


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    now: datetime,
    *,
    allow_private: bool,
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """Send ``body``; only an answer of 2xx is a success.

    The address of a webhook is a secret: errors name its host only.

    Raises:
        DeliveryError: refused address, no connection, no answer in time, or any other answer.
    """
    parts = _checked(url)
    if not allow_private:
        _resolve_publicly(parts)
    line = _Deadline(_connection(parts, timeout_s), timeout_s)
    try:
        with line as connection:
            if not allow_private:
                _refuse_private(str(connection.sock.getpeername()[0]), parts.hostname or "")
            path = parts.path or "/"
            connection.request(
                "POST", f"{path}?{parts.query}" if parts.query else path, body,
                {"Content-Type": "application/json", "User-Agent": "Trendwarte", **headers},
            )  # fmt: skip
            response = connection.getresponse()
            text = response.read(_ANSWER_BYTES).decode("utf-8", "replace")
    except (OSError, HTTPException, ValueError) as error:
        what = f"no answer within {timeout_s:g} s" if line.is_over or isinstance(error, TimeoutError) else _named(error)
        raise DeliveryError(f"{parts.hostname}: {what}", permanent=False) from None
    return _judged(response, text, now)


def _named(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted ({error.verify_message})"
    return type(error).__name__


def _checked(url: str) -> SplitResult:
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise DeliveryError("the address is no http or https address; correct it", permanent=True)
    return parts


def _resolve_publicly(parts: SplitResult) -> None:
    """Refuse plain http and private addresses before connecting; the connection itself is looked at again."""
    host = parts.hostname or ""
    if parts.scheme != "https":
        raise DeliveryError("a webhook needs an https address; or set allow_private_webhooks", permanent=True)
    try:
        found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError:
        raise DeliveryError(f"{host} cannot be resolved", permanent=False) from None
    for entry in found:
        _refuse_private(str(entry[4][0]), host)


def _connection(parts: SplitResult, timeout_s: float) -> HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return HTTPSConnection(host, parts.port, timeout=timeout_s, context=ssl.create_default_context())
    return HTTPConnection(host, parts.port, timeout=timeout_s)


def _refuse_private(address: str, host: str) -> None:
    """Everything but the public internet: loopback, link-local, private, carrier-grade NAT, mapped forms of them."""
    found = ipaddress.ip_address(address.split("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    if not (mapped or found).is_global or found.is_multicast:
        raise DeliveryError(f"{host} is a private address; or set allow_private_webhooks", permanent=True)


class _Deadline:
    """The connection, cut when the time is up: a receiver that drips one byte a second resets every socket timeout."""

    def __init__(self, connection: HTTPConnection, seconds: float) -> None:
        self._connection = connection
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self.is_over = False

    def __enter__(self) -> HTTPConnection:
        began = time.monotonic()
        self._connection.connect()
        self._timer.interval = max(0.01, self._timer.interval - (time.monotonic() - began))
        self._timer.start()
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._connection.close()

    def _cut(self) -> None:
        self.is_over = True
        if self._connection.sock is not None:
            with suppress(OSError):
                self._connection.sock.shutdown(socket.SHUT_RDWR)


def _judged(response: HTTPResponse, text: str, now: datetime) -> Answer:
    status = response.status
    if 200 <= status < 300:
        return Answer(status, text)
    hint = ": redirects are not followed; correct the address" if 300 <= status < 400 else ""
    raise DeliveryError(
        f"the receiver answered {status}{hint}", permanent=status in (_GONE, *_REFUSED), is_gone=status == _GONE,
        retry_after_s=_retry_after(response.getheader("Retry-After", ""), now),
    )  # fmt: skip


def _retry_after(value: str, now: datetime) -> float | None:
    """Seconds to wait, given as seconds or as a date."""
    with suppress(ValueError):
        return max(0.0, float(value))
    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    return None
