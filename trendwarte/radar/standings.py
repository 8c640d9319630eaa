"""What is known of every name that texts introduced: how far it is a social service, who speaks of it, since when, and
how much more than before.

Pure. A night has a few dozen names; a query of ten parts for them costs more to plan than these sums (decision 0025).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import log, prod

from trendwarte.radar.candidates import Standing
from trendwarte.rules import Discovery

_SOCIAL = frozenset({"social", "rival", "move"})
_NEVER = 1e-9
# Up to here a text takes the name for known ("a video on N.", contexts.py): that says what it is, not that it is new.
_TAKEN_FOR_KNOWN = 0.35


@dataclass(frozen=True, slots=True)
class Introduction:
    """One text that says what a name is.

    ``kind`` is social, rival or move (a social service, one beside another, one people move to), plain (a mere app) or
    other; ``weight``, 0-1, is how far the text alone attests that it is a social service.
    """

    name_key: str
    document_id: str
    kind: str
    name: str
    weight: float
    origin: str
    seen_on: date


@dataclass(frozen=True, slots=True)
class Mention:
    """One text that names it."""

    name_key: str
    outlet: str
    origin: str
    seen_on: date


@dataclass(frozen=True, slots=True)
class Volume:
    """What an outlet brought within the history: its first day, its texts of the last ``established_days``, and those
    before."""

    first_day: date
    now: int
    before: int


def standings_of(
    said: Iterable[Introduction], named: Iterable[Mention], volumes: Mapping[str, Volume], day: date, rules: Discovery
) -> Iterator[Standing]:
    """Standings on ``day`` in the order of the keys.

    An outlet is compared with itself only, and its own history comes first: feeds that are added or lost overnight
    neither make a name new nor make it rise.

    Args:
        said: introductions of the history, of names that the window calls a social service.
        named: all mentions of these names.
    """
    introductions, mentions = defaultdict(list), defaultdict(list)
    for one in said:
        introductions[one.name_key].append(one)
    for mention in named:
        if mention.outlet in volumes:
            mentions[mention.name_key].append(mention)
    for key in sorted(introductions.keys() & mentions.keys()):
        yield _standing(key, introductions[key], mentions[key], volumes, day, rules)


def _standing(
    key: str, said: list[Introduction], named: list[Mention], volumes: Mapping[str, Volume], day: date, rules: Discovery
) -> Standing:
    window, settled = day - timedelta(days=rules.window_days), timedelta(days=rules.established_days)
    spellings = Counter(one.name for one in said if one.kind != "other")
    social = [one for one in said if one.kind in _SOCIAL]
    plain = [one for one in social if one.weight > _TAKEN_FOR_KNOWN]
    lately = [one for one in named if one.seen_on > window]
    seen, rise, surprise = _risen(named, volumes, day, rules)
    return Standing(
        name_key=key,
        name=max(spellings, key=lambda name: (spellings[name], name)),
        social=_attested(one for one in said if one.seen_on > window),
        social_origins=len({one.origin for one in social if one.seen_on > window}),
        # What it is called in a whole year: a streaming service stays one when somebody says "video app" once.
        said_social=len({one.document_id for one in social}),
        said_other=len({one.document_id for one in said if one.kind == "other"}),
        said_lately=len({one.document_id for one in social if one.seen_on > window}),
        introduced=_attested(one for one in plain if one.seen_on > window),
        said_plainly=len({one.document_id for one in plain if one.seen_on > window}),
        introduced_on=min((one.seen_on for one in plain), default=None),
        documents=len(lately),
        outlets=len({one.origin for one in lately}),
        established=len({one.origin for one in lately if one.seen_on >= volumes[one.outlet].first_day + settled}),
        first_seen_on=min(one.seen_on for one in named),
        last_seen_on=max(one.seen_on for one in named),
        seen_now=seen,
        rise=rise,
        surprise=surprise,
    )


def _attested(said: Iterable[Introduction]) -> float:
    """Noisy-or over independent origins: a second outlet that says the same counts, a second copy does not; 0-1."""
    weights: dict[str, float] = {}
    for one in said:
        weights[one.origin] = max(weights.get(one.origin, 0.0), one.weight)
    # In one order, so that a night judged again gives the same digits.
    return round(1 - prod(1 - weight for weight in sorted(weights.values())), 9)


def _risen(
    named: list[Mention], volumes: Mapping[str, Volume], day: date, rules: Discovery
) -> tuple[int, float, float]:
    """Texts of the last weeks in outlets old enough to compare, how many times their share of before, and how
    unlikely that were by chance."""
    history, lately = day - timedelta(days=rules.history_days), day - timedelta(days=rules.established_days)
    old_enough = day - timedelta(days=2 * rules.established_days)
    now, before = Counter[str](), Counter[str]()
    for one in named:
        volume = volumes[one.outlet]
        if one.seen_on > history and volume.first_day <= old_enough and volume.before > 0:
            (now if one.seen_on > lately else before)[one.outlet] += 1
    outlets = now.keys() | before.keys()
    seen, texts = now.total(), now.total() + before.total()
    if not texts:
        return 0, 1.0, 0.0
    usual = sum(volumes[o].now * before[o] / volumes[o].before for o in sorted(outlets))
    # What share of them would have come lately, had each outlet named it evenly in all its texts.
    even = sum(
        (now[o] + before[o]) * volumes[o].now / (volumes[o].now + volumes[o].before) for o in sorted(outlets)
    ) / texts  # fmt: skip
    return seen, (seen + 0.5) / (usual + 0.5), _surprise(seen / texts, even, texts)


def _surprise(share: float, even: float, texts: int) -> float:
    """How unlikely ``share`` (0-1) of ``texts`` is where ``even`` (0-1) is expected: Chernoff's bound in nats, 0 where
    it is no more than that; it holds for unequal outlets (Hoeffding 1956)."""
    if share <= even or even >= 1:
        return 0.0
    rest = (1 - share) * log((1 - share) / (1 - even)) if share < 1 else 0.0
    return texts * (share * log(share / max(even, _NEVER)) + rest)
