"""Steps 2, 3 and 5 on several machines: each worker fetches, parses and reads a batch of sources into the lake.

The judging process hands out batches and takes what they brought from the lake; keeping, judging and publishing stay
its own (docs/decisions/0023).
"""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

from flows.collect import Collected, Load, Visit, collect, due_sources
from flows.engine import Engine, PlainEngine
from flows.house import House, lake_of, now
from sources import Harvest
from trendwarte.errors import WarehouseError
from trendwarte.evidence import Origins
from trendwarte.reading import READER_VERSION, Reader, Watchlist
from trendwarte.settings import Settings, Source
from trendwarte.types import Document, Reading, RunReport, SourceMemory
from warehouse import Batch, Call, Lake

#: Several batches per worker, so that a slow host holds up a part of the night and not the whole.
_BATCHES = 8


@dataclass(frozen=True)
class Errand:
    """One batch for a worker; ``settings`` know only the sources of the batch."""

    id: str
    run_id: str
    settings: Settings
    memories: Mapping[str, SourceMemory]
    as_of: datetime


class NotedReader(Reader):
    """A reader that takes a reading as it is when a worker with the same rules made it of the same text."""

    def __init__(self, watchlist: Watchlist) -> None:
        super().__init__(watchlist)
        self._noted: dict[tuple[str, str], Reading] = {}

    def note(self, documents: Sequence[Document], readings: Sequence[Reading]) -> None:
        """Remember what workers read."""
        hashes = {d.document_id: d.content_hash for d in documents}
        self._noted |= {(r.document_id, hashes[r.document_id]): r for r in readings if r.document_id in hashes}

    def read_all(self, documents: Sequence[Document]) -> list[Reading]:
        """See ``Reader.read_all``."""
        noted = [self._noted.get((one.document_id, one.content_hash)) for one in documents]
        read = iter(super().read_all([one for one, known in zip(documents, noted, strict=True) if known is None]))
        return [known or next(read) for known in noted]


def gather_on_workers(house: House, as_of: datetime, engine: Engine, report: RunReport) -> Collected:
    """Have all due sources collected and read into the lake, and give what came in.

    A night that runs again hands out only the batches that did not come through.

    Raises:
        WarehouseError: the lake cannot be reached, or a batch failed on every worker.
    """
    due, without_key, memories = due_sources(house, as_of)
    with lake_of(house.settings) as lake:
        errands = [e for e in _errands(house, report.run_id, due, memories, as_of) if not lake.has(e.id)]
        answers = engine.map("gather", gather, errands, retries=2, wait_s=1)
        failed = [answer for answer in answers if isinstance(answer, Exception)]
        if failed:
            raise WarehouseError(f"{len(failed)} of {len(errands)} batches did not come through: {failed[0]}")
        found = lake.gathered(report.run_id, READER_VERSION)
    if isinstance(house.reader, NotedReader):
        house.reader.note(found.documents, found.readings)
    by_id = {document.document_id: document for document in found.documents}
    visits = [_visit(house.settings.sources[c.source_id], c, by_id) for c in found.calls]
    return Collected([Load(found.documents, visits)], memories, without_key)


def gather(errand: Errand) -> str:
    """On a worker: fetch, parse and read the sources of one batch, and put all of it into the lake; gives the id."""
    with lake_of(errand.settings) as lake:
        if lake.has(errand.id):
            return errand.id
        collected = collect(_desk(errand, lake), errand.as_of, PlainEngine(errand.settings.runtime.fetching.workers))
        # A batch is put down as one; its loads come in the wrong order.
        loads = list(collected.loads)[::-1]
        documents = tuple(document for load in loads for document in load.documents)
        fresh = lake.arriving(documents, errand.id)
        reader = _reader(errand.settings.fingerprint, errand.settings)
        batch = Batch(
            errand.id, errand.run_id, f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}",
            tuple(_call(visit) for load in loads for visit in load.visits), documents,
            tuple(reader.read_all([d for d in documents if d.document_id in fresh])),
        )  # fmt: skip
        lake.put(batch, READER_VERSION, now())
    return errand.id


def _errands(
    house: House, run_id: str, due: Sequence[Source], memories: Mapping[str, SourceMemory], as_of: datetime
) -> list[Errand]:
    """Batches by host, so that one worker keeps the pace that a host may be asked at."""
    by_host: dict[str, list[Source]] = {}
    for source in due:
        by_host.setdefault(source.url.split("/", 3)[2] if "//" in source.url else source.url, []).append(source)
    lots: list[list[Source]] = [[] for _ in range(min(_BATCHES, max(1, len(by_host))))]
    for sources in sorted(by_host.values(), key=len, reverse=True):
        min(lots, key=len).extend(sources)
    return [
        Errand(
            f"{run_id}-{min(source.id for source in lot)}", run_id,
            house.settings.model_copy(update={"sources": {source.id: source for source in lot}}),
            {source.id: memories[source.id] for source in lot if source.id in memories}, as_of,
        )
        for lot in lots
        if lot
    ]  # fmt: skip


def _desk(errand: Errand, lake: Lake) -> House:
    """What ``collect`` needs of a house: its memory comes with the errand, its documents lie in the lake."""
    shelves = SimpleNamespace(
        sources=SimpleNamespace(memories=lambda: errand.memories),
        documents=SimpleNamespace(known=partial(_known, lake, errand)),
    )
    reader = _reader(errand.settings.fingerprint, errand.settings)
    house = SimpleNamespace(
        settings=errand.settings, state=Path(), warehouse=shelves, reader=reader,
        origins=Origins(errand.settings.outlets),
    )  # fmt: skip
    return cast(House, house)


def _known(lake: Lake, errand: Errand, documents: Sequence[Document]) -> dict[str, str]:
    fresh = lake.arriving(documents, errand.id)
    return {d.document_id: d.content_hash for d in documents if d.document_id not in fresh}


_readers: dict[str, Reader] = {}


def _reader(fingerprint: str, settings: Settings) -> Reader:
    """One reader per process and configuration: it takes a second to build."""
    if fingerprint not in _readers:
        _readers[fingerprint] = Reader(Watchlist.from_settings(settings))
    return _readers[fingerprint]


def _call(visit: Visit) -> Call:
    return Call(
        visit.source.id, visit.health, visit.validators,
        visit.asked_wait.total_seconds() if visit.asked_wait else None, visit.payload,
        tuple(d.document_id for d in visit.harvest.documents), tuple(visit.harvest.measurements),
    )  # fmt: skip


def _visit(source: Source, call: Call, by_id: Mapping[str, Document]) -> Visit:
    wait = timedelta(seconds=call.asked_wait_s) if call.asked_wait_s is not None else None
    harvest = Harvest(tuple(by_id[key] for key in call.document_ids if key in by_id), call.measurements)
    return Visit(source, call.health, call.validators, wait, call.payload, harvest)
