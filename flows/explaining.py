"""``trendwarte explain``: a verdict taken apart, as text in two languages and as JSON."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

from alerts import Phrases, names_of, numbered, opened
from trendwarte.explaining import (
    Explained,
    TermShift,
    is_base_rate,
    level_of,
    missing_criteria,
    settled_shifts,
    turns_of,
)
from trendwarte.settings import Settings
from trendwarte.types import Evidence, Term
from warehouse import explained

Lang = Literal["de", "en"]
_MAIN_SHIFTS = 6
_SMALL = 0.005
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@cache
def sentences() -> dict[Lang, dict[str, str]]:
    """The sentences of the explanation in both languages."""
    text = (files("flows") / "words" / "explain.yaml").read_text("utf-8")
    found: dict[str, dict[Lang, str]] = YAML(typ="safe").load(text)
    return {lang: {key: words[lang] for key, words in found.items()} for lang in ("de", "en")}


def explanations(
    state: Path, settings: Settings, client: str, platform: str, purpose: str, as_of: str
) -> list[Explained]:
    """Verdicts of a client on a platform with everything they rest on."""
    published = state / "published" / "trendwarte.duckdb"
    return explained(published, client, platform, purpose, as_of, settings.alerts.quotes)


def as_json(found: Explained, settings: Settings, lang: Lang) -> dict[str, Any]:
    """The explanation as a record; its lines are the text's own."""
    teller = _Teller(found, settings, lang)
    quotes: dict[str, list[Evidence]] = {}
    for name, quote in found.evidence:
        quotes.setdefault(name, []).append(quote)
    return {
        "as_of": found.as_of, "client": found.client, "platform": found.platform, "purpose": found.purpose,
        "band": found.band, "score": found.score, "floor": found.floor.rule if found.floor else None,
        "floors": [asdict(floor) for floor in found.floors],
        "terms": [asdict(term) | {"evidence": [asdict(q) for q in quotes.get(term.name, [])]} for term in found.terms],
        "evidence": [asdict(quote) for _, quote in found.evidence],
        "counter_evidence": [asdict(quote) for quote in found.counter],
        "changed_since": found.before_at,
        "changes": [asdict(shift) | {"points": shift.points} for shift in teller.shifts()],
        "confidence": found.confidence, "coverage": found.coverage,
        "unknown": list(teller.unknown()), "reverse": list(teller.reverse()), "todo": teller.todo(),
    }  # fmt: skip


def as_text(found: Explained, settings: Settings, lang: Lang) -> str:
    """The explanation for people: what, why, evidence, counter-evidence, confidence, unknowns, reversal, what to do."""
    return "\n".join(_Teller(found, settings, lang).lines())


class _Teller:
    """Says one verdict in one language."""

    def __init__(self, found: Explained, settings: Settings, lang: Lang) -> None:
        self._found = found
        self._settings = settings
        self._lang: Lang = lang
        self._phrases = Phrases(lang, settings.runtime.time_zone)
        self._names = names_of(settings, self._phrases)

    def lines(self) -> Iterator[str]:
        """Every line, section by section."""
        yield from self._section("what", self._what())
        yield from self._section("why", self._terms())
        yield from self._section("change", self._shifts())
        yield from self._section("evidence", self._quotes([q for _, q in self._found.evidence], "no_evidence"))
        yield from self._section("counter", self._quotes(self._found.counter, "no_counter"))
        yield from self._section("confidence", [self._sureness()])
        yield from self._section("unknown", self.unknown() or [self._say("nothing_missing")])
        yield from self._section("reverse", self.reverse())
        yield from self._section("todo", [self.todo()])

    def unknown(self) -> list[str]:
        """What is not known, and would matter."""
        found, settings = self._found, self._settings
        client = settings.clients.get(found.client)
        has_executives = bool(client and any(e.platform == found.platform for e in client.executives))
        missing = missing_criteria(found, settings.scoring, has_executives=has_executives)
        lines = (
            [self._say("missing", criteria=", ".join(self._phrases.word("criterion", name) for name in missing))]
            if missing
            else []
        )
        lines += [self._say("due_unverified", instrument=self._names.law(one)) for one in found.unverified]
        lines += [self._say("contested", title=title) for title in found.contested]
        return lines + [
            self._say("refused", verb=self._phrases.word("verb", verb), place=self._names.place(place))
            for verb, place in found.waiting
        ]

    def reverse(self) -> list[str]:
        """What would change the verdict: the end of a floor, and the next boundaries."""
        lines = []
        for floor in self._found.binding:
            instrument = self._names.law(floor.instrument)
            lines.append(self._say(f"lift_{floor.rule}", instrument=instrument))
        for key, turn in zip(("up", "down"), turns_of(self._found, self._settings.scoring), strict=True):
            if turn is not None:
                lines.append(
                    self._say(
                        key, band=self._phrases.word("band", turn.band), score=self._number(turn.score, "0"),
                        nights=turn.nights, gap=self._number(turn.gap, "0.0"),
                        days_calm=self._settings.scoring.rise_days,
                    )
                )  # fmt: skip
        return list(dict.fromkeys(lines))

    def shifts(self) -> tuple[TermShift, ...]:
        """What moved since the night before, the most first."""
        client = self._settings.clients.get(self._found.client)
        if client is None or not self._found.shifts:
            return self._found.shifts
        return settled_shifts(self._found, client, self._settings.scoring)

    def todo(self) -> str:
        """The entry of the playbook for band, presence and cause."""
        client = self._settings.clients.get(self._found.client)
        presence = client.presence.get(self._found.platform, "none") if client else "none"
        worst = [t.name.partition(":")[0] for t in self._found.terms if t.kind == "risk"][:1]
        causes = {*(floor.rule for floor in self._found.binding[:1]), *worst, "any"}
        for entry in self._settings.playbook:
            if entry.band == self._found.band and entry.presence in ("any", presence) and entry.cause in causes:
                return entry.de if self._lang == "de" else entry.en
        return ""

    def _section(self, key: str, lines: Sequence[str]) -> Iterator[str]:
        yield self._say(key)
        yield from (f"  {line}" for line in lines)

    def _what(self) -> list[str]:
        found, phrases = self._found, self._phrases
        client = self._settings.clients.get(found.client)
        lines = [
            self._say(
                "no_score" if found.score is None else "verdict",
                platform=self._names.platform(found.platform), client=client.name if client else found.client,
                purpose=phrases.word("purpose", found.purpose), band=phrases.word("band", found.band),
                score=self._number(found.score, "0.0"), date=phrases.day(phrases.local_day(found.as_of)),
            )
        ]  # fmt: skip
        for floor in found.binding[:1]:
            parts = [self._names.law(floor.instrument), self._names.place(floor.jurisdiction)]
            where = ", ".join(part for part in parts if part)
            text = self._say(
                "floor", floor=phrases.limit(floor.rule, floor.detail), where=f" ({where})" if where else ""
            )
            lines.append(text)
        return lines

    def _terms(self) -> list[str]:
        lines = [
            f"{self._number(t.points, '+0.00;−0.00'):>8}  {self._name(t.kind, t.name)} ({self._detail(t)})"
            for t in self._found.terms
        ]
        total = sum(t.points for t in self._found.terms)
        return [*lines, self._say("sum", points=self._number(total, "0.00"))]

    def _detail(self, term: Term) -> str:
        detail = _NUMBER.sub(lambda found: self._as_written(found[0]), term.detail).replace(" x ", " × ")
        return f"{detail}; {self._say('base_rate')}" if is_base_rate(term) else detail

    def _as_written(self, number: str) -> str:
        """A number of a stored text in the format of the language."""
        return self._number(float(number), re.sub(r"\d", "0", number.lstrip("-")))

    def _shifts(self) -> list[str]:
        shifts = self.shifts()
        moved = [s for s in shifts if abs(s.points) >= _SMALL]
        if not moved or self._found.before_at is None:
            return [self._say("no_change")]
        shown = moved[:_MAIN_SHIFTS]
        total = sum(s.points for s in shifts)
        rest = total - sum(s.points for s in shown)
        date = self._phrases.day(self._phrases.local_day(self._found.before_at))
        lines = [self._say("since", date=date, points=self._number(total, "+0.00;−0.00"))]
        lines += [f"{self._number(s.points, '+0.00;−0.00'):>8}  {self._name(s.kind, s.name)}" for s in shown]
        return [*lines, f"{self._number(rest, '+0.00;−0.00'):>8}  {self._say('rest')}"]

    def _quotes(self, quotes: Sequence[Evidence], otherwise: str) -> list[str]:
        lines = []
        for quote in dict.fromkeys(quotes):
            date = self._phrases.day(self._phrases.local_day(quote.published_at))
            lines.append(self._say("quote", outlet=quote.outlet, date=date, quote=quote.quote or quote.title))
            lines.append(f"  {quote.url}")
        return lines or [self._say(otherwise)]

    def _sureness(self) -> str:
        level = self._phrases.word("confidence", level_of(self._found.confidence, self._settings))
        share, coverage = (self._number(100 * x, "0") for x in (self._found.confidence, self._found.coverage))
        return opened(self._say("sureness", level=level, share=share, coverage=coverage))

    def _name(self, kind: str, name: str) -> str:
        if kind != "risk":
            return self._phrases.word("criterion", name)
        dimension, _, place = name.partition(":")
        return f"{self._phrases.word('dimension', dimension)} ({self._names.place(place)})"

    def _number(self, value: float | None, pattern: str) -> str:
        return self._phrases.number(value, pattern)

    def _say(self, key: str, **values: Any) -> str:
        return numbered(sentences()[self._lang], key, values).format(**values)
