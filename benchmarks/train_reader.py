"""Train the learned part of the reader: `pip install -e '.[train]'`, then `make train`, or

    python benchmarks/train_reader.py [--write]

Trains on the labelled headlines, the sentences in `benchmarks/reading/written.txt` and the headlines of the archives
that `benchmarks/reading/archived.txt` has labels for, and writes
`trendwarte/reading/learned.npz`; without --write it only says how far the committed weights are from the new ones.
`benchmarks/read_eval.py` measures, with weights trained anew for every fold.
"""

import argparse
from collections.abc import Sequence
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from labelled import ARCHIVES, GOLD, ROOT, UNASKED, Labelled, archived, gold, own
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from trendwarte.config_files import load_settings
from trendwarte.reading import Reader, Watchlist
from trendwarte.reading.answers import QUESTIONS, Matrix
from trendwarte.reading.features import RULE_SHARES, WORD_SHARES, Families, vector
from trendwarte.reading.hashing import SIZE
from trendwarte.reading.reader import Sight
from trendwarte.reading.verdict import NAMED

TARGET = ROOT / "trendwarte" / "reading" / "learned.npz"
_STRENGTH = {
    "relevant": 8.0, "topic": 8.0, "legal_stage": 8.0, "factuality": 8.0, "polarity": 4.0, "recap": 4.0, "place": 8.0,
}  # fmt: skip
# Bad news of one topic looks different from that of another: with a column for each pair polarity is .849 instead of .830 on
# two folds.
_WITHIN = {"polarity": "topic"}
# Rare answers are told too rarely by a model that maximises likelihood; how much of their rarity is taken back.
_EVENED = {"topic": 0.2, "legal_stage": 0.4, "polarity": 0.2}
# Two careful people could differ: the label keeps most of the weight, accepted alternatives share the rest.
_ALTERNATIVE_SHARE = 0.3
# At the usual 1e-3 the fit stops short: on folds polarity .794 instead of .799; with twice the texts at 3e-4 too: factuality .901
# held out by event instead of .912, and each sentence more moved it by a hundredth. Below 1e-4 nothing is gained.
_TOLERANCE, _STEPS = 1e-4, 2_000
#: Places that go without saying for some texts; any other place must be named.
_UNSAID = ("GLOBAL", "US", "DE", "GB", "EU", "IE")
_LEVELS = 127

Sample = tuple[Labelled, Sight]


def reader() -> Reader:
    """A reader with the committed configuration and weights."""
    return Reader(Watchlist.from_settings(load_settings(ROOT / "config", {})))


def sighted(texts: Sequence[Labelled]) -> list[Sample]:
    """Texts that name a platform, with what the learned reader sees of them."""
    looking = Reader(Watchlist.from_settings(load_settings(ROOT / "config", {})), model=object())  # type: ignore[arg-type]
    found = [(one, looking.sight(one.document)) for one in texts]
    return [(one, sight) for one, sight in found if sight is not None]


def train(samples: Sequence[Sample], questions: Sequence[str] = QUESTIONS) -> dict[str, Matrix]:
    """Weights for ``Learned``: per question eight bits a weight with one scale a column."""
    rarity = _rarity(samples).astype(np.float16)
    plain = _matrix([(one.words, WORD_SHARES) for _, one in samples], rarity.astype(np.float32))
    rules = _matrix([(one.rules, RULE_SHARES) for _, one in samples], rarity.astype(np.float32))
    stored: dict[str, Matrix] = {"rarity": rarity}
    for question in questions:
        rows, answers, weights = _asked(question, samples)
        part = plain[rows] if question == QUESTIONS[0] else plain[rows] + rules[rows]
        model = LogisticRegression(C=_STRENGTH[question], max_iter=_STEPS, tol=_TOLERANCE)
        model.fit(part, answers, sample_weight=weights)
        names, coefficients, bias = [str(one) for one in model.classes_], model.coef_, model.intercept_
        if len(names) == 2 and question != QUESTIONS[0]:  # sklearn tells yes-or-no as one row; we keep two
            coefficients, bias = np.stack([-coefficients[0], coefficients[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
        if question in _EVENED:
            common = np.array([weights[innermost(answers) == one].sum() for one in innermost(names)]) / weights.sum()
            bias = bias - _EVENED[question] * np.log(common)
        scale = np.abs(coefficients).max(axis=1) / _LEVELS
        stored[f"{question}_weights"] = np.round(coefficients / scale[:, None]).astype(np.int8).T
        stored[f"{question}_scale"], stored[f"{question}_bias"] = scale.astype(np.float32), bias.astype(np.float32)
        stored[f"{question}_answers"] = innermost(names)
    return stored


def _asked(question: str, samples: Sequence[Sample]) -> tuple[list[int], Matrix, Matrix]:
    """Rows, answers and weights of one question: alternatives are answers as well, with less weight."""
    found = [(row, *one) for row, sample in enumerate(samples) for one in answered(question, sample)]
    rows, answers, weights = zip(*found, strict=True)
    return list(rows), np.array(answers), np.array(weights)


def answered(question: str, sample: Sample) -> list[tuple[str, float]]:
    """Right answers to a question with their weights, 1 together; none where it is not asked.

    Where a question is asked within another, an answer is a pair: "brand_safety negative".
    """
    text, sight = sample
    if question != QUESTIONS[0] and not text.labels[QUESTIONS[0]]:
        return []
    within = [_WITHIN[question]] if question in _WITHIN else []
    pairs = product(*(_weighed(one, text, sight) for one in (*within, question)))
    return [(" ".join(answer for answer, _ in pair), prod(share for _, share in pair)) for pair in pairs]


def innermost(names: Sequence[str]) -> Matrix:
    """Answers without those they are asked within: of "brand_safety negative" that is "negative"."""
    return np.array([name.split()[-1] for name in names])


def _weighed(question: str, text: Labelled, sight: Sight) -> list[tuple[str, float]]:
    """Accepted answers with their weights, 1 together."""
    possible = [str(one) for one in (_places(text, sight) if question == "place" else _possible(question, text))]
    if len(possible) < 2:
        return [(one, 1.0) for one in possible]
    share = _ALTERNATIVE_SHARE / (len(possible) - 1)
    return [(possible[0], 1 - _ALTERNATIVE_SHARE), *((one, share) for one in possible[1:])]


def _possible(question: str, text: Labelled) -> list[Any]:
    label = text.labels[question]
    if label == UNASKED:
        return []
    return [label, *(one for one in text.alternatives.get(question, []) if one != label and not isinstance(one, list))]


def _places(text: Labelled, sight: Sight) -> list[str]:
    """The answer on place: the one named most, world-wide, one that goes without saying; none where it is unclear."""
    accepted = _possible("jurisdiction", text)
    best = sight.places[0][0] if sight.places else None
    if accepted == ["."]:
        return [NAMED] if best else ["DE"] if text.document.lang == "de" else []
    if best in accepted:
        return [NAMED]
    return [one for one in accepted if one in _UNSAID][:1]


def _rarity(samples: Sequence[Sample]) -> Matrix:
    """Smoothed inverse document frequency of every hashed feature."""
    seen = np.zeros(SIZE)
    for _, sight in samples:
        for family in (*sight.words, *sight.rules):
            seen[list(family)] += 1
    return np.log((1 + len(samples)) / (1 + seen)) + 1


def _matrix(counted: Sequence[tuple[Families, tuple[float, ...]]], rarity: Matrix) -> csr_matrix:
    rows = [vector(families, shares, rarity) for families, shares in counted]
    ends = np.cumsum([0, *(len(where) for where, _ in rows)])
    return csr_matrix(
        (np.concatenate([w for _, w in rows]), np.concatenate([i for i, _ in rows]), ends), (len(rows), SIZE)
    )


def is_to_write(description: str | None, target: Path) -> bool:
    """What the command line says; ends the program where the labelled headlines are absent."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"replace {target.relative_to(ROOT)}")
    chosen = parser.parse_args()
    if not (GOLD.is_dir() and ARCHIVES.is_dir()):
        parser.exit(2, f"{GOLD} or {ARCHIVES} is absent: the labelled headlines are not part of the project\n")
    return bool(chosen.write)


def lessons() -> list[Sample]:
    """Everything the committed weights learn from."""
    return sighted([*gold(), *own(), *archived()])


def keep(stored: dict[str, Matrix], target: Path, *, is_written: bool) -> None:
    """Write weights to ``target``, or say in which of them they differ from what is committed."""
    if is_written:
        np.savez_compressed(target, **stored)  # type: ignore[arg-type]
        print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1024:.0f} KB")
    elif target.is_file():
        with np.load(target, allow_pickle=False) as kept:
            for name in stored:
                same = name in kept and np.array_equal(kept[name], stored[name])
                print(f"{name}: {'same as committed' if same else 'differs from what is committed'}")


def main() -> None:
    """Train, compare with what is committed, and write if asked."""
    is_written = is_to_write(__doc__, TARGET)
    keep(train(lessons()), TARGET, is_written=is_written)


if __name__ == "__main__":
    main()
