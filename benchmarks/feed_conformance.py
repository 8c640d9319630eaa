"""Feeds of other parsers' test suites, read by ours: no crash, no hang, and the fields we use as they expect them.

    python benchmarks/feed_conformance.py --feedparser DIR [--gofeed DIR] [--all]

DIR is an unpacked source distribution of feedparser (``make foreign`` brings it) and a checkout of gofeed. Their
files are read in place. A file is judged when what it expects is a title, address, id, date or text of an entry;
both sides are compared as the plain text and the moment that a document would carry.
"""

import argparse
import ast
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sources.dates import parse_date
from sources.entries import Entry
from sources.feeds import feed_entries
from sources.text import plain_text
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import Payload, Validators

_SOURCE = Source(id="foreign", name="Foreign", kind="feed", url="http://127.0.0.1:8097/", source_kind="blog")
_EXPECT = re.compile(rb"Expect:\s*(.*?)\s*-->", re.S)
_HEADER = re.compile(rb"^Header:\s*Content-Type:\s*([^\r\n]+)", re.M | re.I)
_LONG = 20_000
# Names of feedparser for what we keep. Its "updated" falls back to other dates, so it is judged by its own name only.
_FIELDS = {
    "title": "title", "link": "url", "id": "guid", "guid": "guid", "summary": "summary", "description": "summary",
    "published": "published", "published_parsed": "published", "issued": "published", "issued_parsed": "published",
    "updated": "updated", "updated_parsed": "updated", "modified": "updated", "modified_parsed": "updated",
}  # fmt: skip
_UNKNOWN = object()


@dataclass(frozen=True, slots=True)
class Verdict:
    """One file: whether what it expects of a field we use is what we read."""

    path: Path
    outcome: str  # agrees, differs, refused, crashed, silent (expects nothing we use)
    detail: str = ""
    seconds: float = 0.0


def judged_feedparser(folder: Path) -> Iterator[Verdict]:
    """A verdict for each file below ``tests/`` of a feedparser source distribution."""
    for path in sorted((folder / "tests").rglob("*.xml")):
        body = path.read_bytes()
        expected = _EXPECT.search(body)
        header = _HEADER.search(body[:2_000])
        content_type = header[1].decode("ascii", "ignore") if header else "application/xml"
        yield _judged(path, body, content_type, _expectations(expected[1]) if expected else [])


def judged_gofeed(folder: Path) -> Iterator[Verdict]:
    """A verdict for each pair of feed and expected translation in a checkout of gofeed."""
    for path in sorted((folder / "testdata").rglob("*")):
        if path.suffix not in (".xml", ".json") or path.stem.endswith("_expected"):
            continue
        twin = path.with_suffix(".json") if path.suffix == ".xml" else path.with_name(f"{path.stem}_expected.json")
        if path.suffix == ".json" and not twin.exists() and "invalid" not in path.parts:
            continue  # what an XML file of the same name shall give
        wanted = json.loads(twin.read_text("utf-8")) if twin.exists() else {}
        yield _judged(path, path.read_bytes(), "", list(_translated(wanted)))


def _judged(path: Path, body: bytes, content_type: str, expected: list[tuple[int, str, Any]]) -> Verdict:
    started = time.monotonic()
    payload = Payload("foreign", _SOURCE.url, 200, content_type, body, datetime.now(UTC), Validators())
    try:
        entries = feed_entries(_SOURCE, payload)
    except ParseError as error:
        outcome = "refused" if expected else "silent"
        return Verdict(path, outcome, str(error), time.monotonic() - started)
    except Exception as error:
        return Verdict(path, "crashed", repr(error), time.monotonic() - started)
    seconds = time.monotonic() - started
    wrong = [found for one in expected if (found := _difference(entries, *one))]
    outcome = "differs" if wrong else "agrees" if expected else "silent"
    return Verdict(path, outcome, "; ".join(wrong), seconds)


def _expectations(raw: bytes) -> list[tuple[int, str, Any]]:
    """``entries[i][field] == literal`` in an expression: index, our field, literal; other terms are left out."""
    try:
        tree = ast.parse(raw.decode("utf-8", "replace").strip(), mode="eval")
    except SyntaxError:
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
            place, value = _place(node.left), _literal(node.comparators[0])
            if place is not None and value is not _UNKNOWN:
                found.append((*place, value))
    return found


def _place(node: ast.expr) -> tuple[int, str] | None:
    """Index and our field of ``entries[0]['title']``, ``entries[0]['title_detail']['value']`` or ``...['content'][0]['value']``."""
    names: list[Any] = []
    while isinstance(node, ast.Subscript):
        names.append(_literal(node.slice))
        node = node.value
    if not isinstance(node, ast.Name) or node.id != "entries":
        return None
    match names[::-1]:
        case [int(index), str(name)] if name in _FIELDS:
            return index, _FIELDS[name]
        case [int(index), ("title_detail" | "summary_detail") as name, "value"]:
            return index, name.removesuffix("_detail")
        case [int(index), "content", 0, "value"]:
            return index, "content"
    return None


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        try:  # 'a' + 'b'
            return eval(compile(ast.Expression(node), "", "eval"), {"__builtins__": {}})
        except Exception:
            return _UNKNOWN


def _translated(wanted: dict[str, Any]) -> Iterator[tuple[int, str, Any]]:
    """What a translation, or the parse of one format, expects of entries, under our names."""
    names = {
        "title": "title", "link": "url", "guid": "guid", "id": "guid", "description": "summary", "summary": "summary",
        "content": "content", "publishedParsed": "published", "pubDateParsed": "published", "updatedParsed": "updated",
        "url": "url", "date_published": "published", "date_modified": "updated", "content_html": "content",
    }  # fmt: skip
    for index, one in enumerate(wanted.get("items") or wanted.get("entries") or []):
        for theirs, ours in names.items():
            value = one.get(theirs)
            value = value.get("value") if isinstance(value, dict) else value
            if value:
                yield index, ours, value


def _difference(entries: list[Entry], index: int, field: str, value: Any) -> str:
    if index >= len(entries):
        return f"no entry {index} for {field} {value!r}"[:200]
    entry = entries[index]
    ours = getattr(entry, field)
    if field in ("published", "updated"):
        # feedparser and gofeed disagree whether dc:date is the one or the other; a document has one date to go by.
        given = parse_date(ours) or parse_date({"updated": entry.published, "published": entry.updated}[field])
        wanted = datetime(*value[:6], tzinfo=UTC) if isinstance(value, tuple) else parse_date(str(value or ""))
        # What a date means is compared; where it is none, nothing may be made of it.
        return "" if given == wanted else f"{field} {ours!r} is {given}, expected {value!r}"
    if field in ("title", "summary", "content"):
        # Feeds that give one text are free to call it summary or content; a document takes either.
        given = {plain_text(text, _LONG) for text in (ours, *_other_names(entry, field))}
        return "" if plain_text(str(value or ""), _LONG) in given else f"{field} {ours!r}, expected {value!r}"[:300]
    return "" if ours.strip() == str(value or "").strip() else f"{field} {ours!r}, expected {value!r}"[:300]


def _other_names(entry: Entry, field: str) -> tuple[str, ...]:
    return {"summary": (entry.content,), "content": (entry.summary,)}.get(field, ())


def summary(name: str, verdicts: list[Verdict]) -> str:
    """Counts, the share that agrees among the files that expect something we use, and the slowest file."""
    counts = {one: sum(v.outcome == one for v in verdicts) for one in ("agrees", "differs", "refused", "crashed", "silent")}
    judged = counts["agrees"] + counts["differs"] + counts["refused"]
    slowest = max(verdicts, key=lambda v: v.seconds)
    return (
        f"{name}: {len(verdicts)} files, {counts}, agreement {counts['agrees'] / max(judged, 1):.4f} of {judged}, "
        f"slowest {slowest.seconds * 1000:.0f} ms ({slowest.path.name})"
    )


def main() -> None:
    """Print the figures, and each file that differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feedparser", type=Path)
    parser.add_argument("--gofeed", type=Path)
    parser.add_argument("--all", action="store_true", help="also name the files nothing is expected of")
    options = parser.parse_args()
    for name, folder, judge in (
        ("feedparser", options.feedparser, judged_feedparser),
        ("gofeed", options.gofeed, judged_gofeed),
    ):
        if folder:
            verdicts = list(judge(folder))
            print(summary(name, verdicts))
            shown = ("differs", "refused", "crashed") + (("silent",) if options.all else ())
            for one in verdicts:
                if one.outcome in shown:
                    print(f"  {one.outcome:8} {one.path.relative_to(folder)}: {one.detail}")


if __name__ == "__main__":
    main()
