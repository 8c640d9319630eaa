"""One attempt at a source: validators out, redirects one guarded hop at a time, bytes or a clear failure in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from types import MappingProxyType
from urllib.parse import urlsplit

from sources.charset import charset_of
from sources.guard import check_url
from sources.pages import reserves
from sources.parsing import is_readable
from sources.politeness import polite_get, redirect_target
from sources.sitemaps import parts_of
from sources.transport import REDIRECTS, Answer, Limits
from trendwarte.catalogue import address_of, headers_of, is_dated, redacted
from trendwarte.errors import FetchError, ParseError
from trendwarte.settings import Fetching, Source
from trendwarte.types import NotModified, Payload, Validators

_NOTHING_KNOWN = Validators()
_FALLBACK_STATES = frozenset({"dead", "unreachable"})
_ACCEPT = {
    "feed": "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5",
    "sitemap": "application/xml, text/xml;q=0.9, */*;q=0.5",
    "html_listing": "text/html, application/xhtml+xml, */*;q=0.5",
    "json": "application/json, */*;q=0.5",
}
# Statuses that say "later" without being the server's failure: request timeout, too early.
_TRANSIENT = frozenset({408, 425})
_PAGE_MAX_BYTES = 2_000_000
_RETRY_DEFAULT_S = 3_600.0
_RETRY_MAX_S = 7 * 86_400.0


def fetch(
    source: Source, validators: Validators, fetching: Fetching, *, now: datetime, key: str = ""
) -> Payload | NotModified:
    """Fetch a source once; retrying is the caller's business.

    One exchange with its redirects takes at most ``fetching.deadline_s``, not counting the wait for the host's
    turn. The fallback addresses are tried when the main one is dead or unreachable. The newest parts of a sitemap
    index come with it.

    Args:
        validators: what the last answer gave; sent back unchanged, to the main address only.
        now: the fetch time to record, aware UTC; days in the address are counted from it.
        key: the source's key; it is in no message and no payload.

    Raises:
        FetchError: ``permanent`` says whether a retry tonight can help, ``retry_after_s`` what the server asked.
    """
    if not is_readable(source.kind):
        raise FetchError(f"{source.id}: no reader for kind '{source.kind}' yet", permanent=True, state="blocked")
    try:
        found = _first_that_answers(source, validators, fetching, now, key)
    except FetchError as error:
        if key:
            error.args = (redacted(str(error), key),)
        raise
    return replace(found, url=redacted(found.url, key)) if isinstance(found, Payload) else found


def _first_that_answers(
    source: Source, validators: Validators, fetching: Fetching, now: datetime, key: str
) -> Payload | NotModified:
    ask = _Ask(source, fetching, headers_of(source, key))
    held = Validators(body_hash=validators.body_hash) if is_dated(source) else validators
    try:
        answer = ask(address_of(source, source.url, now, key), held)
        return _delivered(ask, answer, validators, now)
    except FetchError as error:
        if error.state not in _FALLBACK_STATES or not source.fallback_urls:
            raise
        failure = error
    for url in source.fallback_urls:
        try:
            answer = ask(address_of(source, url, now, key), _NOTHING_KNOWN)
        except FetchError:
            continue
        # Its validators must never be sent to the main address: a date would match there by accident.
        return _delivered(ask, replace(answer, headers=_without_validators(answer.headers)), validators, now)
    raise failure


@dataclass(frozen=True, slots=True)
class _Ask:
    """Asks for addresses of one source: same limits, same headers."""

    source: Source
    fetching: Fetching
    headers: Mapping[str, str]

    def __call__(self, url: str, validators: Validators) -> Answer:
        """The final answer: 2xx, or 304 when validators were sent."""
        accept = _ACCEPT.get(self.source.kind, "*/*")
        return ask(url, self.fetching, accept, validators, min_interval_s=self.source.min_interval_s, own=self.headers)


def _delivered(ask: _Ask, answer: Answer, validators: Validators, now: datetime) -> Payload | NotModified:
    source = ask.source
    etag, last_modified = answer.headers.get("etag"), answer.headers.get("last-modified")
    if answer.status == 304:
        kept = Validators(etag or validators.etag, last_modified or validators.last_modified, validators.body_hash)
        return NotModified(source.id, now, kept, answer.duration_s)
    if reserves(answer.headers):
        message = f"{answer.url}: its owner reserves text and data mining; ask for a licence, or disable the source"
        raise FetchError(message, permanent=True, state="blocked", status=answer.status)
    fresh = Validators(etag, last_modified, sha256(answer.body).hexdigest())
    if fresh.body_hash == validators.body_hash:
        return NotModified(source.id, now, fresh, answer.duration_s, status=answer.status)
    payload = payload_of(source.id, answer, now, fresh)
    return replace(payload, pages=_parts(ask, payload)) if source.kind == "sitemap" else payload


def payload_of(source_id: str, answer: Answer, now: datetime, validators: Validators = _NOTHING_KNOWN) -> Payload:
    """An answer with what it is filed under."""
    kind = answer.headers.get("content-type", "")
    charset = charset_of(answer.body, kind)
    return Payload(
        source_id, answer.url, answer.status, kind, answer.body, now, validators, answer.duration_s, charset=charset
    )


def _parts(ask: _Ask, index: Payload) -> tuple[Payload, ...]:
    try:
        urls = parts_of(ask.source, index)
    except ParseError:
        return ()  # harvest() will say so
    # One part that fails fails the source: half a sitemap would look like little news.
    return tuple(payload_of(ask.source.id, ask(url, _NOTHING_KNOWN), index.fetched_at) for url in urls)


def ask(
    url: str,
    fetching: Fetching,
    accept: str,
    validators: Validators = _NOTHING_KNOWN,
    *,
    min_interval_s: float,
    own: Mapping[str, str] = MappingProxyType({}),
    is_page: bool = False,
) -> Answer:
    """The final answer (2xx, or 304 when validators were sent) after at most ``max_redirects`` hops.

    Raises:
        FetchError: as ``fetch``.
    """
    headers = _headers(accept, fetching, validators)
    limits = _limits(fetching, is_page)
    home = urlsplit(url)[:2]
    spent_s = 0.0
    for _ in range(fetching.max_redirects + 1):
        check_url(url)
        hop = replace(limits, deadline_s=limits.deadline_s - spent_s)
        if hop.deadline_s <= 0:
            raise FetchError(f"{url}: redirects took longer than {limits.deadline_s:g} s", permanent=False)
        # A key is for the host it was given for, not for where that host points.
        sent = {**headers, **own} if urlsplit(url)[:2] == home else headers
        answer = polite_get(url, sent, hop, min_interval_s)
        spent_s += answer.duration_s
        if answer.status not in REDIRECTS:
            is_conditional = "If-None-Match" in headers or "If-Modified-Since" in headers
            return replace(_checked(answer, is_conditional), duration_s=spent_s)
        url = redirect_target(answer)
    raise FetchError(f"{url}: more than {fetching.max_redirects} redirects", permanent=True, state="dead")


def _headers(accept: str, fetching: Fetching, validators: Validators) -> dict[str, str]:
    headers = {
        "User-Agent": fetching.user_agent,
        "Accept": accept,
        "Accept-Encoding": "gzip, deflate",
    }
    conditions = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    return headers | {name: value for name, value in conditions.items() if value}


def _limits(fetching: Fetching, is_page: bool) -> Limits:
    max_bytes = min(fetching.max_bytes, _PAGE_MAX_BYTES) if is_page else fetching.max_bytes
    return Limits(fetching.timeout_s, fetching.deadline_s, max_bytes, frozenset(fetching.allow_hosts), truncate=is_page)


def _checked(answer: Answer, is_conditional: bool) -> Answer:
    """The answer when it is one; every other status as the failure it stands for."""
    status, url = answer.status, answer.url
    if "challenge" in answer.headers.get("cf-mitigated", "") or status == 202:
        # A bot check under a friendly status: 202 is how some gateways hand out their puzzle.
        raise FetchError(
            f"{url}: {status}, a bot check instead of the source", permanent=True, state="blocked", status=status
        )
    if 200 <= status < 300 or (status == 304 and is_conditional):
        return answer
    wait_s = _retry_after(answer)
    if status == 429 or (status == 503 and wait_s is not None):
        wait_s = _RETRY_DEFAULT_S if wait_s is None else wait_s
        message = f"{url}: {status}, asks to come back in {wait_s:.0f} s"
        raise FetchError(
            message, permanent=True, state="rate_limited", status=status, retry_after_s=wait_s, is_host=True
        )
    if status in (404, 410):
        raise FetchError(f"{url}: {status}, it is gone", permanent=True, state="dead", status=status)
    if 400 <= status < 500 and status not in _TRANSIENT:
        raise FetchError(f"{url}: {status}, refused", permanent=True, state="blocked", status=status)
    raise FetchError(f"{url}: {status}, the server failed", permanent=False, status=status)


def _retry_after(answer: Answer) -> float | None:
    """Seconds of Retry-After (number, or HTTP date against the server's own clock); None when unreadable."""
    value = answer.headers.get("retry-after", "").strip()
    # Headers arrive as Latin-1, where "²" is a digit to str but no number.
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _RETRY_MAX_S)
    until, sent = _http_date(value), _http_date(answer.headers.get("date", ""))
    if until is None or sent is None:
        return None
    return min(max((until - sent).total_seconds(), 0.0), _RETRY_MAX_S)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _without_validators(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in ("etag", "last-modified")}
