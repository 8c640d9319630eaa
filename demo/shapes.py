"""Documents in the formats real servers speak: RSS 2.0, RSS 1.0 (RDF), Atom, GDELT, Federal Register, HTML."""

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

from demo.recorded import Declaration, WorldDocument

FEED_LENGTH = 40

_BERLIN = ZoneInfo("Europe/Berlin")
_MONTHS_DE = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
# GDELT's titles come tokenised: a space before each sign.
_SPACED = re.compile(r"(?<=\w)([,:;?!])(?=\s|$)")
_AGENCIES = {
    "Executive Office of the President": ("EXECUTIVE OFFICE OF THE PRESIDENT", 538, "executive-office-of-the-president"),
    "Department of Commerce": ("DEPARTMENT OF COMMERCE", 54, "commerce-department"),
    "Department of the Treasury": ("DEPARTMENT OF THE TREASURY", 497, "treasury-department"),
    "General Services Administration": ("GENERAL SERVICES ADMINISTRATION", 210, "general-services-administration"),
}  # fmt: skip


def link_of(document: WorldDocument) -> str:
    """Public address of an article; on its invented outlet's own host."""
    return f"https://www.{document.outlet}/{path_of(document)}"


def path_of(document: WorldDocument) -> str:
    """Path of an article: its own, else year, month and id."""
    return document.path or f"{document.published_at:%Y/%m}/{document.id}"


def rss(declaration: Declaration, documents: Sequence[WorldDocument], encoding: str = "utf-8") -> bytes:
    """RSS 2.0 in ``encoding``; dates as RFC 822."""
    source = declaration.source
    entries = "".join(
        f"<item><title>{escape(one.title)}</title><link>{escape(link_of(one))}</link>"
        f"<description>{escape(one.summary)}</description>"
        f'<guid isPermaLink="false">{escape(one.id)}</guid>'
        f"<pubDate>{_rfc822(one.published_at, source.lang)}</pubDate></item>\n"
        for one in documents
    )
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<rss version="2.0"><channel>\n'
        f"<title>{escape(source.name)}</title><link>https://www.{source.owner}/</link>"
        f"<description>{escape(source.name)}</description><language>{source.lang}</language>\n"
        f"{entries}</channel></rss>\n"
    )
    # Characters outside the encoding become references, as the publishing systems of such feeds write them.
    return text.encode(encoding, "xmlcharrefreplace")


def rdf(declaration: Declaration, documents: Sequence[WorldDocument]) -> bytes:
    """RSS 1.0 with ``dc:date`` in ISO 8601."""
    source = declaration.source
    order = "".join(f"<rdf:li rdf:resource={quoteattr(link_of(one))}/>" for one in documents)
    entries = "".join(
        f"<item rdf:about={quoteattr(link_of(one))}><title>{escape(one.title)}</title>"
        f"<link>{escape(link_of(one))}</link><description>{escape(one.summary)}</description>"
        f"<dc:date>{one.published_at.astimezone(_BERLIN).isoformat()}</dc:date></item>\n"
        for one in documents
    )
    home = f"https://www.{source.owner}/"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f"<channel rdf:about={quoteattr(home)}><title>{escape(source.name)}</title><link>{home}</link>"
        f"<description>{escape(source.name)}</description><dc:language>{source.lang}</dc:language>"
        f"<items><rdf:Seq>{order}</rdf:Seq></items></channel>\n{entries}</rdf:RDF>\n"
    ).encode()


def atom(declaration: Declaration, documents: Sequence[WorldDocument]) -> bytes:
    """Atom 1.0; dates as RFC 3339, summaries as escaped HTML."""
    source = declaration.source
    home = f"https://www.{source.owner}/"
    entries = "".join(
        f"<entry><id>tag:{one.outlet},{one.published_at:%Y}:{escape(one.id)}</id><title>{escape(one.title)}</title>"
        f'<link rel="alternate" type="text/html" href={quoteattr(link_of(one))}/>'
        f"<published>{_rfc3339(one.published_at)}</published><updated>{_rfc3339(one.published_at)}</updated>"
        f'<summary type="html">{escape("<p>" + escape(one.summary) + "</p>")}</summary></entry>\n'
        for one in documents
    )
    updated = _rfc3339(documents[0].published_at if documents else datetime(2019, 1, 1, tzinfo=UTC))
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{source.lang}">'
        f"<id>{home}</id><title>{escape(source.name)}</title><link href={quoteattr(home)}/>"
        f"<updated>{updated}</updated><author><name>{escape(source.name)}</name></author>\n{entries}</feed>\n"
    ).encode()


def gdelt(documents: Sequence[WorldDocument], countries: Mapping[str, str], query: Mapping[str, list[str]]) -> bytes:
    """GDELT DOC 2.0 ``mode=artlist``: no summaries; an empty answer is ``{}``.

    ``maxrecords``, ``startdatetime`` and ``enddatetime`` are obeyed, ``timespan`` is not: it counts from the real now.
    """
    start, end = _first(query, "startdatetime"), _first(query, "enddatetime")
    wanted = [one for one in documents if (not start or _stamp(one) >= start) and (not end or _stamp(one) <= end)]
    most = int(_first(query, "maxrecords") or 75)
    articles = [
        {
            "url": link_of(one),
            "url_mobile": "",
            "title": _SPACED.sub(r" \1", one.title),
            "seendate": f"{one.published_at:%Y%m%dT%H%M%SZ}",
            "socialimage": "",
            "domain": one.outlet,
            "language": "German" if one.lang == "de" else "English",
            "sourcecountry": countries.get(one.outlet, ""),
        }
        for one in wanted[:most]
    ]
    return json.dumps({"articles": articles} if articles else {}, ensure_ascii=False).encode()


def federal_register(documents: Sequence[WorldDocument], query: Mapping[str, list[str]]) -> bytes:
    """Federal Register ``documents.json``: newest first; without matches there is no ``results`` key.

    ``conditions[publication_date][gte|lte]`` and ``per_page`` are obeyed. The agency is the one the document's body starts
    with, else the Executive Office.
    """
    since = _first(query, "conditions[publication_date][gte]")
    until = _first(query, "conditions[publication_date][lte]")
    days = [(f"{one.published_at:%Y-%m-%d}", one) for one in documents]
    wanted = [one for day, one in days if (not since or day >= since) and (not until or day <= until)]
    description = 'Documents matching "' + (_first(query, "conditions[term]") or "") + '"'
    if not wanted:
        return json.dumps({"description": description, "count": 0}).encode()
    results = [_notice(one) for one in wanted[: int(_first(query, "per_page") or 20)]]
    return json.dumps(
        {"count": len(wanted), "description": description, "total_pages": 1, "results": results}, ensure_ascii=False
    ).encode()


def listing(declaration: Declaration, documents: Sequence[WorldDocument]) -> bytes:
    """An HTML page that lists articles; the markup its ``selectors`` describe, and some around it."""
    source = declaration.source
    entries = "".join(
        f'<article class="beitrag"><h2><a href="{source.url}{path_of(one)}">{escape(one.title)}</a></h2>'
        f'<time datetime="{one.published_at.astimezone(_BERLIN).isoformat()}">{_written_date(one)}</time>'
        f'<p class="anriss">{escape(one.summary)}</p></article>\n'
        for one in documents
    )
    return _page(source.name, f"<h1>{escape(source.name)}</h1>\n<main>{entries}</main>", source.lang)


def article(declaration: Declaration, document: WorldDocument) -> bytes:
    """The page of one article behind a listing."""
    text = "".join(f"<p>{escape(one)}</p>" for one in (document.summary, document.body) if one)
    content = (
        f"<article><h1>{escape(document.title)}</h1><time>{_written_date(document)}</time>"
        f'<div class="beitrag-text">{text}</div></article>'
    )
    return _page(document.title, content, declaration.source.lang)


def _page(title: str, content: str, lang: str) -> bytes:
    return (
        f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8"><title>{escape(title)}</title></head>\n'
        '<body><nav><a href="/kanalwerk/">Start</a> <a href="/impressum">Impressum</a></nav>\n'
        f"{content}\n<footer>Folgen Sie uns auf Facebook und Instagram</footer></body></html>\n"
    ).encode()


def _notice(document: WorldDocument) -> dict[str, object]:
    day = f"{document.published_at:%Y-%m-%d}"
    # Real numbers stay below 40000: these cannot be mistaken for one.
    number = f"{document.published_at:%Y}-{90_000 + zlib.crc32(document.id.encode()) % 10_000}"
    agency = next((name for name in _AGENCIES if document.body.startswith(name)), "Executive Office of the President")
    raw_name, agency_id, slug = _AGENCIES[agency]
    host = f"https://www.{document.outlet}"
    return {
        "title": document.title + " ",
        "type": "Presidential Document" if agency.startswith("Executive") else "Notice",
        "abstract": document.summary,
        "document_number": number,
        "html_url": f"{host}/documents/{day.replace('-', '/')}/{number}/{document.id}",
        "pdf_url": f"{host}/pdf/{number}.pdf",
        "public_inspection_pdf_url": f"{host}/inspection/{number}.pdf?1782222222",
        "publication_date": day,
        "agencies": [
            {
                "raw_name": raw_name,
                "name": agency,
                "id": agency_id,
                "url": f"{host}/agencies/{slug}",
                "json_url": f"{host}/api/v1/agencies/{agency_id}",
                "parent_id": None,
                "slug": slug,
            }
        ],
        "excerpts": document.summary[:200],
    }


def _first(query: Mapping[str, list[str]], key: str) -> str:
    return query.get(key, [""])[0]


def _stamp(document: WorldDocument) -> str:
    return f"{document.published_at:%Y%m%d%H%M%S}"


def _rfc822(moment: datetime, lang: str) -> str:
    # German publishers write local time with its offset, the others GMT.
    return format_datetime(moment.astimezone(_BERLIN)) if lang == "de" else format_datetime(moment, usegmt=True)


def _rfc3339(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _written_date(document: WorldDocument) -> str:
    local = document.published_at.astimezone(_BERLIN)
    return f"{local.day}. {_MONTHS_DE[local.month - 1]} {local.year}"
