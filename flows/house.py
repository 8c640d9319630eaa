"""What a night needs at hand: settings, open warehouse, reader, folders, and the lock on them."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from trendwarte.errors import LockedError, WarehouseError
from trendwarte.evidence import Origins
from trendwarte.reading import Reader, Watchlist
from trendwarte.settings import Settings
from warehouse import Lake, LakePlace, Warehouse

log = logging.getLogger("trendwarte")


@dataclass(frozen=True, slots=True)
class House:
    """One open state directory with everything a night works on."""

    settings: Settings
    state: Path
    warehouse: Warehouse
    reader: Reader
    origins: Origins

    @property
    def published(self) -> Path:
        """Folder of the published snapshot."""
        return self.state / "published"

    @property
    def briefs(self) -> Path:
        """Folder of the briefs."""
        return self.state / "briefs"


@contextmanager
def opened(settings: Settings, state: Path) -> Iterator[House]:
    """Lock ``state``, open its warehouse, and close both again.

    Raises:
        LockedError: another run holds the directory.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        (state / "run.lock").touch()
    except OSError as error:
        raise WarehouseError(f"{state} cannot be written ({error}); choose another folder with --state") from error
    with _locked(state / "run.lock"), Warehouse(state / "warehouse.duckdb", log.warning) as warehouse:
        reader = _reader_for(settings)
        yield House(settings, state, warehouse, reader, Origins(settings.outlets))


def _reader_for(settings: Settings) -> Reader:
    if not settings.runtime.warehouse.url:
        return Reader(Watchlist.from_settings(settings))
    from flows.gathering import NotedReader

    return NotedReader(Watchlist.from_settings(settings))


@contextmanager
def exclusive(state: Path) -> Iterator[None]:
    """Hold the lock on a state folder without opening its warehouse.

    Raises:
        LockedError: another run holds it.
    """
    with _locked(state / "run.lock"):
        yield


def holder_of(state: Path) -> str:
    """Who holds the state folder ("process 4711, since ..."); empty when nobody does."""
    try:
        with (state / "run.lock").open("r", encoding="utf-8") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return stream.read().strip() or "another process"
    except OSError:
        return ""
    return ""


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.seek(0)
            holder = stream.read().strip() or "another process"
            raise LockedError(f"{path.parent} is in use by {holder}; wait for it, or stop it") from None
        stream.truncate(0)
        stream.write(f"process {os.getpid()}, since {now():%Y-%m-%d %H:%M:%S} UTC")
        stream.flush()
        yield
        stream.truncate(0)


def now() -> datetime:
    """The clock; the only one."""
    return datetime.now(UTC)


def lake_of(settings: Settings) -> Lake:
    """The configured lake, attached. Each process hands over the keys of its own environment: they never travel.

    Raises:
        WarehouseError: the lake cannot be reached, or a key is missing.
    """
    kept = settings.runtime.warehouse
    return Lake(LakePlace(kept.url, kept.lake_path), os.environ)
