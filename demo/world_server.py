"""The recorded world on loopback: as many servers as sources, each with the manners of a real one."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from types import TracebackType
from typing import Self

from demo import shapes
from demo.loopback import LoopbackServer, Page, Request, Response, answer, plain
from demo.nights import STORY_NIGHTS
from demo.recorded import Declaration, World, WorldDocument, load_world
from demo.series import load_series, page_views
from trendwarte.settings import Outlet, Source

_XML_TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    # No charset: the declaration inside the document decides (RFC 7303).
    "rss_latin1": "application/rss+xml",
    "rdf": "application/rdf+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "gdelt": "application/json; charset=utf-8",
    "federal_register": "application/json",
    "html_listing": "text/html; charset=utf-8",
}
_RETRY_AFTER_S = 3_600


@dataclass(frozen=True, slots=True)
class Exchange:
    """One line of the request log."""

    method: str
    path: str
    status: int


class WorldServer:
    """Serves the recorded world as it was known on one night; used as a context manager.

    Before the first ``set_night`` it is the last night of the story.
    """

    def __init__(self, world: World | None = None) -> None:
        self._world = world or load_world()
        self._series = load_series()
        self._as_of = datetime.combine(STORY_NIGHTS[-1], time(23, 59, 59), UTC)
        self._is_broken = False
        self._log: list[Exchange] = []
        self._lock = threading.Lock()
        self._routes = {path: one for one in self._world.declarations for path in _paths(one)}
        self._server: LoopbackServer | None = LoopbackServer(self._respond)
        self._port = self._server.port

    @property
    def url(self) -> str:
        """``http://127.0.0.1:<port>``; stays the same through ``break_everything`` and ``repair``."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def host(self) -> str:
        """``127.0.0.1:<port>``, for ``fetching.allow_hosts``."""
        return f"127.0.0.1:{self._port}"

    @property
    def requests(self) -> list[Exchange]:
        """What was asked and answered so far, oldest first."""
        with self._lock:
            return list(self._log)

    def set_night(self, as_of: datetime) -> None:
        """From now on serve only what was published up to ``as_of`` (aware).

        Raises:
            ValueError: ``as_of`` has no time zone.
        """
        if as_of.tzinfo is None:
            raise ValueError("as_of needs a time zone; pass an aware datetime")
        self._as_of = as_of.astimezone(UTC)

    def sources(self) -> list[Source]:
        """The served sources with loopback addresses; ids are stable from start to start."""
        served = [one.source for one in self._world.declarations] + [one.source for one in self._series]
        return [source.model_copy(update={"url": self.url + source.url}) for source in served]

    def outlets(self) -> list[Outlet]:
        """The invented outlets and agencies of the world."""
        return list(self._world.outlets)

    def break_everything(self, *, refuse: bool = False) -> None:
        """Answer 503 to everything, or (``refuse``) accept no connection at all, until ``repair``."""
        self._is_broken = True
        if refuse and self._server is not None:
            self._server.__exit__(None, None, None)
            self._server = None

    def repair(self) -> None:
        """Be well again, on the same port."""
        self._is_broken = False
        if self._server is None:
            self._server = LoopbackServer(self._respond, self._port)
            self._server.__enter__()

    def __enter__(self) -> Self:
        if self._server is not None:
            self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.__exit__(kind, error, trace)

    def _respond(self, request: Request) -> Response:
        response = self._answer(request)
        with self._lock:
            self._log.append(Exchange(request.method, request.path, response.status))
        return response

    def _answer(self, request: Request) -> Response:
        if self._is_broken:
            return plain(503, "the whole demo is down")
        if request.path == "/robots.txt":
            return plain(200, "User-agent: *\nAllow: /\n")
        declaration = self._routes.get(request.path)
        if declaration is not None:
            return self._feed(declaration, request)
        for series in self._series:
            if request.path.startswith(series.source.url.partition("{")[0]):
                body = page_views(series, request.path, self._as_of)
                return plain(404, "no views") if body is None else answer(request, Page(body, "application/json"))
        return self._article(request)

    def _feed(self, declaration: Declaration, request: Request) -> Response:
        conduct, as_of = declaration.conduct, self._as_of
        if conduct == "down":
            return plain(503, "closed for good")
        if conduct == "rate_limited" and is_limited_night(as_of):
            return plain(429, "too many requests", ("Retry-After", str(_RETRY_AFTER_S)))
        if conduct == "redirect" and request.path == declaration.source.url:
            return plain(302, "moved", ("Location", _redirected(declaration.source.url)))
        documents = self._world.of_source(declaration.source.id, as_of)[: shapes.FEED_LENGTH]
        body = self._render(declaration, documents, request.query)
        has_validators = conduct != "no_validators"
        return answer(
            request,
            Page(
                body,
                _XML_TYPES[declaration.shape],
                last_modified=documents[0].published_at if documents else None,
                has_etag=has_validators,
                has_last_modified=has_validators,
                is_gzipped=conduct == "gzip",
            ),
        )

    def _render(
        self, declaration: Declaration, documents: list[WorldDocument], query: Mapping[str, list[str]]
    ) -> bytes:
        renderers: dict[str, Callable[[], bytes]] = {
            "rss": lambda: shapes.rss(declaration, documents),
            "rss_latin1": lambda: shapes.rss(declaration, documents, "iso-8859-1"),
            "rdf": lambda: shapes.rdf(declaration, documents),
            "atom": lambda: shapes.atom(declaration, documents),
            "gdelt": lambda: shapes.gdelt(documents, self._world.countries, query),
            "federal_register": lambda: shapes.federal_register(documents, query),
            "html_listing": lambda: shapes.listing(declaration, documents),
        }
        return renderers[declaration.shape]()

    def _article(self, request: Request) -> Response:
        """The page behind an entry of a listing; an article of tomorrow does not exist yet."""
        for declaration in self._world.declarations:
            prefix = declaration.source.url
            if declaration.shape != "html_listing" or not request.path.startswith(prefix):
                continue
            for document in self._world.of_source(declaration.source.id, self._as_of):
                if request.path == prefix + shapes.path_of(document):
                    body = shapes.article(declaration, document)
                    return answer(request, Page(body, "text/html; charset=utf-8", document.published_at))
        return plain(404, "no such page")


def is_limited_night(as_of: datetime) -> bool:
    """Whether the rate-limited source answers 429 on this night: every other one."""
    return as_of.toordinal() % 2 == 1


def _paths(declaration: Declaration) -> list[str]:
    path = declaration.source.url.partition("?")[0]
    return [path, _redirected(path)] if declaration.conduct == "redirect" else [path]


def _redirected(path: str) -> str:
    return f"{path}/rss.xml"
