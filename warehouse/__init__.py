"""Everything is kept: one DuckDB file, all SQL, the scores, and the published read-only copy."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from warehouse.asking import QueryError, examples, open_published, query, query_to_file, search
from warehouse.brief import brief_facts
from warehouse.cases import Events, LedgerRows
from warehouse.checks import CheckResult, run_checks
from warehouse.connection import Connection, on_one_thread, open_writer, transaction
from warehouse.dictionary import described, dictionary
from warehouse.digest import digest_facts, operator_facts
from warehouse.documents import Documents, published_or_seen
from warehouse.evidence import EvidenceDays, evidence_days, evidence_days_of_events
from warehouse.explained import explained
from warehouse.exporting import export
from warehouse.lake import Batch, Call, Gathered, Lake, LakePlace
from warehouse.maintenance import compacted, newest_schema, schema_of
from warehouse.momentum import judge_momentum, latest_standings, measure_momentum
from warehouse.observed import observed
from warehouse.outbox import Outbox
from warehouse.publish import publish, published_night
from warehouse.radar import RadarRows
from warehouse.radar_brief import radar_lines
from warehouse.retention import Periods, erase, forget_answers, forget_old
from warehouse.runs import Runs, load_configuration
from warehouse.scoring import score_risk
from warehouse.source_states import SourceStates
from warehouse.verdicts import Verdicts

__all__ = [
    "Batch",
    "Call",
    "CheckResult",
    "EvidenceDays",
    "Gathered",
    "Lake",
    "LakePlace",
    "Periods",
    "QueryError",
    "Warehouse",
    "brief_facts",
    "compacted",
    "described",
    "dictionary",
    "digest_facts",
    "erase",
    "evidence_days",
    "evidence_days_of_events",
    "examples",
    "explained",
    "export",
    "forget_answers",
    "forget_old",
    "judge_momentum",
    "latest_standings",
    "load_configuration",
    "measure_momentum",
    "newest_schema",
    "observed",
    "open_published",
    "operator_facts",
    "publish",
    "published_night",
    "published_or_seen",
    "query",
    "query_to_file",
    "radar_lines",
    "run_checks",
    "schema_of",
    "score_risk",
    "search",
]


class Warehouse:
    """The open warehouse and its shelves. One process writes; use it as a context manager."""

    def __init__(self, path: Path, note: Callable[[str], None] = lambda _: None) -> None:
        self.con: Connection = open_writer(path, note)
        self.runs = Runs(self.con)
        self.sources = SourceStates(self.con)
        self.documents = Documents(self.con)
        self.events = Events(self.con)
        self.ledger = LedgerRows(self.con)
        self.verdicts = Verdicts(self.con)
        self.outbox = Outbox(self.con)
        self.radar = RadarRows(self.con)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        try:
            with transaction(self.con):
                yield
        except BaseException:
            self.verdicts.read_anew()
            raise

    @contextmanager
    def intake(self) -> Iterator[None]:
        """A transaction that brings many rows in."""
        with on_one_thread(self.con), transaction(self.con):
            yield

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.con.close()
