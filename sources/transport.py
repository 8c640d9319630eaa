"""One HTTP exchange: guarded connection, total deadline, capped bytes, no redirects, no cookies, no environment."""

import heapq
import http.client
import itertools
import os
import socket
import ssl
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPResponse
from types import TracebackType
from typing import Any, Self

import requests
import urllib3
from certifi import where
from urllib3.connection import HTTPConnection, HTTPSConnection, port_by_scheme
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util import parse_url
from urllib3.util.connection import is_connection_dropped
from urllib3.util.ssl_ import create_urllib3_context

from sources.guard import connect
from trendwarte.errors import FetchError

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_CHUNK = 65_536
_IDENTITY = ("", "identity")
_INFLATERS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
# A gzip file may have several members; thousands of empty ones are an attack on the processor.
_MEMBERS_MAX = 100
_KEPT_MAX = 64
_FAILURES = (
    OSError, http.client.HTTPException, requests.RequestException, urllib3.exceptions.HTTPError, ValueError, zlib.error,
)  # fmt: skip
_CLOSED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
_state = threading.local()


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; header names are lower case, only a 2xx has a (decoded) body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    is_truncated: bool = False
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one exchange may cost: seconds without a byte, seconds in all, bytes (raw and decompressed)."""

    timeout_s: float
    deadline_s: float
    max_bytes: int
    allow_hosts: frozenset[str]
    truncate: bool = False


def get(url: str, headers: Mapping[str, str], limits: Limits) -> Answer:
    """GET ``url`` once. Redirects and error statuses are answers, not errors.

    Raises:
        FetchError: refused address, no connection, no valid HTTP, deadline passed, or too many bytes.
    """
    started = time.monotonic()
    with Deadline(limits.deadline_s) as deadline:
        try:
            connection, response = _asked(url, headers, limits, deadline)
            is_reusable = False
            try:
                body, is_truncated = _body(url, response, limits)
                # A socket cut at the deadline reads like the end of a body without length.
                if deadline.is_passed:
                    raise TimeoutError
                is_reusable = response.isclosed() and not response.will_close
            finally:
                # The head of a last answer passes the socket from the connection to the response.
                response.close()
                if is_reusable:
                    _KEPT.take_back(connection)
                else:
                    connection.give_up()
            return Answer(url, response.status, _headers(response), body, is_truncated, seconds_since(started))
        except FetchError:
            raise
        except _FAILURES as error:
            if deadline.is_passed:
                message = f"{url} took longer than the {limits.deadline_s:g} s allowed"
                raise FetchError(message, permanent=False) from error
            raise _as_fetch_error(url, error) from error


def _headers(response: HTTPResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an address leads: what is connected to, and what is asked for there."""

    scheme: str
    host: str
    port: int
    target: str


@lru_cache(maxsize=4_096)
def _place(url: str) -> _Place:
    """The parts of an address as requests prepares them: international names, odd signs.

    Raises:
        requests.RequestException: it is no address.
    """
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, None)
    parts = parse_url(prepared.url or "")
    scheme, host = parts.scheme or "http", (parts.host or "").strip("[]")
    target = parts.request_uri
    return _Place(scheme, host, parts.port or port_by_scheme[scheme], f"/{target.lstrip('/')}")


def _asked(
    url: str, headers: Mapping[str, str], limits: Limits, deadline: "Deadline"
) -> tuple["_Guarded", HTTPResponse]:
    """Ask on a kept connection to where ``url`` leads, else on a new one; gives it with the head of the answer."""
    place = _place(url)
    timeout_s = min(limits.timeout_s, limits.deadline_s)
    key = (place.scheme, place.host, place.port, limits.allow_hosts)
    if (kept := _KEPT.hand_out(key)) is not None:
        deadline.watch(kept.twin)
        kept.sock.settimeout(timeout_s)
        # The other side may close it in this very moment: what was asked then may be asked again.
        with suppress(*_CLOSED):
            return kept, kept.ask(place.target, headers)
        if deadline.is_passed:
            raise TimeoutError
    fresh = _OPENERS[place.scheme](place, limits.allow_hosts, timeout_s)
    fresh.key = key
    return fresh, fresh.ask(place.target, headers)


class Deadline:
    """Cuts every socket it watches when its seconds are over; a read timeout alone never ends a slow drip."""

    def __init__(self, seconds: float) -> None:
        self.is_passed = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._seconds = seconds
        self.is_over = False

    def __enter__(self) -> Self:
        _state.deadline = self
        _WATCHDOG.guard(self, time.monotonic() + self._seconds)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _state.deadline = None
        with self._lock:
            self.is_over = True
            self._sockets.clear()

    def watch(self, twin: socket.socket) -> None:
        """Cut the connection of ``twin`` too when time is up."""
        with self._lock:
            self._sockets.append(twin)
        if self.is_passed:
            self.cut()

    def cut(self) -> None:
        """End every exchange that is still going on; called when the time is up."""
        with self._lock:
            if self.is_over:
                return
            self.is_passed = True
            for twin in self._sockets:
                with suppress(OSError):
                    twin.shutdown(socket.SHUT_RDWR)


class _Watchdog:
    """One thread that keeps all deadlines: a timer of its own for each request costs more than a local request."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Deadline]] = []
        self._changed = threading.Condition()
        self._count = itertools.count()
        self._pid = 0

    def guard(self, deadline: Deadline, moment: float) -> None:
        """Cut ``deadline`` at ``moment`` (monotonic seconds), unless it is over by then."""
        with self._changed:
            is_first = not self._due or moment < self._due[0][0]
            heapq.heappush(self._due, (moment, next(self._count), deadline))
            if self._pid != os.getpid():  # the first time, and after a fork: threads do not survive one
                self._pid = os.getpid()
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
            elif is_first:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._due and self._due[0][2].is_over:
                    heapq.heappop(self._due)
                wait_s = self._due[0][0] - time.monotonic() if self._due else None
                if wait_s is None or wait_s > 0:
                    self._changed.wait(wait_s)
                    continue
                _, _, deadline = heapq.heappop(self._due)
            deadline.cut()


_WATCHDOG = _Watchdog()


def _open(connection: "_Guarded", allow_hosts: frozenset[str]) -> socket.socket:
    timeout = connection.timeout if isinstance(connection.timeout, int | float) else 20.0
    try:
        sock = connect(connection.host, connection.port or connection.default_port, timeout, allow_hosts)
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"no connection within {timeout:g} s") from error
    except OSError as error:
        raise NewConnectionError(connection, str(error)) from error
    # TLS detaches the socket it wraps; a duplicated descriptor still reaches the connection.
    connection.twin = socket.socket(sock.family, sock.type, sock.proto, fileno=os.dup(sock.fileno()))
    deadline: Deadline | None = getattr(_state, "deadline", None)
    if deadline is not None:
        deadline.watch(connection.twin)
    return sock


class _Guarded(HTTPConnection):
    """HTTP to checked addresses only.

    urllib3 connects, Python's own client asks and reads: pools, retries and response objects of urllib3 and requests
    take twice the time of the exchange itself (docs/decisions/0011), and one host is asked once at a time anyway.
    """

    sock: socket.socket
    twin: socket.socket
    key: "_Key"

    def __init__(self, host: str, port: int, *, allow_hosts: frozenset[str], **named: Any) -> None:
        super().__init__(host, port, **named)
        self.allow_hosts = allow_hosts

    def _new_conn(self) -> socket.socket:
        return _open(self, self.allow_hosts)

    def give_up(self) -> None:
        """Close the connection and what a deadline watches of it."""
        self.close()
        if hasattr(self, "twin"):
            self.twin.close()

    def ask(self, target: str, headers: Mapping[str, str]) -> HTTPResponse:
        """Connect if need be, send a GET and read the head of the answer; what fails is closed."""
        try:
            http.client.HTTPConnection.request(self, "GET", target, headers=headers)
            return http.client.HTTPConnection.getresponse(self)
        except BaseException:
            self.give_up()
            raise


class _GuardedTLS(_Guarded, HTTPSConnection):
    """TLS to checked addresses only; the certificate is judged against the name, not the address."""


def _plain(place: _Place, allow_hosts: frozenset[str], timeout_s: float) -> _Guarded:
    return _Guarded(place.host, place.port, allow_hosts=allow_hosts, timeout=timeout_s)


def _encrypted(place: _Place, allow_hosts: frozenset[str], timeout_s: float) -> _Guarded:
    return _GuardedTLS(
        place.host, place.port, allow_hosts=allow_hosts, timeout=timeout_s, ssl_context=_tls_context(),
        cert_reqs="CERT_REQUIRED",
    )  # fmt: skip


_OPENERS = {"http": _plain, "https": _encrypted}
_Key = tuple[str, str, int, frozenset[str]]


class _Kept:
    """Connections that may be asked again, the longest unused one let go when there are too many."""

    def __init__(self) -> None:
        self._free: OrderedDict[_Key, _Guarded] = OrderedDict()
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    def hand_out(self, key: _Key) -> _Guarded | None:
        """A connection to that place which the other side has not closed meanwhile."""
        with self._lock:
            connection = self._free.pop(key, None)
        if connection is not None and is_connection_dropped(connection):
            connection.give_up()
            return None
        return connection

    def take_back(self, connection: _Guarded) -> None:
        """Keep a connection whose answer was read to its end."""
        with self._lock:
            surplus = [self._free.pop(connection.key, None)]
            self._free[connection.key] = connection
            if len(self._free) > _KEPT_MAX:
                surplus.append(self._free.popitem(last=False)[1])
        for one in surplus:
            if one is not None:
                one.give_up()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._free.clear()


_KEPT = _Kept()
_tls_lock = threading.Lock()
_tls: list[ssl.SSLContext] = []


def _tls_context() -> ssl.SSLContext:
    with _tls_lock:
        if not _tls:
            context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
            context.load_verify_locations(where())
            _tls.append(context)
        return _tls[0]


def _body(url: str, response: HTTPResponse, limits: Limits) -> tuple[bytes, bool]:
    if not 200 <= response.status < 300:
        # The status says it all, and an error page may be endless. A short one is read away: the connection lives on.
        if response.length is not None and response.length <= _CHUNK:
            response.read(_CHUNK)
        return b"", False
    encoding = response.getheader("Content-Encoding", "").strip().lower()
    chunks = _raw_chunks(url, response, limits)
    if encoding not in _IDENTITY:
        if encoding not in _INFLATERS:
            message = f"{url} answers in encoding {encoding!r}, which was not offered"
            raise FetchError(message, permanent=True, state="parse_error", status=response.status)
        chunks = _inflated(chunks, _INFLATERS[encoding], limits.max_bytes)
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limits.max_bytes:
            if limits.truncate:
                return bytes(body[: limits.max_bytes]), True
            message = f"{url} is longer than the {limits.max_bytes} bytes allowed; see fetching.max_bytes"
            raise FetchError(message, permanent=True, state="parse_error", status=response.status)
    return bytes(body), False


def _raw_chunks(url: str, response: HTTPResponse, limits: Limits) -> Iterator[bytes]:
    received = 0
    while chunk := response.read(_CHUNK):
        received += len(chunk)
        yield chunk
        if received > limits.max_bytes and not limits.truncate:
            message = f"{url} sends more than the {limits.max_bytes} bytes allowed; see fetching.max_bytes"
            raise FetchError(message, permanent=True, state="parse_error", status=response.status)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)


def _inflated(chunks: Iterator[bytes], window: int, max_bytes: int) -> Iterator[bytes]:
    """Decompress with bounded output per step, so that a bomb costs one step and not its size."""
    inflater = zlib.decompressobj(window)
    is_first, members = True, 1
    for compressed in chunks:
        if is_first and window == 15 and compressed[:1] and compressed[0] & 0x0F != 8:
            inflater = zlib.decompressobj(-15)  # "deflate" without the zlib header, as some servers send it
        is_first = False
        pending = compressed
        while pending:
            yield inflater.decompress(pending, max_bytes + 1)
            pending = inflater.unconsumed_tail
            # Padding after the last member is common and harmless, as browsers have it.
            if inflater.eof and inflater.unused_data[:2] == b"\x1f\x8b" and members < _MEMBERS_MAX:
                members += 1
                pending, inflater = inflater.unused_data, zlib.decompressobj(window)
    if not inflater.eof and not is_first:
        raise zlib.error("compressed body ends too early")


def _as_fetch_error(url: str, error: Exception) -> FetchError:
    is_hopeless = isinstance(
        error,
        ssl.SSLError
        | requests.exceptions.InvalidURL
        | requests.exceptions.InvalidSchema
        | http.client.InvalidURL
        | urllib3.exceptions.LocationParseError,
    )
    # No connection at all, or none that can be trusted; a time-out of reading is the fault of one address.
    is_host = isinstance(error, ConnectTimeoutError | NewConnectionError | ssl.SSLError)
    return FetchError(f"{url}: {_cause(error)}", permanent=is_hopeless, is_host=is_host)


def _cause(error: Exception) -> str:
    # requests wraps urllib3 wraps the system: the innermost text is the one an operator can use.
    inner: Any = error
    while inner.args and isinstance(inner.args[-1], Exception):
        inner = inner.args[-1]
    inner = getattr(inner, "reason", None) or inner
    return f"{type(error).__name__}: {str(inner)[:300]}"


def seconds_since(started: float) -> float:
    """Seconds since a ``time.monotonic()`` reading."""
    return time.monotonic() - started
