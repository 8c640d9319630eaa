"""One request at a time per host, with pauses, and only where robots.txt lets us (RFC 9309)."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

from protego import Protego

from sources.guard import check_url
from sources.transport import REDIRECTS, Answer, Limits, get, seconds_since
from trendwarte.errors import FetchError

_ROBOTS_MAX_BYTES = 512_000  # section 2.5 asks for at least 500 KiB
_ROBOTS_MAX_REDIRECTS = 5  # section 2.3.1.2
_ROBOTS_MAX_AGE_S = 86_400.0  # section 2.4
# A night has an end: some sites ask for minutes between two requests.
_CRAWL_DELAY_MAX_S = 30.0


@dataclass(slots=True)
class _Host:
    """What this process knows about a host; ``lock`` is its one slot. Rules are kept for http and https apart."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    rules: dict[str, tuple[Protego | None, float]] = field(default_factory=dict)
    last_request_at: float | None = None


_hosts: dict[str, _Host] = {}
_hosts_lock = threading.Lock()


def polite_get(url: str, headers: Mapping[str, str], limits: Limits, min_interval_s: float) -> Answer:
    """``transport.get`` when it is this host's turn; waits for it. ``headers`` must name the ``User-Agent``.

    Raises:
        FetchError: as ``get``; robots.txt forbids the address, or cannot be read because its server fails.
    """
    parts = urlsplit(url)
    home = f"{parts.scheme}://{parts.netloc}".lower()
    with _hosts_lock:
        host = _hosts.setdefault(parts.netloc.lower().removesuffix(":80").removesuffix(":443"), _Host())
    agent = headers["User-Agent"]
    with host.lock:
        rules, read_at = host.rules.get(home, (None, None))
        if read_at is None or seconds_since(read_at) > _ROBOTS_MAX_AGE_S:
            rules = _rules_at(home, agent, limits)
            host.rules[home] = rules, time.monotonic()
        if rules is not None and not rules.can_fetch(url, agent):
            raise FetchError(f"{url}: robots.txt of this host forbids it", permanent=True, state="blocked")
        _pause(host, rules, agent, min_interval_s)
        try:
            return get(url, headers, limits)
        finally:
            host.last_request_at = time.monotonic()


def redirect_target(answer: Answer) -> str:
    """Absolute address a redirect points to; it still has to pass ``check_url``.

    Raises:
        FetchError: permanent, ``dead``: it points nowhere.
    """
    # Headers arrive as Latin-1; an unencoded "ü" in them is UTF-8 nearly always.
    raw = answer.headers.get("location", "").strip()
    location = raw.encode("latin-1", "ignore").decode("utf-8", "replace").replace(" ", "%20")
    try:
        if location:
            return urljoin(answer.url, location)
    except ValueError:
        pass
    message = f"{answer.url}: a redirect to {location[:100]!r}, which is no address"
    raise FetchError(message, permanent=True, state="dead", status=answer.status)


def _pause(host: _Host, rules: Protego | None, agent: str, min_interval_s: float) -> None:
    if host.last_request_at is None:
        return
    asked_s = float(rules.crawl_delay(agent) or 0) if rules is not None else 0.0
    wait_s = max(min_interval_s, min(asked_s, _CRAWL_DELAY_MAX_S)) - seconds_since(host.last_request_at)
    if wait_s > 0:
        time.sleep(wait_s)


def _rules_at(home: str, agent: str, limits: Limits) -> Protego | None:
    """Rules of a host, None when it has none. A server that fails counts as "no" (RFC 9309 section 2.3.1.4)."""
    answer = _robots(home, agent, replace(limits, max_bytes=_ROBOTS_MAX_BYTES, truncate=True))
    if answer.status == 200:
        # Any bytes give rules; what cannot be read forbids nothing (RFC 9309 section 2.3.1.4).
        return Protego.parse(answer.body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace"))
    if answer.status >= 500:
        message = f"{home}/robots.txt answers {answer.status}: nothing may be fetched until it is back (RFC 9309)"
        raise FetchError(message, permanent=False, status=answer.status, is_host=True)
    return None


def _robots(home: str, agent: str, limits: Limits) -> Answer:
    url = f"{home}/robots.txt"
    for _ in range(_ROBOTS_MAX_REDIRECTS + 1):
        check_url(url)
        answer = get(url, {"User-Agent": agent, "Accept-Encoding": "gzip, deflate"}, limits)
        if answer.status not in REDIRECTS:
            break
        url = redirect_target(answer)
    return answer
