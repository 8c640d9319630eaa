"""From an entry of the catalogue to the requests it stands for: one per combination, addresses filled in."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import product
from urllib.parse import quote, urlencode

from trendwarte.settings import Source

API_KEY = "{api_key}"
_NAMED = re.compile(r"\{([a-z_]+)\}")
_DAY = re.compile(r"\{today(?:-(\d{1,3}))?(?:\|([^{}]+))?\}")
_ANY = re.compile(r"\{[^{}]*\}")
# What quote() must leave alone in a value: none of it can end a path or a query.
_SAFE_IN_VALUE = "-_.~"


def expanded(source: Source) -> list[Source]:
    """One source per combination of ``each``; itself when it names none.

    ``{subject: {tiktok: TikTok}, market: {de: de.wikipedia}}`` gives ``<id>:tiktok-de``, with the values in the
    address, percent-encoded, and the keys of ``subject`` and ``market`` as labels of what is measured.
    """
    if not source.each:
        return [source]
    found = []
    for combination in product(*(choices.items() for choices in source.each.values())):
        chosen = dict(zip(source.each, combination, strict=True))
        values = {name: value for name, (_, value) in chosen.items()}
        keys = {name: key for name, (key, _) in chosen.items()}
        update = {
            "id": f"{source.id}:{'-'.join(keys.values())}",
            "url": _filled(source.url, values),
            "fallback_urls": [_filled(url, values) for url in source.fallback_urls],
            "subject": keys.get("subject", source.subject),
            "market": keys.get("market", source.market),
            "each": {},
        }
        found.append(source.model_copy(update=update))
    return found


def address_of(source: Source, url: str, now: datetime, key: str = "") -> str:
    """``url`` of ``source`` with days, key and ``params`` filled in.

    ``{today}`` is the UTC day of ``now`` as ISO date, ``{today-30|%Y%m%d}`` thirty days before in another form,
    ``{today-2|epoch}`` in seconds since 1970.
    """
    url = _DAY.sub(lambda match: _day(now, int(match[1] or 0), match[2] or "%Y-%m-%d"), url)
    url = url.replace(API_KEY, quote(key, safe=""))
    if not source.params or url in source.fallback_urls:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(source.params)}"


def is_dated(source: Source) -> bool:
    """Whether the address differs from day to day: validators of yesterday's belong to another address."""
    return bool(_DAY.search(source.url))


def headers_of(source: Source, key: str) -> dict[str, str]:
    """Headers the source asks for, with its key."""
    return {name: value.replace(API_KEY, key) for name, value in source.headers.items()}


def redacted(text: str, key: str) -> str:
    """``text`` without the key: addresses end up in logs, errors and the warehouse."""
    for spelling in {key, quote(key, safe="")} - {""}:
        text = text.replace(spelling, "***")
    return text


def unfilled(source: Source) -> list[str]:
    """Placeholders of the address that nothing fills, in words."""
    urls: Iterable[str] = (source.url, *source.fallback_urls)
    left = [mark for url in urls for mark in _ANY.findall(_DAY.sub("", url))]
    return [mark for mark in left if mark != API_KEY]


def needs_key(source: Source) -> bool:
    """Whether a key must be at hand before the source can be asked."""
    return source.requires_key or API_KEY in source.url or any(API_KEY in value for value in source.headers.values())


def _filled(url: str, values: Mapping[str, str]) -> str:
    return _NAMED.sub(lambda match: quote(values[match[1]], _SAFE_IN_VALUE) if match[1] in values else match[0], url)


def _day(now: datetime, days: int, form: str) -> str:
    day = now - timedelta(days=days)
    if form == "epoch":
        return str(int(day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()))
    return day.strftime(form)
