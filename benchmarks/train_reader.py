"""Train the learned part of the reader and measure it: `pip install -e '.[train]'`, then

    python benchmarks/train_reader.py [--write]

Trains on the development part of the labelled headlines (the held-out part, split by event, is only measured), and
writes `trendwarte/reading/learned.npz`. Thresholds are chosen on five folds of the development part, grouped by
event. The labels lie beside the checkout and are not part of it.
"""

import argparse
import re
from typing import Any

import numpy as np
from read_eval import ROOT, is_test, items
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from trendwarte.config_files import load_settings
from trendwarte.reading import Reader, Watchlist
from trendwarte.reading.learned import SIZE, Learned, features, vector

TARGET = ROOT / "trendwarte" / "reading" / "learned.npz"
STRENGTH = {"relevance": 8.0, "topic": 10.0, "polarity": 6.0}
THRESHOLDS = (0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8)


def rarity_of(counted: list[tuple[Any, Any]]) -> Any:
    """Smoothed inverse document frequency of every hashed feature."""
    seen = np.zeros(SIZE)
    for families in counted:
        for family in families:
            seen[list(family)] += 1
    return np.log((1 + len(counted)) / (1 + seen)) + 1


def matrix(counted: list[tuple[Any, Any]], rarity: Any) -> csr_matrix:
    """One row of weights per text."""
    rows = [vector(one, rarity) for one in counted]
    ends = np.cumsum([0, *(len(where) for where, _ in rows)])
    return csr_matrix(
        (np.concatenate([w for _, w in rows]), np.concatenate([i for i, _ in rows]), ends), (len(rows), SIZE)
    )


def quantised(model: LogisticRegression) -> tuple[Any, Any, Any]:
    """Weights as eight bits with one scale a row: a tenth of the size, no measurable loss."""
    scale = np.abs(model.coef_).max(axis=1) / 127
    return np.round(model.coef_ / scale[:, None]).astype(np.int8), scale, model.intercept_


def main() -> None:
    """Train, measure, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"replace {TARGET.relative_to(ROOT)}")
    chosen = parser.parse_args()
    reader = Reader(Watchlist.from_settings(load_settings(ROOT / "config", {})))
    texts = [(reader.masked(document), document, label, alt) for document, label, alt in items()]
    texts = [one for one in texts if one[0]]
    train, test = ([one for one in texts if is_test(one[1]) is side] for side in (False, True))
    counted = [features(one[0]) for one in train]
    rarity = rarity_of(counted).astype(np.float16).astype(np.float64)
    everything = matrix(counted, rarity)
    relevant = [number for number, one in enumerate(train) if one[2]["relevant"]]
    stored: dict[str, Any] = {"rarity": rarity.astype(np.float16)}
    groups = np.array([one[1].source_id for one in train])
    for head in STRENGTH:
        chosen_rows = list(range(len(train))) if head == "relevance" else relevant
        key = "relevant" if head == "relevance" else head
        labels = np.array([train[number][2][key] for number in chosen_rows])
        model = LogisticRegression(C=STRENGTH[head], max_iter=3000)
        part = everything[chosen_rows]
        method = "predict_proba" if head == "relevance" else "predict"
        guessed = cross_val_predict(model, part, labels, groups=groups[chosen_rows], cv=GroupKFold(5), method=method)
        _say(head, guessed, [train[number] for number in chosen_rows], key)
        model.fit(part, labels)
        stored[f"{head}_weights"], stored[f"{head}_scale"], stored[f"{head}_bias"] = quantised(model)
        if head != "relevance":
            stored[f"{head}_names"] = model.classes_.astype(str)
    judged = [Learned(stored).judge(one[0]) for one in test]
    print("held out:")
    shares = np.array([[1 - j.relevance, j.relevance] for j in judged])
    _say("relevance", shares, test, "relevant")
    kept = [number for number, one in enumerate(test) if one[2]["relevant"]]
    for head in ("topic", "polarity"):
        _say(head, [getattr(judged[number], head) for number in kept], [test[number] for number in kept], head)
    if chosen.write:
        np.savez_compressed(TARGET, **stored)
        print(f"{TARGET.stat().st_size / 1024:.0f} KB written to {re.sub(str(ROOT), '.', str(TARGET))}")


def _say(head: str, guessed: Any, asked: list[Any], key: str) -> None:
    if head != "relevance":
        right = [g == one[2][key] or g in (one[3].get(key) or []) for g, one in zip(guessed, asked, strict=True)]
        print(f"  {head}: {np.mean(right):.3f} right of {len(right)}")
        return
    for threshold in THRESHOLDS:
        said = guessed[:, 1] >= threshold
        hit = sum(bool(s and one[2]["relevant"]) for s, one in zip(said, asked, strict=True))
        wrong = sum(bool(s and not one[2]["relevant"] and True not in (one[3].get("relevant") or []))
                    for s, one in zip(said, asked, strict=True))  # fmt: skip
        missed = sum(bool(not s and one[2]["relevant"] and False not in (one[3].get("relevant") or []))
                     for s, one in zip(said, asked, strict=True))  # fmt: skip
        print(f"  relevance at {threshold}: P {hit / (hit + wrong):.3f} R {hit / (hit + missed):.3f}")


if __name__ == "__main__":
    main()
