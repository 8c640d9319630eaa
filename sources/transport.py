"""One HTTP exchange: guarded connection, total deadline, capped bytes, no redirects, no cookies, no environment."""

import heapq
import itertools
import os
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self

import requests
import urllib3
from certifi import where
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

from sources.guard import connect
from trendwarte.errors import FetchError

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_CHUNK = 65_536
_IDENTITY = ("", "identity")
_INFLATERS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
# A gzip file may have several members; thousands of empty ones are an attack on the processor.
_MEMBERS_MAX = 100
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
            timeouts = (min(limits.timeout_s, limits.deadline_s), min(limits.timeout_s, limits.deadline_s))
            session = _session(limits.allow_hosts)
            with session.get(
                url, headers=dict(headers), timeout=timeouts, stream=True, allow_redirects=False
            ) as response:
                body, is_truncated = _body(response, limits)
                answer_headers = {name.lower(): value for name, value in response.headers.items()}
            # A socket cut at the deadline reads like the end of a body without length.
            if deadline.is_passed:
                raise TimeoutError
            return Answer(url, response.status_code, answer_headers, body, is_truncated, seconds_since(started))
        except FetchError:
            raise
        except (OSError, requests.RequestException, urllib3.exceptions.HTTPError, ValueError, zlib.error) as error:
            if deadline.is_passed:
                message = f"{url} took longer than the {limits.deadline_s:g} s allowed"
                raise FetchError(message, permanent=False) from error
            raise _as_fetch_error(url, error) from error


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
            for twin in self._sockets:
                twin.close()
            self._sockets.clear()

    def watch(self, sock: socket.socket) -> None:
        """Cut ``sock`` too when time is up, even after TLS has taken it over."""
        # TLS detaches the socket it wraps; a duplicated descriptor still reaches the connection.
        with self._lock:
            self._sockets.append(socket.socket(fileno=os.dup(sock.fileno())))
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


def _open(connection: HTTPConnection, allow_hosts: frozenset[str]) -> socket.socket:
    timeout = connection.timeout if isinstance(connection.timeout, int | float) else 20.0
    try:
        sock = connect(connection.host, connection.port or connection.default_port, timeout, allow_hosts)
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"no connection within {timeout:g} s") from error
    except OSError as error:
        raise NewConnectionError(connection, str(error)) from error
    _watch(sock)
    return sock


def _watch(sock: socket.socket | None) -> None:
    deadline: Deadline | None = getattr(_state, "deadline", None)
    if deadline is not None and sock is not None:
        deadline.watch(sock)


class _GuardedHTTPConnection(HTTPConnection):
    """HTTP to checked addresses only."""

    def __init__(self, *args: Any, allow_hosts: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.allow_hosts = allow_hosts

    def _new_conn(self) -> socket.socket:
        return _open(self, self.allow_hosts)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self.sock)  # a kept connection; a new one is watched when it opens
        super().request(*args, **kwargs)


class _GuardedHTTPSConnection(_GuardedHTTPConnection, HTTPSConnection):
    """TLS to checked addresses only; the certificate is judged against the name, not the address."""


class _GuardedHTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _GuardedHTTPConnection


class _GuardedHTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPSConnection


class _GuardedPools(urllib3.PoolManager):
    """Connection pools that hand the allow list to every connection."""

    def __init__(self, allow_hosts: frozenset[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._allow_hosts = allow_hosts
        self.pool_classes_by_scheme = {"http": _GuardedHTTPPool, "https": _GuardedHTTPSPool}

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> urllib3.HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        pool.conn_kw["allow_hosts"] = self._allow_hosts
        return pool


class _GuardedAdapter(HTTPAdapter):
    """requests on guarded pools, with one TLS context for all hosts."""

    def __init__(self, allow_hosts: frozenset[str]) -> None:
        self._allow_hosts = allow_hosts
        super().__init__(pool_connections=16, pool_maxsize=2, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        """Build the pools; called by requests."""
        self.poolmanager = _GuardedPools(
            self._allow_hosts, num_pools=connections, maxsize=maxsize, block=block, ssl_context=_tls_context()
        )

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Always verify, with the certificates loaded once (requests loads 140 of them per connection)."""
        conn.cert_reqs = "CERT_REQUIRED"
        conn.ca_certs = None
        conn.ca_cert_dir = None


_tls_lock = threading.Lock()
_tls: list[ssl.SSLContext] = []


def _tls_context() -> ssl.SSLContext:
    with _tls_lock:
        if not _tls:
            context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
            context.load_verify_locations(where())
            _tls.append(context)
        return _tls[0]


class _Session(requests.Session):
    """A session that leaves redirects alone, really."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Never a target: to prepare the next hop, requests would read the whole body of this one, uncapped."""


def _session(allow_hosts: frozenset[str]) -> requests.Session:
    # One per thread: requests does not promise that a session may be shared.
    sessions: dict[frozenset[str], requests.Session] = _state.__dict__.setdefault("sessions", {})
    if allow_hosts not in sessions:
        session = _Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers.clear()
        adapter = _GuardedAdapter(allow_hosts)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        sessions[allow_hosts] = session
    return sessions[allow_hosts]


def _body(response: requests.Response, limits: Limits) -> tuple[bytes, bool]:
    if not 200 <= response.status_code < 300:
        # The status says it all, and an error page may be endless. A short one is read away: the connection lives on.
        if response.raw.length_remaining is not None and response.raw.length_remaining <= _CHUNK:
            response.raw.read(_CHUNK, decode_content=False)
        return b"", False
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    chunks = _raw_chunks(response, limits)
    if encoding not in _IDENTITY:
        if encoding not in _INFLATERS:
            message = f"{response.url} answers in encoding {encoding!r}, which was not offered"
            raise FetchError(message, permanent=True, state="parse_error", status=response.status_code)
        chunks = _inflated(chunks, _INFLATERS[encoding], limits.max_bytes)
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limits.max_bytes:
            if limits.truncate:
                return bytes(body[: limits.max_bytes]), True
            message = f"{response.url} is longer than the {limits.max_bytes} bytes allowed; see fetching.max_bytes"
            raise FetchError(message, permanent=True, state="parse_error", status=response.status_code)
    return bytes(body), False


def _raw_chunks(response: requests.Response, limits: Limits) -> Iterator[bytes]:
    received = 0
    while chunk := response.raw.read(_CHUNK, decode_content=False):
        received += len(chunk)
        yield chunk
        if received > limits.max_bytes and not limits.truncate:
            message = f"{response.url} sends more than the {limits.max_bytes} bytes allowed; see fetching.max_bytes"
            raise FetchError(message, permanent=True, state="parse_error", status=response.status_code)


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
        requests.exceptions.SSLError
        | requests.exceptions.InvalidURL
        | requests.exceptions.InvalidHeader
        | requests.exceptions.InvalidSchema
        | urllib3.exceptions.LocationParseError,
    )
    # No connection at all, or none that can be trusted; a time-out of reading is the fault of one address.
    is_host = isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError) or isinstance(
        getattr(error.args[0] if error.args else None, "reason", None), NewConnectionError
    )
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
