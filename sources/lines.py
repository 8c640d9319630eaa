"""Files of lines: opened, unpacked and cut; an endless line or a damaged end is told and nothing before it lost."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import zstandard

#: What a file may be packed with, by the end of its name.
PACKED = frozenset({".gz", ".zst"})
# A document of more bytes than this is no news; a line without end must not fill the memory.
_LINE_MAX = 4_000_000
# Zstandard can blow four bytes up to 128 KB; small bites keep the memory flat.
_PACKED_BYTES = 8_192
_PIECE_BYTES = 65_536
_TOO_LONG = f"longer than {_LINE_MAX} bytes; skipped"
_DAMAGES = (OSError, EOFError, zlib.error, zstandard.ZstdError)


class LineBlock(NamedTuple):
    """Whole lines as they stand in a file, the first of them with its number; ``problem`` is that of the line after."""

    first: int
    lines: bytes
    problem: str = ""


def numbered_lines(stream: IO[Any]) -> Iterator[tuple[int, str | bytes, str]]:
    """Lines with their numbers, and a problem instead of a line that is endless or cannot be decompressed.

    What is too long is cut here line by line and in ``_whole_lines`` by pieces: this slow way reads any stream, of text
    too, and the tests hold the fast one against it.
    """
    number, is_rest = 0, False
    while True:
        try:
            line = stream.readline(_LINE_MAX)
        except _DAMAGES as error:
            yield number + 1, "", _damaged(error)
            return
        if not line:
            return
        is_whole = len(line) < _LINE_MAX or line[-1:] in ("\n", b"\n")
        if not is_rest:
            number += 1
            yield number, line if is_whole else "", "" if is_whole else _TOO_LONG
        is_rest = not is_whole


def line_blocks(stream: IO[bytes], least: int) -> Iterator[LineBlock]:
    """The lines of ``numbered_lines`` in blocks of ``least`` bytes or a little more: a tenth of the work."""
    first, ready, size = 1, [], 0
    for lines, problem in _whole_lines(stream):
        ready.append(lines)
        size += len(lines)
        if size >= least or problem:
            yield (block := LineBlock(first, b"".join(ready), problem))
            first, ready, size = first + block.lines.count(b"\n") + bool(problem), [], 0
    if size:
        yield LineBlock(first, b"".join(ready))


def _whole_lines(stream: Any) -> Iterator[tuple[bytes, str]]:
    """Pieces that end where a line does (or the stream), and what is wrong with the line after them."""
    rest, is_endless = b"", False
    while True:
        try:
            piece = stream.read1(_PIECE_BYTES)  # no more than is at hand: what lies before a damage must not go with it
        except _DAMAGES as error:
            yield b"", _damaged(error)
            return
        if not piece:
            yield rest, ""
            return
        lines, end, rest = (rest + piece).rpartition(b"\n")
        lines += end
        if is_endless:
            _, end, lines = lines.partition(b"\n")
            if not end:
                rest = b""
                continue
            is_endless = False
        if (first := lines.find(b"\n") + 1) > _LINE_MAX:
            yield b"", _TOO_LONG
            lines = lines[first:]
        yield lines, ""
        if len(rest) >= _LINE_MAX:
            yield b"", _TOO_LONG
            rest, is_endless = b"", True


def _damaged(error: Exception) -> str:
    return f"the file is damaged, nothing can be read from here on: {error}"


@contextmanager
def opened_lines(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, decompressed when it is called ``.gz`` or ``.zst``."""
    with path.open("rb") as raw:
        if path.suffix == ".gz":
            with gzip.open(raw) as unzipped:
                yield unzipped  # type: ignore[misc]
        elif path.suffix == ".zst":
            with io.BufferedReader(_Frames(raw)) as unpacked:
                yield unpacked
        else:
            yield raw


class _Frames(io.RawIOBase):
    """All frames of a zstd file. zstandard's own reader ends a truncated file as if it were whole."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._is_begun = False
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        """True; called by the buffer above."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer``; ``EOFError`` when the file ends within a frame."""
        while not self._ready and (chunk := self._packed.read(_PACKED_BYTES)):
            self._ready = memoryview(self._unpacked(chunk))
        if not self._ready and self._is_begun and not self._frame.eof:
            raise EOFError("it ends in the middle of a frame")
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _unpacked(self, chunk: bytes) -> bytes:
        parts = []
        while chunk:
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._is_begun = True
            parts.append(self._frame.decompress(chunk))
            chunk = self._frame.unused_data
        return b"".join(parts)
