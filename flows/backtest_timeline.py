"""An independent timeline of the world, and which of its entries tell of a step against a platform."""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from trendwarte.errors import ConfigError
from trendwarte.gold import Wording
from trendwarte.measuring import TimelineStep
from trendwarte.settings import Settings


def timeline_steps(path: Path, settings: Settings, wording: Wording, rules: Mapping[str, Any]) -> list[TimelineStep]:
    """Entries of an independent timeline (JSON Lines, ``date`` and ``text``) about something that befell a platform.

    Raises:
        ConfigError: a line is none; left out, its step would count against us or for us without anybody noticing.
    """
    step, ban, other = (re.compile(rf"\b(?:{'|'.join(rules[key])})\b", re.IGNORECASE)
                        for key in ("timeline_words", "timeline_ban_words", "timeline_event_words"))  # fmt: skip
    names = {p: re.compile(rf"\b(?:{'|'.join(map(re.escape, n))})\b") for p, n in wording.names.items() if n}
    passive = re.compile(r"\b(?:is|are|was|were|been|be) (?:\w+ )?(?:banned|blocked|suspended|restricted|fined)\b")
    places = {j: _place_pattern(j, wording) for j in settings.jurisdictions if j != "GLOBAL"}
    found = []
    for on, text in _entries(path):
        head = text.split(". ")[0]
        if other.search(head):
            # What befalls a service befalls it everywhere, wherever the text says it was noticed.
            told_of = [p for p, pattern in names.items() if p != "all_social" and pattern.search(head)]
            found += [TimelineStep(on, platform, "", is_ban=False, is_legal=False) for platform in told_of]
        taken = step.search(head)
        if taken is None:
            continue
        # "Pakistan blocks TikTok", not "Facebook bans an account": the platform stands behind the verb, or before
        # a passive one.
        platforms = [
            p
            for p, pattern in names.items()
            if p != "all_social"
            and (pattern.search(head, taken.end()) or (pattern.search(head) and passive.search(head)))
        ]
        where = _first_place(head, places) if platforms else ""
        found += [TimelineStep(on, platform, where, bool(ban.search(head))) for platform in platforms]
    return found


def _entries(path: Path) -> Iterator[tuple[date, str]]:
    problems = []
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            if line.isspace():
                continue
            try:
                entry = json.loads(line)
                on = date.fromisoformat(str(entry.get("date") or entry.get("published_at"))[:10])
                yield on, str(entry.get("text") or entry.get("title") or "")
            except (ValueError, AttributeError) as error:
                problems.append(f"{path}:{number}: {error}; correct the line")
    if problems:
        raise ConfigError(problems)


def _place_pattern(place: str, wording: Wording) -> re.Pattern[str]:
    words = [*wording.place_words.get(place, ()), *wording.place_names.get(place, ())]
    return re.compile("|".join(rf"\b{re.escape(word)}" for word in words))


def _first_place(text: str, places: Mapping[str, re.Pattern[str]]) -> str:
    hits = [(match.start(), place) for place, pattern in places.items() if (match := pattern.search(text))]
    return min(hits)[1] if hits else ""
