"""Back-test: the real pipeline over archived news, and what it should have said (docs/method.md, "Evaluation").

Reading is the slow part, so readings are kept beside the archive's fingerprint; a replay then judges a night in a
fraction of a second, in memory.
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

import trendwarte.reading
from flows.demo import end_of
from flows.engine import PlainEngine
from flows.house import House
from flows.monitor import night
from sources import ArchiveProblem, read_archive
from trendwarte.baselines import Naming, alerts_of, bad_mood, ban_share, days_between, mention_z, reprisk
from trendwarte.evidence import Origins
from trendwarte.gold import Contained, GoldEvent, Wording, contained
from trendwarte.ledger import BAN_LIKE, IN_EFFECT
from trendwarte.measuring import (
    AlertSeen,
    Causes,
    Expectation,
    Observed,
    TimelineStep,
    alert_tally,
    expectations,
    ledger_figures,
    set_dates,
    sign_figures,
)
from trendwarte.reading import READER_VERSION, Reader, Watchlist
from trendwarte.rules import Boundary, Scoring
from trendwarte.settings import Settings
from trendwarte.stability import stability_figures, trade_off
from trendwarte.types import Document, Reading
from warehouse import Warehouse, observed

_KEPT = TypeAdapter(tuple[Document, Reading | None])
_THRESHOLDS = {"B1 mentions": 3.0, "B2 ban words": 30.0, "B3 mood": 50.0, "B5 RepRisk": 50.0}
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Period:
    """Nights that are reported together."""

    name: str
    start: date
    end: date

    @property
    def years(self) -> float:
        """Length in years."""
        return ((self.end - self.start).days + 1) / 365.25

    def holds(self, day: date) -> bool:
        """Whether a day lies in the period."""
        return self.start <= day <= self.end


@dataclass(frozen=True, slots=True)
class Corpus:
    """Archived documents that name a platform, with their readings, and how many there were in all on each day."""

    documents: tuple[Document, ...]
    readings: Mapping[str, Reading]
    totals: Mapping[date, int]
    platforms: frozenset[str] = frozenset()
    """Platforms to judge; empty for all that any signal names."""

    def of_day(self) -> dict[date, list[Document]]:
        """Documents with a signal, by day."""
        found: dict[date, list[Document]] = {}
        for document in self.documents:
            if document.document_id in self.readings and document.published_at is not None:
                found.setdefault(document.published_at.date(), []).append(document)
        return found


# --- reading once ----------------------------------------------------------------------------


def read_corpus(
    archives: Sequence[Path], settings: Settings, wording: Wording, cache: Path, say: Say,
    complain: Callable[[ArchiveProblem], None],
) -> Corpus:  # fmt: skip
    """Read archives with this checkout's reader; what was read before is taken from ``cache``, bad lines and all."""
    documents: list[Document] = []
    readings: dict[str, Reading] = {}
    totals: Counter[date] = Counter()
    for archive in archives:
        kept = cache / f"{archive.name.split('.')[0]}-{_fingerprint(archive, settings, wording)}.jsonl.gz"
        if not kept.is_file():
            say(f"reading {archive} ...")
            _read_into(kept, archive, settings, wording)
        with gzip.open(kept, "rt", encoding="utf-8") as stream:
            head = json.loads(next(stream))
            totals.update({date.fromisoformat(day): n for day, n in head["totals"].items()})
            for problem in head["problems"]:
                complain(ArchiveProblem(*problem))
            for line in stream:
                document, reading = _KEPT.validate_json(line)
                documents.append(document)
                if reading is not None:
                    readings[document.document_id] = reading
    return Corpus(tuple(documents), readings, totals)


def _read_into(kept: Path, archive: Path, settings: Settings, wording: Wording) -> None:
    reader = Reader(Watchlist.from_settings(settings))
    named, named_exactly = (
        re.compile("|".join(re.escape(n) for names in words.values() for n in names) or "(?!)", flags)
        for words, flags in ((wording.names, re.IGNORECASE), (wording.words_as_names, re.NOFLAG))
    )
    totals: Counter[str] = Counter()
    lines, problems = [], []
    for document in read_archive([archive], settings.outlets):
        if isinstance(document, ArchiveProblem):
            problems.append((document.path, document.line, document.reason))
            continue
        if document.published_at is None:
            continue
        totals[document.published_at.date().isoformat()] += 1
        reading = reader.read(document)
        text = f"{document.title} {document.summary}"
        if reading.signals or named.search(text) or named_exactly.search(text):
            lines.append(_KEPT.dump_json((document, reading if reading.signals else None)).decode())
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_suffix(".draft")
    with gzip.open(draft, "wt", encoding="utf-8") as stream:
        stream.write(json.dumps({"totals": totals, "problems": problems}) + "\n")
        stream.writelines(line + "\n" for line in lines)
    draft.replace(kept)


def _fingerprint(archive: Path, settings: Settings, wording: Wording) -> str:
    """Changes with the archive, the reader's code and rules, what it sees of the settings, and the names looked for."""
    digest = blake2b(digest_size=8)
    for file in sorted(one for one in archive.rglob("*") if one.is_file()) if archive.is_dir() else [archive]:
        digest.update(file.read_bytes())
    digest.update(json.dumps([sorted(wording.names.items()), sorted(wording.words_as_names.items())]).encode())
    for part in sorted(Path(trendwarte.reading.__file__).parent.rglob("*")):
        if part.is_file() and part.suffix != ".pyc":
            digest.update(part.read_bytes())
    for group in (settings.platforms, settings.instruments, settings.outlets):
        digest.update(json.dumps({k: v.model_dump(mode="json") for k, v in sorted(group.items())}).encode())
    return digest.hexdigest()


class KeptReader:
    """Gives the readings that were kept; a document it does not know says nothing."""

    def __init__(self, readings: Mapping[str, Reading]) -> None:
        self._readings = readings

    def read_all(self, documents: Sequence[Document]) -> list[Reading]:
        """The readings of documents."""
        return [self._readings.get(d.document_id) or Reading(d.document_id, d.lang, False) for d in documents]


class _EachItsOwn:
    """Ablation: every document counts as an independent voice."""

    def of(self, document: Document) -> str:
        return document.document_id


# --- replaying -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run the pipeline: with a part of it left out, or a constant moved."""

    name: str
    settings: Settings
    is_gullible: bool = False
    counts_copies: bool = False


def variants_of(settings: Settings) -> list[Variant]:
    """The ablations: each takes one idea away."""
    s = settings.scoring

    def scoring(**changes: Any) -> Settings:
        return settings.model_copy(update={"scoring": s.model_copy(update=changes)})

    def decay(factor: float) -> Settings:
        rules = {d: r.model_copy(update={"half_life_days": r.half_life_days * factor}) for d, r in s.decay.items()}
        return scoring(decay=rules)

    middles = [b.model_copy(update={"leave": (b.leave + b.enter) / 2, "enter": (b.leave + b.enter) / 2})
               for b in s.boundaries]  # fmt: skip
    return [
        Variant("no ledger", scoring(ledger_credibility_minimum=1.01, ledger_following_minimum=1.01)),
        Variant("no hysteresis", scoring(boundaries=middles, nights_up=1, nights_down=1)),
        Variant("no damping", scoring(damping_exponent=0.0)),
        Variant("no guard", scoring(ledger_credibility_minimum=0.0, ledger_following_minimum=0.0), is_gullible=True),
        Variant("no independence", settings, counts_copies=True),
        Variant("no panel", scoring(panel_origins=1e9)),
        Variant("no calm month", scoring(rise_days=0)),
        Variant("no vouching", scoring(ledger_following_minimum=1.0)),
        Variant("half-lives x 0.5", decay(0.5)),
        Variant("half-lives x 2", decay(2.0)),
    ]


def replayed(corpus: Corpus, variant: Variant, start: date, end: date, say: Say) -> Observed:
    """Run the nightly pipeline over the corpus in memory and give what it left."""
    settings = _only_what_is_named(variant.settings, corpus)
    readings = _believed(corpus.readings) if variant.is_gullible else corpus.readings
    by_day = corpus.of_day()
    with Warehouse(Path(":memory:")) as warehouse:
        warehouse.con.execute("SET threads = 1")  # small tables: a second thread costs a fifth more and gains nothing
        origins = _EachItsOwn() if variant.counts_copies else Origins(settings.outlets)
        house = House(settings, Path(), warehouse, KeptReader(readings), origins)  # type: ignore[arg-type]
        early = [d for day, documents in by_day.items() if day < start for d in documents]
        for day in days_between(start, end):
            documents = (early if day == start else []) + by_day.get(day, [])
            night(house, end_of(day), PlainEngine(), documents, is_last=False)
            if day.day == 1:
                say(f"{variant.name}: {day}")
        return observed(warehouse.con)


def _only_what_is_named(settings: Settings, corpus: Corpus) -> Settings:
    """Clients judged on the platforms that any signal names: the others cannot move."""
    named = corpus.platforms or {s.platform for reading in corpus.readings.values() for s in reading.signals}
    clients = {
        key: client.model_copy(
            update={"platforms": sorted(named & set(client.platforms or settings.platforms)), "channels": []}
        )
        for key, client in settings.clients.items()
    }
    quiet = settings.runtime.model_copy(update={"smtp": settings.runtime.smtp.model_copy(update={"host": ""})})
    return settings.model_copy(update={"clients": clients, "runtime": quiet})


def _believed(readings: Mapping[str, Reading]) -> dict[str, Reading]:
    """Ablation: what is feared or planned counts as done."""
    return {
        key: replace(
            reading,
            signals=tuple(
                replace(s, factuality="asserted") if s.factuality == "speculated" else s for s in reading.signals
            ),
        )
        for key, reading in readings.items()
    }


# --- measuring -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """What a replay is asked: listed events, the independent timeline, and how they are matched."""

    settings: Settings
    events: Sequence[GoldEvent]
    timeline: Sequence[TimelineStep]
    wording: Wording
    rules: Mapping[str, Any]
    corpus: Corpus

    @cached_property
    def all_told(self) -> dict[str, Contained]:
        """Listed events that the archives tell of, of all periods."""
        return contained(self.events, self.corpus.documents, self.wording)

    def told(self, period: Period) -> dict[str, Contained]:
        """Those of a period."""
        return {key: one for key, one in self.all_told.items() if period.holds(one.event.on)}

    def figures(self, seen: Observed, period: Period, *, alerts: Sequence[AlertSeen] | None = None) -> dict[str, Any]:
        """All measures of one replay in one period; ``alerts`` of a baseline take the place of ours."""
        told, seen, places = self.told(period), _within(seen, period), self.settings.jurisdictions
        tally = alert_tally(
            [a for a in (seen.alerts if alerts is None else alerts) if period.holds(a.on)],
            self.expected(seen, period),
            Causes(self.events, self.timeline, self.settings.clients, places,
                   self.rules["alert_cause_days"], self.rules["alert_cause_days_up"],
                   set_dates(seen, self.all_told, self.wording), self.rules["set_date_marks"]),
            self.rules["alert_due_days"],
        )  # fmt: skip
        months = len(self.settings.clients) * period.years * 12
        found: dict[str, Any] = {"alerts": tally.figures(months), "direction": sign_figures(seen.risks, told, places)}
        if alerts is None:
            found |= {
                "contained": len(told),
                "listed": sum(period.holds(e.on) for e in self.events),
                "ledger": ledger_figures(seen, told, self.wording, period.start),
                "stability": stability_figures(seen, period.years, self.settings.clients, places),
                "timeline": self.timeline_figures(seen, period),
            }
        return found

    def expected(self, seen: Observed, period: Period) -> list[Expectation]:
        """Alerts that clients must get in the period."""
        told = self.told(period)
        return expectations(seen, told, self.settings.clients, self.settings.jurisdictions, self.settings.scoring)

    def timeline_figures(self, seen: Observed, period: Period) -> dict[str, Any]:
        """Bans the independent timeline tells of, and how many the ledger knows within a week."""
        days = timedelta(days=int(self.rules["timeline_window_days"]))
        steps = [s for s in self.timeline if period.holds(s.on) and s.is_ban and s.jurisdiction not in ("", "GLOBAL")]
        rows = []
        for step in dict.fromkeys(steps):
            there = [
                row
                for row in seen.ledger
                if row.platform in (step.platform, "all_social")
                and row.jurisdiction == step.jurisdiction
                and row.known_from.date() <= step.on + days
            ]
            hits = [row for row in there if row.known_from.date() >= step.on - days]
            # A ban told of again is no news to a ledger that holds it.
            standing = [row for row in there if row.measure in BAN_LIKE][-1:]
            hits = hits or [row for row in standing if row.state in IN_EFFECT]
            rows.append(
                {"date": step.on.isoformat(), "platform": step.platform, "jurisdiction": step.jurisdiction,
                 "known": bool(hits), "state": hits[-1].state if hits else "none"}
            )  # fmt: skip
        return {"steps": len(rows), "known": sum(row["known"] for row in rows), "rows": rows}


def _within(seen: Observed, period: Period) -> Observed:
    """The same observations up to the end of the period, with alerts and moves of the period only."""
    return replace(
        seen,
        ledger=tuple(row for row in seen.ledger if row.known_from.date() <= period.end),
        alerts=tuple(a for a in seen.alerts if period.holds(a.on)),
        moves=tuple(m for m in seen.moves if period.holds(m.on)),
        scored={key: [n for n in nights if n.on <= period.end] for key, nights in seen.scored.items()},
    )


def baselines(question: Question, seen: Observed, without_ledger: Observed | None, period: Period) -> dict[str, Any]:
    """What B0 to B5 reach on the same questions."""
    days = days_between(period.start, period.end)
    namings = list(_namings(question))
    cooldown = question.settings.alerts.cooldown_days
    series = {
        "B1 mentions": mention_z(namings, question.corpus.totals, days),
        "B2 ban words": ban_share(namings, days),
        "B3 mood": bad_mood(namings, days),
        "B5 RepRisk": reprisk(seen.events, days),
    }
    found = {"B0 no change": question.figures(replace(seen, risks={}), period, alerts=[])}
    places = {(e.platform, e.jurisdiction) for e in question.events}
    for name, one in series.items():
        theirs = replace(seen, risks={(p, j): one.get(p, []) for p, j in places})
        alerts = alerts_of(one, _THRESHOLDS[name], seen.scored, cooldown)
        found[name] = question.figures(theirs, period, alerts=alerts)
    if without_ledger is not None:
        # Asked the same: what must be told follows from the full run, not from the run that is measured.
        theirs = replace(seen, risks=without_ledger.risks)
        found["B4 no ledger"] = question.figures(theirs, period, alerts=without_ledger.alerts)
    return dict(sorted(found.items()))


def _namings(question: Question) -> Iterator[Naming]:
    ban = re.compile("|".join(question.rules["measure_words"]["full_ban"]), re.IGNORECASE)
    names = {
        p: re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, n))})(?!\w)", re.IGNORECASE)
        for p, n in question.wording.names.items()
        if n and p != "all_social"
    }
    moods = {"negative": -1.0, "positive": 1.0, "neutral": 0.0}
    for document in question.corpus.documents:
        if document.published_at is None:
            continue
        text = f"{document.title} {document.summary}"
        reading = question.corpus.readings.get(document.document_id)
        for platform, pattern in names.items():
            if pattern.search(text):
                signals = [s for s in reading.signals if s.platform == platform] if reading else []
                mood = moods[signals[0].polarity] if signals else None
                yield Naming(document.published_at.date(), platform, bool(ban.search(text)), mood)


def curve(seen: Observed, settings: Settings, years: float) -> list[dict[str, Any]]:
    """Timeliness against stability: the same scores under other boundaries and numbers of nights."""
    points = []
    for half_gap in (0.0, 1.5, 3.0, 5.0):
        for up, down in ((1, 1), (2, 1), (3, 2), (5, 3), (7, 5)):
            scoring = _with_triggers(settings.scoring, half_gap, up, down)
            points.append({"half_gap": half_gap, "up": up, "down": down} | trade_off(seen, scoring, years))
    return points


def _with_triggers(scoring: Scoring, half_gap: float, up: int, down: int) -> Scoring:
    boundaries = [
        Boundary(band=b.band, leave=(b.leave + b.enter) / 2 - half_gap, enter=(b.leave + b.enter) / 2 + half_gap)
        for b in scoring.boundaries
    ]
    return scoring.model_copy(update={"boundaries": boundaries, "nights_up": up, "nights_down": down})


def run_backtest(question: Question, periods: Sequence[Period], say: Say, *, with_ablations: bool) -> dict[str, Any]:
    """Replay once for all periods, and once for each ablation (B4 is the one without a ledger)."""
    start, end = min(p.start for p in periods), max(p.end for p in periods)
    full = replayed(question.corpus, Variant("full", question.settings), start, end, say)
    chosen = variants_of(question.settings) if with_ablations else []
    others = {v.name: replayed(question.corpus, v, start, end, say) for v in chosen}
    return {
        "reader": READER_VERSION,
        "configuration": question.settings.fingerprint,
        "documents": sum(question.corpus.totals.values()),
        "documents_naming_a_platform": len(question.corpus.documents),
        "periods": {
            period.name: {
                "start": period.start.isoformat(),
                "end": period.end.isoformat(),
                **question.figures(full, period),
                "baselines": baselines(question, full, others.get("no ledger"), period),
                "ablations": {name: _short(question.figures(one, period)) for name, one in others.items()},
                "curve": curve(_from(full, period), question.settings, period.years),
            }
            for period in periods
        },
    }


def _from(seen: Observed, period: Period) -> Observed:
    nights = {key: [n for n in found if period.holds(n.on)] for key, found in seen.scored.items()}
    return replace(seen, scored=nights)


def _short(figures: dict[str, Any]) -> dict[str, Any]:
    ledger, alerts, stability = figures["ledger"], figures["alerts"], figures["stability"]
    return {
        "ledger_right_within_7_days": ledger["right_within_7_days"],
        "controls_moved": ledger["controls_moved"],
        "transitions": ledger["transitions"],
        "recall": alerts["recall"],
        "precision": alerts["precision"],
        "sent": alerts["sent"],
        "false_per_client_month": alerts["false_per_client_month"],
        "changes_per_pair_year": stability["changes_per_pair_year"],
        "unprompted_per_pair_year": stability["unprompted_per_pair_year"],
        "direction": figures["direction"],
    }
