"""When to ask a source again, and whether to ask "changed since?": pure decisions over what is remembered.

The rules follow what a collector of 180,000 feeds learned in production (docs/decisions/0011): judge by overlap
with what is known, not by counts; back off in a line, not exponentially, because the intervals are long already;
and never give a source up, because a surprising number comes back from what looks like death.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from trendwarte.types import SourceHealth, SourceMemory, Validators
from trendwarte.vocabulary import HealthState

ANSWERED: frozenset[HealthState] = frozenset({"ok", "not_modified", "empty", "stale", "undated"})

_HARD, _SOFT, _PASSING = 1.0, 0.5, 0.25
# What a later visit may find repaired without anybody's doing weighs half.
_SOFT_STATUSES = frozenset({404, 408, 425, 429, 500, 502, 503, 504, 522, 524})
_DEAD_AFTER = 30.0
_DEAD_INTERVAL = timedelta(days=30)
# A nightly run comes every 24 h, give or take its own length: no night may miss a source for less than death.
_BACKOFF_MAX = timedelta(hours=20)
_INTERVAL_MAX_MIN = 20 * 60.0
_INTERVAL_MIN_MIN = 10.0
_KNOWN_SHARE_CALM, _KNOWN_SHARE_BUSY = 0.67, 0.33
_VISITS_IN_A_ROW = 2
_STEP_CALM_MIN, _STEP_SILENT_MIN, _STEP_BUSY_MIN = 10.0, 60.0, 60.0
_SILENT = timedelta(days=31)
# Validators can lie. Once a day where a source is asked often, every fifth time where it is asked once a night.
_BODY_MAX_AGE = timedelta(hours=24)
_CONDITIONAL_MAX = 4


def is_due(memory: SourceMemory, now: datetime) -> bool:
    """Whether the source may be asked at ``now``."""
    return memory.next_visit_at is None or memory.next_visit_at <= now


def validators_to_send(memory: SourceMemory, now: datetime) -> Validators:
    """The validators for the next request; only the body hash when the answer shall be a full one.

    Some servers repeat a validator though the content changed: a full answer is asked for after a day with four
    "not modified" in a row, and always from a server that was caught.
    """
    is_old = memory.last_body_at is not None and now - memory.last_body_at >= _BODY_MAX_AGE
    if memory.is_lying or (is_old and memory.conditional >= _CONDITIONAL_MAX):
        return Validators(body_hash=memory.validators.body_hash)
    return memory.validators


def remembered(
    memory: SourceMemory,
    health: SourceHealth,
    validators: Validators | None,
    now: datetime,
    *,
    poll_min: float,
    asked_wait: timedelta | None = None,
) -> SourceMemory:
    """The memory after one visit.

    Args:
        memory: what was known before.
        health: how the visit went; ``new_documents`` of ``documents`` decide the interval.
        validators: of the answer, None when there was none.
        now: time of the visit, aware UTC.
        poll_min: least minutes between two visits, from the source's entry.
        asked_wait: what the server asked for; it is always obeyed.
    """
    if health.state not in ANSWERED:
        return _failed(memory, health, now, poll_min, asked_wait)
    seen = validators or Validators()
    is_body = health.status != 304
    settled = _paced(memory, health, now, poll_min)
    later = now + timedelta(minutes=settled.interval_min)
    return replace(
        settled,
        state=health.state,
        validators=seen,
        failures=0.0,
        conditional=0 if is_body else memory.conditional + 1,
        is_lying=memory.is_lying or _is_caught(memory, seen, is_body),
        last_body_at=now if is_body else memory.last_body_at,
        last_new_at=now if health.new_documents else memory.last_new_at,
        newest_at=max(filter(None, (memory.newest_at, health.newest_at)), default=None),
        next_visit_at=max(later, now + asked_wait) if asked_wait else later,
    )


def _failed(
    memory: SourceMemory, health: SourceHealth, now: datetime, poll_min: float, asked_wait: timedelta | None
) -> SourceMemory:
    failures = memory.failures + _weight(health)
    wait = min(timedelta(minutes=max(memory.interval_min, poll_min)) * failures, _BACKOFF_MAX)
    if failures >= _DEAD_AFTER:
        wait = _DEAD_INTERVAL
    if asked_wait:
        wait = max(wait, asked_wait)
    return replace(memory, state=health.state, failures=failures, calm=0, busy=0, next_visit_at=now + wait)


def _weight(health: SourceHealth) -> float:
    if health.is_passing:
        return _PASSING
    if health.state in ("unreachable", "rate_limited") or health.status in _SOFT_STATUSES:
        return _SOFT
    return _HARD


def _paced(memory: SourceMemory, health: SourceHealth, now: datetime, poll_min: float) -> SourceMemory:
    """Interval and streaks after an answer: longer where most was known already, shorter where most was new."""
    known_share = 1.0 if not health.documents else 1.0 - health.new_documents / health.documents
    calm = memory.calm + 1 if known_share >= _KNOWN_SHARE_CALM else 0
    busy = memory.busy + 1 if known_share < _KNOWN_SHARE_BUSY else 0
    minutes = memory.interval_min
    if calm >= _VISITS_IN_A_ROW:
        is_silent = memory.last_new_at is not None and now - memory.last_new_at >= _SILENT
        minutes, calm = minutes + (_STEP_SILENT_MIN if is_silent else _STEP_CALM_MIN), 0
    elif busy >= _VISITS_IN_A_ROW:
        minutes, busy = minutes - _STEP_BUSY_MIN, 0
    least = max(poll_min, _INTERVAL_MIN_MIN)
    return replace(memory, interval_min=min(max(minutes, least), _INTERVAL_MAX_MIN), calm=calm, busy=busy)


def _is_caught(memory: SourceMemory, seen: Validators, is_body: bool) -> bool:
    """Whether a new body came under the very validators of the old one."""
    held = memory.validators
    is_same = (held.etag, held.last_modified) == (seen.etag, seen.last_modified) != (None, None)
    return is_body and is_same and held.body_hash is not None and held.body_hash != seen.body_hash
