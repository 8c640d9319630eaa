"""What is compressed: files that arrive so (unpacked with a bound on what comes out), answers that wait to be read."""

import io
import threading
import zipfile
import zlib
from dataclasses import replace

import zstandard

from trendwarte.errors import ParseError
from trendwarte.types import Payload

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


class _Own(threading.local):
    """A packer per thread: it cannot pack two bodies at a time, and a new one costs more than a small body."""

    def __init__(self) -> None:
        self.packer = zstandard.ZstdCompressor(level=3)
        self.opener = zstandard.ZstdDecompressor()


_own = _Own()


def packed(payload: Payload) -> Payload:
    """``payload`` with its body packed, as it is kept in the end: a round of feeds takes a seventh of the memory."""
    # A copy: the packer shrinks a buffer as large as the body, and what it leaves behind is too small for the next one.
    return replace(payload, body=b"", body_zstd=bytes(memoryview(_own.packer.compress(payload.body))))


def opened(payload: Payload) -> Payload:
    """A payload that was ``packed``, with its body."""
    return replace(payload, body=_own.opener.decompress(payload.body_zstd), body_zstd=b"")


def unpacked(body: bytes, max_bytes: int) -> bytes:
    """``body``, or what is in it when it is gzip, or a zip of one file; at most ``max_bytes``.

    Raises:
        ParseError: damaged, encrypted, several files, or more than ``max_bytes`` come out.
    """
    try:
        if body.startswith(_GZIP):
            inflater = zlib.decompressobj(31)
            content = inflater.decompress(body, max_bytes + 1)
            if not inflater.eof and len(content) <= max_bytes:
                raise ParseError("the gzip file ends too early")
        elif body.startswith(_ZIP):
            content = _unzipped(body, max_bytes)
        else:
            content = body
    except (zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise ParseError(f"the compressed file is damaged: {error}") from error
    if len(content) > max_bytes:
        raise ParseError(f"more than {max_bytes} bytes come out of the compressed file; refused")
    return content


def _unzipped(body: bytes, max_bytes: int) -> bytes:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if len(names) != 1:
            raise ParseError(f"a zip of one file is expected, this one holds {len(names)}")
        with archive.open(names[0]) as stream:
            return stream.read(max_bytes + 1)
