"""The legal ledger: events move an instrument from state to state, or are refused with a reason.

States latch: nothing but a legal step (or a due date) changes them; the absence of news never does.
The transition table is docs/method.md, "Legal status".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from trendwarte.errors import ConfigError
from trendwarte.rules import Scoring
from trendwarte.settings import Instrument, Jurisdiction
from trendwarte.types import Event, LegalStatus, Refusal
from trendwarte.vocabulary import LEGAL_STATES, OPENING_VERBS, LegalState, Measure, Verb

StatusKey = tuple[str, str, str]

CLOSED: frozenset[LegalState] = frozenset({"none", "rejected", "lifted", "annulled", "resolved"})
#: States in which the measure applies to people today.
IN_EFFECT: frozenset[LegalState] = frozenset({"in_force", "enforced"})
#: States in which a measure that was decided does not apply for now.
PAUSED: frozenset[LegalState] = frozenset({"stayed", "non_enforced", "delayed"})
#: Measures that take the service away; floors F1, F3 and F4 look at these.
BAN_LIKE: frozenset[Measure] = frozenset({"full_ban", "self_withdraw", "forced_sale", "appstore_removal", "throttle"})

_FRESH = ("none", "rejected", "lifted", "annulled")
_BILL = ("proposed", "consultation", "introduced")
_UNDECIDED = (*_BILL, "passed_chamber", "adopted")
_CASE = ("proceedings", "preliminary_finding", "sanctioned")
_DECIDED = ("scheduled", "in_force", "enforced", "adopted", "delayed", "non_enforced")
_ACTIVE = (*_BILL, *_CASE, *_DECIDED, "passed_chamber", "stayed", "settlement_agreed")


def _moves(sources: Sequence[str], target: str) -> dict[str, str]:
    return dict.fromkeys(sources, target)


#: verb -> {from: to}. News skips steps, so a later step is also admitted from every earlier one.
TRANSITIONS: dict[str, dict[str, str]] = {
    "announce": _moves(_FRESH, "proposed"),
    "consult": _moves((*_FRESH, "proposed"), "consultation"),
    "introduce": _moves((*_FRESH, "proposed", "consultation"), "introduced"),
    "open_proceedings": _moves((*_FRESH, "resolved", "sanctioned"), "proceedings"),
    "prelim_finding": _moves((*_FRESH, "resolved", "proceedings"), "preliminary_finding"),
    "sanction": _moves((*_FRESH, "resolved", "proceedings", "preliminary_finding"), "sanctioned"),
    "pass_chamber": _moves((*_FRESH, *_BILL), "passed_chamber"),
    "adopt": _moves((*_FRESH, *_BILL, "passed_chamber"), "adopted"),
    "enact": _moves((*_FRESH, *_BILL, "passed_chamber", "adopted", "scheduled", "delayed", "non_enforced"), "in_force"),
    "block": _moves((*_FRESH, *_BILL, "passed_chamber", *_DECIDED, "stayed"), "enforced"),
    "stay": _moves(_DECIDED, "stayed"),
    "lift_stay": _moves(("stayed",), "in_force"),
    "uphold": _moves(("stayed",), "in_force"),
    "delay": _moves(("scheduled", "in_force", "enforced", "non_enforced", "delayed"), "delayed"),
    "nonenforce": _moves(("scheduled", "in_force", "enforced", "delayed", "non_enforced"), "non_enforced"),
    "annul": _moves(_ACTIVE, "annulled"),
    "repeal": _moves(_ACTIVE, "lifted"),
    "lift": _moves(_ACTIVE, "lifted"),
    "expire": _moves(_ACTIVE, "lifted"),
    "agree": _moves(("scheduled", "in_force", "non_enforced", "delayed", *_CASE), "settlement_agreed"),
    "comply": _moves(
        ("scheduled", "in_force", "non_enforced", "delayed", "settlement_agreed", *_CASE), "resolved"
    ),
    "commit": _moves(("settlement_agreed", *_CASE), "resolved"),
    "close": _moves(_CASE, "resolved"),
    "reject": _moves((*_BILL, "passed_chamber"), "rejected"),
    "withdraw_bill": _moves((*_BILL, "passed_chamber"), "rejected"),
}  # fmt: skip
#: Heat and evidence only; "clock" is the calendar's own verb and is not taken from texts.
STILL_VERBS = frozenset({"confirm", "deny", "rumour", "defer", "resolution", "hearing"})
#: Steps that hold, loosen or end something and make no sense otherwise; the open instrument vouches for them.
FOLLOWING = frozenset(
    {"stay", "lift_stay", "uphold", "delay", "nonenforce", "annul", "repeal", "lift", "expire", "agree", "comply",
     "commit", "close", "reject", "withdraw_bill"}
)  # fmt: skip
_WITH_DUE = frozenset({"enact", "block", "lift_stay", "uphold", "delay", "nonenforce"})
_KIN: tuple[frozenset[Measure], ...] = (
    BAN_LIKE,
    frozenset({"dsa", "conduct_rule", "fine", "feature_ban", "data_order"}),
)
# A vote on the whole Union's or the world's behalf has no legislator behind it (pitfall 10).
_NO_LEGISLATOR = frozenset({"GLOBAL", "none", ""})


@dataclass(frozen=True, slots=True)
class Folded:
    """What one night did to the ledger: rows to append, and steps that wait for a person."""

    transitions: tuple[LegalStatus, ...]
    refused: tuple[Refusal, ...]


class Ledger:
    """The current state of every instrument, ready to take a night's events.

    Args:
        statuses: the newest row of each (platform, jurisdiction, instrument).
        applied: ids of events that already moved something, never applied twice.
    """

    def __init__(
        self,
        statuses: Iterable[LegalStatus],
        applied: Iterable[str],
        instruments: Mapping[str, Instrument],
        jurisdictions: Mapping[str, Jurisdiction],
        scoring: Scoring,
    ) -> None:
        self._now: dict[StatusKey, LegalStatus] = {(s.platform, s.jurisdiction, s.instrument): s for s in statuses}
        self._applied = set(applied)
        self._instruments = instruments
        self._jurisdictions = jurisdictions
        self._scoring = scoring

    def fold(self, events: Iterable[Event], as_of: datetime) -> Folded:
        """Apply events in the order they happened, and let due dates pass up to ``as_of``."""
        moved: list[LegalStatus] = []
        refused: list[Refusal] = []
        for event in sorted(events, key=lambda one: (one.event_date, one.first_seen_at, one.event_id)):
            moved += self._pass_due_dates(event.event_date - timedelta(days=1), as_of)
            if event.event_id in self._applied or not self._is_legal_step(event):
                continue
            outcome = self._apply(event, as_of)
            if isinstance(outcome, LegalStatus):
                moved.append(self._keep(outcome))
                self._applied.add(event.event_id)
            elif isinstance(outcome, Refusal):
                refused.append(outcome)
        moved += self._pass_due_dates(as_of.date(), as_of)
        return Folded(tuple(moved), tuple(refused))

    def _is_legal_step(self, event: Event) -> bool:
        """Guards: asserted, not old news, believed (P), and from somebody who may decide."""
        if event.verb is None or event.verb in STILL_VERBS or event.factuality != "asserted" or event.recap:
            return False
        least = self._scoring.ledger_credibility_minimum
        if event.verb in FOLLOWING or _is_dated_ahead(event):
            least = min(least, self._scoring.ledger_following_minimum)
        return event.credibility >= least

    def _is_vouched_for(self, event: Event, status: LegalStatus | None) -> bool:
        """Believed by itself, or told by one good outlet, denied by nobody, and next to something that is open."""
        if event.credibility >= self._scoring.ledger_credibility_minimum:
            return True
        if event.denial > 0 or status is None or status.state in CLOSED:
            return False
        if event.verb not in FOLLOWING:
            # An order with a date ahead follows what was announced; what is decided already needs two voices to move.
            is_same = status.measure == event.measure or event.instrument == status.instrument
            return is_same and status.state in _UNDECIDED
        # A stay of the wider ban is no stay of the forced sale: kin is enough for a believed step, not for this one.
        return event.measure in (None, "conduct_rule", status.measure) or event.instrument == status.instrument

    def _apply(self, event: Event, as_of: datetime) -> LegalStatus | Refusal | None:
        if event.verb is None:
            return None
        if event.jurisdiction in _NO_LEGISLATOR:
            return _refusal(event, event.instrument or "", "none", "no jurisdiction that could decide is named")
        if event.verb == "appeal":
            return self._challenged(event, as_of)
        verb: Verb = "enact" if event.verb == "clock" else event.verb
        instrument = self._instrument_for(event, verb)
        if instrument is None and (several := self._meant_by_none(event, verb)):
            named = ", ".join(sorted(s.instrument for s in several))
            return _refusal(event, "", several[0].state, f"'{verb}' names no measure and several are open: {named}")
        if not self._is_vouched_for(event, self._status(event, instrument) if instrument else None):
            return None  # waits for a second voice
        if instrument is None:
            return _refusal(event, event.instrument or "", "none", f"'{verb}' needs an instrument, none is open here")
        status = self._status(event, instrument)
        target = TRANSITIONS[verb].get(status.state)
        if target is None:
            return self._unmoved(event, verb, status, as_of)
        return self._moved(event, verb, status, target, as_of)

    def _moved(self, event: Event, verb: Verb, status: LegalStatus, target: str, as_of: datetime) -> LegalStatus | None:
        due = event.due_date or (status.due_date if verb in ("lift_stay", "uphold") else None)
        if verb in ("enact", "block", "lift_stay", "uphold") and due is not None and due > event.event_date:
            target = "scheduled"
        if verb == "enact" and due is None and status.state == "scheduled" and _is_before_due(status, event):
            return None  # "signed" told again days later; the date it takes effect stands
        if verb not in _WITH_DUE:
            due = None
        if target == status.state and (due is None or due == status.due_date) and not status.is_due_unverified:
            return None
        return replace(
            status,
            from_state=status.state,
            state=target,  # type: ignore[arg-type]
            due_date=due,
            valid_from=event.event_date,
            known_from=as_of,
            event_id=event.event_id,
            rule=f"{verb}:{status.state}->{target}",
            credibility=event.credibility,
            age_limit=event.age_limit or status.age_limit,
            is_challenged=False,
            is_due_unverified=False,
        )

    def _challenged(self, event: Event, as_of: datetime) -> LegalStatus | None:
        """Somebody goes to court against what was decided: it stands, a little less firmly."""
        decided = [s for s in self._open_here(event) if s.state in _DECIDED and not s.is_challenged]
        if not decided or not self._is_vouched_for(event, decided[0]):
            return None
        status = self._gravest(decided)
        return replace(
            status, from_state=status.state, valid_from=event.event_date, known_from=as_of, event_id=event.event_id,
            is_challenged=True, rule="appeal:challenged", credibility=event.credibility,
        )  # fmt: skip

    def _unmoved(self, event: Event, verb: Verb, status: LegalStatus, as_of: datetime) -> LegalStatus | Refusal | None:
        """A repeat says nothing new; an upheld or confirmed one settles a doubt; the rest is refused."""
        targets = set(TRANSITIONS[verb].values())
        if status.state in IN_EFFECT and verb in ("enact", "block") and status.is_due_unverified:
            return replace(
                status, from_state=status.state, known_from=as_of, event_id=event.event_id, is_due_unverified=False,
                rule=f"{verb}:confirmed", credibility=event.credibility,
            )  # fmt: skip
        if verb == "uphold" and status.state in _ACTIVE:
            return replace(
                status, from_state=status.state, valid_from=event.event_date, known_from=as_of,
                event_id=event.event_id, is_challenged=False, rule="uphold:stands", credibility=event.credibility,
            )  # fmt: skip
        if status.state in targets or (verb == "enact" and status.state in IN_EFFECT):
            return None
        return _refusal(event, status.instrument, status.state, f"'{verb}' is no step from '{status.state}'")

    # --- which instrument ---------------------------------------------------------------------

    def _instrument_for(self, event: Event, verb: Verb) -> str | None:
        """Id of the instrument an event means: named, else open here and fitting, else newly opened."""
        if event.instrument:
            return event.instrument
        fitting = [s for s in self._open_here(event) if _is_kin(event.measure, s.measure)]
        movable = [s for s in fitting if s.state in TRANSITIONS[verb]] or (fitting if verb in OPENING_VERBS else [])
        if verb == "uphold":
            movable = fitting
        if not fitting and len(here := self._meant_by_none(event, verb)) == 1:
            movable = here
        exact = [s for s in movable if s.measure == event.measure]
        if exact:
            return self._gravest(exact).instrument
        if verb in OPENING_VERBS and (declared := self._declared(event, exactly=True)):
            return declared
        # A second court that stops a stopped ban speaks of that ban, not of the forced sale beside it.
        repeated = [s for s in fitting if s.measure == event.measure and s.state in TRANSITIONS[verb].values()]
        if repeated:
            return self._gravest(repeated).instrument
        if movable:
            return self._gravest(movable).instrument
        if verb not in OPENING_VERBS:
            return None
        return self._declared(event, exactly=False) or _new_id(event)

    def _meant_by_none(self, event: Event, verb: Verb) -> list[LegalStatus]:
        """What is open for a step that names no measure ("revokes the orders against TikTok"): one is meant, two are
        a question for a person.
        """
        if verb not in FOLLOWING or event.measure not in (None, "conduct_rule"):
            return []
        here = self._open_here(event)
        return [] if any(_is_kin(event.measure, s.measure) for s in here) else [
            s for s in here if s.state in TRANSITIONS[verb]
        ]  # fmt: skip

    def _open_here(self, event: Event) -> list[LegalStatus]:
        platforms = {event.platform, "all_social"}
        return [
            s
            for s in self._now.values()
            if s.platform in platforms and s.jurisdiction == event.jurisdiction and s.state not in CLOSED
        ]

    def _gravest(self, statuses: list[LegalStatus]) -> LegalStatus:
        scoring = self._scoring
        return max(
            statuses,
            key=lambda s: (scoring.gravities[s.measure] * scoring.state_levels[s.state], s.known_from, s.instrument),
        )

    def _declared(self, event: Event, *, exactly: bool) -> str | None:
        """The one configured instrument open at that date that fits; two candidates are none."""
        found = [
            one.id
            for one in self._instruments.values()
            if one.jurisdiction == event.jurisdiction
            and (event.platform in one.platforms)
            and (one.opened_on is None or one.opened_on <= event.event_date)
            and (one.closed_on is None or event.event_date <= one.closed_on)
            and (one.measure == event.measure if exactly else _is_kin(event.measure, one.measure))
            and self._is_unused(event, one.id)
        ]
        return found[0] if len(found) == 1 else None

    def _is_unused(self, event: Event, instrument: str) -> bool:
        status = self._now.get((event.platform, event.jurisdiction, instrument))
        return status is None or status.state not in CLOSED

    def _status(self, event: Event, instrument: str) -> LegalStatus:
        for platform in (event.platform, "all_social"):
            if status := self._now.get((platform, event.jurisdiction, instrument)):
                return status
        declared = self._instruments.get(instrument)
        measure = declared.measure if declared else (event.measure or "conduct_rule")
        return LegalStatus(
            platform=event.platform, jurisdiction=event.jurisdiction, instrument=instrument, measure=measure,
            state="none", valid_from=event.event_date, known_from=event.first_seen_at,
            age_limit=event.age_limit or (declared.age_limit if declared else None),
        )  # fmt: skip

    # --- time ---------------------------------------------------------------------------------

    def _pass_due_dates(self, until: date, as_of: datetime) -> list[LegalStatus]:
        """A scheduled or delayed measure takes effect on its date; until confirmed it is flagged."""
        waiting = [s for s in self._now.values() if s.state in ("scheduled", "delayed")]
        due = sorted(
            (
                (s.due_date, s.platform, f"{s.jurisdiction} {s.instrument}", s)
                for s in waiting
                if s.due_date and s.due_date <= until
            ),
            key=lambda row: row[:3],
        )
        return [
            self._keep(
                replace(
                    status,
                    from_state=status.state,
                    state="in_force",
                    valid_from=due_date,
                    known_from=as_of,
                    event_id=None,
                    rule=f"clock:{status.state}->in_force",
                    is_due_unverified=True,
                )
            )
            for due_date, _, _, status in due
        ]

    def _keep(self, status: LegalStatus) -> LegalStatus:
        self._now[status.platform, status.jurisdiction, status.instrument] = status
        return status


def confirmed(
    event: Event, current: LegalStatus | None, instrument: str, target: str, known_from: datetime
) -> LegalStatus:
    """The row by which a person admits a step the table or a guard refused.

    Args:
        current: the newest row of the instrument, None when it has none yet.
        target: the state it has from now on; empty for the state the verb usually leads to.

    Raises:
        ConfigError: the verb leads to several states or none, or the event names no measure and no row has one.
    """
    usual = sorted(set(TRANSITIONS.get(event.verb or "", {}).values()))
    state = target or (usual[0] if len(usual) == 1 else "")
    measure = current.measure if current else event.measure
    if state not in LEGAL_STATES or measure is None:
        raise ConfigError([f"event {event.event_id}: say which state follows with --state ({', '.join(LEGAL_STATES)})"])
    before: LegalState = current.state if current else "none"
    return LegalStatus(
        platform=current.platform if current else event.platform, jurisdiction=event.jurisdiction,
        instrument=instrument, measure=measure, state=state, valid_from=event.event_date,  # type: ignore[arg-type]
        known_from=known_from, due_date=event.due_date, event_id=event.event_id, rule=f"manual:{before}->{state}",
        credibility=1.0, age_limit=event.age_limit or (current.age_limit if current else None), from_state=before,
    )  # fmt: skip


def new_id(event: Event) -> str:
    """Id of an instrument that no text names: place, platform, measure and month."""
    return _new_id(event)


def activity(status: LegalStatus, on: date, scoring: Scoring) -> float:
    """Weight A of one instrument on a day, 0-1: gravity x level, rising towards a due date."""
    state: LegalState = "delayed" if is_unconfirmed(status, on, scoring) else status.state
    level = scoring.state_levels[state]
    if state in scoring.clock_rise and state == status.state and status.due_date is not None:
        rise, half_life = scoring.clock_rise[state]
        level += rise * 2 ** (-max(0, (status.due_date - on).days) / half_life)
    factor = scoring.challenged_factor if status.is_challenged else 1.0
    if is_dormant(status, on, scoring):
        factor *= scoring.dormant_factor
    return scoring.gravities[status.measure] * level / 100 * factor


def is_unconfirmed(status: LegalStatus, on: date, scoring: Scoring) -> bool:
    """Whether a due date passed some days ago and nobody has said that the measure took effect."""
    return (
        status.is_due_unverified
        and status.state in IN_EFFECT
        and (on - status.valid_from).days > scoring.due_confirmation_days
    )


def is_dormant(status: LegalStatus, on: date, scoring: Scoring) -> bool:
    """Whether a stay or a pause has rested for a year and no date is ahead."""
    is_open = status.due_date is not None and status.due_date >= on
    return status.state in PAUSED and not is_open and (on - status.valid_from).days > scoring.dormant_days


def kin_of(measure: str) -> frozenset[Measure]:
    """The measures that texts confuse with ``measure``; empty when it stands alone."""
    return next((kin for kin in _KIN if measure in kin), frozenset())


def _is_kin(one: Measure | None, other: Measure) -> bool:
    return one is None or one == other or any(one in kin and other in kin for kin in _KIN)


def _is_dated_ahead(event: Event) -> bool:
    """Whether a law or order is told with the date it takes effect."""
    return event.verb == "enact" and event.due_date is not None and event.due_date > event.event_date


def _is_before_due(status: LegalStatus, event: Event) -> bool:
    return status.due_date is not None and event.event_date < status.due_date


def _new_id(event: Event) -> str:
    measure = (event.measure or "conduct_rule").replace("_", "-")
    return f"{event.jurisdiction}-{event.platform}-{measure}-{event.event_date:%Y-%m}".lower().replace("_", "-")


def _refusal(event: Event, instrument: str, state: LegalState, reason: str) -> Refusal:
    verb = event.verb or "confirm"
    return Refusal(event.event_id, event.platform, event.jurisdiction, instrument, verb, state, reason)
