"""Files that arrive compressed: gzip and zip, unpacked with a bound on what comes out."""

import io
import zipfile
import zlib

from trendwarte.errors import ParseError

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


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
