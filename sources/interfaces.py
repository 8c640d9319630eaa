"""Machine interfaces that answer in JSON: GDELT article lists, the Federal Register, JSON Lines."""

import json
import re
from typing import Any

from sources.charset import decoded
from sources.entries import Entry
from sources.identity import host_of, registrable_domain
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import Payload

_LANGUAGES = {"english": "en", "german": "de"}
_STRAY_BACKSLASH = re.compile(r'\\(?!["\\/bfnrt]|u[0-9A-Fa-f]{4})')


def gdelt_entries(source: Source, payload: Payload) -> list[Entry]:
    """Articles of a GDELT DOC answer (mode ArtList); ``{}`` is its way to say "none".

    Raises:
        ParseError: no article list. GDELT reports errors as plain text under status 200; it is quoted.
    """
    answer = _json(source, payload)
    if answer and "articles" not in answer:
        raise ParseError(f"{source.id}: {payload.url} has no 'articles' but {', '.join(answer)[:100]}")
    return [
        Entry(
            title=_text(found, "title"),
            url=_text(found, "url"),
            published=_text(found, "seendate"),
            lang=_LANGUAGES.get(_text(found, "language").lower(), ""),
            outlet=_text(found, "domain") or registrable_domain(host_of(_text(found, "url"))),
        )
        for found in _records(source, answer.get("articles"))
    ]


def federal_register_entries(source: Source, payload: Payload) -> list[Entry]:
    """Documents of a Federal Register answer, public inspection included; an empty one has no ``results``.

    Raises:
        ParseError: neither results nor a count of nought.
    """
    answer = _json(source, payload)
    if "results" not in answer and answer.get("count") != 0:
        raise ParseError(f"{source.id}: {payload.url} has no 'results' but {', '.join(answer)[:100]}")
    return [
        Entry(
            title=_text(found, "title"),
            url=_text(found, "html_url"),
            guid=_text(found, "document_number"),
            summary=_text(found, "abstract") or _text(found, "excerpts") or _label(found),
            published=_text(found, "publication_date"),
            lang="en",
        )
        for found in _records(source, answer.get("results"))
    ]


def jsonl_entries(source: Source, payload: Payload) -> list[Entry]:
    """Records of JSON Lines, with the field names of an archive; blank lines are skipped.

    Raises:
        ParseError: a line is no JSON object; it is named.
    """
    entries = []
    for number, line in enumerate(decoded(payload.body, payload.content_type).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"{source.id}: {payload.url} line {number} is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise ParseError(f"{source.id}: {payload.url} line {number} is no JSON object")
        entries.append(
            Entry(
                title=_text(found, "title"),
                url=_text(found, "url"),
                guid=_text(found, "id"),
                summary=_text(found, "lead") or _text(found, "text"),
                published=_text(found, "published_at") or _text(found, "date"),
                lang=_text(found, "lang"),
            )
        )
    return entries


def _label(found: dict[str, Any]) -> str:
    """``Notice, Federal Trade Commission``: all that is known of a document before it has an abstract."""
    agencies = found.get("agencies")
    names = [_text(one, "name") for one in agencies if isinstance(one, dict)] if isinstance(agencies, list) else []
    return ", ".join(word for word in (_text(found, "type"), *names) if word)


def _json(source: Source, payload: Payload) -> dict[str, Any]:
    text = decoded(payload.body, payload.content_type)
    try:
        answer = _lenient(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"{source.id}: {payload.url} is no JSON; it begins with {text[:100]!r}") from error
    if not isinstance(answer, dict):
        raise ParseError(f"{source.id}: {payload.url} is JSON, but no object")
    return answer


def _lenient(text: str) -> Any:
    """JSON as GDELT writes it: raw control characters and stray backslashes in strings."""
    try:
        return json.loads(text, strict=False)
    except ValueError:
        return json.loads(_STRAY_BACKSLASH.sub("", text), strict=False)


def _records(source: Source, found: Any) -> list[dict[str, Any]]:
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ParseError(f"{source.id}: a list of objects is expected in the answer")
    return found


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    return value.strip() if isinstance(value, str) else ""
