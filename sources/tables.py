"""Tables in CSV: ranks of sites, plain or packed; read line by line, keeping only what is watched."""

import csv
import io
from datetime import datetime

from sources.answers import shape_of
from sources.charset import decoded
from sources.packed import unpacked
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import Measurement, Payload

# A list of a million domains has 23 MB.
_UNPACKED_MAX = 64_000_000
_FIELD_MAX = 10_000


def csv_measurements(source: Source, payload: Payload, seen_at: datetime) -> list[Measurement]:
    """Measurements of the rows whose subject is in ``source.watch`` (every row when it watches none).

    Raises:
        ParseError: no table of this shape: too few columns, no number where the value stands, nothing at all.
    """
    shape = shape_of(source)
    try:
        subject_at, value_at = int(shape.fields["subject"]), int(shape.fields["value"])
    except (KeyError, ValueError) as error:
        raise ParseError(f"{source.id}: a shape for csv needs the column numbers of subject and value") from error
    watched = {word.casefold(): name for name, word in source.watch.items()}
    text = decoded(unpacked(payload.body, _UNPACKED_MAX), payload.content_type)
    found, rows = [], 0
    for row in csv.reader(io.StringIO(text, newline="")):
        rows += 1
        if len(row) <= max(subject_at, value_at):
            raise ParseError(f"{source.id}: {payload.url} row {rows} has {len(row)} columns: {str(row)[:80]}")
        word = row[subject_at].strip()
        subject = watched.get(word.casefold(), "") if watched else word
        if subject and (value := _number(row[value_at])) is not None:
            found.append(Measurement(source.id, shape.series, subject, source.market, seen_at.date(), value))
    if not rows:
        raise ParseError(f"{source.id}: {payload.url} is an empty table")
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None  # the line of titles
