"""Bytes of strangers become text, whatever their server and their header claim about the encoding."""

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_XML_CLAIM = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']\s*([\w.:-]{1,40})""")
_HTML_CLAIM = re.compile(rb"""<meta[^>]{1,300}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.I)
_HEADER_CLAIM = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.I)
# A closed list: Python also knows codecs that are no charsets (punycode needs quadratic time).
_CODECS = re.compile(
    r"iso8859-\d+|cp\d+|koi8-[rut]|mac-?(?:roman|cyrillic)|gb\w+|big5\w*|shift_jis|euc_\w+|iso2022_jp|utf-16(?:-[lb]e)?"
)
_LATIN = frozenset({"iso8859-1", "ascii", "utf-8"})
_HEAD_BYTES = 2_048
# The first element that is no comment, declaration or processing instruction.
_ROOT = re.compile(r"^(?:\s|<\?[^>]*>|<!--.*?-->|<![^>]*>)*<(?:[\w-]+:)?([A-Za-z][\w-]*)", re.S)


def decoded(body: bytes, content_type: str = "") -> str:
    """Text of ``body``; never fails, unreadable bytes become U+FFFD. The encoding is that of ``charset_of``."""
    codec, _ = _codec(body, content_type)
    return body.decode(codec, "replace").removeprefix("\ufeff")


def charset_of(body: bytes, content_type: str = "") -> str:
    """The encoding of ``body`` and what it was taken from, in words: ``utf-8 (bytes)``, ``iso8859-15 (document)``.

    The order is byte order mark, UTF-8 where the bytes are UTF-8 (no other text is by accident), the claim in
    the document, the claim in the header, Windows-1252. What calls itself ISO-8859-1 or ASCII and is not UTF-8
    is Windows-1252, as browsers read it.
    """
    return "{} ({})".format(*_codec(body, content_type))


def _codec(body: bytes, content_type: str) -> tuple[str, str]:
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return codec, "byte order mark" if mark[0] > 0x7F else "bytes"
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        if _is_damaged_utf8(body):
            return "utf-8", "damaged"
        return _claimed(body[:_HEAD_BYTES], content_type) or ("cp1252", "guess")
    return "utf-8", "bytes"


def _is_damaged_utf8(body: bytes) -> bool:
    # One truncated sign must not turn every umlaut of the page into two.
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    sound = len(text) - len(text.encode("ascii", "ignore")) - broken
    return broken * 10 < sound


def _claimed(head: bytes, content_type: str) -> tuple[str, str] | None:
    """The first claim that names a charset we decode and that can still be true of bytes that are not UTF-8."""
    in_body = _XML_CLAIM.search(head) or _HTML_CLAIM.search(head)
    in_header = _HEADER_CLAIM.search(content_type)
    claims = [(in_body[1].decode("ascii", "ignore"), "document")] if in_body else []
    claims += [(in_header[1], "header")] if in_header else []
    for claim, origin in claims:
        try:
            name = codecs.lookup(claim).name
        except LookupError:
            continue
        if name not in _LATIN and _CODECS.fullmatch(name):
            return name, origin
    return None


def root_of(text: str) -> str:
    """What a text is by its first mark: the name of its root element (``rss``, ``html``), ``json``, or ``text``."""
    begin = text.lstrip()[:_HEAD_BYTES]
    if begin.startswith(("{", "[")):
        return "json"
    found = _ROOT.search(begin)
    return found[1].lower() if found else "text"
