"""Who is who: canonical addresses, document ids and content hashes.

The chain for an id is guid -> guid + address when a guid repeats -> address -> title and day. Only what an
entry says about itself counts, never the time it was seen: a time watermark loses entries with equal dates.
"""

import re
from codecs import readbuffer_encode
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from sources.text import visible

URL_MAX = 2_048

# What quote() must leave alone: it is part of the address already.
_RESERVED = "%/:=&?~#+!$,;'@()*[]|"

# fmt: off
_TRACKING_PREFIXES = (
    "utm_", "at_", "ns_", "mtm_", "pk_", "piwik_", "matomo_", "hsa_", "vero_", "oly_", "mc_", "wt_", "itm_",
)
_TRACKING_NAMES = frozenset((
    "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "igshid", "igsh",
    "li_fat_id", "mkt_tok", "_hsenc", "_hsmi", "cmp", "cmpid", "cmp_id", "icid", "ncid", "ocid", "xtor", "wtmc",
    "wtrid", "srcid", "sref", "smid", "smtyp", "_ga", "_gl", "gaa_at", "spm", "trk", "ito", "campaign_id", "ref_src",
    "ref_url", "__twitter_impression", "guccounter", "taid",
))
# fmt: on
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Registries that sell third-level names, for the outlets that matter here; not the whole public suffix list.
_SECOND_LEVEL = frozenset(
    ["ac", "co", "com", "edu", "go", "gob", "gouv", "gov", "govt", "ne", "net", "nom", "or", "org"]
)
_DIGITS_HOST = re.compile(r"^[\d.:\[\]a-f]*[\d\]]$", re.I)


class Marks(NamedTuple):
    """What one entry offers for its identity; ``url`` is canonical or empty."""

    guid: str
    url: str
    title: str
    published_at: datetime | None


# An address with nothing to lower, to quote or to take apart, as nearly all are: only parameters may be dropped.
_PLAIN = re.compile(
    r"(https?://[a-z0-9][a-z0-9.-]*[a-z0-9]/[A-Za-z0-9_.~%/:=&+!$,;'@()*|-]*)"
    r"(?:\?([A-Za-z0-9_.~%/:=&+!$,;'@()*|?-]*))?(?:#[!-~]*)?\Z"
)
_HOST = re.compile(r"https?://([a-z0-9][a-z0-9.-]*[a-z0-9])(?:/|\Z)")


@lru_cache(maxsize=4_096)
def canonical_url(url: str) -> str:
    """``url`` without what does not name the page: fragment, tracking parameters, default port, host case.

    The order of the other parameters is kept; spaces and letters beyond ASCII are percent-encoded, as browsers
    send them. An address that cannot be split is returned stripped.
    """
    if plain := _PLAIN.match(url):
        return _without_tracking(plain)
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
    except ValueError:
        return url.strip()
    if not host:
        return url.strip()
    if ":" in host:
        host = f"[{host}]"
    netloc = host if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f"{host}:{port}"
    query = _own_query(parts.query)
    path = quote(parts.path, _RESERVED, errors="ignore") or "/"
    return urlunsplit((parts.scheme, netloc, path, quote(query, _RESERVED, errors="ignore"), ""))


def address_of(raw: str) -> str:
    """``raw`` as a canonical address of the web, empty when it is none."""
    if plain := _PLAIN.match(raw):
        return _without_tracking(plain) if plain[2] else plain[1]
    # Reports link to it: "javascript:" and the like must never get that far.
    url = canonical_url(visible(raw))
    return url if url.startswith(("http://", "https://")) else ""


def host_of(url: str) -> str:
    """Host of ``url`` in lower case, without port; empty when there is none."""
    if match := _HOST.match(url):
        return match[1]
    try:
        return (urlsplit(url.strip()).hostname or "").rstrip(".")
    except ValueError:
        return ""


def registrable_domain(host: str) -> str:
    """The domain somebody registered: ``feeds.bbci.co.uk`` -> ``bbci.co.uk``; addresses stay as they are."""
    labels = host.lower().strip(".").split(".")
    if len(labels) <= 2 or _DIGITS_HOST.match(host):
        return host.lower()
    wide = len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if wide else labels[-2:])


def document_ids(source_id: str, entries: Sequence[Marks]) -> list[str]:
    """Ids of the entries of one payload, in order.

    A guid belongs to its source; an address is the same document wherever it is found, so that one article
    in two feeds is one document. A guid that is an address of the entry's own host counts as an address
    (without fragment: some publishers append a revision there). Entries that share guid and address but
    not their title (tickers) are told apart by the title.
    """
    guids = Counter(entry.guid for entry in entries)
    if len(guids) == len(entries) and "" not in guids:
        return [_guid_id(source_id, entry) for entry in entries]
    pairs = Counter((entry.guid, entry.url) for entry in set(entries))
    urls = Counter(entry.url for entry in set(entries))
    ids = []
    for entry in entries:
        if entry.guid and guids[entry.guid] == 1:
            ids.append(_guid_id(source_id, entry))
        elif entry.guid and pairs[entry.guid, entry.url] == 1:
            ids.append(_digest("guid+url", source_id, entry.guid, entry.url))
        elif entry.url and urls[entry.url] == 1:
            ids.append(url_id(entry.url))
        else:
            ids.append(title_id(source_id, entry.title, entry.published_at, entry.url))
    return ids


def _guid_id(source_id: str, entry: Marks) -> str:
    own_url = _guid_as_url(entry)
    return url_id(own_url) if own_url else _digest("guid", source_id, entry.guid)


def url_id(url: str) -> str:
    """Id of the document at a canonical address; ``http`` and ``https`` are the same place."""
    return _digest("url", url.split("://", 1)[-1])


def title_id(source_id: str, title: str, published_at: datetime | None, url: str = "") -> str:
    """Id of a document that has only its title and day (and, perhaps, an address it shares with others)."""
    day = published_at.date().isoformat() if published_at else ""
    return _digest("title", source_id, title.casefold(), day, url)


def content_hash(title: str, summary: str, text: str) -> str:
    """Hash of what a reader sees; a new one under a known id means the article was edited."""
    return _digest(title, summary, text)


def _guid_as_url(entry: Marks) -> str:
    if not entry.guid.startswith(("http://", "https://")):
        return ""
    if entry.guid == entry.url:
        return entry.url
    url = canonical_url(entry.guid)
    if url == entry.url:
        return url
    # Only for its own host: else one feed could claim, and so overwrite, another publisher's documents.
    return url if not entry.url or host_of(url) == host_of(entry.url) else ""


def _without_tracking(plain: re.Match[str]) -> str:
    query = _own_query(plain[2] or "")
    return f"{plain[1]}?{query}" if query else plain[1]


def _own_query(query: str) -> str:
    return query and "&".join([pair for pair in query.split("&") if pair and not _is_tracking(pair.partition("=")[0])])


@lru_cache(maxsize=4_096)
def _is_tracking(name: str) -> bool:
    name = name.lower()
    return name in _TRACKING_NAMES or name.startswith(_TRACKING_PREFIXES)


def _digest(*parts: str) -> str:
    try:
        # Each by itself: CPython keeps the UTF-8 of a text that was asked for so, and DuckDB reads it from there.
        told = b"\x1f".join([readbuffer_encode(part)[0] for part in parts])
    except UnicodeEncodeError:
        told = "\x1f".join(parts).encode("utf-8", "replace")
    return blake2b(told, digest_size=16).hexdigest()
