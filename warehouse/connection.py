"""Opening the warehouse: one writer, UTC, torn logs set aside, and fast typed inserts."""

import json
from codecs import readbuffer_encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from math import isfinite
from pathlib import Path
from types import NoneType
from typing import Any
from weakref import WeakKeyDictionary

import duckdb
import numpy as np
from numpy.typing import NDArray

from trendwarte.errors import WarehouseError
from warehouse.schema import backed_up, has_history, is_behind, migrate

Connection = duckdb.DuckDBPyConnection
Array = NDArray[Any]

#: A JSON column is text on its way in: as JSON it would be taken for a text inside a JSON text.
_READ_AS = {"JSON": "VARCHAR"}
#: From here on an array is the faster way, for it costs a view of its own.
_MANY_ROWS = 200
_FEW_EVENTS = 100_000
_types_known: WeakKeyDictionary[Connection, dict[str, dict[str, str]]] = WeakKeyDictionary()

_NOT_A_TIME = -(2**63)
_ORIGIN, _TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def open_writer(path: Path, note: Callable[[str], None] = lambda _: None) -> Connection:
    """Open (or create) the private warehouse file for writing and bring its schema up to date.

    Before a migration the file is copied beside itself. A log that a crash tore apart is set aside: everything up
    to the last checkpoint stands, and the nights after it are run again. ``note`` is told of both.

    Raises:
        WarehouseError: another process writes it, it is damaged, the disk is full, or it is newer than this program.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        con = _opened(path, note)
        if is_behind(con):
            if path.is_file() and has_history(con):
                con.close()
                note(f"the warehouse is migrated; a copy of it lies in {backed_up(path)}")
                con = _opened(path, note)
            with on_one_thread(con):
                migrate(con)
            # DuckDB 1.5 cannot replay added columns from its log ("no default database set"): none may wait in it.
            con.execute("CHECKPOINT")
        _suit_size(con)
    except (duckdb.Error, OSError) as error:
        raise WarehouseError(f"{path} cannot be opened for writing: {_first_line(error)}; {_remedy(error)}") from error
    return con


def _opened(path: Path, note: Callable[[str], None]) -> Connection:
    log = path.with_name(path.name + ".wal")
    try:
        return _connected(path)
    except duckdb.Error as error:
        if not (log.exists() and _is_torn(error)):
            raise
        aside = log.with_name(f"{log.name}.damaged-{int(log.stat().st_mtime)}")
        log.replace(aside)
        note(f"a torn log of the warehouse lies in {aside}: nights after the last checkpoint run again")
        return _connected(path)


def _connected(path: Path) -> Connection:
    con = duckdb.connect(str(path), config={
        "python_enable_replacements": "false",
        # A column of `offered` holds one kind of cell: to look at a thousand of each takes DuckDB 30 ms a time.
        "pandas_analyze_sample": "1",
        # What a long transaction brings goes to the file by 120,000 rows; else by five times as many.
        "write_buffer_row_group_count": "1",
    })  # fmt: skip
    con.execute("SET TimeZone = 'UTC'")
    return con


def _suit_size(con: Connection) -> None:
    """One thread while the warehouse is small: of its queries half is planning, and handing pieces of a thousand rows
    to a second thread costs a third more than it gains (60 ms instead of 90 for the scores of a night).
    """
    row = con.execute("SELECT count(*) FROM events").fetchone()
    if row and row[0] < _FEW_EVENTS:
        con.execute("SET threads = 1")


def _is_torn(error: duckdb.Error) -> bool:
    said = _first_line(error)
    return "lock" not in said and "No space" not in said and "WAL" in said


def _first_line(error: Exception) -> str:
    # Below it internal errors carry a stack trace, in which every word may occur.
    return str(error).partition("\n")[0]


def _remedy(error: Exception) -> str:
    said = _first_line(error)
    if "lock" in said:
        return "end that process, or wait for it"
    if "No space" in said or "ermission" in said or "ead-only" in said:
        return "make room there, or make the folder writable (trendwarte doctor)"
    return "if it is damaged, put the newest backup in its place (docs/operations.md, 'When something is broken')"


@cache
def query_text(name: str) -> str:
    """The SQL of ``warehouse/queries/<name>.sql``."""
    return (files("warehouse") / "queries" / f"{name}.sql").read_text("utf-8")


@contextmanager
def on_one_thread(con: Connection) -> Iterator[None]:
    """Have DuckDB work on the calling thread: with two, one spins while the other works, or waits for Python's lock.

    On two busy cores two threads kept 30,000 documents, and migrated, with twice the processor time and no sooner.
    """
    former = con.execute("SELECT current_setting('threads')").fetchall()[0][0]
    con.execute("SET threads = 1")
    try:
        yield
    finally:
        con.execute(f"SET threads = {int(former)}")


@contextmanager
def transaction(con: Connection) -> Iterator[None]:
    """All or nothing; the error passes on after the rollback.

    Raises:
        WarehouseError: DuckDB refused a statement or the commit (disk full, say); nothing was kept.
    """
    con.execute("BEGIN")
    try:
        yield
        con.execute("COMMIT")
    except BaseException as error:
        # After a failed commit DuckDB closes itself: then there is nothing left to roll back.
        with suppress(duckdb.Error):
            con.execute("ROLLBACK")
        if isinstance(error, duckdb.Error):
            said = f"the warehouse could not be written: {error}; nothing of this step was kept; {_remedy(error)}"
            raise WarehouseError(said) from error
        raise


def insert(con: Connection, table: str, rows: Sequence[Mapping[str, Any]], conflict: str = "") -> None:
    """Insert ``rows`` (equal keys, column names) in one statement; ``conflict`` is an ON CONFLICT clause."""
    if rows:
        insert_columns(con, table, {name: [row[name] for row in rows] for name in rows[0]}, conflict)


def insert_columns(con: Connection, table: str, columns: Mapping[str, Sequence[Any]], conflict: str = "") -> None:
    """Insert rows that are given column by column, all of one length.

    What is the same in every row travels once, as a value. Any other column travels with its declared type, so that no
    type is guessed: as one JSON text, or, of many rows, as an array that DuckDB reads where it lies (decision 0021).
    Which way they go changes nothing: what DuckDB cannot cast is refused, not stored as NULL.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    *_, last = columns
    if not columns[last]:
        return
    types = _types_of(con, table)
    # The last column at least has to say how many rows there are.
    one = {name for name, cells in columns.items() if _is_one(cells) and (name != last or len(cells) == 1)}
    arrays = _arrays({name: cells for name, cells in columns.items() if name not in one}, types)
    chosen: list[str] = []
    values: list[Any] = []
    for name, cells in columns.items():
        kind = _READ_AS.get(types[name], types[name])
        if name in one:
            chosen.append(f"?::{kind}")
            values.append(_value(cells[0]))
        elif arrays:
            absent = _ABSENT[types[name]][1] if None in cells else ""
            chosen.append(f'nullif("{name}", {absent})' if absent else f'"{name}"')
        elif kind == "BLOB":
            chosen.append("unnest(?::BLOB[])")
            values.append(cells)
        else:
            chosen.append(f"unnest(from_json_strict(?::VARCHAR, '[\"{kind}\"]'))")
            values.append(_value(json.dumps(cells, default=_iso, allow_nan=False, ensure_ascii=False)))
    names = ", ".join(f'"{name}"' for name in columns)
    with offered(con, "inserted", arrays) if arrays else nullcontext():
        source = "FROM inserted" if arrays else ""
        con.execute(f'INSERT INTO "{table}" ({names}) SELECT {", ".join(chosen)} {source} {conflict}', values)


def _is_one(cells: Sequence[Any]) -> bool:
    return not isinstance(cells[0], list | dict | tuple) and cells.count(cells[0]) == len(cells)


def _value(cell: Any) -> Any:
    """A cell as DuckDB takes it: times as ISO texts, and no half of a surrogate pair, which no encoding admits.

    Raises:
        ValueError: the cell is NaN or infinite.
    """
    if isinstance(cell, float) and not isfinite(cell):
        raise ValueError(f"{cell} is no number in JSON")
    if isinstance(cell, bool | int | float | bytes | None):
        return cell
    return _iso(cell).encode("utf-8", "replace").decode("utf-8")


def _arrays(columns: Mapping[str, Sequence[Any]], types: Mapping[str, str]) -> dict[str, Array]:
    """Columns of many rows as arrays; empty where one of them cannot be one."""
    made: dict[str, Array] = {}
    for name, cells in columns.items():
        array = _array(types[name], cells)
        if array is None:
            return {}
        made[name] = array
    return made


def _array(kind: str, cells: Sequence[Any]) -> Array | None:
    """A column as an array, in which NULL is a value that does not occur; None where an array would read it otherwise.

    numpy takes 1.5 for 1, and a moment or a text for some day: only cells of exactly the column's own type go this way.
    """
    if len(cells) < _MANY_ROWS or kind not in _ARRAYS:
        return None
    own, make = _ARRAYS[kind]
    found = set(map(type, cells))
    if not found <= {own, NoneType}:
        return None
    if NoneType in found:
        if kind not in _ABSENT:
            return None
        absent, _ = _ABSENT[kind]
        if absent is not None:
            if absent in cells:
                return None
            cells = [absent if cell is None else cell for cell in cells]
    try:
        return make(cells)
    except (OverflowError, TypeError):
        # A number too large for 64 bits, or a time without a zone: DuckDB says what becomes of it.
        return None


@contextmanager
def offered(con: Connection, name: str, columns: Mapping[str, Array]) -> Iterator[None]:
    """Let SQL read ``columns`` (from ``texts``, ``moments``, ``blobs``; equal lengths) under ``name``, once.

    Nothing is copied before DuckDB reads it: 77 documents take 1 ms where JSON takes 4 (docs/decisions/0011). An array
    holds one kind of cell and no None, so that DuckDB has no type to guess.
    """
    con.register(name, dict(columns))
    try:
        yield
    finally:
        # In a transaction that failed the name is gone already.
        with suppress(duckdb.Error):
            con.unregister(name)
        # DuckDB holds on to the columns until the transaction ends: of a long one, to every word that it brought.
        for column in columns.values():
            if column.dtype == object:
                column.fill(None)


def texts(cells: Sequence[str]) -> Array:
    """A column of VARCHAR. Half a surrogate pair, which no encoding admits, becomes a question mark."""
    try:
        "".join(cells).encode("utf-8")
    except UnicodeEncodeError:
        # DuckDB reads Python's memory itself, and closes the whole file for good over a lone half.
        cells = [cell.encode("utf-8", "replace").decode("utf-8") for cell in cells]
    return _objects(cells)


def long_texts(cells: Sequence[str]) -> Array:
    """A column as of ``texts``, of texts that umlauts are likely in: DuckDB takes three times as long to encode them.

    CPython keeps the UTF-8 of a text that was asked for so, and DuckDB reads it from there.
    """
    try:
        for cell in cells:
            readbuffer_encode(cell)
    except UnicodeEncodeError:
        return texts(cells)
    return _objects(cells)


def blobs(cells: Sequence[bytes]) -> Array:
    """A column of BLOB."""
    return _objects(cells)


def moments(cells: Sequence[datetime | None]) -> Array:
    """A column of TIMESTAMP in UTC from aware datetimes; None becomes NULL."""
    return np.fromiter(_ticks(cells), dtype=np.int64, count=len(cells)).view("datetime64[us]")


def _ticks(cells: Sequence[datetime | None]) -> Iterator[int]:
    """Microseconds since 1970. Rows of one night share the very moment they were seen at."""
    last, tick = None, _NOT_A_TIME
    for cell in cells:
        if cell is not last:
            # Not by timestamp(): after 2242 a float is too coarse for microseconds.
            last, tick = cell, _NOT_A_TIME if cell is None else (cell - _ORIGIN) // _TICK
        yield tick


def _objects(cells: Sequence[Any]) -> Array:
    return np.fromiter(cells, dtype=object, count=len(cells))


def _types_of(con: Connection, table: str) -> dict[str, str]:
    """Declared types by column, asked once per connection: tables change only when a file is opened."""
    known = _types_known.setdefault(con, {})
    if table not in known:
        columns = con.execute(f'SELECT * FROM "{table}" LIMIT 0').description or []  # noqa: S608
        known[table] = {name: str(kind) for name, kind, *_ in columns}
    return known[table]


def _iso(value: Any) -> str:
    # numpy's short floats are none of Python's: as a text NaN would pass for a number.
    if isinstance(value, np.floating) and not isfinite(value):
        raise ValueError(f"{value} is no number in JSON")
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def _doubles(cells: Sequence[float]) -> Array:
    made = np.asarray(cells, dtype=np.float64)
    if not np.isfinite(made).all():
        raise ValueError("nan and inf are no numbers in JSON")
    return made


def _whole(cells: Sequence[int]) -> Array:
    return np.asarray(cells, dtype=np.int64)


def _days(cells: Sequence[date]) -> Array:
    return np.asarray(cells, dtype="datetime64[D]").astype("datetime64[s]")


#: The one type of cell that an array of a kind may hold, and how it is made.
_ARRAYS: Mapping[str, tuple[type, Callable[[Sequence[Any]], Array]]] = {
    "VARCHAR": (str, texts), "JSON": (str, texts), "DOUBLE": (float, _doubles), "INTEGER": (int, _whole),
    "BIGINT": (int, _whole), "DATE": (date, _days), "TIMESTAMP WITH TIME ZONE": (datetime, moments),
}  # fmt: skip
#: What stands for NULL in an array, and its name in SQL; ``moments`` know NULL themselves.
_ABSENT: Mapping[str, tuple[Any, str]] = {
    "VARCHAR": ("\0", "chr(0)"), "JSON": ("\0", "chr(0)"), "DOUBLE": (-1e308, "-1e308::DOUBLE"),
    "INTEGER": (-(2**40), f"{-(2**40)}"), "DATE": (date.min, "TIMESTAMP '0001-01-01'"),
    "TIMESTAMP WITH TIME ZONE": (None, ""),
}  # fmt: skip


def rows_of(con: Connection, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
    """Result of ``sql`` as dictionaries."""
    cursor = con.execute(sql, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def load_extension(con: Connection, name: str) -> bool:
    """Load an extension from its installed package (``duckdb-extension-NAME``), never from the net."""
    try:
        folder = files(f"duckdb_extension_{name}") / "extensions" / f"v{duckdb.__version__}"
        con.execute(f"LOAD '{folder / f'{name}.duckdb_extension'}'")
    except (ModuleNotFoundError, duckdb.Error):
        return False
    return True
