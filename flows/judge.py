"""Steps 5 to 9: read what is new, find the events, move the ledger, score, judge, and queue what must be told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from flows.house import House, now
from flows.radar import follow_momentum, look_around, notice, read_again_for_new_platforms, spark_notes
from flows.second_look import SecondLook
from flows.tell import queue_messages
from trendwarte.alerting import Pair, decide_alerts
from trendwarte.causes import Lately
from trendwarte.events import assign, summarise
from trendwarte.evidence import weight
from trendwarte.ledger import STILL_VERBS, Ledger
from trendwarte.radar.momentum import Standing, stage_in
from trendwarte.reading import READER_VERSION
from trendwarte.resemblance import day_of
from trendwarte.settings import Client, Platform, Settings
from trendwarte.shares import carried_over
from trendwarte.suitability import judge, profile
from trendwarte.telling import calm, is_outage
from trendwarte.types import (
    Alert,
    Document,
    Event,
    Evidence,
    LegalStatus,
    Reading,
    RiskScore,
    RunReport,
    StoredSignal,
    Term,
    Verdict,
)
from warehouse import published_or_seen, score_risk

_READ_AT_ONCE = 5_000
_FLAP_WINDOW_PER_NIGHT = timedelta(days=1)
_TOLD_DAYS = 31


def understand(house: House, as_of: datetime, report: RunReport) -> None:
    """Read unread documents, join their signals to events, and let the events move the ledger."""
    warehouse = house.warehouse
    read_again_for_new_platforms(house, as_of)
    with warehouse.transaction():
        signals, touched = _read_new(house, as_of, report)
        if signals:
            gap = max(house.settings.scoring.event_gap_days.values())
            near = warehouse.events.near(((s.signal.platform, day_of(s)) for s in signals), gap)
            event_of = assign(signals, near, house.settings.scoring, _parents(house))
            warehouse.events.add_signals(signals, event_of, READER_VERSION)
            touched |= set(event_of.values())
        told_by = warehouse.events.signals_of(touched)
        found = [summarise(event_id, told) for event_id, told in sorted(told_by.items())]
        events = warehouse.events.put(found, as_of)
        warehouse.events.drop_empty(touched - told_by.keys(), as_of)
        ledger = Ledger(
            warehouse.ledger.current(), warehouse.ledger.applied_events(), house.settings.instruments,
            house.settings.jurisdictions, house.settings.scoring,
        )  # fmt: skip
        folded = ledger.fold(events, as_of)
        warehouse.ledger.append(folded.transitions, folded.refused, report.run_id, as_of)
    report.counts |= {
        "signals": len(signals),
        "events_touched": len(events),
        "ledger_transitions": len(folded.transitions),
        "ledger_refused": len(folded.refused),
    }


def _read_new(house: House, as_of: datetime, report: RunReport) -> tuple[list[StoredSignal], set[str]]:
    """Signals of all unread documents, and the events that lose the signals of those read before.

    Documents are read in batches: the first night of a replay may have years of them.
    """
    stored, taken = house.warehouse.documents, house.warehouse.ledger.taken_steps()
    signals: list[StoredSignal] = []
    touched: set[str] = set()
    ids = stored.unread_ids(READER_VERSION, as_of)
    relevant, second = 0, SecondLook(house.settings.runtime.second_reader, report)
    for start in range(0, len(ids), _READ_AT_ONCE):
        documents = stored.of_ids(ids[start : start + _READ_AT_ONCE])
        readings = second.at(documents, house.reader.read_all(documents))
        signals += (s for d, r in zip(documents, readings, strict=True) for s in _stored(house, d, r, as_of, taken))
        touched |= set(house.warehouse.events.forget_signals_of([d.document_id for d in documents]))
        stored.mark_read(readings, READER_VERSION)
        notice(house, documents, as_of, report)
        relevant += sum(reading.relevant for reading in readings)
    report.counts |= {"documents_read": len(ids), "documents_relevant": relevant}
    return signals, touched


def _parents(house: House) -> dict[str, str | None]:
    return {place: one.parent for place, one in house.settings.jurisdictions.items()}


def _stored(
    house: House, document: Document, reading: Reading, as_of: datetime, taken: set[tuple[str, str, str]]
) -> Iterator[StoredSignal]:
    known = house.settings.platforms
    for number, signal in enumerate(reading.signals):
        if signal.platform not in known and signal.platform != "all_social":
            continue
        published = published_or_seen(document)
        # An old story told again carries its old date: it must not become tonight's news, unless it tells of a
        # step the ledger has missed. That is a late arrival: its own date, tonight's knowledge.
        is_old = signal.event_date is not None and (published.date() - signal.event_date).days > (
            house.settings.scoring.old_news_days
        )
        is_missed = signal.verb is not None and signal.verb not in STILL_VERBS and not reading.recap
        is_late = is_old and is_missed and (signal.platform, signal.jurisdiction, signal.verb) not in taken
        is_recap = reading.recap or (is_old and not is_late)
        key = f"{document.document_id}\x1f{signal.platform}\x1f{number}"
        yield StoredSignal(
            signal_id=f"s-{blake2b(key.encode(), digest_size=8).hexdigest()}",
            document_id=document.document_id,
            origin=house.origins.of(document),
            source_kind=document.source_kind,
            published_at=published,
            known_from=as_of,
            recap=is_recap,
            weight=weight(signal, document.source_kind, house.settings.scoring, is_recap=is_recap),
            lang=reading.lang,
            title=document.title,
            signal=signal,
            summary=document.summary,
        )


def judge_all(
    house: House, as_of: datetime, report: RunReport, last: Mapping[str, Any] | None, *, is_degraded: bool
) -> None:
    """Score every platform, judge every client, queue messages, end the night: one transaction, or nothing.

    ``last`` is the newest night that was judged before this one.
    """
    warehouse = house.warehouse
    # Not only what this process read: a night killed after step 7 has moved the ledger and told nobody.
    moved = warehouse.ledger.moved_after(last["as_of"]) if last else []
    with warehouse.transaction():
        warehouse.verdicts.forget(as_of)
        markets = {m.jurisdiction for client in house.settings.clients.values() for m in client.markets}
        scores = score_risk(
            warehouse.con, as_of, report.run_id, _places(house), is_degraded=is_degraded, wanted=markets
        )
        before = warehouse.verdicts.latest(as_of)
        look_around(house, as_of, report)
        standings, sparks = follow_momentum(house, as_of, report)
        # Confirmation counts nights: judging again by day (the watch on authorities) starts from yesterday's verdict.
        yesterday = warehouse.verdicts.latest(as_of.replace(hour=0, minute=0, second=0, microsecond=0))
        verdicts = list(_verdicts(house, as_of, scores, yesterday, standings, is_degraded=is_degraded))
        warehouse.verdicts.store(verdicts, report.run_id, is_baseline=report.is_baseline)
        pairs = [(before.get(_key(v)), v) for v in verdicts]
        decided = [] if report.is_baseline else _decided(house, as_of, report, pairs, sparks, moved, last)
        causes: dict[tuple[str, str, str], str] = {(a.client, a.platform, a.purpose): a.rule for a in decided}
        changes = warehouse.verdicts.store_changes(pairs, report.run_id, causes, is_baseline=report.is_baseline)
        warehouse.verdicts.store_alerts(decided)
        queued = 0 if report.is_baseline else queue_messages(house, as_of, decided, verdicts)
        report.counts |= {
            "risk_scores": len(scores),
            "verdicts": len(verdicts),
            "verdict_changes": changes,
            "alerts": sum(alert.status == "queued" for alert in decided),
            "alerts_silent": sum(alert.status != "queued" for alert in decided),
            "messages_queued": queued,
        }
        report.outcome = "degraded" if is_degraded else "ok"
        warehouse.runs.finish(report, now())


def _decided(
    house: House,
    as_of: datetime,
    report: RunReport,
    pairs: Sequence[tuple[Verdict | None, Verdict]],
    sparks: Sequence[Standing],
    moved: Sequence[LegalStatus],
    last: Mapping[str, Any] | None,
) -> list[Alert]:
    """Alerts of changes and sparks with their evidence; a storm, or the night after an outage, calms them."""
    verdicts, shown = [verdict for _, verdict in pairs], _Shown(house)
    decided = [
        shown.with_evidence(alert)
        for alert in (
            *_alerts(house, as_of, pairs, moved, report.run_id),
            *spark_notes(house, verdicts, sparks, report),
        )
    ]
    rules, judged = house.settings.alerts, len({(v.client, v.platform) for v in verdicts})
    was_out = last is not None and is_outage(last["outcome"], last["as_of"], as_of, rules)
    calmed, storm = calm(decided, judged, rules, is_after_outage=was_out)
    report.problems += [storm] if storm else []
    return calmed


def _places(house: House) -> list[str]:
    """Jurisdictions to score: all markets, what stands above them, and wherever something happened."""
    known = house.settings.jurisdictions
    places = {m.jurisdiction for client in house.settings.clients.values() for m in client.markets}
    places |= {place for place in house.warehouse.ledger.places() if place in known}
    for place in list(places):
        while (parent := known[place].parent) is not None:
            places.add(parent)
            place = parent
    return sorted(places | {"GLOBAL"})


def _verdicts(
    house: House,
    as_of: datetime,
    scores: Sequence[RiskScore],
    before: dict[tuple[str, str, str], Verdict],
    standings: Mapping[str, Sequence[Standing]],
    *,
    is_degraded: bool,
) -> Iterator[Verdict]:
    settings = house.settings
    risks = _by_platform(scores)
    current = house.warehouse.ledger.current()
    rising = [key for key, old in before.items() if old.streak_up >= settings.scoring.nights_up - 1]
    calm = house.warehouse.verdicts.calm(rising, as_of - timedelta(days=settings.scoring.rise_days), as_of)
    statuses = {p: tuple(s for s in current if s.platform in (p, "all_social")) for p in settings.platforms}
    for client in settings.clients.values():
        for platform in (p for p in settings.platforms.values() if _is_judged(client, p, as_of)):
            standing = stage_in(
                standings.get(platform.id, ()), [m.jurisdiction for m in client.markets], settings.jurisdictions
            )
            known = profile(
                client, platform, as_of.date(), risks[platform.id], statuses[platform.id], settings.jurisdictions,
                settings.scoring,
            )  # fmt: skip
            for purpose in client.purposes:
                key = (client.id, platform.id, purpose)
                yield judge(
                    known,
                    purpose,
                    before.get(key),
                    as_of,
                    is_degraded=is_degraded,
                    momentum=standing,
                    calm=calm.get(key),
                )


def _by_platform(scores: Sequence[RiskScore]) -> dict[str, dict[tuple[str, str], RiskScore]]:
    found: dict[str, dict[tuple[str, str], RiskScore]] = {}
    for score in scores:
        found.setdefault(score.platform, {})[score.jurisdiction, score.dimension] = score
    return found


def _is_judged(client: Client, platform: Platform, as_of: datetime) -> bool:
    """Whether a client wants to hear of a platform that is there already."""
    is_wanted = not client.platforms or platform.id in client.platforms
    is_born = platform.launched_on is None or platform.launched_on <= as_of.date()
    return client.is_active and is_wanted and is_born


def _alerts(
    house: House,
    as_of: datetime,
    pairs: Sequence[tuple[Verdict | None, Verdict]],
    moved: Sequence[LegalStatus],
    run_id: str,
) -> list[Alert]:
    settings, verdicts = house.settings, house.warehouse.verdicts
    flaps = verdicts.recent_changes(as_of - settings.alerts.flap_nights * _FLAP_WINDOW_PER_NIGHT)
    touched = {status.platform for status in moved}
    telling = [_key(new) for old, new in pairs if old is not None and _may_tell(old, new, touched)]
    old_terms = verdicts.terms(telling, as_of)
    compared = [
        _pair(old, new, flaps.get(_key(new), 0), old_terms.get(_key(new), new.terms), settings)
        for old, new in pairs
        if old is not None
    ]
    return decide_alerts(
        compared,
        settings.clients,
        settings.jurisdictions,
        moved,
        verdicts.told(as_of - timedelta(days=_TOLD_DAYS)),
        run_id,
        settings.scoring,
        settings.alerts,
        _lately(house, as_of, compared),
    )


def _lately(house: House, as_of: datetime, compared: Sequence[Pair]) -> Lately:
    """What may be the cause of tonight's changes; events only where a band changed, which is rare."""
    settings, warehouse = house.settings, house.warehouse
    unmoved = warehouse.runs.judged_before(as_of, nights=settings.scoring.nights_down)
    since = min(as_of - timedelta(days=settings.alerts.cause_days), unmoved or as_of)
    is_changed = any(pair.before.band != pair.after.band for pair in compared)
    return Lately(since, warehouse.ledger.moved_after(since), warehouse.events.heard(since) if is_changed else [])


def _pair(old: Verdict, new: Verdict, flaps: int, terms: tuple[Term, ...], settings: Settings) -> Pair:
    if terms is not new.terms:  # they were asked for: something moved that may be told
        terms = carried_over(terms, new.terms, settings.clients[new.client], settings.scoring)
    return Pair(old, new, flaps, terms)


def _key(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.client, verdict.platform, verdict.purpose


def _may_tell(old: Verdict, new: Verdict, touched: set[str]) -> bool:
    """Whether the terms of last night can be asked for: only where something moved by a point or more."""
    is_moved = old.band != new.band or old.floors != new.floors or bool(touched & {new.platform, "all_social"})
    return is_moved or abs((old.score or 0.0) - (new.score or 0.0)) >= 1


@dataclass(slots=True)
class _Shown:
    """Quotes of a night by what they prove: one law moves many clients, and all of them read the same quotes."""

    house: House
    quotes: dict[tuple[tuple[str, ...], bool], tuple[Evidence, ...]] = field(default_factory=dict)
    movers: dict[str, str | None] = field(default_factory=dict)
    recent: dict[str, tuple[Event, ...]] = field(default_factory=dict)

    def with_evidence(self, alert: Alert) -> Alert:
        """The quotes an alert rests on; a date that passed rests on the event that set it."""
        instruments = dict.fromkeys(r.instrument for r in alert.reasons if r.instrument)
        movers = (event_id for one in instruments if (event_id := self._mover(one)))
        ids = tuple(dict.fromkeys([*movers, *alert.event_ids]))
        evidence = self._quotes(ids, denying=False)
        if any(reason.code in ("faded", "calmer") for reason in alert.reasons):
            # What was reported is why the band was lower: it speaks against the rise.
            against = self._quotes(self._adverse_of_late(alert, ids), denying=False)
            return replace(alert, event_ids=ids, counter_evidence=against)
        if not evidence and alert.status == "queued":
            # A date in the configuration passed (a survey, a launch). True, but nobody reported it tonight.
            alert = replace(alert, status="digest", status_reason="no report behind it")
        return replace(alert, event_ids=ids, evidence=evidence, counter_evidence=self._quotes(ids, denying=True))

    def _adverse_of_late(self, alert: Alert, ids: tuple[str, ...]) -> tuple[str, ...]:
        """Bad news of late in the risks that fell: what is older, or was good news, speaks against nothing.

        Where no risk fell by a point, those that weigh most are looked at.
        """
        fell = {r.dimension for r in alert.reasons if r.code == "risk_change" and r.points > 0}
        fell = fell or {r.dimension for r in alert.reasons}
        since = alert.as_of.date() - timedelta(days=self.house.settings.alerts.counter_days)
        if alert.platform not in self.recent:
            events = self.house.warehouse.events
            self.recent[alert.platform] = (*events.recent(alert.platform, since), *events.recent("all_social", since))
        adverse = {
            event.event_id
            for event in self.recent[alert.platform]
            if event.event_date >= since and event.polarity == "negative" and event.dimension in fell
        }
        return tuple(one for one in ids if one in adverse)

    def _mover(self, instrument: str) -> str | None:
        if instrument not in self.movers:
            self.movers[instrument] = self.house.warehouse.ledger.last_event_of(instrument)
        return self.movers[instrument]

    def _quotes(self, ids: tuple[str, ...], *, denying: bool) -> tuple[Evidence, ...]:
        key = (ids, denying)
        if key not in self.quotes:
            found = self.house.warehouse.events.evidence(ids, self.house.settings.alerts.quotes, denying=denying)
            self.quotes[key] = tuple(found)
        return self.quotes[key]
