"""Replay: the real pipeline, night by night, over archived documents."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import orjson

from flows.checking import must_be_there
from flows.demo import end_of
from flows.engine import PlainEngine
from flows.house import House, opened
from flows.monitor import night
from sources import ArchiveProblem, read_archive
from trendwarte.settings import Settings
from trendwarte.types import Document, RunReport

# So many documents are held while archives are sorted by day; archives are nearly in order, so few files are open.
_HELD = 20_000


def replay(
    settings: Settings,
    archives: Sequence[Path],
    start: date,
    end: date,
    state: Path,
    on_problem: Callable[[ArchiveProblem], None],
    on_night: Callable[[RunReport], None],
) -> list[RunReport]:
    """Run each night from ``start`` to ``end``; the night of D knows what was published up to its end.

    Nothing is sent: messages wait in the outbox of ``state``. A replay that was interrupted goes on with the night
    after the last judged one; that night itself runs again, for it may have ended unpublished. Memory is that of the
    busiest day: documents wait on disk, in ``state``, for their night.

    Raises:
        ConfigError: an archive is not there; nothing was touched.
    """
    must_be_there("--archive", archives)
    quiet = settings.runtime.smtp.model_copy(update={"host": ""})
    runtime = settings.runtime.model_copy(update={"smtp": quiet, "is_sending": False})
    settings = settings.model_copy(update={"runtime": runtime})
    reports = []
    with opened(settings, state) as house:
        first = max(start, _last_judged_day(house) or start)
        with _Days(state / "replay-days") as days:
            days.put(_until(end, archives, settings, on_problem))
            _store_history(house, days, first)
            for offset in range((end - first).days + 1):
                day = first + timedelta(days=offset)
                report = night(house, end_of(day), PlainEngine(), days.take(day), is_last=day == end)
                reports.append(report)
                on_night(report)
    return reports


def _last_judged_day(house: House) -> date | None:
    last = house.warehouse.runs.last_judged()
    return last["as_of"].date() if last else None


def _store_history(house: House, days: "_Days", first: date) -> None:
    """What was published before the first night is stored day by day; that night reads it."""
    for day in days.before(first):
        with house.warehouse.transaction():
            house.warehouse.documents.store(days.take(day))


def _until(
    end: date, archives: Sequence[Path], settings: Settings, on_problem: Callable[[ArchiveProblem], None]
) -> Iterator[Document]:
    for entry in read_archive(archives, settings.outlets):
        if isinstance(entry, ArchiveProblem):
            on_problem(entry)
        elif entry.published_at is not None and entry.published_at.date() <= end:
            yield entry


class _Days:
    """Documents on disk by their day of publication, in the order of the archives; gone when it closes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> "_Days":
        shutil.rmtree(self._folder, ignore_errors=True)  # of a replay that was killed
        self._folder.mkdir(parents=True)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def put(self, documents: Iterable[Document]) -> None:
        """Sort documents into their days."""
        held: dict[str, list[bytes]] = defaultdict(list)
        for number, document in enumerate(documents, start=1):
            day = (document.published_at or document.first_seen_at).date()
            held[day.isoformat()].append(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
            if number % _HELD == 0:
                self._write(held)
        self._write(held)

    def before(self, day: date) -> list[date]:
        """Earlier days that have documents, in order."""
        names = sorted(path.name for path in self._folder.iterdir())
        return [found for name in names if (found := date.fromisoformat(name)) < day]

    def take(self, day: date) -> list[Document]:
        """The documents of one day; a day is taken once."""
        path = self._folder / day.isoformat()
        if not path.exists():
            return []
        with path.open("rb") as lines:
            documents = [_document(orjson.loads(line)) for line in lines]
        path.unlink()
        return documents

    def _write(self, held: dict[str, list[bytes]]) -> None:
        for name, lines in held.items():
            with (self._folder / name).open("ab") as target:
                target.writelines(lines)
        held.clear()


def _document(fields: dict[str, object]) -> Document:
    moments = {
        name: datetime.fromisoformat(str(fields[name])) if fields[name] else None
        for name in ("published_at", "first_seen_at", "updated_at")
    }
    return Document(**fields | moments | {"flags": tuple(fields["flags"])})  # type: ignore[arg-type]
