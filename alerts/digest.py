"""The weekly digest: what was told, what only needs to be known, what is still critical, and the dates ahead."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from alerts.compose import Notice, closed_or, notice_message, recipients
from alerts.naming import Names, names_of
from alerts.phrases import Lang, Phrases
from alerts.wording import (
    Block,
    Letter,
    common_words,
    cut,
    reason_lines,
)
from trendwarte.brief_facts import Deadline, DigestFacts, Standing
from trendwarte.messages import Message
from trendwarte.settings import Client, Settings
from trendwarte.telling import Memory
from trendwarte.types import Alert

#: Eight of the longest lines fit into a section of Slack.
_LINE_LENGTH = 320
_DEADLINES_MAX = 12
PREFIX = "twd"


def compose_digest(facts: DigestFacts, client: Client, settings: Settings, memory: Memory) -> list[Message]:
    """The digest of one client for each of its recipients that wants it; nothing when there is nothing to say."""
    if not (facts.notes or facts.told or facts.deadlines):
        return []
    messages = []
    for channel, recipient in recipients(client):
        if channel.digest:
            lang: Lang = channel.language or client.language
            phrases = Phrases(lang, channel.time_zone or settings.runtime.time_zone)
            notice = Notice("digest.weekly", _letter(facts, client, settings, phrases))
            message = notice_message(notice, client, channel, recipient, settings, facts.until, PREFIX)
            # What a digest quotes can be erased on request, as in any letter.
            message = replace(message, alert_ids=tuple(alert.alert_id for alert in facts.told + facts.notes))
            messages.append(closed_or(message, recipient, memory))
    return messages


def _letter(facts: DigestFacts, client: Client, settings: Settings, phrases: Phrases) -> Letter:
    today, names = phrases.local_day(facts.until), names_of(settings, phrases)
    more = phrases.text("digest_more", count="{count}")
    notes = _alert_lines(facts.notes, names, phrases)
    count = len(notes)
    if facts.over_budget:
        notes.append(phrases.text("digest_over", count=facts.over_budget))
    dates = [_date_line(d, names, phrases, today) for d in facts.deadlines[:_DEADLINES_MAX]]
    parts = (
        ("digest_told", _alert_lines(facts.told, names, phrases)),
        ("digest_notes", notes),
        ("digest_red", [_standing_line(s, names, phrases) for s in facts.critical]),
        ("digest_dates", dates),
    )
    blocks = tuple(Block(phrases.text(key), tuple(dict.fromkeys(lines)), more) for key, lines in parts if lines)
    key = "digest_subject_events" if count else "digest_subject_dates" if dates else "digest_subject_told"
    return Letter(
        subject=phrases.text("digest_subject", client=client.name, what=phrases.text(key, count=count)),
        greeting=phrases.text(
            "digest_intro", since=phrases.day(phrases.local_day(facts.since)), date=phrases.day(today)
        ),
        sections=(),
        as_of=phrases.text("as_of", date=phrases.moment(facts.until)),
        lang=phrases.lang,
        words=common_words(phrases),
        blocks=blocks,
    )


def _alert_lines(alerts: Sequence[Alert], names: Names, phrases: Phrases) -> list[str]:
    """One line per change, newest first; purposes that moved alike stand together."""
    together: dict[tuple[datetime, str, str, str, str], list[Alert]] = {}
    for alert in alerts:
        key = (alert.as_of, alert.platform, alert.rule, alert.from_band, alert.to_band)
        together.setdefault(key, []).append(alert)
    groups = sorted(together.values(), key=lambda group: group[0].as_of, reverse=True)
    return [_alert_line(group, names, phrases) for group in groups]


def _alert_line(group: Sequence[Alert], names: Names, phrases: Phrases) -> str:
    """Day, platform, what moved, the first reason and the first quote, in one line."""
    first = group[0]
    band = phrases.word("band", first.to_band)
    if first.from_band == first.to_band:
        moved = phrases.text("stays", band=band)
    else:
        moved = f"{phrases.word('band', first.from_band)} → {band}"
    day = phrases.day(phrases.local_day(first.as_of))
    purposes = phrases.listed([phrases.word("purpose", alert.purpose) for alert in group])
    line = f"{day}: {names.platform(first.platform)}, {purposes}: {moved}"
    if first.reasons:
        line += f". {reason_lines(first.reasons, names, phrases, first.from_band, first.to_band)[0]}"
    line = cut(line, _LINE_LENGTH)
    if first.evidence:
        quote = first.evidence[0]
        said = f". {phrases.text('quoted', quote=cut(quote.quote or quote.title, 110))} ({cut(quote.outlet, 40)})"
        line += said if len(line + said) <= _LINE_LENGTH else ""
    return line


def _standing_line(standing: Standing, names: Names, phrases: Phrases) -> str:
    purposes = phrases.listed([phrases.word("purpose", purpose) for purpose in standing.purposes])
    floor = f" ({phrases.limit(standing.floor, standing.floor_detail)})" if standing.floor else ""
    return f"{names.platform(standing.platform)}, {purposes}: {phrases.word('band', standing.band)}{floor}"


def _date_line(deadline: Deadline, names: Names, phrases: Phrases, today: date) -> str:
    when = f"{phrases.day(deadline.due_date)} ({phrases.distance(deadline.due_date, today)})"
    law = names.law_in(deadline.jurisdiction, deadline.instrument)
    return cut(
        f"{when}: {names.platform(deadline.platform)}, {law}, {phrases.word('measure', deadline.measure)}", _LINE_LENGTH
    )
