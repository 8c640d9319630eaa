"""Steps 2 to 4: ask every source that is due, read what it answered, look behind the headlines that matter, keep."""

import gc
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from flows.engine import Engine
from flows.errands import Answer, ask_all
from flows.house import House
from flows.keeping import periods_of
from sources import Harvest, fetch, fetch_pages, harvest, host_of, opened, packed, with_page
from trendwarte.catalogue import needs_key
from trendwarte.errors import FetchError, ParseError, TrendwarteError
from trendwarte.polling import ANSWERED, is_due, remembered, validators_to_send
from trendwarte.settings import Source
from trendwarte.types import (
    Document,
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
# Bytes of answers that are read and kept at a time; their documents take twice as much while they wait.
_LOAD_BYTES = 16_000_000


@dataclass(slots=True)
class Visit:
    """How one source was visited: its health, and what is to be remembered and kept."""

    source: Source
    health: SourceHealth
    validators: Validators | None = None
    asked_wait: timedelta | None = None
    payload: Payload | None = None
    harvest: Harvest = field(default_factory=Harvest)


@dataclass(frozen=True, slots=True)
class Load:
    """What is read and kept at a time: visits of sources, their documents with the texts of their pages.

    ``known`` is what the warehouse said of the documents, None when it was not asked yet.
    """

    documents: Sequence[Document] = ()
    visits: Sequence[Visit] = ()
    known: Mapping[str, str] | None = None


@dataclass(slots=True)
class Collected:
    """What came in. ``loads`` are made as they are asked for, once, so that only one of them lies in memory."""

    loads: Iterable[Load] = ()
    memories: Mapping[str, SourceMemory] = field(default_factory=dict)
    without_key: int = 0
    pages: int = 0
    is_degraded: bool = False


def collect(house: House, as_of: datetime, engine: Engine) -> Collected:
    """Fetch all sources that are due, side by side.

    What they gave is parsed, and pages worth reading are fetched, load by load.
    """
    fetching = house.settings.runtime.fetching
    due, without_key, memories = due_sources(house, as_of)

    def attempt(source: Source) -> Payload | NotModified:
        held = validators_to_send(memories.get(source.id, SourceMemory(source.id)), as_of)
        answer = fetch(source, held, fetching, now=as_of, key=key_of(source))
        return packed(answer) if isinstance(answer, Payload) else answer

    answers = ask_all(due, attempt, fetching, engine)
    collected = Collected(memories=memories, without_key=without_key)
    collected.loads = _Round(house, collected, as_of, engine).loads(due, answers)
    return collected


class _Round:
    """Reads the answers of a night load by load."""

    def __init__(self, house: House, collected: Collected, as_of: datetime, engine: Engine) -> None:
        self._house, self._collected, self._as_of, self._engine = house, collected, as_of, engine
        self._told: set[str] = set()
        self._pages_by_host: Counter[str] = Counter()

    def loads(self, due: Sequence[Source], answers: list[Answer]) -> Iterator[Load]:
        """Sources whose answers have some ``_LOAD_BYTES`` together; the answers are taken out of the list.

        A document that several sources tell is the last one's. Therefore the last sources come first, and what they
        told is left out afterwards: ten loads keep what one would.
        """
        remaining = list(due)
        while remaining:
            visits: list[Visit] = []
            size = 0
            while remaining and size < _LOAD_BYTES:
                visit, read = self._visit(remaining.pop(), answers.pop())
                visits.append(visit)
                size += read
            visits.reverse()
            yield self._load(visits)

    def _visit(self, source: Source, answer: Answer) -> tuple[Visit, int]:
        """How a source was visited, and how many bytes it gave."""
        memory = self._collected.memories.get(source.id, SourceMemory(source.id))
        if not isinstance(answer, Payload):
            return _visited(source, memory, answer, self._as_of), 0
        whole = opened(answer)
        visit = _visited(source, memory, whole, self._as_of)
        if visit.payload:
            visit.payload = answer
        return visit, len(whole.body)

    def _load(self, visits: Sequence[Visit]) -> Load:
        documents = [d for visit in visits for d in visit.harvest.documents if d.document_id not in self._told]
        self._told.update([d.document_id for d in documents])
        known = self._house.warehouse.documents.known(documents)
        marked = [d if known.get(d.document_id) == d.content_hash else self._marked(d) for d in documents]
        fresh = [d for d in marked if known.get(d.document_id) != d.content_hash]
        wanted = _worth_their_pages(self._house, fresh)
        if pages := self._pages(wanted):
            chosen = {d.document_id for d in wanted}
            marked = [with_page(d, pages[d.url]) if d.document_id in chosen and d.url in pages else d for d in marked]
            # With the text of its page a document may turn out to be one that is kept under another id.
            return Load(marked, visits)
        return Load(marked, visits, known)

    def _marked(self, document: Document) -> Document:
        memory = self._collected.memories.get(document.source_id)
        is_visited = memory is not None and memory.last_body_at is not None
        if is_visited and document.published_at and self._as_of - document.published_at > _RESURFACED:
            return replace(document, flags=(*document.flags, "resurfaced"))
        return document

    def _pages(self, wanted: Sequence[Document]) -> dict[str, Payload]:
        """Pages of these documents by address, of each host only so many a night."""
        by_host: dict[str, list[str]] = defaultdict(list)
        for document in wanted:
            by_host[host_of(document.url)].append(document.url)
        fetching, as_of = self._house.settings.runtime.fetching, self._as_of
        errands = []
        for host, urls in by_host.items():
            chosen = list(dict.fromkeys(urls))[: fetching.pages_per_host - self._pages_by_host[host]]
            self._pages_by_host[host] += len(chosen)
            errands += [chosen] if chosen else []

        def attempt(urls: list[str]) -> dict[str, Payload]:
            return fetch_pages(urls, fetching, now=as_of)

        pages: dict[str, Payload] = {}
        for found in self._engine.map("pages", attempt, errands, retries=0, wait_s=0):
            if isinstance(found, dict):
                pages |= found
        self._collected.pages += len(pages)
        return pages


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Reading feeds makes a million small things and no cycles: to look for some takes a tenth of the time.

    Off over all loads: whoever is switched on again between two of them looks at every document of the one.
    """
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


def _is_below_quorum(house: House, run_id: str) -> bool:
    """Whether too few sources answered for the night to be whole, those included that it asked before it was killed."""
    states = house.warehouse.sources.states_in(run_id)
    return sum(state in ANSWERED for state in states) < house.settings.runtime.quorum * len(states)


def key_of(source: Source) -> str:
    """The key of a source from the environment; empty when there is none."""
    return os.environ.get(source.key_env, "") if source.key_env else ""


def _visited(
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


def _worth_their_pages(house: House, documents: Sequence[Document]) -> list[Document]:
    """Only those that name a platform, or come from an authority and may name one further down."""
    chosen = house.settings.runtime.fetching.pages_from
    names_platform = house.reader.names_platform
    return [
        d
        for d in documents
        # Aggregators link to a page of their own, or to tokens that only a browser resolves.
        if d.url
        and d.text_quality != "feed_content"
        and d.source_kind not in ("aggregator", "social")
        and (not chosen or host_of(d.url) in chosen)
        and (d.source_kind == "official" or names_platform(d))
    ]


def keep(house: House, collected: Collected, as_of: datetime, report: RunReport) -> None:
    """Store what came in, load by load, in one transaction: documents, measurements, payloads, memory and health.

    A validator must never outlive the documents it stands for: 304 would hide them for good.
    """
    warehouse = house.warehouse
    new: set[str] = set()
    visits: list[tuple[SourceHealth, SourceMemory]] = []
    counts: Counter[str] = Counter()
    with warehouse.intake(), _no_cycles():
        for load in collected.loads:
            # Loads come last sources first.
            visits[:0] = _keep_load(house, load, collected.memories, new, counts, as_of)
            # The next one is read while this name would still hold it.
            del load
        if visits:
            warehouse.sources.record(report.run_id, visits)
            forget_answers(warehouse.con, as_of, periods_of(house.settings.runtime))
    health = [one for one, _ in visits]
    collected.is_degraded = collected.is_degraded or _is_below_quorum(house, report.run_id)
    report.counts |= {
        "sources_tried": len(health),
        "sources_failed": sum(one.state not in ANSWERED for one in health),
        "sources_without_key": collected.without_key,
        "documents": counts["documents"],
        "documents_new": len(new),
        "documents_changed": counts["changed"],
        "pages": collected.pages,
        "measurements": counts["measurements"],
    }
    report.problems += _problems(health, collected.memories)
    if collected.is_degraded:
        report.problems.append("fewer sources answered than the quorum asks for: nothing may improve tonight")


def _keep_load(
    house: House, load: Load, memories: Mapping[str, SourceMemory], new: set[str], counts: Counter[str], as_of: datetime
) -> list[tuple[SourceHealth, SourceMemory]]:
    """Store one load and give what is to be recorded of its sources; ``new`` gets the ids of documents that are."""
    warehouse = house.warehouse
    measured = [one for visit in load.visits for one in visit.harvest.measurements]
    intake = warehouse.documents.store(load.documents, load.known)
    new.update(intake.new)
    warehouse.sources.keep_payloads(v.payload for v in load.visits if v.payload)
    warehouse.sources.keep_measurements(measured, as_of)
    counts["documents"] += sum(len(v.harvest.documents) for v in load.visits) or len(load.documents)
    counts["changed"] += len(intake.changed)
    counts["measurements"] += len(measured)
    return list(_settled(load, memories, new, as_of))


def _problems(health: Sequence[SourceHealth], memories: Mapping[str, SourceMemory]) -> list[str]:
    failed = [one for one in health if one.state not in ANSWERED]
    thin = [one for one in health if one.state == "empty" and one.detail]
    silent = [one for one in health if _is_newly_silent(one, memories.get(one.source_id))]
    return [f"{one.source_id}: {one.state} {one.detail}".strip() for one in (*failed, *thin, *silent)]


def _is_newly_silent(health: SourceHealth, memory: SourceMemory | None) -> bool:
    """Silence is told once, when it begins: it may be a source that died politely."""
    return health.state in ("stale", "undated") and (memory is None or memory.state != health.state)


def _settled(
    load: Load, memories: Mapping[str, SourceMemory], new: set[str], as_of: datetime
) -> Iterable[tuple[SourceHealth, SourceMemory]]:
    for visit in load.visits:
        count = len(new.intersection([document.document_id for document in visit.harvest.documents]))
        health = replace(visit.health, new_documents=count + len(visit.harvest.measurements))
        memory = memories.get(visit.source.id) or SourceMemory(visit.source.id, interval_min=visit.source.poll_minutes)
        after = remembered(
            memory, health, visit.validators, as_of, poll_min=visit.source.poll_minutes, asked_wait=visit.asked_wait
        )
        yield health, after
