"""How well the reader reads: every figure of the reading goals, per language, with intervals (`make eval`).

    python benchmarks/read_eval.py [--folds 5] [--split cv|event|time|later|all] [--wrong FIELD] [--json FILE]

The learned weights are trained anew for every measurement, without the texts measured on: `cv` leaves out a fold of
events at a time, `event` trains on 70 % of the events and measures the rest (nothing was tuned on them), `time` trains
on real headlines before mid November 2022 (and on written ones whose event is not told later) and measures the later
ones. `later` reads `reading/later.jsonl` with the committed weights: hard sentences about 2023 to 2026. Accepted alternatives count as right. Intervals are 95 %, bootstrapped over events. `--wrong` lists mistakes of
the development part only. The labels lie beside the checkout and are not part of it.
"""

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from labelled import ARCHIVES, GOLD, ROOT, Labelled, apart, archived, gold, later, own
from train_reader import Sample, sighted, train

from trendwarte.config_files import load_settings
from trendwarte.reading import Reader, Watchlist
from trendwarte.reading.encoder import Encoder
from trendwarte.reading.learned import Learned
from trendwarte.types import Reading

FIELDS = ("topic", "jurisdiction", "legal_stage", "factuality", "polarity", "recap")
_WATCHED = ("x", "threads", "signal", "telegram", "clubhouse")
_DRAWS = 1000
_SHOWN_CONFUSIONS = 12


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled text and what the reader says."""

    text: Labelled
    reading: Reading

    def is_right(self, field: str) -> bool:
        """Whether the answer is the label or an accepted alternative."""
        answer = getattr(self.reading, field)
        return self.text.accepts(field, answer)


#: What one text adds to numerator and denominator; every figure is a ratio of two sums.
Part = Callable[[Judged], tuple[float, float]]


def platforms_part(*, is_recall: bool, platform: str | None = None) -> Part:
    """Micro precision or recall of the platforms named; those outside the vocabulary are left aside."""

    def part(one: Judged) -> tuple[float, float]:
        meant = {p for p in one.text.labels["platforms"] if not p.startswith("other:")}
        other = {p for more in one.text.alternatives.get("platforms", []) for p in _listed(more)}
        read = set(one.reading.platforms)
        if platform is not None:
            meant, other, read = meant & {platform}, other & {platform}, read & {platform}
        hit = len(read & meant)
        return hit, hit + len(meant - read - other if is_recall else read - meant - other)

    return part


def relevance_part(one: Judged) -> tuple[float, float]:
    """F1 of what matters: 2 hits over 2 hits and mistakes; where both answers are accepted, either is right."""
    hit = 2.0 * (one.reading.relevant and one.is_right("relevant"))
    return hit, hit + (not one.is_right("relevant"))


def accuracy_part(field: str, *, with_missed: bool = False) -> Part:
    """Right answers over relevant texts (by label); those read as irrelevant are left to F1 unless asked for."""

    def part(one: Judged) -> tuple[float, float]:
        is_asked = one.text.labels["relevant"] and (with_missed or one.reading.relevant)
        return float(is_asked and one.is_right(field)), float(is_asked)

    return part


def in_force_part(one: Judged) -> tuple[float, float]:
    """How often a ban read as in force is one; texts that may count as irrelevant are judged by their label."""
    is_said = one.reading.relevant and one.reading.legal_stage == "in_force"
    return float(is_said and one.is_right("legal_stage")), float(is_said)


def denied_part(one: Judged) -> tuple[float, float]:
    """How many denials are read as such."""
    is_meant = one.text.labels["relevant"] and one.text.labels["factuality"] == "denied"
    return float(is_meant and one.is_right("factuality")), float(is_meant)


METRICS: dict[str, Part] = {
    "platforms P": platforms_part(is_recall=False),
    "platforms R": platforms_part(is_recall=True),
    "relevant F1": relevance_part,
    **{field: accuracy_part(field) for field in FIELDS},
    "in_force P": in_force_part,
    "denied R": denied_part,
    **{
        f"{field}, missed incl.": accuracy_part(field, with_missed=True)
        for field in ("topic", "legal_stage", "polarity")
    },
}


def value_of(group: Sequence[Judged], part: Part) -> tuple[float, float, float]:
    """A figure and its 95 % interval over events drawn anew."""
    by_event: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for one in group:
        above, below = part(one)
        by_event[one.text.event][0] += above
        by_event[one.text.event][1] += below
    sums = np.array(list(by_event.values()))
    counts = np.random.default_rng(1).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=_DRAWS)
    drawn = counts @ sums
    ratios = drawn[:, 0] / np.maximum(1, drawn[:, 1])
    above, below = sums.sum(axis=0)
    return float(above / max(1, below)), float(np.quantile(ratios, 0.025)), float(np.quantile(ratios, 0.975))


def folds(texts: Sequence[Labelled], count: int) -> list[list[int]]:
    """Numbers of the texts of each fold; texts of one event stay together."""
    groups: list[list[int]] = [[] for _ in range(count)]
    for number, text in enumerate(texts):
        groups[int(sha256(("fold" + text.event).encode()).hexdigest()[:8], 16) % count].append(number)
    return groups


def measured(
    samples: Sequence[Sample], texts: Sequence[Labelled], held: set[str], extra: Sequence[Sample]
) -> list[Judged]:
    """Read ``texts`` with weights trained on samples of other events than ``held``, and on ``extra``.

    Headlines of the archives have no named event: those that may tell of one of the ``texts`` are left out.
    """
    from train_encoder import train_encoder  # needs torch, which nothing else here does

    free = {one.event for one in apart([text for text, _ in extra if text.is_archived], texts)}
    kept = [one for one in extra if not one[0].is_archived or one[0].event in free]
    lessons = [one for one in samples if one[0].event not in held] + kept
    model = Learned(train(lessons), Encoder(train_encoder(lessons)))
    reading = Reader(Watchlist.from_settings(load_settings(ROOT / "config", {})), model)
    return [Judged(text, reading.read(text.document)) for text in texts]


def report(name: str, judged: Sequence[Judged]) -> dict[str, Any]:
    """Print and return every figure of one measurement."""
    groups = {
        "all": judged,
        "en": [one for one in judged if one.text.document.lang != "de"],
        "de": [one for one in judged if one.text.document.lang == "de"],
        "real": [one for one in judged if not one.text.is_written],
        "written": [one for one in judged if one.text.is_written],
    }
    groups = {key: group for key, group in groups.items() if group}
    print(f"\n{name}: " + ", ".join(f"{key} n={len(group)}" for key, group in groups.items()))
    figures: dict[str, Any] = {}
    for metric, part in METRICS.items():
        cells = []
        for key, group in groups.items():
            figures[f"{metric} {key}"] = value, low, high = value_of(group, part)
            cells.append(f"{key} {value:.3f} [{low:.2f} {high:.2f}]")
        print(f"  {metric:26s} " + "  ".join(cells))
    for platform in _WATCHED:
        precision, recall = (
            value_of(judged, platforms_part(is_recall=one, platform=platform))[0] for one in (False, True)
        )
        print(f"  {platform}: P {precision:.3f} R {recall:.3f}")
        figures[f"{platform} P"] = precision
    for field in ("legal_stage", "factuality", "topic", "polarity"):
        print(f"  {field}: {per_class(judged, field)}")
        print(f"    most confused: {confusions(judged, field)}")
    return figures


def per_class(judged: Sequence[Judged], field: str) -> str:
    """Precision and recall of every class over relevant texts; an accepted alternative counts for the class read."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in _both_relevant(judged):
        read, meant = getattr(one.reading, field), one.text.labels[field]
        if one.is_right(field):
            counts[read]["hit"] += 1
        else:
            counts[read]["wrong"] += 1
            counts[meant]["missed"] += 1
    rows, scores = [], []
    for name, count in sorted(counts.items()):
        precision = count["hit"] / max(1, count["hit"] + count["wrong"])
        recall = count["hit"] / max(1, count["hit"] + count["missed"])
        scores.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
        rows.append(f"{name} P{precision:.2f} R{recall:.2f} ({count['hit'] + count['missed']})")
    return f"macro-F1 {np.mean(scores):.3f}; " + ", ".join(rows)


def confusions(judged: Sequence[Judged], field: str) -> str:
    """What is taken for what, most frequent first."""
    found = Counter(
        (one.text.labels[field], getattr(one.reading, field))
        for one in _both_relevant(judged)
        if not one.is_right(field)
    )
    return ", ".join(f"{meant} as {read} {n}" for (meant, read), n in found.most_common(_SHOWN_CONFUSIONS))


def _both_relevant(group: Sequence[Judged]) -> list[Judged]:
    return [one for one in group if one.text.labels["relevant"] and one.reading.relevant]


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _print_mistakes(judged: Sequence[Judged], field: str, most: int) -> None:
    shown = 0
    for one in judged:
        if one.text.is_test or shown >= most:
            continue
        if field == "platforms":
            is_wrong = set(one.reading.platforms) != set(one.text.labels["platforms"])
        elif field == "relevant":
            is_wrong = not one.is_right("relevant")
        else:
            is_wrong = one.text.labels["relevant"] and one.reading.relevant and not one.is_right(field)
        if is_wrong:
            shown += 1
            rules = one.reading.signals[0].rules if one.reading.signals else ()
            document = one.text.document
            print(
                f"  {one.text.labels[field]!s:22} read {getattr(one.reading, field)!s:22} {document.title}"
                f" | {document.summary[:120]} {rules}"
            )


def measure(split: str, count: int) -> dict[str, list[Judged]]:
    """The measurements asked for."""
    texts = gold()
    samples, extra = sighted(texts), sighted([*own(), *archived()])
    found: dict[str, list[Judged]] = {}
    if split in ("cv", "all"):
        judged: list[Judged] = []
        for fold in folds(texts, count):
            held = [texts[number] for number in fold]
            judged += measured(samples, held, {one.event for one in held}, extra)
        found[f"cross-validated by event, {count} folds"] = judged
    if split in ("event", "all"):
        held = [one for one in texts if one.is_test]
        found["held out by event"] = measured(samples, held, {one.event for one in held}, extra)
    if split in ("time", "all"):
        held = [one for one in texts if one.is_late]
        found["real headlines from mid November 2022"] = measured(samples, held, {one.event for one in held}, extra)
    if split in ("later", "all"):
        committed = Reader(Watchlist.from_settings(load_settings(ROOT / "config", {})))
        found["2023 to 2026, committed weights"] = [Judged(one, committed.read(one.document)) for one in later()]
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=["cv", "event", "time", "later", "all"], default="all")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--wrong", choices=["relevant", "platforms", *FIELDS], help="list mistakes (development part)")
    parser.add_argument("--most", type=int, default=40)
    parser.add_argument("--json", type=Path, help="write every figure there as well")
    chosen = parser.parse_args()
    if not (GOLD.is_dir() and ARCHIVES.is_dir()):
        parser.exit(2, f"{GOLD} or {ARCHIVES} is absent: the labelled headlines are not part of the project\n")
    figures = {}
    for name, judged in measure(chosen.split, chosen.folds).items():
        figures[name] = report(name, judged)
        if chosen.wrong:
            _print_mistakes(judged, chosen.wrong, chosen.most)
    reader = Reader(Watchlist.from_settings(load_settings(ROOT / "config", {})))
    documents = [one.document for one in gold()]
    started = time.process_time()
    for document in documents:
        reader.read(document)
    print(f"\n{len(documents) / (time.process_time() - started):.0f} labelled texts a second of processor time")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1), "utf-8")


if __name__ == "__main__":
    main()
