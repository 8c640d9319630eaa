"""Alerts in words: everything a letter, a chat message or a webhook says, in one language, as plain strings."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from alerts.naming import Names, names_of
from alerts.phrases import Phrases, numbered, opened
from trendwarte.explaining import level_of
from trendwarte.floors import rank
from trendwarte.settings import Client, Recommendation, Settings
from trendwarte.types import Alert, Evidence, Reason, Verdict
from trendwarte.vocabulary import Band

URGENCY = {"act": 0, "decide": 1, "note": 2}
_QUOTE_LENGTH = 280
_LINE_LENGTH = 300
_REASONS_MAX = 6


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote with where it stands; ``foreign`` says "in English" when it is not in the letter's language."""

    text: str
    quoted: str
    source: str
    url: str
    lang: str
    foreign: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One platform's part of a message."""

    platform_id: str
    platform: str
    severity: str
    urgency: str
    band: str
    headline: str
    meaning: tuple[str, ...]
    changes: tuple[str, ...]
    reasons: tuple[str, ...]
    evidence: tuple[Quote, ...]
    counter: tuple[Quote, ...]
    confidence: str
    deadline: str
    todo: str
    silence: str

    def without_quotes(self) -> "Section":
        """The section where space is short."""
        return replace(self, evidence=(), counter=(), reasons=self.reasons[:2])


@dataclass(frozen=True, slots=True)
class Block:
    """A title and lines below it: a part of a digest."""

    title: str
    lines: tuple[str, ...]
    more: str = ""
    """What stands for lines left out, with ``{count}``."""

    def first(self, count: int) -> tuple[str, ...]:
        """The first lines, and how many follow; a single one takes no more room than the word that it follows."""
        left = len(self.lines) - count
        return self.lines if left <= 1 else (*self.lines[:count], self.more.replace("{count}", str(left)))


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole message: the opening, one section per platform or the blocks of a digest, and the words around them."""

    subject: str
    greeting: str
    sections: tuple[Section, ...]
    as_of: str
    lang: str
    words: dict[str, str]
    blocks: tuple[Block, ...] = ()

    def hidden(self, count: int) -> str:
        """The line that stands for ``count`` sections left out."""
        return numbered(self.words, "hidden_sections", {"count": count}).format(count=count)


_WORDS = (
    "what",
    "why",
    "evidence",
    "no_evidence",
    "counter",
    "no_counter",
    "todo",
    "quiet_title",
    "hidden_sections_one",
)


def letter_of(
    alerts: Sequence[Alert],
    client: Client,
    settings: Settings,
    phrases: Phrases,
    verdicts: Mapping[tuple[str, str, str], Verdict] | None = None,
) -> Letter:
    """Words for alerts of one client, most urgent platform first; ``verdicts`` know which law a date belongs to."""
    ordered = sorted(alerts, key=lambda a: (URGENCY[a.severity], a.platform, a.purpose))
    leading = list(dict.fromkeys(alert.platform for alert in ordered))
    names = names_of(settings, phrases)
    sections = tuple(
        _section([a for a in ordered if a.platform == platform], client, settings, names, phrases, verdicts or {})
        for platform in leading
    )
    return Letter(
        subject=_subject(ordered, names, phrases),
        greeting=phrases.text("greeting", client=client.name, date=phrases.day(phrases.local_day(ordered[0].as_of))),
        sections=sections,
        as_of=phrases.text("as_of", date=phrases.moment(ordered[0].as_of)),
        lang=phrases.lang,
        words=common_words(phrases),
    )


def common_words(phrases: Phrases) -> dict[str, str]:
    """The headings every form of a message needs."""
    return {key: phrases.text(key) for key in _WORDS} | {
        "hidden_sections": phrases.text("hidden_sections", count="{count}")
    }


def _subject(alerts: Sequence[Alert], names: Names, phrases: Phrases) -> str:
    first = alerts[0]
    what = phrases.text(
        _moved("one_change", first), platform=names.platform(first.platform),
        before=phrases.word("band", first.from_band), after=phrases.word("band", first.to_band),
    )  # fmt: skip
    others = len({alert.platform for alert in alerts}) - 1
    if others:
        what = phrases.text("more", what=what, count=others)
    return phrases.text("subject", severity=phrases.word("severity", first.severity), what=what)


def _section(
    alerts: Sequence[Alert],
    client: Client,
    settings: Settings,
    names: Names,
    phrases: Phrases,
    verdicts: Mapping[tuple[str, str, str], Verdict],
) -> Section:
    lead = alerts[0]
    platform = names.platform(lead.platform)
    reasons = reason_lines(lead.reasons, names, phrases, lead.from_band, lead.to_band)
    if len(reasons) > _REASONS_MAX:
        more = phrases.text("hidden_reasons", count=len(reasons) - _REASONS_MAX)
        reasons = [*reasons[:_REASONS_MAX], more]
    return Section(
        platform_id=lead.platform,
        platform=platform,
        severity=phrases.word("severity", lead.severity),
        urgency=lead.severity,
        band=lead.to_band,
        headline=headline(lead, platform, phrases),
        meaning=tuple(_meanings(alerts, phrases)),
        changes=tuple(change_line(a, phrases) for a in alerts),
        reasons=tuple(reasons),
        evidence=tuple(quote_of(e, phrases) for e in lead.evidence),
        counter=tuple(quote_of(e, phrases) for e in lead.counter_evidence),
        confidence=_confidence(lead, settings, phrases),
        deadline=_deadline(alerts, verdicts, names, phrases),
        todo=recommendation(settings.playbook, lead, phrases.lang),
        silence=phrases.text("quiet_how", platform=platform),
    )


def _deadline(
    alerts: Sequence[Alert], verdicts: Mapping[tuple[str, str, str], Verdict], names: Names, phrases: Phrases
) -> str:
    """The next date with the law it belongs to, which need not be the law the alert is about."""
    dated = [alert for alert in alerts if alert.due_date]
    if not dated:
        return ""
    first = min(dated, key=lambda alert: alert.due_date or date.max)
    due, judged = first.due_date or date.max, verdicts.get((first.client, first.platform, first.purpose))
    told = ((reason.due_date, reason.jurisdiction, reason.instrument) for alert in dated for reason in alert.reasons)
    held = ((floor.due_date, floor.jurisdiction, floor.instrument) for floor in (judged.floors if judged else ()))
    laws = (names.law_in(place, one) for on, place, one in (*told, *held) if on == due and one)
    law = next(laws, "")
    values = {"date": phrases.day(due), "distance": phrases.distance(due, phrases.local_day(first.as_of))}
    return phrases.text("deadline_of", law=law, **values) if law else phrases.text("deadline_in", **values)


def headline(alert: Alert, platform: str, phrases: Phrases) -> str:
    """The change in one line."""
    before, after = phrases.word("band", alert.from_band), phrases.word("band", alert.to_band)
    return phrases.text(_moved("headline", alert), platform=platform, before=before, after=after)


def _moved(key: str, alert: Alert) -> str:
    """The sentence for a band that changed, or for one that stays."""
    return f"{key}_same" if alert.from_band == alert.to_band else key


def _meanings(alerts: Sequence[Alert], phrases: Phrases) -> Iterable[str]:
    """One sentence per band reached, with the purposes it concerns."""
    by_band = sorted(alerts, key=lambda a: (URGENCY[a.severity], a.to_band))
    for band, group in groupby(by_band, key=lambda a: a.to_band):
        purposes = dict.fromkeys(phrases.word("purpose", alert.purpose) for alert in group)
        yield phrases.text("meaning", purposes=phrases.listed(list(purposes)), meaning=phrases.word("meaning", band))


def change_line(alert: Alert, phrases: Phrases) -> str:
    """One purpose: bands and scores."""
    what = phrases.text(
        _moved("changed", alert), purpose=phrases.word("purpose", alert.purpose),
        before=phrases.word("band", alert.from_band), after=phrases.word("band", alert.to_band),
    )  # fmt: skip
    score = score_change(alert.from_score, alert.to_score, phrases)
    return opened(f"{what} ({score})" if score else what)


def score_change(before: float | None, after: float | None, phrases: Phrases) -> str:
    """What became of a score, in whole numbers; empty where it is unknown.

    A limit, or the last of the nights that confirm, changes a band while the score hardly moves: then no arrow says it
    did, and no decimal says it moved the other way.
    """
    if after is None:
        return ""
    now, was = phrases.number(after), phrases.number(before)
    if before is None:
        return phrases.text("score_now", after=now)
    return phrases.text("score_same" if was == now else "score", before=was, after=now)


def _confidence(alert: Alert, settings: Settings, phrases: Phrases) -> str:
    word = phrases.word("confidence", level_of(alert.confidence, settings))
    return phrases.text("confidence", word=word, value=phrases.number(100 * alert.confidence))


def reason_lines(
    reasons: Sequence[Reason], names: Names, phrases: Phrases, from_band: Band, to_band: Band
) -> list[str]:
    """Reasons as lines, each once; of a limit that was replaced by itself the band says which way it moved."""

    def limit(reason: Reason) -> tuple[str, str, str]:
        return (reason.floor, reason.instrument, reason.jurisdiction)

    lifted = {limit(r) for r in reasons if r.code == "floor_lifted"}
    moved = {limit(r) for r in reasons if r.code == "floor_set"} & lifted
    shift = rank(to_band) - rank(from_band)
    code = "floor_relaxed" if shift > 0 else "floor_tightened" if shift < 0 else "floor_moved"
    shown = [
        replace(r, code=code) if limit(r) in moved else r
        for r in reasons
        if not (r.code == "floor_lifted" and limit(r) in moved)
    ]
    return list(dict.fromkeys(cut(opened(reason_text(r, names, phrases)), _LINE_LENGTH) for r in shown))


def reason_text(reason: Reason, names: Names, phrases: Phrases) -> str:
    """One reason as a sentence of the language."""
    values: dict[str, Any] = {
        "place": names.place(reason.jurisdiction),
        "instrument": names.law(reason.instrument),
        "law": names.law_in(reason.jurisdiction, reason.instrument),
        "from_state": phrases.word("state", reason.from_state),
        "to_state": phrases.word("state", reason.to_state),
        "floor": phrases.limit(reason.floor, reason.floor_detail),
        "floor_was": phrases.limit(reason.floor, reason.floor_detail, "floor_was"),
        "about": f"{about}, " if (about := names.law_in(reason.jurisdiction, reason.instrument)) else "",
        "dimension": phrases.word("dimension", reason.dimension),
        "criterion": phrases.word("criterion", reason.dimension),
        "points": phrases.number(reason.points, "+0.0;−0.0"),
        "weight": phrases.number(abs(reason.points), "0.0"),
        "days": reason.days,
        "series": phrases.listed([phrases.word("series", one) for one in reason.bursting.split()]),
        "date": phrases.day(reason.due_date) if reason.due_date else "",
    }
    text = phrases.text(_sentence(reason), **values)
    if reason.due_date and reason.code not in ("deadline", "caught_up"):
        day = phrases.day(reason.due_date)
        # "…, its date is set (date 20 September)": the word once is enough, where it stands beside its day.
        is_called = re.search(rf"\b{phrases.text('due_word')}\b", text.rpartition("→")[2])
        text += f" ({day if is_called else phrases.text('due', date=day)})"
    return text


def _sentence(reason: Reason) -> str:
    """The key of the sentence a reason is told by."""
    if reason.code == "ledger_transition" and reason.from_state == reason.to_state:
        return "ledger_confirmed"
    if reason.code == "risk_change" and not reason.jurisdiction:
        return "fit_change"  # a criterion of fit holds everywhere
    return reason.code


def recommendation(playbook: Sequence[Recommendation], alert: Alert, lang: str) -> str:
    """The first entry of the playbook that fits band, presence and cause."""
    causes = {reason.floor for reason in alert.reasons if reason.code == "floor_set"}
    causes |= {reason.dimension for reason in alert.reasons} | {"any"}
    for entry in playbook:
        if entry.band == alert.to_band and entry.presence in ("any", alert.presence) and entry.cause in causes:
            return entry.de if lang == "de" else entry.en
    return ""


def quote_of(evidence: Evidence, phrases: Phrases) -> Quote:
    """A quote in its own language, marked when that is not the reader's."""
    text = cut(evidence.quote or evidence.title, _QUOTE_LENGTH)
    source = phrases.text(
        "source_line", outlet=cut(evidence.outlet, 80), date=phrases.day(phrases.local_day(evidence.published_at))
    )
    return Quote(
        text=text,
        quoted=phrases.text("quoted", quote=text),
        source=source,
        url=safe_url(evidence.url),
        lang=evidence.lang,
        foreign=phrases.language(evidence.lang),
    )


def safe_url(url: str) -> str:
    """A link people may click: http or https in one line, or nothing."""
    is_plain = url.startswith(("http://", "https://")) and not any(c.isspace() or ord(c) < 32 for c in url)
    return url if is_plain and len(url) <= 1000 else ""


def cut(text: str, length: int) -> str:
    """``text`` in one line of at most ``length`` characters, without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= length else line[: length - 1].rsplit(" ", 1)[0].rstrip(" ,;:–-") + "…"
