"""HTTP on 127.0.0.1 for everything the demo serves; it leaves no thread and no socket behind."""

import gzip
import hashlib
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, cast
from urllib.parse import parse_qs, urlsplit

MAX_REQUEST_BODY_BYTES = 10_000_000
# What socketserver calls a request: for TCP always the socket.
_Connection = socket.socket | tuple[bytes, socket.socket]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked; header names are lower case, ``query`` keeps the order of repeated keys."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """What the server says; ``Content-Length`` and ``Date`` are added on the wire."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Bytes with the validators their server gives out; ``has_etag``/``has_last_modified`` say which."""

    body: bytes
    content_type: str
    last_modified: datetime | None = None
    has_etag: bool = True
    has_last_modified: bool = True
    is_gzipped: bool = False
    headers: tuple[tuple[str, str], ...] = field(default=())


class LoopbackServer:
    """A threading HTTP/1.1 server on a free loopback port, used as a context manager.

    ``respond`` is called in a thread per connection and must be thread-safe. A respond function that
    waits should wait on ``closing``, so that leaving the ``with`` block never hangs. ``port`` 0 takes a free one.
    """

    def __init__(self, respond: Callable[[Request], Response], port: int = 0) -> None:
        self.closing = threading.Event()
        self._server = _Server(respond, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="loopback")

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """``http://127.0.0.1:<port>`` without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()


def answer(request: Request, page: Page) -> Response:
    """Answer a GET or HEAD with 200 or, when the client already has this representation, 304 (RFC 9110, 13.2.2)."""
    is_packed = page.is_gzipped and _accepts_gzip(request.headers.get("accept-encoding", ""))
    # mtime=0: the same bytes must give the same entity tag in every process.
    body = gzip.compress(page.body, mtime=0) if is_packed else page.body
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"' if page.has_etag else ""
    modified_at = page.last_modified if page.has_last_modified else None
    headers = [("Content-Type", page.content_type), *page.headers]
    if etag:
        headers.append(("ETag", etag))
    if modified_at:
        headers.append(("Last-Modified", format_datetime(modified_at, usegmt=True)))
    if page.is_gzipped:
        headers.append(("Vary", "Accept-Encoding"))
    if _is_unchanged(request, etag, modified_at):
        return Response(304, headers=tuple(headers[1:]))
    if is_packed:
        headers.append(("Content-Encoding", "gzip"))
    return Response(200, body, tuple(headers))


def plain(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """A short text answer, as servers give with errors."""
    return Response(status, text.encode(), (("Content-Type", "text/plain; charset=utf-8"), *headers))


def _is_unchanged(request: Request, etag: str, modified_at: datetime | None) -> bool:
    """If-None-Match decides alone when it is sent; If-Modified-Since counts only without it."""
    wanted = request.headers.get("if-none-match")
    if wanted is not None:
        tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        return bool(etag) and (etag in tags or "*" in tags)
    since = request.headers.get("if-modified-since")
    if since is None or modified_at is None:
        return False
    try:
        return modified_at <= parsedate_to_datetime(since).replace(tzinfo=UTC)
    except ValueError:
        return False


def _accepts_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        name, _, quality = part.partition(";")
        if name.strip() in {"gzip", "*"}:
            return quality.replace(" ", "") not in {"q=0", "q=0.0"}
    return False


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, respond: Callable[[Request], Response], port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.respond = respond
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def process_request(self, request: _Connection, client_address: str) -> None:
        with self._lock:
            self._open.add(cast(socket.socket, request))
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Connection) -> None:
        with self._lock:
            self._open.discard(cast(socket.socket, request))
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: a client that goes away mid-answer is part of the game, and stderr belongs to the run."""

    def hang_up(self) -> None:
        """End keep-alive connections, so that their threads see the end of input and finish."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # the client was faster
                    continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "loopback/1"
    sys_version = ""
    # Headers and body leave in two writes; with Nagle's algorithm each answer would wait 40 ms for an ACK.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of the base class)
        """Say nothing: stderr belongs to the run."""

    def do_GET(self) -> None:
        self._reply()

    def do_HEAD(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def _reply(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, MAX_REQUEST_BODY_BYTES))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        server = cast(_Server, self.server)
        response = server.respond(Request(self.command, parts.path, parse_qs(parts.query), headers, body))
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if response.status != 304:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD" and response.status != 304:
            self.wfile.write(response.body)
