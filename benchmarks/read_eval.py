"""How well the reader reads: labelled headlines against `trendwarte.reading`, on a fixed split.

    python benchmarks/read_eval.py [--split dev|test|all] [--wrong FIELD]

Rules are written looking at `dev` (70 %) only; `test` (30 %, split by event) is reported beside it. Accepted
alternatives count as right. The labels lie beside the checkout and are not part of it.
"""

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from trendwarte.config_files import load_settings
from trendwarte.reading import Reader, Watchlist
from trendwarte.types import Document, Reading

ROOT = Path(__file__).parents[1]
GOLD = ROOT.parent / "shared" / "gold"
FIELDS = ("topic", "jurisdiction", "legal_stage", "factuality", "polarity", "recap")
TEST_SHARE = 0.3


def items() -> list[tuple[Document, dict[str, Any], dict[str, list[Any]]]]:
    """Every labelled item: document, labels, accepted alternatives."""
    lines = (GOLD / "dev-items.jsonl").read_text("utf-8").splitlines()
    texts = {one["id"]: one for one in map(json.loads, lines)}
    headlines = [
        (texts[label["id"]], label)
        for label in map(json.loads, (GOLD / "dev-labels.jsonl").read_text("utf-8").splitlines())
    ]
    written = [
        (one, {**one["labels"], "alt": one.get("alt"), "event": one.get("event")})
        for one in map(json.loads, (GOLD / "written-dev.jsonl").read_text("utf-8").splitlines())
    ]
    return [
        (_document(text, str(label.get("event") or text["id"])), label, label.get("alt") or {})
        for text, label in headlines + written
    ]


def is_test(document: Document) -> bool:
    """Whether an item is held out; items of one event stay together (the key travels in ``source_id``)."""
    return int(sha256(document.source_id.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF < TEST_SHARE


def _document(text: dict[str, Any], key: str) -> Document:
    moment = datetime.fromisoformat(text["published_at"][:10]).replace(tzinfo=UTC)
    kind = text.get("source_kind") or "quality_press"
    return Document(
        text["id"], key, text.get("url") or "", text["title"], text.get("lead") or "", "", kind, moment, moment, "",
        lang=text.get("lang") or "",
    )  # fmt: skip


def report(judged: list[tuple[Document, dict[str, Any], dict[str, list[Any]], Reading]]) -> None:
    """Print the figures of one split."""
    for name, group in (
        ("all", judged),
        ("en", [j for j in judged if j[0].lang != "de"]),
        ("de", [j for j in judged if j[0].lang == "de"]),
    ):
        if group:
            print(f"  {name}: {_summary(group)}")
    print(f"  stages: {_per_class(judged, 'legal_stage')}")
    print(f"  factuality: {_per_class(judged, 'factuality')}")
    print(f"  platforms, worst first: {_worst_platforms(judged)}")


def _summary(group: list[Any]) -> str:
    tp = fp = fn = 0
    for _, label, alternatives, reading in group:
        accepted = {label["relevant"], *alternatives.get("relevant", [])}
        if reading.relevant in accepted:
            tp += reading.relevant and label["relevant"]
        elif reading.relevant:
            fp += 1
        else:
            fn += 1
    parts = [f"n {len(group)}", f"relevant P {tp / max(1, tp + fp):.3f} R {tp / max(1, tp + fn):.3f}"]
    named = Counter[str]()
    for _, label, alternatives, reading in group:
        gold = {p for p in label["platforms"] if not p.startswith("other:")}
        allowed = gold | {p for one in alternatives.get("platforms", []) for p in _listed(one)}
        mine = set(reading.platforms)
        named["tp"] += len(mine & gold)
        named["fp"] += len(mine - allowed)
        named["fn"] += len(gold - mine)
    parts.append(
        f"platforms P {named['tp'] / max(1, named['tp'] + named['fp']):.3f}"
        f" R {named['tp'] / max(1, named['tp'] + named['fn']):.3f}"
    )
    both = [j for j in group if j[1]["relevant"] and j[3].relevant]
    parts += [f"{field} {sum(_is_right(j, field) for j in both) / max(1, len(both)):.3f}" for field in FIELDS]
    return ", ".join(parts)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _is_right(judged: Any, field: str) -> bool:
    _, label, alternatives, reading = judged
    return getattr(reading, field) in [label[field], *alternatives.get(field, [])]


def _per_class(judged: Iterable[Any], field: str) -> str:
    """P and R per class over relevant items (gold or read); an accepted alternative counts for its class."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in judged:
        _, label, _, reading = one
        if not (label["relevant"] or reading.relevant):
            continue
        gold, mine = label[field], getattr(reading, field) if reading.relevant else None
        if mine is not None and _is_right(one, field):
            counts[mine]["tp"] += 1
            continue
        if label["relevant"]:
            counts[gold]["fn"] += 1
        if mine is not None:
            counts[mine]["fp"] += 1
    rows, scores = [], []
    for name, c in sorted(counts.items()):
        p, r = c["tp"] / max(1, c["tp"] + c["fp"]), c["tp"] / max(1, c["tp"] + c["fn"])
        f1 = 2 * p * r / (p + r) if p + r else 0.0
        scores.append(f1)
        rows.append(f"{name} P{p:.2f} R{r:.2f} ({c['tp'] + c['fn']})")
    return f"macro-F1 {sum(scores) / max(1, len(scores)):.3f}; " + ", ".join(rows)


def _worst_platforms(judged: Iterable[Any]) -> str:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for _, label, _, reading in judged:
        gold, mine = {p for p in label["platforms"] if not p.startswith("other:")}, set(reading.platforms)
        for p in gold & mine:
            counts[p]["tp"] += 1
        for p in mine - gold:
            counts[p]["fp"] += 1
        for p in gold - mine:
            counts[p]["fn"] += 1
    scored = sorted(
        ((2 * c["tp"] / (2 * c["tp"] + c["fp"] + c["fn"]), name, c) for name, c in counts.items()),
        key=lambda row: row[:2],
    )
    return ", ".join(f"{name} {f1:.2f} ({c['tp']}+{c['fn']}, {c['fp']} too many)" for f1, name, c in scored[:8])


def main() -> None:
    """Read the labelled items and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=["dev", "test", "all"], default="all")
    parser.add_argument("--wrong", choices=["relevant", "platforms", *FIELDS], help="list mistakes (dev only)")
    parser.add_argument("--most", type=int, default=40)
    chosen = parser.parse_args()
    if not GOLD.is_dir():
        sys.exit(f"{GOLD} is absent: the labelled headlines are not part of the project")
    reader = Reader(Watchlist.from_settings(load_settings(ROOT / "config", {})))
    labelled = items()
    started = time.perf_counter()
    judged = [(d, label, alternatives, reader.read(d)) for d, label, alternatives in labelled]
    print(f"{len(judged) / (time.perf_counter() - started):.0f} documents a second")
    for split in ("dev", "test"):
        if chosen.split in (split, "all"):
            print(split)
            report([j for j in judged if is_test(j[0]) == (split == "test")])
    if chosen.wrong:
        _print_mistakes([j for j in judged if not is_test(j[0])], chosen.wrong, chosen.most)


def _print_mistakes(dev: list[Any], field: str, most: int) -> None:
    shown = 0
    for judged in dev:
        document, label, alternatives, reading = judged
        if field == "platforms":
            is_wrong = set(reading.platforms) != set(label["platforms"])
        elif field == "relevant":
            is_wrong = reading.relevant not in [label["relevant"], *alternatives.get("relevant", [])]
        else:
            is_wrong = label["relevant"] and reading.relevant and not _is_right(judged, field)
        if is_wrong and shown < most:
            shown += 1
            rules = reading.signals[0].rules if reading.signals else ()
            print(
                f"  {label[field]!s:22} read {getattr(reading, field)!s:22} {document.title} | {document.summary[:120]} {rules}"
            )


if __name__ == "__main__":
    main()
