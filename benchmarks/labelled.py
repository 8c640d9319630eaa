"""Labelled texts for training and measuring the reader, and how they are split.

Real headlines and written ones lie beside the checkout (``shared/gold``) and are not part of the project; sentences
written by us lie in ``benchmarks/reading/written.txt`` and are only ever trained on. So are headlines of the archives
(``shared/corpus``) that we labelled: ``benchmarks/reading/archived.txt`` holds the labels and no texts.
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from trendwarte.types import Document

ROOT = Path(__file__).parents[1]
GOLD = ROOT.parent / "shared" / "gold"
ARCHIVES = ROOT.parent / "shared" / "corpus"
WRITTEN = Path(__file__).parent / "reading" / "written.txt"
ARCHIVED = WRITTEN.with_name("archived.txt")
LATER = WRITTEN.with_name("later.jsonl")
_ARCHIVED, _ADDRESS_CHARS = "archived-", 10
# A headline of the archives may tell of a labelled event when both are of the same weeks and share two rarer words.
_SAME_WEEKS, _SHARED, _RARE, _ALIKE = 21, 2, 60, 0.4
_WORD = re.compile(r"\w{4,}")
#: A label nobody gave, or one that is not to be learned.
UNASKED = "?"
TEST_SHARE = 0.3
#: The fixed split by time: real headlines from here on are read by a reader trained on those before.
LATE = datetime(2022, 11, 15, tzinfo=UTC)
_FIELDS = ("topic", "jurisdiction", "legal_stage", "factuality", "polarity")
_SHORT = {"G": "GLOBAL"}
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
    def is_archived(self) -> bool:
        """Whether it is a headline of the archives, which nobody gave an event."""
        return self.document.document_id.startswith(_ARCHIVED)

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


def later() -> list[Labelled]:
    """Headlines of 2023 to 2026 in our words that nothing was ever trained or tuned on; alternatives are not listed."""
    return [Labelled(_document(one), one["labels"], {}, one["id"]) for one in _lines(LATER)]


def own() -> list[Labelled]:
    """The sentences of ``written.txt``; jurisdiction ``.`` means the place the sentence names."""
    found: list[Labelled] = []
    labels: dict[str, Any] = {}
    alternatives: dict[str, list[Any]] = {}
    for number, line in enumerate(WRITTEN.read_text("utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("=="):
            labels, alternatives = _labels(line.split()[1:])
            continue
        title, _, lead = line.removeprefix("D ").partition(" || ")
        document = Document(
            f"own-{number}", "own", "", title, lead, "", "quality_press", _OWN_DAY, _OWN_DAY, "",
            lang="de" if line.startswith("D ") else "en",
        )  # fmt: skip
        found.append(Labelled(document, labels, alternatives, f"own-{number}"))
    return found


def archived() -> list[Labelled]:
    """The headlines of the archives that ``archived.txt`` has labels for."""
    lines = [line.split() for line in ARCHIVED.read_text("utf-8").splitlines() if line[:1] not in ("#", "")]
    wanted = {address: _labels(words) for address, *words in lines}
    found: dict[str, Labelled] = {}
    for path in sorted(ARCHIVES.glob("*-20*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as archive:
            for line in archive:
                text = json.loads(line)
                address = sha256((text.get("url") or "").encode()).hexdigest()[:_ADDRESS_CHARS]
                if address in wanted and address not in found:
                    document = _document({**text, "id": f"{_ARCHIVED}{address}"})
                    found[address] = Labelled(document, *wanted[address], document.document_id)
    if len(found) < len(wanted):
        raise FileNotFoundError(f"{ARCHIVES}: {len(wanted) - len(found)} labelled headlines of the archives are absent")
    return [found[address] for address in sorted(found)]


def apart(archived: Sequence[Labelled], held: Sequence[Labelled]) -> list[Labelled]:
    """Headlines of the archives that tell of no event of the texts held out, as far as words and days show it."""
    known = [(_words_of(one), one.document.first_seen_at) for one in held]
    often = Counter(word for words, _ in known for word in words)

    def is_near(one: Labelled) -> bool:
        words = _words_of(one)
        return any(
            (
                abs((one.document.first_seen_at - moment).days) <= _SAME_WEEKS
                and sum(often[word] < _RARE for word in words & others) >= _SHARED
            )
            or len(words & others) > _ALIKE * len(words | others)
            for others, moment in known
        )

    return [one for one in archived if not is_near(one)]


def _words_of(one: Labelled) -> frozenset[str]:
    return frozenset(_WORD.findall(one.document.title.lower()))


def _labels(words: list[str]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Labels and accepted alternatives out of ``topic place stage factuality polarity [recap]``.

    ``a/b`` is a, or b as well; a topic beside ``none`` leaves open whether the text matters at all; ``recap?``: not asked.
    """
    answered = zip(_FIELDS, words[: len(_FIELDS)], strict=True)
    told = {field: [_SHORT.get(one, one) for one in word.split("/")] for field, word in answered}
    is_relevant = told["topic"][0] != "none"
    labels = {field: answers[0] for field, answers in told.items()}
    alternatives = {field: answers[1:] for field, answers in told.items() if answers[1:]}
    if (is_relevant and "none" in told["topic"]) or (not is_relevant and told["topic"][1:]):
        alternatives["relevant"] = [not is_relevant]
        alternatives["topic"] = [one for one in told["topic"][1:] if one != "none"]
    rest = words[len(_FIELDS) :]
    return labels | {"relevant": is_relevant, "recap": UNASKED if "recap?" in rest else "recap" in rest}, alternatives


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, path.read_text("utf-8").splitlines())


def _document(text: dict[str, Any]) -> Document:
    moment = datetime.fromisoformat(text["published_at"][:10]).replace(tzinfo=UTC)
    return Document(
        text["id"], "gold", text.get("url") or "", text["title"], text.get("lead") or "", "",
        text.get("source_kind") or "quality_press", moment, moment, "", lang=text.get("lang") or "",
    )  # fmt: skip
