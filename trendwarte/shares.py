"""Two nights compared by what moved, not by who carries which share.

The worst dimension carries the index's share of the maximum, and one market may speak for all (docs/method.md). Where
another takes over, whoever had the share before did not improve: it is counted as the taker's on both nights. The sums
of both nights stay exact.
"""

from collections.abc import Iterable, Mapping, Sequence

from trendwarte.rules import Scoring
from trendwarte.settings import Client
from trendwarte.types import Term

Points = Mapping[str, float]


def carried_over(before: Sequence[Term], after: Sequence[Term], client: Client, scoring: Scoring) -> tuple[Term, ...]:
    """Last night's terms with the shares as they are tonight."""
    fits, old = _fit_carried_over(before, after)
    new = {term.name: term.points for term in after if term.kind == "risk"}
    if not (old and new):
        return tuple(before)
    by_market = _market_handed_over(old, new, client)
    shared = _peak_handed_over(by_market, new, scoring)
    if _places(old) != _places(new):
        # What the change of market leaves over is the doing of what moved most.
        taker = max(new, key=lambda name: abs(new[name] - shared.get(name, 0.0)))
        if abs(new[taker] - shared.get(taker, 0.0)) < 1e-9:
            taker = _worst(new, _places(new) - _places(old)) or _worst(old, _places(old) - _places(new)) or taker
        shared[taker] = shared.get(taker, 0.0) + sum(old.values()) - sum(shared.values())
    return (*fits, *(Term("risk", name, points) for name, points in shared.items()))


def _fit_carried_over(before: Sequence[Term], after: Sequence[Term]) -> tuple[tuple[Term, ...], dict[str, float]]:
    """Old terms of fit and old points of risk, as risks take from tonight's fit.

    A risk takes a share of the fit: where the fit falls it takes less, which is the doing of the criterion that fell.
    """
    fits = {term.name: term.points for term in before if term.kind == "fit"}
    risks = {term.name: term.points for term in before if term.kind == "risk"}
    now = {term.name: term.points for term in after if term.kind == "fit"}
    was, total = sum(fits.values()), sum(now.values())
    if was > 0 and total > 0 and abs(total - was) > 1e-9:
        mover = max(fits.keys() | now.keys(), key=lambda name: (abs(now.get(name, 0.0) - fits.get(name, 0.0)), name))
        carried = {name: points * total / was for name, points in risks.items()}
        fits[mover] = fits.get(mover, 0.0) + sum(risks.values()) - sum(carried.values())
        risks = carried
    return tuple(Term("fit", name, points) for name, points in fits.items()), risks


def _market_handed_over(old: Points, new: Points, client: Client) -> dict[str, float]:
    """Old points by the markets of the new night, where one market spoke for all on one of the two.

    A market that was not heard on one of them is taken not to have moved.
    """
    was, now = _places(old), _places(new)
    if was == now or min(len(was), len(now)) > 1:
        return dict(old)
    weights = {market.jurisdiction: market.weight for market in client.markets}
    factor = 1.0
    if len(was) != len(now) and (one := (was & now)) and one <= weights.keys():
        weight = weights[next(iter(one))]
        factor = weight if len(was) == 1 else 1 / weight
    return {name: old[name] * factor if name in old else points for name, points in new.items()}


def _peak_handed_over(old: Points, new: Points, scoring: Scoring) -> dict[str, float]:
    """Old points, the share of the maximum moved in each market to the dimension that is the worst one now.

    A maximum that grew is the taker's doing; one that shrank that of the dimension that let it go.
    """
    found = dict(old)
    for market in _places(new):
        was, now = _worst(old, [market]), _worst(new, [market])
        if was and was != now:
            share = max(_share_of_maximum(was, old, scoring), _share_of_maximum(now, new, scoring))
            found[was] -= share
            found[now] = found.get(now, 0.0) + share
    return found


def _share_of_maximum(worst: str, points: Points, scoring: Scoring) -> float:
    """The part of a term that it has for being the worst of its market."""
    mean = next(share for dimension, share in scoring.mean_shares().items() if worst.startswith(f"{dimension}:"))
    return points[worst] * scoring.index_max_share / (scoring.index_max_share + mean)


def _places(points: Points) -> set[str]:
    return {name.partition(":")[2] for name in points}


def _worst(points: Points, places: Iterable[str]) -> str:
    """What deducts most in some places: in one market, the dimension that carries the maximum."""
    here = [name for name in points if name.partition(":")[2] in places]
    return min(here, key=lambda name: points[name], default="")
