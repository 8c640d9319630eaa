"""Which changes somebody must hear about, how urgently, and how often (docs/method.md, "Alerts").

Pure: last night, tonight, and what was already told go in; alerts come out, the silent ones with a reason.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256

from trendwarte.causes import Lately, grave_events, is_lawful, is_reported, steps_for
from trendwarte.explaining import standing_reason
from trendwarte.floors import governs, rank
from trendwarte.ledger import BAN_LIKE, activity
from trendwarte.radar.momentum import Standing
from trendwarte.rules import Scoring
from trendwarte.settings import AlertRules, Client, Jurisdiction
from trendwarte.types import Alert, Event, Floor, LegalStatus, Reason, Term, Verdict
from trendwarte.vocabulary import Severity

_URGENCY: dict[Severity, int] = {"note": 0, "decide": 1, "act": 2}
_MAIN_TERMS = 3
_TERM_POINTS = 1.0


@dataclass(frozen=True, slots=True)
class Told:
    """An alert of an earlier night, as far as repetition and budget are concerned."""

    client: str
    platform: str
    purpose: str
    rule: str
    to_band: str
    severity: Severity
    as_of: datetime
    status: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One verdict before and after, its distinct bands of the last nights, and the terms it had before."""

    before: Verdict
    after: Verdict
    recent_changes: int
    terms_before: tuple[Term, ...]


def decide_alerts(
    pairs: Sequence[Pair],
    clients: Mapping[str, Client],
    jurisdictions: Mapping[str, Jurisdiction],
    moved: Sequence[LegalStatus],
    told: Sequence[Told],
    run_id: str,
    scoring: Scoring,
    rules: AlertRules,
    lately: Lately,
) -> list[Alert]:
    """Alerts of a night, most urgent first, each queued, put into the digest, or suppressed with a reason.

    Args:
        moved: steps of the ledger since the last night.
        lately: steps and events among which the cause of a change must be.
    """
    night = _Night(jurisdictions, moved, run_id, scoring, rules, lately)
    candidates = (_alert(pair, clients[pair.after.client], night) for pair in pairs)
    found = [alert for alert in candidates if alert is not None]
    found.sort(key=lambda a: (-_URGENCY[a.severity], a.client, a.platform, a.purpose))
    flapping: set[tuple[str, str, str]] = {
        (p.after.client, p.after.platform, p.after.purpose) for p in pairs if p.recent_changes >= rules.flap_changes
    }
    asked = {_call_of(one) for one in told if one.status == "queued"}
    decided = []
    for alert in found:
        decided.append(_with_status(alert, told, flapping, asked, rules))
        if decided[-1].status == "queued":
            # Tonight's calls count too, the most urgent first: a bad night must not spend a budget several times over.
            asked.add(_call_of(alert))
    return decided


def spark_alerts(
    verdicts: Sequence[Verdict],
    sparks: Sequence[Standing],
    clients: Mapping[str, Client],
    jurisdictions: Mapping[str, Jurisdiction],
    run_id: str,
    fit_minimum: float,
) -> list[Alert]:
    """A note to every client whose profile fits a platform that begins to rise in one of its markets (digest only).

    One per client and platform, for the purpose that fits best: a spark asks nobody to decide, and floor F9 stands.
    """
    best: dict[tuple[str, str], tuple[Verdict, Standing]] = {}
    for spark in sparks:
        for verdict in (v for v in verdicts if v.platform == spark.platform and (v.fit or 0.0) >= fit_minimum):
            markets = [m.jurisdiction for m in clients[verdict.client].markets]
            key = (verdict.client, verdict.platform)
            is_near = spark.market == "GLOBAL" or any(governs(jurisdictions, spark.market, m) for m in markets)
            if is_near and (key not in best or (verdict.fit or 0.0) > (best[key][0].fit or 0.0)):
                best[key] = (verdict, spark)
    return [_spark_alert(verdict, spark, clients[verdict.client], run_id) for verdict, spark in best.values()]


def _spark_alert(verdict: Verdict, spark: Standing, client: Client, run_id: str) -> Alert:
    key = "|".join((verdict.client, verdict.platform, "spark", spark.market, str(spark.spark_on)))
    return Alert(
        alert_id=f"a-{sha256(key.encode()).hexdigest()[:16]}",
        run_id=run_id,
        as_of=verdict.as_of,
        client=verdict.client,
        platform=verdict.platform,
        purpose=verdict.purpose,
        severity="note",
        rule="spark",
        from_band=verdict.band,
        to_band=verdict.band,
        title=f"{verdict.platform}: spark in {spark.market} ({spark.bursting})",
        from_score=verdict.score,
        to_score=verdict.score,
        confidence=verdict.confidence,
        presence=client.presence.get(verdict.platform, "none"),
        reasons=(Reason("spark", jurisdiction=spark.market, bursting=spark.bursting),),
        status="digest",
        status_reason="note",
    )


@dataclass(frozen=True, slots=True)
class _Night:
    """What is the same for every pair of a night."""

    jurisdictions: Mapping[str, Jurisdiction]
    moved: Sequence[LegalStatus]
    run_id: str
    scoring: Scoring
    rules: AlertRules
    lately: Lately


@dataclass(frozen=True, slots=True)
class _Causes:
    """What may stand behind a pair's change: tonight's steps, the latest ones that weigh, grave events of a fall."""

    steps: Sequence[LegalStatus]
    recent: Sequence[LegalStatus]
    grave: Sequence[Event]


def _alert(pair: Pair, client: Client, night: _Night) -> Alert | None:
    before, after = pair.before, pair.after
    presence = client.presence.get(after.platform, "none")
    steps = steps_for(client, after.platform, night.moved, night.jurisdictions)
    rule, severity = _rule(before, after, steps, night.scoring, night.rules)
    floor = _deadline(before, after, night.rules) if rule is None and presence != "none" else None
    if rule is None and floor is None:
        return None
    causes = _causes(pair, client, steps, night)
    if severity != "note":
        is_by_law = is_lawful(before, after, causes.recent)
        severity = _with_cause(severity, before, after, presence, is_by_law, bool(causes.grave))
    rule = rule or "deadline"
    reasons = _reasons(pair, rule, floor, causes, night)
    cause = next((r.instrument for r in reasons if r.instrument), "") or next((r.dimension for r in reasons), "")
    key = "|".join((after.client, after.platform, after.purpose, rule, cause, after.band, after.as_of.isoformat()))
    return Alert(
        alert_id=f"a-{sha256(key.encode()).hexdigest()[:16]}",
        run_id=night.run_id,
        as_of=after.as_of,
        client=after.client,
        platform=after.platform,
        purpose=after.purpose,
        severity=severity,
        rule=rule,
        from_band=before.band,
        to_band=after.band,
        title=f"{after.platform} / {after.purpose}: {before.band} -> {after.band} ({rule} {cause or '-'})",
        from_score=before.score,
        to_score=after.score,
        confidence=after.confidence,
        presence=presence,
        reasons=tuple(reasons),
        event_ids=_event_ids(causes.steps, after, reasons),
        due_date=next((f.due_date for f in after.floors if f.due_date), None),
    )


def _causes(pair: Pair, client: Client, steps: Sequence[LegalStatus], night: _Night) -> _Causes:
    before, after = pair.before, pair.after
    latest = steps or steps_for(client, after.platform, night.lately.steps, night.jurisdictions)
    recent = [step for step in latest if _weighs(step, after.as_of.date(), night.scoring, night.rules)]
    is_fall = rank(after.band) < rank(before.band)
    grave = grave_events(client, after, night.lately, night.jurisdictions, night.rules) if is_fall else []
    return _Causes(steps, recent, grave)


def _reasons(pair: Pair, rule: str, floor: Floor | None, causes: _Causes, night: _Night) -> list[Reason]:
    """Why, the most important first; a change of band that tonight's risks alone move is told with its cause."""
    before, after = pair.before, pair.after
    reasons = [
        *([_deadline_reason(floor, after.as_of.date())] if floor is not None else []),
        *_floor_reasons(before, after),
        *_step_reasons(causes.steps, night.scoring),
        *_risk_reasons(pair.terms_before, after.terms),
    ]
    if rule != "band_change" or any(r.code != "risk_change" for r in reasons):
        return reasons
    is_fall = rank(after.band) < rank(before.band)
    why = [] if causes.recent else _quiet(before, after, causes.steps, night.lately)
    why = why or _cause_reasons(after, causes.recent, causes.grave, night.scoring, is_fall=is_fall)
    return [*why, *_confirmation(before, after, night.scoring), *(reasons or _standing_risks(after))]


def _deadline_reason(floor: Floor, on: date) -> Reason:
    days = (floor.due_date - on).days if floor.due_date else None
    return Reason(
        "deadline", jurisdiction=floor.jurisdiction, instrument=floor.instrument, due_date=floor.due_date, days=days,
        to_state=floor.state,
    )  # fmt: skip


def _rule(
    before: Verdict, after: Verdict, steps: Sequence[LegalStatus], scoring: Scoring, rules: AlertRules
) -> tuple[str | None, Severity]:
    """The strongest rule that fires, and how urgent it is."""
    is_new_floor = bool(after.floors) and _binding(after) != _binding(before) and rank(after.band) < rank(before.band)
    if "unknown" not in (before.band, after.band) and before.band != after.band:
        fall = rank(before.band) - rank(after.band)
        if _is_faded(before, after, steps):
            # Calmer, but nobody reported anything. Silence alone asks nobody to decide.
            return "band_change", "note"
        if before.band == "avoid" and after.band == "exit" and not is_new_floor and not steps:
            # The fall to avoid was told; that it lasts a fortnight is no news of tonight (docs/decisions/0007).
            return "band_change", "note"
        if (is_new_floor and rank(after.band) <= rank("avoid")) or after.band == "exit" or fall >= 2:
            return ("floor_set" if is_new_floor else "band_change"), "act"
        return ("floor_set" if is_new_floor else "band_change"), "decide"
    on = after.as_of.date()
    if any(_weighs(step, on, scoring, rules) for step in steps):
        return "ledger_transition", "note"
    if before.score is not None and after.score is not None and abs(after.score - before.score) >= rules.score_delta:
        return "score_change", "note"
    return None, "note"


def _with_cause(
    severity: Severity, before: Verdict, after: Verdict, presence: str, is_by_law: bool, is_grave: bool
) -> Severity:
    """How urgent a change of band is, given what can be named as its cause (docs/decisions/0026).

    Without a cause nobody is called: many small reports that add up stand in the digest. Who is not there has nothing
    to wind down: there only law is worth a call, and only while there was something to plan.
    """
    if presence == "none" and max(rank(before.band), rank(after.band)) <= rank("watch"):
        return "note"
    return severity if is_by_law or (is_grave and presence != "none") else "note"


def _is_faded(before: Verdict, after: Verdict, steps: Sequence[LegalStatus]) -> bool:
    """Whether a band rose only because old events weigh less: no law moved, and the same limit binds."""
    return rank(after.band) > rank(before.band) and not steps and _binding(after) == _binding(before)


def _quiet(before: Verdict, after: Verdict, steps: Sequence[LegalStatus], lately: Lately) -> list[Reason]:
    """That a band rose by time alone; which events lead the list now says nothing, only what was reported since."""
    if not _is_faded(before, after, steps):
        return []
    return [Reason("calmer" if is_reported(after, lately.heard, before.as_of) else "faded")]


def _cause_reasons(
    after: Verdict, recent: Sequence[LegalStatus], grave: Sequence[Event], scoring: Scoring, *, is_fall: bool
) -> list[Reason]:
    """What made a score cross its line some nights ago: the law, one event, or nothing that has a name."""
    if recent:
        return _step_reasons(recent, scoring)
    if grave:
        # Not its headline: what a source wants erased must not live on in a reason.
        first = grave[0]
        return [Reason("event", dimension=first.dimension, jurisdiction=first.jurisdiction, event_id=first.event_id)]
    return [Reason("many_reports")] if is_fall and after.band != "exit" else []


def _weighs(status: LegalStatus, on: date, scoring: Scoring, rules: AlertRules) -> bool:
    """Whether a step is worth telling for itself, and can be the cause of a change: an inquiry opened is neither.

    "Upheld" or "extended" may weigh as before; whoever waits for that date still wants to read it.
    """
    return status.measure in BAN_LIKE or _shift(status, on, scoring) >= rules.ledger_delta


def _shift(status: LegalStatus, on: date, scoring: Scoring) -> float:
    return abs(activity(status, on, scoring) - _activity_before(status, scoring))


def _activity_before(status: LegalStatus, scoring: Scoring) -> float:
    """Weight the instrument had in the state it left (without the rise towards its date)."""
    return scoring.gravities[status.measure] * scoring.state_levels[status.from_state] / 100


def _binding(verdict: Verdict) -> tuple[str, str] | None:
    return (verdict.floors[0].rule, verdict.floors[0].instrument) if verdict.floors else None


def _floor_reasons(before: Verdict, after: Verdict) -> list[Reason]:
    old = {(f.rule, f.jurisdiction, f.instrument, f.cap): f for f in before.floors}
    new = {(f.rule, f.jurisdiction, f.instrument, f.cap): f for f in after.floors}
    set_now = [_floor_reason("floor_set", f) for key, f in new.items() if key not in old]
    lifted = [_floor_reason("floor_lifted", f) for key, f in old.items() if key not in new]
    return [*set_now, *lifted]


def _floor_reason(code: str, floor: Floor) -> Reason:
    return Reason(
        code, jurisdiction=floor.jurisdiction, instrument=floor.instrument, floor=floor.rule, due_date=floor.due_date,
        to_state=floor.state, floor_detail=floor.detail,
    )  # fmt: skip


def _step_reasons(steps: Iterable[LegalStatus], scoring: Scoring) -> list[Reason]:
    return [
        Reason(
            "ledger_transition", points=100 * (activity(s, s.valid_from, scoring) - _activity_before(s, scoring)),
            dimension="legal", jurisdiction=s.jurisdiction, instrument=s.instrument, from_state=s.from_state,
            to_state=s.state, due_date=s.due_date, event_id=s.event_id or "",
        )
        for s in steps
    ]  # fmt: skip


def _risk_reasons(before: Sequence[Term], after: Sequence[Term]) -> list[Reason]:
    """The terms that moved the score most; differences of terms sum to the difference of scores."""
    old = {(t.kind, t.name): t for t in before}
    shifts = [(t, t.points - (old[t.kind, t.name].points if (t.kind, t.name) in old else 0.0)) for t in after]
    shifts = sorted((s for s in shifts if abs(s[1]) >= _TERM_POINTS), key=lambda s: -abs(s[1]))[:_MAIN_TERMS]
    found = []
    for term, points in shifts:
        dimension, _, place = term.name.partition(":")
        event_id = term.event_ids[0] if term.event_ids else ""
        found.append(Reason("risk_change", points=points, dimension=dimension, jurisdiction=place, event_id=event_id))
    return found


def _confirmation(before: Verdict, after: Verdict, scoring: Scoring) -> list[Reason]:
    """The score crossed the boundary some nights ago; it is the last of them that changes the band."""
    if before.raw_band == after.raw_band:
        return []
    nights = scoring.nights_down if rank(after.raw_band) < rank(before.raw_band) else scoring.nights_up
    return [Reason("confirmed", days=nights)]


def _standing_risks(after: Verdict) -> list[Reason]:
    """What weighs most on a score that hardly moved tonight."""
    worst = sorted((t for t in after.terms if t.kind == "risk" and t.points <= -_TERM_POINTS), key=lambda t: t.points)
    return [standing_reason(term) for term in worst[:_MAIN_TERMS]]


def _deadline(before: Verdict, after: Verdict, rules: AlertRules) -> Floor | None:
    """A floor whose date came within 90, 30 or 7 days since last night."""
    for floor in after.floors:
        if floor.due_date is None or floor.state not in ("scheduled", "delayed", "non_enforced"):
            continue
        left = (floor.due_date - after.as_of.date()).days
        left_before = (floor.due_date - before.as_of.date()).days
        if any(left <= mark < left_before for mark in rules.deadline_days) and left >= 0:
            return floor
    return None


def _event_ids(steps: Sequence[LegalStatus], after: Verdict, reasons: Sequence[Reason]) -> tuple[str, ...]:
    ids = [s.event_id for s in steps if s.event_id] + [r.event_id for r in reasons if r.event_id]
    if not ids:
        ids = [event_id for term in after.terms for event_id in term.event_ids]
    return tuple(dict.fromkeys(ids))


def _call_of(one: Told | Alert) -> tuple[str, str, datetime]:
    """What the budget counts: several purposes of one platform in one night are one call."""
    return one.client, one.platform, one.as_of


def _is_spent(alert: Alert, asked: Set[tuple[str, str, datetime]], rules: AlertRules) -> bool:
    """Whether the client was called as often as a month allows; a platform called for tonight is no new call."""
    month = f"{alert.as_of:%Y-%m}"
    calls = sum(client == alert.client and f"{as_of:%Y-%m}" == month for client, _, as_of in asked)
    return _call_of(alert) not in asked and calls >= rules.budget_per_month


def _with_status(
    alert: Alert,
    told: Sequence[Told],
    flapping: set[tuple[str, str, str]],
    asked: Set[tuple[str, str, datetime]],
    rules: AlertRules,
) -> Alert:
    if alert.severity == "note":
        return replace(alert, status="digest", status_reason="note")
    if (alert.client, alert.platform, alert.purpose) in flapping and alert.severity != "act":
        return replace(alert, status="digest", status_reason="unstable")
    since = alert.as_of - timedelta(days=rules.cooldown_days)
    repeats = [
        t for t in told
        if (t.client, t.platform, t.purpose, t.rule, t.to_band)
        == (alert.client, alert.platform, alert.purpose, alert.rule, alert.to_band)
        and since < t.as_of < alert.as_of and t.status == "queued"
    ]  # fmt: skip
    if repeats and max(_URGENCY[t.severity] for t in repeats) >= _URGENCY[alert.severity]:
        return replace(alert, status="suppressed", status_reason="told before within the cool-down")
    # A ban is told whatever the budget says; what can wait goes to the digest.
    if alert.severity != "act" and _is_spent(alert, asked, rules):
        return replace(alert, status="digest", status_reason="monthly budget is spent")
    return alert
