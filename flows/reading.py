"""``trendwarte read``: documents in, readings out, no state; on all cores, in the order of the lines."""

import gc
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import orjson

from sources import (
    ArchiveProblem,
    LineBlock,
    Outlets,
    Skimmed,
    is_line_file,
    line_blocks,
    numbered_lines,
    opened_lines,
    read_archive,
    read_line,
)
from trendwarte.reading import Reader, Watchlist
from trendwarte.reading.prefilter import Prefilter
from trendwarte.reading.text import language
from trendwarte.settings import Settings
from trendwarte.types import Document, Reading, Signal

_SIGNAL_KEYS = (
    "platform", "topic", "jurisdiction", "legal_stage", "factuality", "polarity", "instrument", "severity",
    "confidence", "evidence", "rules",
)  # fmt: skip
_FLAT_KEYS = (
    "lang", "relevant", "platforms", "affected", "topic", "jurisdiction", "legal_stage", "factuality", "polarity",
    "recap", "confidence",
)  # fmt: skip
# A block is worth the journey to another process (about a millisecond) and small enough to keep memory flat.
_BLOCK_BYTES = 1_000_000
_BLOCKS_PER_WORKER = 3


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of a block: finished lines, and the problems of the others in their order."""

    lines: bytes
    problems: tuple[ArchiveProblem, ...]


def read_stream(
    settings: Settings,
    source: str,
    out: str,
    *,
    explain: bool,
    complain: Callable[[str], None],
    workers: int | None = None,
) -> int:
    """Read every document of ``source`` (a path or -) and write one line each to ``out``; gives bad lines.

    Args:
        settings: what to look for, and who publishes.
        source: JSON Lines (also packed), a saved feed, a WARC file or a folder; - is stdin.
        out: where to write; - is stdout.
        explain: write readings for people instead of JSON.
        complain: told about each line that was skipped, in their order.
        workers: processes to read with; default: one per core this process may use.
    """
    count = 0
    with ExitStack() as stack:
        target = sys.stdout.buffer if out == "-" else stack.enter_context(Path(out).open("wb"))
        for result in _results(settings, source, workers or _cores(), explain=explain):
            target.write(result.lines)
            for problem in result.problems:
                complain(f"{problem.path}:{problem.line}: {problem.reason}; skipped")
            count += len(result.problems)
        target.flush()
    return count


def line(reading: Reading) -> dict[str, Any]:
    """A reading as the contract writes it."""
    flat = {key: getattr(reading, key) for key in _FLAT_KEYS}
    return {"id": reading.document_id, **flat, "signals": [_signal_line(signal) for signal in reading.signals]}


def _packed(reading: Reading) -> bytes:
    return orjson.dumps(line(reading))


def _signal_line(signal: Signal) -> dict[str, Any]:
    return {key: value for key in _SIGNAL_KEYS if (value := getattr(signal, key)) is not None}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _results(settings: Settings, source: str, workers: int, *, explain: bool) -> Iterator[_Result]:
    if explain or (source != "-" and not is_line_file(Path(source))):
        yield from _one_by_one(settings, source, explain=explain)
        return
    with ExitStack() as stack:
        try:
            stream = sys.stdin.buffer if source == "-" else stack.enter_context(opened_lines(Path(source)))
        except OSError as error:
            yield _Result(b"", (ArchiveProblem(source, 0, f"cannot be read: {error.strerror or error}"),))
            return
        name = "stdin" if source == "-" else source
        blocks = line_blocks(stream, _BLOCK_BYTES)
        head = list(islice(blocks, 2))
        if workers == 1 or len(head) < 2:
            desk = _Desk(settings)
            for block in chain(head, blocks):
                yield desk.read(block, name)
        else:
            yield from _in_parallel(settings, chain(head, blocks), name, workers)


def _one_by_one(settings: Settings, source: str, *, explain: bool) -> Iterator[_Result]:
    """Feeds, folders, WARC files, and readings for people."""
    desk, outlets = _Desk(settings), Outlets(settings.outlets)
    if source == "-":
        entries = (
            ArchiveProblem("stdin", number, problem) if problem else read_line(one, number, "stdin", outlets)
            for number, one, problem in numbered_lines(sys.stdin.buffer)
        )
    else:
        entries = read_archive([Path(source)], settings.outlets)  # type: ignore[assignment]
    for entry in entries:
        if isinstance(entry, ArchiveProblem):
            yield _Result(b"", (entry,))
        elif entry is not None:
            assert isinstance(entry, Document)  # noqa: S101 (nothing was skimmed)
            yield _Result((desk.explain(entry).encode() if explain else desk.line(entry)) + b"\n", ())


def _in_parallel(settings: Settings, blocks: Iterator[LineBlock], name: str, workers: int) -> Iterator[_Result]:
    """Blocks read by several processes, results in the order of the blocks; few are under way at a time."""
    # A process with threads must not be forked: a lock held by one of them would stay locked for ever.
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    if method == "fork":
        _take_desk(settings)  # once for all: what is loaded before a fork is shared
    with ProcessPoolExecutor(workers, get_context(method), _take_desk, (settings,)) as pool:
        waiting: deque[Future[_Result]] = deque()
        try:
            for block in blocks:
                waiting.append(pool.submit(_read_block, block, name))
                if len(waiting) >= workers * _BLOCKS_PER_WORKER:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            _leave_desk()


def _silent_rest(lang: str) -> bytes:
    """What follows the id in the line of a document that says nothing: all that the contract asks for."""
    whole = orjson.dumps(line(Reading("", lang, relevant=False)))
    return whole.removeprefix(b'{"id":""')


_SILENT_REST = {lang: _silent_rest(lang) for lang in ("de", "en")}


# A text that goes all the way: a name, a place, a step, a date.
_FIRST_TEXT = b'{"date": "2025-01-01", "title": "Court in Berlin: government blocks Facebook and TikTok from 1 March"}'


class _Desk:
    """Everything one process needs to read lines."""

    def __init__(self, settings: Settings) -> None:
        watchlist = Watchlist.from_settings(settings)
        self._reader = Reader(watchlist)
        self._prefilter = Prefilter(watchlist)
        self._outlets = Outlets(settings.outlets)

    def warm_up(self) -> None:
        """Load all lexicons and weights, which wait for the first text that needs them."""
        self.read(LineBlock(1, _FIRST_TEXT), "")

    def read(self, block: LineBlock, name: str) -> _Result:
        """Read a block of lines."""
        lines: list[bytes] = []
        raws = block.lines.split(b"\n")
        entries = [
            read_line(raw, number, name, self._outlets, self._prefilter.could_matter)
            for number, raw in enumerate(raws, block.first)
        ]
        readings = iter(self._reader.read_all([entry for entry in entries if isinstance(entry, Document)]))
        for entry in entries:
            if isinstance(entry, Skimmed):
                rest = _SILENT_REST.get(entry.lang) or _SILENT_REST[language(entry.text.lower())]
                lines += (b'{"id":', orjson.dumps(entry.document_id), rest, b"\n")
            elif isinstance(entry, Document):
                lines += (_packed(next(readings)), b"\n")
        problems = [entry for entry in entries if isinstance(entry, ArchiveProblem)]
        if block.problem:
            problems.append(ArchiveProblem(name, block.first + len(raws) - 1, block.problem))
        return _Result(b"".join(lines), tuple(problems))

    def line(self, document: Document) -> bytes:
        """The reading of one document as a line, without its end."""
        return _packed(self._reader.read(document))

    def explain(self, document: Document) -> str:
        """The reading of one document for people."""
        return self._reader.explain(document)


_desk: _Desk | None = None


def _take_desk(settings: Settings) -> None:
    global _desk
    if _desk is None:
        _desk = _Desk(settings)
        _desk.warm_up()
        gc.freeze()  # a tenth of the time of reading went into looking through lexicons for garbage


def _leave_desk() -> None:
    global _desk
    _desk = None
    gc.unfreeze()


def _read_block(block: LineBlock, name: str) -> _Result:
    assert _desk is not None  # noqa: S101 (the initializer of the process has run)
    return _desk.read(block, name)
