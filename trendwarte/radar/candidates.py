"""From names that were met to candidates worth a consultant's minute: judged, ranked, each with its reasons.

Pure: what is known of each name goes in (``Standing``), candidates come out, the rejected ones with the reason.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import log2
from typing import Literal

from trendwarte.rules import Discovery
from trendwarte.types import Evidence

Status = Literal["candidate", "noticed", "rejected"]
_SPREAD_FULL = 4
_RISE_FULL = 8.0
_CHART_POINTS = 10.0
_KEY_MIN = 3
_MONTH_DAYS = 30
_SEPARATORS = re.compile(r"[\W_]")


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one name on one day; counts are of the window unless they say otherwise.

    ``social`` 0-1 is how far independent origins call it a social service, ``said_social``/``said_other`` how many
    texts of a year say what it is, ``said_lately`` how many of the window. ``introduced`` 0-1 and ``said_plainly``
    count only those of the window that do not take it for known, ``introduced_on`` is the first of these within the
    history. ``established`` counts outlets with a history of their own, ``rise`` is its share of the news against
    before in those, ``surprise`` how unlikely (in nats) that were if they had named it evenly, ``seen_now`` their
    texts of the last four weeks. ``charts`` are places in social charts, by label of the chart.
    """

    name_key: str
    name: str
    social: float
    social_origins: int
    said_social: int
    said_other: int
    documents: int
    outlets: int
    established: int
    first_seen_on: date
    last_seen_on: date
    said_lately: int = 0
    introduced: float = 0.0
    said_plainly: int = 0
    introduced_on: date | None = None
    seen_now: int = 0
    rise: float = 1.0
    surprise: float = 0.0
    charts: Mapping[str, float] = field(default_factory=dict)
    trends: tuple[str, ...] = ()

    @property
    def other_share(self) -> float:
        """Share 0-1 of the texts that say what it is and call it something else."""
        said = self.said_social + self.said_other
        return self.said_other / said if said else 0.0


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a name is shown or not, as fields; each language renders its own sentence.

    ``code`` is one of: social (``count`` origins call it a social service), spread (``count`` outlets), rise
    (``value`` times its share), new (first met on ``on``), introduced (first plainly introduced as a service on
    ``on``), chart (place ``value`` in chart ``detail``), trend (``detail``), and against it: thin, unsaid (share
    ``value`` of its texts introduce it: a person, a game), other (share ``value`` of those that say what it is call
    it something else), steady, crowded (enough new names this month), dismissed.
    """

    code: str
    value: float = 0.0
    count: int = 0
    on: date | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name somebody may want to watch, ``place`` 1 being the first; ``score`` 0-100 only ranks."""

    as_of: datetime
    name_key: str
    name: str
    status: Status
    score: float
    documents: int
    outlets: int
    first_seen_on: date
    last_seen_on: date
    reasons: tuple[Ground, ...]
    evidence: tuple[Evidence, ...] = ()
    surfaced_at: datetime | None = None
    place: int = 0

    @property
    def is_first_shown(self) -> bool:
        """Whether tonight is the first night that shows it."""
        return self.status == "candidate" and self.surfaced_at == self.as_of


@lru_cache(maxsize=8192)
def key_of(name: str) -> str:
    """What spellings of one name share: "Truth Social", "TRUTH Social" and "TruthSocial" are one, and so is "Truth"."""
    squeezed = _SEPARATORS.sub("", name.casefold())
    short = squeezed.removesuffix("social")
    return short if len(short) >= _KEY_MIN else squeezed


def judge_names(
    standings: Sequence[Standing],
    watched: Iterable[str],
    surfaced: Mapping[str, datetime],
    rules: Discovery,
    as_of: datetime,
) -> list[Candidate]:
    """Candidates of a night, best first, then what was only noticed, then the rejected.

    Args:
        standings: the names met within the window.
        watched: names and aliases of configured platforms; a name that is one is left out.
        surfaced: when each key was first shown; once shown, a name stays as long as it is in the window.
    """
    known = {key_of(name) for name in watched}
    dismissed = {key_of(name) for name in rules.dismissed}
    found = [_judged(one, dismissed, surfaced, rules, as_of) for one in _merged(standings) if one.name_key not in known]
    sure = {one.name_key for one in standings if one.social_origins > 1 and one.social >= rules.sure}
    found = _within_budget(found, sure, surfaced, rules, as_of)
    order = {"candidate": 0, "noticed": 1, "rejected": 2}
    found.sort(key=lambda c: (order[c.status], -c.score, c.name_key))
    return [replace(candidate, place=place) for place, candidate in enumerate(found, start=1)]


def _within_budget(
    found: list[Candidate], sure: set[str], surfaced: Mapping[str, datetime], rules: Discovery, as_of: datetime
) -> list[Candidate]:
    """Hold back new names that one origin alone introduces, once a month has had its share of new names.

    A consultant's attention is what false candidates cost, and their number grows with the number of sources. Who is
    held back waits for a second origin, or for the month to end; the better attested go first.
    """
    since = as_of - timedelta(days=_MONTH_DAYS)
    left = rules.unsure_per_month - sum(since < at < as_of for at in surfaced.values())
    new = [one for one in found if one.is_first_shown and one.name_key not in sure]
    waiting = {one.name_key for one in sorted(new, key=lambda one: (-one.score, one.name_key))[max(0, left) :]}
    return [
        replace(one, status="noticed", surfaced_at=None, reasons=(*one.reasons, Ground("crowded")))
        if one.name_key in waiting else one
        for one in found
    ]  # fmt: skip


def _merged(standings: Sequence[Standing]) -> list[Standing]:
    """One entry for "BeReal" and "BeReal Social", for "Truth" and "Truth Social": the better attested name stays."""
    by_key = {one.name_key: one for one in standings}
    for one in standings:
        first = by_key.get(key_of(one.name.split()[0])) if " " in one.name else None
        if first is None or first.name_key == one.name_key or one.name_key not in by_key:
            continue
        stays, goes = (one, first) if one.said_social >= first.said_social else (first, one)
        if stays.documents < goes.documents and stays.said_social == goes.said_social:
            stays, goes = goes, stays
        by_key[stays.name_key] = replace(
            stays,
            social=1 - (1 - stays.social) * (1 - goes.social),
            said_social=stays.said_social + goes.said_social,
            said_lately=stays.said_lately + goes.said_lately,
            # The same origins may use both spellings: twice is no more for what is to prove newness.
            introduced=max(stays.introduced, goes.introduced),
            said_plainly=max(stays.said_plainly, goes.said_plainly),
            introduced_on=min(filter(None, (stays.introduced_on, goes.introduced_on)), default=None),
        )
        del by_key[goes.name_key]
    return list(by_key.values())


def _judged(
    one: Standing, dismissed: set[str], surfaced: Mapping[str, datetime], rules: Discovery, as_of: datetime
) -> Candidate:
    against = tuple(_against(one, dismissed, rules, as_of.date()))
    since = surfaced.get(one.name_key)
    status: Status = "candidate"
    if any(ground.code in ("other", "dismissed") for ground in against):
        status = "rejected"
    elif against and since is None:
        status = "noticed"
    return Candidate(
        as_of=as_of,
        name_key=one.name_key,
        name=one.name,
        status=status,
        score=_score(one),
        documents=one.documents,
        outlets=one.outlets,
        first_seen_on=one.first_seen_on,
        last_seen_on=one.last_seen_on,
        reasons=(*_reasons(one, rules, as_of.date()), *(against if status != "candidate" else ())),
        surfaced_at=since or (as_of if status == "candidate" else None),
    )


def _against(one: Standing, dismissed: set[str], rules: Discovery, on: date) -> Iterable[Ground]:
    """What speaks against showing a name; nothing means it is shown."""
    if one.name_key in dismissed:
        yield Ground("dismissed")
    if one.said_other and one.other_share >= rules.other_maximum:
        yield Ground("other", value=one.other_share, count=one.said_other)
    charted = min(one.charts.values(), default=float("inf")) <= rules.chart_rank
    is_social = one.social >= rules.social_minimum or charted
    if not is_social or one.documents < rules.documents or one.outlets < rules.outlets or not one.established:
        yield Ground("thin", value=one.social, count=one.outlets)
    if one.said_lately < rules.said_share * one.documents:
        yield Ground("unsaid", value=one.said_lately / one.documents)
    is_new = _is_novel(one, rules, on) and (one.surprise >= rules.surprise or _is_sure(one, rules))
    if not (is_new or _is_newly_introduced(one, rules, on) or _is_rising(one, rules)):
        yield Ground("steady", value=one.rise, on=one.first_seen_on)


def _is_novel(one: Standing, rules: Discovery, on: date) -> bool:
    return (on - one.first_seen_on).days <= rules.novel_days


def _is_newly_introduced(one: Standing, rules: Discovery, on: date) -> bool:
    """Whether an old word has become the name of a service: plainly introduced only lately, by a good part of the texts
    that name it, and named more than by chance."""
    return (
        one.introduced_on is not None
        and (on - one.introduced_on).days <= rules.novel_days
        and one.introduced >= rules.social_minimum
        and one.said_plainly >= rules.said_share * one.documents
        and one.surprise >= rules.surprise
    )


def _is_rising(one: Standing, rules: Discovery) -> bool:
    return one.surprise >= rules.surprise and one.rise >= rules.rise and one.seen_now >= rules.documents


def _is_sure(one: Standing, rules: Discovery) -> bool:
    """Whether several texts introduce a name, and plainly."""
    return one.said_plainly > 1 and one.introduced >= rules.sure


def _reasons(one: Standing, rules: Discovery, on: date) -> Iterable[Ground]:
    if one.social_origins:
        yield Ground("social", value=one.social, count=one.social_origins)
    yield Ground("spread", value=one.documents, count=one.outlets)
    if _is_novel(one, rules, on):
        yield Ground("new", on=one.first_seen_on)
    elif _is_newly_introduced(one, rules, on):
        yield Ground("introduced", on=one.introduced_on)
    if _is_rising(one, rules):
        yield Ground("rise", value=one.rise, count=one.seen_now)
    yield from (Ground("chart", value=rank, detail=chart) for chart, rank in sorted(one.charts.items()))
    yield from (Ground("trend", detail=trend) for trend in one.trends)


def _score(one: Standing) -> float:
    """0-100: half how sure it is a social service, a quarter how widely told, a quarter how steeply it rises."""
    spread = min(1.0, one.outlets / _SPREAD_FULL)
    rise = min(1.0, max(0.0, log2(max(one.rise, 1.0))) / log2(_RISE_FULL))
    score = 100 * one.social * (1 - one.other_share) * 0.5 + 25 * spread + 25 * rise
    return min(100.0, score + (_CHART_POINTS if one.charts or one.trends else 0.0))
