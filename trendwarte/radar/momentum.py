"""Where a watched platform stands in its hype, and what that means for somebody who thinks of joining."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from trendwarte.rules import Momentum
from trendwarte.settings import Jurisdiction, Platform

Stage = Literal["dormant", "spark", "hype", "sustained", "fading"]
#: From what keeps a client away to what does not; the most cautious stage of a client's markets counts.
_CAUTION: tuple[Stage, ...] = ("fading", "spark", "hype", "dormant", "sustained")


@dataclass(frozen=True, slots=True)
class Standing:
    """The stage of one platform in one market.

    ``durability`` is Q: attention of the last four weeks against the peak week (1 = all of it stayed), None until five
    weeks after the peak. ``bursting`` names the inputs that burst lately, ``inputs`` counts those that exist.
    """

    platform: str
    market: str
    stage: Stage
    stage_since: date
    spark_on: date | None
    peak_on: date | None
    durability: float | None
    inputs: int
    bursting: str = ""


def stage_in(
    standings: Iterable[Standing], markets: Iterable[str], jurisdictions: Mapping[str, Jurisdiction]
) -> Standing | None:
    """The most cautious standing that holds in one of ``markets``: that of the market itself or of a place above it."""
    places = {place for market in markets for place in _with_parents(market, jurisdictions)} | {"GLOBAL"}
    held = [one for one in standings if one.market in places]
    return min(held, key=lambda one: (_CAUTION.index(one.stage), one.market), default=None)


def _with_parents(place: str | None, jurisdictions: Mapping[str, Jurisdiction]) -> Iterable[str]:
    while place is not None:
        yield place
        known = jurisdictions.get(place)
        place = known.parent if known else None


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a platform's attention in one market rests on: how many inputs, and which of them are ``bursting``.

    ``loud`` counts those that burst since the last judged night, the days before it included that a burst is held.
    """

    platform: str
    market: str
    count: int
    loud: int
    bursting: str


def unmoved(
    before: Iterable[Standing], inputs: Iterable[Inputs], established: Iterable[str], on: date, rules: Momentum
) -> list[Standing] | None:
    """Tonight's standings when no stage can have changed, else None: then bursts and durability must be looked at.

    Calm is a night on which nobody is in a spark or a hype, and nobody who could begin one bursts in enough inputs. How
    much is left of what fades is looked at once a week.
    """
    last, kept = {(one.platform, one.market): one for one in before}, frozenset(established)
    found = []
    for one in inputs:
        old = last.get((one.platform, one.market)) or Standing(
            one.platform, one.market, "sustained" if one.platform in kept else "dormant", on, None, None, None, 0
        )
        days = (on - old.stage_since).days
        is_settled = old.stage == "sustained" and old.spark_on is None
        is_over = old.stage == "dormant" or (old.stage == "fading" and days % 7 and days < rules.dormant_days)
        if not (is_settled or (is_over and one.loud < rules.least_inputs)):
            return None
        found.append(replace(old, inputs=one.count, bursting=one.bursting))
    return found


def established(platforms: Mapping[str, Platform], on: date) -> list[str]:
    """Platforms of which it is known that they kept their audience, and have not lost it since."""
    return [
        p.id for p in platforms.values()
        if p.sustained_from and p.sustained_from <= on and not (p.fading_from and p.fading_from <= on)
    ]  # fmt: skip


def new_sparks(before: Sequence[Standing], after: Sequence[Standing]) -> list[Standing]:
    """Platforms and markets whose spark is new tonight."""
    old = {(one.platform, one.market): one.spark_on for one in before}
    return [
        one for one in after
        if one.stage == "spark" and one.spark_on is not None and old.get((one.platform, one.market)) != one.spark_on
    ]  # fmt: skip
