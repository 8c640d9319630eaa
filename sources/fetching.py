"""One polite attempt at a source: robots, one slot per host, validators, redirects one guarded hop at a time."""

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from urllib.parse import urlencode, urljoin, urlsplit

from protego import Protego

from sources.guard import check_url
from sources.identity import canonical_url
from sources.listing import links_of
from sources.transport import Answer, Limits, get, seconds_since
from trendwarte.errors import FetchError, ParseError
from trendwarte.settings import Fetching, Source
from trendwarte.types import NotModified, Payload, Validators

_READABLE = frozenset({"feed", "html_listing", "gdelt", "federal_register", "jsonl"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PAGES_MAX = 20
_ROBOTS_MAX_BYTES = 500_000  # RFC 9309 section 2.5 asks for at least this much
_RETRY_MAX_S = 7 * 86_400.0

_slots: dict[str, threading.Lock] = {}
_last_request: dict[str, float] = {}
_robots: dict[str, Protego | None] = {}
_slots_lock = threading.Lock()


def fetch(
    source: Source,
    validators: Validators,
    fetching: Fetching,
    *,
    now: datetime,
    known_urls: frozenset[str] = frozenset(),
) -> Payload | NotModified:
    """Fetch a source once; retrying is the caller's business.

    Args:
        validators: what the last answer gave; sent back unchanged.
        known_urls: article addresses already stored; a listing's other links are fetched too.

    Raises:
        FetchError: ``permanent`` says whether a retry tonight can help, ``retry_after_s`` what the server asked.
    """
    if source.kind not in _READABLE:
        raise FetchError(f"{source.id}: no reader for kind '{source.kind}' yet", permanent=True, state="blocked")
    started = time.monotonic()
    failure: FetchError | None = None
    for url in (source.url, *source.fallback_urls):
        try:
            answer = _get(_with_params(url, source.params), source, fetching, validators)
        except FetchError as error:
            failure = failure or error
            continue
        return _delivered(source, answer, validators, fetching, now, started, known_urls)
    raise failure or FetchError(f"{source.id}: no address", permanent=True, state="dead")


def _delivered(
    source: Source,
    answer: Answer,
    validators: Validators,
    fetching: Fetching,
    now: datetime,
    started: float,
    known_urls: frozenset[str],
) -> Payload | NotModified:
    if answer.status == 304:
        return NotModified(source.id, now, validators, seconds_since(started))
    body_hash = sha256(answer.body).hexdigest()
    fresh = Validators(answer.headers.get("etag"), answer.headers.get("last-modified"), body_hash)
    if body_hash == validators.body_hash:
        return NotModified(source.id, now, fresh, seconds_since(started))
    payload = Payload(
        source.id, answer.url, answer.status, answer.headers.get("content-type", ""), answer.body, now, fresh
    )
    if source.kind == "html_listing":
        payload = replace(payload, pages=_pages(source, payload, fetching, now, known_urls))
    return replace(payload, duration_s=seconds_since(started))


def _pages(
    source: Source, listing: Payload, fetching: Fetching, now: datetime, known_urls: frozenset[str]
) -> tuple[Payload, ...]:
    """Article pages behind a listing; one that fails is left for the next night, its title stays."""
    try:
        links = links_of(source, listing)
    except ParseError:
        return ()
    pages = []
    for url in [link for link in links if canonical_url(link) not in known_urls][:_PAGES_MAX]:
        try:
            answer = _get(url, source, fetching, Validators())
        except FetchError:
            continue
        kind = answer.headers.get("content-type", "")
        pages.append(Payload(source.id, url, answer.status, kind, answer.body, now, Validators()))
    return tuple(pages)


def _get(url: str, source: Source, fetching: Fetching, validators: Validators) -> Answer:
    headers = {"User-Agent": fetching.user_agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
    conditions = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    headers |= {name: value for name, value in conditions.items() if value}
    for _ in range(fetching.max_redirects + 1):
        check_url(url)
        if not _is_allowed_by_robots(url, fetching):
            raise FetchError(f"{url}: robots.txt forbids it", permanent=True, state="blocked")
        answer = _in_slot(url, source.min_interval_s, headers, fetching)
        if answer.status not in _REDIRECTS:
            return _checked(answer)
        target = answer.headers.get("location", "")
        if not target:
            raise FetchError(f"{url}: redirect without a target", permanent=True, state="dead", status=answer.status)
        url = urljoin(url, target)
    raise FetchError(f"{url}: more than {fetching.max_redirects} redirects", permanent=True, state="dead")


def _in_slot(url: str, min_interval_s: float, headers: Mapping[str, str], fetching: Fetching) -> Answer:
    """One request at a time per host, with the pause the source asks for, over all sources of the host."""
    host = urlsplit(url).netloc.lower()
    with _slots_lock:
        slot = _slots.setdefault(host, threading.Lock())
    with slot:
        wait_s = min_interval_s - seconds_since(_last_request.get(host, -1e9))
        if wait_s > 0:
            time.sleep(wait_s)
        try:
            return get(url, headers, _limits(fetching))
        finally:
            _last_request[host] = time.monotonic()


def _limits(fetching: Fetching) -> Limits:
    return Limits(fetching.timeout_s, fetching.deadline_s, fetching.max_bytes, frozenset(fetching.allow_hosts))


def _checked(answer: Answer) -> Answer:
    status = answer.status
    if 200 <= status < 300 or status == 304:
        return answer
    wait = _retry_after(answer)
    if status == 429 or (status == 503 and wait is not None):
        message = f"{answer.url}: {status}, asks to come back in {wait or 3600:.0f} s"
        raise FetchError(message, permanent=True, state="rate_limited", status=status, retry_after_s=wait or 3600.0)
    if status in (404, 410):
        raise FetchError(f"{answer.url}: {status}, it is gone", permanent=True, state="dead", status=status)
    if 400 <= status < 500:
        raise FetchError(f"{answer.url}: {status}, refused", permanent=True, state="blocked", status=status)
    raise FetchError(f"{answer.url}: {status}, the server failed", permanent=False, status=status)


def _retry_after(answer: Answer) -> float | None:
    """Seconds of Retry-After (number or HTTP date), at most a week; None when absent or unreadable."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isdigit():
        return min(float(value), _RETRY_MAX_S)
    try:
        until = parsedate_to_datetime(value)
        sent = parsedate_to_datetime(answer.headers.get("date", ""))
        return min(max((until - sent).total_seconds(), 0.0), _RETRY_MAX_S)
    except (ValueError, TypeError):
        return None


def _is_allowed_by_robots(url: str, fetching: Fetching) -> bool:
    parts = urlsplit(url)
    home = f"{parts.scheme}://{parts.netloc}"
    if home not in _robots:
        _robots[home] = _robots_of(home, fetching)
    rules = _robots[home]
    return rules is None or bool(rules.can_fetch(url, fetching.user_agent))


def _robots_of(home: str, fetching: Fetching) -> Protego | None:
    """Rules of a host; none when it has no robots.txt. A failing server says nothing: the fetch itself will."""
    limits = replace(_limits(fetching), max_bytes=_ROBOTS_MAX_BYTES, truncate=True)
    try:
        answer = get(f"{home}/robots.txt", {"User-Agent": fetching.user_agent}, limits)
    except FetchError:
        return None
    return Protego.parse(answer.body.decode("utf-8", "replace")) if answer.status == 200 else None


def _with_params(url: str, params: Mapping[str, str]) -> str:
    if not params:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
