"""Query results as text."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from trendwarte.errors import ConfigError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(columns: Sequence[str], rows: Sequence[Sequence[Any]], form: str) -> str:
    """``rows`` as table, csv, json or md.

    Raises:
        ConfigError: the format is unknown.
    """
    if form == "json":
        return json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=str, ensure_ascii=False)
    if form == "csv":
        stream = io.StringIO()
        csv.writer(stream).writerows([columns, *([_harmless(cell) for cell in row] for row in rows)])
        return stream.getvalue().rstrip("\n")
    cells = [list(columns), *([_plain(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    if form == "table":
        return "\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]])
    if form == "md":
        rule = "|".join("---" for _ in widths)
        return "\n".join(f"| {line} |" if line is not rule else f"|{line}|" for line in [lines[0], rule, *lines[1:]])
    raise ConfigError([f"--format: '{form}' is unknown; use table, csv, json or md"])


def _plain(cell: Any) -> str:
    return "" if cell is None else " ".join(str(cell).split())


def _harmless(cell: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
