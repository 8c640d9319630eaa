"""Steps 2 to 4: ask every source once, read what it answered, keep documents and health."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flows.engine import Engine
from flows.house import House
from sources import fetch, parse
from trendwarte.errors import FetchError, ParseError, TrendwarteError
from trendwarte.settings import Source
from trendwarte.types import Document, NotModified, Payload, RunReport, SourceHealth, Validators
from trendwarte.vocabulary import HealthState

_ANSWERED = frozenset({"ok", "not_modified", "empty", "stale", "undated"})


@dataclass(slots=True)
class Collected:
    """What came in: documents, raw payloads, and one line of health per source that was tried."""

    documents: list[Document] = field(default_factory=list)
    payloads: list[Payload] = field(default_factory=list)
    health: list[tuple[SourceHealth, Validators | None, datetime | None]] = field(default_factory=list)
    is_degraded: bool = False


def collect(house: House, as_of: datetime, engine: Engine) -> Collected:
    """Fetch all sources that are due, side by side, and parse what they gave."""
    fetching = house.settings.runtime.fetching
    validators = house.warehouse.sources.validators()
    due = _due(house, as_of)
    known = {s.id: house.warehouse.documents.known_urls(s.id) for s in due if s.kind == "html_listing"}

    def attempt(source: Source) -> Payload | NotModified:
        held = validators.get(source.id, Validators())
        return fetch(source, held, fetching, now=as_of, known_urls=known.get(source.id, frozenset()))

    answers = engine.map("fetch", attempt, due, retries=fetching.retries, wait_s=fetching.retry_wait_s)
    newest = house.warehouse.sources.newest()
    collected = Collected()
    for source, answer in zip(due, answers, strict=True):
        _take(collected, source, answer, as_of, newest.get(source.id))
    answered = sum(1 for health, _, _ in collected.health if health.state in _ANSWERED)
    collected.is_degraded = answered < house.settings.runtime.quorum * len(due)
    return collected


def _due(house: House, as_of: datetime) -> list[Source]:
    """Enabled sources we can read, without those that asked us to come back later."""
    waiting = house.warehouse.sources.waiting(as_of)
    return [
        s
        for s in house.settings.sources.values()
        if s.is_enabled and s.kind not in ("other", "jsonl") and not s.requires_key and s.id not in waiting
    ]


def _take(
    collected: Collected,
    source: Source,
    answer: Payload | NotModified | TrendwarteError,
    as_of: datetime,
    newest: datetime | None,
) -> None:
    if isinstance(answer, Payload):
        try:
            documents = parse(source, answer, seen_at=as_of)
        except ParseError as error:
            health = SourceHealth(source.id, "parse_error", as_of, status=answer.status, detail=str(error)[:300])
            collected.health.append((health, None, None))
            return
        collected.documents += documents
        collected.payloads.append(answer)
        dates = [d.published_at for d in documents if d.published_at] + ([newest] if newest else [])
        state = _state(source, documents, max(dates, default=None), as_of)
        health = SourceHealth(
            source.id, state, as_of, documents=len(documents), status=answer.status, duration_s=answer.duration_s,
            newest_at=max(dates, default=None),
        )  # fmt: skip
        collected.health.append((health, answer.validators, None))
    elif isinstance(answer, NotModified):
        state = "stale" if _is_stale(source, newest, as_of) else "not_modified"
        health = SourceHealth(source.id, state, as_of, status=304, duration_s=answer.duration_s)
        collected.health.append((health, answer.validators, None))
    else:
        collected.health.append(_failed(source, answer, as_of))


def _failed(source: Source, error: TrendwarteError, as_of: datetime) -> tuple[SourceHealth, None, datetime | None]:
    state: HealthState = "unreachable"
    status, later = None, None
    if isinstance(error, FetchError):
        state, status = error.state, error.status  # type: ignore[assignment]
        later = as_of + timedelta(seconds=error.retry_after_s) if error.retry_after_s else None
    return SourceHealth(source.id, state, as_of, status=status, detail=str(error)[:300]), None, later


def _state(source: Source, documents: Sequence[Document], newest: datetime | None, as_of: datetime) -> HealthState:
    if not documents:
        return "empty"
    if all("undated" in d.flags for d in documents):
        return "undated"
    return "stale" if _is_stale(source, newest, as_of) else "ok"


def _is_stale(source: Source, newest: datetime | None, as_of: datetime) -> bool:
    return newest is not None and (as_of - newest) > timedelta(days=source.expected_update_days)


def keep(house: House, collected: Collected, as_of: datetime, report: RunReport) -> None:
    """Store documents, payloads, validators and health in one transaction.

    A validator must never outlive the documents it stands for: 304 would hide them for good.
    """
    warehouse = house.warehouse
    with warehouse.transaction():
        intake = warehouse.documents.store(collected.documents)
        if collected.health:
            warehouse.sources.record(report.run_id, collected.health)
            warehouse.sources.keep_payloads(collected.payloads, house.settings.runtime.keep_payload_days, as_of)
    failed = [health for health, _, _ in collected.health if health.state not in _ANSWERED]
    report.counts |= {
        "sources_tried": len(collected.health),
        "sources_failed": len(failed),
        "documents": len(collected.documents),
        "documents_new": len(intake.new),
        "documents_changed": len(intake.changed),
    }
    report.problems += [f"{health.source_id}: {health.state} {health.detail}".strip() for health in failed]
    if collected.is_degraded:
        report.problems.append("fewer sources answered than the quorum asks for: nothing may improve tonight")
