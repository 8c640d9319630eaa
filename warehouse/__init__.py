"""Everything is kept: one DuckDB file, all SQL, the scores, and the published read-only copy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from warehouse.brief import brief_facts
from warehouse.cases import Events, LedgerRows
from warehouse.connection import Connection, open_writer, transaction
from warehouse.documents import Documents, published_or_seen
from warehouse.explained import explained
from warehouse.observed import observed
from warehouse.outbox import Outbox
from warehouse.publish import QueryError, export, publish, published_night, query
from warehouse.runs import Runs, load_configuration
from warehouse.scoring import drivers, score_risk
from warehouse.source_states import SourceStates
from warehouse.verdicts import Verdicts

__all__ = [
    "QueryError",
    "Warehouse",
    "brief_facts",
    "drivers",
    "explained",
    "export",
    "load_configuration",
    "observed",
    "publish",
    "published_night",
    "published_or_seen",
    "query",
    "score_risk",
]


class Warehouse:
    """The open warehouse and its shelves. One process writes; use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self.con: Connection = open_writer(path)
        self.runs = Runs(self.con)
        self.sources = SourceStates(self.con)
        self.documents = Documents(self.con)
        self.events = Events(self.con)
        self.ledger = LedgerRows(self.con)
        self.verdicts = Verdicts(self.con)
        self.outbox = Outbox(self.con)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        with transaction(self.con):
            yield

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.con.close()
