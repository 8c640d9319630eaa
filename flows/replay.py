"""Replay: the real pipeline, night by night, over archived documents."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from flows.demo import end_of
from flows.engine import PlainEngine
from flows.house import House, opened
from flows.monitor import night
from sources import ArchiveProblem, read_archive
from trendwarte.settings import Settings
from trendwarte.types import Document, RunReport


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
    after the last judged one; that night itself runs again, for it may have ended unpublished.
    """
    quiet = settings.runtime.smtp.model_copy(update={"host": ""})
    runtime = settings.runtime.model_copy(update={"smtp": quiet, "is_sending": False})
    settings = settings.model_copy(update={"runtime": runtime})
    by_day = _by_day(archives, settings, end, on_problem)
    reports = []
    with opened(settings, state) as house:
        first = max(start, _last_judged_day(house) or start)
        earlier = [d for day, documents in by_day.items() if day < first for d in documents]
        for offset in range((end - first).days + 1):
            day = first + timedelta(days=offset)
            documents = (earlier if offset == 0 else []) + by_day.get(day, [])
            report = night(house, end_of(day), PlainEngine(), documents, is_last=day == end)
            reports.append(report)
            on_night(report)
    return reports


def _last_judged_day(house: House) -> date | None:
    last = house.warehouse.runs.last_judged()
    return last["as_of"].date() if last else None


def _by_day(
    archives: Sequence[Path], settings: Settings, end: date, on_problem: Callable[[ArchiveProblem], None]
) -> dict[date, list[Document]]:
    """Documents up to ``end`` by day of publication; those that cannot matter are not even kept."""
    found: dict[date, list[Document]] = {}
    for document in _documents(archives, settings, on_problem):
        if document.published_at is not None and document.published_at.date() <= end:
            found.setdefault(document.published_at.date(), []).append(document)
    return found


def _documents(
    archives: Sequence[Path], settings: Settings, on_problem: Callable[[ArchiveProblem], None]
) -> Iterator[Document]:
    for entry in read_archive(archives, settings.outlets):
        if isinstance(entry, ArchiveProblem):
            on_problem(entry)
        else:
            yield entry
