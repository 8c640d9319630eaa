"""The dates of feeds, listings and archives: one reader, aware UTC out, None rather than a guess."""

import re
from datetime import UTC, datetime, timedelta, timezone

# English and German months by their first three letters; "mär" and "mrz" are both in use.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan jän",
            "feb",
            "mar mär mae mrz",
            "apr",
            "may mai",
            "jun",
            "jul",
            "aug",
            "sep",
            "oct okt",
            "nov",
            "dec dez",
        ),
        start=1,
    )
    for name in names.split()
}
# Offsets in minutes. email.utils knows the American names only and returns a naive time for CET.
_ZONES = {
    "": 0, "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 60, "bst": 60, "ist": 330,
    "cet": 60, "mez": 60, "met": 60, "cest": 120, "mesz": 120, "mest": 120, "eet": 120, "eest": 180,
    "msk": 180, "trt": 180, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360,
    "pst": -480, "pdt": -420, "akst": -540, "akdt": -480, "hst": -600, "brt": -180,
    "sgt": 480, "hkt": 480, "awst": 480, "jst": 540, "kst": 540, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780,
}  # fmt: skip
_CLOCK = r"(?:,?\s+(?:at\s+|um\s+)?(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\.\d+)?\s*(?:uhr)?\s*([ap]\.?m\.?)?)?"
_ZONE = r"\s*(?:([+-]\d{2}:?\d{2})|\(?([a-z]{1,5})\)?)?(?:\s*\([^)]*\))?\s*$"
_DAY_FIRST = re.compile(
    r"^(?:[^\W\d]+\.?,?\s+)?(\d{1,2})\.?[\s-]+([^\W\d]{3,9})\.?,?[\s-]+(\d{4}|\d{2})" + _CLOCK + _ZONE, re.I
)
_MONTH_FIRST = re.compile(
    r"^(?:[^\W\d]+\.?,?\s+)?([^\W\d]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})" + _CLOCK + _ZONE, re.I
)
_DOTTED = re.compile(r"^(?:[^\W\d]+\.?,?\s+)?(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})" + _CLOCK + _ZONE, re.I)
_UNIX_TIME = re.compile(r"^-?\d{9,10}$|^\d{13}$")
_ISO_START = re.compile(r"^\d{4}-?\d{2}")
_YEAR_FIRST = re.compile(r"^(\d{4})/(\d{2})/(\d{2})\b")
_ISO_ZONE_NAME = re.compile(r"\s*(?:([+-]\d{2}:?\d{2})\s+[A-Z]+|([A-Za-z]{3,4}))$")
# Before the web there was no news feed: such a date is an epoch default, not a date.
_EARLIEST, _LATEST = 1990, 2100


# "Sun, 01 Nov 2026 07:30:00 GMT": nine of ten dates in feeds; the long way round takes four times as long.
_MAIL_DATE = re.compile(
    r"[A-Z][a-z]{2}, (\d\d?) ([A-Z][a-z]{2}) (\d{4}) ((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d) (?:GMT|UTC|Z|([+-](?:[01]\d|2[0-3])[0-5]\d))\Z",
    re.ASCII,
)
_MAIL_MONTHS = {name.capitalize(): f"{number:02}" for name, number in _MONTHS.items()}
# "2026-11-01T07:30:00+00:00": nearly all others; the search for a name of its zone costs ten times the reading.
_FULL_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)


def parse_date(raw: str) -> datetime | None:
    """Read a date as sources write it; None when it is missing, ambiguous (01/02/2026) or impossible.

    Understands RFC 822 with zone names (CET, MESZ), ISO 8601 in long and basic form, German and English
    written dates, and Unix time. A time without a zone is UTC; a day without a time is midnight UTC.
    """
    if not raw:
        return None
    if raw[0].isdigit():
        if _FULL_ISO.match(raw) and (moment := _iso_moment(raw)) is not None:
            return _believable(moment)
    elif mail := _MAIL_DATE.match(raw):
        return _believable(_mail_date(*mail.groups()))
    text = _YEAR_FIRST.sub(r"\1-\2-\3", " ".join(raw.split()))
    if not text or len(text) > 100:
        return None
    moment = _iso(text) if _ISO_START.match(text) else None
    if moment is None:
        moment = _written(text) or _unix(text)
    return _believable(moment)


def _believable(moment: datetime | None) -> datetime | None:
    return moment if moment is not None and _EARLIEST <= moment.year < _LATEST else None


def _mail_date(day: str, month: str, year: str, clock: str, zone: str | None) -> datetime | None:
    number = _MAIL_MONTHS.get(month)
    return _iso_moment(f"{year}-{number}-{day.zfill(2)}T{clock}{zone or '+00:00'}") if number else None


def _iso(text: str) -> datetime | None:
    named = _ISO_ZONE_NAME.search(text)
    offset = 0
    if named and named[1]:
        text = text[: named.end(1)]
    elif named and named[2].lower() in _ZONES:
        offset = _ZONES[named[2].lower()]
        text = text[: named.start()]
    return _iso_moment(text.replace(" +", "+"), offset)


def _iso_moment(text: str, offset: int = 0) -> datetime | None:
    """``offset``: minutes east of UTC where the text itself names no zone."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC) - timedelta(minutes=offset)
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _written(text: str) -> datetime | None:
    if match := _DAY_FIRST.match(text):
        day, month, year, *rest = match.groups()
    elif match := _MONTH_FIRST.match(text):
        month, day, year, *rest = match.groups()
    elif match := _DOTTED.match(text):
        day, month, year, *rest = match.groups()
    else:
        return None
    number = int(month) if month.isdigit() else _MONTHS.get(month[:3].lower())
    if number is None:
        return None
    return _moment(_full_year(year), number, int(day), rest)


def _full_year(year: str) -> int:
    # RFC 2822 section 4.3: two digits below 50 are this century.
    return int(year) + (2000 if int(year) < 50 else 1900) if len(year) == 2 else int(year)


def _moment(year: int, month: int, day: int, clock: list[str | None]) -> datetime | None:
    hour, minute, second, half, offset, zone = clock
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower().startswith("p") else 0)
    try:
        zone_info = timezone(_offset(offset, zone))
        # A leap second (":60") is the second before it.
        local = datetime(year, month, day, hours, int(minute or 0), min(int(second or 0), 59), tzinfo=zone_info)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(offset: str | None, zone: str | None) -> timedelta:
    if offset:
        minutes = int(offset[1:3]) * 60 + int(offset[-2:])
        return timedelta(minutes=-minutes if offset[0] == "-" else minutes)
    # An unknown zone name is read as UTC: at most half a day off, where None would lose the day.
    return timedelta(minutes=_ZONES.get((zone or "").lower(), 0))


def _unix(text: str) -> datetime | None:
    if not _UNIX_TIME.match(text):
        return None
    seconds = int(text) / (1000 if len(text) == 13 else 1)
    return datetime.fromtimestamp(seconds, tz=UTC)
