"""Labelled texts for training and measuring the reader, and how they are split.

Real headlines and written ones lie beside the checkout (``shared/gold``) and are not part of the project; sentences
written by us lie in ``benchmarks/reading/written.txt`` and are only ever trained on.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from trendwarte.types import Document

ROOT = Path(__file__).parents[1]
GOLD = ROOT.parent / "shared" / "gold"
WRITTEN = Path(__file__).parent / "reading" / "written.txt"
TEST_SHARE = 0.3
#: The fixed split by time: real headlines from here on are read by a reader trained on those before.
LATE = datetime(2022, 11, 15, tzinfo=UTC)
_OWN_DAY = datetime(2025, 6, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text with its labels; ``event`` groups texts about one thing, ``alternatives`` count as right as well."""

    document: Document
    labels: dict[str, Any]
    alternatives: dict[str, list[Any]]
    event: str

    @property
    def is_written(self) -> bool:
        """Whether somebody wrote it for the set; else it is a real headline."""
        return self.document.document_id.startswith("w-")

    @property
    def is_test(self) -> bool:
        """Whether it is held out by event: nothing was tuned on it."""
        return share_of(self.event) < TEST_SHARE

    @property
    def named_event(self) -> str:
        """The name of its event, empty when nobody gave it one."""
        return "" if self.event == self.document.document_id else self.event

    @property
    def is_late(self) -> bool:
        """Whether it is a real headline of the last weeks."""
        return not self.is_written and self.document.first_seen_at >= LATE

    def accepts(self, field: str, answer: Any) -> bool:
        """Whether an answer is the label or an accepted alternative."""
        return answer == self.labels[field] or answer in self.alternatives.get(field, [])


def share_of(key: str) -> float:
    """A number 0-1 that depends on nothing but the key."""
    return int(sha256(key.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF


def gold() -> list[Labelled]:
    """Every item of the labelled set."""
    texts = {one["id"]: one for one in _lines(GOLD / "dev-items.jsonl")}
    found = [(texts[one["id"]], one, one) for one in _lines(GOLD / "dev-labels.jsonl")]
    found += [(one, one["labels"], one) for one in _lines(GOLD / "written-dev.jsonl")]
    return [
        Labelled(_document(text), labels, more.get("alt") or {}, str(more.get("event") or text["id"]))
        for text, labels, more in found
    ]


def own() -> list[Labelled]:
    """The sentences of ``written.txt``; jurisdiction ``.`` means the place the sentence names."""
    found: list[Labelled] = []
    labels: dict[str, Any] = {}
    for number, line in enumerate(WRITTEN.read_text("utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("=="):
            topic, place, stage, factuality, polarity, *more = line.split()[1:]
            labels = {
                "relevant": topic != "none", "topic": topic, "jurisdiction": {"G": "GLOBAL"}.get(place, place),
                "legal_stage": stage, "factuality": factuality, "polarity": polarity, "recap": "recap" in more,
            }  # fmt: skip
            continue
        title, _, lead = line.removeprefix("D ").partition(" || ")
        document = Document(
            f"own-{number}", "own", "", title, lead, "", "quality_press", _OWN_DAY, _OWN_DAY, "",
            lang="de" if line.startswith("D ") else "en",
        )  # fmt: skip
        found.append(Labelled(document, labels, {}, f"own-{number}"))
    return found


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, path.read_text("utf-8").splitlines())


def _document(text: dict[str, Any]) -> Document:
    moment = datetime.fromisoformat(text["published_at"][:10]).replace(tzinfo=UTC)
    return Document(
        text["id"], "gold", text.get("url") or "", text["title"], text.get("lead") or "", "",
        text.get("source_kind") or "quality_press", moment, moment, "", lang=text.get("lang") or "",
    )  # fmt: skip
