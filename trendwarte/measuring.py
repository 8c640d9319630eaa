"""The measures of a back-test: ledger, alerts, direction of risk (docs/method.md, "Evaluation").

Pure: what was observed and what is listed go in, figures come out. Nights are days.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from trendwarte.floors import governs, rank
from trendwarte.gold import Contained, GoldEvent, Wording, expected_states, is_same_instrument, is_same_measure
from trendwarte.ledger import BAN_LIKE, TRANSITIONS
from trendwarte.rules import Scoring
from trendwarte.settings import Client, Jurisdiction
from trendwarte.types import LegalStatus
from trendwarte.vocabulary import Band

#: Cap of the band that a listed state of a ban-like measure demands; the date of a scheduled one is not listed.
_CAP_OF: dict[str, Band] = {
    "in_force": "avoid", "enforced": "avoid", "scheduled": "test", "delayed": "test", "stayed": "test",
    "non_enforced": "test", "settlement_agreed": "test",
}  # fmt: skip
_STATE_OF: dict[str, str] = {
    "block": "enforced", "restrict": "enforced", "in_force": "in_force", "self_withdraw": "in_force",
    "enact": "in_force", "schedule": "scheduled", "delay": "delayed", "stay": "stayed", "nonenforce": "non_enforced",
    "agree": "settlement_agreed",
}  # fmt: skip
#: Steps that may name a day ahead on which they take effect.
_MAY_SCHEDULE = frozenset({"enact", "block", "lift_stay", "uphold"})
_SIGN_STEP = 0.5
_LEDGER_DAYS = 7


@dataclass(frozen=True, slots=True)
class AlertSeen:
    """An alert that was sent."""

    on: date
    client: str
    platform: str
    purpose: str
    severity: str
    rule: str
    from_band: Band
    to_band: Band


@dataclass(frozen=True, slots=True)
class BandMove:
    """A change of band on one night."""

    on: date
    client: str
    platform: str
    purpose: str
    from_band: Band | None
    to_band: Band


@dataclass(frozen=True, slots=True)
class Scored:
    """One verdict of one night; ``caps`` are the caps of its floors."""

    on: date
    score: float | None
    band: Band
    raw_band: Band
    coverage: float
    caps: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class EventSeen:
    """An event of the warehouse, as far as the RepRisk formula wants it."""

    platform: str
    jurisdiction: str
    dimension: str
    on: date
    polarity: str
    severity: int
    reach: float
    novelty: float
    credibility: float


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything a replay is measured by."""

    ledger: tuple[LegalStatus, ...]
    alerts: tuple[AlertSeen, ...]
    moves: tuple[BandMove, ...]
    scored: Mapping[tuple[str, str, str], Sequence[Scored]]
    risks: Mapping[tuple[str, str], Sequence[tuple[date, float]]]
    events: tuple[EventSeen, ...]


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """An entry of an independent timeline about a platform; its text stays outside.

    ``is_ban``: it tells of a ban; ``is_legal``: of a legal step against the platform, else of something that befell it.
    """

    on: date
    platform: str
    jurisdiction: str
    is_ban: bool
    is_legal: bool = True


@dataclass(frozen=True, slots=True)
class Tally:
    """What is right of what was expected, and what was told without cause."""

    asked: int
    hit: int
    told: int
    true: int
    true_with_timeline: int
    true_with_events: int
    true_with_dates: int
    true_with_events_and_dates: int
    delays: tuple[int, ...]
    missed: tuple[str, ...]
    false: tuple[str, ...]
    by_dates: tuple[str, ...]

    def figures(self, client_months: float) -> dict[str, Any]:
        """Precision, recall and the rest, as the report prints them."""
        months = max(client_months, 1e-9)
        return {
            "expected": self.asked,
            "found": self.hit,
            "recall": _share(self.hit, self.asked),
            "sent": self.told,
            "precision_listed": _share(self.true, self.told),
            "precision": _share(self.true_with_timeline, self.told),
            "precision_any_event": _share(self.true_with_events, self.told),
            "precision_with_dates": _share(self.true_with_dates, self.told),
            "precision_any_event_with_dates": _share(self.true_with_events_and_dates, self.told),
            "false_per_client_month": round((self.told - self.true_with_timeline) / months, 3),
            "false_any_event_per_client_month": round((self.told - self.true_with_events) / months, 3),
            "median_delay_nights": median(self.delays) if self.delays else None,
            "missed": list(self.missed),
            "without_cause": list(self.false),
            "called_by_dates": list(self.by_dates),
        }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


# --- ledger ----------------------------------------------------------------------------------


def ledger_figures(
    seen: Observed, told: Mapping[str, Contained], wording: Wording, since: date = date.min
) -> dict[str, Any]:
    """State right one day after each contained legal step and within seven, controls moved, forbidden transitions.

    ``since``: rows from before it say where an instrument stood, but are no transitions of this period.
    """
    moved = [row for row in seen.ledger if row.known_from.date() >= since]
    rows = [_ledger_row(seen, one, wording) for one in told.values() if expected_states(one.event, wording)]
    controls = [_moved_control(seen, one) for one in told.values() if one.event.is_control]
    delays = [row["delay_nights"] for row in rows if row["delay_nights"] is not None]
    return {
        "steps": len(rows),
        "right_after_1_day": _share(sum(row["after_1"] for row in rows), len(rows)),
        "right_within_7_days": _share(sum(row["within_7"] for row in rows), len(rows)),
        "median_delay_nights": median(delays) if delays else None,
        "controls": len(controls),
        "controls_moved": sum(controls),
        "transitions": len(moved),
        "forbidden_transitions": sum(not is_allowed(row) for row in moved),
        "events": rows,
    }


def _ledger_row(seen: Observed, one: Contained, wording: Wording) -> dict[str, Any]:
    event, right = one.event, expected_states(one.event, wording)
    rows = [row for row in seen.ledger if _is_about(row, event)]
    nights = {0, 1, *((row.known_from.date() - one.first_on).days for row in rows)}
    after = {n: _state_at(rows, event, one.first_on + timedelta(days=n)) for n in sorted(nights) if n >= 0}
    waited = next((n for n, state in after.items() if state in right), None)
    is_in_time = waited is not None and waited <= _LEDGER_DAYS
    week = [state for n, state in after.items() if n <= _LEDGER_DAYS]
    return {
        "id": event.id, "date": event.on.isoformat(), "verb": event.verb, "basis": event.basis,
        "documents": one.documents, "first_document": one.first_on.isoformat(), "expected": sorted(right),
        "state_after_1": after[1], "state_within_7": after[waited] if waited is not None and is_in_time else week[-1],
        "after_1": after[1] in right, "within_7": is_in_time, "delay_nights": waited,
    }  # fmt: skip


def _is_about(row: LegalStatus, event: GoldEvent) -> bool:
    is_platform = event.platform in (row.platform, "all_social") or row.platform == "all_social"
    return is_platform and row.jurisdiction == event.jurisdiction and is_same_measure(event, row.measure)


def _state_at(rows: Sequence[LegalStatus], event: GoldEvent, day: date) -> str:
    """State, as known on a night, of the listed instrument if we name it so, else of the one that moved last."""
    known = [row for row in rows if row.known_from.date() <= day]
    named = [row for row in known if is_same_instrument(event, row.instrument)]
    newest = (named or known)[-1:]
    return newest[0].state if newest else "none"


def _moved_control(seen: Observed, one: Contained) -> bool:
    """Whether anything moved from the first word of an event that should move nothing to a week after."""
    start, end = min(one.event.on, one.first_on), one.first_on + timedelta(days=_LEDGER_DAYS)
    return any(_is_about(row, one.event) and start <= row.known_from.date() <= end for row in seen.ledger)


def is_allowed(row: LegalStatus) -> bool:
    """Whether the transition table knows the step a ledger row took."""
    verb, _, step = row.rule.partition(":")
    before, arrow, after = step.partition("->")
    if verb in ("clock", "manual") or not arrow:
        return row.state == row.from_state or verb in ("clock", "manual")
    if (before, after) != (row.from_state, row.state):
        return False
    if after == "scheduled":
        return verb in _MAY_SCHEDULE and before in TRANSITIONS[verb]
    return TRANSITIONS.get(verb, {}).get(before) == after


# --- alerts ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expectation:
    """An alert that a client must get: the listed event leaves no other band."""

    event: str
    client: str
    platform: str
    first_on: date


def expectations(
    seen: Observed, told: Mapping[str, Contained], clients: Mapping[str, Client],
    jurisdictions: Mapping[str, Jurisdiction], scoring: Scoring,
) -> list[Expectation]:  # fmt: skip
    """Who must hear of which event: its listed state caps the band below the one held the night before.

    Only ban-like measures in at least a fifth of the client's markets: these floors leave no choice (F1, F3, F4).
    """
    found = []
    for one in told.values():
        event = one.event
        cap = _CAP_OF.get(_STATE_OF.get(event.verb, ""))
        if cap is None or event.measure not in BAN_LIKE or event.is_control:
            continue
        for client in clients.values():
            weight = sum(m.weight for m in client.markets if governs(jurisdictions, event.jurisdiction, m.jurisdiction))
            held = _band_before(seen, client.id, event.platform, min(event.on, one.first_on))
            if weight >= scoring.floor_market_minimum and held is not None and rank(cap) < rank(held):
                found.append(Expectation(event.id, client.id, event.platform, one.first_on))
    return found


def _band_before(seen: Observed, client: str, platform: str, day: date) -> Band | None:
    """The best band among the purposes on the night before ``day``."""
    bands = [
        next((night.band for night in reversed(nights) if night.on < day), None)
        for (c, p, _), nights in seen.scored.items()
        if (c, p) == (client, platform)
    ]
    known = [band for band in bands if band is not None and band != "unknown"]
    return max(known, key=rank, default=None)


@dataclass(frozen=True, slots=True)
class SetDate:
    """A day ahead that a listed step itself set, as our ledger read it, and how long it stood there."""

    due: date
    platform: str
    jurisdiction: str
    instrument: str
    since: date
    until: date


def set_dates(seen: Observed, told: Mapping[str, Contained], wording: Wording) -> list[SetDate]:
    """Dates in the rows that listed steps moved: of the instrument the list names, in a right state, in time."""
    found = []
    for one in told.values():
        right = expected_states(one.event, wording)
        start, end = min(one.event.on, one.first_on), one.first_on + timedelta(days=_LEDGER_DAYS)
        rows = [r for r in seen.ledger if _is_about(r, one.event) and is_same_instrument(one.event, r.instrument)]
        for n, row in enumerate(rows):
            since = row.known_from.date()
            if row.due_date is not None and row.state in right and start <= since <= end:
                # Moved, paused or lifted: from then on the old date calls nobody.
                gone = (r for r in rows[n + 1 :] if r.platform == row.platform and r.due_date != row.due_date)
                until = next((r.known_from.date() for r in gone), date.max)
                found.append(SetDate(row.due_date, row.platform, row.jurisdiction, row.instrument, since, until))
    return found


@dataclass(frozen=True, slots=True)
class Causes:
    """What can be the reason of an alert: listed events, the steps of the timeline, and, counted apart, the days that
    lie ``marks`` days ahead of a date which a listed step set.
    """

    events: Sequence[GoldEvent]
    timeline: Sequence[TimelineStep]
    clients: Mapping[str, Client]
    jurisdictions: Mapping[str, Jurisdiction]
    days: int
    days_up: int
    dates: Sequence[SetDate] = ()
    marks: Sequence[int] = ()

    def has_listed(self, alert: AlertSeen) -> bool:
        """Whether a listed event about the platform, in a market of the client or world-wide, lies shortly before."""
        return any(
            event.direction in ("U", "D", "M+", "M-")
            and event.platform in (alert.platform, "all_social")
            and self._is_near(event.on, alert)
            and self._concerns(event.jurisdiction, alert.client)
            for event in self.events
        )

    def has_step(self, alert: AlertSeen, *, is_any: bool = False) -> bool:
        """Whether the timeline tells of a step against the platform (``is_any``: of anything) shortly before."""
        return any(
            step.platform == alert.platform
            and (is_any or step.is_legal)
            and self._is_near(step.on, alert)
            and (not step.jurisdiction or self._concerns(step.jurisdiction, alert.client))
            for step in self.timeline
        )

    def date_behind(self, alert: AlertSeen) -> SetDate | None:
        """The date of a listed step that draws near; no date lifts anybody."""
        if _is_rise(alert):
            return None
        near = (
            one
            for one in self.dates
            for mark in (one.due - timedelta(days=ahead) for ahead in self.marks)
            if one.platform in (alert.platform, "all_social")
            and one.since < mark
            and alert.on <= one.until
            and self._is_near(mark, alert)
            and self._concerns(one.jurisdiction, alert.client)
        )
        return next(near, None)

    def _is_near(self, on: date, alert: AlertSeen) -> bool:
        return -1 <= (alert.on - on).days <= (self.days_up if _is_rise(alert) else self.days)

    def _concerns(self, place: str, client: str) -> bool:
        return concerns(place, self.clients[client], self.jurisdictions)


def concerns(place: str, client: Client, jurisdictions: Mapping[str, Jurisdiction]) -> bool:
    """Whether a place is a market of the client, above one, or a part of one."""
    return place == "GLOBAL" or any(
        governs(jurisdictions, place, m.jurisdiction) or governs(jurisdictions, m.jurisdiction, place)
        for m in client.markets
    )


def _is_rise(alert: AlertSeen) -> bool:
    return rank(alert.to_band) > rank(alert.from_band)


def alert_tally(alerts: Iterable[AlertSeen], wanted: Sequence[Expectation], causes: Causes, due_days: int) -> Tally:
    """Match alerts to what was expected and to causes; purposes of one platform in one night are one alert, the
    gravest. A rise does not tell of what takes a service away.
    """
    once: dict[tuple[date, str, str], AlertSeen] = {}
    for alert in sorted(alerts, key=lambda a: (a.on, a.client, a.platform, rank(a.to_band), a.purpose, a.rule)):
        once.setdefault((alert.on, alert.client, alert.platform), alert)
    sent = list(once.values())
    delays, missed = _heard(sent, wanted, due_days)
    listed = [causes.has_listed(alert) for alert in sent]
    caused = [ok or causes.has_step(alert) for ok, alert in zip(listed, sent, strict=True)]
    befallen = [ok or causes.has_step(alert, is_any=True) for ok, alert in zip(caused, sent, strict=True)]
    dated = [None if ok else causes.date_behind(alert) for ok, alert in zip(caused, sent, strict=True)]
    return Tally(
        len(wanted), len(delays), len(sent), sum(listed), sum(caused), sum(befallen),
        sum(ok or by is not None for ok, by in zip(caused, dated, strict=True)),
        sum(ok or by is not None for ok, by in zip(befallen, dated, strict=True)),
        tuple(delays), tuple(missed),
        tuple(_line(alert) for ok, alert in zip(caused, sent, strict=True) if not ok),
        tuple(f"{_line(alert)}: {by.instrument} on {by.due}" for by, alert in zip(dated, sent, strict=True) if by),
    )  # fmt: skip


def _heard(sent: Sequence[AlertSeen], wanted: Sequence[Expectation], due_days: int) -> tuple[list[int], list[str]]:
    delays, missed = [], []
    for one in wanted:
        waits = [
            (alert.on - one.first_on).days
            for alert in sent
            if (alert.client, alert.platform) == (one.client, one.platform)
            and not _is_rise(alert)
            and -1 <= (alert.on - one.first_on).days <= due_days
        ]
        if waits:
            delays.append(max(0, min(waits)))
        else:
            missed.append(f"{one.event} {one.client} {one.platform}")
    return delays, missed


def _line(alert: AlertSeen) -> str:
    return f"{alert.on} {alert.client} {alert.platform} {alert.from_band}->{alert.to_band} {alert.rule}"


# --- direction -------------------------------------------------------------------------------


Risks = Mapping[tuple[str, str], Sequence[tuple[date, float]]]


def sign_figures(
    risks: Risks, told: Mapping[str, Contained], jurisdictions: Mapping[str, Jurisdiction]
) -> dict[str, Any]:
    """Whether the risk moved as listed within a week: U up, D down, N not at all (half a point is still nothing)."""
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for one in told.values():
        kind = one.event.direction
        if kind not in ("U", "D", "N"):
            continue
        asked[kind] += 1
        right[kind] += _sign(_shift(risks, one, jurisdictions)) == {"U": 1, "D": -1, "N": 0}[kind]
    return {kind: {"events": asked[kind], "right": _share(right[kind], asked[kind])} for kind in ("U", "D", "N")}


def _shift(risks: Risks, one: Contained, jurisdictions: Mapping[str, Jurisdiction]) -> float:
    place = one.event.jurisdiction
    start, end = min(one.event.on, one.first_on) - timedelta(days=1), one.first_on + timedelta(days=7)
    before = _risk_at(risks, one.event.platform, place, start, jurisdictions)
    inside = [value for day, value in risks.get((one.event.platform, place), ()) if start < day <= end]
    if before is None or not inside:
        return 0.0
    return max((value - before for value in inside), key=abs)


def _risk_at(
    risks: Risks, platform: str, place: str, day: date, jurisdictions: Mapping[str, Jurisdiction]
) -> float | None:
    """The risk on a day; where nothing was ever told of a place, that of the place above holds there."""
    above: str | None = place
    while above is not None:
        value = next((value for on, value in reversed(risks.get((platform, above), ())) if on <= day), None)
        if value is not None:
            return value
        known = jurisdictions.get(above)
        above = known.parent if known else None
    return None


def _sign(shift: float) -> int:
    return 0 if abs(shift) < _SIGN_STEP else 1 if shift > 0 else -1
