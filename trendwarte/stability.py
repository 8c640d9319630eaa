"""How still the bands of a back-test lie, and what that costs in time (docs/method.md, "Evaluation")."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from trendwarte.floors import rank
from trendwarte.measuring import BandMove, Observed, concerns
from trendwarte.rules import Scoring
from trendwarte.settings import Client, Jurisdiction
from trendwarte.suitability import Nights, first_band, next_nights
from trendwarte.vocabulary import Band

_REVERSAL_DAYS = 30
_LEDGER_CAUSE_DAYS = 35
_LASTING_DAYS = 14


def stability_figures(
    seen: Observed, years: float, clients: Mapping[str, Client], jurisdictions: Mapping[str, Jurisdiction]
) -> dict[str, Any]:
    """Band changes per client, platform and purpose in a year without a step of the ledger before, and reversals.

    Only a step in a market of the client prompts: a ban in India moves no band in Germany.
    """

    def is_prompted(move: BandMove) -> bool:
        return any(
            row.platform in (move.platform, "all_social")
            and 0 <= (move.on - row.known_from.date()).days <= _LEDGER_CAUSE_DAYS
            and concerns(row.jurisdiction, clients[move.client], jurisdictions)
            for row in seen.ledger
        )

    moves: dict[tuple[str, str, str], list[BandMove]] = defaultdict(list)
    for move in seen.moves:
        moves[move.client, move.platform, move.purpose].append(move)
    pairs = max(1, len(seen.scored))
    unprompted = Counter((m.client, m.platform, m.purpose) for ms in moves.values() for m in ms if not is_prompted(m))
    reversals = sum(
        later.to_band == earlier.from_band and (later.on - earlier.on).days <= _REVERSAL_DAYS
        and not is_prompted(later)
        for ms in moves.values()
        for earlier, later in pairwise(ms)
    )  # fmt: skip
    total = sum(len(ms) for ms in moves.values())
    return {
        "pairs": pairs,
        "changes": total,
        "changes_per_pair_year": round(total / pairs / years, 3),
        "unprompted_per_pair_year": round(sum(unprompted.values()) / pairs / years, 3),
        "worst_pair_unprompted_per_year": round(max(unprompted.values(), default=0) / years, 2),
        "worst_pair": " ".join(unprompted.most_common(1)[0][0]) if unprompted else "",
        "reversals": reversals,
        "reversal_share": round(reversals / total, 4) if total else 0.0,
    }


def trade_off(seen: Observed, scoring: Scoring, years: float) -> dict[str, float]:
    """Band changes per pair and year, and nights a lasting fall waits, under other triggers on the same scores.

    A fall is lasting when the score comes to lie below the middle of a boundary and stays there for two weeks. It has
    waited until the band lies below that boundary, too; where none ever does, as long as the score stayed.
    """
    changes, waits = 0, []
    for nights in seen.scored.values():
        scores = [(night.on, night.score) for night in nights if night.score is not None]
        bands = _bands_under(scores, scoring)
        changes += sum(before != after for before, after in pairwise(bands))
        for boundary in scoring.boundaries:
            middle = (boundary.leave + boundary.enter) / 2
            for first, end in _lasting_falls(scores, middle):
                moved = next((n for n in range(first, end) if rank(bands[n]) < rank(boundary.band)), end)
                waits.append((scores[min(moved, end - 1)][0] - scores[first][0]).days)
    return {
        "changes_per_pair_year": round(changes / max(1, len(seen.scored)) / years, 3),
        "mean_wait_nights": round(sum(waits) / len(waits), 2) if waits else 0.0,
        "falls": len(waits),
    }


def _bands_under(scores: Sequence[tuple[date, float]], scoring: Scoring) -> list[Band]:
    found: list[Nights] = []
    for _, score in scores:
        found.append(next_nights(found[-1], score, scoring) if found else Nights(first_band(score, scoring.boundaries)))
    return [night.band for night in found]


def _lasting_falls(scores: Sequence[tuple[date, float]], middle: float) -> Iterator[tuple[int, int]]:
    """First night and the night behind the last of each long stay below ``middle`` that began above it."""
    first: int | None = None
    for n in range(1, len(scores) + 1):
        is_below = n < len(scores) and scores[n][1] < middle
        if is_below and first is None and scores[n - 1][1] >= middle:
            first = n
        elif not is_below and first is not None:
            if (scores[n - 1][0] - scores[first][0]).days >= _LASTING_DAYS - 1:
                yield first, n
            first = None
