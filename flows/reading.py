"""``trendwarte read``: documents in, readings out, no state."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sources import ArchiveProblem, Outlets, read_archive, read_lines
from trendwarte.reading import Reader, Watchlist
from trendwarte.settings import Settings
from trendwarte.types import Document, Reading

_SIGNAL_KEYS = (
    "platform", "topic", "jurisdiction", "legal_stage", "factuality", "polarity", "instrument", "severity",
    "confidence", "evidence", "rules",
)  # fmt: skip


def read_stream(settings: Settings, source: str, out: str, *, explain: bool, complain: Callable[[str], None]) -> int:
    """Read every document of ``source`` (a path or -) and write one line each to ``out``; gives bad lines."""
    reader = Reader(Watchlist.from_settings(settings))
    problems = 0
    with ExitStack() as stack:
        target = sys.stdout if out == "-" else stack.enter_context(Path(out).open("w", encoding="utf-8"))
        for entry in _entries(settings, source):
            if isinstance(entry, ArchiveProblem):
                problems += 1
                complain(f"{entry.path}:{entry.line}: {entry.reason}; skipped")
            elif explain:
                print(reader.explain(entry), file=target)
            else:
                print(json.dumps(line(reader.read(entry)), ensure_ascii=False), file=target)
    return problems


def line(reading: Reading) -> dict[str, Any]:
    """A reading as the contract writes it."""
    flat = {k: v for k, v in asdict(reading).items() if k not in ("document_id", "signals")}
    signals = [{k: getattr(s, k) for k in _SIGNAL_KEYS if getattr(s, k) is not None} for s in reading.signals]
    return {"id": reading.document_id, **flat, "signals": signals}


def _entries(settings: Settings, source: str) -> Iterator[Document | ArchiveProblem]:
    if source == "-":
        return read_lines(sys.stdin, "stdin", Outlets(settings.outlets))
    return read_archive([Path(source)], settings.outlets)
