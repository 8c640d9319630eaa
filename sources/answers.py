"""Machine interfaces that answer in JSON: where title, address and date stand is said by a shape, not by code."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError
from ruamel.yaml import YAML

from sources.charset import decoded
from sources.dates import parse_date
from sources.entries import ENTRIES_MAX, Entry
from sources.identity import host_of, registrable_domain
from trendwarte.errors import ParseError
from trendwarte.settings import Shape, Source
from trendwarte.types import Measurement, Payload

_LANGUAGES = {"english": "en", "german": "de"}
_STRAY_BACKSLASH = re.compile(r'\\(?!["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_ENTRY_FIELDS = ("title", "url", "guid", "summary", "content", "published", "updated")


def json_entries(source: Source, payload: Payload) -> list[Entry]:
    """Entries of a JSON answer, read by the source's shape.

    Raises:
        ParseError: no JSON, or not of this shape; an error told under status 200 is quoted.
    """
    shape = shape_of(source)
    return [_entry(source, found) for found in _parts(source, payload, shape)]


def json_measurements(source: Source, payload: Payload, seen_at: datetime) -> list[Measurement]:
    """Measurements of a JSON answer, read by the source's shape; records without a number or a day are left out.

    Raises:
        ParseError: as ``json_entries``.
    """
    shape = shape_of(source)
    found = []
    for parts in _parts(source, payload, shape):
        value, measured_on = _number(parts.get("value")), _day(parts.get("measured_on"), seen_at)
        if value is not None and measured_on is not None:
            subject, market = _words(parts, "subject"), _words(parts, "market")
            found.append(
                Measurement(
                    source.id, shape.series, subject or source.subject, market or source.market, measured_on, value,
                    _number(parts.get("norm")),
                )
            )  # fmt: skip
    return found


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
                title=_words(found, "title"),
                url=_words(found, "url"),
                guid=_words(found, "id"),
                summary=_words(found, "lead") or _words(found, "text"),
                published=_words(found, "published_at") or _words(found, "date"),
                lang=_words(found, "lang"),
            )
        )
    return entries


def shape_of(source: Source) -> Shape:
    """The shape a source names or spells out.

    Raises:
        ParseError: it names none that is known; the known ones are listed.
    """
    if isinstance(source.shape, Shape):
        return source.shape
    known = _known_shapes()
    if source.shape not in known:
        raise ParseError(f"{source.id}: shape {source.shape!r} is unknown; known are {', '.join(sorted(known))}")
    return known[source.shape]


@lru_cache(maxsize=1)
def _known_shapes() -> dict[str, Shape]:
    text = (files("sources") / "shapes.yaml").read_text("utf-8")
    return {name: Shape.model_validate(one) for name, one in YAML(typ="safe").load(text).items()}


def _parts(source: Source, payload: Payload, shape: Shape) -> list[dict[str, Any]]:
    """One dictionary per record: the shape's fields as the answer has them."""
    answer = _json(source, payload)
    try:
        records = _compiled(shape.records)(answer) if shape.records else answer
        if records is None and shape.empty and _compiled(shape.empty)(answer):
            return []
        if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
            raise ParseError(f"{source.id}: {payload.url} has no '{shape.records}' but {_summary(answer)}")
        if len(records) > ENTRIES_MAX:
            raise ParseError(f"{source.id}: {len(records)} records, more than {ENTRIES_MAX}; refused")
        about = {"_answer": answer, "_source": source.model_dump(include={"subject", "market", "name"})}
        return [
            {name: _compiled(path)(record | about | {"_place": place}) for name, path in shape.fields.items()}
            for place, record in enumerate(records, start=1)
        ]
    except (JMESPathError, RecursionError) as error:
        raise ParseError(f"{source.id}: the shape does not fit {payload.url}: {error}") from error


class _Functions(functions.Functions):
    """What JMESPath lacks for the answers we meet."""

    @functions.signature({"types": ["string"]}, {"types": ["string"]}, {"types": ["string"]})
    def _func_replace(self, text: str, old: str, new: str) -> str:
        return text.replace(old, new)

    @functions.signature({"types": ["string"]})
    def _func_lower(self, text: str) -> str:
        return text.lower()


@lru_cache(maxsize=512)
def _compiled(path: str) -> Callable[[Any], Any]:
    expression = jmespath.compile(path)
    options = jmespath.Options(custom_functions=_Functions())
    return lambda found: expression.search(found, options)


def _entry(source: Source, parts: Mapping[str, Any]) -> Entry:
    words = {name: _words(parts, name) for name in _ENTRY_FIELDS}
    lang = _words(parts, "lang").lower()
    outlet = _words(parts, "outlet")
    return Entry(
        **words,
        lang=_LANGUAGES.get(lang, lang[:2]),
        outlet=outlet or (registrable_domain(host_of(words["url"])) if source.source_kind == "aggregator" else ""),
    )


def _json(source: Source, payload: Payload) -> Any:
    text = decoded(payload.body, payload.content_type)
    try:
        return _lenient(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"{source.id}: {payload.url} is no JSON; it begins with {text[:100]!r}") from error


def _lenient(text: str) -> Any:
    """JSON as GDELT writes it: raw control characters and stray backslashes in strings."""
    try:
        return json.loads(text, strict=False)
    except ValueError:
        return json.loads(_STRAY_BACKSLASH.sub("", text), strict=False)


def _summary(answer: Any) -> str:
    # An error object says in its values what went wrong; the names alone would hide it.
    return json.dumps(answer, ensure_ascii=False)[:150]


def _words(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if isinstance(value, str):
        return value.strip()
    # Ids and Unix times arrive as numbers.
    return f"{value:.0f}" if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _number(value: Any) -> float | None:
    """A finite number; Mastodon writes its numbers as text, Google as ``20K+``."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d[\d,]{0,15}(?:\.\d{1,9})?)\s*([KM]?)\+?\s*", value)
        value = float(match[1].replace(",", "")) * {"": 1, "K": 1e3, "M": 1e6}[match[2]] if match else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if abs(value) < 1e15 else None


def _day(value: Any, seen_at: datetime) -> date | None:
    """The day a number stands for; a source that does not say it speaks of the day it was asked."""
    if value is None:
        return seen_at.date()
    text = str(value).strip()
    moment = parse_date(text[:8] if re.fullmatch(r"\d{10}", text) and text.startswith(("19", "20")) else text)
    return moment.date() if moment and moment <= seen_at else None
