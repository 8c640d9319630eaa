"""How much one signal weighs, and who independently said it (docs/method.md, "Evidence")."""

import re
from collections.abc import Mapping
from functools import lru_cache

from trendwarte.rules import Scoring
from trendwarte.settings import Outlet
from trendwarte.types import Document, Signal
from trendwarte.vocabulary import SourceKind

# "BERLIN (dpa) -", "(Reuters)", "Quelle: dpa": the credit stands at the head or the foot of a text.
_BYLINE = re.compile(r"\(([\w./&, -]{2,40})\)|(?:Quelle|Source|Von|By):?\s+([\w./-]{2,24})")
_HEAD_CHARS = 160
_FOOT_CHARS = 80
_EXCLUDED_KINDS = frozenset({"satire", "social"})


def weight(signal: Signal, source_kind: SourceKind, scoring: Scoring, *, is_recap: bool) -> float:
    """Weight q of a signal, 0-1: base x source grade x factuality x role x confidence.

    A denial weighs as much as an assertion by the same source: it feeds D of its event, not S.
    Old news told again, satire and user platforms weigh nothing.
    """
    if is_recap or source_kind in _EXCLUDED_KINDS:
        return 0.0
    factuality = "asserted" if signal.factuality in ("denied", "retracted") else signal.factuality
    q = (
        scoring.signal_base
        * scoring.source_weights.get(source_kind, 0.0)
        * scoring.factuality_weights.get(factuality, 0.0)
        * scoring.role_weights.get(signal.role, 0.0)
        * signal.confidence
    )
    return min(1.0, max(0.0, q))


class Origins:
    """Finds out who independently told a story: the credited agency, else the owner of the outlet."""

    def __init__(self, outlets: Mapping[str, Outlet]) -> None:
        self._by_name: dict[str, str] = {}
        for outlet in outlets.values():
            origin = (outlet.owner or outlet.id).casefold()
            for name in (outlet.id, *outlet.names):
                self._by_name[name.casefold()] = origin

    def of(self, document: Document) -> str:
        """Origin of a document; copies of one agency text share it, however many outlets print them."""
        own = self._known(document.outlet) or document.outlet.casefold() or document.source_id
        for credit in _credits(document.summary, document.text):
            if (wire := self._known(credit)) and wire != own:
                return wire
        return own

    def _known(self, name: str) -> str | None:
        return self._by_name.get(name.strip().casefold())


@lru_cache(maxsize=256)
def _credits(summary: str, text: str) -> tuple[str, ...]:
    found: list[str] = []
    for body in (summary, text):
        # Head and foot only: an agency quoted in the middle is a witness, not the author.
        for part in (body[:_HEAD_CHARS], body[-_FOOT_CHARS:]):
            for match in _BYLINE.finditer(part):
                found += re.split(r"[/,]", match[1] or match[2])
    return tuple(found)
