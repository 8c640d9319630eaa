"""What can be named as the cause of a changed band: a step of the law, or one grave event that is new.

A band that moves because many small reports add up has none: true, and no reason to call anybody (docs/decisions/0026).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trendwarte.floors import governs, rank
from trendwarte.settings import AlertRules, Client, Jurisdiction
from trendwarte.types import Event, Floor, LegalStatus, Verdict

#: This floor follows the risk of data, so it needs the cause that the risk has; the others are facts of their own.
_FLOOR_OF_RISK = "F7"
_WORLD = frozenset({"GLOBAL", "none", ""})
_TERM_POINTS = 1.0


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as far as it was told: when the first and the last report came that count for something."""

    event: Event
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Lately:
    """What the last days brought: steps of the ledger and events that reports joined, both after ``since``.

    ``since`` reaches back over ``cause_days``, and further where nights were missed: to the last one before those that
    confirm a fall. Events are asked for only where a band changed.
    """

    since: datetime
    steps: Sequence[LegalStatus] = ()
    heard: Sequence[Heard] = ()


def steps_for(
    client: Client, platform: str, steps: Iterable[LegalStatus], jurisdictions: Mapping[str, Jurisdiction]
) -> list[LegalStatus]:
    """Steps of the ledger about a platform that hold in a market of the client."""
    return [
        s
        for s in steps
        if s.platform in (platform, "all_social")
        and any(governs(jurisdictions, s.jurisdiction, m.jurisdiction) for m in client.markets)
    ]


def is_lawful(before: Verdict, after: Verdict, recent: Sequence[LegalStatus]) -> bool:
    """Whether law, or a fact about the service, moved the band: a step of the last days, or a limit that came nearer.

    A rise needs the step: a limit that eases because a date passed unheard of is nobody's news.
    """
    if recent:
        return True
    if rank(after.band) > rank(before.band):
        return False
    old = {_key(floor) for floor in before.floors}
    return any(
        floor.rule != _FLOOR_OF_RISK and _key(floor) not in old and rank(after.band) <= rank(floor.cap)
        for floor in after.floors
    )


def _key(floor: Floor) -> tuple[str, str, str, str]:
    return floor.rule, floor.jurisdiction, floor.instrument, floor.cap


def grave_events(
    client: Client, after: Verdict, lately: Lately, jurisdictions: Mapping[str, Jurisdiction], rules: AlertRules
) -> list[Event]:
    """New events that by themselves are reason enough to look again, the gravest first.

    Grave is what is severe and believed and what the market hears of: told officially, or by three origins of ten.
    """
    weighing = {
        term.name.partition(":")[0] for term in after.terms if term.kind == "risk" and -term.points >= _TERM_POINTS
    }
    found = [
        one.event
        for one in lately.heard
        if one.event.platform == after.platform
        and one.first_at > lately.since
        and one.event.dimension in weighing
        and one.event.polarity == "negative"
        and one.event.factuality == "asserted"
        and one.event.reach >= 1
        and _gravity(one.event) >= rules.cause_gravity
        and _is_felt(one.event, client, jurisdictions)
    ]
    return sorted(found, key=lambda event: (-_gravity(event), event.event_id))


def _gravity(event: Event) -> float:
    return event.severity / 5 * event.credibility


def _is_felt(event: Event, client: Client, jurisdictions: Mapping[str, Jurisdiction]) -> bool:
    return event.jurisdiction in _WORLD or any(
        governs(jurisdictions, event.jurisdiction, m.jurisdiction) for m in client.markets
    )


def is_reported(after: Verdict, heard: Iterable[Heard], since: datetime) -> bool:
    """Whether any event behind the score was told of anew after ``since``."""
    behind = {event_id for term in after.terms for event_id in term.event_ids}
    return any(one.last_at > since and one.event.event_id in behind for one in heard)
