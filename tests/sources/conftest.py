"""A real HTTP server that behaves like real ones, and like hostile ones."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sources import fetch, parse
from trendwarte.settings import Fetching, Source
from trendwarte.types import Document, NotModified, Payload, Validators

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)


class Site:
    """One host. ``paths`` maps a path to an answer ``(status, headers, body)`` or to a function of the request."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"
        self.paths: dict[str, object] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []

    def asked(self, path: str) -> list[dict[str, str]]:
        """Headers (lower case) of every request for a path."""
        return [headers for one, headers in self.seen if one == path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, *args: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        """Answer from the site's paths."""
        path = self.path.partition("?")[0]
        self.site.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        scripted = self.site.paths.get(path, (404, {}, b""))
        try:
            if callable(scripted):
                self.close_connection = True
                scripted(self)
                return
            self.answer(*scripted)
        except OSError:
            self.close_connection = True

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """One complete answer; the server's clock is ``NOW``."""
        self.send_response_only(status)
        for name, value in ({"Date": "Wed, 10 Jun 2026 12:00:00 GMT"} | headers).items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what these tests are about."""


@pytest.fixture(autouse=True)
def _strangers(monkeypatch):
    """Ports come back within a run: what was learned of a host in an earlier test must not answer for a new one."""
    monkeypatch.setattr("sources.politeness._hosts", {})


@pytest.fixture
def new_site() -> Iterator[Callable[[], Site]]:
    """A function that starts another host; all are stopped at the end of the test."""
    servers = []

    def start() -> Site:
        handler = type("Handler", (_Handler,), {})
        server = _Server(("127.0.0.1", 0), handler)
        handler.site = site = Site(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return site

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site(new_site: Callable[[], Site]) -> Site:
    """One host without robots.txt."""
    return new_site()


@pytest.fixture
def ask(site: Site) -> Callable[..., Payload | NotModified]:
    """``ask("/feed")`` fetches a path of ``site``; ``allow`` names the hosts the guard lets pass."""

    def _ask(
        path: str = "/feed",
        validators: Validators | None = None,
        *,
        allow: list[str] | None = None,
        limits: dict[str, object] | None = None,
        key: str = "",
        **declared: object,
    ) -> Payload | NotModified:
        source = make_source(**{"url": site.url + path} | declared)
        hosts = [site.host] if allow is None else allow
        fetching = Fetching(
            **{"user_agent": "test/1", "timeout_s": 5, "deadline_s": 5, "max_bytes": 100_000, "allow_hosts": hosts}
            | (limits or {})
        )
        return fetch(source, validators or Validators(), fetching, now=NOW, key=key)

    return _ask


def make_source(**declared: object) -> Source:
    """A source of kind feed unless ``declared`` says otherwise."""
    return Source(
        **{"id": "s", "name": "S", "kind": "feed", "url": "https://a.example/feed", "source_kind": "quality_press",
           "min_interval_s": 0} | declared
    )  # fmt: skip


@pytest.fixture
def read() -> Callable[..., list[Document]]:
    """``read(body)`` parses bytes as the answer of a source."""

    def _read(body: bytes | str, content_type: str = "text/xml", pages: tuple[Payload, ...] = (), **declared: object):
        raw = body.encode() if isinstance(body, str) else body
        payload = Payload("s", "https://a.example/feed", 200, content_type, raw, NOW, Validators(), pages=pages)
        return parse(make_source(**declared), payload, seen_at=NOW)

    return _read
