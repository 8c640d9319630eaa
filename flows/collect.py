"""Steps 2 to 4: ask every source that is due, read what it answered, look behind the headlines that matter, keep."""

import gc
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from flows.engine import Engine
from flows.errands import ask_all
from flows.house import House
from flows.keeping import periods_of
from sources import Harvest, fetch, fetch_pages, harvest, host_of, with_page
from trendwarte.catalogue import needs_key
from trendwarte.errors import FetchError, ParseError, TrendwarteError
from trendwarte.polling import ANSWERED, is_due, remembered, validators_to_send
from trendwarte.settings import Source
from trendwarte.types import (
    Document,
    Measurement,
    NotModified,
    Payload,
    RunReport,
    SourceHealth,
    SourceMemory,
    Validators,
)
from trendwarte.vocabulary import HealthState
from warehouse import forget_answers

# Older than this on a source we have visited before: pinned, republished, or an archive that came back.
_RESURFACED = timedelta(days=30)
# Without a reader, or read from files only.
_NOT_ASKED = frozenset({"other", "jsonl"})


@dataclass(slots=True)
class Visit:
    """How one source was visited: its health, and what is to be remembered and kept."""

    source: Source
    health: SourceHealth
    validators: Validators | None = None
    asked_wait: timedelta | None = None
    payload: Payload | None = None
    harvest: Harvest = field(default_factory=Harvest)


@dataclass(slots=True)
class Collected:
    """What came in: one visit per source that was tried, the documents with the texts of their pages."""

    documents: list[Document] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    memories: Mapping[str, SourceMemory] = field(default_factory=dict)
    without_key: int = 0
    pages: int = 0
    is_degraded: bool = False


def collect(house: House, as_of: datetime, engine: Engine) -> Collected:
    """Fetch all sources that are due, side by side, parse what they gave, and fetch the pages worth reading."""
    fetching = house.settings.runtime.fetching
    due, without_key, memories = due_sources(house, as_of)

    def attempt(source: Source) -> Payload | NotModified:
        held = validators_to_send(memories.get(source.id, SourceMemory(source.id)), as_of)
        return fetch(source, held, fetching, now=as_of, key=key_of(source))

    answers = ask_all(due, attempt, fetching, engine)
    collected = Collected(memories=memories, without_key=without_key)
    with _no_cycles():
        for source, answer in zip(due, answers, strict=True):
            memory = memories.get(source.id, SourceMemory(source.id))
            collected.visits.append(_visit(source, memory, answer, as_of))
    collected.is_degraded = is_below_quorum(house, collected.visits)
    documents = [document for visit in collected.visits for document in visit.harvest.documents]
    collected.documents = _with_pages(house, documents, collected, as_of, engine)
    return collected


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Reading feeds makes a million small things and no cycles: to look for some takes a tenth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def due_sources(house: House, as_of: datetime) -> tuple[list[Source], int, Mapping[str, SourceMemory]]:
    """Sources to ask now, how many were left out for want of a key, and what is remembered of all."""
    memories = house.warehouse.sources.memories()
    enabled = [s for s in house.settings.sources.values() if s.is_enabled and s.kind not in _NOT_ASKED]
    keyed = [s for s in enabled if not needs_key(s) or key_of(s)]
    due = [s for s in keyed if is_due(memories.get(s.id, SourceMemory(s.id)), as_of)]
    return due, len(enabled) - len(keyed), memories


def is_below_quorum(house: House, visits: Sequence[Visit]) -> bool:
    """Whether too few sources answered for the night to be whole."""
    answered = sum(visit.health.state in ANSWERED for visit in visits)
    return answered < house.settings.runtime.quorum * len(visits)


def key_of(source: Source) -> str:
    """The key of a source from the environment; empty when there is none."""
    return os.environ.get(source.key_env, "") if source.key_env else ""


def _visit(
    source: Source, memory: SourceMemory, answer: Payload | NotModified | TrendwarteError, as_of: datetime
) -> Visit:
    if isinstance(answer, NotModified):
        state: HealthState = "stale" if _is_stale(source, memory.newest_at, as_of) else "not_modified"
        health = SourceHealth(source.id, state, as_of, status=answer.status, duration_s=answer.duration_s)
        return Visit(source, health, answer.validators)
    if isinstance(answer, Payload):
        try:
            found = harvest(source, answer, seen_at=as_of)
        except Exception as error:
            # Whatever one source's bytes do to a reader, the other sources have their night; the operator hears of it.
            told = str(error) if isinstance(error, ParseError) else f"the reader failed, please report it: {error!r}"
            health = SourceHealth(source.id, "parse_error", as_of, status=answer.status, detail=told[:300])
            return Visit(source, health)
        return _answered(source, memory, answer, found, as_of)
    return _failed(source, answer, as_of)


def _answered(source: Source, memory: SourceMemory, payload: Payload, found: Harvest, as_of: datetime) -> Visit:
    dates = [d.published_at for d in found.documents if d.published_at]
    newest = max([*dates, *filter(None, [memory.newest_at])], default=None)
    state: HealthState
    detail = ""
    if len(found) < max(source.min_items, 1):
        state = "empty"
        detail = f"{len(found)} entries, at least {source.min_items} are expected" if source.min_items else ""
    elif found.documents and not dates:
        state = "undated"
    else:
        state = "stale" if _is_stale(source, newest, as_of) else "ok"
    health = SourceHealth(
        source.id, state, as_of, documents=len(found), status=payload.status,
        duration_s=payload.duration_s, newest_at=newest, detail=detail,
    )  # fmt: skip
    return Visit(source, health, payload.validators, payload=payload, harvest=found)


def _failed(source: Source, error: TrendwarteError, as_of: datetime) -> Visit:
    if not isinstance(error, FetchError):
        return Visit(source, SourceHealth(source.id, "unreachable", as_of, detail=str(error)[:300]))
    health = SourceHealth(
        source.id, error.state, as_of, status=error.status, detail=str(error)[:300],  # type: ignore[arg-type]
        is_passing=error.is_passing,
    )  # fmt: skip
    wait = timedelta(seconds=error.retry_after_s) if error.retry_after_s else None
    return Visit(source, health, asked_wait=wait)


def _is_stale(source: Source, newest: datetime | None, as_of: datetime) -> bool:
    return newest is not None and (as_of - newest) > timedelta(days=source.expected_update_days)


def _with_pages(
    house: House, documents: list[Document], collected: Collected, as_of: datetime, engine: Engine
) -> list[Document]:
    """The documents, those that are new flagged when they resurface, and read behind the headline when it matters."""
    arriving = house.warehouse.documents.arriving(documents)
    marked = [
        _marked(d, collected.memories.get(d.source_id), as_of) if d.document_id in arriving else d for d in documents
    ]
    wanted = [d for d in marked if d.document_id in arriving and _deserves_its_page(house, d)]
    by_host: dict[str, list[str]] = defaultdict(list)
    for document in wanted:
        by_host[host_of(document.url)].append(document.url)
    fetching = house.settings.runtime.fetching
    errands = [list(dict.fromkeys(urls))[: fetching.pages_per_host] for urls in by_host.values()]

    def attempt(urls: list[str]) -> dict[str, Payload]:
        return fetch_pages(urls, fetching, now=as_of)

    pages: dict[str, Payload] = {}
    for found in engine.map("pages", attempt, errands, retries=0, wait_s=0):
        if isinstance(found, dict):
            pages |= found
    collected.pages = len(pages)
    chosen = {d.document_id for d in wanted}
    return [with_page(d, pages[d.url]) if d.document_id in chosen and d.url in pages else d for d in marked]


def _marked(document: Document, memory: SourceMemory | None, as_of: datetime) -> Document:
    is_visited = memory is not None and memory.last_body_at is not None
    if is_visited and document.published_at and as_of - document.published_at > _RESURFACED:
        return replace(document, flags=(*document.flags, "resurfaced"))
    return document


def _deserves_its_page(house: House, document: Document) -> bool:
    """Only what names a platform, or comes from an authority and may name one further down."""
    chosen = house.settings.runtime.fetching.pages_from
    if not document.url or document.text_quality == "feed_content" or (chosen and host_of(document.url) not in chosen):
        return False
    # Aggregators link to a page of their own, or to tokens that only a browser resolves.
    if document.source_kind in ("aggregator", "social"):
        return False
    return document.source_kind == "official" or house.reader.names_platform(document)


def keep(house: House, collected: Collected, as_of: datetime, report: RunReport) -> None:
    """Store documents, measurements, payloads, memory and health in one transaction.

    A validator must never outlive the documents it stands for: 304 would hide them for good.
    """
    warehouse = house.warehouse
    with warehouse.intake():
        intake = warehouse.documents.store(collected.documents)
        visits = list(_settled(collected, frozenset(intake.new), as_of))
        if visits:
            warehouse.sources.record(report.run_id, visits)
            warehouse.sources.keep_payloads(v.payload for v in collected.visits if v.payload)
            warehouse.sources.keep_measurements(list(_measured(collected)), as_of)
            forget_answers(warehouse.con, as_of, periods_of(house.settings.runtime))
    failed = [health for health, _ in visits if health.state not in ANSWERED]
    thin = [health for health, _ in visits if health.state == "empty" and health.detail]
    silent = [health for health, _ in visits if _is_newly_silent(health, collected.memories.get(health.source_id))]
    report.counts |= {
        "sources_tried": len(visits),
        "sources_failed": len(failed),
        "sources_without_key": collected.without_key,
        "documents": len(collected.documents),
        "documents_new": len(intake.new),
        "documents_changed": len(intake.changed),
        "pages": collected.pages,
        "measurements": sum(1 for _ in _measured(collected)),
    }
    told = (*failed, *thin, *silent)
    report.problems += [f"{health.source_id}: {health.state} {health.detail}".strip() for health in told]
    if collected.is_degraded:
        report.problems.append("fewer sources answered than the quorum asks for: nothing may improve tonight")


def _is_newly_silent(health: SourceHealth, memory: SourceMemory | None) -> bool:
    """Silence is told once, when it begins: it may be a source that died politely."""
    return health.state in ("stale", "undated") and (memory is None or memory.state != health.state)


def _settled(collected: Collected, new: frozenset[str], as_of: datetime) -> Iterable[tuple[SourceHealth, SourceMemory]]:
    for visit in collected.visits:
        count = sum(document.document_id in new for document in visit.harvest.documents)
        health = replace(visit.health, new_documents=count + len(visit.harvest.measurements))
        memory = collected.memories.get(visit.source.id) or SourceMemory(
            visit.source.id, interval_min=visit.source.poll_minutes
        )
        after = remembered(
            memory, health, visit.validators, as_of, poll_min=visit.source.poll_minutes, asked_wait=visit.asked_wait
        )
        yield health, after


def _measured(collected: Collected) -> Iterable[Measurement]:
    for visit in collected.visits:
        yield from visit.harvest.measurements
