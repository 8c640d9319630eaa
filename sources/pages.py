"""One article page: its text, title and date, or the wall that stands before them."""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from lxml import etree, html

from sources.charset import decoded
from sources.dates import parse_date

Wall = Literal["", "paywall", "consent", "script", "reserved"]

# Markup is cut before parsing: the longest real article page seen had 1.5 MB, most of it scripts behind the text.
_MARKUP_MAX = 2_000_000
# A wall is short; a long text that speaks of cookies or JavaScript is an article about them.
_WALL_TEXT_MAX = 1_500
_WALL_MARKS_MIN = 2
# lxml and what builds on it recurse, or take quadratic time, in deeper trees than any article has.
_DEPTH_MAX = 250
_JSON_LD_MAX = 300_000

_CONSENT_MARKS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\bcookies?\b", r"accept all|alle (?:cookies )?akzeptieren|zustimmen|einwilligung|i agree|consent",
        r"reject all|alle ablehnen|nur notwendige|manage (?:options|preferences|choices)|einstellungen verwalten",
        r"before you continue|bevor sie (?:fortfahren|weiterlesen)|mit werbung weiterlesen|pur-abo|werbefrei",
        r"privacy policy|datenschutz(?:erklärung|bestimmungen)|personalis(?:ed|ierte)|drittanbieter|partners?\b",
    )
)  # fmt: skip
_SCRIPT_MARKS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"javascript", r"enable|turn on|aktivieren|einschalten|eingeschaltet|disabled|deaktiviert",
        r"checking your browser|verify(?:ing)? (?:that )?you are (?:a )?human|browser.{0,20}(?:prüf|überprüf)",
        r"just a moment|einen moment",
        r"captcha|cloudflare|ddos",
        r"unusual traffic|ungewöhnliche[rn]? (?:zugriff|datenverkehr)",
        r"supported browser|unterstützten browser|reload|neu laden|access denied|request blocked",
    )
)  # fmt: skip
_SUBSCRIPTION = re.compile(
    r"(?:subscribe|sign in|log ?in|register) to (?:continue|keep) reading|already a subscriber"
    r"|this article is for subscribers|jetzt weiterlesen|lesen sie (?:diesen|den ganzen) artikel mit"
    r"|sie haben bereits ein (?:digital-?)?abo|nur für abonnent"
    r"|(?:zum )?weiterlesen .{0,30}(?:abo|anmelden|registrieren)",
    re.I,
)
_LOCKED_TIERS = frozenset({"locked", "metered"})
_NO = frozenset({"false", "no", "0"})


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says; ``text`` is empty when a ``wall`` stands before it. ``published_at`` is aware UTC."""

    text: str = ""
    title: str = ""
    published_at: datetime | None = None
    published_raw: str = ""
    lang: str = ""
    wall: Wall = ""


def read_page(body: bytes, content_type: str, url: str, headers: Mapping[str, str]) -> Page:
    """Text, title and date of an article page; never raises on any bytes.

    Args:
        body: as it came.
        content_type: of the answer, for the charset.
        url: of the page; some give their date there only.
        headers: of the answer, names in lower case.
    """
    markup = decoded(body[:_MARKUP_MAX], content_type).replace("\x00", "")
    root = _tree(markup)
    if root is None:
        return Page()
    facts = _linked_facts(root)
    title = _meta(root, "og:title") or _word(facts, "headline") or _title(root)
    lang = str(root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or _word(facts, "inLanguage"))
    lang = lang[:2].lower()
    is_deep = _depth_exceeds(root, _DEPTH_MAX)
    raw = "" if is_deep else _published(root, facts, url)
    text = "" if is_deep else main_text(root)
    if wall := _wall(root, facts, headers, text):
        text = ""
    first, _, rest = text.partition("\n")
    if first.strip() and first.strip() in (title, _heading(root)):
        text = rest
    return Page(text, title, parse_date(raw), raw, lang, wall)


def reserves(headers: Mapping[str, str]) -> bool:
    """Whether an answer's headers reserve text and data mining: TDMRep, or ``noai`` for robots (§ 44b UrhG)."""
    return headers.get("tdm-reservation", "").strip() == "1" or _says_noai(headers.get("x-robots-tag", ""))


def _says_noai(directives: str) -> bool:
    # "noimageai" reserves pictures, and we take none.
    return "noai" in re.split(r"[,;:\s]+", directives.lower())


def _tree(markup: str) -> Any:
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        return None
    return root


def _depth_exceeds(root: Any, limit: int) -> bool:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > limit:
            return True
    return False


def main_text(root: Any) -> str:
    """Main text of a parsed page, or of its markup; walls are not looked for."""
    # Imported here: it takes half a second, and most commands read no page.
    import trafilatura

    try:
        # Precision: F1 .964 on the public 181 pages, against .960 balanced; a missing sentence costs little,
        # one of a neighbouring article can name another platform.
        found = trafilatura.extract(root, favor_precision=True, include_comments=False)
    except Exception:
        # Heuristics over markup of strangers: whatever they trip over is a page without text, not a lost night.
        return ""
    return str(found or "")


def _wall(root: Any, facts: list[dict[str, Any]], headers: Mapping[str, str], text: str) -> Wall:
    robots = " ".join(str(node.get("content") or "") for node in root.xpath("//meta[@name='robots']"))
    if reserves(headers) or _meta(root, "tdm-reservation").strip() == "1" or _says_noai(robots):
        return "reserved"
    is_locked = any(str(fact.get("isAccessibleForFree", "")).strip().lower() in _NO for fact in facts)
    if is_locked or _meta(root, "article:content_tier").lower() in _LOCKED_TIERS:
        return "paywall"
    if len(text) > _WALL_TEXT_MAX:
        return ""
    seen = text if len(text) > 200 else _visible_text(root)
    if len(seen) > _WALL_TEXT_MAX:
        return ""
    if sum(mark.search(seen) is not None for mark in _SCRIPT_MARKS) >= _WALL_MARKS_MIN:
        return "script"
    if sum(mark.search(seen) is not None for mark in _CONSENT_MARKS) > _WALL_MARKS_MIN:
        return "consent"
    return "paywall" if _SUBSCRIPTION.search(seen) else ""


def _visible_text(root: Any) -> str:
    body = root.find("body")
    pieces = [] if body is None else body.xpath(".//text()[not(ancestor::script) and not(ancestor::style)]")
    return " ".join(" ".join(pieces).split())


def _linked_facts(root: Any) -> list[dict[str, Any]]:
    """Every object of the JSON-LD of a page, nested ones too."""
    found: list[dict[str, Any]] = []
    for node in root.xpath("//script[@type='application/ld+json']"):
        try:
            found += _objects(json.loads((node.text or "")[:_JSON_LD_MAX], strict=False), 0)
        except (ValueError, RecursionError):
            continue
    return found


def _objects(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > 6:
        return
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value[:200]:
            yield from _objects(inner, depth + 1)


def _published(root: Any, facts: list[dict[str, Any]], url: str) -> str:
    """The publication date in the page's own words: the day that htmldate finds, to the minute where one agrees."""
    from htmldate import find_date

    said = [_article_word(facts, "datePublished"), _meta(root, "article:published_time")]
    try:
        day = find_date(deepcopy(root), url=url or None, original_date=True, outputformat="%Y-%m-%d") or ""
    except Exception:
        # As for the text: where the search trips, what the page declares must do.
        day = ""
    # Of 1,000 public pages the declared date alone names the right day on 88 %, the found one on 90 %.
    exact = [raw for raw in said if parse_date(raw) and (raw.startswith(day) or not day)]
    return exact[0] if exact else day


def _article_word(facts: list[dict[str, Any]], name: str) -> str:
    """A word of the article itself: videos and related stories in the same JSON-LD have dates of their own."""
    articles = [fact for fact in facts if "article" in str(fact.get("@type", "")).lower()]
    return _word(articles, name)


def _word(facts: list[dict[str, Any]], name: str) -> str:
    return next((value.strip() for fact in facts if isinstance(value := fact.get(name), str) and value.strip()), "")


def _meta(root: Any, name: str) -> str:
    found = root.xpath("//meta[@property=$name or @name=$name]/@content", name=name)
    return " ".join(str(found[0]).split()) if found else ""


def _heading(root: Any) -> str:
    found = root.find(".//h1")
    return " ".join("".join(found.itertext()).split()) if found is not None else ""


def _title(root: Any) -> str:
    found = root.find(".//title")
    return " ".join((found.text or "").split()) if found is not None else ""
