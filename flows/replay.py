"""Replay: the real pipeline, night by night, over archived documents."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from flows.demo import end_of
from flows.engine import PlainEngine
from flows.house import opened
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

    Nothing is sent: messages wait in the outbox of ``state``.
    """
    quiet = settings.runtime.smtp.model_copy(update={"host": ""})
    settings = settings.model_copy(update={"runtime": settings.runtime.model_copy(update={"smtp": quiet})})
    by_day = _by_day(archives, settings, end, on_problem)
    reports = []
    with opened(settings, state) as house:
        earlier = [d for day, documents in by_day.items() if day < start for d in documents]
        for offset in range((end - start).days + 1):
            day = start + timedelta(days=offset)
            documents = (earlier if offset == 0 else []) + by_day.get(day, [])
            report = night(house, end_of(day), PlainEngine(), documents, is_last=day == end)
            reports.append(report)
            on_night(report)
    return reports


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
