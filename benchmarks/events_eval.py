"""How well reports of one event are told as one event: labelled headlines against `trendwarte.events`.

    python benchmarks/events_eval.py [--reading real|labels] [--split dev|test|all] [--wrong]
    python benchmarks/events_eval.py --replay 2022-11-01 2022-12-31     # through `trendwarte replay`, slower

B-cubed over the relevant items whose event the labels name, night by night as the pipeline sees them. An item the
reader calls irrelevant belongs to no event: it is an event of its own. `--reading labels` takes the fields from
the labels: what would be lost were every headline read right. Names given twice to one event are joined by
`event_slugs.yaml`. Items of one event are in one split; nothing is tuned on `test`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import labelled as texts
from ruamel.yaml import YAML

from trendwarte.config_files import load_settings
from trendwarte.events import assign, summarise
from trendwarte.evidence import weight
from trendwarte.reading import Reader, Watchlist
from trendwarte.settings import Settings
from trendwarte.types import Document, Event, Reading, Signal, StoredSignal

SLUGS = Path(__file__).with_name("event_slugs.yaml")


@dataclass(frozen=True)
class Told:
    """A labelled item: its document, what was read in it, and the name of its event."""

    document: Document
    reading: Reading
    event: str

    @property
    def is_german(self) -> bool:
        return self.document.lang == "de"


def labelled(settings: Settings, reading: str) -> list[Told]:
    """Relevant items that name their event, joined names made one, in order of publication."""
    first = {name: group[0] for group in YAML(typ="safe").load(SLUGS.read_text("utf-8")) for name in group}
    reader = Reader(Watchlist.from_settings(settings))
    found = []
    for document, label in ((one.document, one.labels | {"event": one.named_event}) for one in texts.gold()):
        if label["relevant"] and (event := label.get("event")):
            says = reader.read(document) if reading == "real" else labels_as_reading(document, label)
            found.append(Told(document, says, first.get(event, event)))
    return sorted(found, key=lambda one: (one.document.published_at, one.document.document_id))


def labels_as_reading(document: Document, label: dict) -> Reading:
    """A reading that says what the labels say."""
    signals = tuple(
        Signal(
            platform=platform, topic=label["topic"], jurisdiction=label["jurisdiction"],
            legal_stage=label["legal_stage"], factuality=label["factuality"], polarity=label["polarity"], severity=3,
            confidence=0.9, evidence=document.title, char_from=0, char_to=len(document.title), rules=(),
        )
        for platform in label["affected"]
    )  # fmt: skip
    return Reading(document.document_id, document.lang, True, signals=signals, recap=bool(label["recap"]))


def stored(settings: Settings, one: Told) -> list[StoredSignal]:
    """The signals of an item as a night keeps them."""
    document = one.document
    return [
        StoredSignal(
            f"s-{document.document_id}-{number}", document.document_id, document.outlet or document.document_id,
            document.source_kind, document.published_at, document.published_at, one.reading.recap,
            weight(signal, document.source_kind, settings.scoring, is_recap=one.reading.recap),
            document.lang, document.title, signal, document.summary,
        )
        for number, signal in enumerate(one.reading.signals)
    ]  # fmt: skip


def told_night_by_night(settings: Settings, items: list[Told]) -> dict[str, set[str]]:
    """Document id to the ids of its events, as the nights of a replay assign them."""
    parents = {place: one.parent for place, one in settings.jurisdictions.items()}
    nights: dict[object, list[StoredSignal]] = defaultdict(list)
    for one in items:
        nights[one.document.published_at.date()] += stored(settings, one)
    members: dict[str, list[StoredSignal]] = defaultdict(list)
    events: dict[str, Event] = {}
    of_document: dict[str, set[str]] = defaultdict(set)
    for night, signals in sorted(nights.items()):
        near = {
            event.event_id: members[event.event_id]
            for event in events.values()
            if event.last_seen_at.date() >= night - timedelta(days=30)
        }
        event_of = assign(signals, near, settings.scoring, parents)
        for signal in signals:
            members[event_of[signal.signal_id]].append(signal)
            of_document[signal.document_id].add(event_of[signal.signal_id])
        for event_id in set(event_of.values()):
            events[event_id] = summarise(event_id, members[event_id])
    return of_document


def told_by_a_replay(items: list[Told], start: date, end: date) -> dict[str, set[str]]:
    """Document id to the ids of its events in `events.jsonl`, which `trendwarte replay` writes."""
    of_document: dict[str, set[str]] = defaultdict(set)
    with tempfile.TemporaryDirectory() as folder:
        archive, state = Path(folder) / "labelled.jsonl", Path(folder) / "state"
        archive.write_text("".join(json.dumps(_archived(one.document)) + "\n" for one in items), "utf-8")
        command = [
            sys.executable,
            "-m",
            "flows",
            "replay",
            "--archive",
            archive,
            "--start",
            f"{start}",
            "--end",
            f"{end}",
        ]
        subprocess.run([*command, "--state", state], cwd=texts.ROOT, check=True, stderr=subprocess.DEVNULL)
        for line in (state / "export" / "events.jsonl").read_text("utf-8").splitlines():
            event = json.loads(line)
            for document_id in event["document_ids"]:
                of_document[document_id].add(event["event_id"])
    return of_document


def _archived(document: Document) -> dict:
    return {
        "id": document.document_id, "published_at": document.published_at.isoformat(), "title": document.title,
        "lead": document.summary, "lang": document.lang, "source": document.document_id, "source_kind": document.source_kind,
    }  # fmt: skip


def b_cubed(items: list[Told], events_of: dict[str, set[str]]) -> dict[str, float]:
    """Precision, recall and F1 (two items are together when they share any event), and the share of wrong pairs."""
    by_gold, by_event = defaultdict(set), defaultdict(set)
    for one in items:
        by_gold[one.event].add(one.document.document_id)
        for event_id in events_of.get(one.document.document_id, ()):
            by_event[event_id].add(one.document.document_id)
    precision = recall = 0.0
    together = wrong = 0
    for one in items:
        own = one.document.document_id
        mine = {own}.union(*(by_event[e] for e in events_of.get(own, ())))
        gold = by_gold[one.event]
        precision += len(mine & gold) / len(mine)
        recall += len(mine & gold) / len(gold)
        together += len(mine) - 1
        wrong += len(mine - gold)
    p, r = precision / len(items), recall / len(items)
    return {"n": len(items), "P": p, "R": r, "F1": 2 * p * r / (p + r), "over-merged": wrong / max(1, together)}


def pairs_found(items: list[Told], events_of: dict[str, set[str]]) -> tuple[int, int]:
    """Events told in both languages: how many of their English-German pairs share an event, of how many."""
    found = total = 0
    for german in (one for one in items if one.is_german):
        for english in (one for one in items if not one.is_german and one.event == german.event):
            total += 1
            found += bool(events_of[german.document.document_id] & events_of[english.document.document_id])
    return found, total


def is_test(one: Told) -> bool:
    """The held-out events: by the name of the event, so that none is in both splits."""
    return texts.share_of(one.event) < texts.TEST_SHARE


def figures(name: str, items: Iterable[Told], events_of: dict[str, set[str]]) -> str:
    """One line of the report."""
    listed = list(items)
    if not listed:
        return ""
    parts = [f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in b_cubed(listed, events_of).items()]
    return f"  {name:18} " + ", ".join(parts)


def print_wrong(items: list[Told], events_of: dict[str, set[str]]) -> None:
    """Events that hold several labels, and labels spread over several events."""
    by_event, by_gold = defaultdict(list), defaultdict(list)
    for one in items:
        by_gold[one.event].append(one)
        for event_id in events_of.get(one.document.document_id, ()):
            by_event[event_id].append(one)
    for event_id, group in sorted(by_event.items(), key=lambda pair: -len(pair[1])):
        if len({one.event for one in group}) > 1:
            print(f"MERGED {event_id}")
            for one in group:
                print(f"    {one.document.published_at:%m-%d} {one.event:45} {one.document.title[:90]}")
    for event, group in sorted(by_gold.items()):
        if len(group) > 1 and not set.intersection(*(set(events_of[o.document.document_id]) for o in group)):
            print(f"SPLIT {event}")
            for one in group:
                ids = ",".join(sorted(e[2:6] for e in events_of[one.document.document_id]))
                s = one.reading.signals[0] if one.reading.signals else None
                read = f"{s.jurisdiction} {s.topic} {s.legal_stage} {s.factuality}" if s else "irrelevant"
                print(f"    {one.document.published_at:%m-%d} {ids:9} {read:50} {one.document.title[:90]}")


def main() -> None:
    """Read, join, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reading", choices=["real", "labels"], default="real")
    parser.add_argument("--split", choices=["dev", "test", "all"], default="all")
    parser.add_argument("--wrong", action="store_true", help="print merged and split events (dev only)")
    parser.add_argument("--replay", nargs=2, metavar=("START", "END"), type=date.fromisoformat)
    chosen = parser.parse_args()
    if not texts.GOLD.is_dir():
        sys.exit(f"{texts.GOLD} is absent: the labelled headlines are not part of the project")
    settings = load_settings(texts.ROOT / "config", {})
    items = labelled(settings, chosen.reading)
    if chosen.replay:
        start, end = chosen.replay
        items = [one for one in items if start <= one.document.published_at.date() <= end]
        events_of = told_by_a_replay(items, start, end)
    else:
        events_of = told_night_by_night(settings, items)
    for split in ("dev", "test", "all"):
        if chosen.split in (split, "all"):
            part = [one for one in items if split == "all" or is_test(one) == (split == "test")]
            print(split)
            print(figures("EN + DE", part, events_of))
            print(figures("English", (one for one in part if not one.is_german), events_of))
            print(figures("German", (one for one in part if one.is_german), events_of))
            print(
                figures("written pairs", (one for one in part if one.document.document_id.startswith("w-")), events_of)
            )
            print("  pairs across languages found: {} of {}".format(*pairs_found(part, events_of)))
    if chosen.wrong:
        print_wrong([one for one in items if not is_test(one)], events_of)


if __name__ == "__main__":
    main()
